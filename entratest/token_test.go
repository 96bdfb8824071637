package entratest_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
)

func TestToken_itHoldsACodeToAllItIsBoundTo(t *testing.T) {
	r := newRig(t)
	other := r.tenant.AddApp(entratest.App{Name: "Other", Redirects: r.app.Redirects})
	for _, c := range []struct {
		why    string
		oauth  string
		aadsts int
		pairs  []string
	}{
		{"another verifier", "invalid_grant", 501481, []string{"code_verifier", strings.Repeat("x", 43)}},
		{"no verifier", "invalid_grant", 501481, []string{"code_verifier", ""}},
		{"a verifier with a character too many", "invalid_grant", 501481, []string{"code_verifier", verifier + "x"}},
		{"another redirect URI", "invalid_grant", 500112, []string{"redirect_uri", "http://localhost:1"}},
		{"no redirect URI", "invalid_request", 900144, []string{"redirect_uri", ""}},
		{"another app", "invalid_grant", 70000, []string{"client_id", other.ClientID}},
		{"an unknown app", "unauthorized_client", 700016, []string{"client_id", "11111111-1111-1111-1111-111111111111"}},
		{"no app", "invalid_request", 900144, []string{"client_id", ""}},
		{"a code nobody gave", "invalid_request", 9002313, []string{"code", "1.AAAA"}},
		{"no code", "invalid_request", 900144, []string{"code", ""}},
		{"another grant type", "unsupported_grant_type", 70003, []string{"grant_type", "password"}},
		{"no grant type", "invalid_request", 900144, []string{"grant_type", ""}},
		{"a secret of a public client", "invalid_client", 700025, []string{"client_secret", "s"}},
		{"a scope that is not there", "invalid_client", 65005, []string{"scope", r.app.ScopeName("nope")}},
		{"a scope nobody consented to", "invalid_grant", 65001, []string{"scope", r.app.ScopeName("admin_things")}},
	} {
		t.Run("it refuses "+c.why, func(t *testing.T) {
			got := r.redeem(r.signIn().Get("code"), c.pairs...)
			if got.Status < 400 || got.Error != c.oauth || got.code() != c.aadsts || got.AccessToken != "" {
				t.Errorf("%+v, want %s, %d", got, c.oauth, c.aadsts)
			}
		})
	}
}

func TestToken_itWritesErrorsAsEntraDoes(t *testing.T) {
	r := newRig(t)
	const id = "0a0a0a0a-1b1b-2c2c-3d3d-4e4e4e4e4e4e"
	got := r.token(url.Values{"grant_type": {"refresh_token"}, "client_id": {r.app.ClientID}, "refresh_token": {"x"}}, "client-request-id", id)
	if got.CorrelationID != id || got.Header.Get("client-request-id") != id || got.Header.Get("x-ms-request-id") != got.TraceID {
		t.Errorf("ids: %+v", got)
	}
	want := regexp.MustCompile(`^AADSTS9002313: .+ Trace ID: ` + got.TraceID + ` Correlation ID: ` + id + ` Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$`)
	if !want.MatchString(got.Description) || !strings.HasSuffix(got.Description, got.Timestamp) {
		t.Errorf("%q", got.Description)
	}
	if cc := got.Header.Get("Cache-Control"); !strings.Contains(cc, "no-store") {
		t.Errorf("Cache-Control %q", cc)
	}
}

func TestToken_itIsStrictAboutTheForm(t *testing.T) {
	r := newRig(t)
	address := r.tenant.Authority() + "/oauth2/v2.0/token"
	for why, c := range map[string]struct{ address, kind, body string }{
		"JSON":                {address, "application/json", `{"grant_type":"refresh_token"}`},
		"no type":             {address, "", "grant_type=refresh_token"},
		"a parameter twice":   {address, "application/x-www-form-urlencoded", "grant_type=refresh_token&grant_type=refresh_token"},
		"a secret in the URL": {address + "?refresh_token=x", "application/x-www-form-urlencoded", "grant_type=refresh_token"},
		"broken encoding":     {address, "application/x-www-form-urlencoded", "grant_type=%zz"},
		"too much":            {address, "application/x-www-form-urlencoded", "a=" + strings.Repeat("x", 300<<10)},
	} {
		t.Run("it refuses "+why, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.address, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if c.kind != "" {
				req.Header.Set("Content-Type", c.kind)
			}
			res, err := r.http.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusBadRequest {
				t.Errorf("%d", res.StatusCode)
			}
		})
	}
}

