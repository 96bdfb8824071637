package server

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// appQuery is what an app opens in the browser, and the verifier that it keeps.
func appQuery(redirect string) (url.Values, string) {
	verifier := strings.Repeat("v3r1f1er-", 6)
	sum := sha256.Sum256([]byte(verifier))
	return url.Values{
		"response_type": {"code"}, "redirect_uri": {redirect}, "state": {"s 1&2"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}, verifier
}

const appReturn = "http://127.0.0.1:53682/callback?from=browser"

// appCode signs ada in as an app does, up to where the browser is sent back.
func (w *samlWorld) appCode(q url.Values, change ...func(*entratest.SAMLMessage)) url.Values {
	w.t.Helper()
	ws, err := w.r.client.Workspace(context.Background(), "acme")
	w.must(err)
	if ws.SAML == nil {
		w.t.Fatal("discovery says nothing of SAML")
	}
	jar := w.jar()
	raw, relay := w.answer(w.call(jar, "GET", ws.SAML.Start+"?"+q.Encode(), nil), change...)
	return w.backAt(w.call(jar, "GET", w.r.URL+w.post(raw, relay).Header.Get("Location"), nil))
}

// backAt reads the redirect to the app.
func (w *samlWorld) backAt(resp *http.Response) url.Values {
	w.t.Helper()
	to := resp.Header.Get("Location")
	if resp.StatusCode != http.StatusFound || !strings.HasPrefix(to, "http://127.0.0.1:53682/callback?") {
		w.t.Fatalf("the browser was sent to %d %q", resp.StatusCode, to)
	}
	u, err := url.Parse(to)
	w.must(err)
	q := u.Query()
	if len(q["iss"]) != 1 || q.Get("iss") != w.r.URL {
		w.t.Fatalf("whose answer it is: %q", q["iss"]) // RFC 9207, section 2
	}
	if q.Get("from") == "browser" && q.Get("state") == "s 1&2" {
		return q
	}
	w.t.Fatalf("what was there before is lost: %s", to)
	return nil
}

// req: G6
func TestSAMLApp_itHandsASignInToTheAppOnce(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	id := w.provision(w.r, w.ada)
	q, verifier := appQuery(appReturn)
	code := w.appCode(q).Get("code")
	ask := api.SessionRequest{Workspace: "acme", Code: code, CodeVerifier: verifier, RedirectURI: appReturn, Device: "Ada's laptop"}
	s, err := w.r.client.StartSession(t.Context(), ask)
	if err != nil || s.Me.ID != id {
		t.Fatalf("%+v, %v", s, err)
	}
	if me, err := w.r.client.Me(t.Context(), s.Token); err != nil || me.ID != id {
		t.Errorf("%+v, %v", me, err)
	}
	if _, err := w.r.client.StartSession(t.Context(), ask); codeOf(err) != problem.CodeSpent {
		t.Errorf("the second time: %v", err)
	}
	if all, err := w.store.SessionsOfUser(t.Context(), id); err != nil || len(all) != 1 || all[0].Web || all[0].SAML == nil || all[0].Device != "Ada's laptop" {
		t.Errorf("sessions: %+v, %v", all, err)
	}
	w.setActive(w.r, id, false)
	if _, err := w.r.client.Me(t.Context(), s.Token); codeOf(err) != problem.SessionGone {
		t.Errorf("after the access ended: %v", err)
	}
}

func TestSAMLApp_itGivesAThiefOneGuess(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	for name, spoil := range map[string]func(*api.SessionRequest){
		"another verifier":      func(r *api.SessionRequest) { r.CodeVerifier = strings.Repeat("x", 43) },
		"no verifier":           func(r *api.SessionRequest) { r.CodeVerifier = "" },
		"a verifier too short":  func(r *api.SessionRequest) { r.CodeVerifier = "v" },
		"another return":        func(r *api.SessionRequest) { r.RedirectURI = "http://127.0.0.1:1/callback" },
		"no return":             func(r *api.SessionRequest) { r.RedirectURI = "" },
		"the challenge instead": func(r *api.SessionRequest) { q, _ := appQuery(appReturn); r.CodeVerifier = q.Get("code_challenge") },
	} {
		q, verifier := appQuery(appReturn)
		good := api.SessionRequest{Workspace: "acme", Code: w.appCode(q).Get("code"), CodeVerifier: verifier, RedirectURI: appReturn}
		bad := good
		spoil(&bad)
		if _, err := w.r.client.StartSession(t.Context(), bad); codeOf(err) != problem.CodeSpent {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := w.r.client.StartSession(t.Context(), good); codeOf(err) != problem.CodeSpent {
			t.Errorf("the right one after %s: %v", name, err)
		}
	}
	resp, err := http.Post(w.r.URL+"/v1/session", "application/json", strings.NewReader(`{"workspace":"acme","code":"lycode_x","code_verifier":"y"}`))
	w.must(err)
	defer resp.Body.Close()
	var p api.Problem
	w.must(decodeInto(resp.Body, &p))
	if resp.StatusCode != 400 || p.Error != "invalid_grant" || p.Code != string(problem.CodeSpent) {
		t.Errorf("in OAuth's words: %d %+v", resp.StatusCode, p)
	}
}

func TestSAMLApp_itSendsErrorsWhereItMaySend(t *testing.T) {
	w := newSAML(t, "sqlite", nil) // nobody is provisioned, and JIT is off
	start := w.r.URL + "/w/acme/sso?"
	for name, c := range map[string]struct{ param, value, want string }{
		"a token, please":   {"response_type", "token", "unsupported_response_type"},
		"a plain challenge": {"code_challenge_method", "plain", "invalid_request"},
		"no challenge":      {"code_challenge", "", "invalid_request"},
		"a short challenge": {"code_challenge", "abc", "invalid_request"},
	} {
		q, _ := appQuery(appReturn)
		q.Set(c.param, c.value)
		if got := w.backAt(w.call(nil, "GET", start+q.Encode(), nil)); got.Get("error") != c.want || got.Has("code") {
			t.Errorf("%s: %v", name, got)
		}
	}
	q, _ := appQuery(appReturn)
	if got := w.appCode(q); got.Get("error") != "access_denied" || !strings.Contains(got.Get("error_description"), string(problem.NotAdmitted)) || got.Has("code") {
		t.Errorf("somebody nobody provisioned: %v", got)
	}
	for _, back := range []string{
		"", "https://evil.example/cb", "http://evil.example/cb", "http://127.0.0.1.evil.example:1/", "http://localhost@evil.example:1/", "http://127.0.0.1/no-port",
		"https://127.0.0.1:1/", "javascript:alert(1)", "com.evil.app:/x", "http://127.0.0.1:1/#f", "http://user@127.0.0.1:1/", "http://127.0.0.1:1\\@evil.example/", "//evil.example",
	} {
		q, _ := appQuery(back)
		resp := w.call(nil, "GET", start+q.Encode(), nil)
		if resp.Header.Get("Location") != "" {
			t.Errorf("%q was sent to %q", back, resp.Header.Get("Location"))
		}
		w.says(resp, problem.ReturnUnknown)
	}
	q, _ = appQuery(appReturn)
	resp := w.call(nil, "GET", start+q.Encode()+"&redirect_uri=https://evil.example/", nil)
	w.says(resp, problem.ReturnUnknown)
}

func TestSAMLApp_itReturnsToSchemesThatAreRegistered(t *testing.T) {
	const back = "com.acme.lanyard:/signed-in"
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT, c.AppReturns = true, []string{back} })
	q, verifier := appQuery(back)
	jar := w.jar()
	raw, relay := w.answer(w.call(jar, "GET", w.r.URL+"/w/acme/sso?"+q.Encode(), nil))
	resp := w.call(jar, "GET", w.r.URL+w.post(raw, relay).Header.Get("Location"), nil)
	page := bodyOf(t, resp)
	_, rest, ok := strings.Cut(page, `href="`+back+`?code=`)
	code, _, _ := strings.Cut(rest, "&amp;")
	if resp.StatusCode != 200 || !ok {
		t.Fatalf("%d %s", resp.StatusCode, page)
	}
	if _, err := w.r.client.StartSession(t.Context(), api.SessionRequest{Workspace: "acme", Code: code, CodeVerifier: verifier, RedirectURI: back}); err != nil {
		t.Error(err)
	}
}

// req: H1
func TestSSO_itLeadsFromADeepLinkToTheWorkspace(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	for _, path := range []string{"/sso/acme", "/sso/ACME", "/sso?workspace=acme", "/sso?workspace=ada%40acme.example"} {
		if resp := w.call(nil, "GET", w.r.URL+path, nil); resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/w/acme/saml/login" {
			t.Errorf("%s: %d %q", path, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
	if resp := w.call(nil, "GET", w.r.URL+"/w/acme/sso", nil); resp.Header.Get("Location") != "/w/acme/saml/login" {
		t.Errorf("without parameters: %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	for _, path := range []string{"/sso", "/sso/"} {
		if page := bodyOf(t, w.call(nil, "GET", w.r.URL+path, nil)); !strings.Contains(page, `name="workspace"`) {
			t.Errorf("%s: %s", path, page)
		}
	}
	w.says(w.call(nil, "GET", w.r.URL+"/sso/nobody", nil), problem.UnknownWorkspace)
	now := time.Now()
	w.must(w.store.CreateWorkspace(t.Context(), directory.Workspace{ID: "bare", Name: "Bare", Created: now, Modified: now}))
	w.says(w.call(nil, "GET", w.r.URL+"/sso/bare", nil), problem.ModuleOff)
}
