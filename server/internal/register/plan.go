package register

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
)

// Platform is where in a registration a redirect URI stands.
type Platform string

// The platforms, by Microsoft Graph's names.
const (
	OnPublicClient Platform = "publicClient"
	OnWeb          Platform = "web"
	OnSPA          Platform = "spa"
)

// Redirect is one redirect URI that is to be registered.
type Redirect struct {
	Platform Platform
	URI      string
	// For says whose it is, such as "Android, com.acme.app".
	For string
	// Apple and Android are set for what the portals make a platform of from
	// an ID of the app.
	Apple   *redirect.Apple
	Android *redirect.Android
}

// Options is what a plan is made from. Workspace and Name are needed.
type Options struct {
	Workspace string
	// Name is what the application is called in Microsoft Entra.
	Name string
	// TenantID and ClientID are empty until they are known.
	TenantID, ClientID string
	// Authority is that of sign-in; empty means the global cloud's.
	Authority string
	// Scope is the delegated permission in full; empty means
	// api://ClientID/access_as_user.
	Scope string
	// PublicURL is the address of the server; nil where it is not known, and
	// then the plan has neither SAML nor provisioning.
	PublicURL *url.URL
	// SAML are the values of Entra's page; nil means none.
	SAML *SAML
	// TenantURL is that of provisioning, or empty.
	TenantURL string
	// SCIM says that the workspace's people come by provisioning.
	SCIM bool
	// Apple and Android are the apps on telephones, Broker adds what a Windows
	// app needs that signs in through the system's broker.
	Apple   []redirect.Apple
	Android []redirect.Android
	Broker  bool
	// DefaultRole is the workspace's role for new people, AppRoles the app
	// roles that its rules name.
	DefaultRole string
	AppRoles    []string
}

// SAML is Entra's page "Set up Single Sign-On with SAML".
type SAML struct {
	EntityID, ReplyURL, SignOnURL, LogoutURL string
	// NameID is the source of the Unique User Identifier.
	NameID string
	// Claims are constants that the workspace demands, by name.
	Claims []SAMLClaim
}

// SAMLClaim is a claim with a constant for its source.
type SAMLClaim struct{ Name, Value string }

// Plan is everything to register for one workspace. New makes one.
type Plan struct {
	Authority          string
	Workspace          string
	Name               string
	TenantID, ClientID string
	// IdentifierURI is the Application ID URI. It has a placeholder in it until
	// the client ID is known.
	IdentifierURI string
	Scope         Scope
	Redirects     []Redirect
	Roles         []AppRole
	Claims        []Claim
	SAML          *SAML
	TenantURL     string
	SCIM          bool
	LogoURL       string
	Mapping       []entra.Mapping
	// console says that instructions name its pages: see InConsole.
	console bool
}

// forSAML is whose the Reply URL is.
const forSAML = "SAML"

// ClientPlaceholder stands for the application (client) ID where it is not known.
const ClientPlaceholder = "${CLIENT_ID}"

// Graph is Microsoft Graph's own application ID; it is the same in every tenant.
const Graph = "00000003-0000-0000-c000-000000000000"

// graphPermissions are the delegated permissions of Microsoft Graph that every
// sign-in asks for, with their IDs ("Microsoft Graph permissions reference").
var graphPermissions = []struct{ name, id string }{
	{"openid", "37f7f235-527c-4136-accd-4a02d197296e"},
	{"profile", "14dad69e-099b-42c9-810b-d002981feec1"},
	{"email", "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0"},
	{"offline_access", "7427e0e9-2fba-42fe-b0c0-848c9e6a8182"},
}

// OIDCScopes are the names of those permissions.
func OIDCScopes() []string {
	var out []string
	for _, g := range graphPermissions {
		out = append(out, g.name)
	}
	return out
}

// With returns the plan for the application with this client ID, if the plan
// does not know one.
func (p Plan) With(clientID string) Plan {
	if p.ClientID != "" || clientID == "" {
		return p
	}
	p.ClientID = clientID
	p.IdentifierURI = strings.ReplaceAll(p.IdentifierURI, ClientPlaceholder, clientID)
	p.Redirects = slices.Clone(p.Redirects)
	for i := range p.Redirects {
		p.Redirects[i].URI = strings.ReplaceAll(p.Redirects[i].URI, ClientPlaceholder, clientID)
	}
	return p
}

// WithoutSAML returns the plan without SAML's page.
func (p Plan) WithoutSAML() Plan {
	p.SAML = nil
	p.Redirects = slices.DeleteFunc(slices.Clone(p.Redirects), func(r Redirect) bool { return r.For == forSAML })
	return p
}

// namespace is what the IDs of scopes and roles are derived under (RFC 9562
// section 5.5), so that a plan is the same however often it is made.
var namespace = uuid.MustParse("7c9f2d1e-4b60-5a3c-9e57-1f0d6a8b2c43")

func stableID(workspace, kind, value string) string {
	return uuid.NewSHA1(namespace, []byte(workspace+"\n"+kind+"\n"+value)).String()
}

