package entratest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// graphApp is what of a registration only Graph knows.
type graphApp struct {
	id          string // the object ID
	bare        bool   // made by Graph: nothing is filled in that was not given
	noVersion   bool   // requestedAccessTokenVersion is null
	audience    string // "" is AzureADMyOrg
	identifiers []string
	required    []gRequired
	claims      *gClaims
	logoutURL   string
}

// graphConsentTexts are what a scope's consent pages say.
type graphConsentTexts struct{ adminDescription, userName, userDescription string }

// The JSON of Graph's application resource, as far as it is kept.
type (
	gApplication struct {
		DisplayName    *string      `json:"displayName"`
		SignInAudience *string      `json:"signInAudience"`
		Fallback       *bool        `json:"isFallbackPublicClient"`
		PublicClient   *gURIs       `json:"publicClient"`
		Web            *gWeb        `json:"web"`
		SPA            *gURIs       `json:"spa"`
		API            *gAPI        `json:"api"`
		IdentifierURIs *[]string    `json:"identifierUris"`
		Required       *[]gRequired `json:"requiredResourceAccess"`
		AppRoles       *[]gRole     `json:"appRoles"`
		OptionalClaims *gClaims     `json:"optionalClaims"`
	}
	gURIs struct {
		RedirectURIs *[]string `json:"redirectUris"`
	}
	gWeb struct {
		RedirectURIs *[]string `json:"redirectUris"`
		LogoutURL    *string   `json:"logoutUrl"`
	}
	gAPI struct {
		Version       json.RawMessage `json:"requestedAccessTokenVersion"` // null is 1
		Scopes        *[]gScope       `json:"oauth2PermissionScopes"`
		Preauthorized *[]gPreauth     `json:"preAuthorizedApplications"`
	}
	gScope struct {
		ID               string  `json:"id"`
		Value            string  `json:"value"`
		Type             string  `json:"type"`
		Enabled          bool    `json:"isEnabled"`
		AdminName        string  `json:"adminConsentDisplayName"`
		AdminDescription string  `json:"adminConsentDescription"`
		UserName         *string `json:"userConsentDisplayName"`
		UserDescription  *string `json:"userConsentDescription"`
	}
	gPreauth struct {
		AppID string   `json:"appId"`
		IDs   []string `json:"delegatedPermissionIds"`
	}
	gRequired struct {
		AppID  string    `json:"resourceAppId"`
		Access []gAccess `json:"resourceAccess"`
	}
	gAccess struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	}
	gRole struct {
		ID          string   `json:"id"`
		Value       *string  `json:"value"`
		DisplayName string   `json:"displayName"`
		Description string   `json:"description"`
		Enabled     bool     `json:"isEnabled"`
		Members     []string `json:"allowedMemberTypes"`
		Origin      *string  `json:"origin,omitempty"`
	}
	gClaims struct {
		AccessToken []gClaim `json:"accessToken"`
		IDToken     []gClaim `json:"idToken"`
		SAML2Token  []gClaim `json:"saml2Token"`
	}
	gClaim struct {
		Name       string   `json:"name"`
		Source     *string  `json:"source"`
		Essential  bool     `json:"essential"`
		Properties []string `json:"additionalProperties"`
	}
)

// graphApplications lists, makes, shows and changes applications; c.mu is held.
func (c *core) graphApplications(g graphRequest, id string) (int, any, func() error, error) {
	if err := g.needApps(); err != nil {
		return 0, nil, nil, err
	}
	if id == "" {
		return c.graphManyApplications(g)
	}
	r := g.tenant.application(id)
	if r == nil {
		return 0, nil, nil, noGraph(id)
	}
	switch g.method {
	case http.MethodGet:
		return http.StatusOK, r.document(&g.tenant.Tenant, g.query.Get("$select")), nil, nil
	case http.MethodPatch:
		var in gApplication
		if err := g.read(&in); err != nil {
			return 0, nil, nil, err
		}
		if err := in.apply(g.tenant, r); err != nil {
			return 0, nil, nil, err
		}
		return http.StatusNoContent, nil, c.saveSAML(g.tenant, r), nil
	}
	return 0, nil, nil, wrongMethod(g.method)
}

