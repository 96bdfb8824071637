package account

import (
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/admin"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// setupLinksPage is the links by which people without an account help.
type setupLinksPage struct {
	Links []setupRow `json:"links"`
	// Chosen is the module that a page before this one asks for.
	Chosen string `json:"-"`
}

type setupRow struct {
	ID      string           `json:"id"`
	Module  directory.Module `json:"module"`
	Title   string           `json:"-"`
	For     string           `json:"for"`
	By      string           `json:"by"`
	Created time.Time        `json:"created"`
	Expires time.Time        `json:"expires"`
	Used    time.Time        `json:"used,omitzero"`
	Uses    int64            `json:"uses"`
	// State is open, revoked or expired.
	State string `json:"state"`
}

// Head is that of a page.
func (setupLinksPage) Head() console.Head {
	return console.Head{Title: "Setup links", Template: "account/setuplinks.html", Nav: "setuplinks"}
}

// ModuleOptions are the modules that a link can lead to.
func (setupLinksPage) ModuleOptions() []console.Option { return moduleOptions() }

type moduleInput struct {
	Module string `json:"module"`
}

func (s Section) setupLinks(ctx ctx, c *console.Call, in moduleInput) (setupLinksPage, error) {
	all, err := s.Admin.SetupLinks(ctx, c.Workspace.ID)
	p := setupLinksPage{Links: []setupRow{}, Chosen: in.Module}
	for _, l := range all {
		p.Links = append(p.Links, setupRow{l.ID, l.Module, l.Module.Name(), l.For, l.By, l.Created, l.Expires, l.Used, l.Uses, stateOf(l.Revoked, l.Expires, c.Now)})
	}
	return p, err
}

func stateOf(revoked, expires, now time.Time) string {
	switch {
	case !revoked.IsZero():
		return "revoked"
	case !now.Before(expires):
		return "expired"
	}
	return "open"
}

type newSetupInput struct {
	Module string `json:"module"`
	For    string `json:"for"`
	Days   int    `json:"days"`
}

func (s Section) createSetupLink(ctx ctx, c *console.Call, in newSetupInput) (linkPage, error) {
	c.Note("module", in.Module)
	c.Note("for", in.For)
	l, link, err := s.Admin.NewSetupLink(ctx, c.Me, c.Workspace.ID, directory.Module(in.Module), in.For, days(in.Days))
	if err != nil {
		return linkPage{}, atField(err)
	}
	c.Target(l.ID)
	return linkPage{
		Title: "The setup link is ready", URL: link.URL, Expires: link.Expires, For: l.For, Back: c.Path("account.setuplinks"), nav: "setuplinks",
		Say:     "Send it to whoever sets up Microsoft Entra. It leads to this one part of this workspace and to nothing else. It is not shown again.",
		Message: setupMessage(c.Workspace, l, link),
	}, nil
}

// setupMessage is what can be sent to the IT administrator (row A4): what is asked,
// which roles it takes at Microsoft, and where.
func setupMessage(ws directory.Workspace, l directory.SetupLink, link admin.Link) string {
	return fmt.Sprintf("Hello,\n\nplease help us to set up %s with Microsoft Entra for %s.\n\n"+
		"In the Microsoft Entra admin center you need the role Cloud Application Administrator or Application Administrator.\n\n"+
		"This page has each step, and every value to copy. You need no account:\n%s\n\n"+
		"It works until %s, as often as you like. Whoever has it can set up this part, so please do not pass it on.",
		l.Module.Name(), ws.Name, link.URL, link.Expires.UTC().Format("2 January 2006, 15:04 UTC"))
}

// days is a number of days; 0 is the usual time.
func days(n int) time.Duration {
	if n < 0 || n > 10_000 {
		return -1
	}
	return time.Duration(n) * 24 * time.Hour
}

func (s Section) revokeSetupLink(ctx ctx, c *console.Call, in idInput) (console.Done, error) {
	c.Target(in.ID)
	return done(c, "account.setuplinks", "The link is revoked, also where it is open."), s.Admin.RevokeSetupLink(ctx, c.Workspace.ID, in.ID)
}

// tokensPage is the tokens of the JSON API, of a workspace or of the server.
type tokensPage struct {
	Tokens []tokenRow `json:"tokens"`
	// Server says that they are the server's.
	Server bool   `json:"server"`
	API    string `json:"api"`
}

type tokenRow struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Role    string    `json:"role"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Used    time.Time `json:"used,omitzero"`
	State   string    `json:"state"`
}

// Head is that of a page.
func (p tokensPage) Head() console.Head {
	h := console.Head{Title: "API tokens", Template: "account/tokens.html", Nav: "admins"}
	if p.Server {
		h.Nav, h.Server = "serveradmins", true
	}
	return h
}

// RoleOptions are the roles to choose from.
func (tokensPage) RoleOptions() []console.Option { return roleOptions }

func (s Section) tokens(ctx ctx, c *console.Call, _ none) (tokensPage, error) {
	return s.tokensOf(ctx, c, c.Workspace.ID)
}

func (s Section) serverTokens(ctx ctx, c *console.Call, _ none) (tokensPage, error) {
	return s.tokensOf(ctx, c, "")
}

func (s Section) tokensOf(ctx ctx, c *console.Call, workspace string) (tokensPage, error) {
	all, err := s.Admin.Tokens(ctx, workspace)
	p := tokensPage{Tokens: []tokenRow{}, Server: workspace == "", API: c.Console.Scheme + "://" + c.Console.Host + console.API}
	for _, k := range all {
		p.Tokens = append(p.Tokens, tokenRow{k.ID, k.Name, k.Role, k.Created, k.Expires, k.Used, stateOf(k.Revoked, k.Expires, c.Now)})
	}
	return p, err
}

type newTokenInput struct {
	Name string `json:"name"`
	Role string `json:"role"`
	Days int    `json:"days"`
}

type newServerTokenInput struct {
	Name string `json:"name"`
	Days int    `json:"days"`
}

// tokenPage shows a token, once.
type tokenPage struct {
	ID      string    `json:"id"`
	Token   string    `json:"token"`
	Name    string    `json:"name"`
	Role    string    `json:"role"`
	Expires time.Time `json:"expires"`
	Example string    `json:"-"`
	Back    string    `json:"-"`
}

// Head is that of a page.
func (p tokenPage) Head() console.Head {
	return console.Head{Title: "The token " + p.Name, Template: "account/token.html", Nav: "admins"}
}

func (s Section) createToken(ctx ctx, c *console.Call, in newTokenInput) (tokenPage, error) {
	p, err := s.newToken(ctx, c, in.Name, admin.Grant{Workspace: c.Workspace.ID, Role: in.Role}, in.Days)
	p.Back = c.Path("account.tokens")
	p.Example = "curl -H \"Authorization: Bearer $LANYARD_TOKEN\" " + c.Console.Scheme + "://" + c.Console.Host + console.API + "/workspaces/" + c.Workspace.ID + "/admins"
	return p, err
}

func (s Section) createServerToken(ctx ctx, c *console.Call, in newServerTokenInput) (tokenPage, error) {
	p, err := s.newToken(ctx, c, in.Name, admin.Grant{}, in.Days)
	p.Back = c.Path("account.servertokens")
	p.Example = "curl -H \"Authorization: Bearer $LANYARD_TOKEN\" " + c.Console.Scheme + "://" + c.Console.Host + console.API + "/admins"
	return p, err
}

func (s Section) newToken(ctx ctx, c *console.Call, name string, g admin.Grant, n int) (tokenPage, error) {
	k, clear, err := s.Admin.NewToken(ctx, c.Me, name, g, days(n))
	if err != nil {
		return tokenPage{}, atField(err)
	}
	c.Target(k.ID)
	c.Note("role", k.Role)
	return tokenPage{ID: k.ID, Token: clear.Reveal(), Name: k.Name, Role: k.Role, Expires: k.Expires}, nil
}

func (s Section) revokeToken(ctx ctx, c *console.Call, in idInput) (console.Done, error) {
	c.Target(in.ID)
	return done(c, "account.tokens", "The token is revoked."), s.Admin.RevokeToken(ctx, c.Workspace.ID, in.ID)
}

func (s Section) revokeServerToken(ctx ctx, c *console.Call, in idInput) (console.Done, error) {
	c.Target(in.ID)
	return done(c, "account.servertokens", "The token is revoked."), s.Admin.RevokeToken(ctx, "", in.ID)
}
