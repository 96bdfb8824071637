package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// seated says which of so many people of acme have a seat, as "1 2 4".
func (f *fixture) seated(s *store.Store, seats, people int) string {
	f.Helper()
	var ids, have []string
	for i := 1; i <= people; i++ {
		ids = append(ids, ada(i).ID)
	}
	is, err := s.Seated(f.Context(), "acme", seats, ids...)
	must(f, err)
	for i := 1; i <= people; i++ {
		if is[ada(i).ID] {
			have = append(have, fmt.Sprint(i))
		}
	}
	return strings.Join(have, " ")
}

// waiting are the people of acme who wait for one of so many seats.
func (f *fixture) waiting(s *store.Store, seats int) string {
	f.Helper()
	all, err := s.Waiting(f.Context(), "acme", seats, 100)
	must(f, err)
	var ids []string
	for _, u := range all {
		ids = append(ids, strings.TrimPrefix(u.ID, "u-"))
	}
	return strings.Join(ids, " ")
}

var seating = []promise{
	{"gives seats in the order of arrival, and a free one to the next", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		for i := 1; i <= 5; i++ {
			u := ada(i) // some in the same microsecond
			u.Created = start.Add(time.Duration(i/2) * time.Second)
			u.Modified = u.Created
			must(f, insert(ctx, s, u))
		}
		sees := func(seats int, have, wait string) {
			f.Helper()
			if got := f.seated(s, seats, 5); got != have {
				f.Errorf("of %d seats: %q have one, want %q", seats, got, have)
			}
			if got := f.waiting(s, seats); got != wait {
				f.Errorf("of %d seats: %q wait, want %q", seats, got, wait)
			}
		}
		sees(0, "1 2 3 4 5", "")
		sees(5, "1 2 3 4 5", "")
		sees(9, "1 2 3 4 5", "")
		sees(3, "1 2 3", "4 5")
		must(f, move(ctx, s, "acme", "u-2", directory.Suspended))
		sees(3, "1 3 4", "5")
		// Whoever comes back takes nobody's seat, whatever their clock says.
		must(f, move(ctx, s, "acme", "u-2", directory.Active))
		sees(3, "1 3 4", "5 2")
		must(f, move(ctx, s, "acme", "u-1", directory.Archived))
		must(f, move(ctx, s, "acme", "u-3", directory.Suspended))
		sees(3, "2 4 5", "")
		must(f, move(ctx, s, "acme", "u-3", directory.Active))
		sees(3, "2 4 5", "3")
		sees(1, "4", "5 2 3")
	}},
	{"lets nobody who is new take a seat that somebody has, whatever their server's clock says", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		for i := 1; i <= 3; i++ {
			must(f, insert(ctx, s, ada(i)))
		}
		for i := 4; i <= 6; i++ { // later, from a server whose clock is behind
			u := ada(i)
			u.Created = start.Add(-time.Duration(i) * time.Hour)
			must(f, insert(ctx, s, u))
		}
		if got := f.seated(s, 3, 6); got != "1 2 3" {
			f.Errorf("%q have a seat", got)
		}
		if got := f.waiting(s, 3); got != "4 5 6" {
			f.Errorf("%q wait", got)
		}
		if u, err := s.User(ctx, "acme", "u-4"); err != nil || !u.Created.Equal(start.Add(-4*time.Hour)) {
			f.Errorf("created %v, %v", u.Created, err)
		}
	}},
	{"gives nobody of another directory a seat", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		is, err := s.Seated(ctx, "beta", 3, "u-1")
		if err != nil || is["u-1"] {
			f.Errorf("%v, %v", is, err)
		}
	}},
}

// people makes a directory beside acme's.
func (f *fixture) people(s *store.Store) {
	f.Helper()
	must(f, s.CreateDirectory(f.Context(), directory.Directory{
		ID: "dir_1", Name: "People", Source: "Microsoft Entra ID", Owner: "ada", Created: start,
	}))
}

