//go:build unix

package cli_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// devLine is what dev --json prints. A program in another language reads the
// same names, so a renamed one fails here.
type devLine struct {
	Authority  string    `json:"authority"`
	TenantID   string    `json:"tenant_id"`
	ClientID   string    `json:"client_id"`
	Scope      string    `json:"scope"`
	CAFile     string    `json:"ca_file"`
	Proxy      string    `json:"proxy"`
	Users      []devUser `json:"users"`
	Server     string    `json:"server"`
	Workspace  string    `json:"workspace"`
	SCIMBase   string    `json:"scim_base"`
	SCIMToken  string    `json:"scim_token"`
	BrowserURL string    `json:"browser_url"`
	ConsoleURL string    `json:"console_url"`
	State      string    `json:"state"`
	Control    string    `json:"control"`
	DB         string    `json:"db"`

	Environment map[string]string `json:"environment"`
}

type devUser struct {
	UserPrincipalName string   `json:"user_principal_name"`
	Password          string   `json:"password"`
	Name              string   `json:"name"`
	ObjectID          string   `json:"oid"`
	Mail              string   `json:"mail"`
	GivenName         string   `json:"given_name"`
	Surname           string   `json:"surname"`
	Title             string   `json:"title"`
	Department        string   `json:"department"`
	Roles             []string `json:"roles"`
	Guest             bool     `json:"guest"`
	Disabled          bool     `json:"disabled"`
	Deleted           bool     `json:"deleted"`
	Assigned          bool     `json:"assigned"`
}

// listed is a person as user list --json prints them, as far as is asked here.
type listed struct {
	UserName   string `json:"user_name"`
	ExternalID string `json:"external_id"`
	State      string
	Email      string
	Role       string
	Department string
}

func people(t *testing.T, tm *terminal, l devLine, flags ...string) map[string]listed {
	t.Helper()
	var all []listed
	decode(t, tm.must(append([]string{"user", "list", "--workspace", l.Workspace, "--db", l.DB, "--json"}, flags...)...), &all)
	by := map[string]listed{}
	for _, p := range all {
		by[p.UserName] = p
	}
	return by
}

// leadsToTheConsole holds that an address is that of the console, which asks
// whoever comes to sign in.
func leadsToTheConsole(t *testing.T, address string) {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(page), "Sign in to the console") {
		t.Errorf("%q answered %d %v: %s", address, res.StatusCode, err, page)
	}
}

