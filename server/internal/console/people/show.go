package people

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/people"
	"github.com/lanyard-sso/lanyard/server/internal/timeline"
)

const (
	// shortLog and longLog are how many lines of a timeline a page shows.
	shortLog, longLog = 8, 300
	// maxGroups is how many groups of a person are listed.
	maxGroups = 50
)

type personInput struct {
	ID string `json:"id"`
}

// personPage is one person.
type personPage struct {
	row
	Title      string    `json:"title"`
	ExternalID string    `json:"external_id"`
	ObjectID   string    `json:"object_id"`
	Created    time.Time `json:"created"`
	// RoleFrom says where the role comes from, RoleByHand whether an administrator
	// gave it.
	RoleFrom   string `json:"role_from"`
	RoleByHand bool   `json:"role_by_hand"`
	// HadRole is the administrator's role that was lost when access ended.
	HadRole    string    `json:"had_role,omitempty"`
	HadUntil   time.Time `json:"had_role_until,omitzero"`
	Groups     []groupAt `json:"groups"`
	MoreGroups int       `json:"more_groups,omitempty"`
	Attributes []fact    `json:"attributes"`
	Sessions   []session `json:"sessions"`
	SignIn     []way     `json:"sign_in"`
	Log        []line    `json:"timeline"`
}

