package hostile

import (
	"crypto"
	"fmt"
	"strings"
	"time"
)

// signingOptions lists everything that may be signed, with every algorithm that
// is allowed and every way to write it.
func signingOptions() []Case {
	as := func(name string, how func(w World) signing) Case { return signedAs(name, "", how) }
	plain := func(name string, s signing) Case { return as(name, func(World) signing { return s }) }
	return classed("signing", "", []Case{
		made("a signed assertion, as Entra by default", func(w World) string { return w.assertionSigned() }),
		made("a signed response", func(w World) string { return w.responseSigned() }),
		made("a signed response around a signed assertion", func(w World) string { return w.bothSigned() }),
		plain("RSA with SHA-384", signing{method: more + "rsa-sha384", hash: crypto.SHA384, digest: more + "sha384"}),
		plain("RSA with SHA-512", signing{method: more + "rsa-sha512", hash: crypto.SHA512, digest: xenc + "sha512"}),
		as("ECDSA on P-256", func(w World) signing { return signing{key: w.Keys.P256, method: more + "ecdsa-sha256"} }),
		as("ECDSA on P-384", func(w World) signing {
			return signing{key: w.Keys.P384, method: more + "ecdsa-sha384", hash: crypto.SHA384, digest: more + "sha384"}
		}),
		as("another of the pinned keys", func(w World) signing { return signing{key: w.Keys.Next} }),
		as("a signature by one pinned key that shows another's certificate", func(w World) signing {
			return signing{key: w.Keys.Next, keyInfo: new(keyInfo(w.Keys.Main))}
		}),
		made("an assertion and a response signed by different pinned keys", func(w World) string {
			return w.sign(w.assertionSigned(), w.ResponseID, signing{key: w.Keys.Next})
		}),
		plain("no KeyInfo", signing{keyInfo: new("")}),
		plain("an empty KeyInfo", signing{keyInfo: new("<KeyInfo/>")}),
		plain("a KeyInfo of a name alone", signing{keyInfo: new("<KeyInfo><KeyName>x</KeyName></KeyInfo>")}),
		plain("a prefix on Signature", signing{prefix: "ds"}),
		made("a prefix on Signature that the response declares", func(w World) string {
			return w.response(w.sign(w.assertion(), w.AssertionID, signing{prefix: "dsig", outside: true}),
				swap(" xmlns:samlp", ` xmlns:dsig="`+nsSignature+`" xmlns:samlp`))
		}),
		plain("base64 in lines", signing{wrap: "\n"}),
		plain("base64 in lines as Windows ends them", signing{wrap: "\r\n"}),
		plain("base64 in lines as Java ends them", signing{wrap: "&#13;\n"}),
		plain("base64 in indented lines", signing{wrap: "\n\t    "}),
		made("a PrefixList", func(w World) string {
			doc := w.response(w.assertion(typed), swap(" xmlns:samlp", ` xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:samlp`))
			return w.sign(doc, w.AssertionID, signing{list: "xs", place: inAssertion})
		}),
		made("a PrefixList that names the default namespace and unknown ones", func(w World) string {
			return w.sign(w.response(w.assertion()), w.AssertionID, signing{list: "#default nobody", place: inAssertion})
		}),
		made("indented XML inside the signature", func(w World) string {
			s := signing{change: func(info string) string { return strings.ReplaceAll(info, "><", ">\n  <") }}
			return w.response(w.sign(w.assertion(), w.AssertionID, s))
		}),
	})
}

// inAssertion places a Signature in the assertion of a whole response.
func inAssertion(doc, signature string) string {
	return swap("</Issuer><Subject>", "</Issuer>"+signature+"<Subject>")(doc)
}

// typed gives attribute values the type that most products write. The prefixes
// are declared further out.
func typed(doc string) string {
	return strings.ReplaceAll(doc, "<AttributeValue>", `<AttributeValue xsi:type="xs:string">`)
}

