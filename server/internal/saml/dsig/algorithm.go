package dsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha1" // for Policy.AllowSHA1 and RSA-OAEP
	_ "crypto/sha256"
	_ "crypto/sha512"
	"math/big"
	"slices"
)

// Algorithm identifiers of XML Signature 1.1 (section 6) and RFC 9231.
const (
	exclusiveC14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
	enveloped     = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	rsaSHA256     = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	digestSHA256  = "http://www.w3.org/2001/04/xmlenc#sha256"
)

const (
	minimumRSABits = 2048
	// maximumRSABits keeps a pinned key from costing more than a millisecond or
	// so each time that it is tried.
	maximumRSABits = 8192
)

// signing is a signature algorithm.
type signing struct {
	hash    crypto.Hash
	onCurve bool // ECDSA, else RSA with PKCS #1 v1.5 padding
}

// signingBy returns the signature algorithm of that URI. HMAC is not among them:
// its "key" would be the public one.
func (p Policy) signingBy(uri string) (signing, *Error) {
	var s signing
	switch uri {
	case rsaSHA256:
		s = signing{hash: crypto.SHA256}
	case "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384":
		s = signing{hash: crypto.SHA384}
	case "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512":
		s = signing{hash: crypto.SHA512}
	case "http://www.w3.org/2000/09/xmldsig#rsa-sha1":
		s = signing{hash: crypto.SHA1}
	case "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256":
		s = signing{hash: crypto.SHA256, onCurve: true}
	case "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384":
		s = signing{hash: crypto.SHA384, onCurve: true}
	case "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512":
		s = signing{hash: crypto.SHA512, onCurve: true}
	}
	if s.hash == 0 || s.hash == crypto.SHA1 && !p.AllowSHA1 {
		return signing{}, refuse(CheckAlgorithm, "RSA or ECDSA with SHA-256, SHA-384 or SHA-512", uri)
	}
	return s, nil
}

// digestBy returns the digest algorithm of that URI.
func (p Policy) digestBy(uri string) (crypto.Hash, *Error) {
	h := hashBy(uri)
	if h == 0 || h == crypto.SHA1 && !p.AllowSHA1 {
		return 0, refuse(CheckAlgorithm, "a digest by SHA-256, SHA-384 or SHA-512", uri)
	}
	return h, nil
}

// hashBy returns the hash of that URI, or 0.
func hashBy(uri string) crypto.Hash {
	switch uri {
	case digestSHA256:
		return crypto.SHA256
	case "http://www.w3.org/2001/04/xmldsig-more#sha384":
		return crypto.SHA384
	case "http://www.w3.org/2001/04/xmlenc#sha512":
		return crypto.SHA512
	case "http://www.w3.org/2000/09/xmldsig#sha1":
		return crypto.SHA1
	}
	return 0
}

// digest returns the hash of data.
func digest(h crypto.Hash, data []byte) []byte {
	w := h.New()
	w.Write(data)
	return w.Sum(nil)
}

// verifyAny returns the index of the first key that made the signature.
func (s signing) verifyAny(keys []Key, data, signature []byte) (int, *Error) {
	sum := digest(s.hash, data)
	tried, weak := 0, ""
	for i, k := range keys {
		public := k.Public
		if public == nil && k.Certificate != nil {
			public = k.Certificate.PublicKey
		}
		ok, why := s.fits(public)
		if !ok {
			weak = why
			continue
		}
		tried++
		if s.verify(public, sum, signature) {
			return i, nil
		}
	}
	switch {
	case len(keys) == 0:
		return 0, refuse(CheckKey, "a configured certificate", "none")
	case tried == 0:
		return 0, refuse(CheckKey, "RSA of at least 2048 bits, or ECDSA on P-256 or P-384, as the signature says", weak)
	}
	return 0, refuse(CheckSignature, "a signature by one of the configured certificates", "another one")
}

// fits reports whether the algorithm may be used with a key, and otherwise what
// the key is.
func (s signing) fits(public crypto.PublicKey) (ok bool, what string) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		bits := k.N.BitLen()
		return !s.onCurve && bits >= minimumRSABits && bits <= maximumRSABits, "an RSA key of " + number(bits) + " bits"
	case *ecdsa.PublicKey:
		known := slices.Contains([]elliptic.Curve{elliptic.P256(), elliptic.P384()}, k.Curve)
		return s.onCurve && known, "an ECDSA key on " + k.Curve.Params().Name
	}
	return false, "a key of another kind"
}

// verify reports whether the key made the signature over a digest. An ECDSA
// signature is r and s, one after the other, each as long as the field (XML
// Signature 1.1, section 6.4.3).
func (s signing) verify(public crypto.PublicKey, sum, signature []byte) bool {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(k, s.hash, sum, signature) == nil
	case *ecdsa.PublicKey:
		size := (k.Curve.Params().BitSize + 7) / 8
		if len(signature) != 2*size {
			return false
		}
		return ecdsa.Verify(k, sum, new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:]))
	}
	return false
}
