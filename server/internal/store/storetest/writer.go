package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var writing = []promise{
	{"did nothing for a caller who left, and everything for the others", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		var wg sync.WaitGroup
		results := make([]error, 400)
		for i := range results {
			mine, leave := context.WithCancel(ctx)
			wg.Go(func() { results[i] = insert(mine, s, ada(i)) })
			if i%2 == 1 {
				wg.Go(leave)
			} else {
				defer leave()
			}
		}
		wg.Wait()
		left := 0
		for i, err := range results {
			_, found := s.User(ctx, "acme", fmt.Sprint("u-", i))
			switch {
			case err == nil && found == nil:
			case i%2 == 1 && errors.Is(err, context.Canceled) && errors.Is(found, store.ErrNotFound):
				left++
			default:
				f.Errorf("caller %d was told %v, and it is %v", i, err, found)
			}
		}
		f.Logf("%d of 200 left in time", left)
	}},
	{"takes no work of a caller who has left", func(f *fixture) {
		s := f.acme()
		ctx, leave := context.WithCancel(f.Context())
		leave()
		wants(f, insert(ctx, s, ada(1)), context.Canceled)
		_, err := s.User(f.Context(), "acme", "u-1")
		wants(f, err, store.ErrNotFound)
	}},
	{"gives a panic back to who caused it and goes on", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		func() {
			defer func() {
				if v := recover(); v == nil || !strings.Contains(fmt.Sprint(v), "admit broke") {
					f.Errorf("recovered %v", v)
				}
			}()
			err := s.StartSession(ctx, session("u-1"), func(directory.User) error { panic("admit broke") }, directory.Event{})
			f.Errorf("it returned %v", err)
		}()
		must(f, s.StartSession(ctx, session("u-1"), anyone, directory.Event{}))
		if all, err := s.SessionsOfUser(ctx, "u-1"); len(all) != 1 || err != nil {
			f.Errorf("sessions: %v, %v", all, err)
		}
	}},
	{"answers everybody when it closes, and nobody after", func(f *fixture) {
		s, other, ctx := f.acme(), f.open(), f.Context()
		var wg sync.WaitGroup
		var stored atomic.Int64
		for i := range 100 {
			wg.Go(func() {
				switch err := insert(ctx, s, ada(i)); {
				case err == nil:
					stored.Add(1)
				case !errors.Is(err, store.ErrClosed):
					f.Error(err)
				}
			})
		}
		must(f, s.Close())
		wg.Wait()
		must(f, s.Close()) // again
		wants(f, insert(ctx, s, ada(200)), store.ErrClosed)
		if _, err := s.User(ctx, "acme", "u-1"); err == nil || errors.Is(err, store.ErrNotFound) {
			f.Errorf("reading after it was closed: %v", err)
		}
		if last, err := other.LastEvent(ctx); last != stored.Load() || err != nil {
			f.Errorf("%d were told that it is stored, and %d are, %v", stored.Load(), last, err)
		}
	}},
}
