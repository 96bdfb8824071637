package server

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// serverKey seals private keys in tests.
var serverKey = []byte("0123456789abcdef0123456789abcdef")

// samlWorld is a world whose workspace acme signs in with SAML at a replica.
type samlWorld struct {
	*world
	r     *replica
	setup *signin.SAMLSetup
}

// newSAML starts a server and sets both sides up, as two administrators would.
func newSAML(t testing.TB, engine string, change func(*directory.SAML)) *samlWorld {
	t.Helper()
	return newSAMLWorld(t, engine).start(change, nil)
}

func newSAMLWorld(t testing.TB, engine string) *samlWorld {
	return &samlWorld{world: newWorld(t, engine)}
}

// start serves with a key, or none: making our key pairs takes a while.
func (w *samlWorld) start(change func(*directory.SAML), key []byte, more ...func(*Config)) *samlWorld {
	w.t.Helper()
	w.r = w.serve(w.store, append(more, func(c *Config) { c.ServerKey = key })...)
	w.setup = w.r.server.saml.Setup
	urls := w.urls()
	w.must(w.tenant.SetSAML(w.app, entratest.SAMLOptions{
		Identifiers: []string{urls.Metadata}, ReplyURLs: []string{urls.ACS}, LogoutURL: urls.SLO,
	}))
	w.set(signin.SAMLInput{MetadataURL: w.tenant.LoopbackMetadataURL(w.app), Change: func(c *directory.SAML) error {
		if change != nil {
			change(c)
		}
		return nil
	}})
	return w
}

func (w *samlWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *samlWorld) urls() signin.SAMLURLs {
	return signin.URLsOf(w.r.server.cfg.PublicURL, "acme")
}

func (w *samlWorld) set(in signin.SAMLInput) signin.SAMLOutcome {
	w.t.Helper()
	out, err := w.setup.Set(context.Background(), "acme", in)
	w.must(err)
	return out
}

func (w *samlWorld) change(f func(*directory.SAML)) {
	w.t.Helper()
	w.set(signin.SAMLInput{Change: func(c *directory.SAML) error { f(c); return nil }})
}

// entra changes the app in Entra.
func (w *samlWorld) entraSAML(f func(*entratest.SAMLOptions)) {
	w.t.Helper()
	w.must(w.tenant.UpdateSAML(w.app, f))
}

// login signs ada in at /w/acme/saml/login in a browser.
func (w *samlWorld) login(b *entratest.Browser) *entratest.Answer {
	w.t.Helper()
	return w.visit(b, w.urls().Login)
}

func (w *samlWorld) visit(b *entratest.Browser, address string) *entratest.Answer {
	w.t.Helper()
	answer, err := b.Visit(context.Background(), address, w.ada)
	w.must(err)
	return answer
}

// whoami asks with the browser's cookies. It returns nil for a 401.
func (w *samlWorld) whoami(b *entratest.Browser, r *replica) *api.Whoami {
	w.t.Helper()
	answer, err := b.Get(context.Background(), r.URL+"/w/acme/whoami")
	w.must(err)
	if answer.Status == http.StatusUnauthorized {
		return nil
	}
	var me api.Whoami
	w.must(json.Unmarshal([]byte(answer.Body), &me))
	return &me
}

// signedIn fails the test unless the browser is signed in now.
func (w *samlWorld) signedIn(b *entratest.Browser) *api.Whoami {
	w.t.Helper()
	me := w.whoami(b, w.r)
	if me == nil {
		w.t.Fatal("the browser is not signed in")
	}
	return me
}

// refused fails the test unless a page says this code.
func (w *samlWorld) refused(answer *entratest.Answer, code problem.Code) {
	w.t.Helper()
	if answer == nil || answer.Status != problem.Lookup(code).Status || !strings.Contains(answer.Body, string(code)) {
		w.t.Errorf("want %s, got %+v", code, answer)
	}
}

// post posts a response to the ACS without cookies and follows nothing.
func (w *samlWorld) post(raw []byte, relay string) *http.Response {
	w.t.Helper()
	form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(raw)}}
	if relay != "" {
		form.Set("RelayState", relay)
	}
	return w.call(nil, "POST", w.urls().ACS, form)
}

