package entratest_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
)

func TestSAML_itSignsSomebodyInOnceAndThenKnowsThem(t *testing.T) {
	p := newProvider(t, entratest.SAMLOptions{})
	b := p.e.Browser()
	for i, pages := range [][]string{{"pick", "password", "post"}, {"post"}} {
		answer, err := p.login(b, p.authnRequest("", ""), nil)
		p.must(err)
		if answer.Body != "welcome" || !slices.Equal(b.Pages, pages) {
			t.Fatalf("sign-in %d: %q by way of %v", i, answer.Body, b.Pages)
		}
		if b.Posted.Get("RelayState") != "r&1" {
			t.Errorf("RelayState came back as %q", b.Posted.Get("RelayState"))
		}
		if len(p.cookies) != 0 {
			t.Errorf("the form from another site took along %v", p.cookies)
		}
	}
	m := p.arrived()
	if m.XMLName.Local != "Response" || m.InResponseTo != "_request1" || m.Destination != p.url+"/acs" || m.Issuer != p.tenant.SAMLIssuer() || m.Signed != nil {
		t.Errorf("the response: %+v", m)
	}
	a := m.Assertion
	if a.Signed == nil || a.Issuer != m.Issuer || a.Confirmation.InResponseTo != "_request1" || a.Confirmation.Recipient != p.url+"/acs" ||
		a.Conditions.Audience != p.url+"/metadata" || a.Authn.SessionIndex != a.ID || !strings.HasSuffix(a.Authn.Class, ":Password") {
		t.Errorf("the assertion: %+v", a)
	}
}

func TestSAML_itTakesRequestsByPOST(t *testing.T) {
	p := newProvider(t, entratest.SAMLOptions{})
	b := p.e.Browser()
	p.post = true
	if m := p.response(b, p.authnRequest("", "")); m.InResponseTo != "_request1" {
		t.Errorf("it answers %q", m.InResponseTo)
	}
	if m := p.response(b, p.authnRequest("", "")); m.InResponseTo != "_request1" || !slices.Equal(b.Pages, []string{"post"}) {
		t.Errorf("the second sign-in went by way of %v", b.Pages)
	}
}

