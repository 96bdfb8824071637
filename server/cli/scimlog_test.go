package cli_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/cli"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// office is a database and the commands that work on it, in this process.
type office struct {
	t     *testing.T
	db    string
	store *store.Store
	now   time.Time
	env   map[string]string // beside the database's address
}

// newOffice makes a database with the workspace acme.
func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, db: filepath.Join(t.TempDir(), "lanyard.db"), now: time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)}
	s, err := sqlite.Open(t.Context(), o.db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	o.store = s
	if err := s.CreateWorkspace(t.Context(), directory.Workspace{ID: "acme", Name: "Acme", SCIMEnabled: true, Created: o.now}); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) run(args ...string) (out, errOut string, code int) {
	var stdout, stderr bytes.Buffer
	env := func(name string) (string, bool) {
		if name == "LANYARD_DB" {
			return "sqlite:" + o.db, true
		}
		v, ok := o.env[name]
		return v, ok
	}
	code = cli.Run(o.t.Context(), args, env, strings.NewReader(""), &stdout, &stderr, cli.Options{
		OpenSQLite: sqlite.Open, Now: func() time.Time { return o.now },
	})
	return stdout.String(), stderr.String(), code
}

// must runs a command that has to succeed, with --json, into v.
func (o *office) must(v any, args ...string) {
	o.t.Helper()
	out, errOut, code := o.run(append(args, "--json")...)
	if code != 0 {
		o.t.Fatalf("lanyardd %s: %s", strings.Join(args, " "), errOut)
	}
	if v != nil {
		if err := json.Unmarshal([]byte(out), v); err != nil {
			o.t.Fatalf("lanyardd %s printed %s: %v", strings.Join(args, " "), out, err)
		}
	}
}

// req: D10
func TestSCIMLog_itShowsWhatHappenedToAPersonAndWhatFailed(t *testing.T) {
	o := newOffice(t)
	u := directory.User{ID: "u-1", Directory: "acme", Version: 1, UserName: "ada@acme.example", State: directory.Active, Created: o.now, Modified: o.now, Doc: []byte(`{"userName":"ada@acme.example"}`)}
	if err := o.store.InsertUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	log := o.store.RequestLog()
	log.Add(store.Request{At: o.now, Workspace: "acme", Credential: "t1", Method: "POST", Type: "Users", ID: "u-1", Name: "ada@acme.example", Attributes: []string{"userName"}, Status: 201})
	log.Add(store.Request{At: o.now.Add(time.Second), Workspace: "acme", Credential: "t1", Method: "POST", Type: "Users", Name: "bob@acme.example", Status: 400, Kind: "invalidValue", Detail: "The attribute emails is missing."})
	log.Add(store.Request{At: o.now.Add(2 * time.Second), Workspace: "acme", Credential: "t1", Method: "PATCH", Type: "Users", ID: "u-1", Name: "ada.old@acme.example", Attributes: []string{"title"}, Status: 200})
	if err := log.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	statuses := func(args ...string) (all []int) {
		t.Helper()
		var docs []struct{ Status int }
		o.must(&docs, append([]string{"scim", "log", "--workspace", "acme"}, args...)...)
		for _, d := range docs {
			all = append(all, d.Status)
		}
		return all
	}
	for name, c := range map[string]struct {
		args []string
		want []int
	}{
		"all, newest first":                {nil, []int{200, 400, 201}},
		"a person under two names":         {[]string{"--user", "ADA@acme.example"}, []int{200, 201}},
		"somebody who never came to exist": {[]string{"--user", "bob@acme.example"}, []int{400}},
		"failures":                         {[]string{"--failed"}, []int{400}},
		"the last one":                     {[]string{"--limit", "1"}, []int{200}},
	} {
		got := statuses(c.args...)
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
	}
	out, _, code := o.run("scim", "log", "--workspace", "acme", "--failed")
	if code != 0 || !strings.Contains(out, "The attribute emails is missing.") || !strings.Contains(out, "bob@acme.example") {
		t.Errorf("%d: %s", code, out)
	}
	if _, errOut, code := o.run("scim", "log", "--workspace", "acme", "--user", "carol"); code != 1 || !strings.Contains(errOut, "carol") {
		t.Errorf("%d: %s", code, errOut)
	}
	if _, _, code := o.run("scim", "log", "--workspace", "acme", "--limit", "0"); code != 2 {
		t.Errorf("a limit of 0 ended with %d", code)
	}
}
