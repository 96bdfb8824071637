package dsig

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

const (
	aes256CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
	aes256GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	mgf1p     = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
	plainText = `<Assertion xmlns="` + assertionNS + `" ID="_a">secret</Assertion>`
)

// envelope is an EncryptedAssertion in the making.
type envelope struct {
	algorithm, wrapMethod string
	data, wrapped         []byte
}

func (e envelope) String() string {
	return `<EncryptedAssertion xmlns="` + assertionNS + `"><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element">` +
		`<xenc:EncryptionMethod Algorithm="` + e.algorithm + `"/><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">` + e.key("_k") + `</KeyInfo>` +
		`<xenc:CipherData><xenc:CipherValue>` + base64.StdEncoding.EncodeToString(e.data) + `</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></EncryptedAssertion>`
}

// key is the EncryptedKey by itself.
func (e envelope) key(id string) string {
	return `<e:EncryptedKey xmlns:e="http://www.w3.org/2001/04/xmlenc#" Id="` + id + `" Recipient="us">` + e.wrapMethod + `<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data/></KeyInfo>` +
		`<e:CipherData><e:CipherValue>` + base64.StdEncoding.EncodeToString(e.wrapped) + `</e:CipherValue></e:CipherData></e:EncryptedKey>`
}

const plainMGF1P = `<e:EncryptionMethod Algorithm="` + mgf1p + `"/>`

// sealedFor encrypts text for a key.
func sealedFor(t testing.TB, to *rsa.PublicKey, algorithm, text string) envelope {
	t.Helper()
	secret := random(32)
	e := envelope{algorithm: algorithm, wrapMethod: plainMGF1P, wrapped: wrapFor(t, to, secret, rsa.OAEPOptions{Hash: crypto.SHA1})}
	if algorithm == aes256GCM {
		e.data = sealGCM(t, secret, text)
		return e
	}
	padding := aes.BlockSize - len(text)%aes.BlockSize
	padded := append([]byte(text), random(padding)...)
	padded[len(padded)-1] = byte(padding)
	e.data = sealCBC(t, secret, padded)
	return e
}

