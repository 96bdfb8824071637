package explain_test

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/explain"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/saml/hostile"
)

const tenant = "0f4c2f8e-6a0a-4f54-9d62-0c5a1c2b7d10"

// stage is the world of the documents, and the key that opens them.
type stage struct {
	hostile.World
	key *rsa.PrivateKey
}

var theStage = sync.OnceValues(func() (stage, error) {
	now := time.Now()
	keys, err := hostile.NewKeys(now)
	if err != nil {
		return stage{}, err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	return stage{hostile.World{
		EntityID: "https://sso.example/w/acme/saml/metadata", ACS: "https://sso.example/w/acme/saml/acs",
		Issuer: "https://sts.windows.net/" + tenant + "/", Tenant: tenant, Keys: keys, Now: now, Person: hostile.Ada(), Recipient: &key.PublicKey,
	}, key}, err
})

func newStage(t testing.TB) stage {
	t.Helper()
	s, err := theStage()
	if err != nil {
		t.Fatal(err)
	}
	s.World = s.Fresh("_4a6f0f0e8d3b4c5c9a57d2b1c0e9f8a7")
	return s
}

func (s stage) expect(k hostile.Setup) *saml.Expect {
	e := saml.Expect{
		SP:  saml.ServiceProvider{EntityID: s.EntityID, ACS: s.ACS, SLO: s.ACS + "/slo"},
		IdP: saml.IdentityProvider{EntityID: s.Issuer, TenantID: s.Tenant, Certificates: s.Keys.Pinned()}, DecryptionKeys: []*rsa.PrivateKey{s.key},
	}
	if k.EntityID != "" {
		e.SP.EntityID = k.EntityID
	}
	for name, value := range k.RequiredClaims {
		e.RequiredClaims = append(e.RequiredClaims, saml.RequiredClaim{Name: name, Equals: value})
	}
	return &e
}

// benign is the document of that name, or the first.
func benign(t testing.TB, s stage, name string) []byte {
	t.Helper()
	for _, k := range hostile.Benign() {
		if !k.Encoded && (name == "" || strings.Contains(k.Name, name)) && k.Setup.EntityID == "" {
			return k.Make(s.World)
		}
	}
	t.Fatalf("no benign document of the name %q", name)
	return nil
}

// field is a document as a form brings it.
func field(k hostile.Case, s stage) string {
	doc := k.Make(s.World)
	if k.Encoded {
		return string(doc)
	}
	return base64.StdEncoding.EncodeToString(doc)
}

func said(e explain.Explanation) string { return strings.Join(e.Notes, "\n") }

func fact(e explain.Explanation, name string) string {
	for _, f := range e.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

func failed(e explain.Explanation) (names []string) {
	for _, c := range e.Checks {
		if !c.OK && !c.Skipped && !c.Advice {
			names = append(names, c.Name)
		}
	}
	return names
}

// What a workspace refuses, the explanation calls refused, and why; what it
// accepts, good.
func TestExplain_itSaysOfEveryDocumentWhatTheWorkspaceSays(t *testing.T) {
	s := newStage(t)
	for _, k := range hostile.Hostile() {
		doc := field(k, s)
		if strings.HasPrefix(doc, "<") {
			continue // wrong in a form, but a good thing to paste
		}
		e := explain.Explain([]byte(doc), explain.Options{Now: s.Now, Expect: s.expect(k.Setup)})
		if e.Verified || len(e.Notes) == 0 || e.OK && e.Kind == explain.KindResponse {
			t.Errorf("hostile, %s: %+v", k.Name, e)
		}
	}
	for _, k := range hostile.Benign() {
		o := explain.Options{Now: s.Now, Expect: s.expect(k.Setup)}
		if e := explain.Explain([]byte(field(k, s)), o); e.Kind != explain.KindResponse || !e.OK || !e.Verified || len(failed(e)) > 0 {
			t.Errorf("benign, %s: %s, failed %q, says %s", k.Name, e.Kind, failed(e), said(e))
		}
	}
}

// However a response was copied, it is the same response.
func TestExplain_itTakesWrappingsOff(t *testing.T) {
	s := newStage(t)
	doc := benign(t, s, "")
	b64 := base64.StdEncoding.EncodeToString(doc)
	var wrapped strings.Builder
	for rest := b64; rest != ""; {
		n := min(76, len(rest))
		wrapped.WriteString(rest[:n] + "\r\n")
		rest = rest[n:]
	}
	form := url.Values{"SAMLResponse": {b64}, "RelayState": {"r"}}.Encode()
	for name, text := range map[string]string{
		"XML": string(doc), "with a BOM": "\xef\xbb\xbf" + string(doc), "base64": b64, "wrapped base64": wrapped.String(),
		"URL-safe base64":        base64.RawURLEncoding.EncodeToString(doc),
		"escaped base64":         url.QueryEscape(b64),
		"a form's body":          form,
		"a form field":           "SAMLResponse=" + url.QueryEscape(b64),
		"the page of Entra":      `<html><body><form method="POST" action="https://sso.example/"><input type="hidden" name="SAMLResponse" value="` + b64 + `" /></form></body></html>`,
		"an address":             "https://sso.example/w/acme/saml/acs?" + form,
		"base64 and spaces":      "  \n" + b64 + "\n\n",
		"what the tools display": "SAMLResponse: " + b64,
	} {
		e := explain.Explain([]byte(text), explain.Options{Now: s.Now, Expect: s.expect(hostile.Setup{})})
		if e.Kind != explain.KindResponse || !e.OK || !e.Verified || fact(e, "audience") != s.EntityID {
			t.Errorf("%s: %s, ok %v, %q, %s", name, e.Kind, e.OK, failed(e), said(e))
		}
	}
}

// Without keys it says what can be said, and which checks prove nothing.
func TestExplain_itSaysWhatItCannotKnow(t *testing.T) {
	s := newStage(t)
	doc := benign(t, s, "")
	idp := s.expect(hostile.Setup{}).IdP
	for name, c := range map[string]struct {
		o       explain.Options
		skipped []string
		passed  []string
	}{
		"nothing":  {explain.Options{Now: s.Now}, []string{saml.CheckSignature, saml.CheckAudience, saml.CheckIssuer, saml.CheckRecipient}, []string{saml.CheckNotOnOrAfter}},
		"metadata": {explain.Options{Now: s.Now, IdP: &idp}, []string{saml.CheckAudience, saml.CheckRecipient}, []string{saml.CheckSignature, saml.CheckIssuer}},
	} {
		e := explain.Explain(doc, c.o)
		if e.Verified || !e.OK {
			t.Errorf("%s: %+v", name, e)
		}
		for _, k := range e.Checks {
			for _, want := range c.skipped {
				if k.Name == want && (!k.Skipped || k.OK || k.Sentence == "") {
					t.Errorf("%s: %q is %+v, want it skipped with the reason", name, want, k)
				}
			}
			for _, want := range c.passed {
				if k.Name == want && !k.OK {
					t.Errorf("%s: %q is %+v", name, want, k)
				}
			}
		}
	}
	// What was changed on the way is found even then.
	changed := bytes.Replace(doc, []byte("ada@"), []byte("eve@"), 1)
	if e := explain.Explain(changed, explain.Options{Now: s.Now}); e.OK || len(failed(e)) == 0 {
		t.Errorf("a changed document: %+v", e)
	}
}

func TestExplain_anOldResponseIsOnlyOld(t *testing.T) {
	s := newStage(t)
	e := explain.Explain(benign(t, s, ""), explain.Options{Now: s.Now.Add(48 * time.Hour), Expect: s.expect(hostile.Setup{})})
	if e.OK || !strings.Contains(said(e), "Only its age is wrong") || !strings.Contains(said(e), "48h0m0s ago") {
		t.Errorf("failed %q, says %s", failed(e), said(e))
	}
	if strings.Contains(said(e), "would accept") {
		t.Error("an expired response was called good")
	}
}

func response(status, message string) string {
	return `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0" IssueInstant="2026-11-22T09:00:00Z">` +
		`<Issuer>https://sts.windows.net/` + tenant + `/</Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder">` +
		`<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:` + status + `"/></samlp:StatusCode><samlp:StatusMessage>` + message + `</samlp:StatusMessage></samlp:Status></samlp:Response>`
}

// req: B9
func TestExplain_itExplainsMicrosoftsCodesWhereverTheyStand(t *testing.T) {
	const message = "AADSTS50105: Your administrator has configured the application to block users. Trace ID: 1c1e2c3d-aaaa-bbbb-cccc-0123456789ab Correlation ID: 2c1e2c3d-aaaa-bbbb-cccc-0123456789ab Timestamp: 2026-11-22 09:00:00Z"
	for name, c := range map[string]struct {
		text string
		kind explain.Kind
	}{
		"text":              {message, explain.KindAADSTS},
		"a code":            {"AADSTS50105", explain.KindAADSTS},
		"a number":          {"50105", explain.KindAADSTS},
		"Entra's page":      {"Sorry, but we're having trouble signing you in.\nRequest Id: 1c1e2c3d-aaaa-bbbb-cccc-0123456789ab\nError Code: 50105", explain.KindAADSTS},
		"error page":        {"https://login.microsoftonline.com/error?code=50105", explain.KindAADSTS},
		"way back":          {"http://localhost:8400/?error=access_denied&error_description=" + url.QueryEscape(message), explain.KindAADSTS},
		"fragment":          {"https://app.example/#error=access_denied&error_description=" + url.QueryEscape(message), explain.KindAADSTS},
		"token answer":      {`{"error":"invalid_grant","error_description":"` + message + `","error_codes":[50105],"trace_id":"1c1e2c3d-aaaa-bbbb-cccc-0123456789ab"}`, explain.KindAADSTS},
		"saved page":        {"<!DOCTYPE html><html><body><p>AADSTS50105: &quot;x&quot;</p></body></html>", explain.KindAADSTS},
		"SAML status":       {response("AuthnFailed", message), explain.KindResponse},
		"SAML status, b64":  {base64.StdEncoding.EncodeToString([]byte(response("AuthnFailed", message))), explain.KindResponse},
		"beside ours":       {"LY-SIGN-008 AADSTS50105, correlation ID 2c1e2c3d-aaaa-bbbb-cccc-0123456789ab.", explain.KindAADSTS},
		"description alone": {"error=access_denied&error_description=" + url.QueryEscape(message), explain.KindAADSTS},
	} {
		e := explain.Explain([]byte(c.text), explain.Options{})
		if e.Kind != c.kind || e.OK || !strings.Contains(said(e), "not assigned") || !strings.Contains(said(e), "Users and groups") {
			t.Errorf("%s: %s, %s", name, e.Kind, said(e))
		}
	}
	e := explain.Explain([]byte(message), explain.Options{})
	for name, want := range map[string]string{"trace ID": "1c1e2c3d-aaaa-bbbb-cccc-0123456789ab", "correlation ID": "2c1e2c3d-aaaa-bbbb-cccc-0123456789ab", "time": "2026-11-22 09:00:00Z"} {
		if fact(e, name) != want {
			t.Errorf("%s is %q, want %q", name, fact(e, name), want)
		}
	}
	if e := explain.Explain([]byte("AADSTS99999999: x"), explain.Options{}); e.Kind != explain.KindAADSTS || !strings.Contains(said(e), "not in Lanyard's table") {
		t.Errorf("an unknown code: %+v", e)
	}
}

func TestExplain_itKnowsWhatPeoplePaste(t *testing.T) {
	s := newStage(t)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Keys.Main.Certificate.Raw})
	key, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		t.Fatal(err)
	}
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	for name, c := range map[string]struct {
		text string
		kind explain.Kind
		says string
		ok   bool
	}{
		"nothing":                 {"  \n", explain.KindEmpty, "nothing here", false},
		"noise":                   {"hello", explain.KindUnknown, "none of what Lanyard knows", false},
		"our code":                {"lanyardd: … (LY-SAML-022)", explain.KindLanyard, "Identifier (Entity ID)", false},
		"a problem document":      {`{"type":"about:blank","title":"x","status":403,"code":"LY-JIT-OFF","correlation_id":"2c1e2c3d-aaaa-bbbb-cccc-0123456789ab"}`, explain.KindLanyard, "assign you", false},
		"a code of later":         {"LY-XX-999", explain.KindLanyard, "newer", false},
		"an OAuth error":          {"http://127.0.0.1:1/cb?error=access_denied&state=x", explain.KindOAuth, "said no", false},
		"a certificate":           {string(cert), explain.KindCertificate, "", true},
		"its DER":                 {string(s.Keys.Main.Certificate.Raw), explain.KindCertificate, "", true},
		"its base64":              {base64.StdEncoding.EncodeToString(s.Keys.Main.Certificate.Raw), explain.KindCertificate, "", true},
		"a private key":           {string(private), explain.KindPrivateKey, "private key", false},
		"a private key in base64": {base64.StdEncoding.EncodeToString(key), explain.KindPrivateKey, "private key", false},
		"a web page":              {"<!doctype html><html><title>Portal</title></html>", explain.KindPage, "App Federation Metadata Url", false},
		"other XML":               {"<note/>", explain.KindUnknown, "neither", false},
		"broken XML":              {"<EntityDescriptor>\n<a></b>", explain.KindMetadata, "line 2", false},
		"a DTD":                   {`<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>`, explain.KindUnknown, "refused", false},
		"the app's metadata":      {"https://login.microsoftonline.com/" + tenant + "/federationmetadata/2007-06/federationmetadata.xml?appid=11111111-2222-3333-4444-555555555555", explain.KindMetadataURL, "saml check", true},
		"common metadata":         {"https://login.microsoftonline.com/common/FederationMetadata/2007-06/FederationMetadata.xml", explain.KindMetadataURL, "let anyone in", false},
		"the login URL":           {"https://login.microsoftonline.com/" + tenant + "/saml2", explain.KindAddress, "AADSTS750054", true},
		"the ACS":                 {s.ACS, explain.KindAddress, "Reply URL", true},
		"the user access URL":     {"https://launcher.myapps.microsoft.com/api/signin/x?tenantId=y", explain.KindAddress, "User access URL", true},
		"any address":             {"https://www.example.com/", explain.KindUnknown, "Nothing in this address", false},
		"an assertion alone":      {`<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>`, explain.KindResponse, "whole SAMLResponse", false},
	} {
		e := explain.Explain([]byte(c.text), explain.Options{Now: s.Now})
		if e.Kind != c.kind || e.OK != c.ok || !strings.Contains(said(e), c.says) {
			t.Errorf("%s: %s (ok %v): %s", name, e.Kind, e.OK, said(e))
		}
		all := fmt.Sprintf("%+v", e)
		if i := strings.Index(string(private), "\n"); strings.Contains(all, string(private)[i+1:i+40]) {
			t.Errorf("%s: a private key was repeated", name)
		}
	}
	e := explain.Explain([]byte("https://login.microsoftonline.com/"+tenant+"/federationmetadata/2007-06/federationmetadata.xml"), explain.Options{})
	if len(e.Checks) != 1 || e.Checks[0].Code != problem.MetadataNoAppID {
		t.Errorf("metadata of the whole tenant: %+v", e.Checks)
	}
}

