package signin

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
	"github.com/lanyard-sso/lanyard/server/internal/oidc"
	"github.com/lanyard-sso/lanyard/server/internal/seal"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// MicrosoftStore is what setting up sign-in with Microsoft asks of the server's
// memory.
type MicrosoftStore interface {
	Workspace(ctx context.Context, id string) (directory.Workspace, error)
	MicrosoftWeb(ctx context.Context, workspace string) (directory.MicrosoftWeb, directory.MicrosoftWebKeys, error)
	Setting(ctx context.Context, workspace, kind string) (store.Setting, error)
	ChangeMicrosoftWeb(ctx context.Context, workspace string, c store.SettingChange,
		change func(*directory.MicrosoftWeb, *directory.MicrosoftWebKeys) error) (directory.MicrosoftWeb, int64, error)
	Exchange(ctx context.Context, take []store.TicketKey, put []store.Ticket, now time.Time) error
	Ticket(ctx context.Context, key store.TicketKey, now time.Time) (store.Ticket, error)
}

// MicrosoftSetup sets up sign-in with Microsoft 365 in a browser (row A15).
// Commands and the console use it. All fields are required but Key.
type MicrosoftSetup struct {
	Store     MicrosoftStore
	PublicURL *url.URL
	Now       func() time.Time
	// Key seals private keys and secrets: see SAMLSetup.
	Key []byte
	// Loopback lets the authority be http:// on loopback.
	Loopback bool
}

// MicrosoftOutcome is how sign-in with Microsoft in a browser is set up. It holds
// no secret.
type MicrosoftOutcome struct {
	Workspace directory.Workspace    `json:"-"`
	Set       directory.MicrosoftWeb `json:"settings"`
	Version   int64                  `json:"version"`
	URLs      MicrosoftURLs          `json:"urls"`
	// Ready says that there is what the server proves itself with.
	Ready        bool                   `json:"ready"`
	Certificates []MicrosoftCertificate `json:"certificates"`
	HasSecret    bool                   `json:"has_secret"`
	// SecretExpires is what the administrator said.
	SecretExpires time.Time `json:"secret_expires,omitzero"`
}

// MicrosoftCertificate is the public half of a key pair of ours.
type MicrosoftCertificate struct {
	ID string `json:"id"`
	// Thumbprint is the SHA-1 in hex, as Entra shows it.
	Thumbprint string    `json:"thumbprint"`
	SHA256     string    `json:"sha256"`
	NotAfter   time.Time `json:"not_after"`
	Created    time.Time `json:"created"`
	// Used says that the server proves itself with this one.
	Used bool   `json:"used"`
	PEM  string `json:"pem"`
}

// MicrosoftInput is what an administrator gives. What is nil stays as it is.
type MicrosoftInput struct {
	ClientID, TenantID, Authority, DomainHint *string
	Proof                                     *directory.MicrosoftProof
	// Secret is the value of a client secret; SecretExpires goes with it.
	Secret        *string
	SecretExpires time.Time
	Enabled       *bool
	// Untested lets it be switched on without a test sign-in, and AnyHost lets the
	// authority be none of Microsoft's. Only for commands of whoever runs the server.
	Untested, AnyHost bool
}

// Show returns how it is set up.
func (s *MicrosoftSetup) Show(ctx context.Context, workspace string) (MicrosoftOutcome, error) {
	ws, err := s.Store.Workspace(ctx, workspace)
	if err != nil {
		return MicrosoftOutcome{}, unknown(err)
	}
	m, keys, err := s.Store.MicrosoftWeb(ctx, ws.ID)
	if err != nil {
		return MicrosoftOutcome{}, err
	}
	n, err := s.Store.Setting(ctx, ws.ID, directory.SettingMicrosoftWeb)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return MicrosoftOutcome{}, fmt.Errorf("reading the setting: %w", err)
	}
	if m.TenantID == "" {
		m.TenantID = ws.Microsoft.TenantID // one tenant less to type twice
	}
	return s.outcome(ws, m, keys, n.Version), nil
}

