package saml_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/url"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

const (
	logoutRequestText = `<samlp:LogoutRequest ID="_lr1" Version="2.0" IssueInstant="2026-11-22T09:00:00Z" Destination="` + ourSLO + `" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">` +
		`<Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">` + issuer + `</Issuer>` +
		`<NameID xmlns="urn:oasis:names:tc:SAML:2.0:assertion">ada@acme.example</NameID><samlp:SessionIndex>_s1</samlp:SessionIndex><samlp:SessionIndex>_s2</samlp:SessionIndex></samlp:LogoutRequest>`
	logoutResponseText = `<samlp:LogoutResponse ID="_lo1" Version="2.0" IssueInstant="2026-11-22T09:00:00Z" Destination="` + ourSLO + `" InResponseTo="` + requestID + `" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">` +
		`<Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">` + issuer + `</Issuer>` +
		`<samlp:Status><samlp:StatusCode Value="` + statusOK + `"/></samlp:Status></samlp:LogoutResponse>`
)

func deflated(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := must(flate.NewWriter(&b, flate.BestCompression))
	must(w.Write([]byte(text)))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// lower writes escapes in lower case, as Microsoft does.
func lower(s string) string {
	return regexp.MustCompile(`%[0-9A-F]{2}`).ReplaceAllStringFunc(url.QueryEscape(s), strings.ToLower)
}

// query makes a redirect with lower-case escapes, signed over them unless key
// is nil.
func query(t testing.TB, key *rsa.PrivateKey, parameter, text, relayState string) string {
	t.Helper()
	q := parameter + "=" + lower(deflated(t, text))
	if relayState != "" {
		q += "&RelayState=" + lower(relayState)
	}
	if key == nil {
		return q
	}
	q += "&SigAlg=" + lower("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")
	sum := sha256.Sum256([]byte(q))
	return q + "&Signature=" + lower(base64.StdEncoding.EncodeToString(must(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:]))))
}

