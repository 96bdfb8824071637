package entratest_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
)

func TestSignIn_itGoesThroughThePagesToTheApp(t *testing.T) {
	r := newRig(t)
	b := r.e.Browser()
	a, err := b.SignIn(t.Context(), r.authorize(), r.ada)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"pick", "password", "consent"}; !slices.Equal(b.Pages, want) {
		t.Errorf("pages %v, want %v", b.Pages, want)
	}
	if a.Status != 200 || a.Params.Get("state") != "the state" || a.Params.Get("code") == "" || a.Params.Get("session_state") == "" {
		t.Errorf("the app got %v and answered %d", a.Params, a.Status)
	}
	if a.URL.Path != "/" {
		t.Errorf("a URI without a path is answered with a slash, not %q", a.URL)
	}
	tok := r.redeem(a.Params.Get("code"))
	if tok.Status != 200 || tok.IDToken == "" || tok.AccessToken == "" || tok.RefreshToken == "" || tok.ClientInfo == "" {
		t.Errorf("%+v", tok)
	}
	if tok.Scope != r.app.ScopeName("access_as_user") || tok.ExpiresIn < 3600 || tok.ExpiresIn > 5400 {
		t.Errorf("scope %q, expires in %d", tok.Scope, tok.ExpiresIn)
	}
}

// req: H6
func TestSignIn_itAsksForNothingTheSecondTime(t *testing.T) {
	r := newRig(t)
	b := r.e.Browser()
	for i, want := range []int{3, 0} {
		if _, err := b.SignIn(t.Context(), r.authorize(), r.ada); err != nil {
			t.Fatal(err)
		}
		if len(b.Pages) != want {
			t.Errorf("sign-in %d: pages %v", i+1, b.Pages)
		}
	}
	if err := b.SignOut(t.Context(), r.tenant); err != nil {
		t.Fatal(err)
	}
	if _, err := b.SignIn(t.Context(), r.authorize(), r.ada); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(b.Pages, "password") {
		t.Errorf("after signing out: pages %v", b.Pages)
	}
}

