package saml

import (
	"crypto/x509"
	"errors"
	"time"
)

var errPending = errors.New("saml: being written")

// ReadResponse judges the form field SAMLResponse of the HTTP-POST binding. It
// is ParseResponse after base64, which may be wrapped into lines.
func ReadResponse(field string, e Expect) (*Assertion, error) { return nil, errPending }

// ParseResponse judges a response, decoded from base64. An error is a *Refusal.
func ParseResponse(raw []byte, e Expect) (*Assertion, error) { return nil, errPending }

// MetadataOptions says how metadata is read. The zero value is the strictest.
type MetadataOptions struct {
	// Source is the URL it came from, or empty when it was pasted.
	Source string
	// EntityID chooses where the document describes several providers.
	EntityID string
	// AllowLoopbackHTTP accepts endpoints with http:// on loopback.
	AllowLoopbackHTTP bool
	// Now is the time of the judgement. Zero means the present.
	Now time.Time
}

// ParseMetadata reads an identity provider's metadata. An error carries one of
// the problem.Metadata… codes.
func ParseMetadata(raw []byte, o MetadataOptions) (*IdentityProvider, []Warning, error) {
	return nil, nil, errPending
}

// ParseCertificates reads pasted or uploaded signing certificates. An error
// carries one of the problem.Certificate… codes.
func ParseCertificates(paste []byte, now time.Time) ([]*x509.Certificate, []Warning, error) {
	return nil, nil, errPending
}

// Validate reports what is wrong with an identity provider whose fields were
// entered by hand, with the problem code of it, and returns it mended: a lost
// trailing slash of Entra's issuer is put back with a notice.
func (p IdentityProvider) Validate(o MetadataOptions) (IdentityProvider, []Warning, error) {
	return p, nil, errPending
}

// MetadataXML returns our metadata, for the identity provider's administrator.
func (sp ServiceProvider) MetadataXML() ([]byte, error) { return nil, errPending }

// NewAuthnRequest makes a sign-in request.
func NewAuthnRequest(sp ServiceProvider, idp IdentityProvider, o RequestOptions) (*Message, error) {
	return nil, errPending
}

// NewLogoutRequest makes a request to end the session at the identity provider.
func NewLogoutRequest(sp ServiceProvider, idp IdentityProvider, o LogoutOptions) (*Message, error) {
	return nil, errPending
}

// NewLogoutResponse makes the answer to a LogoutRequest.
func NewLogoutResponse(sp ServiceProvider, idp IdentityProvider, o LogoutOptions) (*Message, error) {
	return nil, errPending
}

// IsLogoutRequest reports whether a request to sign out came, as opposed to an
// answer to one of ours.
func (in Incoming) IsLogoutRequest() bool { return false }

// ParseLogoutRequest judges a request to sign out, which must be signed.
func ParseLogoutRequest(in Incoming, e Expect) (*LogoutRequest, error) { return nil, errPending }

// ParseLogoutResponse judges the answer to a logout request of ours.
func ParseLogoutResponse(in Incoming, e Expect) (*LogoutResponse, error) { return nil, errPending }
