package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/sqlite"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// chosen is a sentry whose answer a test sets.
type chosen struct {
	me atomic.Pointer[console.Principal]
}

func (c *chosen) be(p console.Principal) { c.me.Store(&p) }

func (c *chosen) Who(*http.Request) (console.Principal, error) { return *c.me.Load(), nil }
func (c *chosen) Challenge(context.Context, console.Principal) (console.StepUp, error) {
	return console.StepUp{TOTP: true}, nil
}
func (c *chosen) Prove(context.Context, console.Principal, *http.Request) error { return nil }

// desk is a server with the workspaces acme and other, and its console.
type desk struct {
	*Server
	t      *testing.T
	sentry *chosen
	base   string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	st, err := sqlite.Open(t.Context(), litetest.File(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	now := time.Now()
	for _, id := range []string{"acme", "other"} {
		w := directory.Workspace{ID: id, Name: id, Directory: "dir-" + id, SCIMEnabled: true, Created: now, Modified: now}
		if err := st.CreateWorkspace(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	d := &desk{t: t, sentry: &chosen{}}
	d.sentry.be(console.Principal{})
	var h http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	u, _ := url.Parse(srv.URL)
	if d.Server, err = New(Config{Store: st, PublicURL: u, ServerKey: bytes.Repeat([]byte{7}, 32), sentry: d.sentry}); err != nil {
		t.Fatal(err)
	}
	h, d.base = d.Server, srv.URL
	return d
}

// ask asks the JSON API.
func (d *desk) ask(method, path, body string) (status int, text string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.base+console.API+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return resp.StatusCode, string(all)
}

// at is a route's path in a workspace, its other names filled with what is not
// there.
func at(r console.Route, workspace string) string {
	path := strings.ReplaceAll(r.Path, "{ws}", workspace)
	for strings.Contains(path, "{") {
		i, j := strings.Index(path, "{"), strings.Index(path, "}")
		path = path[:i] + "nothing" + path[j+1:]
	}
	return path
}

// Every page and every act of the console is refused to whoever has too small a
// role, and is not there for those of another workspace.
//
// req: A4
func TestConsole_everyRouteAsksForItsRole(t *testing.T) {
	d := newDesk(t)
	with := func(r console.Role) console.Principal {
		return console.Principal{ID: "a", Roles: map[string]console.Role{"acme": r}, Fresh: true}
	}
	elsewhere := console.Principal{ID: "b", Roles: map[string]console.Role{"other": console.Owner}, Fresh: true}
	routes := d.ConsoleRoutes()
	if len(routes) < 40 {
		t.Errorf("there are only %d routes", len(routes))
	}
	for _, r := range routes {
		if !r.Callable() || r.Access.Role == console.Anybody {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			body := ""
			if r.Mutates() {
				body = "{}"
			}
			refuse := func(who string, p console.Principal, path string, want int) {
				t.Helper()
				d.sentry.be(p)
				if status, text := d.ask(r.Method, path, body); status != want {
					t.Errorf("%s %s answers %s with %d, want %d: %.300s", r.Method, path, who, status, want, text)
				}
			}
			refuse("nobody", console.Principal{}, at(r, "acme"), 401)
			if !strings.Contains(r.Path, "{ws}") {
				if r.Access.Role == console.ServerOwner {
					refuse("an owner of a workspace", with(console.Owner), at(r, ""), 403)
				}
				return
			}
			refuse("an owner of another workspace", elsewhere, at(r, "acme"), 404)
			refuse("an owner, of a workspace that is not there", elsewhere, at(r, "nowhere"), 404)
			for _, role := range []console.Role{console.Viewer, console.ITAdmin, console.Admin, console.Owner} {
				if role < r.Access.Role {
					refuse(role.String(), with(role), at(r, "acme"), 403)
				}
			}
			for _, m := range directory.Modules() {
				link := console.Principal{ID: "l", Fresh: true, Link: &console.LinkScope{ID: "l", Workspace: "acme", Module: m}}
				if m != r.Access.Module {
					refuse("a setup link for "+string(m), link, at(r, "acme"), 403)
				}
				link.Link = &console.LinkScope{ID: "l", Workspace: "other", Module: r.Access.Module}
				refuse("a setup link of another workspace", link, at(r, "acme"), 404)
			}
		})
	}
}

// Acts that take roles, rights and safety away ask for a fresh proof.
func TestConsole_dangerousActsAskForAProof(t *testing.T) {
	d := newDesk(t)
	stale := console.Principal{ID: "a", ServerOwner: true}
	n := 0
	for _, r := range d.ConsoleRoutes() {
		if !r.Access.StepUp {
			continue
		}
		n++
		d.sentry.be(stale)
		if status, text := d.ask(r.Method, at(r, "acme"), "{}"); status != 403 || !strings.Contains(text, "LY-AUTHZ-003") {
			t.Errorf("%s answers without a proof: %d %.200s", r.Name, status, text)
		}
	}
	if n < 8 {
		t.Errorf("only %d acts ask for a proof", n)
	}
}

// What the API answers is what its document says, for every page that can be
// asked for without more than a workspace.
//
// req: A4
func TestConsole_theAPIAnswersAsItsDocumentSays(t *testing.T) {
	d := newDesk(t)
	d.sentry.be(console.Principal{ID: "a", Name: "Ada", Email: "ada@acme.example", ServerOwner: true, Fresh: true})
	resp, err := http.Get(d.base + console.Root + "/api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	doc, err := jsonschema.UnmarshalJSON(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource("https://sso.example.com/openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")
	n := 0
	for _, r := range d.ConsoleRoutes() {
		if r.Mutates() || !r.Callable() || r.IsDownload() || slices.ContainsFunc(strings.Split(r.Path, "/"), func(p string) bool { return strings.HasPrefix(p, "{") && p != "{ws}" }) {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			status, text := d.ask(r.Method, at(r, "acme"), "")
			if status != http.StatusOK && status < 500 {
				return // nothing to show of an empty workspace, or only with a link or an account of one's own
			}
			if status != http.StatusOK {
				t.Fatalf("it answered %d: %.300s", status, text)
			}
			n++
			schema, err := compiler.Compile(fmt.Sprintf("https://sso.example.com/openapi.json#/paths/%s/get/responses/200/content/application~1json/schema", escape.Replace(r.Path)))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(answer); err != nil {
				t.Errorf("%v\n%.600s", err, text)
			}
		})
	}
	if n < 30 {
		t.Errorf("only %d pages answered", n)
	}
}

// What the console can, lanyardd do can: the routes have one list.
func TestConsole_everyActIsDescribedForPrograms(t *testing.T) {
	d := newDesk(t)
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		}
	}
	resp, err := http.Get(d.base + console.Root + "/api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	for _, r := range d.ConsoleRoutes() {
		if got := doc.Paths[r.Path][strings.ToLower(r.Method)].OperationID; r.Callable() && got != r.Name {
			t.Errorf("%s %s is called %q in the document, not %s", r.Method, r.Path, got, r.Name)
		}
	}
}