// req: H3
func TestSignIn_itHonoursHintsAndPrompts(t *testing.T) {
	r := newRig(t, entratest.Options{})
	if err := r.tenant.UpdateApp(r.app, func(a *entratest.App) { a.AdminConsent = true }); err != nil {
		t.Fatal(err)
	}
	bob := r.tenant.AddUser(entratest.User{GivenName: "Bob"})
	for _, c := range []struct {
		why   string
		first bool // ada has signed in at the browser before
		pairs []string
		who   *entratest.User
		pages []string
	}{
		{"shows the picker to a browser it does not know", false, nil, r.ada, []string{"pick", "password"}},
		{"goes to the password of the one who is hinted at", false, []string{"login_hint", "ada@acme.example"}, r.ada, []string{"password"}},
		{"uses the session of the one who is hinted at", true, []string{"login_hint", "ADA@acme.example"}, r.ada, nil},
		{"asks another person than the session's", true, []string{"login_hint", "bob@acme.example"}, bob, []string{"password"}},
		{"asks for a name that it does not know", true, []string{"login_hint", "nobody@acme.example"}, r.ada, []string{"username"}},
		{"picks again when told to", true, []string{"prompt", "select_account"}, r.ada, []string{"pick"}},
		{"asks for the password again when told to", true, []string{"prompt", "login", "login_hint", "ada@acme.example"}, r.ada, []string{"password"}},
		{"picks, then asks for the password again", true, []string{"prompt", "login"}, r.ada, []string{"pick", "password"}},
		{"asks for consent again when told to", true, []string{"prompt", "consent"}, r.ada, []string{"consent"}},
		{"lists nobody of other domains", false, []string{"domain_hint", "other.example"}, r.ada, []string{"pick", "username", "password"}},
	} {
		t.Run("it "+c.why, func(t *testing.T) {
			b := r.e.Browser()
			if c.first {
				if _, err := b.SignIn(t.Context(), r.authorize(), r.ada); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := b.SignIn(t.Context(), r.authorize(c.pairs...), c.who); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(b.Pages, c.pages) {
				t.Errorf("pages %v, want %v", b.Pages, c.pages)
			}
		})
	}
}

func TestSignIn_itAnswersPromptNoneWithoutAPage(t *testing.T) {
	r := newRig(t)
	b := r.e.Browser()
	expect := func(want string, pairs ...string) {
		t.Helper()
		a, err := b.SignIn(t.Context(), r.authorize(append(pairs, "prompt", "none")...), r.ada)
		if err != nil {
			t.Fatal(err)
		}
		got := a.Params.Get("error")
		if a.Params.Get("code") != "" {
			got = "code"
		}
		if got != want || len(b.Pages) != 0 {
			t.Errorf("%q (%s), want %q; pages %v", got, a.Params.Get("error_description"), want, b.Pages)
		}
	}
	expect("login_required")
	b.Decline = true
	if _, err := b.SignIn(t.Context(), r.authorize(), r.ada); err != nil {
		t.Fatal(err)
	}
	expect("interaction_required") // consent
	if err := r.tenant.Consent(r.app, r.ada, "access_as_user"); err != nil {
		t.Fatal(err)
	}
	expect("code")
	expect("login_required", "login_hint", "bob@acme.example")
	bob := r.tenant.AddUser(entratest.User{GivenName: "Bob"})
	if _, err := b.SignIn(t.Context(), r.authorize("login_hint", "bob@acme.example"), bob); err != nil {
		t.Fatal(err)
	}
	expect("interaction_required") // two people
	expect("code", "login_hint", "ada@acme.example")
	if err := r.tenant.Disable(r.ada); err != nil {
		t.Fatal(err)
	}
	expect("login_required", "login_hint", "ada@acme.example")
}

func TestSignIn_itSaysWhatIsWrongOnThePage(t *testing.T) {
	r := newRig(t)
	foreign := r.tenant.AddApp(entratest.App{Name: "Foreign", AssignmentRequired: true, Redirects: r.app.Redirects, Scopes: r.app.Scopes})
	b := r.e.Browser()
	b.Password = "wrong"
	_, err := b.SignIn(t.Context(), r.authorize(), r.ada)
	if page := pageError(t, err); page.AADSTS != 50126 {
		t.Errorf("wrong password: %v", page)
	}
	disabled := r.tenant.AddUser(entratest.User{GivenName: "Dora", Disabled: true})
	for _, c := range []struct {
		why   string
		want  int
		who   *entratest.User
		pairs []string
	}{
		{"a redirect URI nobody registered", 50011, r.ada, []string{"redirect_uri", "http://localhost:1/other"}},
		{"no redirect URI", 900144, r.ada, []string{"redirect_uri", ""}},
		{"an app nobody knows", 700016, r.ada, []string{"client_id", "11111111-1111-1111-1111-111111111111"}},
		{"no app", 900144, r.ada, []string{"client_id", ""}},
		{"a person without assignment", 50105, r.ada, []string{"client_id", foreign.ClientID, "scope", "openid profile"}},
		{"a disabled person", 50057, disabled, nil},
		{"a scope for administrators", 90094, r.ada, []string{"scope", r.app.ScopeName("admin_things")}},
	} {
		t.Run("it shows "+c.why, func(t *testing.T) {
			a, err := r.e.Browser().SignIn(t.Context(), r.authorize(c.pairs...), c.who)
			if a != nil {
				t.Fatalf("it went to %v", a.URL)
			}
			page := pageError(t, err)
			if page.AADSTS != c.want || len(page.Correlation) != 36 {
				t.Errorf("%v (correlation id %q), want AADSTS%d", page, page.Correlation, c.want)
			}
		})
	}
}

func pageError(t *testing.T, err error) *entratest.PageError {
	t.Helper()
	var page *entratest.PageError
	if !errors.As(err, &page) {
		t.Fatalf("no page, but %v", err)
	}
	return page
}

func TestSignIn_itSendsPolicyErrorsToTheAppWhereAsked(t *testing.T) {
	r := newRig(t, entratest.Options{PolicyErrorsToApp: true})
	if err := r.tenant.UpdateApp(r.app, func(a *entratest.App) { a.AssignmentRequired = true }); err != nil {
		t.Fatal(err)
	}
	got := r.signIn()
	if got.Get("error") != "access_denied" || !strings.HasPrefix(got.Get("error_description"), "AADSTS50105: ") || got.Get("state") != "the state" {
		t.Errorf("%v", got)
	}
	if err := r.tenant.Assign(r.app, r.ada, "Reader"); err != nil {
		t.Fatal(err)
	}
	if r.signIn().Get("code") == "" {
		t.Error("no code for a person who is assigned")
	}
}

func TestSignIn_itRefusesBadRequestsAtTheApp(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		why, oauth, aadsts string
		pairs              []string
	}{
		{"no PKCE of a native app", "invalid_request", "AADSTS9002325:", []string{"code_challenge", "", "code_challenge_method", ""}},
		{"plain PKCE", "invalid_request", "AADSTS50149:", []string{"code_challenge_method", "plain"}},
		{"PKCE without a method, which means plain", "invalid_request", "AADSTS50149:", []string{"code_challenge_method", ""}},
		{"a challenge that is too short", "invalid_request", "AADSTS501491:", []string{"code_challenge", "short"}},
		{"a method without a challenge", "invalid_request", "AADSTS900144:", []string{"code_challenge", ""}},
		{"another response type", "unsupported_response_type", "AADSTS700054:", []string{"response_type", "token"}},
		{"no response type", "invalid_request", "AADSTS900144:", []string{"response_type", ""}},
		{"an unknown response mode", "invalid_request", "AADSTS90023:", []string{"response_mode", "web_message"}},
		{"an unknown prompt", "invalid_request", "AADSTS90023:", []string{"prompt", "create"}},
		{"a resource that is not there", "invalid_resource", "AADSTS500011:", []string{"scope", "api://nobody/x"}},
		{"a scope that is not exposed", "invalid_client", "AADSTS65005:", []string{"scope", "api://" + r.app.ClientID + "/nope"}},
		{"no scope", "invalid_request", "AADSTS900144:", []string{"scope", ""}},
		{"scopes of two resources", "invalid_scope", "AADSTS28000:", []string{"scope", r.app.ScopeName("access_as_user") + " User.Read"}},
	} {
		t.Run("it refuses "+c.why, func(t *testing.T) {
			got := r.signIn(c.pairs...)
			if got.Get("error") != c.oauth || !strings.HasPrefix(got.Get("error_description"), c.aadsts) || got.Get("state") != "the state" {
				t.Errorf("%v", got)
			}
		})
	}
}

