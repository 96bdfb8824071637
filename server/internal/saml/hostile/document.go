package hostile

import (
	"fmt"
	"strings"
	"time"
)

// Namespaces and names of SAML 2.0.
const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	success     = "urn:oasis:names:tc:SAML:2.0:status:Success"
	bearer      = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	emailFormat = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"

	claimsSOAP      = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	claimsMicrosoft = "http://schemas.microsoft.com/identity/claims/"
	claimGroups     = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
)

// edit changes a document's text.
type edit func(string) string

// swap replaces the first old by repl. A document without old is a mistake in a
// case, which would otherwise try nothing.
func swap(old, repl string) edit {
	return func(doc string) string {
		if !strings.Contains(doc, old) {
			panic(fmt.Sprintf("hostile: there is no %q to replace in %s", old, doc))
		}
		return strings.Replace(doc, old, repl, 1)
	}
}

// drop takes out the first element of the given qualified name.
func drop(name string) edit {
	return func(doc string) string {
		from, to := bounds(doc, name)
		return doc[:from] + doc[to:]
	}
}

// replace puts text where the first element of the given qualified name is.
func replace(name, text string) edit {
	return func(doc string) string {
		from, to := bounds(doc, name)
		return doc[:from] + text + doc[to:]
	}
}

// after puts text behind the first element of the given qualified name.
func after(name, text string) edit {
	return func(doc string) string {
		_, to := bounds(doc, name)
		return doc[:to] + text + doc[to:]
	}
}

// element returns the first element of the given qualified name.
func element(doc, name string) string {
	from, to := bounds(doc, name)
	return doc[from:to]
}

// bounds finds the first element of a qualified name that does not nest.
func bounds(doc, name string) (from, to int) {
	from = -1
	for _, open := range []string{"<" + name + " ", "<" + name + ">", "<" + name + "/>"} {
		if i := strings.Index(doc, open); i >= 0 && (from < 0 || i < from) {
			from = i
		}
	}
	if from < 0 {
		panic(fmt.Sprintf("hostile: there is no element %s in %s", name, doc))
	}
	if end := strings.IndexByte(doc[from:], '>'); doc[from+end-1] == '/' {
		return from, from + end + 1
	}
	closing := "</" + name + ">"
	to = strings.Index(doc[from:], closing)
	if to < 0 {
		panic(fmt.Sprintf("hostile: element %s does not end in %s", name, doc))
	}
	return from, from + to + len(closing)
}

func apply(doc string, edits []edit) string {
	for _, e := range edits {
		doc = e(doc)
	}
	return doc
}

// attribute writes an Attribute with its values.
func attribute(name string, values ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<Attribute Name="%s">`, name)
	for _, v := range values {
		b.WriteString("<AttributeValue>" + v + "</AttributeValue>")
	}
	return b.String() + "</Attribute>"
}

// assertion writes the unsigned assertion as Entra writes it, changed by edits.
func (w World) assertion(edits ...edit) string {
	p := w.Person
	doc := fmt.Sprintf(`<Assertion ID="%s" IssueInstant="%s" Version="2.0" xmlns="%s"><Issuer>%s</Issuer>`, w.AssertionID, w.in(0), nsAssertion, w.Issuer) +
		fmt.Sprintf(`<Subject><NameID Format="%s">%s</NameID><SubjectConfirmation Method="%s">`, emailFormat, p.Mail, bearer) +
		fmt.Sprintf(`<SubjectConfirmationData%s NotOnOrAfter="%s" Recipient="%s"/></SubjectConfirmation></Subject>`, w.inResponseTo(), w.in(time.Hour), w.ACS) +
		fmt.Sprintf(`<Conditions NotBefore="%s" NotOnOrAfter="%s"><AudienceRestriction><Audience>%s</Audience></AudienceRestriction></Conditions>`, w.in(0), w.in(70*time.Minute), w.EntityID) +
		`<AttributeStatement>` +
		attribute(claimsMicrosoft+"tenantid", w.Tenant) +
		attribute(claimsMicrosoft+"objectidentifier", p.ObjectID) +
		attribute(claimsMicrosoft+"displayname", p.DisplayName) +
		attribute(claimsMicrosoft+"identityprovider", w.Issuer) +
		attribute("http://schemas.microsoft.com/claims/authnmethodsreferences", "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password", "http://schemas.microsoft.com/claims/multipleauthn") +
		attribute(claimsSOAP+"givenname", p.GivenName) +
		attribute(claimsSOAP+"surname", p.Surname) +
		attribute(claimsSOAP+"emailaddress", p.Mail) +
		attribute(claimsSOAP+"name", p.UserName) +
		`</AttributeStatement>` +
		fmt.Sprintf(`<AuthnStatement AuthnInstant="%s" SessionIndex="%s"><AuthnContext><AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</AuthnContextClassRef></AuthnContext></AuthnStatement></Assertion>`, w.in(-time.Minute), w.AssertionID)
	return apply(doc, edits)
}

// response writes the unsigned Response around inner, changed by edits.
func (w World) response(inner string, edits ...edit) string {
	doc := fmt.Sprintf(`<samlp:Response ID="%s" Version="2.0" IssueInstant="%s" Destination="%s"%s xmlns:samlp="%s">`, w.ResponseID, w.in(0), w.ACS, w.inResponseTo(), nsProtocol) +
		fmt.Sprintf(`<Issuer xmlns="%s">%s</Issuer>`, nsAssertion, w.Issuer) +
		fmt.Sprintf(`<samlp:Status><samlp:StatusCode Value="%s"/></samlp:Status>`, success)
	return apply(doc, edits) + inner + "</samlp:Response>"
}

func (w World) inResponseTo() string {
	if w.RequestID == "" {
		return ""
	}
	return fmt.Sprintf(` InResponseTo="%s"`, w.RequestID)
}

// assertionSigned is Entra's default: only the assertion is signed.
func (w World) assertionSigned(edits ...edit) string {
	return w.response(w.sign(w.assertion(edits...), w.AssertionID, signing{}))
}

// responseSigned is Entra's option "Sign SAML response".
func (w World) responseSigned(edits ...edit) string {
	return w.sign(w.response(w.assertion(edits...)), w.ResponseID, signing{})
}

// bothSigned is Entra's option "Sign SAML response and assertion".
func (w World) bothSigned(edits ...edit) string {
	return w.sign(w.assertionSigned(edits...), w.ResponseID, signing{})
}
