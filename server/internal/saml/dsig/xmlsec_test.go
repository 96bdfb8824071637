package dsig

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// xmlsec1 runs the program of that name, which shares no code with us, and
// returns what it wrote.
func xmlsec1(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var words strings.Builder
	cmd := exec.Command("xmlsec1", args...)
	cmd.Stderr = &words
	out, err := cmd.Output()
	if err != nil {
		t.Logf("xmlsec1 %s: %v\n%s", strings.Join(args, " "), err, words.String())
	}
	return string(out), err
}

// file writes a file for xmlsec1 to read.
func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func privateFile(t *testing.T, key crypto.Signer) string {
	t.Helper()
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return file(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

func publicFile(t *testing.T, key crypto.Signer) string {
	t.Helper()
	raw, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return file(t, "public.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: raw}))
}

func TestVerify_acceptsWhatXmlsecSigns(t *testing.T) {
	const more, enc = "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2001/04/xmlenc#"
	prefixList := `xml-exc-c14n#"><i:InclusiveNamespaces xmlns:i="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="xs samlp #default"/></Transform></Transforms>`
	cases := map[string]struct {
		key  crypto.Signer
		edit []string
	}{
		"RSA with SHA-256":   {rsaKey("idp"), nil},
		"RSA with SHA-384":   {rsaKey("idp"), []string{more + "rsa-sha256", more + "rsa-sha384", enc + "sha256", more + "sha384"}},
		"RSA with SHA-512":   {rsaKey("idp"), []string{more + "rsa-sha256", more + "rsa-sha512", enc + "sha256", enc + "sha512"}},
		"ECDSA on P-256":     {curveKey(elliptic.P256()), []string{more + "rsa-sha256", more + "ecdsa-sha256"}},
		"ECDSA on P-384":     {curveKey(elliptic.P384()), []string{more + "rsa-sha256", more + "ecdsa-sha384", enc + "sha256", more + "sha384"}},
		"a PrefixList":       {rsaKey("idp"), []string{`xml-exc-c14n#"/></Transforms>`, prefixList, "<samlp:Response ", `<samlp:Response xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:unused" `}},
		"comments and CDATA": {rsaKey("idp"), []string{">Ann<", "><!-- x -->A<![CDATA[n&]]><!-- y -->n\u00a0&#13;<"}},
		"namespaces bound again": {rsaKey("idp"), []string{
			"<AttributeStatement>", `<a:AttributeStatement xmlns:a="` + assertionNS + `">`, "</AttributeStatement>", "</a:AttributeStatement>",
			"<Subject>", `<Subject xmlns:samlp="urn:again" samlp:x="&quot;&#9;'" xmlns:u="urn:u">`,
		}},
	}
	for name, c := range cases {
		t.Run("it accepts "+name, func(t *testing.T) {
			blank := strings.NewReplacer(append([]string{"DIGEST", "", "VALUE", ""}, c.edit...)...).Replace(entraResponse(t, 3))
			signed, err := xmlsec1(t, "--sign", "--id-attr:ID", assertionNS+":Assertion", "--privkey-pem", privateFile(t, c.key), file(t, "blank.xml", []byte(blank)))
			if err != nil {
				t.Fatal(err)
			}
			d := parsed(t, signed)
			s, err := Verify(d, find(t, d, "Assertion"), pinned(c.key), behindIssuer)
			if err != nil {
				t.Fatalf("%v\n%s", err, signed)
			}
			find(t, parsed(t, string(s.Octets)), "NameID")
		})
	}
}

func TestSign_makesWhatXmlsecAccepts(t *testing.T) {
	key := rsaKey("sp")
	for name, s := range map[string]Signer{
		"behind the Issuer": {Key: key, After: Name{assertionNS, "Issuer"}, Certificate: certificate(t, key)},
		"as the first":      {Key: key},
	} {
		t.Run(name, func(t *testing.T) {
			signed, err := s.Sign([]byte(`<?xml version="1.0" encoding="UTF-8"?>` + "\r\n" + `<p:AuthnRequest xmlns:p="` + protocolNS +
				`" xmlns:unused="urn:u" ID="_1" Destination='https://a.example/?x=1&amp;y="2">'><Issuer xmlns="` + assertionNS + `">BTIQ</Issuer><!-- x --><p:x>é&#13;</p:x></p:AuthnRequest>`))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := xmlsec1(t, "--verify", "--id-attr:ID", protocolNS+":AuthnRequest", "--enabled-key-data", "key-name,rsa", "--pubkey-pem", publicFile(t, key), file(t, "signed.xml", signed)); err != nil {
				t.Errorf("xmlsec1 refuses\n%s", signed)
			}
			d := parsed(t, string(signed))
			if _, err := Verify(d, d.Root(), pinned(key), Policy{After: s.After}); err != nil {
				t.Errorf("we refuse it ourselves: %v", err)
			}
		})
	}
}

// encryptedBlank is an EncryptedAssertion for xmlsec1 to fill in.
func encryptedBlank(data, wrap string) string {
	return `<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element">` +
		`<xenc:EncryptionMethod Algorithm="` + data + `"/><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey>` + wrap +
		`<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>` +
		`<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>`
}

func TestDecrypt_opensWhatXmlsecEncrypts(t *testing.T) {
	key := rsaKey("sp")
	public := publicFile(t, key)
	const oaep = `<xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"/>`
	for name, c := range map[string]struct{ session, algorithm string }{
		"AES-128 in CBC mode": {"aes-128", "http://www.w3.org/2001/04/xmlenc#aes128-cbc"},
		"AES-256 in CBC mode": {"aes-256", "http://www.w3.org/2001/04/xmlenc#aes256-cbc"},
		"AES-128 in GCM mode": {"aes-128", "http://www.w3.org/2009/xmlenc11#aes128-gcm"},
		"AES-256 in GCM mode": {"aes-256", "http://www.w3.org/2009/xmlenc11#aes256-gcm"},
	} {
		t.Run(name, func(t *testing.T) {
			// xmlsec1 encrypts the Assertion without the declaration on the element
			// around it, as pysaml2 does.
			document := `<saml:EncryptedAssertion xmlns:saml="` + assertionNS + `"><saml:Assertion ID="_a"><saml:Issuer>x</saml:Issuer></saml:Assertion></saml:EncryptedAssertion>`
			encrypted, err := xmlsec1(t, "--encrypt", "--session-key", c.session, "--pubkey-pem", public, "--xml-data", file(t, "data.xml", []byte(document)),
				"--node-name", assertionNS+":Assertion", file(t, "blank.xml", []byte(encryptedBlank(c.algorithm, oaep))))
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decrypt(parsed(t, encrypted).Root(), []*rsa.PrivateKey{rsaKey("other"), key}, Limits{})
			if err != nil {
				t.Fatalf("%v\n%s", err, encrypted)
			}
			if !got.Root().Is(assertionNS, "Assertion") || got.Root().FirstChild().Text() != "x" {
				t.Errorf("it became %+v", got.Root().name)
			}
		})
	}
}
