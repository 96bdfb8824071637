package platform

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/platform/internal/apple"
	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
)

var acmeApp = redirect.Apple{BundleID: "com.acme.Lanyard"}

// fakeSystem stands in for what starts web authentication sessions.
type fakeSystem struct {
	mu       sync.Mutex
	sessions []*fakeSession
	browsed  []string
	// atOnce, when set, ends a session before start has returned.
	atOnce func(s *fakeSession)
	begun  chan *fakeSession
}

type fakeSession struct {
	url, scheme string
	done        func(callback string, err error)
	cancelled   chan struct{} // closed at the first cancel
	once        sync.Once
}

func newFakeSystem() (*fakeSystem, *webSessions) {
	f := &fakeSystem{begun: make(chan *fakeSession, 64)}
	return f, newWebSessions(acmeApp, f.start, f.browse)
}

func (f *fakeSystem) start(url, scheme string, done func(string, error)) func() {
	s := &fakeSession{url: url, scheme: scheme, done: done, cancelled: make(chan struct{})}
	f.mu.Lock()
	f.sessions = append(f.sessions, s)
	f.mu.Unlock()
	if f.atOnce != nil {
		f.atOnce(s)
	}
	f.begun <- s
	// Like the real one, it says how it ended when it is cancelled.
	return func() {
		s.once.Do(func() {
			close(s.cancelled)
			go s.done("", apple.Failure{Domain: apple.OwnDomain, Code: apple.Cancelled})
		})
	}
}

func (f *fakeSystem) browse(_ context.Context, url string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.browsed = append(f.browsed, url)
	return nil
}

func (f *fakeSystem) count() (sessions, browsed int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sessions), len(f.browsed)
}

func signInAt(state string) string {
	return "https://login.microsoftonline.com/t/oauth2/v2.0/authorize?client_id=c&state=" + url.QueryEscape(state)
}

