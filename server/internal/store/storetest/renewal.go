package storetest

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// renewable is a new session of a person whose token is good for an hour, and
// its first refresh token.
func renewable(user string) (directory.Session, store.Refresh) {
	n := session(user)
	n.Expires = start.Add(time.Hour)
	n.SAML = &directory.SAMLSession{Issuer: "idp", NameID: user, Who: directory.Claimed{Identity: directory.Identity{ObjectID: "oid"}, Guest: true}, Ends: start.Add(72 * time.Hour)}
	n.Renewal = &directory.Renewal{Family: "family of " + n.ID, Hash: "first of " + n.ID, Until: start.Add(24 * time.Hour)}
	return n, store.Refresh{Workspace: "acme", Family: n.Renewal.Family, Hash: n.Renewal.Hash, Retry: "device"}
}

// next renews a session to the tokens called name.
func next(name string, at time.Time) func(*directory.Session, directory.User) error {
	return func(n *directory.Session, _ directory.User) error {
		n.Hash, n.Expires = "token "+name, at.Add(time.Hour)
		n.Renewal = &directory.Renewal{Family: n.Renewal.Family, Hash: "refresh " + name, Until: at.Add(24 * time.Hour)}
		return nil
	}
}

// sessionsEnded are the sessions of which it was said that they ended.
func (f *fixture) sessionsEnded(s *store.Store) (ended []string) {
	all, err := s.Events(f.Context(), 0, 1000)
	must(f, err)
	for _, e := range all {
		if e.Kind == directory.SessionEnded {
			ended = append(ended, e.Session)
		}
	}
	return ended
}

