package entratest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

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

// Scope is a delegated permission that an app exposes: <AppIDURI>/<Value>.
type Scope struct {
	ID    string // default: a random GUID
	Value string // such as access_as_user
	// AdminOnly scopes can't be consented to by a person (AADSTS90094).
	AdminOnly bool
	// ConsentName is what the consent page says it allows.
	ConsentName string
	// Disabled scopes are not exposed, and may be deleted.
	Disabled bool
	// consent are the texts that Graph alone knows.
	consent graphConsentTexts
}

// AppRole is a role that people and groups can be assigned.
type AppRole struct {
	ID          string // default: a random GUID
	Value       string // may be empty: the default "User" role has none
	DisplayName string // default: the value
	// Description says what it is for. Default: the display name.
	Description string
	// Disabled roles can be assigned to nobody, and may be deleted.
	Disabled bool
	// Members is what can have it: User (the default), Application or both.
	Members []string
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
	// Redirects as registered, under Entra's rules: see [CheckRedirect].
	Redirects []Redirect
	// IsFallbackPublicClient is "Allow public client flows", which the device
	// code flow needs.
	IsFallbackPublicClient bool
	// AppIDURI is the application ID URI, by default api://<ClientID>.
	AppIDURI string
	Scopes   []Scope
	// AppRoles: an app without any has the role User, as enterprise
	// applications do, and Assign gives it to those assigned without a role.
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
	// Certificates do so too, in DER: those that an administrator uploaded.
	Certificates [][]byte
	// AssignmentRequired refuses people not assigned (AADSTS50105).
	AssignmentRequired bool
	// Disabled is "Enabled for users to sign-in: No" (AADSTS7000112).
	Disabled bool
	// graph is what of the registration only Graph knows.
	graph graphApp
}

// ScopeName is the scope in full, such as api://<client id>/access_as_user.
func (a *App) ScopeName(value string) string { return a.AppIDURI + "/" + value }

// DefaultAccess is the role of those assigned without one, where the app has
// roles. Entra's provisioning leaves such people out.
const DefaultAccess = "00000000-0000-0000-0000-000000000000"

// userRole is the role User of every enterprise application; its id is the
// same everywhere and its value is empty.
const userRole = "18d14569-c3bd-439b-9a66-3a2aee01d14f"

// registration is what core keeps of an app; core.mu guards it.
type registration struct {
	App
	assigned map[string][]string        // principal (user or group) → role ids
	consents map[string]map[string]bool // user → "<resource client id>/<scope>"
	saml     *samlApp                   // nil: no single sign-on page
	graph    graphPrincipal
}

// AddApp registers an app and returns it with everything filled in. It panics
// where Entra would refuse the registration: that is a mistake in the test.
func (t *Tenant) AddApp(a App) *App {
	out, err := t.RegisterApp(a)
	if err != nil {
		panic(err)
	}
	return out
}

// RegisterApp is AddApp for those who can be told what is wrong.
func (t *Tenant) RegisterApp(a App) (*App, error) {
	c := t.core
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := a.complete(); err != nil {
		return nil, err
	}
	own := t.state()
	if own.app(a.ClientID) != nil || (a.AppIDURI != "" && own.resource(a.AppIDURI) != nil) {
		return nil, fmt.Errorf("entratest: there is an app %s or %s already", a.ClientID, a.AppIDURI)
	}
	own.apps = append(own.apps, &registration{
		App: a.clone(), assigned: map[string][]string{}, consents: map[string]map[string]bool{},
		graph: graphPrincipal{id: newGUID()},
	})
	return &a, nil
}

