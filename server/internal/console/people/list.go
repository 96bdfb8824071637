package people

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/people"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// perPage is how many people or groups a page lists.
const perPage = 50

type listInput struct {
	Query string `json:"q"`
	State string `json:"state"`
	After string `json:"after"`
}

// listPage is a page of people.
type listPage struct {
	Query  string `json:"query"`
	State  string `json:"state"`
	People []row  `json:"people"`
	// Next goes on, as after.
	Next string `json:"next,omitempty"`
	// Counts are all there are, whatever is looked for.
	Counts  counts           `json:"counts"`
	Options []console.Option `json:"-"`
	Pager   console.Pager    `json:"-"`
	// First leads back to the first page; "" on it.
	First string `json:"-"`
}

type counts struct {
	Active    int `json:"active"`
	Suspended int `json:"suspended"`
	Archived  int `json:"archived"`
}

// All is how many people there are.
func (c counts) All() int { return c.Active + c.Suspended + c.Archived }

// row is a person in a list.
type row struct {
	ID         string    `json:"id"`
	UserName   string    `json:"user_name"`
	Name       string    `json:"name"`
	Email      string    `json:"email"`
	Department string    `json:"department"`
	Role       string    `json:"role"`
	State      state     `json:"state"`
	Modified   time.Time `json:"modified"`
}

// state is a person's standing, as it is shown.
type state string

// The standings: those of directory.State, and of whoever waits for a seat.
const waiting state = "waiting"

func standing(u directory.User, unseated bool) state {
	if unseated && u.State == directory.Active {
		return waiting
	}
	return state(u.State)
}

// Text is the standing in words, Badge its colour.
func (s state) Text() string {
	switch s {
	case state(directory.Active):
		return "Active"
	case state(directory.Suspended):
		return "Suspended"
	case state(directory.Archived):
		return "Archived"
	case waiting:
		return "Waiting for a seat"
	}
	return string(s)
}

// Badge is the kind of badge that shows it.
func (s state) Badge() string {
	switch s {
	case state(directory.Active):
		return "good"
	case waiting:
		return "info"
	case state(directory.Suspended):
		return "warn"
	}
	return "off"
}

func rowOf(u directory.User, unseated bool) row {
	p := directory.ProfileOf(u)
	return row{
		ID: u.ID, UserName: u.UserName, Name: p.DisplayName, Email: p.Email, Department: p.Department, Role: u.Role,
		State: standing(u, unseated), Modified: u.Modified,
	}
}

// Head is that of a page.
func (listPage) Head() console.Head {
	return console.Head{Title: "People", Template: "people/list.html", Nav: "people"}
}

func stateOptions() []console.Option {
	return []console.Option{
		{Value: string(people.Everybody), Label: "Active and suspended"},
		{Value: string(people.Active), Label: "Active"},
		{Value: string(people.Suspended), Label: "Suspended"},
		{Value: string(people.Archived), Label: "Archived"},
		{Value: string(people.Waiting), Label: "Waiting for a seat"},
	}
}

func (s *Section) list(ctx context.Context, c *console.Call, in listInput) (listPage, error) {
	p := listPage{Query: in.Query, State: in.State, Options: stateOptions()}
	filter, err := filterOf(in.State)
	if err != nil {
		return p, err
	}
	if len(in.Query) > maxQuery {
		return p, console.Bad("q", "It is longer than %d characters.", maxQuery)
	}
	found, err := s.desk(c).Find(ctx, c.Workspace, people.Query{Text: in.Query, Filter: filter, After: store.Cursor(in.After), Count: perPage})
	if err != nil {
		return p, walked(err)
	}
	n, err := s.cfg.Store.CountUsers(ctx, c.Workspace.Directory)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return p, fmt.Errorf("counting people: %w", err)
	}
	p.Counts, p.Next = counts(n), string(found.Next)
	p.People = []row{}
	for _, u := range found.People {
		if u, err = s.cfg.Store.Ranked(ctx, c.Workspace, u); err != nil {
			return p, fmt.Errorf("reading roles: %w", err)
		}
		p.People = append(p.People, rowOf(u, found.Unseated[u.ID]))
	}
	p.Pager, p.First = pages(c, "people.list", in.After, p.Next, "q", in.Query, "state", in.State)
	return p, nil
}

// maxQuery is how long what is looked for may be, in bytes.
const maxQuery = 256

func filterOf(text string) (people.Filter, error) {
	for _, f := range people.Filters() {
		if string(f) == text {
			return f, nil
		}
	}
	return "", console.Bad("state", "It is active, suspended, archived, waiting or nothing.")
}

// walked says what is wrong with a place in a list that somebody brought.
func walked(err error) error {
	if errors.Is(err, store.ErrCursor) {
		return problem.Detailf(problem.BadRequest, "The place in the list is not one of this list.")
	}
	return err
}

// pages are the ways on from a part of a list, and the way back to its beginning.
// Pairs are what else is asked for; what is empty is left out.
func pages(c *console.Call, route, after, next string, pairs ...string) (p console.Pager, first string) {
	var asked []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			asked = append(asked, pairs[i], pairs[i+1])
		}
	}
	if next != "" {
		p.Next = c.Path(route, append(asked, "after", next)...)
	}
	if after != "" {
		first = c.Path(route, asked...)
	}
	return p, first
}
