package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// staffed is acme with people and an alarm.
func (f *fixture) staffed(people int, a directory.Alarm) *store.Store {
	f.Helper()
	s, ctx := f.acme(), f.Context()
	for i := range people {
		must(f, insert(ctx, s, ada(i)))
	}
	_, err := s.UpdateAlarm(ctx, "acme", func(was *directory.Alarm) error {
		if *was != directory.DefaultAlarm() {
			f.Errorf("the alarm was %+v", *was)
		}
		*was = a
		return nil
	})
	must(f, err)
	return s
}

// raised counts the alarms among the events.
func (f *fixture) raised(s *store.Store) (n int) {
	f.Helper()
	events, err := s.Events(f.Context(), 0, 1000)
	must(f, err)
	for _, e := range events {
		if e.Kind == directory.MassRemoval {
			n++
			if e.Directory != "acme" || e.User != "" {
				f.Errorf("the event is %+v", e)
			}
		}
	}
	return n
}

func held(err error) bool {
	code, _ := problem.Of(err)
	return err != nil && code == problem.SCIMHeld
}

var alarming = []promise{
	{"reports unusually many removals once, with the one that makes them too many", func(f *fixture) {
		s, ctx := f.staffed(40, directory.Alarm{People: 5, Percent: 20}), f.Context()
		for i := range 20 {
			to := directory.Suspended
			if i%2 == 0 {
				to = directory.Archived
			}
			must(f, move(ctx, s, "acme", fmt.Sprint("u-", i), to))
			if want := min(max(i-7, 0), 1); f.raised(s) != want { // the ninth of forty is more than a fifth
				f.Fatalf("after %d removals there are %d alarms", i+1, f.raised(s))
			}
		}
		got, err := s.Requests(ctx, "acme", store.RequestQuery{})
		must(f, err)
		if len(got) != 1 || got[0].Type != "alarm" || got[0].Detail != "9 of 40 people lost access within an hour." {
			f.Errorf("the log shows %+v", got)
		}
	}},
	{"holds further removals until they are let pass, and nothing else", func(f *fixture) {
		s, ctx := f.staffed(20, directory.Alarm{People: 3, Percent: 10, Hold: true}), f.Context()
		for i := range 4 {
			must(f, move(ctx, s, "acme", fmt.Sprint("u-", i), directory.Suspended))
		}
		last, err := s.LastEvent(ctx)
		must(f, err)
		must(f, s.StartSession(ctx, session("u-5"), anyone, directory.Event{}))
		for _, to := range []directory.State{directory.Suspended, directory.Archived} {
			if err := move(ctx, s, "acme", "u-5", to); !held(err) {
				f.Errorf("%s: %v", to, err)
			}
		}
		u, err := s.User(ctx, "acme", "u-5")
		must(f, err)
		sessions, err := s.SessionsOfUser(ctx, "u-5")
		must(f, err)
		now, err := s.LastEvent(ctx)
		must(f, err)
		if u.State != directory.Active || u.Version != 1 || len(sessions) != 1 || now != last+1 { // the session's start
			f.Errorf("something was half done: %+v, %d sessions, %d events", u, len(sessions), now-last)
		}
		must(f, move(ctx, s, "acme", "u-1", directory.Archived)) // had no access
		must(f, move(ctx, s, "acme", "u-2", directory.Active))
		must(f, insert(ctx, s, ada(100)))
		_, err = s.UpdateAlarm(ctx, "acme", func(a *directory.Alarm) error {
			if !a.Holding(start.Add(2 * time.Second)) {
				f.Errorf("it does not hold: %+v", a)
			}
			a.PassUntil = start.Add(time.Hour)
			return nil
		})
		must(f, err)
		for i := range 10 {
			must(f, move(ctx, s, "acme", fmt.Sprint("u-", 5+i), directory.Suspended))
		}
		if n := f.raised(s); n != 1 {
			f.Errorf("%d alarms", n)
		}
	}},
	{"lets no more through than it should when many are removed at once", func(f *fixture) {
		s, other, ctx := f.staffed(60, directory.Alarm{People: 10, Percent: 10, Hold: true}), f.open(), f.Context()
		var through atomic.Int32
		var asked sync.WaitGroup
		for i := range 60 {
			asked.Go(func() {
				err := move(ctx, []*store.Store{s, other}[i%2], "acme", fmt.Sprint("u-", i), directory.Suspended)
				if err == nil {
					through.Add(1)
				} else if !held(err) {
					f.Error(err)
				}
			})
		}
		asked.Wait()
		if n := through.Load(); n != 11 || f.raised(s) != 1 {
			f.Errorf("%d of 60 were removed, with %d alarms", n, f.raised(s))
		}
	}},
	{"keeps an alarm for each directory that exists", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		_, err := s.UpdateAlarm(ctx, "nobody", func(*directory.Alarm) error { return nil })
		wants(f, err, store.ErrNotFound)
		mine := errors.New("no")
		_, err = s.UpdateAlarm(ctx, "acme", func(*directory.Alarm) error { return mine })
		wants(f, err, mine)
		a, err := s.Alarm(ctx, "acme")
		must(f, err)
		if a != directory.DefaultAlarm() {
			f.Errorf("got %+v", a)
		}
	}},
}