// call makes one request that follows no redirect.
func (w *samlWorld) call(jar http.CookieJar, method, address string, form url.Values) *http.Response {
	w.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequest(method, address, body)
	w.must(err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Do(req)
	w.must(err)
	raw, err := io.ReadAll(resp.Body)
	w.must(err)
	resp.Body.Close()
	resp.Body = io.NopCloser(strings.NewReader(string(raw)))
	return resp
}

// says fails the test unless an answer says this code.
func (w *samlWorld) says(resp *http.Response, code problem.Code) {
	w.t.Helper()
	body, err := io.ReadAll(resp.Body)
	w.must(err)
	if resp.StatusCode != problem.Lookup(code).Status || !strings.Contains(string(body), string(code)) {
		w.t.Errorf("want %s, got %d %s", code, resp.StatusCode, body)
	}
}

// req: B19
func TestSAML_itSignsInWithEverySigningOptionEncryptedOrNot(t *testing.T) {
	w := newSAMLWorld(t, "sqlite").start(nil, serverKey)
	id := w.provision(w.r, w.ada)
	sp, err := w.setup.Show(t.Context(), "acme")
	w.must(err)
	for _, signing := range []entratest.SigningOption{entratest.SignAssertion, entratest.SignResponse, entratest.SignResponseAndAssertion} {
		for _, data := range []entratest.DataEncryption{"none", entratest.AES256CBC, entratest.AES256GCM} {
			w.entraSAML(func(o *entratest.SAMLOptions) {
				o.Signing, o.Encryption = signing, entratest.EncryptionOptions{}
				if data != "none" {
					o.Encryption = entratest.EncryptionOptions{Certificate: sp.SAML.Keys[0].Certificate, Data: data}
				}
			})
			b := w.entra.Browser()
			answer := w.login(b)
			if answer.Status != 200 || !strings.Contains(answer.Body, "signed in as") {
				t.Fatalf("%q, %q: %d %s", signing, data, answer.Status, answer.Body)
			}
			me := w.signedIn(b)
			if me.ID != id || me.Subject != w.ada.UserPrincipalName || me.Email == "" || me.Attributes[saml.ClaimObjectID][0] != w.ada.ObjectID {
				t.Errorf("%q, %q: %+v", signing, data, me)
			}
		}
	}
}

func TestSAML_itSendsCookiesThatStayHere(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	resp := w.call(nil, "GET", w.urls().Login, nil)
	if resp.StatusCode != http.StatusFound || !strings.HasPrefix(resp.Header.Get("Location"), w.tenant.SAMLLoginURL()+"?") {
		t.Fatalf("%d %s", resp.StatusCode, resp.Header.Get("Location"))
	}
	for _, c := range resp.Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure {
			t.Errorf("on loopback: %+v", c)
		}
	}
	secure := w.serve(w.open(), func(c *Config) {
		c.PublicURL = &url.URL{Scheme: "https", Host: "sso.acme.example"}
	})
	resp = w.call(nil, "GET", secure.URL+"/w/acme/saml/login", nil)
	if len(resp.Cookies()) != 1 {
		t.Fatalf("cookies: %v", resp.Cookies())
	}
	for _, c := range resp.Cookies() {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("on https: %+v", c)
		}
	}
}

func TestSAML_itBindsTheAnswerToTheBrowserThatAsked(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	mine, theirs := w.jar(), w.jar()
	raw, relay := w.answered(mine)
	resp := w.post(raw, relay)
	if resp.StatusCode != http.StatusSeeOther || len(resp.Cookies()) != 0 {
		t.Fatalf("%d %v", resp.StatusCode, resp.Cookies())
	}
	done := w.r.URL + resp.Header.Get("Location")
	if !strings.HasPrefix(resp.Header.Get("Location"), "/w/acme/saml/done?") {
		t.Fatalf("it leads to %s", done)
	}
	w.says(w.call(theirs, "GET", done, nil), problem.SAMLOtherBrowser)
	// The thief had one guess: now it is spent for everybody.
	w.says(w.call(mine, "GET", done, nil), problem.SAMLInResponseTo)

	raw, relay = w.answered(mine)
	done = w.r.URL + w.post(raw, relay).Header.Get("Location")
	if resp := w.call(mine, "GET", done, nil); resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/w/acme/" {
		t.Errorf("the browser that asked: %d %s", resp.StatusCode, resp.Header.Get("Location"))
	}
	if resp := w.call(mine, "GET", w.r.URL+"/w/acme/whoami", nil); resp.StatusCode != 200 {
		t.Errorf("whoami: %d", resp.StatusCode)
	}
}