func (s *MicrosoftSetup) outcome(ws directory.Workspace, m directory.MicrosoftWeb, keys directory.MicrosoftWebKeys, version int64) MicrosoftOutcome {
	out := MicrosoftOutcome{Workspace: ws, Set: m, Version: version, URLs: MicrosoftURLsOf(s.PublicURL, ws.ID), Certificates: []MicrosoftCertificate{}}
	if m.Proof == "" {
		out.Set.Proof = directory.ProofCertificate
	}
	for _, k := range slices.Backward(keys.Certificates) {
		c, err := x509.ParseCertificate(k.Certificate)
		if err != nil {
			continue // it was ours when it was stored
		}
		one := sha1.Sum(c.Raw) // Entra's name for it, not a proof of anything
		two := sha256.Sum256(c.Raw)
		out.Certificates = append(out.Certificates, MicrosoftCertificate{
			ID: k.ID, Thumbprint: strings.ToUpper(hex.EncodeToString(one[:])), SHA256: strings.ToUpper(hex.EncodeToString(two[:])),
			NotAfter: c.NotAfter.UTC(), Created: k.Created, Used: m.Proof != directory.ProofSecret && k.ID == m.KeyID,
			PEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})),
		})
	}
	if keys.Secret != nil {
		out.HasSecret, out.SecretExpires = true, keys.Secret.Expires
	}
	_, err := credentialOf(s.Key, ws.ID, m, keys)
	out.Ready = err == nil
	return out
}

// change runs f on the settings and returns what is stored then. version is the
// one that was seen, or store.AnyVersion.
func (s *MicrosoftSetup) change(ctx context.Context, workspace, who string, version int64,
	f func(directory.Workspace, *directory.MicrosoftWeb, *directory.MicrosoftWebKeys) error,
) (MicrosoftOutcome, error) {
	ws, err := s.Store.Workspace(ctx, workspace)
	if err != nil {
		return MicrosoftOutcome{}, unknown(err)
	}
	var kept directory.MicrosoftWebKeys
	m, v, err := s.Store.ChangeMicrosoftWeb(ctx, ws.ID, store.SettingChange{Version: version, Who: who, Now: s.Now()},
		func(m *directory.MicrosoftWeb, keys *directory.MicrosoftWebKeys) error {
			err := f(ws, m, keys)
			kept = *keys
			return err
		})
	switch {
	case errors.Is(err, store.ErrConflict):
		return MicrosoftOutcome{}, problem.Wrap(problem.M365Changed, err)
	case err != nil:
		return MicrosoftOutcome{}, unknownOr(err, "storing the set-up")
	}
	return s.outcome(ws, m, kept, v), nil
}

// Set changes the set-up. It keeps what in does not name.
func (s *MicrosoftSetup) Set(ctx context.Context, workspace, who string, version int64, in MicrosoftInput) (MicrosoftOutcome, error) {
	return s.change(ctx, workspace, who, version, func(ws directory.Workspace, m *directory.MicrosoftWeb, keys *directory.MicrosoftWebKeys) error {
		was := *m
		for to, from := range map[*string]*string{&m.ClientID: in.ClientID, &m.TenantID: in.TenantID, &m.Authority: in.Authority, &m.DomainHint: in.DomainHint} {
			if from != nil {
				*to = strings.TrimSpace(*from)
			}
		}
		if m.TenantID == "" {
			m.TenantID = ws.Microsoft.TenantID
		}
		m.ClientID, m.TenantID = strings.ToLower(m.ClientID), strings.ToLower(m.TenantID)
		if in.Secret != nil {
			if err := s.keepSecret(ws.ID, *in.Secret, in.SecretExpires, m, keys); err != nil {
				return err
			}
		}
		if in.Proof != nil {
			m.Proof = *in.Proof
		}
		m.KeyID = keyID(*m, *keys)
		if err := s.check(*m); err != nil {
			return err
		}
		if !in.AnyHost && m.Authority != was.Authority {
			if err := s.checkHost(m.Cloud()); err != nil {
				return err
			}
		}
		if in.Enabled != nil {
			return s.enable(ws.ID, *in.Enabled, in.Untested, m, *keys)
		}
		elsewhere := was.ClientID != m.ClientID || was.TenantID != m.TenantID || was.Cloud() != m.Cloud()
		if m.Enabled && (elsewhere && !in.Untested || !m.Complete()) {
			return problem.Detailf(problem.M365BadSetting, "Switch it off first: people sign in with it, and nobody has tested another registration.")
		}
		return nil
	})
}

