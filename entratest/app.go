package entratest

// Platform is where a redirect URI is registered; the rules differ.
type Platform string

// The platforms of an app registration.
const (
	PublicClient Platform = "publicClient" // "Mobile and desktop applications"
	Web          Platform = "web"
	SPA          Platform = "spa"
)

// Redirect is one registered redirect URI.
type Redirect struct {
	Platform Platform
	URI      string
}

// Scope is a delegated permission that an app exposes, api://<app>/<Value>.
type Scope struct {
	ID    string // default: a random GUID
	Value string // such as access_as_user
	// AdminOnly scopes can't be consented to by a person.
	AdminOnly bool
	// ConsentName is what the consent page says it allows.
	ConsentName string
}

// AppRole is a role that people and groups can be assigned.
type AppRole struct {
	ID          string // default: a random GUID
	Value       string
	DisplayName string
}

// GroupClaims is the registration's groupMembershipClaims.
type GroupClaims string

// Which groups go into tokens.
const (
	NoGroups       GroupClaims = ""
	SecurityGroups GroupClaims = "SecurityGroup"
	AssignedGroups GroupClaims = "ApplicationGroup" // those assigned to the app
)

// App is an app registration together with its enterprise application
// (service principal).
type App struct {
	ClientID string // default: a random GUID
	Name     string // default: Lanyard
	// Redirects as registered, under Entra's rules: see CheckRedirect.
	Redirects []Redirect
	// IsFallbackPublicClient is "Allow public client flows", which the device
	// code flow needs.
	IsFallbackPublicClient bool
	// AppIDURI is the application ID URI, by default api://<ClientID>.
	AppIDURI string
	Scopes   []Scope
	AppRoles []AppRole
	// RequestedAccessTokenVersion is 2 unless it is 1. (In Entra an unset one
	// means 1; set 1 to see what a forgotten manifest entry does.)
	RequestedAccessTokenVersion int
	// Preauthorized are client ids which need no consent for our scopes. The
	// app itself is not among them by default.
	Preauthorized []string
	// AdminConsent: an administrator has consented to every scope for all.
	AdminConsent bool
	GroupClaims  GroupClaims
	// EmailClaim is the optional claim "email" in access tokens. ID tokens
	// have it with the scope email, where the person has an address.
	EmailClaim bool
	// Secrets make the app able to be a confidential client.
	Secrets []string
	// AssignmentRequired refuses people not assigned (AADSTS50105).
	AssignmentRequired bool
	// Disabled is "Enabled for users to sign-in: No".
	Disabled bool
}
