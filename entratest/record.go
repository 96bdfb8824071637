package entratest

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Request is one request that this Entra received, for assertions. Secrets in
// it (codes, tokens, verifiers, passwords) are replaced by [Redacted].
type Request struct {
	At     time.Time
	Via    string // proxy, https (directly), browser, or refused (by the proxy)
	Method string
	Host   string
	Path   string
	// Params are those of the query and of a form.
	Params url.Values
	// Header has no Authorization and no cookies.
	Header http.Header
	// Status is 0 where the connection was cut.
	Status int
}

// Redacted stands for a secret in a [Request].
const Redacted = "…"

// keepRequests bounds the log: the oldest go first.
const keepRequests = 10_000

// maxForm is the largest form that is read, in bytes.
const maxForm = 256 << 10

var secretParams = []string{
	"code", "code_verifier", "refresh_token", "device_code", "client_secret", "client_assertion",
	"assertion", "password", "id_token_hint", "id_token", "access_token", "user_code", "flow",
}

// Requests is the log of what was asked so far, oldest first.
func (e *Entra) Requests() []Request {
	e.core.mu.Lock()
	defer e.core.mu.Unlock()
	return slices.Clone(e.core.requests)
}

// RequestsTo are those of [Entra.Requests] that m matches.
func (e *Entra) RequestsTo(m Matcher) []Request {
	return slices.DeleteFunc(e.Requests(), func(r Request) bool { return !m(r) })
}

// recorded wraps h: each request is noted, and fails first if it was told to.
func (c *core) recorded(via string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		formErr := r.ParseForm() // handlers look at r.PostForm and r.URL.Query
		entry := c.entryFor(r, via)
		sw := &statusWriter{ResponseWriter: w}
		defer func() {
			entry.Status = sw.status
			c.note(entry)
		}()
		if formErr != nil {
			id := c.idsFor(r)
			writeFault(sw, refuse(9002313, "Invalid request. The request is malformed: its parameters can't be read."), id)
			return
		}
		if f := c.planned(entry); f != nil && f.play(sw, r, c.idsFor(r)) {
			return
		}
		h.ServeHTTP(sw, r)
	})
}

func (c *core) entryFor(r *http.Request, via string) Request {
	params := url.Values{}
	for k, vs := range r.Form {
		for _, v := range vs {
			if slices.Contains(secretParams, k) && v != "" {
				v = Redacted
			}
			params.Add(k, v)
		}
	}
	header := r.Header.Clone()
	header.Del("Authorization")
	header.Del("Cookie")
	return Request{
		At: c.now(), Via: via, Method: r.Method, Host: r.Host,
		// Flow ids in the path of our pages are as good as a cookie.
		Path: redactPath(r.URL.Path), Params: params, Header: header,
	}
}

func redactPath(p string) string {
	if strings.HasPrefix(p, "/flow/") {
		return "/flow/" + Redacted
	}
	return p
}

func (c *core) note(entry Request) {
	c.mu.Lock()
	c.requests = append(c.requests, entry)
	if len(c.requests) > keepRequests {
		c.requests = slices.Delete(c.requests, 0, len(c.requests)-keepRequests)
	}
	c.mu.Unlock()
	if c.opt.Log != nil {
		c.opt.Log.Info("entratest", slog.String("via", entry.Via), slog.String("method", entry.Method),
			slog.String("host", entry.Host), slog.String("path", entry.Path), slog.Int("status", entry.Status))
	}
}

// refused notes a request that the proxy would not forward.
func (c *core) refused(r *http.Request, host string) {
	c.note(Request{At: c.now(), Via: "refused", Method: r.Method, Host: host, Status: http.StatusForbidden})
}

// statusWriter remembers the status that was sent.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the original.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
