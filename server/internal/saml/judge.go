package saml

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lanyard-sso/lanyard/problem"
)

// The checks of a response, in the order of a [Report].
const (
	CheckSetUp        = "set-up"
	CheckReadable     = "readable"
	CheckEnvelope     = "response"
	CheckStatus       = "status"
	CheckDecryption   = "decryption"
	CheckOneAssertion = "one assertion"
	CheckSignature    = "signature"
	CheckCertificate  = "certificate"
	CheckIssuer       = "issuer"
	CheckParts        = "required parts"
	CheckTenant       = "tenant"
	CheckAudience     = "audience"
	CheckConfirmation = "subject confirmation"
	CheckRecipient    = "recipient"
	CheckDestination  = "destination"
	CheckInResponseTo = "in response to"
	CheckConditions   = "conditions"
	CheckNotBefore    = "not before"
	CheckNotOnOrAfter = "not on or after"
	CheckAuthn        = "authentication"
	CheckNameID       = "name ID"
	CheckObjectID     = "object ID"
	CheckEmail        = "email"
	CheckClaim        = "claim" // followed by its name
	CheckNameIDSource = "name ID source"
	CheckGroups       = "groups"
)

// every is the order of a report. What was not reached is filled in from it.
var every = [...]string{
	CheckSetUp, CheckReadable, CheckEnvelope, CheckStatus, CheckDecryption, CheckOneAssertion, CheckSignature,
	CheckCertificate, CheckIssuer, CheckParts, CheckTenant, CheckAudience, CheckConfirmation, CheckRecipient,
	CheckDestination, CheckInResponseTo, CheckConditions, CheckNotBefore, CheckNotOnOrAfter, CheckAuthn,
	CheckNameID, CheckObjectID, CheckEmail, CheckNameIDSource, CheckGroups,
}

// Where Microsoft's portal lets an administrator change something.
const (
	fieldIdentifier = "Basic SAML Configuration → Identifier (Entity ID)"
	fieldReplyURL   = "Basic SAML Configuration → Reply URL (Assertion Consumer Service URL)"
	fieldIssuer     = "Set up → Microsoft Entra Identifier"
	fieldClaims     = "Attributes & Claims"
	fieldNameID     = "Attributes & Claims → Unique User Identifier (Name ID)"
	fieldGroups     = "Attributes & Claims → Groups"
	fieldSigning    = "SAML Certificates → Signing Option"
	fieldAlgorithm  = "SAML Certificates → Signing Algorithm"
	fieldSigningKey = "SAML Certificates"
	fieldEncryption = "Token encryption"
)

// judge goes through the checks of one message. Checks of values go on after
// the first failure, so that an administrator sees all that must be mended; a
// failure of form ends it.
type judge struct {
	Expect
	now    time.Time
	skew   time.Duration
	checks []Check
	failed *Refusal
	warned []Warning
}

func newJudge(e Expect) *judge {
	j := &judge{Expect: e, now: e.Now, skew: e.Skew, checks: make([]Check, 0, len(every)+len(e.RequiredClaims))}
	if j.now.IsZero() {
		j.now = time.Now()
	}
	if j.skew <= 0 {
		j.skew = DefaultSkew
	}
	return j
}

// verdict is one check about to be recorded.
type verdict struct {
	check, field       string
	code               problem.Code
	expected, received string
	// warning says that failing it refuses nothing.
	warning bool
	// unknownKey and status and cause go into a refusal.
	unknownKey bool
	status     Status
	cause      error
}

// record notes a check and returns ok.
func (j *judge) record(ok bool, v verdict) bool {
	c := Check{Name: v.check, OK: ok, Expected: v.expected, Received: Shown(v.received), Field: v.field, Advice: v.warning}
	if ok {
		c.Field = ""
	} else {
		c.Code = v.code
	}
	j.checks = append(j.checks, c)
	switch {
	case ok:
	case v.warning:
		j.warned = append(j.warned, Warning{Code: v.code, Detail: compared(c), Field: v.field})
	case j.failed == nil:
		j.failed = &Refusal{
			Code: v.code, Check: v.check, Expected: c.Expected, Received: c.Received, Field: v.field,
			UnknownKey: v.unknownKey, Status: v.status, cause: v.cause,
		}
	}
	return ok
}

// passed notes a check that succeeded.
func (j *judge) passed(check, expected, received string) {
	j.record(true, verdict{check: check, expected: expected, received: received})
}

// refusal returns the first failure, with the report, or nil.
func (j *judge) refusal() error {
	if j.failed == nil {
		return nil
	}
	j.failed.Report = j.report()
	return j.failed
}

// refuse records a failure after which nothing more can be checked.
func (j *judge) refuse(v verdict) error {
	j.record(false, v)
	return j.refusal()
}

// report returns the checks made, and those not reached as skipped.
func (j *judge) report() Report {
	for _, name := range every {
		if !j.has(name) {
			j.checks = append(j.checks, Check{Name: name, Skipped: true})
		}
	}
	return Report{Checks: j.checks}
}

func (j *judge) has(name string) bool {
	for i := range j.checks {
		if j.checks[i].Name == name {
			return true
		}
	}
	return false
}

// compared says in a sentence what was expected and what came.
func compared(c Check) string {
	switch {
	case c.Expected != "" && c.Received != "":
		return fmt.Sprintf("%s: expected %s, received %s.", sentence(c.Name), c.Expected, c.Received)
	case c.Expected != "":
		return fmt.Sprintf("%s: expected %s.", sentence(c.Name), c.Expected)
	case c.Received != "":
		return fmt.Sprintf("%s: received %s.", sentence(c.Name), c.Received)
	}
	return ""
}

func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// maxShown is how much of a received value is shown.
const maxShown = 200

// Shown makes a value fit to be shown in a log or on a page that escapes: at
// most 200 bytes, with everything that does not print replaced.
func Shown(s string) string {
	cut := len(s) > maxShown
	if cut {
		s = s[:maxShown]
		for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
		if r, _ := utf8.DecodeLastRuneInString(s); r == utf8.RuneError && len(s) > 0 {
			s = s[:len(s)-1]
		}
	}
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
	if cut {
		s += "…"
	}
	return s
}
