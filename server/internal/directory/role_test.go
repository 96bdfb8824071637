package directory

import (
	"testing"

	"pgregory.net/rapid"
)

// req: E3 D8
func TestRoleFor(t *testing.T) {
	ws := Workspace{DefaultRole: "member", RoleRules: []RoleRule{
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
			if got := RoleFor(ws, []byte(c.doc), c.groups); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if got := RoleFor(Workspace{DefaultRole: "Owner"}, nil, nil); got != "" {
		t.Errorf("the default made an %s", got)
	}
}

// req: E3 E8
func TestRoleAfter(t *testing.T) {
	ws := Workspace{DefaultRole: "member"}
	for _, c := range []struct {
		it      string
		role    string
		from    State
		was, is string
		want    string
	}{
		{"follows the provisioner", "pm", Active, "pm", "editor", "editor"},
		{"gives the default when a role is taken away", "pm", Active, "pm", "member", "member"},
		{"keeps what was given by hand", "admin", Active, "member", "pm", "admin"},
		{"gives a role to those without", "", Active, "member", "member", "member"},
		{"lets an admin go on", "admin", Active, "admin", "admin", "admin"},
		{"takes admin from who returns", "admin", Suspended, "member", "member", "member"},
		{"takes a mapped admin from who returns", "Admin", Suspended, "admin", "admin", "member"},
		{"gives admin to who returns and is given it anew", "member", Suspended, "member", "admin", "admin"},
		{"takes admin from who returns with another role", "admin", Suspended, "member", "pm", "member"},
		{"takes owner from who returns", "owner", Archived, "member", "member", "member"},
		{"leaves other roles to who returns", "pm", Suspended, "pm", "pm", "pm"},
		{"stays at that while nothing changes", "member", Active, "admin", "admin", "member"},
	} {
		t.Run("it "+c.it, func(t *testing.T) {
			if got := RoleAfter(ws, User{Role: c.role, State: c.from}, User{Role: c.role, State: Active}, c.was, c.is); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Whatever a provisioner sends, in whatever order, nobody becomes an owner, and
// nobody who returns is an admin because they were one.
//
// req: E8
func TestNoProvisionerMakesAnOwner(t *testing.T) {
	roles := []string{"owner", "OWNER", "admin", "member", ""}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) string { return rapid.SampledFrom(roles).Draw(t, name) }
		ws := Workspace{DefaultRole: draw("default"), RoleRules: []RoleRule{{AppRole: "x", Role: draw("rule")}}}
		role, state := RoleFor(ws, nil, nil), Active
		doc := []byte(nil)
		for range 8 {
			next := []byte(`{"roles":[{"value":"` + rapid.SampledFrom([]string{"x", "owner", "admin", "pm"}).Draw(t, "sent") + `"}]}`)
			to := rapid.SampledFrom([]State{Active, Suspended}).Draw(t, "state")
			before := User{Role: role, State: state}
			was, is := RoleFor(ws, doc, nil), RoleFor(ws, next, nil)
			role = RoleAfter(ws, before, User{Role: role, State: to}, was, is)
			if Fold(role) == RoleOwner || state != Active && to == Active && powerful(role) && Fold(was) == Fold(is) {
				t.Fatalf("%v became %q", before, role)
			}
			doc, state = next, to
		}
	})
}
