// Package workspaces has the console's pages about workspaces themselves: the list
// of them, the overview of one, its Integrations, settings, plan and seats, its
// user directory, its copies and its pilot.
//
// What a module is set up with is for the pages of that module to show; who may
// do what, and how anything is stored, is decided by modules and the store.
package workspaces

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

//go:embed all:templates
var templates embed.FS

// Section is the part of the console about workspaces.
type Section struct {
	Modules *modules.Keeper
	Store   *store.Store
	// CopyRoles gives those who administer one workspace the same roles in
	// another, that was made of it. Nil leaves the other to the server's owners.
	CopyRoles func(ctx context.Context, from, to string) error
}

// Templates are the pages' files.
func (*Section) Templates() fs.FS {
	files, err := fs.Sub(templates, "templates")
	if err != nil {
		panic(err) // embedded
	}
	return files
}

// Routes are the pages and acts.
func (s *Section) Routes() []console.Route {
	viewer, admin := console.Access{Role: console.Viewer}, console.Access{Role: console.Admin}
	owner := console.Access{Role: console.Owner}
	anyone, server := console.Access{Role: console.SignedIn}, console.Access{Role: console.ServerOwner}
	all := []console.Route{
		console.Page("workspaces.list", "/workspaces", anyone, s.list),
		console.Page("workspaces.new", "/workspaces/new", server, s.newPage),
		console.Act("workspaces.create", "/workspaces", server, s.create).On("workspaces.new"),
		console.Page("workspaces.home", "/workspaces/{ws}", viewer, s.home),
		console.Page("workspaces.integrations", "/workspaces/{ws}/integrations", viewer, s.integrations),
		console.Page("workspaces.sso", "/workspaces/{ws}/settings/security/sso", viewer, s.securitySSO),
		console.Page("workspaces.scim", "/workspaces/{ws}/settings/security/scim", viewer, s.securitySCIM),

		console.Page("workspaces.settings", "/workspaces/{ws}/settings", viewer, s.settings),
		console.Act("workspaces.change", "/workspaces/{ws}/settings", admin, s.change).On("workspaces.settings"),
		console.Page("workspaces.naming", "/workspaces/{ws}/settings/id", admin, s.naming),
		console.Act("workspaces.rename", "/workspaces/{ws}/settings/id", owner, s.rename).On("workspaces.naming"),

		console.Page("workspaces.plan", "/workspaces/{ws}/plan", viewer, s.plan),
		console.Act("workspaces.setplan", "/workspaces/{ws}/plan", server, s.setPlan).On("workspaces.plan"),

		console.Page("workspaces.directories", "/directories", anyone, s.directories),
		console.Act("workspaces.createdirectory", "/directories", anyone, s.createDirectory).On("workspaces.directories"),
		console.Page("workspaces.directory", "/directories/{dir}", anyone, s.directory),
		console.Act("workspaces.link", "/directories/{dir}/links/{workspace}", anyone, s.link),
		console.Act("workspaces.linkone", "/directories/{dir}/links", anyone, s.link).On("workspaces.directory"),
		console.Page("workspaces.unlinking", "/directories/{dir}/links/{workspace}/remove", anyone, s.unlinking),
		console.Act("workspaces.unlink", "/directories/{dir}/links/{workspace}/remove", anyone, s.unlink).On("workspaces.unlinking"),
		console.Page("workspaces.userdirectory", "/workspaces/{ws}/user-directory", viewer, s.userDirectory),

		console.Page("workspaces.environments", "/workspaces/{ws}/environments", viewer, s.environments),
		console.Act("workspaces.clone", "/workspaces/{ws}/environments", owner, s.clone).On("workspaces.environments"),
		console.Page("workspaces.diff", "/workspaces/{ws}/environments/{other}", viewer, s.diff),
		console.Act("workspaces.promote", "/workspaces/{ws}/environments/{other}", console.Access{Role: console.Owner, StepUp: true}, s.promote).On("workspaces.diff"),

		console.Page("workspaces.pilot", "/workspaces/{ws}/pilot", viewer, s.pilot),
		console.Act("workspaces.pilotadd", "/workspaces/{ws}/pilot/people", admin, s.pilotAdd),
		console.Act("workspaces.pilotremove", "/workspaces/{ws}/pilot/people/remove", admin, s.pilotRemove),
		console.Act("workspaces.pilotswitch", "/workspaces/{ws}/pilot", admin, s.pilotSwitch).On("workspaces.pilot"),

		console.Raw("workspaces.gosso", "GET", "/settings/security/sso", anyone, s.onward("workspaces.sso")),
		console.Raw("workspaces.goscim", "GET", "/settings/security/scim", anyone, s.onward("workspaces.scim")),
		console.Raw("workspaces.gointegrations", "GET", "/integrations", anyone, s.onward("workspaces.integrations")),
	}
	for _, m := range directory.Modules() {
		a := console.Access{Role: console.ITAdmin, Module: m}
		path := "/workspaces/{ws}/modules/" + string(m)
		all = append(all,
			console.Page("modules."+string(m), path, a, s.preflight(m)),
			console.Act("modules.switch."+string(m), path, a, s.switchModule(m)).On("modules."+string(m)))
	}
	return all
}

// mine are the workspaces that somebody administers, by id.
func (s *Section) mine(ctx context.Context, me console.Principal, least console.Role) ([]directory.Workspace, error) {
	all, err := s.Store.Workspaces(ctx)
	if err != nil {
		return nil, err
	}
	var mine []directory.Workspace
	for _, ws := range all {
		if me.RoleIn(ws.ID) >= least {
			mine = append(mine, ws)
		}
	}
	return mine, nil
}

// onward leads from an address without a workspace to the page of the only one
// that somebody administers, or to the list of them.
func (s *Section) onward(route string) func(http.ResponseWriter, *http.Request, *console.Call) error {
	return func(w http.ResponseWriter, r *http.Request, c *console.Call) error {
		to := c.Path("workspaces.list")
		mine, err := s.mine(r.Context(), c.Me, console.Viewer)
		switch {
		case err != nil:
			return err
		case len(mine) == 1:
			to = c.Path(route, "ws", mine[0].ID)
		case len(mine) > 1:
			to = c.Path("workspaces.list", "for", route)
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
		return nil
	}
}

// link is a path, or "" where there is no such page or whoever looks may not.
func path(c *console.Call, route string, pairs ...string) string {
	if !c.Has(route) || !c.May(route) {
		return ""
	}
	return c.Path(route, pairs...)
}

// sentences are what codes say, each with what to do about it.
func sentences(codes []problem.Code) (all []string) {
	for _, code := range codes {
		text := problem.Lookup(code)
		all = append(all, text.Sentence+" "+text.Next)
	}
	return all
}

// trimmed is a text without the space around it.
func trimmed(s *string) { *s = strings.TrimSpace(*s) }

// trail is the pages above a page.
type trail struct {
	Above []console.Link `json:"-"`
}

// above leads to a page above another.
func above(c *console.Call, text, route string) trail {
	return trail{[]console.Link{{Text: text, To: path(c, route)}}}
}
