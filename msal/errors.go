package msal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

// entraError is an error of Microsoft's, reduced to what is safe to show: the
// description may hold names and is dropped
// (https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
type entraError struct {
	Status int
	// Code and Sub are the OAuth error and Microsoft's suberror.
	Code, Sub string
	// AADSTS are the numbers without the letters, the first being the one to show.
	AADSTS []int
	// Correlation and Trace are what Microsoft's support asks for.
	Correlation, Trace string
	// Claims is a claims challenge to pass on to the next sign-in.
	Claims string
}

// Error says what is safe to log.
func (e *entraError) Error() string {
	s := "Microsoft answered"
	if e.Status != 0 {
		s += " " + strconv.Itoa(e.Status)
	}
	for _, v := range []string{e.Code, e.Sub} {
		if v != "" {
			s += " " + v
		}
	}
	if d := e.detail(); d != "" {
		s += ": " + d
	}
	return s
}

// detail is the sentence for a person to copy.
func (e *entraError) detail() string {
	var parts []string
	if len(e.AADSTS) > 0 {
		parts = append(parts, fmt.Sprintf("AADSTS%d", e.AADSTS[0]))
	} else if e.Code != "" {
		parts = append(parts, e.Code)
	}
	if e.Correlation != "" {
		parts = append(parts, "correlation ID "+e.Correlation)
	}
	if e.Trace != "" {
		parts = append(parts, "trace ID "+e.Trace)
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ", ") + "."
}

// statusError is an answer that was not even an OAuth error.
type statusError struct{ status int }

func (e *statusError) Error() string { return "Microsoft answered " + strconv.Itoa(e.status) }

// What is taken over from an answer must look as Microsoft documents it, so
// that nothing else, and nothing secret, gets through to a log or a window.
var (
	wordForm   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	guidForm   = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	aadstsForm = regexp.MustCompile(`^AADSTS([0-9]{4,8}):`)
	traceForm  = regexp.MustCompile(`\bTrace ID: ([0-9a-fA-F-]{36})\b`)
	corrForm   = regexp.MustCompile(`\bCorrelation ID: ([0-9a-fA-F-]{36})\b`)
)

func onlyIf(form *regexp.Regexp, s string) string {
	if form.MatchString(s) {
		return s
	}
	return ""
}

// fromDescription reads the parts of an error_description that have a form.
func (e *entraError) fromDescription(text string) {
	if m := aadstsForm.FindStringSubmatch(text); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil && !slices.Contains(e.AADSTS, n) {
			e.AADSTS = slices.Insert(e.AADSTS, 0, n)
		}
	}
	if m := traceForm.FindStringSubmatch(text); m != nil && e.Trace == "" {
		e.Trace = onlyIf(guidForm, m[1])
	}
	if m := corrForm.FindStringSubmatch(text); m != nil && e.Correlation == "" {
		e.Correlation = onlyIf(guidForm, m[1])
	}
}

// readEntraError reads an error answer of the token or device-code endpoint.
func readEntraError(resp *http.Response, body []byte, correlation string) *entraError {
	var j struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Codes       []int  `json:"error_codes"`
		Sub         string `json:"suberror"`
		Trace       string `json:"trace_id"`
		Correlation string `json:"correlation_id"`
		Claims      string `json:"claims"`
	}
	_ = json.Unmarshal(body, &j) // an answer that is no JSON has its status
	e := &entraError{
		Status:      resp.StatusCode,
		Code:        onlyIf(wordForm, j.Error),
		Sub:         onlyIf(wordForm, j.Sub),
		Trace:       onlyIf(guidForm, j.Trace),
		Correlation: onlyIf(guidForm, j.Correlation),
	}
	if len(j.Codes) <= 8 {
		for _, n := range j.Codes {
			if n > 0 && n < 100_000_000 {
				e.AADSTS = append(e.AADSTS, n)
			}
		}
	}
	e.fromDescription(j.Description)
	if e.Trace == "" {
		e.Trace = onlyIf(guidForm, resp.Header.Get("x-ms-request-id"))
	}
	if e.Correlation == "" {
		e.Correlation = correlation
	}
	if json.Valid([]byte(j.Claims)) {
		e.Claims = j.Claims
	}
	return e
}

