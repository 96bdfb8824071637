package dsig

import (
	"bytes"
	"crypto"
	"crypto/x509"
)

// Key is a key that was pinned by an administrator.
type Key struct {
	// Public is *rsa.PublicKey or *ecdsa.PublicKey. Nil means the Certificate's.
	Public crypto.PublicKey
	// Certificate is where the key came from, or nil. Its dates are not looked
	// at: whether an expired one may be used is for the caller to say.
	Certificate *x509.Certificate
}

// Policy says what a signature must look like. Its zero value is the strictest.
type Policy struct {
	// After is the element that must be the first child of the signed element,
	// with the Signature right behind it; in SAML that is the Issuer. The zero
	// Name means that the Signature itself is the first child.
	After Name
	// AllowSHA1 accepts RSA-SHA1 and SHA-1 digests. Collisions of SHA-1 cost
	// little today.
	AllowSHA1 bool
}

// Signed is what a signature vouches for.
type Signed struct {
	// Octets are the canonical bytes whose digest was verified, without the
	// Signature. Whoever needs a value from the document parses them and reads
	// it there, never from the Document that came in.
	Octets []byte
	// Key is the index of the pinned key that made the signature.
	Key int
	// Algorithm and Digest are the URIs of what was used.
	Algorithm, Digest string
}

// Verify verifies the Signature that stands in signed, with pinned keys tried in
// turn; KeyInfo is ignored. d is the document of signed. Where both a Response
// and its Assertion are signed, verify both in the Document that came in: the
// canonical form of one may lack declarations that the other's PrefixList names.
// Every error is an *Error.
func Verify(d *Document, signed *Element, keys []Key, p Policy) (Signed, error) {
	if d == nil || signed == nil || signed.doc != d || signed.isText {
		return Signed{}, refuse(CheckPlace, "an element of the document", "none")
	}
	s, err := verify(signed, keys, p)
	if err != nil {
		if err.Line == 0 {
			err.Line = signed.Line()
		}
		return Signed{}, err
	}
	return s, nil
}

// verify looks at the signature before it looks at what is signed: SignedInfo is
// small, so that a stranger without a genuine one can make us do little.
func verify(signed *Element, keys []Key, p Policy) (Signed, *Error) {
	sig, err := place(signed, p.After)
	if err != nil {
		return Signed{}, err
	}
	st, err := p.statement(sig, signed.ID())
	if err != nil {
		return Signed{}, err
	}
	info, err := canonical(st.info, nil, st.infoPrefixes)
	if err != nil {
		return Signed{}, err
	}
	key, err := st.signing.verifyAny(keys, info, st.signature)
	if err != nil {
		return Signed{}, err
	}
	octets, err := canonical(signed, sig, st.prefixes)
	if err != nil {
		return Signed{}, err
	}
	if len(octets) == 0 || !bytes.Equal(digest(st.digest, octets), st.digestValue) {
		return Signed{}, refuse(CheckDigest, "the element as it was signed", "a changed one")
	}
	return Signed{Octets: octets, Key: key, Algorithm: st.algorithm, Digest: st.digestAlgorithm}, nil
}

// place finds the Signature of an element where it must stand, and makes sure
// that the element has no second one.
func place(signed *Element, after Name) (*Element, *Error) {
	at := signed.FirstChild()
	if after != (Name{}) {
		if !at.Is(after.Space, after.Local) {
			return nil, refuse(CheckPlace, after.Local+" as the first element", nameOf(at))
		}
		at = at.Next()
	}
	if !at.Is(NamespaceSignature, "Signature") {
		received := nameOf(at)
		if signed.Child(NamespaceSignature, "Signature") != nil {
			received = "a Signature further on"
		}
		return nil, refuse(CheckPlace, "a Signature at the start of "+signed.name.Local, received)
	}
	for c := at.Next(); c != nil; c = c.Next() {
		if c.Is(NamespaceSignature, "Signature") {
			return nil, refuse(CheckPlace, "one Signature in "+signed.name.Local, "two")
		}
	}
	return at, nil
}

func nameOf(e *Element) string {
	if e == nil {
		return "nothing"
	}
	return e.name.Local
}

// statement is what a Signature says, read but not believed.
type statement struct {
	info         *Element
	infoPrefixes []string // of the canonical form of SignedInfo
	prefixes     []string // of the canonical form of the signed element

	algorithm, digestAlgorithm string
	signing                    signing
	digest                     crypto.Hash
	signature, digestValue     []byte
}

