package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var indexing = []promise{
	{"keeps long values apart that nobody else may have", func(f *fixture) {
		s, ctx := f.indexed(), f.Context()
		long := strings.Repeat("é", 300)
		save := func(n int, value string) error { return insert(ctx, s, described(n, attributes{"badge": {value}})) }
		must(f, save(1, long+"a"))
		must(f, save(2, long+"b"))
		must(f, save(3, long[:500])) // as long as what is indexed of them
		taken(f, save(4, long+"b"), "badge")
		taken(f, save(5, long[:500]), "badge")
		// The same under other rules, which index what is there anew.
		s.Use(rules(2))
		if n, err := s.Reindex(ctx); n != 3 || err != nil {
			f.Fatalf("indexed %d, %v", n, err)
		}
		taken(f, save(6, long+"a"), "badge")
		must(f, save(7, long+"c"))
		u, err := s.User(ctx, "acme", "u-1")
		must(f, err)
		was := u.Version
		u.Doc = described(1, attributes{"badge": {long + "d"}}).Doc
		must(f, s.SaveUser(ctx, u, was, directory.Consequence{}))
		must(f, save(8, long+"a"))
	}},
	{"finds rightly before, while and after it indexes what was there", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		for i := range 130 { // without rules, as an older Lanyard stored them
			must(f, insert(ctx, s, described(i, attributes{"dept": {[]string{"it", "sales"}[i%2]}})))
		}
		must(f, s.InsertResource(ctx, group("g"), nil))
		must(f, move(ctx, s, "acme", "u-0", directory.Archived))
		s.Use(rules(1))
		where := store.Compare{Path: "dept", Value: "it"}
		asked := 0
		q := store.Search[directory.User]{Where: where, Count: 30, Total: true, Match: func(u directory.User) (bool, error) {
			asked++
			return holds(where, u), nil
		}}
		right := func(when string) {
			f.Helper()
			all, total, err := everyone(ctx, s, q)
			if err != nil || len(all) != 64 || total != 64 {
				f.Errorf("%s: %d of %d, %v; want 64", when, len(all), total, err)
			}
		}
		right("before")
		if asked == 0 {
			f.Error("it took an index that is not there")
		}
		_, err := s.SearchUsers(ctx, "acme", store.Search[directory.User]{Where: where, Count: 1})
		wants(f, err, store.ErrIndexing)
		var wg sync.WaitGroup
		wg.Go(func() {
			if n, err := s.Reindex(ctx); err != nil || n != 131 {
				f.Errorf("indexed %d, %v; want 131", n, err)
			}
		})
		must(f, insert(ctx, s, described(500, attributes{"dept": {"none"}})))
		wg.Wait()
		asked = 0
		right("after")
		if asked != 0 {
			f.Errorf("Match was asked %d times", asked)
		}
		if n, err := s.Reindex(ctx); n != 0 || err != nil {
			f.Errorf("again it indexed %d, %v", n, err)
		}
		// Under other rules everything is done anew.
		other := f.open()
		other.Use(rules(2))
		if n, err := other.Reindex(ctx); err != nil || n != 132 {
			f.Errorf("indexed %d, %v; want 132", n, err)
		}
		page, err := s.SearchResources(ctx, "acme", "Group", store.Search[directory.Group]{Where: store.Compare{Path: "displayname", Value: "group g"}, Count: 1})
		if err != nil || len(page.Items) != 1 {
			f.Errorf("%+v, %v", page, err)
		}
	}},
	{"loses nobody on a walk during which others are removed and added", func(f *fixture) {
		s, ctx := f.indexed(), f.Context()
		for i := range 60 {
			must(f, insert(ctx, s, described(i, attributes{"dept": {fmt.Sprint("d", i%3)}})))
		}
		for it, q := range map[string]store.Search[directory.User]{
			"of all":        {},
			"of a value":    {Where: store.Compare{Path: "dept", Op: store.SW, Value: "d"}},
			"of two values": {Where: store.Or{store.Compare{Path: "dept", Value: "d1"}, store.Compare{Path: "dept", Value: "d2"}, store.Compare{Path: "dept", Value: "d0"}}},
			"in order":      {Sort: &store.Sort{Path: "dept"}},
			"backwards":     {Sort: &store.Sort{Path: "username", Desc: true}},
		} {
			q.Count = 7
			seen := map[string]int{}
			for n := 0; ; n++ {
				page, err := s.SearchUsers(ctx, "acme", q)
				must(f, err)
				for _, u := range page.Items {
					seen[u.ID]++
				}
				if len(page.Items) > 0 { // the last seen goes, and another comes
					u := page.Items[len(page.Items)-1]
					must(f, move(ctx, s, "acme", u.ID, directory.Archived))
					must(f, move(ctx, s, "acme", u.ID, directory.Active))
					must(f, move(ctx, s, "acme", page.Items[0].ID, directory.Suspended))
				}
				if q.After = page.Next; q.After == "" {
					break
				}
			}
			for i := range 60 {
				if n := seen[fmt.Sprint("u-", i)]; n != 1 {
					f.Errorf("a walk %s met u-%d %d times", it, i, n)
				}
			}
		}
	}},
	{"takes no cursor of another search, nor one that it did not make", func(f *fixture) {
		s, ctx := f.indexed(), f.Context()
		for i := range 5 {
			must(f, insert(ctx, s, described(i, attributes{"dept": {"it"}})))
		}
		where := store.Compare{Path: "dept", Value: "it"}
		page, err := s.SearchUsers(ctx, "acme", store.Search[directory.User]{Where: where, Count: 2})
		must(f, err)
		for _, c := range []store.Cursor{page.Next[:8], "AQ", "!", page.Next} {
			q := store.Search[directory.User]{Where: where, Count: 2, After: c}
			if c == page.Next {
				q.Where = nil
			}
			_, err := s.SearchUsers(ctx, "acme", q)
			wants(f, err, store.ErrCursor)
		}
		_, err = s.Members(ctx, "acme", "g", "", 1)
		wants(f, err, store.ErrNotFound)
	}},
	{"changes a person inside the writer, so that nothing is lost", func(f *fixture) {
		s, other, ctx := f.indexed(), f.open(), f.Context()
		other.Use(rules(1))
		must(f, insert(ctx, s, ada(1)))
		var wg sync.WaitGroup
		for i := range 40 {
			h := []*store.Store{s, other}[i%2]
			wg.Go(func() {
				_, err := h.UpdateUser(ctx, "acme", "u-1", func(u directory.User) (directory.User, directory.Consequence, error) {
					is := u
					is.Role += "x"
					is.Modified = u.Modified.Add(time.Second)
					return is, directory.Change(u, is), nil
				})
				if err != nil {
					f.Error(err)
				}
			})
		}
		wg.Wait()
		u, err := s.User(ctx, "acme", "u-1")
		if err != nil || len(u.Role) != len("Member")+40 || u.Version != 41 {
			f.Errorf("%+v, %v", u, err)
		}
		same, err := s.UpdateUser(ctx, "acme", "u-1", func(u directory.User) (directory.User, directory.Consequence, error) {
			return u, directory.Consequence{}, nil
		})
		if err != nil || same.Version != 41 {
			f.Errorf("nothing was to change: %+v, %v", same, err)
		}
		no := errors.New("no")
		_, err = s.UpdateUser(ctx, "acme", "u-1", func(u directory.User) (directory.User, directory.Consequence, error) {
			return u, directory.Consequence{}, no
		})
		wants(f, err, no)
		_, err = s.UpdateUser(ctx, "acme", "u-2", func(u directory.User) (directory.User, directory.Consequence, error) {
			return u, directory.Consequence{}, nil
		})
		wants(f, err, store.ErrNotFound)
	}},
	{"holds up neither the writer nor short searches while many long ones decide", func(f *fixture) {
		s, ctx := f.indexed(), f.Context()
		for i := range 300 {
			must(f, insert(ctx, s, described(i, attributes{"dept": {"it"}})))
		}
		entered, leave := make(chan struct{}, 1000), make(chan struct{})
		var long sync.WaitGroup
		for range 20 {
			long.Go(func() {
				page, err := s.SearchUsers(ctx, "acme", store.Search[directory.User]{
					Partial: true, Count: 5, Total: true, Match: func(u directory.User) (bool, error) {
						entered <- struct{}{}
						<-leave
						return u.ID == "u-299", nil
					},
				})
				if err != nil || len(page.Items) != 1 || page.Total != 1 {
					f.Errorf("%+v, %v", page, err)
				}
			})
		}
		for range 20 {
			<-entered
		}
		go func() {
			for range entered {
			}
		}()
		must(f, insert(ctx, s, described(900, attributes{"dept": {"hr"}})))
		_, err := s.User(ctx, "acme", "u-900")
		must(f, err)
		page, err := s.SearchUsers(ctx, "acme", store.Search[directory.User]{Where: store.Compare{Path: "dept", Value: "hr"}, Count: 5, Total: true})
		if err != nil || page.Total != 1 {
			f.Errorf("%+v, %v", page, err)
		}
		left, stop := context.WithCancel(ctx)
		stop()
		_, err = s.SearchUsers(left, "acme", store.Search[directory.User]{Count: 5})
		wants(f, err, context.Canceled)
		close(leave)
		long.Wait()
		close(entered)
	}},
}