// A person without a tenant walks the whole way: dev, a sign-in with a browser,
// and the access ends when a second terminal disables them in Entra.
//
// req: A13
// req: E7
func TestDev_someoneSignsInAndIsSignedOutByEntra(t *testing.T) {
	tm := newTerminal(t)
	tm.must("version") // has it built
	begin := time.Now()
	d := tm.start("dev", "--json", "--log-level", "debug")
	var l devLine
	line := d.line(&l)
	ready(t, l.Server)
	if len(l.Users) != 5 || l.Workspace != "acme" {
		t.Fatalf("it seeded %s", line)
	}
	leadsToTheConsole(t, l.ConsoleURL)

	// Everybody came by provisioning, as Entra knows them.
	provisioned := people(t, tm, l)
	for _, u := range l.Users {
		p := provisioned[u.UserPrincipalName]
		if p.State != "active" || p.ExternalID != u.ObjectID || p.Email != u.Mail || p.Department != u.Department || !slices.Equal([]string{p.Role}, u.Roles) {
			t.Errorf("%s was provisioned as %+v, and is %+v in Entra", u.UserPrincipalName, p, u)
		}
	}

	ada := l.Users[0]
	client := api.NewClient(mustParse(t, l.Server), nil)
	session, err := signIn(t, l, client, ada)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("from nothing to signed in: %v", time.Since(begin))
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("from nothing to signed in took %v", took)
	}
	if me, err := client.Me(t.Context(), session.Token); err != nil || me.DisplayName != "Ada Lovelace" || me.Department != "Engineering" || me.Role != "Admin" {
		t.Fatalf("me is %+v, %v", me, err)
	}

	live, ended := watch(t, client, session.Token)
	<-live
	disabled := time.Now()
	if out := tm.must("dev", "entra", "disable", "ada@acme.example"); !strings.Contains(out, "disabled") {
		t.Errorf("disable printed %q", out)
	}
	select {
	case e := <-ended:
		t.Logf("from the command to the event: %v", time.Since(disabled))
		if e.Type != api.EventAccessEnded || e.Problem == nil || e.Problem.Code != string(problem.AccessEnded) {
			t.Errorf("the stream ended with %+v", e)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("five seconds later the stream had said nothing")
	}
	if _, err := client.Me(t.Context(), session.Token); !isProblem(err, problem.SessionGone, problem.AccessEnded) {
		t.Errorf("with the old session: %v", err)
	}
	if got := people(t, tm, l)[ada.UserPrincipalName].State; got != "suspended" {
		t.Errorf("ada is %s", got)
	}
	if _, err := signIn(t, l, client, ada); err == nil || !strings.Contains(err.Error(), "AADSTS50057") {
		t.Errorf("a disabled person's sign-in: %v", err)
	}

	tm.must("dev", "entra", "enable", "ada")
	session, err = signIn(t, l, client, ada)
	if err != nil {
		t.Fatalf("after enabling: %v", err)
	}
	// An open stream does not hold up the end: that would take ten seconds.
	live, _ = watch(t, client, session.Token)
	<-live
	stopped := time.Now()
	code, rest := d.stop(syscall.SIGINT)
	if code != 0 || rest != "" || time.Since(stopped) > 8*time.Second {
		t.Errorf("it ended with %d after %v and printed %q besides its line", code, time.Since(stopped), rest)
	}
	said := d.said()
	for _, secret := range []string{l.SCIMToken, session.Token, ada.Password} {
		if strings.Contains(said, secret) {
			t.Errorf("%q is in the log:\n%s", secret, said)
		}
	}
	if !strings.Contains(said, "UNSAFE") {
		t.Errorf("it did not say that it is unsafe:\n%s", said)
	}
	for _, gone := range []string{l.State, l.CAFile, strings.TrimPrefix(l.DB, "sqlite:")} {
		if _, err := os.Stat(gone); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there (%v)", gone, err)
		}
	}
}

