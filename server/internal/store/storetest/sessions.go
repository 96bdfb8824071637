package storetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var sessions = []promise{
	{"knows a session by its hash, with person and workspace", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		n := session("u-1")
		must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
		got, u, w, err := s.Session(ctx, n.Hash, start)
		must(f, err)
		if diff := cmp.Diff(n, got); diff != "" || w.ID != "acme" {
			f.Errorf("workspace %q, session (-want +got):\n%s", w.ID, diff)
		}
		if diff := cmp.Diff(ada(1), u); diff != "" {
			f.Errorf("person (-want +got):\n%s", diff)
		}
		all, err := s.Events(ctx, 1, 9)
		must(f, err)
		want := []directory.Event{{
			Seq: 2, At: start, Directory: "acme", Workspace: "acme",
			Kind: directory.SessionStarted, User: "u-1", Session: n.ID,
		}}
		if diff := cmp.Diff(want, all); diff != "" {
			f.Errorf("events (-want +got):\n%s", diff)
		}
		taken(f, s.StartSession(ctx, n, anyone, directory.Event{}), "id")
	}},
	{"says the same of an unknown, an ended and an expired session", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		live, ended := session("u-1"), session("u-1")
		for _, n := range []directory.Session{live, ended} {
			must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
		}
		must(f, s.EndSession(ctx, ended.Hash, start))
		wants(f, s.EndSession(ctx, ended.Hash, start), store.ErrNotFound)
		for name, ask := range map[string]struct {
			hash string
			at   time.Time
		}{
			"unknown": {directory.HashToken("x"), start}, "ended": {ended.Hash, start}, "expired": {live.Hash, live.Expires},
		} {
			n, u, w, err := s.Session(ctx, ask.hash, ask.at)
			if err != store.ErrNotFound || n.ID != "" || u.ID != "" || w.ID != "" { // the very same error
				f.Errorf("%s: %v %v %v %v", name, n, u, w, err)
			}
		}
		if _, _, _, err := s.Session(ctx, live.Hash, live.Expires.Add(-time.Microsecond)); err != nil {
			f.Errorf("just before it expires: %v", err)
		}
	}},
	{"lets the oldest session give way, and nobody else's", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		must(f, insert(ctx, s, ada(2)))
		colleague := session("u-2")
		colleague.Created = start.Add(-time.Hour)
		must(f, s.StartSession(ctx, colleague, anyone, directory.Event{}))
		var mine []directory.Session
		for i := range store.MaxSessions + 2 {
			n := session("u-1")
			n.Created = start.Add(time.Duration(i) * time.Second)
			must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
			mine = append(mine, n)
		}
		for i, n := range mine {
			if _, _, _, err := s.Session(ctx, n.Hash, start); errors.Is(err, store.ErrNotFound) != (i < 2) {
				f.Errorf("session %d of %d: %v", i, len(mine), err)
			}
		}
		// A clock that went back must not end the session that begins.
		early := session("u-1")
		early.Created = start.Add(-time.Minute)
		must(f, s.StartSession(ctx, early, anyone, directory.Event{}))
		for _, n := range []directory.Session{early, colleague} {
			if _, _, _, err := s.Session(ctx, n.Hash, start); err != nil {
				f.Errorf("the session of %s begun at %s has ended: %v", n.User, n.Created, err)
			}
		}
		all, err := s.Events(ctx, 0, 1000)
		must(f, err)
		var ended []string
		for _, e := range all {
			if e.Kind == directory.SessionEnded {
				ended = append(ended, e.Session)
			}
		}
		if diff := cmp.Diff([]string{mine[0].ID, mine[1].ID, mine[2].ID}, ended); diff != "" {
			f.Errorf("ended (-want +got):\n%s", diff)
		}
	}},
	{"asks admit about the person as they are now", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		no := errors.New("no")
		var seen directory.User
		wants(f, s.StartSession(ctx, session("u-1"), func(u directory.User) error {
			seen = u
			return no
		}, directory.Event{}), no)
		if diff := cmp.Diff(ada(1), seen); diff != "" {
			f.Errorf("admit saw (-want +got):\n%s", diff)
		}
		wants(f, s.StartSession(ctx, session("u-9"), anyone, directory.Event{}), store.ErrNotFound)
		elsewhere := session("u-1")
		elsewhere.Workspace = "beta"
		must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "beta", Created: start}))
		wants(f, s.StartSession(ctx, elsewhere, anyone, directory.Event{}), store.ErrNotFound)
		if all, err := s.SessionsOfUser(ctx, "u-1"); len(all) != 0 || err != nil {
			f.Errorf("sessions: %v, %v", all, err)
		}
	}},
	// req: E5 E7
	{"starts no session for who is not active, whatever admit says", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		for _, state := range []directory.State{directory.Suspended, directory.Archived} {
			must(f, move(ctx, s, "acme", "u-1", state))
			wants(f, s.StartSession(ctx, session("u-1"), anyone, directory.Event{}), problem.New(problem.AccessEnded))
		}
	}},
	// req: E7
	{"ends every session of a person in the transaction that suspends them", func(f *fixture) {
		s, other, ctx := f.acme(), f.open(), f.Context()
		must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "beta", Directory: "acme", Created: start}))
		must(f, insert(ctx, s, ada(1)))
		must(f, insert(ctx, s, ada(2)))
		here, there, colleague := session("u-1"), session("u-1"), session("u-2")
		there.Workspace = "beta"
		for _, n := range []directory.Session{here, there, colleague} {
			must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
		}
		must(f, move(ctx, s, "acme", "u-1", directory.Suspended))
		for _, n := range []directory.Session{here, there} {
			_, _, _, err := other.Session(ctx, n.Hash, start)
			wants(f, err, store.ErrNotFound)
		}
		if _, _, _, err := other.Session(ctx, colleague.Hash, start); err != nil {
			f.Errorf("the colleague's: %v", err)
		}
		// Coming back does not bring them back.
		must(f, move(ctx, s, "acme", "u-1", directory.Active))
		if all, err := s.SessionsOfUser(ctx, "u-1"); len(all) != 0 || err != nil {
			f.Errorf("afterwards: %v, %v", all, err)
		}
	}},
	// req: E7
	{"leaves no session when a sign-in meets a disable, on two replicas", raceOfDisable},
	{"signs a person out of one workspace on every device", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "beta", Directory: "acme", Created: start}))
		must(f, insert(ctx, s, ada(1)))
		a, b, elsewhere := session("u-1"), session("u-1"), session("u-1")
		elsewhere.Workspace = "beta"
		for _, n := range []directory.Session{a, b, elsewhere} {
			must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
		}
		must(f, s.EndUserSessions(ctx, "acme", "u-1", start))
		must(f, s.EndUserSessions(ctx, "acme", "u-1", start)) // nothing to do, no event
		all, err := s.SessionsOfUser(ctx, "u-1")
		if err != nil || len(all) != 1 || all[0].ID != elsewhere.ID {
			f.Errorf("left: %+v, %v", all, err)
		}
		evs, err := s.Events(ctx, 4, 9)
		want := []directory.Event{{
			Seq: 5, At: start, Directory: "acme", Workspace: "acme", Kind: directory.SessionEnded, User: "u-1",
		}}
		if diff := cmp.Diff(want, evs); err != nil || diff != "" {
			f.Errorf("%v, events (-want +got):\n%s", err, diff)
		}
	}},
	{"records who signed a person out, with what ended", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		for range 2 {
			must(f, s.StartSession(ctx, session("u-1"), anyone, directory.Event{}))
		}
		act := store.Act{At: start.Add(time.Minute), Directory: "acme", Workspace: "acme", User: "u-1", Who: "operator", What: "signed out"}
		if n, err := s.SignOut(ctx, act); n != 2 || err != nil {
			f.Errorf("%d ended, %v", n, err)
		}
		if n, err := s.SignOut(ctx, act); n != 0 || err != nil {
			f.Errorf("again: %d ended, %v", n, err)
		}
		acts, err := s.Acts(ctx, "acme", "u-1", 9)
		if diff := cmp.Diff([]store.Act{act, act}, acts); err != nil || diff != "" {
			f.Errorf("%v, acts (-want +got):\n%s", err, diff)
		}
		if evs, err := s.EventsOf(ctx, "acme", "u-1", 9); err != nil || len(evs) != 4 || evs[0].Kind != directory.SessionEnded || evs[0].Session != "" || !evs[0].At.Equal(act.At) {
			f.Errorf("events: %+v, %v", evs, err)
		}
		act.User = ""
		if _, err := s.SignOut(ctx, act); err != store.ErrInvalid {
			f.Errorf("nobody: %v", err)
		}
	}},
	{"clears away what expired, and nothing else", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		const people = 24
		for i := range people {
			must(f, insert(ctx, s, ada(i)))
		}
		var wg sync.WaitGroup
		for i := range people * store.MaxSessions { // each half more than one transaction's worth
			n := session(fmt.Sprint("u-", i/store.MaxSessions))
			n.Expires = start.Add(time.Duration(i%2) * time.Hour)
			wg.Go(func() {
				if err := s.StartSession(ctx, n, anyone, directory.Event{}); err != nil {
					f.Error(err)
				}
			})
		}
		wg.Wait()
		for _, step := range []struct {
			at   time.Time
			want int
		}{{start, 1200}, {start, 0}, {start.Add(time.Hour), 1200}} {
			if n, err := s.ExpireSessions(ctx, step.at); n != step.want || err != nil {
				f.Errorf("at %v: %d, %v; want %d", step.at, n, err, step.want)
			}
		}
	}},
}