func deflated(t testing.TB, xml string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte(xml))
	_ = w.Close()
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func TestExplain_itReadsASignInRequestAsEntraDoes(t *testing.T) {
	s := newStage(t)
	expect := s.expect(hostile.Setup{})
	m, err := saml.NewAuthnRequest(expect.SP, saml.IdentityProvider{SSORedirect: "https://login.microsoftonline.com/" + tenant + "/saml2"}, saml.RequestOptions{Now: s.Now})
	if err != nil {
		t.Fatal(err)
	}
	e := explain.Explain([]byte(m.URL), explain.Options{Now: s.Now, Expect: expect})
	if e.Kind != explain.KindRequest || !e.OK || fact(e, "issuer") != s.EntityID || fact(e, "signed") != "no" || len(failed(e)) > 0 {
		t.Fatalf("our own request: %+v", e)
	}
	request := func(attrs, inner string) string {
		return `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Version="2.0" ` + attrs + `>` + inner + `</samlp:AuthnRequest>`
	}
	const issuer = `<saml:Issuer>BTIQ</saml:Issuer>`
	for name, c := range map[string]struct{ xml, says string }{
		"an ID with a digit":  {request(`ID="1a"`, issuer), "AADSTS7500529"},
		"no issuer":           {request(`ID="_a"`, ""), "AADSTS700016"},
		"another binding":     {request(`ID="_a" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"`, issuer), "AADSTS75003"},
		"a strange format":    {request(`ID="_a"`, issuer+`<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"/>`), "AADSTS75016"},
		"a minimum of safety": {request(`ID="_a"`, issuer+`<samlp:RequestedAuthnContext Comparison="minimum"/>`), "AADSTS75011"},
		"a subject":           {request(`ID="_a"`, issuer+`<saml:Subject/>`), "AADSTS900236"},
	} {
		for form, text := range map[string]string{"XML": c.xml, "an address": "https://login.microsoftonline.com/x/saml2?SAMLRequest=" + url.QueryEscape(deflated(t, c.xml)), "its value": deflated(t, c.xml)} {
			e := explain.Explain([]byte(text), explain.Options{})
			all, _ := json.Marshal(e)
			if e.Kind != explain.KindRequest || e.OK || !strings.Contains(string(all), c.says) {
				t.Errorf("%s as %s: %s", name, form, all)
			}
		}
	}
	e = explain.Explain([]byte("https://login.microsoftonline.com/x/saml2?SAMLRequest="+url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(request(`ID="_a"`, issuer))))), explain.Options{})
	if e.OK || !strings.Contains(said(e), "AADSTS75005") {
		t.Errorf("a request that is not compressed: %+v", e)
	}
}

