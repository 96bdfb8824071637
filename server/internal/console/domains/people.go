package domains

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	flow "github.com/lanyard-sso/lanyard/server/internal/domains"
)

const (
	// perPage is how many people a page shows, and mostPerPage how many a program
	// may ask for at once.
	perPage, mostPerPage = 50, 10_000
)

// reportPage is the people outside the domains.
type reportPage struct {
	flow.Report
	// Show and Find are what is looked for, Matching how many are found.
	Show     string `json:"show"`
	Find     string `json:"find"`
	Matching int    `json:"matching"`
	// Next is the "from" of the next page; 0 where this is the last.
	Next  int            `json:"next"`
	Pager console.Pager  `json:"-"`
	Steps []console.Step `json:"-"`
}

// Head is that of a page.
func (reportPage) Head() console.Head {
	return console.Head{Title: "People outside your domains", Template: "domains/report.html", Nav: "domains"}
}

// Shows are the choices of what is listed.
func (reportPage) Shows() []console.Option {
	return []console.Option{
		{Value: "", Label: "Everybody outside"},
		{Value: "open", Label: "To be decided"},
		{Value: "lose_access", Label: "Lose access"},
		{Value: "exempt", Label: "Exempt"},
		{Value: "expired", Label: "Exemption over"},
		{Value: "guests", Label: "Guests"},
	}
}

// Named are the domains as people read them.
func (p reportPage) Named() string { return named(p.Domains) }

// Named are the domains as people read them.
func (p editPage) Named() string { return named(p.Domains) }

func named(domains []string) string {
	var all []string
	for _, d := range domains {
		all = append(all, flow.Shown(d))
	}
	return strings.Join(all, ", ")
}

// Left says in words what is left to be decided.
func (p reportPage) Left() string {
	if p.Undecided == 1 {
		return "One person is left to be decided on."
	}
	return fmt.Sprintf("%d people are left to be decided on.", p.Undecided)
}

type reportInput struct {
	Show string `json:"show"`
	Find string `json:"find"`
	// From is how many are left out before the first, Count how many are shown.
	From  int `json:"from"`
	Count int `json:"count"`
}

func (s *Section) report(ctx context.Context, c *console.Call, in reportInput) (reportPage, error) {
	r, err := s.flow.Report(ctx, c.Workspace.ID)
	if err != nil {
		return reportPage{}, err
	}
	p := reportPage{Report: r, Show: in.Show, Find: in.Find}
	found := r.Only(flow.Filter{Show: in.Show, Find: in.Find})
	p.Matching = len(found)
	count := perPage
	if in.Count > 0 {
		count = min(in.Count, mostPerPage)
	}
	from := min(max(in.From, 0), len(found))
	to := min(from+count, len(found))
	p.People = found[from:to]
	link := func(at int) string {
		return c.Path("domains.report", "show", in.Show, "find", in.Find, "from", strconv.Itoa(at))
	}
	if to < len(found) {
		p.Next, p.Pager.Next = to, link(to)
	}
	if from > 0 {
		p.Pager.Previous = link(max(from-count, 0))
	}
	if p.Pager.Next != "" || p.Pager.Previous != "" {
		p.Pager.Says = fmt.Sprintf("%d–%d of %d", from+1, to, len(found))
	}
	p.Steps = steps(c, 1, [3]bool{len(r.Domains) > 0, r.Ready, c.Workspace.DefaultDepartment != ""})
	return p, nil
}

type csvInput struct {
	Show string `json:"show"`
	Find string `json:"find"`
}

func (s *Section) csv(ctx context.Context, c *console.Call, in csvInput) (console.File, error) {
	r, err := s.flow.Report(ctx, c.Workspace.ID)
	if err != nil {
		return console.File{}, err
	}
	data, err := flow.CSV(r.Only(flow.Filter{Show: in.Show, Find: in.Find}))
	return console.File{Name: c.Workspace.ID + "-outside-domains.csv", Type: "text/csv; charset=utf-8", Data: data}, err
}

// editPage gives somebody another e-mail address.
type editPage struct {
	Person  flow.Person    `json:"person"`
	Domains []string       `json:"domains"`
	Up      []console.Link `json:"-"`
}

// Head is that of a page.
func (p editPage) Head() console.Head {
	return console.Head{Title: "E-mail address of " + p.Person.Name, Template: "domains/edit.html", Nav: "domains", Crumbs: p.Up}
}

type personInput struct {
	ID string `json:"id"`
}

func (s *Section) editing(ctx context.Context, c *console.Call, in personInput) (editPage, error) {
	p, domains, err := s.flow.Person(ctx, c.Workspace.ID, in.ID)
	return editPage{Person: p, Domains: domains, Up: append(peopleCrumbs(c), console.Link{Text: "Edit"})}, err
}

func peopleCrumbs(c *console.Call) []console.Link {
	return []console.Link{{Text: "Domains", To: c.Path("domains.home")}, {Text: "People outside", To: c.Path("domains.report")}}
}

type emailInput struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	// Version is that of the person as they were shown; 0 is any.
	Version int64 `json:"version"`
}

