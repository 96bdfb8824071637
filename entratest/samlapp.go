package entratest

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"slices"
)

// SAMLOptions is the page "Single sign-on" (SAML) of an enterprise application,
// with the names that the portal gives its fields. Without an Identifier and a
// Reply URL nobody can be signed in.
type SAMLOptions struct {
	// Identifiers are the Entity IDs of the app, exactly as requests name them.
	// The first is the default. One that is no URI comes back as the audience
	// with the prefix "spn:".
	Identifiers []string
	// ReplyURLs are the Assertion Consumer Service URLs: https, or http on
	// loopback. The first is the default.
	ReplyURLs []string
	// SignOnURL makes the My Apps tile start at the app ("SP-first").
	SignOnURL string
	// RelayState is sent with an unsolicited response, as it is.
	RelayState string
	// LogoutURL receives LogoutRequest and LogoutResponse (Redirect binding).
	LogoutURL string
	// Signing is which of the two elements is signed.
	Signing SigningOption
	// SHA1 is the signing algorithm SHA-1 in place of SHA-256.
	SHA1 bool
	// NameID is "Unique User Identifier".
	NameID NameIDOptions
	// Claims are added to the default ones; one with the full name of a
	// default claim takes its place.
	Claims []SAMLClaim
	// WithoutDefaultClaims removes the four claims that an administrator may
	// remove: givenname, surname, emailaddress and name.
	WithoutDefaultClaims bool
	// NameFormats is "Include attribute name format".
	NameFormats bool
	// GroupsAsRoles emits the groups as role claims in place of app roles.
	GroupsAsRoles bool
	// AppendAppID is "Append application ID to issuer".
	AppendAppID bool
	// Audience is "Override audience claim".
	Audience string
	// Encryption is the page "Token encryption".
	Encryption EncryptionOptions
	// VerificationCertificates (PEM or DER) make signed requests required
	// (AADSTS76021). Unsolicited sign-in stops working.
	VerificationCertificates [][]byte
	// AllowSHA1Requests accepts RSA-SHA1 in signed requests.
	AllowSHA1Requests bool
	// Refuse answers every sign-in with a SAML Status of this AADSTS number.
	Refuse int
	// Style writes messages as another identity provider does, for the
	// generic connection. Issuer is its entity ID; by default made of the
	// tenant's domain.
	Style  SAMLStyle
	Issuer string
}

// SigningOption is what is signed.
type SigningOption string

// The signing options; Entra's default is the first.
const (
	SignAssertion            SigningOption = ""
	SignResponse             SigningOption = "Sign SAML response"
	SignResponseAndAssertion SigningOption = "Sign SAML response and assertion"
)

// NameIDOptions are the source and the format of the NameID.
type NameIDOptions struct {
	Source string // default user.userprincipalname
	Format string // a SAML format URN, default emailAddress; persistent is pairwise
}

// SAMLClaim is one claim under "Attributes & Claims".
type SAMLClaim struct {
	// Name and, where there is one, Namespace: the attribute's name is
	// Namespace/Name.
	Name, Namespace string
	// Source is an attribute such as user.mail, user.employeeid,
	// user.department; see [SAMLSources].
	Source string
	// Constant is sent as it is when Source is empty, with quotes if somebody
	// typed them.
	Constant string
}

// FullName is the attribute's name.
func (c SAMLClaim) FullName() string {
	if c.Namespace == "" {
		return c.Name
	}
	return c.Namespace + "/" + c.Name
}

// EncryptionOptions say how assertions are encrypted.
type EncryptionOptions struct {
	// Certificate (PEM or DER, RSA) is the active one; nil means no encryption.
	Certificate []byte
	// Data is the algorithm for the assertion. Entra's is the default.
	Data DataEncryption
	// OAEPSHA256 uses SHA-256 as the digest of RSA-OAEP in place of SHA-1
	// (the mask generation function stays MGF1 with SHA-1).
	OAEPSHA256 bool
}

