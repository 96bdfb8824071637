package directory

import (
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
)

const (
	tenant = "0d3f5c8e-7a52-4a4e-9d47-0f2f4f3c1a11"
	oid    = "7b0c2f9d-2c5e-4d0f-8a6b-5f1f7f0e2b22"
	other  = "11111111-2222-4333-8444-555555555555"
)

func acme() Workspace {
	return Workspace{ID: "acme", Directory: "acme", Microsoft: Microsoft{TenantID: tenant}}
}

func linking() Workspace { w := acme(); w.LinkByUserName = true; return w }

func jit() Workspace { w := acme(); w.JIT = true; return w }

func who(change func(*User)) *User {
	u := &User{ID: "u-1", Directory: "acme", UserName: "ada@acme.example", ExternalID: oid, State: Active}
	if change != nil {
		change(u)
	}
	return u
}

// nick is a person whose externalId is the mailNickname, Entra's older default.
func nick(u *User) { u.ExternalID = "ada" }

// req: E5 E7 H5
func TestAdmit(t *testing.T) {
	ada := Identity{ObjectID: oid, TenantID: tenant, UserName: "Ada@ACME.example"}
	for _, c := range []struct {
		it   string
		ws   Workspace
		u    *User
		id   Identity
		want problem.Code // "" means admitted
	}{
		{"lets in who was provisioned", acme(), who(nil), ada, ""},
		{"lets in who was linked earlier", acme(), who(func(u *User) { u.ExternalID, u.ObjectID = "ada", oid }), ada, ""},
		{"compares tenants without case", acme(), who(nil), Identity{ObjectID: oid, TenantID: "0D3F5C8E-7A52-4A4E-9D47-0F2F4F3C1A11"}, ""},
		{"refuses another tenant", acme(), who(nil), Identity{ObjectID: oid, TenantID: other}, problem.TokenTenant},
		{"refuses everybody where no tenant is set", Workspace{Directory: "acme"}, who(nil), Identity{ObjectID: oid}, problem.TokenTenant},
		{"refuses an identity without object id", acme(), who(nil), Identity{TenantID: tenant}, problem.TokenNoObject},
		{"refuses who was never provisioned", acme(), nil, ada, problem.NotAdmitted},
		{"lets in a new person where the workspace makes people", jit(), nil, ada, ""},
		{"makes no people of another tenant", jit(), nil, Identity{ObjectID: oid, TenantID: other}, problem.TokenTenant},
		{"refuses a person of another directory", acme(), who(func(u *User) { u.Directory = "beta" }), ada, problem.NotAdmitted},
		{"refuses who is suspended", acme(), who(func(u *User) { u.State = Suspended }), ada, problem.AccessEnded},
		{"refuses who is archived", acme(), who(func(u *User) { u.State = Archived }), ada, problem.AccessEnded},
		{"makes nobody anew who was archived", jit(), who(func(u *User) { u.State = Archived }), ada, problem.AccessEnded},
		{"refuses a state it does not know", acme(), who(func(u *User) { u.State = "" }), ada, problem.AccessEnded},
		{"links by user name where the workspace allows it", linking(), who(nick), ada, ""},
		{"does not link by user name otherwise", acme(), who(nick), ada, problem.NotLinked},
		{"links nobody of another user name", linking(), who(nick), Identity{ObjectID: oid, TenantID: tenant, UserName: "eve@acme.example"}, problem.NotLinked},
		{"links nobody without user name", linking(), who(func(u *User) { u.ExternalID, u.UserName = "", "" }), Identity{ObjectID: oid, TenantID: tenant}, problem.NotLinked},
		{"links nobody twice", linking(), who(func(u *User) { u.ExternalID, u.ObjectID = "ada", other }), ada, problem.NotLinked},
		{"does not give a user name's next holder the last one's account", linking(), who(func(u *User) { u.ExternalID = other }), ada, problem.NotLinked},
		{"refuses who is suspended before linking them", linking(), who(func(u *User) { nick(u); u.State = Suspended }), ada, problem.AccessEnded},
	} {
		t.Run("it "+c.it, func(t *testing.T) {
			if code, _ := problem.Of(Admit(c.ws, c.u, c.id)); code != c.want {
				t.Errorf("got %q, want %q", code, c.want)
			}
		})
	}
}

func TestNeedsLink_itIsWhatJoinsTheTwo(t *testing.T) {
	id := Identity{ObjectID: oid}
	for _, c := range []struct {
		u    User
		id   Identity
		want bool
	}{
		{User{ExternalID: oid}, id, false},
		{User{ExternalID: "ada", ObjectID: oid}, id, false},
		{User{ExternalID: "ada"}, id, true},
		{User{ExternalID: "ada", ObjectID: other}, id, true},
		{User{}, Identity{}, true}, // two blanks are not the same person
	} {
		if got := NeedsLink(c.u, c.id); got != c.want {
			t.Errorf("%+v and %+v: %v", c.u, c.id, got)
		}
	}
}
