// Package people is what an administrator does with the people of a workspace:
// find them, see why they can or can't sign in, suspend them and bring them back,
// change their role, and end their sessions.
//
// It decides what may be done to whom and what is said of it; the rules about
// people are directory's, and what belongs into one transaction is store's. Who
// may do it, and how it is asked for, is for pages and commands.
package people

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Desk is where people are looked after. It is safe for concurrent use.
type Desk struct {
	Store *store.Store
	// Now is the clock.
	Now func() time.Time
}

// Filter is whom a list shows.
type Filter string

// The filters. The zero filter is everybody but the archived.
const (
	Everybody Filter = ""
	Active    Filter = "active"
	Suspended Filter = "suspended"
	Archived  Filter = "archived"
	// Waiting are the active people who have no seat yet (row A9).
	Waiting Filter = "waiting"
)

// Filters are all of them.
func Filters() []Filter { return []Filter{Everybody, Active, Suspended, Archived, Waiting} }

// Query asks for a page of people.
type Query struct {
	// Text is what was typed: the beginning of a user name, a name or an e-mail
	// address, or a whole id, externalId or object id.
	Text   string
	Filter Filter
	After  store.Cursor
	Count  int
}

// Page is a page of people.
type Page struct {
	People []directory.User
	// Next continues, "" where nothing follows. A page may be empty though others
	// follow, where few of many fit.
	Next store.Cursor
	// Unseated are those of People who wait for a seat.
	Unseated map[string]bool
}

// maxWaiting is how many of those who wait are shown: those whose turn is next.
const maxWaiting = 200

// Find returns a page of the people of a workspace's directory. It costs about the
// same however many there are. A cursor of another query is store.ErrCursor.
func (d Desk) Find(ctx context.Context, ws directory.Workspace, q Query) (Page, error) {
	q.Text = strings.TrimSpace(q.Text)
	page, err := d.find(ctx, ws, q)
	if err != nil {
		return page, err
	}
	page.Unseated, err = d.unseated(ctx, ws, page.People)
	return page, err
}

func (d Desk) find(ctx context.Context, ws directory.Workspace, q Query) (page Page, err error) {
	if q.Text != "" && q.After == "" {
		u, err := d.called(ctx, ws.Directory, q.Text)
		switch {
		case err == nil && (q.Filter == Everybody || q.Filter == Waiting || Filter(u.State) == q.Filter):
			page.People = []directory.User{u}
			return page, nil
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return page, fmt.Errorf("looking for a person: %w", err)
		}
	}
	match := matching(q.Text)
	switch q.Filter {
	case Archived:
		found, err := d.Store.ArchivedUsers(ctx, ws.Directory, q.After, q.Count, match)
		return Page{People: found.Items, Next: found.Next}, err
	case Waiting:
		return d.waiting(ctx, ws, match)
	}
	s := store.Search[directory.User]{Count: q.Count, After: q.After, Where: where(q)}
	if s.Where == nil {
		s.Sort = &store.Sort{Path: "username"}
	} else {
		s.Match = func(u directory.User) (bool, error) {
			return match(u) && (q.Filter == Everybody || Filter(u.State) == q.Filter), nil
		}
		if q.Text == "" {
			s.Sort = &store.Sort{Path: "username"}
		}
	}
	found, err := d.Store.SearchUsers(ctx, ws.Directory, s)
	return Page{People: found.Items, Next: found.Next}, err
}

// called finds who has exactly this id, externalId or object id. A user name is
// left to the search, which finds all that begin so.
func (d Desk) called(ctx context.Context, dir, name string) (directory.User, error) {
	for _, look := range []func(context.Context, string, string) (directory.User, error){
		d.Store.User, d.Store.UserByExternalID, d.Store.UserByObjectID,
	} {
		u, err := look(ctx, dir, name)
		if err == nil || !errors.Is(err, store.ErrNotFound) {
			return u, err
		}
	}
	return directory.User{}, store.ErrNotFound
}

// nameParts are the paths by which people are searched, as terms have them.
var nameParts = []string{"username", "displayname", "name.familyname", "name.givenname", "emails.value"}

// where is a query for the index.
func where(q Query) store.Expr {
	var all store.And
	switch q.Filter {
	case Active:
		all = append(all, store.Compare{Path: "active", Op: store.EQ, Value: "true"})
	case Suspended:
		all = append(all, store.Compare{Path: "active", Op: store.EQ, Value: "false"})
	}
	if q.Text != "" {
		var one store.Or
		for _, path := range nameParts {
			one = append(one, store.Compare{Path: path, Op: store.SW, Value: directory.Fold(q.Text)})
		}
		all = append(all, one)
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// matching is the same in Go, for who is not in the index.
func matching(text string) func(directory.User) bool {
	want := directory.Fold(text)
	return func(u directory.User) bool {
		if want == "" {
			return true
		}
		p := directory.ProfileOf(u)
		return slices.ContainsFunc(append(directory.AddressesOf(u), u.UserName, p.DisplayName, p.FamilyName, p.GivenName), func(s string) bool {
			return strings.HasPrefix(directory.Fold(s), want)
		})
	}
}

// seats is how many people may use a workspace, 0 for any number.
func (d Desk) seats(ctx context.Context, ws directory.Workspace) (int, error) {
	plan, _, err := store.ReadSetting[directory.Plan](ctx, d.Store, ws.ID, directory.SettingPlan)
	return plan.Seats, err
}

func (d Desk) waiting(ctx context.Context, ws directory.Workspace, match func(directory.User) bool) (page Page, err error) {
	seats, err := d.seats(ctx, ws)
	if err != nil || seats == 0 {
		return page, err
	}
	all, err := d.Store.Waiting(ctx, ws.Directory, seats, maxWaiting)
	for _, u := range all {
		if match(u) {
			page.People = append(page.People, u)
		}
	}
	return page, err
}

// unseated says which of some people wait for a seat.
func (d Desk) unseated(ctx context.Context, ws directory.Workspace, all []directory.User) (map[string]bool, error) {
	seats, err := d.seats(ctx, ws)
	if err != nil || seats == 0 || len(all) == 0 {
		return nil, err
	}
	ids := make([]string, len(all))
	for i, u := range all {
		ids[i] = u.ID
	}
	seated, err := d.Store.Seated(ctx, ws.Directory, seats, ids...)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, u := range all {
		if u.State == directory.Active && !seated[u.ID] {
			out[u.ID] = true
		}
	}
	return out, nil
}

// Person returns somebody of a workspace's directory, with the role that its
// rules give. Somebody of another directory is not there: problem.NotFound.
func (d Desk) Person(ctx context.Context, ws directory.Workspace, id string) (directory.User, error) {
	u, err := d.Store.User(ctx, ws.Directory, id)
	if errors.Is(err, store.ErrNotFound) {
		return u, problem.New(problem.NotFound)
	}
	if err == nil {
		u, err = d.Store.Ranked(ctx, ws, u)
	}
	if err != nil {
		return u, fmt.Errorf("reading a person: %w", err)
	}
	return u, nil
}

// Sessions are the live sessions of a person in a workspace, newest first.
func (d Desk) Sessions(ctx context.Context, ws directory.Workspace, user string) ([]directory.Session, error) {
	all, err := d.Store.SessionsOfUser(ctx, user)
	if err != nil {
		return nil, fmt.Errorf("reading sessions: %w", err)
	}
	now := d.Now()
	all = slices.DeleteFunc(all, func(s directory.Session) bool { return s.Workspace != ws.ID || !s.Ends().After(now) })
	slices.SortStableFunc(all, func(a, b directory.Session) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.ID, b.ID))
	})
	return all, nil
}
