package register

// Application is an app registration: of Microsoft Graph's application resource
// (v1.0) what Lanyard plans or looks at.
type Application struct {
	// ID is the object ID, AppID the application (client) ID.
	ID          string `json:"id,omitempty"`
	AppID       string `json:"appId,omitempty"`
	DisplayName string `json:"displayName,omitempty"`
	// SignInAudience is AzureADMyOrg for the accounts of one organisation.
	SignInAudience string `json:"signInAudience,omitempty"`
	// PublicFlows is "Allow public client flows". Nil and false are alike.
	PublicFlows  *bool        `json:"isFallbackPublicClient,omitempty"`
	PublicClient PublicClient `json:"publicClient"`
	Web          Web          `json:"web"`
	SPA          SPA          `json:"spa"`
	API          API          `json:"api"`
	// IdentifierURIs are the Application ID URI and the SAML Identifiers.
	IdentifierURIs []string         `json:"identifierUris,omitempty"`
	Required       []RequiredAccess `json:"requiredResourceAccess,omitempty"`
	AppRoles       []AppRole        `json:"appRoles,omitempty"`
	OptionalClaims *OptionalClaims  `json:"optionalClaims,omitempty"`
	// Secrets are the client secrets; their values are never in an answer, and
	// are never kept.
	Secrets []Secret `json:"passwordCredentials,omitempty"`
}

// PublicClient is "Mobile and desktop applications", with iOS / macOS and
// Android among them.
type PublicClient struct {
	RedirectURIs []string `json:"redirectUris,omitempty"`
}

// Web is the platform "Web", which SAML's Reply URLs are also in.
type Web struct {
	RedirectURIs []string `json:"redirectUris,omitempty"`
	LogoutURL    string   `json:"logoutUrl,omitempty"`
}

// SPA is the platform "Single-page application".
type SPA struct {
	RedirectURIs []string `json:"redirectUris,omitempty"`
}

// API is "Expose an API".
type API struct {
	// TokenVersion is requestedAccessTokenVersion. Nil means 1.
	TokenVersion  *int            `json:"requestedAccessTokenVersion,omitempty"`
	Scopes        []Scope         `json:"oauth2PermissionScopes,omitempty"`
	Preauthorized []Preauthorized `json:"preAuthorizedApplications,omitempty"`
}

// Scope is a delegated permission that the application exposes.
type Scope struct {
	ID    string `json:"id"`
	Value string `json:"value"`
	// Type is User, or Admin where people cannot consent by themselves.
	Type             string `json:"type"`
	Enabled          bool   `json:"isEnabled"`
	AdminName        string `json:"adminConsentDisplayName,omitempty"`
	AdminDescription string `json:"adminConsentDescription,omitempty"`
	UserName         string `json:"userConsentDisplayName,omitempty"`
	UserDescription  string `json:"userConsentDescription,omitempty"`
}

// Preauthorized is an "Authorized client application", which needs no consent.
type Preauthorized struct {
	AppID string   `json:"appId"`
	IDs   []string `json:"delegatedPermissionIds,omitempty"`
}

// RequiredAccess are the "API permissions" of one API.
type RequiredAccess struct {
	AppID  string       `json:"resourceAppId"`
	Access []Permission `json:"resourceAccess"`
}

// Permission is one permission: a delegated one where Type is Scope.
type Permission struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// AppRole is a role that people and groups can be assigned.
type AppRole struct {
	ID          string   `json:"id"`
	Value       string   `json:"value,omitempty"`
	DisplayName string   `json:"displayName"`
	Description string   `json:"description,omitempty"`
	Enabled     bool     `json:"isEnabled"`
	Members     []string `json:"allowedMemberTypes"`
}

// OptionalClaims is "Token configuration".
type OptionalClaims struct {
	AccessToken []Claim `json:"accessToken,omitempty"`
	IDToken     []Claim `json:"idToken,omitempty"`
	SAML2Token  []Claim `json:"saml2Token,omitempty"`
}

// Claim is one optional claim.
type Claim struct {
	Name       string   `json:"name"`
	Source     string   `json:"source,omitempty"`
	Essential  bool     `json:"essential"`
	Properties []string `json:"additionalProperties,omitempty"`
}

// Secret is a client secret, of which only that it is there is looked at.
type Secret struct {
	KeyID string `json:"keyId,omitempty"`
}

// ServicePrincipal is the enterprise application: of Microsoft Graph's
// servicePrincipal resource (v1.0) what Lanyard looks at.
type ServicePrincipal struct {
	ID    string `json:"id,omitempty"`
	AppID string `json:"appId,omitempty"`
	// Enabled is "Enabled for users to sign-in?".
	Enabled *bool `json:"accountEnabled,omitempty"`
	// AssignmentRequired is "Assignment required?".
	AssignmentRequired *bool `json:"appRoleAssignmentRequired,omitempty"`
	// SignOnMode is saml where single sign-on by SAML is set up.
	SignOnMode string   `json:"preferredSingleSignOnMode,omitempty"`
	LoginURL   string   `json:"loginUrl,omitempty"`
	ReplyURLs  []string `json:"replyUrls,omitempty"`
	Tags       []string `json:"tags,omitempty"`
	// Grants are the oauth2PermissionGrants, which Graph answers with by
	// themselves. Nil means that nobody asked for them.
	Grants []Grant `json:"oauth2PermissionGrants,omitempty"`
	// Assignments are the appRoleAssignedTo: people, groups and their roles.
	Assignments []Assignment `json:"appRoleAssignedTo,omitempty"`
}

// Assignment gives a person or a group a role of the application.
type Assignment struct {
	Principal string `json:"principalDisplayName"`
	Kind      string `json:"principalType"` // User, Group or ServicePrincipal
	RoleID    string `json:"appRoleId"`
}

// DefaultAccess is the role ID of those who are assigned without a role.
// Entra's provisioning leaves them out.
const DefaultAccess = "00000000-0000-0000-0000-000000000000"

// Grant is a consent to delegated permissions.
type Grant struct {
	// ConsentType is AllPrincipals where an administrator has consented for all.
	ConsentType string `json:"consentType"`
	ResourceID  string `json:"resourceId"`
	// Scope are the permissions by name, with spaces between them.
	Scope string `json:"scope"`
}
