package directory

import (
	"time"
)

// SAML is how a workspace signs people in with a SAML 2.0 identity provider:
// one connection, kept beside the workspace, since certificates are long and
// every request reads the workspace. Private keys in it are sealed. It is stored
// as JSON under the names given here.
type SAML struct {
	Workspace string `json:"-"`
	// Version counts changes from 1.
	Version  int64     `json:"-"`
	Created  time.Time `json:"-"`
	Modified time.Time `json:"-"`
	// Type is what the provider is: SAMLEntra unless it is another.
	Type SAMLType `json:"type,omitempty"`
	// Disabled stops sign-in; a test sign-in still works.
	Disabled bool    `json:"disabled,omitempty"`
	IdP      SAMLIdP `json:"idp,omitzero"`
	// Certificates are the keys that the provider signs with. None means that
	// nobody signs in.
	Certificates []SAMLCertificate `json:"certificates,omitempty"`
	Metadata     SAMLMetadata      `json:"metadata,omitzero"`
	// JIT creates people at their first sign-in.
	JIT bool `json:"jit,omitempty"`
	// IdPInitiated is what becomes of a response nobody asked for (row B20).
	IdPInitiated IdPInitiated `json:"idp_initiated,omitempty"`
	// EntityID is our name for the provider; empty means the address of our
	// metadata. Several workspaces may share one (row B3).
	EntityID string `json:"entity_id,omitempty"`
	// Audiences are accepted besides EntityID: where an administrator overrides
	// the audience claim.
	Audiences []string `json:"audiences,omitempty"`
	// RequiredClaims must be in every assertion (row B5).
	RequiredClaims []SAMLClaim `json:"required_claims,omitempty"`
	// ClaimMap names the attribute of a field where it is not Entra's: its keys
	// are the constants Claim….
	ClaimMap map[string]string `json:"claim_map,omitempty"`
	// NameIDSource is the attribute that the NameID should be: mail, upn, objectid
	// or persistent. Another is a warning.
	NameIDSource string `json:"name_id_source,omitempty"`
	// RequireEmail refuses whoever comes without an e-mail address.
	RequireEmail bool `json:"require_email,omitempty"`
	// NameIDFormat and AuthnContext are asked for where they are set. Empty is
	// right with Entra.
	NameIDFormat string `json:"name_id_format,omitempty"`
	AuthnContext string `json:"authn_context,omitempty"`
	// SignRequests signs what we send; PostBinding sends requests by form.
	SignRequests bool `json:"sign_requests,omitempty"`
	PostBinding  bool `json:"post_binding,omitempty"`
	// ForceAuthn asks for the password each time.
	ForceAuthn bool `json:"force_authn,omitempty"`
	// InsecureAllowSHA1 accepts SHA-1 signatures.
	InsecureAllowSHA1 bool `json:"allow_sha1,omitempty"`
	// InsecureAllowExpired accepts signatures of expired certificates.
	InsecureAllowExpired bool `json:"allow_expired,omitempty"`
	// Skew is how far clocks may differ. Zero means three minutes.
	Skew time.Duration `json:"skew,omitzero"`
	// UserAccessURL is Entra's link to the app, for people to come back with.
	UserAccessURL string `json:"user_access_url,omitempty"`
	// AppReturns are addresses that native apps may be returned to besides
	// loopback: app links and custom schemes, compared exactly.
	AppReturns []string `json:"app_returns,omitempty"`
	// Keys are our own.
	Keys []SAMLKey `json:"keys,omitempty"`
	// Tested is when a test sign-in last succeeded with what is set up now.
	Tested time.Time `json:"tested,omitzero"`
	// TestedHash is the ConfigHash that it succeeded with.
	TestedHash string `json:"tested_hash,omitempty"`
	// Warned are the expiry warnings that were given: the fingerprint of the
	// certificate, a slash, and the days.
	Warned []string `json:"warned,omitempty"`
}

// SAMLType is a kind of identity provider (row B17).
type SAMLType string

// The types. The zero type is SAMLEntra.
const (
	SAMLEntra   SAMLType = "entra"
	SAMLGeneric SAMLType = "generic"
)

// IdPInitiated is what is done with a response that nobody asked for.
type IdPInitiated string

// The choices. The zero choice is IdPBounce.
const (
	// IdPBounce verifies the response, drops it, and asks for one.
	IdPBounce IdPInitiated = "bounce"
	// IdPAccept lets the person in.
	IdPAccept IdPInitiated = "accept"
	// IdPReject refuses.
	IdPReject IdPInitiated = "reject"
)

