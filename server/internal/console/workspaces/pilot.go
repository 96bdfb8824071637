package workspaces

import (
	"context"
	"errors"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
	"github.com/lanyard-sso/lanyard/server/internal/people"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// pilotPage is who tries single sign-on first (row A12).
type pilotPage struct {
	trail
	On     bool     `json:"on"`
	People []person `json:"people"`
	Q      string   `json:"q,omitempty"`
	// Found are the people who were looked for and are not in it.
	Found []person `json:"found"`
	// Others is how many active people are not in it: what provisioning does to
	// them counts all the same.
	Others int `json:"others"`
}

// Head is that of the page.
func (p pilotPage) Head() console.Head {
	return console.Head{Title: "Pilot", Template: "workspaces/pilot.html", Crumbs: p.Above, Nav: "settings"}
}

func (s *Section) pilot(ctx context.Context, c *console.Call, in searchInput) (pilotPage, error) {
	p := pilotPage{trail: above(c, "Settings", "workspaces.settings"), People: []person{}, Found: []person{}, Q: in.Q}
	pilot, _, err := s.Modules.Pilot(ctx, c.Workspace.ID)
	if err != nil {
		return p, err
	}
	p.On = pilot.On
	in0 := map[string]bool{}
	active := 0
	for _, id := range pilot.People {
		in0[id] = true
		u, err := s.Store.User(ctx, c.Workspace.Directory, id)
		switch {
		case errors.Is(err, store.ErrNotFound):
			p.People = append(p.People, person{ID: id, Name: "Somebody who was erased"})
			continue
		case err != nil:
			return p, err
		}
		if u.State == directory.Active {
			active++
		}
		p.People = append(p.People, personOf(c, u))
	}
	counts, err := s.Store.CountUsers(ctx, c.Workspace.Directory)
	if err != nil {
		return p, err
	}
	p.Others = counts.Active - active
	if strings.TrimSpace(in.Q) == "" {
		return p, nil
	}
	found, err := people.Desk{Store: s.Store}.Find(ctx, c.Workspace, people.Query{Text: in.Q, Filter: people.Everybody, Count: 20})
	if err != nil {
		return p, err
	}
	for _, u := range found.People {
		if !in0[u.ID] && u.State != directory.Archived {
			p.Found = append(p.Found, personOf(c, u))
		}
	}
	return p, nil
}

type pilotInput struct {
	// Person is an id, or exactly what the person is called: a user name, say.
	Person string `json:"person"`
	// Q is what was looked for, to go on with that.
	Q string `json:"q"`
}

func (s *Section) pilotAdd(ctx context.Context, c *console.Call, in pilotInput) (console.Done, error) {
	u, err := s.Store.FindPerson(ctx, c.Workspace.Directory, in.Person)
	if errors.Is(err, store.ErrNotFound) {
		return console.Done{}, problem.Wrap(problem.PilotWho, err)
	}
	if err != nil {
		return console.Done{}, err
	}
	return s.pilotChanged(ctx, c, in, modules.PilotChange{Add: []string{u.ID}}, u.ID, directory.ProfileOf(u).DisplayName+" is in the pilot.")
}

func (s *Section) pilotRemove(ctx context.Context, c *console.Call, in pilotInput) (console.Done, error) {
	id := in.Person
	if u, err := s.Store.FindPerson(ctx, c.Workspace.Directory, in.Person); err == nil {
		id = u.ID
	}
	return s.pilotChanged(ctx, c, in, modules.PilotChange{Remove: []string{id}}, id, "Removed from the pilot.")
}

func (s *Section) pilotChanged(ctx context.Context, c *console.Call, in pilotInput, change modules.PilotChange, who, say string) (console.Done, error) {
	c.Target(who)
	change.Who = c.Me.Called()
	if _, err := s.Modules.SetPilot(ctx, c.Workspace, change); err != nil {
		return console.Done{}, err
	}
	to := c.Path("workspaces.pilot")
	if in.Q != "" {
		to = c.Path("workspaces.pilot", "q", in.Q)
	}
	return console.Done{To: to, Say: say}, nil
}

type pilotSwitchInput struct {
	On bool `json:"on"`
}

func (s *Section) pilotSwitch(ctx context.Context, c *console.Call, in pilotSwitchInput) (console.Done, error) {
	if _, err := s.Modules.SetPilot(ctx, c.Workspace, modules.PilotChange{On: &in.On, Who: c.Me.Called()}); err != nil {
		return console.Done{}, err
	}
	say := "The pilot is off: single sign-on is for everybody, once it is enabled."
	if in.On {
		say = "The pilot is on: only the people in it are sent to single sign-on."
	}
	return console.Done{To: c.Path("workspaces.pilot"), Say: say}, nil
}
