package cli_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// hire makes a person of the office's workspace and returns their id.
func (o *office) hire(name string) string {
	o.t.Helper()
	ws, err := o.store.Workspace(o.t.Context(), "acme")
	if err != nil {
		o.t.Fatal(err)
	}
	u, err := directory.NewUser(ws, directory.User{
		ID: "id-" + name, UserName: name, ExternalID: "ext-" + name, Doc: []byte(`{"userName":"` + name + `"}`), Created: o.now, Modified: o.now,
	})
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.store.InsertUser(o.t.Context(), u, directory.Change(directory.User{}, u).Events...); err != nil {
		o.t.Fatal(err)
	}
	return u.ID
}

// be gives a person another state, as provisioning does.
func (o *office) be(id string, state directory.State) {
	o.t.Helper()
	ws, err := o.store.Workspace(o.t.Context(), "acme")
	if err != nil {
		o.t.Fatal(err)
	}
	_, err = o.store.UpdateUser(o.t.Context(), "acme", id, func(before directory.User) (directory.User, directory.Consequence, error) {
		after := before
		after.State, after.Modified = state, o.now
		c := directory.Change(before, after)
		c.Rank = &ws
		return after, c, nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

type shownUser struct {
	Role     string     `json:"role"`
	Granted  string     `json:"granted_role"`
	HadRole  string     `json:"had_role"`
	HadUntil *time.Time `json:"had_role_until"`
}

// req: E8
func TestUser_aLostAdminIsShownAndGivenBackByCommand(t *testing.T) {
	o := newOffice(t)
	id := o.hire("ada@acme.example")
	var u shownUser
	o.must(&u, "user", "set", "ada@acme.example", "--workspace", "acme", "--role", "admin")
	if u.Role != "admin" || u.Granted != "admin" {
		t.Fatalf("given the role, ada is %+v", u)
	}
	o.now = o.now.Add(time.Hour)
	until := o.now
	o.be(id, directory.Suspended)
	if _, errOut, code := o.run("user", "regrant", "ada@acme.example", "--workspace", "acme"); code != 2 || !strings.Contains(errOut, "suspended") {
		t.Errorf("given back while suspended: %d %s", code, errOut)
	}
	if _, errOut, code := o.run("user", "set", "ada@acme.example", "--workspace", "acme", "--role", "owner"); code != 2 || !strings.Contains(errOut, "suspended") {
		t.Errorf("made an owner while suspended: %d %s", code, errOut)
	}
	o.now = o.now.Add(time.Hour)
	o.be(id, directory.Active)
	o.must(&u, "user", "show", "ada@acme.example", "--workspace", "acme")
	if u.Role == "admin" || u.HadRole != "admin" || u.HadUntil == nil || !u.HadUntil.Equal(until) {
		t.Fatalf("back, ada is %+v", u)
	}
	var all []shownUser
	o.must(&all, "user", "list", "--workspace", "acme")
	if len(all) != 1 || all[0].HadRole != "admin" {
		t.Errorf("the list is %+v", all)
	}
	out, errOut, _ := o.run("user", "show", "ada@acme.example", "--workspace", "acme")
	if !strings.Contains(out, "admin until "+until.Format(time.RFC3339)) || !strings.Contains(errOut, "user regrant ada@acme.example --workspace acme") {
		t.Errorf("%s%s", out, errOut)
	}
	o.must(&u, "user", "regrant", "ada@acme.example", "--workspace", "acme")
	if u.Role != "admin" || u.HadRole != "" {
		t.Errorf("given back, ada is %+v", u)
	}
	if _, _, code := o.run("user", "regrant", "ada@acme.example", "--workspace", "acme"); code != 2 {
		t.Errorf("given back twice: %d", code)
	}
	o.must(&u, "user", "set", "ada@acme.example", "--workspace", "acme", "--follow-rules")
	if u.Role == "admin" || u.Granted != "" {
		t.Errorf("following the rules again, ada is %+v", u)
	}
	for _, args := range [][]string{{}, {"--role", "x", "--follow-rules"}, {"--role", " "}} {
		if _, _, code := o.run(append([]string{"user", "set", "ada@acme.example", "--workspace", "acme"}, args...)...); code != 2 {
			t.Errorf("%q ended with %d", args, code)
		}
	}
}

// req: D10
func TestUserLog_itTellsOfProvisioningSignInsAndCommands(t *testing.T) {
	o := newOffice(t)
	id := o.hire("ada@acme.example")
	o.hire("bob@acme.example")
	log := o.store.RequestLog()
	log.Add(store.Request{At: o.now.Add(time.Second), Workspace: "acme", Credential: "tok", Method: http.MethodPatch, Type: "Users", ID: id, Name: "ada@acme.example", Attributes: []string{"title"}, Status: 200, Request: "req-1"})
	log.Add(store.Request{At: o.now.Add(2 * time.Second), Workspace: "acme", Credential: "tok", Method: http.MethodPatch, Type: "Users", ID: id, Name: "ada@acme.example", Status: 400, Detail: "No.", Request: "req-2"})
	log.Add(store.Request{At: o.now, Workspace: "acme", Credential: "tok", Method: http.MethodPost, Type: "Users", ID: "id-bob@acme.example", Name: "bob@acme.example", Status: 201})
	if err := log.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := o.store.StartSession(t.Context(), directory.Session{Hash: "h", ID: "s-1", User: id, Workspace: "acme", Created: o.now.Add(3 * time.Second), Expires: o.now.Add(time.Hour)}, nil, directory.Event{})
	if err != nil {
		t.Fatal(err)
	}
	o.now = o.now.Add(4 * time.Second)
	o.must(nil, "user", "set", "ada@acme.example", "--workspace", "acme", "--role", "lead")
	type line struct {
		At                        time.Time
		Source, Who, What, Result string
		RequestID                 string `json:"request_id"`
	}
	var all []line
	o.must(&all, "user", "log", "ada@acme.example", "--workspace", "acme")
	var got []string
	for i, l := range all {
		got = append(got, l.Source+"|"+l.Who+"|"+l.What+"|"+l.Result+"|"+l.RequestID)
		if i > 0 && l.At.After(all[i-1].At) {
			t.Errorf("line %d is newer than the one before", i)
		}
	}
	text := strings.Join(got, "\n")
	for _, want := range []string{
		"command|operator (command)|gave the role lead||", "event|lanyard|user.updated||", "event|the person|session.started (session s-1)||",
		"provisioning|tok|PATCH Users|400 No.|req-2", "provisioning|tok|PATCH Users: title|200 OK|req-1", "event|lanyard|user.created||",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
	if len(all) != 6 || strings.Contains(text, "bob") {
		t.Errorf("%d lines:\n%s", len(all), text)
	}
	var two []line
	o.must(&two, "user", "log", "ada@acme.example", "--workspace", "acme", "--limit", "2")
	if len(two) != 2 || two[0] != all[0] {
		t.Errorf("with a limit: %+v", two)
	}
	if _, _, code := o.run("user", "log", "ada@acme.example", "--workspace", "acme", "--limit", "0"); code != 2 {
		t.Errorf("no lines at all ended with %d", code)
	}
}