// authorizeError reads the error that came back through the browser (RFC 6749,
// section 4.1.2.1).
func authorizeError(v url.Values, correlation string) *entraError {
	e := &entraError{
		Code: onlyIf(wordForm, v.Get("error")),
		Sub:  onlyIf(wordForm, v.Get("error_subcode")),
	}
	e.fromDescription(v.Get("error_description"))
	// Cancel on the consent page and Cancel elsewhere come with one number.
	if slices.Contains(e.AADSTS, 65004) && !strings.Contains(v.Get("error_description"), "consent") {
		e.AADSTS, e.Sub = nil, "cancel"
	}
	if e.Correlation == "" {
		e.Correlation = correlation
	}
	return e
}

// problem gives e a code. The OAuth error and suberror decide; an AADSTS
// number only makes the sentence for the person more precise, since Microsoft
// may change the numbers. silent says that nobody was asked anything.
func (e *entraError) problem(silent bool) error {
	code, detail := e.code(silent), e.detail()
	if code == problem.EntraRefused && len(e.AADSTS) > 0 {
		if known, ok := problem.LookupAADSTS(e.AADSTS[0]); ok {
			detail = known.Cause + " " + known.Next + " " + detail
		}
	}
	return &problem.Error{Code: code, Detail: detail, Cause: e}
}

func (e *entraError) code(silent bool) problem.Code {
	switch {
	case e.Status >= 500, e.Status == http.StatusTooManyRequests,
		e.Code == "temporarily_unavailable", e.Code == "server_error":
		return problem.NoEntra
	case e.Code == "authorization_declined":
		return problem.SignInCancelled
	case e.Code == "expired_token", e.Code == "code_expired":
		return problem.DeviceExpired
	case e.Code == "consent_required", e.Sub == "consent_required":
		return problem.ConsentNeeded
	}
	if code, ok := e.byNumber(); ok {
		return code
	}
	switch {
	case e.Code == "access_denied":
		return problem.SignInCancelled
	case e.Code == "invalid_scope":
		return problem.ScopeDeclined
	case e.Code == "interaction_required", e.Code == "login_required":
		return problem.SignInAgain
	case e.Code == "invalid_grant" && (silent || e.Claims != ""):
		return problem.SignInAgain
	}
	return problem.EntraRefused
}

// byNumber knows the refusals for which there is something better to say.
func (e *entraError) byNumber() (problem.Code, bool) {
	for _, n := range e.AADSTS {
		if known, ok := problem.LookupAADSTS(n); ok && known.Code != "" {
			return known.Code, true
		}
		if n == 54005 && e.Code == "invalid_grant" { // the code was redeemed already
			return problem.BadCallback, true
		}
	}
	return "", false
}

// translate turns what MSAL returned into an error with a code. MSAL's own
// text is dropped: it may hold a whole token response.
func translate(ctx context.Context, f *flow, err error, silent bool) error {
	var (
		ours    *problem.Error
		network net.Error
		status  *statusError
	)
	e := f.failure()
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ours):
		return ours
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case e != nil:
		return e.problem(silent)
	case errors.As(err, &network):
		return problem.Wrap(problem.NoEntra, networkCause(err))
	case errors.As(err, &status):
		return problem.Wrap(problem.NoEntra, status)
	case strings.Contains(err.Error(), "declined scopes are present"):
		return problem.Wrap(problem.ScopeDeclined, errors.New("a requested scope was not granted"))
	case err.Error() == "no token found":
		return problem.Wrap(problem.SignInAgain, errors.New("nothing in the cache for this account"))
	}
	return problem.Detailf(problem.EntraRefused, "Microsoft's answer was not understood. Correlation ID %s.", f.correlation)
}

// networkCause strips the address from a network error.
func networkCause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return errors.New("network error")
}
