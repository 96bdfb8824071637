package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
)

// everything is what an administrator may do in Microsoft Graph.
var everything = []string{"Application.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"}

// The apps of the workspace: one for Apple's systems, and one for Android with
// its own key and that of Google Play.
var phoneFlags = []string{
	"--bundle-id", "com.acme.app", "--package", "com.acme.app",
	"--hash", "1wIqXSqBj7w+h11ZifsnqwgyKrY=", "--hash", "AAECAwQFBgcICQoLDA0ODxAREhM=", "--broker",
}

// tenantAdmin is whoever has a tenant of Entra's and a workspace to register.
type tenantAdmin struct {
	admin
	entra  *entratest.Entra
	tenant *entratest.Tenant
	graph  string // the address of Microsoft Graph
	dir    string
}

func newTenantAdmin(t *testing.T) *tenantAdmin {
	t.Helper()
	dir := t.TempDir()
	e := entratest.New(t)
	tenant := e.AddTenant(entratest.TenantOptions{})
	graph := httptest.NewServer(e.Graph())
	t.Cleanup(graph.Close)
	ta := &tenantAdmin{entra: e, tenant: tenant, graph: graph.URL + "/v1.0", dir: dir, admin: admin{t, map[string]string{
		"LANYARD_DB": "sqlite:" + filepath.Join(dir, "lanyard.db"), "LANYARD_PUBLIC_URL": "https://sso.example.com",
	}}}
	ta.must(nil, "workspace", "create", "acme", "--name", "Acme Ltd")
	ta.must(nil, "workspace", "set", "acme", "--tenant-id", tenant.ID)
	return ta
}

// graphCall is one of the calls that a plan prints.
type graphCall struct {
	Method, Path string
	Body         json.RawMessage
	Save         map[string]string
	UnlessSet    string `json:"unless_set"`
	UnlessFound  string `json:"unless_found"`
	Needs        string
}

type graphPlan struct {
	ClientID    string `json:"client_id"`
	Application json.RawMessage
	Calls       []graphCall
	Warnings    []string
}

// ask makes one request to Microsoft Graph.
func (ta *tenantAdmin) ask(method, path string, body []byte) (status int, answer map[string]any) {
	ta.t.Helper()
	req, err := http.NewRequestWithContext(ta.t.Context(), method, ta.graph+strings.ReplaceAll(path, " ", "%20"), bytes.NewReader(body))
	if err != nil {
		ta.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+ta.tenant.GraphToken(everything))
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		ta.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		ta.t.Fatal(err)
	}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &answer); err != nil {
			ta.t.Fatalf("%s %s answered %s", method, path, raw)
		}
	}
	return res.StatusCode, answer
}

// apply makes the calls of a plan as they are printed.
func (ta *tenantAdmin) apply(calls []graphCall, vars map[string]string) {
	ta.t.Helper()
	fill := func(s string) string {
		for name, value := range vars {
			s = strings.ReplaceAll(s, "${"+name+"}", value)
		}
		return s
	}
	for _, c := range calls {
		if (c.Needs != "" && vars[c.Needs] == "") || (c.UnlessSet != "" && vars[c.UnlessSet] != "") {
			continue
		}
		if c.UnlessFound != "" {
			if _, found := ta.ask("GET", fill(c.UnlessFound), nil); len(found["value"].([]any)) > 0 {
				continue
			}
		}
		body := fill(string(c.Body))
		if strings.Contains(body+fill(c.Path), "${") {
			ta.t.Fatalf("%s %s needs a value that nobody saved: %s", c.Method, c.Path, body)
		}
		status, answer := ta.ask(c.Method, fill(c.Path), []byte(body))
		if status >= 300 {
			ta.t.Fatalf("%s %s answered %d %v\n%s", c.Method, fill(c.Path), status, answer, body)
		}
		for name, path := range c.Save {
			vars[name] = query(answer, path)
		}
	}
}