// statement reads a Signature (XML Signature 1.1, section 4). The standard lets
// it say nearly anything about nearly anything; SAML core, section 5.4, leaves
// one shape, and only that is read.
func (p Policy) statement(sig *Element, id string) (statement, *Error) {
	var st statement
	if err := plain(sig, "Id"); err != nil {
		return st, err
	}
	st.info = sig.FirstChild()
	value := st.info.following()
	switch last := value.following(); {
	case !st.info.Is(NamespaceSignature, "SignedInfo"):
		return st, outOfPlace("SignedInfo", st.info)
	case !value.Is(NamespaceSignature, "SignatureValue"):
		return st, outOfPlace("SignatureValue", value)
	case last != nil && (!last.Is(NamespaceSignature, "KeyInfo") || last.Next() != nil):
		return st, refuse(CheckGrammar, "nothing after SignatureValue but one KeyInfo", nameOf(last))
	}
	if err := p.signedInfo(&st, id); err != nil {
		return st, err
	}
	var err *Error
	st.signature, err = base64Of(value, "Id")
	return st, err
}

// signedInfo reads SignedInfo: how it is canonicalised, how it is signed, and
// one reference.
func (p Policy) signedInfo(st *statement, id string) *Error {
	if err := plain(st.info, "Id"); err != nil {
		return err
	}
	method := st.info.FirstChild()
	signature := method.following()
	reference := signature.following()
	switch {
	case !method.Is(NamespaceSignature, "CanonicalizationMethod"):
		return outOfPlace("CanonicalizationMethod", method)
	case !signature.Is(NamespaceSignature, "SignatureMethod"):
		return outOfPlace("SignatureMethod", signature)
	case !reference.Is(NamespaceSignature, "Reference"):
		return outOfPlace("Reference", reference)
	case reference.Next() != nil:
		return refuse(CheckReference, "one Reference", "more in SignedInfo")
	}
	var err *Error
	if st.infoPrefixes, err = exclusive(method); err != nil {
		return err
	}
	if st.algorithm, err = algorithmOf(signature); err != nil {
		return err
	}
	if st.signing, err = p.signingBy(st.algorithm); err != nil {
		return err
	}
	return p.reference(st, reference, id)
}

// reference reads the Reference: by ID, to the element that the Signature stands
// in, through exactly two transforms.
func (p Policy) reference(st *statement, ref *Element, id string) *Error {
	uri, _ := ref.Attr("", "URI")
	switch {
	case !isFragment(id):
		return refuse(CheckReference, "an ID on the signed element", id)
	case uri != "#"+id:
		return refuse(CheckReference, "#"+id, uri)
	}
	if err := plain(ref, "Id", "URI"); err != nil {
		return err
	}
	transforms := ref.FirstChild()
	method := transforms.following()
	value := method.following()
	switch {
	case !transforms.Is(NamespaceSignature, "Transforms"):
		return outOfPlace("Transforms", transforms)
	case !method.Is(NamespaceSignature, "DigestMethod"):
		return outOfPlace("DigestMethod", method)
	case !value.Is(NamespaceSignature, "DigestValue"), value.Next() != nil:
		return outOfPlace("DigestValue, and nothing after it", value)
	}
	var err *Error
	if st.prefixes, err = bothTransforms(transforms); err != nil {
		return err
	}
	if st.digestAlgorithm, err = algorithmOf(method); err != nil {
		return err
	}
	if st.digest, err = p.digestBy(st.digestAlgorithm); err != nil {
		return err
	}
	if st.digestValue, err = base64Of(value); err != nil {
		return err
	}
	if len(st.digestValue) != st.digest.Size() {
		return refuse(CheckGrammar, "a DigestValue of "+number(st.digest.Size())+" bytes", number(len(st.digestValue)))
	}
	return nil
}

// bothTransforms reads the Transforms and returns the PrefixList of the second.
func bothTransforms(transforms *Element) ([]string, *Error) {
	if err := plain(transforms); err != nil {
		return nil, err
	}
	first := transforms.FirstChild()
	second := first.following()
	if !first.Is(NamespaceSignature, "Transform") || !second.Is(NamespaceSignature, "Transform") || second.Next() != nil {
		return nil, refuse(CheckGrammar, "two Transforms", "another number, or something else")
	}
	uri, err := algorithmOf(first)
	switch {
	case err != nil:
		return nil, err
	case uri != enveloped:
		return nil, refuse(CheckAlgorithm, enveloped+" as the first Transform", uri)
	}
	return exclusive(second)
}
