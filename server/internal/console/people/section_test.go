package people_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/console/people"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func sections(c *consoletest.Console) []console.Section {
	c.Store.Use(provision.Rules(nil))
	return []console.Section{people.New(people.Config{Store: c.Store})}
}

func TestPages_lookAsTheyDid(t *testing.T) { consoletest.Golden(t, people.New(people.Config{})) }

const base = "/workspaces/acme/people"

// hire puts somebody into a workspace's directory.
func hire(c *consoletest.Console, ws, name string, change ...func(*directory.User)) directory.User {
	c.Helper()
	given, family, _ := strings.Cut(name, " ")
	id := "u-" + strings.ToLower(given)
	mail := strings.ToLower(given) + "@" + ws + ".example"
	u := directory.User{
		ID: id, Directory: "dir-" + ws, UserName: mail, ExternalID: "ext-" + id, State: directory.Active, Created: c.Now(), Modified: c.Now(),
		Doc: fmt.Appendf(nil, `{"userName":%q,"displayName":%q,"name":{"givenName":%q,"familyName":%q},"emails":[{"value":"mail-%s","type":"work"}],"title":"Analyst"}`, mail, name, given, family, mail),
	}
	for _, f := range change {
		f(&u)
	}
	w, err := c.Store.Workspace(c.Context(), ws)
	if err != nil {
		c.Fatal(err)
	}
	to := u.State
	u.State = directory.Active
	if u, err = directory.NewUser(w, u); err != nil {
		c.Fatal(err)
	}
	if err := c.Store.InsertUser(c.Context(), u, directory.Change(directory.User{}, u).Events...); err != nil {
		c.Fatal(err)
	}
	if to != u.State {
		if u, err = c.Store.ChangeState(c.Context(), w, u.ID, to, store.Act{At: c.Now(), Who: "Entra", What: "said so"}); err != nil {
			c.Fatal(err)
		}
	}
	return u
}

// signIn gives a person a session in acme.
func signIn(c *consoletest.Console, user, device string) directory.Session {
	c.Helper()
	n := directory.Session{
		Hash: directory.HashToken(user + device), ID: "s-" + directory.HashToken(user + device)[:8], User: user, Workspace: "acme",
		Device: device, Created: c.Now(), Expires: c.Now().Add(time.Hour),
	}
	if err := c.Store.StartSession(c.Context(), n, nil, directory.Event{}); err != nil {
		c.Fatal(err)
	}
	return n
}

// entries are those of the audit log, newest first: act and target.
func entries(c *consoletest.Console) (all []string) {
	c.Helper()
	log, err := c.Store.AuditLog(c.Context(), store.AuditQuery{Workspace: "acme"})
	if err != nil {
		c.Fatal(err)
	}
	for _, e := range log {
		all = append(all, e.Act+" "+e.Target+" "+e.Outcome)
	}
	return all
}

func names(a *consoletest.Answer) string {
	var p struct {
		People []struct {
			ID    string
			State string
		}
		Groups []struct{ ID string }
	}
	a.OK().Into(&p)
	var all []string
	for _, r := range p.People {
		all = append(all, strings.TrimPrefix(r.ID, "u-"))
	}
	for _, g := range p.Groups {
		all = append(all, g.ID)
	}
	return strings.Join(all, " ")
}

func TestList_findsPeopleByWhateverTheyAreCalledAndByState(t *testing.T) {
	consoletest.Each(t, sections, func(t *testing.T, c *consoletest.Console) {
		hire(c, "acme", "Ada Lovelace")
		hire(c, "acme", "Bo Diddley", func(u *directory.User) { u.State = directory.Suspended })
		hire(c, "acme", "Cy Loveland", func(u *directory.User) { u.State = directory.Archived })
		hire(c, "acme", "Di Prince")
		hire(c, "other", "Eve Lovely")
		if err := c.Store.LinkObjectID(c.Context(), "dir-acme", "u-di", "OID-DI", c.Now()); err != nil {
			t.Fatal(err)
		}
		for _, x := range []struct{ q, state, want string }{
			{"", "", "ada bo di"},
			{"", "active", "ada di"},
			{"", "suspended", "bo"},
			{"", "archived", "cy"},
			{"", "waiting", ""},
			{"ada", "", "ada"},
			{"LOVE", "", "ada"},
			{"Ada Love", "", "ada"},
			{" lovel ", "archived", "cy"},
			{"mail-d", "", "di"},
			{"di@acme", "active", "di"},
			{"bo", "active", ""},
			{"ext-u-di", "", "di"},
			{"OID-DI", "", "di"},
			{"u-di", "", "di"},
			{"u-cy", "", "cy"}, // exactly named, whatever is shown
			{"u-eve", "", ""},  // of another directory
			{"%", "", ""},
			{"zzz", "", ""},
		} {
			if got := names(c.JSON(http.MethodGet, base+"?"+url.Values{"q": {x.q}, "state": {x.state}}.Encode(), nil)); got != x.want {
				t.Errorf("%q in %q: %q, want %q", x.q, x.state, got, x.want)
			}
		}
		c.Get(base).OK().Has("Ada Lovelace", "ada@acme.example", "Suspended", "2 active, 1 suspended, 1 archived")
		c.Get(base + "?q=zzz").OK().Has("Nobody is found")
		c.Get(base + "?state=gone").Is(http.StatusUnprocessableEntity)
		c.Get(base + "?after=nonsense").Is(http.StatusBadRequest)
		c.Get(base + "?state=archived&after=-").Is(http.StatusBadRequest)
		c.Get(base + "?q=" + strings.Repeat("x", 300)).Is(http.StatusUnprocessableEntity)
		c.Get("/workspaces/other/people").Is(http.StatusNotFound)
	})
}

