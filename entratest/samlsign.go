package entratest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // the signing algorithm SHA-1 is an option of Entra's
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
)

// The algorithms of XML Signature that Entra uses.
const (
	algExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
	algEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	algRSASHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	algRSASHA1   = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
	algSHA256    = "http://www.w3.org/2001/04/xmlenc#sha256"
	algSHA1      = "http://www.w3.org/2000/09/xmldsig#sha1"
)

// xmlSigner makes enveloped signatures.
type xmlSigner struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
	sha1 bool
	hand hand
}

// digest hashes with the signer's algorithm.
func (s xmlSigner) digest(b []byte) (crypto.Hash, []byte) {
	if s.sha1 {
		sum := sha1.Sum(b) //nolint:gosec // see the import
		return crypto.SHA1, sum[:]
	}
	sum := sha256.Sum256(b)
	return crypto.SHA256, sum[:]
}

// sign puts a signature into n, which stands inside of outer and has that id:
// after its Issuer, or first where it has none (SAML core section 5.4.2).
func (s xmlSigner) sign(n *node, outer scope, id string) {
	sigAlg, digestAlg := algRSASHA256, algSHA256
	if s.sha1 {
		sigAlg, digestAlg = algRSASHA1, algSHA1
	}
	_, sum := s.digest(n.canonical(outer, s.hand.inclusive...))
	q := s.hand.sig
	transform := el(q("Transform"), "Algorithm", algExclusive)
	if len(s.hand.inclusive) > 0 {
		transform.add(el("ec:InclusiveNamespaces", "xmlns:ec", algExclusive, "PrefixList", strings.Join(s.hand.inclusive, " ")))
	}
	info := el(q("SignedInfo")).add(
		el(q("CanonicalizationMethod"), "Algorithm", algExclusive),
		el(q("SignatureMethod"), "Algorithm", sigAlg),
		el(q("Reference"), "URI", "#"+id).add(
			el(q("Transforms")).add(el(q("Transform"), "Algorithm", algEnveloped), transform),
			el(q("DigestMethod"), "Algorithm", digestAlg),
			textEl(q("DigestValue"), base64.StdEncoding.EncodeToString(sum)),
		))
	signature := el(q("Signature"), s.hand.sigDecl(), nsSignature)
	hash, sum := s.digest(info.canonical(outer.with(n).with(signature)))
	value, err := rsa.SignPKCS1v15(rand.Reader, s.key, hash, sum)
	if err != nil {
		panic("entratest: signing failed: " + err.Error()) // our own healthy key
	}
	signature.add(info, textEl(q("SignatureValue"), base64.StdEncoding.EncodeToString(value)), s.hand.keyInfo(s.cert))
	at := slices.IndexFunc(n.body, func(c any) bool {
		e, ok := c.(*node)
		return ok && e.is(outer.with(n), nsAssertion, "Issuer")
	})
	n.body = slices.Insert(n.body, at+1, any(signature))
}

var errSignature = errors.New("the signature is missing or wrong")

// verifyEnveloped checks the signature in a request that was sent by POST: one
// of ours in form (one reference to the root, enveloped and exclusive), by one
// of the keys.
func verifyEnveloped(root *node, keys []*x509.Certificate, allowSHA1 bool) error {
	inner := scope{}.with(root)
	signature := root.child(scope{}, nsSignature, "Signature")
	if signature == nil {
		return errSignature
	}
	at := inner.with(signature)
	info := signature.child(inner, nsSignature, "SignedInfo")
	value := signature.child(inner, nsSignature, "SignatureValue")
	if info == nil || value == nil {
		return errSignature
	}
	inInfo := at.with(info)
	reference := info.child(at, nsSignature, "Reference")
	method := info.child(at, nsSignature, "SignatureMethod")
	c14n := info.child(at, nsSignature, "CanonicalizationMethod")
	if reference == nil || method == nil || c14n == nil || c14n.value("Algorithm") != algExclusive || reference.value("URI") != "#"+root.value("ID") {
		return errSignature
	}
	digestMethod := reference.child(inInfo, nsSignature, "DigestMethod")
	digestValue := reference.child(inInfo, nsSignature, "DigestValue")
	if digestMethod == nil || digestValue == nil {
		return errSignature
	}
	unsigned := &node{name: root.name, attrs: root.attrs}
	for _, c := range root.body {
		if c != any(signature) {
			unsigned.body = append(unsigned.body, c)
		}
	}
	_, sum, ok := hashFor(digestMethod.value("Algorithm"), unsigned.canonical(scope{}), allowSHA1)
	given, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(digestValue.text()), ""))
	if !ok || err != nil || !bytes.Equal(sum, given) {
		return errSignature
	}
	sig, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value.text()), ""))
	if err != nil {
		return errSignature
	}
	return verifyBytes(method.value("Algorithm"), info.canonical(at), sig, keys, allowSHA1)
}

// verifyBytes checks a signature by any of the keys.
func verifyBytes(alg string, signed, sig []byte, keys []*x509.Certificate, allowSHA1 bool) error {
	hash, sum, ok := hashFor(alg, signed, allowSHA1)
	if !ok {
		return errSignature
	}
	for _, k := range keys {
		if pub, ok := k.PublicKey.(*rsa.PublicKey); ok && rsa.VerifyPKCS1v15(pub, hash, sum, sig) == nil {
			return nil
		}
	}
	return errSignature
}

// hashFor hashes for a digest or signature algorithm; Entra takes SHA-256,
// and SHA-1 where an administrator allowed it.
func hashFor(alg string, b []byte, allowSHA1 bool) (crypto.Hash, []byte, bool) {
	switch {
	case alg == algRSASHA256 || alg == algSHA256:
		sum := sha256.Sum256(b)
		return crypto.SHA256, sum[:], true
	case (alg == algRSASHA1 || alg == algSHA1) && allowSHA1:
		sum := sha1.Sum(b) //nolint:gosec // see the import
		return crypto.SHA1, sum[:], true
	}
	return 0, nil, false
}
