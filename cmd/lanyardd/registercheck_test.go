package main

import (
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

// replaceURI puts other URIs, or none, in place of one that is registered.
func replaceURI(platform, old string, now ...any) func(a, _ doc) {
	return func(a, _ doc) {
		p := part(a, platform)
		list := slices.DeleteFunc(slices.Clone(p["redirectUris"].([]any)), func(u any) bool { return u == old })
		p["redirectUris"] = append(list, now...)
	}
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

// Whoever tries out lanyardd dev has a Microsoft Graph as well, and a token for
// it.
//
// req: A7
func TestDevEntra_itGivesATokenForTheLocalMicrosoftGraph(t *testing.T) {
	dir := t.TempDir()
	r, _ := startDev(t, dir, "microsoft")
	graph := httptest.NewServer(r.entra.entra.Graph())
	t.Cleanup(graph.Close)
	file, _ := r.env("LANYARD_DEV_STATE")
	a := admin{t, map[string]string{"LANYARD_DEV_STATE": file, "LANYARD_DB": "sqlite:" + filepath.Join(dir, "lanyard.db")}}
	token, words, code := a.types("dev", "entra", "graph-token")
	if token = strings.TrimSpace(token); code != 0 || !strings.HasPrefix(token, "eyJ") || strings.Contains(words, token) {
		t.Fatalf("%d: %q\n%s", code, token, words)
	}
	var doc struct{ Token string }
	a.must(&doc, "dev", "entra", "graph-token")
	for _, token := range []string{token, doc.Token} {
		a.env["LANYARD_GRAPH_TOKEN"] = token
		out, errOut, code := a.types("entra", "check", "acme", "--graph-url", graph.URL)
		if code > 1 || !strings.Contains(out, "LY-REG-") && !strings.Contains(out, "Everything matches") || strings.Contains(out+errOut, token) {
			t.Errorf("%d: %s%s", code, out, errOut)
		}
	}
}

// A token on the command line is taken, with a word about who could see it.
func TestEntraCheck_itTakesATokenOnTheCommandLineAndWarns(t *testing.T) {
	ta := newTenantAdmin(t)
	ta.register()
	token := ta.tenant.GraphToken([]string{"Application.Read.All", "DelegatedPermissionGrant.Read.All"})
	out, errOut, code := ta.types("entra", "check", "acme", "--graph-url", ta.graph, "--token", token)
	if code != 0 || !strings.Contains(out, "Everything matches") || !strings.Contains(errOut, "LANYARD_GRAPH_TOKEN") || strings.Contains(out+errOut, token) {
		t.Errorf("%d\n%s\n%s", code, out, errOut)
	}
}