func (c *core) graphManyApplications(g graphRequest) (int, any, func() error, error) {
	switch g.method {
	case http.MethodGet:
		want, err := g.filter("appId", "displayName")
		if err != nil {
			return 0, nil, nil, err
		}
		var all []map[string]any
		for _, r := range g.tenant.apps {
			if name, ok := want["displayName"]; ok && name != r.Name {
				continue
			}
			if app, ok := want["appId"]; ok && !strings.EqualFold(app, r.ClientID) {
				continue
			}
			all = append(all, r.document(&g.tenant.Tenant, g.query.Get("$select")))
		}
		return http.StatusOK, graphList("applications", all), nil, nil
	case http.MethodPost:
		var in gApplication
		if err := g.read(&in); err != nil {
			return 0, nil, nil, err
		}
		r, err := g.tenant.create(in)
		if err != nil {
			return 0, nil, nil, err
		}
		r.graph.absent = true // until a service principal is made for it
		return http.StatusCreated, r.document(&g.tenant.Tenant, ""), nil, nil
	}
	return 0, nil, nil, wrongMethod(g.method)
}

// customTemplate is the template of applications that are not in the gallery.
const customTemplate = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"

// graphInstantiate makes an application with its service principal, and the two
// roles that all made from the template have.
func (c *core) graphInstantiate(g graphRequest, id string) (int, any, func() error, error) {
	if err := g.need(graphWriteApps); err != nil {
		return 0, nil, nil, err
	}
	if id != customTemplate {
		return 0, nil, nil, noGraph(id)
	}
	var in struct {
		DisplayName string `json:"displayName"`
	}
	if err := g.read(&in); err != nil {
		return 0, nil, nil, err
	}
	roles := []gRole{
		{ID: userRole, DisplayName: "User", Description: "User", Enabled: true, Members: []string{"User"}},
		{ID: "b9632174-c057-4f7e-951b-be3adc52bfe6", DisplayName: "msiam_access", Description: "msiam_access", Enabled: true, Members: []string{"User"}},
	}
	r, err := g.tenant.create(gApplication{DisplayName: &in.DisplayName, AppRoles: &roles})
	if err != nil {
		return 0, nil, nil, err
	}
	return http.StatusCreated, map[string]any{
		"application": r.document(&g.tenant.Tenant, ""), "servicePrincipal": r.principalDocument(&g.tenant.Tenant, ""),
	}, nil, nil
}

// application finds a registration by object ID or client ID; core.mu is held.
func (t *tenant) application(id string) *registration {
	for _, r := range t.apps {
		if r.App.graph.id == strings.ToLower(id) || strings.EqualFold(r.ClientID, id) {
			return r
		}
	}
	return nil
}

// create registers an application as Graph does; core.mu is held.
func (t *tenant) create(in gApplication) (*registration, error) {
	if in.DisplayName == nil || *in.DisplayName == "" {
		return nil, badGraph("A value is required for property 'displayName' of resource 'Application'.")
	}
	a := App{ClientID: newGUID(), Name: *in.DisplayName, RequestedAccessTokenVersion: 1}
	a.graph.bare, a.graph.noVersion = true, true
	if err := a.complete(); err != nil {
		return nil, err
	}
	r := &registration{App: a, assigned: map[string][]string{}, consents: map[string]map[string]bool{}, graph: graphPrincipal{id: newGUID()}}
	if err := in.apply(t, r); err != nil {
		return nil, err
	}
	t.apps = append(t.apps, r)
	return r, nil
}

// apply changes a registration: properties that are given replace what was
// there, whole lists too. Nothing is changed where one of them is refused.
func (in gApplication) apply(t *tenant, r *registration) error {
	next := r.clone()
	next.graph.bare = true // from now on nothing is filled in
	if in.DisplayName != nil {
		next.Name = *in.DisplayName
	}
	if in.SignInAudience != nil {
		if !slices.Contains([]string{"AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"}, *in.SignInAudience) {
			return badGraph("Invalid value specified for property 'signInAudience' of resource 'Application'.")
		}
		next.graph.audience = *in.SignInAudience
	}
	if in.Fallback != nil {
		next.IsFallbackPublicClient = *in.Fallback
	}
	for _, step := range []func(*tenant, *registration, *App) error{in.redirects, in.api, in.roles, in.identifiers, in.claims} {
		if err := step(t, r, &next); err != nil {
			return err
		}
	}
	if in.Required != nil {
		for _, q := range *in.Required {
			if !isGUID(q.AppID) || slices.ContainsFunc(q.Access, func(a gAccess) bool { return !isGUID(a.ID) || (a.Type != "Scope" && a.Type != "Role") }) {
				return badGraph("Invalid value specified for property 'requiredResourceAccess' of resource 'Application'.")
			}
		}
		next.graph.required = *in.Required
	}
	if err := next.complete(); err != nil {
		return badGraph("%v", err)
	}
	r.App = next
	return nil
}

