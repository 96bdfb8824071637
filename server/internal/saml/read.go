package saml

import (
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
)

var assertionGrammar = grammar{
	{space: nsAssertion, local: "Issuer", required: true},
	{space: dsig.NamespaceSignature, local: "Signature"},
	{space: nsAssertion, local: "Subject", required: true},
	{space: nsAssertion, local: "Conditions", required: true},
	{space: nsAssertion, local: "Advice"},
	{space: nsAssertion, local: "AuthnStatement", many: true, free: true},
	{space: nsAssertion, local: "AttributeStatement", many: true, free: true},
}

// assertion reads an assertion whose signature was verified and makes every
// check of the Web Browser SSO profile (SAML profiles 4.1.4.3). All of its
// values may be shown: they are the identity provider's word.
func (j *judge) assertion(v verified) (*Assertion, error) {
	el := v.assertion
	a := &Assertion{Certificate: v.certificate, Signed: v.signed, Encrypted: v.env.encrypted}
	if expected := j.form(el); expected != "" {
		return nil, j.refuse(verdict{check: CheckParts, code: problem.SAMLIncomplete, expected: expected})
	}
	a.ID = attr(el, "ID")
	a.IssueInstant, _ = when(el, "IssueInstant")
	j.issuers(a, v)
	var err error
	if a.Attributes, err = j.attributes(el); err != nil {
		return nil, err
	}
	j.passed(CheckParts, "", "")
	var bounds window
	bounds.from(a.IssueInstant)
	j.subject(a, el.Child(nsAssertion, "Subject"), v.env, &bounds)
	j.destination(v.env)
	j.conditions(el.Child(nsAssertion, "Conditions"), &bounds)
	j.times(a, bounds, v.env)
	j.authentication(a, el)
	j.identify(a)
	if err := j.refusal(); err != nil {
		return nil, err
	}
	a.Warnings = j.warned
	a.Report = j.report()
	return a, nil
}

// form returns what of the required parts is missing, or "".
func (j *judge) form(el *dsig.Element) string {
	if !el.Is(nsAssertion, "Assertion") {
		return "an Assertion"
	}
	if expected := header(el); expected != "" {
		return expected
	}
	return assertionGrammar.fits(el)
}

// issuers compares the issuer of the assertion and of the response. The
// response's may be missing only where nothing of it is signed or encrypted
// (SAML profiles 4.1.4.2, with errata).
func (j *judge) issuers(a *Assertion, v verified) {
	got, ok := issuerOf(v.assertion.Child(nsAssertion, "Issuer"))
	a.Issuer = got
	ok = ok && got == j.IdP.EntityID
	received := got
	if outer := v.env.issuer; outer != nil && ok {
		around, formed := issuerOf(outer)
		if ok = formed && around == j.IdP.EntityID; !ok {
			received = signedOnly(around, v.env)
		}
	} else if ok && (v.env.signed || v.env.encrypted) {
		ok, received = false, ""
	}
	j.record(ok, verdict{check: CheckIssuer, code: problem.SAMLIssuer, field: fieldIssuer, expected: j.IdP.EntityID, received: received})
}

// issuerOf reads an Issuer, which must be an entity (SAML core 8.3.6).
func issuerOf(e *dsig.Element) (string, bool) {
	text, ok := leaf(e)
	if !ok {
		return "", false
	}
	if format, has := e.Attr("", "Format"); has && format != FormatEntity {
		return "", false
	}
	return trim(text), true
}

// signedOnly lets a value of the response through where that is signed.
func signedOnly(value string, env envelope) string {
	if env.signed {
		return value
	}
	return ""
}

// destination checks where the response was sent. In a signed one it is
// required (SAML bindings 3.5.5.2).
func (j *judge) destination(env envelope) {
	given, has := env.root.Attr("", "Destination")
	ok := given == j.SP.ACS || (!has && !env.signed)
	j.record(ok, verdict{check: CheckDestination, code: problem.SAMLDestination, field: fieldReplyURL, expected: j.SP.ACS, received: signedOnly(given, env)})
}

func hasAttr(e *dsig.Element, name string) bool {
	_, ok := e.Attr("", name)
	return ok
}

var conditionsGrammar = grammar{
	{space: nsAssertion, local: "AudienceRestriction", many: true, free: true},
	{space: nsAssertion, local: "OneTimeUse", free: true},
	{space: nsAssertion, local: "ProxyRestriction", free: true},
}

// conditions checks Conditions (SAML core 2.5). One that is not known makes the
// assertion invalid; OneTimeUse is kept by using every assertion once.
func (j *judge) conditions(el *dsig.Element, w *window) {
	notBefore, ok1 := when(el, "NotBefore")
	notOnOrAfter, ok2 := when(el, "NotOnOrAfter")
	expected := conditionsGrammar.fits(el)
	switch {
	case expected != "":
		j.record(false, verdict{check: CheckConditions, code: problem.SAMLCondition, expected: expected})
	case !ok1 || !ok2 || (!notBefore.IsZero() && !notOnOrAfter.IsZero() && !notBefore.Before(notOnOrAfter)):
		j.record(false, verdict{check: CheckConditions, code: problem.SAMLIncomplete, expected: "NotBefore and NotOnOrAfter in UTC, the first one earlier"})
	default:
		j.passed(CheckConditions, "", "")
	}
	w.from(notBefore)
	w.until(notOnOrAfter)
	j.audiences(el)
}

