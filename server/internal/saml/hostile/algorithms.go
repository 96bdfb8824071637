package hostile

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"regexp"
	"strings"
)

var regexpURI = regexp.MustCompile(` URI="[^"]*"`)

// transforms lists signatures that change what was digested, or how.
func transforms() []Case {
	with := func(name, inner string) Case {
		return signedAs(name, Grammar, func(World) signing { return signing{between: inner} })
	}
	method := func(name, algorithm string) Case {
		return signedAs("SignedInfo canonicalised by "+name, Grammar, func(World) signing {
			return signing{c14n: algorithm, between: transform(enveloped) + transform(exclusive)}
		})
	}
	xpath := `<Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><XPath>not(ancestor-or-self::*[local-name()='Subject'])</XPath></Transform>`
	xslt := `<Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><xsl:copy-of select="document('file:///etc/passwd')"/></xsl:template></xsl:stylesheet></Transform>`
	filter := `<Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"><XPath xmlns="http://www.w3.org/2002/06/xmldsig-filter2" Filter="intersect">id('x')</XPath></Transform>`
	return classed("transforms", "", []Case{
		with("an empty list of transforms", " "),
		with("no enveloped transform", transform(exclusive)),
		with("no canonicalisation among the transforms", transform(enveloped)),
		with("the transforms in the other order", transform(exclusive)+transform(enveloped)),
		with("the enveloped transform twice", transform(enveloped)+transform(enveloped)),
		with("a third transform", transform(enveloped)+transform(exclusive)+transform(exclusive)),
		with("an XPath transform", transform(enveloped)+xpath),
		with("an XPath transform between the two", transform(enveloped)+xpath+transform(exclusive)),
		with("an XSLT transform", transform(enveloped)+xslt),
		with("an XSLT transform before the two", xslt+transform(enveloped)+transform(exclusive)),
		with("an XPath filter", transform(enveloped)+filter),
		with("a base64 transform", transform(enveloped)+transform(nsSignature+"base64")),
		with("inclusive canonicalisation", transform(enveloped)+transform(inclusive)),
		with("canonicalisation with comments", transform(enveloped)+transform(exclusive+"WithComments")),
		with("canonicalisation 1.1", transform(enveloped)+transform("http://www.w3.org/2006/12/xml-c14n11")),
		with("a transform without a name", transform(enveloped)+transform("")),
		with("a transform nobody knows", transform(enveloped)+transform("urn:nobody")),
		with("an XPath inside the enveloped transform", fmt.Sprintf(`<Transform Algorithm="%s"><XPath>/</XPath></Transform>`, enveloped)+transform(exclusive)),
		method("inclusive canonicalisation", inclusive),
		method("the form with comments", exclusive+"WithComments"),
		method("an algorithm nobody knows", "urn:nobody"),
		signedAs("SignedInfo without a canonicalisation", Grammar, func(World) signing { return signing{change: drop("CanonicalizationMethod")} }),
		signedAs("no Transforms element", Grammar, func(World) signing { return signing{change: drop("Transforms")} }),
		signedAs("a digest of nothing (void canonicalisation)", "", func(World) signing { return signing{octets: []byte{}} }),
		made("a relative namespace that makes canonicalisation fail (void canonicalisation)", func(w World) string {
			return w.sign(w.response(w.assertion(), swap(" xmlns:samlp", ` xmlns:r="1" xmlns:samlp`)), w.AssertionID, signing{
				octets: []byte{}, place: func(doc, s string) string { return swap("</Issuer><Subject>", "</Issuer>"+s+"<Subject>")(doc) },
			})
		}),
	})
}

// algorithms lists signatures by what is not on the list of allowed algorithms.
func algorithms() []Case {
	named := func(name, method string) Case {
		return signedAs(name+" named as its algorithm", Grammar, func(World) signing { return signing{method: method} })
	}
	digest := func(name, algorithm string) Case {
		return signedAs(name+" named as its digest", Grammar, func(World) signing { return signing{digest: algorithm} })
	}
	return classed("algorithms", "", join([]Case{
		signedAs("a SHA-1 signature", Grammar, func(World) signing { return signing{method: nsSignature + "rsa-sha1", hash: crypto.SHA1} }),
		signedAs("a SHA-1 digest", Grammar, func(w World) signing {
			octets := canonical(w.assertion(), w.AssertionID, exclusive, "")
			value := base64.StdEncoding.EncodeToString(sum(crypto.SHA1, octets))
			return signing{digest: nsSignature + "sha1", change: replace("DigestValue", "<DigestValue>"+value+"</DigestValue>")}
		}),
		signedAs("SHA-1 throughout", Grammar, func(World) signing {
			return signing{method: nsSignature + "rsa-sha1", digest: nsSignature + "sha1", hash: crypto.SHA1}
		}),
		signedAs("a pinned key of 1024 bits", "", func(w World) signing { return signing{key: w.Keys.Weak} }),
		named("RSA-MD5", more+"rsa-md5"),
		named("RSA-RIPEMD160", more+"rsa-ripemd160"),
		named("RSA-SHA224", more+"rsa-sha224"),
		named("DSA", nsSignature+"dsa-sha1"),
		named("RSA-PSS", "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"),
		named("nothing", nothing),
		named("“none”", "http://www.w3.org/2000/09/xmldsig#none"),
		named("an identity provider's own invention", "urn:example:signature"),
		named("RSA-SHA256 with blanks", " "+rsaSHA256+" "),
		digest("MD5", more+"md5"),
		digest("SHA-224", more+"sha224"),
		digest("nothing", nothing),
		signedAs("RSA-SHA512 named for a signature made with SHA-256", Signature, func(World) signing { return signing{method: more + "rsa-sha512"} }),
		signedAs("ECDSA named for a signature made with RSA", Signature, func(World) signing { return signing{method: more + "ecdsa-sha256"} }),
		signedAs("RSA named for a signature made with ECDSA", Signature, func(w World) signing { return signing{key: w.Keys.P256} }),
		signedAs("an ECDSA signature with SHA-1", Grammar, func(w World) signing {
			return signing{key: w.Keys.P256, method: more + "ecdsa-sha1", hash: crypto.SHA1}
		}),
		signedAs("an ECDSA signature written as ASN.1", Signature, func(w World) signing {
			return signing{key: w.Keys.P256, method: more + "ecdsa-sha256", der: true}
		}),
		psychic("zeros for an ECDSA signature", bytes.Repeat([]byte{0}, 64)),
		psychic("an ECDSA signature of no bytes", nil),
		signedAs("an HMACOutputLength", Grammar, func(World) signing {
			return signing{change: replace("SignatureMethod", `<SignatureMethod Algorithm="`+rsaSHA256+`"><HMACOutputLength>0</HMACOutputLength></SignatureMethod>`)}
		}),
	}, secrets()))
}

