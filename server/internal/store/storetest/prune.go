package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// ancient is before all that is kept at the time start.
var ancient = start.Add(-store.KeepEventsFor - time.Second)

// happen writes n events at a time.
func (f *fixture) happen(s *store.Store, n int, at time.Time) {
	f.Helper()
	last, err := s.LastEvent(f.Context())
	must(f, err)
	u := ada(int(last))
	all := make([]directory.Event, n)
	for i := range all {
		all[i] = directory.Event{At: at, Directory: "acme", Kind: directory.UserUpdated, User: u.ID}
	}
	must(f, s.InsertUser(f.Context(), u, all...))
}

func (f *fixture) prunes(s *store.Store, want int) {
	f.Helper()
	if n, err := s.PruneEvents(f.Context(), start); n != want || err != nil {
		f.Errorf("it deleted %d events, %v; want %d", n, err, want)
	}
}

// keeps checks which event is the oldest, and that who asks for those before is
// told.
func (f *fixture) keeps(s *store.Store, oldest int64) {
	f.Helper()
	ctx := f.Context()
	for _, after := range []int64{0, oldest - 1} {
		all, err := s.Events(ctx, after, 1)
		if err != nil || len(all) != 1 || all[0].Seq != oldest {
			f.Errorf("after %d came %v, %v; want %d", after, all, err, oldest)
		}
	}
	if oldest < 3 {
		return
	}
	_, err := s.Events(ctx, oldest-2, 1)
	var p store.Pruned
	if !errors.As(err, &p) || p.Upto != oldest-1 {
		f.Errorf("after %d: %v", oldest-2, err)
	}
	if code, _ := problem.Of(err); code != problem.EventsPruned {
		f.Errorf("its code is %s", code)
	}
}

var pruning = []promise{
	{"deletes events that are old, in order, and says so to who asks for them", func(f *fixture) {
		s := f.acme()
		f.happen(s, 2500, ancient)
		f.happen(s, 3, start)
		f.happen(s, 2, ancient) // behind a younger one, so they stay
		f.prunes(s, 2500)
		f.keeps(s, 2501)
		f.prunes(s, 0)
		f.happen(s, 1, start)
		all, err := s.Events(f.Context(), 2500, 100)
		if err != nil || len(all) != 6 || all[5].Seq != 2506 {
			f.Errorf("%d events are left, %v", len(all), err)
		}
	}},
	{"goes on numbering where everything was deleted", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.happen(s, 5, ancient)
		f.prunes(s, 5)
		if all, err := s.Events(ctx, 5, 10); len(all) != 0 || err != nil {
			f.Errorf("after the last came %v, %v", all, err)
		}
		_, err := s.Events(ctx, 3, 10)
		wants(f, err, store.ErrPruned)
		f.happen(s, 1, start)
		f.keeps(s, 6)
	}},
	{"keeps events for a consumer that is worked for, and not for one that was left", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		take := func(now time.Time) int64 {
			f.Helper()
			seq, ok, err := s.TakeConsumer(ctx, "hook", "me", now, now.Add(time.Minute))
			if err != nil || !ok {
				f.Fatalf("taking: %v, %v", ok, err)
			}
			return seq
		}
		f.happen(s, 2, ancient)
		take(start.Add(-time.Hour)) // it begins after 2
		f.happen(s, 5, ancient)
		f.prunes(s, 2)
		f.keeps(s, 3)
		if ok, err := s.AdvanceConsumer(ctx, "hook", "me", 2, 4); !ok || err != nil {
			f.Errorf("advancing: %v, %v", ok, err)
		}
		f.prunes(s, 2)
		f.keeps(s, 5)
		must(f, s.ReleaseConsumer(ctx, "hook", "me"))
		wants(f, s.RewindConsumer(ctx, "hook", 3), store.ErrPruned)
		long := start.Add(store.KeepEventsFor)
		if n, err := s.PruneEvents(ctx, long); n != 3 || err != nil {
			f.Errorf("for one that was left %d were deleted, %v", n, err)
		}
		if seq := take(long); seq != 7 {
			f.Errorf("it goes on after %d, want 7", seq)
		}
	}},
	{"keeps an event that a webhook has yet to accept, and forgets what it gave up", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		w := store.Webhook{ID: "w", Workspace: "acme", URL: "https://a.example", Hash: "h", Created: start}
		must(f, s.CreateWebhook(ctx, w))
		f.happen(s, 6, ancient)
		f.prunes(s, 0)
		if _, ok, err := s.TakeConsumer(ctx, w.Consumer(), "me", start, start.Add(time.Minute)); !ok || err != nil {
			f.Fatalf("taking: %v, %v", ok, err)
		}
		four := store.Retry{Event: directory.Event{Seq: 4}, Subject: "u-0", Since: start, Due: start}
		ok, err := s.ParkEvents(ctx, w, "me", 0, 6, []store.Retry{four}, []store.DeadLetter{{Seq: 2, At: start}, {Seq: 5, At: start}})
		if !ok || err != nil {
			f.Fatalf("parking: %v, %v", ok, err)
		}
		f.prunes(s, 3)
		f.keeps(s, 4)
		if dead, err := s.DeadLetters(ctx, "w"); err != nil || len(dead) != 1 || dead[0].Seq != 5 {
			f.Errorf("dead letters are %v, %v", dead, err)
		}
		must(f, s.RevokeWebhook(ctx, "acme", "w", start))
		f.prunes(s, 3)
	}},
	{"shows a reader every event once while others are written and deleted", func(f *fixture) {
		s, other, ctx := f.acme(), f.open(), f.Context()
		if _, _, err := s.TakeConsumer(ctx, "reader", "me", start, start.Add(time.Hour)); err != nil {
			f.Fatal(err)
		}
		const n, each = 40, 60
		var wg sync.WaitGroup
		wg.Go(func() {
			for range n {
				f.happen(s, each, ancient)
			}
		})
		done := make(chan struct{})
		wg.Go(func() {
			for {
				if _, err := other.PruneEvents(ctx, start); err != nil {
					f.Error(err)
				}
				select {
				case <-done:
					return
				case <-other.Changed():
				case <-time.After(10 * time.Millisecond):
				}
			}
		})
		if err := readAll(ctx, other, n*each); err != nil {
			f.Error(err)
		}
		close(done)
		wg.Wait()
		_, err := s.PruneEvents(ctx, start)
		must(f, err)
		_, err = s.Events(ctx, 1, 1)
		wants(f, err, store.ErrPruned)
	}},
}

// readAll reads events as a consumer until it has had n.
func readAll(ctx context.Context, s *store.Store, n int64) error {
	for last := int64(0); last < n; {
		changed := s.Changed()
		all, err := s.Events(ctx, last, 100)
		if err != nil {
			return err
		}
		at := last
		for _, e := range all {
			if e.Seq != last+1 {
				return fmt.Errorf("after event %d came %d", last, e.Seq)
			}
			last = e.Seq
		}
		if ok, err := s.AdvanceConsumer(ctx, "reader", "me", at, last); err != nil || !ok {
			return fmt.Errorf("advancing to %d: %v, %w", last, ok, err)
		}
		if len(all) == 0 {
			select {
			case <-changed:
			case <-time.After(10 * time.Millisecond): // another process may have written
			}
		}
	}
	return nil
}