func TestToken_itTakesACodeOnceAndPunishesTheSecondTime(t *testing.T) {
	r := newRig(t)
	code := r.signIn().Get("code")
	first := r.redeem(code)
	if first.Status != 200 {
		t.Fatalf("%+v", first)
	}
	if again := r.redeem(code); again.Error != "invalid_grant" || again.code() != 54005 {
		t.Errorf("%+v", again)
	}
	if got := r.refresh(first.RefreshToken); got.Error != "invalid_grant" {
		t.Errorf("the tokens of a stolen code still work: %+v", got)
	}
	code = r.signIn().Get("code")
	r.e.Advance(11 * time.Minute)
	if got := r.redeem(code); got.code() != 70008 {
		t.Errorf("an old code: %+v", got)
	}
}

func TestToken_itRotatesRefreshTokensAndRevokesTheFamilyOnReuse(t *testing.T) {
	r := newRig(t)
	first := r.redeem(r.signIn().Get("code"))
	second := r.refresh(first.RefreshToken, "scope", r.app.ScopeName("access_as_user")+" openid profile offline_access")
	if second.Status != 200 || second.RefreshToken == "" || second.RefreshToken == first.RefreshToken || second.IDToken == "" {
		t.Fatalf("%+v", second)
	}
	if nonce, there := claims(t, second.IDToken)["nonce"]; there {
		t.Errorf("the nonce %v after a refresh (OpenID Connect Core section 12.2)", nonce)
	}
	if got := r.refresh(first.RefreshToken); got.Error != "invalid_grant" || got.code() != 70000 || got.SubError != "bad_token" {
		t.Errorf("reuse: %+v", got)
	}
	if got := r.refresh(second.RefreshToken); got.Error != "invalid_grant" {
		t.Errorf("the rest of the family still works: %+v", got)
	}
	lenient := newRig(t, entratest.Options{AllowRefreshReuse: true})
	tok := lenient.redeem(lenient.signIn().Get("code")).RefreshToken
	for range 2 {
		if got := lenient.refresh(tok); got.Status != 200 {
			t.Errorf("with AllowRefreshReuse: %+v", got)
		}
	}
}

// req: E7
func TestToken_itEndsWhatAPersonHoldsWhenTheirStandingChanges(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		why         string
		do, undo    func() error
		want, after int
	}{
		{"disabled", func() error { return r.tenant.Disable(r.ada) }, func() error { return r.tenant.Enable(r.ada) }, 50057, 50173},
		{"soft-deleted", func() error { return r.tenant.SoftDelete(r.ada) }, func() error { return r.tenant.Restore(r.ada) }, 500341, 50173},
		{
			"given another password", func() error { return r.tenant.SetPassword(r.ada, "another") },
			func() error { return r.tenant.SetPassword(r.ada, r.ada.Password) }, 50173, 50173,
		},
		{"signed out everywhere", func() error { return r.tenant.RevokeSessions(r.ada) }, func() error { return nil }, 50173, 50173},
		{"not assigned any more", func() error {
			return r.tenant.UpdateApp(r.app, func(a *entratest.App) { a.AssignmentRequired = true })
		}, func() error {
			return r.tenant.UpdateApp(r.app, func(a *entratest.App) { a.AssignmentRequired = false })
		}, 50105, 0},
	} {
		t.Run("it ends those of a person "+c.why, func(t *testing.T) {
			tok := r.redeem(r.signIn().Get("code")).RefreshToken
			if err := c.do(); err != nil {
				t.Fatal(err)
			}
			if got := r.refresh(tok); got.Error != "invalid_grant" || got.code() != c.want {
				t.Errorf("%+v, want %d", got, c.want)
			}
			if err := c.undo(); err != nil {
				t.Fatal(err)
			}
			if got := r.refresh(tok); got.code() != c.after {
				t.Errorf("and afterwards %+v, want %d", got, c.after)
			}
		})
	}
	t.Run("it ends a code, too", func(t *testing.T) {
		code := r.signIn().Get("code")
		if err := r.tenant.RevokeSessions(r.ada); err != nil {
			t.Fatal(err)
		}
		if got := r.redeem(code); got.code() != 50173 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("it forgets refresh tokens that nobody used for 90 days", func(t *testing.T) {
		tok := r.redeem(r.signIn().Get("code")).RefreshToken
		r.e.Advance(91 * 24 * time.Hour)
		if got := r.refresh(tok); got.code() != 700082 || got.Error != "invalid_grant" {
			t.Errorf("%+v", got)
		}
	})
}

func TestToken_itTellsPlatformsApart(t *testing.T) {
	r := newRig(t)
	web := r.tenant.AddApp(entratest.App{
		Name: "Web", AdminConsent: true, Secrets: []string{"the secret"},
		Redirects: []entratest.Redirect{{Platform: entratest.Web, URI: "http://localhost/web"}, {Platform: entratest.SPA, URI: "http://localhost/spa"}},
	})
	code := func(path string, pairs ...string) string {
		return r.signIn(append([]string{"client_id", web.ClientID, "scope", "openid profile", "redirect_uri", r.back + path}, pairs...)...).Get("code")
	}
	form := func(code, path string, pairs ...string) url.Values {
		f := url.Values{
			"grant_type": {"authorization_code"}, "client_id": {web.ClientID}, "code": {code},
			"redirect_uri": {r.back + path}, "code_verifier": {verifier},
		}
		amend(f, pairs)
		return f
	}
	if got := r.token(form(code("/web"), "/web")); got.code() != 7000218 || got.Status != 401 {
		t.Errorf("web without a secret: %+v", got)
	}
	if got := r.token(form(code("/web"), "/web", "client_secret", "wrong")); got.code() != 7000215 {
		t.Errorf("web with a wrong secret: %+v", got)
	}
	if got := r.token(form(code("/web"), "/web", "client_secret", "the secret")); got.Status != 200 || claims(t, got.AccessToken)["azpacr"] != "1" {
		t.Errorf("web: %+v", got)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(web.ClientID+":the+secret"))
	if got := r.token(form(code("/web"), "/web", "client_id", ""), "Authorization", basic); got.Status != 200 {
		t.Errorf("web with basic authentication: %+v", got)
	}
	noPKCE := code("/web", "code_challenge", "", "code_challenge_method", "")
	if got := r.token(form(noPKCE, "/web", "client_secret", "the secret", "code_verifier", "")); got.Status != 200 {
		t.Errorf("web without PKCE: %+v", got)
	}
	if got := r.token(form(code("/spa"), "/spa")); got.code() != 9002327 {
		t.Errorf("single-page app without Origin: %+v", got)
	}
	if got := r.token(form(code("/spa"), "/spa"), "Origin", "http://localhost:3000"); got.Status != 200 || got.Header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("single-page app: %+v", got)
	}
	if got := r.token(form(code("/web"), "/web", "client_secret", "the secret"), "Origin", "http://localhost:3000"); got.code() != 9002326 {
		t.Errorf("web from a script: %+v", got)
	}
}

