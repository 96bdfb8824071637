package entratest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/cli"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// lanyard is a Lanyard server with one workspace, as an administrator sets it
// up: by commands.
type lanyard struct {
	t           *testing.T
	base, token string
}

func newLanyard(t *testing.T) *lanyard {
	t.Helper()
	db := filepath.Join(t.TempDir(), "lanyard.db")
	command := func(args ...string) string {
		t.Helper()
		var out, errOut bytes.Buffer
		env := func(name string) (string, bool) {
			if name == "LANYARD_DB" {
				return "sqlite:" + db, true
			}
			return "", false
		}
		if code := cli.Run(t.Context(), args, env, strings.NewReader(""), &out, &errOut, cli.Options{OpenSQLite: sqlite.Open}); code != 0 {
			t.Fatalf("lanyardd %s ended with %d: %s", strings.Join(args, " "), code, errOut.String())
		}
		return strings.TrimSpace(out.String())
	}
	store, err := sqlite.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	front := httptest.NewUnstartedServer(nil)
	public := &url.URL{Scheme: "http", Host: front.Listener.Addr().String()}
	if front.Config.Handler, err = server.New(server.Config{Store: store, PublicURL: public}); err != nil {
		t.Fatal(err)
	}
	front.Start()
	t.Cleanup(front.Close)
	command("workspace", "create", "acme", "--name", "Acme")
	return &lanyard{t, public.String() + "/scim/v2/acme", command("scim", "token", "create", "--workspace", "acme")}
}

// list reads all of a kind.
func (l *lanyard) list(endpoint string) []map[string]any {
	l.t.Helper()
	req, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, l.base+endpoint+"?count=500", nil)
	if err != nil {
		l.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+l.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	var doc struct{ Resources []map[string]any }
	if err := json.NewDecoder(res.Body).Decode(&doc); err != nil || res.StatusCode != http.StatusOK {
		l.t.Fatalf("GET %s: %d, %v", endpoint, res.StatusCode, err)
	}
	return doc.Resources
}

// see writes what a workspace has, by names in place of ids: "name active
// department manager" and "group: members".
func (l *lanyard) see() []string {
	l.t.Helper()
	names := map[string]string{}
	people := l.list("/Users")
	for _, u := range people {
		names[fmt.Sprint(u["id"])] = fmt.Sprint(u["displayName"])
	}
	var out []string
	for _, u := range people {
		extension, _ := u[ext].(map[string]any)
		manager, _ := extension["manager"].(map[string]any)
		boss, ok := names[fmt.Sprint(manager["value"])]
		if !ok {
			boss = "-"
		}
		out = append(out, fmt.Sprint(u["displayName"], " ", u["active"], " ", extension["department"], " ", boss))
	}
	for _, g := range l.list("/Groups") {
		var who []string
		members, _ := g["members"].([]any)
		for _, m := range members {
			m, _ := m.(map[string]any)
			who = append(who, names[fmt.Sprint(m["value"])])
		}
		slices.Sort(who)
		out = append(out, fmt.Sprint(g["displayName"], ": ", strings.Join(who, " ")))
	}
	slices.Sort(out)
	return out
}

// wanted is the same as the directory has it, for those who were ever enabled.
func wanted(t *entratest.Tenant) []string {
	names := map[string]string{}
	for _, u := range t.Users() {
		names[u.ObjectID] = u.DisplayName
	}
	var out []string
	for _, u := range t.Users() {
		boss := "-"
		if u.Manager != "" {
			boss = names[u.Manager]
		}
		out = append(out, fmt.Sprint(u.DisplayName, " ", !u.Disabled && !u.Deleted, " ", u.Department, " ", boss))
	}
	for _, g := range t.Groups() {
		var who []string
		for _, m := range g.Members {
			who = append(who, names[m])
		}
		slices.Sort(who)
		out = append(out, fmt.Sprint(g.DisplayName, ": ", strings.Join(who, " ")))
	}
	slices.Sort(out)
	return out
}

// req: E1
// req: E2
// req: E11
func TestLanyard_itIsProvisionedInEveryDialect(t *testing.T) {
	for _, opt := range []entratest.ProvisionOptions{
		{},
		{OptSCIM062020: true},
		{Matching: "externalId", ReferenceChecks: true},
		{Matching: `emails[type eq "work"].value`, OptSCIM062020: true, ReferenceChecks: true, MemberChunk: 3},
	} {
		t.Run(fmt.Sprintf("flag %v, matching %q, checks %v", opt.OptSCIM062020, opt.Matching, opt.ReferenceChecks), func(t *testing.T) {
			l := newLanyard(t)
			tenant := entratest.New(t).AddTenant(entratest.TenantOptions{})
			app := tenant.AddApp(entratest.App{})
			var people []*entratest.User
			var ids []string
			for i := range 12 {
				u := entratest.User{GivenName: fmt.Sprintf("P%02d", i), Surname: "Family", Mail: fmt.Sprintf("p%02d@acme.example", i), Department: "Engines"}
				if i > 0 {
					u.Manager = people[i/2].ObjectID
				}
				people = append(people, tenant.AddUser(u))
				ids = append(ids, people[i].ObjectID)
			}
			crew := tenant.AddGroup(entratest.Group{DisplayName: "Crew", Members: ids})
			tenant.AddGroup(entratest.Group{DisplayName: "Empty"})
			opt.Scope = entratest.Everyone
			p := tenant.Provision(app, l.base, l.token, opt)
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			agree := func(after string) {
				t.Helper()
				must(p.Cycle(t.Context()))
				if got, want := l.see(), wanted(tenant); !slices.Equal(got, want) {
					t.Fatalf("after %s the workspace has\n%s\nand the directory\n%s", after, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
			must(p.TestConnection(t.Context()))
			agree("the initial cycle")
			must(tenant.UpdateUser(people[3], func(u *entratest.User) { u.Department, u.Manager = "Looms", people[9].ObjectID }))
			must(tenant.UpdateUser(people[4], func(u *entratest.User) { u.Manager = "" }))
			must(tenant.RemoveMember(crew, people[0]))
			must(tenant.RemoveMember(crew, people[5]))
			must(tenant.RenameGroup(crew, "Bridge"))
			agree("changes")
			must(tenant.Disable(people[6]))
			must(tenant.SoftDelete(people[7]))
			agree("removals")
			must(tenant.Enable(people[6]))
			must(tenant.Restore(people[7]))
			late := tenant.AddUser(entratest.User{GivenName: "Late", Surname: "Family", Mail: "late@acme.example", Department: "Engines", Manager: people[1].ObjectID})
			must(tenant.AddMember(crew, late))
			must(tenant.Delete(people[11]))
			agree("a restore, a newcomer and a purge")
			p.Restart()
			before := len(p.Log())
			agree("a restart")
			for _, e := range p.Log()[before:] {
				if strings.HasPrefix(e.Action, "create") || e.Action == "update" || e.Err != "" {
					t.Errorf("a restart that changes nothing: %s %s %s %s", e.Action, e.User, e.Request, e.Err)
				}
			}
			all, err := p.Accounts(t.Context(), 5)
			must(err)
			if len(all) != 12 {
				t.Errorf("account discovery finds %d people", len(all))
			}
			for _, a := range all {
				if a.State != entratest.AssignedAccount {
					t.Errorf("account discovery says %+v", a)
				}
			}
			names, err := p.Schemas(t.Context())
			must(err)
			for _, want := range []string{"userName", "name.givenName", "emails.value", ext + ":department", "members.value", "displayName"} {
				if !slices.Contains(names, want) {
					t.Errorf("/Schemas has no %s", want)
				}
			}
		})
	}
}
