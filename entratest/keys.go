package entratest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t is a SHA-1 thumbprint by definition (RFC 7517 section 4.8)
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	mrand "math/rand/v2"
	"sync"
	"time"
)

// Claims are the claims of a token, before it is signed.
type Claims map[string]any

// signingKey is one key of the JWKS.
type signingKey struct {
	kid  string // also its x5t, as in Entra
	cert []byte // DER, self-signed
	priv *rsa.PrivateKey
	// retired is when it stopped signing; zero for the current and the next.
	retired time.Time
}

// keyring holds the key in use, the next one, which is published already, and
// those retired within the last day, which still verify.
type keyring struct {
	made    maker
	mu      sync.Mutex
	current *signingKey
	next    func() (*signingKey, error) // made when it is first asked for: it takes a while
	old     []*signingKey
}

// keepRetired is how long a retired key stays published.
const keepRetired = 24 * time.Hour

func newKeyring(made maker, now time.Time) (*keyring, error) {
	k := &keyring{made: made, next: made.next(now)}
	current, err := newSigningKey(made, now)
	if err != nil {
		return nil, err
	}
	k.current = current
	return k, nil
}

// maker makes RSA keys.
type maker func() (*rsa.PrivateKey, error)

func (m maker) next(now time.Time) func() (*signingKey, error) {
	return sync.OnceValues(func() (*signingKey, error) { return newSigningKey(m, now) })
}

func newSigningKey(made maker, now time.Time) (*signingKey, error) {
	priv, err := made()
	if err != nil {
		return nil, err
	}
	tmpl := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: "accounts.accesscontrol.windows.net"},
		NotBefore:    now.AddDate(0, -1, 0),
		NotAfter:     now.AddDate(5, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &priv.PublicKey, priv)
	if err != nil {
		return nil, err
	}
	sum := sha1.Sum(der) //nolint:gosec // see the import
	return &signingKey{kid: base64.RawURLEncoding.EncodeToString(sum[:]), cert: der, priv: priv}, nil
}

// rotate puts the next key to use. It was published before; a client that
// cached the keys less than two rotations ago knows it.
func (k *keyring) rotate(now time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	next, err := k.next()
	if err != nil {
		return err
	}
	k.current.retired = now
	k.old = append(k.old, k.current)
	k.current, k.next = next, k.made.next(now)
	return nil
}

// withdraw unpublishes every retired key.
func (k *keyring) withdraw() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.old = nil
}

func (k *keyring) active() *signingKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.current
}

// published are the keys of the JWKS at now.
func (k *keyring) published(now time.Time) ([]*signingKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	next, err := k.next()
	if err != nil {
		return nil, err
	}
	keys := []*signingKey{k.current, next}
	for _, o := range k.old {
		if now.Sub(o.retired) < keepRetired {
			keys = append(keys, o)
		}
	}
	return keys, nil
}

// jwks is the key set document (RFC 7517) as Entra writes it.
func (c *core) jwks(issuer string) (map[string]any, error) {
	keys, err := c.keys.published(c.now())
	if err != nil {
		return nil, err
	}
	if !c.opt.Orderly {
		// RFC 7517 section 5: the order means nothing.
		mrand.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	}
	list := []any{}
	for _, k := range keys {
		list = append(list, map[string]any{
			"kty": "RSA", "use": "sig", "kid": k.kid, "x5t": k.kid,
			"n":                   base64.RawURLEncoding.EncodeToString(k.priv.N.Bytes()),
			"e":                   base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.priv.E)).Bytes()),
			"x5c":                 []string{base64.StdEncoding.EncodeToString(k.cert)},
			"cloud_instance_name": "microsoftonline.com",
			"issuer":              issuer,
		})
	}
	if !c.opt.Orderly {
		// A key of a kind nobody asked for must not upset a client either
		// (RFC 7517 section 5: ignore those you don't understand).
		list = append(list, map[string]any{"kty": "XTRA", "kid": randomText(9), "use": "sig"})
		mrand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	return map[string]any{"keys": list}, nil
}

// sign makes a compact JWS (RFC 7515) with RS256.
func (k *signingKey) sign(header map[string]any, claims Claims) string {
	b, err := json.Marshal(claims)
	if err != nil {
		panic("entratest: claims that are not JSON: " + err.Error()) // a test's mutate put them there
	}
	return k.signRaw(segment(header), b)
}

// signRaw signs whatever payload under an encoded header.
func (k *signingKey) signRaw(header string, payload []byte) string {
	input := header + "." + base64.RawURLEncoding.EncodeToString(payload)
	sum := sha256.Sum256([]byte(input))
	sig, err := rsa.SignPKCS1v15(rand.Reader, k.priv, crypto.SHA256, sum[:])
	if err != nil {
		panic("entratest: signing failed: " + err.Error()) // our own healthy key
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// segment is one JSON part of a JWS.
func segment(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("entratest: not JSON: " + err.Error()) // a test's mutate put it there
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// RotateKeys signs with the next key from now on and publishes one more. The
// next key is always published before its use, so clients that fetched the
// keys after the last rotation know it; call RotateKeys twice for a key that
// no cache can have.
func (e *Entra) RotateKeys() error { return e.core.keys.rotate(e.Now()) }

// WithdrawKeys unpublishes the retired keys at once, as after a compromise.
// They would otherwise stay for a day.
func (e *Entra) WithdrawKeys() { e.core.keys.withdraw() }

// RotateKeys is [Entra.RotateKeys]: tenants share their keys, as in Entra.
func (t *Tenant) RotateKeys() error { return t.core.keys.rotate(t.core.now()) }
