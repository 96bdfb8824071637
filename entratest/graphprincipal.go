package entratest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// graphPrincipal is what Graph alone knows of an enterprise application.
type graphPrincipal struct {
	id       string
	absent   bool // the registration has none yet
	mode     string
	loginURL string
	tags     []string
	grants   []gGrant
}

// gGrant is a consent: Graph's oAuth2PermissionGrant.
type gGrant struct {
	ID          string  `json:"id"`
	ClientID    string  `json:"clientId"`
	ConsentType string  `json:"consentType"`
	PrincipalID *string `json:"principalId"`
	ResourceID  string  `json:"resourceId"`
	Scope       string  `json:"scope"`
}

// graphPrincipalID is the object ID of Microsoft Graph in a tenant.
func (t *tenant) graphPrincipalID() string {
	return t.ID[:24] + "000000000003"
}

// principal finds an enterprise application; core.mu is held.
func (t *tenant) principal(id string) (*registration, error) {
	for _, r := range t.apps {
		if !r.graph.absent && (r.graph.id == strings.ToLower(id) || strings.EqualFold(r.ClientID, id)) {
			return r, nil
		}
	}
	return nil, noGraph(id)
}

// graphPrincipals lists, makes, shows and changes enterprise applications.
func (c *core) graphPrincipals(g graphRequest, id string) (int, any, func() error, error) {
	if err := g.needApps(); err != nil {
		return 0, nil, nil, err
	}
	if id == "" {
		return c.graphManyPrincipals(g)
	}
	if g.method == http.MethodGet && (id == graphID || id == g.tenant.graphPrincipalID()) {
		return http.StatusOK, selected(g.tenant.graphItself(), g.query.Get("$select")), nil, nil
	}
	r, err := g.tenant.principal(id)
	if err != nil {
		return 0, nil, nil, err
	}
	switch g.method {
	case http.MethodGet:
		return http.StatusOK, r.principalDocument(&g.tenant.Tenant, g.query.Get("$select")), nil, nil
	case http.MethodPatch:
		if err := g.patchPrincipal(r); err != nil {
			return 0, nil, nil, err
		}
		return http.StatusNoContent, nil, c.saveSAML(g.tenant, r), nil
	}
	return 0, nil, nil, wrongMethod(g.method)
}

func (t *tenant) graphItself() map[string]any {
	return map[string]any{
		"id": t.graphPrincipalID(), "appId": graphID, "displayName": "Microsoft Graph", "accountEnabled": true,
		"appRoleAssignmentRequired": false, "servicePrincipalType": "Application",
	}
}

func (c *core) graphManyPrincipals(g graphRequest) (int, any, func() error, error) {
	switch g.method {
	case http.MethodGet:
		want, err := g.filter("appId", "displayName")
		if err != nil {
			return 0, nil, nil, err
		}
		var all []map[string]any
		for _, r := range g.tenant.apps {
			name, byName := want["displayName"]
			app, byApp := want["appId"]
			if !r.graph.absent && (!byName || name == r.Name) && (!byApp || strings.EqualFold(app, r.ClientID)) {
				all = append(all, r.principalDocument(&g.tenant.Tenant, g.query.Get("$select")))
			}
		}
		if want["appId"] == graphID {
			all = append(all, g.tenant.graphItself())
		}
		return http.StatusOK, graphList("servicePrincipals", all), nil, nil
	case http.MethodPost:
		var in struct {
			AppID string   `json:"appId"`
			Tags  []string `json:"tags"`
		}
		if err := g.read(&in); err != nil {
			return 0, nil, nil, err
		}
		r := g.tenant.app(in.AppID)
		switch {
		case r == nil:
			return 0, nil, nil, badGraph("The appId '%s' of the service principal does not reference a valid application object.", in.AppID)
		case !r.graph.absent:
			return 0, nil, nil, &graphFault{http.StatusConflict, "Request_MultipleObjectsWithSameKeyValue", "The service principal cannot be created, because one for the appId exists already."}
		}
		r.graph.absent, r.graph.tags = false, in.Tags
		return http.StatusCreated, r.principalDocument(&g.tenant.Tenant, ""), nil, nil
	}
	return 0, nil, nil, wrongMethod(g.method)
}

