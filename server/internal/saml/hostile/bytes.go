package hostile

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf16"
)

// characters lists bytes that two decoders may take for different text.
func characters() []Case {
	name := func(what, text string) Case { return changedSigned(what, Parse, swap(">Ada<", ">Ada"+text+"<")) }
	cases := classed("characters", Parse, []Case{
		name("a zero byte", "\x00"),
		name("a control character", "\x01"),
		name("an escape", "\x1b[2J"),
		name("a non-character", "\uffff"),
		name("half a surrogate pair", "\xed\xa0\x80"),
		name("an overlong slash", "\xc0\xaf"),
		name("an overlong less-than sign", "\xc0\xbc"),
		name("an overlong zero", "\xc0\x80"),
		name("a character cut short", "\xc3"),
		name("a continuation byte alone", "\x80"),
		name("Latin-1", "\xe4"),
		name("a character beyond Unicode", "\xf4\x90\x80\x80"),
		name("a reference to zero", "&#0;"),
		name("a reference to a control character", "&#x1;"),
		name("a reference to half a surrogate pair", "&#xD800;"),
		name("a reference beyond Unicode", "&#x110000;"),
		name("a reference too large for any integer", "&#99999999999999999999;"),
		name("a negative reference", "&#-65;"),
		name("an empty reference", "&#;"),
		name("an empty hexadecimal reference", "&#x;"),
		name("a hexadecimal reference with a capital X", "&#X41;"),
		name("a reference without its end", "&#65"),
		name("an HTML entity", "&eacute;"),
		changedSigned("a zero byte in a tag", Parse, swap("<Subject>", "<Sub\x00ject>")),
		changedSigned("a zero byte in an attribute", Parse, swap(`Version="2.0"`, "Version=\"2.0\x00\"")),
		prologue("UTF-16 declared for UTF-8", `<?xml version="1.0" encoding="UTF-16"?>`),
		prologue("Latin-1 declared", `<?xml version="1.0" encoding="ISO-8859-1"?>`),
		prologue("UTF-7 declared", `<?xml version="1.0" encoding="UTF-7"?>`),
		prologue("EBCDIC declared", `<?xml version="1.0" encoding="IBM037"?>`),
		prologue("an encoding nobody knows", `<?xml version="1.0" encoding="x-evil"?>`),
		prologue("two byte order marks", "\ufeff\ufeff"),
		prologue("a byte order mark behind the XML declaration", "<?xml version=\"1.0\"?>\ufeff"),
	})
	for _, u := range []struct {
		name   string
		little bool
	}{{"UTF-16, the low byte first", true}, {"UTF-16, the high byte first", false}} {
		cases = append(cases, Case{Name: u.name, Class: "characters", Check: Parse, Make: func(w World) []byte {
			var out []byte
			for _, unit := range utf16.Encode([]rune("\ufeff" + w.assertionSigned())) {
				if u.little {
					out = append(out, byte(unit), byte(unit>>8))
				} else {
					out = append(out, byte(unit>>8), byte(unit))
				}
			}
			return out
		}})
	}
	return cases
}

// formField lists values of the form field SAMLResponse that are not base64 of a
// document.
func formField() []Case {
	field := func(name string, change func(b64 string) string) Case {
		return Case{Name: name, Class: "form field", Encoded: true, Make: func(w World) []byte {
			return []byte(change(base64.StdEncoding.EncodeToString([]byte(w.assertionSigned()))))
		}}
	}
	return []Case{
		field("an empty form field", func(string) string { return "" }),
		field("the XML itself in the form field", func(b string) string {
			raw, _ := base64.StdEncoding.DecodeString(b) //nolint:errcheck // of our own
			return string(raw)
		}),
		field("base64 of base64", func(b string) string { return base64.StdEncoding.EncodeToString([]byte(b)) }),
		field("a stranger's character in base64", func(b string) string { return b[:40] + "*" + b[40:] }),
		field("a zero byte in base64", func(b string) string { return b[:40] + "\x00" + b[40:] }),
		field("padding in the middle of base64", func(b string) string { return b[:40] + "====" + b[40:] }),
		field("base64 cut short", func(b string) string { return b[:len(b)/2-1] }),
		field("more behind the padding", func(b string) string { return strings.TrimRight(b, "=") + "==QUJD" }),
		field("a signed document behind another in base64", func(b string) string { return b + b }),
	}
}

