package storetest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var passwords = []promise{
	{"keeps one password of a person and ends the sessions of the one before", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		must(f, insert(ctx, s, ada(2)))
		_, _, err := s.Password(ctx, "acme", "u-1")
		wants(f, err, store.ErrNotFound)
		must(f, s.SetPassword(ctx, "acme", "u-1", "hash-1", nil, start))
		local, other := session("u-1"), session("u-1")
		local.Method = directory.MethodLocal
		other.Method = directory.MethodMicrosoftWeb
		other.OIDC = &directory.OIDCSession{Issuer: "i", Subject: "s", ObjectID: "o", TenantID: "t", Claims: map[string][]string{"name": {"Ada"}}}
		for _, n := range []directory.Session{local, other} {
			must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
		}
		must(f, s.SetPassword(ctx, "acme", "u-1", "hash-2", nil, later))
		hash, changed, err := s.Password(ctx, "acme", "u-1")
		if err != nil || hash != "hash-2" || !changed.Equal(later) {
			f.Errorf("%q, %v, %v", hash, changed, err)
		}
		_, _, _, err = s.Session(ctx, local.Hash, start)
		wants(f, err, store.ErrNotFound)
		got, _, _, err := s.Session(ctx, other.Hash, start)
		must(f, err)
		if diff := cmp.Diff(other, got); diff != "" {
			f.Errorf("another method's session (-want +got):\n%s", diff)
		}
		events, err := s.Events(ctx, 4, 9)
		if err != nil || len(events) != 1 || events[0].Kind != directory.SessionEnded || events[0].Session != local.ID || events[0].Workspace != "acme" {
			f.Errorf("events: %v, %v", events, err)
		}
		must(f, s.Rehash(ctx, "u-1", "hash-1", "hash-3")) // no longer the one
		must(f, s.Rehash(ctx, "u-1", "hash-2", "hash-4"))
		if hash, _, err := s.Password(ctx, "acme", "u-1"); err != nil || hash != "hash-4" {
			f.Errorf("%q, %v", hash, err)
		}
		all, err := s.PasswordHolders(ctx, "acme", "", 10)
		if err != nil || len(all) != 1 || all[0].User.ID != "u-1" || !all[0].Changed.Equal(later) {
			f.Errorf("who has one: %+v, %v", all, err)
		}
	}},
	{"takes a password away with its sessions, and knows nobody of another directory", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "beta", Name: "Beta", Created: start}))
		must(f, insert(ctx, s, ada(1)))
		wants(f, s.SetPassword(ctx, "beta", "u-1", "h", nil, start), store.ErrNotFound)
		wants(f, s.SetPassword(ctx, "acme", "u-9", "h", nil, start), store.ErrNotFound)
		must(f, s.SetPassword(ctx, "acme", "u-1", "h", nil, start))
		_, _, err := s.Password(ctx, "beta", "u-1")
		wants(f, err, store.ErrNotFound)
		wants(f, s.DropPassword(ctx, "beta", "u-1", start), store.ErrNotFound)
		n := session("u-1")
		n.Method = directory.MethodLocal
		must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
		must(f, s.DropPassword(ctx, "acme", "u-1", start))
		wants(f, s.DropPassword(ctx, "acme", "u-1", start), store.ErrNotFound)
		_, _, _, err = s.Session(ctx, n.Hash, start)
		wants(f, err, store.ErrNotFound)
	}},
	{"spends the link with the password that it was for, or neither", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		key := store.TicketKey{Kind: store.TicketPassword, Workspace: "acme", Hash: "t"}
		must(f, s.Exchange(ctx, nil, []store.Ticket{{Kind: key.Kind, Hash: "t", Workspace: "acme", Doc: []byte(`"u-1"`), Created: start, Expires: start.Add(time.Hour)}}, start))
		wants(f, s.SetPassword(ctx, "acme", "u-9", "h", []store.TicketKey{key}, start), store.ErrNotFound)
		must(f, s.SetPassword(ctx, "acme", "u-1", "h", []store.TicketKey{key}, start))
		wants(f, s.SetPassword(ctx, "acme", "u-1", "thief", []store.TicketKey{key}, start), store.ErrNotFound)
		if hash, _, _ := s.Password(ctx, "acme", "u-1"); hash != "h" {
			f.Errorf("the password is %q", hash)
		}
	}},
	{"ends every other link to choose a password once one was chosen, or taken away", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		must(f, insert(ctx, s, ada(2)))
		put := func(hash, user string) store.TicketKey {
			must(f, s.Exchange(ctx, nil, []store.Ticket{{
				Kind: store.TicketPassword, Hash: hash, Workspace: "acme", Doc: []byte(`"` + user + `"`), Created: start, Expires: start.Add(time.Hour),
			}}, start))
			return store.TicketKey{Kind: store.TicketPassword, Workspace: "acme", Hash: hash}
		}
		old, used, hers := put("old", "u-1"), put("used", "u-1"), put("hers", "u-2")
		must(f, s.SetPassword(ctx, "acme", "u-1", "h", []store.TicketKey{used}, start))
		_, err := s.Ticket(ctx, old, start)
		wants(f, err, store.ErrNotFound)
		again := put("again", "u-1")
		must(f, s.DropPassword(ctx, "acme", "u-1", start))
		_, err = s.Ticket(ctx, again, start)
		wants(f, err, store.ErrNotFound)
		_, err = s.Ticket(ctx, hers, start)
		must(f, err)
	}},
	{"erases the password with the person", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		must(f, s.SetPassword(ctx, "acme", "u-1", "h", nil, start))
		must(f, move(ctx, s, "acme", "u-1", directory.Archived))
		wants(f, s.SetPassword(ctx, "acme", "u-1", "h", nil, start), store.ErrNotFound)
		if n, err := s.Purge(ctx, "acme", start.Add(1000*time.Hour)); err != nil || n != 1 {
			f.Errorf("erased %d, %v", n, err)
		}
	}},
	{"counts each try of a name before it is made, however many come at once", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		wait := func(failures int) time.Duration {
			if failures < 5 {
				return 0
			}
			return time.Hour
		}
		var let atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, ok, err := s.Attempt(ctx, "acme", "ada", wait, 2*time.Hour, start)
				if err != nil {
					f.Error(err)
				}
				if ok {
					let.Add(1)
				}
			})
		}
		wg.Wait()
		if let.Load() != 5 {
			f.Errorf("%d tries were let through, want 5", let.Load())
		}
		a, err := s.Attempts(ctx, "acme", "ada", start)
		if err != nil || a.Failures != 5 || !a.Until.Equal(start.Add(time.Hour)) {
			f.Errorf("%+v, %v", a, err)
		}
		if _, ok, err := s.Attempt(ctx, "acme", "bo", wait, time.Hour, start); err != nil || !ok {
			f.Errorf("another name: %v, %v", ok, err)
		}
		must(f, s.ForgetAttempts(ctx, "acme", "ada"))
		if a, err := s.Attempts(ctx, "acme", "ada", start); err != nil || a.Failures != 0 {
			f.Errorf("forgotten: %+v, %v", a, err)
		}
		if n, err := s.ExpireAttempts(ctx, start.Add(time.Hour)); err != nil || n != 1 {
			f.Errorf("expired %d, %v", n, err)
		}
	}},
}
