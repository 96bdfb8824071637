package workspaces

import (
	"context"
	"errors"
	"fmt"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// homePage is the overview of a workspace.
type homePage struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Modules   []Tile        `json:"modules"`
	People    store.Counts  `json:"people"`
	Seats     modules.Seats `json:"seats"`
	Attention []attention   `json:"attention"`
	// SignIn is where employees begin on the web.
	SignIn string `json:"sign_in"`
	// PeoplePage, PlanPage and GuidePage are empty where there is none.
	PeoplePage string `json:"-"`
	PlanPage   string `json:"-"`
	GuidePage  string `json:"-"`
}

// attention is something that somebody should look at.
type attention struct {
	Text  string `json:"text"`
	State string `json:"state"` // warn or bad
	To    string `json:"-"`
}

// Head is that of the page.
func (p homePage) Head() console.Head {
	return console.Head{Title: p.Name, Template: "workspaces/home.html", Nav: "home"}
}

func (s *Section) home(ctx context.Context, c *console.Call, _ struct{}) (homePage, error) {
	ws := c.Workspace
	p := homePage{
		ID: ws.ID, Name: ws.Name, Modules: []Tile{}, Attention: []attention{}, SignIn: c.Public.JoinPath("w", ws.ID).String() + "/",
		PeoplePage: path(c, "people.list"), PlanPage: path(c, "workspaces.plan"), GuidePage: path(c, "guide.home"),
	}
	standing, err := s.Modules.Standing(ctx, ws.ID)
	if err != nil {
		return p, err
	}
	plan, err := s.Modules.Plan(ctx, ws.ID)
	if err != nil {
		return p, err
	}
	for _, st := range standing {
		t := tileOf(c, st, plan)
		p.Modules = append(p.Modules, t)
		for _, wrong := range t.Wrong {
			p.Attention = append(p.Attention, attention{t.Name + ": " + wrong, "bad", t.To})
		}
		if st.State != directory.ModuleBroken && st.State != directory.ModuleUnset {
			for _, warning := range sentences(st.Warnings) {
				p.Attention = append(p.Attention, attention{t.Name + ": " + warning, "warn", t.To})
			}
		}
	}
	if p.People, err = s.Store.CountUsers(ctx, ws.Directory); err != nil {
		return p, err
	}
	if p.Seats, err = s.Modules.Seats(ctx, ws); err != nil {
		return p, err
	}
	return p, s.attend(ctx, c, &p)
}

// attend adds what else somebody should look at.
func (s *Section) attend(ctx context.Context, c *console.Call, p *homePage) error {
	if n := p.Seats.Waiting; n > 0 {
		p.Attention = append(p.Attention, attention{
			fmt.Sprintf("Every seat is taken, and %s for one. Nobody of them can sign in.", count(n, "person waits", "people wait")), "warn", p.PlanPage,
		})
	}
	alarm, err := s.Store.Alarm(ctx, c.Workspace.Directory)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if !alarm.Raised.IsZero() {
		text := "Unusually many people were removed by provisioning."
		if alarm.Hold {
			text += " Further removals are held until somebody decides."
		}
		p.Attention = append(p.Attention, attention{text, "bad", path(c, "provisioning.home")})
	}
	pilot, _, err := s.Modules.Pilot(ctx, c.Workspace.ID)
	if err != nil {
		return err
	}
	if pilot.On {
		p.Attention = append(p.Attention, attention{
			fmt.Sprintf("A pilot is on: only %s by single sign-on.", count(len(pilot.People), "person signs in", "people sign in")), "warn", path(c, "workspaces.pilot"),
		})
	}
	return nil
}

// count is a number with its noun, as it is or in the plural.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
