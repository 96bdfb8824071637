package saml

import (
	"crypto/rsa"
	"crypto/x509"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

// Limits on what comes from outside. All are in bytes.
const (
	// MaxResponse is how large a decoded response may be. Entra's largest,
	// with 150 groups and both signatures, has about 25,000.
	MaxResponse = 256 << 10
	// MaxMetadata is how large a metadata document may be.
	MaxMetadata = 1 << 20
	// MaxEntityID is how long an entity ID may be (SAML core 8.3.6).
	MaxEntityID = 1024
	// MaxRelayState is how long RelayState may be (SAML bindings 3.4.3).
	MaxRelayState = 80
)

// DefaultSkew is by how much the identity provider's clock and ours may differ
// where [Expect] does not say. Entra back-dates nothing.
const DefaultSkew = 3 * time.Minute

// Binding is how a message travels (SAML bindings 3).
type Binding string

// The two bindings that pass through a browser without an artifact.
const (
	Redirect Binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	POST     Binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

// ServiceProvider is what one workspace is to its identity provider. Fields
// without a comment saying otherwise are required.
type ServiceProvider struct {
	// EntityID is our name: any string of 1 to [MaxEntityID] characters, not
	// only an address ("BTIQ").
	EntityID string
	// ACS is the assertion consumer service's URL, "Reply URL" in Entra.
	ACS string
	// SLO is the single logout service's URL. Empty means that none is offered.
	SLO string
	// Metadata and Login are the URLs of our metadata and of the start of a
	// sign-in. They are for people to copy, and optional.
	Metadata string
	Login    string
	// Encryption holds certificates to encrypt for, newest first. Optional.
	Encryption []*x509.Certificate
	// Signing holds the certificates of our signed requests. Optional.
	Signing []*x509.Certificate
	// SignsRequests says in the metadata that our requests are signed.
	SignsRequests bool
}

// IdentityProvider is what a workspace knows of who signs its people in.
type IdentityProvider struct {
	// EntityID is compared exactly. Entra's is https://sts.windows.net/{tenant}/.
	EntityID string
	// SSORedirect and SSOPost are where requests go. One of them is needed.
	SSORedirect string
	SSOPost     string
	// SLORedirect and SLOPost are where sign-outs go. Both may be empty.
	// SLOResponse is where answers to sign-outs go when it is another place.
	SLORedirect string
	SLOPost     string
	SLOResponse string
	// Certificates are pinned: only their keys are believed, each tried in
	// turn, whatever a message says of its key.
	Certificates []*x509.Certificate
	// TenantID is the directory (tenant) ID in small letters when the
	// provider is Entra, otherwise empty.
	TenantID string
	// AppID is the application ID in the metadata's address (?appid=), or empty.
	AppID string
	// WantSigned says that the provider wants requests to be signed.
	WantSigned bool
	// ValidUntil and CacheFor are what the metadata says of its own age.
	// Zero means that it says nothing.
	ValidUntil time.Time
	CacheFor   time.Duration
}

// Expect is what a message must be for. SP and IdP are required; what is zero
// otherwise is the safe choice.
type Expect struct {
	SP  ServiceProvider
	IdP IdentityProvider
	// Now is the time of the judgement. Zero means the present.
	Now time.Time
	// Skew is allowed on every bound, both ways. Zero means [DefaultSkew].
	Skew time.Duration
	// AllowSHA1 accepts signatures with SHA-1. Only while an identity
	// provider cannot do better.
	AllowSHA1 bool
	// AllowExpiredCertificate believes a pinned certificate after its end.
	AllowExpiredCertificate bool
	// DecryptionKeys are tried in turn, so that one may be replaced by another.
	DecryptionKeys []*rsa.PrivateKey
	// Audiences are accepted besides SP.EntityID.
	Audiences []string
	// RequiredClaims must all be there.
	RequiredClaims []RequiredClaim
	// Claims says which claim holds what.
	Claims ClaimMap
	// NameID is the attribute that the Name ID should come from. A different
	// one is a warning and no refusal, since it is not what links people.
	NameID NameIDSource
	// RequireEmail refuses who has no e-mail claim.
	RequireEmail bool
}

// RequiredClaim binds an assertion to a workspace, such as CoNm to the firm's ID.
type RequiredClaim struct {
	// Name is the claim's name, with its namespace or without: CoNm is met
	// by http://schemas.example.com/claims/CoNm too.
	Name string
	// Equals is the value it must have. Empty means any but an empty one.
	Equals string
	// FoldCase compares name and value without regard to case.
	FoldCase bool
}

// Warning says something an administrator should know though nothing was
// refused for it.
type Warning struct {
	Code problem.Code
	// Detail is one more sentence, safe to show.
	Detail string
	// Field is what Microsoft's portal calls the place to change it, or empty.
	Field string
}
