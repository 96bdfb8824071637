package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
)

// doc is a registration or enterprise application as Microsoft Graph shows it.
type doc = map[string]any

func part(d doc, path ...string) doc {
	for _, p := range path {
		d = d[p].(map[string]any)
	}
	return d
}

func entry(d doc, list string, value string) doc {
	for _, e := range d[list].([]any) {
		if e.(map[string]any)["value"] == value {
			return e.(map[string]any)
		}
	}
	panic("there is no " + value)
}

// replaceURI puts other URIs, or none, in place of one that is registered.
func replaceURI(platform, old string, now ...any) func(a, _ doc) {
	return func(a, _ doc) {
		p := part(a, platform)
		list := slices.DeleteFunc(slices.Clone(p["redirectUris"].([]any)), func(u any) bool { return u == old })
		p["redirectUris"] = append(list, now...)
	}
}

func move(uri, from, to string) func(a, sp doc) {
	return func(a, sp doc) {
		replaceURI(from, uri)(a, sp)
		replaceURI(to, "", uri)(a, sp)
	}
}

const (
	androidURI = "msauth://com.acme.app/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D"
	appleURI   = "msauth.com.acme.app://auth"
)

// Every difference is found, alone, with its code and what to do about it.
//
// req: A7
func TestEntraCheck_itFindsEveryPlantedDifference(t *testing.T) {
	ta := newTenantAdmin(t)
	vars := ta.register()
	_, app := ta.ask("GET", "/applications/"+vars["APP_ID"], nil)
	_, sp := ta.ask("GET", "/servicePrincipals/"+vars["SP_ID"], nil)
	_, grants := ta.ask("GET", "/servicePrincipals/"+vars["SP_ID"]+"/oauth2PermissionGrants", nil)
	sp["oauth2PermissionGrants"] = grants["value"]
	for _, c := range []struct {
		name, code string
		plant      func(a, sp doc)
		fix        string // a part of it
	}{
		{"it misses http://localhost", "LY-REG-010", replaceURI("publicClient", "http://localhost"), "Mobile and desktop applications"},
		{"it finds http://localhost under Web", "LY-REG-011", move("http://localhost", "publicClient", "web"), "Web: remove it there"},
		{"it finds a phone's URI under Single-page application", "LY-REG-011", move(appleURI, "publicClient", "spa"), "Single-page application"},
		{"it finds a slash at the end", "LY-REG-012", replaceURI("publicClient", "http://localhost", "http://localhost/"), "http://localhost"},
		{"it finds 127.0.0.1", "LY-REG-012", replaceURI("publicClient", "http://localhost", "http://127.0.0.1"), "http://localhost"},
		{"it finds capitals in a bundle ID", "LY-REG-012", replaceURI("publicClient", appleURI, "msauth.com.Acme.app://auth"), "Bundle ID com.acme.app"},
		{"it finds a hash that is not encoded", "LY-REG-012", replaceURI("publicClient", androidURI, "msauth://com.acme.app/1wIqXSqBj7w+h11ZifsnqwgyKrY="), "Signature hash 1wIqXSqBj7w+h11ZifsnqwgyKrY="},
		{"it finds a hash that is encoded twice", "LY-REG-012", replaceURI("publicClient", androidURI, "msauth://com.acme.app/1wIqXSqBj7w%252Bh11ZifsnqwgyKrY%253D"), "Android"},
		{"it misses the hash of Google Play", "LY-REG-010", replaceURI("publicClient", "msauth://com.acme.app/AAECAwQFBgcICQoLDA0ODxAREhM%3D"), "Signature hash AAECAwQFBgcICQoLDA0ODxAREhM="},
		{"it misses the broker's", "LY-REG-010", replaceURI("publicClient", "ms-appx-web://microsoft.aad.brokerplugin/"+vars["CLIENT_ID"]), "Mobile and desktop"},
		{"it finds the key that Fyne publishes", "LY-REG-013", replaceURI("publicClient", "", "msauth://com.acme.app/%2FmFs2Yzr6mRVUItgVUANroj4PyI%3D"), "a key of your own"},
		{"it finds public client flows off", "LY-REG-020", func(a, _ doc) { a["isFallbackPublicClient"] = false }, "Allow public client flows: Yes"},
		{"it finds public client flows not set", "LY-REG-020", func(a, _ doc) { a["isFallbackPublicClient"] = nil }, "Allow public client flows: Yes"},
		{"it finds other organisations let in", "LY-REG-021", func(a, _ doc) { a["signInAudience"] = "AzureADMultipleOrgs" }, "Supported account types"},
		{"it finds token version 1", "LY-REG-022", func(a, _ doc) { part(a, "api")["requestedAccessTokenVersion"] = 1 }, "Manifest"},
		{"it finds no token version", "LY-REG-022", func(a, _ doc) { part(a, "api")["requestedAccessTokenVersion"] = nil }, "Manifest"},
		{"it misses the Application ID URI", "LY-REG-023", func(a, _ doc) { a["identifierUris"] = a["identifierUris"].([]any)[1:] }, "Expose an API"},
		{"it misses the SAML Identifier", "LY-REG-023", func(a, _ doc) { a["identifierUris"] = a["identifierUris"].([]any)[:1] }, "Identifier (Entity ID)"},
		{"it misses the Reply URL", "LY-REG-010", replaceURI("web", "https://sso.example.com/w/acme/saml/acs"), "Reply URL"},
		{"it finds another Logout Url", "LY-REG-063", func(a, _ doc) { part(a, "web")["logoutUrl"] = "https://sso.example.com/logout" }, "Logout Url"},
		{"it finds the scope disabled", "LY-REG-031", func(a, _ doc) { entry(part(a, "api"), "oauth2PermissionScopes", "access_as_user")["isEnabled"] = false }, "State: Enabled"},
		{"it finds a scope twice", "LY-REG-032", func(a, _ doc) {
			api := part(a, "api")
			api["oauth2PermissionScopes"] = append(api["oauth2PermissionScopes"].([]any), doc{"id": "8a7ab5a4-9e5d-4f4a-9d5e-3d3b1a0c1111", "value": "access_as_user", "type": "User", "isEnabled": true})
		}, "delete all but one"},
		{"it misses its own permission", "LY-REG-035", func(a, _ doc) { a["requiredResourceAccess"] = a["requiredResourceAccess"].([]any)[1:] }, "My APIs"},
		{"it misses admin consent", "LY-REG-036", func(_, sp doc) { sp["oauth2PermissionGrants"] = sp["oauth2PermissionGrants"].([]any)[1:] }, "Grant admin consent"},
		{"it takes one person's consent for none", "LY-REG-036", func(_, sp doc) { sp["oauth2PermissionGrants"].([]any)[0].(map[string]any)["consentType"] = "Principal" }, "Grant admin consent"},
		{"it misses an app role", "LY-REG-040", func(a, _ doc) {
			a["appRoles"] = slices.DeleteFunc(slices.Clone(a["appRoles"].([]any)), func(r any) bool { return r.(map[string]any)["value"] == "admin" })
		}, "Create app role: Display name Workspace admin"},
		{"it finds an app role disabled", "LY-REG-041", func(a, _ doc) { entry(a, "appRoles", "member")["isEnabled"] = false }, "enable this app role"},
		{"it finds an app role in capitals", "LY-REG-044", func(a, _ doc) { entry(a, "appRoles", "member")["value"] = "Member" }, "Value: member"},
		{"it finds an app role for applications alone", "LY-REG-043", func(a, _ doc) { entry(a, "appRoles", "member")["allowedMemberTypes"] = []any{"Application"} }, "Users/Groups"},
		{"it finds an app role twice", "LY-REG-042", func(a, _ doc) {
			twin := doc{"id": "8a7ab5a4-9e5d-4f4a-9d5e-3d3b1a0c1111", "value": "member", "displayName": "M", "isEnabled": true, "allowedMemberTypes": []any{"User"}}
			a["appRoles"] = append(a["appRoles"].([]any), twin)
		}, "delete all but one"},
		{"it finds assignment not required", "LY-REG-060", func(_, sp doc) { sp["appRoleAssignmentRequired"] = false }, "Assignment required? Yes"},
		{"it finds sign-in switched off", "LY-REG-061", func(_, sp doc) { sp["accountEnabled"] = false }, "Enabled for users to sign-in? Yes"},
		{"it finds SAML not chosen", "LY-REG-062", func(_, sp doc) { sp["preferredSingleSignOnMode"] = nil }, "Single sign-on → SAML"},
		{"it finds another Sign on URL", "LY-REG-062", func(_, sp doc) { sp["loginUrl"] = "https://sso.example.com" }, "Sign on URL"},
		{"it finds another application", "LY-REG-004", func(a, _ doc) { a["appId"] = "99999999-2222-3333-4444-555555555555" }, "Application (client) ID"},
		{"it finds another enterprise application", "LY-REG-004", func(_, sp doc) { sp["appId"] = "99999999-2222-3333-4444-555555555555" }, "Properties → Application ID"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, p := copied(t, app), copied(t, sp)
			c.plant(a, p)
			ta := *ta
			ta.t = t
			ta.admin.t = t
			file, principal := ta.write("planted.json", a), ta.write("principal.json", p)
			args := slices.Concat([]string{"entra", "check", "--workspace", "acme", "--from", file, "--service-principal", principal}, phoneFlags)
			out, errOut, code := ta.types(args...)
			lines := strings.Split(strings.TrimSpace(out), "\n")
			lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "note ") })
			if code != 1 || len(lines) != 1 || !strings.HasPrefix(lines[0], c.code+" ") || !strings.Contains(lines[0], c.fix) || !strings.Contains(errOut, "LY-REG-070") {
				t.Errorf("%d, want %s:\n%s\n%s", code, c.code, out, errOut)
			}
		})
	}
}

