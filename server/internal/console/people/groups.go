package people

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// groupsPage is a page of groups.
type groupsPage struct {
	Query  string        `json:"query"`
	Groups []groupRow    `json:"groups"`
	Next   string        `json:"next,omitempty"`
	Pager  console.Pager `json:"-"`
	First  string        `json:"-"`
}

// groupRow is a group in a list.
type groupRow struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	ExternalID string `json:"external_id"`
	Members    int    `json:"members"`
	// Role is the one that the first rule about the group gives.
	Role     string    `json:"role,omitempty"`
	Modified time.Time `json:"modified"`
}

// Head is that of a page.
func (groupsPage) Head() console.Head {
	return console.Head{Title: "Groups", Template: "people/groups.html", Nav: "groups"}
}

type groupsInput struct {
	Query string `json:"q"`
	After string `json:"after"`
}

func groupRowOf(ws directory.Workspace, g directory.Group) groupRow {
	r := groupRow{ID: g.ID, Name: g.DisplayName, ExternalID: g.ExternalID, Members: g.Members, Modified: g.Modified}
	for _, rule := range ws.RoleRules {
		if rule.Names(g) {
			r.Role = rule.Role
			break
		}
	}
	return r
}

func (s *Section) groups(ctx context.Context, c *console.Call, in groupsInput) (groupsPage, error) {
	p := groupsPage{Query: in.Query, Groups: []groupRow{}}
	if len(in.Query) > maxQuery {
		return p, console.Bad("q", "It is longer than %d characters.", maxQuery)
	}
	found, err := s.desk(c).Groups(ctx, c.Workspace, in.Query, store.Cursor(in.After), perPage)
	if err != nil {
		return p, walked(err)
	}
	for _, g := range found.Items {
		p.Groups = append(p.Groups, groupRowOf(c.Workspace, g))
	}
	p.Next = string(found.Next)
	p.Pager, p.First = pages(c, "people.groups", in.After, p.Next, "q", in.Query)
	return p, nil
}

// groupPage is one group with a page of its members.
type groupPage struct {
	groupRow
	Created time.Time     `json:"created"`
	People  []memberRow   `json:"members_here"`
	Next    string        `json:"next,omitempty"`
	Pager   console.Pager `json:"-"`
	First   string        `json:"-"`
	// Version is the workspace's, for a rule.
	Version int64 `json:"version"`
}

// memberRow is a member of a group.
type memberRow struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Group says that it is a group itself.
	Group bool `json:"group,omitempty"`
}

// Head is that of a page.
func (p groupPage) Head() console.Head {
	return console.Head{Title: p.Name, Template: "people/group.html", Nav: "groups"}
}

type groupInput struct {
	Group string `json:"group"`
	After string `json:"after"`
}

func (s *Section) group(ctx context.Context, c *console.Call, in groupInput) (groupPage, error) {
	g, err := s.desk(c).Group(ctx, c.Workspace, in.Group)
	if err != nil {
		return groupPage{}, err
	}
	p := groupPage{groupRow: groupRowOf(c.Workspace, g), Created: g.Created, People: []memberRow{}, Version: c.Workspace.Version}
	members, err := s.cfg.Store.Members(ctx, c.Workspace.Directory, g.ID, store.Cursor(in.After), perPage)
	if err != nil {
		return p, walked(err)
	}
	for _, m := range members.Items {
		p.People = append(p.People, memberRow{ID: m.ID, Name: m.Display, Group: m.Kind == directory.GroupMember})
	}
	p.Next = string(members.Next)
	p.Pager, p.First = pages(c, "people.group", in.After, p.Next, "group", g.ID)
	return p, nil
}

// rolesPage is the rules that give roles.
type rolesPage struct {
	// Version is the workspace's: a change names what it is a change of.
	Version int64     `json:"version"`
	Default string    `json:"default_role"`
	Rules   []ruleRow `json:"rules"`
}

// ruleRow is one rule.
type ruleRow struct {
	// At is its place, from 0.
	At    int    `json:"at"`
	Group string `json:"group,omitempty"`
	// Name is what the group is called, where Group is its id.
	Name    string `json:"group_name,omitempty"`
	AppRole string `json:"app_role,omitempty"`
	Role    string `json:"role"`
}

