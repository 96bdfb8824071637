package hostile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"regexp"
	"strings"

	_ "crypto/sha1" // some cases are signed with it
	_ "crypto/sha256"
	_ "crypto/sha512"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// Names of XML Signature.
const (
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	more        = "http://www.w3.org/2001/04/xmldsig-more#"
	xenc        = "http://www.w3.org/2001/04/xmlenc#"
	exclusive   = "http://www.w3.org/2001/10/xml-exc-c14n#"
	inclusive   = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	enveloped   = nsSignature + "enveloped-signature"
	rsaSHA256   = more + "rsa-sha256"
	digest256   = xenc + "sha256"
)

// nothing is an algorithm that is named by an empty string.
const nothing = "(nothing)"

// signing says how to sign. Its zero value signs as Entra does.
type signing struct {
	key     Key    // zero: the World's main key
	secret  []byte // signs with HMAC instead of key
	c14n    string // algorithm that is named, and used where it is known
	method  string // signature algorithm that is named
	digest  string // digest algorithm that is named
	hash    crypto.Hash
	refer   *string // URI; nil: "#" and the ID
	between string  // inside Transforms; empty: the two that are right
	list    string  // PrefixList of the canonicalisation
	prefix  string  // of Signature's elements; empty: the default namespace
	outside bool    // the prefix is declared further out
	keyInfo *string // nil: the key's certificate
	wrap    string  // put into base64 every 64 characters
	object  string  // behind KeyInfo
	change  edit    // of SignedInfo, before it is signed
	octets  []byte  // signed instead of the element's canonical form
	der     bool    // an ECDSA signature as ASN.1
	place   func(doc, signature string) string
}

var issuerEnd = regexp.MustCompile(`</([A-Za-z0-9_.-]+:)?Issuer>`)

// sign puts a Signature over the element with the given ID behind its Issuer.
func (w World) sign(doc, id string, s signing) string {
	signature := w.signature(doc, id, s)
	if s.place != nil {
		return s.place(doc, signature)
	}
	from := strings.Index(doc, `="`+id+`"`)
	if from < 0 {
		panic("hostile: nothing has the ID " + id)
	}
	at := issuerEnd.FindStringIndex(doc[from:])
	if at == nil {
		panic("hostile: no Issuer to sign behind in " + doc)
	}
	return doc[:from+at[1]] + signature + doc[from+at[1]:]
}

// signature makes the Signature over the element with the given ID.
func (w World) signature(doc, id string, s signing) string {
	s.defaults(w)
	octets := s.octets
	if octets == nil {
		octets = canonical(doc, id, s.c14n, s.list)
	}
	uri := "#" + id
	if s.refer != nil {
		uri = *s.refer
	}
	info := fmt.Sprintf(`<SignedInfo><CanonicalizationMethod Algorithm="%s"/><SignatureMethod Algorithm="%s"/>`, s.c14n, s.method) +
		fmt.Sprintf(`<Reference URI="%s"><Transforms>%s</Transforms><DigestMethod Algorithm="%s"/><DigestValue>%s</DigestValue></Reference></SignedInfo>`,
			uri, s.between, s.digest, base64.StdEncoding.EncodeToString(sum(s.hash, octets)))
	info = strings.Replace(info, nothing, "", 1)
	if s.change != nil {
		info = s.change(info)
	}
	info = s.prefixed(info)
	value := s.value(canonicalInfo(info, &s))
	name, declared := "Signature", fmt.Sprintf(` xmlns="%s"`, nsSignature)
	if s.prefix != "" {
		name, declared = s.prefix+":Signature", fmt.Sprintf(` xmlns:%s="%s"`, s.prefix, nsSignature)
	}
	if s.outside {
		declared = ""
	}
	return "<" + name + declared + ">" + info +
		s.prefixed("<SignatureValue>"+wrapped(value, s.wrap)+"</SignatureValue>"+*s.keyInfo+s.object) + "</" + name + ">"
}

func (s *signing) defaults(w World) {
	if s.key.Signer == nil {
		s.key = w.Keys.Main
	}
	for _, d := range []struct {
		field *string
		value string
	}{{&s.c14n, exclusive}, {&s.method, rsaSHA256}, {&s.digest, digest256}} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if s.hash == 0 {
		s.hash = crypto.SHA256
	}
	if s.between == "" {
		s.between = transform(enveloped) + transform(exclusive)
		if s.list != "" {
			s.between = transform(enveloped) + fmt.Sprintf(`<Transform Algorithm="%s"><ec:InclusiveNamespaces xmlns:ec="%s" PrefixList="%s"/></Transform>`, exclusive, exclusive, s.list)
		}
	}
	if s.keyInfo == nil {
		s.keyInfo = new(keyInfo(s.key))
	}
}

