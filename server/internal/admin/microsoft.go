package admin

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
	"github.com/lanyard-sso/lanyard/server/internal/oidc"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// The kinds of the server's settings for signing administrators in with Microsoft.
const (
	SettingMicrosoft       = "admin.microsoft"
	SettingMicrosoftSecret = SettingMicrosoft + store.SecretKind
)

const (
	defaultAuthority = "https://login.microsoftonline.com"
	oidcFor          = 10 * time.Minute
	callbackPath     = "/admin/sign-in/microsoft/callback"
)

// Microsoft is the app registration by which administrators sign in: the server's
// own, of one tenant.
type Microsoft struct {
	// Authority is the cloud. Empty means https://login.microsoftonline.com.
	Authority string `json:"authority,omitempty"`
	TenantID  string `json:"tenant_id,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	// Sealed is the credential, and Certificate says that it is one rather than a
	// client secret.
	Sealed      string `json:"-"`
	Certificate bool   `json:"certificate,omitempty"`
}

// On reports whether it is set up.
func (m Microsoft) On() bool { return m.TenantID != "" && m.ClientID != "" && m.Sealed != "" }

// sealedCredential is what is kept of a credential.
type sealedCredential struct {
	Sealed string `json:"sealed,omitempty"`
}

// credential is what is sealed of it.
type credential struct {
	Secret string `json:"secret,omitempty"`
	PEM    string `json:"pem,omitempty"`
}

// MicrosoftSetting returns how administrators sign in with Microsoft, and the
// version of the setting.
func (a *Admin) MicrosoftSetting(ctx context.Context) (Microsoft, int64, error) {
	m, version, err := store.ReadSetting[Microsoft](ctx, a.cfg.Store, "", SettingMicrosoft)
	if err != nil {
		return m, 0, err
	}
	c, _, err := store.ReadSetting[sealedCredential](ctx, a.cfg.Store, "", SettingMicrosoftSecret)
	m.Sealed = c.Sealed
	return m, version, err
}

// RedirectURI is what is registered for it under the platform Web.
func (a *Admin) RedirectURI() string { return a.origin() + callbackPath }

// SetMicrosoft keeps how administrators sign in with Microsoft. secret is a client
// secret, or a certificate with its private key in PEM; "" leaves the one that is
// there.
func (a *Admin) SetMicrosoft(ctx context.Context, by console.Principal, m Microsoft, secret string, version int64) error {
	m.Authority = strings.TrimSuffix(strings.TrimSpace(m.Authority), "/")
	m.TenantID, m.ClientID = strings.ToLower(strings.TrimSpace(m.TenantID)), strings.ToLower(strings.TrimSpace(m.ClientID))
	authority := m.Authority
	if authority == "" {
		authority = defaultAuthority
	}
	if err := entra.CheckTenant(authority, m.TenantID, a.loopback()); err != nil {
		return problem.Detailf(problem.FieldBad, "The Directory (tenant) ID is a GUID such as 11111111-2222-4333-8444-555555555555, and the authority begins with https://.")
	}
	if err := entra.CheckTenant(authority, m.ClientID, a.loopback()); err != nil {
		return problem.Detailf(problem.FieldBad, "The Application (client) ID is a GUID.")
	}
	before, _, err := a.MicrosoftSetting(ctx)
	if err != nil {
		return err
	}
	if secret = strings.TrimSpace(secret); secret == "" && before.Sealed == "" {
		return problem.Detailf(problem.FieldBad, "A client secret, or a certificate with its key, is needed.")
	}
	m.Certificate = before.Certificate
	var sealed string
	if secret != "" {
		if sealed, m.Certificate, err = a.sealCredential(secret); err != nil {
			return err
		}
	}
	change := store.SettingChange{Version: version, Who: by.Called(), Now: a.now()}
	_, _, err = store.ChangeWithSecret(ctx, a.cfg.Store, "", SettingMicrosoft, change, func(x *Microsoft, s *sealedCredential) error {
		if *x = m; sealed != "" {
			s.Sealed = sealed
		}
		return nil
	})
	if errors.Is(err, store.ErrConflict) {
		return problem.Wrap(problem.ChangedSince, err)
	}
	return err
}

// ClearMicrosoft takes the registration away. Nobody signs in with it any more; the
// accounts stay linked.
func (a *Admin) ClearMicrosoft(ctx context.Context) error {
	return errors.Join(a.cfg.Store.DeleteSetting(ctx, "", SettingMicrosoftSecret), a.cfg.Store.DeleteSetting(ctx, "", SettingMicrosoft))
}

func (a *Admin) loopback() bool { return a.cfg.Microsoft != nil && a.cfg.Microsoft.AllowLoopbackHTTP }

func (a *Admin) sealCredential(secret string) (sealed string, certificate bool, err error) {
	c := credential{Secret: secret}
	if strings.Contains(secret, "-----BEGIN ") {
		c, certificate = credential{PEM: secret}, true
		read, err := readPEM(secret)
		if err == nil {
			err = read.Fits(a.now())
		}
		if err != nil {
			return "", true, problem.Detailf(problem.FieldBad, "It takes one RSA certificate that is valid now, and its private key, both in PEM.")
		}
	}
	box, err := a.box("microsoft")
	if err != nil {
		return "", certificate, err
	}
	sealed, err = box.Seal(c, SettingMicrosoft)
	return sealed, certificate, err
}

// readPEM reads a certificate and its key.
func readPEM(text string) (oidc.Credential, error) {
	var c oidc.Credential
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		var err error
		var key any
		switch {
		case block.Type == "CERTIFICATE" && c.Certificate == nil:
			c.Certificate, err = x509.ParseCertificate(block.Bytes)
		case block.Type == "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case block.Type == "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		}
		if err != nil {
			return c, errors.New("admin: a PEM block cannot be read") // its cause could repeat the key
		}
		if k, ok := key.(*rsa.PrivateKey); ok {
			c.Key = k
		}
	}
	if c.Empty() {
		return c, errors.New("admin: there is no certificate with an RSA key")
	}
	return c, nil
}

func (a *Admin) registration(ctx context.Context) (oidc.Registration, error) {
	m, _, err := a.MicrosoftSetting(ctx)
	if err != nil {
		return oidc.Registration{}, err
	}
	if !m.On() || a.cfg.Microsoft == nil {
		return oidc.Registration{}, problem.New(problem.AdminMSUnset)
	}
	if m.Authority == "" {
		m.Authority = defaultAuthority
	}
	box, err := a.box("microsoft")
	if err != nil {
		return oidc.Registration{}, err
	}
	var c credential
	if err := box.Open(m.Sealed, SettingMicrosoft, &c); err != nil {
		return oidc.Registration{}, err
	}
	reg := oidc.Registration{
		Authority: m.Authority, TenantID: m.TenantID, ClientID: m.ClientID, RedirectURI: a.RedirectURI(), Credential: oidc.Credential{Secret: c.Secret},
	}
	if c.PEM != "" {
		reg.Credential, err = readPEM(c.PEM)
	}
	return reg, err
}

// asked is a sign-in at Microsoft that was begun in a browser, in its cookie.
type asked struct {
	Request oidc.Request `json:"request"`
	// Link is the administrator whose account it is to be linked to, with the
	// session they are in; else somebody signs in.
	Link    string    `json:"link,omitempty"`
	Session string    `json:"session,omitempty"`
	Next    string    `json:"next,omitempty"`
	Expires time.Time `json:"expires"`
}

// BeginMicrosoft returns the address of Microsoft's page to go to, and the cookie
// that the answer must come back with. link is who links their account, nobody for
// a sign-in; next is where to go on afterwards.
func (a *Admin) BeginMicrosoft(ctx context.Context, link console.Principal, next string) (string, *http.Cookie, error) {
	reg, err := a.registration(ctx)
	if err != nil {
		return "", nil, err
	}
	q := asked{Request: oidc.NewRequest(), Link: link.ID, Session: link.Session, Next: next, Expires: a.now().Add(oidcFor)}
	hint := oidc.Hint{Prompt: "select_account"}
	address, err := a.cfg.Microsoft.AuthorizeURL(reg, q.Request, hint)
	if err != nil {
		return "", nil, err
	}
	box, err := a.box("microsoft request")
	if err != nil {
		return "", nil, err
	}
	sealed, err := box.Seal(q, "request")
	if err != nil {
		return "", nil, err
	}
	return address, a.cookie(oidcCookie, base64.RawURLEncoding.EncodeToString([]byte(sealed)), oidcFor), nil
}

// Returned is what came of a sign-in at Microsoft.
type Returned struct {
	// Signed is who signed in; its cookie is nil where an account was linked.
	Signed
	// Linked says that an account was linked to who was signed in already.
	Linked bool
	// Next is where to go on.
	Next string
	// Spent ends the cookie of the request. It is set whatever happened.
	Spent *http.Cookie
}

// FinishMicrosoft takes Microsoft's answer. Only a person of the pinned tenant who
// linked their account before, while they were signed in, is let in: nobody is
// recognised by their address.
func (a *Admin) FinishMicrosoft(r *http.Request, me console.Principal) (Returned, error) {
	ctx := r.Context()
	out := Returned{Spent: a.cookie(oidcCookie, "", 0)}
	v := a.Visitor(r)
	if err := a.knock(v, ""); err != nil {
		return out, err
	}
	q, err := a.askedBy(r)
	if err != nil {
		return out, err
	}
	out.Next = q.Next
	code, state, err := oidc.ReadAnswer(r.URL.Query())
	if !q.Request.Answers(state) {
		return out, problem.New(problem.AdminMSAnswer)
	}
	if err != nil {
		return out, err
	}
	reg, err := a.registration(ctx)
	if err != nil {
		return out, err
	}
	// Each answer is taken once, also where the browser keeps the cookie.
	now := a.now()
	err = a.cfg.Store.PutAdminTickets(ctx, store.AdminTicket{
		Kind: ticketSeen, Hash: directory.HashToken(q.Request.State), Doc: []byte("{}"), Created: now, Expires: now.Add(oidcFor),
	})
	if errors.Is(err, store.ErrExists) {
		err = problem.Wrap(problem.AdminMSAnswer, err)
	}
	if err != nil {
		return out, err
	}
	id, err := a.cfg.Microsoft.Redeem(ctx, reg, q.Request, code)
	switch {
	case err != nil:
		return out, err
	case id.Guest:
		return out, problem.New(problem.AdminMSGuest)
	}
	account := directory.AdminMicrosoft{TenantID: id.TenantID, ObjectID: id.ObjectID, UserName: cut(id.UserName, 254), Linked: now}
	if q.Link != "" {
		out.Linked = true
		n, _, err := a.read(r) // redeeming took its time
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return out, err
		}
		if me.ID != q.Link || me.Session != q.Session || n.Admin != q.Link || n.ID != q.Session {
			return out, problem.New(problem.AdminMSAnswer)
		}
		return out, a.linkMicrosoft(ctx, n, account, v)
	}
	out.Signed, err = a.signInMicrosoft(ctx, account, v)
	return out, err
}

func (a *Admin) askedBy(r *http.Request) (asked, error) {
	var q asked
	gone := problem.New(problem.AdminMSAnswer)
	k, err := r.Cookie(a.cookieName(oidcCookie))
	if err != nil || len(k.Value) > 4000 {
		return q, gone
	}
	box, err := a.box("microsoft request")
	if err != nil {
		return q, err
	}
	sealed, err := base64.RawURLEncoding.DecodeString(k.Value)
	if err != nil || box.Open(string(sealed), "request", &q) != nil || !a.now().Before(q.Expires) {
		return asked{}, gone
	}
	return q, nil
}

func sameAccount(x directory.Administrator, m directory.AdminMicrosoft) bool {
	return x.Microsoft != nil && x.Microsoft.TenantID == m.TenantID && x.Microsoft.ObjectID == m.ObjectID
}

// linkMicrosoft links an account to whose session n is.
func (a *Admin) linkMicrosoft(ctx context.Context, n directory.AdminSession, m directory.AdminMicrosoft, v Visitor) error {
	who, err := a.cfg.Store.ChangeAdmin(ctx, n.Admin, store.AdminChange{Session: n.Hash}, func(x *directory.Administrator, others others) error {
		all, err := others()
		if err != nil {
			return err
		}
		for _, other := range all {
			if sameAccount(other, m) {
				return problem.New(problem.AdminMSTaken)
			}
		}
		x.Microsoft = &m
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		err = problem.Wrap(problem.AdminMSAnswer, err)
	}
	if err != nil {
		return err
	}
	return a.note(ctx, "account.microsoft.link", who, v, map[string]string{"tid": m.TenantID, "oid": m.ObjectID})
}

func (a *Admin) signInMicrosoft(ctx context.Context, m directory.AdminMicrosoft, v Visitor) (Signed, error) {
	all, err := a.cfg.Store.Admins(ctx)
	if err != nil {
		return Signed{}, err
	}
	for _, x := range all {
		if !sameAccount(x, m) {
			continue
		}
		token, n := a.session(x.ID, directory.ByMicrosoft, v)
		who, err := a.cfg.Store.ChangeAdmin(ctx, x.ID, store.AdminChange{Start: &n}, func(x *directory.Administrator, _ others) error {
			if !sameAccount(*x, m) {
				return problem.New(problem.AdminMSUnlinked)
			}
			x.Seen = a.now()
			return nil
		})
		if err != nil {
			return Signed{}, err
		}
		return a.signed(ctx, who, token, n, v)
	}
	return Signed{}, problem.New(problem.AdminMSUnlinked)
}