// emailed is what came of another address.
type emailed struct {
	console.Done
	ID     string `json:"id"`
	Email  string `json:"email"`
	Was    string `json:"was"`
	Inside bool   `json:"inside"`
	// Mailed says that the new address is told of it.
	Mailed bool `json:"mailed"`
}

func (s *Section) email(ctx context.Context, c *console.Call, in emailInput) (emailed, error) {
	c.Target(in.ID)
	c.Note("email", in.Email)
	out, err := s.flow.ChangeEmail(ctx, c.Workspace.ID, c.Me.Called(), in.ID, in.Version, in.Email)
	if err != nil {
		switch code, _ := problem.Of(err); code {
		case problem.EmailInvalid, problem.EmailTaken, problem.EmailSame:
			return emailed{}, console.Fault{Field: "email", Err: err}
		}
		return emailed{}, err
	}
	e := emailed{ID: in.ID, Email: directory.MailOf(out.Person.Doc), Was: out.Was, Inside: out.Verdict.Inside, Mailed: out.Mailed}
	e.Say = "The address is " + e.Email + " now."
	if !e.Inside {
		e.Say += " It is of none of your domains either."
	}
	switch {
	case e.Mailed:
		e.Say += " A mail asks them to confirm it."
	default:
		e.Say += " They are not told by mail: no mail could be sent from here."
	}
	e.To = c.Path("domains.report")
	return e, nil
}

// allowPage asks which of its two meanings Allow is to have.
type allowPage struct {
	// People are whom it is about, at most a page of them; Number is how many.
	People []flow.Person `json:"people"`
	Number int           `json:"number"`
	IDs    []string      `json:"ids"`
	// All: it is about everybody who is left to be decided on.
	All bool           `json:"all"`
	Up  []console.Link `json:"-"`
	// Action is where the choice is sent: it names the people once more, for the
	// page that is shown where it is refused.
	Action string `json:"-"`
	// Latest is the last day that an exemption can have, Earliest the first.
	Latest   string `json:"latest"`
	Earliest string `json:"earliest"`
	// Owner is proposed as the one who answers for it.
	Owner string `json:"owner"`
}

// Head is that of a page.
func (p allowPage) Head() console.Head {
	title := fmt.Sprintf("Allow %d people", p.Number)
	if p.Number == 1 && len(p.People) == 1 {
		title = "Allow " + p.People[0].Name
	}
	return console.Head{Title: title, Template: "domains/allow.html", Nav: "domains", Crumbs: p.Up}
}

// More is how many people are not named.
func (p allowPage) More() int { return p.Number - len(p.People) }

// Taken says that something is decided already about one of them.
func (p allowPage) Taken() bool {
	return slices.ContainsFunc(p.People, func(p flow.Person) bool { return p.Decision != flow.Undecided })
}

// Chosen is what was decided, where that is about one person.
func (p allowPage) Chosen() string {
	if p.Number == 1 && len(p.People) == 1 && !p.People[0].Decision.Open() {
		return string(p.People[0].Decision)
	}
	return ""
}

// Kinds are the two meanings.
func (allowPage) Kinds() []console.Option {
	return []console.Option{
		{Value: string(directory.DecideLose), Label: "Let them lose access", Hint: "They do not need this workspace any more. They go on as before until single sign-on is enabled, and are suspended at that moment. They can be restored."},
		{Value: string(directory.DecideExempt), Label: "Exempt", Hint: "They keep their access although their address is of none of your domains, and may keep signing in with a password. Somebody has to answer for it, and it ends on a day that you choose."},
	}
}

type allowingInput struct {
	ID  []string `json:"id"`
	All bool     `json:"all"`
}

func (s *Section) allowing(ctx context.Context, c *console.Call, in allowingInput) (allowPage, error) {
	r, err := s.flow.Report(ctx, c.Workspace.ID)
	if err != nil {
		return allowPage{}, err
	}
	people := r.Only(flow.Filter{Show: "open"})
	if !in.All {
		people = slices.DeleteFunc(slices.Clone(r.People), func(p flow.Person) bool { return !slices.Contains(in.ID, p.ID) })
	}
	if len(people) == 0 {
		return allowPage{}, problem.New(problem.DomainNobody)
	}
	var ids []string
	for _, p := range people {
		ids = append(ids, p.ID)
	}
	again := url.Values{"id": ids}
	if in.All {
		again = url.Values{"all": {"true"}}
	}
	return allowPage{
		IDs: ids, Action: c.Path("domains.allow") + "?" + again.Encode(), People: people[:min(len(people), perPage)], Number: len(people), All: in.All, Up: append(peopleCrumbs(c), console.Link{Text: "Allow"}),
		Earliest: c.Now.UTC().Format(time.DateOnly), Latest: c.Now.UTC().Add(directory.MaxExemption).AddDate(0, 0, -1).Format(time.DateOnly), Owner: c.Me.Email,
	}, nil
}

