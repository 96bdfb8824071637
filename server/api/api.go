// Package api is the JSON that a Lanyard server and its clients speak, and the
// Go client for it.
//
// The types are the contract: the server encodes them, [Client] decodes them,
// and other programs may use either side. Times are RFC 3339 in UTC. Errors are
// RFC 9457 problem documents ([Problem]). Adding a field is compatible, so
// decoders ignore what they do not know.
//
// It decides nothing about who may sign in: server/internal/signin does.
package api

import "time"

// Workspace is what a client must know before it can sign someone in:
// the answer to GET /v1/workspaces/{id}. It holds nothing secret.
type Workspace struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Microsoft is nil while sign-in with Microsoft is not set up.
	Microsoft *Microsoft `json:"microsoft,omitempty"`
	// SAML is nil while sign-in with SAML is not set up, or switched off.
	SAML *SAML `json:"saml,omitempty"`
	// Mobile is nil where nobody has entered which apps are registered.
	Mobile *Mobile `json:"mobile,omitempty"`
	// OfflineGraceSeconds is how long a signed-in person may go on working
	// while the server cannot be reached. Zero means not at all.
	OfflineGraceSeconds int64 `json:"offline_grace_seconds"`
}

// Microsoft says how to sign in with Microsoft Entra ID.
type Microsoft struct {
	// Authority is https://login.microsoftonline.com/<tenant id> or that of
	// a national cloud.
	Authority string `json:"authority"`
	TenantID  string `json:"tenant_id"`
	ClientID  string `json:"client_id"`
	// Scope is the one delegated permission the access token must carry, in
	// full: api://<client id>/access_as_user.
	Scope string `json:"scope"`
	// DomainHint is sent as domain_hint when it is set.
	DomainHint string `json:"domain_hint,omitempty"`
}

// SAML says how to sign in with the workspace's SAML identity provider.
//
// An app opens Start in the system browser (RFC 8252) with the parameters of an
// OAuth 2.0 authorisation request: response_type=code, redirect_uri (loopback
// with any port, or one that is registered), code_challenge,
// code_challenge_method=S256 and state; login_hint may be added. The browser
// comes back to redirect_uri with code and state, or with error and state (RFC
// 6749, section 4.1.2). The code goes to POST /v1/session.
type SAML struct {
	Start string `json:"start"`
	// Login is where a browser signs in to the workspace itself.
	Login string `json:"login"`
	// UserAccessURL is the identity provider's own link to the app, if any.
	UserAccessURL string `json:"user_access_url,omitempty"`
}

// DiscoverRequest is the body of POST /v1/discover: the workspace of an e-mail
// address, found by its domain alone. Whether such a person exists does not
// change the answer.
type DiscoverRequest struct {
	Email string `json:"email"`
}

// SessionRequest is the body of POST /v1/session. It has either AccessToken, or
// Code with CodeVerifier and RedirectURI, or RefreshToken.
type SessionRequest struct {
	Workspace string `json:"workspace"`
	// GrantType may be left out: authorization_code where there is a Code,
	// refresh_token where there is a RefreshToken (RFC 6749).
	GrantType string `json:"grant_type,omitempty"`
	// AccessToken is a Microsoft v2.0 access token for the workspace's scope.
	AccessToken string `json:"access_token,omitempty"`
	// Code is what came back to the app from a sign-in that began at
	// [SAML].Start. It is good once, for a minute.
	Code string `json:"code,omitempty"`
	// CodeVerifier is what the code_challenge was made from (RFC 7636), and
	// RedirectURI the address of the request.
	CodeVerifier string `json:"code_verifier,omitempty"`
	RedirectURI  string `json:"redirect_uri,omitempty"`
	// RefreshToken is the one that came last. It is good once: whoever uses it
	// a second time ends the session (RFC 9700, section 4.14.2).
	RefreshToken string `json:"refresh_token,omitempty"`
	// IdempotencyKey is a secret of the device that goes with every
	// RefreshToken. Where an answer was lost, asking again with the same token
	// and key is not a second use.
	IdempotencyKey string `json:"idempotency_key,omitempty"`
	// Device is the name a person would know the device by.
	Device string `json:"device,omitempty"`
}

