package dsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"math/big"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	assertionNS = "urn:oasis:names:tc:SAML:2.0:assertion"
	protocolNS  = "urn:oasis:names:tc:SAML:2.0:protocol"
)

// behindIssuer is the policy of SAML.
var behindIssuer = Policy{After: Name{assertionNS, "Issuer"}}

// rsaKey returns one of the RSA keys of this test run. The name says which.
func rsaKey(name string) *rsa.PrivateKey {
	made.Lock()
	defer made.Unlock()
	if k := made.keys[name]; k != nil {
		return k
	}
	bits := 2048
	if name == "weak" {
		bits = 1024
	}
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	made.keys[name] = k
	return k
}

var made = struct {
	sync.Mutex
	keys map[string]*rsa.PrivateKey
}{keys: map[string]*rsa.PrivateKey{}}

func curveKey(c elliptic.Curve) *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

// pinned makes keys to verify with.
func pinned(keys ...crypto.Signer) []Key {
	var all []Key
	for _, k := range keys {
		all = append(all, Key{Public: k.Public()})
	}
	return all
}

// certificate returns a certificate of its own for a key.
func certificate(t testing.TB, k crypto.Signer) *x509.Certificate {
	t.Helper()
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	raw, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: from, NotAfter: from.AddDate(3, 0, 0),
	}, &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}}, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// signatureBlank is a Signature without its two values, for the element with
// this ID.
func signatureBlank(id string) string {
	return `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>` +
		`<CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>` +
		`<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>` +
		`<Reference URI="#` + id + `"><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>` +
		`<Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></Transforms>` +
		`<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>DIGEST</DigestValue></Reference></SignedInfo>` +
		`<SignatureValue>VALUE</SignatureValue></Signature>`
}

// assertionID is the ID of what is signed in most tests.
const assertionID = "_a1"

// assertionBlank is a small assertion with its signature still blank.
func assertionBlank() string {
	return `<Assertion ID="` + assertionID + `" Version="2.0" xmlns="` + assertionNS + `"><Issuer>https://sts.windows.net/t/</Issuer>` +
		signatureBlank(assertionID) + `<Subject><NameID>ann@example.com</NameID></Subject></Assertion>`
}

// completed fills in the values of the blank signature in a document, genuinely:
// whatever else is odd about it, the key's owner signed it so.
func completed(t testing.TB, document string, key crypto.Signer, hash crypto.Hash, prefixes ...string) string {
	t.Helper()
	sig := blank(t, document)
	octets, failed := canonical(sig.Parent(), sig, prefixes)
	if failed != nil {
		t.Fatal(failed)
	}
	document = strings.Replace(document, "DIGEST", base64.StdEncoding.EncodeToString(digest(hash, octets)), 1)
	sig = blank(t, document)
	info := sig.Child(NamespaceSignature, "SignedInfo")
	if info == nil {
		info = sig
	}
	octets, failed = canonical(info, nil, prefixes)
	if failed != nil {
		t.Fatal(failed)
	}
	return strings.Replace(document, "VALUE", signedBy(t, key, hash, octets), 1)
}

// blank finds the signature whose value is not filled in.
func blank(t testing.TB, document string) *Element {
	t.Helper()
	d := parsed(t, document)
	for i := range d.nodes {
		if e := &d.nodes[i]; e.isText && e.text == "VALUE" {
			return e.Parent().Parent()
		}
	}
	t.Fatalf("no blank signature in %s", document)
	return nil
}

// signedBy returns the signature value as XML Signature wants it.
func signedBy(t testing.TB, key crypto.Signer, hash crypto.Hash, octets []byte) string {
	t.Helper()
	sum := digest(hash, octets)
	if k, ok := key.(*ecdsa.PrivateKey); ok {
		r, s, err := ecdsa.Sign(rand.Reader, k, sum)
		if err != nil {
			t.Fatal(err)
		}
		size := (k.Curve.Params().BitSize + 7) / 8
		return base64.StdEncoding.EncodeToString(append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...))
	}
	value, err := key.Sign(rand.Reader, sum, hash)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(value)
}

func parsed(t testing.TB, document string) *Document {
	t.Helper()
	d, err := Parse([]byte(document), Limits{})
	if err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	return d
}

