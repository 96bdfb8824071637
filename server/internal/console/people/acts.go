package people

import (
	"context"
	"fmt"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// changed is what an act on a person answers.
type changed struct {
	console.Done
	ID       string `json:"id"`
	UserName string `json:"user_name"`
	State    state  `json:"state"`
	Role     string `json:"role"`
	// Ended is how many sessions ended, where that was asked for.
	Ended int `json:"sessions_ended,omitempty"`
}

// after is the answer to an act on u, which leads back to the person's page.
func after(c *console.Call, u directory.User, say string) changed {
	return changed{
		Done: console.Done{To: c.Path("people.show", "id", u.ID), Say: say},
		ID:   u.ID, UserName: u.UserName, State: state(u.State), Role: u.Role,
	}
}

// confirmPage asks once more before something that cannot just be taken back.
type confirmPage struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// What is asked, what follows, and what the button says.
	What    string   `json:"what"`
	Follows []string `json:"follows"`
	Button  string   `json:"-"`
	Route   string   `json:"-"`
	crumbs
}

// Head is that of a page.
func (p confirmPage) Head() console.Head {
	return console.Head{Title: p.What, Template: "people/confirm.html", Nav: "people", Crumbs: p.Up}
}

func (s *Section) suspending(ctx context.Context, c *console.Call, in personInput) (confirmPage, error) {
	u, err := s.desk(c).Person(ctx, c.Workspace, in.ID)
	if err != nil {
		return confirmPage{}, err
	}
	p := suspendPage(u)
	p.crumbs = crumbsOf(c, u, "Suspend")
	return p, nil
}

func suspendPage(u directory.User) confirmPage {
	name := directory.ProfileOf(u).DisplayName
	p := confirmPage{
		ID: u.ID, Name: name, What: "Suspend " + name + "?", Button: "Suspend", Route: "people.suspend",
		Follows: []string{
			"They are signed out everywhere at once, and cannot sign in again.",
			"Everything about them is kept. You can restore them at any time.",
			"If Entra sends them as active again, they are active again: to keep them out for good, unassign or disable them in Entra.",
		},
	}
	if directory.Powerful(u.Role) {
		p.Follows = append(p.Follows, "They lose the role "+u.Role+". Whoever is restored does not get it back by itself.")
	}
	return p
}

func (s *Section) suspend(ctx context.Context, c *console.Call, in personInput) (changed, error) {
	c.Target(in.ID)
	u, err := s.desk(c).Suspend(ctx, c.Workspace, in.ID, c.Me.Called())
	if err != nil {
		return changed{}, err
	}
	return after(c, u, u.UserName+" is suspended and signed out everywhere."), nil
}

func (s *Section) restore(ctx context.Context, c *console.Call, in personInput) (changed, error) {
	c.Target(in.ID)
	u, err := s.desk(c).Restore(ctx, c.Workspace, in.ID, c.Me.Called())
	if err != nil {
		return changed{}, err
	}
	say := u.UserName + " is active again."
	if u.Ranking.Had != "" {
		say += " They were " + u.Ranking.Had + " before; give the role back if they should be."
	}
	return after(c, u, say), nil
}

type roleInput struct {
	ID string `json:"id"`
	// Role is given by hand; Follow lets the rules decide again.
	Role   string `json:"role"`
	Follow bool   `json:"follow"`
}

func (s *Section) role(ctx context.Context, c *console.Call, in roleInput) (changed, error) {
	c.Target(in.ID)
	switch {
	case in.Follow:
		in.Role = ""
	case in.Role == "":
		return changed{}, console.Bad("role", "Enter a role, or let the rules decide.")
	case directory.Fold(in.Role) == directory.RoleOwner && c.Me.RoleIn(c.Workspace.ID) < console.Owner:
		return changed{}, problem.Detailf(problem.Forbidden, "Only an owner makes owners.")
	}
	c.Note("role", in.Role)
	u, err := s.desk(c).SetRole(ctx, c.Workspace, in.ID, in.Role, c.Me.Called())
	if err != nil {
		return changed{}, err
	}
	if in.Follow {
		return after(c, u, fmt.Sprintf("The rules decide again: %s has the role %s.", u.UserName, named(u.Role))), nil
	}
	return after(c, u, fmt.Sprintf("%s has the role %s.", u.UserName, named(u.Role))), nil
}