func TestExplain_itReadsSignOutMessages(t *testing.T) {
	s := newStage(t)
	xml := `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" Version="2.0" IssueInstant="` + s.Now.UTC().Format(time.RFC3339) + `">` +
		`<Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">` + s.Issuer + `</Issuer><NameID xmlns="urn:oasis:names:tc:SAML:2.0:assertion">ada@acme.example</NameID></samlp:LogoutRequest>`
	e := explain.Explain([]byte("https://sso.example/w/acme/saml/slo?SAMLRequest="+url.QueryEscape(deflated(t, xml))), explain.Options{Now: s.Now, Expect: s.expect(hostile.Setup{})})
	if e.Kind != explain.KindLogout || e.OK || fact(e, "Name ID") != "ada@acme.example" || !strings.Contains(said(e), string(problem.SAMLUnsigned)) {
		t.Errorf("an unsigned one: %+v", e)
	}
	if e := explain.Explain([]byte(xml), explain.Options{}); e.Kind != explain.KindLogout || !strings.Contains(said(e), "whole address") {
		t.Errorf("one as XML: %+v", e)
	}
}

func jwt(header, claims string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(header)) + "." + enc([]byte(claims)) + "." + enc([]byte("c4nary-signature-c4nary-signature"))
}

func TestExplain_itReadsTokensAndLeavesTheSignatureOut(t *testing.T) {
	now := time.Unix(1_795_000_000, 0)
	good := fmt.Sprintf(`{"iss":"https://login.microsoftonline.com/%s/v2.0","aud":"app","tid":"%s","oid":"o","ver":"2.0","scp":"access_as_user","iat":1794999000,"nbf":1794999000,"exp":1795003600,"uti":"hidden-value"}`, tenant, tenant)
	o := explain.Options{Now: now, TenantID: tenant, Audience: "app"}
	e := explain.Explain([]byte("Bearer "+jwt(`{"alg":"RS256","kid":"k"}`, good)), o)
	if e.Kind != explain.KindToken || !e.OK || len(failed(e)) > 0 || fact(e, "exp") != "2026-11-18T12:06:40Z" || fact(e, "other claims") != "uti" {
		t.Errorf("a good token: %+v", e)
	}
	if all := fmt.Sprintf("%+v", e); strings.Contains(all, "hidden-value") || strings.Contains(all, base64.RawURLEncoding.EncodeToString([]byte("c4nary"))[:8]) {
		t.Errorf("it repeated a secret: %s", all)
	}
	for name, c := range map[string]struct{ header, from, to, check string }{
		"no algorithm":     {`{"alg":"none"}`, "", "", "algorithm"},
		"version 1":        {"", `"ver":"2.0"`, `"ver":"1.0"`, "version"},
		"an ID token":      {"", `"scp":"access_as_user"`, `"nonce":"n"`, "access token"},
		"expired":          {"", `"exp":1795003600`, `"exp":1794999500`, "exp"},
		"not valid yet":    {"", `"nbf":1794999000`, `"nbf":1795001000`, "nbf"},
		"without an end":   {"", `"exp":1795003600`, `"x":1`, "exp"},
		"another tenant":   {"", tenant, "11111111-2222-3333-4444-555555555555", "tenant"},
		"another audience": {"", `"aud":"app"`, `"aud":"other"`, "audience"},
		"no object ID":     {"", `"oid":"o",`, "", "object ID"},
		"another issuer":   {"", "https://login.microsoftonline.com/" + tenant, "https://evil.example", "issuer is the tenant's"},
	} {
		header, claims := `{"alg":"RS256"}`, good
		if c.header != "" {
			header = c.header
		} else {
			claims = strings.ReplaceAll(good, c.from, c.to)
		}
		e := explain.Explain([]byte(jwt(header, claims)), o)
		if f := failed(e); e.OK || len(f) != 1 || f[0] != c.check {
			t.Errorf("%s: failed %q, want %q", name, f, c.check)
		}
	}
	enc := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RSA-OAEP","enc":"A256GCM"}`))
	if e := explain.Explain([]byte(enc+".a.b.c.d"), o); e.Kind != explain.KindEncryptedToken {
		t.Errorf("an encrypted one: %+v", e)
	}
	if e := explain.Explain([]byte(`{"token_type":"Bearer","access_token":"`+jwt(`{"alg":"RS256"}`, good)+`"}`), o); e.Kind != explain.KindToken {
		t.Errorf("a token answer: %+v", e)
	}
}

