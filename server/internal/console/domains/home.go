package domains

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	flow "github.com/lanyard-sso/lanyard/server/internal/domains"
)

// homePage is the domains of a workspace.
type homePage struct {
	Domains []flow.Document `json:"domains"`
	// Suggested are domains that are probably the workspace's too.
	Suggested []flow.Suggestion `json:"suggested"`
	Rules     rulesForm         `json:"rules"`
	// Counts are those of people, once a domain is verified.
	Counts counts         `json:"counts"`
	Steps  []console.Step `json:"-"`
	// Typed is what stands in the editor.
	Typed string `json:"-"`
	// To is the page of the people outside.
	To string `json:"-"`
}

// counts are how many people are outside.
type counts struct {
	Checked   int  `json:"checked"`
	Outside   int  `json:"outside"`
	Undecided int  `json:"undecided"`
	Ready     bool `json:"ready"`
}

// rulesForm is what becomes of people outside.
type rulesForm struct {
	Enforcement directory.DomainEnforcement `json:"enforcement"`
	Subdomains  bool                        `json:"subdomains"`
	Version     int64                       `json:"version"`
	Rule        string                      `json:"rule"`
}

// Head is that of a page.
func (homePage) Head() console.Head {
	return console.Head{Title: "Verify domains", Template: "domains/home.html", Nav: "domains"}
}

// Verified are how many domains are proven, Waiting how many are not.
func (p homePage) Verified() int {
	n := 0
	for _, d := range p.Domains {
		if d.Verified {
			n++
		}
	}
	return n
}

// Waiting is how many domains wait for their record.
func (p homePage) Waiting() int { return len(p.Domains) - p.Verified() }

// Enforcements are the choices of what becomes of people outside.
func (homePage) Enforcements() []console.Option {
	return []console.Option{
		{Value: string(directory.DomainDeny), Label: "Refuse them (deny)", Hint: "Once single sign-on is enforced they cannot sign in, unless they are exempt, and provisioning does not create them."},
		{Value: string(directory.DomainWarn), Label: "Let them in (warn)", Hint: "They sign in as before, and it is written into the log."},
	}
}

// Offers are the suggestions as choices.
func (p homePage) Offers() []console.Option {
	var all []console.Option
	for _, s := range p.Suggested {
		o := console.Option{Value: s.Domain, Label: flow.Shown(s.Domain)}
		switch {
		case s.People == 1:
			o.Hint = "One person has an address of it."
		case s.People > 1:
			o.Hint = fmt.Sprintf("%d people have an address of it.", s.People)
		case s.Tenant:
			o.Hint = "Sign-in with Microsoft is set up for it."
		default:
			o.Hint = "Your own address is of it."
		}
		all = append(all, o)
	}
	return all
}

type noInput struct{}

func (s *Section) home(ctx context.Context, c *console.Call, _ noInput) (homePage, error) {
	o, err := s.flow.Show(ctx, c.Workspace.ID)
	if err != nil {
		return homePage{}, err
	}
	p := homePage{
		Domains: flow.Documents(o.Claims), Suggested: []flow.Suggestion{}, To: c.Path("domains.report"),
		Rules: rulesForm{Enforcement: o.Policy.Enforcement, Subdomains: o.Policy.Subdomains, Version: o.Version, Rule: directory.DomainRule},
	}
	if p.Rules.Enforcement == "" {
		p.Rules.Enforcement = directory.DomainDeny
	}
	if c.May("domains.add") {
		if p.Suggested, err = s.flow.Suggest(ctx, o, c.Me.Email); err != nil {
			return homePage{}, err
		}
	}
	if p.Verified() > 0 {
		r, err := s.flow.Report(ctx, c.Workspace.ID)
		if err != nil {
			return homePage{}, err
		}
		p.Counts = counts{Checked: r.Checked, Outside: r.Outside, Undecided: r.Undecided, Ready: r.Ready}
	}
	p.Steps = steps(c, 0, [3]bool{p.Verified() > 0, p.Counts.Ready, c.Workspace.DefaultDepartment != ""})
	return p, nil
}

type addInput struct {
	// Domains are as they were typed, parted by lines, commas or space.
	Domains string `json:"domains"`
	// Suggested are those of the suggestions that were ticked.
	Suggested []string `json:"suggested"`
}

// checked is what came of looking for records.
type checked struct {
	console.Done
	Domains []flow.Document `json:"domains"`
}

// add takes in what was entered and looks for all records that are not there yet.
func (s *Section) add(ctx context.Context, c *console.Call, in addInput) (checked, error) {
	typed := append([]string{in.Domains}, in.Suggested...)
	c.Target(strings.Join(flow.Split(strings.Join(typed, " ")), " "))
	_, err := s.flow.Add(ctx, c.Workspace.ID, c.Me.Called(), typed)
	if errors.Is(err, problem.New(problem.DomainNone)) { // the check of those that are there
		err = s.anyListed(ctx, c)
	}
	if err != nil {
		return checked{}, faults("domains", err)
	}
	return s.look(ctx, c, "")
}

// anyListed says that nothing was entered, unless there are domains already.
func (s *Section) anyListed(ctx context.Context, c *console.Call) error {
	o, err := s.flow.Show(ctx, c.Workspace.ID)
	if err == nil && len(o.Claims) == 0 {
		return problem.New(problem.DomainNone)
	}
	return err
}

