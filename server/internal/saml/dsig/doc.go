// Package dsig reads XML and verifies and decrypts XML signatures and
// encryption as far as a strict SAML service provider needs them: bytes and
// pinned keys in, the very octets whose digest was verified out.
//
// [Parse] is the only parser. A consumer parses what came, finds the element
// that should be signed, has [Verify] verify it, and then parses Signed.Octets:
// what it reads there was signed, and what it read before was not.
//
// dsig decides what a document and a signature may look like, which algorithms
// are good enough, and what reading may cost. It knows nothing of SAML: which
// element must be signed, by whom, and what the verified octets mean is saml's
// to say. It does no I/O and keeps nothing between calls.
package dsig
