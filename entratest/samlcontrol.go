package entratest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// ControlSAML is the single sign-on page of an app as the management API
// writes it. Certificates are the content of a PEM file.
type ControlSAML struct {
	Identifiers []string `json:"identifiers"`
	ReplyURLs   []string `json:"reply_urls"`
	SignOnURL   string   `json:"sign_on_url,omitempty"`
	RelayState  string   `json:"relay_state,omitempty"`
	LogoutURL   string   `json:"logout_url,omitempty"`
	// Signing is assertion (the default), response or both.
	Signing string `json:"signing,omitempty"`
	SHA1    bool   `json:"sha1,omitempty"`
	// NameIDSource and NameIDFormat are as in [NameIDOptions].
	NameIDSource string `json:"name_id_source,omitempty"`
	NameIDFormat string `json:"name_id_format,omitempty"`
	// Claims are constants by name.
	Claims                  map[string]string `json:"claims,omitempty"`
	EncryptionCertificate   string            `json:"encryption_certificate,omitempty"`
	VerificationCertificate string            `json:"verification_certificate,omitempty"`
	Refuse                  int               `json:"refuse,omitempty"`
	Style                   SAMLStyle         `json:"style,omitempty"`

	// What follows is Entra's side; it is not read.

	MetadataURL         string        `json:"metadata_url,omitempty"`
	LoopbackMetadataURL string        `json:"loopback_metadata_url,omitempty"`
	Issuer              string        `json:"issuer,omitempty"`
	LoginURL            string        `json:"login_url,omitempty"`
	UserAccessURL       string        `json:"user_access_url,omitempty"`
	LaunchURL           string        `json:"launch_url,omitempty"`
	Certificates        []ControlCert `json:"certificates,omitempty"`
}

// ControlCert is a [Certificate] in the management API.
type ControlCert struct {
	Thumbprint string    `json:"thumbprint"`
	NotBefore  time.Time `json:"not_before"`
	NotAfter   time.Time `json:"not_after"`
	Active     bool      `json:"active"`
	PEM        string    `json:"pem"`
}

var controlSigning = map[string]SigningOption{
	"": SignAssertion, "assertion": SignAssertion, "response": SignResponse, "both": SignResponseAndAssertion,
}

// controlSAML mounts what manages an app's single sign-on page.
func (e *Entra) controlSAML(mux *http.ServeMux) {
	handle := func(pattern string, f func(r *http.Request, t *Tenant, a *App) error) {
		mux.HandleFunc(pattern, e.controlled(func(r *http.Request, t *Tenant) (any, error) {
			a, err := t.controlApp(r.URL.Query().Get("client_id"))
			if err == nil {
				err = f(r, t, a)
			}
			if err != nil {
				return nil, err
			}
			return t.samlPage(a)
		}))
	}
	handle("GET /saml", func(*http.Request, *Tenant, *App) error { return nil })
	handle("PUT /saml", func(r *http.Request, t *Tenant, a *App) error {
		var in ControlSAML
		if err := readBody(r, &in); err != nil {
			return err
		}
		o, err := in.options()
		if err != nil {
			return err
		}
		return t.SetSAML(a, o)
	})
	handle("POST /saml/certificates", func(r *http.Request, t *Tenant, a *App) error {
		var in struct {
			Lifetime string `json:"lifetime"`
		}
		if err := readBody(r, &in); err != nil {
			return err
		}
		var o CertificateOptions
		if in.Lifetime != "" {
			var err error
			if o.Lifetime, err = time.ParseDuration(in.Lifetime); err != nil {
				return fmt.Errorf("lifetime: %w", err)
			}
		}
		_, err := t.AddCertificate(a, o)
		return err
	})
	handle("POST /saml/certificates/{thumbprint}/{act}", func(r *http.Request, t *Tenant, a *App) error {
		switch act := r.PathValue("act"); act {
		case "activate":
			return t.ActivateCertificate(a, r.PathValue("thumbprint"))
		case "remove":
			return t.RemoveCertificate(a, r.PathValue("thumbprint"))
		default:
			return fmt.Errorf("action %q: %w", act, ErrNotFound)
		}
	})
	handle("POST /saml/roll", func(_ *http.Request, t *Tenant, a *App) error {
		_, err := t.RollCertificate(a)
		return err
	})
}

// controlApp finds an app, or the first.
func (t *Tenant) controlApp(clientID string) (*App, error) {
	if apps := t.Apps(); clientID == "" && len(apps) > 0 {
		return &apps[0], nil
	}
	if a := t.App(clientID); a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("app %q: %w", clientID, ErrNotFound)
}

