package scim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"unicode/utf8"
)

// Kind is the scimType of an error (RFC 7644, table 9).
type Kind string

// The kinds of error. An error that the table has no kind for has the empty one.
const (
	InvalidFilter Kind = "invalidFilter"
	InvalidPath   Kind = "invalidPath"
	InvalidSyntax Kind = "invalidSyntax"
	InvalidValue  Kind = "invalidValue"
	NoTarget      Kind = "noTarget"
	Mutability    Kind = "mutability"
	Uniqueness    Kind = "uniqueness"
	TooMany       Kind = "tooMany"
	// InvalidVersion is invalidVers: an unsupported protocol version.
	InvalidVersion Kind = "invalidVers"
	Sensitive      Kind = "sensitive"
	// InvalidCursor and InvalidCount are those of RFC 9865 section 2.1.
	InvalidCursor Kind = "invalidCursor"
	InvalidCount  Kind = "invalidCount"
)

// Error is a SCIM error (RFC 7644 section 3.12). Its Detail is shown to the
// administrator in Entra's provisioning log, so it names the attribute, what
// was sent and what to change, and never holds a secret.
type Error struct {
	// Status is the HTTP status.
	Status int
	Kind   Kind
	Detail string
	// Cause is for the log only.
	Cause error
}

func (e *Error) Error() string {
	s := strconv.Itoa(e.Status)
	if e.Kind != "" {
		s += " " + string(e.Kind)
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Sentence is what err tells a person: the Detail of the first *Error in its chain,
// without status and kind, or else its text.
func Sentence(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Detail != "" {
		return e.Detail
	}
	return err.Error()
}

// MarshalJSON writes the error as RFC 7644 wants it, status as a string.
func (e *Error) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Schemas [1]string `json:"schemas"`
		Kind    Kind      `json:"scimType,omitempty"`
		Detail  string    `json:"detail,omitempty"`
		Status  string    `json:"status"`
	}{[1]string{ErrorMessage}, e.Kind, e.Detail, strconv.Itoa(e.Status)})
}

// KindOf returns the kind of the first *Error in err's chain, or "".
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

func bad(kind Kind, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Kind: kind, Detail: fmt.Sprintf(format, args...)}
}

// inEntra ends a detail with what the administrator can do about it.
func inEntra(attribute string) string {
	return " In Entra, open Provisioning, Mappings, and correct the mapping whose target is " + attribute + "."
}

// shown is v as it may appear in a detail: as JSON, at most 64 bytes of it.
func shown(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return "a value that is not JSON"
	}
	const most = 64
	if len(data) <= most {
		return string(data)
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(data[cut]) {
		cut--
	}
	return string(data[:cut]) + "…"
}
