package saml_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	dsig "github.com/russellhaering/goxmldsig"
)

// inflated reads a message of the redirect binding as Entra would.
func inflated(t *testing.T, address, parameter string) (*etree.Element, url.Values) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(u.Query().Get(parameter))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return treeOf(t, text), u.Query()
}

func treeOf(t *testing.T, text []byte) *etree.Element {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(text); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return doc.Root()
}

// The request asks for nothing that makes Entra fail: see AADSTS75011, 75016,
// 7500529.
func TestNewAuthnRequest_byDefaultItAsksForLittle(t *testing.T) {
	e := expected()
	m, err := saml.NewAuthnRequest(e.SP, e.IdP, saml.RequestOptions{RelayState: "r1", Now: moment})
	if err != nil {
		t.Fatal(err)
	}
	root, query := inflated(t, m.URL, "SAMLRequest")
	if !strings.HasPrefix(m.URL, loginURL+"?SAMLRequest=") || query.Get("RelayState") != "r1" || m.Binding != saml.Redirect || m.Fields != nil {
		t.Errorf("got %+v", m)
	}
	if query.Has("Signature") || query.Has("login_hint") || query.Has("domain_hint") {
		t.Errorf("the query holds more than was asked for: %v", query)
	}
	for name, want := range map[string]string{
		"ID": m.ID, "Version": "2.0", "IssueInstant": "2026-11-22T09:00:00.000Z", "Destination": loginURL,
		"AssertionConsumerServiceURL": ourACS, "ProtocolBinding": string(saml.POST), "ForceAuthn": "", "IsPassive": "",
	} {
		if got := root.SelectAttrValue(name, ""); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if !regexp.MustCompile(`^id[0-9a-f]{40}$`).MatchString(m.ID) {
		t.Errorf("the ID is %q", m.ID)
	}
	if kids := root.ChildElements(); len(kids) != 1 || kids[0].Tag != "Issuer" || kids[0].Text() != ourID {
		t.Errorf("it holds %d parts", len(kids))
	}
}

func TestNewAuthnRequest_itAsksForWhatAnAdministratorSets(t *testing.T) {
	e := expected()
	e.SP.EntityID = `a<b>&"c`
	e.IdP.SSORedirect = loginURL + "?tenant=x"
	m, err := saml.NewAuthnRequest(e.SP, e.IdP, saml.RequestOptions{
		ForceAuthn: true, NameIDFormat: saml.FormatPersistent, AuthnContext: []string{"urn:a", "urn:b"},
		LoginHint: "ada+x@acme.example", DomainHint: "acme.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	root, query := inflated(t, m.URL, "SAMLRequest")
	if query.Get("tenant") != "x" || query.Get("login_hint") != "ada+x@acme.example" || query.Get("domain_hint") != "acme.example" {
		t.Errorf("the query is %v", query)
	}
	var tags []string
	for _, c := range root.ChildElements() {
		tags = append(tags, c.Tag)
	}
	if got := strings.Join(tags, " "); got != "Issuer NameIDPolicy RequestedAuthnContext" || root.SelectAttrValue("ForceAuthn", "") != "true" {
		t.Errorf("it holds %s", got)
	}
	if got := root.SelectElement("Issuer").Text(); got != e.SP.EntityID {
		t.Errorf("the issuer is %q", got)
	}
	if ctx := root.SelectElement("RequestedAuthnContext"); ctx.SelectAttrValue("Comparison", "") != "exact" || len(ctx.ChildElements()) != 2 {
		t.Error("the context is not exact, or not both")
	}
}

func TestNewAuthnRequest_itIsSignedAsEntraReadsIt(t *testing.T) {
	e := expected()
	e.SP.Signing = []*x509.Certificate{goodCert()}
	t.Run("in the query", func(t *testing.T) {
		m, err := saml.NewAuthnRequest(e.SP, e.IdP, saml.RequestOptions{Signer: rsaKey(), RelayState: "a b&c", LoginHint: "x"})
		if err != nil {
			t.Fatal(err)
		}
		_, query := inflated(t, m.URL, "SAMLRequest")
		raw := m.URL[strings.Index(m.URL, "?")+1:]
		octets, _, _ := strings.Cut(raw, "&Signature=")
		sum := sha256.Sum256([]byte(octets))
		signature, err := base64.StdEncoding.DecodeString(query.Get("Signature"))
		if err != nil {
			t.Fatal(err)
		}
		if err := rsa.VerifyPKCS1v15(&rsaKey().PublicKey, crypto.SHA256, sum[:], signature); err != nil {
			t.Errorf("%v over %s", err, octets)
		}
		if got := query.Get("SigAlg"); got != "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" || query.Get("login_hint") != "x" {
			t.Errorf("the query is %v", query)
		}
	})
	t.Run("in the message", func(t *testing.T) {
		m, err := saml.NewAuthnRequest(e.SP, e.IdP, saml.RequestOptions{Binding: saml.POST, Signer: rsaKey(), RelayState: "r", LoginHint: "x"})
		if err != nil {
			t.Fatal(err)
		}
		if m.URL != loginURL+"?login_hint=x" || len(m.Fields) != 2 || m.Fields[0].Name != "SAMLRequest" || m.Fields[1] != (saml.Field{Name: "RelayState", Value: "r"}) {
			t.Fatalf("got %+v", m)
		}
		raw, err := base64.StdEncoding.DecodeString(m.Fields[0].Value)
		if err != nil {
			t.Fatal(err)
		}
		v := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{goodCert()}})
		v.Clock = dsig.NewFakeClockAt(moment)
		if _, err := v.Validate(treeOf(t, raw)); err != nil {
			t.Errorf("another implementation refuses it: %v", err)
		}
	})
}

func TestNewAuthnRequest_itRefusesWhatCannotBeAsked(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*saml.Expect, *saml.RequestOptions)
		code  problem.Code
	}{
		"a long RelayState":     {func(_ *saml.Expect, o *saml.RequestOptions) { o.RelayState = strings.Repeat("x", 81) }, problem.SAMLRelayState},
		"no address":            {func(e *saml.Expect, _ *saml.RequestOptions) { e.IdP.SSORedirect = "" }, problem.SAMLNoEndpoint},
		"no address for POST":   {func(e *saml.Expect, o *saml.RequestOptions) { e.IdP.SSOPost, o.Binding = "", saml.POST }, problem.SAMLNoEndpoint},
		"another binding":       {func(_ *saml.Expect, o *saml.RequestOptions) { o.Binding = "artifact" }, problem.SAMLNoEndpoint},
		"no entity ID":          {func(e *saml.Expect, _ *saml.RequestOptions) { e.SP.EntityID = "" }, problem.SAMLNotSet},
		"again and not at all":  {func(_ *saml.Expect, o *saml.RequestOptions) { o.ForceAuthn, o.IsPassive = true, true }, problem.SAMLRequestRefused},
		"a format of its own":   {func(_ *saml.Expect, o *saml.RequestOptions) { o.NameIDFormat = "email" }, problem.SAMLRequestRefused},
		"a key that is too new": {func(_ *saml.Expect, o *saml.RequestOptions) { o.Signer = p256() }, problem.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			e, o := expected(), saml.RequestOptions{}
			c.spoil(&e, &o)
			m, err := saml.NewAuthnRequest(e.SP, e.IdP, o)
			if code, _ := problem.Of(err); code != c.code || m != nil {
				t.Errorf("got %+v and %v, want %s", m, err, c.code)
			}
		})
	}
}

