package server

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// atOnce runs f many times at the same moment and returns how often it was true.
func atOnce(times int, f func(i int) bool) int {
	var won atomic.Int64
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range times {
		all.Go(func() {
			<-start
			if f(i) {
				won.Add(1)
			}
		})
	}
	close(start)
	all.Wait()
	return int(won.Load())
}

// What is good once is good once on two servers at the same moment too.
func TestAttack_ofManyAtOnceOneSucceeds(t *testing.T) {
	const times = 16
	for name := range engines {
		t.Run(name, func(t *testing.T) {
			w := newSAML(t, name, func(c *directory.SAML) { c.JIT = true })
			second := w.serve(w.open(), func(c *Config) { c.PublicURL = w.r.server.cfg.PublicURL })
			servers := []*replica{w.r, second}
			at := func(i int) *replica { return servers[i%len(servers)] }

			q, verifier := appQuery(appReturn)
			ask := api.SessionRequest{Workspace: "acme", Code: w.appCode(q).Get("code"), CodeVerifier: verifier, RedirectURI: appReturn}
			var refresh atomic.Value
			if n := atOnce(times, func(i int) bool {
				s, err := at(i).client.StartSession(t.Context(), ask)
				if err == nil {
					refresh.Store(s.RefreshToken)
				}
				return err == nil
			}); n != 1 {
				t.Fatalf("a code was good %d times", n)
			}
			again := api.SessionRequest{Workspace: "acme", RefreshToken: refresh.Load().(string)}
			if n := atOnce(times, func(i int) bool {
				_, err := at(i).client.StartSession(t.Context(), again)
				return err == nil
			}); n != 1 {
				t.Errorf("a refresh token was good %d times", n)
			}
			if all, err := w.store.SessionsOfUser(t.Context(), w.adaID()); err != nil || len(all) != 0 {
				t.Errorf("a session outlived its stolen token: %+v, %v", all, err)
			}

			jar := w.jar()
			raw, relay := w.answered(jar)
			form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(raw)}, "RelayState": {relay}}
			var parked atomic.Value
			if n := atOnce(times, func(i int) bool {
				resp := w.call(nil, "POST", at(i).URL+"/w/acme/saml/acs", form)
				if resp.StatusCode == http.StatusSeeOther {
					parked.Store(resp.Header.Get("Location"))
				}
				return resp.StatusCode == http.StatusSeeOther
			}); n != 1 {
				t.Errorf("an assertion was taken %d times", n)
			}
			if n := atOnce(times, func(i int) bool {
				resp := w.call(jar, "GET", at(i).URL+parked.Load().(string), nil)
				return resp.StatusCode == http.StatusSeeOther
			}); n != 1 {
				t.Errorf("a result was fetched %d times", n)
			}
			link, err := w.setup.NewTest(t.Context(), "acme")
			w.must(err)
			if n := atOnce(times, func(i int) bool {
				resp := w.call(nil, "GET", strings.Replace(link.URL, w.r.URL, at(i).URL, 1), nil)
				return resp.StatusCode == http.StatusFound
			}); n != 1 {
				t.Errorf("a test link was good %d times", n)
			}
		})
	}
}

// Two devices of one person, who are nobody here yet, at two servers at once.
func TestAttack_atTheFirstSignInNobodyBecomesTwo(t *testing.T) {
	for name := range engines {
		t.Run(name, func(t *testing.T) {
			const devices = 4
			w := newSAML(t, name, func(c *directory.SAML) { c.JIT = true })
			second := w.serve(w.open(), func(c *Config) { c.PublicURL = w.r.server.cfg.PublicURL })
			jars, done := make([]http.CookieJar, devices), make([]string, devices)
			for i := range devices {
				jars[i] = w.jar()
				raw, relay := w.answered(jars[i])
				done[i] = w.post(raw, relay).Header.Get("Location")
			}
			if n := atOnce(devices, func(i int) bool {
				return w.call(jars[i], "GET", []*replica{w.r, second}[i%2].URL+done[i], nil).StatusCode == http.StatusSeeOther
			}); n != devices {
				t.Errorf("%d of %d were let in", n, devices)
			}
			if n, err := w.store.CountUsers(t.Context(), "acme"); err != nil || n.Active != 1 {
				t.Errorf("people: %+v, %v", n, err)
			}
		})
	}
}

func (w *samlWorld) adaID() string {
	w.t.Helper()
	u, err := w.store.UserByExternalID(w.t.Context(), "acme", w.ada.ObjectID)
	w.must(err)
	return u.ID
}