func (in gApplication) redirects(_ *tenant, _ *registration, next *App) error {
	replace := func(p Platform, uris *[]string) {
		if uris == nil {
			return
		}
		next.Redirects = slices.DeleteFunc(next.Redirects, func(r Redirect) bool { return r.Platform == p })
		for _, u := range *uris {
			next.Redirects = append(next.Redirects, Redirect{p, u})
		}
	}
	if in.PublicClient != nil {
		replace(PublicClient, in.PublicClient.RedirectURIs)
	}
	if in.SPA != nil {
		replace(SPA, in.SPA.RedirectURIs)
	}
	if in.Web != nil {
		replace(Web, in.Web.RedirectURIs)
		if u := in.Web.LogoutURL; u != nil {
			if p, err := url.Parse(*u); err != nil || (*u != "" && p.Scheme != "https" && !loopbackHost(p.Hostname())) {
				return badGraph("Invalid value specified for property 'logoutUrl' of resource 'Application'.")
			}
			next.graph.logoutURL = *u
		}
	}
	seen := map[string]bool{}
	for _, r := range next.Redirects {
		if seen[r.URI] {
			return badGraph("Redirect URIs must have distinct values: '%s'.", r.URI)
		}
		seen[r.URI] = true
	}
	return nil
}

// entitlementStands refuses to take an enabled scope or role away, or to give it
// another value: it has to be disabled first.
func entitlementStands(kind, id, value string, enabled, stays bool, newValue string) error {
	if enabled && (!stays || newValue != value) {
		return &graphFault{
			http.StatusBadRequest, "CannotDeleteOrUpdateEnabledEntitlement",
			fmt.Sprintf("Property value cannot be deleted or updated unless it is disabled first: %s %s.", kind, id),
		}
	}
	return nil
}

func (in gApplication) api(t *tenant, r *registration, next *App) error {
	if in.API == nil {
		return nil
	}
	switch v := string(in.API.Version); v {
	case "":
	case "null":
		next.RequestedAccessTokenVersion, next.graph.noVersion = 1, true
	case "1", "2":
		next.RequestedAccessTokenVersion, next.graph.noVersion = int(v[0]-'0'), false
	default:
		return badGraph("Invalid value specified for property 'requestedAccessTokenVersion' of resource 'Application'.")
	}
	if in.API.Scopes != nil {
		for _, old := range r.Scopes {
			i := slices.IndexFunc(*in.API.Scopes, func(s gScope) bool { return strings.EqualFold(s.ID, old.ID) })
			value := ""
			if i >= 0 {
				value = (*in.API.Scopes)[i].Value
			}
			if err := entitlementStands("scope", old.ID, old.Value, !old.Disabled, i >= 0, value); err != nil {
				return err
			}
		}
		next.Scopes = nil
		for _, s := range *in.API.Scopes {
			made, err := s.scope(next.Scopes)
			if err != nil {
				return err
			}
			next.Scopes = append(next.Scopes, made)
		}
	}
	if in.API.Preauthorized == nil {
		return nil
	}
	next.Preauthorized = nil
	for _, p := range *in.API.Preauthorized {
		for _, id := range p.IDs {
			// As Graph does: a scope must be there before it is named.
			if !slices.ContainsFunc(r.Scopes, func(s Scope) bool { return s.ID == id }) {
				return badGraph("Property api.preAuthorizedApplications references the permission %s, which is not there.", id)
			}
		}
		next.Preauthorized = append(next.Preauthorized, strings.ToLower(p.AppID))
	}
	return nil
}

// scope checks one exposed scope.
func (s gScope) scope(others []Scope) (Scope, error) {
	switch {
	case !isGUID(s.ID) || slices.ContainsFunc(others, func(o Scope) bool { return strings.EqualFold(o.ID, s.ID) }):
		return Scope{}, badGraph("Property api.oauth2PermissionScopes has an id that is no GUID or is there twice: '%s'.", s.ID)
	case s.Value == "" || len(s.Value) > 120 || strings.ContainsAny(s.Value, " \t\"\\") || strings.HasPrefix(s.Value, "."):
		return Scope{}, badGraph("Property api.oauth2PermissionScopes has an invalid value: '%s'.", s.Value)
	case slices.ContainsFunc(others, func(o Scope) bool { return o.Value == s.Value }):
		return Scope{}, &graphFault{http.StatusBadRequest, "DuplicateValue", "Request contains a property with duplicate values: " + s.Value}
	case s.Type != "User" && s.Type != "Admin":
		return Scope{}, badGraph("Property api.oauth2PermissionScopes has an invalid type: '%s'.", s.Type)
	case s.AdminName == "" || s.AdminDescription == "" || len([]rune(s.AdminName)) > 100:
		return Scope{}, badGraph("Property adminConsentDisplayName and adminConsentDescription are required.")
	}
	out := Scope{ID: strings.ToLower(s.ID), Value: s.Value, AdminOnly: s.Type == "Admin", Disabled: !s.Enabled, ConsentName: s.AdminName}
	out.consent.adminDescription = s.AdminDescription
	if s.UserName != nil {
		out.consent.userName = *s.UserName
	}
	if s.UserDescription != nil {
		out.consent.userDescription = *s.UserDescription
	}
	return out, nil
}

