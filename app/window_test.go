package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// ada's Microsoft: it answers when it is told to.
type microsoftFake struct {
	answer chan error
	asked  chan auth.Request
}

func (m *microsoftFake) SignIn(ctx context.Context, r auth.Request) (auth.Token, error) {
	if r.DeviceCode != nil {
		r.DeviceCode(auth.DeviceCode{URL: "https://microsoft.com/devicelogin", UserCode: "FJC3KXZQ9", ExpiresAt: noon.Add(time.Hour)})
	}
	m.asked <- r
	select {
	case err := <-m.answer:
		return auth.Token{AccessToken: "at", Account: "ada", UserName: "ada@acme.example"}, err
	case <-ctx.Done():
		return auth.Token{}, ctx.Err()
	}
}

func (m *microsoftFake) Silent(context.Context, auth.Request) (auth.Token, error) {
	return auth.Token{}, problem.New(problem.SignInAgain)
}
func (m *microsoftFake) SignOut(context.Context, auth.Request) error { return nil }
func (m *microsoftFake) LogoutURL(context.Context, auth.Request) (string, error) {
	return "https://login.microsoftonline.com/logout", nil
}

type memoryVault struct {
	mu    sync.Mutex
	saved *auth.Saved
}

func (v *memoryVault) Load(context.Context) (auth.Saved, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.saved == nil {
		return auth.Saved{}, auth.ErrNothingSaved
	}
	return *v.saved, nil
}

func (v *memoryVault) Save(_ context.Context, s auth.Saved) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.saved = &s
	return nil
}

func (v *memoryVault) Clear(context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.saved = nil
	return nil
}

func (v *memoryVault) Exclusive(_ context.Context, do func()) error { do(); return nil }

// office is a Lanyard server with one workspace and one person.
func office(t *testing.T, events chan api.Event) *url.URL {
	mux := http.NewServeMux()
	answer := func(v any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if err := api.Write(w, http.StatusOK, v); err != nil {
				t.Error(err)
			}
		}
	}
	mux.Handle("GET /v1/workspaces/acme", answer(acme()))
	mux.Handle("POST /v1/session", answer(api.Session{Token: "tok", ExpiresAt: time.Now().Add(time.Hour), Me: *ada()}))
	mux.Handle("GET /v1/me", answer(ada()))
	mux.HandleFunc("DELETE /v1/session", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /v1/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		send := func(e api.Event) {
			data, err := json.Marshal(e)
			if err != nil {
				t.Error(err)
			}
			fmt.Fprintf(w, "event: %s\ndata: %s\n\n", e.Type, data)
			w.(http.Flusher).Flush()
		}
		send(api.Event{Type: api.EventReady, At: time.Now()})
		for {
			select {
			case e := <-events:
				send(e)
			case <-r.Context().Done():
				return
			}
		}
	})
	mux.HandleFunc("GET /v1/workspaces/", func(w http.ResponseWriter, r *http.Request) {
		api.Fail(w, r, problem.New(problem.UnknownWorkspace))
	})
	ts := httptest.NewServer(mux)
	t.Cleanup(func() { ts.CloseClientConnections(); ts.Close() })
	u, err := url.Parse(ts.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// workplace is a window under test. What would run on the UI goroutine runs in the
// test's.
type workplace struct {
	*Window
	t         *testing.T
	jobs      chan func()
	microsoft *microsoftFake
	events    chan api.Event
	log       *bytes.Buffer
	connects  chan Storage
}

func newWorkplace(t *testing.T, refuse func(Storage) error) *workplace {
	return newWorkplaceOn(t, newQuickApp(t), refuse)
}

func newWorkplaceOn(t *testing.T, a fyne.App, refuse func(Storage) error) *workplace {
	p := &workplace{
		t: t, jobs: make(chan func(), 64), events: make(chan api.Event), log: &bytes.Buffer{}, connects: make(chan Storage, 8),
		microsoft: &microsoftFake{answer: make(chan error), asked: make(chan auth.Request, 8)},
	}
	server := office(t, p.events)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	p.Window = New(ctx, Config{
		App: a, Version: "0.1.0", KeyFile: "/home/ada/lanyard.key", Now: func() time.Time { return noon },
		Log: slog.New(slog.NewTextHandler(p.log, nil)),
		Connect: func(_ context.Context, s Storage) (*auth.Client, error) {
			p.connects <- s
			if refuse != nil {
				if err := refuse(s); err != nil {
					return nil, err
				}
			}
			return auth.New(auth.Config{Server: server, Provider: p.microsoft, Vault: &memoryVault{}}), nil
		},
	})
	p.ui = func(f func()) {
		running.Add(1)
		defer running.Done()
		select {
		case p.jobs <- f:
		case <-ctx.Done():
		}
	}
	t.Cleanup(func() { cancel(); running.Wait() })
	p.Show()
	return p
}

// reach runs what comes for the UI until the page is k.
func (p *workplace) reach(k kind) page {
	p.t.Helper()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for p.view.shown.Kind != k {
		select {
		case f := <-p.jobs:
			f()
		case <-limit.C:
			p.t.Fatalf("the page is %+v, field %+v, log %s; waited for %s", p.view.shown, p.view.shown.Field, p.log, k)
		}
	}
	return p.view.shown
}

func (p *workplace) key(name fyne.KeyName) {
	if f := p.window.Canvas().Focused(); f != nil {
		f.TypedKey(&fyne.KeyEvent{Name: name})
		return
	}
	p.window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: name})
}

