package directory

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// req: E3 D8
func TestRoleFor(t *testing.T) {
	ws := Workspace{RoleRules: []RoleRule{
		{AppRole: "Chief", Role: RoleAdmin}, {Group: "Engineers", Role: "engineer"}, {Group: "g-9", Role: "guest"}, {AppRole: "boss", Role: "Owner"},
	}}
	engineers := Group{ID: "g-1", ExternalID: "x-1", DisplayName: "ENGINEERS"}
	for _, c := range []struct {
		it, doc string
		groups  []Group
		want    string
	}{
		{"gives the default", `{}`, nil, "member"},
		{"takes what was sent", `{"roles":[{"value":"pm","display":"Project Manager"}]}`, nil, "Project Manager"},
		{"finds roles in any case", `{"Roles":[{"Value":"pm"}]}`, nil, "pm"},
		{"maps a value", `{"roles":[{"value":"pm"},{"value":"chief","display":"The chief"}]}`, nil, RoleAdmin},
		{"maps a display name", `{"roles":[{"value":"7","display":"CHIEF"}]}`, nil, RoleAdmin},
		{"maps a group by name", `{}`, []Group{{ID: "g-0", DisplayName: "x"}, engineers}, "engineer"},
		{"maps a group by id", `{}`, []Group{{ID: "g-9"}}, "guest"},
		{"takes the first rule", `{}`, []Group{{ID: "g-9"}, engineers}, "engineer"},
		{"puts a rule before what was sent", `{"roles":[{"value":"pm"}]}`, []Group{engineers}, "engineer"},
		{"never makes an owner of what was sent", `{"roles":[{"value":"oWnEr"}]}`, nil, "member"},
		{"never makes an owner by a rule", `{"roles":[{"value":"boss"}]}`, nil, "boss"},
	} {
		t.Run("it "+c.it, func(t *testing.T) {
			if got := RoleFor(ws, []byte(c.doc), c.groups, "member"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if got := RoleFor(Workspace{}, nil, nil, "Owner"); got != "" {
		t.Errorf("the default made an %s", got)
	}
}

// req: E3 E8
func TestRank(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ws := Workspace{DefaultRole: "newcomer", RoleRules: []RoleRule{{Group: "Bosses", Role: "Admin"}, {Group: "Editors", Role: "editor"}}}
	bosses, editors := Group{DisplayName: "Bosses"}, Group{DisplayName: "Editors"}
	by := ws.RankedBy()
	for _, c := range []struct {
		it       string
		ranking  Ranking
		role     string
		from, to State
		groups   []Group
		want     string
		had      string
	}{
		{"follows the groups", Ranking{Base: "member", By: by}, "member", Active, Active, []Group{editors}, "editor", ""},
		{"gives back the role they came with", Ranking{Base: "member", By: by}, "editor", Active, Active, nil, "member", ""},
		{"keeps what was given by hand", Ranking{Base: "member", Granted: "lead", By: by}, "lead", Active, Active, []Group{editors}, "lead", ""},
		{"keeps an admin by hand", Ranking{Base: "member", Granted: "admin", By: by}, "admin", Active, Active, nil, "admin", ""},
		{"makes an admin of a group's member", Ranking{Base: "member", By: by}, "member", Active, Active, []Group{bosses}, "Admin", ""},
		{"notes what an admin was who is suspended", Ranking{Base: "member", Granted: "admin", By: by}, "admin", Active, Suspended, nil, "member", "admin"},
		{"notes what an owner was who is archived", Ranking{Base: "member", Granted: "owner", By: by}, "owner", Active, Archived, nil, "member", "owner"},
		{"notes a group's admin who is suspended", Ranking{Base: "member", By: by}, "Admin", Active, Suspended, []Group{bosses}, "member", "Admin"},
		{"gives who returns no group's admin", Ranking{Base: "member", Had: "Admin", HadUntil: at, By: by}, "member", Suspended, Active, []Group{bosses}, "member", "Admin"},
		{"gives who returns another role of their groups", Ranking{Base: "member", Had: "Admin", HadUntil: at, By: by}, "member", Suspended, Active, []Group{bosses, editors}, "editor", "Admin"},
		{"keeps to that while nobody confirms", Ranking{Base: "member", Had: "Admin", HadUntil: at, By: by}, "member", Active, Active, []Group{bosses}, "member", "Admin"},
		{"takes admin from who became one while away", Ranking{Base: "member", By: by}, "Admin", Suspended, Active, []Group{bosses}, "member", "Admin"},
		{"makes an admin of who never was one, in the change that brings them back", Ranking{Base: "member", By: by}, "member", Suspended, Active, []Group{bosses}, "Admin", ""},
		{"leaves other roles by hand to who returns", Ranking{Base: "member", Granted: "pm", By: by}, "pm", Suspended, Active, nil, "pm", ""},
		{"takes an unexplained role as given by hand", Ranking{}, "admin", Active, Active, nil, "admin", ""},
		{"takes an unexplained role that a rule explains as the rule's", Ranking{}, "Admin", Active, Active, []Group{bosses}, "Admin", ""},
		{"gives a role to those without", Ranking{}, "", Active, Active, nil, "newcomer", ""},
	} {
		t.Run("it "+c.it, func(t *testing.T) {
			got := Rank(ws, User{Role: c.role, State: c.to, Ranking: c.ranking, Modified: at}, c.from, c.groups)
			if got.Role != c.want || got.Ranking.Had != c.had || c.had != "" && !got.Ranking.HadUntil.Equal(at) || got.Ranking.By != by {
				t.Errorf("got %q, %+v, want %q, had %q", got.Role, got.Ranking, c.want, c.had)
			}
			if again := Rank(ws, got, got.State, c.groups); again.Role != got.Role || again.Ranking != got.Ranking {
				t.Errorf("once more it is %q, %+v", again.Role, again.Ranking)
			}
		})
	}
	t.Run("it returns to a group's admin, and goes with the group, once confirmed", func(t *testing.T) {
		u := User{Role: "member", State: Active, Ranking: Ranking{Base: "member", Had: "Admin", HadUntil: at, By: by}}
		u = Confirm(ws, u, []Group{bosses})
		if u.Role != "Admin" || u.Ranking.Granted != "" || u.Ranking.Had != "" {
			t.Fatalf("%q %+v", u.Role, u.Ranking)
		}
		if u = Rank(ws, u, Active, nil); u.Role != "member" {
			t.Errorf("left the group and is %q", u.Role)
		}
	})
	t.Run("it keeps a confirmed role that no rule gives", func(t *testing.T) {
		u := Confirm(ws, User{State: Active, Ranking: Ranking{Base: "member", Had: "owner", HadUntil: at, By: by}}, nil)
		if u = Rank(ws, u, Active, []Group{editors}); u.Role != "owner" {
			t.Errorf("%q %+v", u.Role, u.Ranking)
		}
	})
	t.Run("it follows the rules again when a grant is taken away", func(t *testing.T) {
		u := Grant(ws, User{State: Active, Role: "member", Ranking: Ranking{Base: "member", By: by}}, []Group{editors}, "lead")
		if u.Role != "lead" {
			t.Fatalf("granted, and %q", u.Role)
		}
		if u = Grant(ws, u, []Group{editors}, ""); u.Role != "editor" {
			t.Errorf("%q %+v", u.Role, u.Ranking)
		}
	})
}

func TestRankedBy_itTellsRulesApart(t *testing.T) {
	seen := map[int64]int{}
	for i, rules := range [][]RoleRule{
		nil, {{Group: "a", Role: "b"}}, {{AppRole: "a", Role: "b"}}, {{Group: "a", Role: "c"}}, {{Group: "a", Role: "b"}, {Group: "c", Role: "d"}}, {{Group: `a" "" "b"`, Role: ""}},
	} {
		by := Workspace{RoleRules: rules}.RankedBy()
		if j, twice := seen[by]; twice || by <= 0 {
			t.Errorf("rules %d and %d are both %d", i, j, by)
		}
		seen[by] = i
	}
}

// Whatever a provisioner sends, in whatever order, nobody becomes an owner, and
// nobody whose access has ended once is an admin while no one confirms it.
//
// req: E8
func TestNoProvisionerMakesAnOwner(t *testing.T) {
	roles := []string{"owner", "OWNER", "admin", "member", ""}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) string { return rapid.SampledFrom(roles).Draw(t, name) }
		ws := Workspace{DefaultRole: draw("default"), RoleRules: []RoleRule{{AppRole: "x", Role: draw("rule")}, {Group: "g", Role: draw("group")}}}
		u, err := NewUser(ws, User{ID: "u"})
		if err != nil {
			t.Fatal(err)
		}
		ended := false
		for range 8 {
			from, wasAdmin := u.State, Powerful(u.Role)
			u.Doc = []byte(`{"roles":[{"value":"` + rapid.SampledFrom([]string{"x", "owner", "admin", "pm"}).Draw(t, "sent") + `"}]}`)
			u.State = rapid.SampledFrom([]State{Active, Suspended}).Draw(t, "state")
			var groups []Group
			if rapid.Bool().Draw(t, "member") {
				groups = []Group{{ID: "g"}}
			}
			u = Rank(ws, u, from, groups)
			ended = ended || wasAdmin && (from == Active) != (u.State == Active)
			if Fold(u.Role) == RoleOwner || ended && Powerful(u.Role) {
				t.Fatalf("%+v", u)
			}
		}
	})
}
