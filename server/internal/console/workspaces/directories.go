package workspaces

import (
	"context"
	"slices"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// entraSource is where people of a user directory come from by default.
const entraSource = "Microsoft Entra ID"

// directoriesPage is the user directories that somebody may see (row A9).
type directoriesPage struct {
	Directories []directoryLine `json:"directories"`
	Source      string          `json:"-"`
}

type directoryLine struct {
	ID         string       `json:"id"`
	Name       string       `json:"name"`
	Source     string       `json:"source,omitempty"`
	People     store.Counts `json:"people"`
	Workspaces []string     `json:"workspaces"`
	To         string       `json:"-"`
}

// Head is that of the page.
func (directoriesPage) Head() console.Head {
	return console.Head{Title: "User directories", Template: "workspaces/directories.html", Nav: "directories", Server: true}
}

// visible says whether somebody may see a directory: of a workspace that they
// administer, or made by them.
func visible(me console.Principal, d modules.UserDirectory) bool {
	return me.RoleIn("") == console.ServerOwner || me.ID != "" && d.Owner == me.ID ||
		slices.ContainsFunc(d.Links, func(l store.Link) bool { return me.RoleIn(l.Workspace) >= console.Viewer })
}

func (s *Section) directories(ctx context.Context, c *console.Call, _ struct{}) (directoriesPage, error) {
	p := directoriesPage{Directories: []directoryLine{}, Source: entraSource}
	if c.Me.Link != nil {
		return p, problem.New(problem.Forbidden)
	}
	all, err := s.Modules.Directories(ctx)
	if err != nil {
		return p, err
	}
	for _, d := range all {
		if visible(c.Me, d) {
			p.Directories = append(p.Directories, lineOf(c, d))
		}
	}
	return p, nil
}

func lineOf(c *console.Call, d modules.UserDirectory) directoryLine {
	line := directoryLine{
		ID: d.ID, Name: d.Name, Source: d.Source, People: d.People, Workspaces: []string{},
		To: c.Path("workspaces.directory", "dir", d.ID),
	}
	for _, l := range d.Links {
		if c.Me.RoleIn(l.Workspace) >= console.Viewer {
			line.Workspaces = append(line.Workspaces, l.Workspace)
		}
	}
	return line
}

type directoryInput struct {
	Name   string `json:"name"`
	Source string `json:"source"`
	// Link is a workspace to link at once, and License what it is licensed by.
	Link    string `json:"link"`
	License string `json:"license"`
}

// createdDirectory is the answer to a new directory.
type createdDirectory struct {
	console.Done
	ID string `json:"id"`
}

func (s *Section) createDirectory(ctx context.Context, c *console.Call, in directoryInput) (createdDirectory, error) {
	if mine, err := s.mine(ctx, c.Me, console.Admin); err != nil {
		return createdDirectory{}, err
	} else if len(mine) == 0 && c.Me.RoleIn("") != console.ServerOwner {
		return createdDirectory{}, problem.Detailf(problem.Forbidden, "It needs the role %s in a workspace.", console.Admin)
	}
	if in.Link != "" {
		if err := s.mayLink(ctx, c, in.Link); err != nil {
			return createdDirectory{}, err
		}
		if err := s.Modules.Linkable(ctx, in.Link, ""); err != nil {
			return createdDirectory{}, err
		}
	}
	if in.Source == "" {
		in.Source = entraSource
	}
	d, err := s.Modules.CreateDirectory(ctx, in.Name, in.Source, c.Me.ID)
	if code, _ := problem.Of(err); code == problem.BadDirectory {
		return createdDirectory{}, console.Fault{Field: "name", Err: err}
	}
	if err != nil {
		return createdDirectory{}, err
	}
	c.Target(d.ID)
	done := console.Done{To: c.Path("workspaces.directory", "dir", d.ID), Say: "The user directory is there. Link a workspace to it next."}
	if in.Link != "" {
		if err := s.Modules.Link(ctx, in.Link, d.ID, in.License); err != nil {
			return createdDirectory{}, err
		}
		c.Note("linked", in.Link)
		done.Say = "The user directory is there, and " + in.Link + " is linked to it."
	}
	return createdDirectory{done, d.ID}, nil
}

// directoryPage is one user directory and what is linked to it.
type directoryPage struct {
	ID     string       `json:"id"`
	Name   string       `json:"name"`
	Source string       `json:"source,omitempty"`
	People store.Counts `json:"people"`
	Links  []linkLine   `json:"links"`
	// Choices are the workspaces that could be linked.
	Choices []console.Option `json:"-"`
	License string           `json:"-"`
	// May says whether whoever looks may link any.
	May bool `json:"-"`
}

type linkLine struct {
	Workspace string        `json:"workspace"`
	Name      string        `json:"name"`
	License   string        `json:"license,omitempty"`
	Seats     modules.Seats `json:"seats"`
	// ByHand: somebody linked it. Otherwise it has been its own since it was made.
	ByHand bool   `json:"by_hand"`
	To     string `json:"-"`
	Unlink string `json:"-"`
}

// Head is that of the page.
func (p directoryPage) Head() console.Head {
	return console.Head{Title: p.Name, Template: "workspaces/directory.html", Nav: "directories", Server: true, Crumbs: []console.Link{{Text: "User directories"}}}
}

type directoryPath struct {
	Dir string `json:"dir"`
}

// seen returns a directory that whoever asks may see; any other is not found.
func (s *Section) seen(ctx context.Context, c *console.Call, id string) (modules.UserDirectory, error) {
	d, err := s.Modules.UserDirectory(ctx, id)
	if err == nil && (c.Me.Link != nil || !visible(c.Me, d)) {
		err = problem.New(problem.UnknownDirectory)
	}
	return d, err
}

func (s *Section) directory(ctx context.Context, c *console.Call, in directoryPath) (directoryPage, error) {
	d, err := s.seen(ctx, c, in.Dir)
	if err != nil {
		return directoryPage{}, err
	}
	p := directoryPage{ID: d.ID, Name: d.Name, Source: d.Source, People: d.People, Links: []linkLine{}}
	for _, l := range d.Links {
		if c.Me.RoleIn(l.Workspace) < console.Viewer {
			continue
		}
		line, err := s.linkLine(ctx, c, l)
		if err != nil {
			return p, err
		}
		p.Links = append(p.Links, line)
	}
	if p.Choices, err = s.linkable(ctx, c.Me, d); err != nil {
		return p, err
	}
	p.May = len(p.Choices) > 0
	return p, nil
}

func (s *Section) linkLine(ctx context.Context, c *console.Call, l store.Link) (linkLine, error) {
	ws, err := s.Store.Workspace(ctx, l.Workspace)
	if err != nil {
		return linkLine{}, err
	}
	line := linkLine{Workspace: ws.ID, Name: ws.Name, License: l.License, ByHand: !l.Linked.IsZero(), To: c.Path("workspaces.home", "ws", ws.ID)}
	if line.ByHand && c.Me.RoleIn(ws.ID) >= console.Admin {
		line.Unlink = c.Path("workspaces.unlinking", "dir", l.Directory, "workspace", ws.ID)
	}
	line.Seats, err = s.Modules.Seats(ctx, ws)
	return line, err
}

// linkable are the workspaces that somebody may link to a directory: those that
// they administer, with a licence, that nobody linked elsewhere.
func (s *Section) linkable(ctx context.Context, me console.Principal, d modules.UserDirectory) (all []console.Option, err error) {
	mine, err := s.mine(ctx, me, console.Admin)
	if err != nil {
		return nil, err
	}
	links, err := s.Store.Links(ctx, "")
	if err != nil {
		return nil, err
	}
	elsewhere := map[string]bool{}
	for _, l := range links {
		elsewhere[l.Workspace] = !l.Linked.IsZero()
	}
	for _, ws := range mine {
		plan, err := s.Modules.Plan(ctx, ws.ID)
		if err != nil {
			return nil, err
		}
		if elsewhere[ws.ID] || plan.Unlicensed {
			continue
		}
		label := ws.Name + " (" + ws.ID + ")"
		if plan.License != "" {
			label += ", licence " + plan.License
		}
		all = append(all, console.Option{Value: ws.ID, Label: label})
	}
	return all, nil
}

type linkInput struct {
	Dir       string `json:"dir"`
	Workspace string `json:"workspace"`
	License   string `json:"license"`
}

// mayLink refuses whoever does not administer a workspace, as if there were none.
func (s *Section) mayLink(ctx context.Context, c *console.Call, workspace string) error {
	ws, err := s.Store.Workspace(ctx, directory.CleanID(workspace))
	if err != nil || c.Me.RoleIn(ws.ID) < console.Viewer {
		return problem.New(problem.UnknownWorkspace)
	}
	if role := c.Me.RoleIn(ws.ID); role < console.Admin {
		return problem.Detailf(problem.Forbidden, "It needs the role %s in this workspace, and yours is %s.", console.Admin, role)
	}
	return nil
}

func (s *Section) link(ctx context.Context, c *console.Call, in linkInput) (console.Done, error) {
	c.Target(in.Workspace)
	c.Note("directory", in.Dir)
	if _, err := s.seen(ctx, c, in.Dir); err != nil {
		return console.Done{}, err
	}
	if err := s.mayLink(ctx, c, in.Workspace); err != nil {
		return console.Done{}, err
	}
	if err := s.Modules.Link(ctx, in.Workspace, in.Dir, in.License); err != nil {
		return console.Done{}, err
	}
	return console.Done{To: c.Path("workspaces.directory", "dir", in.Dir), Say: in.Workspace + " takes its people from this user directory now."}, nil
}

// unlinkingPage asks before a workspace is unlinked.
type unlinkingPage struct {
	Dir       string `json:"directory"`
	Workspace string `json:"workspace"`
	Name      string `json:"name"`
	People    int    `json:"people"`
	Back      string `json:"-"`
}

// Head is that of the page.
func (unlinkingPage) Head() console.Head {
	return console.Head{Title: "Unlink a workspace", Template: "workspaces/unlink.html", Nav: "directories", Server: true}
}

type unlinkInput struct {
	Dir       string `json:"dir"`
	Workspace string `json:"workspace"`
	Confirm   string `json:"confirm"`
}

func (s *Section) unlinking(ctx context.Context, c *console.Call, in unlinkInput) (unlinkingPage, error) {
	d, err := s.seen(ctx, c, in.Dir)
	if err == nil {
		err = s.mayLink(ctx, c, in.Workspace)
	}
	if err != nil {
		return unlinkingPage{}, err
	}
	if !slices.ContainsFunc(d.Links, func(l store.Link) bool { return l.Workspace == in.Workspace && !l.Linked.IsZero() }) {
		return unlinkingPage{}, problem.New(problem.NotLinkedHere)
	}
	return unlinkingPage{d.ID, in.Workspace, d.Name, d.People.Active, c.Path("workspaces.directory", "dir", d.ID)}, nil
}

func (s *Section) unlink(ctx context.Context, c *console.Call, in unlinkInput) (console.Done, error) {
	c.Target(in.Workspace)
	c.Note("directory", in.Dir)
	if _, err := s.seen(ctx, c, in.Dir); err != nil {
		return console.Done{}, err
	}
	if err := s.mayLink(ctx, c, in.Workspace); err != nil {
		return console.Done{}, err
	}
	if in.Confirm != in.Workspace {
		return console.Done{}, console.Fault{Field: "confirm", Err: problem.New(problem.NotConfirmed)}
	}
	if err := s.Modules.Unlink(ctx, in.Workspace, in.Dir); err != nil {
		return console.Done{}, err
	}
	return console.Done{To: c.Path("workspaces.directories"), Say: in.Workspace + " is unlinked, and has a user directory of its own again."}, nil
}

// userDirectoryPage is where the people of one workspace are kept.
type userDirectoryPage struct {
	trail
	Directory directoryLine `json:"directory"`
	License   string        `json:"license,omitempty"`
	ByHand    bool          `json:"by_hand"`
	Seats     modules.Seats `json:"seats"`
	// Licensed: the workspace may be linked to another.
	Licensed bool `json:"licensed"`
	// Contact is whom to ask where it may not.
	Contact string `json:"contact,omitempty"`
	// Choices are the directories that it could be linked to.
	Choices []console.Option `json:"-"`
	// Empty: nobody is in it, so that the workspace may be linked to another.
	Empty bool `json:"empty"`
}

// Head is that of the page.
func (p userDirectoryPage) Head() console.Head {
	return console.Head{Title: "User Directory", Template: "workspaces/userdirectory.html", Crumbs: p.Above, Nav: "integrations"}
}

func (s *Section) userDirectory(ctx context.Context, c *console.Call, _ struct{}) (userDirectoryPage, error) {
	d, err := s.Modules.UserDirectory(ctx, c.Workspace.Directory)
	if err != nil {
		return userDirectoryPage{}, err
	}
	p := userDirectoryPage{trail: above(c, "Integrations", "workspaces.integrations"), Directory: lineOf(c, d), Empty: d.People.Active+d.People.Suspended == 0}
	for _, l := range d.Links {
		if l.Workspace == c.Workspace.ID {
			p.License, p.ByHand = l.License, !l.Linked.IsZero()
		}
	}
	plan, err := s.Modules.Plan(ctx, c.Workspace.ID)
	if err != nil {
		return p, err
	}
	p.Licensed, p.Contact = !plan.Unlicensed, plan.Contact
	if p.License == "" {
		p.License = plan.License
	}
	if p.Seats, err = s.Modules.Seats(ctx, c.Workspace); err != nil {
		return p, err
	}
	all, err := s.Modules.Directories(ctx)
	if err != nil {
		return p, err
	}
	for _, other := range all {
		if other.ID != d.ID && visible(c.Me, other) {
			p.Choices = append(p.Choices, console.Option{Value: other.ID, Label: other.Name})
		}
	}
	return p, nil
}
