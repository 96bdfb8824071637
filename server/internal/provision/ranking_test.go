package provision_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// noRerank is a store whose server dies before it gets to giving roles.
type noRerank struct{ *store.Store }

func (noRerank) Rerank(context.Context, string, time.Time) (int, error) {
	return 0, errors.New("the power failed")
}

// seen is the role that a session shows, which is the one that counts, and the
// one that is stored.
func (d *desk) seen(id string) (shown, stored string) {
	d.t.Helper()
	_, shownTo, _, err := d.store.Session(d.t.Context(), "h-"+id, start)
	if err != nil {
		d.t.Fatal(err)
	}
	u, err := d.store.User(d.t.Context(), d.ws.Directory, id)
	if err != nil {
		d.t.Fatal(err)
	}
	return shownTo.Role, u.Role
}

// req: E3
func TestRoles_theyNeverLagBehindAGroup(t *testing.T) {
	for name := range engines {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, name, func(s *store.Store) provision.Store { return noRerank{s} })
			d.set(func(ws *directory.Workspace) { ws.RoleRules = []directory.RoleRule{{Group: "Bosses", Role: "boss"}} })
			var people []string
			members := ""
			for i := range 25 { // more than one transaction gives roles to
				id := d.create(fmt.Sprintf("p%02d@acme.example", i), fmt.Sprint("e", i))
				d.signIn(id, "h-"+id)
				people, members = append(people, id), members+`,{"value":"`+id+`"}`
			}
			all := func(want, after string) {
				t.Helper()
				for _, id := range people {
					if shown, _ := d.seen(id); shown != want {
						t.Fatalf("after %s somebody is shown as %q, want %q", after, shown, want)
					}
				}
			}
			mended := func(want string) {
				t.Helper()
				due, err := d.store.Unranked(t.Context())
				if err != nil || !slices.Equal(due, []string{d.ws.Directory}) {
					t.Fatalf("due are %q, %v", due, err)
				}
				if _, err := d.store.Rerank(t.Context(), d.ws.Directory, d.clock.now()); err != nil {
					t.Fatal(err)
				}
				for _, id := range people {
					if _, stored := d.seen(id); stored != want {
						t.Fatalf("the housekeeping stored %q, want %q", stored, want)
					}
				}
				if due, err := d.store.Unranked(t.Context()); err != nil || len(due) > 0 {
					t.Fatalf("still due are %q, %v", due, err)
				}
			}
			all("Member", "creation")
			g := d.ask("POST", "/Groups", `{"displayName":"Bosses","members":[`+members[1:]+`]}`).want(http.StatusCreated).id()
			all("boss", "the creation of the group")
			mended("boss")
			d.ask("PATCH", "/Groups/"+g, patch(`{"op":"Replace","path":"displayName","value":"Former bosses"}`)).want(http.StatusNoContent)
			all("Member", "the group got another name")
			mended("Member")
			d.ask("PATCH", "/Groups/"+g, patch(`{"op":"Replace","path":"displayName","value":"bosses"}`)).want(http.StatusNoContent)
			all("boss", "it got its name back")
			d.ask("PATCH", "/Groups/"+g, patch(`{"op":"Replace","path":"members","value":[]}`)).want(http.StatusNoContent)
			all("Member", "everybody left")
			mended("Member")
			d.ask("PATCH", "/Groups/"+g, patch(`{"op":"Add","path":"members","value":[`+members[1:]+`]}`)).want(http.StatusNoContent)
			all("boss", "everybody joined")
			d.ask("DELETE", "/Groups/"+g, "").want(http.StatusNoContent)
			all("Member", "the group was deleted")
			mended("Member")
			// One member is given the role at once, without housekeeping.
			d.group("Bosses", people[0])
			if shown, stored := d.seen(people[0]); shown != "boss" || stored != "boss" {
				t.Errorf("shown %q, stored %q", shown, stored)
			}
			if kinds := d.events(people[0]); kinds[len(kinds)-1] != directory.UserUpdated {
				t.Errorf("the events are %q", kinds)
			}
		})
	}
}

