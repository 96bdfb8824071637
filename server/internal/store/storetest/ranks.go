package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// many is more members than one transaction looks at.
const many = 450

var ranking = []promise{
	{"shows nobody with the role of a large group as it was", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		ws := f.bosses(s, many)
		last, gone := fmt.Sprint("u-", many-1), fmt.Sprint("u-", many-2)
		each := map[string]directory.Session{}
		for _, id := range []string{"u-0", "u-200", gone, last} {
			each[id] = session(id)
			must(f, s.StartSession(ctx, each[id], anyone, directory.Event{}))
		}
		all := func(s *store.Store, want, after string) {
			f.Helper()
			for id, has := range each {
				_, u, _, err := s.Session(ctx, has.Hash, start)
				if err != nil || u.Role != want {
					f.Errorf("after %s, %s is shown as %q, %v; want %q", after, id, u.Role, err, want)
				}
				admitted := ""
				err = s.StartSession(ctx, session(id), func(u directory.User) error { admitted = u.Role; return nil }, directory.Event{})
				if err != nil || admitted != want {
					f.Errorf("after %s, %s comes in as %q, %v; want %q", after, id, admitted, err, want)
				}
			}
		}
		all(s, "boss", "joining")
		f.reranked(s, ws)
		all(s, "boss", "roles were given")
		named := func(name string) {
			f.Helper()
			_, changed, err := s.ChangeResource(ctx, "acme", directory.GroupType, "bosses", later, func(before directory.Group) (store.ResourceChange, error) {
				before.DisplayName = name
				return store.ResourceChange{After: before, Rank: &ws}, nil
			})
			if err != nil || !changed {
				f.Fatalf("naming the group %q: %v, %v", name, changed, err)
			}
		}
		named("Former")
		if u, err := s.User(ctx, "acme", "u-0"); err != nil || u.Role != "boss" || u.Ranking.By != ws.RankedBy() {
			f.Errorf("everybody waited while all members were looked at: %+v, %v", u, err)
		}
		all(s, "", "the group lost its name")
		all(f.open(), "", "it was asked of another server")
		// Who leaves before their turn came has no group any more that tells of it.
		_, _, err := s.ChangeResource(ctx, "acme", directory.GroupType, "bosses", later, func(before directory.Group) (store.ResourceChange, error) {
			return store.ResourceChange{After: before, Remove: members(gone), Rank: &ws}, nil
		})
		must(f, err)
		all(s, "", "somebody left")
		f.reranked(s, ws)
		all(s, "", "roles were given")
		named("Bosses")
		f.reranked(s, ws)
		delete(each, gone)
		all(s, "boss", "the group got its name back")
		must(f, s.DeleteGroup(ctx, &ws, "acme", directory.GroupType, "bosses", 0, later))
		all(s, "", "the group was deleted")
		f.reranked(s, ws)
	}},
	{"keeps what was said of a role while somebody saves what they read before", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		ws := f.bosses(s, 2)
		before, err := s.User(ctx, "acme", "u-0")
		must(f, err)
		act := store.Act{At: later, Who: "somebody", What: "gave a role"}
		_, err = s.ChangeRole(ctx, ws, "u-0", act, func(u directory.User, groups []directory.Group) (directory.User, error) {
			return directory.Grant(ws, u, groups, "boss"), nil
		})
		must(f, err)
		renamed := before
		renamed.UserName = "other@acme.example"
		must(f, s.SaveUser(ctx, renamed, before.Version, directory.Consequence{Rank: &ws}))
		must(f, s.DeleteGroup(ctx, &ws, "acme", directory.GroupType, "bosses", 0, later))
		// u-1's role is due now, and whoever read them before does not know.
		other, err := s.User(ctx, "acme", "u-1")
		must(f, err)
		if other.Ranking.By != -1 {
			f.Fatalf("nobody noted that a role is due: %+v", other.Ranking)
		}
		stale := other
		stale.Ranking.By, stale.UserName = ws.RankedBy(), "third@acme.example"
		must(f, s.SaveUser(ctx, stale, other.Version, directory.Consequence{}))
		f.reranked(s, ws)
		for id, want := range map[string]string{"u-0": "boss", "u-1": ""} {
			if u, err := s.User(ctx, "acme", id); err != nil || u.Role != want {
				f.Errorf("%s is %q, %v; want %q", id, u.Role, err, want)
			}
		}
	}},
	{"lets no role lag behind, whatever happens at once", func(f *fixture) {
		s := f.acme()
		ws := f.bosses(s, 12)
		f.atOnce(s, 11, func(on *store.Store, dice *rand.Rand) error { return f.promote(on, ws, dice) })
		f.follows(s, ws, func(u directory.User) (directory.User, error) { return s.Ranked(f.Context(), ws, u) })
		f.reranked(s, ws)
		f.dated(s)
	}},
	{"erases nobody whom it says was brought back", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		const people, rounds = 8, 12
		f.enrol(s, people)
		for range rounds {
			// Someone erases all who are archived while others bring them back.
			var wg sync.WaitGroup
			back := make([]bool, people)
			for n := range people {
				id := fmt.Sprint("u-", n)
				must(f, move(ctx, s, "acme", id, directory.Archived))
				wg.Go(func() {
					err := move(ctx, s, "acme", id, directory.Active)
					if back[n] = err == nil; err != nil && !errors.Is(err, store.ErrNotFound) {
						f.Error(err)
					}
				})
			}
			wg.Go(func() {
				if _, err := s.Purge(ctx, "acme", later.Add(24*time.Hour)); err != nil {
					f.Error(err)
				}
			})
			wg.Wait()
			f.dated(s)
			n, err := s.CountUsers(ctx, "acme")
			must(f, err)
			if n.Active != people-erased(back) || n.Archived != 0 {
				// Whoever was brought back after the purge is counted like all.
				f.Fatalf("counted %+v, and %d of %d were erased", n, erased(back), people)
			}
			for n, is := range back {
				u, err := s.User(ctx, "acme", fmt.Sprint("u-", n))
				if is != (err == nil && u.State == directory.Active) {
					f.Fatalf("u-%d was brought back: %v, and is there: %v", n, is, err)
				}
				if !is {
					must(f, insert(ctx, s, ada(n)))
				}
			}
		}
	}},
}

