package hostile

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// edited is a case whose assertion is changed and then properly signed.
func edited(name string, check Check, f func(w World) []edit) Case {
	return Case{Name: name, Check: check, Make: text(func(w World) string { return w.assertionSigned(f(w)...) })}
}

// wrote is edited for changes that do not depend on the World.
func wrote(name string, check Check, edits ...edit) Case {
	return edited(name, check, func(World) []edit { return edits })
}

// outer is a case whose Response is changed around a properly signed assertion,
// and then signed as a whole, so that only what was changed is wrong.
func outer(name string, check Check, f func(w World) []edit) Case {
	return Case{Name: name, Check: check, Make: text(func(w World) string {
		return w.sign(w.response(w.signedAssertion(), f(w)...), w.ResponseID, signing{})
	})}
}

func failed(name, status string) Case {
	return Case{Name: name, Check: Status, Make: text(func(w World) string {
		return w.response("", replace("samlp:Status", "<samlp:Status>"+status+"</samlp:Status>"))
	})}
}

// without takes an attribute out of the first element of the qualified name.
func without(element, attribute string) edit {
	pattern := regexp.MustCompile(`(<` + element + ` [^>]*?) ?` + attribute + `="[^"]*"`)
	return func(doc string) string { return changed(doc, pattern.ReplaceAllString(doc, "$1")) }
}

// set gives an attribute of the first element of the qualified name a value.
func set(element, attribute, value string) edit {
	pattern := regexp.MustCompile(`(<` + element + ` [^>]*?` + attribute + `=")[^"]*"`)
	return func(doc string) string {
		return changed(doc, pattern.ReplaceAllString(doc, "${1}"+strings.ReplaceAll(value, "$", "$$")+`"`))
	}
}

func changed(doc, to string) string {
	if doc == to {
		panic("hostile: an edit changed nothing in " + doc)
	}
	return to
}

// responses lists what is wrong with the Response itself.
func responses() []Case {
	const response = "samlp:Response"
	const aadsts = "AADSTS50105: Your administrator has configured the application"
	message := func(m string) string {
		return `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Requester"/><samlp:StatusMessage>` + m + "</samlp:StatusMessage>"
	}
	always := func(edits ...edit) func(World) []edit { return func(World) []edit { return edits } }
	return classed("response", "", []Case{
		outer("version 1.1 on the response", Structure, always(set(response, "Version", "1.1"))),
		outer("no version on the response", Structure, always(without(response, "Version"))),
		outer("no IssueInstant on the response", "", always(without(response, "IssueInstant"))),
		outer("an IssueInstant that is no time", "", always(set(response, "IssueInstant", "yesterday"))),
		outer("another's Destination", Recipient, always(set(response, "Destination", "https://other.example/acs"))),
		outer("a Destination that only begins like ours", Recipient, func(w World) []edit { return []edit{set(response, "Destination", w.ACS+".attacker.example")} }),
		outer("a signed response without Destination", Recipient, always(without(response, "Destination"))),
		outer("another's Issuer on the response", Issuer, always(swap("sts.windows.net", "sts.attacker.example"))),
		outer("another tenant's Issuer on the response", Issuer, func(w World) []edit { return []edit{swap(w.Tenant, otherTenant)} }),
		outer("no Status", "", always(drop("samlp:Status"))),
		outer("a Status without a code", "", always(drop("samlp:StatusCode"))),
		outer("a failure around a good assertion", Status, always(swap(success, "urn:oasis:names:tc:SAML:2.0:status:Responder"))),
		outer("a success within a failure", Status, always(replace("samlp:StatusCode", `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><samlp:StatusCode Value="`+success+`"/></samlp:StatusCode>`))),
		outer("success in another case", Status, always(swap(success, strings.ToUpper(success)))),
		outer("another InResponseTo on the response than in the assertion", Request, always(set(response, "InResponseTo", "_another"))),
		failed("Microsoft's refusal", message(aadsts+".")),
		failed("Microsoft's refusal with markup", message(aadsts+" &lt;script&gt;alert(1)&lt;/script&gt;")),
		failed("Microsoft's refusal in a CDATA section", message("<![CDATA["+aadsts+"<img src=x onerror=alert(1)>]]>")),
		failed("a refusal that only looks like Microsoft's", message("see http://attacker.example/AADSTS50105:x")),
		failed("a refusal of 20 kB", message(strings.Repeat("AADSTS", 3_500))),
		failed("a refusal with line breaks for a log", message("AADSTS50105: x&#10;level=INFO msg=&quot;signed in&quot;")),
		failed("nothing but a refusal's code", `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"/></samlp:StatusCode>`),
	})
}