// req: H3
func TestSignIn_itTellsTheAppThatThePersonGaveUp(t *testing.T) {
	r := newRig(t)
	for name, b := range map[string]*entratest.Browser{"cancelled": r.e.Browser(), "declined": r.e.Browser()} {
		b.Cancel, b.Decline = name == "cancelled", name == "declined"
		a, err := b.SignIn(t.Context(), r.authorize(), r.ada)
		if err != nil {
			t.Fatal(err)
		}
		if a.Params.Get("error") != "access_denied" || !strings.HasPrefix(a.Params.Get("error_description"), "AADSTS65004: ") ||
			a.Params.Get("error_subcode") != "cancel" || a.Params.Get("state") != "the state" || a.Params.Get("code") != "" {
			t.Errorf("%s: %v", name, a.Params)
		}
	}
}

func TestSignIn_itAnswersInEveryResponseMode(t *testing.T) {
	r := newRig(t)
	for _, mode := range []string{"query", "fragment", "form_post"} {
		b := r.e.Browser()
		a, err := b.SignIn(t.Context(), r.authorize("response_mode", mode), r.ada)
		if err != nil {
			t.Fatal(err)
		}
		if a.Params.Get("code") == "" || a.Params.Get("state") != "the state" {
			t.Errorf("%s: %v", mode, a.Params)
		}
		if got := a.URL.RawQuery != ""; got != (mode == "query") {
			t.Errorf("%s: the address is %v", mode, a.URL)
		}
		if got := slices.Contains(b.Pages, "post"); got != (mode == "form_post") {
			t.Errorf("%s: pages %v", mode, b.Pages)
		}
	}
	t.Run("it answers an app's own scheme", func(t *testing.T) {
		a, err := r.e.Browser().SignIn(t.Context(), r.authorize("redirect_uri", "msauth.com.acme.app://auth"), r.ada)
		if err != nil || a.Status != 0 || a.Params.Get("code") == "" {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

func TestSignIn_itBelongsToTheBrowserThatBegan(t *testing.T) {
	r := newRig(t)
	res, err := http.Get(r.authorize("login_hint", "ada@acme.example")) //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(body), `action="/flow/`)
	id, _, _ := strings.Cut(rest, `"`)
	form := url.Values{"action": {"next"}, "password": {r.ada.Password}}
	stranger, err := http.PostForm(r.e.BrowserURL()+"/flow/"+id, form) //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	_ = stranger.Body.Close()
	if stranger.StatusCode != http.StatusBadRequest {
		t.Errorf("a browser without the cookie got %d", stranger.StatusCode)
	}
	cookies := res.Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode {
		t.Errorf("%v", cookies)
	}
}

func TestSignIn_itEndsPagesAfterAnHour(t *testing.T) {
	r := newRig(t)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	hc := &http.Client{Jar: jar}
	page := func() (path string) {
		t.Helper()
		res, err := hc.Get(r.authorize("login_hint", "ada@acme.example")) //nolint:noctx // loopback
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(body), `action="`)
		path, _, _ = strings.Cut(rest, `"`)
		return path
	}
	for age, want := range map[time.Duration]int{59 * time.Minute: http.StatusOK, 61 * time.Minute: http.StatusBadRequest} {
		path := page()
		r.e.Advance(age)
		res, err := hc.PostForm(r.e.BrowserURL()+path, url.Values{"action": {"next"}, "password": {"wrong"}}) //nolint:noctx // loopback
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("after %v: %d, want %d", age, res.StatusCode, want)
		}
	}
}
