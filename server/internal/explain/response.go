package explain

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
)

// response explains a SAML response: what it says, and how it is judged as far
// as is known what it should be.
func (r reader) response(raw []byte, root *dsig.Element) Explanation {
	e := Explanation{Kind: KindResponse, OK: true}
	e.responseFacts(root)
	carried := carriedCertificate(root)
	if carried != nil {
		e.fact("certificate it carries", saml.PortalThumbprint(carried)+" of "+carried.Subject.String())
	}
	if status, err := saml.ParseStatus(raw); err == nil && !status.Success() {
		e.OK = false
		e.fact("status", strings.TrimSuffix(status.Code+"/"+status.Sub, "/"))
		if known, ok := status.Known(); ok || status.AADSTS != "" {
			e.fact("Microsoft's code", "AADSTS"+status.AADSTS)
			e.note("Microsoft refused the sign-in.", known.Cause, known.Next)
			if known.Blade != "" {
				e.note("Where, in Microsoft Entra: " + known.Blade)
			}
		} else {
			e.note("The identity provider refused the sign-in: " + strings.TrimSuffix(status.Code+" "+status.Sub, " ") + ".")
		}
		return e
	}
	want, unknown := r.expectation(root, carried)
	a, err := saml.ParseResponse(raw, want)
	report := saml.ReportOf(err)
	if err == nil {
		report = a.Report
	}
	e.reported(report, unknown)
	e.verdict(err, a, unknown)
	e.age(root, r.now())
	if r.Expect != nil && carried != nil && !pinned(r.Expect.IdP.Certificates, carried) {
		e.note("It carries the certificate " + saml.PortalThumbprint(carried) + ", which the workspace does not know. If that is the active one in Microsoft Entra, import the metadata again.")
	}
	if a != nil {
		e.warned(a.Warnings)
	}
	return e
}

func pinned(all []*x509.Certificate, c *x509.Certificate) bool {
	for _, p := range all {
		if p.Equal(c) {
			return true
		}
	}
	return false
}

// expectation is what the response is judged by. What nobody told is taken from
// the response itself, so that the rest can be judged: those checks prove
// nothing and are named in unknown, with the reason.
func (r reader) expectation(root *dsig.Element, carried *x509.Certificate) (saml.Expect, map[string]string) {
	if r.Expect != nil {
		want := *r.Expect
		want.Now = r.now()
		return want, nil
	}
	assertion := root.Child(nsAssertion, "Assertion")
	want := saml.Expect{Now: r.now(), SP: saml.ServiceProvider{
		EntityID: text(down(assertion, "Conditions", "AudienceRestriction", "Audience")),
		ACS:      value(down(assertion, "Subject", "SubjectConfirmation", "SubjectConfirmationData"), "Recipient"),
	}}
	if want.SP.EntityID == "" {
		want.SP.EntityID = "unknown"
	}
	if want.SP.ACS == "" {
		want.SP.ACS = value(root, "Destination")
	}
	if want.SP.ACS == "" {
		want.SP.ACS = "unknown"
	}
	const ours = "give --workspace to have it compared"
	unknown := map[string]string{
		saml.CheckSetUp: ours, saml.CheckAudience: ours, saml.CheckRecipient: ours, saml.CheckDestination: ours,
		saml.CheckDecryption: "only the server has the key; give --workspace",
	}
	if r.IdP != nil {
		want.IdP = *r.IdP
		return want, unknown
	}
	const theirs = "give --workspace or --metadata to have it compared"
	unknown[saml.CheckIssuer], unknown[saml.CheckTenant] = theirs, theirs
	unknown[saml.CheckSignature] = "looked at with the certificate that it carries, which anybody could have made: give --workspace or --metadata"
	unknown[saml.CheckCertificate] = theirs
	want.IdP.EntityID = text(root.Child(nsAssertion, "Issuer"))
	if want.IdP.EntityID == "" {
		want.IdP.EntityID = text(down(assertion, "Issuer"))
	}
	want.AllowExpiredCertificate = true
	if carried != nil {
		want.IdP.Certificates = []*x509.Certificate{carried}
	}
	return want, unknown
}

// reported takes the report over. A check that compares a response with itself
// is one that was skipped.
func (e *Explanation) reported(report saml.Report, unknown map[string]string) {
	for _, c := range report.Checks {
		k := Check{
			Name: c.Name, OK: c.OK, Skipped: c.Skipped, Advice: c.Advice, Code: c.Code,
			Expected: c.Expected, Received: c.Received, Field: c.Field,
		}
		why, notKnown := unknown[c.Name]
		switch {
		case notKnown && c.Name == saml.CheckSignature && !c.OK && !c.Skipped: // broken for everybody
			k.Sentence = problem.Lookup(c.Code).Sentence
		case notKnown:
			k.OK, k.Skipped, k.Code, k.Expected, k.Field, k.Sentence = false, true, "", "", "", why
		case !c.OK && c.Code != "":
			k.Sentence = problem.Lookup(c.Code).Sentence
		}
		e.add(k)
	}
}