func TestList_leadsThroughAllPagesOnce(t *testing.T) {
	c := consoletest.New(t, sections)
	for i := range 120 {
		hire(c, "acme", fmt.Sprintf("P%03d Person", i), func(u *directory.User) {
			if i%4 == 0 {
				u.State = directory.Archived
			}
		})
	}
	for state, want := range map[string]int{"": 90, "active": 90, "archived": 30, "suspended": 0} {
		for _, q := range []string{"", "p"} {
			seen, after := map[string]bool{}, ""
			for range 10 {
				var p struct {
					People []struct{ ID string }
					Next   string
				}
				c.JSON(http.MethodGet, base+"?"+url.Values{"q": {q}, "state": {state}, "after": {after}}.Encode(), nil).OK().Into(&p)
				for _, r := range p.People {
					if seen[r.ID] {
						t.Errorf("%s is shown twice", r.ID)
					}
					seen[r.ID] = true
				}
				if after = p.Next; after == "" {
					break
				}
			}
			if len(seen) != want {
				t.Errorf("%q in %q: %d people, want %d", q, state, len(seen), want)
			}
		}
	}
	first := c.Get(base).OK()
	c.Get(first.Link("Next")).OK().Has("First page")
}

// req: D10 E5 E8
func TestPerson_isSuspendedRestoredAndGivenRolesWithAnEntryEach(t *testing.T) {
	consoletest.Each(t, sections, func(t *testing.T, c *consoletest.Console) {
		hire(c, "acme", "Ada Lovelace")
		one := base + "/u-ada"
		c.Get(one).OK().Has("Ada Lovelace", "Active", "Can they sign in?", "Analyst", "Suspend…")
		c.Post(one+"/role", url.Values{"role": {"admin"}}).Is(http.StatusSeeOther).Follow().OK().Has("ada@acme.example has the role admin.", "Given by hand")
		n := signIn(c, "u-ada", "Ada's laptop")
		c.Get(one).OK().Has("Ada's laptop", "Sign out everywhere")
		c.Get(one+"/suspend").OK().Has("Suspend Ada Lovelace?", "They lose the role admin")
		c.Advance(time.Minute)
		c.Post(one+"/suspend", nil).Is(http.StatusSeeOther).Follow().OK().Has("is suspended", "Suspended", "Restore", "This person has no access")
		if _, _, _, err := c.Store.Session(c.Context(), n.Hash, c.Now()); err == nil {
			t.Error("they are still signed in")
		}
		c.Post(one+"/suspend", nil).Is(http.StatusConflict).Has("LY-PEOPLE-001")
		c.Post(one+"/role", url.Values{"role": {"owner"}}).Is(http.StatusConflict)
		c.Advance(time.Minute)
		c.Post(one+"/restore", nil).Is(http.StatusSeeOther).Follow().OK().Has("is active again", "They were admin before")
		c.Post(one+"/restore", nil).Is(http.StatusConflict)
		c.Post(one+"/regrant", nil).Is(http.StatusSeeOther).Follow().OK().Has("has the role admin again.")
		c.Post(one+"/regrant", nil).Is(http.StatusConflict)
		c.Post(one+"/role", url.Values{"follow": {"true"}}).Is(http.StatusSeeOther).Follow().OK().Has("The rules decide again")
		c.Post(one+"/role", url.Values{"role": {""}}).Is(http.StatusUnprocessableEntity).Has("Enter a role")
		c.Post(one+"/role", url.Values{"role": {strings.Repeat("x", 65)}}).Is(http.StatusUnprocessableEntity)
		want := []string{
			"people.role u-ada LY-UI-002", "people.role u-ada LY-UI-002", "people.role u-ada done", "people.regrant u-ada LY-PEOPLE-001", "people.regrant u-ada done",
			"people.restore u-ada LY-PEOPLE-001", "people.restore u-ada done", "people.role u-ada LY-PEOPLE-001", "people.suspend u-ada LY-PEOPLE-001",
			"people.suspend u-ada done", "people.role u-ada done",
		}
		if got := entries(c); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("the audit log has\n%s", strings.Join(got, "\n"))
		}
		c.Get(one+"/timeline").OK().Has("restored (was suspended)", "suspended", "gave back the role admin", "user.created", "LY-PEOPLE-001")
		var log struct {
			Timeline []struct{ What, Result string }
		}
		c.JSON(http.MethodGet, one+"/timeline", nil).OK().Into(&log)
		for _, l := range log.Timeline {
			if strings.HasPrefix(l.What, "people.") && l.Result == "" {
				t.Errorf("the act %s is told twice", l.What)
			}
		}
	})
}