var renewing = []promise{
	{"keeps a session, and replaces its token", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		n, first := renewable("u-1")
		must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
		if got, _, _, err := s.Session(ctx, n.Hash, start); err != nil || cmp.Diff(n, got) != "" {
			f.Errorf("%v, (-want +got):\n%s", err, cmp.Diff(n, got))
		}
		at := start.Add(20 * time.Hour) // long after the token expired
		if _, _, _, err := s.Session(ctx, n.Hash, at); err != store.ErrNotFound {
			f.Errorf("the expired token: %v", err)
		}
		got, u, err := s.RenewSession(ctx, first, at, next("2", at))
		if err != nil || u.ID != "u-1" {
			f.Fatalf("%+v, %v", u, err)
		}
		want := n
		must(f, next("2", at)(&want, u))
		if diff := cmp.Diff(want, got); diff != "" {
			f.Errorf("renewed (-want +got):\n%s", diff)
		}
		if _, _, _, err := s.Session(ctx, n.Hash, start); err != store.ErrNotFound {
			f.Errorf("the replaced token: %v", err)
		}
		if now, _, _, err := s.Session(ctx, "token 2", at); err != nil || cmp.Diff(want, now) != "" {
			f.Errorf("%v, (-want +got):\n%s", err, cmp.Diff(want, now))
		}
		if n, err := s.ExpireSessions(ctx, at.Add(2*time.Hour)); n != 0 || err != nil {
			f.Errorf("what can be renewed was expired: %d, %v", n, err)
		}
		if n, err := s.ExpireSessions(ctx, at.Add(24*time.Hour)); n != 1 || err != nil {
			f.Errorf("what cannot be renewed any more: %d, %v", n, err)
		}
		if ended := f.sessionsEnded(s); len(ended) != 0 {
			f.Errorf("ended: %v", ended)
		}
	}},
	{"ends a session whose refresh token comes again", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		for i, again := range []func(first, second store.Refresh) store.Refresh{
			func(first, _ store.Refresh) store.Refresh { first.Retry = ""; return first },
			func(first, _ store.Refresh) store.Refresh { first.Retry = "thief"; return first },
			func(first, _ store.Refresh) store.Refresh { first.Hash = "never one of them"; return first },
			func(first, second store.Refresh) store.Refresh { // used up, and so is what it brought
				_, _, err := s.RenewSession(ctx, second, start, next("3 of "+first.Family, start))
				must(f, err)
				return first
			},
		} {
			n, first := renewable("u-1")
			must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
			name := "2 of " + n.ID
			_, _, err := s.RenewSession(ctx, first, start, next(name, start))
			must(f, err)
			second := first
			second.Hash = "refresh " + name
			_, _, err = s.RenewSession(ctx, again(first, second), start, next("stolen", start))
			wants(f, err, store.ErrSpent)
			_, _, err = s.RenewSession(ctx, second, start, next("too late", start))
			wants(f, err, store.ErrNotFound)
			if left, err := s.SessionsOfUser(ctx, "u-1"); len(left) != 0 || err != nil {
				f.Errorf("%d: still there: %+v, %v", i, left, err)
			}
			if ended := f.sessionsEnded(s); len(ended) != i+1 || ended[i] != n.ID {
				f.Errorf("%d: ended: %v", i, ended)
			}
		}
	}},
	{"lets the device ask again whose answer was lost", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		n, first := renewable("u-1")
		must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
		for i := range 3 {
			_, _, err := s.RenewSession(ctx, first, start, next(strconv.Itoa(i), start))
			must(f, err)
		}
		for i, want := range []error{store.ErrNotFound, store.ErrNotFound, nil} {
			if _, _, _, err := s.Session(ctx, "token "+strconv.Itoa(i), start); !errors.Is(err, want) {
				f.Errorf("token %d: %v", i, err)
			}
		}
		last := first
		last.Hash = "refresh 2"
		_, _, err := s.RenewSession(ctx, last, start, next("3", start))
		must(f, err)
	}},
	{"says the same of what is unknown, expired and another workspace's", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "beta", Created: start}))
		must(f, insert(ctx, s, ada(1)))
		n, first := renewable("u-1")
		must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
		other, unknown, odd := first, first, first
		other.Workspace, unknown.Family, odd.Family = "beta", "x", "\x00"
		for _, r := range []store.Refresh{other, unknown, odd} {
			_, _, err := s.RenewSession(ctx, r, start, next("x", start))
			wants(f, err, store.ErrNotFound)
		}
		_, _, err := s.RenewSession(ctx, first, n.Renewal.Until, next("x", start))
		wants(f, err, store.ErrNotFound)
		_, _, err = s.RenewSession(ctx, first, n.Renewal.Until.Add(-time.Second), next("2", start))
		must(f, err)
		plain := session("u-1")
		must(f, s.StartSession(ctx, plain, anyone, directory.Event{}))
		_, _, err = s.RenewSession(ctx, store.Refresh{Workspace: "acme"}, start, next("x", start))
		wants(f, err, store.ErrNotFound)
	}},
	{"leaves everything as it was when the person may not come in", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		n, first := renewable("u-1")
		must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
		no := problem.New(problem.NotLinked)
		_, _, err := s.RenewSession(ctx, first, start, func(*directory.Session, directory.User) error { return no })
		wants(f, err, no)
		_, _, err = s.RenewSession(ctx, first, start, next("2", start))
		must(f, err)
	}},
	{"ends with the person's access, and remembers why", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		n, first := renewable("u-1")
		must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
		must(f, move(ctx, s, "acme", "u-1", directory.Suspended))
		must(f, move(ctx, s, "acme", "u-1", directory.Active))
		_, _, err := s.RenewSession(ctx, first, start, next("2", start))
		wants(f, err, store.ErrNotFound)
		t, err := s.Ticket(ctx, store.TicketKey{Kind: store.TicketEnded, Workspace: "acme", Hash: first.Family}, start)
		if err != nil || string(t.Doc) != `"u-1"` || !t.Expires.Equal(n.Renewal.Until) {
			f.Errorf("%+v, %v", t, err)
		}
	}},
	{"ends with a sign-out of the device, of all devices and of the provider, after the token expired too", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		for name, end := range map[string]func(directory.Session) error{
			"device": func(n directory.Session) error { return s.EndSession(ctx, n.Hash, start) },
			"all":    func(directory.Session) error { return s.EndUserSessions(ctx, "acme", "u-1", start) },
			"command": func(directory.Session) error {
				_, err := s.SignOut(ctx, store.Act{At: start, Directory: "acme", Workspace: "acme", User: "u-1", Who: "operator", What: "signed out"})
				return err
			},
			"the connection's end": func(directory.Session) error {
				_, err := s.EndEverySAMLSession(ctx, store.Act{At: start, Directory: "acme", Workspace: "acme", Who: "operator", What: "ended"})
				return err
			},
			"provider": func(directory.Session) error {
				_, err := s.EndSAMLSessions(ctx, "acme", "idp", "u-1", nil, start.Add(20*time.Hour))
				return err
			},
		} {
			n, first := renewable("u-1")
			must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
			must(f, end(n))
			if _, _, err := s.RenewSession(ctx, first, start, next("2", start)); err != store.ErrNotFound {
				f.Errorf("%s: %v", name, err)
			}
		}
	}},
	{"gives one of many that come with the same refresh token the next", func(f *fixture) {
		s, other, ctx := f.acme(), f.open(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		n, first := renewable("u-1")
		first.Retry = ""
		must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
		var wg sync.WaitGroup
		var renewed, spent, gone atomic.Int32
		for i := range 20 {
			h := []*store.Store{s, other}[i%2]
			wg.Go(func() {
				_, _, err := h.RenewSession(ctx, first, start, next(strconv.Itoa(i), start))
				switch {
				case err == nil:
					renewed.Add(1)
				case errors.Is(err, store.ErrSpent):
					spent.Add(1)
				case errors.Is(err, store.ErrNotFound):
					gone.Add(1)
				default:
					f.Error(err)
				}
			})
		}
		wg.Wait()
		if renewed.Load() != 1 || spent.Load() != 1 || gone.Load() != 18 {
			f.Errorf("%d renewed, %d ended the session, %d found none; want 1, 1, 18", renewed.Load(), spent.Load(), gone.Load())
		}
	}},
}