// query follows a path such as application.appId or value[0].id.
func query(v any, path string) string {
	if path == "@" {
		return ""
	}
	for name := range strings.SplitSeq(path, ".") {
		name, first := strings.CutSuffix(name, "[0]")
		m, _ := v.(map[string]any)
		v = m[name]
		if first {
			list, _ := v.([]any)
			if len(list) == 0 {
				return ""
			}
			v = list[0]
		}
	}
	s, _ := v.(string)
	return s
}

func (ta *tenantAdmin) plan(flags ...string) graphPlan {
	ta.t.Helper()
	var p graphPlan
	ta.must(&p, slices.Concat([]string{"entra", "plan", "acme", "--format", "graph"}, phoneFlags, flags)...)
	return p
}

// checked is what entra check prints.
type checked struct {
	Result      string
	Differences []difference
	Notes       []difference
}

type difference struct{ Code, Field, Want, Got, Fix string }

// check runs entra check by Microsoft Graph.
func (ta *tenantAdmin) check(flags ...string) (checked, int) {
	ta.t.Helper()
	ta.env["LANYARD_GRAPH_TOKEN"] = ta.tenant.GraphToken([]string{"Application.Read.All", "DelegatedPermissionGrant.Read.All"})
	defer delete(ta.env, "LANYARD_GRAPH_TOKEN")
	out, errOut, code := ta.types(slices.Concat([]string{"entra", "check", "acme", "--json", "--graph-url", ta.graph}, phoneFlags, flags)...)
	var c checked
	if err := json.Unmarshal([]byte(out), &c); err != nil {
		ta.t.Fatalf("%d %s\n%s", code, out, errOut)
	}
	if strings.Contains(out+errOut, ta.env["LANYARD_GRAPH_TOKEN"]) {
		ta.t.Error("the token is printed")
	}
	return c, code
}

// register applies a plan and tells the workspace.
func (ta *tenantAdmin) register() map[string]string {
	ta.t.Helper()
	vars := map[string]string{}
	ta.apply(ta.plan().Calls, vars)
	ta.must(nil, "workspace", "set", "acme", "--client-id", vars["CLIENT_ID"])
	return vars
}