// groupAt is a group that somebody is in.
type groupAt struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// session is one that a person is signed in with.
type session struct {
	ID     string    `json:"id"`
	Device string    `json:"device"`
	Method string    `json:"method"`
	Web    bool      `json:"web"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
}

// way is whether somebody can sign in by a method.
type way struct {
	Title string `json:"title"`
	Can   bool   `json:"can"`
	// Why is the first rule that says no.
	Why string `json:"why,omitempty"`
}

// line is one of a timeline.
type line struct {
	timeline.Line
}

// When is the line's time.
func (l line) When() time.Time { return *l.At }

// Kind is what the line's source is called, Badge its colour.
func (l line) Kind() string {
	return map[timeline.Source]string{
		timeline.Provisioning: "Provisioning", timeline.Event: "Event", timeline.SignIn: "Sign-in",
		timeline.Command: "Command", timeline.Admin: "Administrator",
	}[l.Source]
}

// Badge is the kind of badge that shows it.
func (l line) Badge() string {
	switch {
	case l.Failed:
		return "bad"
	case l.Source == timeline.Command, l.Source == timeline.Admin:
		return "info"
	}
	return "off"
}

// Head is that of a page.
func (p personPage) Head() console.Head {
	return console.Head{Title: p.Name, Template: "people/show.html", Nav: "people"}
}

// Suspendable says whether there is access to end.
func (p personPage) Suspendable() bool {
	return p.State == state(directory.Active) || p.State == waiting
}

// Regrantable says whether a lost role can be given back.
func (p personPage) Regrantable() bool { return p.HadRole != "" && p.Suspendable() }

func (s *Section) show(ctx context.Context, c *console.Call, in personInput) (personPage, error) {
	d := s.desk(c)
	u, err := d.Person(ctx, c.Workspace, in.ID)
	if err != nil {
		return personPage{}, err
	}
	verdicts, err := d.Explain(ctx, c.Workspace, u)
	if err != nil {
		return personPage{}, err
	}
	p := personPage{
		row: rowOf(u, unseated(verdicts)), Title: directory.ProfileOf(u).Title, ExternalID: u.ExternalID, ObjectID: u.ObjectID, Created: u.Created,
		HadRole: u.Ranking.Had, HadUntil: u.Ranking.HadUntil, Attributes: attributes(u.Doc), SignIn: ways(verdicts),
	}
	basis, rule, err := d.RoleSource(ctx, c.Workspace, u)
	if err != nil {
		return p, err
	}
	if name, err := s.groupName(ctx, c.Workspace, rule.Group); err != nil {
		return p, err
	} else if name != "" {
		rule.Group = name
	}
	p.RoleFrom, p.RoleByHand = roleFrom(basis, rule), basis == directory.RoleByHand
	groups, err := s.cfg.Store.GroupsOf(ctx, c.Workspace.Directory, u.ID)
	if err != nil {
		return p, fmt.Errorf("reading groups: %w", err)
	}
	p.Groups = []groupAt{}
	for _, g := range groups[:min(maxGroups, len(groups))] {
		p.Groups = append(p.Groups, groupAt{g.ID, g.DisplayName})
	}
	p.MoreGroups = len(groups) - len(p.Groups)
	live, err := d.Sessions(ctx, c.Workspace, u.ID)
	if err != nil {
		return p, err
	}
	p.Sessions = []session{}
	for _, n := range live {
		p.Sessions = append(p.Sessions, session{
			ID: n.ID, Device: n.Device, Method: people.MethodTitle(n.Via()), Web: n.Web, Since: n.Created, Until: n.Ends(),
		})
	}
	p.Log, err = s.log(ctx, c, u, shortLog)
	return p, err
}

func (s *Section) log(ctx context.Context, c *console.Call, u directory.User, most int) ([]line, error) {
	all, err := timeline.Of(ctx, s.cfg.Store, c.Workspace, u, most)
	lines := make([]line, len(all))
	for i, l := range all {
		lines[i] = line{l}
	}
	return lines, err
}

// roleFrom says where a role comes from.
func roleFrom(basis directory.RoleBasis, rule directory.RoleRule) string {
	switch basis {
	case directory.RoleByHand:
		return "Given by hand; it stands before every rule."
	case directory.RoleByRule:
		if rule.Group != "" {
			return "From the group " + rule.Group + "."
		}
		return "From the app role " + rule.AppRole + " in Entra."
	case directory.RoleBySent:
		return "Sent by provisioning."
	case directory.RoleByDefault:
		return "The workspace's default when the person came."
	}
	return "No rule gives them one."
}

// ways are the methods that the workspace has.
func ways(all []people.Verdict) []way {
	out := []way{}
	for _, v := range all {
		if !v.SetUp {
			continue
		}
		w := way{Title: v.Title, Can: v.Can}
		for _, r := range v.Rules {
			if r.State == "bad" && w.Why == "" {
				w.Why = r.Detail
			}
		}
		out = append(out, w)
	}
	return out
}

func unseated(all []people.Verdict) bool {
	for _, v := range all {
		if v.Waiting {
			return true
		}
	}
	return false
}

// timelinePage is all that is on record about a person.
type timelinePage struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Log  []line `json:"timeline"`
	// Full says that older lines are left out.
	Full bool `json:"full,omitempty"`
	crumbs
}

// crumbs lead from a page about a person to the person.
type crumbs struct {
	Up []console.Link `json:"-"`
}

// Head is that of a page.
func (p timelinePage) Head() console.Head {
	return console.Head{Title: "What happened", Template: "people/timeline.html", Nav: "people", Crumbs: p.Up}
}

func crumbsOf(c *console.Call, u directory.User, here string) crumbs {
	return crumbs{[]console.Link{
		{Text: "People", To: c.Path("people.list")},
		{Text: directory.ProfileOf(u).DisplayName, To: c.Path("people.show", "id", u.ID)},
		{Text: here},
	}}
}

func (s *Section) timeline(ctx context.Context, c *console.Call, in personInput) (timelinePage, error) {
	u, err := s.desk(c).Person(ctx, c.Workspace, in.ID)
	if err != nil {
		return timelinePage{}, err
	}
	log, err := s.log(ctx, c, u, longLog)
	return timelinePage{
		ID: u.ID, Name: directory.ProfileOf(u).DisplayName, Log: log, Full: len(log) == longLog, crumbs: crumbsOf(c, u, "What happened"),
	}, err
}

// accessPage says why a person can or can't sign in.
type accessPage struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Verdicts []verdict `json:"methods"`
	crumbs
}

// verdict is one method with its rules as checks.
type verdict struct {
	people.Verdict
	Checks []console.Check `json:"-"`
}

// Head is that of a page.
func (p accessPage) Head() console.Head {
	return console.Head{Title: "Can " + p.Name + " sign in?", Template: "people/access.html", Nav: "people", Crumbs: p.Up}
}

// Can says whether there is any way in.
func (p accessPage) Can() bool { return p.Any(true) }

// Any says whether any way in that is set up lets the person in, or keeps them out.
func (p accessPage) Any(can bool) bool {
	for _, v := range p.Verdicts {
		if v.SetUp && v.Can == can {
			return true
		}
	}
	return false
}

func (s *Section) access(ctx context.Context, c *console.Call, in personInput) (accessPage, error) {
	d := s.desk(c)
	u, err := d.Person(ctx, c.Workspace, in.ID)
	if err != nil {
		return accessPage{}, err
	}
	all, err := d.Explain(ctx, c.Workspace, u)
	if err != nil {
		return accessPage{}, err
	}
	p := accessPage{ID: u.ID, Name: directory.ProfileOf(u).DisplayName, crumbs: crumbsOf(c, u, "Access")}
	for _, v := range all {
		p.Verdicts = append(p.Verdicts, verdictOf(v))
	}
	return p, nil
}

func verdictOf(v people.Verdict) verdict {
	out := verdict{Verdict: v}
	for _, r := range v.Rules {
		out.Checks = append(out.Checks, console.Check{Title: r.Title, Detail: r.Detail, State: r.State, Fix: r.Fix})
	}
	return out
}

// fact is an attribute with its value.
type fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// shortName is an attribute's name without the URN of Microsoft's extension.
func shortName(path string) string { return strings.TrimPrefix(path, directory.EnterpriseSchema+".") }