func TestPerson_anArchivedOneIsRestoredUnlessTheNameIsTaken(t *testing.T) {
	c := consoletest.New(t, sections)
	hire(c, "acme", "Ada Lovelace", func(u *directory.User) { u.State = directory.Archived })
	hire(c, "acme", "Ada2 Other", func(u *directory.User) { u.UserName, u.ExternalID = "ada@acme.example", "e-2" })
	if a := c.Post(base+"/u-ada/restore", nil).Is(http.StatusConflict).Has("Somebody else has the same user name"); a.Code() != problem.PersonTaken {
		t.Errorf("%s", a.Code())
	}
	c.Post(base+"/u-ada2/suspend", nil).Is(http.StatusSeeOther)
	c.Post(base+"/u-ada/restore", nil).Is(http.StatusConflict) // who is suspended keeps the name
}

func TestPerson_isSignedOutOfOneDeviceOrAll(t *testing.T) {
	c := consoletest.New(t, sections)
	hire(c, "acme", "Ada Lovelace")
	hire(c, "acme", "Bo Diddley")
	laptop, phone, bos := signIn(c, "u-ada", "laptop"), signIn(c, "u-ada", "phone"), signIn(c, "u-bo", "desk")
	lives := func(n directory.Session) bool {
		_, _, _, err := c.Store.Session(c.Context(), n.Hash, c.Now())
		return err == nil
	}
	one := base + "/u-ada"
	c.Post(one+"/sessions/"+bos.ID+"/end", nil).Is(http.StatusNotFound)
	c.Post(one+"/sessions/"+laptop.ID+"/end", nil).Is(http.StatusSeeOther).Follow().OK().Has("phone").HasNot("laptop</th>")
	if lives(laptop) || !lives(phone) || !lives(bos) {
		t.Errorf("laptop %v, phone %v, of another %v", lives(laptop), lives(phone), lives(bos))
	}
	var done struct {
		Ended int `json:"sessions_ended"`
	}
	c.JSON(http.MethodPost, one+"/signout", nil).OK().Into(&done)
	if done.Ended != 1 || lives(phone) || !lives(bos) {
		t.Errorf("%d ended; phone %v, of another %v", done.Ended, lives(phone), lives(bos))
	}
}

func TestPerson_isUnlinkedWhereASignInLinkedThem(t *testing.T) {
	c := consoletest.New(t, sections)
	hire(c, "acme", "Ada Lovelace")
	hire(c, "acme", "Bo Diddley", func(u *directory.User) { u.ExternalID = "5f1c2d3e-4b5a-4978-8c9d-0e1f2a3b4c5d" })
	if err := c.Store.LinkObjectID(c.Context(), "dir-acme", "u-ada", "oid-ada", c.Now()); err != nil {
		t.Fatal(err)
	}
	n := signIn(c, "u-ada", "laptop")
	c.Get(base+"/u-ada").OK().Has("oid-ada", "Unlink…")
	c.Get(base + "/u-ada/unlink").OK().Has("Unlink Ada Lovelace from the Microsoft account?")
	c.Post(base+"/u-ada/unlink", nil).Is(http.StatusSeeOther).Follow().OK().Has("is linked to no Microsoft account any more").HasNot("oid-ada</dd>")
	if _, _, _, err := c.Store.Session(c.Context(), n.Hash, c.Now()); err == nil {
		t.Error("they are still signed in")
	}
	c.Post(base+"/u-ada/unlink", nil).Is(http.StatusConflict).Has("LY-PEOPLE-001")
	c.Post(base+"/u-bo/unlink", nil).Is(http.StatusConflict).Has("LY-PEOPLE-003")
}

