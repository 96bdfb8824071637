package platform

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/platform/internal/apple"
	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
)

// startSession is apple.StartSession. done is called once, from any goroutine,
// maybe before startSession returns.
type startSession func(url, scheme string, done func(callback string, err error)) (cancel func())

// webSessions is the way to the browser and back on Apple's systems: a web
// authentication session, which shows a page over the app's window and ends
// when the page leads to a scheme that is this app's alone, without any other
// app being asked (Apple, ASWebAuthenticationSession).
//
// The system opens and returns in one call, where a sign-in first prepares the
// way back and then opens an address. The state in the address tells which way
// back it belongs to. An address without one, of a page to sign out at say,
// goes to the person's browser. Sign-ins may run at the same time; whether the
// system shows both is for it to say.
type webSessions struct {
	app   redirect.Apple
	start startSession
	// browser opens every other address.
	browser func(ctx context.Context, url string) error

	mu      sync.Mutex
	waiting map[string]*webReturn // by state
}

func newWebSessions(app redirect.Apple, start startSession, browser func(context.Context, string) error) *webSessions {
	return &webSessions{app: app, start: start, browser: browser, waiting: make(map[string]*webReturn)}
}

// Browser returns the two as what a sign-in takes.
func (w *webSessions) Browser() Browser { return Browser{OpenURL: w.OpenURL, Return: w.Return} }

// Return is an auth.ReturnFunc. An app whose identifier no redirect URI can be
// made of has no way back to it.
func (w *webSessions) Return(_ context.Context, state string) (auth.Return, error) {
	if err := redirect.CheckBundleID(w.app.BundleID); err != nil {
		return nil, problem.Wrap(problem.NoBrowser, err)
	}
	if state == "" {
		return nil, errors.New("web session: no state to wait for")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting[state] != nil {
		return nil, errors.New("web session: a sign-in with this state is under way")
	}
	r := &webReturn{all: w, state: state, answer: make(chan webAnswer, 1)}
	w.waiting[state] = r
	return r, nil
}

// OpenURL starts the session of the sign-in that rawURL belongs to. How the
// session ends, or that it cannot begin, is what that sign-in's Wait returns.
// Opened a second time, the page that is there stays.
func (w *webSessions) OpenURL(ctx context.Context, rawURL string) error {
	if err := checkURL(rawURL); err != nil {
		return problem.Wrap(problem.NoBrowser, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if r := w.returnOf(rawURL); r != nil {
		r.open(rawURL)
		return nil
	}
	return w.browser(ctx, rawURL)
}

// returnOf finds the way back that was prepared for rawURL, or nil.
func (w *webSessions) returnOf(rawURL string) *webReturn {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil
	}
	states := u.Query()["state"]
	if len(states) != 1 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.waiting[states[0]]
}

// webReturn is the auth.Return of one sign-in.
type webReturn struct {
	all    *webSessions
	state  string
	answer chan webAnswer // has room for the one answer there is

	mu     sync.Mutex
	opened bool   // a session was started; there is never a second
	ended  bool   // nobody waits any more
	cancel func() // takes the page away; nil before the session is there
}

type webAnswer struct {
	values url.Values
	err    error
}

// open starts the session, unless it was started or is over.
func (r *webReturn) open(rawURL string) {
	r.mu.Lock()
	first := !r.opened && !r.ended
	r.opened = true
	r.mu.Unlock()
	if !first {
		return
	}
	// Not under the lock: done may be called before start returns.
	cancel := r.all.start(rawURL, r.all.app.Scheme(), r.done)
	r.mu.Lock()
	r.cancel = cancel
	ended := r.ended
	r.mu.Unlock()
	if ended {
		cancel()
	}
}

// done takes how the session ended. It does not block: a second answer, which
// there should not be, finds the first still waiting or nobody.
func (r *webReturn) done(callback string, err error) {
	a := webAnswer{err: err}
	if err != nil {
		a.err = sessionProblem(err)
	} else {
		a.values, a.err = sessionAnswer(callback, r.RedirectURI(), r.state)
	}
	select {
	case r.answer <- a:
	default:
	}
}

// RedirectURI implements auth.Return.
func (r *webReturn) RedirectURI() string { return r.all.app.RedirectURI() }

// Wait implements auth.Return. When ctx ends the page is taken away.
func (r *webReturn) Wait(ctx context.Context) (url.Values, error) {
	select {
	case a := <-r.answer:
		return a.values, a.err
	case <-ctx.Done():
		r.end()
		return nil, ctx.Err()
	}
}

// Close implements auth.Return. A page that is still there is taken away.
func (r *webReturn) Close() error {
	r.end()
	r.all.mu.Lock()
	defer r.all.mu.Unlock()
	if r.all.waiting[r.state] == r {
		delete(r.all.waiting, r.state)
	}
	return nil
}

// end makes sure that no page stays or is yet to come.
func (r *webReturn) end() {
	r.mu.Lock()
	r.ended = true
	cancel := r.cancel
	r.cancel = nil
	r.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

// sessionAnswer reads the address that a session ended with. The system has held
// it against the scheme alone, in whatever letter case the page wrote it, and
// Microsoft Entra adds a slash where a redirect URI has no path.
func sessionAnswer(address, redirectURI, state string) (url.Values, error) {
	address, redirectURI = smallScheme(address), smallScheme(redirectURI)
	for _, uri := range []string{redirectURI, redirectURI + "/"} {
		if v, ok := answerIn(address, uri, state); ok {
			return v, nil
		}
	}
	return nil, problem.Wrap(problem.BadCallback, errors.New("the page led to the app without an answer to this sign-in"))
}

// smallScheme writes the scheme of an address in small letters, which mean the
// same (RFC 3986, section 3.1): a bundle ID may have capitals.
func smallScheme(address string) string {
	scheme, rest, found := strings.Cut(address, ":")
	if !found {
		return address
	}
	return strings.ToLower(scheme) + ":" + rest
}

// sessionProblem says what the end of a session without an answer means.
func sessionProblem(err error) error {
	var f apple.Failure
	if errors.As(err, &f) {
		switch {
		case f.Domain == apple.SessionDomain && f.Code == apple.CanceledLogin,
			f.Domain == apple.OwnDomain && f.Code == apple.Cancelled:
			return problem.Wrap(problem.SignInCancelled, err)
		}
	}
	return problem.Wrap(problem.NoBrowser, err)
}