// complete fills in what was left out and checks the rest.
func (a *App) complete() error {
	if a.ClientID == "" {
		a.ClientID = newGUID()
	}
	a.ClientID = strings.ToLower(a.ClientID)
	if !isGUID(a.ClientID) {
		return fmt.Errorf("entratest: %q is not a client id", a.ClientID)
	}
	if a.Name == "" {
		a.Name = "Lanyard"
	}
	if a.graph.id == "" {
		a.graph.id = newGUID()
	}
	if a.AppIDURI == "" && !a.graph.bare {
		a.AppIDURI = "api://" + a.ClientID
	}
	if a.RequestedAccessTokenVersion == 0 {
		a.RequestedAccessTokenVersion = 2
	}
	if len(a.Redirects) > maxRedirects {
		return fmt.Errorf("entratest: %d redirect URIs; Entra takes %d", len(a.Redirects), maxRedirects)
	}
	for _, r := range a.Redirects {
		if err := CheckRedirect(r); err != nil {
			return err
		}
	}
	if len(a.AppRoles) == 0 && !a.graph.bare {
		a.AppRoles = []AppRole{{ID: userRole, DisplayName: "User"}}
	}
	*a = a.clone()
	for i := range a.Scopes {
		if a.Scopes[i].ID == "" {
			a.Scopes[i].ID = newGUID()
		}
	}
	for i := range a.AppRoles {
		r := &a.AppRoles[i]
		if r.ID == "" {
			r.ID = newGUID()
		}
		if r.DisplayName == "" {
			r.DisplayName = r.Value
		}
		if r.Description == "" {
			r.Description = r.DisplayName
		}
		if len(r.Members) == 0 {
			r.Members = []string{"User"}
		}
	}
	return nil
}

func (a App) clone() App {
	a.Redirects, a.Scopes = slices.Clone(a.Redirects), slices.Clone(a.Scopes)
	a.AppRoles, a.Secrets = slices.Clone(a.AppRoles), slices.Clone(a.Secrets)
	a.Preauthorized, a.Certificates = slices.Clone(a.Preauthorized), slices.Clone(a.Certificates)
	a.graph.identifiers = slices.Clone(a.graph.identifiers)
	return a
}

// App finds an app by its client id; nil when there is none.
func (t *Tenant) App(clientID string) *App {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	if r := t.state().app(clientID); r != nil {
		a := r.clone()
		return &a
	}
	return nil
}

// Apps lists all, in the order registered.
func (t *Tenant) Apps() []App {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	var all []App
	for _, r := range t.state().apps {
		all = append(all, r.clone())
	}
	return all
}

// UpdateApp changes a registration. The client id stays.
func (t *Tenant) UpdateApp(a *App, change func(*App)) error {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	r := t.state().app(a.ClientID)
	if r == nil {
		return fmt.Errorf("app %s: %w", a.ClientID, ErrNotFound)
	}
	next := r.clone()
	change(&next)
	next.ClientID = r.ClientID
	if err := next.complete(); err != nil {
		return err
	}
	r.App = next
	return nil
}

func (t *tenant) app(clientID string) *registration {
	for _, r := range t.apps {
		if strings.EqualFold(r.ClientID, clientID) {
			return r
		}
	}
	return nil
}

// resource finds the app behind a resource: an application ID URI or a client id.
func (t *tenant) resource(name string) *registration {
	for _, r := range t.apps {
		if (r.AppIDURI == name && name != "") || strings.EqualFold(r.ClientID, name) {
			return r
		}
	}
	return nil
}

// Assign gives a person access to an app, with these roles by value, display
// name or id. Without any they get the role User where it is the app's only
// one, and else DefaultAccess.
func (t *Tenant) Assign(a *App, u *User, roles ...string) error {
	return t.assign(a, u.ObjectID, roles)
}

// AssignGroup gives the members of a group access to an app.
func (t *Tenant) AssignGroup(a *App, g *Group, roles ...string) error {
	return t.assign(a, g.ObjectID, roles)
}

func (t *Tenant) assign(a *App, principal string, roles []string) error {
	c := t.core
	c.mu.Lock()
	defer c.mu.Unlock()
	own := t.state()
	r := own.app(a.ClientID)
	if r == nil || (own.person(principal) == nil && own.group(principal) == nil) {
		return fmt.Errorf("app %s, principal %s: %w", a.ClientID, principal, ErrNotFound)
	}
	given, err := r.roleIDs(roles)
	if err != nil {
		return err
	}
	r.assigned[principal] = given
	if own.person(principal) != nil {
		c.changed(t.ID, principal)
	} else {
		c.changed(t.ID, "") // a group: anybody may be in it
		c.changedGroup(t.ID, principal)
	}
	return nil
}