// ciphers lists what an assertion may be encrypted with.
func ciphers() []Case {
	sealed := func(name string, s sealing) Case { return sealedAs(name, "", s) }
	sha256 := func(key, data string) sealing { return sealing{key: key, data: data, sha256: true} }
	return classed("encryption", "", []Case{
		sealed("AES-256-CBC with OAEP, as Entra", sealing{}),
		sealed("AES-128-CBC with OAEP", sealing{data: aes128CBC}),
		sealed("AES-256-GCM with OAEP", sealing{data: aes256GCM}),
		sealed("AES-128-GCM with OAEP", sealing{data: aes128GCM}),
		sealed("OAEP with SHA-256 and a mask with SHA-1", sha256(oaepMGF1P, aes256CBC)),
		sealed("OAEP 1.1 with SHA-256 throughout", sha256(oaep11, aes256GCM)),
		sealed("OAEP without a digest named", sealing{inside: " "}),
		sealed("an EncryptedKey beside the data", sealing{beside: true}),
		sealed("encryption in lines of base64", sealing{line: "\n"}),
		sealed("encryption in lines as Java ends them", sealing{line: "&#13;\n", data: aes128GCM}),
		made("an encrypted signed assertion in a signed response", func(w World) string {
			return w.sign(w.encrypted(w.signedAssertion(), sealing{}), w.ResponseID, signing{})
		}),
		made("an encrypted unsigned assertion in a signed response", func(w World) string {
			return w.sign(w.encrypted(w.assertion(), sealing{data: aes256GCM}), w.ResponseID, signing{})
		}),
		made("an encrypted assertion of prefixes of its own", func(w World) string {
			return w.encrypted(w.sign(withPrefix(w.assertion(), "saml2"), w.AssertionID, signing{prefix: "ds"}), sealing{data: aes256GCM})
		}),
		made("an encrypted assertion that lacks a prefix the response declares", func(w World) string {
			declared := ` xmlns:saml="` + nsAssertion + `"`
			alone := w.sign(withPrefix(w.assertion(), "saml"), w.AssertionID, signing{})
			return w.response(w.seal(strings.Replace(alone, declared, "", 1), sealing{}), swap(" xmlns:samlp", declared+" xmlns:samlp"))
		}),
	})
}

// withPrefix writes a document's elements of SAML assertions with a prefix.
func withPrefix(doc, prefix string) string {
	doc = unprefixed.ReplaceAllString(doc, "<${1}"+prefix+":$2")
	return strings.ReplaceAll(doc, ` xmlns="`+nsAssertion+`"`, " xmlns:"+prefix+`="`+nsAssertion+`"`)
}

// spellings lists one message in the many ways that mean the same.
func spellings() []Case {
	edits := func(name string, e ...edit) Case { return wrote(name, "", e...) }
	all := func(old, repl string) edit {
		return func(doc string) string { return changed(doc, strings.ReplaceAll(doc, old, repl)) }
	}
	name := func(what, text string) Case { return edits(what, swap(">Ada<", ">"+text+"<")) }
	return classed("spelling", "", join([]Case{
		prologue("a byte order mark", "\ufeff"),
		prologue("an XML declaration", `<?xml version="1.0" encoding="UTF-8"?>`+"\n"),
		prologue("an XML declaration in lower case and single quotes", `<?xml version='1.0' encoding='utf-8' standalone='yes'?>`),
		made("blanks behind its end", func(w World) string { return w.assertionSigned() + "\r\n\n" }),
		made("a comment before its root", func(w World) string { return "<!-- from the proxy -->\n" + w.assertionSigned() }),
		edits("indented XML", all("><", ">\n    <")),
		edits("indented XML with Windows' line ends", all("><", ">\r\n\t<")),
		edits("comments between elements", swap("<Subject>", "<!-- who --><Subject>")),
		edits("single quotes", all(`Version="2.0"`, `Version='2.0'`)),
		edits("blanks in tags", all("</Subject>", "</Subject\n>"), swap(`Version="2.0"`, "\n  Version = \"2.0\"\t")),
		edits("attributes in another order", swap(`Version="2.0" `, ""), swap("<Assertion ", `<Assertion Version="2.0" `)),
		name("letters as references", "&#65;&#x64;&#x00061;"),
		name("a CDATA section", "<![CDATA[A & <da>]]>"),
		name("escapes", "A&amp;&lt;&gt;&quot;&apos;da"),
		name("letters that are not ASCII", "Ada Müller-Łukasiewicz 愛田 עדה"),
		name("letters beyond the first plane", "Ada 🚀𝒜"),
		name("letters and their accents apart", "Ade\u0301le"),
		name("no text", ""),
		edits("escapes in attributes", swap(`SessionIndex="`, `SessionIndex="&amp;&lt;&quot;&#x9;&#xA;&#xD;`)),
		edits("namespaces that nothing uses", swap(` xmlns="`, ` xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:unused="urn:unused" xmlns="`)),
		edits("blanks around words", swap(">urn:oasis:names:tc:SAML:2.0:ac:classes:Password<", ">\n      urn:oasis:names:tc:SAML:2.0:ac:classes:Password\n  <")),
		edits("xml:lang on a value", swap("<AttributeValue>Ada Lovelace", `<AttributeValue xml:lang="en">Ada Lovelace`)),
		edits("elements of no content written with two tags", func(doc string) string {
			data := element(doc, "SubjectConfirmationData")
			return strings.Replace(doc, data, strings.TrimSuffix(data, "/>")+"></SubjectConfirmationData>", 1)
		}),
		made("prefixes saml and samlp", func(w World) string {
			return withPrefixResponse(w, "samlp", "saml", "ds")
		}),
		made("prefixes saml2 and saml2p", func(w World) string { return withPrefixResponse(w, "saml2p", "saml2", "ds") }),
		made("prefixes ns0, ns1 and ns2", func(w World) string { return withPrefixResponse(w, "ns0", "ns1", "ns2") }),
		made("one prefix bound anew inside", func(w World) string { return withPrefixResponse(w, "a", "a", "a") }),
		made("no prefix anywhere", func(w World) string {
			return strings.NewReplacer("<samlp:", "<", "</samlp:", "</", "xmlns:samlp=", "xmlns=").Replace(w.assertionSigned())
		}),
		made("unused prefixes bound anew at each level", func(w World) string {
			doc := w.assertion(swap("<Subject>", `<Subject xmlns:u="urn:2">`), swap("<NameID ", `<NameID xmlns:u="urn:3" `))
			return w.response(w.sign(doc, w.AssertionID, signing{}), swap(" xmlns:samlp", ` xmlns:u="urn:1" xmlns:samlp`))
		}),
	}, times()))
}