// keyID names what the server proves itself with.
func keyID(m directory.MicrosoftWeb, keys directory.MicrosoftWebKeys) string {
	switch {
	case m.Proof == directory.ProofSecret && keys.Secret != nil:
		return keys.Secret.ID
	case m.Proof != directory.ProofSecret && len(keys.Certificates) > 0:
		for _, k := range keys.Certificates {
			if k.ID == m.KeyID {
				return m.KeyID // the newest waits until it was uploaded: see Use
			}
		}
		return keys.Certificates[0].ID
	}
	return ""
}

func (s *MicrosoftSetup) enable(workspace string, on, untested bool, m *directory.MicrosoftWeb, keys directory.MicrosoftWebKeys) error {
	if m.Enabled = on; !on {
		return nil
	}
	if !m.Complete() {
		return problem.New(problem.M365NotSet)
	}
	if _, err := credentialOf(s.Key, workspace, *m, keys); err != nil {
		return err
	}
	if !untested && !m.TestedNow() {
		return problem.New(problem.M365Untested)
	}
	return nil
}

// check says what is wrong with the values, before Microsoft would.
func (s *MicrosoftSetup) check(m directory.MicrosoftWeb) error {
	switch {
	case m.ClientID != "" && uuid.Validate(m.ClientID) != nil, m.ClientID != "" && len(m.ClientID) != 36:
		return problem.Detailf(problem.M365BadSetting, "The Application (client) ID has the form 00000000-0000-0000-0000-000000000000.")
	case m.TenantID != "" && (uuid.Validate(m.TenantID) != nil || len(m.TenantID) != 36):
		return problem.Detailf(problem.M365BadSetting, "The Directory (tenant) ID has the form 00000000-0000-0000-0000-000000000000. common, organizations and consumers stand for everybody's tenants.")
	case m.TenantID == "9188040d-6c67-4c5b-b112-36a304b66dad":
		return problem.Detailf(problem.M365BadSetting, "This is the tenant of personal Microsoft accounts.")
	case m.TenantID != "" && m.ClientID == m.TenantID:
		return problem.Detailf(problem.M365BadSetting, "Application (client) ID and Directory (tenant) ID are the same: one of them was copied twice.")
	case m.Proof != "" && m.Proof != directory.ProofCertificate && m.Proof != directory.ProofSecret:
		return problem.Detailf(problem.M365BadSetting, "The proof is certificate or secret.")
	case len(m.DomainHint) > 253 || strings.ContainsAny(m.DomainHint, " @/\r\n\t"):
		return problem.Detailf(problem.M365BadSetting, "The domain hint is a domain, such as example.com.")
	case m.TenantID == "":
		return nil
	}
	if err := entra.CheckTenant(m.Cloud(), m.TenantID, s.Loopback); err != nil {
		return problem.Detailf(problem.M365BadSetting, "The authority is https and one of Microsoft's sign-in hosts.")
	}
	return nil
}

// checkHost refuses an authority that is none of Microsoft's: whoever chose it
// would vouch for everybody, and have this server call it.
func (s *MicrosoftSetup) checkHost(authority string) error {
	u, err := url.Parse(authority)
	if err == nil && (slices.Contains(MicrosoftHosts, strings.ToLower(u.Host)) || s.Loopback && api.Loopback(u.Hostname())) {
		return nil
	}
	return problem.Detailf(problem.M365BadSetting, "The authority is one of Microsoft's: %s.", strings.Join(MicrosoftHosts, ", "))
}

