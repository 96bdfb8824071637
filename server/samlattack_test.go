package server

import (
	"context"
	"encoding/base64"
	"net/http"
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

// without removes claims from a message before it is signed.
func without(names ...string) func(*entratest.SAMLMessage) {
	return func(m *entratest.SAMLMessage) {
		m.Attributes = slices.DeleteFunc(m.Attributes, func(a entratest.SAMLAttribute) bool { return slices.Contains(names, a.Name) })
	}
}

// saying gives a message one claim more.
func saying(name string, values ...string) func(*entratest.SAMLMessage) {
	return func(m *entratest.SAMLMessage) {
		m.Attributes = append(m.Attributes, entratest.SAMLAttribute{Name: name, Values: values})
	}
}

// come signs ada in with a message that is changed before it is signed, and
// returns the answer to the browser.
func (w *samlWorld) come(jar http.CookieJar, changes ...func(*entratest.SAMLMessage)) *http.Response {
	w.t.Helper()
	raw, relay := w.answered(jar, func(m *entratest.SAMLMessage) {
		for _, change := range changes {
			change(m)
		}
	})
	resp := w.post(raw, relay)
	if resp.StatusCode != http.StatusSeeOther {
		return resp
	}
	return w.call(jar, "GET", w.r.URL+resp.Header.Get("Location"), nil)
}

// here asks whoami with a jar and returns the status.
func (w *samlWorld) here(jar http.CookieJar) int {
	w.t.Helper()
	return w.call(jar, "GET", w.r.URL+"/w/acme/whoami", nil).StatusCode
}

// workspace changes the workspace.
func (w *samlWorld) workspace(change func(*directory.Workspace)) {
	w.t.Helper()
	_, err := w.store.UpdateWorkspace(context.Background(), "acme", time.Now(), func(ws *directory.Workspace) error {
		change(ws)
		return nil
	})
	w.must(err)
}

// generic makes the provider one that is not Entra.
func (w *samlWorld) generic(change func(*directory.SAML)) {
	w.t.Helper()
	w.entraSAML(func(o *entratest.SAMLOptions) { o.Style = entratest.StyleKeycloak })
	w.set(signin.SAMLInput{Metadata: w.document(), Change: func(c *directory.SAML) error { change(c); return nil }})
}

// A user principal name and an address are given to somebody new when their
// owner leaves. Entra has a key that never is.
func TestAttack_aRecycledNameIsNobodysIdentityAtEntra(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	noID := without(saml.ClaimObjectID)
	if resp := w.come(w.jar()); resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("with an object id: %d %s", resp.StatusCode, bodyOf(t, resp))
	}
	jar := w.jar()
	w.says(w.come(jar, noID), problem.SAMLNoObjectID)
	if got := w.here(jar); got != 401 {
		t.Errorf("whoami: %d", got)
	}
	if n, err := w.store.CountUsers(t.Context(), "acme"); err != nil || n.Active != 1 {
		t.Errorf("people: %+v, %v", n, err)
	}
	// A pairwise name is permanent.
	pairwise := func(m *entratest.SAMLMessage) { m.NameID, m.NameIDFormat = "x7Jw0p1", saml.FormatPersistent }
	w = newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	if resp := w.come(w.jar(), noID, pairwise); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("a persistent NameID: %d %s", resp.StatusCode, bodyOf(t, resp))
	}
}

