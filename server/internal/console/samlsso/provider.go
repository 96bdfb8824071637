package samlsso

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Established is what success is called (row B11).
const Established = "Connection established"

// Provider is what is known of the identity provider.
type Provider struct {
	EntityID     string        `json:"entity_id"`
	TenantID     string        `json:"tenant_id,omitempty"`
	LoginURL     string        `json:"login_url"`
	LoginPost    string        `json:"login_post_url,omitempty"`
	LogoutURL    string        `json:"logout_url,omitempty"`
	MetadataURL  string        `json:"metadata_url,omitempty"`
	AppID        string        `json:"application_id,omitempty"`
	AnyHost      bool          `json:"any_host,omitempty"`
	Refreshed    time.Time     `json:"refreshed,omitzero"`
	NextRead     time.Time     `json:"next_read,omitzero"`
	Certificates []Certificate `json:"certificates"`
}

// Certificate is one of either side.
type Certificate struct {
	ID  string `json:"id,omitempty"`
	Use string `json:"use"`
	// Thumbprint is the SHA-1 that Entra's portal shows; SHA256 is safer to compare.
	Thumbprint string    `json:"thumbprint"`
	SHA256     string    `json:"sha256"`
	Subject    string    `json:"subject"`
	NotBefore  time.Time `json:"not_before"`
	NotAfter   time.Time `json:"not_after"`
	DaysLeft   int       `json:"days_left"`
	Source     string    `json:"source,omitempty"`
	// State is good, warn or bad, and Says what it is in words.
	State string `json:"state"`
	Says  string `json:"says"`
}

// soon is how many days before its end a certificate is worth a warning: Entra's
// own first one.
const soon = 60

func certificateOf(der []byte, use, source string, now time.Time) (Certificate, error) {
	x, err := x509.ParseCertificate(der)
	if err != nil {
		return Certificate{}, problem.Wrap(problem.Internal, err)
	}
	c := Certificate{
		Use: use, Thumbprint: saml.PortalThumbprint(x), SHA256: saml.Thumbprint(x), Subject: x.Subject.String(), Source: source,
		NotBefore: x.NotBefore.UTC(), NotAfter: x.NotAfter.UTC(), DaysLeft: int(x.NotAfter.Sub(now) / (24 * time.Hour)), State: "good", Says: "Valid",
	}
	switch {
	case now.After(x.NotAfter):
		c.State, c.Says = "bad", "Expired"
	case now.Before(x.NotBefore):
		c.State, c.Says = "warn", "Not valid yet"
	case c.DaysLeft < soon:
		c.State, c.Says = "warn", "Expires soon"
	}
	return c, nil
}

// provider is what a connection says of the identity provider.
func provider(n directory.SAML, now time.Time) (Provider, error) {
	p := Provider{
		EntityID: n.IdP.EntityID, TenantID: n.IdP.TenantID, LoginURL: cmp.Or(n.IdP.SSORedirect, n.IdP.SSOPost), LoginPost: n.IdP.SSOPost,
		LogoutURL: cmp.Or(n.IdP.SLORedirect, n.IdP.SLOPost), MetadataURL: n.Metadata.URL, AppID: appIDOf(n.Metadata.URL), AnyHost: n.Metadata.AnyHost,
		Refreshed: n.Metadata.Refreshed, NextRead: n.Metadata.Next,
	}
	for _, c := range n.Certificates {
		one, err := certificateOf(c.DER, directory.KeySigning, c.Source, now)
		if err != nil {
			return p, err
		}
		p.Certificates = append(p.Certificates, one)
	}
	return p, nil
}

// appIDOf is the application that the address of metadata names; "" where it
// names none.
func appIDOf(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return ""
	}
	for name, values := range u.Query() {
		if strings.EqualFold(name, "appid") && len(values) > 0 {
			return strings.ToLower(values[0])
		}
	}
	return ""
}

