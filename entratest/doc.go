// Package entratest is Microsoft Entra ID in a test's own process: sign-in
// (OpenID Connect and OAuth 2.0, v2.0 endpoints; SAML 2.0), the pages a person
// sees, and the provisioning service (SCIM 2.0 client).
//
// It decides what Entra would say, from what learn.microsoft.com documents and
// from what its clients have seen. It leaves everything about Lanyard to
// Lanyard: it imports none of our packages, and signs and reads tokens and SAML
// messages with code of its own, so that two implementations check each other.
//
// # Reaching it
//
// [Start] opens three loopback listeners. Clients reach
// https://login.microsoftonline.com and its like through the CONNECT proxy
// ([Entra.ProxyURL], [Entra.CAFile]: HTTPS_PROXY and SSL_CERT_FILE) or with
// [Entra.HTTPClient]; either way their production path runs unchanged. The
// proxy refuses every host that is neither Microsoft's nor loopback, so nothing
// ever reaches the real one. Pages for people stand on http://localhost:PORT,
// which the metadata names as authorization_endpoint and end_session_endpoint.
//
// # Strict and odd
//
// Everything that a client could come to rely on by accident is random on each
// start or each answer: ports, keys, order of keys, life of tokens, fields
// nobody knows. Where Entra is lenient and the standards are not (PKCE, use of a
// rotated refresh token), the default is the standard. [Options] has a knob for
// each, with the reason.
//
// # SAML
//
// [Tenant.SetSAML] fills in the page "Single sign-on" of an enterprise
// application; [SAMLOptions] has its fields. From then on there are
//
//	/{tenant}/federationmetadata/2007-06/federationmetadata.xml[?appid=…]
//	/{tenant}/saml2           AuthnRequest (Redirect, POST), LogoutRequest and LogoutResponse (Redirect)
//	/api/signin/{app}?tenantId={tenant}   the user access URL: a response that nobody asked for
//
// at Microsoft's hosts and at http://localhost:PORT. The metadata names
// http://localhost:PORT, where a person's browser finds the pages, or with
// Options.MicrosoftAddresses what the real one names. Refusals are those of
// Entra: most stay on its page, and those of a request's parts that it does not
// support are a SAML Status, unsigned, with the AADSTS number in its message.
// [Tenant.SAMLResponse] makes a response without a browser, and lets a test
// change what it says before it is signed. [SAMLOptions].Style writes as other
// identity providers do. [Browser.Visit] plays a whole sign-in from the app's
// side; like a real browser it takes no SameSite=Lax cookie along with the form
// that Entra posts.
//
// # Microsoft Graph
//
// graph.microsoft.com/v1.0 answers for applications, servicePrincipals with
// their appRoleAssignedTo, oauth2PermissionGrants and the template of
// applications outside the gallery, and [Entra.Graph] does at any address.
// What is registered there is what people sign in with. A PATCH replaces whole
// lists; enabled scopes and roles must be disabled before they may go; redirect
// and identifier URIs follow Entra's rules. [Tenant.GraphToken] makes tokens.
//
// # The pages
//
// Each page has data-page on its body: pick, username, password, consent,
// code, confirm, error, message, post or index. What a program presses or
// reads has an id, which stays, and the same in data-test:
//
//	pick      #pick-1, #pick-2 … or button[data-upn="ada@acme.example"]; #other, #cancel
//	username  #username, #next, #back, #cancel
//	password  #password, #next, #back, #cancel; #fill with Options.ShowPasswords
//	consent   #accept, #cancel; #permissions
//	code      #user-code, #next, #cancel (device code: /devicelogin)
//	confirm   #next, #cancel (device code: whose sign-in it is)
//	error     #aadsts (data-code is the number), #trace, #correlation, #timestamp
//	message   #device-done, #device-cancelled, #signed-out
//	post      #continue, for a browser without scripts
//
// A wrong name or password shows #problem on the same page. Every page has
// #dev-mark, "Local Entra for development".
package entratest