func prepared(t *testing.T, w *webSessions, state string) auth.Return {
	t.Helper()
	r, err := w.Return(t.Context(), state)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func opened(t *testing.T, w *webSessions, address string) {
	t.Helper()
	if err := w.OpenURL(t.Context(), address); err != nil {
		t.Fatal(err)
	}
}

func waited(t *testing.T, r auth.Return) (url.Values, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return r.Wait(ctx)
}

// req: G5
func TestWebSessions_itBringsTheAnswerBack(t *testing.T) {
	f, w := newFakeSystem()
	b := w.Browser()
	if b.Resume != nil {
		t.Error("a sign-in does not outlive its process here")
	}
	r, err := b.Return(t.Context(), testState)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.RedirectURI() != "msauth.com.acme.Lanyard://auth" {
		t.Errorf("redirect URI %q", r.RedirectURI())
	}
	if err := b.OpenURL(t.Context(), signInAt(testState)); err != nil {
		t.Fatal(err)
	}
	s := <-f.begun
	if s.scheme != "msauth.com.acme.Lanyard" || s.url != signInAt(testState) {
		t.Errorf("it started %q for %q", s.url, s.scheme)
	}
	s.done("msauth.com.acme.Lanyard://auth?code=0.AX&state="+testState, nil)
	v, err := waited(t, r)
	if err != nil || v.Get("code") != "0.AX" {
		t.Errorf("got %v, %v", v, err)
	}
	if _, browsed := f.count(); browsed != 0 {
		t.Error("the browser was opened too")
	}
}

// req: G5
func TestWebSessions_itTakesTheAnswerInEveryFormASystemGivesIt(t *testing.T) {
	for name, callback := range map[string]string{
		"as it was registered":    "msauth.com.acme.Lanyard://auth?code=c&state=" + testState,
		"in small letters":        "msauth.com.acme.lanyard://auth?code=c&state=" + testState,
		"with Entra's slash":      "msauth.com.acme.Lanyard://auth/?code=c&state=" + testState,
		"with a browser's anchor": "msauth.com.acme.Lanyard://auth?code=c&state=" + testState + "#_=_",
		"with other parameters":   "msauth.com.acme.Lanyard://auth?session_state=x&code=c&state=" + testState + "&client_info=1",
	} {
		t.Run("it takes one "+name, func(t *testing.T) {
			f, w := newFakeSystem()
			r := prepared(t, w, testState)
			opened(t, w, signInAt(testState))
			(<-f.begun).done(callback, nil)
			if v, err := waited(t, r); err != nil || v.Get("code") != "c" {
				t.Errorf("got %v, %v", v, err)
			}
		})
	}
}

// req: G5
func TestWebSessions_itPassesOnARefusal(t *testing.T) {
	f, w := newFakeSystem()
	r := prepared(t, w, testState)
	opened(t, w, signInAt(testState))
	(<-f.begun).done("msauth.com.acme.Lanyard://auth?error=access_denied&error_description=AADSTS65004&state="+testState, nil)
	if v, err := waited(t, r); err != nil || v.Get("error") != "access_denied" {
		t.Errorf("got %v, %v", v, err)
	}
}

// req: G5
func TestWebSessions_itRefusesAnAnswerThatIsNotOurs(t *testing.T) {
	good := "?code=canary&state=" + testState
	for name, callback := range map[string]string{
		"nothing":                   "",
		"no address":                "://",
		"another scheme":            "msauth.com.evil.app://auth" + good,
		"a scheme cut short":        "msauth.com.acme://auth" + good,
		"https":                     "https://auth" + good,
		"another host":              "msauth.com.acme.Lanyard://other" + good,
		"a host in capitals":        "msauth.com.acme.Lanyard://AUTH" + good,
		"a port":                    "msauth.com.acme.Lanyard://auth:1" + good,
		"a user":                    "msauth.com.acme.Lanyard://me@auth" + good,
		"a path":                    "msauth.com.acme.Lanyard://auth/x" + good,
		"two slashes":               "msauth.com.acme.Lanyard://auth//" + good,
		"no host":                   "msauth.com.acme.Lanyard:auth" + good,
		"a wrong state":             "msauth.com.acme.Lanyard://auth?code=canary&state=other",
		"no state":                  "msauth.com.acme.Lanyard://auth?code=canary",
		"an empty state":            "msauth.com.acme.Lanyard://auth?code=canary&state=",
		"two states":                "msauth.com.acme.Lanyard://auth" + good + "&state=other",
		"two codes":                 "msauth.com.acme.Lanyard://auth" + good + "&code=other",
		"a code and an error":       "msauth.com.acme.Lanyard://auth" + good + "&error=x",
		"neither code nor error":    "msauth.com.acme.Lanyard://auth?state=" + testState,
		"the answer as a fragment":  "msauth.com.acme.Lanyard://auth#code=canary&state=" + testState,
		"a query that is none":      "msauth.com.acme.Lanyard://auth" + good + "&x=%zz",
		"more than any answer":      "msauth.com.acme.Lanyard://auth" + good + "&x=" + strings.Repeat("x", maxAnswer),
		"a control character in it": "msauth.com.acme.Lanyard://auth" + good + "\x00",
	} {
		t.Run("it refuses "+name, func(t *testing.T) {
			f, w := newFakeSystem()
			r := prepared(t, w, testState)
			opened(t, w, signInAt(testState))
			(<-f.begun).done(callback, nil)
			v, err := waited(t, r)
			if code, _ := problem.Of(err); code != problem.BadCallback || v != nil {
				t.Fatalf("got %v, %v", v, err)
			}
			if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), testState) {
				t.Errorf("the error repeats it: %v", err)
			}
		})
	}
}

