package entratest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
)

// graphRig asks Microsoft Graph under its own name.
type graphRig struct {
	t      *testing.T
	e      *entratest.Entra
	tenant *entratest.Tenant
	client *http.Client
	token  string
}

func newGraphRig(t *testing.T) *graphRig {
	t.Helper()
	e := entratest.New(t)
	tenant := e.AddTenant(entratest.TenantOptions{})
	token := tenant.GraphToken([]string{"Application.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"})
	return &graphRig{t, e, tenant, e.HTTPClient(), token}
}

// ask makes a request; code is Graph's error code, or "".
func (g *graphRig) ask(method, path, body string) (status int, code string, answer map[string]any) {
	g.t.Helper()
	req, err := http.NewRequestWithContext(g.t.Context(), method, "https://graph.microsoft.com/v1.0"+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	if g.token != "" {
		req.Header.Set("Authorization", "Bearer "+g.token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := g.client.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &answer); err != nil {
			g.t.Fatalf("%s %s: %s", method, path, raw)
		}
	}
	if e, ok := answer["error"].(map[string]any); ok {
		code = e["code"].(string)
		if e["message"] == "" || e["innerError"] == nil {
			g.t.Errorf("%s %s: the error is %s", method, path, raw)
		}
	}
	return res.StatusCode, code, answer
}

func (g *graphRig) made(path, body string) map[string]any {
	g.t.Helper()
	status, _, answer := g.ask("POST", path, body)
	if status != http.StatusCreated {
		g.t.Fatalf("POST %s: %d %v", path, status, answer)
	}
	return answer
}

func TestGraph_aPatchReplacesWholeLists(t *testing.T) {
	g := newGraphRig(t)
	app := g.made("/applications", `{"displayName":"Acme","publicClient":{"redirectUris":["http://localhost","a://b"]}}`)
	at := "/applications/" + app["id"].(string)
	if status, _, _ := g.ask("PATCH", at, `{"publicClient":{"redirectUris":["c://d"]}}`); status != http.StatusNoContent {
		t.Fatal(status)
	}
	_, _, got := g.ask("GET", "/applications(appId='"+app["appId"].(string)+"')?$select=publicClient,api", "")
	if text := fmt.Sprint(got); len(got) != 2 || !strings.Contains(text, "redirectUris:[c://d]") || !strings.Contains(text, "requestedAccessTokenVersion:<nil>") {
		t.Errorf("%s", text)
	}
	if _, _, got := g.ask("GET", "/applications?$filter=appId%20eq%20'"+app["appId"].(string)+"'", ""); len(got["value"].([]any)) != 1 {
		t.Errorf("the filter finds %v", got)
	}
	if _, _, got := g.ask("GET", "/applications?$filter=displayName%20eq%20'Other'", ""); len(got["value"].([]any)) != 0 {
		t.Errorf("the filter finds %v", got)
	}
}

// What Microsoft Graph refuses is refused, and then nothing of the request is done.
func TestGraph_itRefusesWhatEntraDoes(t *testing.T) {
	g := newGraphRig(t)
	answer := g.made("/applicationTemplates/8adf8e6e-67b2-4cf2-a259-e3dc5476c621/instantiate", `{"displayName":"Acme"}`)
	app := answer["application"].(map[string]any)
	id, client := app["id"].(string), app["appId"].(string)
	const scope = `{"id":"dddddddd-2222-3333-4444-555555555555","value":"access_as_user","type":"User","isEnabled":%t,"adminConsentDisplayName":"A","adminConsentDescription":"A"}`
	on, off := fmt.Sprintf(scope, true), fmt.Sprintf(scope, false)
	if status, _, a := g.ask("PATCH", "/applications/"+id, `{"api":{"oauth2PermissionScopes":[`+on+`]}}`); status != 204 {
		t.Fatal(status, a)
	}
	role := func(id, value string) string {
		return `{"id":"` + id + `","value":"` + value + `","displayName":"R","description":"R","isEnabled":true,"allowedMemberTypes":["User"]}`
	}
	_, _, before := g.ask("GET", "/applications/"+id, "")
	many := strings.Repeat(`"a://b",`, 256)
	for name, c := range map[string]struct{ body, code string }{
		"a URI twice":                        {`{"publicClient":{"redirectUris":["a://b","a://b"]}}`, "Request_BadRequest"},
		"a URI on two platforms":             {`{"publicClient":{"redirectUris":["http://localhost"]},"web":{"redirectUris":["http://localhost"]}}`, "Request_BadRequest"},
		"a wildcard":                         {`{"publicClient":{"redirectUris":["msauth://*/x"]}}`, "Request_BadRequest"},
		"http elsewhere":                     {`{"web":{"redirectUris":["http://sso.example.com"]}}`, "Request_BadRequest"},
		"a character that is not allowed":    {`{"publicClient":{"redirectUris":["a://b(c)"]}}`, "Request_BadRequest"},
		"a URI that is too long":             {`{"publicClient":{"redirectUris":["a://` + strings.Repeat("b", 260) + `"]}}`, "Request_BadRequest"},
		"too many URIs":                      {`{"publicClient":{"redirectUris":[` + many + `"c://d"]}}`, "Request_BadRequest"},
		"a scheme of an app under Web":       {`{"web":{"redirectUris":["a://b"]}}`, "Request_BadRequest"},
		"a fragment":                         {`{"web":{"redirectUris":["https://a.example/#b"]}}`, "Request_BadRequest"},
		"an enabled scope taken away":        {`{"api":{"oauth2PermissionScopes":[]}}`, "CannotDeleteOrUpdateEnabledEntitlement"},
		"an enabled scope renamed":           {`{"api":{"oauth2PermissionScopes":[` + strings.Replace(on, "access_as_user", "other", 1) + `]}}`, "CannotDeleteOrUpdateEnabledEntitlement"},
		"an enabled role taken away":         {`{"appRoles":[]}`, "CannotDeleteOrUpdateEnabledEntitlement"},
		"a scope's value twice":              {`{"api":{"oauth2PermissionScopes":[` + on + `,` + strings.Replace(on, "dddddddd", "eeeeeeee", 1) + `]}}`, "DuplicateValue"},
		"a scope's id twice":                 {`{"api":{"oauth2PermissionScopes":[` + on + `,` + strings.Replace(on, "access_as_user", "other", 1) + `]}}`, "Request_BadRequest"},
		"a scope of no type":                 {`{"api":{"oauth2PermissionScopes":[` + strings.Replace(on, `"User"`, `"Any"`, 1) + `]}}`, "Request_BadRequest"},
		"token version 3":                    {`{"api":{"requestedAccessTokenVersion":3}}`, "Request_BadRequest"},
		"a scope named before it is there":   {`{"api":{"preAuthorizedApplications":[{"appId":"` + client + `","delegatedPermissionIds":["eeeeeeee-2222-3333-4444-555555555555"]}]}}`, "Request_BadRequest"},
		"an identifier of nobody's":          {`{"identifierUris":["api://acme"]}`, "HostNameNotOnVerifiedDomain"},
		"an identifier at others' domain":    {`{"identifierUris":["https://sso.example.com/x"]}`, "HostNameNotOnVerifiedDomain"},
		"an identifier twice":                {`{"identifierUris":["api://` + client + `","api://` + client + `"]}`, "Request_BadRequest"},
		"another audience than there are":    {`{"signInAudience":"Everybody"}`, "Request_BadRequest"},
		"a property that nobody knows":       {`{"publicclients":{}}`, "Request_BadRequest"},
		"a word for a list":                  {`{"appRoles":"x"}`, "Request_BadRequest"},
		"two documents":                      {`{} {}`, "Request_BadRequest"},
		"a logout address that is not https": {`{"web":{"logoutUrl":"http://sso.example.com/slo"}}`, "Request_BadRequest"},
	} {
		t.Run("it refuses "+name, func(t *testing.T) {
			g := *g
			g.t = t
			if status, code, a := g.ask("PATCH", "/applications/"+id, c.body); status != 400 || code != c.code {
				t.Errorf("%d %v, want %s", status, a, c.code)
			}
			if _, _, after := g.ask("GET", "/applications/"+id, ""); fmt.Sprint(after) != fmt.Sprint(before) {
				t.Errorf("something was done: %v", after)
			}
		})
	}
	// Disabled first, a scope may go; and roles are told apart by their value.
	for _, body := range []string{`{"api":{"oauth2PermissionScopes":[` + off + `]}}`, `{"api":{"oauth2PermissionScopes":[]}}`} {
		if status, _, a := g.ask("PATCH", "/applications/"+id, body); status != 204 {
			t.Errorf("%s: %d %v", body, status, a)
		}
	}
	all, err := json.Marshal(before["appRoles"])
	if err != nil {
		t.Fatal(err)
	}
	known := strings.TrimSuffix(string(all), "]")
	if status, code, _ := g.ask("PATCH", "/applications/"+id, `{"appRoles":`+known+`,`+role("eeeeeeee-2222-3333-4444-555555555555", "x")+`,`+role("ffffffff-2222-3333-4444-555555555555", "x")+`]}`); status != 400 || code != "DuplicateValue" {
		t.Errorf("a role's value twice: %d %s", status, code)
	}
	if status, _, a := g.ask("PATCH", "/applications/"+id, `{"identifierUris":["api://`+client+`","https://app.acme.example/x"]}`); status != 204 {
		t.Errorf("identifiers of its own: %d %v", status, a)
	}
}

func TestGraph_itLooksAtTheToken(t *testing.T) {
	g := newGraphRig(t)
	reader, other := g.tenant.GraphToken([]string{"Application.Read.All"}), g.tenant.GraphToken([]string{"User.Read.All"})
	old := g.tenant.GraphToken([]string{"Application.Read.All"})
	wrong := g.tenant.GraphToken([]string{"Application.Read.All"}, func(c entratest.Claims) { c["aud"] = "api://other" })
	for _, c := range []struct {
		why, token, method, path string
		status                   int
	}{
		{"none", "", "GET", "/applications", 401},
		{"what is no token", "x", "GET", "/applications", 401},
		{"one for another API", wrong, "GET", "/applications", 401},
		{"one that may not read applications", other, "GET", "/applications", 403},
		{"one that may only read", reader, "POST", "/applications", 403},
		{"one that may not see consents", reader, "GET", "/oauth2PermissionGrants", 403},
		{"one that may read", reader, "GET", "/applications", 200},
		{"one that may read enterprise applications", reader, "GET", "/servicePrincipals", 200},
	} {
		g.token = c.token
		body := ""
		if c.method == "POST" {
			body = `{"displayName":"x"}`
		}
		if status, _, _ := g.ask(c.method, c.path, body); status != c.status {
			t.Errorf("%s: %d, want %d", c.why, status, c.status)
		}
	}
	g.e.Advance(2 * time.Hour)
	g.token = old
	if status, code, _ := g.ask("GET", "/applications", ""); status != 401 || code != "InvalidAuthenticationToken" {
		t.Errorf("an old one: %d %s", status, code)
	}
	g.token = g.tenant.GraphToken([]string{"Application.Read.All"})
	if status, _, _ := g.ask("GET", "/applications/11111111-2222-3333-4444-555555555555", ""); status != 404 {
		t.Errorf("an application that is not there: %d", status)
	}
	if status, _, _ := g.ask("GET", "/users", ""); status != 400 {
		t.Errorf("something that it does not have: %d", status)
	}
}

// What was registered in Go and what was registered by Graph are one thing.
func TestGraph_itIsTheRegistrationThatPeopleSignInWith(t *testing.T) {
	r := newRig(t)
	g := &graphRig{t, r.e, r.tenant, r.http, r.tenant.GraphToken([]string{"Application.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"})}
	at := "(appId='" + r.app.ClientID + "')"
	_, _, app := g.ask("GET", "/applications"+at, "")
	if text := fmt.Sprint(app); !strings.Contains(text, "msauth.com.acme.app://auth") || !strings.Contains(text, "access_as_user") || !strings.Contains(text, "Reader") {
		t.Fatalf("%s", text)
	}
	_, _, sp := g.ask("GET", "/servicePrincipals"+at, "")
	id := sp["id"].(string)
	if sp["appRoleAssignmentRequired"] != false {
		t.Errorf("%v", sp)
	}
	// Consent for all: nobody is asked any more.
	grant := `{"clientId":"` + id + `","consentType":"AllPrincipals","resourceId":"` + id + `","scope":"access_as_user"}`
	g.made("/oauth2PermissionGrants", grant)
	if status, code, _ := g.ask("POST", "/oauth2PermissionGrants", grant); status != 409 || code != "Request_MultipleObjectsWithSameKeyValue" {
		t.Errorf("the same consent again: %d %s", status, code)
	}
	if status, _, _ := g.ask("POST", "/oauth2PermissionGrants", strings.Replace(grant, "access_as_user", "other", 1)); status == 201 {
		t.Error("consent to a scope that is not there")
	}
	b := r.e.Browser()
	if _, err := b.SignIn(t.Context(), r.authorize(), r.ada); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(b.Pages, "consent") {
		t.Errorf("pages %v", b.Pages)
	}
	// Assigned with Default Access by Graph, a person is in; without, not.
	if status, _, a := g.ask("PATCH", "/servicePrincipals/"+id, `{"appRoleAssignmentRequired":true}`); status != 204 {
		t.Fatal(status, a)
	}
	if _, err := r.e.Browser().SignIn(t.Context(), r.authorize(), r.ada); err == nil {
		t.Error("somebody who is not assigned signed in")
	}
	g.made("/servicePrincipals/"+id+"/appRoleAssignedTo", `{"principalId":"`+r.ada.ObjectID+`","resourceId":"`+id+`","appRoleId":"`+entratest.DefaultAccess+`"}`)
	if _, err := r.e.Browser().SignIn(t.Context(), r.authorize(), r.ada); err != nil {
		t.Error(err)
	}
	_, _, list := g.ask("GET", "/servicePrincipals/"+id+"/appRoleAssignedTo", "")
	if text := fmt.Sprint(list); !strings.Contains(text, entratest.DefaultAccess) || !strings.Contains(text, "Ada Lovelace") {
		t.Errorf("%s", text)
	}
	// A disabled scope is none.
	scopes := app["api"].(map[string]any)["oauth2PermissionScopes"].([]any)
	for _, s := range scopes {
		s.(map[string]any)["isEnabled"] = false
	}
	raw, err := json.Marshal(map[string]any{"api": map[string]any{"oauth2PermissionScopes": scopes}})
	if err != nil {
		t.Fatal(err)
	}
	if status, _, a := g.ask("PATCH", "/applications"+at, string(raw)); status != 204 {
		t.Fatal(status, a)
	}
	answer, err := r.e.Browser().SignIn(t.Context(), r.authorize(), r.ada)
	if err != nil || !strings.Contains(answer.Params.Get("error_description"), "AADSTS65005") {
		t.Errorf("a scope that is disabled: %v %v", answer, err)
	}
}