// Row B1: what the identity provider's administrator is given.
//
// req: B1
func TestMetadataXML_itDescribesTheWorkspace(t *testing.T) {
	sp := saml.ServiceProvider{
		EntityID: `BTIQ & "more"`, ACS: ourACS, SLO: ourSLO, SignsRequests: true,
		Signing: []*x509.Certificate{goodCert()}, Encryption: []*x509.Certificate{certFor(rsaAlt(), -day, year), goodCert()},
	}
	raw, err := sp.MetadataXML()
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(raw, new(struct{ XMLName xml.Name })); err != nil {
		t.Fatal(err)
	}
	root := treeOf(t, raw)
	role := root.SelectElement("SPSSODescriptor")
	if root.SelectAttrValue("entityID", "") != sp.EntityID || role.SelectAttrValue("AuthnRequestsSigned", "") != "true" || role.SelectAttrValue("WantAssertionsSigned", "") != "true" {
		t.Errorf("got %s", raw)
	}
	var order []string
	for _, c := range role.ChildElements() {
		order = append(order, c.Tag+c.SelectAttrValue("use", ""))
	}
	want := "KeyDescriptorsigning KeyDescriptorencryption KeyDescriptorencryption SingleLogoutService SingleLogoutService NameIDFormat NameIDFormat NameIDFormat AssertionConsumerService"
	if got := strings.Join(order, " "); got != want {
		t.Errorf("the order is %s\nwant         %s", got, want)
	}
	acs := role.SelectElement("AssertionConsumerService")
	if acs.SelectAttrValue("Location", "") != ourACS || acs.SelectAttrValue("Binding", "") != string(saml.POST) || acs.SelectAttrValue("index", "") != "0" {
		t.Error("the reply URL is not as it should be")
	}
	t.Run("the least of it", func(t *testing.T) {
		raw, err := saml.ServiceProvider{EntityID: ourID, ACS: ourACS}.MetadataXML()
		if err != nil || bytes.Contains(raw, []byte("KeyDescriptor")) || bytes.Contains(raw, []byte("Logout")) {
			t.Errorf("got %s, %v", raw, err)
		}
	})
	for _, id := range []string{"", " x", "a\nb", strings.Repeat("x", 1025)} {
		if _, err := (saml.ServiceProvider{EntityID: id, ACS: ourACS}).MetadataXML(); err == nil {
			t.Errorf("the entity ID %q is accepted", id)
		}
	}
}