var linking = []promise{
	{"keeps a directory, with who made it and how many people it has", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.people(s)
		taken(f, s.CreateDirectory(ctx, directory.Directory{ID: "dir_1", Name: "Again", Created: start}), "id")
		must(f, insert(ctx, s, ada(1)))
		d, c, err := s.Directory(ctx, "dir_1")
		if err != nil || d.Name != "People" || d.Source != "Microsoft Entra ID" || d.Owner != "ada" || !d.Created.Equal(start) || c != (store.Counts{}) {
			f.Errorf("got %+v %+v %v", d, c, err)
		}
		all, people, err := s.Directories(ctx)
		if err != nil || len(all) != 2 || all[0].ID != "acme" || all[1].ID != "dir_1" || people["acme"].Active != 1 {
			f.Errorf("all: %+v %+v %v", all, people, err)
		}
		_, _, err = s.Directory(ctx, "dir_2")
		wants(f, err, store.ErrNotFound)
	}},
	{"links workspaces to a directory, each to one", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "beta", Name: "Beta", Created: start}))
		f.people(s)
		must(f, s.CreateDirectory(ctx, directory.Directory{ID: "dir_2", Name: "Others", Created: start}))
		for _, ws := range []string{"acme", "beta"} {
			must(f, s.LinkWorkspace(ctx, store.Link{Workspace: ws, Directory: "dir_1", License: "E-" + ws, Linked: start}))
		}
		links, err := s.Links(ctx, "dir_1")
		if err != nil || len(links) != 2 || links[0].License != "E-acme" || links[1].Workspace != "beta" || !links[0].Linked.Equal(start) {
			f.Errorf("links: %+v %v", links, err)
		}
		w, err := s.Workspace(ctx, "acme")
		if err != nil || w.Directory != "dir_1" || w.Version != 2 {
			f.Errorf("the workspace: %+v %v", w, err)
		}
		taken(f, s.LinkWorkspace(ctx, store.Link{Workspace: "acme", Directory: "dir_2", Linked: start}), "link")
		must(f, s.LinkWorkspace(ctx, store.Link{Workspace: "acme", Directory: "dir_1", License: "E-2", Linked: later}))
		wants(f, s.LinkWorkspace(ctx, store.Link{Workspace: "acme", Directory: "dir_9", Linked: start}), store.ErrNotFound)
		wants(f, s.LinkWorkspace(ctx, store.Link{Workspace: "none", Directory: "dir_1", Linked: start}), store.ErrNotFound)
		if links, err = s.Links(ctx, ""); err != nil || len(links) != 2 || links[0].License != "E-2" {
			f.Errorf("all links: %+v %v", links, err)
		}
	}},
	{"leaves nobody behind without access", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.people(s)
		must(f, insert(ctx, s, ada(1)))
		link := store.Link{Workspace: "acme", Directory: "dir_1", Linked: start}
		taken(f, s.LinkWorkspace(ctx, link), "people")
		must(f, move(ctx, s, "acme", "u-1", directory.Suspended))
		taken(f, s.LinkWorkspace(ctx, link), "people")
		must(f, move(ctx, s, "acme", "u-1", directory.Archived))
		must(f, s.LinkWorkspace(ctx, link))
	}},
	{"ends the sessions of a workspace that is unlinked, and gives it its own directory back", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.people(s)
		wants(f, s.UnlinkWorkspace(ctx, "acme", "acme", later), store.ErrNotFound)
		must(f, s.LinkWorkspace(ctx, store.Link{Workspace: "acme", Directory: "dir_1", License: "E", Linked: start}))
		wants(f, s.UnlinkWorkspace(ctx, "acme", "dir_2", later), store.ErrNotFound)
		u := ada(1)
		u.Directory = "dir_1"
		must(f, insert(ctx, s, u))
		n := session("u-1")
		must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
		must(f, s.UnlinkWorkspace(ctx, "acme", "dir_1", later))
		_, _, _, err := s.Session(ctx, n.Hash, start)
		wants(f, err, store.ErrNotFound)
		if ended := f.sessionsEnded(s); len(ended) != 1 || ended[0] != n.ID {
			f.Errorf("the events tell of %v", ended)
		}
		w, err := s.Workspace(ctx, "acme")
		if err != nil || w.Directory != "acme" {
			f.Errorf("the workspace: %+v %v", w, err)
		}
		if links, err := s.Links(ctx, "acme"); err != nil || len(links) != 1 || !links[0].Linked.IsZero() || links[0].License != "" {
			f.Errorf("links: %+v %v", links, err)
		}
	}},
}
