package hostile

import "strings"

// tampering lists signed assertions that were changed on their way.
func tampering() []Case {
	return classed("changed on the way", Signature, []Case{
		changedSigned("another Name ID", "", swap(">ada.lovelace@acme.example</NameID>", ">"+mallory+"</NameID>")),
		changedSigned("another attribute", "", swap(">ada@acme.example<", ">"+mallory+"<")),
		changedSigned("an attribute more", "", swap("</AttributeStatement>", attribute("role", "admin")+"</AttributeStatement>")),
		changedSigned("an attribute less", "", drop("Attribute")),
		{Name: "another audience", Make: text(func(w World) string {
			other := w
			other.EntityID = "https://other.example/saml"
			return swap("https://other.example/saml", w.EntityID)(other.assertionSigned())
		})},
		{Name: "another recipient", Make: text(func(w World) string {
			other := w
			other.ACS = "https://other.example/acs"
			return strings.ReplaceAll(other.assertionSigned(), other.ACS, w.ACS)
		})},
		{Name: "another request", Make: text(func(w World) string {
			return strings.ReplaceAll(w.Fresh("_stolen").assertionSigned(), "_stolen", "_"+w.RequestID)
		})},
		{Name: "another ID", Make: text(func(w World) string {
			return strings.ReplaceAll(w.assertionSigned(), w.AssertionID, newID())
		})},
		changedSigned("white space more", "", swap("<Subject>", "\n<Subject>")),
		changedSigned("a default namespace that changes what an element is", "", swap("<AttributeStatement>", `<AttributeStatement xmlns="urn:x">`)),
		changedSigned("a prefix for what had none, which canonicalisation keeps", "", swap("<Subject>", `<a:Subject xmlns:a="`+nsAssertion+`">`), swap("</Subject>", "</a:Subject>")),
		changedSigned("a carriage return written as a reference", "", swap(">Ada<", ">Ada&#13;<")),
		changedSigned("a NotOnOrAfter moved", "", set("Conditions", "NotOnOrAfter", "2999-01-01T00:00:00Z")),
		changedSigned("another digest", "", replace("DigestValue", "<DigestValue>"+strings.Repeat("A", 43)+"=</DigestValue>")),
		{Name: "the digest of a forged assertion", Make: text(func(w World) string {
			forged := w.forged("same")
			digest := element(w.signature(forged, w.AssertionID, signing{}), "DigestValue")
			return w.response(swap("</Issuer>", "</Issuer>"+replace("DigestValue", digest)(element(w.signedAssertion(), "Signature")))(forged))
		})},
		{Name: "a response signature moved to another response", Make: text(func(w World) string {
			other := w.Fresh(w.RequestID)
			signature := element(other.responseSigned(), "Signature")
			return swap("</Issuer>", "</Issuer>"+signature)(w.response(w.assertion()))
		}), Check: Grammar},
	})
}

// Truncation is a signed document into which somebody put what does not break
// the signature, in the middle of a text. It must be refused, or read in full.
type Truncation struct {
	Name string
	Make func(w World) []byte
}

// Truncations returns documents for the person of the World whose Name ID, mail
// and user name a careless reader cuts short (CVE-2017-11427 and its kin).
func Truncations() []Truncation {
	var cases []Truncation
	for _, t := range []struct{ name, end, with string }{
		{"a comment in the Name ID", "</NameID>", "<!---->"},
		{"a comment with words in the Name ID", "</NameID>", "<!-- x -->"},
		{"a CDATA section in the Name ID", "</NameID>", "<![CDATA[]]>"},
		{"two comments in the Name ID", "</NameID>", "<!----><!---->"},
		{"a comment in the object ID", "</AttributeValue>", "<!---->"},
		{"a CDATA section in the object ID", "</AttributeValue>", "<![CDATA[]]>"},
	} {
		cases = append(cases, Truncation{Name: t.name, Make: text(func(w World) string {
			whole := w.Person.Mail
			if t.end != "</NameID>" {
				whole = w.Person.ObjectID
			}
			half := len(whole) - 8
			return swap(">"+whole+t.end, ">"+whole[:half]+t.with+whole[half:]+t.end)(w.assertionSigned())
		})})
	}
	return cases
}
