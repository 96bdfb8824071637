package domains

import (
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	flow "github.com/lanyard-sso/lanyard/server/internal/domains"
)

// Examples are the pages, empty and full.
func (*Section) Examples() []console.Example {
	viewer := console.Principal{ID: "v", Name: "Vera", Roles: map[string]console.Role{"acme": console.Viewer}}
	report := exampleReport()
	ready := report
	ready.People, ready.Undecided, ready.Losing, ready.Exempt, ready.Outside, ready.Ready, ready.Guests = report.People[2:4], 0, 1, 1, 2, true, 0
	nobody := reportPage{Report: flow.Report{Domains: []string{"acme.example"}, Rule: directory.DomainRule, Checked: 42, Ready: true}, Steps: exampleSteps(1)}
	rules := rulesForm{Enforcement: directory.DomainDeny, Rule: directory.DomainRule}
	full := homePage{
		Domains: exampleDomains(), Rules: rules, Counts: counts{Checked: 42, Outside: 4, Undecided: 2}, Steps: exampleSteps(0), To: "/admin/workspaces/acme/domain-report",
		Suggested: []flow.Suggestion{{Domain: "acme-eu.example", People: 12}, {Domain: "one.example", People: 1}, {Domain: "hint.example", Tenant: true}, {Domain: "own.example"}},
	}
	all := full
	all.Domains, all.Suggested, all.Counts = full.Domains[:1], nil, counts{Checked: 42, Ready: true}
	up := []console.Link{{Text: "Domains", To: "/admin/workspaces/acme/domains"}, {Text: "Remove"}}
	one := allowPage{People: report.People[:1], Number: 1, IDs: []string{"u1"}, Up: up, Earliest: "2026-03-14", Latest: "2027-03-14", Owner: "ada@acme.example", Action: "/admin/workspaces/acme/domain-report/allow?id=u1"}
	many := one
	many.People, many.Number, many.All, many.Action = report.People, 180, true, "/admin/workspaces/acme/domain-report/allow?all=true"
	late := console.Faults{
		{Field: "owner", Err: problem.Detailf(problem.ExemptionOwner, "It is %q.", "boss")}, {Field: "reason", Err: problem.New(problem.ExemptionReason)}, {Field: "until", Err: problem.New(problem.ExemptionUntil)},
	}
	return []console.Example{
		{Name: "domains/home empty", View: homePage{Domains: []flow.Document{}, Rules: rules, Steps: exampleSteps(0)}},
		{Name: "domains/home refused", View: homePage{Rules: rules, Steps: exampleSteps(0)}, Err: console.Fault{Field: "domains", Err: problem.Detailf(problem.DomainFreeMail, "It is gmail.com.")}},
		{Name: "domains/home full", View: full},
		{Name: "domains/home all inside", View: all},
		{Name: "domains/home viewer", View: full, Me: viewer},
		{Name: "domains/report without domains", View: reportPage{Report: flow.Report{Rule: directory.DomainRule}, Steps: exampleSteps(1)}},
		{Name: "domains/report nobody", View: nobody},
		{Name: "domains/report full", View: reportPage{Report: report, Matching: 4, Pager: console.Pager{Next: "/admin/workspaces/acme/domain-report?from=50", Says: "1–50 of 180"}, Steps: exampleSteps(1)}},
		{Name: "domains/report ready", View: reportPage{Report: ready, Matching: 2, Steps: exampleSteps(1)}},
		{Name: "domains/report viewer", View: reportPage{Report: report, Matching: 4, Steps: exampleSteps(1)}, Me: viewer},
		{Name: "domains/report none found", View: reportPage{Report: flow.Report{Domains: report.Domains, Rule: report.Rule, Checked: 42, Outside: 4, Undecided: 1}, Find: "zoe", Steps: exampleSteps(1)}},
		{Name: "domains/editing", View: editPage{Person: report.People[0], Domains: report.Domains, Up: up}},
		{Name: "domains/editing refused", View: editPage{Person: report.People[1], Domains: report.Domains, Up: up}, Err: console.Fault{Field: "email", Err: problem.New(problem.EmailTaken)}},
		{Name: "domains/allowing one", View: one},
		{Name: "domains/allowing many", View: many},
		{Name: "domains/allowing refused", View: one, Err: late},
		{Name: "domains/removing", View: removePage{Domain: exampleDomains()[0], Lose: 12, Up: up}},
		{Name: "domains/removing unverified", View: removePage{Domain: exampleDomains()[1], Up: up}},
		{Name: "domains/overriding", View: overridePage{Domain: exampleDomains()[1], Up: up}},
		{Name: "domains/department empty", View: departmentPage{Steps: exampleSteps(2)}},
		{Name: "domains/department full", View: departmentPage{Department: "Sales", Steps: exampleSteps(2), Onward: []console.Link{{Text: "Configure the mobile app", To: "/admin/workspaces/acme/mobile"}}}},
	}
}

