package storetest

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var storming = []promise{
	{"tells of everybody who joins and leaves a group, whatever else happens at once", func(f *fixture) {
		s := f.acme()
		const people = 12
		f.enrol(s, people)
		for _, id := range []string{"a", "b"} {
			must(f, s.InsertResource(f.Context(), group(id), nil))
		}
		f.atOnce(s, 7, func(on *store.Store, dice *rand.Rand) error { return f.storm(on, dice, people) })
		told := f.replay(s)
		for _, id := range []string{"a", "b"} {
			f.has(s, id, slices.Sorted(maps.Keys(told[id]))...)
		}
		f.dated(s)
	}},
	{"sends the move of a member ahead only where that is what comes of it", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.enrol(s, 2)
		must(f, s.InsertResource(ctx, group("a"), nil))
		join := store.ResourceChange{Add: members("u-0")}
		_, changed, err := alter(ctx, s, "a", join)
		if err != nil || !changed {
			f.Fatalf("joining: %v, %v", changed, err)
		}
		// It was seen now. A change that refuses once it knows more, or turns out
		// to be another, must not leave behind what was sent ahead.
		asked := 0
		refusal := errors.New("not now")
		_, _, err = s.ChangeResource(ctx, "acme", directory.GroupType, "a", later, func(before directory.Group) (store.ResourceChange, error) {
			if asked++; asked > 1 {
				return store.ResourceChange{}, refusal
			}
			return store.ResourceChange{After: before, Add: members("u-1")}, nil
		})
		if asked > 1 {
			wants(f, err, refusal)
		} else {
			must(f, err) // an engine that sends nothing ahead asks once
			_, _, err = alter(ctx, s, "a", store.ResourceChange{Remove: members("u-1")})
			must(f, err)
		}
		f.has(s, "a", "u-0")
		asked = 0
		_, _, err = s.ChangeResource(ctx, "acme", directory.GroupType, "a", later, func(before directory.Group) (store.ResourceChange, error) {
			c := store.ResourceChange{After: before, Add: members("u-1")}
			if asked++; asked > 1 {
				c.Add, c.Remove = nil, members("u-0")
			}
			return c, nil
		})
		must(f, err)
		if asked > 1 {
			f.has(s, "a")
		} else {
			f.has(s, "a", "u-0", "u-1")
		}
	}},
	{"forgets what it saw of a group that is gone", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.enrol(s, 1)
		must(f, s.InsertResource(ctx, group("a"), nil))
		_, _, err := alter(ctx, s, "a", store.ResourceChange{Add: members("u-0")})
		must(f, err)
		must(f, s.DeleteResource(ctx, "acme", directory.GroupType, "a", 0, later))
		_, _, err = alter(ctx, s, "a", store.ResourceChange{Add: members("u-0")})
		wants(f, err, store.ErrNotFound)
		again := group("a")
		must(f, s.InsertResource(ctx, again, nil))
		_, _, err = alter(ctx, s, "a", store.ResourceChange{Add: members("u-0")})
		must(f, err)
		f.has(s, "a", "u-0")
	}},
}

// dated checks that everybody is found by the time at which they were changed.
func (f *fixture) dated(s *store.Store) {
	f.Helper()
	ctx := f.Context()
	all, total, err := everyone(ctx, s, store.Search[directory.User]{Sort: &store.Sort{Path: "meta.lastmodified"}, Count: 5, Total: true})
	must(f, err)
	n, err := s.CountUsers(ctx, "acme")
	must(f, err)
	if there := n.Active + n.Suspended; len(all) != there || total != there {
		f.Errorf("in order there are %d, of %d; want %d", len(all), total, there)
	}
	if !slices.IsSortedFunc(all, func(a, b directory.User) int { return a.Modified.Compare(b.Modified) }) {
		f.Errorf("they are not in order: %v", ids(all))
	}
	for _, u := range all {
		at := store.TimeValue(u.Modified)
		page, err := s.SearchUsers(ctx, "acme", store.Search[directory.User]{
			Where: store.And{store.Compare{Path: "meta.lastmodified", Op: store.EQ, Value: at}, store.Compare{Path: "id", Op: store.EQ, Value: u.ID}},
			Match: func(directory.User) (bool, error) { return true, nil }, Count: 5,
		})
		if err != nil || len(page.Items) != 1 {
			f.Errorf("%s is not found by %s: %v, %v", u.ID, at, ids(page.Items), err)
		}
	}
}

// storm does one thing to a group or a person.
func (f *fixture) storm(s *store.Store, dice *rand.Rand, people int) error {
	ctx := f.Context()
	who := fmt.Sprint("u-", dice.IntN(people))
	one := []directory.Member{{ID: who}}
	if dice.IntN(2) == 0 {
		one[0].Kind = directory.UserMember
	}
	var c store.ResourceChange
	switch dice.IntN(12) {
	case 0:
		c.Replace, c.Members = true, one
	case 1:
		c.Add, c.Remove = one, members(fmt.Sprint("u-", dice.IntN(people)))
	case 2:
		c.After = group("a")
		c.After.DisplayName = fmt.Sprint("Group ", dice.Uint32())
		c.Add = one
	case 3:
		to := []directory.State{directory.Active, directory.Suspended, directory.Archived}[dice.IntN(3)]
		if err := move(ctx, s, "acme", who, to); err != nil && !errors.Is(err, store.ErrConflict) {
			return err
		}
		return nil
	case 4, 5, 6, 7:
		c.Remove = one
	default:
		c.Add = one
	}
	_, _, err := alter(ctx, s, []string{"a", "b"}[dice.IntN(2)], c)
	if errors.Is(err, store.ErrUnknownMember) { // archived at the moment
		return nil
	}
	return err
}

// replay returns the members of each group as its events tell.
func (f *fixture) replay(s *store.Store) map[string]map[string]bool {
	f.Helper()
	in := map[string]map[string]bool{}
	for after := int64(0); ; {
		all, err := s.Events(f.Context(), after, 1000)
		must(f, err)
		for _, e := range all {
			after = e.Seq
			switch e.Kind {
			case directory.GroupCreated:
				in[e.Group] = map[string]bool{}
			case directory.MemberAdded:
				if in[e.Group][e.User] {
					f.Errorf("event %d adds %s to %s, who is a member", e.Seq, e.User, e.Group)
				}
				in[e.Group][e.User] = true
			case directory.MemberRemoved:
				if !in[e.Group][e.User] {
					f.Errorf("event %d removes %s from %s, who is no member", e.Seq, e.User, e.Group)
				}
				delete(in[e.Group], e.User)
			}
		}
		if len(all) < 1000 {
			return in
		}
	}
}

// atOnce does something sixty times in each of eight goroutines, two of which
// work on another replica. The dice are thrown alike each time the test runs.
func (f *fixture) atOnce(s *store.Store, seed uint64, do func(on *store.Store, dice *rand.Rand) error) {
	f.Helper()
	other := f.open()
	var wg sync.WaitGroup
	for i := range 8 {
		on := s
		if i%3 == 2 {
			on = other
		}
		wg.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(i), seed))
			for range 60 {
				if err := do(on, dice); err != nil {
					f.Errorf("worker %d: %v", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
}