func TestSAML_itRefusesWithTheNumberThatEntraHas(t *testing.T) {
	const (
		passwordOnly = `<samlp:RequestedAuthnContext%s><AuthnContextClassRef xmlns="urn:oasis:names:tc:SAML:2.0:assertion">urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</AuthnContextClassRef></samlp:RequestedAuthnContext>`
		assertionNS  = `xmlns="urn:oasis:names:tc:SAML:2.0:assertion"`
	)
	swap := func(from, to string) func(*provider, string) string {
		return func(_ *provider, s string) string { return strings.Replace(s, from, to, 1) }
	}
	p := newProvider(t, entratest.SAMLOptions{})
	for name, c := range map[string]struct {
		attributes, more string
		change           func(*provider, string) string
		number           int
		status           string // empty: it stays on Entra's page
	}{
		"an ID that begins with a digit":       {change: swap(`"_request1"`, `"1request"`), number: 7500529},
		"no ID":                                {change: swap(`ID="_request1"`, ``), number: 7500529},
		"no IssueInstant":                      {change: swap(`IssueInstant="2026-01-01T00:00:00Z"`, ``), number: 75005},
		"no Issuer":                            {change: swap(`xmlns="urn:oasis:names:tc:SAML:2.0:assertion"`, `xmlns="urn:x"`), number: 75005},
		"another version":                      {change: swap(`Version="2.0"`, `Version="1.1"`), number: 75005},
		"an Issuer nobody registered":          {change: swap(`/metadata<`, `/metadata/<`), number: 700016},
		"a Reply URL nobody registered":        {attributes: `AssertionConsumerServiceURL="https://evil.example/acs"`, number: 50011},
		"another response binding":             {attributes: `ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"`, number: 75003, status: "UnsupportedBinding"},
		"a NameIDPolicy with SPNameQualifier":  {more: `<samlp:NameIDPolicy SPNameQualifier="x"/>`, number: 90011, status: "RequestUnsupported"},
		"a NameIDPolicy with a strange format": {more: `<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"/>`, number: 75016, status: "InvalidNameIDPolicy"},
		"a comparison other than exact":        {more: strings.Replace(passwordOnly, "%s", ` Comparison="minimum"`, 1), number: 75006, status: "RequestUnsupported"},
		"a Subject":                            {more: `<Subject ` + assertionNS + `><NameID>ada@acme.example</NameID></Subject>`, number: 900236, status: "RequestUnsupported"},
		"Scoping with ProxyCount":              {more: `<samlp:Scoping ProxyCount="1"/>`, number: 900236, status: "RequestUnsupported"},
		"Scoping with a RequesterID":           {more: `<samlp:Scoping><samlp:RequesterID>x</samlp:RequesterID></samlp:Scoping>`, number: 900236, status: "RequestUnsupported"},
		"not XML":                              {change: func(*provider, string) string { return "not XML" }, number: 75005},
		"a DTD":                                {change: func(_ *provider, s string) string { return "<!DOCTYPE x>" + s }, number: 75005},
		"a message of another kind":            {change: func(_ *provider, s string) string { return strings.ReplaceAll(s, "AuthnRequest", "ArtifactResolve") }, number: 75005},
		"passive without a session":            {attributes: `IsPassive="true"`, number: 50058, status: "NoPassive"},
		"what is ignored": {
			attributes: `Destination="https://elsewhere.example/" Consent="urn:x" ProviderName="P" ForceAuthn="false"`,
			more:       `<samlp:NameIDPolicy AllowCreate="true"/><Conditions ` + assertionNS + ` NotOnOrAfter="2001-01-01T00:00:00Z"/>` + strings.Replace(passwordOnly, "%s", "", 1) + `<samlp:Scoping/>`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			request := p.authnRequest(c.attributes, c.more)
			if c.change != nil {
				request = c.change(p, request)
			}
			_, err := p.login(p.e.Browser(), request, nil)
			if c.number == 0 {
				p.must(err)
				if m := p.arrived(); !strings.HasSuffix(m.Status.StatusCode.Value, ":Success") {
					t.Errorf("refused: %s", m.Status.StatusMessage)
				}
				return
			}
			number, status := p.endedOn(err)
			if number != c.number || status != c.status {
				t.Errorf("AADSTS%d with status %q, want AADSTS%d with %q", number, status, c.number, c.status)
			}
			if c.status != "" {
				if m := p.arrived(); m.Destination != "" || m.Signed != nil || m.InResponseTo != "_request1" || !strings.Contains(m.Status.StatusMessage, " Trace ID: ") {
					t.Errorf("the status: %+v", m)
				}
			}
		})
	}
	t.Run("what is not there at all", func(t *testing.T) {
		p.t = t
		for query, want := range map[string]int{"": 750054, "?RelayState=x": 750054, "?SAMLRequest=%21": 75005, "?SAMLRequest=AAAA": 75005, "?SAMLRequest=" + strings.Repeat("A", 9000): 90015} {
			_, err := p.e.Browser().Visit(t.Context(), p.tenant.SAMLLoginURL()+query, p.ada)
			if number, _ := p.endedOn(err); number != want {
				t.Errorf("%.40q: AADSTS%d, want AADSTS%d", query, number, want)
			}
		}
		_, err := p.e.Browser().Visit(t.Context(), strings.Replace(p.tenant.SAMLLoginURL(), p.tenant.ID, "nobody.example", 1)+"?SAMLRequest=AAAA", p.ada)
		if number, _ := p.endedOn(err); number != 90002 {
			t.Errorf("another tenant: AADSTS%d", number)
		}
	})
}

// req: B9
func TestSAML_itKeepsOutWhomTheDirectoryKeepsOut(t *testing.T) {
	for name, c := range map[string]struct {
		spoil  func(*provider)
		number int
		toApp  bool
	}{
		"not assigned": {func(p *provider) {
			p.must(p.tenant.UpdateApp(p.app, func(a *entratest.App) { a.AssignmentRequired = true }))
		}, 50105, false},
		"not assigned, as a status": {func(p *provider) {
			p.must(p.tenant.UpdateApp(p.app, func(a *entratest.App) { a.AssignmentRequired = true }))
		}, 50105, true},
		"disabled": {func(p *provider) { p.must(p.tenant.Disable(p.ada)) }, 50057, true},
		"app off":  {func(p *provider) { p.must(p.tenant.UpdateApp(p.app, func(a *entratest.App) { a.Disabled = true })) }, 7000112, false},
		"no mail": {func(p *provider) {
			p.must(p.tenant.UpdateUser(p.ada, func(u *entratest.User) { u.Mail = "" }))
			p.must(p.tenant.UpdateSAML(p.app, func(o *entratest.SAMLOptions) { o.NameID.Source = "user.mail" }))
		}, 501241, true},
		"no certificate": {func(p *provider) {
			p.must(p.tenant.RemoveCertificate(p.app, p.tenant.SigningCertificate(p.app).Thumbprint))
		}, 50003, false},
		"an encryption certificate of the wrong kind": {func(p *provider) {
			p.must(p.tenant.UpdateSAML(p.app, func(o *entratest.SAMLOptions) { o.Encryption.Certificate = ecCertificate(p.t) }))
		}, 50007, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, entratest.SAMLOptions{}, entratest.Options{PolicyErrorsToApp: c.toApp})
			c.spoil(p)
			_, err := p.login(p.e.Browser(), p.authnRequest("", ""), nil)
			if number, status := p.endedOn(err); number != c.number || (status != "") != c.toApp {
				t.Errorf("AADSTS%d with status %q", number, status)
			}
		})
	}
	t.Run("a refusal that a test asks for", func(t *testing.T) {
		p := newProvider(t, entratest.SAMLOptions{Refuse: 53003})
		_, err := p.login(p.e.Browser(), p.authnRequest("", ""), nil)
		if number, status := p.endedOn(err); number != 53003 || status != "RequestDenied" {
			t.Errorf("AADSTS%d with status %q", number, status)
		}
	})
	t.Run("somebody who cancels", func(t *testing.T) {
		p := newProvider(t, entratest.SAMLOptions{})
		b := p.e.Browser()
		b.Cancel = true
		_, err := p.login(b, p.authnRequest("", ""), nil)
		if number, status := p.endedOn(err); number != 65004 || status != "AuthnFailed" {
			t.Errorf("AADSTS%d with status %q", number, status)
		}
	})
}