func (p *workplace) focused() act { return p.view.focused() }

// req: H2
// req: H3
func TestWindow_typingAWorkspaceAndEnterSignsIn(t *testing.T) {
	p := newWorkplace(t, nil)
	p.reach(entry)
	if p.focused() != inTheField {
		t.Fatalf("the focus is on %q", p.focused())
	}
	test.Type(p.view.field, "acme")
	p.key(fyne.KeyReturn)
	p.reach(browser)
	if q := <-p.microsoft.asked; q.TenantID != "t" {
		t.Fatalf("request %+v", q)
	}
	p.microsoft.answer <- nil
	home := p.reach(home)
	if home.Person.Name != "Ada Lovelace" || home.Person.Workspace != "Acme Instruments" || home.Person.Rows[1].Value != "Engineering" {
		t.Fatalf("person %+v", home.Person)
	}
	if LastWorkspace(p.cfg.App) == "" {
		t.Error("the workspace is not remembered")
	}
	for _, want := range []string{"event=phase phase=SignedOut", "event=phase phase=SigningIn", "event=phase phase=SignedIn"} {
		if !strings.Contains(p.log.String(), want) {
			t.Errorf("%q is missing in the log:\n%s", want, p.log)
		}
	}
}

func TestWindow_tabGoesRoundInTheOrderOfThePage(t *testing.T) {
	p := newWorkplace(t, nil)
	p.reach(entry)
	var order []act
	for range 5 {
		order = append(order, p.focused())
		test.FocusNext(p.window.Canvas())
	}
	want := []act{inTheField, doSignInMicrosoft, doSignInSAML, doSignInWithCode, inTheField}
	for i := range want {
		if order[i] != want[i] {
			t.Fatalf("the order is %q", order)
		}
	}
}

func TestWindow_theFocusIsAlwaysInSight(t *testing.T) {
	p := newWorkplace(t, nil)
	p.window.Resize(fyne.NewSize(360, 420)) // lower than the page
	p.signIn()
	p.do(doMenu)
	for range p.view.presses {
		test.FocusNext(p.window.Canvas())
		w := p.window.Canvas().Focused().(*press)
		y := fyne.CurrentApp().Driver().AbsolutePositionForObject(w).Y
		if y < 0 || y+w.Size().Height > p.window.Canvas().Size().Height {
			t.Errorf("%s has the focus at %v to %v of %v", w.Act, y, y+w.Size().Height, p.window.Canvas().Size().Height)
		}
	}
	if p.view.scroll.Content.MinSize().Height <= 420 {
		t.Error("the page fits; the test proves nothing")
	}
}

func TestWindow_escapeCancelsASignIn(t *testing.T) {
	p := newWorkplace(t, nil)
	p.reach(entry)
	test.Type(p.view.field, "acme")
	test.FocusNext(p.window.Canvas())
	p.key(fyne.KeySpace)
	p.reach(browser)
	p.key(fyne.KeyEscape)
	if e := p.reach(entry); e.Field.Value != "acme" {
		t.Fatalf("what was typed is gone: %+v", e.Field)
	}
}

func TestWindow_aWorkspaceNobodyKnowsIsSaidBelowTheField(t *testing.T) {
	p := newWorkplace(t, nil)
	p.reach(entry)
	test.Type(p.view.field, "acmee")
	p.key(fyne.KeyEnter)
	p.reach(lookUp)
	if e := p.reach(entry); e.Field.Problem == "" || e.Field.Value != "acmee" {
		t.Fatalf("field %+v", e.Field)
	}
	if p.focused() != inTheField {
		t.Fatalf("the focus is on %q", p.focused())
	}
}

func TestWindow_aCodeCanBeCopied(t *testing.T) {
	p := newWorkplace(t, nil)
	p.reach(entry)
	test.Type(p.view.field, "acme")
	for p.focused() != doSignInWithCode {
		test.FocusNext(p.window.Canvas())
	}
	p.key(fyne.KeyReturn)
	p.reach(code)
	p.key(fyne.KeyReturn)
	if got := p.cfg.App.Clipboard().Content(); got != "FJC3KXZQ9" {
		t.Fatalf("the clipboard has %q", got)
	}
	if p.view.shown.Buttons[0].Label != english().Copied {
		t.Error("that it was copied is not shown")
	}
}

