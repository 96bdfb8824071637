package register

import (
	"encoding/json"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/entra"
)

// GraphURL is Microsoft Graph v1.0 in the global cloud.
const GraphURL = "https://graph.microsoft.com/v1.0"

// Call is one request to Microsoft Graph. ${NAME} in its path and body stands
// for what an earlier call saved, or for CLIENT_ID and SCIM_TOKEN, which
// whoever makes the calls may set.
type Call struct {
	Why    string `json:"why"`
	Method string `json:"method"`
	// Path follows the address of Microsoft Graph v1.0.
	Path string `json:"path"`
	Body any    `json:"body,omitempty"`
	// Save names the property of the answer, with full stops for those within
	// others, that is kept under a name.
	Save map[string]string `json:"save,omitempty"`
	// UnlessSet skips the call where that name is set, UnlessFound where the
	// GET of that path answers with a list that is not empty: so it can be made
	// again.
	UnlessSet   string `json:"unless_set,omitempty"`
	UnlessFound string `json:"unless_found,omitempty"`
	// Needs skips the call where that name is not set.
	Needs string `json:"needs,omitempty"`
}

// The names that calls save.
const (
	varClient    = "CLIENT_ID"
	varApp       = "APP_ID"
	varPrincipal = "SP_ID"
	varGraph     = "GRAPH_SP_ID"
	varJob       = "JOB_ID"
	varToken     = "SCIM_TOKEN"
)

// over returns the plan for the application it is laid over, and that
// application: have, or where there is none what Microsoft's template makes.
func (p Plan) over(have *Application) (Plan, Application) {
	switch {
	case have != nil:
		return p.With(have.AppID), *have
	case p.ClientID == "":
		return p, Application{AppRoles: templateRoles()}
	}
	return p, Application{}
}

// Calls are the requests that make a registration as planned. have is the
// registration as it is; nil where there is none or it is not known. A PATCH
// replaces whole lists: without have, one that a known application gets removes
// the redirect URIs, scopes and roles that the plan does not have.
func (p Plan) Calls(have *Application) []Call {
	p, base := p.over(have)
	a := p.Merged(base)
	client := p.ClientID
	if client == "" {
		client = ClientPlaceholder
	}
	var out []Call
	if p.ClientID == "" {
		out = append(out, Call{
			Why: "Create the application from Microsoft's template for those that are not in the gallery.", Method: "POST", UnlessSet: varClient,
			Path: "/applicationTemplates/" + TemplateID + "/instantiate", Body: map[string]any{"displayName": p.Name}, Save: map[string]string{varClient: "application.appId"},
		})
	}
	out = append(out,
		Call{Why: "Find the app registration.", Method: "GET", Path: "/applications(appId='" + client + "')?$select=id,appId", Save: map[string]string{varApp: "id"}},
		Call{Why: "Find the enterprise application.", Method: "GET", Path: "/servicePrincipals(appId='" + client + "')?$select=id,appId", Save: map[string]string{varPrincipal: "id"}},
		Call{
			Why:    "Require assignment: people who are not assigned cannot sign in. (SAML's Identifier is only taken where SAML is chosen.)",
			Method: "PATCH", Path: "/servicePrincipals/${" + varPrincipal + "}", Body: p.principalPatch(),
		},
		Call{
			Why:    "Set accounts, redirect URIs, public client flows, the Application ID URI, the scope, token version 2, app roles and claims.",
			Method: "PATCH", Path: "/applications/${" + varApp + "}", Body: patch(a, p.SAML != nil, have != nil),
		},
		Call{
			Why:    "Request the permissions; a permission of the application itself must be there before it is requested.",
			Method: "PATCH", Path: "/applications/${" + varApp + "}", Body: map[string]any{"requiredResourceAccess": a.Required},
		},
	)
	return append(append(out, p.consentCalls()...), p.provisioningCalls()...)
}

