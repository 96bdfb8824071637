package saml

// ClaimMap says which claim holds what. An empty field means Entra's own name
// for it, or, where the provider is not Entra, the names in common use.
type ClaimMap struct {
	ObjectID    string `json:"object_id,omitempty"`
	TenantID    string `json:"tenant_id,omitempty"`
	Email       string `json:"email,omitempty"`
	UserName    string `json:"user_name,omitempty"`
	DisplayName string `json:"display_name,omitempty"`
	GivenName   string `json:"given_name,omitempty"`
	FamilyName  string `json:"family_name,omitempty"`
	Groups      string `json:"groups,omitempty"`
	Roles       string `json:"roles,omitempty"`
}

// NameIDSource is the attribute of a person that the Name ID comes from.
type NameIDSource string

// The sources a workspace may ask for. Empty means any.
const (
	NameIDMail       NameIDSource = "mail"       // user.mail, the default for new workspaces
	NameIDUPN        NameIDSource = "upn"        // user.userprincipalname
	NameIDObjectID   NameIDSource = "objectid"   // user.objectid
	NameIDPersistent NameIDSource = "persistent" // an opaque, pairwise name
)

// Attribute is Entra's name for the source, or "" where it is none of these.
func (s NameIDSource) Attribute() string {
	switch s {
	case NameIDMail:
		return "user.mail"
	case NameIDUPN:
		return "user.userprincipalname"
	case NameIDObjectID:
		return "user.objectid"
	case NameIDPersistent:
		return "persistent"
	}
	return ""
}

// Claims as Microsoft Entra names them.
const (
	ClaimObjectID     = "http://schemas.microsoft.com/identity/claims/objectidentifier"
	ClaimTenantID     = "http://schemas.microsoft.com/identity/claims/tenantid"
	ClaimDisplayName  = "http://schemas.microsoft.com/identity/claims/displayname"
	ClaimIDP          = "http://schemas.microsoft.com/identity/claims/identityprovider"
	ClaimEmail        = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
	ClaimName         = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
	ClaimUPN          = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"
	ClaimGivenName    = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"
	ClaimSurname      = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"
	ClaimGroups       = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
	ClaimGroupsLink   = "http://schemas.microsoft.com/claims/groups.link"
	ClaimRole         = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
	ClaimAuthnMethods = "http://schemas.microsoft.com/claims/authnmethodsreferences"
)

// Name ID formats (SAML core 8.3).
const (
	FormatUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	FormatEmail       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	FormatPersistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	FormatTransient   = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
	FormatEntity      = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
)
