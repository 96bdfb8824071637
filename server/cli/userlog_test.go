package cli_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
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

// signIn gives a person a session in acme, as one that began by SAML or not.
func (o *office) signIn(user, id string, bySAML bool) directory.Session {
	o.t.Helper()
	n := directory.Session{
		Hash: directory.HashToken(id), ID: id, User: user, Workspace: "acme", Device: "laptop", Created: o.now, Expires: o.now.Add(time.Hour),
		Renewal: &directory.Renewal{Family: "family-" + id, Hash: "refresh-" + id, Until: o.now.Add(12 * time.Hour)},
	}
	if bySAML {
		n.SAML = &directory.SAMLSession{Issuer: "https://idp.example", NameID: user}
	}
	if err := o.store.StartSession(o.t.Context(), n, func(directory.User) error { return nil }, directory.Event{}); err != nil {
		o.t.Fatal(err)
	}
	return n
}

// lives says whether a session is there, by its token or its refresh token.
func (o *office) lives(n directory.Session) bool {
	o.t.Helper()
	_, _, _, err := o.store.Session(o.t.Context(), n.Hash, o.now)
	_, _, renew := o.store.RenewSession(o.t.Context(), store.Refresh{Workspace: "acme", Family: n.Renewal.Family, Hash: n.Renewal.Hash}, o.now,
		func(*directory.Session, directory.User) error { return errOnlyAsked })
	if !errors.Is(renew, errOnlyAsked) && !errors.Is(renew, store.ErrNotFound) || (err == nil) != errors.Is(renew, errOnlyAsked) {
		o.t.Errorf("session %s: %v; renewed: %v", n.ID, err, renew)
	}
	return err == nil
}

var errOnlyAsked = errors.New("only asked")

// logged is how often the person's log says something.
func (o *office) logged(user, source, what string) (n int) {
	o.t.Helper()
	var lines []struct{ Source, Who, What string }
	o.must(&lines, "user", "log", user, "--workspace", "acme")
	for _, l := range lines {
		if l.Source == source && strings.Contains(l.What, what) {
			n++
		}
	}
	return n
}

func TestUserSignout_itEndsEverySessionOfOnePersonAndIsOnRecord(t *testing.T) {
	o := newOffice(t)
	ada, bob := o.hire("ada@acme.example"), o.hire("bob@acme.example")
	app, browser, others := o.signIn(ada, "s1", false), o.signIn(ada, "s2", true), o.signIn(bob, "s3", false)
	var done struct {
		Workspace, User string
		Ended           int `json:"sessions_ended"`
	}
	o.must(&done, "user", "signout", "ada@acme.example", "--workspace", "acme")
	if done.Workspace != "acme" || done.User != ada || done.Ended != 2 {
		t.Errorf("it printed %+v", done)
	}
	if o.lives(app) || o.lives(browser) || !o.lives(others) {
		t.Errorf("left: %v %v, and of bob %v", o.lives(app), o.lives(browser), o.lives(others))
	}
	if n := o.logged("ada@acme.example", "event", string(directory.SessionEnded)); n != 1 {
		t.Errorf("%d events: apps are told once, of all their sessions", n)
	}
	if n := o.logged("ada@acme.example", "command", "signed out everywhere"); n != 1 {
		t.Errorf("the act is on record %d times", n)
	}
	// It is no matter that there is nothing to end; but nobody is somebody else.
	if out, errOut, code := o.run("user", "signout", ada, "--workspace", "acme"); code != 0 || out != "" || !strings.Contains(errOut, "Sessions ended: 0") {
		t.Errorf("again: %d %s%s", code, out, errOut)
	}
	if _, errOut, code := o.run("user", "signout", "adda@acme.example", "--workspace", "acme"); code != 1 || !strings.Contains(errOut, "LY-CLI-003") {
		t.Errorf("a misspelt name: %d %s", code, errOut)
	}
	if !o.lives(others) {
		t.Error("bob was signed out")
	}
}

func TestSAMLOff_itEndsTheSessionsWhereThatIsAskedFor(t *testing.T) {
	o := newOffice(t)
	o.now = time.Now().UTC().Truncate(time.Microsecond) // the certificate is of today
	ada := o.hire("ada@acme.example")
	file := filepath.Join(t.TempDir(), "metadata.xml")
	if err := os.WriteFile(file, []byte(metadataText(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	set := func() {
		t.Helper()
		o.must(nil, "saml", "set", "--workspace", "acme", "--metadata-file", file, "--type", "generic")
	}
	set()
	by, plain := o.signIn(ada, "s1", true), o.signIn(ada, "s2", false)
	o.must(nil, "saml", "off", "--workspace", "acme")
	if !o.lives(by) {
		t.Error("off alone ended a session")
	}
	if _, errOut, code := o.run("saml", "off", "--workspace", "acme", "--end-sessions"); code != 0 || !strings.Contains(errOut, "ended: 1.") || o.lives(by) || !o.lives(plain) {
		t.Errorf("off: %d %s; left %v, of another kind %v", code, errOut, o.lives(by), o.lives(plain))
	}
	if n := o.logged(ada, "command", "by SAML, and switched it off"); n != 1 {
		t.Errorf("on record %d times", n)
	}
	if n := o.logged(ada, "event", "session.ended (session s1)"); n != 1 {
		t.Errorf("%d events", n)
	}
	again := o.signIn(ada, "s3", true)
	if _, errOut, code := o.run("saml", "remove", "--yes", "--workspace", "acme", "--end-sessions"); code != 0 || !strings.Contains(errOut, "ended: 1.") || o.lives(again) || !o.lives(plain) {
		t.Errorf("remove: %d %s; left %v, of another kind %v", code, errOut, o.lives(again), o.lives(plain))
	}
	// Where there is no connection nothing ends.
	if _, errOut, code := o.run("saml", "remove", "--yes", "--workspace", "acme", "--end-sessions"); code != 1 || !strings.Contains(errOut, "LY-SAML-040") {
		t.Errorf("nothing to remove: %d %s", code, errOut)
	}
}
