package hostile

import (
	"fmt"
	"strings"
)

// wrapping lists signature wrapping: the signed element stays in the document,
// intact, while another is put where a careless reader looks. The numbers XSW 1
// to 8 are those of Somorovsky et al., "On Breaking SAML: Be Whoever You Want to
// Be" (USENIX Security 2012).
func wrapping() []Case {
	cases := []Case{
		made("a forged response around the signed one, in its Signature (XSW 1)", World.xsw1),
		made("a forged response beside whose Signature the signed one stands (XSW 2)", World.xsw2),
		made("a forged assertion before the signed one (XSW 3)", func(w World) string {
			return w.response(w.forged("other") + w.signedAssertion())
		}),
		made("a forged assertion around the signed one (XSW 4)", func(w World) string {
			return w.response(swap("</Assertion>", w.signedAssertion()+"</Assertion>")(w.forged("other")))
		}),
		made("a forged assertion with the Signature, the original behind it (XSW 5)", func(w World) string {
			evil, original := w.swapped()
			return w.response(evil + original)
		}),
		made("a forged assertion with the Signature, the original within that (XSW 6)", func(w World) string {
			evil, original := w.swapped()
			return w.response(swap("</Signature>", original+"</Signature>")(evil))
		}),
		made("a forged assertion in Extensions before the signed one (XSW 7)", func(w World) string {
			return w.response(w.signedAssertion(), swap("</Issuer>", "</Issuer><samlp:Extensions>"+w.forged("same")+"</samlp:Extensions>"))
		}),
		made("a forged assertion with the Signature, the original in its Object (XSW 8)", func(w World) string {
			evil, original := w.swapped()
			return w.response(swap("</Signature>", "<Object>"+original+"</Object></Signature>")(evil))
		}),
		made("a forged assertion behind the signed one", func(w World) string {
			return w.response(w.signedAssertion() + w.forged("other"))
		}),
		made("a forged assertion behind the signed one in a response signed before", func(w World) string {
			return swap("</samlp:Response>", w.forged("other")+"</samlp:Response>")(w.bothSigned())
		}),
		made("a forged assertion in place of one of two signatures' own", func(w World) string {
			signed := w.bothSigned()
			return replace("Assertion", w.forged("same"))(signed)
		}),
	}
	return classed("signature wrapping", "", join(cases, carriedAssertions(), carriedResponses()))
}

// mallory is who an attacker would like to be.
const mallory = "root@acme.example"

// forged is an unsigned assertion for somebody else. Its ID is that of the signed
// one ("same"), another ("other") or none ("no").
func (w World) forged(id string) string {
	genuine := w.AssertionID
	w.Person.Mail, w.Person.UserName = mallory, mallory
	w.Person.ObjectID = "00000000-0000-4000-8000-00000000000f"
	w.AssertionID = newID()
	doc := w.assertion()
	switch id {
	case "same":
		return swap(w.AssertionID, genuine)(doc)
	case "no":
		return swap(` ID="`+w.AssertionID+`"`, "")(doc)
	}
	return doc
}

func (w World) signedAssertion() string {
	return w.sign(w.assertion(), w.AssertionID, signing{})
}

// swapped gives a forged assertion the Signature of the genuine one, and returns
// both.
func (w World) swapped() (evil, original string) {
	signed := w.signedAssertion()
	signature := element(signed, "Signature")
	return swap("</Issuer>", "</Issuer>"+signature)(w.forged("other")), drop("Signature")(signed)
}

// xsw1 and xsw2 forge a whole signed response.
func (w World) xsw1() string {
	evil, signed := w.forgedResponse()
	original := drop("Signature")(signed)
	return swap("</Issuer>", "</Issuer>"+swap("</Signature>", original+"</Signature>")(element(signed, "Signature")))(evil)
}

func (w World) xsw2() string {
	evil, signed := w.forgedResponse()
	return swap("</Issuer>", "</Issuer>"+drop("Signature")(signed)+element(signed, "Signature"))(evil)
}

func (w World) forgedResponse() (evil, signed string) {
	signed = w.responseSigned()
	other := w
	other.ResponseID = newID()
	return other.response(w.forged("other")), signed
}

// assertionCarriers are places in a forged assertion that can hold another.
var assertionCarriers = []struct{ name, at, before, after string }{
	{"at its end", "</Assertion>", "", "</Assertion>"},
	{"in its Advice", "<AttributeStatement>", "<Advice>", "</Advice><AttributeStatement>"},
	{"in an attribute's value", "</AttributeStatement>", `<Attribute Name="x"><AttributeValue>`, "</AttributeValue></Attribute></AttributeStatement>"},
	{"in its Conditions", "</Conditions>", "", "</Conditions>"},
	{"in its Subject", "</Subject>", "", "</Subject>"},
	{"in its AuthnContextDecl", "</AuthnContext>", "<AuthnContextDecl>", "</AuthnContextDecl></AuthnContext>"},
	{"in its Issuer", "</Issuer>", "", "</Issuer>"},
}

// carriedAssertions hide the signed assertion, with its Signature, in a forged
// one at every place that takes it, with every choice of ID.
func carriedAssertions() []Case {
	var cases []Case
	for _, c := range assertionCarriers {
		for _, id := range []string{"same", "other", "no"} {
			cases = append(cases, Case{
				Name: fmt.Sprintf("a forged assertion of %s ID that holds the signed one %s", id, c.name),
				Make: text(func(w World) string {
					return w.response(swap(c.at, c.before+w.signedAssertion()+c.after)(w.forged(id)))
				}),
			})
		}
	}
	return cases
}

// responseCarriers are places in a forged response that can hold a signed one,
// given as what stands before it and behind it; both follow the Issuer.
var responseCarriers = []struct{ name, before, after string }{
	{"in its Extensions", "<samlp:Extensions>", "</samlp:Extensions>"},
	{"in the Object of an empty Signature", `<Signature xmlns="` + nsSignature + `"><Object>`, "</Object></Signature>"},
	{"in its Status's detail", `<samlp:Status><samlp:StatusCode Value="` + success + `"/><samlp:StatusDetail>`, "</samlp:StatusDetail></samlp:Status>"},
	{"as its child", "", ""},
}

// carriedResponses hide the signed response in a forged one.
func carriedResponses() []Case {
	var cases []Case
	for _, c := range responseCarriers {
		for _, same := range []bool{true, false} {
			name := "a forged response of another ID that holds the signed one " + c.name
			if same {
				name = "a forged response of the same ID that holds the signed one " + c.name
			}
			cases = append(cases, Case{Name: name, Make: text(func(w World) string {
				evil, signed := w.forgedResponse()
				if same {
					evil = w.response(w.forged("other"))
				}
				if strings.HasPrefix(c.before, "<samlp:Status>") {
					evil = drop("samlp:Status")(evil)
				}
				return swap("</Issuer>", "</Issuer>"+c.before+signed+c.after)(evil)
			})})
		}
	}
	return cases
}

// text makes a case's Make of a function that returns a string.
func text(f func(World) string) func(World) []byte {
	return func(w World) []byte { return []byte(f(w)) }
}

// made is a case without a check of its own.
func made(name string, f func(World) string) Case {
	return Case{Name: name, Make: text(f)}
}

// classed gives cases their class, and the check where they have none. The check
// "-" stands for none.
func classed(class string, check Check, cases []Case) []Case {
	for i := range cases {
		cases[i].Class = class
		if cases[i].Check == "" {
			cases[i].Check = check
		}
		if cases[i].Check == "-" {
			cases[i].Check = ""
		}
	}
	return cases
}