func (in ControlSAML) options() (SAMLOptions, error) {
	signing, ok := controlSigning[in.Signing]
	if !ok {
		return SAMLOptions{}, fmt.Errorf("signing is %q, and not assertion, response or both", in.Signing)
	}
	if _, ok := hands[in.Style]; !ok {
		return SAMLOptions{}, fmt.Errorf("there is no style %q", in.Style)
	}
	o := SAMLOptions{
		Identifiers: in.Identifiers, ReplyURLs: in.ReplyURLs, SignOnURL: in.SignOnURL, RelayState: in.RelayState,
		LogoutURL: in.LogoutURL, Signing: signing, SHA1: in.SHA1, Refuse: in.Refuse, Style: in.Style,
		NameID: NameIDOptions{Source: in.NameIDSource, Format: in.NameIDFormat},
	}
	for name, value := range in.Claims {
		o.Claims = append(o.Claims, SAMLClaim{Name: name, Constant: value})
	}
	if in.EncryptionCertificate != "" {
		o.Encryption.Certificate = []byte(in.EncryptionCertificate)
	}
	if in.VerificationCertificate != "" {
		o.VerificationCertificates = [][]byte{[]byte(in.VerificationCertificate)}
	}
	return o, nil
}

// samlPage is what the portal shows of an app.
func (t *Tenant) samlPage(a *App) (ControlSAML, error) {
	o, ok := t.SAML(a)
	if !ok {
		return ControlSAML{}, fmt.Errorf("SAML set-up of app %s: %w", a.ClientID, ErrNotFound)
	}
	page := ControlSAML{
		Identifiers: o.Identifiers, ReplyURLs: o.ReplyURLs, SignOnURL: o.SignOnURL, RelayState: o.RelayState,
		LogoutURL: o.LogoutURL, SHA1: o.SHA1, Refuse: o.Refuse, Style: o.Style,
		NameIDSource: o.NameID.Source, NameIDFormat: o.NameID.Format, EncryptionCertificate: string(o.Encryption.Certificate),
		MetadataURL: t.FederationMetadataURL(a), LoopbackMetadataURL: t.LoopbackMetadataURL(a), Issuer: t.SAMLIssuer(),
		LoginURL: t.SAMLLoginURL(), UserAccessURL: t.UserAccessURL(a), LaunchURL: t.LaunchURL(a),
	}
	for _, name := range []string{"assertion", "response", "both"} {
		if controlSigning[name] == o.Signing {
			page.Signing = name
		}
	}
	for _, c := range o.Claims {
		if page.Claims == nil {
			page.Claims = map[string]string{}
		}
		page.Claims[c.FullName()] = c.Constant
	}
	if len(o.VerificationCertificates) > 0 {
		page.VerificationCertificate = string(o.VerificationCertificates[0])
	}
	for _, k := range t.Certificates(a) {
		page.Certificates = append(page.Certificates, ControlCert{k.Thumbprint, k.NotBefore, k.NotAfter, k.Active, string(k.PEM)})
	}
	return page, nil
}

// SAML reads the single sign-on page of the first app.
func (c *ControlClient) SAML(ctx context.Context) (ControlSAML, error) {
	var out ControlSAML
	err := c.call(ctx, http.MethodGet, "/saml", nil, &out)
	return out, err
}

// SetSAML saves the single sign-on page of the first app and returns it with
// Entra's side.
func (c *ControlClient) SetSAML(ctx context.Context, in ControlSAML) (ControlSAML, error) {
	var out ControlSAML
	err := c.call(ctx, http.MethodPut, "/saml", in, &out)
	return out, err
}

// AddCertificate adds a signing certificate, which is not active yet.
func (c *ControlClient) AddCertificate(ctx context.Context, lifetime time.Duration) error {
	in := map[string]string{}
	if lifetime != 0 {
		in["lifetime"] = lifetime.String()
	}
	return c.call(ctx, http.MethodPost, "/saml/certificates", in, nil)
}

// DoCertificate activates or removes a signing certificate: act is that word.
func (c *ControlClient) DoCertificate(ctx context.Context, thumbprint, act string) error {
	return c.call(ctx, http.MethodPost, "/saml/certificates/"+url.PathEscape(thumbprint)+"/"+url.PathEscape(act), nil, nil)
}

// RollCertificate is [Tenant.RollCertificate].
func (c *ControlClient) RollCertificate(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/saml/roll", nil, nil)
}
