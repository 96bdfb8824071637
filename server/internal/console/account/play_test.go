package account

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/lanyard-sso/lanyard/server/internal/admin"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/internal/password"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// stage is the pages on a real console whose sentry is the real one.
type stage struct {
	*testing.T
	admin *admin.Admin
	st    *store.Store
	base  string

	mu  sync.Mutex
	now time.Time
}

func (s *stage) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stage) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{T: t, now: time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)}
	var err error
	if s.st, err = sqlite.Open(t.Context(), litetest.File(t)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.st.Close() })
	for _, id := range []string{"acme", "other"} {
		if err := s.st.CreateWorkspace(t.Context(), directory.Workspace{ID: id, Name: id, Directory: "dir-" + id, SCIMEnabled: true, Created: s.now, Modified: s.now}); err != nil {
			t.Fatal(err)
		}
	}
	var h http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	s.base = srv.URL
	u, _ := url.Parse(srv.URL)
	s.admin = admin.New(admin.Config{
		Store: s.st, URL: u, Key: bytes.Repeat([]byte{7}, 32), Now: s.clock, InsecureNoRateLimits: true,
		Passwords: password.NewHasher(password.Cost{Memory: 64, Passes: 1, Threads: 1}),
	})
	h, err = console.New(console.Config{
		Store: s.st, URL: u, Public: u, Sentry: s.admin, Sections: []console.Section{Section{Admin: s.admin}, samlHome{}}, Now: s.clock, SignIn: SignIn, Home: "account.home",
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// samlHome stands for the pages of the module SAML.
type samlHome struct{}

func (samlHome) Templates() fs.FS {
	return fstest.MapFS{"play/home.html": {Data: []byte(`{{define "main"}}the pages of SAML{{end}}`)}}
}
func (samlHome) Examples() []console.Example { return nil }
func (samlHome) Routes() []console.Route {
	a := console.Access{Role: console.ITAdmin, Module: directory.ModuleSAML}
	return []console.Route{
		console.Page("saml.home", "/workspaces/{ws}/saml", a, func(ctx, *console.Call, none) (samlPage, error) { return samlPage{}, nil }),
		console.Act("saml.save", "/workspaces/{ws}/saml/save", a, func(_ ctx, c *console.Call, _ saved) (console.Done, error) {
			return console.Done{To: c.Path("saml.home"), Say: "It is saved."}, nil
		}),
	}
}

type samlPage struct{}

type saved struct {
	X string `json:"x"`
}

func (samlPage) Head() console.Head {
	return console.Head{Title: "SAML", Template: "play/home.html", Nav: "saml"}
}

// browser is one with cookies that follows where it is led.
type browser struct {
	*stage
	http *http.Client
	// at is where it is, and page what it shows.
	at     string
	status int
	page   string
}

func (s *stage) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{stage: s, http: &http.Client{Jar: jar}}
}

func (b *browser) did(resp *http.Response, err error) *browser {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	b.at, b.status, b.page = resp.Request.URL.RequestURI(), resp.StatusCode, string(text)
	return b
}

func (b *browser) open(path string) *browser {
	b.Helper()
	if !strings.HasPrefix(path, "http") {
		path = b.base + path
	}
	return b.did(b.http.Get(path))
}

func (b *browser) post(path string, pairs ...string) *browser {
	b.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.did(b.http.PostForm(b.base+path, form))
}

func (b *browser) shows(status int, all ...string) *browser {
	b.Helper()
	if b.status != status {
		b.Fatalf("%s answered %d: %s", b.at, b.status, b.page)
	}
	for _, want := range all {
		if !strings.Contains(b.page, want) {
			b.Errorf("%s does not say %q: %s", b.at, want, b.page)
		}
	}
	return b
}

func (b *browser) hides(all ...string) *browser {
	b.Helper()
	for _, no := range all {
		if strings.Contains(b.page, no) {
			b.Errorf("%s says %q", b.at, no)
		}
	}
	return b
}

var (
	secretForm = regexp.MustCompile(`value="((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})"`)
	codeForm   = regexp.MustCompile(`[0-9a-z]{4}(?:-[0-9a-z]{4}){3}`)
	linkForm   = regexp.MustCompile(`http://[^" <]*token=[A-Za-z0-9_-]{43}`)
	tokenForm  = regexp.MustCompile(`lyadm_[A-Za-z0-9_-]{43}[0-9a-f]{8}`)
)

func (b *browser) find(form *regexp.Regexp) string {
	b.Helper()
	m := form.FindStringSubmatch(b.page)
	if m == nil {
		b.Fatalf("%s has no %s: %s", b.at, form, b.page)
	}
	return m[len(m)-1]
}

func (s *stage) code(secret string) string {
	s.Helper()
	code, err := totp.GenerateCode(strings.ReplaceAll(secret, " ", ""), s.clock())
	if err != nil {
		s.Fatal(err)
	}
	return code
}

const goodPassword = "correct horse battery"

func tokenOf(link string) string { return link[strings.Index(link, "token=")+6:] }

// join has whoever has a link join with an app, and returns its secret.
func (b *browser) join(link, name, email string) (secret string) {
	b.Helper()
	b.open(link).shows(200)
	b.post("/admin/join", "token", tokenOf(link), "name", name, "email", email).shows(200, "Choose how you sign in")
	secret = b.open("/admin/enrol/authenticator").shows(200, "<svg").find(secretForm)
	b.post("/admin/enrol/authenticator", "password", goodPassword, "code", b.code(secret)).shows(200, "They are not shown again")
	return secret
}

func (s *stage) owner() (*browser, string) {
	s.Helper()
	l, err := s.admin.FirstLink(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	b := s.browser()
	return b, b.join(l.URL, "Ada Lovelace", "ada@acme.example")
}

// Without scripts: from the first link to an account with an app and codes, out,
// and in again to the page that was wanted.
//
// req: A4
func TestAccount_anOwnerJoinsAndSignsInWithoutScripts(t *testing.T) {
	s := newStage(t)
	l, err := s.admin.FirstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	b.open("/admin/account").shows(200, "Sign in to the console")
	b.open(l.URL).shows(200, "Become the owner of this server")
	b.post("/admin/join", "token", tokenOf(l.URL), "name", "Ada <b>Lovelace", "email", "nobody").shows(422, "This is not an e-mail address", `value="Ada &lt;b&gt;Lovelace"`)
	b.post("/admin/join", "token", tokenOf(l.URL), "name", "Ada Lovelace", "email", "ada@acme.example").shows(200, "Choose how you sign in")
	b.open("/admin/account").shows(200, "You have not finished setting up")
	secret := b.open("/admin/enrol/authenticator").find(secretForm)
	b.post("/admin/enrol/authenticator", "password", "short", "code", s.code(secret)).shows(422, "at least 12", secret)
	b.post("/admin/enrol/authenticator", "password", goodPassword, "code", "000000").shows(422, "expected now", secret).hides(goodPassword)
	b.post("/admin/enrol/authenticator", "password", goodPassword, "code", s.code(secret)).shows(200)
	recovery := b.find(codeForm)
	b.open("/admin/account").shows(200, "10 of 10 are left", "Ada Lovelace").hides(secret, recovery)
	b.post("/admin/sign-out").shows(200, "You are signed out")
	b.open("/admin/workspaces/acme/admins").shows(200, "Sign in to the console")
	if !strings.Contains(b.at, "next=%2Fadmin%2Fworkspaces%2Facme%2Fadmins") {
		t.Errorf("led to %s", b.at)
	}
	s.advance(30 * time.Second)
	b.post("/admin/sign-in", "email", "ada@acme.example", "password", goodPassword, "code", "123456", "next", "/admin/account").shows(401, "This does not sign you in").hides(goodPassword)
	b.post("/admin/sign-in", "email", "ada@acme.example", "password", goodPassword, "code", s.code(secret), "next", "/admin/workspaces/acme/admins").shows(200, "Invite somebody")
	b.post("/admin/sign-out")
	for _, elsewhere := range []string{"https://evil.example/", "//evil.example/admin/", "/admin/../elsewhere", "javascript:alert(1)"} {
		s.advance(30 * time.Second)
		b.post("/admin/sign-in", "email", "ada@acme.example", "password", goodPassword, "code", s.code(secret), "next", elsewhere).shows(200, "Your account")
	}
}

func TestAccount_aDangerousActAsksOnceMore(t *testing.T) {
	s := newStage(t)
	b, secret := s.owner()
	s.advance(6 * time.Minute)
	b.post("/admin/account/recovery").shows(403, "Confirm that it is you", "stepup_code")
	b.post("/admin/account/recovery", "stepup_code", "000000").shows(403, "This does not sign you in")
	b.post("/admin/account/recovery", "stepup_code", s.code(secret)).shows(200, "They are not shown again")
	b.post("/admin/account/recovery").shows(200) // it is fresh now
	b.post("/admin/account/authenticator/remove").shows(409, "This is the last thing")
}

func TestMembers_areInvitedAndSeenOnlyByWhoMay(t *testing.T) {
	s := newStage(t)
	owner, _ := s.owner()
	link := owner.post("/admin/workspaces/acme/admins", "email", "bo@acme.example", "name", "Bo Kim", "role", "viewer").shows(200, "Send them this link").find(linkForm)
	owner.post("/admin/workspaces/acme/admins", "email", "bo@acme.example", "role", "viewer").shows(409, "There is an administrator with this e-mail address")
	owner.post("/admin/workspaces/acme/admins", "email", "cy@acme.example", "role", "king").shows(422)
	bo := s.browser()
	bo.join(link, "Bo Kim", "")
	bo.open("/admin/workspaces/acme/admins").shows(200, "ada@acme.example", "Bo Kim").hides("Invite somebody", "Remove", ">Change<")
	bo.open("/admin/workspaces/other/admins").shows(404)
	bo.open("/admin/workspaces/acme/api-tokens").shows(403, "LY-AUTHZ-001")
	bo.open("/admin/admins").shows(403)
	who, err := s.admin.Find(t.Context(), "bo@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	bo.post("/admin/workspaces/acme/admins/"+who.ID+"/role", "role", "owner").shows(403)
	// Who does not administer the workspace is not there, whoever asks.
	owner.post("/admin/workspaces/other/admins/"+who.ID+"/role", "role", "owner").shows(404)
	owner.post("/admin/workspaces/other/admins/" + who.ID + "/remove").shows(404)
	owner.post("/admin/workspaces/acme/admins/"+who.ID+"/role", "role", "it-admin").shows(200, "The role is changed")
	owner.post("/admin/workspaces/acme/admins/"+who.ID+"/remove").shows(200, "What they set up stays")
	bo.open("/admin/workspaces/acme/admins").shows(404)
	owner.open("/admin/admins/"+who.ID).shows(200, "Bo Kim")
	owner.post("/admin/admins/"+who.ID+"/sign-out").shows(200, "signed out everywhere")
	bo.open("/admin/account").shows(200, "Sign in to the console")
	if l := owner.post("/admin/admins/"+who.ID+"/recover").shows(200, "Make sure that it is them").find(linkForm); !strings.Contains(l, "/admin/join?token=") {
		t.Errorf("the link is %s", l)
	}
	owner.post("/admin/admins/"+who.ID+"/remove").shows(200, "is removed")
	owner.open("/admin/admins/" + who.ID).shows(404)
}

// req: A4
func TestSetupLinks_openOnePartWithoutAnAccount(t *testing.T) {
	s := newStage(t)
	owner, _ := s.owner()
	made := owner.post("/admin/workspaces/acme/setup-links", "module", "saml", "for", "Bo of IT", "days", "7")
	link := made.shows(200, "Cloud Application Administrator", "please help us").find(linkForm)
	owner.post("/admin/workspaces/acme/setup-links", "module", "saml", "days", "31").shows(422, "between a minute and 30 days")
	bo := s.browser()
	bo.open("/admin/workspaces/acme/saml").shows(200, "Sign in to the console")
	bo.open(link).shows(200, "Bo of IT", "Cloud Application Administrator")
	bo.post("/admin/setup", "token", tokenOf(link)).shows(200, "the pages of SAML")
	if strings.Contains(bo.at, "token") {
		t.Errorf("the secret stays in %s", bo.at)
	}
	bo.open("/admin/workspaces/acme/saml").shows(200, "the pages of SAML")
	for _, path := range []string{"/admin/workspaces/other/saml", "/admin/workspaces/other/admins"} {
		bo.open(path).shows(404)
	}
	for _, path := range []string{"/admin/workspaces/acme/admins", "/admin/workspaces/acme/setup-links", "/admin/admins"} {
		bo.open(path).shows(403)
	}
	owner.open("/admin/workspaces/acme/setup-links").shows(200, "Bo of IT", "1×")
	all, err := s.admin.SetupLinks(t.Context(), "acme")
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	owner.post("/admin/workspaces/other/setup-links/" + all[0].ID + "/revoke").shows(404)
	owner.post("/admin/workspaces/acme/setup-links/"+all[0].ID+"/revoke").shows(200, "The link is revoked")
	bo.open("/admin/workspaces/acme/saml").shows(200, "Sign in to the console")
	bo.open(link).shows(410, "This link does not work")
}

func TestTokens_doWhatPagesDoInJSON(t *testing.T) {
	s := newStage(t)
	owner, _ := s.owner()
	made := owner.post("/admin/workspaces/acme/api-tokens", "name", "deploy", "role", "viewer", "days", "90").shows(200, "it is not shown again")
	token := made.find(tokenForm)
	ask := func(path string) (int, map[string]any) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+console.API+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var doc map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, doc
	}
	if status, doc := ask("/workspaces/acme/admins"); status != 200 || doc["members"] == nil {
		t.Errorf("%d %v", status, doc)
	}
	for path, want := range map[string]int{"/workspaces/other/admins": 404, "/workspaces/acme/api-tokens": 403, "/account": 403, "/admins": 403} {
		if status, doc := ask(path); status != want {
			t.Errorf("%s: %d %v", path, status, doc)
		}
	}
	owner.open("/admin/workspaces/acme/api-tokens").shows(200, "deploy").hides(token)
	all, err := s.admin.Tokens(t.Context(), "acme")
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	owner.post("/admin/workspaces/acme/api-tokens/"+all[0].ID+"/revoke").shows(200, "The token is revoked")
	if status, _ := ask("/workspaces/acme/admins"); status != 401 {
		t.Errorf("a revoked token: %d", status)
	}
	server := owner.post("/admin/api-tokens", "name", "ops", "days", "1").shows(200)
	token = server.find(tokenForm)
	if status, doc := ask("/admins"); status != 200 {
		t.Errorf("the server's: %d %v", status, doc)
	}
}

func TestMicrosoft_isSetUpOnAPageThatNeverShowsTheSecret(t *testing.T) {
	s := newStage(t)
	owner, _ := s.owner()
	owner.open("/admin/admins-microsoft").shows(200, "/admin/sign-in/microsoft/callback")
	set := func(client, secret, version string) *browser {
		return owner.post("/admin/admins-microsoft", "tenant_id", "11111111-2222-4333-8444-555555555555", "client_id", client, "secret", secret, "authority", "", "version", version)
	}
	set("not an id", "top secret value", "0").shows(422, "Application (client) ID").hides("top secret value")
	set("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", "top secret value", "0").shows(200, "Saved").hides("top secret value")
	set("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", "another", "0").shows(409)
	s.browser().open("/admin/sign-in").shows(200, "Sign in with Microsoft")
	owner.post("/admin/admins-microsoft/clear").shows(200, "Not set up")
	s.browser().open("/admin/sign-in").shows(200).hides("Sign in with Microsoft")
}
