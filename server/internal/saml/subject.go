package saml

import (
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
)

// bearer is the method by which whoever brings an assertion may use it.
const bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

// subject reads who the assertion is about and whether the one who brought it
// may use it. SubjectConfirmations of other methods say nothing to us.
func (j *judge) subject(a *Assertion, el *dsig.Element, env envelope, w *window) {
	j.nameID(a, el)
	var best confirmation
	found := false
	for c := el.FirstChild(); c != nil; c = c.Next() {
		if !c.Is(nsAssertion, "SubjectConfirmation") || attr(c, "Method") != bearer {
			continue
		}
		got := j.confirmation(c, env)
		if !found || (got.good() && !best.good()) {
			best, found = got, true
		}
	}
	if !found {
		j.record(false, verdict{check: CheckConfirmation, code: problem.SAMLConfirmation, expected: "a bearer confirmation"})
		return
	}
	j.confirmed(a, best, env)
	w.until(best.end)
}

// confirmation is one bearer confirmation with what holds of it.
type confirmation struct {
	end                     time.Time
	recipient, inResponseTo string
	formed, ours, agrees    bool
	live                    bool
}

func (c confirmation) good() bool { return c.formed && c.ours && c.agrees && c.live }

// confirmation reads one (SAML profiles 4.1.4.2): Recipient and NotOnOrAfter
// are required, NotBefore is forbidden, and InResponseTo is the response's.
func (j *judge) confirmation(el *dsig.Element, env envelope) confirmation {
	data := el.Child(nsAssertion, "SubjectConfirmationData")
	if data == nil {
		return confirmation{}
	}
	end, ok := when(data, "NotOnOrAfter")
	inResponseTo, asked := data.Attr("", "InResponseTo")
	c := confirmation{end: end, recipient: attr(data, "Recipient"), inResponseTo: inResponseTo}
	c.formed = ok && !end.IsZero() && !hasAttr(data, "NotBefore") && (!asked || isXMLID(inResponseTo))
	c.ours = c.recipient == j.SP.ACS
	c.agrees = inResponseTo == env.inResponseTo
	c.live = j.now.Before(end.Add(j.skew))
	return c
}

// confirmed records the checks of the confirmation that fits best.
func (j *judge) confirmed(a *Assertion, c confirmation, env envelope) {
	j.record(c.formed, verdict{
		check: CheckConfirmation, code: problem.SAMLConfirmation,
		expected: "SubjectConfirmationData with Recipient and NotOnOrAfter, without NotBefore",
	})
	j.record(c.ours, verdict{check: CheckRecipient, code: problem.SAMLRecipient, field: fieldReplyURL, expected: j.SP.ACS, received: c.recipient})
	j.record(c.agrees, verdict{check: CheckInResponseTo, code: problem.SAMLInResponseTo, expected: "the same request in response and assertion", received: c.inResponseTo})
	a.InResponseTo = c.inResponseTo
}

var subjectGrammar = grammar{
	{space: nsAssertion, local: "NameID"},
	{space: nsAssertion, local: "SubjectConfirmation", many: true},
}

// nameID reads the Name ID, which must be there and in the clear.
func (j *judge) nameID(a *Assertion, el *dsig.Element) {
	a.NameID, _ = readNameID(el.Child(nsAssertion, "NameID"))
	ok := subjectGrammar.fits(el) == "" && a.NameID.Value != ""
	j.record(ok, verdict{check: CheckNameID, code: problem.SAMLNoNameID, field: fieldNameID, expected: "a NameID that is not empty", received: a.NameID.Value})
}

// readNameID reads a NameID, whose value is exact: no space is taken from it.
func readNameID(e *dsig.Element) (NameID, bool) {
	value, ok := leaf(e)
	if !ok || trim(value) == "" {
		return NameID{}, false
	}
	return NameID{
		Value: value, Format: attr(e, "Format"),
		NameQualifier: attr(e, "NameQualifier"), SPNameQualifier: attr(e, "SPNameQualifier"),
	}, true
}