// withPrefixResponse signs the assertion of a response of these prefixes.
func withPrefixResponse(w World, protocol, assertion, signature string) string {
	doc := w.response("")
	doc = strings.NewReplacer("samlp:", protocol+":", "xmlns:samlp", "xmlns:"+protocol,
		`<Issuer xmlns=`, "<"+assertion+":Issuer xmlns:"+assertion+"=", "</Issuer>", "</"+assertion+":Issuer>").Replace(doc)
	signed := w.sign(withPrefix(w.assertion(), assertion), w.AssertionID, signing{prefix: signature})
	return swap("</"+protocol+":Response>", signed+"</"+protocol+":Response>")(doc)
}

// times lists clocks that differ a little and times written in other ways.
func times() []Case {
	at := func(name, element, attribute string, d time.Duration) Case {
		return edited(name, "", func(w World) []edit { return []edit{set(element, attribute, w.in(d))} })
	}
	format := func(name, layout string) Case {
		return edited(name, "", func(w World) []edit {
			return []edit{set("Conditions", "NotOnOrAfter", w.Now.Add(time.Hour).UTC().Format(layout))}
		})
	}
	return []Case{
		at("a start two minutes ahead", "Conditions", "NotBefore", 2*time.Minute),
		edited("an end two minutes ago", "", func(w World) []edit {
			return []edit{set("Conditions", "NotBefore", w.in(-time.Hour)), set("Conditions", "NotOnOrAfter", w.in(-2*time.Minute))}
		}),
		at("an IssueInstant two minutes ahead", "Assertion", "IssueInstant", 2*time.Minute),
		at("an authentication hours ago", "AuthnStatement", "AuthnInstant", -7*time.Hour),
		format("seconds without fractions", "2006-01-02T15:04:05Z"),
		format("seven digits of a second, as ADFS", "2006-01-02T15:04:05.0000000Z"),
		format("nine digits of a second", "2006-01-02T15:04:05.000000000Z"),
		edited("no start in its Conditions", "", func(World) []edit { return []edit{without("Conditions", "NotBefore")} }),
		edited("a session that ends tomorrow", "", func(w World) []edit {
			return []edit{swap("<AuthnStatement ", fmt.Sprintf(`<AuthnStatement SessionNotOnOrAfter="%s" `, w.in(24*time.Hour)))}
		}),
	}
}
