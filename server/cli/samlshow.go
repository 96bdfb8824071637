package cli

import (
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// samlShowCmd shows a connection: before there is one, what to copy into Entra.
type samlShowCmd struct{ samlFlags }

func (s samlShowCmd) Run(c *command) error {
	d, err := s.open(c, false)
	if err != nil {
		return err
	}
	defer d.store.Close()
	out, err := d.setup.Show(c.ctx, d.ws.ID)
	if code, _ := problem.Of(err); code == problem.SAMLNotSet {
		c.say("SAML of %s is not set up yet. Copy what follows into Microsoft Entra, then:\n  lanyardd saml set --workspace %s --metadata-url <App Federation Metadata Url>", d.ws.ID, d.ws.ID)
		out, err = signin.SAMLOutcome{SAML: directory.SAML{Workspace: d.ws.ID}, At: c.opt.Now()}, nil
	}
	if err != nil {
		return err
	}
	if m := out.SAML.Metadata; m.ChangedEntityID != "" {
		c.say("The metadata now names another identity provider, so nothing of it is taken over. To agree:\n  lanyardd saml agree %s --workspace %s", shellWord(m.ChangedEntityID), d.ws.ID)
	} else if m.Failure != "" {
		t := problem.Lookup(problem.Code(m.Failure))
		c.say("The metadata could not be read when it was last tried: %s\n  %s (%s)", t.Sentence, t.Next, m.Failure)
	}
	c.sayWarnings(out.Warnings)
	return c.showSAML(d, out)
}

// warningDoc is a warning in JSON.
type warningDoc struct {
	Code     problem.Code `json:"code"`
	Sentence string       `json:"sentence"`
	Detail   string       `json:"detail"`
	Next     string       `json:"next"`
	Field    string       `json:"field"`
}

func warningDocs(all []saml.Warning) []warningDoc {
	out := []warningDoc{}
	for _, w := range all {
		t := problem.Lookup(w.Code)
		out = append(out, warningDoc{w.Code, t.Sentence, w.Detail, t.Next, w.Field})
	}
	return out
}

func (c *command) sayWarnings(all []saml.Warning) {
	for _, w := range warningDocs(all) {
		c.say("Warning: %s %s\n  %s (%s)", w.Sentence, printable(w.Detail), w.Next, w.Code)
	}
}

// samlDoc is a connection in JSON.
type samlDoc struct {
	Workspace string        `json:"workspace"`
	State     string        `json:"state"` // not set up, on, off
	Type      string        `json:"type"`
	SP        spDoc         `json:"service_provider"`
	IdP       idpDoc        `json:"identity_provider"`
	Metadata  metadataDoc   `json:"metadata"`
	JIT       bool          `json:"jit"`
	Initiated string        `json:"idp_initiated"`
	Audiences []string      `json:"audiences"`
	Required  []requiredDoc `json:"required_claims"`
	// Claims are the effective names by field.
	Claims       map[string]string `json:"claims"`
	NameID       string            `json:"name_id"`
	NameIDFormat string            `json:"name_id_format"`
	AuthnContext string            `json:"authn_context"`
	RequireEmail bool              `json:"require_email"`
	SignRequests bool              `json:"sign_requests"`
	Binding      string            `json:"request_binding"`
	ForceAuthn   bool              `json:"force_authn"`
	AllowSHA1    bool              `json:"insecure_allow_sha1"`
	AllowExpired bool              `json:"insecure_allow_expired_certificate"`
	SkewSeconds  int64             `json:"skew_seconds"`
	AccessURL    string            `json:"user_access_url"`
	AppReturns   []string          `json:"app_returns"`
	Tested       *time.Time        `json:"tested"`
	Created      *time.Time        `json:"created"`
	Modified     *time.Time        `json:"modified"`
	Warnings     []warningDoc      `json:"warnings"`
	// Checked is set by saml set.
	Checked []string `json:"checked,omitempty"`
}

type spDoc struct {
	EntityID string `json:"entity_id"`
	signin.SAMLURLs
	Keys []certDoc `json:"certificates"`
}

type idpDoc struct {
	EntityID     string    `json:"entity_id"`
	TenantID     string    `json:"tenant_id"`
	LoginURL     string    `json:"login_url"`
	LoginPostURL string    `json:"login_post_url"`
	LogoutURL    string    `json:"logout_url"`
	Certificates []certDoc `json:"certificates"`
}

type metadataDoc struct {
	URL       string     `json:"url"`
	AnyHost   bool       `json:"any_host"`
	Refreshed *time.Time `json:"refreshed"`
	Next      *time.Time `json:"next"`
	Failure   string     `json:"failure"`
	Changed   string     `json:"changed_entity_id"`
}

type requiredDoc struct {
	Name    string `json:"name"`
	Equals  string `json:"equals"`
	AnyCase bool   `json:"any_case"`
}

// samlNotSetUp is the state of a workspace without a connection.
const samlNotSetUp = "not set up"

// samlState says in a word or two whether people sign in by a connection.
func samlState(s directory.SAML) string {
	switch {
	case s.Version == 0:
		return samlNotSetUp
	case s.Disabled:
		return "off"
	}
	return "on"
}

// certDoc is a certificate, of either side, in JSON.
type certDoc struct {
	ID      string `json:"id,omitempty"`
	Use     string `json:"use"`
	Subject string `json:"subject"`
	// Thumbprint is the SHA-1 that the portal shows.
	Thumbprint string     `json:"thumbprint"`
	SHA256     string     `json:"sha256"`
	NotBefore  *time.Time `json:"not_before"`
	NotAfter   *time.Time `json:"not_after"`
	DaysLeft   int        `json:"days_left"`
	Source     string     `json:"source,omitempty"`
	Added      *time.Time `json:"added"`
	PEM        string     `json:"pem"`
}

func certificateDoc(der []byte, now time.Time) (certDoc, error) {
	x, err := x509.ParseCertificate(der)
	if err != nil {
		return certDoc{}, fmt.Errorf("a stored certificate: %w", err)
	}
	return certDoc{
		Use: directory.KeySigning, Subject: x.Subject.String(), Thumbprint: saml.PortalThumbprint(x), SHA256: saml.Thumbprint(x),
		NotBefore: stamp(x.NotBefore), NotAfter: stamp(x.NotAfter), DaysLeft: int(x.NotAfter.Sub(now).Hours() / 24),
		PEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
	}, nil
}

// ourKeys describes the key pairs of this side, newest first.
func ourKeys(conn directory.SAML, now time.Time) ([]certDoc, error) {
	out := []certDoc{}
	for _, k := range slices.Backward(conn.Keys) {
		d, err := certificateDoc(k.Certificate, now)
		if err != nil {
			return nil, err
		}
		d.ID, d.Use, d.Added = k.ID, k.Use, stamp(k.Created)
		out = append(out, d)
	}
	return out, nil
}

// claimNames are the effective claims by field.
func claimNames(mapped map[string]string) map[string]string {
	out := map[string]string{
		directory.ClaimObjectID: saml.ClaimObjectID, directory.ClaimTenantID: saml.ClaimTenantID, directory.ClaimEmail: saml.ClaimEmail,
		directory.ClaimUserName: saml.ClaimName, directory.ClaimName: saml.ClaimDisplayName, directory.ClaimGivenName: saml.ClaimGivenName,
		directory.ClaimFamilyName: saml.ClaimSurname, directory.ClaimGroups: saml.ClaimGroups, directory.ClaimRoles: saml.ClaimRole,
	}
	for field, name := range mapped {
		out[field] = name
	}
	return out
}

// document describes a connection.
func (d *samlDesk) document(out signin.SAMLOutcome) (samlDoc, error) {
	s, base, now := out.SAML, d.setup.PublicURL, d.setup.Now()
	doc := samlDoc{
		Workspace: d.ws.ID, State: samlState(s), Type: string(cmp.Or(s.Type, directory.SAMLEntra)),
		SP: spDoc{EntityID: signin.EntityIDOf(base, s, d.ws.ID), SAMLURLs: signin.URLsOf(base, d.ws.ID)},
		IdP: idpDoc{
			EntityID: s.IdP.EntityID, TenantID: s.IdP.TenantID, LoginURL: s.IdP.SSORedirect, LoginPostURL: s.IdP.SSOPost,
			LogoutURL: cmp.Or(s.IdP.SLORedirect, s.IdP.SLOPost), Certificates: []certDoc{},
		},
		Metadata: metadataDoc{s.Metadata.URL, s.Metadata.AnyHost, stamp(s.Metadata.Refreshed), stamp(s.Metadata.Next), s.Metadata.Failure, s.Metadata.ChangedEntityID},
		JIT:      s.JIT, Initiated: string(cmp.Or(s.IdPInitiated, directory.IdPBounce)),
		Audiences: append([]string{}, s.Audiences...), Required: []requiredDoc{}, Claims: claimNames(s.ClaimMap),
		NameID: s.NameIDSource, NameIDFormat: s.NameIDFormat, AuthnContext: s.AuthnContext,
		RequireEmail: s.RequireEmail, SignRequests: s.SignRequests, Binding: "redirect", ForceAuthn: s.ForceAuthn,
		AllowSHA1: s.InsecureAllowSHA1, AllowExpired: s.InsecureAllowExpired,
		SkewSeconds: int64(cmp.Or(s.Skew, saml.DefaultSkew) / time.Second), AccessURL: s.UserAccessURL,
		AppReturns: append([]string{}, s.AppReturns...), Tested: stamp(s.Tested),
		Created: stamp(s.Created), Modified: stamp(s.Modified), Warnings: warningDocs(out.Warnings), Checked: out.Checked,
	}
	if s.PostBinding {
		doc.Binding = "post"
	}
	for _, r := range s.RequiredClaims {
		doc.Required = append(doc.Required, requiredDoc(r))
	}
	for _, stored := range s.Certificates {
		cd, err := certificateDoc(stored.DER, now)
		if err != nil {
			return doc, err
		}
		cd.Source, cd.Added = stored.Source, stamp(stored.Added)
		doc.IdP.Certificates = append(doc.IdP.Certificates, cd)
	}
	var err error
	doc.SP.Keys, err = ourKeys(s, now)
	return doc, err
}

func nameIDText(source string) string {
	return cmp.Or(saml.NameIDSource(source).Attribute(), "any; user.mail is recommended")
}

// settings are the rows about what is set here.
func (d samlDoc) settings() [][2]string {
	names := make([]string, 0, len(d.Required))
	for _, r := range d.Required {
		names = append(names, strings.TrimSuffix(r.Name+"="+r.Equals, "="))
	}
	tested := "not since the last change"
	if d.Tested != nil {
		tested = day(*d.Tested)
	}
	return [][2]string{
		{"sign-in by SAML", d.State},
		{"metadata of this side", d.SP.Metadata},
		{"type", d.Type},
		{"tenant ID", cmp.Or(d.IdP.TenantID, "none")},
		{"just-in-time members", onOff(d.JIT)},
		{"started at the identity provider", d.Initiated},
		{"required claims", cmp.Or(strings.Join(names, ", "), "none")},
		{"other audiences", cmp.Or(strings.Join(d.Audiences, ", "), "none")},
		{"Name ID format asked for", cmp.Or(d.NameIDFormat, "none, which is right with Entra")},
		{"authentication context asked for", cmp.Or(d.AuthnContext, "none, which is right with Entra")},
		{"e-mail address required", onOff(d.RequireEmail)},
		{"requests signed", onOff(d.SignRequests)},
		{"request binding", d.Binding},
		{"asks people each time", onOff(d.ForceAuthn)},
		{"clocks may differ", formatDuration(time.Duration(d.SkewSeconds) * time.Second)},
		{"User access URL", cmp.Or(d.AccessURL, "not set")},
		{"apps return to", cmp.Or(strings.Join(d.AppReturns, ", "), "loopback only")},
		{"SHA-1 accepted (unsafe)", onOff(d.AllowSHA1)},
		{"expired certificates accepted (unsafe)", onOff(d.AllowExpired)},
		{"tested", tested},
	}
}