func (in gApplication) roles(_ *tenant, r *registration, next *App) error {
	if in.AppRoles == nil {
		return nil
	}
	for _, old := range r.AppRoles {
		i := slices.IndexFunc(*in.AppRoles, func(n gRole) bool { return strings.EqualFold(n.ID, old.ID) })
		value := ""
		if i >= 0 && (*in.AppRoles)[i].Value != nil {
			value = *(*in.AppRoles)[i].Value
		}
		if err := entitlementStands("app role", old.ID, old.Value, !old.Disabled, i >= 0, value); err != nil {
			return err
		}
	}
	next.AppRoles = nil
	for _, n := range *in.AppRoles {
		made := AppRole{ID: strings.ToLower(n.ID), DisplayName: n.DisplayName, Description: n.Description, Disabled: !n.Enabled, Members: n.Members}
		if n.Value != nil {
			made.Value = *n.Value
		}
		switch {
		case !isGUID(n.ID) || slices.ContainsFunc(next.AppRoles, func(o AppRole) bool { return o.ID == made.ID }):
			return badGraph("Property appRoles has an id that is no GUID or is there twice: '%s'.", n.ID)
		case len(made.Value) > 120 || strings.ContainsAny(made.Value, " \t\"\\") || strings.HasPrefix(made.Value, "."):
			return badGraph("Property appRoles has an invalid value: '%s'.", made.Value)
		case made.Value != "" && slices.ContainsFunc(next.AppRoles, func(o AppRole) bool { return o.Value == made.Value }):
			return &graphFault{http.StatusBadRequest, "DuplicateValue", "Request contains a property with duplicate values: " + made.Value}
		case n.DisplayName == "" || n.Description == "" || len(n.Members) == 0:
			return badGraph("Property appRoles needs displayName, description and allowedMemberTypes.")
		case slices.ContainsFunc(n.Members, func(m string) bool { return m != "User" && m != "Application" }):
			return badGraph("Property appRoles has invalid allowedMemberTypes.")
		}
		next.AppRoles = append(next.AppRoles, made)
	}
	return nil
}

// identifiers checks identifierUris: of the scheme api with the application's or
// the tenant's ID, at a domain of the tenant, or anything where people sign in
// by SAML (learn.microsoft.com/entra/identity-platform/identifier-uri-restrictions).
func (in gApplication) identifiers(t *tenant, r *registration, next *App) error {
	if in.IdentifierURIs == nil {
		return nil
	}
	next.AppIDURI, next.graph.identifiers = "", nil
	for i, id := range *in.IdentifierURIs {
		if slices.Contains((*in.IdentifierURIs)[:i], id) || id == "" || len(id) > 255 {
			return badGraph("Property identifierUris has a value that is empty, too long or there twice: '%s'.", id)
		}
		for _, other := range t.apps {
			if other != r && (other.AppIDURI == id || slices.Contains(other.App.graph.identifiers, id)) {
				return &graphFault{http.StatusBadRequest, "ObjectConflict", "Another object with the same value for property identifierUris already exists."}
			}
		}
		path, isAPI := strings.CutPrefix(id, "api://")
		u, err := url.Parse(id)
		verified := err == nil && (u.Hostname() == t.Domain || strings.HasSuffix(u.Hostname(), "."+t.Domain))
		switch {
		case isAPI && !strings.Contains(path, r.ClientID) && !strings.HasPrefix(path, t.ID+"/") && !verified,
			!isAPI && !verified && r.graph.mode != "saml":
			return &graphFault{
				http.StatusBadRequest, "HostNameNotOnVerifiedDomain",
				"Values of identifierUris property must use a verified domain of the organization or its subdomain, or the application's ID: '" + id + "'.",
			}
		case next.AppIDURI == "" && isAPI:
			next.AppIDURI = id
		default:
			next.graph.identifiers = append(next.graph.identifiers, id)
		}
	}
	return nil
}

func (in gApplication) claims(_ *tenant, _ *registration, next *App) error {
	if in.OptionalClaims == nil {
		return nil
	}
	next.graph.claims, next.EmailClaim = in.OptionalClaims, false
	for _, c := range in.OptionalClaims.AccessToken {
		if c.Name == "" {
			return badGraph("Property optionalClaims has a claim without a name.")
		}
		next.EmailClaim = next.EmailClaim || c.Name == "email"
	}
	return nil
}