func TestAccess_saysWhyAndWhatToDo(t *testing.T) {
	c := consoletest.New(t, sections)
	hire(c, "acme", "Ada Lovelace")
	c.Get(base+"/u-ada/access").OK().Has("Can Ada Lovelace sign in?", "No way to sign in is set up yet")
	if _, err := c.Store.UpdateWorkspace(c.Context(), "acme", c.Now(), func(w *directory.Workspace) error {
		w.Microsoft, w.Domains = directory.Microsoft{TenantID: "11111111-2222-4333-8444-555555555555", ClientID: "c"}, []string{"acme.example"}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	c.Get(base+"/u-ada/access").OK().Has("No way in lets", "LY-", "nothing else proves", "map externalId from objectId")
	if _, err := c.Store.UpdateWorkspace(c.Context(), "acme", c.Now(), func(w *directory.Workspace) error {
		w.LinkByUserName = true
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	c.Get(base+"/u-ada/access").OK().Has("by their user name, once", "acme.example is one.", "Can sign in")
	change := store.SettingChange{Version: store.AnyVersion, Who: "test", Now: c.Now()}
	if _, _, err := store.ChangeSetting(c.Context(), c.Store, "acme", directory.SettingPlan, change, func(p *directory.Plan) error {
		p.Seats = 1
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	c.Advance(time.Minute)
	hire(c, "acme", "Bo Diddley")
	c.Get(base+"/u-ada/access").OK().Has("Do they have a seat?", "Can sign in")
	c.Get(base + "/u-bo/access").OK().Has("All 1 seats of the plan are taken")
	c.Get(base+"/u-bo").OK().Has("Waiting for a seat", "waits for a seat")
	if got := names(c.JSON(http.MethodGet, base+"?state=waiting", nil)); got != "bo" {
		t.Errorf("who waits: %q", got)
	}
}

// Nobody reaches another workspace's people or groups, whatever is in the path,
// and a viewer changes nothing (row A4).
//
// req: A4
func TestRoutes_keepToTheirWorkspaceAndRole(t *testing.T) {
	c := consoletest.New(t, sections)
	ada, eve := hire(c, "acme", "Ada Lovelace"), hire(c, "other", "Eve Lovely")
	group := directory.Group{Type: directory.GroupType, ID: "g-other", Directory: "dir-other", DisplayName: "Others", Created: c.Now(), Modified: c.Now(), Doc: []byte(`{"displayName":"Others"}`)}
	if err := c.Store.InsertResource(c.Context(), group, nil); err != nil {
		t.Fatal(err)
	}
	n := signIn(c, ada.ID, "laptop")
	fill := func(path, ws, id, group string) string {
		return strings.NewReplacer("{ws}", ws, "{id}", id, "{group}", group, "{session}", n.ID).Replace(path)
	}
	forms := map[string]url.Values{
		"people.role":     {"role": {"x"}},
		"people.addrule":  {"role": {"x"}, "kind": {"group"}, "name": {"n"}, "version": {"1"}},
		"people.droprule": {"at": {"0"}, "version": {"1"}}, "people.raiserule": {"at": {"0"}, "version": {"1"}},
	}
	for _, r := range people.New(people.Config{Store: c.Store}).Routes() {
		ask := func(ws, id string) *consoletest.Answer {
			path := fill(r.Path, ws, id, "g-other")
			if r.Mutates() {
				return c.Post(path, forms[r.Name])
			}
			return c.Get(path)
		}
		c.As(consoletest.Owner())
		if strings.Contains(r.Path, "{id}") || strings.Contains(r.Path, "{group}") {
			ask("acme", eve.ID).Is(http.StatusNotFound)
		}
		ask("other", eve.ID).Is(http.StatusNotFound)
		if r.Access.Role > console.Viewer {
			c.As(consoletest.With(r.Access.Role - 1))
			if a := ask("acme", ada.ID).Is(http.StatusForbidden); a.Code() != problem.Forbidden {
				t.Errorf("%s: %s", r.Name, a.Code())
			}
		}
	}
	c.As(consoletest.With(console.Viewer))
	c.Get(base+"/u-ada").OK().HasNot("<form method=\"post\" action=\"/admin/workspaces", "Suspend…", "Unlink…")
	if got, err := c.Store.User(context.Background(), "dir-other", eve.ID); err != nil || got.Version != 1 {
		t.Errorf("eve is %+v, %v", got, err)
	}
	c.As(consoletest.With(console.Admin))
	c.Post(base+"/u-ada/role", url.Values{"role": {"Owner"}}).Is(http.StatusForbidden).Has("Only an owner makes owners")
}
