package people

import (
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/people"
	"github.com/lanyard-sso/lanyard/server/internal/timeline"
)

var exampleTime = time.Date(2026, 3, 14, 9, 26, 0, 0, time.UTC)

func exampleRow(id, name string, st state) row {
	return row{
		ID: id, UserName: id + "@acme.example", Name: name, Email: id + "@acme.example", Department: "Engineering",
		Role: "member", State: st, Modified: exampleTime.Add(-48 * time.Hour),
	}
}

func exampleLog() []line {
	at := func(minutes int) *time.Time {
		t := exampleTime.Add(-time.Duration(minutes) * time.Minute)
		return &t
	}
	return []line{
		{timeline.Line{At: at(1), Source: timeline.Admin, Who: "grace@acme.example", What: "restored (was suspended)", Audit: 12}},
		{timeline.Line{At: at(5), Source: timeline.SignIn, Who: "the person", What: "sign-in refused (saml)", Result: "LY-DIR-002 Your access to this workspace has ended.", Failed: true}},
		{timeline.Line{At: at(9), Source: timeline.Event, Who: "lanyard", What: "user.suspended", Seq: 7}},
		{timeline.Line{At: at(9), Source: timeline.Provisioning, Who: "tok-1", What: "PATCH Users: active", Result: "200 OK"}},
		{timeline.Line{At: at(60), Source: timeline.Command, Who: timeline.Operator, What: "gave the role lead"}},
	}
}

func examplePerson() personPage {
	return personPage{
		row: exampleRow("ada", "Ada Lovelace", state(directory.Active)), Title: "Analyst", ExternalID: "e-1001",
		ObjectID: "5f1c2d3e-4b5a-6978-8c9d-0e1f2a3b4c5d", Created: exampleTime.Add(-900 * time.Hour),
		RoleFrom: roleFrom(directory.RoleByHand, directory.RoleRule{}), RoleByHand: true,
		HadRole: "admin", HadUntil: exampleTime.Add(-time.Hour),
		Groups: []groupAt{{"g-1", "Engineers"}, {"g-2", "Analysts"}}, MoreGroups: 3,
		Attributes: []fact{{"displayName", "Ada Lovelace"}, {"emails[work].value", "ada@acme.example"}, {"department", "Engineering"}},
		Sessions: []session{
			{ID: "s-1", Device: "Ada's laptop", Method: people.MethodTitle(directory.MethodMicrosoft), Since: exampleTime.Add(-2 * time.Hour), Until: exampleTime.Add(10 * time.Hour)},
			{ID: "s-2", Method: people.MethodTitle(directory.MethodSAML), Web: true, Since: exampleTime.Add(-time.Hour), Until: exampleTime},
		},
		SignIn: []way{
			{Title: people.MethodTitle(directory.MethodMicrosoft), Can: true},
			{Title: people.MethodTitle(directory.MethodSAML), Why: "Their address is of none of the workspace's domains."},
		},
		Log: exampleLog(),
	}
}

func exampleVerdicts() []verdict {
	return []verdict{
		verdictOf(people.Verdict{Method: directory.MethodMicrosoft, Title: people.MethodTitle(directory.MethodMicrosoft), Can: true, SetUp: true, Rules: []people.Rule{
			{Title: "Is this way in set up and on?", State: "good", Detail: "Yes."},
			{Title: "Is it certain who the person is?", State: "warn", Detail: "Their first sign-in will link them by their user name, once."},
			{Title: "Do they have access?", State: "good", Detail: "They are active."},
		}}),
		verdictOf(people.Verdict{Method: directory.MethodSAML, Title: people.MethodTitle(directory.MethodSAML), SetUp: true, Code: problem.DomainOutside, Rules: []people.Rule{
			{Title: "Is this way in set up and on?", State: "good", Detail: "Yes."},
			{Title: "Is their address of one of the workspace's domains?", State: "bad", Detail: "It is not: ada@partner.example. Verified are acme.example.", Fix: "Verify the domain, or exempt the person under Domains."},
		}}),
		verdictOf(people.Verdict{Method: directory.MethodLocal, Title: people.MethodTitle(directory.MethodLocal), Code: problem.ModuleOff, Rules: []people.Rule{
			{Title: "Is this way in set up and on?", State: "bad", Detail: "Passwords are off in this workspace.", Fix: "Switch them on under Settings, if people are meant to have them."},
		}}),
	}
}