func wrapFor(t testing.TB, to *rsa.PublicKey, secret []byte, o rsa.OAEPOptions) []byte {
	t.Helper()
	wrapped, err := rsa.EncryptOAEPWithOptions(rand.Reader, to, secret, &o)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

func sealGCM(t testing.TB, key []byte, text string) []byte {
	t.Helper()
	aead, err := cipher.NewGCM(block(t, key))
	if err != nil {
		t.Fatal(err)
	}
	nonce := random(aead.NonceSize())
	return aead.Seal(nonce, nonce, []byte(text), nil)
}

// sealCBC encrypts whole blocks.
func sealCBC(t testing.TB, key, padded []byte) []byte {
	t.Helper()
	data := append(random(aes.BlockSize), padded...)
	cipher.NewCBCEncrypter(block(t, key), data[:aes.BlockSize]).CryptBlocks(data[aes.BlockSize:], padded)
	return data
}

func block(t testing.TB, key []byte) cipher.Block {
	t.Helper()
	b, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never fails
	return b
}

// req: B19
func TestDecrypt_opensEachShapeAnIdPSends(t *testing.T) {
	key := rsaKey("sp")
	cbc, gcm := sealedFor(t, &key.PublicKey, aes256CBC, plainText), sealedFor(t, &key.PublicKey, aes256GCM, plainText)
	beside := strings.Replace(strings.Replace(cbc.String(), cbc.key("_k"), `<RetrievalMethod Type="http://www.w3.org/2001/04/xmlenc#EncryptedKey" URI="#_k"/>`, 1),
		"</EncryptedAssertion>", cbc.key("_k")+"</EncryptedAssertion>", 1)
	other := sealedFor(t, &rsaKey("other").PublicKey, aes256CBC, plainText)
	cases := map[string]string{
		"CBC, as Entra":                     cbc.String(),
		"GCM":                               gcm.String(),
		"a key beside the data":             beside,
		"a key beside, without a pointer":   strings.Replace(beside, `<RetrievalMethod Type="http://www.w3.org/2001/04/xmlenc#EncryptedKey" URI="#_k"/>`, "", 1),
		"a second key for somebody else":    strings.Replace(cbc.String(), cbc.key("_k"), other.key("_o")+cbc.key("_k"), 1),
		"no Type":                           strings.Replace(cbc.String(), ` Type="http://www.w3.org/2001/04/xmlenc#Element"`, "", 1),
		"wrapped base64":                    strings.Replace(cbc.String(), base64.StdEncoding.EncodeToString(cbc.data), wrapped(base64.StdEncoding.EncodeToString(cbc.data)), 1),
		"CBC in whole blocks":               sealedFor(t, &key.PublicKey, aes256CBC, plainText+strings.Repeat(" ", 16-len(plainText)%16)).String(),
		"one deep inside, with a prefix":    `<r xmlns:outer="` + assertionNS + `"><s>` + sealedFor(t, &key.PublicKey, aes256CBC, `<outer:Assertion ID="_a">secret</outer:Assertion>`).String() + `</s></r>`,
		"what takes its namespace from out": sealedFor(t, &key.PublicKey, aes256CBC, `<Assertion ID="_a">secret</Assertion>`).String(),
	}
	for name, o := range map[string]struct {
		options rsa.OAEPOptions
		method  string
	}{
		"OAEP, SHA-1 said aloud":       {rsa.OAEPOptions{Hash: crypto.SHA1}, oaepMethod(mgf1p, "http://www.w3.org/2000/09/xmldsig#sha1", "")},
		"OAEP with SHA-256":            {rsa.OAEPOptions{Hash: crypto.SHA256, MGFHash: crypto.SHA1}, oaepMethod(mgf1p, digestSHA256, "")},
		"OAEP of 1.1":                  {rsa.OAEPOptions{Hash: crypto.SHA1}, oaepMethod(namespaceEncryption11+"rsa-oaep", "", "")},
		"OAEP of 1.1 with SHA-256":     {rsa.OAEPOptions{Hash: crypto.SHA256}, oaepMethod(namespaceEncryption11+"rsa-oaep", digestSHA256, "mgf1sha256")},
		"OAEP of 1.1 with SHA-256/512": {rsa.OAEPOptions{Hash: crypto.SHA256, MGFHash: crypto.SHA512}, oaepMethod(namespaceEncryption11+"rsa-oaep", digestSHA256, "mgf1sha512")},
		"OAEP of 1.1, all of it aloud": {rsa.OAEPOptions{Hash: crypto.SHA1}, oaepMethod(namespaceEncryption11+"rsa-oaep", "http://www.w3.org/2000/09/xmldsig#sha1", "mgf1sha1")},
		"OAEP of 1.1 with SHA-512/384": {rsa.OAEPOptions{Hash: crypto.SHA512, MGFHash: crypto.SHA384}, oaepMethod(namespaceEncryption11+"rsa-oaep", "http://www.w3.org/2001/04/xmlenc#sha512", "mgf1sha384")},
		"OAEP with parameters":         {rsa.OAEPOptions{Hash: crypto.SHA1, Label: []byte("label")}, strings.Replace(oaepMethod(mgf1p, digestSHA256, ""), `<DigestMethod xmlns="http://www.w3.org/2000/09/xmldsig#" Algorithm="`+digestSHA256+`"/>`, `<e:OAEPparams>bGFiZWw=</e:OAEPparams>`, 1)},
	} {
		secret := random(32)
		e := envelope{algorithm: aes256GCM, wrapMethod: o.method, wrapped: wrapFor(t, &key.PublicKey, secret, o.options), data: sealGCM(t, secret, plainText)}
		cases[name] = e.String()
	}
	for name, document := range cases {
		t.Run("it opens "+name, func(t *testing.T) {
			d, err := Decrypt(find(t, parsed(t, document), "EncryptedAssertion"), []*rsa.PrivateKey{rsaKey("idp"), key}, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if root := d.Root(); !root.Is(assertionNS, "Assertion") || root.Text() != "secret" {
				t.Errorf("it became %+v", root.name)
			}
		})
	}
}

func oaepMethod(algorithm, digest, mask string) string {
	m := `<e:EncryptionMethod Algorithm="` + algorithm + `">`
	if digest != "" {
		m += `<DigestMethod xmlns="http://www.w3.org/2000/09/xmldsig#" Algorithm="` + digest + `"/>`
	}
	if mask != "" {
		m += `<x:MGF xmlns:x="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#` + mask + `"/>`
	}
	return m + `</e:EncryptionMethod>`
}

// wrapped breaks a line every 64 characters, as PEM does.
func wrapped(s string) string {
	var b strings.Builder
	for len(s) > 64 {
		b.WriteString(s[:64] + "\r\n")
		s = s[64:]
	}
	return b.String() + s
}

// TestDecrypt_hasOneAnswerForEveryFailure because an attacker who could tell
// them apart could decrypt what he has captured.
func TestDecrypt_hasOneAnswerForEveryFailure(t *testing.T) {
	key := rsaKey("sp")
	secret := random(32)
	e := envelope{algorithm: aes256CBC, wrapMethod: plainMGF1P, wrapped: wrapFor(t, &key.PublicKey, secret, rsa.OAEPOptions{Hash: crypto.SHA1})}
	cbc := func(padded string) string {
		e := e
		e.data = sealCBC(t, secret, []byte(padded))
		return e.String()
	}
	with := func(data []byte) string {
		e := e
		e.data = data
		return e.String()
	}
	gcm := func(data []byte) string {
		e := e
		e.algorithm, e.data = aes256GCM, data
		return e.String()
	}
	whole := plainText + strings.Repeat(" ", 15-len(plainText)%16)
	sealed := sealGCM(t, secret, plainText)
	flipped := append([]byte(nil), sealed...)
	flipped[len(flipped)-1] ^= 1
	turned := append([]byte(nil), sealed...)
	turned[20] ^= 1
	short := e
	short.wrapped, short.data = wrapFor(t, &key.PublicKey, secret[:16], rsa.OAEPOptions{Hash: crypto.SHA1}), random(64)
	half := e
	half.wrapped, half.data = e.wrapped[:128], random(64)
	long := e
	long.wrapped, long.data = append(append([]byte(nil), e.wrapped...), 0), random(64)
	cases := map[string]string{
		"padding 0":                        cbc(whole + "\x00"),
		"padding 17":                       cbc(whole + "\x11"),
		"padding 255":                      cbc(whole + "\xff"),
		"padding that leaves nothing":      cbc(strings.Repeat("\x10", 16)),
		"plaintext that is not XML":        cbc("hello, world...\x01"),
		"plaintext that is not UTF-8":      cbc(strings.Repeat("\xff", 15) + "\x01"),
		"plaintext with a document type":   cbc("<!DOCTYPE a><a/>" + strings.Repeat("\x10", 16)),
		"two elements":                     cbc("<a/><b/>       \x01"),
		"plaintext with an unknown prefix": cbc("<x:a/>         \x01"),
		"half a block":                     with(random(40)),
		"one block":                        with(random(16)),
		"less than a block":                with(random(5)),
		"nothing":                          with(nil),
		"random blocks":                    with(random(160)),
		"a huge ciphertext":                with(random(150 << 10)),
		"no base64":                        strings.Replace(with(random(30)), "</xenc:CipherValue>", "!</xenc:CipherValue>", 1),
		"a tag changed":                    gcm(flipped),
		"a byte changed":                   gcm(turned),
		"a tag cut off":                    gcm(sealed[:len(sealed)-1]),
		"only a nonce":                     gcm(sealed[:12]),
		"less than a nonce":                gcm(sealed[:3]),
		"no bytes for GCM":                 gcm(nil),
		"a key of the wrong size":          short.String(),
		"half a wrapped key":               half.String(),
		"a wrapped key too long":           long.String(),
		"somebody else's key":              sealedFor(t, &rsaKey("other").PublicKey, aes256GCM, plainText).String(),
		"no wrapped key":                   strings.Replace(cbc(whole+"\x01"), base64.StdEncoding.EncodeToString(e.wrapped), "", 1),
		"a wrapped key of no base64":       strings.Replace(cbc(whole+"\x01"), base64.StdEncoding.EncodeToString(e.wrapped), "====", 1),
		"OAEP with another digest":         strings.Replace(cbc(whole+"\x01"), plainMGF1P, oaepMethod(mgf1p, digestSHA256, ""), 1),
	}
	if d, err := Decrypt(parsed(t, cbc(whole+"\x01")).Root(), []*rsa.PrivateKey{key}, Limits{}); err != nil || d.Root().Text() != "secret" {
		t.Fatalf("even the right one is refused: %v", err)
	}
	for name, document := range cases {
		t.Run("for "+name, func(t *testing.T) {
			d, err := Decrypt(parsed(t, document).Root(), []*rsa.PrivateKey{rsaKey("idp"), key}, Limits{})
			if d != nil || !errors.Is(err, ErrDecryption) || err.Error() != ErrDecryption.Error() {
				t.Errorf("it says %v", err)
			}
		})
	}
}

func TestDecrypt_refusesOtherShapesAndAlgorithms(t *testing.T) {
	key := rsaKey("sp")
	e := sealedFor(t, &key.PublicKey, aes256CBC, plainText)
	at := e.key("_k")
	good := e.String()
	pointer := `<RetrievalMethod URI="#_k"/>`
	cases := map[string]struct {
		old, new string
		want     Check
	}{
		"3DES":                        {aes256CBC, "http://www.w3.org/2001/04/xmlenc#tripledes-cbc", CheckAlgorithm},
		"an unknown cipher":           {aes256CBC, "urn:rot13", CheckAlgorithm},
		"RSA 1.5":                     {mgf1p, "http://www.w3.org/2001/04/xmlenc#rsa-1_5", CheckAlgorithm},
		"AES key wrap":                {mgf1p, "http://www.w3.org/2001/04/xmlenc#kw-aes256", CheckAlgorithm},
		"no algorithm":                {` Algorithm="` + aes256CBC + `"`, "", CheckAlgorithm},
		"OAEP with MD5":               {plainMGF1P, oaepMethod(mgf1p, "http://www.w3.org/2001/04/xmldsig-more#md5", ""), CheckAlgorithm},
		"OAEP with an unknown mask":   {plainMGF1P, oaepMethod(namespaceEncryption11+"rsa-oaep", "", "mgf1md5"), CheckAlgorithm},
		"a mask where there is none":  {plainMGF1P, oaepMethod(mgf1p, "", "mgf1sha256"), CheckGrammar},
		"no method for the data":      {`<xenc:EncryptionMethod Algorithm="` + aes256CBC + `"/>`, "", CheckGrammar},
		"no method for the key":       {plainMGF1P, "", CheckGrammar},
		"a key size of its own":       {`cbc"/>`, `cbc"><xenc:KeySize>1</xenc:KeySize></xenc:EncryptionMethod>`, CheckGrammar},
		"encrypted content":           {"xmlenc#Element", "xmlenc#Content", CheckGrammar},
		"no CipherData":               {`<xenc:CipherData>`, `<xenc:CipherData xmlns:xenc="urn:other">`, CheckGrammar},
		"an attribute on the digest":  {plainMGF1P, strings.Replace(oaepMethod(mgf1p, digestSHA256, ""), "<DigestMethod ", `<DigestMethod x="y" `, 1), CheckGrammar},
		"a CipherReference":           {`<xenc:CipherData>`, `<xenc:CipherData><xenc:CipherReference URI="http://x.example/"/>`, CheckGrammar},
		"two EncryptedDatas":          {`</EncryptedAssertion>`, `<EncryptedData xmlns="http://www.w3.org/2001/04/xmlenc#"/></EncryptedAssertion>`, CheckGrammar},
		"something beside":            {`</EncryptedAssertion>`, `<Assertion/></EncryptedAssertion>`, CheckGrammar},
		"no key":                      {at, "", CheckGrammar},
		"three keys":                  {at, e.key("_1") + e.key("_2") + e.key("_3"), CheckGrammar},
		"a pointer to nowhere":        {at, pointer, CheckReference},
		"a pointer to a key in place": {at, at + pointer, CheckReference},
		"a pointer to the outside":    {at, strings.Replace(pointer, "#_k", "http://x.example/#_k", 1), CheckReference},
	}
	for name, c := range cases {
		t.Run("it refuses "+name, func(t *testing.T) {
			document := strings.Replace(good, c.old, c.new, 1)
			if document == good {
				t.Fatalf("nothing was replaced: %q is not there", c.old)
			}
			_, err := Decrypt(parsed(t, document).Root(), []*rsa.PrivateKey{key}, Limits{})
			if got := checkOf(t, err); got != c.want {
				t.Errorf("it says %q (%v), not %q", got, err, c.want)
			}
		})
	}
	for name, c := range map[string]struct {
		element *Element
		keys    []*rsa.PrivateKey
		want    Check
	}{
		"no element":       {nil, []*rsa.PrivateKey{key}, CheckGrammar},
		"an empty element": {parsed(t, "<a/>").Root(), []*rsa.PrivateKey{key}, CheckGrammar},
		"no key of ours":   {parsed(t, good).Root(), nil, CheckKey},
	} {
		if _, err := Decrypt(c.element, c.keys, Limits{}); checkOf(t, err) != c.want {
			t.Errorf("with %s it says %v", name, err)
		}
	}
}