// volume lists documents that are meant to cost much. All are unsigned or
// broken: who cannot sign can still send.
func volume() []Case {
	many := func(name string, f func(w World) string) Case {
		return Case{Name: name, Class: "volume", Make: text(f)}
	}
	inside := func(w World, what string) string { return swap("</Issuer>", "</Issuer>"+what)(w.assertionSigned()) }
	numbered := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	return []Case{
		many("0.7 MB of nesting", func(World) string { return strings.Repeat("<a>", 233_000) }),
		many("30,000 levels that end", func(World) string { return strings.Repeat("<a>", 30_000) + strings.Repeat("</a>", 30_000) }),
		many("nesting inside a signed assertion", func(w World) string {
			return swap(">Ada<", ">"+strings.Repeat("<a>", 5_000)+strings.Repeat("</a>", 5_000)+"<")(w.assertionSigned())
		}),
		many("20,000 References", func(w World) string {
			doc := w.assertionSigned()
			return after("Reference", strings.Repeat(element(doc, "Reference"), 20_000))(doc)
		}),
		many("500 References", func(w World) string {
			doc := w.assertionSigned()
			return after("Reference", strings.Repeat(element(doc, "Reference"), 500))(doc)
		}),
		many("100,000 attributes on one element", func(w World) string { return inside(w, "<a "+numbered(100_000, ` a%d=""`)+"/>") }),
		many("10,000 attributes on one element", func(w World) string { return inside(w, "<a "+numbered(10_000, ` a%d=""`)+"/>") }),
		many("10,000 attributes, each on its element", func(w World) string { return inside(w, strings.Repeat(`<a b="c"/>`, 10_001)) }),
		many("100,000 elements", func(w World) string { return inside(w, strings.Repeat("<a/>", 100_000)) }),
		many("9,000 elements in a signed response", func(w World) string { return inside(w, strings.Repeat("<a/>", 9_000)) }),
		many("1 MB of namespaces on one element", func(w World) string { return inside(w, "<a "+numbered(30_000, ` xmlns:n%d="urn:attacker:x"`)+"/>") }),
		many("1,000 namespaces, nested and all used", func(w World) string {
			var b strings.Builder
			for i := range 1_000 {
				fmt.Fprintf(&b, `<n%d:a xmlns:n%d="urn:n:%d">`, i, i, i)
			}
			return inside(w, b.String())
		}),
		many("one prefix declared anew 60 levels deep, a hundred times", func(w World) string {
			deep := numbered(55, `<p:a xmlns:p="urn:p:%d">`) + strings.Repeat("</p:a>", 55)
			return inside(w, strings.Repeat(deep, 60))
		}),
		many("1 MB of text", func(w World) string { return swap(">Ada<", ">"+strings.Repeat("A", 1<<20)+"<")(w.assertionSigned()) }),
		many("200 kB of text", func(w World) string { return swap(">Ada<", ">"+strings.Repeat("A", 200_000)+"<")(w.assertionSigned()) }),
		many("200 kB of greater-than signs, which grow fivefold", func(w World) string {
			return swap(">Ada<", ">"+strings.Repeat(">", 200_000)+"<")(w.assertionSigned())
		}),
		many("50,000 character references", func(w World) string {
			return swap(">Ada<", ">"+strings.Repeat("&#65;", 50_000)+"<")(w.assertionSigned())
		}),
		many("1 MB of comment", func(w World) string { return inside(w, "<!--"+strings.Repeat("x", 1<<20)+"-->") }),
		many("20,000 comments", func(w World) string { return inside(w, strings.Repeat("<!---->", 20_000)) }),
		many("20,000 CDATA sections", func(w World) string {
			return swap(">Ada<", ">"+strings.Repeat("<![CDATA[]]>", 20_000)+"<")(w.assertionSigned())
		}),
		many("a name of 200,000 letters", func(w World) string { return inside(w, "<"+strings.Repeat("a", 200_000)+"/>") }),
		many("60 Signatures", func(w World) string {
			doc := w.assertionSigned()
			return after("Signature", strings.Repeat(element(doc, "Signature"), 60))(doc)
		}),
		many("4,000 Transforms", func(w World) string {
			return swap("</Transforms>", strings.Repeat(transform(exclusive), 4_000)+"</Transforms>")(w.assertionSigned())
		}),
		many("100 certificates in KeyInfo by a stranger", func(w World) string {
			info := "<KeyInfo><X509Data>" + strings.Repeat(element(keyInfo(w.Keys.Stranger), "X509Certificate"), 100) + "</X509Data></KeyInfo>"
			return w.response(w.sign(w.assertion(), w.AssertionID, signing{key: w.Keys.Stranger, keyInfo: &info}))
		}),
		many("a PrefixList of 20,000 prefixes", func(w World) string {
			list := fmt.Sprintf(`<Transform Algorithm="%s"><ec:InclusiveNamespaces xmlns:ec="%s" PrefixList="%s"/></Transform>`, exclusive, exclusive, numbered(20_000, "p%d "))
			return swap(transform(exclusive)+"</Transforms>", list+"</Transforms>")(w.assertionSigned())
		}),
		many("5,000 Audiences", func(w World) string {
			return swap("<Audience>", strings.Repeat("<Audience>urn:x</Audience>", 5_000)+"<Audience>")(w.assertionSigned())
		}),
		many("9,000 elements with IDs", func(w World) string { return inside(w, numbered(9_000, `<a ID="i%d"/>`)) }),
		many("200 kB of blanks in a signed assertion", func(w World) string {
			return swap("<Subject>", strings.Repeat(" \r\n\t", 50_000)+"<Subject>")(w.assertionSigned())
		}),
		many("200 kB of blanks in base64 values", func(w World) string {
			return swap("</SignatureValue>", strings.Repeat("\n", 200_000)+"!</SignatureValue>")(w.assertionSigned())
		}),
		many("2 MB of less-than signs", func(World) string { return strings.Repeat("<", 2<<20) }),
		many("2 MB of ampersands", func(World) string { return "<a>" + strings.Repeat("&", 2<<20) }),
		many("a megabyte of an attribute that does not end", func(World) string { return `<a b="` + strings.Repeat("x", 1<<20) }),
	}
}