func TestExplain_itReadsMetadata(t *testing.T) {
	s := newStage(t)
	cert := base64.StdEncoding.EncodeToString(s.Keys.Main.Certificate.Raw)
	doc := `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + s.Issuer + `"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
		`<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + cert + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://login.microsoftonline.com/` + tenant + `/saml2"/></IDPSSODescriptor></EntityDescriptor>`
	e := explain.Explain([]byte(doc), explain.Options{Now: s.Now})
	if e.Kind != explain.KindMetadata || !e.OK || fact(e, "tenant") != tenant || fact(e, "thumbprint (SHA-1, as in the portal)") != saml.PortalThumbprint(s.Keys.Main.Certificate) {
		t.Errorf("good metadata: %+v", e)
	}
	expect := s.expect(hostile.Setup{})
	expect.IdP.Certificates = expect.IdP.Certificates[1:]
	if e := explain.Explain([]byte(doc), explain.Options{Now: s.Now, Expect: expect}); e.OK || len(failed(e)) != 1 {
		t.Errorf("metadata with another certificate than the workspace's: %+v", e)
	}
	sp := `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="x"><SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/></EntityDescriptor>`
	if e := explain.Explain([]byte(sp), explain.Options{}); e.OK || !strings.Contains(said(e), "service provider's") || !strings.Contains(said(e), string(problem.MetadataNoIdP)) {
		t.Errorf("a service provider's: %+v", e)
	}
}

