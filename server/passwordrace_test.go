package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// meanwhile has something happen right after a password was found to be right, or
// was chosen.
type meanwhile struct {
	signin.Passwords
	do func()
}

func (m *meanwhile) Check(ctx context.Context, ws directory.Workspace, email, password string, permit func(directory.User) error) (directory.User, time.Time, error) {
	u, since, err := m.Passwords.Check(ctx, ws, email, password, permit)
	m.do()
	return u, since, err
}

func (m *meanwhile) Choose(ctx context.Context, ws directory.Workspace, token, password string) (directory.User, time.Time, error) {
	u, since, err := m.Passwords.Choose(ctx, ws, token, password)
	m.do()
	return u, since, err
}

// Whoever stole a password signs in while its owner chooses another, or while it is
// taken away: what they get is nothing.
func TestAttack_nobodySlipsInBesideANewPassword(t *testing.T) {
	for engine := range engines {
		t.Run(engine, func(t *testing.T) {
			w := newLocal(t, engine)
			u := w.person("u-bo", "bo@acme.example", "bo")
			ws, err := w.store.Workspace(t.Context(), "acme")
			w.must(err)
			book, m := w.book(), &meanwhile{Passwords: w.r.server.book}
			h, mux := w.r.server.web(nil, func(*http.Request) error { return nil }), http.NewServeMux()
			h.Passwords = m
			h.Mount(mux)
			front := httptest.NewServer(mux)
			defer front.Close()
			enter := func(jar http.CookieJar, password string) *http.Response {
				return w.call(jar, "POST", front.URL+"/w/acme/password/login", url.Values{"email": {"bo@acme.example"}, "password": {password}})
			}
			nobody := func(resp *http.Response, jar http.CookieJar, want problem.Code) {
				t.Helper()
				if body := text(t, resp); resp.StatusCode == http.StatusSeeOther || !strings.Contains(body, string(want)) {
					t.Errorf("%d %s", resp.StatusCode, body)
				}
				w.entered(jar, false)
				if all, err := w.store.SessionsOfUser(t.Context(), u.ID); err != nil || len(all) != 0 {
					t.Errorf("sessions: %+v, %v", all, err)
				}
			}
			m.do = func() { w.must(book.Set(t.Context(), ws, u, "nine brown teapots")) }
			jar := w.jar()
			nobody(enter(jar, goodPassword), jar, problem.PasswordRefused)
			m.do = func() { w.must(book.Drop(t.Context(), ws, u.ID)) }
			nobody(enter(jar, "nine brown teapots"), jar, problem.PasswordRefused)
			// Of two who choose one at the same time, the last one's is the password.
			l, err := book.Link(t.Context(), ws, u, time.Hour)
			w.must(err)
			m.do = func() { w.must(book.Set(t.Context(), ws, u, goodPassword)) }
			nobody(w.call(jar, "POST", front.URL+"/w/acme/password/set", url.Values{
				"t": {l.URL[strings.Index(l.URL, "t=")+2:]}, "password": {"four blue kettles"}, "again": {"four blue kettles"},
			}), jar, problem.PasswordRefused)
			m.do = func() {}
			if resp := enter(jar, goodPassword); resp.StatusCode != http.StatusSeeOther {
				t.Errorf("the new one: %d", resp.StatusCode)
			}
			w.entered(jar, true)
		})
	}
}
