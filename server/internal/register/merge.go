package register

import (
	"slices"
	"strings"
)

// TemplateID is Microsoft's template of applications that are not in the
// gallery: what "Create your own application" makes one from.
const TemplateID = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"

// templateRoles are what an application made from the template has from the
// start. Microsoft Graph refuses to remove a role that is enabled, so a PATCH
// of appRoles must repeat them.
func templateRoles() []AppRole {
	return []AppRole{
		{ID: "18d14569-c3bd-439b-9a66-3a2aee01d14f", DisplayName: "User", Description: "User", Enabled: true, Members: []string{"User"}},
		{ID: "b9632174-c057-4f7e-951b-be3adc52bfe6", DisplayName: "msiam_access", Description: "msiam_access", Enabled: true, Members: []string{"User"}},
	}
}

// Merged returns the registration as it is to be: what there is, with what the
// plan adds or changes. Microsoft Graph replaces whole lists, so that whatever
// is missing from a list would be removed; nothing of others is. Existing
// scopes and roles of the planned names keep their IDs.
func (p Plan) Merged(have Application) Application {
	p = p.With(have.AppID)
	yes, version := true, 2
	a := have
	a.DisplayName = p.Name
	if have.DisplayName != "" {
		a.DisplayName = have.DisplayName
	}
	a.SignInAudience, a.PublicFlows, a.API.TokenVersion = "AzureADMyOrg", &yes, &version
	uris := map[Platform][]string{OnPublicClient: slices.Clone(have.PublicClient.RedirectURIs), OnWeb: slices.Clone(have.Web.RedirectURIs), OnSPA: slices.Clone(have.SPA.RedirectURIs)}
	for _, r := range p.Redirects {
		for platform := range uris { // one URI cannot be under two platforms
			uris[platform] = slices.DeleteFunc(uris[platform], func(u string) bool { return u == r.URI && platform != r.Platform })
		}
		uris[r.Platform] = with(uris[r.Platform], r.URI)
	}
	a.PublicClient.RedirectURIs, a.Web.RedirectURIs, a.SPA.RedirectURIs = uris[OnPublicClient], uris[OnWeb], uris[OnSPA]
	a.IdentifierURIs = with(slices.Clone(have.IdentifierURIs), p.IdentifierURI)
	if p.SAML != nil {
		a.IdentifierURIs = with(a.IdentifierURIs, p.SAML.EntityID)
		a.Web.LogoutURL = p.SAML.LogoutURL
	}
	a.API.Scopes = slices.Clone(have.API.Scopes)
	if i := slices.IndexFunc(a.API.Scopes, func(s Scope) bool { return s.Value == p.Scope.Value }); i >= 0 {
		a.API.Scopes[i].Enabled = true
	} else {
		a.API.Scopes = append(a.API.Scopes, p.Scope)
	}
	a.AppRoles = p.mergedRoles(have.AppRoles)
	scope, _ := p.scope(a)
	self := p.ClientID
	if self == "" {
		self = ClientPlaceholder
	}
	a.Required = require(slices.Clone(have.Required), self, scope.ID)
	for _, g := range graphPermissions {
		a.Required = require(a.Required, Graph, g.id)
	}
	claims := OptionalClaims{}
	if have.OptionalClaims != nil {
		claims = *have.OptionalClaims
		claims.AccessToken = slices.Clone(claims.AccessToken)
	}
	for _, c := range p.Claims {
		if !slices.ContainsFunc(claims.AccessToken, func(h Claim) bool { return h.Name == c.Name }) {
			claims.AccessToken = append(claims.AccessToken, c)
		}
	}
	a.OptionalClaims = &claims
	return a
}

func (p Plan) mergedRoles(have []AppRole) []AppRole {
	out := slices.Clone(have)
	for _, r := range p.Roles {
		i := slices.IndexFunc(out, func(h AppRole) bool { return h.Value == r.Value })
		if i < 0 {
			out = append(out, r)
			continue
		}
		out[i].Enabled = true
		if !slices.Contains(out[i].Members, "User") {
			out[i].Members = append(slices.Clone(out[i].Members), "User")
		}
	}
	return out
}

// with returns list with text in it.
func with(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// require adds a delegated permission to what an application requests.
func require(all []RequiredAccess, resource, id string) []RequiredAccess {
	want := Permission{ID: id, Type: "Scope"}
	i := slices.IndexFunc(all, func(r RequiredAccess) bool { return strings.EqualFold(r.AppID, resource) })
	if i < 0 {
		return append(all, RequiredAccess{AppID: resource, Access: []Permission{want}})
	}
	if !slices.Contains(all[i].Access, want) {
		all[i].Access = append(slices.Clone(all[i].Access), want)
	}
	return all
}