const otherTenant = "11111111-2222-4333-8444-555555555555"

// counting lists messages that do not hold exactly one assertion, or are no
// response.
func counting() []Case {
	return classed("not one assertion in one response", Structure, []Case{
		made("no assertion", func(w World) string { return w.sign(w.response(""), w.ResponseID, signing{}) }),
		made("two signed assertions", func(w World) string {
			other := w
			other.AssertionID = newID()
			return w.response(w.signedAssertion() + other.signedAssertion())
		}),
		made("two unsigned assertions in a signed response", func(w World) string {
			return w.sign(w.response(w.assertion()+w.forged("other")), w.ResponseID, signing{})
		}),
		made("a signed assertion without a response", World.signedAssertion),
		made("a response within a response", func(w World) string {
			inner := w.assertionSigned()
			w.ResponseID = newID()
			return w.response(inner)
		}),
		made("an envelope of SOAP", func(w World) string {
			return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` + w.assertionSigned() + "</s:Body></s:Envelope>"
		}),
		made("a response to an artifact", func(w World) string {
			return fmt.Sprintf(`<samlp:ArtifactResponse xmlns:samlp="%s" ID="_a" Version="2.0" IssueInstant="%s">%s</samlp:ArtifactResponse>`, nsProtocol, w.in(0), w.assertionSigned())
		}),
		made("a request instead of a response", func(w World) string {
			return renamed(w.assertionSigned(), "AuthnRequest")
		}),
		made("a response to a sign-out", func(w World) string { return renamed(w.assertionSigned(), "LogoutResponse") }),
		made("an assertion deeper in the response", func(w World) string {
			return w.response("<samlp:Extensions>" + w.signedAssertion() + "</samlp:Extensions>")
		}),
		made("an unknown element behind a signed assertion", func(w World) string { return w.response(w.signedAssertion() + `<x xmlns="urn:x"/>`) }),
	})
}

func renamed(doc, to string) string {
	return strings.NewReplacer("<samlp:Response", "<samlp:"+to, "</samlp:Response", "</samlp:"+to).Replace(doc)
}

// subjects lists what is wrong with who is confirmed, and how.
func subjects() []Case {
	const data = "SubjectConfirmationData"
	method := func(name, m string) Case { return wrote(name, Subject, set("SubjectConfirmation", "Method", m)) }
	return classed("subject", Subject, []Case{
		wrote("no Subject", "", drop("Subject")),
		wrote("an empty Subject", "", replace("Subject", "<Subject/>")),
		wrote("no SubjectConfirmation", "", drop("SubjectConfirmation")),
		wrote("no SubjectConfirmationData", "", drop(data)),
		method("holder of key", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"),
		method("sender vouches", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"),
		method("a method nobody knows", "urn:nobody"),
		method("SAML 1.1's bearer", "urn:oasis:names:tc:SAML:1.0:cm:bearer"),
		method("bearer in another case", strings.ToUpper(bearer)),
		edited("NotBefore in a bearer's confirmation", Subject, func(w World) []edit {
			return []edit{swap("<"+data, fmt.Sprintf(`<%s NotBefore="%s"`, data, w.in(-time.Minute)))}
		}),
		wrote("no Recipient", Recipient, without(data, "Recipient")),
		wrote("another's Recipient", Recipient, set(data, "Recipient", "https://other.example/acs")),
		edited("a Recipient with a slash more", Recipient, func(w World) []edit { return []edit{set(data, "Recipient", w.ACS+"/")} }),
		edited("a Recipient in another case", Recipient, func(w World) []edit { return []edit{set(data, "Recipient", strings.ToUpper(w.ACS))} }),
		edited("a Recipient with a blank", Recipient, func(w World) []edit { return []edit{set(data, "Recipient", w.ACS+"%20")} }),
		wrote("an empty Recipient", Recipient, set(data, "Recipient", "")),
		wrote("no end of the confirmation", Time, without(data, "NotOnOrAfter")),
		edited("a confirmation that has ended", Time, func(w World) []edit { return []edit{set(data, "NotOnOrAfter", w.in(-10*time.Minute))} }),
		wrote("an end that is no time", Time, set(data, "NotOnOrAfter", "never")),
		wrote("an end in the year 99999", Time, set(data, "NotOnOrAfter", "99999-01-01T00:00:00Z")),
		wrote("an end without a time zone", Time, set(data, "NotOnOrAfter", "2999-01-01T00:00:00")),
		wrote("an end on 30 February", Time, set(data, "NotOnOrAfter", "2999-02-30T00:00:00Z")),
		wrote("another InResponseTo in the confirmation", Request, set(data, "InResponseTo", "_another")),
		wrote("an empty InResponseTo in the confirmation", "", set(data, "InResponseTo", "")),
		wrote("an empty Name ID", "", replace("NameID", "<NameID></NameID>")),
		wrote("two Name IDs", "", func(doc string) string { return after("NameID", element(doc, "NameID"))(doc) }),
		wrote("elements in the Name ID", "", replace("NameID", "<NameID>ada<b/>@acme.example</NameID>")),
	})
}

// conditions lists assertions that are for another time, place or audience.
func conditions() []Case {
	const restriction = "AudienceRestriction"
	audience := func(value string) string {
		return "<AudienceRestriction><Audience>" + value + "</Audience></AudienceRestriction>"
	}
	at := func(name, attribute string, d time.Duration) Case {
		return edited(name, Time, func(w World) []edit { return []edit{set("Conditions", attribute, w.in(d))} })
	}
	return classed("conditions", Audience, []Case{
		wrote("no Conditions", "-", drop("Conditions")),
		wrote("no AudienceRestriction", "", drop(restriction)),
		wrote("an AudienceRestriction without an audience", "-", replace(restriction, "<AudienceRestriction/>")),
		wrote("an empty audience", "-", replace(restriction, audience(""))),
		wrote("another's audience", "", replace(restriction, audience("https://other.example/saml"))),
		edited("an audience that only begins like ours", "", func(w World) []edit { return []edit{replace(restriction, audience(w.EntityID+"x"))} }),
		edited("the beginning of our audience", "", func(w World) []edit { return []edit{replace(restriction, audience(w.EntityID[:len(w.EntityID)-1]))} }),
		edited("our audience in capitals", "", func(w World) []edit { return []edit{replace(restriction, audience(strings.ToUpper(w.EntityID)))} }),
		edited("our audience with another's in one element", "", func(w World) []edit {
			return []edit{replace(restriction, audience(w.EntityID+" https://other.example/saml"))}
		}),
		wrote("a second restriction, which excludes us", "", after(restriction, audience("https://other.example/saml"))),
		at("a start that lies ahead", "NotBefore", time.Hour),
		at("an end that has passed", "NotOnOrAfter", -10*time.Minute),
		edited("an end before its start", Time, func(w World) []edit {
			return []edit{set("Conditions", "NotBefore", w.in(2*time.Minute)), set("Conditions", "NotOnOrAfter", w.in(-2*time.Minute))}
		}),
		wrote("a start that is no time", Time, set("Conditions", "NotBefore", "0")),
		wrote("a time with letters behind it", Time, set("Conditions", "NotBefore", "2020-01-01T00:00:00Zevil")),
		wrote("a condition nobody knows", "-", after(restriction, `<Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="x:y" xmlns:x="urn:x"/>`)),
		wrote("a condition of another namespace", "-", after(restriction, `<OnlyOnMondays xmlns="urn:x"/>`)),
		wrote("two Conditions, the first empty", "-", func(doc string) string {
			return swap("<Conditions ", "<Conditions/><Conditions ")(doc)
		}),
		edited("another workspace's audience, recipient and destination", "-", func(w World) []edit {
			return []edit{replace(restriction, audience("https://elsewhere.example/w/globex/saml/metadata")), set("SubjectConfirmationData", "Recipient", "https://elsewhere.example/w/globex/saml/acs")}
		}),
	})
}

// statements lists what is wrong with the rest of the assertion.
func statements() []Case {
	return classed("assertion", "-", []Case{
		wrote("version 1.1 on the assertion", Structure, set("Assertion", "Version", "1.1")),
		wrote("no version on the assertion", Structure, without("Assertion", "Version")),
		wrote("no IssueInstant on the assertion", "", without("Assertion", "IssueInstant")),
		edited("an assertion issued in the future", Time, func(w World) []edit { return []edit{set("Assertion", "IssueInstant", w.in(time.Hour))} }),
		{Name: "an assertion without an Issuer", Make: text(func(w World) string {
			doc := w.sign(w.assertion(drop("Issuer")), w.AssertionID, signing{place: func(doc, s string) string { return swap("<Subject>", s+"<Subject>")(doc) }})
			return w.response(doc)
		})},
		wrote("another's Issuer on the assertion", Issuer, swap("<Issuer>https://sts.windows.net/", "<Issuer>https://sts.attacker.example/")),
		edited("an Issuer without its last slash", Issuer, func(w World) []edit {
			return []edit{swap(w.Issuer+"</Issuer>", strings.TrimSuffix(w.Issuer, "/")+"</Issuer>")}
		}),
		edited("an Issuer with more behind it", Issuer, func(w World) []edit { return []edit{swap(w.Issuer+"</Issuer>", w.Issuer+"x</Issuer>")} }),
		wrote("an empty Issuer", "", replace("Issuer", "<Issuer></Issuer>")),
		wrote("two Issuers", "", func(doc string) string {
			return swap("<Subject>", "<Issuer>https://sts.attacker.example/</Issuer><Subject>")(doc)
		}),
		edited("an Issuer of another format", "", func(World) []edit {
			return []edit{swap("<Issuer>", `<Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">`)}
		}),
		wrote("no AuthnStatement", "", drop("AuthnStatement")),
		wrote("no AuthnInstant", "", without("AuthnStatement", "AuthnInstant")),
		edited("an authentication in the future", Time, func(w World) []edit { return []edit{set("AuthnStatement", "AuthnInstant", w.in(time.Hour))} }),
		edited("a session that has ended", Time, func(w World) []edit {
			return []edit{swap("<AuthnStatement ", fmt.Sprintf(`<AuthnStatement SessionNotOnOrAfter="%s" `, w.in(-time.Hour)))}
		}),
		wrote("an element nobody knows in the assertion", "", swap("<Subject>", `<x xmlns="urn:x"/><Subject>`)),
		wrote("two Subjects", "", func(doc string) string { return after("Subject", element(doc, "Subject"))(doc) }),
	})
}

