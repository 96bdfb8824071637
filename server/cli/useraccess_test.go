package cli_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// audited are the acts in the audit log, oldest first, with the target.
func (o *office) audited() string {
	o.t.Helper()
	all, err := o.store.AuditLog(o.t.Context(), store.AuditQuery{Oldest: true})
	if err != nil {
		o.t.Fatal(err)
	}
	var out []string
	for _, e := range all {
		if e.Actor != "operator (command)" || e.Workspace != "acme" || e.Outcome != store.AuditDone {
			o.t.Errorf("an entry is %+v", e)
		}
		out = append(out, e.Act+" "+e.Target)
	}
	return strings.Join(out, "\n")
}

// req: D10
func TestUser_commandsSuspendRestoreUnlinkAndAreInTheAuditLogOnce(t *testing.T) {
	o := newOffice(t)
	id := o.hire("ada@acme.example")
	if err := o.store.LinkObjectID(t.Context(), "acme", id, "oid-1", o.now); err != nil {
		t.Fatal(err)
	}
	laptop, phone := o.signIn(id, "s1", false), o.signIn(id, "s2", false)
	before := o.audited()
	in := []string{"--workspace", "acme"}
	o.must(nil, append([]string{"user", "signout", "ada@acme.example", "--session", "s1"}, in...)...)
	if o.lives(laptop) || !o.lives(phone) {
		t.Errorf("laptop %v, phone %v", o.lives(laptop), o.lives(phone))
	}
	if _, errOut, code := o.run(append([]string{"user", "signout", "ada@acme.example", "--session", "s1"}, in...)...); code != 1 {
		t.Errorf("the same session again: %d %s", code, errOut)
	}
	var u struct {
		State    string
		ObjectID string `json:"object_id"`
	}
	o.must(&u, append([]string{"user", "suspend", "ada@acme.example"}, in...)...)
	if u.State != "suspended" || o.lives(phone) {
		t.Errorf("suspended is %+v, phone %v", u, o.lives(phone))
	}
	if _, errOut, code := o.run(append([]string{"user", "suspend", id}, in...)...); code != 1 || !strings.Contains(errOut, "LY-PEOPLE-001") {
		t.Errorf("suspended twice: %d %s", code, errOut)
	}
	o.must(&u, append([]string{"user", "restore", id}, in...)...)
	if u.State != "active" {
		t.Errorf("restored is %+v", u)
	}
	o.must(&u, append([]string{"user", "unlink", id}, in...)...)
	if u.ObjectID != "" {
		t.Errorf("unlinked is %+v", u)
	}
	// Commands that only look leave no entry.
	o.must(nil, append([]string{"user", "access", id}, in...)...)
	o.must(nil, append([]string{"user", "list"}, in...)...)
	want := strings.TrimPrefix(strings.Join([]string{before, "user signout " + id, "user suspend " + id, "user restore " + id, "user unlink " + id}, "\n"), "\n")
	if got := o.audited(); got != want {
		t.Errorf("the audit log has\n%s\nwant\n%s", got, want)
	}
}

func TestUserAccess_itSaysWhy(t *testing.T) {
	o := newOffice(t)
	id := o.hire("ada@acme.example")
	o.be(id, directory.Suspended)
	out, errOut, code := o.run("user", "access", "ada@acme.example", "--workspace", "acme")
	if code != 0 || !strings.Contains(out, "They are suspended") || !strings.Contains(out, "choose Restore") {
		t.Errorf("%d\n%s%s", code, out, errOut)
	}
	var all []struct {
		Method string
		Can    bool
		Rules  []struct{ State string }
	}
	o.must(&all, "user", "access", "ada@acme.example", "--workspace", "acme")
	if len(all) != len(directory.Methods) || all[0].Can || len(all[0].Rules) < 3 {
		t.Errorf("in JSON: %+v", all)
	}
}

func TestUserFind_itFindsAsTheConsoleDoes(t *testing.T) {
	o := newOffice(t)
	for i := range 7 {
		o.hire(fmt.Sprintf("ada%d@acme.example", i))
	}
	o.be("id-ada3@acme.example", directory.Suspended)
	find := func(args ...string) int {
		t.Helper()
		var all []shownUser
		o.must(&all, append(append([]string{"user", "find"}, args...), "--workspace", "acme")...)
		return len(all)
	}
	for want, args := range map[int][]string{7: {"ADA"}, 5: {"ada", "--limit", "5"}, 1: {"ada", "--state", "suspended"}, 6: {"--state", "active"}, 0: {"bob"}} {
		if got := find(args...); got != want {
			t.Errorf("%q: %d people, want %d", args, got, want)
		}
	}
	if _, _, code := o.run("user", "find", "x", "--workspace", "acme", "--state", "odd"); code != 2 {
		t.Errorf("an unknown state ended with %d", code)
	}
}