func TestSAML_itHonoursForceAuthnIsPassiveAndHints(t *testing.T) {
	p := newProvider(t, entratest.SAMLOptions{})
	b := p.e.Browser()
	walk := func(attributes string, hints url.Values, want ...string) message {
		t.Helper()
		_, err := p.login(b, p.authnRequest(attributes, ""), hints)
		p.must(err)
		if !slices.Equal(b.Pages, want) {
			t.Errorf("%s %v went by way of %v, want %v", attributes, hints, b.Pages, want)
		}
		return p.arrived()
	}
	walk("", url.Values{"login_hint": {"ada@acme.example"}}, "password", "post")
	before := p.e.Now().Truncate(time.Millisecond)
	p.e.Advance(time.Minute)
	if m := walk(`IsPassive="1"`, nil, "post"); m.Assertion.ID == "" || instant(t, m.Assertion.Authn.Instant).After(before) {
		t.Errorf("passive with a session: %+v", m)
	}
	if m := walk(`ForceAuthn="true"`, nil, "pick", "password", "post"); instant(t, m.Assertion.Authn.Instant).Before(before.Add(time.Minute)) {
		t.Errorf("ForceAuthn did not sign in again: %+v", m.Assertion.Authn)
	}
	if m := walk(`ForceAuthn="true" IsPassive="true"`, nil, "post"); !strings.HasPrefix(m.Status.StatusMessage, "AADSTS50058") {
		t.Errorf("both: %+v", m.Status)
	}
	walk(`ForceAuthn="true"`, url.Values{"login_hint": {"ada@acme.example"}, "domain_hint": {"acme.example"}}, "password", "post")
}

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestSAML_itNoticesThatAPasskeyIsNoPassword(t *testing.T) {
	p := newProvider(t, entratest.SAMLOptions{})
	p.must(p.tenant.UpdateUser(p.ada, func(u *entratest.User) { u.Passwordless = true }))
	const wish = `<samlp:RequestedAuthnContext Comparison="exact"><AuthnContextClassRef xmlns="urn:oasis:names:tc:SAML:2.0:assertion">urn:oasis:names:tc:SAML:2.0:ac:classes:%s</AuthnContextClassRef></samlp:RequestedAuthnContext>`
	b := p.e.Browser()
	_, err := p.login(b, p.authnRequest("", strings.Replace(wish, "%s", "PasswordProtectedTransport", 1)), nil)
	if number, _ := p.endedOn(err); number != 75011 {
		t.Errorf("AADSTS%d", number)
	}
	m := p.response(b, p.authnRequest("", strings.Replace(wish, "%s", "X509", 1)))
	if !strings.HasSuffix(m.Assertion.Authn.Class, ":X509") || !slices.Contains(m.values("http://schemas.microsoft.com/claims/authnmethodsreferences"), "http://schemas.microsoft.com/claims/multipleauthn") {
		t.Errorf("the passkey shows as %+v", m.Assertion)
	}
}

