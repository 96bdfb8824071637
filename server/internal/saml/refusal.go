package saml

import (
	"errors"

	"github.com/lanyard-sso/lanyard/problem"
)

// Refusal is the error of everything here that judges a message. It unwraps to
// a *problem.Error with the same code.
type Refusal struct {
	Code problem.Code
	// Check is the name of the check that failed, one of the Check… constants.
	Check string
	// Expected and Received are values side by side. Received is short and
	// printable, and empty where no signature covered it.
	Expected string
	Received string
	// Field is what Microsoft's portal calls the place to change it, or empty.
	Field string
	// UnknownKey says that a key which is not pinned may have signed, so that
	// it is worth fetching the metadata again.
	UnknownKey bool
	// Status is what the identity provider reported when that is why.
	Status Status
	// Report lists the checks made until then and those not reached.
	Report Report

	cause error
}

// Error says code, check and the values compared. It is for the log.
func (r *Refusal) Error() string {
	s := "saml: " + string(r.Code) + " " + r.Check
	if r.Expected != "" {
		s += ": expected " + r.Expected
	}
	if r.Received != "" {
		s += ", received " + r.Received
	}
	if r.Status.AADSTS != "" {
		s += " (AADSTS" + r.Status.AADSTS + ")"
	}
	return s
}

// Unwrap returns the refusal as a *problem.Error, whose detail sets expected
// and received side by side, or says of a code of Microsoft's what it means and
// what to do, in our words.
func (r *Refusal) Unwrap() error {
	detail := compared(Check{Name: r.Check, Expected: r.Expected, Received: r.Received})
	if known, ok := r.Status.Known(); ok {
		detail = known.Name() + ": " + known.Cause + " " + known.Next
		if known.Blade != "" {
			detail += " In Microsoft's portal: " + known.Blade + "."
		}
	}
	return &problem.Error{Code: r.Code, Detail: detail, Cause: r.cause}
}

// ReportOf returns the list of checks behind an error of this package. It is
// empty for any other error.
func ReportOf(err error) Report {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Report
	}
	return Report{}
}

// Report is the list of checks that a response went through.
type Report struct {
	Checks []Check
}

// Check is one check of a response with its result.
type Check struct {
	Name string
	OK   bool
	// Skipped says that the check was not reached or does not apply.
	Skipped bool
	// Advice says that failing it refuses nothing.
	Advice bool
	// Code is the refusal's or the warning's when it is not OK.
	Code     problem.Code
	Expected string
	Received string
	Field    string
}
