package platform

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/problem"
)

// Loopback is an auth.ReturnFunc: a listener on this device that Microsoft, or
// the Lanyard server after a sign-in by SAML, sends the browser back to (RFC
// 8252, section 7.3). Its redirect URI is http://localhost:PORT with a port of
// its own; Microsoft Entra ignores the port of a registered http://localhost but
// compares the path, which is why there is none.
//
// It answers on 127.0.0.1 and ::1, since a browser may try either for
// localhost, and takes one answer, by GET (response_mode=query) or POST
// (form_post), that carries state. Everything else, such as a request for
// favicon.ico, a virus scanner, a wrong or missing state or another Host, gets
// a page and changes nothing.
func Loopback(_ context.Context, state string) (auth.Return, error) {
	return newLoopback(state, net.Listen)
}

var _ auth.ReturnFunc = Loopback

const (
	// portTries is how many ports are tried when another program has the
	// same port on the other address family.
	portTries = 16
	// maxAnswer bounds a form_post body. Codes have about 2 KB.
	maxAnswer = 256 << 10
)

// listenFunc is net.Listen.
type listenFunc func(network, address string) (net.Listener, error)

type loopback struct {
	state, host string
	servers     []*http.Server
	answer      chan url.Values

	mu   sync.Mutex
	used bool
}

func newLoopback(state string, listen listenFunc) (*loopback, error) {
	if state == "" {
		return nil, errors.New("loopback: no state to wait for")
	}
	listeners, err := listenBoth(listen)
	if err != nil {
		return nil, problem.Wrap(problem.PortBusy, err)
	}
	port := listeners[0].Addr().(*net.TCPAddr).Port
	l := &loopback{
		state:  state,
		host:   net.JoinHostPort("localhost", strconv.Itoa(port)),
		answer: make(chan url.Values, 1),
	}
	for _, listener := range listeners {
		s := &http.Server{
			Handler:           l,
			ReadHeaderTimeout: 10 * time.Second,
			ReadTimeout:       30 * time.Second,
			MaxHeaderBytes:    64 << 10,
			ErrorLog:          log.New(io.Discard, "", 0), // it would quote requests
		}
		l.servers = append(l.servers, s)
		go s.Serve(listener) // ends with Close
	}
	return l, nil
}

// listenBoth takes one port on both loopback addresses. A port that another
// program has on one of them is no good: that program would be sent the
// answer. A system without one of the two families makes do with the other.
func listenBoth(listen listenFunc) ([]net.Listener, error) {
	var last error
	for range portTries {
		four, err := listen("tcp4", "127.0.0.1:0")
		if err != nil {
			if !familyMissing(err) {
				last = err
				continue
			}
			six, err6 := listen("tcp6", "[::1]:0")
			if err6 != nil {
				return nil, errors.Join(err, err6)
			}
			return []net.Listener{six}, nil
		}
		port := strconv.Itoa(four.Addr().(*net.TCPAddr).Port)
		six, err := listen("tcp6", net.JoinHostPort("::1", port))
		switch {
		case err == nil:
			return []net.Listener{four, six}, nil
		case familyMissing(err):
			return []net.Listener{four}, nil
		}
		last = err
		_ = four.Close()
	}
	return nil, last
}

// familyMissing tells a system without IPv4 or IPv6 from a busy port.
func familyMissing(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) ||
		errors.Is(err, syscall.EPROTONOSUPPORT)
}

// RedirectURI implements auth.Return.
func (l *loopback) RedirectURI() string { return "http://" + l.host }

// Wait implements auth.Return. It returns once the browser has its page.
func (l *loopback) Wait(ctx context.Context) (url.Values, error) {
	select {
	case v := <-l.answer:
		return v, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close implements auth.Return. Connections that a browser holds open in
// reserve are cut.
func (l *loopback) Close() error {
	var errs []error
	for _, s := range l.servers {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// ServeHTTP answers whatever comes to the port. Any program on the device, and
// any web page by way of the browser, can send it something; only who knows
// state can end the sign-in.
func (l *loopback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !strings.EqualFold(r.Host, l.host): // DNS rebinding
		writePage(w, http.StatusMisdirectedRequest, pageStray)
		return
	case r.URL.Path != "/":
		writePage(w, http.StatusNotFound, pageStray)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		w.Header().Set("Allow", "GET, POST")
		writePage(w, http.StatusMethodNotAllowed, pageStray)
		return
	}
	v, err := l.parameters(w, r)
	if err != nil || !isAnswer(v, l.state) {
		writePage(w, http.StatusBadRequest, pageStray)
		return
	}
	if !l.takeOnce() {
		writePage(w, http.StatusGone, pageUsed)
		return
	}
	switch {
	case v.Has("code"):
		writePage(w, http.StatusOK, pageDone)
	case v.Get("error_subcode") == "cancel":
		writePage(w, http.StatusOK, pageCancelled)
	default:
		writePage(w, http.StatusOK, pageFailed)
	}
	// The page is on its way before Wait returns and Close cuts the line.
	_ = http.NewResponseController(w).Flush()
	l.answer <- v
}

// parameters are those of the query or of the form, never of both: MSAL's
// servers use one place, and what stands in the other is someone else's.
func (l *loopback) parameters(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.Method == http.MethodGet {
		return url.ParseQuery(r.URL.RawQuery)
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxAnswer)
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	return r.PostForm, nil
}

func (l *loopback) takeOnce() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := !l.used
	l.used = true
	return first
}
