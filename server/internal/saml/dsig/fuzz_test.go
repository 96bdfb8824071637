package dsig

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"errors"
	"net/url"
	"strings"
	"testing"
)

// seeds are documents that hold one of each thing that the parser knows.
func seeds(t testing.TB) []string {
	t.Helper()
	return []string{
		`<a/>`, "\ufeff<?xml version='1.0' encoding='UTF-8'?><a/>",
		`<p:a xmlns:p="urn:1" p:x='&#9;&lt;"'><b xmlns="urn:2">x<!-- y -->z<![CDATA[<]]></b>` + "\r\n</p:a>",
		`<a xmlns:p="urn:1"><p:b xmlns:p="urn:2" p:ID="1"/><p:b/></a>`,
		`<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`, `<a xmlns="1"/>`, `<a><?x?></a>`, `<a>]]></a>`,
		entraResponse(t, 2),
		completed(t, assertionBlank(), rsaKey("idp"), crypto.SHA256),
		sealedFor(t, &rsaKey("sp").PublicKey, aes256GCM, plainText).String(),
	}
}

// FuzzParse looks for input that crashes the parser, and for a tree that does
// not hold together.
func FuzzParse(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := Parse(raw, Limits{})
		if err != nil {
			checkOf(t, err)
			return
		}
		elements := 0
		for i := range d.nodes {
			if n := &d.nodes[i]; !n.isText {
				elements++
				n.Text()
			}
		}
		if got := walk(t, d.Root(), nil); got != elements {
			t.Errorf("%d of %d elements can be reached", got, elements)
		}
	})
}

// walk counts the elements of a tree by its exported methods.
func walk(t *testing.T, e, parent *Element) int {
	if e.Parent() != parent {
		t.Errorf("%+v has another parent", e.name)
	}
	n := 1
	for c := range e.Children() {
		n += walk(t, c, e)
	}
	return n
}

// FuzzCanonical looks for a canonical form that means something else when it is
// read again, which is what the consumer of a signed message does.
func FuzzCanonical(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add([]byte(s), "")
		f.Add([]byte(s), "p #default")
	}
	f.Fuzz(func(t *testing.T, raw []byte, list string) {
		d, err := Parse(raw, Limits{})
		if err != nil || len(strings.Fields(list)) > prefixesListed {
			return
		}
		once, err := Canonical(d.Root(), strings.Fields(list)...)
		if err != nil {
			if checkOf(t, err) != CheckLimit {
				t.Fatal(err)
			}
			return
		}
		again, err := Parse(once, Limits{})
		if err != nil {
			if checkOf(t, err) != CheckLimit { // there may be more declarations than there were
				t.Fatalf("%v in\n%s", err, once)
			}
			return
		}
		same(t, d.Root(), again.Root())
		twice, err := Canonical(again.Root(), strings.Fields(list)...)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("it is not stable (%v):\n%s\n%s", err, once, twice)
		}
	})
}

// same compares what a consumer can see.
func same(t *testing.T, a, b *Element) {
	if a.name != b.name || a.Text() != b.Text() || a.ID() != b.ID() {
		t.Fatalf("%+v %q became %+v %q", a.name, a.Text(), b.name, b.Text())
	}
	for attr := range a.Attrs() {
		if v, ok := b.Attr(attr.Space, attr.Local); !ok || v != attr.Value {
			t.Fatalf("attribute %+v became %q", attr, v)
		}
	}
	x, y := a.FirstChild(), b.FirstChild()
	for x != nil && y != nil {
		same(t, x, y)
		x, y = x.Next(), y.Next()
	}
	if x != y {
		t.Fatalf("%+v has other children", a.name)
	}
}

// FuzzVerify looks for a document that verifies and says something else than the
// one that was signed.
func FuzzVerify(f *testing.F) {
	signed := completed(f, assertionBlank(), rsaKey("idp"), crypto.SHA256)
	d := parsed(f, signed)
	want, err := Verify(d, d.Root(), pinned(rsaKey("idp")), behindIssuer)
	if err != nil {
		f.Fatal(err)
	}
	// Two keys of each run differ, so the fuzzer changes a genuine document by a
	// replacement at some place rather than keeping whole documents.
	f.Add(uint(0), uint(0), "")
	f.Add(uint(100), uint(3), "<!-- -->")
	f.Add(uint(len(signed)-12), uint(0), "<x/>")
	f.Add(uint(strings.Index(signed, "<Issuer>")), uint(0), " ")
	f.Add(uint(strings.Index(signed, "<SignatureValue>")), uint(16), "<SignatureValue Id='x'>\n")
	f.Fuzz(func(t *testing.T, at, length uint, put string) {
		at %= uint(len(signed))
		end := at + length%(uint(len(signed))-at+1)
		d, err := Parse([]byte(signed[:at]+put+signed[end:]), Limits{})
		if err != nil {
			return
		}
		s, err := Verify(d, d.Root(), pinned(rsaKey("idp")), behindIssuer)
		if err != nil {
			checkOf(t, err)
			return
		}
		if !bytes.Equal(s.Octets, want.Octets) {
			t.Errorf("verified, but never signed:\n%s", s.Octets)
		}
	})
}

// FuzzDecrypt looks for a ciphertext that crashes, and for a second answer.
func FuzzDecrypt(f *testing.F) {
	key := rsaKey("sp")
	for _, algorithm := range []string{aes256CBC, aes256GCM} {
		e := sealedFor(f, &key.PublicKey, algorithm, plainText)
		f.Add(algorithm, e.data, e.wrapped[:64], []byte{})
		f.Add(algorithm, e.data[:20], []byte{}, []byte("0123456789abcdef0123456789abcdef"))
	}
	f.Fuzz(func(t *testing.T, algorithm string, data, wrapped, secret []byte) {
		e := envelope{algorithm: aes256CBC, wrapMethod: plainMGF1P, data: data, wrapped: wrapped}
		if algorithm == aes256GCM {
			e.algorithm = aes256GCM
		}
		if len(secret) == 32 { // else the wrapped key is junk as well
			e.wrapped = wrapFor(t, &key.PublicKey, secret, rsa.OAEPOptions{Hash: crypto.SHA1})
		}
		d, err := Parse([]byte(e.String()), Limits{})
		if err != nil {
			return
		}
		if _, err := Decrypt(d.Root(), []*rsa.PrivateKey{key}, Limits{}); err != nil && !errors.Is(err, ErrDecryption) {
			t.Errorf("it says %v", err)
		}
	})
}

// FuzzRedirect looks for a query that verifies and says something else than the
// one that was signed.
func FuzzRedirect(f *testing.F) {
	key := rsaKey("idp")
	good := signedQuery(f, key, rsaSHA256, "/here", url.QueryEscape)
	f.Add(uint(0), uint(0), "")
	f.Add(uint(0), uint(0), "x=y&")
	f.Add(uint(0), uint(11), "SAML%52equest")
	f.Add(uint(len(good)-1), uint(0), "&RelayState=x&")
	f.Fuzz(func(t *testing.T, at, length uint, put string) {
		at %= uint(len(good))
		end := at + length%(uint(len(good))-at+1)
		q := good[:at] + put + good[end:]
		if _, err := ParseRedirect(q, Limits{}); err != nil {
			checkOf(t, err)
		}
		r, err := VerifyRedirect(q, pinned(key), Policy{}, Limits{})
		if err != nil {
			checkOf(t, err)
			return
		}
		if string(r.Message) != logout || r.RelayState != "/here" || r.Parameter != "SAMLRequest" {
			t.Errorf("verified, but never signed: %+v", r)
		}
	})
}
