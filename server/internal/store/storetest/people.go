package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// by is an act of an administrator's on a person of acme.
func by(user, what string) store.Act {
	return store.Act{At: start.Add(time.Hour), Directory: "acme", Workspace: "acme", User: user, Who: "ada@acme.example", What: what}
}

var peopling = []promise{
	{"suspends, restores and archives people for an administrator, with all that follows", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		ws, err := s.Workspace(ctx, "acme")
		must(f, err)
		u := ada(1)
		u.Role, u.Ranking.Granted, u.Ranking.By = "admin", "admin", ws.RankedBy()
		must(f, insert(ctx, s, u))
		must(f, s.StartSession(ctx, session("u-1"), anyone, directory.Event{}))
		got, err := s.ChangeState(ctx, ws, "u-1", directory.Suspended, by("u-1", "suspended"))
		must(f, err)
		if got.State != directory.Suspended || got.Version != 2 || got.Role == "admin" || got.Ranking.Had != "admin" {
			f.Errorf("suspended is %+v", got)
		}
		if all, err := s.SessionsOfUser(ctx, "u-1"); err != nil || len(all) != 0 {
			f.Errorf("sessions %v, %v", all, err)
		}
		if got, err = s.ChangeState(ctx, ws, "u-1", directory.Suspended, by("u-1", "suspended")); err != nil || got.Version != 2 {
			f.Errorf("again: %+v, %v", got, err)
		}
		if got, err = s.ChangeState(ctx, ws, "u-1", directory.Archived, by("u-1", "archived")); err != nil || got.State != directory.Archived {
			f.Errorf("archived is %+v, %v", got, err)
		}
		must(f, insert(ctx, s, func() directory.User { v := ada(2); v.UserName = u.UserName; return v }()))
		_, err = s.ChangeState(ctx, ws, "u-1", directory.Active, by("u-1", "restored"))
		taken(f, err, "userName")
		must(f, move(ctx, s, "acme", "u-2", directory.Archived))
		got, err = s.ChangeState(ctx, ws, "u-1", directory.Active, by("u-1", "restored"))
		if err != nil || got.State != directory.Active || got.Role == "admin" || got.Ranking.Had != "admin" {
			f.Errorf("restored is %+v, %v", got, err)
		}
		if stored, err := s.User(ctx, "acme", "u-1"); err != nil || stored.State != directory.Active || stored.Version != got.Version {
			f.Errorf("stored is %+v, %v", stored, err)
		}
		if c, err := s.CountUsers(ctx, "acme"); err != nil || c != (store.Counts{Active: 1, Archived: 1}) {
			f.Errorf("counts %+v, %v", c, err)
		}
		acts, err := s.Acts(ctx, "acme", "u-1", 10)
		if err != nil || len(acts) != 3 {
			f.Errorf("acts %+v, %v", acts, err)
		}
		_, err = s.ChangeState(ctx, ws, "nobody", directory.Active, by("nobody", "restored"))
		wants(f, err, store.ErrNotFound)
	}},
	{"parts a person from a linked object id, and ends their sessions", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		wants(f, s.UnlinkObjectID(ctx, by("u-1", "unlinked")), store.ErrNotFound)
		must(f, s.LinkObjectID(ctx, "acme", "u-1", "oid-1", start))
		must(f, s.StartSession(ctx, session("u-1"), anyone, directory.Event{}))
		must(f, s.UnlinkObjectID(ctx, by("u-1", "unlinked")))
		_, err := s.UserByObjectID(ctx, "acme", "oid-1")
		wants(f, err, store.ErrNotFound)
		if all, err := s.SessionsOfUser(ctx, "u-1"); err != nil || len(all) != 0 {
			f.Errorf("sessions %v, %v", all, err)
		}
		must(f, s.LinkObjectID(ctx, "acme", "u-1", "oid-2", start))
	}},
	{"ends one session of a person, and nobody else's", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		must(f, insert(ctx, s, ada(2)))
		mine, other := session("u-1"), session("u-1")
		must(f, s.StartSession(ctx, mine, anyone, directory.Event{}))
		must(f, s.StartSession(ctx, other, anyone, directory.Event{}))
		wants(f, s.SignOutOne(ctx, by("u-2", "x"), mine.ID), store.ErrNotFound)
		elsewhere := by("u-1", "x")
		elsewhere.Workspace = "other"
		wants(f, s.SignOutOne(ctx, elsewhere, mine.ID), store.ErrNotFound)
		must(f, s.SignOutOne(ctx, by("u-1", "signed out of one device"), mine.ID))
		wants(f, s.SignOutOne(ctx, by("u-1", "x"), mine.ID), store.ErrNotFound)
		all, err := s.SessionsOfUser(ctx, "u-1")
		if err != nil || len(all) != 1 || all[0].ID != other.ID {
			f.Errorf("left are %+v, %v", all, err)
		}
		events, err := s.EventsOf(ctx, "acme", "u-1", 1)
		if err != nil || len(events) != 1 || events[0].Kind != directory.SessionEnded || events[0].Session != mine.ID {
			f.Errorf("events %+v, %v", events, err)
		}
	}},
	{"lists who is archived in pages, however few are wanted", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		for i := range 30 {
			u := ada(i)
			if i%3 > 0 {
				u.State = directory.Archived
			}
			must(f, insert(ctx, s, u))
		}
		for _, count := range []int{1, 4, 7, 20, 1000} {
			var got []string
			page := store.Page[directory.User]{Next: "zzzzzz"}
			for n := 0; page.Next != "" && n < 50; n++ {
				var err error
				page, err = s.ArchivedUsers(ctx, "acme", page.Next, count, func(u directory.User) bool { return strings.Contains(u.ID, "2") })
				must(f, err)
				if len(page.Items) > count {
					f.Errorf("%d on a page of %d", len(page.Items), count)
				}
				for _, u := range page.Items {
					got = append(got, u.ID)
				}
			}
			if want := "[u-29 u-28 u-26 u-25 u-23 u-22 u-20 u-2]"; fmt.Sprint(got) != want {
				f.Errorf("in pages of %d: %v, want %s", count, got, want)
			}
		}
		_, err := s.ArchivedUsers(ctx, "acme", "no cursor", 5, nil)
		wants(f, err, store.ErrCursor)
		if page, err := s.ArchivedUsers(ctx, "other", "", 5, nil); err != nil || len(page.Items) > 0 {
			f.Errorf("of another directory: %+v, %v", page, err)
		}
	}},
	{"keeps the newest refused sign-ins of each person", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		must(f, insert(ctx, s, ada(2)))
		refused := func(user string, n int) store.Refused {
			return store.Refused{
				At: start.Add(time.Duration(n) * time.Minute), Directory: "acme", Workspace: "acme", User: user,
				Method: directory.MethodSAML, Code: problem.Code(fmt.Sprintf("LY-X-%03d", n)), Device: "Ada's laptop",
			}
		}
		for i := range store.KeepRefused + 7 {
			s.NoteRefused(refused("u-1", i))
		}
		s.NoteRefused(refused("u-2", 1))
		s.NoteRefused(store.Refused{User: "u-2", Code: "odd\x00"})
		must(f, insert(ctx, s, ada(3))) // what was asked for before is done
		all, err := s.RefusedOf(ctx, "acme", "u-1")
		if err != nil || len(all) != store.KeepRefused || all[0] != refused("u-1", store.KeepRefused+6) {
			f.Errorf("%d are kept: %+v, %v", len(all), all, err)
		}
		if all, err := s.RefusedOf(ctx, "acme", "u-2"); err != nil || len(all) != 1 {
			f.Errorf("of the other: %+v, %v", all, err)
		}
		must(f, move(ctx, s, "acme", "u-1", directory.Archived))
		if n, err := s.Purge(ctx, "acme", start.Add(24*time.Hour)); err != nil || n != 1 {
			f.Fatalf("erased %d, %v", n, err)
		}
		if all, err := s.RefusedOf(ctx, "acme", "u-1"); err != nil || len(all) != 0 {
			f.Errorf("of who was erased: %+v, %v", all, err)
		}
	}},
}