func transform(algorithm string) string {
	return fmt.Sprintf(`<Transform Algorithm="%s"/>`, algorithm)
}

func keyInfo(k Key) string {
	return "<KeyInfo><X509Data><X509Certificate>" + base64.StdEncoding.EncodeToString(k.Certificate.Raw) + "</X509Certificate></X509Data></KeyInfo>"
}

var unprefixed = regexp.MustCompile(`<(/?)([A-Z][A-Za-z0-9]*)`)

// prefixed gives the elements of XML Signature in text the prefix.
func (s *signing) prefixed(text string) string {
	if s.prefix == "" {
		return text
	}
	return unprefixed.ReplaceAllString(text, "<${1}"+s.prefix+":$2")
}

// value signs SignedInfo's canonical form.
func (s *signing) value(info []byte) []byte {
	if s.secret != nil {
		mac := hmac.New(s.hash.New, s.secret)
		mac.Write(info)
		return mac.Sum(nil)
	}
	raw, err := s.key.Sign(rand.Reader, sum(s.hash, info), s.hash)
	if err != nil {
		panic("hostile: signing: " + err.Error())
	}
	public, ok := s.key.Public().(*ecdsa.PublicKey)
	if !ok || s.der {
		return raw
	}
	var point struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(raw, &point); err != nil {
		panic("hostile: reading an ECDSA signature: " + err.Error())
	}
	size := (public.Params().BitSize + 7) / 8
	return append(point.R.FillBytes(make([]byte, size)), point.S.FillBytes(make([]byte, size))...)
}

func sum(h crypto.Hash, data []byte) []byte {
	d := h.New()
	d.Write(data)
	return d.Sum(nil)
}

// wrapped is base64 with separator after every 64 characters, if any.
func wrapped(raw []byte, separator string) string {
	text := base64.StdEncoding.EncodeToString(raw)
	if separator == "" {
		return text
	}
	var b strings.Builder
	for len(text) > 64 {
		b.WriteString(text[:64] + separator)
		text = text[64:]
	}
	return b.String() + text + separator
}

// canonical returns the canonical form of the element with the given ID.
func canonical(doc, id, algorithm, list string) []byte {
	root := parsed(doc)
	for _, el := range append([]*etree.Element{root}, root.FindElements(".//*")...) {
		for _, attr := range el.Attr {
			if attr.Value == id && strings.EqualFold(attr.Key, "id") {
				return canonicalElement(el, algorithm, list)
			}
		}
	}
	panic("hostile: nothing has the ID " + id)
}

func canonicalInfo(info string, s *signing) []byte {
	name := "xmlns"
	if s.prefix != "" {
		name += ":" + s.prefix
	}
	return canonicalElement(parsed(fmt.Sprintf(`<x %s="%s">%s</x>`, name, nsSignature, info)).ChildElements()[0], s.c14n, "")
}

func parsed(doc string) *etree.Element {
	tree := etree.NewDocument()
	if err := tree.ReadFromString(doc); err != nil {
		panic("hostile: a document of our own: " + err.Error())
	}
	return tree.Root()
}

func canonicalElement(el *etree.Element, algorithm, list string) []byte {
	context, err := etreeutils.NSBuildParentContext(el)
	if err != nil {
		panic("hostile: " + err.Error())
	}
	alone, err := etreeutils.NSDetatch(context, el)
	if err != nil {
		panic("hostile: " + err.Error())
	}
	c := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(list)
	switch algorithm {
	case inclusive:
		c = dsig.MakeC14N10RecCanonicalizer()
	case exclusive + "WithComments":
		c = dsig.MakeC14N10ExclusiveWithCommentsCanonicalizerWithPrefixList(list)
	}
	octets, err := c.Canonicalize(alone)
	if err != nil {
		panic("hostile: canonicalising: " + err.Error())
	}
	return octets
}

// rsaModulus is that of a certificate's key, which must be RSA.
func rsaModulus(c *x509.Certificate) []byte { return c.PublicKey.(*rsa.PublicKey).N.Bytes() }