func (g graphRequest) patchPrincipal(r *registration) error {
	var in struct {
		Assignment *bool     `json:"appRoleAssignmentRequired"`
		Enabled    *bool     `json:"accountEnabled"`
		Mode       *string   `json:"preferredSingleSignOnMode"`
		LoginURL   *string   `json:"loginUrl"`
		Tags       *[]string `json:"tags"`
		Notify     *[]string `json:"notificationEmailAddresses"`
	}
	if err := g.read(&in); err != nil {
		return err
	}
	if in.Mode != nil && !slices.Contains([]string{"", "password", "saml", "notSupported", "oidc"}, *in.Mode) {
		return badGraph("Invalid value specified for property 'preferredSingleSignOnMode' of resource 'ServicePrincipal'.")
	}
	if in.LoginURL != nil && *in.LoginURL != "" {
		if u, err := url.Parse(*in.LoginURL); err != nil || u.Host == "" {
			return badGraph("Invalid value specified for property 'loginUrl' of resource 'ServicePrincipal'.")
		}
	}
	if in.Assignment != nil {
		r.AssignmentRequired = *in.Assignment
	}
	if in.Enabled != nil {
		r.Disabled = !*in.Enabled
	}
	if in.Mode != nil {
		r.graph.mode = *in.Mode
	}
	if in.LoginURL != nil {
		r.graph.loginURL = *in.LoginURL
	}
	if in.Tags != nil {
		r.graph.tags = slices.Clone(*in.Tags)
	}
	return nil
}

// saveSAML returns what makes the single sign-on page say what Graph was told:
// the Identifiers and Reply URLs of an application in mode saml.
func (c *core) saveSAML(t *tenant, r *registration) func() error {
	replies := r.uris(Web)
	if r.graph.mode != "saml" || len(r.App.graph.identifiers) == 0 || len(replies) == 0 {
		return nil
	}
	a := r.clone()
	own, page := t.Tenant, SAMLOptions{}
	if r.saml != nil {
		page = r.saml.clone()
	}
	page.Identifiers, page.ReplyURLs = slices.Clone(a.graph.identifiers), replies
	page.LogoutURL, page.SignOnURL = a.graph.logoutURL, r.graph.loginURL
	return func() error { return own.SetSAML(&a, page) }
}

// gAssigned is Graph's appRoleAssignment.
type gAssigned struct {
	ID            string `json:"id"`
	RoleID        string `json:"appRoleId"`
	PrincipalID   string `json:"principalId"`
	PrincipalName string `json:"principalDisplayName"`
	PrincipalType string `json:"principalType"`
	ResourceID    string `json:"resourceId"`
	ResourceName  string `json:"resourceDisplayName"`
}

// graphAssignments lists who is assigned to an application, and assigns.
func (c *core) graphAssignments(g graphRequest, id string) (int, any, func() error, error) {
	permissions := []string{graphAssign}
	if g.method == http.MethodGet {
		permissions = append(permissions, graphReadApps, graphWriteApps)
	}
	if err := g.need(permissions...); err != nil {
		return 0, nil, nil, err
	}
	r, err := g.tenant.principal(id)
	if err != nil {
		return 0, nil, nil, err
	}
	switch g.method {
	case http.MethodGet:
		return http.StatusOK, graphList("appRoleAssignments", g.tenant.assignments(r)), nil, nil
	case http.MethodPost:
		var in struct {
			PrincipalID string `json:"principalId"`
			ResourceID  string `json:"resourceId"`
			RoleID      string `json:"appRoleId"`
		}
		if err := g.read(&in); err != nil {
			return 0, nil, nil, err
		}
		if in.ResourceID != r.graph.id || (g.tenant.person(in.PrincipalID) == nil && g.tenant.group(in.PrincipalID) == nil) {
			return 0, nil, nil, noGraph(in.PrincipalID)
		}
		known := in.RoleID == DefaultAccess || slices.ContainsFunc(r.AppRoles, func(a AppRole) bool { return a.ID == in.RoleID && !a.Disabled })
		if !known {
			return 0, nil, nil, badGraph("Permission being assigned was not found on application '%s'.", r.ClientID)
		}
		if slices.Contains(r.assigned[in.PrincipalID], in.RoleID) {
			return 0, nil, nil, badGraph("Permission being assigned already exists on the object.")
		}
		r.assigned[in.PrincipalID] = append(slices.Clone(r.assigned[in.PrincipalID]), in.RoleID)
		if g.tenant.person(in.PrincipalID) != nil {
			c.changed(g.tenant.ID, in.PrincipalID)
		} else {
			c.changed(g.tenant.ID, "")
			c.changedGroup(g.tenant.ID, in.PrincipalID)
		}
		all := g.tenant.assignments(r)
		i := slices.IndexFunc(all, func(a gAssigned) bool { return a.PrincipalID == in.PrincipalID && a.RoleID == in.RoleID })
		return http.StatusCreated, all[i], nil, nil
	}
	return 0, nil, nil, wrongMethod(g.method)
}