// audiences demands that every restriction names us, and that there is one.
func (j *judge) audiences(el *dsig.Element) {
	found, all, received := 0, true, ""
	for r := el.FirstChild(); r != nil; r = r.Next() {
		if !r.Is(nsAssertion, "AudienceRestriction") {
			continue
		}
		found++
		named := false
		for a := r.FirstChild(); a != nil; a = a.Next() {
			text, ok := leaf(a)
			if !ok || !a.Is(nsAssertion, "Audience") {
				named = false
				break
			}
			if text = trim(text); j.isUs(text) {
				named = true
			}
			received = joined(received, text)
		}
		all = all && named
	}
	j.record(found > 0 && all, verdict{check: CheckAudience, code: problem.SAMLAudience, field: fieldIdentifier, expected: j.SP.EntityID, received: received})
}

// isUs reports whether an audience is this workspace. Entra may put spn: before
// an identifier that is no address.
func (j *judge) isUs(audience string) bool {
	if audience == "" {
		return false
	}
	if audience == j.SP.EntityID || (isPlain(j.SP.EntityID) && audience == "spn:"+j.SP.EntityID) {
		return true
	}
	for _, a := range j.Audiences {
		if a == audience {
			return true
		}
	}
	return false
}

func joined(list, s string) string {
	if list == "" {
		return s
	}
	if len(list) > maxShown {
		return list
	}
	return list + ", " + s
}

// window is the time in which all bounds of an assertion hold.
type window struct{ start, end time.Time }

func (w *window) from(t time.Time) {
	if t.After(w.start) {
		w.start = t
	}
}

func (w *window) until(t time.Time) {
	if !t.IsZero() && (w.end.IsZero() || t.Before(w.end)) {
		w.end = t
	}
}

// times checks the bounds with skew, both ways.
func (j *judge) times(a *Assertion, w window, env envelope) {
	if t, _ := when(env.root, "IssueInstant"); env.signed {
		w.from(t)
	}
	j.record(!j.now.Add(j.skew).Before(w.start), verdict{
		check: CheckNotBefore, code: problem.SAMLNotYet,
		expected: fmt.Sprintf("no later than %s, with %s of skew", j.now.UTC().Format(time.RFC3339), j.skew), received: w.start.UTC().Format(time.RFC3339),
	})
	a.NotOnOrAfter = w.end.Add(j.skew)
	j.record(!w.end.IsZero() && j.now.Before(a.NotOnOrAfter), verdict{
		check: CheckNotOnOrAfter, code: problem.SAMLExpired,
		expected: fmt.Sprintf("later than %s, with %s of skew", j.now.UTC().Format(time.RFC3339), j.skew), received: w.end.UTC().Format(time.RFC3339),
	})
}

// authentication demands a statement of how and when the person was
// authenticated, whose session has not ended.
func (j *judge) authentication(a *Assertion, el *dsig.Element) {
	var ends window
	found := false
	for s := el.FirstChild(); s != nil; s = s.Next() {
		if !s.Is(nsAssertion, "AuthnStatement") {
			continue
		}
		at, ok1 := when(s, "AuthnInstant")
		end, ok2 := when(s, "SessionNotOnOrAfter")
		context := s.Child(nsAssertion, "AuthnContext")
		if !ok1 || !ok2 || at.IsZero() || context == nil {
			j.record(false, verdict{check: CheckAuthn, code: problem.SAMLNoAuthn, expected: "AuthnContext, and AuthnInstant in UTC", received: attr(s, "AuthnInstant")})
			return
		}
		if at.After(j.now.Add(j.skew)) {
			j.record(false, verdict{check: CheckAuthn, code: problem.SAMLNotYet, expected: "AuthnInstant in the past", received: at.Format(time.RFC3339)})
			return
		}
		ends.until(end)
		if !found {
			found = true
			a.AuthnInstant, a.SessionIndex = at, attr(s, "SessionIndex")
			if class, ok := leaf(context.Child(nsAssertion, "AuthnContextClassRef")); ok {
				a.AuthnContext = trim(class)
			}
		}
	}
	a.SessionNotOnOrAfter = ends.end
	switch {
	case !found:
		j.record(false, verdict{check: CheckAuthn, code: problem.SAMLNoAuthn, expected: "an AuthnStatement"})
	case !ends.end.IsZero() && !j.now.Before(ends.end.Add(j.skew)):
		j.record(false, verdict{check: CheckAuthn, code: problem.SAMLSessionEnded, expected: "a session that goes on", received: ends.end.UTC().Format(time.RFC3339)})
	default:
		j.passed(CheckAuthn, "", a.AuthnContext)
	}
}