// Every act of an administrator reaches the workspace before the command ends.
func TestDev_entraCommandsAreProvisioned(t *testing.T) {
	tm := newTerminal(t)
	d := tm.start("dev", "--json")
	var l devLine
	d.line(&l)
	state := func(who string, want string) {
		t.Helper()
		p := people(t, tm, l)[who]
		if p.State != want {
			t.Errorf("%s is %q, want %q", who, p.State, want)
		}
	}
	const grace, eve = "grace@acme.example", "eve@acme.example"

	tm.must("dev", "entra", "add", eve, "--name", "Eve Moneypenny", "--department", "Security", "--role", "Admin")
	if p := people(t, tm, l)[eve]; p.State != "active" || p.Role != "Admin" || p.Department != "Security" {
		t.Errorf("eve is %+v", p)
	}
	if _, errOut, code := tm.run("dev", "entra", "add", eve); code != 1 || !strings.Contains(errOut, "in the tenant already") || !strings.Contains(errOut, "LY-CLI-005") {
		t.Errorf("adding her twice: %d %s", code, errOut)
	}
	tm.must("dev", "entra", "delete", grace)
	state(grace, "suspended")
	tm.must("dev", "entra", "restore", grace)
	state(grace, "active")
	tm.must("dev", "entra", "unassign", "grace")
	state(grace, "suspended")
	tm.must("dev", "entra", "assign", "grace", "--role", "Admin")
	state(grace, "active")
	if p := people(t, tm, l)[grace]; p.Role != "Admin" {
		t.Errorf("grace is %+v, want the role Admin", p)
	}
	tm.must("dev", "entra", "delete", eve)
	tm.must("dev", "entra", "purge", eve)
	if p, there := people(t, tm, l)[eve]; there {
		t.Errorf("after purging eve is %+v", p)
	}
	if p := people(t, tm, l, "--archived")[eve]; p.State != "archived" {
		t.Errorf("after purging eve is kept as %+v", p)
	}
	var all []devUser
	decode(t, tm.must("dev", "entra", "list", "--json"), &all)
	if len(all) != 5 {
		t.Errorf("Entra lists %+v", all)
	}
	if _, errOut, code := tm.run("dev", "entra", "disable", "adda"); code != 1 || !strings.Contains(errOut, `Did you mean "ada"`) || !strings.Contains(errOut, "LY-CLI-003") {
		t.Errorf("a misspelt name: %d %s", code, errOut)
	}
	if _, errOut, code := tm.run("dev", "entra", "assign", "ada", "--role", "Owner"); code != 2 || !strings.Contains(errOut, "Admin or Member") {
		t.Errorf("a role that is not there: %d %s", code, errOut)
	}
	if code, _ := d.stop(syscall.SIGTERM); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

// With --dir, people keep their ids and the workspace its data, and nobody is
// there twice. What dev says to people leads on.
func TestDev_aKeptFolderGoesOnWhereItStopped(t *testing.T) {
	tm := newTerminal(t)
	var lines [2]devLine
	for i := range lines {
		d := tm.start("dev", "--json", "--dir", "kept")
		d.line(&lines[i])
		if n := len(people(t, tm, lines[i])); n != 5 {
			t.Errorf("run %d has %d people", i, n)
		}
		if code, _ := d.stop(syscall.SIGINT); code != 0 {
			t.Errorf("run %d ended with %d", i, code)
		}
	}
	if a, b := lines[0], lines[1]; a.TenantID != b.TenantID || a.ClientID != b.ClientID || a.Users[0].ObjectID != b.Users[0].ObjectID || a.Users[0].Password != b.Users[0].Password {
		t.Errorf("the ids changed:\n%+v\n%+v", a, b)
	}
	if info, err := os.Stat(filepath.Join(tm.dir, "kept", "lanyard.db")); err != nil || info.Size() == 0 {
		t.Errorf("the database: %v", err)
	}
	var tokens []struct{ State string }
	decode(t, tm.must("scim", "token", "list", "--workspace", "acme", "--db", lines[1].DB, "--json"), &tokens)
	if len(tokens) != 2 || tokens[0].State != "revoked" || tokens[1].State != "valid" {
		t.Errorf("the tokens are %+v", tokens)
	}
}

func TestDev_itTellsAPersonWhatToDoNext(t *testing.T) {
	tm := newTerminal(t)
	d := tm.start("dev")
	var out strings.Builder
	for !strings.Contains(out.String(), "export LANYARD_SERVER=") {
		text, err := d.out.ReadString('\n')
		if err != nil {
			t.Fatalf("it ended after %q", out.String())
		}
		out.WriteString(text)
	}
	for _, want := range []string{"ada@acme.example", "export HTTPS_PROXY=http://127.0.0.1:", "export SSL_CERT_FILE="} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("stdout lacks %q:\n%s", want, out.String())
		}
	}
	if code, _ := d.stop(syscall.SIGINT); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	for _, want := range []string{"UNSAFE", "lanyardd dev entra disable ada@acme.example", "authority  https://login.microsoftonline.com/"} {
		if !strings.Contains(d.said(), want) {
			t.Errorf("stderr lacks %q:\n%s", want, d.said())
		}
	}
}

// watch follows a session's event stream: live closes when it stands, ended
// receives the event that ends it.
func watch(t *testing.T, client *api.Client, token string) (live chan struct{}, ended chan api.Event) {
	live, ended = make(chan struct{}), make(chan api.Event, 1)
	done := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() { cancel(); <-done })
	go func() {
		defer close(done)
		_ = client.Events(ctx, token, func(e api.Event) error {
			switch e.Type {
			case api.EventReady:
				close(live)
			case api.EventAccessEnded, api.EventSessionEnded:
				ended <- e
			}
			return nil
		})
	}()
	return live, ended
}

