package entratest_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
)

// surfer loads pages as they are, for what they look like to a program.
type surfer struct {
	t    *testing.T
	base string
	http *http.Client
}

func newSurfer(t *testing.T, e *entratest.Entra) *surfer {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &surfer{t: t, base: e.BrowserURL(), http: &http.Client{Jar: jar}}
}

// page loads an address, or posts a form to it, and checks what every page has.
func (s *surfer) page(address string, form url.Values) string {
	s.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = s.base + address
	}
	var res *http.Response
	var err error
	if form == nil {
		res, err = s.http.Get(address) //nolint:noctx // loopback
	} else {
		res, err = s.http.PostForm(address, form) //nolint:noctx // loopback
	}
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	csp := res.Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
		s.t.Errorf("Content-Security-Policy %q", csp)
	}
	return string(body)
}

func (s *surfer) has(page string, wants ...string) {
	s.t.Helper()
	for _, want := range append(wants, `id="dev-mark"`, "Local Entra for development", `lang="en"`, `id="title"`) {
		if !strings.Contains(page, want) {
			s.t.Errorf("no %s in\n%s", want, page)
		}
	}
}

func actionOf(page string) string {
	_, rest, _ := strings.Cut(page, `action="`)
	action, _, _ := strings.Cut(rest, `"`)
	return action
}

func TestPages_theyKeepTheirIDs(t *testing.T) {
	r := newRig(t, entratest.Options{ShowPasswords: true})
	if err := r.tenant.UpdateUser(r.ada, func(u *entratest.User) { u.DisplayName = `Ada "<b>" Lovelace` }); err != nil {
		t.Fatal(err)
	}
	s := newSurfer(t, r.e)
	pick := s.page(r.authorize("response_mode", "form_post"), nil)
	s.has(pick, `data-page="pick"`, `id="pick-1"`, `data-upn="ada@acme.example"`, `id="other"`, `id="cancel"`, `Ada &#34;&lt;b&gt;&#34; Lovelace`)
	flow := actionOf(pick)
	s.has(s.page(flow, url.Values{"action": {"other"}}), `data-page="username"`, `id="username"`, `id="next"`, `id="back"`, `id="cancel"`)
	unknown := s.page(flow, url.Values{"action": {"next"}, "username": {`"><script>`}})
	s.has(unknown, `data-page="username"`, `id="problem"`)
	if strings.Contains(unknown, "<script>") {
		t.Error("what was typed is markup")
	}
	password := s.page(flow, url.Values{"action": {"next"}, "username": {" Ada@ACME.example "}})
	s.has(password, `data-page="password"`, `id="password"`, `id="next"`, `id="back"`, `id="fill"`, r.ada.Password)
	consent := s.page(flow, url.Values{"action": {"next"}, "password": {r.ada.Password}})
	s.has(consent, `data-page="consent"`, `id="accept"`, `id="cancel"`, `id="permissions"`)
	post := s.page(flow, url.Values{"action": {"accept"}})
	s.has(post, `data-page="post"`, `id="continue"`, `action="`+r.back+`"`, `name="code"`, `value="the state"`, "<noscript>")
	s.has(s.page(r.authorize("redirect_uri", "http://localhost/no"), nil),
		`data-page="error"`, `id="aadsts"`, `data-code="50011"`, `id="trace"`, `id="correlation"`, `id="timestamp"`)
	s.has(s.page("/devicelogin", nil), `data-page="code"`, `id="user-code"`, `id="next"`, `id="cancel"`)
	s.has(s.page("/"+r.tenant.ID+"/oauth2/v2.0/logout", nil), `data-page="message"`, `id="signed-out"`)
	s.has(s.page("/", nil), `data-page="index"`, r.tenant.ID)
}

func TestPages_theyShowNoPasswordUnlessAsked(t *testing.T) {
	r := newRig(t)
	s := newSurfer(t, r.e)
	if page := s.page(r.authorize("login_hint", "ada@acme.example"), nil); strings.Contains(page, r.ada.Password) || strings.Contains(page, `id="fill"`) {
		t.Error("the password stands on the page")
	}
}

func TestPages_theySignThePasswordlessInByPicking(t *testing.T) {
	r := newRig(t)
	eve := r.tenant.AddUser(entratest.User{GivenName: "Eve", Passwordless: true})
	for _, c := range []struct {
		hint  string
		pages []string
	}{{"", []string{"pick", "consent"}}, {"eve@acme.example", []string{"username"}}} {
		hint, want := c.hint, c.pages
		b := r.e.Browser()
		if _, err := b.SignIn(t.Context(), r.authorize("login_hint", hint), eve); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(b.Pages, want) {
			t.Errorf("hint %q: pages %v, want %v", hint, b.Pages, want)
		}
	}
}

func TestLogout_itGoesBackOnlyWhereRegistered(t *testing.T) {
	r := newRig(t)
	s := newSurfer(t, r.e)
	s.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for back, want := range map[string]string{r.back: r.back + "/?state=x", "https://evil.example/": ""} {
		res, err := s.http.Get(s.base + "/" + r.tenant.ID + "/oauth2/v2.0/logout?" + url.Values{"post_logout_redirect_uri": {back}, "state": {"x"}}.Encode()) //nolint:noctx // loopback
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if got := res.Header.Get("Location"); got != want {
			t.Errorf("%s: %q, want %q", back, got, want)
		}
	}
}