// FuzzExplain: whatever is pasted is answered, in bounded size, and never with a
// verified value that nobody signed.
func FuzzExplain(f *testing.F) {
	s, err := theStage()
	if err != nil {
		f.Fatal(err)
	}
	s.World = s.Fresh("_4a6f0f0e8d3b4c5c9a57d2b1c0e9f8a7")
	for _, seed := range []string{
		"", "AADSTS50105: x", "50105", "LY-SAML-021", "https://login.microsoftonline.com/error?code=50011", "{\"error\":\"x\"}",
		"SAMLResponse=PHg+", "a.b.c", jwt(`{"alg":"RS256"}`, `{"exp":1}`), response("AuthnFailed", "AADSTS50105: x"), "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----",
		"<!doctype html><input name=SAMLResponse value=\"PHg+\">", string(benign(f, s, "")), base64.StdEncoding.EncodeToString(benign(f, s, "")),
		"https://x/?SAMLRequest=" + url.QueryEscape(deflated(f, "<a/>")), "\x30\x82\x01\x00", "error=x&error_description=y", "app:/cb?error=login_required",
	} {
		f.Add([]byte(seed))
	}
	good := benign(f, s, "")
	f.Fuzz(func(t *testing.T, text []byte) {
		e := explain.Explain(text, explain.Options{Now: s.Now, Expect: s.expect(hostile.Setup{})})
		if e.Kind == "" || e.Facts == nil || e.Checks == nil || e.Notes == nil {
			t.Fatalf("%q: %+v", text, e)
		}
		if len(e.Facts) > 1000 {
			t.Fatalf("%d facts", len(e.Facts))
		}
		if e.Verified && !strings.Contains(fmt.Sprintf("%+v", e), "ada@") {
			t.Fatalf("%q is called verified, and only %d bytes were ever signed", text, len(good))
		}
	})
}

// Whatever code people meet, they can ask what it means.
func TestExplain_itKnowsEveryCodeThatIsEverShown(t *testing.T) {
	for _, code := range problem.Codes() {
		e := explain.Explain([]byte("lanyardd: something ("+string(code)+")"), explain.Options{})
		if want := problem.Lookup(code).Sentence; e.Kind != explain.KindLanyard || !strings.Contains(said(e), want) {
			t.Errorf("%s: %s: %s", code, e.Kind, said(e))
		}
	}
}
