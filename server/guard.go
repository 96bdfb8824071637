package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// guard stands around every handler of one listener. It gives the request its
// correlation id, sets the headers that every answer has, turns a panic into a
// problem, and writes one log record when the request is over.
type guard struct {
	next http.Handler
	log  *slog.Logger
	now  func() time.Time
	ip   func(*http.Request) string
	// https says whether the public URL is https.
	https bool
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := g.now()
	trace := &api.Trace{CorrelationID: uuid.NewString()}
	r = r.WithContext(api.WithTrace(r.Context(), trace))
	h := w.Header()
	h.Set("X-Request-Id", trace.CorrelationID)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if g.https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	out := &answer{ResponseWriter: w}
	aborted := g.serve(out, r)
	g.record(r, out, trace, g.now().Sub(start), aborted)
	if aborted {
		panic(http.ErrAbortHandler) // net/http closes the connection and says nothing
	}
}

// serve runs the handler. A panic after the answer began can only be shown to
// the client by cutting the connection; then aborted is true.
func (g *guard) serve(out *answer, r *http.Request) (aborted bool) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			aborted = true
			return
		}
		// The stack names functions and lines; the value of a panic in our
		// own code holds no secret, but it is cut short all the same.
		err := fmt.Errorf("panic: %.200v", p)
		g.log.LogAttrs(r.Context(), slog.LevelError, "a handler panicked",
			slog.String("correlation_id", api.TraceOf(r.Context()).CorrelationID),
			slog.Any("error", err), slog.String("stack", string(debug.Stack())))
		if out.status != 0 {
			api.TraceOf(r.Context()).Err = err
			aborted = true
			return
		}
		api.Fail(out, r, problem.Wrap(problem.Internal, err))
	}()
	g.next.ServeHTTP(out, r)
	return false
}

// record writes the request's log record. Of the address only the path is
// logged, never the query; headers and bodies never.
func (g *guard) record(r *http.Request, out *answer, t *api.Trace, took time.Duration, aborted bool) {
	status := out.status
	if status == 0 {
		status = http.StatusOK
	}
	attrs := []slog.Attr{
		slog.String("method", clipped(r.Method, 16)),
		slog.String("path", loggedPath(r.URL.Path)),
		slog.Int("status", status),
		slog.Duration("took", took),
		slog.Int64("bytes", out.bytes),
		slog.String("ip", g.ip(r)),
		slog.String("correlation_id", t.CorrelationID),
	}
	for _, a := range []slog.Attr{slog.String("workspace", t.Workspace), slog.String("user", t.User)} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	level := slog.LevelInfo
	if t.Err != nil {
		attrs = append(attrs, slog.String("code", string(innermost(t.Err))), slog.String("error", t.Err.Error()))
	}
	if aborted {
		attrs = append(attrs, slog.Bool("aborted", true))
	}
	if status >= 500 && !errors.Is(t.Err, context.Canceled) {
		level = slog.LevelError
	}
	g.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// innermost is the code nearest to the cause: of a refused token, the check
// that failed, which the outside is not told.
func innermost(err error) problem.Code {
	code, _ := problem.Of(err)
	for e := (*problem.Error)(nil); errors.As(err, &e); err = e.Cause {
		code = e.Code
	}
	return code
}

// loggedPath is a path fit for a log: bounded, and without any part that might
// be a secret which someone put in an address by mistake.
func loggedPath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if len(p) > 64 || strings.HasPrefix(p, "ly") && strings.Contains(p, "_") || strings.HasPrefix(p, "eyJ") {
			parts[i] = "[removed]"
		}
	}
	return clipped(strings.Join(parts, "/"), 200)
}

func clipped(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// answer notes what was answered. Unwrap lets http.ResponseController through
// to the connection.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