// req: E3
func TestRoles_newRulesCountAtOnceForEverybody(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		d.set(func(ws *directory.Workspace) { ws.RoleRules = []directory.RoleRule{{Group: "Bosses", Role: "boss"}} })
		ada, bob, eve := d.create("ada@acme.example", "a"), d.create("bob@acme.example", "b"), d.create("eve@acme.example", "e")
		for _, id := range []string{ada, bob, eve} {
			d.signIn(id, "h-"+id)
		}
		d.group("Bosses", ada, bob)
		_, err := d.store.ChangeRole(t.Context(), d.ws, bob, store.Act{At: start, Who: "somebody", What: "made bob a lead"}, func(u directory.User, groups []directory.Group) (directory.User, error) {
			return directory.Grant(d.ws, u, groups, "lead"), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		before := len(d.events(ada))
		d.set(func(ws *directory.Workspace) {
			ws.RoleRules = []directory.RoleRule{{Group: "Bosses", Role: "chief"}}
			ws.DefaultRole = "newcomer" // for those who come, and not for those who are here
		})
		for id, want := range map[string]string{ada: "chief", bob: "lead", eve: "Member"} {
			if shown, _ := d.seen(id); shown != want {
				t.Errorf("shown at once: %q, want %q", shown, want)
			}
		}
		signedIn := ""
		err = d.store.StartSession(t.Context(), directory.Session{Hash: "later", ID: "later", User: ada, Workspace: "acme", Created: start, Expires: start.Add(time.Hour)},
			func(u directory.User) error { signedIn = u.Role; return nil }, directory.Event{})
		if err != nil || signedIn != "chief" {
			t.Errorf("let in as %q, %v", signedIn, err)
		}
		n, err := d.store.Rerank(t.Context(), d.ws.Directory, start)
		if err != nil || n != 3 {
			t.Errorf("looked at %d people, %v", n, err)
		}
		for id, want := range map[string]string{ada: "chief", bob: "lead", eve: "Member"} {
			if _, stored := d.seen(id); stored != want {
				t.Errorf("stored: %q, want %q", stored, want)
			}
		}
		if got := d.events(ada); len(got) != before+2 || got[before+1] != directory.UserUpdated {
			t.Errorf("the events are %q", got)
		}
		if acts, err := d.store.Acts(t.Context(), d.ws.Directory, bob, 10); err != nil || len(acts) != 1 || acts[0].Who != "somebody" {
			t.Errorf("the acts are %+v, %v", acts, err)
		}
	})
}

// req: E8
func TestWhoHadAGroupsAdminWaitsForSomebodyToConfirm(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		d.set(func(ws *directory.Workspace) { ws.RoleRules = []directory.RoleRule{{Group: "Bosses", Role: "admin"}} })
		id := d.create("ada@acme.example", "a")
		g := d.group("Bosses", id)
		look := func(id string) directory.User {
			t.Helper()
			u, err := d.store.User(t.Context(), d.ws.Directory, id)
			if err != nil {
				t.Fatal(err)
			}
			return u
		}
		d.clock.advance(time.Hour)
		d.ask("PATCH", "/Users/"+id, patch(disable)).want(http.StatusOK)
		until := d.clock.now()
		d.clock.advance(time.Hour)
		d.ask("PATCH", "/Users/"+id, patch(restore)).want(http.StatusOK)
		if u := look(id); u.Role != "Member" || u.Ranking.Had != "admin" || !u.Ranking.HadUntil.Equal(until) {
			t.Fatalf("back as %q, %+v", u.Role, u.Ranking)
		}
		d.ask("PATCH", "/Groups/"+g, patch(`{"op":"Remove","path":"members","value":[{"value":"`+id+`"}]}`)).want(http.StatusNoContent)
		d.ask("PATCH", "/Groups/"+g, patch(addMembers(id))).want(http.StatusNoContent)
		if u := look(id); u.Role != "Member" {
			t.Fatalf("joining the group again made an %q", u.Role)
		}
		// Deleted and made anew, they are still the same person.
		d.ask("DELETE", "/Users/"+id, "").want(http.StatusNoContent)
		again := d.create("ada@acme.example", "a")
		d.ask("PATCH", "/Groups/"+g, patch(addMembers(again))).want(http.StatusNoContent)
		if u := look(again); u.Role != "Member" || u.Ranking.Had != "admin" || !u.Ranking.HadUntil.Equal(until) {
			t.Fatalf("made anew as %q, %+v", u.Role, u.Ranking)
		}
		ws, err := d.store.Workspace(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		u, err := d.store.ChangeRole(t.Context(), ws, again, store.Act{At: d.clock.now(), Who: "w", What: "w"}, func(u directory.User, groups []directory.Group) (directory.User, error) {
			return directory.Confirm(ws, u, groups), nil
		})
		if err != nil || u.Role != "admin" || u.Ranking.Had != "" || u.Ranking.Granted != "" {
			t.Fatalf("confirmed as %q, %+v, %v", u.Role, u.Ranking, err)
		}
		d.ask("DELETE", "/Groups/"+g, "").want(http.StatusNoContent)
		if u := look(again); u.Role != "Member" {
			t.Errorf("without the group they are %q", u.Role)
		}
		// Somebody else with the same name is not them.
		if u := look(d.create("ada2@acme.example", "other")); u.Ranking.Had != "" {
			t.Errorf("somebody new had %q", u.Ranking.Had)
		}
	})
}
