package entratest_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
)

// logoutRequest is the address that asks Entra to sign out.
func (p *provider) logoutRequest(attributes string) string {
	return p.tenant.SAMLLoginURL() + "?RelayState=back+here&SAMLRequest=" + url.QueryEscape(deflated(fmt.Sprintf(
		`<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_logout1" Version="2.0" IssueInstant="2026-01-01T00:00:00Z" %s>`+
			`<Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">%s/metadata</Issuer><NameID xmlns="urn:oasis:names:tc:SAML:2.0:assertion">somebody else</NameID></samlp:LogoutRequest>`,
		attributes, p.url)))
}

// lastLogout is what /slo received last, and checks the signature over the
// query as it was received.
func (p *provider) lastLogout(name string) message {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.logouts) == 0 {
		p.t.Fatal("nothing has arrived at /slo")
	}
	raw := p.logouts[len(p.logouts)-1]
	if regexp.MustCompile(`%[0-9A-F]*[A-F]`).MatchString(raw) || !strings.Contains(raw, "%") {
		p.t.Errorf("escapes are not in lower case: %s", raw)
	}
	signed, _, ok := strings.Cut(raw, "&Signature=")
	q, err := url.ParseQuery(raw)
	if err != nil || !ok {
		p.t.Fatalf("%v: %s", err, raw)
	}
	sig, err := base64.StdEncoding.DecodeString(q.Get("Signature"))
	if err != nil {
		p.t.Fatal(err)
	}
	block, _ := pem.Decode(p.tenant.SigningCertificate(p.app).PEM)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		p.t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(signed))
	if err := rsa.VerifyPKCS1v15(cert.PublicKey.(*rsa.PublicKey), crypto.SHA256, sum[:], sig); err != nil {
		p.t.Errorf("%v: %s", err, raw)
	}
	return readMessage(p.t, inflated(p.t, q.Get(name)))
}

func TestSAMLLogout_theAppStartsIt(t *testing.T) {
	p := newProvider(t, entratest.SAMLOptions{LogoutURL: "here"})
	b := p.e.Browser()
	p.response(b, p.authnRequest("", ""))
	answer, err := b.Visit(t.Context(), p.logoutRequest(""), p.ada)
	p.must(err)
	m := p.lastLogout("SAMLResponse")
	if answer.Body != "signed out" || m.InResponseTo != "_logout1" || m.Issuer != p.tenant.Authority()+"/" || !strings.HasSuffix(m.Status.StatusCode.Value, ":Success") || answer.URL.Query().Get("RelayState") != "back here" {
		t.Errorf("%q, %+v", answer.Body, m)
	}
	_, err = p.login(b, p.authnRequest(`IsPassive="true"`, ""), nil)
	if number, _ := p.endedOn(err); number != 50058 {
		t.Errorf("the session goes on: AADSTS%d", number)
	}
}

func TestSAMLLogout_entraTellsEveryApp(t *testing.T) {
	p := newProvider(t, entratest.SAMLOptions{LogoutURL: "here"})
	other := *p.rig // another app and provider in the same tenant
	second := &provider{rig: &other}
	second.app = p.tenant.AddApp(entratest.App{Name: "Second"})
	second.serve()
	p.must(p.tenant.SetSAML(second.app, entratest.SAMLOptions{Identifiers: []string{second.url + "/metadata"}, ReplyURLs: []string{second.url + "/acs"}, LogoutURL: second.url + "/slo"}))
	b := p.e.Browser()
	p.response(b, p.authnRequest("", ""))
	index2 := second.response(b, second.authnRequest("", "")).Assertion.Authn.SessionIndex
	_, err := b.Visit(t.Context(), p.logoutRequest(""), p.ada)
	p.must(err)
	if m := second.lastLogout("SAMLRequest"); m.SessionIndex != index2 || m.Issuer != p.tenant.SAMLIssuer() {
		t.Errorf("the other app was told %+v", m)
	}
	if m := p.lastLogout("SAMLResponse"); m.InResponseTo != "_logout1" || len(p.logouts) != 1 {
		t.Errorf("the starter was told %+v, %d times", m, len(p.logouts))
	}
	// Signing out at Entra tells both.
	index := p.response(b, p.authnRequest("", "")).Assertion.Authn.SessionIndex
	second.response(b, second.authnRequest("", ""))
	p.must(b.SignOut(t.Context(), p.tenant))
	if m := p.lastLogout("SAMLRequest"); m.SessionIndex != index || len(second.logouts) != 2 {
		t.Errorf("told %+v and %d times", m, len(second.logouts))
	}
}

func TestSAMLLogout_itRefuses(t *testing.T) {
	p := newProvider(t, entratest.SAMLOptions{LogoutURL: "here"})
	elsewhere := p.tenant.AddApp(entratest.App{Name: "Second"})
	p.must(p.tenant.SetSAML(elsewhere, entratest.SAMLOptions{Identifiers: []string{"second"}, ReplyURLs: []string{p.url + "/acs"}}))
	b := p.e.Browser()
	_, err := b.Visit(t.Context(), p.tenant.LaunchURL(elsewhere), p.ada)
	p.must(err)
	answer := p.tenant.SAMLLoginURL() + "?SAMLResponse=" + url.QueryEscape(deflated(`<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" InResponseTo="_nobody"/>`))
	for address, want := range map[string]int{
		p.logoutRequest(""): 50068, p.logoutRequest(`NotOnOrAfter="2026-01-01T00:00:00Z"`): 50071, answer: 50061,
		strings.Replace(p.logoutRequest(""), p.tenant.ID, p.app.ClientID, 1): 90002,
	} {
		_, err := b.Visit(t.Context(), address, p.ada)
		if number, _ := p.endedOn(err); number != want {
			t.Errorf("AADSTS%d, want AADSTS%d", number, want)
		}
	}
	p.must(p.tenant.UpdateSAML(p.app, func(o *entratest.SAMLOptions) { o.LogoutURL = "" }))
	if a, err := p.e.Browser().Visit(t.Context(), p.logoutRequest(""), p.ada); err != nil || a != nil {
		t.Errorf("without a Logout URL it ends at %+v, %v", a, err)
	}
}