// Certificates is Entra's part 3, with what is read from it.
type Certificates struct {
	Wizard
	Ways []Way `json:"ways"`
	// Result is Established once the last check of what is there succeeded.
	Result   string    `json:"result,omitempty"`
	Checked  []string  `json:"checked,omitempty"`
	At       time.Time `json:"at,omitzero"`
	Notes    []note    `json:"notes,omitempty"`
	Provider *Provider `json:"provider,omitempty"`
	// ByHand: the values were entered by hand, so that nobody renews them.
	ByHand bool `json:"by_hand"`
}

// Head is that of a page.
func (p Certificates) Head() console.Head { return p.head() }

func (s *Section) certificates(ctx context.Context, c *console.Call, _ struct{}) (Certificates, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return Certificates{}, err
	}
	part, err := st.part("Sign-in by SAML")
	if err != nil {
		return Certificates{}, err
	}
	p := Certificates{Wizard: st.wizard(c, "certificates"), Ways: waysOf(part)}
	if !st.exists() {
		return p, nil
	}
	known, err := provider(st.conn, c.Now)
	if err != nil {
		return p, err
	}
	p.Provider, p.ByHand, p.Onward = &known, st.conn.Metadata.URL == "", true
	last, _, err := store.ReadSetting[checked](ctx, s.cfg.Desk.Store, c.Workspace.ID, checkSetting)
	if !last.At.IsZero() {
		p.Result, p.Checked, p.At, p.Notes = Established, last.Checked, last.At, last.Notes
	}
	return p, err
}

// outcome is what setting the provider answers.
type outcome struct {
	console.Done
	Result   string    `json:"result"`
	At       time.Time `json:"at"`
	Checked  []string  `json:"checked"`
	Notes    []note    `json:"notes"`
	Provider Provider  `json:"provider"`
}

// metadataForm is the address of the metadata, as it is pasted.
type metadataForm struct {
	form
	MetadataURL string `json:"metadata_url"`
	AnyHost     bool   `json:"any_host"`
	IdP         string `json:"idp"`
}

// getMetadata is both "Get metadata" and "Check now": what is good is kept.
func (s *Section) getMetadata(ctx context.Context, c *console.Call, in metadataForm) (outcome, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return outcome{}, err
	}
	address := strings.TrimSpace(in.MetadataURL)
	if address == "" {
		return outcome{}, console.Fault{Field: "metadata_url", Err: problem.New(problem.MetadataNotURL)}
	}
	if id, want := appIDOf(address), st.draft.Values.ApplicationID; id != "" && want != "" && id != want {
		return outcome{}, console.Fault{Field: "metadata_url", Err: problem.Detailf(problem.SSOOtherApp, "You entered %s, and this is %.60s.", want, id)}
	}
	return s.set(ctx, c, st, in.form, signin.SAMLInput{MetadataURL: address, AnyHost: in.AnyHost, EntityID: strings.TrimSpace(in.IdP)})
}

// manualForm are the values that go by hand.
type manualForm struct {
	form
	Certificate     string         `json:"certificate"`
	CertificateFile console.Upload `json:"certificate_file" most:"1048576"` // saml.MaxMetadata
	Issuer          string         `json:"issuer"`
	LoginURL        string         `json:"login_url"`
	LogoutURL       string         `json:"logout_url"`
}

// saveManual is "Save settings".
func (s *Section) saveManual(ctx context.Context, c *console.Call, in manualForm) (outcome, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return outcome{}, err
	}
	pasted := []byte(in.Certificate)
	if len(bytes.TrimSpace(pasted)) == 0 {
		pasted = in.CertificateFile.Data
	}
	if len(pasted) > saml.MaxMetadata {
		return outcome{}, console.Fault{Field: "certificate", Err: problem.New(problem.CertificateTooLarge)}
	}
	given := signin.SAMLInput{Issuer: strings.TrimSpace(in.Issuer), LoginURL: strings.TrimSpace(in.LoginURL), LogoutURL: strings.TrimSpace(in.LogoutURL)}
	bare := given.Issuer == "" && given.LoginURL == "" && given.LogoutURL == ""
	switch text := bytes.TrimSpace(bytes.TrimPrefix(pasted, []byte("\xef\xbb\xbf"))); {
	case len(text) > 0 && text[0] == '<' && bare:
		given.Metadata = pasted // the whole Federation Metadata XML
	case len(text) > 0:
		given.Certificate = pasted
		// First of all, so that nothing else is asked for beside a private key.
		if _, _, err := saml.ParseCertificates(pasted, c.Now); err != nil {
			return outcome{}, faulted(given, err)
		}
	case bare:
		return outcome{}, console.Fault{Field: "certificate", Err: problem.New(problem.CertificateEmpty)}
	}
	if !st.exists() && len(given.Metadata) == 0 {
		if err := notWhole(given); err != nil {
			return outcome{}, err
		}
	}
	return s.set(ctx, c, st, in.form, given)
}

