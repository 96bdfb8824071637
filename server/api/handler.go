package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

// MaxBody is how many bytes [Read] takes. A Microsoft access token with two
// hundred groups fits three times.
const MaxBody = 64 << 10

// Trace is what a request carries so that an answer and the log can be put
// together. The server puts one in the context of every request.
type Trace struct {
	// CorrelationID is the X-Request-Id of the answer.
	CorrelationID string
	// Err is the error the request ended with, with all its causes. It is
	// written by the request's own goroutine.
	Err error
	// Workspace and User are ids that the request turned out to be about.
	Workspace, User string
}

type traceKey struct{}

// WithTrace returns a context that carries t.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceOf returns the Trace of a request, or an empty one when it has none.
func TraceOf(ctx context.Context) *Trace {
	if t, ok := ctx.Value(traceKey{}).(*Trace); ok {
		return t
	}
	return &Trace{}
}

// Func is a handler that returns its failure. A handler that has already
// written an answer must return nil.
type Func func(w http.ResponseWriter, r *http.Request) error

// ServeHTTP calls f and writes the problem it returned.
func (f Func) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := f(w, r); err != nil {
		Fail(w, r, err)
	}
}

// Fail writes err as a problem document and leaves it in the request's [Trace]
// for the log. Only the code, its text and the detail leave the server.
func Fail(w http.ResponseWriter, r *http.Request, err error) {
	FailWith(w, r, err, func(p Problem) any { return p })
}

// FailWith is Fail with members of its own in the document (RFC 9457, section
// 3.2): extend returns the problem with them.
func FailWith(w http.ResponseWriter, r *http.Request, err error, extend func(Problem) any) {
	t := TraceOf(r.Context())
	t.Err = err
	p := NewProblem(err, t.CorrelationID)
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	switch p.Status {
	case http.StatusUnauthorized:
		if h.Get("WWW-Authenticate") == "" {
			h.Set("WWW-Authenticate", `Bearer realm="lanyard"`) // RFC 9110, 11.6.1: a 401 must name a scheme
		}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if h.Get("Retry-After") == "" {
			h.Set("Retry-After", strconv.Itoa(retryAfter))
		}
	}
	body, jerr := json.Marshal(extend(p))
	if jerr != nil { // structs of strings and numbers: cannot happen
		panic(jerr)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // the caller may have gone; there is nobody left to tell
}

// retryAfter is the seconds after which a refused caller may try again.
const retryAfter = 10

// Read decodes the one JSON object of a request into v. Refused are another
// content type, more than [MaxBody] bytes, and anything after the object.
// Unknown members are ignored, so that an older server understands a newer
// app. The errors carry problem codes and repeat nothing of the body.
func Read(w http.ResponseWriter, r *http.Request, v any) error {
	if !hasType(r.Header, "application/json") {
		return problem.Detailf(problem.BadRequest, "The Content-Type must be application/json.")
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxBody))
	if err := d.Decode(v); err != nil {
		return unreadable(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return unreadable(err)
		}
		return problem.Detailf(problem.BadRequest, "There is something after the JSON object.")
	}
	return nil
}

func unreadable(err error) error {
	var (
		big    *http.MaxBytesError
		typ    *json.UnmarshalTypeError
		syntax *json.SyntaxError
	)
	switch {
	case errors.As(err, &big):
		return problem.Wrap(problem.TooLarge, fmt.Errorf("more than %d bytes", big.Limit))
	case errors.As(err, &typ) && typ.Field != "":
		return problem.Detailf(problem.BadRequest, "The member %.60q has the wrong type.", typ.Field)
	case errors.As(err, &syntax), errors.As(err, &typ), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return problem.Detailf(problem.BadRequest, "The body is not a JSON object.")
	}
	return problem.Wrap(problem.BadRequest, fmt.Errorf("reading the body: %w", err))
}

// Write answers with v as JSON. It returns an error only when v cannot be
// encoded, and has written nothing then.
func Write(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller may have gone; there is nobody left to tell
	return nil
}

// Bearer returns the token of an Authorization header (RFC 6750, section 2.1).
// problem.SessionGone means that there is none, or more than one header.
func Bearer(r *http.Request) (string, error) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", problem.Wrap(problem.SessionGone, fmt.Errorf("%d Authorization headers", len(values)))
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > 512 {
		return "", problem.Wrap(problem.SessionGone, errors.New("no bearer token"))
	}
	return token, nil
}
