package explain

import (
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/saml/dsig"
)

// entraFormats are the Name ID formats that Entra takes in a request
// (learn.microsoft.com/entra/identity-platform/single-sign-on-saml-protocol).
var entraFormats = []string{saml.FormatPersistent, saml.FormatEmail, saml.FormatUnspecified, saml.FormatTransient}

// request explains a sign-in request, as Entra reads it.
func (r reader) request(root *dsig.Element, signed bool) Explanation {
	e := Explanation{Kind: KindRequest, OK: true}
	for _, f := range [][2]string{
		{"ID", value(root, "ID")},
		{"issued", value(root, "IssueInstant")},
		{"issuer", text(root.Child(nsAssertion, "Issuer"))},
		{"destination", value(root, "Destination")},
		{"to answer at", value(root, "AssertionConsumerServiceURL")},
		{"binding of the answer", value(root, "ProtocolBinding")},
		{"asks the person again", value(root, "ForceAuthn")},
		{"asks the person nothing", value(root, "IsPassive")},
	} {
		e.fact(f[0], f[1])
	}
	e.fact("signed", map[bool]string{true: "yes", false: "no"}[signed])
	e.note("This is what a workspace asks of the identity provider; the rules are those of Microsoft Entra ID.")
	id := value(root, "ID")
	e.rule("ID", id != "" && (id[0] < '0' || id[0] > '9'), 7500529, "an ID that does not begin with a digit", id)
	e.rule("issuer", text(root.Child(nsAssertion, "Issuer")) != "", 700016, "an Issuer", "")
	binding := value(root, "ProtocolBinding")
	e.rule("binding of the answer", binding == "" || binding == string(saml.POST), 75003, string(saml.POST), binding)
	policy := root.Child(nsProtocol, "NameIDPolicy")
	format := value(policy, "Format")
	e.rule("Name ID policy", format == "" || slices.Contains(entraFormats, format), 75016, "none, or one of "+strings.Join(entraFormats, ", "), format)
	if format != "" {
		e.advise("Name ID policy is left out", format, "Entra then ignores the source that is chosen under Attributes & Claims.")
	}
	context := root.Child(nsProtocol, "RequestedAuthnContext")
	comparison := value(context, "Comparison")
	e.rule("authentication context", comparison == "" || comparison == "exact", 75011, "Comparison exact", comparison)
	if context != nil {
		e.advise("authentication context is left out", text(context.Child(nsAssertion, "AuthnContextClassRef")), "People who sign in without a password then fail with AADSTS75011.")
	}
	e.rule("subject", root.Child(nsAssertion, "Subject") == nil, 900236, "no Subject", "")
	if r.Expect != nil {
		e.same("issuer is the workspace", r.Expect.SP.EntityID, text(root.Child(nsAssertion, "Issuer")), problem.SAMLAudience, "Basic SAML Configuration → Identifier (Entity ID)")
		e.same("answer goes to the workspace", r.Expect.SP.ACS, value(root, "AssertionConsumerServiceURL"), problem.SAMLRecipient, "Basic SAML Configuration → Reply URL (Assertion Consumer Service URL)")
	}
	return e
}

// rule is a check of Entra's: failing it is answered with the code.
func (e *Explanation) rule(name string, ok bool, code int, expected, received string) {
	c := Check{Name: name, OK: ok, Expected: expected, Received: saml.Shown(received)}
	if !ok {
		known, _ := problem.LookupAADSTS(code)
		c.Sentence, c.Field = known.Name()+": "+known.Cause+" "+known.Next, known.Blade
	}
	e.add(c)
}

func (e *Explanation) advise(name, received, why string) {
	e.add(Check{Name: name, Advice: true, Received: saml.Shown(received), Sentence: why})
}

// logout explains a sign-out message. Its signature is looked at where it came
// in an address, over the query as it was received.
func (r reader) logout(root *dsig.Element, query string) Explanation {
	e := Explanation{Kind: KindLogout, OK: true}
	_, local := root.Name()
	for _, f := range [][2]string{
		{"message", local},
		{"ID", value(root, "ID")},
		{"issued", value(root, "IssueInstant")},
		{"destination", value(root, "Destination")},
		{"in response to", value(root, "InResponseTo")},
		{"issuer", text(root.Child(nsAssertion, "Issuer"))},
		{"Name ID", text(root.Child(nsAssertion, "NameID"))},
		{"session", text(root.Child(nsProtocol, "SessionIndex"))},
	} {
		e.fact(f[0], f[1])
	}
	if r.Expect == nil || query == "" {
		e.note("Give the whole address and --workspace to have its signature looked at.")
		return e
	}
	want := *r.Expect
	want.Now = r.now()
	in := saml.Incoming{Query: query}
	var err error
	if local == "LogoutRequest" {
		_, err = saml.ParseLogoutRequest(in, want)
	} else {
		_, err = saml.ParseLogoutResponse(in, want)
	}
	e.reported(saml.ReportOf(err), nil)
	if err != nil {
		e.refused(err)
		return e
	}
	e.note("The workspace would accept this message.")
	return e
}
