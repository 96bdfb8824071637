package entratest

import (
	"slices"
	"strings"
)

// selected keeps the properties that $select names.
func selected(doc map[string]any, names string) map[string]any {
	if names == "" {
		return doc
	}
	out := map[string]any{}
	for _, n := range strings.Split(names, ",") {
		if v, ok := doc[strings.TrimSpace(n)]; ok {
			out[strings.TrimSpace(n)] = v
		}
	}
	return out
}

func (a *App) uris(p Platform) []string {
	out := []string{}
	for _, r := range a.Redirects {
		if r.Platform == p {
			out = append(out, r.URI)
		}
	}
	return out
}

// identifierURIs are the application ID URI and the others.
func (a *App) identifierURIs() []string {
	out := []string{}
	if a.AppIDURI != "" {
		out = append(out, a.AppIDURI)
	}
	return append(out, a.graph.identifiers...)
}

func (a *App) scopeDocuments() []gScope {
	out := []gScope{}
	for _, s := range a.Scopes {
		name := s.ConsentName
		if name == "" {
			name = s.Value
		}
		d := gScope{ID: s.ID, Value: s.Value, Type: "User", Enabled: !s.Disabled, AdminName: name, AdminDescription: name}
		if s.AdminOnly {
			d.Type = "Admin"
		}
		if t := s.consent.adminDescription; t != "" {
			d.AdminDescription = t
		}
		if t := s.consent.userName; t != "" {
			d.UserName = &t
		}
		if t := s.consent.userDescription; t != "" {
			d.UserDescription = &t
		}
		out = append(out, d)
	}
	return out
}

func (a *App) roleDocuments() []gRole {
	out := []gRole{}
	for _, r := range a.AppRoles {
		origin := "Application"
		d := gRole{ID: r.ID, DisplayName: r.DisplayName, Description: r.Description, Enabled: !r.Disabled, Members: r.Members, Origin: &origin}
		if v := r.Value; v != "" {
			d.Value = &v
		}
		out = append(out, d)
	}
	return out
}

// document is a registration as Graph shows it; core.mu is held.
func (r *registration) document(_ *Tenant, names string) map[string]any {
	a := &r.App
	var version any = a.RequestedAccessTokenVersion
	if a.graph.noVersion {
		version = nil
	}
	audience := a.graph.audience
	if audience == "" {
		audience = "AzureADMyOrg"
	}
	preauthorized := []gPreauth{}
	for _, id := range a.Preauthorized {
		p := gPreauth{AppID: id}
		for _, s := range a.Scopes {
			p.IDs = append(p.IDs, s.ID)
		}
		preauthorized = append(preauthorized, p)
	}
	secrets := []any{}
	for range a.Secrets {
		secrets = append(secrets, map[string]any{"keyId": newGUID(), "secretText": nil, "hint": "abc"})
	}
	var logout any
	if a.graph.logoutURL != "" {
		logout = a.graph.logoutURL
	}
	var claims any
	switch {
	case a.graph.claims != nil:
		claims = a.graph.claims
	case a.EmailClaim:
		claims = gClaims{AccessToken: []gClaim{{Name: "email", Properties: []string{}}}, IDToken: []gClaim{}, SAML2Token: []gClaim{}}
	}
	return selected(map[string]any{
		"@odata.context": graphResource + "/v1.0/$metadata#applications/$entity",
		"id":             a.graph.id, "appId": a.ClientID, "displayName": a.Name, "signInAudience": audience,
		"isFallbackPublicClient": a.IsFallbackPublicClient,
		"publicClient":           map[string]any{"redirectUris": a.uris(PublicClient)},
		"web":                    map[string]any{"redirectUris": a.uris(Web), "logoutUrl": logout},
		"spa":                    map[string]any{"redirectUris": a.uris(SPA)},
		"api": map[string]any{
			"requestedAccessTokenVersion": version, "oauth2PermissionScopes": a.scopeDocuments(),
			"preAuthorizedApplications": preauthorized, "knownClientApplications": []any{}, "acceptMappedClaims": nil,
		},
		"identifierUris": a.identifierURIs(), "requiredResourceAccess": slices.Concat([]gRequired{}, a.graph.required),
		"appRoles": a.roleDocuments(), "optionalClaims": claims, "passwordCredentials": secrets, "keyCredentials": []any{},
	}, names)
}

// principalDocument is an enterprise application as Graph shows it; core.mu is held.
func (r *registration) principalDocument(t *Tenant, names string) map[string]any {
	optional := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	all := append(append(r.uris(PublicClient), r.uris(Web)...), r.uris(SPA)...)
	return selected(map[string]any{
		"@odata.context": graphResource + "/v1.0/$metadata#servicePrincipals/$entity",
		"id":             r.graph.id, "appId": r.ClientID, "displayName": r.Name, "accountEnabled": !r.Disabled,
		"appRoleAssignmentRequired": r.AssignmentRequired, "appOwnerOrganizationId": t.ID,
		"preferredSingleSignOnMode": optional(r.graph.mode), "loginUrl": optional(r.graph.loginURL),
		"replyUrls": all, "servicePrincipalNames": append(r.identifierURIs(), r.ClientID), "servicePrincipalType": "Application",
		"tags": slices.Concat([]string{}, r.graph.tags), "appRoles": r.roleDocuments(), "oauth2PermissionScopes": r.scopeDocuments(),
	}, names)
}
