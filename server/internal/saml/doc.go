// Package saml is a strict SAML 2.0 service provider without HTTP or storage:
// bytes in, an Assertion of verified values out, or a Refusal that says which
// check failed, what was expected, what came, and which field to change.
package saml
