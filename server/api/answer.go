package api

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"unicode"

	"github.com/lanyard-sso/lanyard/problem"
)

// answered is the cause of an error that a server's problem document brought.
type answered struct {
	status      int
	correlation string
}

func (a *answered) Error() string {
	if a.correlation == "" {
		return fmt.Sprintf("the server answered %d", a.status)
	}
	return fmt.Sprintf("the server answered %d (correlation id %s)", a.status, a.correlation)
}

// CorrelationID returns the id under which the server logged err, or "" when
// err did not come from a server's answer.
func CorrelationID(err error) string {
	var a *answered
	if errors.As(err, &a) {
		return a.correlation
	}
	return ""
}

// These keep what a stranger's server may put in front of a person, and in a
// log, to the shape of a code and of an id.
var (
	codeShape        = regexp.MustCompile(`^LY-[A-Z0-9-]{1,24}$`)
	correlationShape = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
)

// refused turns an answer outside 2xx into an error.
func refused(ctx context.Context, resp *http.Response) error {
	if hasType(resp.Header, "application/problem+json") {
		data, err := readLimited(ctx, resp.Body)
		if err != nil {
			return err
		}
		if err := DecodeProblem(data, resp.StatusCode); err != nil {
			return err
		}
	}
	switch resp.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		// A proxy in front of the server says that it is down.
		return problem.Wrap(problem.Offline, &answered{status: resp.StatusCode})
	case http.StatusTooManyRequests:
		return problem.Wrap(problem.TooMany, &answered{status: resp.StatusCode})
	}
	return badServer(&answered{status: resp.StatusCode})
}

// DecodeProblem turns a problem document (RFC 9457) into an error with its
// code, or returns problem.BadServer when the document is not one of ours. The
// status is that of the answer.
func DecodeProblem(data []byte, status int) error {
	var p Problem
	if err := json.Unmarshal(data, &p); err != nil {
		return badServer(errors.New("the problem document is not JSON"))
	}
	p.Status = status
	return p.Err()
}

// Err returns the error that p describes. A code that this build does not know
// keeps its code, and the server's sentence becomes the detail.
func (p Problem) Err() error {
	a := &answered{status: p.Status}
	if correlationShape.MatchString(p.CorrelationID) {
		a.correlation = p.CorrelationID
	}
	if !codeShape.MatchString(p.Code) {
		return badServer(a)
	}
	e := &problem.Error{Code: problem.Code(p.Code), Detail: clip(p.Detail), Cause: a}
	if !problem.Known(e.Code) && e.Detail == "" {
		e.Detail = clip(p.Title)
	}
	return e
}

// clip bounds a sentence that came from outside and drops what is not printed:
// control characters, and those that hide text or turn it around.
func clip(s string) string {
	const most = 300
	out := make([]rune, 0, min(len(s), most))
	for _, r := range s {
		if len(out) == most {
			break
		}
		if unicode.IsPrint(r) {
			out = append(out, r)
		}
	}
	return string(out)
}

// oauthErrors are the names that OAuth 2.0 has for our codes.
var oauthErrors = map[problem.Code]string{
	problem.CodeSpent:     "invalid_grant",
	problem.RefreshSpent:  "invalid_grant",
	problem.BadAppRequest: "invalid_request",
}

// NewProblem describes err for the outside: the outermost code, its sentence
// and the detail that is safe to show. Causes stay inside.
func NewProblem(err error, correlation string) Problem {
	code, text := problem.Of(err)
	return Problem{
		Type:          "about:blank",
		Title:         text.Sentence,
		Status:        text.Status,
		Detail:        problem.DetailOf(err),
		Code:          string(code),
		Error:         oauthErrors[code],
		Next:          text.Next,
		Who:           string(text.Who),
		CorrelationID: correlation,
	}
}

// hasType reports whether the header names exactly this media type, whatever
// its parameters.
func hasType(h http.Header, want string) bool {
	got, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && got == want
}

// isTLS reports whether err means that something answered, but could not show
// that it is the server it should be.
func isTLS(err error) bool {
	var (
		record    tls.RecordHeaderError
		alert     tls.AlertError
		cert      *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
	)
	return errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &cert) ||
		errors.As(err, &authority) || errors.As(err, &host)
}