// authorize is what an app asks Entra for.
func (ta *tenantAdmin) authorize(client, redirect string) string {
	return ta.entra.BrowserURL() + "/" + ta.tenant.ID + "/oauth2/v2.0/authorize?" + url.Values{
		"client_id": {client}, "response_type": {"code"}, "redirect_uri": {redirect},
		"scope": {"api://" + client + "/access_as_user openid profile offline_access"}, "state": {"s"}, "nonce": {"n"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}.Encode()
}

// What the plan prints, Microsoft Graph's rules accept; what comes of it is as
// planned, and people sign in with it by every redirect URI, and by no other.
//
// req: A7
func TestEntraPlan_appliedItChecksAndPeopleSignIn(t *testing.T) {
	ta := newTenantAdmin(t)
	vars := ta.register()
	client := vars["CLIENT_ID"]
	if got, code := ta.check(); code != 0 || got.Result != "matches" || len(got.Differences) != 0 || len(got.Notes) != 0 {
		t.Fatalf("after the plan was applied: %d %+v", code, got)
	}
	ada := ta.tenant.AddUser(entratest.User{GivenName: "Ada", Mail: "ada@acme.example"})
	app := ta.tenant.App(client)
	signIn := func(redirect string) (string, error) {
		a, err := ta.entra.Browser().SignIn(t.Context(), ta.authorize(client, redirect), ada)
		if err != nil {
			return "", err
		}
		return a.Params.Get("code"), nil
	}
	var page *entratest.PageError
	if _, err := signIn("msauth.com.acme.app://auth"); !errors.As(err, &page) || page.AADSTS != 50105 {
		t.Errorf("somebody who is not assigned: %v", err)
	}
	if err := ta.tenant.Assign(app, ada, "member"); err != nil {
		t.Fatal(err)
	}
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "thank you") }))
	t.Cleanup(back.Close)
	for _, uri := range []string{
		strings.Replace(back.URL, "127.0.0.1", "localhost", 1), "msauth.com.acme.app://auth",
		"msauth://com.acme.app/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D", "msauth://com.acme.app/AAECAwQFBgcICQoLDA0ODxAREhM%3D",
		"ms-appx-web://microsoft.aad.brokerplugin/" + client,
	} {
		if code, err := signIn(uri); err != nil || code == "" {
			t.Errorf("a sign-in by %s: %v", uri, err)
		}
	}
	for _, uri := range []string{
		"http://localhost/callback", "https://localhost", "msauth.com.acme.App://auth", "msauth.com.acme.app://auth/", "msauth.com.acme.app://Auth",
		"msauth://com.acme.app/1wIqXSqBj7w+h11ZifsnqwgyKrY=", "msauth://com.acme.app/1wIqXSqBj7w%2bh11ZifsnqwgyKrY%3d",
		"msauth://com.acme.app/1wIqXSqBj7w%252Bh11ZifsnqwgyKrY%253D", "msauth://com.acme.app/%2FmFs2Yzr6mRVUItgVUANroj4PyI%3D",
		"msal" + client + "://auth", "ms-appx-web://microsoft.aad.brokerplugin/other",
	} {
		if _, err := signIn(uri); !errors.As(err, &page) || page.AADSTS != 50011 {
			t.Errorf("a sign-in by %s: %v, want AADSTS50011", uri, err)
		}
	}
	if o, ok := ta.tenant.SAML(app); !ok || !slices.Equal(o.Identifiers, []string{"https://sso.example.com/w/acme/saml/metadata"}) ||
		!slices.Equal(o.ReplyURLs, []string{"https://sso.example.com/w/acme/saml/acs"}) || o.SignOnURL != "https://sso.example.com/w/acme/saml/login" ||
		o.LogoutURL != "https://sso.example.com/w/acme/saml/slo" {
		t.Errorf("SAML's page is %+v", o)
	}
}

// A PATCH replaces whole lists: with the present registration nothing of others
// is lost, and a second time changes nothing.
//
// req: A7
func TestEntraPlan_itKeepsWhatOthersRegistered(t *testing.T) {
	ta := newTenantAdmin(t)
	vars := ta.register()
	_, before := ta.ask("GET", "/applications/"+vars["APP_ID"], nil)
	change := func(body string) {
		t.Helper()
		if status, answer := ta.ask("PATCH", "/applications/"+vars["APP_ID"], []byte(body)); status != 204 {
			t.Fatal(status, answer)
		}
	}
	own := before["publicClient"].(map[string]any)["redirectUris"].([]any)
	raw, err := json.Marshal(map[string]any{"publicClient": map[string]any{"redirectUris": append(own[1:], "othersapp://back")}, "spa": map[string]any{"redirectUris": []string{"https://other.example/spa"}}})
	if err != nil {
		t.Fatal(err)
	}
	change(string(raw)) // http://localhost is gone, another app's is there
	if got, code := ta.check(); code != 1 || len(got.Differences) != 1 || got.Differences[0].Code != "LY-REG-010" || len(got.Notes) != 2 {
		t.Fatalf("%d %+v", code, got)
	}
	// A URI of the plan's that stands under another platform moves.
	change(`{"spa":{"redirectUris":["https://other.example/spa","http://localhost"]}}`)
	file := ta.save("app.json", "/applications/"+vars["APP_ID"])
	out, errOut, _ := ta.types("entra", "plan", "acme", "--format", "graph")
	if !strings.Contains(errOut, "would be removed") || !strings.Contains(errOut, "--from app.json") {
		t.Errorf("without --from it does not warn: %s", errOut)
	}
	if strings.Contains(out, "othersapp") {
		t.Error("it knows what it cannot")
	}
	for range 2 {
		ta.apply(ta.plan("--from", file).Calls, map[string]string{})
		_, after := ta.ask("GET", "/applications/"+vars["APP_ID"], nil)
		text := fmt.Sprint(after)
		if !strings.Contains(text, "othersapp://back") || !strings.Contains(text, "https://other.example/spa") {
			t.Fatalf("what others registered is gone: %s", text)
		}
		if got, code := ta.check(); code != 0 || len(got.Notes) != 2 {
			t.Fatalf("%d %+v", code, got)
		}
	}
}