func exampleSteps(now int) []console.Step {
	all := []console.Step{{Title: "Domains", To: "/admin/workspaces/acme/domains"}, {Title: "People outside", To: "/admin/workspaces/acme/domain-report"}, {Title: "Default department", To: "/admin/workspaces/acme/domains/department"}}
	for i := range all {
		all[i].State = "todo"
		if i < now {
			all[i].State = "done"
		}
	}
	all[now].State = "now"
	return all
}

func exampleDomains() []flow.Document {
	at := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	claim := func(domain string, outcome problem.Code, detail string) directory.DomainClaim {
		return directory.DomainClaim{Domain: domain, Challenge: "lanyard-domain-verification=7xk2q5v3tq4b6zn2m8w1r9c0yd", Who: "ada@acme.example", Created: at, Checked: at, Outcome: string(outcome), Detail: detail, Next: at.Add(time.Minute)}
	}
	proven := claim("acme.example", "", "")
	proven.Proof, proven.Verified, proven.VerifiedBy = directory.ProofDNS, at, "ada@acme.example"
	fresh := claim("neu.example", "", "")
	fresh.Checked = time.Time{}
	old := claim("alt.example", problem.DomainServFail, "")
	old.Next = time.Time{}
	byWord, byCommand := proven, proven
	byWord.Domain, byWord.Proof, byWord.Reason = "acme.onmicrosoft.com", directory.ProofOverride, "Seen under Custom domain names."
	byCommand.Domain, byCommand.Proof, byCommand.VerifiedBy = "old.example", directory.ProofOperator, "operator (command)"
	return flow.Documents([]directory.DomainClaim{
		proven, claim("xn--mnchen-3ya.example", problem.DomainWrongRecord, `It holds "v=spf1 -all".`), fresh, old, byWord, byCommand,
	})
}

func exampleReport() flow.Report {
	at := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	until := at.AddDate(0, 6, 0)
	return flow.Report{
		Workspace: "acme", Domains: []string{"acme.example", "xn--mnchen-3ya.example"}, Rule: directory.DomainRule, Enforcement: directory.DomainDeny,
		Checked: 42, Outside: 5, Undecided: 3, Losing: 1, Exempt: 1, Guests: 1,
		People: []flow.Person{
			{ID: "u1", Name: "Grace Hopper", UserName: "grace@acme.example", Mail: "grace@mail.example", Judged: "grace@mail.example", Domain: "mail.example", By: directory.ByMail, Version: 3},
			{ID: "u2", Name: "Alan Turing", UserName: "alan_partner.example#EXT#@acme.onmicrosoft.com", Judged: "alan@partner.example", Domain: "partner.example", By: directory.ByGuest, Guest: true, Version: 1},
			{ID: "u3", Name: "Edsger Dijkstra", UserName: "edsger@old.example", Judged: "edsger@old.example", Domain: "old.example", By: directory.ByUPN, Version: 1, Decision: flow.Losing, DecidedBy: "ada@acme.example", DecidedAt: &at},
			{ID: "u4", Name: "Barbara Liskov", UserName: "barbara", By: directory.ByNone, Version: 1, Decision: flow.Exempt, Owner: "ada@acme.example", Reason: "Auditor until the year is closed.", Until: &until, DecidedBy: "ada@acme.example", DecidedAt: &at},
			{ID: "u5", Name: "Tony Hoare", UserName: "tony@mail.example", Mail: "tony@mail.example", Judged: "tony@mail.example", Domain: "mail.example", By: directory.ByMail, Version: 1, Decision: flow.Expired, Owner: "ada@acme.example", Reason: "Project", Until: &at, DecidedBy: "ada@acme.example", DecidedAt: &at},
		},
	}
}