// claims lists assertions of the right identity provider for another person's
// tenant or firm.
func claims() []Case {
	tenant := element(World{Tenant: "{}"}.assertion(), "Attribute")
	firm := Setup{RequiredClaims: map[string]string{"CoNm": "456"}}
	required := func(name, add string) Case {
		c := wrote(name, Claim, swap("</AttributeStatement>", add+"</AttributeStatement>"))
		c.Setup = firm
		return c
	}
	return classed("claims", Tenant, []Case{
		edited("another tenant's ID in the claims", "", func(w World) []edit {
			return []edit{swap(strings.ReplaceAll(tenant, "{}", w.Tenant), strings.ReplaceAll(tenant, "{}", otherTenant))}
		}),
		edited("two tenants' IDs in the claims", "-", func(w World) []edit {
			return []edit{swap(">"+w.Tenant+"</AttributeValue>", ">"+w.Tenant+"</AttributeValue><AttributeValue>"+otherTenant+"</AttributeValue>")}
		}),
		edited("the tenant's claim twice, once another's", "-", func(World) []edit {
			return []edit{swap("</AttributeStatement>", strings.ReplaceAll(tenant, "{}", otherTenant)+"</AttributeStatement>")}
		}),
		edited("two object IDs", "-", func(w World) []edit {
			return []edit{swap(">"+w.Person.ObjectID+"</AttributeValue>", ">"+w.Person.ObjectID+"</AttributeValue><AttributeValue>"+otherTenant+"</AttributeValue>")}
		}),
		required("the firm's claim missing", ""),
		required("another firm's claim", attribute("CoNm", "123")),
		required("the firm's claim empty", attribute("CoNm", "")),
		required("the firm's claim without a value", `<Attribute Name="CoNm"/>`),
		required("the firm's claim among others", attribute("CoNm", "123", "456")),
		required("the firm's claim with more behind it", attribute("CoNm", "4567")),
		required("the firm's claim under a name that ends like it", attribute("NotCoNm", "456")),
	})
}