// Examples are the section's pages, empty and full.
func (s *Section) Examples() []console.Example {
	options := stateOptions()
	up := crumbs{[]console.Link{{Text: "People", To: "/admin/workspaces/acme/people"}, {Text: "Ada Lovelace", To: "/admin/workspaces/acme/people/ada"}, {Text: "Here"}}}
	viewer := console.Principal{ID: "v1", Email: "bob@acme.example", Roles: map[string]console.Role{"acme": console.Viewer}}
	archived := examplePerson()
	archived.row.State, archived.Sessions, archived.Groups, archived.MoreGroups = state(directory.Archived), nil, nil, 0
	archived.SignIn, archived.HadRole, archived.ObjectID, archived.RoleByHand = nil, "", "", false
	bare := personPage{row: row{ID: "u-9", UserName: "nobody", Name: "nobody", State: waiting, Modified: exampleTime}, Created: exampleTime, RoleFrom: roleFrom(directory.RoleByNothing, directory.RoleRule{})}
	ada := directory.User{ID: "ada", UserName: "ada@acme.example", Role: "admin", Doc: []byte(`{"displayName":"Ada Lovelace"}`)}
	suspend, unlink := suspendPage(ada), unlinkPage(ada)
	suspend.crumbs, unlink.crumbs = up, up
	group := groupRow{ID: "g-1", Name: "Engineers", ExternalID: "7f1c2d3e-4b5a-6978-8c9d-0e1f2a3b4c5d", Members: 1204, Modified: exampleTime}
	withRole := group
	withRole.Role = "editor"
	return []console.Example{
		{Name: "people list empty", View: listPage{Options: options}},
		{Name: "people list", View: listPage{
			Options: options, Counts: counts{100_201, 12, 3}, Next: "x",
			People: []row{
				exampleRow("ada", "Ada Lovelace", state(directory.Active)), exampleRow("bob", "bob@acme.example", state(directory.Suspended)),
				exampleRow("cy", "Cy Young", state(directory.Archived)), exampleRow("di", "Di Prince", waiting),
			},
			Pager: console.Pager{Next: "/admin/workspaces/acme/people?after=x"}, First: "/admin/workspaces/acme/people",
		}},
		{Name: "people list nobody found", View: listPage{Options: options, Query: "zz", Counts: counts{2, 0, 0}}},
		{Name: "people list nobody so far", View: listPage{Options: options, Query: "zz", State: "archived", Next: "x", Pager: console.Pager{Next: "/admin/workspaces/acme/people?after=x"}}},
		{Name: "people list empty state", View: listPage{Options: options, State: "waiting"}},
		{Name: "people list all archived", View: listPage{Options: options, Counts: counts{0, 0, 3}}},
		{Name: "people person", View: examplePerson()},
		{Name: "people person for a viewer", View: examplePerson(), Me: viewer},
		{Name: "people person archived", View: archived},
		{Name: "people person bare", View: bare},
		{Name: "people person refused", View: examplePerson(), Err: problem.Detailf(problem.PersonState, "ada@acme.example is active.")},
		{Name: "people timeline", View: timelinePage{ID: "ada", Name: "Ada Lovelace", Log: exampleLog(), Full: true, crumbs: up}},
		{Name: "people timeline empty", View: timelinePage{ID: "ada", Name: "Ada Lovelace", crumbs: up}},
		{Name: "people access", View: accessPage{ID: "ada", Name: "Ada Lovelace", Verdicts: exampleVerdicts(), crumbs: up}},
		{Name: "people access no", View: accessPage{ID: "ada", Name: "Ada Lovelace", Verdicts: exampleVerdicts()[1:], crumbs: up}},
		{Name: "people access yes", View: accessPage{ID: "ada", Name: "Ada Lovelace", Verdicts: exampleVerdicts()[:1], crumbs: up}},
		{Name: "people access nothing", View: accessPage{ID: "ada", Name: "Ada Lovelace", Verdicts: exampleVerdicts()[2:], crumbs: up}},
		{Name: "people suspend", View: suspend},
		{Name: "people unlink", View: unlink},
		{Name: "people groups empty", View: groupsPage{}},
		{Name: "people groups nothing found", View: groupsPage{Query: "zz"}},
		{Name: "people groups", View: groupsPage{Groups: []groupRow{group, withRole}, Pager: console.Pager{Next: "/admin/workspaces/acme/groups?after=x"}}},
		{Name: "people group", View: groupPage{groupRow: group, Created: exampleTime, Version: 3, People: []memberRow{{"ada", "ada@acme.example", false}, {"g-2", "Analysts", true}}, Pager: console.Pager{Next: "/admin/workspaces/acme/groups/g-1?after=x"}}},
		{Name: "people group with a role", View: groupPage{groupRow: withRole, Created: exampleTime, Version: 3}},
		{Name: "people roles empty", View: rolesPage{Version: 1}},
		{Name: "people roles", View: rolesPage{Version: 4, Default: "member", Rules: []ruleRow{{At: 0, Group: "Engineers", Role: "editor"}, {At: 1, Group: "g-2", Name: "Writers", Role: "writer"}, {At: 2, AppRole: "Boss", Role: "admin"}}}},
		{Name: "people roles refused", View: rolesPage{Version: 4, Default: "member"}, Err: problem.Detailf(problem.RoleRule, "It names no role to give.")},
	}
}