// CheckApp says what is wrong with the settings of the app's sign-in, and in which
// field. Nothing at all is right too: then there is none.
func (s *MicrosoftSetup) CheckApp(was, m directory.Microsoft) (field string, err error) {
	if m == (directory.Microsoft{}) {
		return "", nil
	}
	if m.Authority != "" && strings.TrimSuffix(m.Authority, "/") != strings.TrimSuffix(was.Authority, "/") {
		if err := s.checkHost(m.Authority); err != nil {
			return "authority", err
		}
	}
	switch {
	case m.ClientID == "":
		return "client_id", problem.Detailf(problem.M365BadSetting, "The Application (client) ID is missing.")
	case m.TenantID == "":
		return "tenant_id", problem.Detailf(problem.M365BadSetting, "The Directory (tenant) ID is missing.")
	case m.Scope != "" && (!strings.HasPrefix(m.Scope, "api://") || strings.Count(m.Scope, "/") < 3 || strings.ContainsAny(m.Scope, " \r\n\t")):
		return "scope", problem.Detailf(problem.M365BadSetting, "The scope has the form api://<client ID>/access_as_user. Leave it empty for that.")
	}
	web := directory.MicrosoftWeb{ClientID: m.ClientID, TenantID: m.TenantID, Authority: m.Authority, DomainHint: m.DomainHint}
	for _, try := range []struct {
		field string
		with  directory.MicrosoftWeb
	}{
		{"client_id", directory.MicrosoftWeb{ClientID: m.ClientID}},
		{"tenant_id", directory.MicrosoftWeb{TenantID: m.TenantID}},
		{"domain_hint", directory.MicrosoftWeb{DomainHint: m.DomainHint}},
		{"client_id", directory.MicrosoftWeb{ClientID: m.ClientID, TenantID: m.TenantID}},
		{"authority", web},
	} {
		if err := s.check(try.with); err != nil {
			return try.field, err
		}
	}
	return "", nil
}

// purpose is what keys are sealed for.
const microsoftPurpose = "microsoft web sign-in"

// keepSecret seals a client secret.
func (s *MicrosoftSetup) keepSecret(workspace, secret string, expires time.Time, m *directory.MicrosoftWeb, keys *directory.MicrosoftWebKeys) error {
	secret = strings.TrimSpace(secret)
	switch {
	case secret == "":
		keys.Secret = nil
		return nil
	case uuid.Validate(secret) == nil:
		return problem.Detailf(problem.M365BadSetting, "This is the secret's Secret ID. The Value is needed, which Entra shows once, when the secret is made.")
	case len(secret) < 16 || len(secret) > 256 || strings.ContainsAny(secret, " \r\n\t"):
		return problem.Detailf(problem.M365BadSetting, "A client secret's Value has about 40 characters without spaces.")
	}
	box, err := seal.New(s.Key, microsoftPurpose)
	if err != nil {
		return err
	}
	id := uuid.NewString()
	sealed, err := box.Seal(secret, workspace+"/"+id)
	if err != nil {
		return err
	}
	keys.Secret = &directory.MicrosoftSecret{ID: id, Sealed: sealed, Expires: expires.UTC(), Created: s.Now().UTC().Truncate(time.Second)}
	if expires.IsZero() {
		keys.Secret.Expires = time.Time{}
	}
	m.Proof = directory.ProofSecret
	return nil
}

// microsoftCertificateLife is how long a certificate of ours is valid: Entra looks
// at its end. mostCertificates may stand side by side.
const (
	microsoftCertificateYears = 2
	mostCertificates          = 2
)

