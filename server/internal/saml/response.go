package saml

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
)

// ReadResponse judges the form field SAMLResponse of the HTTP-POST binding. It
// is ParseResponse after base64, which may be wrapped into lines.
func ReadResponse(field string, e Expect) (*Assertion, error) {
	raw, err := decode(field)
	if err != nil {
		j := newJudge(e)
		return nil, j.refuse(verdict{check: CheckReadable, code: codeOf(err), expected: "base64 of a response", cause: err})
	}
	return ParseResponse(raw, e)
}

// errTooLarge is what a field gets that holds more than a response may have.
var errTooLarge = errors.New("larger than the limit")

// decode reads base64 as a form field brings it (SAML bindings 3.5.4).
func decode(field string) ([]byte, error) {
	if len(field) > MaxResponse*3/2 {
		return nil, errTooLarge
	}
	if strings.ContainsAny(field, " \t\r\n") {
		field = strings.Map(func(r rune) rune {
			if strings.ContainsRune(" \t\r\n", r) {
				return -1
			}
			return r
		}, field)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(field)
	if err == nil && len(raw) > MaxResponse {
		err = errTooLarge
	}
	return raw, err
}

func codeOf(err error) problem.Code {
	if errors.Is(err, errTooLarge) {
		return problem.SAMLTooLarge
	}
	return problem.SAMLMalformed
}

// ParseResponse judges a response, decoded from base64. An error is a *Refusal.
//
// The order is: what needs no key, then signatures, and only then values, each
// read from a second parse of the very bytes whose digest was verified. Of the
// Response around a signed assertion nothing is believed; it may only agree.
func ParseResponse(raw []byte, e Expect) (*Assertion, error) {
	j := newJudge(e)
	if err := j.setUp(); err != nil {
		return nil, err
	}
	doc, err := j.read(raw)
	if err != nil {
		return nil, err
	}
	env, err := j.envelope(doc.Root())
	if err != nil {
		return nil, err
	}
	v, err := j.verified(doc, env)
	if err != nil {
		return nil, err
	}
	return j.assertion(v)
}

// setUp fails closed where a workspace lacks what a judgement needs. Without a
// pinned certificate nobody signs in.
func (j *judge) setUp() error {
	missing := ""
	switch {
	case len(j.IdP.Certificates) == 0:
		missing = "a signing certificate"
	case j.IdP.EntityID == "":
		missing = "the issuer (Microsoft Entra Identifier)"
	case j.SP.EntityID == "":
		missing = "an entity ID of our own"
	case j.SP.ACS == "":
		missing = "a reply URL of our own"
	}
	if missing != "" {
		return j.refuse(verdict{check: CheckSetUp, code: problem.SAMLNotSet, expected: missing})
	}
	j.passed(CheckSetUp, "", "")
	return nil
}

// read parses what came.
func (j *judge) read(raw []byte) (*dsig.Document, error) {
	doc, err := dsig.Parse(raw, dsig.Limits{Bytes: MaxResponse})
	if err != nil {
		r := malformed(err, CheckReadable)
		return nil, j.refuse(verdict{check: r.Check, code: r.Code, expected: r.Expected, cause: err})
	}
	j.passed(CheckReadable, "", "")
	return doc, nil
}

// envelope is what stands around an assertion. Unless the response is signed
// its values are a stranger's.
type envelope struct {
	root         *dsig.Element
	inResponseTo string
	issuer       *dsig.Element // may be nil
	held         *dsig.Element // the Assertion or EncryptedAssertion
	encrypted    bool
	signed       bool
}

var responseGrammar = grammar{
	{space: nsAssertion, local: "Issuer"},
	{space: dsig.NamespaceSignature, local: "Signature"},
	{space: nsProtocol, local: "Extensions"},
	{space: nsProtocol, local: "Status", required: true},
	{space: nsAssertion, local: "Assertion", many: true, free: true},
	{space: nsAssertion, local: "EncryptedAssertion", many: true, free: true},
}

// envelope reads a Response of SAML core 3.3.3 and demands that it reports
// success and holds one assertion, wherever in it.
func (j *judge) envelope(root *dsig.Element) (envelope, error) {
	env, v, ok := openEnvelope(root)
	if !ok {
		return env, j.refuse(v)
	}
	j.passed(CheckEnvelope, "", "")
	status := readStatus(root.Child(nsProtocol, "Status"))
	if !status.Success() {
		return env, j.refuse(verdict{check: CheckStatus, code: status.failure(), expected: "Success", received: status.described(), status: status})
	}
	j.passed(CheckStatus, "Success", "Success")
	if env.hold(); assertions(root) != 1 || env.held == nil {
		return env, j.refuse(verdict{check: CheckOneAssertion, code: problem.SAMLAssertions, expected: "exactly one assertion"})
	}
	j.passed(CheckOneAssertion, "exactly one assertion", "")
	return env, nil
}

// hold finds the assertion in its place.
func (env *envelope) hold() {
	env.held = env.root.Child(nsAssertion, "Assertion")
	if env.encrypted = env.held == nil; env.encrypted {
		env.held = env.root.Child(nsAssertion, "EncryptedAssertion")
	}
}

// openEnvelope reads the attributes and the grammar of a Response.
func openEnvelope(root *dsig.Element) (envelope, verdict, bool) {
	env := envelope{root: root}
	bad := func(code problem.Code, expected string) (envelope, verdict, bool) {
		return env, verdict{check: CheckEnvelope, code: code, expected: expected}, false
	}
	if !root.Is(nsProtocol, "Response") {
		return bad(problem.SAMLWrongKind, "a Response of SAML 2.0")
	}
	if expected := header(root); expected != "" {
		return bad(problem.SAMLWrongKind, expected)
	}
	if expected := responseGrammar.fits(root); expected != "" {
		return bad(problem.SAMLIncomplete, expected)
	}
	inResponseTo, has := root.Attr("", "InResponseTo")
	if has && !isXMLID(inResponseTo) {
		return bad(problem.SAMLIncomplete, "an InResponseTo that is an ID")
	}
	env.inResponseTo = inResponseTo
	env.issuer = root.Child(nsAssertion, "Issuer")
	env.signed = root.Child(dsig.NamespaceSignature, "Signature") != nil
	return env, verdict{}, true
}

// header checks what every message and assertion begins with: the version, an
// ID and a time. It returns what was expected, or "".
func header(e *dsig.Element) string {
	if attr(e, "Version") != "2.0" {
		return "Version 2.0"
	}
	if !isXMLID(attr(e, "ID")) {
		return "an ID"
	}
	if t, ok := when(e, "IssueInstant"); !ok || t.IsZero() {
		return "an IssueInstant in UTC"
	}
	return ""
}
