package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var events = []promise{
	{"numbers events from one, in the order they were caused", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		if last, err := s.LastEvent(ctx); last != 0 || err != nil {
			f.Errorf("at first %d, %v", last, err)
		}
		var batch []directory.Event
		for i := range 40 { // more than one statement inserts
			batch = append(batch, directory.Event{
				At: start.Add(time.Duration(i)), Directory: "acme", Workspace: "acme",
				Kind: directory.UserUpdated, User: fmt.Sprint("u-", i), Session: "s",
			})
		}
		must(f, s.InsertUser(ctx, ada(1), batch...))
		var got []directory.Event
		for after := int64(0); ; after = got[len(got)-1].Seq {
			page, err := s.Events(ctx, after, 7)
			must(f, err)
			if got = append(got, page...); len(page) < 7 {
				break
			}
		}
		for i := range batch {
			batch[i].Seq, batch[i].At = int64(i+1), batch[i].At.Truncate(time.Microsecond)
		}
		if diff := cmp.Diff(batch, got); diff != "" {
			f.Errorf("(-want +got):\n%s", diff)
		}
		if last, err := s.LastEvent(ctx); last != 40 || err != nil {
			f.Errorf("the last is %d, %v; want 40", last, err)
		}
		if none, err := s.Events(ctx, 0, 0); len(none) != 0 || err != nil {
			f.Errorf("a limit of 0 gives %v, %v", none, err)
		}
	}},
	{"shows readers of two replicas every event of eight writers once, in order, while it happens", eightWriters},
	{"rings before the call that caused an event returns", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		for i := range 10 {
			changed := s.Changed()
			must(f, insert(ctx, s, ada(i)))
			select {
			case <-changed:
			default:
				f.Errorf("it did not ring for event %d", i+1)
			}
		}
	}},
}

// eightWriters has four writers on each of two handles, which also fail, and
// a reader on each that remembers the last number, as deliver does. The readers
// must see 1, 2, 3 … with nothing left out, at the time of writing.
func eightWriters(f *fixture) {
	s, other := f.acme(), f.open()
	const writers, each = 8, 40
	ctx, stop := context.WithTimeout(f.Context(), time.Minute)
	defer stop()
	var wg sync.WaitGroup
	for w := range writers {
		h := []*store.Store{s, other}[w%2]
		wg.Go(func() {
			for i := range each {
				u := ada(w*each + i)
				if err := insert(ctx, h, u); err != nil {
					f.Error(err)
				}
				u.ID += "-again" // refused, and must leave no gap
				if err := insert(ctx, h, u); !errors.Is(err, store.ErrExists) {
					f.Errorf("the second time: %v", err)
				}
			}
		})
	}
	seen := make([][]directory.Event, 2)
	for i, h := range []*store.Store{s, other} {
		wg.Go(func() {
			poll := time.NewTicker(20 * time.Millisecond) // what others write on SQLite is polled
			defer poll.Stop()
			for last := int64(0); last < writers*each; {
				changed := h.Changed()
				page, err := h.Events(ctx, last, 50)
				if err != nil {
					f.Error(err)
					return
				}
				for _, e := range page {
					if e.Seq != last+1 {
						f.Errorf("reader %d: %d comes after %d", i, e.Seq, last)
					}
					last = e.Seq
				}
				if seen[i] = append(seen[i], page...); len(page) > 0 {
					continue
				}
				select {
				case <-changed:
				case <-poll.C:
				case <-ctx.Done():
					f.Errorf("reader %d waits for %d", i, last+1)
					return
				}
			}
		})
	}
	wg.Wait()
	if diff := cmp.Diff(seen[0], seen[1]); diff != "" {
		f.Errorf("the readers saw different things (-first +second):\n%s", diff)
	}
	people := map[string]int{}
	for _, e := range seen[0] {
		people[e.User]++
	}
	if len(people) != writers*each || len(seen[0]) != writers*each {
		f.Errorf("%d events about %d people, want %d of each", len(seen[0]), len(people), writers*each)
	}
}
