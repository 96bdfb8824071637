// Package explain says in plain words what a pasted error, address, SAML
// message, token, certificate or metadata document is, what it says and what
// is wrong with it, without a network and without a store.
//
// It decides what kind of thing a text is and which of its values help whoever
// has to mend something. Whether a response, a certificate or metadata is good
// is the saml package's judgement, which it repeats check by check. What it is
// judged against comes from the caller.
//
// Values of a document that no signature covers are shown as such: they may be
// anybody's words, and serve for looking only. Signatures of tokens and what is
// pasted as a private key are never repeated.
package explain