func erased(back []bool) (n int) {
	for _, is := range back {
		if !is {
			n++
		}
	}
	return n
}

// bosses makes people who are all in a group that makes them bosses.
func (f *fixture) bosses(s *store.Store, people int) directory.Workspace {
	f.Helper()
	ctx := f.Context()
	ws, err := s.UpdateWorkspace(ctx, "acme", later, func(ws *directory.Workspace) error {
		ws.RoleRules = []directory.RoleRule{{Group: "Bosses", Role: "boss"}}
		return nil
	})
	must(f, err)
	var wg sync.WaitGroup
	for n := range people {
		wg.Go(func() {
			u := ada(n)
			u.Role = ""
			u = directory.Rank(ws, u, u.State, nil)
			if err := insert(ctx, s, u); err != nil {
				f.Error(err)
			}
		})
	}
	wg.Wait()
	g := group("bosses")
	g.DisplayName = "Bosses"
	must(f, s.InsertGroup(ctx, &ws, g, members(numbered(0, people)...)))
	return ws
}

// reranked gives the roles that are due, after which nobody's lags behind.
func (f *fixture) reranked(s *store.Store, ws directory.Workspace) {
	f.Helper()
	_, err := s.Rerank(f.Context(), "acme", later)
	must(f, err)
	if due, err := s.Unranked(f.Context()); err != nil || len(due) > 0 {
		f.Errorf("still due are %q, %v", due, err)
	}
	f.follows(s, ws, func(u directory.User) (directory.User, error) { return u, nil })
}

// follows checks everybody's role, as shown, against their groups.
func (f *fixture) follows(s *store.Store, ws directory.Workspace, shown func(directory.User) (directory.User, error)) {
	f.Helper()
	people, _, err := everyone(f.Context(), s, store.Search[directory.User]{Count: 100})
	must(f, err)
	if len(people) == 0 {
		f.Error("nobody is there")
	}
	for _, u := range people {
		groups, err := s.RankingGroups(f.Context(), ws, u.ID)
		must(f, err)
		want := directory.Rank(ws, u, u.State, groups).Role
		if got, err := shown(u); err != nil || got.Role != want {
			f.Fatalf("%s is %q by %d, %v; of the groups %v follows %q", u.ID, got.Role, u.Ranking.By, err, groups, want)
		}
	}
}

// promote does one thing that may change somebody's role.
func (f *fixture) promote(s *store.Store, ws directory.Workspace, dice *rand.Rand) error {
	ctx := f.Context()
	who := fmt.Sprint("u-", dice.IntN(12))
	c := store.ResourceChange{Rank: &ws}
	name := ""
	switch dice.IntN(13) {
	case 0:
		name = "Bosses"
	case 1:
		name = "Former"
	case 2:
		_, err := s.Rerank(ctx, "acme", later)
		return err
	case 3, 12:
		u, err := s.User(ctx, "acme", who)
		if err != nil {
			return err
		}
		u.Modified = u.Modified.Add(time.Second)
		why := directory.Consequence{Rank: &ws}
		switch {
		case dice.IntN(2) == 0: // no change that rules are about
			why.Rank = nil
		case u.State == directory.Active:
			u.State = directory.Suspended
		default:
			u.State = directory.Active
		}
		err = s.SaveUser(ctx, u, u.Version, why)
		if errors.Is(err, store.ErrConflict) {
			return nil
		}
		return err
	case 4, 5, 6, 7:
		c.Remove = members(who)
	default:
		c.Add = members(who)
	}
	_, _, err := s.ChangeResource(ctx, "acme", directory.GroupType, "bosses", later, func(before directory.Group) (store.ResourceChange, error) {
		c := c
		if c.After = before; name != "" {
			c.After.DisplayName = name
		}
		return c, nil
	})
	return err
}