func (r *registration) roleIDs(names []string) ([]string, error) {
	if len(names) == 0 {
		if len(r.AppRoles) == 1 && r.AppRoles[0].ID == userRole {
			return []string{userRole}, nil
		}
		return []string{DefaultAccess}, nil
	}
	var ids []string
	for _, name := range names {
		i := slices.IndexFunc(r.AppRoles, func(a AppRole) bool {
			return name != "" && !a.Disabled && (a.Value == name || a.DisplayName == name || a.ID == name)
		})
		if i < 0 {
			return nil, fmt.Errorf("entratest: app %s has no role %q", r.ClientID, name)
		}
		ids = append(ids, r.AppRoles[i].ID)
	}
	return ids, nil
}

// Unassign takes a person's own assignment away.
func (t *Tenant) Unassign(a *App, u *User) error {
	c := t.core
	c.mu.Lock()
	defer c.mu.Unlock()
	r := t.state().app(a.ClientID)
	if r == nil || r.assigned[u.ObjectID] == nil {
		return fmt.Errorf("assignment of %s to %s: %w", u.UserPrincipalName, a.ClientID, ErrNotFound)
	}
	delete(r.assigned, u.ObjectID)
	c.changed(t.ID, u.ObjectID)
	return nil
}

// UnassignGroup takes a group's assignment away.
func (t *Tenant) UnassignGroup(a *App, g *Group) error {
	c := t.core
	c.mu.Lock()
	defer c.mu.Unlock()
	r := t.state().app(a.ClientID)
	if r == nil || r.assigned[g.ObjectID] == nil {
		return fmt.Errorf("assignment of %s to %s: %w", g.DisplayName, a.ClientID, ErrNotFound)
	}
	delete(r.assigned, g.ObjectID)
	c.changed(t.ID, "")
	c.changedGroup(t.ID, g.ObjectID)
	return nil
}

// rolesOf are the roles a person has in an app, their groups' ones too, in the
// order of the registration. assigned is false where there is no assignment.
func (t *tenant) rolesOf(r *registration, user string) (roles []AppRole, assigned bool) {
	have := map[string]bool{}
	for _, principal := range append([]string{user}, t.groupsOf(user)...) {
		for _, id := range r.assigned[principal] {
			have[id], assigned = true, true
		}
	}
	for _, a := range r.AppRoles {
		if have[a.ID] && !a.Disabled {
			roles = append(roles, a)
		}
	}
	return roles, assigned
}

// Consent records that a person has consented to these scopes (by value) of
// an app for itself; the consent page does the same.
func (t *Tenant) Consent(a *App, u *User, scopes ...string) error {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	r := t.state().app(a.ClientID)
	if r == nil {
		return fmt.Errorf("app %s: %w", a.ClientID, ErrNotFound)
	}
	r.consent(u.ObjectID, r, scopes)
	return nil
}

// RevokeConsent forgets what people and administrators consented to.
func (t *Tenant) RevokeConsent(a *App) error {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	r := t.state().app(a.ClientID)
	if r == nil {
		return fmt.Errorf("app %s: %w", a.ClientID, ErrNotFound)
	}
	clear(r.consents)
	r.AdminConsent, r.graph.grants = false, nil
	return nil
}

// consent records, for the client r, a person's consent to a resource's scopes.
func (r *registration) consent(user string, resource *registration, scopes []string) {
	given := maps.Clone(r.consents[user])
	if given == nil {
		given = map[string]bool{}
	}
	for _, s := range scopes {
		given[consentKey(resource, s)] = true
	}
	r.consents[user] = given
}

func consentKey(resource *registration, scope string) string {
	if resource == nil {
		return "graph/" + scope
	}
	return resource.ClientID + "/" + scope
}
