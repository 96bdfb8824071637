package hostile

import (
	"fmt"
	"strings"
)

// changedSigned is a case whose signed document is changed afterwards.
func changedSigned(name string, check Check, edits ...edit) Case {
	return Case{Name: name, Check: check, Make: text(func(w World) string { return apply(w.assertionSigned(), edits) })}
}

// signedAs is a case whose assertion is signed in a way of its own.
func signedAs(name string, check Check, how func(w World) signing) Case {
	return Case{Name: name, Check: check, Make: text(func(w World) string {
		return w.response(w.sign(w.assertion(), w.AssertionID, how(w)))
	})}
}

// stripping lists documents in which nothing that counts is signed.
func stripping() []Case {
	end := func(doc, s string) string { return swap("</Assertion>", s+"</Assertion>")(doc) }
	signature := "Signature"
	empty := func(inner string) []edit {
		return []edit{replace(signature, "<Signature xmlns=\""+nsSignature+"\">"+inner+"</Signature>")}
	}
	return classed("signature stripping", "", []Case{
		changedSigned("no signature at all", Unsigned, drop(signature)),
		changedSigned("an empty Signature", "", empty("")...),
		changedSigned("a Signature that holds only KeyInfo", "", empty("<KeyInfo/>")...),
		changedSigned("no SignatureValue", Grammar, drop("SignatureValue")),
		changedSigned("an empty SignatureValue", "", replace("SignatureValue", "<SignatureValue></SignatureValue>")),
		changedSigned("no SignedInfo", Grammar, drop("SignedInfo")),
		changedSigned("no Reference", Grammar, drop("Reference")),
		changedSigned("no DigestValue", Grammar, drop("DigestValue")),
		changedSigned("an empty DigestValue", "", replace("DigestValue", "<DigestValue></DigestValue>")),
		changedSigned("no DigestMethod", Grammar, drop("DigestMethod")),
		changedSigned("no SignatureMethod", Grammar, drop("SignatureMethod")),
		changedSigned("two SignatureValues", Grammar, after("SignatureValue", "<SignatureValue>AAAA</SignatureValue>")),
		changedSigned("two SignedInfos, the second empty", Grammar, after("SignedInfo", "<SignedInfo/>")),
		changedSigned("a Signature in no namespace", "", swap(`xmlns="`+nsSignature+`"`, `xmlns=""`)),
		changedSigned("a Signature in another namespace", "", swap(nsSignature, "http://www.w3.org/2000/09/xmldsig2#")),
		changedSigned("a Signature that is commented out", "", swap("<Signature ", "<!--<Signature "), swap("</Signature>", "</Signature>-->")),
		changedSigned("two Signatures", "", func(doc string) string { return after("Signature", element(doc, "Signature"))(doc) }),
		changedSigned("a Signature in another case", "", swap("<Signature ", "<signature "), swap("</Signature>", "</signature>")),
		signedAs("its Signature at the assertion's end", "", func(World) signing { return signing{place: end} }),
		signedAs("its Signature before the Issuer", "", func(World) signing {
			return signing{place: func(doc, s string) string { return swap("<Issuer>", s+"<Issuer>")(doc) }}
		}),
		signedAs("its Signature in the Subject", "", func(World) signing {
			return signing{place: func(doc, s string) string { return swap("</NameID>", "</NameID>"+s)(doc) }}
		}),
		made("a Signature over the assertion that stands in the response", func(w World) string {
			return w.sign(w.response(w.assertion()), w.AssertionID, signing{place: func(doc, s string) string { return swap("</Issuer>", "</Issuer>"+s)(doc) }})
		}),
		made("a Signature over the response that stands in the assertion", func(w World) string {
			return w.sign(w.response(w.assertion()), w.ResponseID, signing{place: func(doc, s string) string {
				return swap("</Issuer><Subject>", "</Issuer>"+s+"<Subject>")(doc)
			}})
		}),
		made("a Signature over its Issuer alone", func(w World) string {
			doc := w.assertion(swap("<Issuer>", `<Issuer ID="_issuer">`))
			return w.response(swap("</Issuer>", "</Issuer>"+w.signature(doc, "_issuer", signing{}))(doc))
		}),
		made("a signed response whose assertion was exchanged", func(w World) string {
			return replace("Assertion", w.forged("other"))(w.responseSigned())
		}),
		made("a good response signature and a broken one on the assertion", func(w World) string {
			doc := w.response(swap("<NameID ", "<NameID SPProvidedID=\"x\" ")(w.signedAssertion()))
			return w.sign(doc, w.ResponseID, signing{})
		}),
		made("a good assertion signature and a broken one on the response", func(w World) string {
			return swap(success+`"/>`, success+`"></samlp:StatusCode><samlp:StatusMessage>x</samlp:StatusMessage>`)(w.bothSigned())
		}),
		made("a stranger's signature on the response beside a good one on the assertion", func(w World) string {
			return w.sign(w.assertionSigned(), w.ResponseID, signing{key: w.Keys.Stranger})
		}),
		made("a stranger's signature on the assertion within a good one on the response", func(w World) string {
			return w.sign(w.response(w.sign(w.assertion(), w.AssertionID, signing{key: w.Keys.Stranger})), w.ResponseID, signing{})
		}),
	})
}

