package storetest

import (
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var consuming = []promise{
	{"gives a consumer's work to one server at a time, and to the next when that one is gone", func(f *fixture) {
		s, other, ctx := f.acme(), f.open(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		take := func(from *store.Store, owner string, at time.Time, seq int64, want bool) {
			f.Helper()
			got, ok, err := from.TakeConsumer(ctx, "hook", owner, at, at.Add(time.Minute))
			must(f, err)
			if ok != want || ok && got != seq {
				f.Errorf("%s got %d, %v; want %d, %v", owner, got, ok, seq, want)
			}
		}
		advance := func(owner string, from, seq int64, want bool) {
			f.Helper()
			ok, err := s.AdvanceConsumer(ctx, "hook", owner, from, seq)
			must(f, err)
			if ok != want {
				f.Errorf("%s advanced to %d: %v", owner, seq, ok)
			}
		}
		take(s, "a", start, 1, true) // what was before it existed is not its business
		take(other, "b", start.Add(59*time.Second), 0, false)
		take(s, "a", start.Add(30*time.Second), 1, true)
		take(other, "b", start.Add(61*time.Second), 0, false)
		must(f, move(ctx, s, "acme", "u-1", directory.Suspended))
		advance("a", 1, 2, true)
		advance("b", 1, 2, false)
		take(other, "b", start.Add(90*time.Second), 2, true)
		advance("a", 2, 3, false)
		take(s, "a", start.Add(91*time.Second), 0, false)
		must(f, s.ReleaseConsumer(ctx, "hook", "a"))
		take(s, "a", start.Add(91*time.Second), 0, false)
		must(f, s.ReleaseConsumer(ctx, "hook", "b"))
		take(s, "a", start.Add(91*time.Second), 2, true)
		must(f, s.RewindConsumer(ctx, "hook", 1))
		advance("a", 2, 3, false)
		take(s, "a", start.Add(91*time.Second), 1, true)
		advance("a", 2, 3, false)
		wants(f, s.RewindConsumer(ctx, "nobody", 1), store.ErrNotFound)
		_, _, err := s.TakeConsumer(ctx, "", "a", start, start)
		wants(f, err, store.ErrInvalid)
	}},
}