func (w *samlWorld) jar() http.CookieJar {
	jar, err := cookiejar.New(nil)
	w.must(err)
	return jar
}

// answered begins a sign-in with a jar and returns Entra's answer to it, which
// nobody has posted yet.
func (w *samlWorld) answered(jar http.CookieJar, change ...func(*entratest.SAMLMessage)) (raw []byte, relay string) {
	w.t.Helper()
	resp := w.call(jar, "GET", w.urls().Login, nil)
	return w.answer(resp, change...)
}

func (w *samlWorld) answer(resp *http.Response, change ...func(*entratest.SAMLMessage)) (raw []byte, relay string) {
	w.t.Helper()
	to, err := url.Parse(resp.Header.Get("Location"))
	w.must(err)
	o := entratest.ResponseOptions{InResponseTo: askedID(w.t, to.Query().Get("SAMLRequest"))}
	if len(change) > 0 {
		o.Change = change[0]
	}
	raw, err = w.tenant.SAMLResponse(w.app, w.ada, o)
	w.must(err)
	return raw, to.Query().Get("RelayState")
}

// req: B20
func TestSAML_itTakesAnAssertionOnceOnEveryReplica(t *testing.T) {
	for name := range engines {
		t.Run(name, func(t *testing.T) {
			w := newSAML(t, name, func(c *directory.SAML) { c.JIT, c.IdPInitiated = true, directory.IdPAccept })
			second := w.serve(w.open(), func(c *Config) { c.PublicURL = w.r.server.cfg.PublicURL })
			jar := w.jar()
			raw, relay := w.answered(jar)
			if resp := w.post(raw, relay); resp.StatusCode != http.StatusSeeOther {
				t.Fatalf("the first: %d", resp.StatusCode)
			}
			w.says(w.post(raw, relay), problem.SAMLReplayed)
			form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(raw)}}
			w.says(w.call(nil, "POST", second.URL+"/w/acme/saml/acs", form), problem.SAMLReplayed)

			raw, err := w.tenant.SAMLResponse(w.app, w.ada, entratest.ResponseOptions{})
			w.must(err)
			form = url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(raw)}}
			if resp := w.call(nil, "POST", second.URL+"/w/acme/saml/acs", form); resp.StatusCode != http.StatusSeeOther {
				t.Fatalf("an unsolicited one: %d", resp.StatusCode)
			}
			w.says(w.post(raw, ""), problem.SAMLReplayed)
		})
	}
}

func TestSAML_itRefusesAnAnswerToWhatNobodyAsked(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	raw, err := w.tenant.SAMLResponse(w.app, w.ada, entratest.ResponseOptions{InResponseTo: "_never"})
	w.must(err)
	w.says(w.post(raw, ""), problem.SAMLInResponseTo)
	// An answer that names no request, to a question that we asked, is not
	// taken for one that nobody asked for: that would go on for ever.
	jar := w.jar()
	_, relay := w.answered(jar)
	raw, err = w.tenant.SAMLResponse(w.app, w.ada, entratest.ResponseOptions{})
	w.must(err)
	w.says(w.post(raw, relay), problem.SAMLInResponseTo)
}

