// Package saml is a strict SAML 2.0 service provider without HTTP or storage:
// bytes in, an [Assertion] of verified values out, or a [Refusal] that says
// which check failed, what was expected, what came, and which field to change.
//
// It implements the service provider's side of the Web Browser SSO profile and
// of the Single Logout profile (SAML profiles 4.1 and 4.4), the HTTP-Redirect
// and HTTP-POST bindings (SAML bindings 3.4 and 3.5), metadata in both
// directions, and the reading of pasted certificates. What identity providers
// really send, Microsoft Entra ID first of all, is accepted; what the profile
// requires is required; and nothing that was not covered by a signature of a
// pinned key is ever handed out as a value.
//
// It leaves to package dsig what XML and signatures are, and to signin all
// that needs memory or a browser: that a response answers a request of this
// very browser, that an assertion is used once, who the person is to us, and
// where they go next. It fetches nothing.
//
// The functions here keep no state, so all may be called from several
// goroutines at once. Values passed in are only read.
package saml
