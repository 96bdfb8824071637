package signin

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/google/uuid"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// MinServerKey is how many bytes a server's key has at least.
const MinServerKey = 32

// certificateYears is how long the certificate of a key of ours is valid. An
// administrator uploads it by hand, and Entra does not look at its dates; a
// shorter time would only stop sign-ins one day.
const certificateYears = 10

// sealer seals private keys with the server's key, which is kept outside of the
// database, so that a copy of the database signs and decrypts nothing. Each
// sealed text is bound to the workspace and the key's id.
type sealer struct{ key []byte }

// aead is AES-256-GCM with a random nonce in front of the text. HKDF (RFC 5869)
// gives it a key for this purpose alone.
func (s sealer) aead() (cipher.AEAD, error) {
	if len(s.key) < MinServerKey {
		return nil, problem.Wrap(problem.WrongServerKey, errors.New("there is no server key"))
	}
	k, err := hkdf.Key(sha256.New, s.key, nil, "lanyard saml private keys", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func bound(workspace, id string) []byte { return []byte(workspace + "/" + id) }

// newKey makes a key pair of ours for a use.
func (s sealer) newKey(workspace, use string, now time.Time) (directory.SAMLKey, error) {
	aead, err := s.aead()
	if err != nil {
		return directory.SAMLKey{}, err
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return directory.SAMLKey{}, fmt.Errorf("making a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return directory.SAMLKey{}, err
	}
	usage := x509.KeyUsageDigitalSignature
	if use == directory.KeyEncryption {
		usage = x509.KeyUsageKeyEncipherment
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "Lanyard " + workspace + " " + use},
		NotBefore:    now.Add(-time.Hour).UTC(),
		NotAfter:     now.AddDate(certificateYears, 0, 0).UTC(),
		KeyUsage:     usage,
	}, &x509.Certificate{Subject: pkix.Name{CommonName: "Lanyard " + workspace + " " + use}}, &private.PublicKey, private)
	if err != nil {
		return directory.SAMLKey{}, fmt.Errorf("making a certificate: %w", err)
	}
	plain, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return directory.SAMLKey{}, err
	}
	id := uuid.NewString()
	return directory.SAMLKey{
		ID: id, Use: use, Certificate: der, Created: now.UTC().Truncate(time.Microsecond),
		Sealed: aead.Seal(nil, nil, plain, bound(workspace, id)),
	}, nil
}

// open returns the private keys of a use, newest first. A key that cannot be
// opened is problem.WrongServerKey.
func (s sealer) open(c directory.SAML, use string) ([]*rsa.PrivateKey, error) {
	var all []*rsa.PrivateKey
	for i := len(c.Keys) - 1; i >= 0; i-- {
		k := c.Keys[i]
		if k.Use != use {
			continue
		}
		aead, err := s.aead()
		if err != nil {
			return nil, err
		}
		plain, err := aead.Open(nil, nil, k.Sealed, bound(c.Workspace, k.ID))
		if err != nil {
			return nil, problem.Wrap(problem.WrongServerKey, fmt.Errorf("key %s: %w", k.ID, err))
		}
		private, err := x509.ParsePKCS8PrivateKey(plain)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", k.ID, err)
		}
		if r, ok := private.(*rsa.PrivateKey); ok {
			all = append(all, r)
		}
	}
	return all, nil
}

// certificates returns our certificates of a use, newest first.
func certificates(c directory.SAML, use string) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for i := len(c.Keys) - 1; i >= 0; i-- {
		if c.Keys[i].Use != use {
			continue
		}
		cert, err := x509.ParseCertificate(c.Keys[i].Certificate)
		if err != nil {
			return nil, fmt.Errorf("certificate of key %s: %w", c.Keys[i].ID, err)
		}
		all = append(all, cert)
	}
	return all, nil
}
