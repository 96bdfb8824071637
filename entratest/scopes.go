package entratest

import (
	"slices"
	"strings"
)

// asked is a parsed scope parameter: OpenID Connect's own scopes, and those
// of at most one resource.
type asked struct {
	oidc     []string // openid, profile, email, offline_access
	resource string   // client id of the resource's app; "" is Graph
	values   []string // such as access_as_user
	full     []string // the same as the client wrote them, for the answer
}

var oidcScopes = []string{"openid", "profile", "email", "offline_access"}

// graphResource is how clients name Microsoft Graph.
const graphResource = "https://graph.microsoft.com"

// parseScopes reads a scope parameter (RFC 6749 section 3.3). A token is for
// one resource, so scopes of two are refused (AADSTS28000); t's state is
// guarded by core.mu, which is held.
func (t *tenant) parseScopes(raw string) (asked, *fault) {
	var a asked
	var resource *string
	for _, s := range strings.Fields(raw) {
		if slices.Contains(oidcScopes, s) {
			if !slices.Contains(a.oidc, s) {
				a.oidc = append(a.oidc, s)
			}
			continue
		}
		id, values, f := t.parseScope(s)
		if f != nil {
			return a, f
		}
		if resource != nil && *resource != id {
			return a, refuse(28000, "The scope '%s' is not valid: it names more than one resource. Ask for one resource at a time.", raw)
		}
		resource = &id
		prefix := s[:strings.LastIndex(s, "/")+1]
		for _, v := range values {
			if !slices.Contains(a.values, v) {
				a.values = append(a.values, v)
				a.full = append(a.full, prefix+v)
			}
		}
		if strings.HasSuffix(s, "/.default") {
			a.full = append(a.full, s) // Entra names it in its answer too
		}
	}
	if resource != nil {
		a.resource = *resource
	}
	if resource == nil && len(a.oidc) == 0 {
		return a, refuse(900144, "The request must contain the following parameter: 'scope'.")
	}
	return a, nil
}

// parseScope reads one resource scope and returns the resource's client id.
func (t *tenant) parseScope(s string) (id string, values []string, f *fault) {
	i := strings.LastIndex(s, "/")
	if i < 0 || s[:i] == graphResource {
		if s[i+1:] != "User.Read" && s[i+1:] != ".default" {
			return "", nil, refuse(65005, "The app asked for the scope '%s', which this local Entra's Graph does not have.", s)
		}
		return "", []string{"User.Read"}, nil
	}
	// "api://app//.default" asks for a resource whose name ends in a slash.
	r := t.resource(s[:i])
	if r == nil {
		return "", nil, refuse(500011, "The resource principal named %s was not found in the tenant named %s. "+
			"Its application ID URI may be wrong, or nobody in the tenant has installed or consented to it.", s[:i], t.ID)
	}
	if s[i+1:] == ".default" {
		for _, sc := range r.Scopes {
			if !sc.Disabled {
				values = append(values, sc.Value)
			}
		}
		return r.ClientID, values, nil
	}
	for _, sc := range r.Scopes {
		if sc.Value == s[i+1:] && !sc.Disabled {
			return r.ClientID, []string{sc.Value}, nil
		}
	}
	return "", nil, refuse(65005, "The app asked for the scope '%s', which the resource '%s' does not expose.", s[i+1:], s[:i])
}

// graph reports whether the token is for Microsoft Graph.
func (a asked) graph() bool { return a.resource == "" }

// pending are the scopes that still need somebody's consent, and whether one
// of them needs an administrator's. The scopes of OpenID Connect count where
// nothing else is asked for.
func (t *tenant) pending(client *registration, user string, a asked) (names []string, admin bool) {
	if client.AdminConsent {
		return nil, false
	}
	var resource *registration
	values := a.values
	if a.graph() {
		values = append(slices.Clone(a.oidc), a.values...)
	} else {
		resource = t.app(a.resource)
		if slices.Contains(resource.Preauthorized, client.ClientID) {
			return nil, false
		}
	}
	for _, v := range values {
		if client.consents[user][consentKey(resource, v)] || t.granted(client, resource, v) {
			continue
		}
		names = append(names, v)
		if resource != nil && slices.ContainsFunc(resource.Scopes, func(s Scope) bool { return s.Value == v && s.AdminOnly }) {
			admin = true
		}
	}
	return names, admin
}

// granted is the scope member of a token answer.
func (a asked) granted() string {
	if a.graph() {
		return strings.Join(append(slices.Clone(a.oidc), a.full...), " ")
	}
	return strings.Join(a.full, " ")
}
