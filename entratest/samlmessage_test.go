package entratest_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"

	"github.com/lanyard-sso/lanyard/entratest"
)

const samlSP = "https://lanyard.example/w/acme/saml"

// samlRig is a rig whose app has a single sign-on page.
func samlRig(t *testing.T, o entratest.SAMLOptions, opts ...entratest.Options) *rig {
	t.Helper()
	r := newRig(t, opts...)
	if o.Identifiers == nil {
		o.Identifiers = []string{samlSP + "/metadata"}
	}
	if o.ReplyURLs == nil {
		o.ReplyURLs = []string{samlSP + "/acs"}
	}
	if err := r.tenant.SetSAML(r.app, o); err != nil {
		t.Fatal(err)
	}
	return r
}

// xmlsec checks the signature inside of the element of that name with the
// app's certificates.
func xmlsec(t *testing.T, r *rig, doc []byte, element string) {
	t.Helper()
	dir := t.TempDir()
	file, pem := filepath.Join(dir, "response.xml"), filepath.Join(dir, "cert.pem")
	if err := os.WriteFile(file, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(pem, r.tenant.SigningCertificate(r.app).PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "xmlsec1", "--verify", "--enabled-reference-uris", "same-doc",
		"--id-attr:ID", "Response", "--id-attr:ID", "Assertion", "--pubkey-cert-pem", pem,
		"--node-xpath", "//*[local-name()='"+element+"']/*[local-name()='Signature']", file).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("OK")) {
		t.Fatalf("xmlsec1: %v\n%s\n%s", err, out, doc)
	}
}

// goxmldsig checks that the library finds the same signatures good.
func goxmldsig(t *testing.T, r *rig, raw []byte, signing entratest.SigningOption) {
	t.Helper()
	block, _ := pem.Decode(r.tenant.SigningCertificate(r.app).PEM)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(raw); err != nil {
		t.Fatal(err)
	}
	check := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
	if signing != entratest.SignAssertion {
		if _, err := check.Validate(doc.Root()); err != nil {
			t.Errorf("goxmldsig on the response: %v", err)
		}
	}
	if signing != entratest.SignResponse {
		assertion, err := etreeutils.NSFindOne(doc.Root(), "urn:oasis:names:tc:SAML:2.0:assertion", "Assertion")
		if err != nil || assertion == nil {
			t.Fatalf("no assertion: %v", err)
		}
		ctx, err := etreeutils.NSBuildParentContext(assertion)
		if err != nil {
			t.Fatal(err)
		}
		detached, err := etreeutils.NSDetatch(ctx, assertion)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := check.Validate(detached); err != nil {
			t.Errorf("goxmldsig on the assertion: %v", err)
		}
	}
}

func TestSAMLResponse_itVerifiesWithXmlsec1(t *testing.T) {
	r := samlRig(t, entratest.SAMLOptions{})
	for _, style := range []entratest.SAMLStyle{entratest.StyleEntra, entratest.StyleADFS, entratest.StyleKeycloak, entratest.StyleOkta} {
		for _, signing := range []entratest.SigningOption{entratest.SignAssertion, entratest.SignResponse, entratest.SignResponseAndAssertion} {
			t.Run(string(style)+" "+string(signing), func(t *testing.T) {
				r.t = t
				if err := r.tenant.UpdateSAML(r.app, func(o *entratest.SAMLOptions) { o.Style, o.Signing = style, signing }); err != nil {
					t.Fatal(err)
				}
				raw, err := r.tenant.SAMLResponse(r.app, r.ada, entratest.ResponseOptions{InResponseTo: "_abc"})
				if err != nil {
					t.Fatal(err)
				}
				goxmldsig(t, r, raw, signing)
				if signing != entratest.SignResponse {
					xmlsec(t, r, raw, "Assertion")
				}
				if signing != entratest.SignAssertion {
					xmlsec(t, r, raw, "Response")
				}
			})
		}
	}
}