// req: G5
func TestWebSessions_itSaysWhyASessionEnded(t *testing.T) {
	for _, c := range []struct {
		failure apple.Failure
		want    problem.Code
	}{
		{apple.Failure{Domain: apple.SessionDomain, Code: apple.CanceledLogin}, problem.SignInCancelled},
		{apple.Failure{Domain: apple.SessionDomain, Code: apple.PresentationContextNotProvided}, problem.NoBrowser},
		{apple.Failure{Domain: apple.SessionDomain, Code: apple.PresentationContextInvalid}, problem.NoBrowser},
		{apple.Failure{Domain: apple.SessionDomain, Code: 77}, problem.NoBrowser},
		{apple.Failure{Domain: apple.OwnDomain, Code: apple.Cancelled}, problem.SignInCancelled},
		{apple.Failure{Domain: apple.OwnDomain, Code: apple.NotStarted}, problem.NoBrowser},
		{apple.Failure{Domain: apple.OwnDomain, Code: apple.NoWindow}, problem.NoBrowser},
		{apple.Failure{Domain: apple.OwnDomain, Code: apple.CanceledLogin}, problem.NoBrowser}, // 1 is NotSupported there
		{apple.Failure{Domain: "NSURLErrorDomain", Code: -1009}, problem.NoBrowser},
	} {
		f, w := newFakeSystem()
		r := prepared(t, w, testState)
		opened(t, w, signInAt(testState))
		(<-f.begun).done("", c.failure)
		_, err := waited(t, r)
		if code, _ := problem.Of(err); code != c.want || !errors.Is(err, c.failure) {
			t.Errorf("%v is %v, want %v", c.failure, err, c.want)
		}
	}
}

// req: G5
func TestWebSessions_itTellsSignInsApartByTheirState(t *testing.T) {
	f, w := newFakeSystem()
	first, second := prepared(t, w, "first"), prepared(t, w, "second")
	opened(t, w, signInAt("second"))
	two := <-f.begun
	opened(t, w, signInAt("first"))
	one := <-f.begun
	two.done("msauth.com.acme.Lanyard://auth?code=2&state=second", nil)
	one.done("msauth.com.acme.Lanyard://auth?code=1&state=first", nil)
	for want, r := range map[string]auth.Return{"1": first, "2": second} {
		if v, err := waited(t, r); err != nil || v.Get("code") != want {
			t.Errorf("got %v, %v, want code %s", v, err, want)
		}
	}
	// One that is over may be followed by others.
	third := prepared(t, w, "third")
	opened(t, w, signInAt("third"))
	(<-f.begun).done("msauth.com.acme.Lanyard://auth?code=3&state=third", nil)
	if v, err := waited(t, third); err != nil || v.Get("code") != "3" {
		t.Errorf("got %v, %v", v, err)
	}
	if _, err := w.Return(t.Context(), "first"); err == nil {
		t.Error("a state was taken twice")
	}
	if _, err := w.Return(t.Context(), ""); err == nil {
		t.Error("an empty state was taken")
	}
	_ = first.Close()
	if _, err := w.Return(t.Context(), "first"); err != nil {
		t.Errorf("a state that is free again: %v", err)
	}
}

// req: G5
func TestWebSessions_itLeavesOtherAddressesToTheBrowser(t *testing.T) {
	f, w := newFakeSystem()
	r := prepared(t, w, testState)
	others := []string{
		"https://login.microsoftonline.com/t/oauth2/v2.0/logout?logout_hint=x",
		"https://login.microsoftonline.com/t/oauth2/v2.0/authorize?state=unknown",
		"https://login.microsoftonline.com/?state=" + testState + "&state=" + testState,
		"http://localhost:8080/help",
	}
	for _, address := range others {
		opened(t, w, address)
	}
	_ = r.Close()
	opened(t, w, signInAt(testState)) // nobody waits for it any more
	if sessions, _ := f.count(); sessions != 0 || !slices.Equal(f.browsed, append(others, signInAt(testState))) {
		t.Errorf("%d sessions, and the browser has %v", sessions, f.browsed)
	}
}

// req: G5
func TestWebSessions_itHasNoWayBackToAnAppWithoutIdentifier(t *testing.T) {
	for _, id := range []string{"", "com.acme/app", "com..acme", "com.acme.app:x", "TEAM com.acme"} {
		w := newWebSessions(redirect.Apple{BundleID: id}, nil, nil)
		r, err := w.Return(t.Context(), testState)
		if code, _ := problem.Of(err); code != problem.NoBrowser || r != nil {
			t.Errorf("%q: %v, %v", id, r, err)
		}
	}
}

