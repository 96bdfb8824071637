// Package hostile makes SAML documents that must be refused, and ones that must
// be accepted, for tests. It shares no parser, canonicaliser or signer with what
// they try.
package hostile