func posted(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// req: B19
func TestParseLogoutRequest_itTakesBothBindings(t *testing.T) {
	for name, in := range map[string]saml.Incoming{
		"redirect": {Query: query(t, rsaKey(), "SAMLRequest", logoutRequestText, "r=1")},
		"POST":     {Request: posted(signedBy(t, rsaKey(), logoutRequestText)), RelayState: "r=1"},
	} {
		t.Run(name, func(t *testing.T) {
			if !in.IsLogoutRequest() {
				t.Error("it is not taken for a request")
			}
			r, err := saml.ParseLogoutRequest(in, expected())
			if err != nil {
				t.Fatal(err)
			}
			if r.ID != "_lr1" || r.Issuer != issuer || r.NameID.Value != "ada@acme.example" || r.RelayState != "r=1" || !slices.Equal(r.SessionIndexes, []string{"_s1", "_s2"}) {
				t.Errorf("got %+v", r)
			}
			if want := moment.Add(8 * time.Minute); !r.NotOnOrAfter.Equal(want) {
				t.Errorf("it is good until %v, want %v", r.NotOnOrAfter, want)
			}
		})
	}
}

func TestParseLogoutRequest_itRefuses(t *testing.T) {
	redirected := func(edits ...string) saml.Incoming {
		return saml.Incoming{Query: query(t, rsaKey(), "SAMLRequest", edited(t, logoutRequestText, edits...), "")}
	}
	good := query(t, rsaKey(), "SAMLRequest", logoutRequestText, "r=1")
	for name, c := range map[string]struct {
		in   saml.Incoming
		code problem.Code
	}{
		"one that is not signed":    {saml.Incoming{Query: query(t, nil, "SAMLRequest", logoutRequestText, "")}, problem.SAMLUnsigned},
		"one not signed, by POST":   {saml.Incoming{Request: posted(logoutRequestText)}, problem.SAMLUnsigned},
		"a stranger's":              {saml.Incoming{Query: query(t, rsaAlt(), "SAMLRequest", logoutRequestText, "")}, problem.SAMLSignature},
		"a changed RelayState":      {saml.Incoming{Query: strings.Replace(good, "r%3d1", "r%3d2", 1)}, problem.SAMLSignature},
		"escapes written anew":      {saml.Incoming{Query: strings.ReplaceAll(good, "%3d", "%3D")}, problem.SAMLSignature},
		"one signed inside only":    {saml.Incoming{Query: query(t, nil, "SAMLRequest", signedBy(t, rsaKey(), logoutRequestText), "")}, problem.SAMLSignatureForm},
		"another issuer":            {redirected(issuer, "https://sts.windows.net/x/"), problem.SAMLIssuer},
		"Entra's other issuer":      {redirected(issuer, "https://login.microsoftonline.com/"+tenantID+"/"), problem.SAMLIssuer},
		"another destination":       {redirected(ourSLO, ourACS), problem.SAMLDestination},
		"no destination":            {redirected(` Destination="`+ourSLO+`"`, ""), problem.SAMLDestination},
		"one of yesterday":          {redirected("2026-11-22T09", "2026-11-21T09"), problem.SAMLExpired},
		"one of tomorrow":           {redirected("2026-11-22T09", "2026-11-23T09"), problem.SAMLNotYet},
		"one whose end has passed":  {redirected(` Version=`, ` NotOnOrAfter="2026-11-22T08:50:00Z" Version=`), problem.SAMLExpired},
		"no name":                   {redirected(`<NameID xmlns="urn:oasis:names:tc:SAML:2.0:assertion">ada@acme.example</NameID>`, ""), problem.SAMLLogoutRefused},
		"an empty name":             {redirected("ada@acme.example", ""), problem.SAMLLogoutRefused},
		"an answer":                 {saml.Incoming{Query: query(t, rsaKey(), "SAMLRequest", logoutResponseText, "")}, problem.SAMLWrongKind},
		"the wrong parameter":       {saml.Incoming{Query: query(t, rsaKey(), "SAMLResponse", logoutRequestText, "")}, problem.SAMLWrongKind},
		"a sign-in answer":          {saml.Incoming{Request: posted(string(answer(t)))}, problem.SAMLSignatureForm},
		"nothing":                   {saml.Incoming{}, problem.SAMLMalformed},
		"no query of SAML":          {saml.Incoming{Query: "x=y"}, problem.SAMLMalformed},
		"a message that is no XML":  {saml.Incoming{Query: query(t, rsaKey(), "SAMLRequest", "bye", "")}, problem.SAMLMalformed},
		"a stray signature by POST": {saml.Incoming{Request: posted(strings.Replace(signedBy(t, rsaKey(), logoutRequestText), "</samlp:LogoutRequest>", `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/></samlp:LogoutRequest>`, 1))}, problem.SAMLSignatureForm},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := saml.ParseLogoutRequest(c.in, expected())
			refusal(t, r == nil, err, c.code)
		})
	}
	t.Run("one signed with what has expired", func(t *testing.T) {
		e := expected()
		e.IdP.Certificates = []*x509.Certificate{certFor(rsaKey(), -year, -day)}
		for _, in := range []saml.Incoming{{Query: good}, {Request: posted(signedBy(t, rsaKey(), logoutRequestText))}} {
			r, err := saml.ParseLogoutRequest(in, e)
			refusal(t, r == nil, err, problem.SAMLCertificateExpired)
		}
	})
}

// A small query may swell to anything when it is inflated.
func TestParseLogout_aBombIsBounded(t *testing.T) {
	bomb := query(t, nil, "SAMLResponse", "<x>"+strings.Repeat(" ", 64<<20)+"</x>", "")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := saml.ParseLogoutResponse(saml.Incoming{Query: bomb}, expected())
	runtime.ReadMemStats(&after)
	if r != nil || err == nil {
		t.Fatalf("got %+v, %v", r, err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 10<<20 {
		t.Errorf("it cost %d bytes", n)
	}
}

// Entra's answer has another issuer than its assertions, and no signature that
// could be relied on.
//
// req: B19
func TestParseLogoutResponse_itTakesEntras(t *testing.T) {
	entras := strings.Replace(logoutResponseText, issuer, "https://login.microsoftonline.com/"+tenantID+"/", 1)
	failed := strings.Replace(logoutResponseText, "status:Success", "status:Responder", 1)
	for name, c := range map[string]struct {
		in              saml.Incoming
		signed, success bool
	}{
		"signed":               {saml.Incoming{Query: query(t, rsaKey(), "SAMLResponse", logoutResponseText, "")}, true, true},
		"by its other issuer":  {saml.Incoming{Query: query(t, rsaKey(), "SAMLResponse", entras, "")}, true, true},
		"not signed":           {saml.Incoming{Query: query(t, nil, "SAMLResponse", entras, "")}, false, true},
		"signed, by POST":      {saml.Incoming{Response: posted(signedBy(t, rsaKey(), logoutResponseText))}, true, true},
		"a sign-out that fell": {saml.Incoming{Query: query(t, rsaKey(), "SAMLResponse", failed, "")}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			if c.in.IsLogoutRequest() {
				t.Error("it is taken for a request")
			}
			r, err := saml.ParseLogoutResponse(c.in, expected())
			if err != nil || r.InResponseTo != requestID || r.Signed != c.signed || r.Success != c.success || r.ID != "_lo1" {
				t.Errorf("got %+v, %v", r, err)
			}
		})
	}
	for name, c := range map[string]struct {
		text string
		key  *rsa.PrivateKey
		code problem.Code
	}{
		"a stranger's signature": {logoutResponseText, rsaAlt(), problem.SAMLSignature},
		"another tenant":         {strings.Replace(entras, tenantID, objectID, 1), nil, problem.SAMLIssuer},
		"no request named":       {strings.Replace(logoutResponseText, ` InResponseTo="`+requestID+`"`, "", 1), nil, problem.SAMLInResponseTo},
		"no status":              {logoutResponseText[:strings.Index(logoutResponseText, "<samlp:Status>")] + "</samlp:LogoutResponse>", nil, problem.SAMLLogoutRefused},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := saml.ParseLogoutResponse(saml.Incoming{Query: query(t, c.key, "SAMLResponse", c.text, "")}, expected())
			refusal(t, r == nil, err, c.code)
		})
	}
}