func named(role string) string {
	if role == "" {
		return "(none)"
	}
	return role
}

func (s *Section) regrant(ctx context.Context, c *console.Call, in personInput) (changed, error) {
	c.Target(in.ID)
	d := s.desk(c)
	was, err := d.Person(ctx, c.Workspace, in.ID)
	if err != nil {
		return changed{}, err
	}
	if directory.Fold(was.Ranking.Had) == directory.RoleOwner && c.Me.RoleIn(c.Workspace.ID) < console.Owner {
		return changed{}, problem.Detailf(problem.Forbidden, "Only an owner makes owners.")
	}
	c.Note("role", was.Ranking.Had)
	u, err := d.Regrant(ctx, c.Workspace, in.ID, c.Me.Called())
	if err != nil {
		return changed{}, err
	}
	return after(c, u, fmt.Sprintf("%s has the role %s again.", u.UserName, u.Role)), nil
}

func (s *Section) signOut(ctx context.Context, c *console.Call, in personInput) (changed, error) {
	c.Target(in.ID)
	d := s.desk(c)
	u, err := d.Person(ctx, c.Workspace, in.ID)
	if err != nil {
		return changed{}, err
	}
	n, err := d.SignOut(ctx, c.Workspace, in.ID, c.Me.Called())
	if err != nil {
		return changed{}, err
	}
	out := after(c, u, fmt.Sprintf("%s is signed out everywhere. Sessions ended: %d. They can sign in again as long as Entra lets them.", u.UserName, n))
	out.Ended = n
	return out, nil
}

type sessionInput struct {
	ID      string `json:"id"`
	Session string `json:"session"`
}

func (s *Section) signOutOne(ctx context.Context, c *console.Call, in sessionInput) (changed, error) {
	c.Target(in.ID)
	c.Note("session", in.Session)
	d := s.desk(c)
	u, err := d.Person(ctx, c.Workspace, in.ID)
	if err != nil {
		return changed{}, err
	}
	if err := d.SignOutOne(ctx, c.Workspace, in.ID, in.Session, c.Me.Called()); err != nil {
		return changed{}, err
	}
	out := after(c, u, u.UserName+" is signed out of that device.")
	out.Ended = 1
	return out, nil
}

func (s *Section) unlinking(ctx context.Context, c *console.Call, in personInput) (confirmPage, error) {
	u, err := s.desk(c).Person(ctx, c.Workspace, in.ID)
	if err != nil {
		return confirmPage{}, err
	}
	p := unlinkPage(u)
	p.crumbs = crumbsOf(c, u, "Unlink")
	return p, nil
}

func unlinkPage(u directory.User) confirmPage {
	name := directory.ProfileOf(u).DisplayName
	return confirmPage{
		ID: u.ID, Name: name, What: "Unlink " + name + " from the Microsoft account?", Button: "Unlink", Route: "people.unlink",
		Follows: []string{
			"They are signed out everywhere at once.",
			"The next sign-in has to prove anew that the Microsoft account is theirs, by the rules of the workspace. It may be another account.",
			"Do this when a sign-in was joined with the wrong person, or when Entra gave them a new account.",
		},
	}
}

func (s *Section) unlink(ctx context.Context, c *console.Call, in personInput) (changed, error) {
	c.Target(in.ID)
	u, err := s.desk(c).Unlink(ctx, c.Workspace, in.ID, c.Me.Called())
	if err != nil {
		return changed{}, err
	}
	return after(c, u, u.UserName+" is linked to no Microsoft account any more, and signed out everywhere."), nil
}
