package register

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

// Difference is one thing in which a registration is not as planned.
type Difference struct {
	Code problem.Code `json:"code"`
	// Field is what Microsoft Graph calls it, Fix what to do in the portal's
	// words.
	Field string `json:"field"`
	Want  string `json:"want"`
	Got   string `json:"got"`
	Fix   string `json:"fix"`
	// Note says that it stops nothing: something of others, or advice.
	Note bool `json:"note,omitempty"`
}

// Needed returns the differences without the notes.
func Needed(all []Difference) []Difference {
	return slices.DeleteFunc(slices.Clone(all), func(d Difference) bool { return d.Note })
}

// nothing is what a difference shows where there is nothing.
const nothing = "nothing"

// Check holds a registration against the plan. What is needed and missing is a
// difference; what others may need, and advice, is one with Note set. The
// order is that of the portal's pages. Of another application only that is said.
func (p Plan) Check(a Application) []Difference {
	p = p.With(a.AppID)
	if !strings.EqualFold(p.ClientID, a.AppID) {
		return []Difference{{
			Code: problem.RegOtherApp, Field: "appId", Want: p.ClientID, Got: a.AppID,
			Fix: "Overview → Application (client) ID: give the registration with this one, or lanyardd workspace set " + p.Workspace + " --client-id " + a.AppID,
		}}
	}
	return slices.Concat(
		CheckRedirects(a, p.Redirects...), p.checkFlows(a), p.checkIdentifiers(a), p.checkScopes(a), p.checkPermissions(a), p.checkRoles(a), p.checkClaims(a),
	)
}

func (p Plan) checkFlows(a Application) (out []Difference) {
	if a.PublicFlows == nil || !*a.PublicFlows {
		out = append(out, Difference{
			Code: problem.RegPublicFlows, Field: "isFallbackPublicClient", Want: "true", Got: shownBool(a.PublicFlows),
			Fix: "Authentication → Advanced settings → Allow public client flows: Yes",
		})
	}
	if a.SignInAudience != "AzureADMyOrg" {
		out = append(out, Difference{
			Code: problem.RegAudience, Field: "signInAudience", Want: "AzureADMyOrg", Got: shown(a.SignInAudience),
			Fix: "Authentication → Supported account types: Accounts in this organizational directory only",
		})
	}
	if a.API.TokenVersion == nil || *a.API.TokenVersion != 2 {
		got := "null, which is 1"
		if a.API.TokenVersion != nil {
			got = strconv.Itoa(*a.API.TokenVersion)
		}
		out = append(out, Difference{
			Code: problem.RegTokenVersion, Field: "api.requestedAccessTokenVersion", Want: "2", Got: got,
			Fix: `Manifest: "requestedAccessTokenVersion": 2 within "api" ("accessTokenAcceptedVersion" in the older manifest)`,
		})
	}
	if len(a.Secrets) > 0 {
		out = append(out, Difference{
			Code: problem.RegSecret, Field: "passwordCredentials", Want: "none", Got: strconv.Itoa(len(a.Secrets)), Note: true,
			Fix: "Certificates & secrets → Client secrets: Delete, where nothing else uses them",
		})
	}
	return out
}

func (p Plan) checkIdentifiers(a Application) (out []Difference) {
	want := []Difference{{Want: p.IdentifierURI, Fix: "Expose an API → Application ID URI → Add: " + p.IdentifierURI}}
	if p.SAML != nil {
		want = append(want, Difference{Want: p.SAML.EntityID, Fix: "Single sign-on → Basic SAML Configuration → Identifier (Entity ID): " + p.SAML.EntityID})
	}
	for _, d := range want {
		if slices.Contains(a.IdentifierURIs, d.Want) {
			continue
		}
		d.Code, d.Field, d.Got = problem.RegIdentifier, "identifierUris", list(a.IdentifierURIs)
		out = append(out, d)
	}
	if p.SAML != nil && a.Web.LogoutURL != p.SAML.LogoutURL {
		out = append(out, Difference{
			Code: problem.RegLogout, Field: "web.logoutUrl", Want: p.SAML.LogoutURL, Got: shown(a.Web.LogoutURL),
			Fix: "Single sign-on → Basic SAML Configuration → Logout Url: " + p.SAML.LogoutURL,
		})
	}
	return out
}

// scope finds the exposed scope that the plan wants, enabled or not.
func (p Plan) scope(a Application) (Scope, bool) {
	i := slices.IndexFunc(a.API.Scopes, func(s Scope) bool { return s.Value == p.Scope.Value })
	if i < 0 {
		return Scope{}, false
	}
	return a.API.Scopes[i], true
}

