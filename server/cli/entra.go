package cli

import (
	"context"
	"log/slog"
	"net/http"
)

// Entra is a local Microsoft Entra ID as the dev command needs it. The cli
// package imports none: cmd/lanyardd hands over one made of entratest. Its
// methods may be called from several goroutines at once.
type Entra interface {
	// HTTPClient reaches this Entra under Microsoft's names.
	HTTPClient() *http.Client
	// CA is the PEM certificate that signs for Microsoft's names here.
	CA() []byte
	// ProxyURL is for HTTPS_PROXY, BrowserURL where the pages for people are.
	ProxyURL() string
	BrowserURL() string
	// Authority and Scope are what an app signs in with.
	Authority() string
	Scope() string
	// People returns everybody in the tenant, deleted ones included.
	People() []EntraPerson
	// Add adds someone; the answer has the object id.
	Add(context.Context, EntraPerson) (EntraPerson, error)
	// Act changes the person with this object id. Where people are
	// provisioned, it returns once the change was.
	Act(ctx context.Context, objectID string, act EntraAct, roles ...string) error
	// Provision sends everybody who is assigned to the SCIM service at
	// tenantURL, and from then on each change as it happens.
	Provision(ctx context.Context, tenantURL, token string) error
	// SetUpSAML saves the app's single sign-on page with a workspace's
	// addresses, and returns what Entra's page shows in exchange.
	SetUpSAML(EntraSAML) (EntraSAMLInfo, error)
	// RollCertificate signs SAML responses with a new certificate from now on.
	RollCertificate() error
	// GraphToken is an access token for this Entra's Microsoft Graph, of somebody
	// who may register apps and consent for everybody. It lasts an hour.
	GraphToken() string
	// Close ends it.
	Close()
}

// EntraSAML are the addresses that an administrator copies into Entra.
type EntraSAML struct{ EntityID, ACS, SLO string }

// EntraSAMLInfo is what an administrator copies out of Entra.
type EntraSAMLInfo struct {
	// MetadataURL is the App Federation Metadata Url, at Microsoft's host.
	MetadataURL string
	// UserAccessURL opens the app from Entra's side, in a browser on this machine.
	UserAccessURL string
}

// EntraConfig is the tenant and app that the dev command asks for.
type EntraConfig struct {
	// Log receives what the local Entra is asked, without secrets.
	Log          *slog.Logger
	TenantID     string
	TenantName   string
	Domain       string
	ClientID     string
	AppName      string
	RedirectURIs []string
	// Roles are the app roles that people can be assigned.
	Roles []string
}

// EntraPerson is someone in the local Entra.
type EntraPerson struct {
	ObjectID          string   `json:"oid"`
	UserPrincipalName string   `json:"user_principal_name"`
	Password          string   `json:"password"`
	Name              string   `json:"name"`
	GivenName         string   `json:"given_name,omitempty"`
	Surname           string   `json:"surname,omitempty"`
	Mail              string   `json:"mail"`
	Title             string   `json:"title,omitempty"`
	Department        string   `json:"department,omitempty"`
	Roles             []string `json:"roles,omitempty"`
	// Guest is someone of another organisation, whose address is Mail.
	Guest    bool `json:"guest,omitempty"`
	Disabled bool `json:"disabled,omitempty"`
	Deleted  bool `json:"deleted,omitempty"`
	// Assigned people may use the app and are provisioned.
	Assigned bool `json:"assigned"`
}

// EntraAct is what an administrator can do to a person in Entra.
type EntraAct string

// The acts, as dev entra names them.
const (
	EntraDisable  EntraAct = "disable"  // block sign-in
	EntraEnable   EntraAct = "enable"   // allow sign-in again
	EntraDelete   EntraAct = "delete"   // into the recycle bin
	EntraRestore  EntraAct = "restore"  // out of the recycle bin
	EntraPurge    EntraAct = "purge"    // for good
	EntraAssign   EntraAct = "assign"   // to the app, with roles
	EntraUnassign EntraAct = "unassign" // from the app
)
