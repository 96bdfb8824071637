package server

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/provision"
)

//go:embed page/home.html
var homeHTML string

//go:embed page/page.css
var pageCSS []byte

var homeTemplate = template.Must(template.New("home").Parse(homeHTML))

// home is for a person who opens the server's address in a browser.
func (s *Server) home() http.Handler {
	var page bytes.Buffer
	err := homeTemplate.Execute(&page, struct{ PublicURL, Version string }{s.cfg.PublicURL.String(), s.cfg.Version})
	return api.Func(func(w http.ResponseWriter, _ *http.Request) error {
		if err != nil {
			return fmt.Errorf("the page at /: %w", err)
		}
		return static(w, "text/html; charset=utf-8", page.Bytes())
	})
}

func stylesheet() http.Handler {
	return api.Func(func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Cache-Control", "public, max-age=300")
		return static(w, "text/css; charset=utf-8", pageCSS)
	})
}

func static(w http.ResponseWriter, mediaType string, body []byte) error {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the reader may have gone; there is nobody left to tell
	return nil
}

// probeTime is how long /readyz waits for the database.
const probeTime = 2 * time.Second

// ready answers 200 when the server can serve: the database answers, and
// events are being read.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), probeTime)
	defer cancel()
	if err := s.cfg.Store.Ping(ctx); err != nil {
		return problem.Wrap(problem.DatabaseDown, err)
	}
	if err := s.hub.Healthy(); err != nil {
		return &problem.Error{Code: problem.Offline, Detail: "The server is not reading events.", Cause: err}
	}
	w.Header().Set("Cache-Control", "no-store")
	return api.Write(w, http.StatusOK, map[string]string{"status": "ready"})
}

// alive answers 200 while the process can answer at all.
func (s *Server) alive(w http.ResponseWriter, _ *http.Request) error {
	return api.Write(w, http.StatusOK, map[string]string{"status": "alive"})
}

func (s *Server) version(w http.ResponseWriter, _ *http.Request) error {
	return api.Write(w, http.StatusOK, map[string]string{"version": s.cfg.Version, "go": runtime.Version()})
}

// noStore keeps answers about people out of every cache (RFC 9111, 5.2.2.5).
func noStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// secured gives pages a Content-Security-Policy (CSP level 3) that allows them
// our stylesheet and nothing else: no script, no frame, no form.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy",
			"default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Frame-Options", "DENY") // for browsers older than frame-ancestors
		next.ServeHTTP(w, r)
	})
}

// consoleHere is the console where it is on the public side, else nil.
func (s *Server) consoleHere() http.Handler {
	if s.cfg.Console.Disabled || s.cfg.Console.URL != nil {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.console.ServeHTTP(w, r) })
}

// sections sends a request to the part of the public side that it is for. console
// may be nil.
func sections(v1, scim, pages, console http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch first, _, _ := strings.Cut(strings.TrimLeft(r.URL.Path, "/"), "/"); first {
		case "v1":
			v1.ServeHTTP(w, r)
		case "scim":
			scim.ServeHTTP(w, r)
		case "admin":
			if console != nil {
				console.ServeHTTP(w, r)
				return
			}
			pages.ServeHTTP(w, r)
		default:
			pages.ServeHTTP(w, r)
		}
	})
}

// problems answers with problem documents where a mux would write plain text:
// an address that it does not have, or not for this method. A path that is not
// clean is one it does not have: a redirect would lose a request's body.
func problems(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" && clean(r.URL.Path) {
			mux.ServeHTTP(w, r)
			return
		}
		probe := &headers{header: http.Header{}}
		h.ServeHTTP(probe, r)
		if probe.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", probe.header.Get("Allow"))
			api.Fail(w, r, problem.Wrap(problem.MethodNotAllowed, errors.New("wrong method")))
			return
		}
		api.Fail(w, r, problem.Wrap(problem.NotFound, errors.New("no such address")))
	})
}

// asSent lets SCIM itself answer where an escaped slash or dot in an id would
// make a mux take the path for another.
func asSent(people http.Handler, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !clean(r.URL.Path) && strings.HasPrefix(r.URL.Path, provision.Root) {
			people.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// clean reports whether a mux would serve the path as it is.
func clean(p string) bool {
	c := path.Clean(p)
	return p == c || p == c+"/"
}

// headers takes an answer's status and header and drops its body.
type headers struct {
	header http.Header
	status int
}

func (h *headers) Header() http.Header { return h.header }
func (h *headers) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}
func (h *headers) Write(p []byte) (int, error) { return len(p), nil }