func (p Plan) checkScopes(a Application) (out []Difference) {
	const field, page = "api.oauth2PermissionScopes", "Expose an API → "
	s, ok := p.scope(a)
	near := slices.IndexFunc(a.API.Scopes, func(s Scope) bool { return strings.EqualFold(s.Value, p.Scope.Value) })
	switch {
	case !ok && near >= 0:
		out = append(out, Difference{
			Code: problem.RegScopeNear, Field: field, Want: p.Scope.Value, Got: a.API.Scopes[near].Value,
			Fix: page + "Add a scope: " + p.Scope.Value + ", State Enabled; then disable and delete the other",
		})
	case !ok:
		out = append(out, Difference{
			Code: problem.RegScopeMissing, Field: field, Want: p.Scope.Value, Got: list(scopeNames(a.API.Scopes)),
			Fix: page + "Add a scope: Scope name " + p.Scope.Value + ", Who can consent? Admins and users, State Enabled",
		})
	case !s.Enabled:
		out = append(out, Difference{
			Code: problem.RegScopeDisabled, Field: field, Want: p.Scope.Value + " enabled", Got: "disabled",
			Fix: page + p.Scope.Value + " → State: Enabled",
		})
	case s.Type == "Admin":
		out = append(out, Difference{
			Code: problem.RegScopeAdmin, Field: field, Want: "Admins and users", Got: "Admins only", Note: true,
			Fix: page + p.Scope.Value + " → Who can consent? Admins and users",
		})
	}
	for _, v := range twice(scopeNames(a.API.Scopes)) {
		out = append(out, Difference{
			Code: problem.RegScopeTwice, Field: field, Want: v + " once", Got: "more than once",
			Fix: page + v + ": disable and delete all but one",
		})
	}
	for i, s := range a.API.Scopes {
		if s.Value != p.Scope.Value && i != near && s.Enabled {
			out = append(out, Difference{Code: problem.RegScopeOther, Field: field, Want: p.Scope.Value, Got: s.Value, Note: true, Fix: page + s.Value + ": leave it, or remove it where nothing uses it"})
		}
	}
	return out
}

// preauthorized reports whether the application needs no consent for its own
// scope, since it is an authorized client application of itself.
func preauthorized(a Application, scope Scope) bool {
	return slices.ContainsFunc(a.API.Preauthorized, func(p Preauthorized) bool {
		return strings.EqualFold(p.AppID, a.AppID) && slices.Contains(p.IDs, scope.ID)
	})
}

func (a Application) requests(resource, id string) bool {
	return slices.ContainsFunc(a.Required, func(r RequiredAccess) bool {
		return strings.EqualFold(r.AppID, resource) && slices.ContainsFunc(r.Access, func(p Permission) bool {
			return strings.EqualFold(p.ID, id) && p.Type == "Scope"
		})
	})
}

func (p Plan) checkPermissions(a Application) (out []Difference) {
	const field, page = "requiredResourceAccess", "API permissions → Add a permission → "
	if s, ok := p.scope(a); ok && !a.requests(a.AppID, s.ID) && !preauthorized(a, s) {
		out = append(out, Difference{
			Code: problem.RegPermission, Field: field, Want: p.Scope.Value + " of " + p.Name, Got: nothing,
			Fix: page + "My APIs → " + p.Name + " → Delegated permissions → " + p.Scope.Value + ", then Grant admin consent",
		})
	}
	var missing []string
	for _, g := range graphPermissions {
		if !a.requests(Graph, g.id) {
			missing = append(missing, g.name)
		}
	}
	if len(missing) > 0 {
		out = append(out, Difference{
			Code: problem.RegPermission, Field: field, Want: strings.Join(missing, ", ") + " of Microsoft Graph", Got: nothing, Note: true,
			Fix: page + "Microsoft Graph → Delegated permissions → " + strings.Join(missing, ", ") + ", then Grant admin consent",
		})
	}
	return out
}

func (p Plan) checkClaims(a Application) (out []Difference) {
	for _, c := range p.Claims {
		if a.OptionalClaims == nil || !slices.ContainsFunc(a.OptionalClaims.AccessToken, func(have Claim) bool { return have.Name == c.Name }) {
			out = append(out, Difference{
				Code: problem.RegClaim, Field: "optionalClaims.accessToken", Want: c.Name, Got: nothing, Note: true,
				Fix: "Token configuration → Add optional claim → Access: " + c.Name,
			})
		}
	}
	return out
}

// twice returns the texts that are there more than once.
func twice(all []string) []string {
	var out []string
	for i, s := range all {
		if s != "" && slices.Contains(all[:i], s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func scopeNames(all []Scope) (out []string) {
	for _, s := range all {
		out = append(out, s.Value)
	}
	return out
}

// list shows texts from a registration, of which there may be many.
func list(all []string) string {
	const most = 8
	if len(all) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
	}
	return shown(strings.Join(all, ", "))
}

func shown(s string) string {
	if s == "" {
		return nothing
	}
	return s
}

func shownBool(b *bool) string {
	if b == nil {
		return "null, which is false"
	}
	return strconv.FormatBool(*b)
}