// raceOfDisable starts sign-ins and a disable together, again and again. Which
// comes first is chance; that nothing is left over must not be.
func raceOfDisable(f *fixture) {
	s, other, ctx := f.acme(), f.open(), f.Context()
	const rounds, signIns = 40, 4
	started, refused := 0, 0
	for round := range rounds {
		must(f, insert(ctx, s, ada(round)))
		id := fmt.Sprint("u-", round)
		var wg sync.WaitGroup
		var mu sync.Mutex
		ready := make(chan struct{})
		for i := range signIns {
			h := []*store.Store{s, other}[i%2]
			wg.Go(func() {
				<-ready
				err := h.StartSession(ctx, session(id), func(u directory.User) error {
					if u.State != directory.Active {
						return problem.New(problem.AccessEnded)
					}
					return nil
				}, directory.Event{})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					started++
				case errors.Is(err, problem.New(problem.AccessEnded)):
					refused++
				default:
					f.Error(err)
				}
			})
		}
		wg.Go(func() {
			<-ready
			if err := move(ctx, []*store.Store{s, other}[round%2], "acme", id, directory.Suspended); err != nil {
				f.Error(err)
			}
		})
		close(ready)
		wg.Wait()
		if left, err := s.SessionsOfUser(ctx, id); len(left) != 0 || err != nil {
			f.Fatalf("round %d: a suspended person has %d sessions, %v", round, len(left), err)
		}
	}
	f.Logf("%d sign-ins came first and were ended, %d came second and were refused", started, refused)
	if started+refused != rounds*signIns {
		f.Errorf("%d answers, want %d", started+refused, rounds*signIns)
	}
}