// Where people are created at sign-in perhaps nobody tells us of leavers: the
// provider is asked again soon.
func TestAttack_whoeverNoProvisionerKnowsSignsInAgainSoon(t *testing.T) {
	for name, c := range map[string]struct {
		jit   bool
		after time.Duration
		fine  bool
	}{
		"created at sign-in, the same day": {jit: true, after: 10 * time.Hour, fine: true},
		"created at sign-in, the next":     {jit: true, after: 13 * time.Hour},
		"provisioned, the next day":        {after: 13 * time.Hour, fine: true},
	} {
		t.Run(name, func(t *testing.T) {
			clock := newClock()
			w := newSAMLWorld(t, "sqlite").start(func(s *directory.SAML) { s.JIT = true }, nil, clock.use)
			q, verifier := appQuery(appReturn)
			s, err := w.r.client.StartSession(t.Context(), api.SessionRequest{
				Workspace: "acme", Code: w.appCode(q).Get("code"), CodeVerifier: verifier, RedirectURI: appReturn,
			})
			w.must(err)
			w.change(func(s *directory.SAML) { s.JIT = c.jit })
			for range int(c.after / (59 * time.Minute)) {
				clock.advance(59 * time.Minute)
				if s, err = w.r.client.StartSession(t.Context(), api.SessionRequest{Workspace: "acme", RefreshToken: s.RefreshToken}); err != nil {
					break
				}
			}
			if c.fine != (err == nil) || !c.fine && codeOf(err) != problem.RefreshSpent {
				t.Errorf("%v", err)
			}
		})
	}
}

// Everything secret of a sign-in passes by here. None of it may show in the log
// or on disk.
func TestAttack_aSignInLeavesNoSecretBehind(t *testing.T) {
	w := newSAMLWorld(t, "sqlite").start(func(c *directory.SAML) { c.JIT, c.SignRequests = true, true }, serverKey)
	secrets := []string{string(serverKey), base64.StdEncoding.EncodeToString(serverKey)}
	keep := func(more ...string) {
		for _, s := range more {
			if len(s) > 20 {
				secrets = append(secrets, s)
			}
		}
	}
	begin := func(jar http.CookieJar, address string) (raw []byte, relay string) {
		resp := w.call(jar, "GET", address, nil)
		for _, c := range resp.Cookies() {
			keep(c.Value)
		}
		raw, relay = w.answer(resp)
		keep(relay, strings.TrimPrefix(relay, "lyr."), base64.StdEncoding.EncodeToString(raw)[:400])
		return raw, relay
	}
	handle := func(resp *http.Response) string {
		_, secret, ok := strings.Cut(resp.Header.Get("Location"), "?r=")
		if !ok {
			t.Fatalf("no handle in %q: %s", resp.Header.Get("Location"), bodyOf(t, resp))
		}
		keep(secret)
		return w.r.URL + resp.Header.Get("Location")
	}

	jar := w.jar()
	raw, relay := begin(jar, w.urls().Login)
	done := handle(w.post(raw, relay))
	for _, c := range w.call(jar, "GET", done, nil).Cookies() {
		keep(c.Value, strings.TrimPrefix(c.Value, "lyses_"))
	}
	w.post(raw, relay)                          // again
	w.post(append(raw, ' ', '<'), relay)        // broken
	w.call(jar, "GET", done, nil)               // spent
	raw, relay = begin(w.jar(), w.urls().Login) // stolen
	w.call(w.jar(), "GET", handle(w.post(raw, relay)), nil)
	w.call(jar, "POST", w.urls().SLO, url.Values{})

	q, verifier := appQuery(appReturn)
	keep(verifier)
	jar = w.jar()
	raw, relay = begin(jar, w.r.URL+"/w/acme/sso?"+q.Encode())
	code := w.backAt(w.call(jar, "GET", handle(w.post(raw, relay)), nil)).Get("code")
	keep(code, strings.TrimPrefix(code, "lycode_"))
	s, err := w.r.client.StartSession(t.Context(), api.SessionRequest{Workspace: "acme", Code: code, CodeVerifier: verifier, RedirectURI: appReturn})
	w.must(err)
	family, own, _ := strings.Cut(s.RefreshToken, ".")
	keep(s.Token, s.RefreshToken, family, own)
	for range 2 { // the second time it is stolen
		_, _ = w.r.client.StartSession(t.Context(), api.SessionRequest{Workspace: "acme", RefreshToken: s.RefreshToken, IdempotencyKey: canary})
	}
	keep(canary)
	w.call(nil, "GET", w.r.URL+"/w/acme/"+code, nil)

	link, err := w.setup.NewTest(t.Context(), "acme")
	w.must(err)
	_, token, _ := strings.Cut(link.URL, "?t=")
	keep(token)
	w.call(nil, "GET", link.URL, nil)
	w.call(nil, "GET", link.URL, nil)
	if len(secrets) < 25 {
		t.Fatalf("only %d secrets were looked for", len(secrets))
	}
	w.leaks(t, "the log", w.log.String(), secrets)
	if !strings.Contains(w.log.String(), "msg=request") {
		t.Error("nothing was logged at all")
	}
	for _, name := range databaseFiles(t, w.world) {
		contents, err := os.ReadFile(name)
		w.must(err)
		w.leaks(t, name, string(contents), append(secrets, "PRIVATE KEY"))
	}
}