// req: B16
func TestAttack_anAddressInPlaceOfAUserNameJoinsNobody(t *testing.T) {
	const mail = "bob@elsewhere.example" // a domain that is not the workspace's
	w := newSAML(t, "sqlite", nil)
	w.workspace(func(ws *directory.Workspace) { ws.LinkByUserName = true })
	if status, body := w.scimCall(w.r, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],
		"externalId":"bob","userName":"`+mail+`","active":true}`); status != http.StatusCreated {
		t.Fatal(body)
	}
	jar := w.jar()
	w.says(w.come(jar, without(saml.ClaimName, saml.ClaimEmail), saying(saml.ClaimEmail, mail)), problem.NotAdmitted)
	w.says(w.come(jar, without(saml.ClaimName, saml.ClaimEmail), func(m *entratest.SAMLMessage) { m.NameID = mail }), problem.NotAdmitted)
	if got := w.here(jar); got != 401 {
		t.Errorf("somebody else is Bob: %d", got)
	}
	// A user name that the provider calls so does join.
	if resp := w.come(jar, without(saml.ClaimName), saying(saml.ClaimName, mail)); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("by user name: %d %s", resp.StatusCode, bodyOf(t, resp))
	}
}

// Keycloak and others send every role of a person, those in other applications
// too, unless somebody chose. That they manage something is not that they
// manage this.
func TestAttack_aRoleThatNobodyChoseMakesNoAdministrator(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	roleOf := func(person string) string {
		t.Helper()
		jar := w.jar()
		named := func(m *entratest.SAMLMessage) { m.NameID, m.NameIDFormat = person, saml.FormatPersistent }
		resp := w.come(jar, without(saml.ClaimName, "username", "uid"), named, saying("uid", person), saying("Role", "offline_access", "admin"))
		if resp.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", person, resp.StatusCode, bodyOf(t, resp))
		}
		u, err := w.store.UserByUserName(t.Context(), "acme", person)
		w.must(err)
		return u.Role
	}
	w.generic(func(c *directory.SAML) { c.JIT = true })
	if role := roleOf("mallory"); directory.Powerful(role) {
		t.Errorf("by default: %q", role)
	}
	w.change(func(c *directory.SAML) { c.ClaimMap = map[string]string{directory.ClaimRoles: "Role"} })
	if role := roleOf("alice"); role == "" {
		t.Errorf("where the claim was chosen: %q", role)
	}
}

// req: B19
func TestAttack_nobodyIsKeptSignedInByTheEndOfAConnection(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	jar := w.jar()
	if resp := w.come(jar); resp.StatusCode != http.StatusSeeOther {
		t.Fatal(bodyOf(t, resp))
	}
	w.must(w.setup.Remove(t.Context(), "acme"))
	if page := bodyOf(t, w.call(jar, "GET", w.urls().SLO, nil)); !strings.Contains(page, "Do you want to sign out") {
		t.Errorf("no way to sign out: %s", page)
	}
	if page := bodyOf(t, w.call(jar, "POST", w.urls().SLO, url.Values{})); !strings.Contains(page, "You are signed out") {
		t.Errorf("the sign-out: %s", page)
	}
	if got := w.here(jar); got != 401 {
		t.Errorf("whoami: %d", got)
	}
}

// Programs that show previews of links, and proxies, ask for the head of what
// people are about to open.
func TestAttack_lookingSpendsNothing(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	link, err := w.setup.NewTest(t.Context(), "acme")
	w.must(err)
	jar := w.jar()
	raw, relay := w.answered(jar)
	done := w.r.URL + w.post(raw, relay).Header.Get("Location")
	for _, address := range []string{link.URL, done, w.urls().Login, w.urls().SLO} {
		if resp := w.call(jar, "HEAD", address, nil); resp.StatusCode != http.StatusMethodNotAllowed || len(resp.Cookies()) != 0 {
			t.Errorf("HEAD: %d %v", resp.StatusCode, resp.Cookies())
		}
	}
	if resp := w.call(nil, "GET", link.URL, nil); resp.StatusCode != http.StatusFound {
		t.Errorf("the test link: %d", resp.StatusCode)
	}
	if resp := w.call(jar, "GET", done, nil); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("the result: %d", resp.StatusCode)
	}
}

// Where sign-ins that nobody asked for are accepted, a page can post one in the
// name of whoever made it. It must not take the place of who is there.
func TestAttack_anUnsolicitedSignInReplacesNobodyElse(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT, c.IdPInitiated = true, directory.IdPAccept })
	jar := w.jar()
	if resp := w.come(jar); resp.StatusCode != http.StatusSeeOther {
		t.Fatal(bodyOf(t, resp))
	}
	me := w.call(jar, "GET", w.r.URL+"/w/acme/whoami", nil)
	mine := bodyOf(t, me)
	mallory := w.tenant.AddUser(entratest.User{DisplayName: "Mallory"})
	raw, err := w.tenant.SAMLResponse(w.app, mallory, entratest.ResponseOptions{})
	w.must(err)
	parked := w.call(jar, "POST", w.urls().ACS, url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(raw)}, "RelayState": {"/w/acme/"}})
	resp := w.call(jar, "GET", w.r.URL+parked.Header.Get("Location"), nil)
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/w/acme/saml/login?return_to=%2Fw%2Facme%2F" {
		t.Errorf("the browser was sent to %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	if now := bodyOf(t, w.call(jar, "GET", w.r.URL+"/w/acme/whoami", nil)); now != mine {
		t.Errorf("now it is %s, was %s", now, mine)
	}
	// Their own again is fine.
	raw, err = w.tenant.SAMLResponse(w.app, w.ada, entratest.ResponseOptions{})
	w.must(err)
	parked = w.call(jar, "POST", w.urls().ACS, url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(raw)}})
	if resp := w.call(jar, "GET", w.r.URL+parked.Header.Get("Location"), nil); resp.Header.Get("Location") != "/w/acme/" {
		t.Errorf("the same person: %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
}

// Whoever sits at an open browser can take out of a request what it demands, and
// the provider cannot know.
func TestAttack_whatIsDemandedIsLookedFor(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT, c.ForceAuthn, c.IdPInitiated = true, true, directory.IdPAccept })
	before := func(m *entratest.SAMLMessage) { m.AuthnInstant = m.AuthnInstant.Add(-time.Hour) }
	jar := w.jar()
	w.says(w.come(jar, before), problem.SAMLAuthnWeak)
	raw, err := w.tenant.SAMLResponse(w.app, w.ada, entratest.ResponseOptions{Change: before})
	w.must(err)
	if resp := w.post(raw, ""); resp.Header.Get("Location") != "/w/acme/saml/login" {
		t.Errorf("an old sign-in that nobody asked for: %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	if resp := w.come(jar); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("a fresh one: %d %s", resp.StatusCode, bodyOf(t, resp))
	}

	const multiple = "http://schemas.microsoft.com/claims/multipleauthn"
	w.change(func(c *directory.SAML) { c.ForceAuthn, c.AuthnContext = false, multiple })
	jar = w.jar()
	w.says(w.come(jar), problem.SAMLAuthnWeak)
	if got := w.here(jar); got != 401 {
		t.Errorf("whoami: %d", got)
	}
	for name, change := range map[string]func(*entratest.SAMLMessage){
		"as the context": func(m *entratest.SAMLMessage) { m.AuthnContext = multiple },
		"as a method":    saying(saml.ClaimAuthnMethods, multiple),
	} {
		if resp := w.come(w.jar(), change); resp.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: %d %s", name, resp.StatusCode, bodyOf(t, resp))
		}
	}
}

// An administrator who replaces a provider has a reason.
func TestAttack_aReplacedProvidersWordIsWorthNothing(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	jar := w.jar()
	raw, relay := w.answered(jar)
	done := w.r.URL + w.post(raw, relay).Header.Get("Location")
	q, verifier := appQuery(appReturn)
	code := w.appCode(q).Get("code")
	other := entratest.New(t).AddTenant(entratest.TenantOptions{})
	app := other.AddApp(entratest.App{})
	w.must(other.SetSAML(app, entratest.SAMLOptions{Identifiers: []string{w.urls().Metadata}, ReplyURLs: []string{w.urls().ACS}}))
	w.set(signin.SAMLInput{Metadata: w.documentAt(other.LoopbackMetadataURL(app))})
	if resp := w.call(jar, "GET", done, nil); resp.StatusCode < 400 {
		t.Errorf("a parked result: %d", resp.StatusCode)
	}
	if got := w.here(jar); got != 401 {
		t.Errorf("whoami: %d", got)
	}
	if _, err := w.r.client.StartSession(t.Context(), api.SessionRequest{Workspace: "acme", Code: code, CodeVerifier: verifier, RedirectURI: appReturn}); codeOf(err) != problem.SAMLIssuer {
		t.Errorf("a code: %v", err)
	}
}

func (w *samlWorld) documentAt(address string) []byte {
	w.t.Helper()
	resp, err := http.Get(address)
	w.must(err)
	defer resp.Body.Close()
	return []byte(bodyOf(w.t, resp))
}

// Between the verified answer and the session, somebody may lose their access.
func TestAttack_nobodySlipsInBesideTheEndOfTheirAccess(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	id := w.provision(w.r, w.ada)
	jar := w.jar()
	raw, relay := w.answered(jar)
	done := w.r.URL + w.post(raw, relay).Header.Get("Location")
	q, verifier := appQuery(appReturn)
	code := w.appCode(q).Get("code")
	w.setActive(w.r, id, false)
	w.says(w.call(jar, "GET", done, nil), problem.AccessEnded)
	if _, err := w.r.client.StartSession(t.Context(), api.SessionRequest{Workspace: "acme", Code: code, CodeVerifier: verifier, RedirectURI: appReturn}); codeOf(err) != problem.AccessEnded {
		t.Errorf("a code: %v", err)
	}
	if all, err := w.store.SessionsOfUser(t.Context(), id); err != nil || len(all) != 0 {
		t.Errorf("sessions: %+v, %v", all, err)
	}
}

// A page can send a browser to the address that an app opens, with a challenge of
// its own and the port of whatever listens on the device. The person has to agree.
func TestAttack_noPageBeginsAnAppsSignInUnseen(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	q, _ := appQuery(appReturn)
	for site, asked := range map[string]bool{"cross-site": true, "same-site": true, "same-origin": false, "none": false, "": false} {
		req, err := http.NewRequest("GET", w.r.URL+"/w/acme/sso?"+q.Encode(), nil)
		w.must(err)
		if site != "" {
			req.Header.Set("Sec-Fetch-Site", site)
		}
		resp, err := noRedirect.Do(req)
		w.must(err)
		page := bodyOf(t, resp)
		resp.Body.Close()
		switch on := strings.Contains(page, `href="/w/acme/sso?`); {
		case asked && (resp.StatusCode != http.StatusOK || !on || len(resp.Cookies()) != 0 || strings.Contains(page, "<script")):
			t.Errorf("%q: %d %s", site, resp.StatusCode, page)
		case !asked && resp.StatusCode != http.StatusFound:
			t.Errorf("%q: %d", site, resp.StatusCode)
		}
	}
}