// New makes the plan of a workspace. An error says which of the options
// cannot be registered.
func New(o Options) (Plan, error) {
	p := Plan{
		Workspace: o.Workspace, Name: cmp.Or(o.Name, o.Workspace+" Lanyard"), TenantID: o.TenantID, ClientID: o.ClientID,
		SAML: o.SAML, TenantURL: o.TenantURL, SCIM: o.SCIM, Authority: o.Authority, Mapping: entra.Recommended(),
		// What the server reads of an access token and Entra leaves out unless
		// it is asked: the address, and whether somebody is a guest.
		Claims: []Claim{{Name: "email"}, {Name: "acct"}},
	}
	if o.PublicURL != nil {
		p.LogoURL = o.PublicURL.JoinPath("w", o.Workspace, "logo.png").String()
	}
	full := cmp.Or(o.Scope, "api://"+cmp.Or(o.ClientID, ClientPlaceholder)+"/access_as_user")
	i := strings.LastIndexByte(full, '/')
	if i < 0 || i == len(full)-1 || !strings.Contains(full[:i], "://") {
		return Plan{}, problem.Detailf(problem.BadUsage, "The workspace's scope %q is not of the form api://<client ID>/access_as_user.", full)
	}
	p.IdentifierURI = full[:i]
	p.Scope = Scope{
		ID: stableID(o.Workspace, "scope", full[i+1:]), Value: full[i+1:], Type: "User", Enabled: true,
		AdminName: clipped("Sign in to "+p.Name, 100), AdminDescription: "Lets the app sign people in to " + p.Name + " and act for them there.",
		UserName: clipped("Sign in to "+p.Name, 100), UserDescription: "Lets the app sign you in to " + p.Name + " and act for you there.",
	}
	p.Roles = rolesOf(o)
	return p, p.redirects(o)
}

// redirects fills in the redirect URIs of every platform.
func (p *Plan) redirects(o Options) error {
	p.Redirects = []Redirect{{OnPublicClient, redirect.Loopback, "Windows, Linux, macOS", nil, nil}}
	for _, a := range o.Apple {
		if err := redirect.CheckBundleID(a.BundleID); err != nil {
			return err
		}
		p.Redirects = append(p.Redirects, Redirect{OnPublicClient, a.RedirectURI(), "iOS and macOS, " + a.BundleID, &a, nil})
	}
	for _, a := range o.Android {
		if err := redirect.CheckPackage(a.Package); err != nil {
			return err
		}
		p.Redirects = append(p.Redirects, Redirect{OnPublicClient, a.RedirectURI(), "Android, " + a.Package, nil, &a})
	}
	if o.Broker {
		p.Redirects = append(p.Redirects, Redirect{OnPublicClient, redirect.Broker(cmp.Or(o.ClientID, ClientPlaceholder)), "the broker of Windows (WAM)", nil, nil})
	}
	if p.SAML != nil {
		p.Redirects = append(p.Redirects, Redirect{OnWeb, p.SAML.ReplyURL, forSAML, nil, nil})
	}
	var once []Redirect
	for _, r := range p.Redirects {
		if !slices.ContainsFunc(once, func(o Redirect) bool { return o.URI == r.URI && o.Platform == r.Platform }) {
			once = append(once, r)
		}
	}
	p.Redirects = once
	return nil
}

// rolesOf are the app roles of a workspace: one for everybody, since whoever is
// assigned without a role (Default Access) is not provisioned (row D8), one for
// administrators, and those that the workspace's rules name.
func rolesOf(o Options) []AppRole {
	type role struct{ value, name, why string }
	all := []role{{roleValue(cmp.Or(o.DefaultRole, "member")), "", "People who use the workspace."}, {"admin", "", "People who manage the workspace."}}
	all[0].name, all[1].name = "Workspace "+cmp.Or(o.DefaultRole, "member"), "Workspace admin"
	for _, r := range o.AppRoles {
		all = append(all, role{roleValue(r), r, ofRule})
	}
	var out []AppRole
	for _, r := range all {
		if i := slices.IndexFunc(out, func(have AppRole) bool { return strings.EqualFold(have.Value, r.value) }); i >= 0 {
			continue
		}
		out = append(out, AppRole{
			ID: stableID(o.Workspace, "role", strings.ToLower(r.value)), Value: r.value, DisplayName: clipped(r.name, 100), Description: r.why,
			Enabled: true, Members: []string{"User"},
		})
	}
	return out
}

// ofRule is the description of a role that a rule of the workspace names.
const ofRule = "People to whom the workspace gives a role by this one."

// renamedRoles says of the roles that a rule names by a text which Entra does
// not take for a value.
func (p Plan) renamedRoles() (out []string) {
	for _, r := range p.Roles {
		if r.Description == ofRule && r.Value != r.DisplayName {
			out = append(out, "The workspace's rules name the app role "+r.DisplayName+", which Entra does not take for a value: it gets "+r.Value+
				", and the rules have to name that ("+
				p.told("the workspace's Settings, Roles", "lanyardd workspace set "+p.Workspace+" --role-rule app-role:"+r.Value+"=…")+").")
		}
	}
	return out
}

// roleValue is the value of an app role of this name: of what Entra does not
// take a full stop is left ("Add app roles to your application").
func roleValue(name string) string {
	value := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("!#$%&'()*+,-./:;=?@[]^_{}~", r) {
			return r
		}
		return '.'
	}, name)
	value = strings.Trim(value, ".")
	return cmp.Or(value[:min(len(value), 120)], "role")
}

// clipped is a text of at most so many characters.
func clipped(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}
