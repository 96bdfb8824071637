package hostile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"
)

// World is what a document is made for: one service provider, one identity
// provider, one request and one person. It is a value; change a copy.
type World struct {
	// EntityID, ACS are the service provider's.
	EntityID, ACS string
	// Issuer, Tenant are the identity provider's.
	Issuer, Tenant string
	// Keys are the identity provider's and strangers'.
	Keys *Keys
	// Recipient is the service provider's key for encrypted assertions.
	Recipient *rsa.PublicKey
	// Now is when the document is issued.
	Now time.Time
	// RequestID is that of the AuthnRequest it answers; empty for none.
	RequestID string
	// ResponseID and AssertionID are its own. See [World.Fresh].
	ResponseID, AssertionID string
	// Person is who it signs in.
	Person Person
}

// Person is who a document signs in.
type Person struct {
	ObjectID, UserName, Mail, GivenName, Surname, DisplayName string
}

// Key is a private key with its self-signed certificate.
type Key struct {
	crypto.Signer
	Certificate *x509.Certificate
}

// Keys are the keys of a World.
type Keys struct {
	// Main, Next, P256 and P384 are the identity provider's, pinned by the tests.
	Main, Next, P256, P384 Key
	// Weak is of 1024 bits, pinned only where a test says so.
	Weak Key
	// Stranger is nobody's whom the service provider knows.
	Stranger Key
}

// Pinned are the certificates the service provider trusts.
func (k *Keys) Pinned() []*x509.Certificate {
	return []*x509.Certificate{k.Main.Certificate, k.Next.Certificate, k.P256.Certificate, k.P384.Certificate}
}

// NewKeys makes keys with certificates that are valid from a day before now for
// three years, as Entra's are.
func NewKeys(now time.Time) (*Keys, error) {
	var k Keys
	for _, want := range []struct {
		key  *Key
		make func() (crypto.Signer, error)
	}{
		{&k.Main, rsaKey(2048)},
		{&k.Next, rsaKey(2048)},
		{&k.Stranger, rsaKey(2048)},
		{&k.Weak, rsaKey(1024)},
		{&k.P256, ecKey(elliptic.P256())},
		{&k.P384, ecKey(elliptic.P384())},
	} {
		signer, err := want.make()
		if err != nil {
			return nil, fmt.Errorf("making a key: %w", err)
		}
		if *want.key, err = certified(signer, now); err != nil {
			return nil, err
		}
	}
	return &k, nil
}

func rsaKey(bits int) func() (crypto.Signer, error) {
	return func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, bits) }
}

func ecKey(curve elliptic.Curve) func() (crypto.Signer, error) {
	return func() (crypto.Signer, error) { return ecdsa.GenerateKey(curve, rand.Reader) }
}

// certified gives signer a certificate. All have one subject and serial number,
// as a stranger's may: only the key tells them apart.
func certified(signer crypto.Signer, now time.Time) (Key, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "Microsoft Azure Federated SSO Certificate"},
		NotBefore:    now.Add(-24 * time.Hour),
		NotAfter:     now.AddDate(3, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		return Key{}, fmt.Errorf("making a certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return Key{}, fmt.Errorf("reading a certificate of our own: %w", err)
	}
	return Key{Signer: signer, Certificate: cert}, nil
}

// Ada is a person with everything Entra sends by default.
func Ada() Person {
	return Person{
		ObjectID:    "7b0f6a5e-2f0c-4a4e-9d1c-1d5f3a9b7c11",
		UserName:    "ada@acme.example",
		Mail:        "ada.lovelace@acme.example",
		GivenName:   "Ada",
		Surname:     "Lovelace",
		DisplayName: "Ada Lovelace",
	}
}

// Fresh returns w with new document IDs, for the request of the given ID.
func (w World) Fresh(request string) World {
	w.RequestID, w.ResponseID, w.AssertionID = request, newID(), newID()
	return w
}

func newID() string {
	var raw [16]byte
	rand.Read(raw[:]) //nolint:errcheck // never fails
	return "_" + hex.EncodeToString(raw[:])
}

// in returns the time d after the World's, as SAML writes it.
func (w World) in(d time.Duration) string {
	return w.Now.Add(d).UTC().Format("2006-01-02T15:04:05.000Z")
}