// find returns the first element with this local name.
func find(t testing.TB, d *Document, local string) *Element {
	t.Helper()
	for i := range d.nodes {
		if e := &d.nodes[i]; !e.isText && e.name.Local == local {
			return e
		}
	}
	t.Fatalf("no %s in the document", local)
	return nil
}

// checkOf returns the check that refused, or "".
func checkOf(t testing.TB, err error) Check {
	t.Helper()
	var e *Error
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &e):
		t.Fatalf("%v is no *Error", err)
	}
	return e.Check
}

// entraResponse is a response of the shape and size that Entra sends, with this
// many groups, whose assertion has a blank signature with a certificate in it.
func entraResponse(t testing.TB, groups int) string {
	t.Helper()
	const claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	var b strings.Builder
	b.WriteString(`<samlp:Response ID="_r1" Version="2.0" IssueInstant="2026-11-20T10:00:00.000Z" Destination="https://app.example.com/w/acme/saml/acs" InResponseTo="id1234567890" xmlns:samlp="` + protocolNS + `">` +
		`<Issuer xmlns="` + assertionNS + `">https://sts.windows.net/11111111-2222-3333-4444-555555555555/</Issuer>` +
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` +
		`<Assertion ID="` + assertionID + `" IssueInstant="2026-11-20T10:00:00.000Z" Version="2.0" xmlns="` + assertionNS + `">` +
		`<Issuer>https://sts.windows.net/11111111-2222-3333-4444-555555555555/</Issuer>`)
	key := `<KeyInfo><X509Data><X509Certificate>` + base64.StdEncoding.EncodeToString(certificate(t, rsaKey("idp")).Raw) + `</X509Certificate></X509Data></KeyInfo>`
	b.WriteString(strings.Replace(signatureBlank(assertionID), `</Signature>`, key+`</Signature>`, 1))
	b.WriteString(`<Subject><NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">ann@example.com</NameID>` +
		`<SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><SubjectConfirmationData InResponseTo="id1234567890" NotOnOrAfter="2026-11-20T11:00:00.000Z" Recipient="https://app.example.com/w/acme/saml/acs"/></SubjectConfirmation></Subject>` +
		`<Conditions NotBefore="2026-11-20T10:00:00.000Z" NotOnOrAfter="2026-11-20T11:10:00.000Z"><AudienceRestriction><Audience>https://app.example.com/w/acme/saml/metadata</Audience></AudienceRestriction></Conditions>` +
		`<AttributeStatement>`)
	for _, a := range [][2]string{
		{"http://schemas.microsoft.com/identity/claims/tenantid", "11111111-2222-3333-4444-555555555555"},
		{"http://schemas.microsoft.com/identity/claims/objectidentifier", "99999999-2222-3333-4444-555555555555"},
		{"http://schemas.microsoft.com/identity/claims/displayname", "Ann Äpfel"},
		{"http://schemas.microsoft.com/identity/claims/identityprovider", "https://sts.windows.net/11111111-2222-3333-4444-555555555555/"},
		{"http://schemas.microsoft.com/claims/authnmethodsreferences", "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"},
		{claims + "givenname", "Ann"},
		{claims + "surname", "Äpfel"},
		{claims + "emailaddress", "ann@example.com"},
		{claims + "name", "ann@example.com"},
	} {
		b.WriteString(`<Attribute Name="` + a[0] + `"><AttributeValue>` + a[1] + `</AttributeValue></Attribute>`)
	}
	if groups > 0 {
		b.WriteString(`<Attribute Name="http://schemas.microsoft.com/ws/2008/06/identity/claims/groups">`)
		for i := range groups {
			b.WriteString(`<AttributeValue>00000000-0000-0000-0000-` + strconv.Itoa(100000000000+i) + `</AttributeValue>`)
		}
		b.WriteString(`</Attribute>`)
	}
	b.WriteString(`</AttributeStatement><AuthnStatement AuthnInstant="2026-11-20T09:59:58.000Z" SessionIndex="` + assertionID + `"><AuthnContext><AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</AuthnContextClassRef></AuthnContext></AuthnStatement>` +
		`</Assertion></samlp:Response>`)
	return b.String()
}
