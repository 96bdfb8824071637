package saml

import (
	"crypto"
	"time"
)

// Message is one of ours on its way to the identity provider.
type Message struct {
	// ID is what its answer's InResponseTo must be.
	ID      string
	Binding Binding
	// URL is where the browser goes: for Redirect with the query, for POST
	// the form's action.
	URL string
	// Fields are the form's hidden fields when Binding is POST.
	Fields []Field
}

// Field is one hidden field of a form.
type Field struct{ Name, Value string }

// RequestOptions says what a sign-in request asks for. The zero value asks for
// what works best with Entra: no NameIDPolicy, no RequestedAuthnContext.
type RequestOptions struct {
	// Binding is Redirect when empty.
	Binding Binding
	// ForceAuthn asks the person to prove themselves again, IsPassive forbids
	// asking anything.
	ForceAuthn bool
	IsPassive  bool
	// NameIDFormat is sent as NameIDPolicy when set. Entra then ignores the
	// administrator's choice of claim.
	NameIDFormat string
	// AuthnContext is sent as RequestedAuthnContext when set. People who
	// signed in without a password then fail with AADSTS75011.
	AuthnContext []string
	// LoginHint and DomainHint save the person typing; Entra takes them as
	// query parameters.
	LoginHint  string
	DomainHint string
	// RelayState comes back with the answer. At most [MaxRelayState] bytes.
	RelayState string
	// Signer signs the request with RSA and SHA-256. Nil means unsigned.
	Signer crypto.Signer
	// Now is the time of issue. Zero means the present.
	Now time.Time
}

// LogoutOptions says what a logout message holds.
type LogoutOptions struct {
	// Binding is Redirect when empty.
	Binding Binding
	// NameID and SessionIndex name the session that a request ends.
	NameID       NameID
	SessionIndex string
	// InResponseTo is the request that a response answers, and Failed whether
	// it could not be done.
	InResponseTo string
	Failed       bool
	// RelayState goes with the message. At most [MaxRelayState] bytes.
	RelayState string
	// Signer signs the message with RSA and SHA-256. Nil means unsigned.
	Signer crypto.Signer
	// Now is the time of issue. Zero means the present.
	Now time.Time
}

// Incoming is a logout message as the browser brought it.
type Incoming struct {
	// Query is the raw query of a GET as received, never re-encoded: the
	// signature is over those very bytes.
	Query string
	// Request or Response is the form field SAMLRequest or SAMLResponse of a
	// POST, and RelayState its RelayState.
	Request    string
	Response   string
	RelayState string
}

// LogoutRequest asks us to end sessions. Its values are verified.
type LogoutRequest struct {
	ID     string
	Issuer string
	NameID NameID
	// SessionIndexes are the sessions meant. None means all of the person's.
	SessionIndexes []string
	NotOnOrAfter   time.Time
	RelayState     string
}

// LogoutResponse answers a logout request of ours.
type LogoutResponse struct {
	ID           string
	InResponseTo string
	// Success says that the identity provider ended all it could.
	Success bool
	// Signed says that a pinned key vouches for it. Entra does not always
	// sign it, and nothing is decided by it.
	Signed     bool
	RelayState string
}