func copied(t *testing.T, d doc) doc {
	t.Helper()
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var out doc
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// req: A7
func TestEntraCheck_whatOthersUseIsANote(t *testing.T) {
	ta := newTenantAdmin(t)
	vars := ta.register()
	_, app := ta.ask("GET", "/applications/"+vars["APP_ID"], nil)
	replaceURI("web", "", "https://intranet.acme.example/back")(app, nil)
	replaceURI("publicClient", "http://localhost", "http://localhost:8400")(app, nil) // Entra ignores the port
	app["passwordCredentials"] = []any{doc{"keyId": "8a7ab5a4-9e5d-4f4a-9d5e-3d3b1a0c1111", "secretText": nil}}
	app["optionalClaims"] = nil
	app["appRoles"] = append(app["appRoles"].([]any), doc{"id": "8a7ab5a4-9e5d-4f4a-9d5e-3d3b1a0c1111", "value": "Auditor", "displayName": "A", "isEnabled": true, "allowedMemberTypes": []any{"User"}})
	out, errOut, code := ta.types(slices.Concat([]string{"entra", "check", "acme", "--from", ta.write("app.json", app)}, phoneFlags)...)
	if code != 0 || strings.Count(out, "note LY-REG-") != 6 || !strings.Contains(out, "Everything matches the plan of acme.") || !strings.Contains(errOut, "--service-principal") {
		t.Errorf("%d\n%s\n%s", code, out, errOut)
	}
}

// Whoever is assigned without a role is not provisioned: the check by Microsoft
// Graph names them, and the plan says so.
//
// req: D8
func TestEntraCheck_itNamesThoseWithDefaultAccess(t *testing.T) {
	ta := newTenantAdmin(t)
	vars := ta.register()
	app := ta.tenant.App(vars["CLIENT_ID"])
	for name, roles := range map[string][]string{"Ada": {"member"}, "Bob": nil} {
		u := ta.tenant.AddUser(entratest.User{GivenName: name, Surname: "Smith", DisplayName: name + " Smith"})
		if err := ta.tenant.Assign(app, u, roles...); err != nil {
			t.Fatal(err)
		}
	}
	ta.must(nil, "workspace", "set", "acme", "--scim", "off")
	if got, code := ta.check(); code != 0 || len(got.Notes) != 1 || got.Notes[0].Code != "LY-REG-064" {
		t.Errorf("where nobody is provisioned it is a note: %d %+v", code, got)
	}
	ta.must(nil, "workspace", "set", "acme", "--scim", "on")
	got, code := ta.check()
	if code != 1 || len(got.Differences) != 1 || got.Differences[0].Code != "LY-REG-064" || got.Differences[0].Got != "Default Access: Bob Smith" ||
		!strings.Contains(got.Differences[0].Fix, "Workspace member") {
		t.Errorf("%d %+v", code, got)
	}
	out, _, _ := ta.types("entra", "plan", "acme")
	if !strings.Contains(out, "Default Access are not provisioned") {
		t.Errorf("the plan does not say so:\n%s", out)
	}
}

// What Microsoft Graph refuses is explained, and the token goes nowhere else.
//
// req: A7
func TestEntraCheck_itExplainsWhatMicrosoftGraphRefuses(t *testing.T) {
	ta := newTenantAdmin(t)
	graph := ta.graph
	ta.register()
	secret := ta.tenant.GraphToken([]string{"User.Read.All"})
	run := func(graph, token string) (string, int) {
		t.Helper()
		ta.env["LANYARD_GRAPH_TOKEN"] = token
		out, errOut, code := ta.types("entra", "check", "acme", "--graph-url", graph)
		if out != "" || (len(token) > 5 && strings.Contains(errOut, token)) {
			t.Errorf("it printed %s\n%s", out, errOut)
		}
		return errOut, code
	}
	if got, code := run(graph, "wrong!"); code != 1 || !strings.Contains(got, "LY-REG-080") || !strings.Contains(got, "InvalidAuthenticationToken") {
		t.Errorf("a wrong token: %d %s", code, got)
	}
	if got, code := run(graph, secret); code != 1 || !strings.Contains(got, "LY-REG-081") || !strings.Contains(got, "Application.Read.All") {
		t.Errorf("a token without permission: %d %s", code, got)
	}
	if got, code := run("https://graph.example.com/v1.0", secret); code != 2 || !strings.Contains(got, "Microsoft Graph only") {
		t.Errorf("another host: %d %s", code, got)
	}
	if got, code := run("http://graph.microsoft.com/v1.0", secret); code != 2 {
		t.Errorf("without TLS: %d %s", code, got)
	}
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	if got, code := run(closed.URL, secret); code != 1 || !strings.Contains(got, "LY-REG-083") {
		t.Errorf("nobody there: %d %s", code, got)
	}
	for status, body := range map[int]string{200: "<html>", 302: "", 500: `{"error":{"code":"<b>"}}`} {
		odd := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", graph)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		if got, code := run(odd.URL, secret); code != 1 || !strings.Contains(got, "LY-REG-084") || strings.Contains(got, "<") {
			t.Errorf("%d %s: %d %s", status, body, code, got)
		}
		odd.Close()
	}
	delete(ta.env, "LANYARD_GRAPH_TOKEN")
	if out, errOut, code := ta.types("entra", "check", "acme", "--token", secret); code != 2 || strings.Contains(out+errOut, secret) {
		t.Errorf("a token on the command line: %d %s", code, errOut)
	}
	file := filepath.Join(ta.dir, "token")
	if err := os.WriteFile(file, []byte("\n"+ta.tenant.GraphToken([]string{"Application.Read.All"})+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errOut, code := ta.types(slices.Concat([]string{"entra", "check", "acme", "--token-file", file, "--graph-url", graph}, phoneFlags)...)
	if code != 0 || !strings.Contains(out, "Everything matches") || !strings.Contains(errOut, "DelegatedPermissionGrant.Read.All") {
		t.Errorf("a token that may not read consents: %d %s %s", code, out, errOut)
	}
	ta.must(nil, "workspace", "set", "acme", "--client-id", "99999999-2222-3333-4444-555555555555")
	if got, code := run(graph, ta.tenant.GraphToken(everything)); code != 1 || !strings.Contains(got, "LY-REG-082") {
		t.Errorf("an application that is not there: %d %s", code, got)
	}
	status, made := ta.ask("POST", "/applications", []byte(`{"displayName":"Alone"}`))
	if status != http.StatusCreated {
		t.Fatal(made)
	}
	ta.must(nil, "workspace", "set", "acme", "--client-id", made["appId"].(string))
	if got, code := run(graph, ta.tenant.GraphToken(everything)); code != 1 || !strings.Contains(got, "no enterprise application") {
		t.Errorf("a registration without an enterprise application: %d %s", code, got)
	}
}
