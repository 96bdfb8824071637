package account

import (
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/admin"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// adminsPage is every administrator of the server.
type adminsPage struct {
	Admins    []memberRow `json:"admins"`
	Microsoft bool        `json:"microsoft"`
}

// Head is that of a page.
func (adminsPage) Head() console.Head {
	return console.Head{Title: "Administrators", Template: "account/admins.html", Nav: "serveradmins", Server: true}
}

func (s Section) admins(ctx ctx, c *console.Call, _ none) (adminsPage, error) {
	all, err := s.Admin.Members(ctx, "")
	if err != nil {
		return adminsPage{}, err
	}
	p := adminsPage{Admins: []memberRow{}}
	for _, x := range all {
		p.Admins = append(p.Admins, withRoles(rowOf(x, "", c.Me), x))
	}
	m, _, err := s.Admin.MicrosoftSetting(ctx)
	p.Microsoft = m.On()
	return p, err
}

func withRoles(r memberRow, x directory.Administrator) memberRow {
	for _, ws := range sortedKeys(x.Roles) {
		r.Workspaces = append(r.Workspaces, roleRow{ws, x.Roles[ws]})
	}
	return r
}

// onePage is one administrator.
type onePage struct {
	memberRow
	Recovery int          `json:"recovery_codes"`
	Sessions []sessionRow `json:"sessions"`
}

// Head is that of a page.
func (p onePage) Head() console.Head {
	return console.Head{Title: p.Name, Template: "account/admin.html", Nav: "serveradmins", Server: true}
}

func (s Section) one(ctx ctx, c *console.Call, in idInput) (onePage, error) {
	who, err := s.byID(ctx, in.ID)
	if err != nil {
		return onePage{}, err
	}
	all, err := s.Admin.Sessions(ctx, who.ID)
	return onePage{memberRow: withRoles(rowOf(who, "", c.Me), who), Recovery: len(who.Recovery), Sessions: sessionRows(all, c.Me.Session)}, err
}

// byID is an administrator by their id, which stands in an address.
func (s Section) byID(ctx ctx, id string) (directory.Administrator, error) {
	who, err := s.Admin.Find(ctx, id)
	if err == nil && who.ID != id {
		err = problem.New(problem.AdminUnknown)
	}
	return who, err
}

type ownerInviteInput struct {
	Email string `json:"email"`
	Name  string `json:"name"`
}

func (s Section) inviteOwner(ctx ctx, c *console.Call, in ownerInviteInput) (linkPage, error) {
	p, err := s.inviteTo(ctx, c, inviteInput{Email: in.Email, Name: in.Name}, admin.Grant{Role: directory.AdminOwner})
	p.Back, p.nav = c.Path("account.admins"), "serveradmins"
	return p, err
}

type ownerInput struct {
	ID    string `json:"id"`
	Owner bool   `json:"owner"`
}

func (s Section) setOwner(ctx ctx, c *console.Call, in ownerInput) (console.Done, error) {
	c.Target(in.ID)
	who, err := s.byID(ctx, in.ID)
	if err != nil {
		return console.Done{}, err
	}
	g, say := admin.Grant{}, "They do not own the server any more."
	if in.Owner {
		g.Role, say = directory.AdminOwner, "They own the server now."
	}
	_, err = s.Admin.SetRole(ctx, c.Me, who.ID, g)
	return done(c, "account.admin", say, "id", in.ID), err
}

// recover makes a link for somebody who lost what they sign in with, or did not
// join yet.
func (s Section) recover(ctx ctx, c *console.Call, in idInput) (linkPage, error) {
	c.Target(in.ID)
	if c.Me.Bearer { // whom it let in would stay when it is revoked
		return linkPage{}, problem.New(problem.AdminNoAccount)
	}
	who, err := s.byID(ctx, in.ID)
	if err != nil {
		return linkPage{}, err
	}
	var p linkPage
	if who.Enrolled() {
		link, rerr := s.Admin.Recover(ctx, who.ID)
		p, err = linkPage{
			Title: "A link for " + who.Email, URL: link.URL, Expires: link.Expires, For: who.Email,
			Say: "Make sure that it is them who asked, then send them this link. When they use it, everything they signed in with before is removed. It is not shown again.",
		}, rerr
	} else {
		p, err = s.newInvitation(ctx, c, who.ID)
	}
	p.Back, p.nav = c.Path("account.admins"), "serveradmins"
	return p, err
}

func (s Section) signOutOther(ctx ctx, c *console.Call, in idInput) (console.Done, error) {
	c.Target(in.ID)
	who, err := s.byID(ctx, in.ID)
	if err != nil {
		return console.Done{}, err
	}
	_, err = s.Admin.EndSessions(ctx, who.ID, c.Me.Session)
	return done(c, "account.admin", "They are signed out everywhere.", "id", in.ID), err
}

type otherSessionInput struct {
	ID      string `json:"id"`
	Session string `json:"session"`
}

func (s Section) endOther(ctx ctx, c *console.Call, in otherSessionInput) (console.Done, error) {
	c.Target(in.ID)
	return done(c, "account.admin", "The session has ended.", "id", in.ID), s.Admin.EndSession(ctx, in.ID, in.Session)
}

func (s Section) remove(ctx ctx, c *console.Call, in idInput) (console.Done, error) {
	c.Target(in.ID)
	who, err := s.byID(ctx, in.ID)
	if err != nil {
		return console.Done{}, err
	}
	c.Note("email", who.Email)
	return done(c, "account.admins", who.Email+" is removed."), s.Admin.Remove(ctx, c.Me, who.ID)
}

// microsoftPage is how administrators sign in with Microsoft.
type microsoftPage struct {
	On          bool   `json:"on"`
	Authority   string `json:"authority,omitempty"`
	TenantID    string `json:"tenant_id,omitempty"`
	ClientID    string `json:"client_id,omitempty"`
	Certificate bool   `json:"certificate"`
	RedirectURI string `json:"redirect_uri"`
	Version     int64  `json:"version"`
}

// Head is that of a page.
func (microsoftPage) Head() console.Head {
	return console.Head{Title: "Sign administrators in with Microsoft", Template: "account/microsoft.html", Nav: "serveradmins", Server: true}
}

func (s Section) microsoft(ctx ctx, _ *console.Call, _ none) (microsoftPage, error) {
	m, version, err := s.Admin.MicrosoftSetting(ctx)
	return microsoftPage{m.On(), m.Authority, m.TenantID, m.ClientID, m.Certificate, s.Admin.RedirectURI(), version}, err
}

type microsoftInput struct {
	Authority string `json:"authority"`
	TenantID  string `json:"tenant_id"`
	ClientID  string `json:"client_id"`
	Secret    string `json:"secret"`
	Version   int64  `json:"version"`
}

func (s Section) setMicrosoft(ctx ctx, c *console.Call, in microsoftInput) (console.Done, error) {
	c.Note("tenant", in.TenantID)
	c.Note("client", in.ClientID)
	err := s.Admin.SetMicrosoft(ctx, c.Me, admin.Microsoft{Authority: in.Authority, TenantID: in.TenantID, ClientID: in.ClientID}, in.Secret, in.Version)
	return done(c, "account.microsoft", "Saved. Each administrator links their own account under Your account."), err
}

func (s Section) clearMicrosoft(ctx ctx, c *console.Call, _ none) (console.Done, error) {
	return done(c, "account.microsoft", "Nobody signs in to the console with Microsoft any more."), s.Admin.ClearMicrosoft(ctx)
}