type domainInput struct {
	Domain string `json:"domain"`
}

func (s *Section) check(ctx context.Context, c *console.Call, in domainInput) (checked, error) {
	c.Target(in.Domain)
	return s.look(ctx, c, in.Domain)
}

func (s *Section) look(ctx context.Context, c *console.Call, only string) (checked, error) {
	claims, err := s.flow.Check(ctx, c.Workspace.ID, c.Me.Called(), only)
	if err != nil {
		return checked{}, err
	}
	done, waiting := 0, 0
	for _, claim := range claims {
		if claim.Proven() {
			done++
		} else {
			waiting++
		}
	}
	say := fmt.Sprintf("The check is done: %s verified.", many(done, "domain is", "domains are"))
	if waiting > 0 {
		say = fmt.Sprintf("The check is done: %s verified, %s for a record.", many(done, "domain is", "domains are"), many(waiting, "waits", "wait"))
	}
	return checked{Done: console.Done{To: c.Path("domains.home"), Say: say}, Domains: flow.Documents(claims)}, nil
}

func many(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, several)
}

// faults makes one fault of a field of all that is wrong with what was entered.
func faults(field string, err error) error {
	var all console.Faults
	for _, f := range flow.Faults(err) {
		all = append(all, console.Fault{Field: field, Err: f.Err})
	}
	if len(all) == 0 {
		return err
	}
	return all.Or()
}

type rulesInput struct {
	Enforcement string `json:"enforcement"`
	Subdomains  bool   `json:"subdomains"`
	Version     int64  `json:"version"`
}

func (s *Section) rules(ctx context.Context, c *console.Call, in rulesInput) (console.Done, error) {
	c.Note("outside", in.Enforcement)
	c.Note("subdomains", fmt.Sprint(in.Subdomains))
	err := s.flow.SetPolicy(ctx, c.Workspace.ID, c.Me.Called(), in.Version,
		directory.DomainPolicy{Enforcement: directory.DomainEnforcement(in.Enforcement), Subdomains: in.Subdomains})
	return console.Done{To: c.Path("domains.home"), Say: "The rules are saved."}, err
}

// removePage asks before a domain is taken away.
type removePage struct {
	Domain flow.Document  `json:"domain"`
	Up     []console.Link `json:"-"`
	// Lose is how many people would be outside then, and are not now.
	Lose int `json:"lose"`
}

// Head is that of a page.
func (p removePage) Head() console.Head {
	return console.Head{Title: "Remove " + p.Domain.Shown, Template: "domains/remove.html", Nav: "domains", Crumbs: p.Up}
}

func (s *Section) removing(ctx context.Context, c *console.Call, in domainInput) (removePage, error) {
	o, err := s.flow.Show(ctx, c.Workspace.ID)
	if err != nil {
		return removePage{}, err
	}
	d, err := listed(o, in.Domain)
	if err != nil {
		return removePage{}, err
	}
	p := removePage{Domain: d, Up: crumbs(c, "Remove")}
	if d.Verified && len(o.Workspace.Domains) > 1 {
		p.Lose, err = s.flow.Of(ctx, o, d.Domain)
	}
	return p, err
}

func listed(o flow.Overview, domain string) (flow.Document, error) {
	i := slices.IndexFunc(o.Claims, func(c directory.DomainClaim) bool { return c.Domain == domain })
	if i < 0 {
		return flow.Document{}, problem.New(problem.DomainUnlisted)
	}
	return flow.DocumentOf(o.Claims[i]), nil
}

func (s *Section) remove(ctx context.Context, c *console.Call, in domainInput) (console.Done, error) {
	c.Target(in.Domain)
	err := s.flow.Remove(ctx, c.Workspace.ID, in.Domain)
	return console.Done{To: c.Path("domains.home"), Say: flow.Shown(in.Domain) + " is removed."}, err
}

// overridePage confirms a domain without a record.
type overridePage struct {
	Domain flow.Document  `json:"domain"`
	Up     []console.Link `json:"-"`
}

// Head is that of a page.
func (p overridePage) Head() console.Head {
	return console.Head{Title: "Confirm " + p.Domain.Shown + " without a record", Template: "domains/override.html", Nav: "domains", Crumbs: p.Up}
}

func (s *Section) overriding(ctx context.Context, c *console.Call, in domainInput) (overridePage, error) {
	o, err := s.flow.Show(ctx, c.Workspace.ID)
	if err != nil {
		return overridePage{}, err
	}
	d, err := listed(o, in.Domain)
	return overridePage{Domain: d, Up: crumbs(c, "Confirm")}, err
}

type overrideInput struct {
	Domain string `json:"domain"`
	Reason string `json:"reason"`
}

func (s *Section) override(ctx context.Context, c *console.Call, in overrideInput) (checked, error) {
	c.Target(in.Domain)
	c.Note("reason", in.Reason)
	claim, err := s.flow.Override(ctx, c.Workspace.ID, c.Me.Called(), in.Domain, in.Reason)
	if errors.Is(err, problem.New(problem.DomainReason)) {
		return checked{}, console.Fault{Field: "reason", Err: err}
	}
	if err != nil {
		return checked{}, err
	}
	return checked{
		Done:    console.Done{To: c.Path("domains.home"), Say: flow.Shown(claim.Domain) + " is verified."},
		Domains: []flow.Document{flow.DocumentOf(claim)},
	}, nil
}