// req: B20
// req: H8
func TestSAML_itDoesWithASignInFromMyAppsWhatTheWorkspaceWants(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	b := w.entra.Browser()
	if answer := w.visit(b, w.tenant.LaunchURL(w.app)); answer.Status != 200 || w.whoami(b, w.r) == nil {
		t.Errorf("bounce: %+v", answer)
	}
	// The browser was sent to ask again: only the answer to that counted.
	if b.Posted.Get("SAMLResponse") == "" || !strings.HasPrefix(b.Posted.Get("RelayState"), "lyr.") {
		t.Errorf("it was let in by %v", b.Posted.Get("RelayState"))
	}
	w.change(func(c *directory.SAML) { c.IdPInitiated = directory.IdPAccept })
	b = w.entra.Browser()
	w.visit(b, w.tenant.LaunchURL(w.app))
	w.signedIn(b)
	if b.Posted.Get("RelayState") != "" {
		t.Errorf("accept asked again: %v", b.Posted.Get("RelayState"))
	}
	w.change(func(c *directory.SAML) { c.IdPInitiated = directory.IdPReject })
	b = w.entra.Browser()
	w.refused(w.visit(b, w.tenant.LaunchURL(w.app)), problem.SAMLUnsolicited)
	if w.whoami(b, w.r) != nil {
		t.Error("reject let somebody in")
	}
}

// req: B20
func TestSAML_itNeverLeadsToAnotherHost(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT, c.IdPInitiated = true, directory.IdPAccept })
	for relay, want := range map[string]string{
		"/timesheets?week=3": "/timesheets?week=3",
		"":                   "/w/acme/", "https://evil.example/": "/w/acme/", "//evil.example": "/w/acme/", `/\evil.example`: "/w/acme/",
		"/\t/evil.example": "/w/acme/", "javascript:alert(1)": "/w/acme/", "evil.example": "/w/acme/", "/%0d%0aX: y": "/%0d%0aX: y",
	} {
		jar := w.jar()
		raw, err := w.tenant.SAMLResponse(w.app, w.ada, entratest.ResponseOptions{})
		w.must(err)
		form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(raw)}, "RelayState": {relay}}
		parked := w.call(jar, "POST", w.urls().ACS, form)
		resp := w.call(jar, "GET", w.r.URL+parked.Header.Get("Location"), nil)
		if got := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || got != want && got != strings.ReplaceAll(want, " ", "%20") {
			t.Errorf("%q leads to %d %q, want %q", relay, resp.StatusCode, got, want)
		}
		jar = w.jar()
		asked := w.call(jar, "GET", w.urls().Login+"?return_to="+url.QueryEscape(relay), nil)
		raw, ours := w.answer(asked)
		done := w.post(raw, ours).Header.Get("Location")
		resp = w.call(jar, "GET", w.r.URL+done, nil)
		if got := resp.Header.Get("Location"); got != want && got != strings.ReplaceAll(want, " ", "%20") {
			t.Errorf("return_to %q leads to %q, want %q", relay, got, want)
		}
	}
}

func TestSAML_itEndsABrowsersSessionWithTheAccess(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	id := w.provision(w.r, w.ada)
	b := w.entra.Browser()
	w.login(b)
	w.signedIn(b)
	w.setActive(w.r, id, false)
	if w.whoami(b, w.r) != nil {
		t.Error("the session outlived the access")
	}
	w.refused(w.login(b), problem.AccessEnded)
	w.setActive(w.r, id, true)
	w.login(b)
	w.signedIn(b)
}

func TestSAML_aBrowsersTokenIsNoBearerToken(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	jar := w.jar()
	raw, relay := w.answered(jar)
	done := w.call(jar, "GET", w.r.URL+w.post(raw, relay).Header.Get("Location"), nil)
	i := slices.IndexFunc(done.Cookies(), func(c *http.Cookie) bool { return c.Name == "lanyard-w-acme" })
	if i < 0 {
		t.Fatalf("cookies: %v", done.Cookies())
	}
	if _, err := w.r.client.Me(t.Context(), done.Cookies()[i].Value); codeOf(err) != problem.SessionGone {
		t.Errorf("as a bearer token: %v", err)
	}
	w.provision(w.r, w.tenant.AddUser(entratest.User{DisplayName: "Bob"}))
	s := w.mustSignIn(w.r)
	u, err := url.Parse(w.r.URL)
	w.must(err)
	jar = w.jar()
	jar.SetCookies(u, []*http.Cookie{{Name: "lanyard-w-acme", Value: s.Token}})
	if resp := w.call(jar, "GET", w.r.URL+"/w/acme/whoami", nil); resp.StatusCode != 401 {
		t.Errorf("a bearer token as a cookie: %d", resp.StatusCode)
	}
}