// psychic is a case whose ECDSA signature is the given bytes.
func psychic(name string, value []byte) Case {
	return Case{Name: name, Make: text(func(w World) string {
		doc := w.sign(w.assertion(), w.AssertionID, signing{key: w.Keys.P256, method: more + "ecdsa-sha256"})
		return w.response(replace("SignatureValue", "<SignatureValue>"+base64.StdEncoding.EncodeToString(value)+"</SignatureValue>")(doc))
	})}
}

// secrets are HMACs with what an attacker knows of the pinned key as the secret.
func secrets() []Case {
	var cases []Case
	for _, s := range []struct {
		name  string
		bytes func(*x509.Certificate) []byte
	}{
		{"the certificate", func(c *x509.Certificate) []byte { return c.Raw }},
		{"the certificate's PEM", func(c *x509.Certificate) []byte {
			return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
		}},
		{"the public key", func(c *x509.Certificate) []byte { return c.RawSubjectPublicKeyInfo }},
		{"the modulus", func(c *x509.Certificate) []byte { return rsaModulus(c) }},
		{"nothing", func(*x509.Certificate) []byte { return []byte{} }},
	} {
		cases = append(cases, signedAs("an HMAC whose secret is "+s.name, Grammar, func(w World) signing {
			return signing{secret: s.bytes(w.Keys.Main.Certificate), method: more + "hmac-sha256"}
		}))
	}
	return cases
}

// keys lists signatures of keys that are not pinned, whatever they say of
// themselves.
func keys() []Case {
	foreign := func(name string, info func(w World) string) Case {
		return signedAs(name, Signature, func(w World) signing {
			return signing{key: w.Keys.Stranger, keyInfo: new(info(w))}
		})
	}
	return classed("keys", Signature, []Case{
		foreign("a stranger's signature and certificate", func(w World) string { return keyInfo(w.Keys.Stranger) }),
		foreign("a stranger's signature and the pinned certificate", func(w World) string { return keyInfo(w.Keys.Main) }),
		foreign("a stranger's signature and both certificates", func(w World) string {
			return strings.Replace(keyInfo(w.Keys.Main), "</X509Data>", element(keyInfo(w.Keys.Stranger), "X509Certificate")+"</X509Data>", 1)
		}),
		foreign("a stranger's signature and no KeyInfo", func(World) string { return "" }),
		foreign("a stranger's signature and his bare key", func(w World) string {
			modulus := base64.StdEncoding.EncodeToString(rsaModulus(w.Keys.Stranger.Certificate))
			return "<KeyInfo><KeyValue><RSAKeyValue><Modulus>" + modulus + "</Modulus><Exponent>AQAB</Exponent></RSAKeyValue></KeyValue></KeyInfo>"
		}),
		foreign("a stranger's signature and where to fetch his certificate", func(World) string {
			return `<KeyInfo><RetrievalMethod URI="http://attacker.example/key" Type="` + nsSignature + `X509Data"/></KeyInfo>`
		}),
		foreign("a stranger's signature and the pinned key's name", func(World) string {
			return "<KeyInfo><KeyName>Microsoft Azure Federated SSO Certificate</KeyName></KeyInfo>"
		}),
		altered("one bit of its signature turned", func(raw []byte) []byte { raw[100] ^= 1; return raw }),
		altered("its signature's last byte missing", func(raw []byte) []byte { return raw[:len(raw)-1] }),
		altered("a byte behind its signature", func(raw []byte) []byte { return append(raw, 0) }),
		altered("a zero before its signature", func(raw []byte) []byte { return append([]byte{0}, raw...) }),
		altered("zeros for a signature", func(raw []byte) []byte { return make([]byte, len(raw)) }),
		altered("a signature of 128 KiB", func([]byte) []byte { return make([]byte, 1<<17) }),
	})
}

// altered is a case whose signature value was changed.
func altered(name string, change func([]byte) []byte) Case {
	c := changedSigned(name, "", func(doc string) string {
		value := element(doc, "SignatureValue")
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(strings.TrimPrefix(value, "<SignatureValue>"), "</SignatureValue>"))
		if err != nil {
			panic("hostile: a signature of our own: " + err.Error())
		}
		return replace("SignatureValue", "<SignatureValue>"+base64.StdEncoding.EncodeToString(change(raw))+"</SignatureValue>")(doc)
	})
	if strings.Contains(name, "KiB") {
		c.Check = ""
	}
	return c
}