// Session is the answer to POST /v1/session.
type Session struct {
	// Token is the bearer token for the calls below. It is shown once.
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at"`
	// RefreshToken gets the next Token, which takes the place of this one. It
	// is there where the sign-in was by SAML; with Microsoft, a fresh access
	// token does the same.
	RefreshToken string `json:"refresh_token,omitempty"`
	Me           Person `json:"me"`
	// OfflineGraceSeconds as in [Workspace], at the time of signing in.
	OfflineGraceSeconds int64 `json:"offline_grace_seconds"`
}

// Person is the answer to GET /v1/me: the person as the workspace knows them,
// which is as Entra provisioned them.
type Person struct {
	ID            string `json:"id"`
	Workspace     string `json:"workspace"`
	WorkspaceName string `json:"workspace_name"`
	UserName      string `json:"user_name"`
	DisplayName   string `json:"display_name"`
	GivenName     string `json:"given_name,omitempty"`
	FamilyName    string `json:"family_name,omitempty"`
	Email         string `json:"email,omitempty"`
	Title         string `json:"title,omitempty"`
	Department    string `json:"department,omitempty"`
	Role          string `json:"role,omitempty"`
	// Picture is the address of a picture, when there is one.
	Picture string `json:"picture,omitempty"`
}

// Whoami is the answer to GET /w/{workspace}/whoami, which a page on the
// server's own site asks with the cookie of a sign-in by SAML.
type Whoami struct {
	Person
	// Subject is the NameID of the sign-in, in SubjectFormat, given by Issuer.
	Subject       string `json:"subject"`
	SubjectFormat string `json:"subject_format,omitempty"`
	Issuer        string `json:"issuer,omitempty"`
	// Email is that of the sign-in, else the person's.
	Email string `json:"email"`
	// Attributes are the claims as they came, by their full names.
	Attributes map[string][]string `json:"attributes"`
	ExpiresAt  time.Time           `json:"expires_at"`
}

// EventType says what an [Event] is about.
type EventType string

// The events of GET /v1/events, a stream of server-sent events (WHATWG HTML,
// section 9.2). The type is the SSE event name and the data one JSON [Event].
const (
	// EventReady is sent first, once the stream is live: whatever happens
	// after it will be seen.
	EventReady EventType = "ready"
	// EventPersonUpdated: the person's own data changed; call Me again.
	EventPersonUpdated EventType = "person.updated"
	// EventAccessEnded: the organisation ended this person's access. The
	// session is gone and the stream ends.
	EventAccessEnded EventType = "access.ended"
	// EventSessionEnded: this session was signed out, here or from another
	// device. The stream ends.
	EventSessionEnded EventType = "session.ended"
)

// Event is one event of the stream.
type Event struct {
	Type EventType `json:"type"`
	At   time.Time `json:"at"`
	// Problem is set when the event ended the session.
	Problem *Problem `json:"problem,omitempty"`
}

// Problem is an RFC 9457 problem document with Lanyard's code and next step.
type Problem struct {
	// Type is "about:blank" or the address of documentation.
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail is one more sentence about this very occurrence.
	Detail string `json:"detail,omitempty"`
	Code   string `json:"code"`
	// Error is the error code of OAuth 2.0 (RFC 6749, section 5.2) where the
	// request was one of it.
	Error string `json:"error,omitempty"`
	Next  string `json:"next"`
	Who   string `json:"who"`
	// CorrelationID finds this occurrence in the server's log. It is also
	// the X-Request-Id of the answer.
	CorrelationID string `json:"correlation_id,omitempty"`
}

// Paths of the API.
const (
	PathWorkspaces = "/v1/workspaces/" // + id
	PathDiscover   = "/v1/discover"
	PathSession    = "/v1/session" // POST; DELETE, with ?all=true for every device
	PathMe         = "/v1/me"
	PathEvents     = "/v1/events"
)
