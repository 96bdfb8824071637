package entratest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // the portal's thumbprint is SHA-1
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Certificate is one line of "SAML Signing Certificate".
type Certificate struct {
	// Thumbprint is the SHA-1 of the certificate, in upper-case hex.
	Thumbprint          string
	NotBefore, NotAfter time.Time
	// Active is the one chosen to sign. Once it has expired, a valid one
	// that is not active signs in its place.
	Active bool
	// PEM is the download "Certificate (Base64)".
	PEM []byte
}

// CertificateOptions describe a signing certificate. All may be left out.
type CertificateOptions struct {
	// Lifetime is three years by default, from now on; a negative one makes a
	// certificate that has expired.
	Lifetime time.Duration
	// KeyBits is 2048 by default.
	KeyBits int
}

// samlCert is a signing certificate with its key.
type samlCert struct {
	cert   *x509.Certificate
	key    *rsa.PrivateKey
	active bool
}

func newSAMLCert(made maker, o CertificateOptions, now time.Time) (*samlCert, error) {
	from, to := now, now.AddDate(3, 0, 0)
	switch {
	case o.Lifetime > 0:
		to = now.Add(o.Lifetime)
	case o.Lifetime < 0:
		from, to = now.AddDate(-3, 0, 0), now.Add(o.Lifetime)
	}
	if o.KeyBits != 0 && o.KeyBits != keyBits {
		made = func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, o.KeyBits) }
	}
	key, err := made()
	if err != nil {
		return nil, fmt.Errorf("entratest: a signing key: %w", err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Microsoft Azure Federated SSO Certificate"},
		NotBefore: from.UTC(), NotAfter: to.UTC(),
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("entratest: a signing certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("entratest: a signing certificate: %w", err)
	}
	return &samlCert{cert: cert, key: key}, nil
}

func (k *samlCert) thumbprint() string {
	sum := sha1.Sum(k.cert.Raw) //nolint:gosec // see the import
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

func (k *samlCert) public() Certificate {
	return Certificate{
		Thumbprint: k.thumbprint(), NotBefore: k.cert.NotBefore, NotAfter: k.cert.NotAfter, Active: k.active,
		PEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.cert.Raw}),
	}
}

// signer is the certificate that signs at now: the active one, unless it has
// expired and there is one that has not. Nil when there is none at all.
func (s *samlApp) signer(now time.Time) *samlCert {
	var active *samlCert
	for _, k := range s.certs {
		if k.active {
			active = k
		}
	}
	if active == nil || now.Before(active.cert.NotAfter) {
		return active
	}
	for _, k := range s.certs {
		if now.Before(k.cert.NotAfter) && !now.Before(k.cert.NotBefore) {
			return k
		}
	}
	return active
}

// Certificates lists the signing certificates of an app, in the order made.
func (t *Tenant) Certificates(a *App) []Certificate {
	var all []Certificate
	_ = t.withSAML(a, func(s *samlApp) error {
		for _, k := range s.certs {
			all = append(all, k.public())
		}
		return nil
	})
	return all
}

// SigningCertificate is the certificate that signs now; zero where there is none.
func (t *Tenant) SigningCertificate(a *App) Certificate {
	now := t.core.now()
	var out Certificate
	_ = t.withSAML(a, func(s *samlApp) error {
		if k := s.signer(now); k != nil {
			out = k.public()
		}
		return nil
	})
	return out
}

// AddCertificate is "New certificate": inactive, but in the metadata at once.
func (t *Tenant) AddCertificate(a *App, o CertificateOptions) (Certificate, error) {
	k, err := newSAMLCert(t.core.pool.key, o, t.core.now())
	if err != nil {
		return Certificate{}, err
	}
	err = t.withSAML(a, func(s *samlApp) error {
		s.certs = append(s.certs, k)
		return nil
	})
	return k.public(), err
}

// ActivateCertificate is "Make certificate active": it signs from now on, and
// the one before does not.
func (t *Tenant) ActivateCertificate(a *App, thumbprint string) error {
	return t.withSAML(a, func(s *samlApp) error {
		i := s.find(thumbprint)
		if i < 0 {
			return fmt.Errorf("certificate %s: %w", thumbprint, ErrNotFound)
		}
		for j, k := range s.certs {
			k.active = i == j
		}
		return nil
	})
}

// RemoveCertificate takes a certificate out of the app and its metadata. An
// app without an active one signs nobody in (AADSTS50003).
func (t *Tenant) RemoveCertificate(a *App, thumbprint string) error {
	return t.withSAML(a, func(s *samlApp) error {
		i := s.find(thumbprint)
		if i < 0 {
			return fmt.Errorf("certificate %s: %w", thumbprint, ErrNotFound)
		}
		s.certs = slices.Delete(s.certs, i, i+1)
		return nil
	})
}

// RollCertificate adds a certificate and makes it active at once, as an
// administrator in a hurry does. Those before stay in the metadata.
func (t *Tenant) RollCertificate(a *App) (Certificate, error) {
	k, err := t.AddCertificate(a, CertificateOptions{})
	if err != nil {
		return k, err
	}
	k.Active = true
	return k, t.ActivateCertificate(a, k.Thumbprint)
}

func (s *samlApp) find(thumbprint string) int {
	return slices.IndexFunc(s.certs, func(k *samlCert) bool { return strings.EqualFold(k.thumbprint(), thumbprint) })
}

// withSAML runs f on an app's SAML set-up, under the lock.
func (t *Tenant) withSAML(a *App, f func(*samlApp) error) error {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	r := t.state().app(a.ClientID)
	if r == nil || r.saml == nil {
		return fmt.Errorf("SAML set-up of app %s: %w", a.ClientID, ErrNotFound)
	}
	return f(r.saml)
}
