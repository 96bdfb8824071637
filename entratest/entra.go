package entratest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// ErrNotFound is returned for a tenant, person, group or app that is not there.
var ErrNotFound = errors.New("entratest: not found")

// Options change how a local Entra behaves. The zero value is strict and odd:
// it chooses, where the standards leave a choice, what clients are least
// prepared for. Every knob says why one would turn it.
type Options struct {
	// Now is the clock that Advance moves on from. Nil means time.Now.
	Now func() time.Time
	// Log receives one line for each request, without secrets. Nil means none.
	Log *slog.Logger
	// BrowserAddr and ProxyAddr are the loopback addresses to listen on. The
	// default is a free port, so that nobody relies on one; a long-lived
	// development set-up may want the same after a restart.
	BrowserAddr, ProxyAddr string
	// AccessTokenLifetime is how long access and ID tokens live. Zero means a
	// random time between 60 and 90 minutes, as Entra does, so that nobody
	// relies on an hour. Set it to test expiry.
	AccessTokenLifetime time.Duration
	// ShowPasswords writes a person's password on the password page, with a
	// button that fills it in. For a set-up that people click through.
	ShowPasswords bool
	// PolicyErrorsToApp sends the refusal of a person who has proved who they
	// are (not assigned, disabled) to the app. By default it stays on Entra's
	// own page, as it does today in the real one: the app is never called
	// back and has to survive that. Older ones did call back, so a client
	// must understand both.
	PolicyErrorsToApp bool
	// AllowMissingPKCE admits public clients that send no code_challenge, as
	// the real Entra does. RFC 9700 section 2.1.1 requires it.
	AllowMissingPKCE bool
	// AllowRefreshReuse lets a refresh token be used again after it was
	// rotated, as the real Entra does. By default a second use revokes the
	// whole family (RFC 9700 section 4.14.2), which finds the client that
	// loses the newer one.
	AllowRefreshReuse bool
	// MicrosoftAddresses makes federation metadata name login.microsoftonline.com
	// as the real one does, for browsers behind the proxy ([Browser] knows the
	// way). By default it names http://localhost:PORT, like the rest.
	MicrosoftAddresses bool
	// Orderly leaves out what is there to trip the careless: keys in random
	// order and fields nobody knows.
	Orderly bool
}

// Entra is one running local Entra. Its methods may be called from several
// goroutines at once.
type Entra struct {
	opt  Options
	log  *slog.Logger
	ca   *certAuthority
	core *core

	browser, secure, proxy net.Listener
	servers                []*http.Server
	terminated             *handoff

	closeOnce sync.Once
	ctx       context.Context
	cancel    context.CancelFunc
}

// Start makes a local Entra and opens its three loopback listeners: pages for
// a browser (http), Microsoft's endpoints (https) and the CONNECT proxy. Call
// Close when done.
func Start(opt Options) (*Entra, error) {
	if opt.Log == nil {
		opt.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	ca, err := newAuthority()
	if err != nil {
		return nil, fmt.Errorf("entratest: making a CA: %w", err)
	}
	c, err := newCore(opt)
	if err != nil {
		return nil, fmt.Errorf("entratest: making keys: %w", err)
	}
	e := &Entra{opt: opt, log: opt.Log, ca: ca, core: c}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	if err := e.listen(); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// New starts a local Entra for one test and closes it at the test's end.
func New(t testing.TB, opts ...Options) *Entra {
	t.Helper()
	var opt Options
	if len(opts) > 0 {
		opt = opts[0]
	}
	e, err := Start(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// Close ends all listeners, connections and provisioning. It may be called twice.
func (e *Entra) Close() {
	e.closeOnce.Do(func() {
		e.cancel()
		for _, s := range e.servers {
			_ = s.Close()
		}
		for _, l := range []net.Listener{e.browser, e.secure, e.proxy} {
			if l != nil {
				_ = l.Close()
			}
		}
		if e.terminated != nil {
			_ = e.terminated.Close()
		}
		e.core.close()
	})
}

// CA returns the certificate of the throw-away CA as PEM.
func (e *Entra) CA() []byte { return e.ca.pem() }

// CAFile writes the CA's certificate into dir and returns the file's name,
// for SSL_CERT_FILE.
func (e *Entra) CAFile(dir string) (string, error) {
	name := filepath.Join(dir, "entratest-ca.pem")
	if err := os.WriteFile(name, e.ca.pem(), 0o600); err != nil {
		return "", fmt.Errorf("entratest: writing the CA: %w", err)
	}
	return name, nil
}

// ProxyURL is for HTTPS_PROXY: an HTTP proxy that answers CONNECT for
// Microsoft's host names itself and refuses everything that is not loopback.
func (e *Entra) ProxyURL() string { return "http://" + e.proxy.Addr().String() }

// BrowserURL is where the pages stand that a person sees: http://localhost:PORT.
func (e *Entra) BrowserURL() string { return e.core.browserURL }

// ServerURL is https://localhost:PORT: Microsoft's endpoints without the
// proxy, for a client that can be told another authority.
func (e *Entra) ServerURL() string { return e.core.serverURL }

// HTTPClient returns a client that reaches login.microsoftonline.com and its
// like here, through the proxy, and trusts the CA. It can't reach the real ones.
func (e *Entra) HTTPClient() *http.Client {
	proxy, err := url.Parse(e.ProxyURL())
	if err != nil {
		panic(err) // our own listener's address
	}
	return &http.Client{Transport: &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) {
			if loopbackHost(r.URL.Hostname()) {
				return nil, nil
			}
			return proxy, nil
		},
		TLSClientConfig:     &tls.Config{RootCAs: e.ca.pool(), MinVersion: tls.VersionTLS12},
		MaxIdleConnsPerHost: 16,
	}}
}

// Now is this Entra's clock: the one of the Options, moved by Advance.
func (e *Entra) Now() time.Time { return e.core.now() }

// Advance moves the clock on, so that codes, tokens and keys grow old. A
// negative d moves it back.
func (e *Entra) Advance(d time.Duration) { e.core.advance(d) }
