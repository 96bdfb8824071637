package account

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// On a machine that others use too, signing out ends also what a setup link
// opened in that browser.
func TestSignOut_endsWhatASetupLinkOpened(t *testing.T) {
	s := newStage(t)
	owner, _ := s.owner()
	link := owner.post("/admin/workspaces/acme/setup-links", "module", "saml", "for", "Bo", "days", "7").shows(200).find(linkForm)
	bo := s.browser()
	bo.post("/admin/setup", "token", tokenOf(link)).shows(200, "the pages of SAML")
	bo.post("/admin/sign-out").shows(200)
	bo.open("/admin/workspaces/acme/saml").shows(200, "Sign in to the console")
}

// A proof makes the session fresh in which it was given, and no other; a code that
// made one fresh makes no second one so.
func TestProof_isOfOneSessionAndTakenOnce(t *testing.T) {
	s := newStage(t)
	one, secret := s.owner()
	s.advance(time.Minute)
	two := s.browser()
	two.post("/admin/sign-in", "email", "ada@acme.example", "password", goodPassword, "code", s.code(secret)).shows(200)
	s.advance(6 * time.Minute) // neither is fresh
	invite := func(b *browser, pairs ...string) *browser {
		return b.post("/admin/workspaces/acme/admins", append([]string{"email", "cy@acme.example", "role", "viewer"}, pairs...)...)
	}
	code := s.code(secret)
	invite(two).shows(403, "Confirm that it is you")
	invite(two, "stepup_code", code).shows(200, "is invited")
	invite(one, "stepup_code", code).shows(403, "Confirm that it is you")
	one.post("/admin/workspaces/acme/api-tokens", "name", "x", "role", "viewer", "days", "1").shows(403, "Confirm that it is you")
	two.post("/admin/workspaces/acme/api-tokens", "name", "x", "role", "viewer", "days", "1").shows(200)
}

// ask has a program with a token send a form as JSON.
func (s *stage) ask(token, path, body string) int {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.base+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// What a token lets in would stay when it is revoked: so it lets nobody in, not
// even one of the whole server.
func TestTokens_letNobodyIn(t *testing.T) {
	s := newStage(t)
	owner, _ := s.owner()
	owner.post("/admin/workspaces/acme/admins", "email", "cy@acme.example", "role", "viewer").shows(200)
	cy, err := s.admin.Find(t.Context(), "cy@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	ada, err := s.admin.Find(t.Context(), "ada@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	token := owner.post("/admin/api-tokens", "name", "ops", "days", "1").shows(200).find(tokenForm)
	for path, body := range map[string]string{
		"/workspaces/acme/admins":                    `{"email":"eve@evil.example","role":"owner"}`,
		"/workspaces/acme/admins/" + cy.ID + "/role": `{"role":"owner"}`,
		"/workspaces/acme/admins/" + cy.ID + "/link": `{}`,
		"/admins":                        `{"email":"eve@evil.example"}`,
		"/admins/" + cy.ID + "/owner":    `{"owner":true}`,
		"/admins/" + ada.ID + "/recover": `{}`,
		"/admins/" + cy.ID + "/recover":  `{}`,
		"/admins/" + cy.ID + "/remove":   `{}`,
		"/api-tokens":                    `{"name":"child"}`,
		"/workspaces/acme/api-tokens":    `{"name":"child","role":"viewer"}`,
	} {
		if status := s.ask(token, "/admin/api/v1"+path, body); status != http.StatusForbidden {
			t.Errorf("%s answers a token with %d", path, status)
		}
	}
}

// Another site cannot have somebody link the Microsoft account that it signed them
// in with.
func TestMicrosoft_linkingIsBegunByNoOtherSite(t *testing.T) {
	s := newStage(t)
	owner, _ := s.owner()
	owner.post("/admin/admins-microsoft", "tenant_id", "11111111-2222-4333-8444-555555555555",
		"client_id", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", "secret", "of a test", "authority", "", "version", "0").shows(200)
	owner.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	// Here it goes on to say that this console cannot reach Microsoft.
	for from, want := range map[string]int{"cross-site": 403, "same-site": 403, "same-origin": 409, "none": 409, "": 409} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/admin/account/microsoft/go", nil)
		if err != nil {
			t.Fatal(err)
		}
		if from != "" {
			r.Header.Set("Sec-Fetch-Site", from)
		}
		if owner.did(owner.http.Do(r)).status != want {
			t.Errorf("from %q: %d", from, owner.status)
		}
	}
}

// Where a sign-in leads on to is a page of the console, whatever was asked for.
func TestSignIn_leadsToNoOtherSite(t *testing.T) {
	s := newStage(t)
	_, secret := s.owner()
	for _, next := range []string{
		"https://evil.example/", "//evil.example/admin/", "/\\evil.example/admin/", "/admin/..//evil.example", "/admin/../..//evil.example/admin/",
		"javascript:alert(1)", "/admin@evil.example", "http:evil.example", "/admin/\t/evil", " //evil.example", "/%2f/evil.example", "/admin/%2e%2e/%2e%2e//evil.example",
	} {
		s.advance(time.Minute)
		b := s.browser()
		b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		resp, err := b.http.PostForm(s.base+"/admin/sign-in", url.Values{
			"email": {"ada@acme.example"}, "password": {goodPassword}, "code": {s.code(secret)}, "next": {next},
		})
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		to, err := resp.Location()
		if err != nil || !strings.HasPrefix(to.String(), s.base+"/admin/") {
			t.Errorf("%q leads to %v, %v (%d)", next, to, err, resp.StatusCode)
		}
		for _, k := range resp.Cookies() {
			if !k.HttpOnly || k.SameSite != http.SameSiteLaxMode && k.SameSite != http.SameSiteStrictMode || k.Path != "/" || k.Domain != "" {
				t.Errorf("the cookie %s is loose: %+v", k.Name, k)
			}
		}
	}
}

// Strangers have no page drawn for them again and again.
func TestLive_isNotForStrangers(t *testing.T) {
	s := newStage(t)
	for _, path := range []string{"/admin/sign-in", "/admin/join", "/admin/enrol", "/admin/setup", "/admin/sign-in/passkey"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/event-stream")
		if b := s.browser(); b.did(b.http.Do(r)).status != http.StatusNoContent {
			t.Errorf("%s answers a stranger with %d", path, b.status)
		}
	}
}