type allowInput struct {
	ID  []string `json:"id"`
	All bool     `json:"all"`
	// Kind is lose_access, exempt, or undo, which takes back what was decided.
	Kind   string `json:"kind"`
	Owner  string `json:"owner"`
	Reason string `json:"reason"`
	// Until is the last day of an exemption, as 2027-03-31.
	Until string `json:"until"`
}

// allowed is what was decided.
type allowed struct {
	console.Done
	Number int    `json:"number"`
	Kind   string `json:"kind"`
}

func (s *Section) allow(ctx context.Context, c *console.Call, in allowInput) (allowed, error) {
	choice := flow.Choice{People: in.ID, Kind: directory.DecisionKind(in.Kind), Owner: in.Owner, Reason: in.Reason}
	switch {
	case in.Kind == "":
		return allowed{}, console.Fault{Field: "kind", Err: problem.New(problem.DomainDecision)}
	case in.Kind == "undo":
		choice.Kind = ""
	case choice.Kind == directory.DecideExempt && in.Until != "":
		until, err := flow.ParseDay(in.Until)
		if err != nil {
			return allowed{}, console.Fault{Field: flow.FieldUntil, Err: err}
		}
		choice.Until = until
	}
	if in.All {
		r, err := s.flow.Report(ctx, c.Workspace.ID)
		if err != nil {
			return allowed{}, err
		}
		choice.People = nil
		for _, p := range r.Only(flow.Filter{Show: "open"}) {
			choice.People = append(choice.People, p.ID)
		}
	}
	c.Target(strings.Join(choice.People[:min(len(choice.People), perPage)], " "))
	c.Note("decision", in.Kind)
	c.Note("people", strconv.Itoa(len(choice.People)))
	if choice.Kind == directory.DecideExempt {
		c.Note("owner", in.Owner)
		c.Note("reason", in.Reason)
		c.Note("until", in.Until)
	}
	n, err := s.flow.Decide(ctx, c.Workspace.ID, c.Me.Called(), choice)
	if err != nil {
		return allowed{}, fieldFaults(err)
	}
	return allowed{Done: console.Done{To: c.Path("domains.report"), Say: decided(n, choice.Kind)}, Number: n, Kind: in.Kind}, nil
}

// fieldFaults are the faults of a choice, by the fields of the form.
func fieldFaults(err error) error {
	var all console.Faults
	for _, f := range flow.Faults(err) {
		if f.Entry == flow.FieldPeople {
			return f.Err
		}
		all = append(all, console.Fault{Field: f.Entry, Err: f.Err})
	}
	if len(all) == 0 {
		return err
	}
	return all.Or()
}

func decided(n int, kind directory.DecisionKind) string {
	who := many(n, "person", "people")
	switch kind {
	case directory.DecideLose:
		return who + " will lose access when single sign-on is enabled."
	case directory.DecideExempt:
		return who + " exempt: they keep their access until the day you chose."
	}
	return "Taken back for " + who + ": to be decided again."
}

// next goes on once everybody is decided on (row F6).
func (s *Section) next(ctx context.Context, c *console.Call, _ noInput) (console.Done, error) {
	if err := s.flow.Ready(ctx, c.Workspace.ID); err != nil {
		return console.Done{}, err
	}
	return console.Done{To: c.Path("domains.department")}, nil
}

// departmentPage chooses the department of newcomers (row E4).
type departmentPage struct {
	Department string         `json:"department"`
	Steps      []console.Step `json:"-"`
	// Onward is where the set-up goes on.
	Onward []console.Link `json:"-"`
}

// Head is that of a page.
func (departmentPage) Head() console.Head {
	return console.Head{Title: "Default department", Template: "domains/department.html", Nav: "domains"}
}

func (s *Section) department(ctx context.Context, c *console.Call, _ noInput) (departmentPage, error) {
	p := departmentPage{Department: c.Workspace.DefaultDepartment}
	ready := s.flow.Ready(ctx, c.Workspace.ID)
	if code, _ := problem.Of(ready); ready != nil && code != problem.DomainUndecided && code != problem.DomainUnproven {
		return p, ready
	}
	p.Steps = steps(c, 2, [3]bool{!errors.Is(ready, problem.New(problem.DomainUnproven)), ready == nil, false})
	for _, to := range []struct{ route, text string }{{"mobile.home", "Configure the mobile app"}, {"saml.home", "Test SSO and enable it for your team"}} {
		if c.Has(to.route) && c.May(to.route) {
			p.Onward = append(p.Onward, console.Link{Text: to.text, To: c.Path(to.route)})
		}
	}
	return p, nil
}

type departmentInput struct {
	Department string `json:"department"`
}

func (s *Section) setDepartment(ctx context.Context, c *console.Call, in departmentInput) (console.Done, error) {
	c.Note("department", in.Department)
	ws, err := s.flow.SetDepartment(ctx, c.Workspace.ID, in.Department)
	if err != nil {
		return console.Done{}, console.Fault{Field: "department", Err: err}
	}
	say := "New people come without a department, unless Entra sends one."
	if ws.DefaultDepartment != "" {
		say = "New people get the department " + ws.DefaultDepartment + ", unless Entra sends one."
	}
	return console.Done{To: c.Path("domains.department"), Say: say}, nil
}
