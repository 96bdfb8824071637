package saml

import (
	"errors"
)

var errPending = errors.New("saml: being written")

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
