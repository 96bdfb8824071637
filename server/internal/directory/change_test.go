package directory

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// req: E5 E7
func TestChange(t *testing.T) {
	in := func(s State) User { return User{ID: "u-1", Directory: "acme", State: s} }
	as := func(change func(*User)) User { u := in(Active); change(&u); return u }
	for _, c := range []struct {
		it            string
		before, after User
		ends          bool
		kinds         []Kind
	}{
		{"tells of who is new", User{}, in(Active), false, []Kind{UserCreated}},
		{"tells of who is new and suspended", User{}, in(Suspended), false, []Kind{UserCreated}},
		{"says nothing of nothing", in(Active), in(Active), false, nil},
		{"suspends", in(Active), in(Suspended), true, []Kind{UserSuspended}},
		{"reactivates", in(Suspended), in(Active), false, []Kind{UserReactivated}},
		{"archives who is active", in(Active), in(Archived), true, []Kind{UserArchived}},
		{"archives who is suspended", in(Suspended), in(Archived), true, []Kind{UserArchived}},
		{"restores", in(Archived), in(Active), false, []Kind{UserReactivated}},
		{"restores without letting in", in(Archived), in(Suspended), true, []Kind{UserSuspended}},
		{"tells of a new name", in(Active), as(func(u *User) { u.UserName = "x" }), false, []Kind{UserUpdated}},
		{"tells of a new externalId", in(Active), as(func(u *User) { u.ExternalID = "x" }), false, []Kind{UserUpdated}},
		{"tells of a new role", in(Active), as(func(u *User) { u.Role = "x" }), false, []Kind{UserUpdated}},
		{"tells of new attributes", in(Active), as(func(u *User) { u.Doc = []byte(`{}`) }), false, []Kind{UserUpdated}},
		{"tells once of a change of state and attributes", as(func(u *User) { u.Role = "x" }), in(Suspended), true, []Kind{UserSuspended}},
		{"does not mind version and time", in(Active), as(func(u *User) { u.Version, u.Modified = 9, time.Now() }), false, nil},
	} {
		t.Run("it "+c.it, func(t *testing.T) {
			got := Change(c.before, c.after)
			var kinds []Kind
			for _, e := range got.Events {
				kinds = append(kinds, e.Kind)
				if e.User != "u-1" || e.Directory != "acme" || e.At != c.after.Modified || e.Seq != 0 {
					t.Errorf("the event is %+v", e)
				}
			}
			if diff := cmp.Diff(c.kinds, kinds); diff != "" || got.EndSessions != c.ends {
				t.Errorf("ends sessions: %v, want %v; kinds (-want +got):\n%s", got.EndSessions, c.ends, diff)
			}
		})
	}
}

// life is one person from creation on, with their sessions, as a store would
// keep them: it does what Change says and nothing else.
type life struct {
	u        User
	sessions int
	told     State // what someone believes who only reads events
}

// TestChange_itKeepsWhatFollowsInAnyOrderOfEvents lives random lives: whatever
// Entra and people do and in whatever order, nobody who is not active has a
// session or gets one, and readers of events know everybody's state.
//
// req: E5 E7
func TestChange_itKeepsWhatFollowsInAnyOrderOfEvents(t *testing.T) {
	id := Identity{ObjectID: oid, TenantID: tenant}
	rapid.Check(t, func(t *rapid.T) {
		l := &life{u: User{ID: "u-1", Directory: "acme", ExternalID: oid, State: Active}}
		l.follow(Change(User{}, l.u), l.u)
		to := func(s State) func(*rapid.T) {
			return func(*rapid.T) {
				after := l.u
				after.State = s
				l.follow(Change(l.u, after), after)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"active true":  to(Active),
			"active false": to(Suspended),
			"delete":       to(Archived),
			"update": func(t *rapid.T) {
				after := l.u
				after.Doc = fmt.Appendf(nil, `{"title":%d}`, rapid.IntRange(0, 3).Draw(t, "title"))
				after.Role = rapid.SampledFrom([]string{"", "User"}).Draw(t, "role")
				l.follow(Change(l.u, after), after)
			},
			"sign in": func(t *rapid.T) {
				if err := Admit(acme(), &l.u, id); (err == nil) != (l.u.State == Active) {
					t.Fatalf("%s is answered with %v", l.u.State, err)
				} else if err == nil {
					l.sessions++
				}
			},
			"": func(t *rapid.T) {
				if l.u.State != Active && l.sessions > 0 {
					t.Fatalf("%s has %d sessions", l.u.State, l.sessions)
				}
				if l.told != l.u.State {
					t.Fatalf("readers of events believe %s, it is %s", l.told, l.u.State)
				}
			},
		})
	})
}

// follow does what a change causes.
func (l *life) follow(c Consequence, after User) {
	l.u = after
	if c.EndSessions {
		l.sessions = 0
	}
	for _, e := range c.Events {
		switch e.Kind {
		case UserCreated:
			l.told = after.State
		case UserReactivated:
			l.told = Active
		case UserSuspended:
			l.told = Suspended
		case UserArchived:
			l.told = Archived
		}
	}
}

// An update must never end a session: people would be signed out at every
// cycle of the provisioner.
func TestChange_itLetsWhoIsActiveStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 3, -1)
		draw := func(name string) User {
			return User{
				ID: "u-1", State: Active, UserName: text.Draw(t, name+" userName"), ExternalID: text.Draw(t, name+" externalId"),
				Role: text.Draw(t, name+" role"), Doc: []byte(text.Draw(t, name+" doc")),
			}
		}
		a, b := draw("before"), draw("after")
		if c := Change(a, b); c.EndSessions || len(c.Events) > 1 {
			t.Fatalf("%+v to %+v causes %+v", a, b, c)
		}
	})
}
