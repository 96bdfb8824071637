package storetest

import (
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// setting sets a setting of acme.
func setting[T any](f *fixture, s *store.Store, kind string, to T) {
	f.Helper()
	_, _, err := store.ChangeSetting(f.Context(), s, "acme", kind, store.SettingChange{Version: store.AnyVersion, Who: "test", Now: start}, func(v *T) error {
		*v = to
		return nil
	})
	must(f, err)
}

var permitting = []promise{
	{"refuses a session that the policy no longer permits, and ends it with an event", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		setting(f, s, directory.SettingLocal, directory.LocalPolicy{Enabled: true})
		live := map[string]directory.Session{}
		for i, m := range []directory.Method{directory.MethodLocal, directory.MethodLocal, directory.MethodSAML, directory.MethodMicrosoftWeb} {
			u := ada(i + 1)
			must(f, insert(ctx, s, u))
			n := session(u.ID)
			n.Method = m
			must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
			live[u.ID] = n
		}
		codes := func() map[string]problem.Code {
			got := map[string]problem.Code{}
			for id, n := range live {
				_, u, _, err := s.Session(ctx, n.Hash, start)
				got[id], _ = problem.Of(err)
				if err != nil && u.ID != "" {
					f.Errorf("%s is told about with an error", id)
				}
			}
			return got
		}
		for id, code := range codes() {
			if code != "" {
				f.Errorf("before: %s is refused with %s", id, code)
			}
		}
		setting(f, s, directory.EnforcementSetting, directory.Enforcement{Enforced: true, At: start})
		setting(f, s, directory.SettingSwitches, directory.Switches{Off: []directory.Module{directory.ModuleMicrosoft}})
		got := codes()
		if got["u-1"] != problem.UseSSO || got["u-2"] != problem.UseSSO || got["u-3"] != "" || got["u-4"] != problem.ModuleOff {
			f.Errorf("after: %v", got)
		}
		ws, err := s.Workspace(ctx, "acme")
		must(f, err)
		n, err := s.Revalidate(ctx, ws, start.Add(time.Second))
		if err != nil || n != 3 {
			f.Errorf("ended %d, %v; want 3", n, err)
		}
		for id, want := range map[string]bool{"u-1": false, "u-2": false, "u-3": true, "u-4": false} {
			all, err := s.SessionsOfUser(ctx, id)
			if err != nil || len(all) == 1 != want {
				f.Errorf("%s has %d sessions, %v", id, len(all), err)
			}
		}
		events, err := s.Events(ctx, 8, 9)
		if err != nil || len(events) != 3 || events[0].Kind != directory.SessionEnded || events[0].Workspace != "acme" {
			f.Errorf("events: %v, %v", events, err)
		}
		if n, err := s.Revalidate(ctx, ws, start); err != nil || n != 0 {
			f.Errorf("again: %d, %v", n, err)
		}
	}},
	{"says of each kind of a policy's settings when it changes", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		before := ""
		for _, kind := range directory.PolicySettings {
			setting(f, s, kind, map[string]any{})
			all, err := s.PolicyVersions(ctx)
			if err != nil || all["acme"] == before {
				f.Errorf("%s changed, and the version is still %q, %v", kind, before, err)
			}
			before = all["acme"]
		}
	}},
	{"knows for one person's gate who is exempt and who waits for a seat", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		for i := range 2 {
			u := ada(i + 1)
			u.Created = start.Add(time.Duration(i) * time.Second)
			must(f, insert(ctx, s, u))
		}
		ws, err := s.Workspace(ctx, "acme")
		must(f, err)
		setting(f, s, directory.SettingPlan, directory.Plan{Seats: 1})
		for id, want := range map[string]problem.Code{"u-1": "", "u-2": problem.NoSeat} {
			u, err := s.User(ctx, "acme", id)
			must(f, err)
			g, err := s.Gate(ctx, ws, directory.MethodSAML, u, start)
			must(f, err)
			if code, _ := problem.Of(g.Permit(u)); code != want {
				f.Errorf("%s: %q, want %q", id, code, want)
			}
		}
		g, err := s.Gate(ctx, ws, directory.MethodLocal, directory.User{}, start)
		must(f, err)
		if code, _ := problem.Of(g.Permit(directory.User{})); code != problem.ModuleOff {
			f.Errorf("nobody, by a password that is off: %q", code)
		}
	}},
}