// signIn signs somebody in as an app of another maker would, with no code of
// ours: authorization code with PKCE, in a browser that a person clicks
// through, and then a session at the server.
func signIn(t *testing.T, l devLine, server *api.Client, u devUser) (api.Session, error) {
	t.Helper()
	microsoft := throughProxy(t, l)
	var meta struct {
		Authorize string `json:"authorization_endpoint"`
		Token     string `json:"token_endpoint"`
	}
	if err := readJSON(microsoft, l.Authority+"/v2.0/.well-known/openid-configuration", nil, &meta); err != nil {
		return api.Session{}, err
	}
	back := make(chan url.Values, 1)
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err == nil && r.Form.Get("state") != "" {
			back <- r.Form
		}
	}))
	defer app.Close()
	redirect := strings.Replace(app.URL, "127.0.0.1", "localhost", 1)
	verifier, state := rand.Text()+rand.Text(), rand.Text()
	sum := sha256.Sum256([]byte(verifier))
	scope := "openid profile offline_access " + l.Scope
	if err := click(meta.Authorize+"?"+url.Values{
		"client_id": {l.ClientID}, "response_type": {"code"}, "redirect_uri": {redirect}, "scope": {scope}, "state": {state}, "nonce": {rand.Text()},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "login_hint": {u.UserPrincipalName},
	}.Encode(), redirect, u); err != nil {
		return api.Session{}, err
	}
	answer := <-back
	if answer.Get("code") == "" || answer.Get("state") != state {
		return api.Session{}, fmt.Errorf("the app was sent %s %s", answer.Get("error"), answer.Get("error_description"))
	}
	var got struct {
		AccessToken string `json:"access_token"`
	}
	if err := readJSON(microsoft, meta.Token, url.Values{
		"client_id": {l.ClientID}, "grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {redirect},
		"code_verifier": {verifier}, "scope": {scope},
	}, &got); err != nil {
		return api.Session{}, err
	}
	return server.StartSession(t.Context(), api.SessionRequest{Workspace: l.Workspace, AccessToken: got.AccessToken, Device: "test"})
}

// throughProxy is a client that does what HTTPS_PROXY and SSL_CERT_FILE make
// any program do.
func throughProxy(t *testing.T, l devLine) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(l.Environment["SSL_CERT_FILE"])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("the CA file holds no certificate")
	}
	tr := &http.Transport{
		Proxy:           http.ProxyURL(mustParse(t, l.Environment["HTTPS_PROXY"])),
		TLSClientConfig: &tls.Config{RootCAs: pool},
	}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func readJSON(hc *http.Client, at string, form url.Values, into any) error {
	var resp *http.Response
	var err error
	if form == nil {
		resp, err = hc.Get(at)
	} else {
		resp, err = hc.PostForm(at, form)
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s %s", at, resp.Status, body)
	}
	return json.Unmarshal(body, into)
}

// What a person sees of a page: its kind, its form, the form's hidden fields.
var (
	pageKind   = regexp.MustCompile(`<body[^>]*data-page="([^"]*)"`)
	pageAction = regexp.MustCompile(`<form[^>]*action="([^"]*)"`)
	pageHidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)
)

// click walks from the authorize page back to the app, in a new browser.
func click(at, app string, u devUser) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	browser := &http.Client{Jar: jar, Timeout: patience}
	resp, err := browser.Get(at)
	for range 10 {
		if err != nil {
			return err
		}
		body, readErr := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if readErr != nil {
			return readErr
		}
		if strings.HasPrefix(resp.Request.URL.String(), app) {
			return nil
		}
		form := url.Values{"action": {"next"}}
		switch kind := submatch(pageKind, body); kind {
		case "username":
			form.Set("username", u.UserPrincipalName)
		case "password":
			form.Set("password", u.Password)
		case "consent":
			form.Set("action", "accept")
		case "confirm":
		case "post":
			form = url.Values{}
			for _, m := range pageHidden.FindAllSubmatch(body, -1) {
				form.Add(html.UnescapeString(string(m[1])), html.UnescapeString(string(m[2])))
			}
		default:
			return fmt.Errorf("page %q at %s: %s", kind, resp.Request.URL.Path, body)
		}
		next, parseErr := resp.Request.URL.Parse(html.UnescapeString(submatch(pageAction, body)))
		if parseErr != nil {
			return parseErr
		}
		req, newErr := http.NewRequest(http.MethodPost, next.String(), strings.NewReader(form.Encode()))
		if newErr != nil {
			return newErr
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", resp.Request.URL.Scheme+"://"+resp.Request.URL.Host)
		resp, err = browser.Do(req)
	}
	return errors.New("the pages go round in a circle")
}

func submatch(re *regexp.Regexp, body []byte) string {
	if m := re.FindSubmatch(body); m != nil {
		return string(m[1])
	}
	return ""
}

func isProblem(err error, codes ...problem.Code) bool {
	code, _ := problem.Of(err)
	return slices.Contains(codes, code)
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