// DataEncryption is an algorithm of XML Encryption 1.1.
type DataEncryption string

// The algorithms for assertions.
const (
	AES256CBC DataEncryption = ""
	AES128CBC DataEncryption = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
	AES256GCM DataEncryption = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	AES128GCM DataEncryption = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
)

// SAMLStyle is whose handwriting a message is in.
type SAMLStyle string

// The styles. All but Entra's send attributes under names of their own.
const (
	StyleEntra    SAMLStyle = ""
	StyleADFS     SAMLStyle = "adfs"
	StyleKeycloak SAMLStyle = "keycloak"
	StyleOkta     SAMLStyle = "okta"
)

// samlApp is what core keeps of an app's SAML set-up; core.mu guards it.
type samlApp struct {
	SAMLOptions
	certs  []*samlCert
	verify []*x509.Certificate
	crypt  *x509.Certificate
}

// SetSAML saves the single sign-on page of an app. The first time makes a
// signing certificate as well, as Entra does. It says why Entra would refuse:
// an Identifier that another app of the tenant has, a Reply URL that is not
// https.
func (t *Tenant) SetSAML(a *App, o SAMLOptions) error {
	next := &samlApp{SAMLOptions: o.clone()}
	if err := next.complete(); err != nil {
		return err
	}
	c := t.core
	var first []*samlCert
	if _, ok := t.SAML(a); !ok { // made before the lock is taken: it takes a while
		k, err := newSAMLCert(c.pool.key, CertificateOptions{}, c.now())
		if err != nil {
			return err
		}
		k.active, first = true, []*samlCert{k}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	own := t.state()
	r := own.app(a.ClientID)
	if r == nil {
		return fmt.Errorf("app %s: %w", a.ClientID, ErrNotFound)
	}
	for _, id := range next.Identifiers {
		if other := own.appByEntityID(id); other != nil && other != r {
			return fmt.Errorf("entratest: the Identifier %q is used by %s in this tenant already", id, other.Name)
		}
	}
	next.certs = first
	if r.saml != nil {
		next.certs = r.saml.certs
	}
	r.saml = next
	return nil
}

// SAML returns the single sign-on page of an app; ok is false where there is none.
func (t *Tenant) SAML(a *App) (o SAMLOptions, ok bool) {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	r := t.state().app(a.ClientID)
	if r == nil || r.saml == nil {
		return SAMLOptions{}, false
	}
	return r.saml.clone(), true
}

// UpdateSAML changes the single sign-on page of an app that has one.
func (t *Tenant) UpdateSAML(a *App, change func(*SAMLOptions)) error {
	o, ok := t.SAML(a)
	if !ok {
		return fmt.Errorf("SAML set-up of app %s: %w", a.ClientID, ErrNotFound)
	}
	change(&o)
	return t.SetSAML(a, o)
}

func (o SAMLOptions) clone() SAMLOptions {
	o.Identifiers, o.ReplyURLs = slices.Clone(o.Identifiers), slices.Clone(o.ReplyURLs)
	o.Claims, o.VerificationCertificates = slices.Clone(o.Claims), slices.Clone(o.VerificationCertificates)
	return o
}

// complete checks the options and fills in the defaults.
func (s *samlApp) complete() error {
	for _, id := range s.Identifiers {
		if id == "" || len(id) > 1024 {
			return fmt.Errorf("entratest: %q is not an Identifier", id)
		}
	}
	for _, name := range append(slices.Clone(s.ReplyURLs), s.LogoutURL, s.SignOnURL) {
		if name == "" {
			continue
		}
		if u, err := url.Parse(name); err != nil || u.Host == "" || (u.Scheme != "https" && (u.Scheme != "http" || !loopbackHost(u.Hostname()))) {
			return fmt.Errorf("entratest: Entra does not take %q: it must be https, or http on loopback", name)
		}
	}
	if s.NameID.Source == "" {
		s.NameID.Source = "user.userprincipalname"
	}
	if s.NameID.Format == "" {
		s.NameID.Format = formatEmail
	}
	for _, source := range append(sourcesOf(s.Claims), s.NameID.Source) {
		if _, ok := samlSources[source]; !ok {
			return fmt.Errorf("entratest: there is no source attribute %q", source)
		}
	}
	var err error
	for _, raw := range s.VerificationCertificates {
		cert, certErr := readCertificate(raw)
		s.verify, err = append(s.verify, cert), errors.Join(err, certErr)
	}
	if s.Encryption.Certificate != nil {
		var certErr error
		s.crypt, certErr = readCertificate(s.Encryption.Certificate)
		err = errors.Join(err, certErr)
	}
	return err
}

// readCertificate reads one uploaded certificate, PEM or DER.
func readCertificate(raw []byte) (*x509.Certificate, error) {
	if block, _ := pem.Decode(raw); block != nil {
		raw = block.Bytes
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, fmt.Errorf("entratest: the uploaded certificate: %w", err)
	}
	return cert, nil
}

// appByEntityID finds an app by one of its Identifiers; core.mu is held.
func (t *tenant) appByEntityID(id string) *registration {
	for _, r := range t.apps {
		if r.saml != nil && slices.Contains(r.saml.Identifiers, id) {
			return r
		}
	}
	return nil
}

// SAMLIssuer is the "Microsoft Entra Identifier": https://sts.windows.net/<tenant id>/.
func (t *Tenant) SAMLIssuer() string { return "https://sts.windows.net/" + t.ID + "/" }

// SAMLLoginURL is the "Login URL" and "Logout URL" for a browser on this
// machine, as the federation metadata names it: http://localhost:PORT/<tenant id>/saml2.
// With [Options].MicrosoftAddresses it is at login.microsoftonline.com.
func (t *Tenant) SAMLLoginURL() string { return t.core.samlBase(t.Host) + "/" + t.ID + "/saml2" }

// samlBase is where the metadata says that Entra is.
func (c *core) samlBase(host string) string {
	if c.opt.MicrosoftAddresses {
		return "https://" + host
	}
	return c.browserURL
}

const metadataPath = "/federationmetadata/2007-06/federationmetadata.xml"

// FederationMetadataURL is the "App Federation Metadata Url" at Microsoft's
// host, to be fetched through the proxy or with [Entra.HTTPClient]. A nil app
// gives that of the whole tenant, whose keys sign no app's assertions.
func (t *Tenant) FederationMetadataURL(a *App) string {
	return t.Authority() + metadataPath + appidQuery(a)
}

// LoopbackMetadataURL is the same document at http://localhost:PORT, for a
// program without the proxy.
func (t *Tenant) LoopbackMetadataURL(a *App) string {
	return t.core.browserURL + "/" + t.ID + metadataPath + appidQuery(a)
}

func appidQuery(a *App) string {
	if a == nil {
		return ""
	}
	return "?appid=" + a.ClientID
}

// UserAccessURL is the "User access URL" at Microsoft's host.
func (t *Tenant) UserAccessURL(a *App) string {
	return "https://" + launcherHost + launchPath(t, a)
}

// LaunchURL is the user access URL for a browser on this machine: what a
// click on the tile in My Apps opens.
func (t *Tenant) LaunchURL(a *App) string { return t.core.browserURL + launchPath(t, a) }

// PortalTestURL is the button "Test this application" of the portal: an
// unsolicited response even where the app has a Sign on URL.
func (t *Tenant) PortalTestURL(a *App) string { return t.LaunchURL(a) + "&test=1" }

const launcherHost = "launcher.myapps.microsoft.com"

func launchPath(t *Tenant, a *App) string {
	return "/api/signin/" + a.ClientID + "?tenantId=" + t.ID
}