// req: B19
func TestSAML_itDemandsSignedRequestsWhereTheAdministratorDoes(t *testing.T) {
	key, cert, file := spKey(t)
	p := newProvider(t, entratest.SAMLOptions{VerificationCertificates: [][]byte{ecCertificate(t), cert}})
	query := func(alg string, h crypto.Hash) string {
		h2 := h.New()
		text := "SAMLRequest=" + url.QueryEscape(deflated(p.authnRequest("", ""))) + "&RelayState=r%261&SigAlg=" + url.QueryEscape(alg)
		h2.Write([]byte(text))
		sig, err := rsa.SignPKCS1v15(nil, key, h, h2.Sum(nil))
		p.must(err)
		return text + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(sig))
	}
	const sha256Alg, sha1Alg = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
	good := query(sha256Alg, crypto.SHA256)
	unsigned, _, _ := strings.Cut(good, "&SigAlg")
	for name, c := range map[string]struct {
		query string
		want  int
	}{
		"signed": {good, 0}, "unsigned": {unsigned, 76021}, "another RelayState": {strings.Replace(good, "r%261", "r%262", 1), 50006},
		"escaped in another way": {strings.Replace(good, "r%261", "%72%261", 1), 50006}, "SHA-1": {query(sha1Alg, crypto.SHA1), 50006},
		"no algorithm": {strings.Replace(good, "SigAlg", "Alg", 1), 76021}, "junk": {strings.Replace(good, "Signature=", "Signature=!", 1), 50006},
	} {
		_, err := p.e.Browser().Visit(t.Context(), p.tenant.SAMLLoginURL()+"?"+c.query, p.ada)
		number := 0
		if err != nil {
			number, _ = p.endedOn(err)
		}
		if number != c.want {
			t.Errorf("%s: AADSTS%d, want AADSTS%d", name, number, c.want)
		}
	}
	p.must(p.tenant.UpdateSAML(p.app, func(o *entratest.SAMLOptions) { o.AllowSHA1Requests = true }))
	_, err := p.e.Browser().Visit(t.Context(), p.tenant.SAMLLoginURL()+"?"+query(sha1Alg, crypto.SHA1), p.ada)
	p.must(err)

	p.post = true
	signed := xmlsecSigned(t, file, p.authnRequest("", ""))
	p.response(p.e.Browser(), signed)
	for name, c := range map[string]struct {
		request string
		want    int
	}{
		"unsigned": {p.authnRequest("", ""), 76021}, "changed": {strings.Replace(signed, `Version="2.0"`, `Version="2.0" ForceAuthn="1"`, 1), 50006},
		"without its value": {regexp.MustCompile(`(?s)<SignatureValue>.*</SignatureValue>`).ReplaceAllString(signed, ""), 50006},
		"about another":     {strings.Replace(signed, `URI="#_request1"`, `URI=""`, 1), 50006},
	} {
		_, err := p.login(p.e.Browser(), c.request, nil)
		if number, _ := p.endedOn(err); number != c.want {
			t.Errorf("by POST, %s: AADSTS%d, want AADSTS%d", name, number, c.want)
		}
	}
	_, err = p.e.Browser().Visit(t.Context(), p.tenant.LaunchURL(p.app), p.ada)
	if number, _ := p.endedOn(err); number != 76021 {
		t.Errorf("the tile: AADSTS%d", number)
	}
}

// xmlsecSigned lets xmlsec1 sign a request.
func xmlsecSigned(t *testing.T, key, request string) string {
	t.Helper()
	const template = `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>` +
		`<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><Reference URI="#_request1"><Transforms>` +
		`<Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></Transforms>` +
		`<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue/></Reference></SignedInfo><SignatureValue/></Signature>`
	in := filepath.Join(t.TempDir(), "request.xml")
	text := strings.Replace(request, "</Issuer>", "</Issuer>"+template, 1)
	if err := os.WriteFile(in, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "xmlsec1", "--sign", "--privkey-pem", key, "--id-attr:ID", "AuthnRequest", in)
	var words bytes.Buffer
	cmd.Stderr = &words
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, words.Bytes())
	}
	return string(out)
}

func TestSAMLLogout_theStarterIsToldOfItsOtherSession(t *testing.T) {
	p := newProvider(t, entratest.SAMLOptions{LogoutURL: "here"})
	grace := p.tenant.AddUser(entratest.User{GivenName: "Grace"})
	b := p.e.Browser()
	p.response(b, p.authnRequest("", ""))
	p.request = p.authnRequest(`ForceAuthn="1"`, "")
	_, err := b.Visit(t.Context(), p.url+"/login", grace)
	p.must(err)
	_, err = b.Visit(t.Context(), p.logoutRequest(""), p.ada)
	p.must(err)
	if len(p.logouts) != 2 || !strings.HasPrefix(p.logouts[0], "SAMLRequest=") {
		t.Errorf("it was told %d times", len(p.logouts))
	}
	if m := p.lastLogout("SAMLResponse"); m.InResponseTo != "_logout1" {
		t.Errorf("%+v", m)
	}
}
