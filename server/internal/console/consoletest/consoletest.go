// Package consoletest is a console for the tests of its sections: on a real
// database and over real HTTP, with an administrator whom the test chooses. How
// administrators sign in is tried elsewhere.
package consoletest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// Console is a console under test, with the workspaces acme and other.
type Console struct {
	testing.TB
	Store *store.Store
	*console.Console
	// Server is its address, without a path; the console is below /admin.
	Server *url.URL
	// Client keeps cookies and follows no redirect.
	Client *http.Client

	mu sync.Mutex
	me console.Principal
	at time.Time
}

// Owner is an owner of acme who has just proved who they are.
func Owner() console.Principal { return With(console.Owner) }

// With is somebody with a role in acme and none elsewhere.
func With(r console.Role) console.Principal {
	return console.Principal{
		ID: "adm-" + r.String(), Name: "Ada Lovelace", Email: "ada@acme.example", Fresh: true,
		Roles: map[string]console.Role{"acme": r},
	}
}

// New is a console on SQLite, of the sections that make returns; Store and Server
// are set by then. It is used by an owner of acme.
func New(t testing.TB, make func(*Console) []console.Section) *Console {
	t.Helper()
	return on(t, sqliteStore(t), make)
}

func sqliteStore(t testing.TB) *store.Store {
	t.Helper()
	st, err := sqlite.Open(t.Context(), litetest.File(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

func on(t testing.TB, st *store.Store, make func(*Console) []console.Section) *Console {
	t.Helper()
	c := &Console{TB: t, Store: st, me: Owner(), at: time.Now()}
	for _, id := range []string{"acme", "other"} {
		w := directory.Workspace{ID: id, Name: strings.ToUpper(id[:1]) + id[1:], Directory: "dir-" + id, SCIMEnabled: true, Created: c.at, Modified: c.at}
		if err := st.CreateWorkspace(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	var handler http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	c.Server, _ = url.Parse(srv.URL)
	jar, _ := cookiejar.New(nil)
	c.Client = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	made, err := console.New(console.Config{
		Store: st, URL: c.Server.JoinPath("admin"), Public: c.Server, Sentry: sentry{c}, Sections: make(c),
		Now: c.Now, Log: slog.New(slog.DiscardHandler), Version: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Console, handler = made, made
	return c
}

// Now is the time at the console.
func (c *Console) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Advance lets time pass.
func (c *Console) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// As makes p the one who asks from now on.
func (c *Console) As(p console.Principal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.me = p
}

// sentry says what the test says. The proof is the code 123456.
type sentry struct{ c *Console }

func (s sentry) Who(*http.Request) (console.Principal, error) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.c.me, nil
}

func (sentry) Challenge(context.Context, console.Principal) (console.StepUp, error) {
	return console.StepUp{TOTP: true}, nil
}

func (sentry) Prove(_ context.Context, _ console.Principal, r *http.Request) error {
	if r.PostForm.Get("stepup_code") == "123456" {
		return nil
	}
	return problem.New(problem.StepUpNeeded)
}

// Answer is what the console answered.
type Answer struct {
	testing.TB
	Status int
	Header http.Header
	Body   string
	at     *url.URL
	c      *Console
}

// Get opens a page; path is below /admin.
func (c *Console) Get(path string) *Answer {
	c.Helper()
	return c.do(http.MethodGet, path, "", nil)
}

// Post sends a form.
func (c *Console) Post(path string, form url.Values) *Answer {
	c.Helper()
	return c.do(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

// PostFile sends a form with a file.
func (c *Console) PostFile(path string, form url.Values, field, name string, data []byte) *Answer {
	c.Helper()
	kind, body := multipartOf(c, form, field, name, data)
	return c.do(http.MethodPost, path, kind, body)
}

// JSON asks the JSON API: path is below /admin/api/v1. in is sent where it is not
// nil.
func (c *Console) JSON(method, path string, in any) *Answer {
	c.Helper()
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			c.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	return c.do(method, "/api/v1"+path, "application/json", body)
}

func (c *Console) do(method, path, kind string, body io.Reader) *Answer {
	c.Helper()
	address := path
	if !strings.HasPrefix(path, console.Root+"/") {
		address = console.Root + path
	}
	r, err := http.NewRequestWithContext(c.Context(), method, c.Server.String()+address, body)
	if err != nil {
		c.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	resp, err := c.Client.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.Fatal(err)
	}
	a := &Answer{TB: c, Status: resp.StatusCode, Header: resp.Header, Body: string(text), at: r.URL, c: c}
	if strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		for _, wrong := range Wording(words(a.document())) {
			c.Errorf("%s: %s", r.URL, wrong)
		}
	}
	return a
}

// OK fails the test unless the answer is 200.
func (a *Answer) OK() *Answer {
	a.Helper()
	return a.Is(http.StatusOK)
}

// Is fails the test unless the answer has the status.
func (a *Answer) Is(status int) *Answer {
	a.Helper()
	if a.Status != status {
		a.Fatalf("%s answered %d, not %d:\n%s", a.at, a.Status, status, a.Text())
	}
	return a
}

// Follow opens the page that a redirect leads to.
func (a *Answer) Follow() *Answer {
	a.Helper()
	to := a.Header.Get("Location")
	if to == "" {
		a.Fatalf("%s leads nowhere (%d):\n%s", a.at, a.Status, a.Text())
	}
	u, err := a.at.Parse(to)
	if err != nil || u.Host != a.at.Host {
		a.Fatalf("%s leads to %q", a.at, to)
	}
	return a.c.Get(u.RequestURI())
}

// Has fails the test unless the page says all of these, in its text.
func (a *Answer) Has(all ...string) *Answer {
	a.Helper()
	text := a.Text()
	for _, want := range all {
		if !strings.Contains(text, want) {
			a.Errorf("%s does not say %q:\n%s", a.at, want, text)
		}
	}
	return a
}

// HasNot fails the test if the page says one of these.
func (a *Answer) HasNot(all ...string) *Answer {
	a.Helper()
	for _, no := range all {
		if strings.Contains(a.Body, no) {
			a.Errorf("%s says %q", a.at, no)
		}
	}
	return a
}

// Into decodes the JSON of the answer.
func (a *Answer) Into(v any) *Answer {
	a.Helper()
	if err := json.Unmarshal([]byte(a.Body), v); err != nil {
		a.Fatalf("%s: %v in %s", a.at, err, a.Body)
	}
	return a
}

// Code is the problem code of a JSON answer or a page.
func (a *Answer) Code() problem.Code {
	var p struct {
		Code problem.Code `json:"code"`
	}
	if json.Unmarshal([]byte(a.Body), &p) == nil {
		return p.Code
	}
	text := a.Text()
	for _, code := range problem.Codes() {
		if strings.Contains(text, string(code)) {
			return code
		}
	}
	return ""
}