// req: B16
func TestSAML_itJoinsPeopleOnlyByWhatProvesThem(t *testing.T) {
	const other = "9b2e3d51-1111-4f0e-9d7b-0a1b2c3d4e5f"
	for name, c := range map[string]struct {
		domain, external, email string
		want                    problem.Code
	}{
		"by an address of the workspace's own domain":        {domain: "acme.example", external: "ada", email: "ada@acme.example"},
		"not by one of a domain that is not the workspace's": {domain: "other.example", external: "ada", email: "ada@acme.example", want: problem.NotAdmitted},
		"not who is linked with another object id":           {domain: "acme.example", external: other, email: "ada@acme.example", want: problem.NotLinked},
		"not who has another address":                        {domain: "acme.example", external: "ada", email: "ada.king@acme.example", want: problem.NotAdmitted},
	} {
		t.Run(name, func(t *testing.T) {
			w := newSAML(t, "sqlite", nil)
			_, err := w.store.UpdateWorkspace(t.Context(), "acme", time.Now(), func(ws *directory.Workspace) error {
				ws.Domains = []string{c.domain}
				return nil
			})
			w.must(err)
			status, body := w.scimCall(w.r, "POST", "/Users", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],
				"externalId":%q,"userName":"somebody","active":true,"emails":[{"type":"work","value":%q}]}`, c.external, c.email))
			if status != http.StatusCreated {
				t.Fatal(body)
			}
			w.entraSAML(func(o *entratest.SAMLOptions) {
				o.Claims = []entratest.SAMLClaim{{Name: "emailaddress", Namespace: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims", Constant: "ada@acme.example"}}
			})
			b := w.entra.Browser()
			answer := w.login(b)
			if c.want != "" {
				w.refused(answer, c.want)
				return
			}
			me := w.signedIn(b)
			u, err := w.store.User(t.Context(), "acme", me.ID)
			if err != nil || u.ObjectID != w.ada.ObjectID || u.UserName != "somebody" {
				t.Errorf("%+v, %v", u, err)
			}
		})
	}
}

func TestSAML_itCreatesPeopleWhereJITIsOn(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	w.refused(w.login(w.entra.Browser()), problem.NotAdmitted)
	w.change(func(c *directory.SAML) { c.JIT = true })
	b := w.entra.Browser()
	w.login(b)
	me := w.signedIn(b)
	if me.GivenName != "Ada" || me.FamilyName != "Lovelace" || me.UserName != w.ada.UserPrincipalName {
		t.Errorf("%+v", me)
	}
	u, err := w.store.UserByExternalID(t.Context(), "acme", w.ada.ObjectID)
	if err != nil || u.ID != me.ID {
		t.Errorf("a provisioner would not find them: %+v, %v", u, err)
	}
}

func TestSAML_itShowsNothingThatWasNotSigned(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	w.entraSAML(func(o *entratest.SAMLOptions) { o.Refuse = 50105 })
	answer := w.login(w.entra.Browser())
	w.refused(answer, problem.NotAssigned)
	if !strings.Contains(answer.Body, "AADSTS50105") || strings.Contains(answer.Body, "Trace ID") {
		t.Errorf("the page: %s", answer.Body)
	}
	raw := []byte(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" Version="2.0" IssueInstant="2026-01-01T00:00:00Z"><samlp:Status>` +
		`<samlp:StatusCode Value="urn:evil"/><samlp:StatusMessage>Call 555-1234 and say your password</samlp:StatusMessage></samlp:Status></samlp:Response>`)
	resp := w.post(raw, "<script>")
	body, err := io.ReadAll(resp.Body)
	w.must(err)
	if resp.StatusCode < 400 || strings.Contains(string(body), "555") || strings.Contains(string(body), "evil") || strings.Contains(string(body), "<script>") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("policy: %q", resp.Header.Get("Content-Security-Policy"))
	}
}
