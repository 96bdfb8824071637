// Package problem holds every sentence Lanyard says to a person when something
// is wrong, so that the app, the server, the console and the commands say the
// same one for the same code.
//
// A [Code] is stable: it may be searched for, documented and matched by
// programs. Its [Text] says in one sentence what happened, what to do next and
// who can do it. The cause, which may hold names and addresses, stays in the
// error chain and in the log; it is never shown as it is.
//
// The package imports only the standard library and does no I/O. Its values
// are read-only, so everything here may be used from several goroutines.
package problem

import (
	"errors"
	"fmt"
	"maps"
)

// Code names one kind of trouble. Its form is LY-<area>-<number>.
type Code string

// Who can mend a problem.
type Who string

// The three parties of row H4.
const (
	You      Who = "you"
	Admin    Who = "your IT administrator"
	Operator Who = "whoever runs this Lanyard server"
)

// Text is what a person is told about a Code.
type Text struct {
	// Status is the HTTP status (RFC 9110) a server answers with.
	Status int
	// Sentence says what happened, in one plain sentence.
	Sentence string
	// Next says what to do now.
	Next string
	// Who can do it.
	Who Who
}

// Error gives a cause a Code. Detail, when it is set, is one more sentence
// that is safe to show to a person: it never holds a secret.
type Error struct {
	Code   Code
	Detail string
	Cause  error
}

func (e *Error) Error() string {
	s := string(e.Code)
	if e.Detail != "" {
		s += " (" + e.Detail + ")"
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target is an *Error with the same code, so that
// errors.Is(err, problem.New(problem.Offline)) asks for the kind.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Detail == "" && t.Cause == nil
}

// New returns an error of this code without a cause.
func New(code Code) error { return &Error{Code: code} }

// Wrap gives err a code. Wrap as deep as the meaning is known, and once. A nil
// err stays nil.
func Wrap(code Code, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Code: code, Cause: err}
}

// Detailf returns an error of this code with a sentence of detail that may be
// shown to a person. It must not hold secrets.
func Detailf(code Code, format string, args ...any) error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Of returns what to tell a person about err. The outermost code wins; an
// error nobody classified is [Internal]. Of(nil) is the empty code.
func Of(err error) (Code, Text) {
	if err == nil {
		return "", Text{}
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code, Lookup(e.Code)
	}
	return Internal, Lookup(Internal)
}

// DetailOf returns the sentence of detail in err that is safe to show, or "".
func DetailOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Detail
	}
	return ""
}

// Lookup returns the text of a code. A code that this build does not know
// (from a newer server, say) gets Internal's text.
func Lookup(code Code) Text {
	if t, ok := catalog[code]; ok {
		return t
	}
	return catalog[Internal]
}

// catalog holds the sentence of every code there is.
var catalog = joined(
	texts,
	samlTexts,
	mobileTexts,
	registerTexts,
	mobileAppTexts,
	mobileSetupTexts,
	planTexts,
	consoleTexts,
	mailTexts,
	oidcTexts,
	adminTexts,
	ssoTexts,
	auditTexts,
	peopleTexts,
	domainTexts,
	localTexts,
	announceTexts,
)

func joined(parts ...map[Code]Text) map[Code]Text {
	all := make(map[Code]Text)
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}

// Known reports whether this build has a text for code.
func Known(code Code) bool {
	_, ok := catalog[code]
	return ok
}

// Codes returns every code in the catalogue, in no particular order.
func Codes() []Code {
	out := make([]Code, 0, len(catalog))
	for c := range catalog {
		out = append(out, c)
	}
	return out
}
