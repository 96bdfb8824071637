package storetest

import (
	"fmt"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// crowd makes nine people: 0-4 active, 5 and 6 suspended, 7 and 8 archived.
func (f *fixture) crowd() *store.Store {
	f.Helper()
	s := f.acme()
	for i := range 9 {
		must(f, insert(f.Context(), s, ada(i)))
		switch {
		case i >= 7:
			must(f, move(f.Context(), s, "acme", fmt.Sprint("u-", i), directory.Archived))
		case i >= 5:
			must(f, move(f.Context(), s, "acme", fmt.Sprint("u-", i), directory.Suspended))
		}
	}
	return s
}

var finding = []promise{
	{"pages through people in the order they came, with the total", func(f *fixture) {
		s, ctx := f.crowd(), f.Context()
		name, ext, archivedName, id := "ADA.3@acme.example", "ext-5", ada(8).UserName, "u-2"
		for _, c := range []struct {
			it    string
			q     store.Query
			want  []string
			total int
		}{
			{"first page", store.Query{Count: 3}, []string{"u-0", "u-1", "u-2"}, 7},
			{"next page", store.Query{Count: 3, StartIndex: 4}, []string{"u-3", "u-4", "u-5"}, 7},
			{"last page", store.Query{Count: 3, StartIndex: 7}, []string{"u-6"}, 7},
			{"past the end", store.Query{Count: 3, StartIndex: 8}, nil, 7},
			{"below one", store.Query{Count: 1, StartIndex: -5}, []string{"u-0"}, 7},
			{"the total alone", store.Query{}, nil, 7},
			{"with the archived", store.Query{Count: 3, StartIndex: 7, IncludeArchived: true}, []string{"u-6", "u-7", "u-8"}, 9},
			{"the suspended", store.Query{Count: 9, State: directory.Suspended}, []string{"u-5", "u-6"}, 2},
			{"the active", store.Query{Count: 1, State: directory.Active}, []string{"u-0"}, 5},
			{"the archived", store.Query{Count: 9, State: directory.Archived}, []string{"u-7", "u-8"}, 2},
			{"a userName in another case", store.Query{Count: 9, UserName: &name}, []string{"u-3"}, 1},
			{"an externalId, though suspended", store.Query{Count: 9, ExternalID: &ext}, []string{"u-5"}, 1},
			{"an id", store.Query{Count: 9, ID: &id}, []string{"u-2"}, 1},
			{"an id and another's externalId", store.Query{Count: 9, ID: &id, ExternalID: &ext}, nil, 0},
			{"an archived one's userName", store.Query{Count: 9, UserName: &archivedName}, nil, 0},
			{"the same with the archived", store.Query{Count: 9, UserName: &archivedName, IncludeArchived: true}, []string{"u-8"}, 1},
			{"a state that nobody has", store.Query{Count: 9, State: "gone"}, nil, 0},
			{"a state and a name that do not meet", store.Query{Count: 9, UserName: &name, State: directory.Suspended}, nil, 0},
		} {
			page, total, err := s.FindUsers(ctx, "acme", c.q)
			var got []string
			for _, u := range page {
				got = append(got, u.ID)
			}
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" || total != c.total {
				f.Errorf("%s: total %d, want %d, %v; (-want +got):\n%s", c.it, total, c.total, err, diff)
			}
		}
		if page, total, err := s.FindUsers(ctx, "nobody", store.Query{Count: 9}); len(page) != 0 || total != 0 || err != nil {
			f.Errorf("an unknown directory: %v, %d, %v", page, total, err)
		}
	}},
	{"counts people by state, whatever was refused", func(f *fixture) {
		s, ctx := f.crowd(), f.Context()
		must(f, move(ctx, s, "acme", "u-5", directory.Active))
		taken(f, insert(ctx, s, ada(1)), "id")
		stale := ada(1)
		stale.State = directory.Suspended
		wants(f, s.SaveUser(ctx, stale, 9, directory.Consequence{}), store.ErrConflict)
		got, err := s.CountUsers(ctx, "acme")
		if want := (store.Counts{Active: 6, Suspended: 1, Archived: 2}); err != nil || got != want {
			f.Errorf("got %+v, %v; want %+v", got, err, want)
		}
		_, err = s.CountUsers(ctx, "nobody")
		wants(f, err, store.ErrNotFound)
	}},
	{"finds who an object id stands for, and knows who was removed", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		must(f, s.LinkObjectID(ctx, "acme", "u-1", "oid", start))
		is := func(want string, state directory.State) {
			f.Helper()
			u, err := s.UserByObjectID(ctx, "acme", "oid")
			if err != nil || u.ID != want || u.State != state {
				f.Errorf("got %s %s, %v; want %s %s", u.ID, u.State, err, want, state)
			}
		}
		is("u-1", directory.Active)
		second := ada(2)
		second.ExternalID = "oid" // the provisioner's word goes before a link
		must(f, insert(ctx, s, second))
		is("u-2", directory.Active)
		must(f, move(ctx, s, "acme", "u-2", directory.Archived))
		is("u-1", directory.Active)
		must(f, move(ctx, s, "acme", "u-1", directory.Archived))
		is("u-2", directory.Archived)
		_, err := s.UserByObjectID(ctx, "acme", "other")
		wants(f, err, store.ErrNotFound)
		_, err = s.UserByObjectID(ctx, "acme", "")
		wants(f, err, store.ErrNotFound)
	}},
}
