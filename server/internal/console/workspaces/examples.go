package workspaces

import (
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// exampleTiles are the modules in every state there is.
func exampleTiles() []Tile {
	tile := func(st modules.Standing, plan directory.Plan) Tile {
		t := plainTile(st, plan)
		t.To = "/admin/workspaces/acme"
		return t
	}
	return []Tile{
		tile(modules.Standing{Module: directory.ModuleMicrosoft, State: directory.ModuleEnabled, On: true}, directory.Plan{}),
		tile(modules.Standing{Module: directory.ModuleSAML, State: directory.ModuleBroken, On: true, Faults: []problem.Code{problem.SAMLCertificateExpired}}, directory.Plan{}),
		tile(modules.Standing{Module: directory.ModuleSCIM, State: directory.ModuleDraft, Draft: modules.Progress{Step: "token", Number: 2, Of: 7}}, directory.Plan{}),
		tile(modules.Standing{Module: directory.ModuleMobile, State: directory.ModuleUnset, Locked: true}, directory.Plan{Contact: "Mobile apps are part of the Enterprise plan.", ContactURL: "https://example.com/upgrade"}),
	}
}

// Examples are the pages, empty and full.
func (s *Section) Examples() []console.Example {
	var all []console.Example
	add := func(name string, v console.View) { all = append(all, console.Example{Name: name, View: v}) }
	viewer := console.Principal{ID: "v1", Name: "Vi", Email: "vi@acme.example", Roles: map[string]console.Role{"acme": console.Viewer}}
	look := func(name string, v console.View) {
		all = append(all, console.Example{Name: name, View: v, Me: viewer})
	}
	s.exampleWorkspaces(add, look)
	s.exampleDirectories(add, look)
	s.exampleEntra(add, look)
	return all
}

var exampleAt = time.Date(2026, 6, 12, 10, 0, 0, 0, time.UTC)

func (s *Section) exampleWorkspaces(add, look func(string, console.View)) {
	people := store.Counts{Active: 412, Suspended: 7, Archived: 31}
	full := modules.Seats{Limit: 400, Taken: 400, Waiting: 12}
	add("workspaces/list empty", listPage{})
	look("workspaces/list none of mine", listPage{})
	add("workspaces/list full", listPage{Any: true, More: 3, For: "workspaces.home", Workspaces: []workspaceLine{
		{ID: "acme", Name: "Acme Ltd", Role: console.Owner, Environment: directory.Production, People: 412, To: "/admin/workspaces/acme"},
		{ID: "acme-sandbox", Name: "Acme Ltd (sandbox)", Role: console.Admin, Environment: directory.Sandbox, To: "/admin/workspaces/acme-sandbox"},
	}})
	add("workspaces/new", newPage{})
	add("workspaces/new taken", newPage{ID: "Acme Ltd", Name: "Acme", availability: availability{Looked: "Acme Ltd", Says: "The character ' ' can't be used.", Suggest: "acme-ltd"}})
	home := homePage{
		ID: "acme", Name: "Acme Ltd", Modules: exampleTiles(), People: people, Seats: full, SignIn: "https://sso.example.com/w/acme/",
		Attention: []attention{
			{"Single sign-on (SAML): Every signing certificate has expired.", "bad", "/admin/workspaces/acme"},
			{"Every seat is taken, and 12 people wait for one.", "warn", "/admin/workspaces/acme/plan"},
		}, PlanPage: "/admin/workspaces/acme/plan",
	}
	add("workspaces/home full", home)
	add("workspaces/home empty", homePage{ID: "acme", Name: "Acme Ltd", SignIn: "https://sso.example.com/w/acme/"})
	set := settingsPage{
		ID: "acme", Name: "Acme Ltd", DefaultRole: "member", DefaultDepartment: "Everyone", DomainHint: "acme.com", OfflineGrace: "8h",
		Version: 4, Typed: "acme-group", More: []console.Link{{Text: "SSO and SCIM", To: "/admin/workspaces/acme/settings/security/sso"}},
	}
	add("workspaces/settings full", set)
	look("workspaces/settings viewer", set)
	add("workspaces/naming", namingPage{
		ID: "acme", Typed: "acme-group", Days: 90, Names: []nameLine{{"acme-group", time.Time{}}, {"acme-ltd", exampleAt}},
		availability: availability{Looked: "globex", Says: "globex is free.", Free: true},
	})
	plan := directory.Plan{Without: []directory.Module{directory.ModuleMobile}, Seats: 400, License: "E-2026-17", Contact: "Get in touch to upgrade.", ContactURL: "mailto:sales@example.com"}
	add("workspaces/plan full", planPage{
		Plan: valuesOf(plan), Own: valuesOf(plan), Seats: full, Version: 2, Outside: true, Downgrades: downgrades,
		Includes: []included{{"Single sign-on (SAML)", true, true}, {"Mobile apps", false, true}, {"Provisioning (SCIM)", false, false}},
		Waiting:  []person{{"u1", "Grace Hopper", "grace@acme.com", ""}, {"u2", "Edith Clarke", "edith@acme.com", "/admin/workspaces/acme"}},
	})
	look("workspaces/plan viewer", planPage{Plan: valuesOf(directory.Plan{}), Own: valuesOf(directory.Plan{}), Seats: modules.Seats{Taken: 3}, Includes: []included{{"Single sign-on (SAML)", true, true}}})
	add("workspaces/environments empty", environmentsPage{ID: "acme", Environment: directory.Production, NewID: "acme-sandbox", NewName: "Acme (sandbox)", Kinds: environmentKinds})
	add("workspaces/environments full", environmentsPage{
		ID: "acme", Environment: directory.Sandbox, Of: "acme-live", OfTo: "/admin/workspaces/acme/environments/acme-live", Kinds: environmentKinds,
		Clones: []workspaceLine{{ID: "acme-sandbox", Name: "Acme (sandbox)", Environment: directory.Sandbox, To: "/admin/workspaces/acme-sandbox/environments/acme"}},
	})
	diff := modules.Comparison{From: "acme-sandbox", To: "acme", Version: "3f2a", Differences: []modules.Difference{
		{Name: "workspace.default_role", Title: "Default role", Group: "Workspace", From: "Project Manager", To: "member"},
		{Name: "saml.provider", Title: "Identity provider: metadata, addresses and certificates", Group: "Single sign-on (SAML)", From: "entity_id: https://sts.windows.net/1/\nlogin: https://login.microsoftonline.com/1/saml2"},
	}}
	groups := grouped(diff.Differences)
	add("workspaces/diff full", diffPage{Comparison: diff, FromName: "Acme (sandbox)", ToName: "Acme", May: true, Groups: groups, Back: "/admin/workspaces/acme/environments"})
	look("workspaces/diff viewer", diffPage{Comparison: diff, FromName: "Acme (sandbox)", ToName: "Acme", Groups: groups, Back: "/admin/workspaces/acme/environments"})
	add("workspaces/diff empty", diffPage{Comparison: modules.Comparison{From: "acme-sandbox", To: "acme"}, Back: "/admin/workspaces/acme/environments"})
	in := pilotPage{On: true, Others: 411, Q: "grace", People: []person{{"u1", "Ada Lovelace", "ada@acme.com", ""}}, Found: []person{{"u2", "Grace Hopper", "grace@acme.com", ""}}}
	add("workspaces/pilot full", in)
	look("workspaces/pilot viewer", in)
	add("workspaces/pilot empty", pilotPage{Q: "nobody"})
}

func (s *Section) exampleDirectories(add, look func(string, console.View)) {
	line := directoryLine{
		ID: "dir_1", Name: "Acme people", Source: entraSource, People: store.Counts{Active: 412, Suspended: 7, Archived: 31},
		Workspaces: []string{"acme", "acme-labs"}, To: "/admin/directories/dir_1",
	}
	add("workspaces/directories empty", directoriesPage{Source: entraSource})
	add("workspaces/directories full", directoriesPage{Source: entraSource, Directories: []directoryLine{line}})
	add("workspaces/directory empty", directoryPage{ID: "dir_1", Name: "Acme people"})
	add("workspaces/directory full", directoryPage{
		ID: "dir_1", Name: "Acme people", Source: entraSource, People: line.People, May: true, Choices: []console.Option{{Value: "globex", Label: "Globex (globex)"}},
		Links: []linkLine{
			{Workspace: "acme", Name: "Acme Ltd", License: "E-2026-17", Seats: modules.Seats{Limit: 400, Taken: 400, Waiting: 12}, ByHand: true, To: "/admin/workspaces/acme", Unlink: "/admin/directories/dir_1/links/acme/remove"},
			{Workspace: "acme-labs", Name: "Acme Labs", To: "/admin/workspaces/acme-labs"},
		},
	})
	add("workspaces/unlink", unlinkingPage{Dir: "dir_1", Workspace: "acme", Name: "Acme people", People: 412, Back: "/admin/directories/dir_1"})
	add("workspaces/userdirectory own", userDirectoryPage{
		Directory: directoryLine{ID: "acme", Name: "Acme Ltd", To: "/admin/directories/acme"}, Licensed: true, Empty: true, License: "E-2026-17",
		Choices: []console.Option{{Value: "dir_1", Label: "Acme people"}},
	})
	look("workspaces/userdirectory linked", userDirectoryPage{Directory: line, License: "E-2026-17", ByHand: true, Licensed: true, Seats: modules.Seats{Limit: 400, Taken: 12}})
	add("workspaces/userdirectory unlicensed", userDirectoryPage{Directory: line, Contact: "Ask sales for a licence."})
}

func (s *Section) exampleEntra(add, look func(string, console.View)) {
	tiles := exampleTiles()
	for _, state := range directory.ModuleStates() {
		entra := Tile{Key: "entra", Name: "Microsoft Entra ID", Also: "formerly Azure Active Directory (Azure AD)", State: state, Badge: state.Title(), Colour: stateColours[state], About: "Let people sign in with their Microsoft account.", Action: choose, To: "/admin/workspaces/acme/settings/security/sso"}
		if state != directory.ModuleUnset {
			entra.Action = "Open"
		}
		add("workspaces/integrations "+string(state), integrationsPage{Entra: &entra, Modules: tiles, Others: []Tile{{Key: "domains", Name: "Domains", About: "Prove which e-mail domains are yours.", To: "/admin/workspaces/acme", Action: "Open"}}})
	}
	add("workspaces/integrations nothing found", integrationsPage{Q: "fax"})
	bad := preflight(directory.ModuleSCIM, false, false, directory.Plan{Contact: "Provisioning is part of the Business plan.", ContactURL: "https://example.com/upgrade"})
	good := preflight(directory.ModuleSAML, true, true, directory.Plan{})
	tabs := func(m directory.Module, t Tile, on bool, checks []modules.Check) securityPage {
		return securityPage{Tab: m, Workspace: "acme", Tile: t, On: on, Checks: checks, Seen: shownChecks(checks), SSO: "/admin/workspaces/acme/settings/security/sso", SCIM: "/admin/workspaces/acme/settings/security/scim"}
	}
	add("workspaces/security sso", tabs(directory.ModuleSAML, tiles[1], true, good))
	add("workspaces/security scim draft", tabs(directory.ModuleSCIM, tiles[2], false, bad))
	look("workspaces/security viewer", tabs(directory.ModuleSAML, tiles[1], true, good))
	add("workspaces/preflight red", preflightPage{Module: directory.ModuleSCIM, Name: directory.ModuleSCIM.Name(), Checks: bad, Seen: shownChecks(bad)})
	add("workspaces/preflight green", preflightPage{Module: directory.ModuleSAML, Name: directory.ModuleSAML.Name(), Checks: good, Seen: shownChecks(good), On: true, Ready: true, To: "/admin/workspaces/acme"})
}

// preflight are the checks before a module is set up.
func preflight(m directory.Module, activated, enabled bool, plan directory.Plan) []modules.Check {
	return modules.Checks(plan.With(m, activated), enabled, m)
}