// req: B20
func TestSAML_itStartsWithoutBeingAsked(t *testing.T) {
	p := newProvider(t, entratest.SAMLOptions{RelayState: "any thing"})
	for name, address := range map[string]string{
		"user access URL": p.tenant.UserAccessURL(p.app), "its older form": "https://myapps.microsoft.com/signin/Lanyard/" + p.app.ClientID + "?tenantId=" + p.tenant.ID,
		"on this machine": p.tenant.LaunchURL(p.app), "the portal's test": p.tenant.PortalTestURL(p.app),
	} {
		b := p.e.Browser()
		_, err := b.Visit(t.Context(), address, p.ada)
		p.must(err)
		if m := p.arrived(); m.InResponseTo != "" || m.Assertion.Confirmation.InResponseTo != "" || m.Assertion.ID == "" || b.Posted.Get("RelayState") != "any thing" {
			t.Errorf("%s: %+v with RelayState %q", name, m, b.Posted.Get("RelayState"))
		}
	}
	// With a Sign on URL the tile starts at the app, the test button does not.
	p.request = p.authnRequest("", "")
	p.must(p.tenant.UpdateSAML(p.app, func(o *entratest.SAMLOptions) { o.SignOnURL = p.url + "/login" }))
	for address, want := range map[string]string{p.tenant.LaunchURL(p.app): "_request1", p.tenant.PortalTestURL(p.app): ""} {
		_, err := p.e.Browser().Visit(t.Context(), address, p.ada)
		p.must(err)
		if m := p.arrived(); m.InResponseTo != want {
			t.Errorf("%s answers %q, want %q", address, m.InResponseTo, want)
		}
	}
	for address, want := range map[string]int{
		strings.Replace(p.tenant.LaunchURL(p.app), p.app.ClientID, p.tenant.ID, 1): 700016,
		strings.Replace(p.tenant.LaunchURL(p.app), p.tenant.ID, p.app.ClientID, 1): 90002,
	} {
		_, err := p.e.Browser().Visit(t.Context(), address, p.ada)
		if number, _ := p.endedOn(err); number != want {
			t.Errorf("%s: AADSTS%d, want AADSTS%d", address, number, want)
		}
	}
}

func TestSAML_itIsReachedUnderMicrosoftsNames(t *testing.T) {
	p := newProvider(t, entratest.SAMLOptions{}, entratest.Options{MicrosoftAddresses: true})
	if at := p.tenant.SAMLLoginURL(); at != p.tenant.Authority()+"/saml2" {
		t.Fatalf("the login URL is %s", at)
	}
	if m := p.response(p.e.Browser(), p.authnRequest("", "")); m.InResponseTo != "_request1" {
		t.Errorf("%+v", m)
	}
	// A browser behind the proxy is sent to the pages, with its form.
	p.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for method, want := range map[string]int{http.MethodGet: http.StatusFound, http.MethodPost: http.StatusTemporaryRedirect} {
		req, err := http.NewRequestWithContext(t.Context(), method, p.tenant.SAMLLoginURL()+"?login_hint=ada", nil)
		p.must(err)
		res, err := p.http.Do(req)
		p.must(err)
		res.Body.Close()
		if to := res.Header.Get("Location"); res.StatusCode != want || to != p.e.BrowserURL()+"/"+p.tenant.ID+"/saml2?login_hint=ada" {
			t.Errorf("%s: %d to %s", method, res.StatusCode, to)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.tenant.UserAccessURL(p.app), nil)
	p.must(err)
	res, err := p.http.Do(req)
	p.must(err)
	res.Body.Close()
	if to := res.Header.Get("Location"); to != p.tenant.LaunchURL(p.app) {
		t.Errorf("the launcher leads to %s", to)
	}
}

func TestSAML_aRequestedNameIDFormatGoesBeforeTheConfiguredOne(t *testing.T) {
	const one, two = "urn:oasis:names:tc:SAML:1.1:nameid-format:", "urn:oasis:names:tc:SAML:2.0:nameid-format:"
	p := newProvider(t, entratest.SAMLOptions{NameID: entratest.NameIDOptions{Format: one + "WindowsDomainQualifiedName"}})
	b := p.e.Browser()
	seen := map[string]string{}
	for format, isName := range map[string]bool{"": true, one + "emailAddress": true, one + "unspecified": false, two + "persistent": false, two + "transient": false} {
		policy := ""
		if format != "" {
			policy = `<samlp:NameIDPolicy Format="` + format + `"/>`
		}
		n := p.response(b, p.authnRequest("", policy)).Assertion.NameID
		seen[format] = n.Value
		if want := format; (n.Value == "ada@acme.example") != isName || (want != "" && n.Format != want) || (want == "" && !strings.HasSuffix(n.Format, "QualifiedName")) {
			t.Errorf("%q: %+v", format, n)
		}
	}
	if again := p.response(b, p.authnRequest("", `<samlp:NameIDPolicy Format="`+two+`transient"/>`)).Assertion.NameID.Value; again == seen[two+"transient"] {
		t.Errorf("the transient NameID stays %q", again)
	}
	if seen[one+"unspecified"] != seen[two+"persistent"] {
		t.Errorf("the pairwise NameIDs differ: %v", seen)
	}
}