// What we send is read by ourselves with the sides changed; xmlsec1 and others
// read it in the oracle's tests.
func TestNewLogout_whatIsSentCanBeRead(t *testing.T) {
	e := expected()
	e.IdP.SLOPost, e.IdP.SLOResponse = loginURL, loginURL+"/answers"
	other := func(slo string) saml.Expect {
		return saml.Expect{
			SP:  saml.ServiceProvider{EntityID: issuer, ACS: loginURL, SLO: slo},
			IdP: saml.IdentityProvider{EntityID: ourID, Certificates: []*x509.Certificate{goodCert()}}, Now: moment,
		}
	}
	arrived := func(m *saml.Message) saml.Incoming {
		if m.Binding == saml.Redirect {
			return saml.Incoming{Query: m.URL[strings.Index(m.URL, "?")+1:]}
		}
		in := saml.Incoming{RelayState: "r"}
		if m.Fields[0].Name == "SAMLRequest" {
			in.Request = m.Fields[0].Value
		} else {
			in.Response = m.Fields[0].Value
		}
		return in
	}
	for _, b := range []saml.Binding{saml.Redirect, saml.POST} {
		name := saml.NameID{Value: `a<"b"&@acme.example`, Format: saml.FormatEmail}
		m, err := saml.NewLogoutRequest(e.SP, e.IdP, saml.LogoutOptions{Binding: b, NameID: name, SessionIndex: "_s9", RelayState: "r", Signer: rsaKey(), Now: moment})
		if err != nil {
			t.Fatal(err)
		}
		r, err := saml.ParseLogoutRequest(arrived(m), other(loginURL))
		if err != nil || r.ID != m.ID || r.NameID != name || r.RelayState != "r" || !slices.Equal(r.SessionIndexes, []string{"_s9"}) {
			t.Errorf("%s: got %+v, %v", b, r, err)
		}
		for _, failed := range []bool{false, true} {
			m, err := saml.NewLogoutResponse(e.SP, e.IdP, saml.LogoutOptions{Binding: b, InResponseTo: "_lr1", Failed: failed, Signer: rsaKey(), Now: moment})
			if err != nil {
				t.Fatal(err)
			}
			r, err := saml.ParseLogoutResponse(arrived(m), other(e.IdP.SLOResponse))
			if err != nil || r.InResponseTo != "_lr1" || r.Success == failed || !r.Signed {
				t.Errorf("%s: got %+v, %v", b, r, err)
			}
		}
	}
	for name, make := range map[string]func() (*saml.Message, error){
		"no name":    func() (*saml.Message, error) { return saml.NewLogoutRequest(e.SP, e.IdP, saml.LogoutOptions{}) },
		"no request": func() (*saml.Message, error) { return saml.NewLogoutResponse(e.SP, e.IdP, saml.LogoutOptions{}) },
		"no address": func() (*saml.Message, error) {
			return saml.NewLogoutRequest(e.SP, saml.IdentityProvider{}, saml.LogoutOptions{NameID: saml.NameID{Value: "x"}})
		},
	} {
		if m, err := make(); err == nil || m != nil {
			t.Errorf("%s: got %+v", name, m)
		}
	}
}
