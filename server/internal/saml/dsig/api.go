package dsig

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
)

var errPending = errors.New("dsig: being written")

// Parse reads a document. It is the one parser for everything that comes from
// outside: responses, metadata, verified octets, decrypted assertions. raw is
// copied and may be changed afterwards. Every error is an *Error.
func Parse(raw []byte, l Limits) (*Document, error) { return nil, errPending }

// Canonical returns the exclusive canonical form of e without comments
// (Exclusive XML Canonicalization 1.0), with the InclusiveNamespaces prefixes
// given; "#default" is the default namespace. It fails only where the result
// would be larger than the document's Limits.Bytes.
func Canonical(e *Element, prefixes ...string) ([]byte, error) { return nil, errPending }

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
// turn; KeyInfo is ignored. Where both a Response and its Assertion are signed,
// verify both in the Document that came in: the canonical form of one may lack
// declarations that the other's PrefixList names. Every error is an *Error.
func Verify(d *Document, signed *Element, keys []Key, p Policy) (Signed, error) {
	return Signed{}, errPending
}

// Decrypt decrypts the EncryptedData inside enc (a saml:EncryptedAssertion) and
// parses what comes out, with the namespaces that are in scope there. The
// EncryptedKey stands in its KeyInfo or beside it. Every failure after the
// choice of algorithms is ErrDecryption, whatever the cause.
//
// The result is not verified: AES-CBC protects nothing from being changed. Where
// the outcome of Verify on it is shown to whoever sent it, it should look like
// ErrDecryption too, or the difference can be used to decrypt piece by piece.
func Decrypt(enc *Element, keys []*rsa.PrivateKey, l Limits) (*Document, error) {
	return nil, errPending
}

// ErrDecryption is the one answer for everything that can go wrong with a
// ciphertext, a wrapped key or the plaintext.
var ErrDecryption error = &Error{Check: CheckDecryption, Expected: "data encrypted for one of our keys"}

// Signer signs our own messages, with RSA-SHA256.
type Signer struct {
	// Key must be an RSA key of 2048 bits or more.
	Key crypto.Signer
	// Certificate goes into KeyInfo, if it is not nil. Only Sign looks at it.
	Certificate *x509.Certificate
	// After is as in Policy. Only Sign looks at it.
	After Name
}

// Sign returns the canonical form of message with a Signature in it. The root
// must have an ID and no Signature yet.
func (s Signer) Sign(message []byte) ([]byte, error) { return nil, errPending }

// Redirect is a message of the HTTP-Redirect binding (SAML bindings, section
// 3.4), with the DEFLATE encoding.
type Redirect struct {
	// Parameter is "SAMLRequest" or "SAMLResponse".
	Parameter string
	// Message is the XML, inflated.
	Message []byte
	// RelayState is as decoded; empty and absent are alike.
	RelayState string
	// Signed tells whether the query has a Signature. ParseRedirect does not look
	// whether it is genuine.
	Signed bool
	// Key and Algorithm are what the signature was made with. Only
	// VerifyRedirect sets them.
	Key       int
	Algorithm string
}

// ParseRedirect reads the query of a redirect exactly as it was received (the
// RawQuery of its URL), signed or not. Parameters that the binding does not
// know are ignored; those it knows may come once.
func ParseRedirect(rawQuery string, l Limits) (Redirect, error) { return Redirect{}, errPending }

// VerifyRedirect verifies the signature over the query exactly as it was
// received, and only then inflates the message. A query without Signature is
// refused with CheckPlace.
func VerifyRedirect(rawQuery string, keys []Key, p Policy, l Limits) (Redirect, error) {
	return Redirect{}, errPending
}

// Query returns the query that carries r, unsigned. Only Parameter, Message and
// RelayState matter; an empty RelayState is left out.
func (r Redirect) Query() (string, error) { return "", errPending }

// SignRedirect returns the query that carries r with a signature.
func (s Signer) SignRedirect(r Redirect) (string, error) { return "", errPending }