// patch is the body that changes an application, with whole lists. The platform
// for single pages, where nothing of the plan is, is left alone unless it is
// known: a planned URI may have to leave it.
func patch(a Application, saml, known bool) map[string]any {
	web := map[string]any{"redirectUris": nonNil(a.Web.RedirectURIs)}
	if saml {
		web["logoutUrl"] = a.Web.LogoutURL
	}
	body := map[string]any{
		"signInAudience": a.SignInAudience, "isFallbackPublicClient": true,
		"publicClient": map[string]any{"redirectUris": nonNil(a.PublicClient.RedirectURIs)},
		"web":          web,
		"api": map[string]any{
			"requestedAccessTokenVersion": 2, "oauth2PermissionScopes": a.API.Scopes,
		},
		"identifierUris": a.IdentifierURIs, "appRoles": a.AppRoles, "optionalClaims": a.OptionalClaims,
	}
	if known {
		body["spa"] = map[string]any{"redirectUris": nonNil(a.SPA.RedirectURIs)}
	}
	return body
}

func nonNil(s []string) []string { return append([]string{}, s...) }

func (p Plan) principalPatch() map[string]any {
	body := map[string]any{"appRoleAssignmentRequired": true}
	if p.SAML != nil {
		body["preferredSingleSignOnMode"], body["loginUrl"] = "saml", p.SAML.SignOnURL
	}
	return body
}

// consentCalls grant admin consent for the organisation.
func (p Plan) consentCalls() []Call {
	grant := func(resource, scope, why string) Call {
		return Call{
			Why: why, Method: "POST", Path: "/oauth2PermissionGrants",
			Body:        map[string]any{"clientId": "${" + varPrincipal + "}", "consentType": "AllPrincipals", "resourceId": "${" + resource + "}", "scope": scope},
			UnlessFound: "/oauth2PermissionGrants?$filter=clientId eq '${" + varPrincipal + "}' and resourceId eq '${" + resource + "}' and consentType eq 'AllPrincipals'",
		}
	}
	return []Call{
		{Why: "Find Microsoft Graph in the tenant.", Method: "GET", Path: "/servicePrincipals(appId='" + Graph + "')?$select=id,appId", Save: map[string]string{varGraph: "id"}},
		grant(varPrincipal, p.Scope.Value, "Grant admin consent to the application's own scope."),
		grant(varGraph, strings.Join(OIDCScopes(), " "), "Grant admin consent to what every sign-in asks for."),
	}
}

// provisioningCalls set up provisioning. They need a token in SCIM_TOKEN, which
// the plan does not know.
func (p Plan) provisioningCalls() []Call {
	if p.TenantURL == "" {
		return nil
	}
	at := "/servicePrincipals/${" + varPrincipal + "}/synchronization"
	schema, err := entra.Graph(p.Mapping)
	if err != nil { // our own table, which a test writes out
		schema = []byte("{}")
	}
	calls := []Call{
		{Why: "Make the provisioning job.", Method: "POST", Path: at + "/jobs", Body: map[string]any{"templateId": "scim"}, Save: map[string]string{varJob: "id"}, UnlessSet: varJob},
		{
			Why: "Enter Tenant URL and Secret Token; make the token with: lanyardd scim token create --workspace " + p.Workspace, Method: "PUT", Path: at + "/secrets",
			Body: map[string]any{"value": []map[string]string{{"key": "BaseAddress", "value": p.TenantURL}, {"key": "SecretToken", "value": "${" + varToken + "}"}}},
		},
		{Why: "Map the attributes: objectId to externalId, and the app role.", Method: "PUT", Path: at + "/jobs/${" + varJob + "}/schema", Body: json.RawMessage(schema)},
		{Why: "Start provisioning.", Method: "POST", Path: at + "/jobs/${" + varJob + "}/start"},
	}
	for i := range calls {
		calls[i].Needs = varToken
	}
	return calls
}

// GraphFor returns Microsoft Graph's address in the cloud of an authority such
// as https://login.microsoftonline.us ("National cloud deployments").
func GraphFor(authority string) string {
	switch {
	case strings.HasSuffix(authority, ".microsoftonline.us"):
		return "https://graph.microsoft.us/v1.0"
	case strings.HasSuffix(authority, ".partner.microsoftonline.cn"):
		return "https://microsoftgraph.chinacloudapi.cn/v1.0"
	}
	return GraphURL
}

// GraphHosts are the hosts that an access token for Microsoft Graph may be sent to.
func GraphHosts() []string {
	return []string{"graph.microsoft.com", "graph.microsoft.us", "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"}
}
