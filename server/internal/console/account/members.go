package account

import (
	"maps"
	"slices"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/admin"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// membersPage is who administers a workspace.
type membersPage struct {
	Members []memberRow `json:"members"`
	// Glass is whether an owner gets in without the identity provider.
	Glass []console.Check `json:"break_glass"`
}

type memberRow struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Email   string    `json:"email"`
	Role    string    `json:"role"`
	Server  bool      `json:"server_owner"`
	Joined  bool      `json:"joined"`
	Factors []string  `json:"factors"`
	Seen    time.Time `json:"seen,omitzero"`
	Me      bool      `json:"-"`
	// Workspaces are those of somebody, on the page of the whole server.
	Workspaces []roleRow `json:"workspaces,omitempty"`
}

// Head is that of a page.
func (membersPage) Head() console.Head {
	return console.Head{Title: "Administrators", Template: "account/members.html", Nav: "admins"}
}

// RoleOptions are the roles to choose from.
func (membersPage) RoleOptions() []console.Option { return roleOptions }

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

func rowOf(x directory.Administrator, workspace string, me console.Principal) memberRow {
	r := memberRow{
		ID: x.ID, Name: x.Name, Email: x.Email, Role: x.RoleIn(workspace), Server: x.ServerOwner, Joined: x.Enrolled(),
		Seen: x.Seen, Me: x.ID == me.ID, Factors: []string{},
	}
	for name, has := range map[string]bool{
		"Passkey": len(x.Passkeys) > 0, "Authenticator app": x.TOTP != nil, "Microsoft": x.Microsoft != nil, "Recovery codes": len(x.Recovery) > 0,
	} {
		if has {
			r.Factors = append(r.Factors, name)
		}
	}
	slices.Sort(r.Factors)
	return r
}

func (s Section) members(ctx ctx, c *console.Call, _ none) (membersPage, error) {
	all, err := s.Admin.Members(ctx, c.Workspace.ID)
	if err != nil {
		return membersPage{}, err
	}
	p := membersPage{Members: []memberRow{}}
	for _, x := range all {
		p.Members = append(p.Members, rowOf(x, c.Workspace.ID, c.Me))
	}
	state, err := s.Admin.BreakGlass(ctx, c.Workspace.ID)
	if err != nil {
		return p, err
	}
	p.Glass = glassChecks(state)
	return p, nil
}

func glassChecks(state admin.State) []console.Check {
	var all []console.Check
	for _, g := range state.Owners {
		k := glassCheck(g)
		k.Title = g.Email + " gets in when the identity provider does not answer"
		if !g.Ready {
			k.Title, k.Fix = g.Email+" is not ready for when the identity provider does not answer", ""
		}
		all = append(all, k)
	}
	if !state.Ready {
		all = append(all, console.Check{
			Title: "No owner is ready", State: "bad",
			Fix: "Have one owner add a passkey or an authenticator app, make recovery codes, and sign in with it once. Single sign-on cannot be enforced before.",
		})
	}
	return all
}

type inviteInput struct {
	Email string `json:"email"`
	Name  string `json:"name"`
	Role  string `json:"role"`
}

// linkPage shows the address of a link, once.
type linkPage struct {
	Title string `json:"-"`
	// URL is empty where none is needed: the person is an administrator already.
	URL     string    `json:"url,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
	For     string    `json:"for"`
	Say     string    `json:"say"`
	Back    string    `json:"-"`
	nav     string
	// Message can be sent as it is.
	Message string `json:"message,omitempty"`
}

// Head is that of a page.
func (p linkPage) Head() console.Head {
	return console.Head{Title: p.Title, Template: "account/link.html", Nav: p.nav, Server: p.nav == "serveradmins"}
}

func (s Section) invite(ctx ctx, c *console.Call, in inviteInput) (linkPage, error) {
	p, err := s.inviteTo(ctx, c, in, admin.Grant{Workspace: c.Workspace.ID, Role: in.Role})
	p.Back, p.nav = c.Path("account.members"), "admins"
	return p, err
}

func (s Section) inviteTo(ctx ctx, c *console.Call, in inviteInput, g admin.Grant) (linkPage, error) {
	c.Note("email", in.Email)
	c.Note("role", g.Role)
	who, link, err := s.Admin.Invite(ctx, c.Me, in.Email, in.Name, g)
	if code, _ := problem.Of(err); code == problem.AdminAddress || code == problem.AdminExists {
		err = console.Fault{Field: "email", Err: err}
	}
	if err != nil {
		return linkPage{}, err
	}
	c.Target(who.ID)
	return invited(who, link), nil
}

func invited(who directory.Administrator, link admin.Link) linkPage {
	p := linkPage{Title: who.Email + " is invited", URL: link.URL, Expires: link.Expires, For: who.Email}
	p.Say = "Send them this link. It works until they have chosen how they sign in, and it is not shown again."
	if link.URL == "" {
		p.Title, p.Say = who.Email+" has the role now", "They are an administrator already, and see it at their next page."
	}
	return p
}

type roleInput struct {
	ID   string `json:"id"`
	Role string `json:"role"`
}

func (s Section) setRole(ctx ctx, c *console.Call, in roleInput) (console.Done, error) {
	if in.Role == "" {
		return console.Done{}, console.Bad("role", "Choose a role.")
	}
	return s.giveRole(ctx, c, in, "The role is changed.")
}

func (s Section) removeRole(ctx ctx, c *console.Call, in idInput) (console.Done, error) {
	return s.giveRole(ctx, c, roleInput{ID: in.ID}, "They do not administer this workspace any more. What they set up stays as it is.")
}

func (s Section) giveRole(ctx ctx, c *console.Call, in roleInput, say string) (console.Done, error) {
	c.Target(in.ID)
	c.Note("role", in.Role)
	if err := s.of(ctx, c, in.ID); err != nil {
		return console.Done{}, err
	}
	_, err := s.Admin.SetRole(ctx, c.Me, in.ID, admin.Grant{Workspace: c.Workspace.ID, Role: in.Role})
	return done(c, "account.members", say), err
}

// of says whether somebody administers the workspace: those of others are not
// there.
func (s Section) of(ctx ctx, c *console.Call, id string) error {
	who, err := s.Admin.Find(ctx, id)
	if err == nil && (who.ID != id || who.Roles[c.Workspace.ID] == "") {
		err = problem.New(problem.AdminUnknown)
	}
	return err
}

func (s Section) reinvite(ctx ctx, c *console.Call, in idInput) (linkPage, error) {
	c.Target(in.ID)
	if err := s.of(ctx, c, in.ID); err != nil {
		return linkPage{}, err
	}
	p, err := s.newInvitation(ctx, c, in.ID)
	p.Back, p.nav = c.Path("account.members"), "admins"
	return p, err
}

func (s Section) newInvitation(ctx ctx, c *console.Call, id string) (linkPage, error) {
	who, err := s.Admin.Find(ctx, id)
	if err != nil {
		return linkPage{}, err
	}
	link, err := s.Admin.Reinvite(ctx, c.Me, who.ID)
	return invited(who, link), err
}
