package workspaces

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// listPage is the workspaces that somebody administers.
type listPage struct {
	Q          string          `json:"q,omitempty"`
	For        string          `json:"-"`
	Workspaces []workspaceLine `json:"workspaces"`
	// More is how many there are beyond those that are shown.
	More int `json:"more,omitempty"`
	// Any: there are some, if none that was looked for.
	Any bool `json:"-"`
}

type workspaceLine struct {
	ID          string                    `json:"id"`
	Name        string                    `json:"name"`
	Role        console.Role              `json:"role"`
	Environment directory.EnvironmentKind `json:"environment"`
	People      int                       `json:"people"`
	To          string                    `json:"-"`
}

// Head is that of the page.
func (listPage) Head() console.Head {
	return console.Head{Title: "Workspaces", Template: "workspaces/list.html", Nav: "workspaces", Server: true}
}

// shownAtOnce bounds lists that are searched rather than turned over.
const shownAtOnce = 100

type listInput struct {
	Q string `json:"q"`
	// For is the page that is wanted of the workspace that is chosen.
	For string `json:"for"`
}

// wanted are the pages that a workspace may be chosen for.
var wanted = []string{"workspaces.sso", "workspaces.scim", "workspaces.integrations"}

func (s *Section) list(ctx context.Context, c *console.Call, in listInput) (listPage, error) {
	p := listPage{Q: in.Q, Workspaces: []workspaceLine{}, For: "workspaces.home"}
	if slices.Contains(wanted, in.For) {
		p.For = in.For
	}
	mine, err := s.mine(ctx, c.Me, console.Viewer)
	if err != nil {
		return p, err
	}
	p.Any = len(mine) > 0
	looked := plainWords(in.Q)
	for _, ws := range mine {
		if !strings.Contains(plainWords(ws.ID+" "+ws.Name), looked) {
			continue
		}
		if len(p.Workspaces) == shownAtOnce {
			p.More++
			continue
		}
		line := workspaceLine{ID: ws.ID, Name: ws.Name, Role: c.Me.RoleIn(ws.ID), To: c.Path(p.For, "ws", ws.ID)}
		e, err := s.Modules.Environment(ctx, ws.ID)
		if err != nil {
			return p, err
		}
		people, err := s.Store.CountUsers(ctx, ws.Directory)
		if err != nil {
			return p, err
		}
		line.Environment, line.People = e.Kind, people.Active
		p.Workspaces = append(p.Workspaces, line)
	}
	return p, nil
}

// newPage asks for a new workspace, and says whether an id is free.
type newPage struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	availability
}

// availability says whether a name can be taken.
type availability struct {
	// Looked is what was looked for; empty where nothing was.
	Looked string `json:"looked,omitempty"`
	Free   bool   `json:"free"`
	// Says is a sentence about it, Suggest an id that would do.
	Says    string `json:"says,omitempty"`
	Suggest string `json:"suggest,omitempty"`
}

// Head is that of the page.
func (newPage) Head() console.Head {
	return console.Head{
		Title: "Create a workspace", Template: "workspaces/new.html", Nav: "workspaces", Server: true,
	}
}

type newInput struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (s *Section) newPage(ctx context.Context, c *console.Call, in newInput) (newPage, error) {
	a, err := s.available(ctx, c, in.ID, "")
	return newPage{ID: in.ID, Name: in.Name, availability: a}, err
}

// available says whether somebody may have id for a workspace, or for another
// name of the workspace of.
func (s *Section) available(ctx context.Context, c *console.Call, id, of string) (availability, error) {
	a := availability{Looked: strings.TrimSpace(id)}
	if a.Looked == "" {
		return a, nil
	}
	clean := directory.CleanID(id)
	if err := directory.ValidID(clean); err != nil {
		a.Says, a.Suggest = problem.DetailOf(err), suggest(clean)
		return a, nil
	}
	ws, err := s.Store.WorkspaceNamed(ctx, clean, c.Now)
	switch {
	case errors.Is(err, store.ErrNotFound):
		a.Free, a.Says = true, clean+" is free."
	case err != nil:
		return a, err
	case of != "" && ws.ID == of:
		a.Free, a.Says = true, clean+" leads to this workspace already."
	default:
		a.Says = clean + " is taken."
	}
	return a, nil
}

// suggest proposes an id made of what was typed, or "".
func suggest(typed string) string {
	id := strings.ReplaceAll(plainASCII(typed), " ", "-")
	if id == typed || directory.ValidID(id) != nil {
		return ""
	}
	return id
}

func plainASCII(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
	}), " ")
}

// created is the answer to a new workspace.
type created struct {
	console.Done
	ID string `json:"id"`
}

func (s *Section) create(ctx context.Context, c *console.Call, in newInput) (created, error) {
	trimmed(&in.Name)
	id := directory.CleanID(in.ID)
	c.Target(id)
	var faults console.Faults
	if err := directory.ValidID(id); err != nil {
		faults = append(faults, console.Fault{Field: "id", Err: err})
	}
	if in.Name == "" {
		in.Name = id
	}
	if err := modules.CheckName(problem.BadWorkspaceSetting, in.Name); err != nil {
		faults = append(faults, console.Fault{Field: "name", Err: err})
	}
	if len(faults) > 0 {
		return created{}, faults
	}
	c.Within(id)
	err := s.Store.CreateWorkspace(ctx, directory.Workspace{
		ID: id, Name: in.Name, SCIMEnabled: true, DefaultRole: DefaultRole, Created: c.Now, Modified: c.Now,
	})
	if err != nil {
		c.Within("") // that of somebody else, if it is one
	}
	if errors.Is(err, store.ErrExists) {
		return created{}, console.Fault{Field: "id", Err: problem.Wrap(problem.WorkspaceExists, err)}
	}
	if err != nil {
		return created{}, err
	}
	return created{console.Done{To: c.Path("workspaces.home", "ws", id), Say: "The workspace " + id + " is made. Choose what to set up first."}, id}, nil
}

// DefaultRole is the role of people who come without one, in a new workspace.
const DefaultRole = "member"