// SAMLIdP is the identity provider.
type SAMLIdP struct {
	EntityID string `json:"entity_id,omitempty"`
	// Where requests and logouts are sent, by binding. Empty where there is no
	// such endpoint.
	SSORedirect string `json:"sso_redirect,omitempty"`
	SSOPost     string `json:"sso_post,omitempty"`
	SLORedirect string `json:"slo_redirect,omitempty"`
	SLOPost     string `json:"slo_post,omitempty"`
	// SLOResponse is where answers to its logout requests go, where that is
	// another address.
	SLOResponse string `json:"slo_response,omitempty"`
	// TenantID is Entra's, where the entity ID holds one.
	TenantID string `json:"tenant_id,omitempty"`
}

// SAMLCertificate is one signing certificate of the provider.
type SAMLCertificate struct {
	DER []byte `json:"der,omitempty"`
	// Source is where it came from: "metadata" or "pasted".
	Source string    `json:"source,omitempty"`
	Added  time.Time `json:"added,omitzero"`
}

// SAMLMetadata is where the provider's metadata comes from and how it stands.
type SAMLMetadata struct {
	// URL is empty where the connection was set up by hand or from a file.
	URL string `json:"url,omitempty"`
	// AnyHost allows the address to be at another host than Microsoft's.
	AnyHost bool   `json:"any_host,omitempty"`
	ETag    string `json:"etag,omitempty"`
	// EntityID chooses one of several providers in the document. It is empty
	// where the document describes one.
	EntityID string `json:"entity_id,omitempty"`
	// Refreshed is the last success, Tried the last attempt, Next the next.
	// Sought is the last attempt that a signature of an unknown key caused.
	Sought    time.Time `json:"sought,omitzero"`
	Refreshed time.Time `json:"refreshed,omitzero"`
	Tried     time.Time `json:"tried,omitzero"`
	Next      time.Time `json:"next,omitzero"`
	// Failure is the code of the last attempt where it failed.
	Failure string `json:"failure,omitempty"`
	// ChangedEntityID is another entity ID that the document has now. Until an
	// administrator agrees, nothing of it is taken over.
	ChangedEntityID string    `json:"changed_entity_id,omitempty"`
	ValidUntil      time.Time `json:"valid_until,omitzero"`
}

// SAMLClaim is a claim that must be there, with a value where Equals is set.
type SAMLClaim struct {
	Name   string `json:"name,omitempty"`
	Equals string `json:"equals,omitempty"`
	// AnyCase compares name and value without case.
	AnyCase bool `json:"any_case,omitempty"`
}

// The fields of a person that come from claims.
const (
	ClaimObjectID   = "object_id"
	ClaimTenantID   = "tenant_id"
	ClaimEmail      = "email"
	ClaimUserName   = "user_name"
	ClaimGivenName  = "given_name"
	ClaimFamilyName = "family_name"
	ClaimName       = "display_name"
	ClaimGroups     = "groups"
	ClaimRoles      = "roles"
)

// The uses of a SAMLKey.
const (
	KeyEncryption = "encryption"
	KeySigning    = "signing"
)

// SAMLKey is a key pair of ours. Two for encryption may stand side by side, so
// that one can be changed without a gap.
type SAMLKey struct {
	ID  string `json:"id,omitempty"`
	Use string `json:"use,omitempty"`
	// Certificate is self-signed, in DER: what the administrator uploads.
	Certificate []byte `json:"certificate,omitempty"`
	// Sealed is the private key (PKCS #8), sealed with the server's key.
	Sealed  []byte    `json:"sealed,omitempty"`
	Created time.Time `json:"created,omitzero"`
}

// SAMLSession is what a web session remembers of the sign-in it came from.
type SAMLSession struct {
	Issuer string `json:"issuer,omitempty"`
	NameID string `json:"name_id,omitempty"`
	// Format, NameQualifier and SPNameQualifier belong to the NameID.
	Format          string `json:"format,omitempty"`
	NameQualifier   string `json:"name_qualifier,omitempty"`
	SPNameQualifier string `json:"sp_name_qualifier,omitempty"`
	// Index is the provider's name for the session; it may be empty.
	Index string `json:"index,omitempty"`
	Email string `json:"email,omitempty"`
	// Attributes are the claims as received.
	Attributes map[string][]string `json:"attributes,omitempty"`
	// Who is who was let in, and Ends when the provider's session ends, where
	// it said so. They are set where the session can be renewed.
	Who  Claimed   `json:"who,omitzero"`
	Ends time.Time `json:"ends,omitzero"`
}