func TestWindow_anErrorCanBeCopiedAndLeftBehind(t *testing.T) {
	p := newWorkplace(t, nil)
	p.reach(entry)
	test.Type(p.view.field, "acme")
	p.key(fyne.KeyReturn)
	p.reach(browser)
	p.microsoft.answer <- problem.Wrap(problem.NotAssigned, errors.New("secret"))
	p.reach(failed)
	if p.focused() != doRetry {
		t.Fatalf("the focus is on %q", p.focused())
	}
	test.FocusNext(p.window.Canvas())
	p.key(fyne.KeyReturn)
	if got := p.cfg.App.Clipboard().Content(); !strings.Contains(got, "LY-SIGN-008") || strings.Contains(got, "secret") {
		t.Fatalf("the clipboard has %q", got)
	}
	p.key(fyne.KeyEscape)
	p.reach(entry)
}

// req: H9
func TestWindow_signingOutByKeyboard(t *testing.T) {
	p := newWorkplace(t, nil)
	p.signIn()
	test.FocusNext(p.window.Canvas())
	p.key(fyne.KeyReturn)
	if p.focused() != doSignOut {
		t.Fatalf("the focus is on %q", p.focused())
	}
	p.key(fyne.KeyEscape) // changed their mind
	if p.view.shown.Kind != home || len(p.view.shown.Buttons) != 1 || p.focused() != doMenu {
		t.Fatalf("page %+v, focus %q", p.view.shown, p.focused())
	}
	p.key(fyne.KeyReturn)
	p.key(fyne.KeyReturn)
	if e := p.reach(entry); e.Field.Value == "" {
		t.Error("the workspace is not remembered")
	}
}

func (p *workplace) signIn() {
	p.t.Helper()
	p.reach(entry)
	test.Type(p.view.field, "acme")
	p.key(fyne.KeyReturn)
	p.reach(browser)
	p.microsoft.answer <- nil
	p.reach(home)
}

// req: E7
// req: H9
func TestWindow_endedAccessIsShownWithoutAsking(t *testing.T) {
	p := newWorkplace(t, nil)
	p.signIn()
	p.events <- api.Event{Type: api.EventAccessEnded, At: noon}
	r := p.reach(revoked)
	if !strings.Contains(r.Text, "Acme Instruments") {
		t.Fatalf("page %+v", r)
	}
	p.key(fyne.KeyReturn)
	p.reach(entry)
}

// req: G7
func TestWindow_withoutAKeychainThePersonChooses(t *testing.T) {
	refuse := func(s Storage) error {
		switch {
		case s.Keep == InKeychain:
			return problem.New(problem.NoKeychain)
		case s.KeyFile == "/home/ada/lanyard.key":
			return problem.New(problem.KeyFileOpenToAll)
		}
		return nil
	}
	p := newWorkplace(t, refuse)
	p.reach(storage)
	if s := <-p.connects; s.Keep != InKeychain || len(p.connects) != 0 {
		t.Fatalf("something was chosen for the person: %+v, %d more", s, len(p.connects))
	}
	p.do(doAskKeyFile)
	if f := p.reach(keyFile).Field; f.Value != "/home/ada/lanyard.key" {
		t.Fatalf("field %+v", f)
	}
	p.key(fyne.KeyReturn)
	p.reach(starting)
	if f := p.reach(keyFile).Field; !strings.Contains(f.Problem, "chmod 600") {
		t.Fatalf("field %+v", f)
	}
	p.key(fyne.KeyEscape)
	p.reach(storage)
	p.do(doMemory)
	p.reach(entry)
	if KeyFile(p.cfg.App) != "" {
		t.Error("a refused key file is remembered")
	}
}

// req: G7
func TestWindow_aKeyFileIsRememberedWhenItWorks(t *testing.T) {
	p := newWorkplace(t, func(s Storage) error {
		if s.Keep == InKeychain {
			return problem.New(problem.NoKeychain)
		}
		return nil
	})
	p.reach(storage)
	p.do(doAskKeyFile)
	p.view.field.SetText("  ")
	p.key(fyne.KeyReturn)
	if f := p.reach(keyFile).Field; f.Problem == "" {
		t.Fatal("an empty name is taken")
	}
	p.view.field.SetText("/home/ada/my.key")
	p.key(fyne.KeyReturn)
	p.reach(entry)
	if got := KeyFile(p.cfg.App); got != "/home/ada/my.key" {
		t.Fatalf("remembered %q", got)
	}
}