// references lists signatures whose Reference does not name the signed element.
func references() []Case {
	uri := func(name, value string) Case {
		return signedAs("a Reference to "+name, Grammar, func(w World) signing {
			return signing{refer: new(strings.ReplaceAll(value, "{id}", w.AssertionID))}
		})
	}
	info := func(name string, change edit) Case {
		return signedAs(name, Grammar, func(World) signing { return signing{change: change} })
	}
	cases := classed("references", "", []Case{
		uri("the whole document (URI of nothing)", ""),
		uri("an empty fragment", "#"),
		uri("an XPointer of the root", "#xpointer(/)"),
		uri("an XPointer of the ID", "#xpointer(id('{id}'))"),
		uri("a file", "file:///etc/passwd"),
		uri("a web page", "http://attacker.example/assertion.xml"),
		uri("a web page with the right fragment", "http://attacker.example/#{id}"),
		uri("a MIME part", "cid:assertion"),
		uri("its ID without a number sign", "{id}"),
		uri("its ID with a blank", "# {id}"),
		uri("its ID with an escape", "#%5F{id}"),
		uri("an ID that is not there", "#_nobody"),
		uri("the response's ID from the assertion", "#_response"),
		info("a Reference without URI", func(s string) string { return regexpURI.ReplaceAllString(s, "") }),
		info("the same Reference twice", func(s string) string { return after("Reference", element(s, "Reference"))(s) }),
		info("a second Reference to another element", func(s string) string {
			return after("Reference", swap("#", "#_other")(element(s, "Reference")))(s)
		}),
		info("a first Reference to another element", func(s string) string {
			return swap("<Reference ", swap("#", "#_other")(element(s, "Reference"))+"<Reference ")(s)
		}),
		info("a Reference of the Type Manifest", swap("<Reference ", `<Reference Type="`+nsSignature+`Manifest" `)),
		info("an unknown element in SignedInfo", swap("</SignedInfo>", "<Extra/></SignedInfo>")),
		info("text in SignedInfo", swap("</SignedInfo>", "evil</SignedInfo>")),
		info("a second CanonicalizationMethod", swap("<SignatureMethod", `<CanonicalizationMethod Algorithm="`+exclusive+`"/><SignatureMethod`)),
		info("two DigestValues", func(s string) string { return after("DigestValue", element(s, "DigestValue"))(s) }),
	})
	for i := range cases {
		if strings.Contains(cases[i].Name, "Type Manifest") {
			cases[i].Check = ""
		}
	}
	return append(cases, classed("references", "", []Case{
		made("the Reference in a Manifest that the signature names", func(w World) string {
			s := signing{}
			s.defaults(w)
			manifest := fmt.Sprintf(`<Manifest xmlns="%s" Id="_m">%s</Manifest>`, nsSignature, element(w.signature(w.assertion(), w.AssertionID, s), "Reference"))
			s.octets = []byte(manifest)
			s.refer, s.object = new("#_m"), "<Object>"+manifest+"</Object>"
			return w.response(w.sign(w.assertion(), w.AssertionID, s))
		}),
	})...)
}