// set keeps what was given of the provider, where all of it is good, and what was
// checked.
func (s *Section) set(ctx context.Context, c *console.Call, st state, f form, in signin.SAMLInput) (outcome, error) {
	values := st.draft.Values
	in.Judge = values.otherTenant
	out, err := s.change(ctx, c, st, f.Seen, in, nil)
	if err != nil {
		return outcome{}, faulted(in, err)
	}
	done := outcome{Result: Established, At: out.At, Checked: out.Checked, Notes: notesOf(out.Warnings)}
	if done.Provider, err = provider(out.SAML, c.Now); err != nil {
		return done, err
	}
	_, _, err = store.ChangeSetting(ctx, s.cfg.Desk.Store, c.Workspace.ID, checkSetting, store.SettingChange{Version: store.AnyVersion, Who: c.Me.Called(), Now: c.Now}, func(k *checked) error {
		*k = checked{done.At, done.Checked, done.Notes}
		return nil
	})
	if err != nil {
		return done, err
	}
	st.conn = out.SAML
	done.Done = console.Done{To: c.Path("saml.certificates") + "#result", Say: Established + "."}
	return done, s.saveDraft(ctx, c, st, store.AnyVersion, "certificates", nil)
}

// manualFields are the fields that codes are about, where values go by hand.
var manualFields = map[problem.Code]string{
	problem.MetadataEntityID: "issuer", problem.MetadataCommon: "issuer", problem.MetadataSlash: "issuer",
	problem.MetadataNoSignOn: "login_url", problem.MetadataEndpoint: "login_url",
}

// faulted says which field a refusal is about.
func faulted(in signin.SAMLInput, err error) error {
	code, _ := problem.Of(err)
	switch {
	case code == problem.Internal || code == problem.ChangedSince || code == problem.SSOLive || code == problem.UnknownWorkspace:
		return err
	case in.MetadataURL != "" && code == problem.MetadataSeveral, in.MetadataURL != "" && code == problem.MetadataNotMember:
		return console.Fault{Field: "idp", Err: err}
	case in.MetadataURL != "":
		return console.Fault{Field: "metadata_url", Err: err}
	case code == problem.CertificatePrivateKey:
		return secretPasted{console.Fault{Field: "certificate", Err: err}}
	case manualFields[code] != "" && len(in.Metadata) == 0:
		field := manualFields[code]
		if in.LogoutURL != "" && strings.Contains(problem.DetailOf(err), in.LogoutURL) && in.LogoutURL != in.LoginURL {
			field = "logout_url"
		}
		return console.Fault{Field: field, Err: err}
	}
	return console.Fault{Field: "certificate", Err: err}
}

// notWhole marks the fields that were left empty where nothing is known yet.
func notWhole(in signin.SAMLInput) error {
	var faults console.Faults
	login := cmp.Or(in.LoginURL, saml.TenantLoginURL(in.Issuer))
	for _, f := range []struct{ field, value string }{{"certificate", string(in.Certificate)}, {"issuer", in.Issuer}, {"login_url", login}} {
		if f.value == "" {
			faults = append(faults, console.Fault{Field: f.field, Err: problem.Detailf(problem.SSOField, "It is needed.")})
		}
	}
	return faults.Or()
}

// secretPasted is that a private key was pasted: the form forgets it.
type secretPasted struct{ console.Fault }

// Unwrap returns the fault.
func (e secretPasted) Unwrap() error { return e.Fault }

// Forget names the fields that are not shown again.
func (secretPasted) Forget() []string { return []string{"certificate"} }