// Anybody may ask for pages. What guesses is limited, and whoever has the cookie
// of a session is served.
func TestAttack_guessingIsLimitedAndWorkIsNot(t *testing.T) {
	w := newSAMLWorld(t, "sqlite").start(func(c *directory.SAML) { c.JIT = true }, nil, newClock().use) // a clock that stands
	jar := w.jar()
	if resp := w.come(jar); resp.StatusCode != http.StatusSeeOther {
		t.Fatal(bodyOf(t, resp))
	}
	limited := func(most int, path string, jar http.CookieJar) bool {
		t.Helper()
		for range most {
			if w.call(jar, "GET", w.r.URL+path, nil).StatusCode == http.StatusTooManyRequests {
				return true
			}
		}
		return false
	}
	if !limited(lookUpBurst+20, "/sso?workspace=someone%40nobody.example", nil) {
		t.Error("domains can be tried without end")
	}
	stranger := w.jar()
	u, err := url.Parse(w.r.URL)
	w.must(err)
	stranger.SetCookies(u, []*http.Cookie{{Name: "lanyard-w-acme", Value: "lyses_guess"}})
	if !limited(samlBurst+500, "/w/acme/whoami", stranger) {
		t.Error("sessions can be tried without end")
	}
	if !limited(5, "/w/nobody/saml/metadata", nil) {
		t.Error("names can be tried without end at the metadata")
	}
	if got := w.here(jar); got != 200 {
		t.Errorf("whoever is signed in: %d", got)
	}
}

// req: B20
func TestAttack_anotherTenantsPeopleAreNobody(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT, c.IdPInitiated = true, directory.IdPAccept })
	other := w.entra.AddTenant(entratest.TenantOptions{Domain: "mallory.example"})
	app := other.AddApp(entratest.App{})
	w.must(other.SetSAML(app, entratest.SAMLOptions{Identifiers: []string{w.urls().Metadata}, ReplyURLs: []string{w.urls().ACS}}))
	mallory := other.AddUser(entratest.User{DisplayName: "Mallory"})
	for name, change := range map[string]func(*entratest.SAMLMessage){
		"as they are": nil,
		"under our issuer": func(m *entratest.SAMLMessage) {
			m.Issuer, m.AssertionIssuer, m.NameID = w.tenant.SAMLIssuer(), w.tenant.SAMLIssuer(), w.ada.UserPrincipalName
		},
	} {
		raw, err := other.SAMLResponse(app, mallory, entratest.ResponseOptions{Change: change})
		w.must(err)
		if resp := w.post(raw, ""); resp.StatusCode < 400 {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
	// A workspace's own administrator cannot speak for another workspace.
	now := time.Now()
	w.must(w.store.CreateWorkspace(t.Context(), directory.Workspace{ID: "beta", Name: "Beta", Created: now, Modified: now}))
	_, err := w.setup.Set(t.Context(), "beta", signin.SAMLInput{MetadataURL: other.LoopbackMetadataURL(app), Change: func(c *directory.SAML) error {
		c.JIT, c.EntityID = true, w.urls().Metadata
		return nil
	}})
	w.must(err)
	jar := w.jar()
	resp := w.call(jar, "GET", w.r.URL+"/w/beta/saml/login", nil)
	to, err := resp.Location()
	w.must(err)
	raw, err := other.SAMLResponse(app, mallory, entratest.ResponseOptions{
		InResponseTo: askedID(t, to.Query().Get("SAMLRequest")), ReplyURL: signin.URLsOf(w.r.server.cfg.PublicURL, "beta").ACS,
		Change: func(m *entratest.SAMLMessage) { m.Audiences = []string{w.urls().Metadata} },
	})
	w.must(err)
	form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(raw)}, "RelayState": {to.Query().Get("RelayState")}}
	if resp := w.call(nil, "POST", w.urls().ACS, form); resp.StatusCode < 400 {
		t.Errorf("beta's answer at acme: %d", resp.StatusCode)
	}
	parked := w.call(nil, "POST", w.r.URL+"/w/beta/saml/acs", form).Header.Get("Location")
	if !strings.HasPrefix(parked, "/w/beta/saml/done?") {
		t.Fatalf("beta's own: %q", parked)
	}
	if resp := w.call(jar, "GET", w.r.URL+strings.Replace(parked, "beta", "acme", 1), nil); resp.StatusCode < 400 {
		t.Errorf("beta's result at acme: %d", resp.StatusCode)
	}
	if resp := w.call(jar, "GET", w.r.URL+parked, nil); resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("beta's result at beta: %d %s", resp.StatusCode, bodyOf(t, resp))
	}
	u, err := url.Parse(w.r.URL)
	w.must(err)
	var cookies []*http.Cookie
	for _, c := range jar.Cookies(u) {
		cookies = append(cookies, c, &http.Cookie{Name: "lanyard-w-acme", Value: c.Value})
	}
	jar.SetCookies(u, cookies)
	if got := w.here(jar); got != 401 {
		t.Errorf("beta's session at acme: %d", got)
	}
}
