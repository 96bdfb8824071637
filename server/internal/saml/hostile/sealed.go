package hostile

import (
	"bytes"
	"strings"
)

// sealedAs is a case whose signed assertion is encrypted in a way of its own.
func sealedAs(name string, check Check, s sealing) Case {
	return Case{Name: name, Check: check, Make: text(func(w World) string { return w.encrypted(w.signedAssertion(), s) })}
}

// encryption lists assertions that cannot, or must not, be decrypted.
func encryption() []Case {
	cut := func(n int) func([]byte) []byte { return func(raw []byte) []byte { return raw[:len(raw)-n] } }
	keep := func(n int) func([]byte) []byte { return func(raw []byte) []byte { return raw[:n] } }
	flip := func(at int) func([]byte) []byte {
		return func(raw []byte) []byte { raw[(at+len(raw))%len(raw)] ^= 1; return raw }
	}
	padding := func(b byte) sealing { return sealing{pad: &b} }
	oaep := func(inside string) sealing { return sealing{inside: inside} }
	digest := func(a string) string { return `<DigestMethod xmlns="` + nsSignature + `" Algorithm="` + a + `"/>` }
	return classed("encryption", "", []Case{
		sealedAs("triple DES", Grammar, sealing{data: tripleDES}),
		sealedAs("RSA 1.5", Grammar, sealing{key: rsa15}),
		sealedAs("RSA 1.5 named for OAEP", Grammar, sealing{change: swap(oaepMGF1P, rsa15)}),
		sealedAs("OAEP named for RSA 1.5", Decryption, sealing{key: rsa15, change: swap(rsa15, oaepMGF1P)}),
		sealedAs("a cipher nobody knows", Grammar, sealing{named: "urn:nobody"}),
		sealedAs("AES-192 named", "", sealing{named: xenc + "aes192-cbc"}),
		sealedAs("key wrapping with a shared key", Grammar, sealing{change: swap(oaepMGF1P, xenc+"kw-aes256")}),
		sealedAs("MD5 as OAEP's digest", Grammar, oaep(digest(more+"md5"))),
		sealedAs("OAEP's digest named twice", Grammar, oaep(digest(nsSignature+"sha1")+digest(digest256))),
		sealedAs("a mask function nobody knows", Grammar, sealing{key: oaep11, inside: `<MGF xmlns="` + xenc11 + `" Algorithm="urn:nobody"/>`}),
		sealedAs("its key encrypted for somebody else", Decryption, sealing{change: values(0, base64Of(256))}),
		sealedAs("a key of 16 bytes for AES-256", Decryption, sealing{data: aes128CBC, named: aes256CBC}),
		sealedAs("a key of 32 bytes for AES-128", Decryption, sealing{data: aes256CBC, named: aes128CBC}),
		sealedAs("an empty encrypted key", "", sealing{change: values(0, "")}),
		sealedAs("an encrypted key of 64 KiB", "", sealing{change: values(0, base64Of(64<<10))}),
		sealedAs("an encrypted key that is no base64", "", sealing{change: values(0, "*")}),
		sealedAs("an empty ciphertext", "", sealing{change: values(1, "")}),
		sealedAs("a ciphertext that is no base64", "", sealing{change: values(1, "!!!!")}),
		sealedAs("nothing but an IV", Decryption, sealing{tamper: keep(16)}),
		sealedAs("half an IV", Decryption, sealing{tamper: keep(8)}),
		sealedAs("a ciphertext that is no multiple of 16", Decryption, sealing{tamper: cut(3)}),
		sealedAs("a ciphertext's last block missing", Decryption, sealing{tamper: cut(16)}),
		sealedAs("padding of nothing", Decryption, padding(0)),
		sealedAs("padding of 17", Decryption, padding(17)),
		sealedAs("padding of 255", Decryption, padding(255)),
		sealedAs("a bit turned in the IV", Decryption, sealing{tamper: flip(3)}),
		sealedAs("a bit turned in the first block", Decryption, sealing{tamper: flip(20)}),
		sealedAs("a bit turned in the last block", Decryption, sealing{tamper: flip(-1)}),
		sealedAs("a bit turned in the block before the last", Decryption, sealing{tamper: flip(-17)}),
		sealedAs("a bit turned under GCM", Decryption, sealing{data: aes256GCM, tamper: flip(40)}),
		sealedAs("a bit turned in GCM's tag", Decryption, sealing{data: aes256GCM, tamper: flip(-1)}),
		sealedAs("GCM's tag cut short", Decryption, sealing{data: aes128GCM, tamper: cut(4)}),
		sealedAs("nothing but GCM's nonce", Decryption, sealing{data: aes256GCM, tamper: keep(12)}),
		sealedAs("GCM read as CBC", Decryption, sealing{data: aes256GCM, named: aes256CBC}),
		sealedAs("CBC read as GCM", Decryption, sealing{data: aes256CBC, named: aes256GCM}),
		sealedAs("no EncryptedKey", "", sealing{change: drop("e:EncryptedKey")}),
		sealedAs("no EncryptionMethod", Grammar, sealing{change: drop("xenc:EncryptionMethod")}),
		sealedAs("a ciphertext to fetch", "", sealing{change: func(doc string) string {
			at := strings.LastIndex(doc, "<xenc:CipherValue>")
			return doc[:at] + replace("xenc:CipherValue", `<xenc:CipherReference URI="http://attacker.example/x"/>`)(doc[at:])
		}}),
		sealedAs("a key to fetch", "", sealing{beside: true, change: swap(`URI="#`, `URI="http://attacker.example/#`)}),
		sealedAs("two EncryptedData", "", sealing{change: func(doc string) string { return after("xenc:EncryptedData", element(doc, "xenc:EncryptedData"))(doc) }}),
		sealedAs("no EncryptedData", "", sealing{change: drop("xenc:EncryptedData")}),
	})
}

