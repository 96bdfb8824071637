package problem

import (
	"slices"
	"strconv"
)

// AADSTS is what is known of one error code of Microsoft Entra ID. The numbers
// serve to explain, never to decide: Microsoft may change them
// (learn.microsoft.com/entra/identity-platform/reference-error-codes).
type AADSTS struct {
	Number int
	// Cause says what happened, Next what to do, Who can do it. All are words of
	// ours.
	Cause string
	Next  string
	Who   Who
	// Blade is where in Microsoft's portal, or empty where there is nothing to
	// change there.
	Blade string
	// Code is ours for it where it has one, else empty.
	Code Code
	// AppOnly says that Code speaks of the app's sign-in with Microsoft, so that
	// it does not fit a sign-in by SAML.
	AppOnly bool
}

// Name is the code as Microsoft writes it.
func (a AADSTS) Name() string { return "AADSTS" + strconv.Itoa(a.Number) }

// Address is Microsoft's own page about the code.
func (a AADSTS) Address() string {
	return "https://login.microsoftonline.com/error?code=" + strconv.Itoa(a.Number)
}

// LookupAADSTS returns what is known of a number. ok is false where this build
// does not know it.
func LookupAADSTS(number int) (a AADSTS, ok bool) {
	i, ok := slices.BinarySearchFunc(aadsts, number, func(a AADSTS, n int) int { return a.Number - n })
	if !ok {
		return AADSTS{Number: number}, false
	}
	return aadsts[i], true
}

// AllAADSTS returns every code that is known, by number.
func AllAADSTS() []AADSTS { return slices.Clone(aadsts) }

// The portal's pages, by the names that they have there.
const (
	bladeBasic      = "Enterprise applications → the application → Single sign-on → Basic SAML Configuration"
	bladeClaims     = "Enterprise applications → the application → Single sign-on → Attributes & Claims"
	bladeCerts      = "Enterprise applications → the application → Single sign-on → SAML Certificates"
	bladeVerify     = "Enterprise applications → the application → Single sign-on → SAML Certificates → Verification certificates"
	bladeUsers      = "Enterprise applications → the application → Users and groups"
	bladeProperties = "Enterprise applications → the application → Properties"
	bladeEncryption = "Enterprise applications → the application → Token encryption"
	bladeConsent    = "Enterprise applications → the application → Permissions"
	bladeAuth       = "App registrations → the application → Authentication"
	bladeAPI        = "App registrations → the application → Expose an API"
	bladeSecrets    = "App registrations → the application → Certificates & secrets"
	bladeOverview   = "Overview → Tenant ID"
	bladeAccount    = "Users → the person → Properties"
	bladeAccess     = "Protection → Conditional Access → Sign-in logs"
	bladeTenants    = "External Identities → Cross-tenant access settings"
)

// What several codes have in common.
const (
	nextAccount  = "Sign out of the other account, or use a private window, and sign in with the work account of this organisation. Somebody of another organisation must be invited as a guest first."
	nextSignIn   = "Sign in again."
	nextMFA      = "Finish the second step that Microsoft asks for. If it cannot be finished, ask the help desk to reset it."
	nextAccess   = "Look at the sign-in in the sign-in logs, on its Conditional Access tab, and include or exclude this application."
	nextSignOut  = "Register the Logout Url shown by lanyardd saml show. The session here has ended all the same."
	nextUpdate   = "Send the error's text to whoever runs this Lanyard server."
	nextTenant   = "Compare the Tenant ID with the one set here, and import the App Federation Metadata Url again."
	nextEntityID = "Compare Identifier (Entity ID) with the one shown by lanyardd saml show, and check that the person signed in to the right tenant. For the app's own sign-in compare the Application (client) ID."
	nextKey      = "Make a certificate and make it active. For an application with claims mapping, set an app key or acceptMappedClaims."
	nextRequest  = "Upload this side's newest signing certificate (lanyardd saml key print signing), or switch verification off. Only RSA with SHA-256 is used."
	nextNameID   = "Clear the Name ID format: lanyardd saml set --name-id-format ''."
	nextPassword = "Try again, or reset the password. The help desk can unlock the account."
	nextDevice   = "Ask for a new code in the app, and type it within its time."
)