// save writes what Microsoft Graph answers with into a file.
func (ta *tenantAdmin) save(name, path string) string {
	ta.t.Helper()
	_, answer := ta.ask("GET", path, nil)
	return ta.write(name, answer)
}

func (ta *tenantAdmin) write(name string, v any) string {
	ta.t.Helper()
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		ta.t.Fatal(err)
	}
	file := filepath.Join(ta.dir, name)
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		ta.t.Fatal(err)
	}
	return file
}

// The script for az does the same as the calls, also when it is run again. The
// az here is a stand-in that knows what the script uses of it.
//
// req: A7
func TestEntraPlan_theScriptForAzRegisters(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the script is for a POSIX shell")
	}
	ta := newTenantAdmin(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(ta.dir, "az")); err != nil {
		t.Fatal(err)
	}
	run := func(from ...string) {
		t.Helper()
		script, errOut, code := ta.types(slices.Concat([]string{"entra", "plan", "acme", "--format", "az"}, phoneFlags, from)...)
		if code != 0 {
			t.Fatal(errOut)
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-s")
		cmd.Stdin = strings.NewReader(script)
		cmd.Env = append(os.Environ(), "PATH="+ta.dir+":"+os.Getenv("PATH"), "GRAPH="+ta.graph, "AZ_TOKEN="+ta.tenant.GraphToken(everything), "TMPDIR="+ta.dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s\n%s", err, out, script)
		}
	}
	run()
	apps := ta.tenant.Apps()
	if len(apps) != 1 {
		t.Fatalf("there are %d applications", len(apps))
	}
	ta.must(nil, "workspace", "set", "acme", "--client-id", apps[0].ClientID)
	if got, code := ta.check(); code != 0 || len(got.Notes) != 0 {
		t.Fatalf("%d %+v", code, got)
	}
	run("--from", ta.save("app.json", "/applications(appId='"+apps[0].ClientID+"')"))
	if got, code := ta.check(); code != 0 || len(ta.tenant.Apps()) != 1 {
		t.Fatalf("a second time: %d %+v", code, got)
	}
	if left, err := filepath.Glob(filepath.Join(ta.dir, "tmp.*")); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v behind", left)
	}
}

// azStandIn is the az program, as far as a plan's script uses it: az rest.
func azStandIn() {
	flags := map[string]string{}
	for i := 2; i+1 < len(os.Args); i += 2 {
		flags[os.Args[i]] = os.Args[i+1]
	}
	fail := func(err any) {
		fmt.Fprintln(os.Stderr, "az:", err)
		os.Exit(1)
	}
	var body io.Reader
	if name, ok := strings.CutPrefix(flags["--body"], "@"); ok {
		f, err := os.Open(name)
		if err != nil {
			fail(err)
		}
		body = f
	}
	req, err := http.NewRequest(flags["--method"], strings.ReplaceAll(flags["--url"], " ", "%20"), body)
	if err != nil || len(os.Args) < 2 || os.Args[1] != "rest" || flags["--output"] != "tsv" {
		fail("it is asked for something that the stand-in does not do")
	}
	req.Header.Set("Authorization", "Bearer "+os.Getenv("AZ_TOKEN"))
	if name, value, ok := strings.Cut(flags["--headers"], "="); ok {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		fail(err)
	}
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		fail(fmt.Sprint(res.Status, " ", string(raw)))
	}
	var answer map[string]any
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &answer); err != nil {
			fail(err)
		}
	}
	if got := query(answer, flags["--query"]); got != "" {
		fmt.Println(got)
	}
	os.Exit(0)
}
