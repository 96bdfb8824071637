package hostile

import (
	"fmt"
	"strings"
)

// people lists what is said of people, by Entra above all.
func people() []Case {
	add := func(name string, attributes ...string) Case {
		return wrote(name, "", swap("</AttributeStatement>", strings.Join(attributes, "")+"</AttributeStatement>"))
	}
	groups := make([]string, 150)
	for i := range groups {
		groups[i] = fmt.Sprintf("%08d-2f0c-4a4e-9d1c-1d5f3a9b7c11", i)
	}
	nameID := func(name, format, value string) Case {
		return wrote(name, "", replace("NameID", fmt.Sprintf(`<NameID Format="%s">%s</NameID>`, format, value)))
	}
	firm := func(name, attribute string) Case {
		c := add(name, attribute)
		c.Setup.RequiredClaims = map[string]string{"CoNm": "456"}
		return c
	}
	constant := func(name, audience string) Case {
		return Case{Name: name, Setup: Setup{EntityID: "BTIQ"}, Make: text(func(w World) string {
			w.EntityID = audience
			return w.assertionSigned()
		})}
	}
	missing := func(name, claim string) Case {
		return wrote(name, "", func(doc string) string {
			at := strings.Index(doc, `<Attribute Name="`+claim)
			return doc[:at] + drop("Attribute")(doc[at:])
		})
	}
	return classed("people", "", []Case{
		add("150 groups", attribute(claimGroups, groups...)),
		add("a link instead of too many groups", attribute("http://schemas.microsoft.com/claims/groups.link", "https://graph.windows.net/t/users/u/getMemberObjects")),
		add("roles", attribute("http://schemas.microsoft.com/ws/2008/06/identity/claims/role", "Admin", "Reader")),
		add("an attribute without values", `<Attribute Name="empty"/>`),
		add("an attribute with its format and friendly name", `<Attribute Name="urn:oid:2.5.4.42" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri" FriendlyName="givenName"><AttributeValue>Ada</AttributeValue></Attribute>`),
		add("a value of nothing", `<Attribute Name="nil"><AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/></Attribute>`),
		add("a value of 8,000 letters", attribute("long", strings.Repeat("x", 8_000))),
		missing("no mail address", claimsSOAP+"emailaddress"),
		missing("no given name", claimsSOAP+"givenname"),
		missing("no surname", claimsSOAP+"surname"),
		nameID("a persistent Name ID", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", "kTq2xMZpPa9vC-0s1R3hT4bE8u"),
		nameID("an unspecified Name ID", "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", "ada"),
		nameID("a guest's Name ID", emailFormat, "ada_other.example#EXT#@acme.onmicrosoft.example"),
		nameID("a Windows name", "urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName", `ACME\ada`),
		wrote("a Name ID without a format", "", replace("NameID", "<NameID>ada.lovelace@acme.example</NameID>")),
		wrote("a Name ID with its qualifiers", "", swap("<NameID ", `<NameID NameQualifier="a" SPNameQualifier="b" `)),
		constant("a constant for an entity ID", "BTIQ"),
		constant("a constant for an entity ID, with Entra's spn", "spn:BTIQ"),
		firm("the firm's claim", attribute("CoNm", "456")),
		firm("the firm's claim in a namespace", attribute("http://schemas.example.com/claims/CoNm", "456")),
		firm("the firm's claim in quotes", attribute("CoNm", "&quot;456&quot;")),
		{Name: "no request that it answers", Setup: Setup{Unsolicited: true}, Make: text(func(w World) string {
			w.RequestID = ""
			return w.assertionSigned()
		})},
	})
}

// products lists how other identity providers write. Their names are those of
// what they look like; the issuer is the World's.
func products() []Case {
	return classed("products", "", []Case{
		made("what ADFS writes", func(w World) string {
			w.Person.Mail = "ACME\\ada"
			doc := w.assertion(authnFirst, replace("NameID", "<NameID>ACME\\ada</NameID>"),
				func(doc string) string { return strings.ReplaceAll(doc, `Z"`, `0000Z"`) })
			signed := w.sign(doc, w.AssertionID, signing{prefix: "ds"})
			return w.response(signed, swap(` Destination`, ` Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified" Destination`))
		}),
		made("what Okta writes", func(w World) string {
			doc := w.foreign("saml2p", "saml2")
			doc = w.sign(doc, w.AssertionID, signing{prefix: "ds", list: "xs", wrap: "\n"})
			doc = w.sign(doc, w.ResponseID, signing{prefix: "ds", list: "xs", wrap: "\n"})
			return `<?xml version="1.0" encoding="UTF-8"?>` + doc
		}),
		made("what Keycloak writes", func(w World) string {
			doc := w.foreign("samlp", "saml")
			return w.sign(doc, w.ResponseID, signing{
				prefix: "dsig", wrap: "\n",
				keyInfo: new("<KeyInfo><KeyName>FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE</KeyName>" + strings.TrimPrefix(keyInfo(w.Keys.Main), "<KeyInfo>")),
			})
		}),
		made("what Shibboleth writes", func(w World) string {
			signed := w.sign(withPrefix(w.assertion(authnFirst, located), "saml2"), w.AssertionID, signing{prefix: "ds", wrap: "&#13;\n"})
			return w.response(w.seal(signed, sealing{data: aes128GCM, line: "&#13;\n"}))
		}),
		made("what Google writes", func(w World) string {
			return `<?xml version="1.0" encoding="UTF-8" standalone="no"?>` + strings.NewReplacer("samlp:", "saml2p:", "xmlns:samlp", "xmlns:saml2p").
				Replace(w.response("")[:len(w.response(""))-len("</samlp:Response>")]) +
				w.sign(withPrefix(w.assertion(), "saml2"), w.AssertionID, signing{prefix: "ds", wrap: "\n"}) + "</saml2p:Response>"
		}),
		made("what pysaml2 writes", func(w World) string {
			return "<?xml version='1.0' encoding='UTF-8'?>\n" + withPrefixResponse(w, "ns0", "ns1", "ns2")
		}),
		made("what SimpleSAMLphp writes", func(w World) string {
			doc := w.foreign("samlp", "saml")
			doc = w.sign(doc, w.AssertionID, signing{prefix: "ds"})
			return w.sign(doc, w.ResponseID, signing{prefix: "ds"})
		}),
		wrote("OneTimeUse", "", after("AudienceRestriction", "<OneTimeUse/>")),
		wrote("ProxyRestriction", "", after("AudienceRestriction", `<ProxyRestriction Count="0"/>`)),
		wrote("two audiences, one of them ours", "", swap("<Audience>", "<Audience>https://other.example/saml</Audience><Audience>")),
		wrote("two restrictions that both name us", "", func(doc string) string {
			return after("AudienceRestriction", element(doc, "AudienceRestriction"))(doc)
		}),
		wrote("two confirmations, of which the bearer's is the second", "", swap("<SubjectConfirmation ", `<SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"/><SubjectConfirmation `)),
		wrote("the address of the browser", "", swap("<SubjectConfirmationData", `<SubjectConfirmationData Address="192.0.2.1"`)),
		wrote("an authenticating authority", "", swap("</AuthnContext>", "<AuthenticatingAuthority>https://upstream.example/</AuthenticatingAuthority></AuthnContext>")),
		wrote("a subject's locality", "", located),
		wrote("two statements of attributes", "", func(doc string) string {
			return after("AttributeStatement", "<AttributeStatement>"+attribute("more", "1")+"</AttributeStatement>")(doc)
		}),
		wrote("advice", "", swap("<AttributeStatement>", "<Advice/><AttributeStatement>")),
		outer("a word with its success", "", func(World) []edit {
			return []edit{swap(`</samlp:Status>`, "<samlp:StatusMessage>ok</samlp:StatusMessage></samlp:Status>")}
		}),
		wrote("an end on a leap day", "", set("Conditions", "NotOnOrAfter", "2096-02-29T23:59:59Z")),
	})
}

// foreign is an unsigned response as most products that are not Microsoft's
// write it: prefixes, all namespaces on the root, typed values.
func (w World) foreign(protocol, assertion string) string {
	inner := withPrefix(w.assertion(authnFirst, typed), assertion)
	outer := strings.NewReplacer("<Issuer xmlns=", "<"+assertion+":Issuer xmlns:"+assertion+"=", "</Issuer>", "</"+assertion+":Issuer>",
		"samlp:", protocol+":", "xmlns:samlp", `xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:`+protocol).
		Replace(w.response(""))
	return swap("</"+protocol+":Response>", inner+"</"+protocol+":Response>")(outer)
}

// authnFirst puts the AuthnStatement before the attributes.
func authnFirst(doc string) string {
	statement := element(doc, "AuthnStatement")
	return swap("<AttributeStatement>", statement+"<AttributeStatement>")(drop("AuthnStatement")(doc))
}

// located says from where the person came.
func located(doc string) string {
	return swap("<AuthnContext>", `<SubjectLocality Address="192.0.2.1" DNSName="desk.acme.example"/><AuthnContext>`)(doc)
}
