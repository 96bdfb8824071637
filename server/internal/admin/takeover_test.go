package admin

import (
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
)

// ownerOfWorkspace is an owner of one workspace and of nothing else.
func ownerOfWorkspace(ws string) console.Principal {
	return console.Principal{ID: "owner-" + ws, Email: "owner@" + ws + ".example", Roles: map[string]console.Role{ws: console.Owner}}
}

// Whoever is shown an invitation can join by it. So nobody is shown one of an
// account that has a role where they are no owner.
func TestInvitation_isShownToNobodyWhoDoesNotOwnAllThatItOpens(t *testing.T) {
	r := newRig(t)
	r.owner()
	acme, other := ownerOfWorkspace("acme"), ownerOfWorkspace("other")
	cy, link, err := r.Invite(t.Context(), acme, "cy@acme.example", "Cy", Grant{Workspace: "acme", Role: "owner"})
	r.ok(err)
	// Another workspace's owner invites the same address, to be shown the link.
	_, stolen, err := r.Invite(t.Context(), other, "CY@acme.example", "", Grant{Workspace: "other", Role: "viewer"})
	r.is(err, problem.AdminElsewhere)
	if stolen.URL != "" {
		t.Error("an owner of another workspace was shown the link")
	}
	if now, err := r.Find(t.Context(), cy.ID); err != nil || now.Roles["other"] != "" {
		t.Errorf("a refused invitation left the role %v, %v", now.Roles, err)
	}
	// The owner of acme has opened the link. Then an owner of the server gives the
	// same account a role elsewhere: what was shown to acme's must not open that.
	opened, err := r.Join(t.Context(), secretOf(link), "", "", visitor)
	r.ok(err)
	_, fresh, err := r.Invite(t.Context(), console.Principal{Operator: true}, "cy@acme.example", "", Grant{Workspace: "other", Role: "owner"})
	r.ok(err)
	_, err = r.ReadLink(t.Context(), secretOf(link))
	r.is(err, problem.AdminLink)
	if _, ok, err := r.Standing(request(opened.Cookie)); ok || err != nil {
		t.Errorf("the browser that had opened the former link is still somebody (%v)", err)
	}
	_, err = r.Reinvite(t.Context(), acme, cy.ID)
	r.is(err, problem.AdminElsewhere)
	if _, cookie := r.withPasskey(fresh, "Cy", ""); r.who(cookie).Roles["other"] != console.Owner {
		t.Error("the new link does not do what it is for")
	}
}

// Somebody has others' addresses join early, and waits for the roles that those
// get later.
func TestInvitation_anAccountOfOthersIsGivenNoRoleByWhoDoesNotSeeIt(t *testing.T) {
	r := newRig(t)
	r.owner()
	_, link, err := r.Invite(t.Context(), ownerOfWorkspace("other"), "boss@acme.example", "", Grant{Workspace: "other", Role: "viewer"})
	r.ok(err)
	_, squatter := r.withPasskey(link, "The boss", "")
	_, _, err = r.Invite(t.Context(), ownerOfWorkspace("acme"), "boss@acme.example", "", Grant{Workspace: "acme", Role: "owner"})
	r.is(err, problem.AdminElsewhere)
	if p := r.who(squatter); p.Roles["acme"] != console.Anybody {
		t.Errorf("whoever took the address has %v", p.Roles)
	}
}

// Two open the link of the first owner; one joins. The other's browser does not
// become an owner of the server behind their back.
func TestFirstLink_ofTwoWhoOpenedItOneBecomesAnOwner(t *testing.T) {
	r := newRig(t)
	l, err := r.FirstLink(t.Context())
	r.ok(err)
	eve, err := r.Join(t.Context(), secretOf(l), "Eve", "eve@evil.example", visitor)
	r.ok(err)
	r.withPasskey(l, "Ada", "ada@acme.example")
	s := r.standing(eve.Cookie)
	options, err := r.RegisterOptions(s.Admin, s.Session.ID)
	r.ok(err)
	_, _, err = r.Enrol(t.Context(), s, Factor{Passkey: newDevice().create(r, options)}, visitor)
	r.is(err, problem.AdminLink)
	if p := r.who(eve.Cookie); p.Known() {
		t.Errorf("who came second is %+v", p)
	}
	all, err := r.Members(t.Context(), "")
	r.ok(err)
	for _, x := range all {
		if x.Email == "eve@evil.example" && x.Enrolled() {
			t.Error("who came second can sign in")
		}
	}
	// An owner who knows them may still invite them.
	again, err := r.Reinvite(t.Context(), console.Principal{Operator: true}, s.Admin.ID)
	r.ok(err)
	if _, cookie := r.withPasskey(again, "Eve", ""); !r.who(cookie).ServerOwner {
		t.Error("who was invited by an owner did not become one")
	}
}

// A thief of a token must not keep a way in when the token is revoked.
func TestToken_letsNobodyIn(t *testing.T) {
	r := newRig(t)
	_, cookie := r.owner()
	r.withPasskey(r.invited("bo@acme.example", "acme", "owner"), "Bo", "")
	bo, err := r.Find(t.Context(), "bo@acme.example")
	r.ok(err)
	cy := r.invited("cy@acme.example", "acme", "viewer")
	waiting, err := r.ReadLink(t.Context(), secretOf(cy))
	r.ok(err)
	_, clear, err := r.NewToken(t.Context(), r.who(cookie), "deploy", Grant{}, time.Hour)
	r.ok(err)
	q := request()
	q.Header.Set("Authorization", "Bearer "+clear.Reveal())
	token, err := r.Who(q)
	r.ok(err)
	if !token.ServerOwner {
		t.Fatalf("the token is %+v", token)
	}
	_, _, err = r.Invite(t.Context(), token, "eve@evil.example", "", Grant{Workspace: "acme", Role: "owner"})
	r.is(err, problem.AdminNoAccount)
	_, err = r.SetRole(t.Context(), token, waiting.Admin.ID, Grant{Workspace: "acme", Role: "owner"})
	r.is(err, problem.AdminNoAccount)
	_, err = r.Reinvite(t.Context(), token, waiting.Admin.ID)
	r.is(err, problem.AdminNoAccount)
	r.is(r.Remove(t.Context(), token, bo.ID), problem.AdminNoAccount)
	if _, err := r.ReadLink(t.Context(), secretOf(cy)); err != nil {
		t.Errorf("a refused act took a link: %v", err)
	}
}
