// Package domains is the pages of a workspace's e-mail domains: entering and
// proving them, the people outside of them, and the department of newcomers.
//
// It decides what the pages show and in which order; what a domain is, when it is
// proven and what can be decided about people is the flow's (server/internal/domains).
package domains

import (
	"embed"
	"io/fs"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	flow "github.com/lanyard-sso/lanyard/server/internal/domains"
)

//go:embed templates
var templates embed.FS

// Section is the pages of domains.
type Section struct{ flow *flow.Flow }

// New makes the pages of a flow.
func New(f *flow.Flow) *Section { return &Section{f} }

// Templates are the pages' files.
func (*Section) Templates() fs.FS {
	files, err := fs.Sub(templates, "templates")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return files
}

// Routes are the pages and acts. An IT administrator sets domains up; what
// concerns people and the rules is an administrator's.
func (s *Section) Routes() []console.Route {
	const at, report = "/workspaces/{ws}/domains", "/workspaces/{ws}/domain-report"
	look, setUp, decide := console.Access{Role: console.Viewer}, console.Access{Role: console.ITAdmin}, console.Access{Role: console.Admin}
	certain := console.Access{Role: console.Admin, StepUp: true}
	return []console.Route{
		console.Page("domains.home", at, look, s.home),
		console.Act("domains.add", at+"/add", setUp, s.add).On("domains.home"),
		console.Act("domains.check", at+"/check", setUp, s.check).On("domains.home"),
		console.Act("domains.rules", at+"/rules", decide, s.rules).On("domains.home"),
		console.Page("domains.removing", at+"/{domain}/remove", decide, s.removing),
		console.Act("domains.remove", at+"/{domain}/remove", certain, s.remove).On("domains.removing"),
		console.Page("domains.overriding", at+"/{domain}/override", console.Access{Role: console.ServerOwner}, s.overriding),
		console.Act("domains.override", at+"/{domain}/override", console.Access{Role: console.ServerOwner, StepUp: true}, s.override).On("domains.overriding"),

		console.Page("domains.report", report, look, s.report),
		console.Download("domains.csv", report+".csv", look, s.csv),
		console.Page("domains.editing", report+"/{id}/email", decide, s.editing),
		console.Act("domains.email", report+"/{id}/email", decide, s.email).On("domains.editing"),
		console.Page("domains.allowing", report+"/allow", decide, s.allowing),
		console.Act("domains.allow", report+"/allow", decide, s.allow).On("domains.allowing"),
		console.Act("domains.next", report+"/next", setUp, s.next).Unaudited().On("domains.report"),

		console.Page("domains.department", at+"/department", setUp, s.department),
		console.Act("domains.setdepartment", at+"/department", setUp, s.setDepartment).On("domains.department"),
	}
}

// steps are those of the set-up, with the one that somebody is at.
func steps(c *console.Call, now int, states [3]bool) []console.Step {
	all := []console.Step{
		{Title: "Domains", To: c.Path("domains.home")},
		{Title: "People outside", To: c.Path("domains.report")},
		{Title: "Default department"},
	}
	if c.May("domains.department") {
		all[2].To = c.Path("domains.department")
	}
	for i := range all {
		switch {
		case i == now:
			all[i].State = "now"
		case states[i]:
			all[i].State = "done"
		default:
			all[i].State = "todo"
		}
	}
	return all
}

// crumbs lead back to the domains.
func crumbs(c *console.Call, here string) []console.Link {
	return []console.Link{{Text: "Domains", To: c.Path("domains.home")}, {Text: here}}
}