// req: B19
func TestSAMLResponse_itIsEncryptedForTheProvider(t *testing.T) {
	key, cert, file := spKey(t)
	r := samlRig(t, entratest.SAMLOptions{})
	for _, data := range []entratest.DataEncryption{entratest.AES256CBC, entratest.AES128CBC, entratest.AES256GCM, entratest.AES128GCM} {
		for _, sha256 := range []bool{false, true} {
			for _, style := range []entratest.SAMLStyle{entratest.StyleEntra, entratest.StyleKeycloak} {
				if err := r.tenant.UpdateSAML(r.app, func(o *entratest.SAMLOptions) {
					o.Style, o.Encryption = style, entratest.EncryptionOptions{Certificate: cert, Data: data, OAEPSHA256: sha256}
				}); err != nil {
					t.Fatal(err)
				}
				raw, err := r.tenant.SAMLResponse(r.app, r.ada, entratest.ResponseOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if bytes.Contains(raw, []byte("Lovelace")) || !bytes.Contains(raw, []byte("EncryptedAssertion")) {
					t.Fatalf("not encrypted: %s", raw)
				}
				if sha256 { // xmlsec1 1.2 knows SHA-1 only
					unwraps(t, raw, key)
					continue
				}
				in := filepath.Join(t.TempDir(), "in.xml")
				if err := os.WriteFile(in, raw, 0o600); err != nil {
					t.Fatal(err)
				}
				var words bytes.Buffer
				decrypt := exec.CommandContext(t.Context(), "xmlsec1", "--decrypt", "--privkey-pem", file, in)
				decrypt.Stderr = &words
				out, err := decrypt.Output()
				if err != nil {
					t.Fatalf("xmlsec1 can't decrypt %q, SHA-256 %v, %q: %v\n%s", data, sha256, style, err, words.Bytes())
				}
				if m := readMessage(t, out); m.XMLName.Local != "Response" || !bytes.Contains(out, []byte("ada@acme.example")) {
					t.Errorf("decrypted: %s", out)
				}
				xmlsec(t, r, bytes.ReplaceAll(bytes.ReplaceAll(out, []byte(`<EncryptedAssertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion">`), nil), []byte("</EncryptedAssertion>"), nil), "Assertion")
			}
		}
	}
}

// unwraps checks that the key that encrypts the assertion is wrapped by
// RSA-OAEP with SHA-256, and MGF1 with SHA-1.
func unwraps(t *testing.T, raw []byte, key *rsa.PrivateKey) {
	t.Helper()
	var doc struct {
		Wrapped string `xml:"EncryptedAssertion>EncryptedData>KeyInfo>EncryptedKey>CipherData>CipherValue"`
	}
	if err := xml.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	wrapped, err := base64.StdEncoding.DecodeString(doc.Wrapped)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := key.Decrypt(nil, wrapped, &rsa.OAEPOptions{Hash: crypto.SHA256, MGFHash: crypto.SHA1})
	if err != nil || (len(plain) != 16 && len(plain) != 32) {
		t.Errorf("a key of %d bytes: %v", len(plain), err)
	}
}

func TestSAMLResponse_itSaysWhatATestMakesItSay(t *testing.T) {
	r := samlRig(t, entratest.SAMLOptions{})
	raw, err := r.tenant.SAMLResponse(r.app, r.ada, entratest.ResponseOptions{
		InResponseTo: "_1", ReplyURL: "https://other.example/acs", Identifier: "BTIQ",
		Change: func(m *entratest.SAMLMessage) { m.AssertionIssuer, m.NameID = "https://evil.example", "<&>\"\r\n\t" },
	})
	if err != nil {
		t.Fatal(err)
	}
	m := readMessage(t, raw)
	if m.Assertion.Issuer != "https://evil.example" || m.Assertion.NameID.Value != "<&>\"\r\n\t" || m.Destination != "https://other.example/acs" || m.Assertion.Conditions.Audience != "spn:BTIQ" {
		t.Errorf("%+v", m)
	}
	xmlsec(t, r, raw, "Assertion")
}

func TestSAMLResponse_itCanBeSignedWithSHA1(t *testing.T) {
	r := samlRig(t, entratest.SAMLOptions{SHA1: true, Signing: entratest.SignResponseAndAssertion})
	raw, err := r.tenant.SAMLResponse(r.app, r.ada, entratest.ResponseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(raw, []byte("http://www.w3.org/2000/09/xmldsig#rsa-sha1")); n != 2 {
		t.Errorf("%d signatures with SHA-1", n)
	}
	xmlsec(t, r, raw, "Response")
}

// req: B2
// req: B5
// req: B7
// req: B8
func TestSAMLResponse_itHasTheClaimsThatWereConfigured(t *testing.T) {
	const (
		ws = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
		id = "http://schemas.microsoft.com/identity/claims/"
	)
	r := samlRig(t, entratest.SAMLOptions{})
	get := func(u *entratest.User, change func(*entratest.SAMLOptions)) message {
		t.Helper()
		if err := r.tenant.SetSAML(r.app, with(entratest.SAMLOptions{Identifiers: []string{"BTIQ"}, ReplyURLs: []string{samlSP + "/acs"}}, change)); err != nil {
			t.Fatal(err)
		}
		raw, err := r.tenant.SAMLResponse(r.app, u, entratest.ResponseOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return readMessage(t, raw)
	}
	none := func(*entratest.SAMLOptions) {}
	m := get(r.ada, none)
	var list []string
	for _, a := range m.Assertion.Attributes {
		list = append(list, a.Name+"="+strings.Join(a.Values, "|"))
	}
	want := []string{
		id + "tenantid=" + r.tenant.ID, id + "objectidentifier=" + r.ada.ObjectID, id + "displayname=Ada Lovelace",
		id + "identityprovider=https://sts.windows.net/" + r.tenant.ID + "/",
		"http://schemas.microsoft.com/claims/authnmethodsreferences=http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password",
		ws + "givenname=Ada", ws + "surname=Lovelace", ws + "emailaddress=ada@acme.example", ws + "name=ada@acme.example",
	}
	if !slices.Equal(list, want) {
		t.Errorf("the default claims:\n%s\nwant\n%s", strings.Join(list, "\n"), strings.Join(want, "\n"))
	}
	if n := m.Assertion.NameID; n.Value != "ada@acme.example" || !strings.HasSuffix(n.Format, ":emailAddress") || m.Assertion.Conditions.Audience != "spn:BTIQ" {
		t.Errorf("NameID %+v for %q", n, m.Assertion.Conditions.Audience)
	}
	m = get(r.ada, func(o *entratest.SAMLOptions) {
		o.Claims = []entratest.SAMLClaim{
			{Name: "CoNm", Constant: `"4711"`},
			{Name: "dept", Namespace: "https://acme.example/claims", Source: "user.department"},
			{Name: "emailaddress", Namespace: strings.TrimSuffix(ws, "/"), Source: "user.userprincipalname"},
			{Name: "empty", Source: "user.employeeid"},
		}
		o.WithoutDefaultClaims, o.NameFormats, o.AppendAppID, o.Audience = true, true, true, "urn:other"
		o.NameID.Source = "user.objectid"
	})
	if !slices.Equal(m.values("CoNm"), []string{`"4711"`}) || !slices.Equal(m.values("https://acme.example/claims/dept"), []string{"Engines"}) ||
		!slices.Equal(m.values(ws+"emailaddress"), []string{"ada@acme.example"}) || m.values(ws+"givenname") != nil || m.values("empty") != nil {
		t.Errorf("custom claims: %+v", m.Assertion.Attributes)
	}
	if m.Assertion.NameID.Value != r.ada.ObjectID || m.Issuer != r.tenant.SAMLIssuer()+r.app.ClientID+"/" || m.Assertion.Conditions.Audience != "urn:other" {
		t.Errorf("options: %+v", m)
	}
	for _, a := range m.Assertion.Attributes {
		if a.NameFormat == "" || (a.Name == "CoNm") != strings.HasSuffix(a.NameFormat, ":basic") {
			t.Errorf("%s has the format %q", a.Name, a.NameFormat)
		}
	}
	guest := r.tenant.AddUser(entratest.User{Guest: true, Mail: "eve@other.example"})
	if m := get(guest, none); !strings.Contains(m.Assertion.NameID.Value, "#EXT#") || m.values(id + "identityprovider")[0] == r.tenant.SAMLIssuer() {
		t.Errorf("a guest: %+v", m.Assertion)
	}
	nobody := r.tenant.AddUser(entratest.User{UserPrincipalName: "plain@acme.example"})
	if m := get(nobody, none); m.values(ws+"emailaddress") != nil || m.values(ws+"givenname") != nil {
		t.Errorf("somebody without an address: %+v", m.Assertion.Attributes)
	}
	first := get(r.ada, func(o *entratest.SAMLOptions) { o.NameID.Format = persistent }).Assertion.NameID
	if again := get(r.ada, func(o *entratest.SAMLOptions) { o.NameID.Format = persistent }).Assertion.NameID; first != again || strings.Contains(first.Value, "@") || first.Format != persistent {
		t.Errorf("persistent: %+v, then %+v", first, again)
	}
	if err := r.tenant.SetSAML(r.app, entratest.SAMLOptions{Claims: []entratest.SAMLClaim{{Name: "x", Source: "user.shoesize"}}}); err == nil {
		t.Error("an unknown source was taken")
	}
}

const persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"

func with(o entratest.SAMLOptions, change func(*entratest.SAMLOptions)) entratest.SAMLOptions {
	change(&o)
	return o
}

func TestSAMLResponse_itSendsALinkAboveAHundredAndFiftyGroups(t *testing.T) {
	const groups, link = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", "http://schemas.microsoft.com/claims/groups.link"
	const role = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
	r := samlRig(t, entratest.SAMLOptions{})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	get := func() message {
		t.Helper()
		raw, err := r.tenant.SAMLResponse(r.app, r.ada, entratest.ResponseOptions{})
		must(err)
		return readMessage(t, raw)
	}
	must(r.tenant.Assign(r.app, r.ada, "Admin", "Reader"))
	var first *entratest.Group
	for i := range 150 {
		g := r.tenant.AddGroup(entratest.Group{DisplayName: fmt.Sprint("Group ", i), Members: []string{r.ada.ObjectID}})
		if first == nil {
			first = g
		}
	}
	if m := get(); m.values(groups) != nil || !slices.Equal(m.values(role), []string{"Admin", "Reader"}) {
		t.Errorf("groups without being asked for, or roles %v", m.values(role))
	}
	must(r.tenant.UpdateApp(r.app, func(a *entratest.App) { a.GroupClaims = entratest.SecurityGroups }))
	if m := get(); len(m.values(groups)) != 150 || m.values(link) != nil {
		t.Errorf("%d groups", len(m.values(groups)))
	}
	r.tenant.AddGroup(entratest.Group{DisplayName: "One more", Members: []string{r.ada.ObjectID}})
	if m := get(); m.values(groups) != nil || len(m.values(link)) != 1 {
		t.Errorf("above the limit: %d groups, link %v", len(m.values(groups)), m.values(link))
	}
	must(r.tenant.UpdateApp(r.app, func(a *entratest.App) { a.GroupClaims = entratest.AssignedGroups }))
	must(r.tenant.AssignGroup(r.app, first, "Reader"))
	must(r.tenant.UpdateSAML(r.app, func(o *entratest.SAMLOptions) { o.GroupsAsRoles = true }))
	if m := get(); !slices.Equal(m.values(role), []string{first.ObjectID}) || m.values(groups) != nil {
		t.Errorf("groups as roles: %v", m.values(role))
	}
}

// req: B18
func TestSAMLCertificates_theySignAsThePortalSays(t *testing.T) {
	r := samlRig(t, entratest.SAMLOptions{})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	signs := func(want string) {
		t.Helper()
		got := r.tenant.SigningCertificate(r.app)
		if got.Thumbprint != want {
			t.Fatalf("%s signs, want %s", got.Thumbprint, want)
		}
		raw, err := r.tenant.SAMLResponse(r.app, r.ada, entratest.ResponseOptions{})
		must(err)
		xmlsec(t, r, raw, "Assertion")
	}
	first := r.tenant.SigningCertificate(r.app)
	if life := first.NotAfter.Sub(first.NotBefore); life < 3*365*24*time.Hour || !first.Active {
		t.Errorf("the first certificate lives %v", life)
	}
	second, err := r.tenant.AddCertificate(r.app, entratest.CertificateOptions{Lifetime: 4 * 365 * 24 * time.Hour})
	must(err)
	signs(first.Thumbprint)
	r.e.Advance(first.NotAfter.Sub(r.e.Now()) + time.Second) // the valid one takes over by itself
	signs(second.Thumbprint)
	must(r.tenant.RemoveCertificate(r.app, second.Thumbprint))
	signs(first.Thumbprint) // expired, but there is no other
	third, err := r.tenant.RollCertificate(r.app)
	must(err)
	signs(third.Thumbprint)
	old, err := r.tenant.AddCertificate(r.app, entratest.CertificateOptions{Lifetime: -time.Hour})
	must(err)
	must(r.tenant.ActivateCertificate(r.app, old.Thumbprint))
	signs(third.Thumbprint)
	must(r.tenant.RemoveCertificate(r.app, third.Thumbprint))
	signs(old.Thumbprint)
	if !r.tenant.SigningCertificate(r.app).NotAfter.Before(r.e.Now()) {
		t.Error("the certificate that signs has not expired")
	}
	for _, err := range []error{r.tenant.ActivateCertificate(r.app, "00"), r.tenant.RemoveCertificate(r.app, "00")} {
		if !errors.Is(err, entratest.ErrNotFound) {
			t.Errorf("a certificate that is not there: %v", err)
		}
	}
}

// req: B3
func TestSetSAML_itRefusesWhatEntraRefuses(t *testing.T) {
	r := samlRig(t, entratest.SAMLOptions{})
	other := r.tenant.AddApp(entratest.App{Name: "Other"})
	for name, o := range map[string]entratest.SAMLOptions{
		"an Identifier that is taken":           {Identifiers: []string{samlSP + "/metadata"}},
		"a Reply URL over http":                 {ReplyURLs: []string{"http://lanyard.example/acs"}},
		"a Logout URL without a host":           {LogoutURL: "/slo"},
		"an empty Identifier":                   {Identifiers: []string{""}},
		"an encryption certificate that isn't":  {Encryption: entratest.EncryptionOptions{Certificate: []byte("no")}},
		"a verification certificate that isn't": {VerificationCertificates: [][]byte{[]byte("no")}},
	} {
		if err := r.tenant.SetSAML(other, o); err == nil {
			t.Errorf("it took %s", name)
		}
	}
	if _, ok := r.tenant.SAML(other); ok {
		t.Error("a refused page was saved")
	}
	if err := r.tenant.UpdateSAML(other, func(*entratest.SAMLOptions) {}); !errors.Is(err, entratest.ErrNotFound) {
		t.Errorf("an app without the page: %v", err)
	}
}