func (t *tenant) assignments(r *registration) []gAssigned {
	var out []gAssigned
	for principal, roles := range r.assigned {
		for _, role := range roles {
			a := gAssigned{ID: principal + "-" + role, RoleID: role, PrincipalID: principal, ResourceID: r.graph.id, ResourceName: r.Name}
			if p := t.person(principal); p != nil {
				a.PrincipalName, a.PrincipalType = p.DisplayName, "User"
			} else if group := t.group(principal); group != nil {
				a.PrincipalName, a.PrincipalType = group.DisplayName, "Group"
			}
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b gAssigned) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// grantsOf are the consents of a client; core.mu is held. What an
// administrator consented to by the registration's AdminConsent is one.
func (t *tenant) grantsOf(r *registration) []gGrant {
	out := slices.Clone(r.graph.grants)
	if r.AdminConsent {
		var names []string
		for _, s := range r.Scopes {
			names = append(names, s.Value)
		}
		out = append(out,
			gGrant{ID: "consent-own", ClientID: r.graph.id, ConsentType: "AllPrincipals", ResourceID: r.graph.id, Scope: strings.Join(names, " ")},
			gGrant{ID: "consent-graph", ClientID: r.graph.id, ConsentType: "AllPrincipals", ResourceID: t.graphPrincipalID(), Scope: strings.Join(oidcScopes, " ")})
	}
	return out
}

// granted reports whether an administrator has consented for all to a scope of a
// resource (nil: Graph); core.mu is held.
func (t *tenant) granted(client, resource *registration, scope string) bool {
	id := t.graphPrincipalID()
	if resource != nil {
		id = resource.graph.id
	}
	return slices.ContainsFunc(client.graph.grants, func(g gGrant) bool {
		return g.ConsentType == "AllPrincipals" && g.ResourceID == id && slices.Contains(strings.Fields(g.Scope), scope)
	})
}

// graphGrants lists and makes consents.
func (c *core) graphGrants(g graphRequest) (int, any, func() error, error) {
	permissions := []string{graphGrants}
	if g.method == http.MethodGet {
		permissions = append(permissions, graphReadGrants)
	}
	if err := g.need(permissions...); err != nil {
		return 0, nil, nil, err
	}
	switch g.method {
	case http.MethodGet:
		want, err := g.filter("clientId", "resourceId", "consentType")
		if err != nil {
			return 0, nil, nil, err
		}
		var all []gGrant
		for _, r := range g.tenant.apps {
			for _, k := range g.tenant.grantsOf(r) {
				fits := map[string]string{"clientId": k.ClientID, "resourceId": k.ResourceID, "consentType": k.ConsentType}
				if !mismatch(want, fits) {
					all = append(all, k)
				}
			}
		}
		return http.StatusOK, graphList("oauth2PermissionGrants", all), nil, nil
	case http.MethodPost:
		return g.makeGrant()
	}
	return 0, nil, nil, wrongMethod(g.method)
}

func mismatch(want, have map[string]string) bool {
	for name, value := range want {
		if have[name] != value {
			return true
		}
	}
	return false
}

func (g graphRequest) makeGrant() (int, any, func() error, error) {
	var in gGrant
	if err := g.read(&in); err != nil {
		return 0, nil, nil, err
	}
	client, err := g.tenant.principal(in.ClientID)
	if err != nil || client.graph.id != in.ClientID {
		return 0, nil, nil, noGraph(in.ClientID)
	}
	var scopes []string
	if in.ResourceID == g.tenant.graphPrincipalID() {
		scopes = append(slices.Clone(oidcScopes), "User.Read")
	} else {
		resource, err := g.tenant.principal(in.ResourceID)
		if err != nil || resource.graph.id != in.ResourceID {
			return 0, nil, nil, noGraph(in.ResourceID)
		}
		for _, s := range resource.Scopes {
			scopes = append(scopes, s.Value)
		}
	}
	switch {
	case in.ConsentType != "AllPrincipals":
		return 0, nil, nil, badGraph("Only consents for AllPrincipals can be made here; people consent by signing in.")
	case in.PrincipalID != nil:
		return 0, nil, nil, badGraph("principalId must be null for the consentType AllPrincipals.")
	case slices.ContainsFunc(g.tenant.grantsOf(client), func(k gGrant) bool { return k.ResourceID == in.ResourceID && k.ConsentType == in.ConsentType }):
		return 0, nil, nil, &graphFault{http.StatusConflict, "Request_MultipleObjectsWithSameKeyValue", "Permission entry already exists."}
	}
	for _, s := range strings.Fields(in.Scope) {
		if !slices.Contains(scopes, s) {
			return 0, nil, nil, badGraph("The scope '%s' is not a permission of the resource.", s)
		}
	}
	in.ID = randomText(24)
	client.graph.grants = append(client.graph.grants, in)
	return http.StatusCreated, in, nil, nil
}