// What a page hands to the identity provider's address stays one value.
func TestAttack_aHintIsAHint(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	hint := "ada&SAMLRequest=evil&RelayState=/x#y"
	for _, start := range []string{w.urls().Login + "?", w.r.URL + "/w/acme/sso?" + func() string { q, _ := appQuery(appReturn); return q.Encode() }() + "&"} {
		resp := w.call(nil, "GET", start+url.Values{"login_hint": {hint}, "domain_hint": {"a\r\nSet-Cookie: x=y"}}.Encode(), nil)
		to, err := resp.Location()
		w.must(err)
		got := to.Query()
		if len(got["SAMLRequest"]) != 1 || len(got["RelayState"]) != 1 || got.Get("login_hint") != hint || got.Has("domain_hint") || to.Fragment != "" {
			t.Errorf("%s", to)
		}
	}
}

// Pages must not be framed, kept, run scripts of others or be read by them.
func TestAttack_pagesAreNobodyElsesToUse(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	jar := w.jar()
	if resp := w.come(jar); resp.StatusCode != http.StatusSeeOther {
		t.Fatal(bodyOf(t, resp))
	}
	for _, path := range []string{"/w/acme/", "/w/acme/saml/slo", "/w/acme/saml/login", "/w/acme/saml/done?r=x", "/w/acme/saml/test?t=x", "/w/acme/sso?x=y", "/sso", "/w/acme/whoami", "/w/nobody/"} {
		req, err := http.NewRequest("GET", w.r.URL+path, nil)
		w.must(err)
		req.Header.Set("Origin", "https://evil.example")
		resp, err := (&http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
		w.must(err)
		resp.Body.Close()
		h := resp.Header
		policy := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy %q is without %s", path, policy, part)
			}
		}
		if strings.Contains(policy, "unsafe") || h.Get("X-Frame-Options") != "DENY" || h.Get("Cache-Control") != "no-store" || !slices.Contains([]string{"no-referrer", "same-origin"}, h.Get("Referrer-Policy")) ||
			h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

// Where a tenant sends no object ids at all, people are created by their names
// and are found by them, as at other providers; who was provisioned is not.
func TestAttack_withoutObjectIDsANameIsOnlyWhomItWasGivenTo(t *testing.T) {
	noID := without(saml.ClaimObjectID)
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	for range 2 {
		if resp := w.come(w.jar(), noID); resp.StatusCode != http.StatusSeeOther {
			t.Fatalf("%d %s", resp.StatusCode, bodyOf(t, resp))
		}
	}
	if n, err := w.store.CountUsers(t.Context(), "acme"); err != nil || n.Active != 1 {
		t.Errorf("people: %+v, %v", n, err)
	}
	// With an object id it is somebody else, until somebody says otherwise.
	w.says(w.come(w.jar()), problem.NotLinked)

	off := newSAML(t, "sqlite", nil)
	off.says(off.come(off.jar(), noID), problem.SAMLNoObjectID)
}
