package platform

import (
	"context"
	"errors"
	"sync"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
)

// appLink brings a browser back by the app's own msauth:// address, where the
// app that runs is one that receives it.
type appLink struct {
	box *mailbox
	// signers returns the running app's package name and certificates (DER).
	signers func() (name string, certificates [][]byte, err error)
	// receives reports whether an address would reach the mailbox.
	receives func(uri string) (bool, error)

	mu  sync.Mutex
	uri string // once known: neither the certificates nor the manifest change under a process
}

// redirectURI is that of the first certificate, from the newest on, for which
// the manifest has an intent filter, or "" if there is none: then the app was
// built without `lanyardd mobile manifest`, or signed with another key.
func (a *appLink) redirectURI() (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.uri != "" {
		return a.uri, nil
	}
	name, certificates, err := a.signers()
	if err != nil {
		return "", err
	}
	for _, der := range certificates {
		uri := redirect.Android{Package: name, Hash: redirect.HashOf(der)}.RedirectURI()
		ok, err := a.receives(uri)
		if err != nil {
			return "", err
		}
		if ok {
			a.uri = uri
			return uri, nil
		}
	}
	return "", nil
}

// prepare is an auth.ReturnFunc. Where the app's own address cannot be used,
// for whatever reason, the loopback interface still can.
func (a *appLink) prepare(ctx context.Context, state string) (auth.Return, error) {
	if state == "" {
		return nil, errors.New("redirect: no state to wait for")
	}
	uri, err := a.redirectURI()
	if err != nil || uri == "" {
		return Loopback(ctx, state)
	}
	return a.box.await(state, uri), nil
}

// resume is Browser.Resume. What was begun with another address, such as a port
// of a process that has ended, cannot be finished: it is problem.BadCallback.
func (a *appLink) resume(_ context.Context, state, redirectURI string) (auth.Return, error) {
	uri, err := a.redirectURI()
	if err != nil {
		return nil, problem.Wrap(problem.BadCallback, err)
	}
	if state == "" || uri == "" || uri != redirectURI {
		return nil, problem.Wrap(problem.BadCallback, errors.New("the sign-in was to come back another way"))
	}
	return a.box.await(state, uri), nil
}
