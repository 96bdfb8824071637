package workspaces

import (
	"context"
	"fmt"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
)

// environmentsPage is what a workspace is for, and its copies (row A11).
type environmentsPage struct {
	trail
	ID          string                    `json:"id"`
	Environment directory.EnvironmentKind `json:"environment"`
	// Of is the workspace that it was cloned from, or empty.
	Of     string          `json:"of,omitempty"`
	OfTo   string          `json:"-"`
	Clones []workspaceLine `json:"clones"`
	// NewID and NewName are proposed for a clone.
	NewID   string           `json:"-"`
	NewName string           `json:"-"`
	Kinds   []console.Option `json:"-"`
}

// Head is that of the page.
func (p environmentsPage) Head() console.Head {
	return console.Head{Title: "Sandbox", Template: "workspaces/environments.html", Crumbs: p.Above, Nav: "settings"}
}

// environmentKinds are the choices for a clone.
var environmentKinds = []console.Option{
	{Value: string(directory.Sandbox), Label: "Sandbox", Hint: "To try things out. Every page of it has a banner."},
	{Value: string(directory.Production), Label: "Production", Hint: "For people's daily work."},
}

func (s *Section) environments(ctx context.Context, c *console.Call, _ struct{}) (environmentsPage, error) {
	p := environmentsPage{trail: above(c, "Settings", "workspaces.settings"), ID: c.Workspace.ID, Clones: []workspaceLine{}, NewName: c.Workspace.Name + " (sandbox)", Kinds: environmentKinds}
	if id := c.Workspace.ID + "-sandbox"; directory.ValidID(id) == nil {
		p.NewID = id
	}
	e, err := s.Modules.Environment(ctx, c.Workspace.ID)
	if err != nil {
		return p, err
	}
	p.Environment = e.Kind
	if e.Of != "" && c.Me.RoleIn(e.Of) >= console.Viewer {
		if _, err := s.Modules.Origin(ctx, c.Workspace.ID); err == nil {
			p.Of, p.OfTo = e.Of, c.Path("workspaces.diff", "other", e.Of)
		}
	}
	clones, err := s.Modules.Clones(ctx, c.Workspace.ID)
	if err != nil {
		return p, err
	}
	for _, ws := range clones {
		if c.Me.RoleIn(ws.ID) < console.Viewer {
			continue
		}
		kind, err := s.Modules.Environment(ctx, ws.ID)
		if err != nil {
			return p, err
		}
		p.Clones = append(p.Clones, workspaceLine{ID: ws.ID, Name: ws.Name, Role: c.Me.RoleIn(ws.ID), Environment: kind.Kind, To: c.Path("workspaces.diff", "ws", ws.ID, "other", c.Workspace.ID)})
	}
	return p, nil
}

type cloneInput struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Env is sandbox or production.
	Env string `json:"env"`
}

func (s *Section) clone(ctx context.Context, c *console.Call, in cloneInput) (created, error) {
	id := directory.CleanID(in.ID)
	c.Target(id)
	kind := directory.EnvironmentKind(in.Env)
	if kind == "" {
		kind = directory.Sandbox
	}
	if kind != directory.Sandbox && kind != directory.Production {
		return created{}, console.Bad("env", "It is sandbox or production.")
	}
	if trimmed(&in.Name); in.Name != "" {
		if err := modules.CheckName(problem.BadWorkspaceSetting, in.Name); err != nil {
			return created{}, console.Fault{Field: "name", Err: err}
		}
	}
	ws, err := s.Modules.Clone(ctx, c.Workspace.ID, id, in.Name, kind, c.Me.Called())
	switch code, _ := problem.Of(err); {
	case code == problem.WorkspaceExists || code == problem.BadWorkspaceID:
		return created{}, console.Fault{Field: "id", Err: err}
	case err != nil:
		return created{}, err
	}
	if s.CopyRoles != nil {
		if err := s.CopyRoles(ctx, c.Workspace.ID, ws.ID); err != nil {
			return created{}, err
		}
	}
	return created{console.Done{
		To: c.Path("workspaces.environments"), Say: "Workspace " + ws.ID + " is there, set up like this one, without any secret.",
	}, ws.ID}, nil
}