// Kinds are what a rule can be about.
func (rolesPage) Kinds() []console.Option {
	return []console.Option{{Value: "group", Label: "Members of a group"}, {Value: "app-role", Label: "People with an app role"}}
}

// Head is that of a page.
func (rolesPage) Head() console.Head {
	return console.Head{Title: "Roles from groups", Template: "people/roles.html", Nav: "groups"}
}

type nothing struct{}

func (s *Section) roles(ctx context.Context, c *console.Call, _ nothing) (rolesPage, error) {
	p := rolesOf(c.Workspace)
	for i, r := range p.Rules {
		name, err := s.groupName(ctx, c.Workspace, r.Group)
		if err != nil {
			return p, err
		}
		p.Rules[i].Name = name
	}
	return p, nil
}

// groupName is what the group of an id is called, "" where it is no id.
func (s *Section) groupName(ctx context.Context, ws directory.Workspace, id string) (string, error) {
	g, err := s.cfg.Store.Group(ctx, ws.Directory, id)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading a group: %w", err)
	}
	return g.DisplayName, nil
}

func rolesOf(ws directory.Workspace) rolesPage {
	p := rolesPage{Version: ws.Version, Default: ws.DefaultRole, Rules: []ruleRow{}}
	for i, r := range ws.RoleRules {
		p.Rules = append(p.Rules, ruleRow{At: i, Group: r.Group, AppRole: r.AppRole, Role: r.Role})
	}
	return p
}

type ruleInput struct {
	Version int64 `json:"version"`
	// Kind says what Name is: group or app-role.
	Kind string `json:"kind"`
	Name string `json:"name"`
	Role string `json:"role"`
}

// ruled is what a change of the rules answers.
type ruled struct {
	console.Done
	Version int64     `json:"version"`
	Rules   []ruleRow `json:"rules"`
}

func ruledBy(c *console.Call, ws directory.Workspace, say string) ruled {
	return ruled{console.Done{To: c.Path("people.roles"), Say: say}, ws.Version, rolesOf(ws).Rules}
}

const applied = " Everybody's role follows within a minute; whoever signs in has it at once."

func (s *Section) addRule(ctx context.Context, c *console.Call, in ruleInput) (ruled, error) {
	rule := directory.RoleRule{Role: in.Role}
	switch in.Kind {
	case "group":
		rule.Group = in.Name
	case "app-role":
		rule.AppRole = in.Name
	default:
		return ruled{}, console.Bad("kind", "It is group or app-role.")
	}
	c.Note(in.Kind, in.Name)
	c.Note("role", in.Role)
	ws, err := s.desk(c).RoleRule(ctx, c.Workspace, in.Version, rule)
	if err != nil {
		return ruled{}, err
	}
	name, err := s.groupName(ctx, c.Workspace, rule.Group)
	if err != nil {
		return ruled{}, err
	}
	return ruledBy(c, ws, fmt.Sprintf("%s gives the role %s.", cmp.Or(name, in.Name), in.Role)+applied), nil
}

type placeInput struct {
	Version int64 `json:"version"`
	At      int   `json:"at"`
}

func (s *Section) dropRule(ctx context.Context, c *console.Call, in placeInput) (ruled, error) {
	note(c, in.At)
	ws, err := s.desk(c).DropRule(ctx, c.Workspace, in.Version, in.At)
	if err != nil {
		return ruled{}, err
	}
	return ruledBy(c, ws, "The rule is removed."+applied), nil
}

func (s *Section) raiseRule(ctx context.Context, c *console.Call, in placeInput) (ruled, error) {
	note(c, in.At)
	ws, err := s.desk(c).RaiseRule(ctx, c.Workspace, in.Version, in.At)
	if err != nil {
		return ruled{}, err
	}
	return ruledBy(c, ws, "The rule comes earlier now."+applied), nil
}

// note says in the audit log which rule it was.
func note(c *console.Call, at int) {
	if at >= 0 && at < len(c.Workspace.RoleRules) {
		r := c.Workspace.RoleRules[at]
		c.Note("rule", r.Group+r.AppRole+" = "+r.Role)
	}
}