// NewCertificate makes a key pair. The first is used at once; another one only
// after Use, so that it can be uploaded before. Of more than two the older of
// those that are not used gives way.
func (s *MicrosoftSetup) NewCertificate(ctx context.Context, workspace, who string) (MicrosoftOutcome, error) {
	box, err := seal.New(s.Key, microsoftPurpose)
	if err != nil {
		return MicrosoftOutcome{}, err
	}
	// It takes a while, so it happens before the transaction.
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return MicrosoftOutcome{}, fmt.Errorf("making a key: %w", err)
	}
	now := s.Now().UTC()
	made := directory.MicrosoftCertificate{ID: uuid.NewString(), Created: now.Truncate(time.Second)}
	if made.Certificate, err = selfSigned(private, "Lanyard "+workspace+" sign-in with Microsoft", now); err != nil {
		return MicrosoftOutcome{}, err
	}
	plain, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return MicrosoftOutcome{}, err
	}
	return s.change(ctx, workspace, who, store.AnyVersion, func(ws directory.Workspace, m *directory.MicrosoftWeb, keys *directory.MicrosoftWebKeys) error {
		if made.Sealed, err = box.Seal(plain, ws.ID+"/"+made.ID); err != nil {
			return err
		}
		kept := keys.Certificates
		for i := 0; i < len(kept) && len(kept) >= mostCertificates; {
			if kept[i].ID == m.KeyID {
				i++
				continue
			}
			kept = slices.Delete(slices.Clone(kept), i, i+1)
		}
		keys.Certificates = append(slices.Clone(kept), made)
		m.KeyID = keyID(*m, *keys)
		return nil
	})
}

// Use has the server prove itself with the certificate of an id, which was
// uploaded before. The test sign-in has to be made again.
func (s *MicrosoftSetup) Use(ctx context.Context, workspace, who, id string) (MicrosoftOutcome, error) {
	return s.change(ctx, workspace, who, store.AnyVersion, func(_ directory.Workspace, m *directory.MicrosoftWeb, keys *directory.MicrosoftWebKeys) error {
		if !slices.ContainsFunc(keys.Certificates, func(k directory.MicrosoftCertificate) bool { return k.ID == id }) {
			return problem.Detailf(problem.M365NoKey, "There is no certificate of this id.")
		}
		m.Proof, m.KeyID = directory.ProofCertificate, id
		return nil
	})
}

func selfSigned(private *rsa.PrivateKey, name string, now time.Time) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	subject := pkix.Name{CommonName: name}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial, Subject: subject, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(microsoftCertificateYears, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}, &x509.Certificate{Subject: subject}, &private.PublicKey, private)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	return der, nil
}

// credentialOf opens what the server proves itself with. problem.M365NoKey:
// nothing is set; problem.WrongServerKey: it was sealed with another key.
func credentialOf(key []byte, workspace string, m directory.MicrosoftWeb, keys directory.MicrosoftWebKeys) (oidc.Credential, error) {
	box, err := seal.New(key, microsoftPurpose)
	if err != nil {
		return oidc.Credential{}, err
	}
	if m.Proof == directory.ProofSecret {
		if keys.Secret == nil {
			return oidc.Credential{}, problem.New(problem.M365NoKey)
		}
		var c oidc.Credential
		err := box.Open(keys.Secret.Sealed, workspace+"/"+keys.Secret.ID, &c.Secret)
		return c, err
	}
	for _, k := range keys.Certificates {
		if k.ID != m.KeyID {
			continue
		}
		var plain []byte
		if err := box.Open(k.Sealed, workspace+"/"+k.ID, &plain); err != nil {
			return oidc.Credential{}, err
		}
		parsed, err := x509.ParsePKCS8PrivateKey(plain)
		if err != nil {
			return oidc.Credential{}, fmt.Errorf("reading the key of certificate %s: %w", k.ID, err)
		}
		private, ok := parsed.(*rsa.PrivateKey)
		if !ok {
			return oidc.Credential{}, fmt.Errorf("the key of certificate %s is no RSA key", k.ID)
		}
		c := oidc.Credential{Key: private}
		if c.Certificate, err = x509.ParseCertificate(k.Certificate); err != nil {
			return oidc.Credential{}, fmt.Errorf("reading certificate %s: %w", k.ID, err)
		}
		return c, nil
	}
	return oidc.Credential{}, problem.New(problem.M365NoKey)
}