// verdict says in a sentence what came of it.
func (e *Explanation) verdict(err error, a *saml.Assertion, unknown map[string]string) {
	var refusal *saml.Refusal
	switch {
	case err == nil && unknown == nil:
		e.Verified = true
		e.note(fmt.Sprintf("The workspace would accept this response, were it new: the %s is signed by a certificate it knows.", signedWhat(a.Signed)),
			"That it answers a request of the same browser, and is used once, is checked at the sign-in only.")
	case err == nil:
		e.note("Nothing is wrong with it as far as can be told without the workspace.")
	case errors.As(err, &refusal) && unknown[refusal.Check] != "" && e.OK:
		e.note("Nothing is wrong with it as far as can be told without the workspace; what comes after the check \"" + refusal.Check + "\" was not reached.")
	case errors.As(err, &refusal) && refusal.Code == problem.SAMLNotSet && unknown != nil:
		e.note("It carries no certificate, so its signature cannot be looked at. Give --workspace or --metadata.")
	default:
		e.refused(err)
	}
}

func signedWhat(s saml.Signed) string {
	if s == saml.SignedBoth {
		return "response, and the assertion in it,"
	}
	return string(s)
}

// timed are the checks that a response fails merely by being old.
var timed = map[string]bool{saml.CheckNotBefore: true, saml.CheckNotOnOrAfter: true, saml.CheckCertificate: true}

// age says how old the response is, and whether that is all that is wrong.
func (e *Explanation) age(root *dsig.Element, now time.Time) {
	issued, err := time.Parse(time.RFC3339Nano, value(root, "IssueInstant"))
	if err != nil {
		return
	}
	switch d := now.Sub(issued).Round(time.Second); {
	case d >= 0:
		e.note("It was issued " + d.String() + " ago.")
	default:
		e.note("It was issued " + (-d).String() + " in the future by this machine's clock: compare the clocks.")
	}
	failed, old := 0, 0
	for _, c := range e.Checks {
		if !c.OK && !c.Skipped && !c.Advice {
			failed++
			if timed[c.Name] {
				old++
			}
		}
	}
	if failed > 0 && failed == old {
		e.note("Only its age is wrong with it, which is so of every response that was copied a while ago.")
	}
}

// responseFacts reads what the response says, whoever wrote it.
func (e *Explanation) responseFacts(root *dsig.Element) {
	e.fact("ID", value(root, "ID"))
	e.fact("issued", value(root, "IssueInstant"))
	e.fact("destination", value(root, "Destination"))
	if id := value(root, "InResponseTo"); id != "" {
		e.fact("in response to", id)
	} else {
		e.fact("in response to", "nothing: it was started at the identity provider")
	}
	e.fact("issuer", text(root.Child(nsAssertion, "Issuer")))
	e.fact("signature algorithm", algorithm(root))
	if root.Child(nsAssertion, "EncryptedAssertion") != nil {
		e.fact("assertion", "encrypted")
	}
	e.assertionFacts(root.Child(nsAssertion, "Assertion"))
}

// maxAttributes is how many claims are shown.
const maxAttributes = 200

// assertionFacts reads what an assertion says, whoever wrote it.
func (e *Explanation) assertionFacts(a *dsig.Element) {
	if a == nil {
		return
	}
	e.fact("assertion's issuer", text(down(a, "Issuer")))
	e.fact("assertion's signature algorithm", algorithm(a))
	id := down(a, "Subject", "NameID")
	e.fact("Name ID", text(id))
	e.fact("Name ID format", value(id, "Format"))
	data := down(a, "Subject", "SubjectConfirmation", "SubjectConfirmationData")
	e.fact("recipient", value(data, "Recipient"))
	e.fact("to be used before", value(data, "NotOnOrAfter"))
	conditions := down(a, "Conditions")
	e.fact("not before", value(conditions, "NotBefore"))
	e.fact("not on or after", value(conditions, "NotOnOrAfter"))
	e.fact("audience", text(down(conditions, "AudienceRestriction", "Audience")))
	e.fact("signed in by", text(down(a, "AuthnStatement", "AuthnContext", "AuthnContextClassRef")))
	shown := 0
	for s := a.FirstChild(); s != nil; s = s.Next() {
		for c := s.FirstChild(); c != nil && s.Is(nsAssertion, "AttributeStatement"); c = c.Next() {
			var values []string
			for v := c.FirstChild(); v != nil && len(values) < 5; v = v.Next() {
				values = append(values, text(v))
			}
			if shown++; shown <= maxAttributes {
				e.fact("claim "+saml.Shown(value(c, "Name")), strings.Join(values, ", "))
			}
		}
	}
}

// algorithm is what a message's own signature says that it was made with.
func algorithm(el *dsig.Element) string {
	sig := el.Child(dsig.NamespaceSignature, "Signature")
	if sig == nil {
		return ""
	}
	info := sig.Child(dsig.NamespaceSignature, "SignedInfo")
	if info == nil {
		return ""
	}
	return value(info.Child(dsig.NamespaceSignature, "SignatureMethod"), "Algorithm")
}

// carriedCertificate is the first certificate in the response's or assertion's
// KeyInfo. It says who claims to have signed, and proves nothing.
func carriedCertificate(root *dsig.Element) *x509.Certificate {
	for _, holder := range []*dsig.Element{root, root.Child(nsAssertion, "Assertion")} {
		if holder == nil {
			continue
		}
		el := holder.Child(dsig.NamespaceSignature, "Signature")
		for _, name := range []string{"KeyInfo", "X509Data", "X509Certificate"} {
			if el != nil {
				el = el.Child(dsig.NamespaceSignature, name)
			}
		}
		if el == nil {
			continue
		}
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(el.Text()), ""))
		if err != nil {
			continue
		}
		if c, err := x509.ParseCertificate(der); err == nil {
			return c
		}
	}
	return nil
}