func TestToken_itKnowsWhichTenantIsMeant(t *testing.T) {
	r := newRig(t)
	r.e.AddTenant(entratest.TenantOptions{ID: "22222222-2222-2222-2222-222222222222", Domain: "other.example"})
	code := r.signIn().Get("code")
	for name, want := range map[string]int{
		"22222222-2222-2222-2222-222222222222": 700016,
		"33333333-3333-3333-3333-333333333333": 90002,
		"common":                               50194,
	} {
		form := url.Values{"grant_type": {"authorization_code"}, "client_id": {r.app.ClientID}, "code": {code}}
		there, tenant := *r, *r.tenant
		tenant.ID = name
		there.tenant = &tenant
		got := there.token(form)
		if got.code() != want {
			t.Errorf("%s: %+v, want %d", name, got, want)
		}
	}
}

// Whatever is posted, the token endpoint answers with JSON and never with a
// token or a server error.
func FuzzTokenForm(f *testing.F) {
	for _, s := range []string{
		"grant_type=authorization_code&code=x", "grant_type=refresh_token&refresh_token=%00", "grant_type=device_code&device_code=",
		"grant_type=urn:ietf:params:oauth:grant-type:device_code", "client_id=&client_secret=", "%", "a=b;c=d", "=&=&=",
		"scope=api://x/.default%20//", "claims=%7B%22access_token%22:1%7D", "grant_type=authorization_code&grant_type=x",
	} {
		f.Add(s, "application/x-www-form-urlencoded")
	}
	f.Add("grant_type=x", "multipart/form-data; boundary=x")
	e := entratest.New(f)
	tenant := e.AddTenant(entratest.TenantOptions{})
	app := tenant.AddApp(entratest.App{IsFallbackPublicClient: true})
	h := entratest.EndpointsForTest(e)
	f.Fuzz(func(t *testing.T, body, kind string) {
		for _, path := range []string{"token", "devicecode"} {
			q := httptest.NewRequest(http.MethodPost, "https://login.microsoftonline.com/"+tenant.ID+"/oauth2/v2.0/"+path,
				strings.NewReader("client_id="+app.ClientID+"&"+body))
			q.Header.Set("Content-Type", kind)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, q)
			if w.Code >= 500 || (path == "token" && w.Code < 400) {
				t.Fatalf("%s: %d %s", path, w.Code, w.Body)
			}
			if !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
				t.Fatalf("%s: type %q", path, w.Header().Get("Content-Type"))
			}
		}
	})
}