// diffPage is how a workspace differs from another, and what of it to take over
// there.
type diffPage struct {
	trail
	modules.Comparison
	FromName string `json:"from_name"`
	ToName   string `json:"to_name"`
	// May: whoever looks may take things over.
	May    bool        `json:"-"`
	Groups []diffGroup `json:"-"`
	Back   string      `json:"-"`
}

type diffGroup struct {
	Title string
	All   []diffLine
}

type diffLine struct{ modules.Difference }

// FromLines and ToLines are the values, a line for each part of them.
func (d diffLine) FromLines() []string { return linesOf(d.From) }

// ToLines is FromLines of the other workspace.
func (d diffLine) ToLines() []string { return linesOf(d.To) }

func linesOf(v string) []string {
	if v == "" {
		return nil
	}
	return strings.Split(v, "\n")
}

func grouped(all []modules.Difference) (groups []diffGroup) {
	for _, d := range all {
		if n := len(groups); n == 0 || groups[n-1].Title != d.Group {
			groups = append(groups, diffGroup{Title: d.Group})
		}
		g := &groups[len(groups)-1]
		g.All = append(g.All, diffLine{d})
	}
	return groups
}

// Head is that of the page.
func (p diffPage) Head() console.Head {
	return console.Head{Title: "From " + p.From + " to " + p.To, Template: "workspaces/diff.html", Crumbs: p.Above, Nav: "settings"}
}

type diffInput struct {
	Other string `json:"other"`
}

func (s *Section) diff(ctx context.Context, c *console.Call, in diffInput) (diffPage, error) {
	to, err := s.other(ctx, c, in.Other, console.Viewer)
	if err != nil {
		return diffPage{}, err
	}
	p := diffPage{trail: above(c, "Sandbox", "workspaces.environments"), FromName: c.Workspace.Name, ToName: to.Name, Back: c.Path("workspaces.environments"), May: c.May("workspaces.promote") && c.Me.RoleIn(to.ID) >= console.Owner}
	if p.Comparison, err = s.Modules.Compare(ctx, c.Workspace.ID, to.ID); err != nil {
		return p, err
	}
	p.Groups = grouped(p.Differences)
	return p, nil
}

// other is the second workspace of a comparison. The two must be copies of one
// another, and whoever asks must have a role in both; else it is not found.
func (s *Section) other(ctx context.Context, c *console.Call, id string, least console.Role) (directory.Workspace, error) {
	ws, err := s.Store.Workspace(ctx, id)
	if err != nil || c.Me.RoleIn(id) < console.Viewer {
		return ws, problem.New(problem.UnknownWorkspace)
	}
	if role := c.Me.RoleIn(id); role < least {
		return ws, problem.Detailf(problem.Forbidden, "It needs the role %s in %s, and yours is %s.", least, id, role)
	}
	for _, pair := range [][2]string{{c.Workspace.ID, id}, {id, c.Workspace.ID}} {
		e, err := s.Modules.Environment(ctx, pair[0])
		if err != nil {
			return ws, err
		}
		if e.Of == pair[1] {
			return ws, nil
		}
	}
	return ws, problem.New(problem.NotACopy)
}

type promoteInput struct {
	Other   string   `json:"other"`
	Parts   []string `json:"parts"`
	Version string   `json:"version"`
	Confirm string   `json:"confirm"`
}

func (s *Section) promote(ctx context.Context, c *console.Call, in promoteInput) (console.Done, error) {
	c.Target(in.Other)
	to, err := s.other(ctx, c, in.Other, console.Owner)
	if err != nil {
		return console.Done{}, err
	}
	for _, part := range in.Parts {
		c.Note(part, "taken over")
	}
	left, err := s.Modules.Promote(ctx, modules.Promotion{
		From: c.Workspace.ID, To: to.ID, Parts: in.Parts, Version: in.Version, Confirm: in.Confirm, Who: c.Me.Called(),
	})
	switch code, _ := problem.Of(err); {
	case code == problem.NotConfirmed:
		return console.Done{}, console.Fault{Field: "confirm", Err: err}
	case err != nil:
		return console.Done{}, err
	}
	return console.Done{
		To:  c.Path("workspaces.diff", "other", to.ID),
		Say: fmt.Sprintf("%s is set up so in %s now. %s left.", count(len(in.Parts), "part", "parts"), to.ID, count(len(left.Differences), "difference is", "differences are")),
	}, nil
}