func TestGroup_commandsListAndShow(t *testing.T) {
	o := newOffice(t)
	ada := o.hire("ada@acme.example")
	g := directory.Group{Type: directory.GroupType, ID: "g-1", Directory: "acme", DisplayName: "Engineers", ExternalID: "e-1", Created: o.now, Modified: o.now, Doc: []byte(`{"displayName":"Engineers"}`)}
	if err := o.store.InsertResource(t.Context(), g, []directory.Member{{ID: ada}}); err != nil {
		t.Fatal(err)
	}
	o.must(nil, "workspace", "set", "acme", "--role-rule", "group:Engineers=editor")
	type group struct {
		ID, Role string
		Gives    string `json:"gives_role"`
		Members  int
		List     []struct{ ID string } `json:"member_list"`
	}
	var all []group
	o.must(&all, "group", "list", "engin", "--workspace", "acme")
	if len(all) != 1 || all[0].Gives != "editor" || all[0].Members != 1 {
		t.Errorf("the list is %+v", all)
	}
	for _, name := range []string{"g-1", "e-1", "engineers"} {
		var one group
		o.must(&one, "group", "show", name, "--workspace", "acme")
		if one.ID != "g-1" || len(one.List) != 1 || one.List[0].ID != ada {
			t.Errorf("%s is %+v", name, one)
		}
	}
	if _, errOut, code := o.run("group", "show", "engine", "--workspace", "acme"); code != 1 || !strings.Contains(errOut, "LY-PEOPLE-005") {
		t.Errorf("the beginning of a name: %d %s", code, errOut)
	}
}

func TestAudit_commandsListExportAndVerify(t *testing.T) {
	o := newOffice(t)
	id := o.hire("ada@acme.example")
	o.must(nil, "user", "set", id, "--workspace", "acme", "--role", "lead")
	o.must(nil, "user", "set", id, "--workspace", "acme", "--follow-rules")
	var all []store.AuditEntry
	o.must(&all, "audit", "list", "--workspace", "acme", "--act", "user set")
	if len(all) != 2 || all[0].Seq < all[1].Seq || all[0].Target != id || all[1].Detail["flags"] != "--role --workspace" {
		t.Errorf("the list is %+v", all)
	}
	out, _, code := o.run("audit", "export")
	if n := strings.Count(out, "\n"); code != 0 || n < 2 || !strings.Contains(out, `"prev":""`) {
		t.Errorf("%d, the export has %d lines: %s", code, n, out)
	}
	head, errOut, code := o.run("audit", "verify")
	if code != 0 || !strings.Contains(errOut, "is whole") {
		t.Fatalf("verify: %d %s%s", code, head, errOut)
	}
	head = strings.TrimSpace(head)
	if _, errOut, code := o.run("audit", "verify", "--head", head); code != 0 {
		t.Errorf("with its own head: %d %s", code, errOut)
	}
	_, hash, _ := strings.Cut(head, ":")
	if _, errOut, code := o.run("audit", "verify", "--head", "1000:"+hash); code != 1 || !strings.Contains(errOut, "LY-AUDIT-001") || !strings.Contains(errOut, "cut off") {
		t.Errorf("with a head that is not there: %d %s", code, errOut)
	}
	for _, args := range [][]string{{"verify", "--head", "x"}, {"list", "--from", "soon"}, {"list", "--limit", "0"}, {"export", "--server", "--workspace", "acme"}} {
		if _, errOut, code := o.run(append([]string{"audit"}, args...)...); code != 2 {
			t.Errorf("%q: %d %s", args, code, errOut)
		}
	}
	o.must(nil, "workspace", "set", "acme", "--default-role", "writer")
	var set []store.AuditEntry
	o.must(&set, "audit", "list", "--workspace", "acme", "--act", "workspace set")
	if len(set) != 1 {
		t.Errorf("of the workspace: %+v", set)
	}
	var none []store.AuditEntry
	o.must(&none, "audit", "list", "--server")
	if len(none) != 0 {
		t.Errorf("of no workspace: %+v", none)
	}
}