func TestWebSessions_itOpensNothingButWebAddresses(t *testing.T) {
	f, w := newFakeSystem()
	prepared(t, w, testState)
	for _, bad := range []string{"", "file:///etc/passwd?state=" + testState, "msauth.com.acme.Lanyard://auth?state=" + testState, "http://login.microsoftonline.com/?state=" + testState} {
		if code, _ := problem.Of(w.OpenURL(t.Context(), bad)); code != problem.NoBrowser {
			t.Errorf("%q is %v", bad, code)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.OpenURL(ended, signInAt(testState)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if sessions, browsed := f.count(); sessions+browsed != 0 {
		t.Error("something was opened")
	}
}

// req: G5
func TestWebSessions_itTakesThePageAwayWhenTheSignInEnds(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, r auth.Return){
		"the person gives up in the app": func(t *testing.T, r auth.Return) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := r.Wait(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		},
		"its time is over": func(t *testing.T, r auth.Return) {
			ctx, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
			defer cancel()
			if _, err := r.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		},
		"the way back is closed, twice": func(t *testing.T, r auth.Return) {
			if err := errors.Join(r.Close(), r.Close()); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run("it does when "+name, func(t *testing.T) {
			f, w := newFakeSystem()
			r := prepared(t, w, testState)
			opened(t, w, signInAt(testState))
			s := <-f.begun
			end(t, r)
			select {
			case <-s.cancelled:
			case <-time.After(time.Minute):
				t.Fatal("the page stays")
			}
		})
	}
}

// Ending may come while the system is still starting the session.
func TestWebSessions_itTakesAwayAPageThatIsYetToCome(t *testing.T) {
	f, w := newFakeSystem()
	r := prepared(t, w, testState)
	f.atOnce = func(*fakeSession) { _ = r.Close() }
	opened(t, w, signInAt(testState))
	select {
	case <-(<-f.begun).cancelled:
	case <-time.After(time.Minute):
		t.Fatal("the page stays")
	}
}

func TestWebSessions_itHearsOfASessionThatCannotStart(t *testing.T) {
	f, w := newFakeSystem()
	f.atOnce = func(s *fakeSession) { s.done("", apple.Failure{Domain: apple.OwnDomain, Code: apple.NotStarted}) }
	r := prepared(t, w, testState)
	opened(t, w, signInAt(testState))
	if _, err := waited(t, r); !errors.Is(err, problem.New(problem.NoBrowser)) {
		t.Errorf("got %v", err)
	}
}

func TestWebSessions_itShowsAPageOnceHoweverOftenItIsOpened(t *testing.T) {
	f, w := newFakeSystem()
	r := prepared(t, w, testState)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := w.OpenURL(t.Context(), signInAt(testState)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if sessions, browsed := f.count(); sessions != 1 || browsed != 0 {
		t.Errorf("%d sessions, %d in the browser", sessions, browsed)
	}
	s := <-f.begun
	s.done("msauth.com.acme.Lanyard://auth?code=c&state="+testState, nil)
	s.done("msauth.com.acme.Lanyard://auth?code=second&state="+testState, nil) // a system that answers twice
	if v, err := waited(t, r); err != nil || v.Get("code") != "c" {
		t.Errorf("got %v, %v", v, err)
	}
}

func FuzzSessionAnswer_itTakesOnlyAnswersToOurRequest(f *testing.F) {
	for _, seed := range []string{
		"msauth.com.acme.Lanyard://auth?code=c&state=" + testState, "MSAUTH.COM.ACME.LANYARD://auth/?error=x&state=" + testState,
		"msauth.com.acme.Lanyard:auth?code=c", "msauth.com.acme.Lanyard://auth//?code=c&state=" + testState, "://", "a:b:c", "msauth.com.acme.Lanyard://auth?%",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		v, err := sessionAnswer(address, acmeApp.RedirectURI(), testState)
		if err != nil {
			if code, _ := problem.Of(err); code != problem.BadCallback || v != nil {
				t.Fatalf("%q: %v, %v", address, v, err)
			}
			return
		}
		scheme, rest, _ := strings.Cut(address, "://")
		if !strings.EqualFold(scheme, acmeApp.Scheme()) || !strings.HasPrefix(rest, "auth?") && !strings.HasPrefix(rest, "auth/?") {
			t.Errorf("%q was taken", address)
		}
		if v.Get("state") != testState || (v.Get("code") == "") == (v.Get("error") == "") {
			t.Errorf("%q was taken for %v", address, v)
		}
	})
}