// plaintexts lists assertions that can be decrypted and must not be believed.
func plaintexts() []Case {
	inner := func(name string, check Check, f func(w World) string) Case {
		return Case{Name: name, Check: check, Make: text(func(w World) string { return w.encrypted(f(w), sealing{}) })}
	}
	return classed("encryption of something else", "", []Case{
		inner("an encrypted assertion that nobody signed", Decryption, func(w World) string { return w.assertion() }),
		inner("an encrypted assertion that a stranger signed", Decryption, func(w World) string {
			return w.sign(w.assertion(), w.AssertionID, signing{key: w.Keys.Stranger})
		}),
		inner("an encrypted assertion changed before encryption", Decryption, func(w World) string {
			return swap(">Ada<", ">Root<")(w.signedAssertion())
		}),
		inner("two encrypted assertions in one ciphertext", Decryption, func(w World) string { return w.signedAssertion() + w.forged("other") }),
		inner("text before the encrypted assertion", Decryption, func(w World) string { return "x" + w.signedAssertion() }),
		inner("an encrypted response", Decryption, func(w World) string { return w.responseSigned() }),
		inner("an encrypted attribute", Decryption, func(World) string { return attribute("a", "b") }),
		inner("encrypted noise", Decryption, func(World) string { return strings.Repeat("\x00\xff", 600) }),
		inner("nothing encrypted", Decryption, func(World) string { return "" }),
		inner("an encrypted DTD", Decryption, func(w World) string { return "<!DOCTYPE Assertion []>" + w.signedAssertion() }),
		inner("encrypted nesting", Decryption, func(World) string { return strings.Repeat("<a>", 20_000) }),
		inner("an encrypted end tag, which closes what is around", Decryption, func(w World) string {
			return w.signedAssertion() + "</xenc:CipherValue>"
		}),
		inner("an encrypted assertion encrypted again", Decryption, func(w World) string { return w.seal(w.signedAssertion(), sealing{}) }),
		{Name: "a signed response whose encrypted assertion was exchanged", Make: text(func(w World) string {
			doc := w.sign(w.encrypted(w.assertion(), sealing{}), w.ResponseID, signing{})
			return replace("EncryptedAssertion", w.seal(w.forged("other"), sealing{}))(doc)
		})},
		{Name: "a stranger's signature on a response with an unsigned encrypted assertion", Make: text(func(w World) string {
			return w.sign(w.encrypted(w.assertion(), sealing{}), w.ResponseID, signing{key: w.Keys.Stranger})
		})},
		{Name: "an encrypted and a plain assertion", Check: Structure, Make: text(func(w World) string {
			return w.response(w.seal(w.signedAssertion(), sealing{}) + w.forged("other"))
		})},
		{Name: "a plain signed assertion and an encrypted forged one", Check: Structure, Make: text(func(w World) string {
			return w.response(w.signedAssertion() + w.seal(w.forged("other"), sealing{}))
		})},
		{Name: "two encrypted assertions", Check: Structure, Make: text(func(w World) string {
			return w.response(w.seal(w.signedAssertion(), sealing{}) + w.seal(w.forged("other"), sealing{}))
		})},
		{Name: "an encrypted assertion in a plain one", Make: text(func(w World) string {
			return w.response(swap("</Assertion>", w.seal(w.signedAssertion(), sealing{})+"</Assertion>")(w.forged("other")))
		})},
		{Name: "a plain assertion inside EncryptedAssertion", Make: text(func(w World) string {
			return w.response(`<EncryptedAssertion xmlns="` + nsAssertion + `">` + w.signedAssertion() + "</EncryptedAssertion>")
		})},
		{Name: "an encrypted Name ID, which is not supported", Make: text(func(w World) string {
			sealed := strings.ReplaceAll(w.seal(element(w.assertion(), "NameID"), sealing{}), "EncryptedAssertion", "EncryptedID")
			return w.response(w.sign(w.assertion(replace("NameID", sealed)), w.AssertionID, signing{}))
		})},
		{Name: "a CBC ciphertext of 47 bytes", Make: text(func(w World) string {
			return w.encrypted(w.signedAssertion(), sealing{tamper: func(raw []byte) []byte { return bytes.Repeat(raw[:1], 47) }})
		})},
	})
}
