// Package dsig reads XML and verifies and decrypts XML signatures and
// encryption as far as a strict SAML service provider needs them: bytes and
// pinned keys in, the very octets whose digest was verified out.
//
// It knows nothing of SAML. What the verified octets mean is saml's to say.
package dsig
