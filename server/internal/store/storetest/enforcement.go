package storetest

import (
	"errors"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var enforcing = []promise{
	{"switches a connection and its enforcement together, or neither", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		_, err := s.ChangeSSO(ctx, "nobody", "ada", start, nil, func(*store.SSO) error { return nil })
		wants(f, err, store.ErrNotFound)
		_, err = s.UpdateSAML(ctx, "acme", start, put(connection()))
		must(f, err)
		_, _, err = store.ChangeSetting(ctx, s, "acme", "draft.saml", store.SettingChange{Who: "ada", Now: start}, paint("red"))
		must(f, err)
		no := errors.New("no")
		on := func(n *store.SSO) error {
			n.Connection.Disabled, n.Connection.JIT = false, false
			n.Enforcement = directory.Enforcement{Enforced: true, At: start, By: "ada", ConfigHash: n.Connection.ConfigHash()}
			return nil
		}
		_, err = s.ChangeSSO(ctx, "acme", "ada", start, []string{"draft.saml"}, func(n *store.SSO) error { return errors.Join(on(n), no) })
		wants(f, err, no)
		if c, err := s.SAML(ctx, "acme"); err != nil || !c.Disabled || c.Version != 1 {
			f.Errorf("a refused change: %+v, %v", c, err)
		}
		if _, v, err := store.ReadSetting[colour](ctx, s, "acme", "draft.saml"); err != nil || v != 1 {
			f.Errorf("a refused change dropped the draft: %d, %v", v, err)
		}
		_, err = s.ChangeSSO(ctx, "acme", "ada", start.Add(time.Hour), []string{"draft.saml"}, on)
		must(f, err)
		c, err := s.SAML(ctx, "acme")
		if err != nil || c.Disabled || c.Version != 2 || !c.JIT {
			f.Errorf("switched on: %+v, %v", c, err)
		}
		e, v, err := store.ReadSetting[directory.Enforcement](ctx, s, "acme", directory.EnforcementSetting)
		if err != nil || v != 1 || !e.Enforced || e.By != "ada" || !e.At.Equal(start) {
			f.Errorf("enforcement: %+v %d %v", e, v, err)
		}
		if got, v, err := store.ReadSetting[colour](ctx, s, "acme", "draft.saml"); err != nil || v != 2 || got != (colour{}) {
			f.Errorf("the draft stayed: %v %d, %v", got, v, err)
		}
	}},
	{"enforces once of twenty at the same time, through two handles", func(f *fixture) {
		s, other, ctx := f.acme(), f.open(), f.Context()
		_, err := s.UpdateSAML(ctx, "acme", start, put(connection()))
		must(f, err)
		already := errors.New("already")
		var wg sync.WaitGroup
		wins := make(chan int, 20)
		for i := range 20 {
			h := []*store.Store{s, other}[i%2]
			wg.Go(func() {
				_, err := h.ChangeSSO(ctx, "acme", "ada", start, nil, func(n *store.SSO) error {
					if n.Enforcement.Enforced {
						return already
					}
					n.Enforcement.Enforced = true
					return nil
				})
				if err == nil {
					wins <- i
				} else if !errors.Is(err, already) {
					f.Error(err)
				}
			})
		}
		wg.Wait()
		if len(wins) != 1 {
			f.Errorf("%d enforced it", len(wins))
		}
	}},
	{"puts a connection back as it was, and away where there was none", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		anyway := func(directory.Enforcement) error { return nil }
		must(f, s.RestoreSAML(ctx, "acme", "ada", start, store.SAMLRestore{}, anyway))
		first, err := s.UpdateSAML(ctx, "acme", start, put(connection()))
		must(f, err)
		_, err = s.UpdateSAML(ctx, "acme", start.Add(time.Hour), put(directory.SAML{EntityID: "other"}))
		must(f, err)
		no := errors.New("no")
		wants(f, s.RestoreSAML(ctx, "acme", "ada", start, store.SAMLRestore{Before: &first}, func(directory.Enforcement) error { return no }), no)
		if c, err := s.SAML(ctx, "acme"); err != nil || c.EntityID != "other" {
			f.Errorf("a refused restore: %+v, %v", c, err)
		}
		// What was remembered is of another version by now.
		kept := func(version int64) store.SAMLRestore {
			return store.SAMLRestore{Before: &first, From: "kept", Version: version, Clear: []string{"kept", "draft.saml"}}
		}
		_, _, err = store.ChangeSetting(ctx, s, "acme", "kept", store.SettingChange{Now: start}, func(*string) error { return nil })
		must(f, err)
		wants(f, s.RestoreSAML(ctx, "acme", "ada", start, kept(0), anyway), store.ErrConflict)
		must(f, s.RestoreSAML(ctx, "acme", "ada", start, kept(1), anyway))
		wants(f, s.RestoreSAML(ctx, "acme", "ada", start, kept(1), anyway), store.ErrConflict)
		back, err := s.SAML(ctx, "acme")
		must(f, err)
		if back.Version != 3 {
			f.Errorf("the version went back to %d", back.Version)
		}
		back.Version = first.Version
		if diff := cmp.Diff(first, back); diff != "" {
			f.Errorf("(-want +got):\n%s", diff)
		}
		must(f, s.RestoreSAML(ctx, "acme", "ada", start, store.SAMLRestore{}, anyway))
		_, err = s.SAML(ctx, "acme")
		wants(f, err, store.ErrNotFound)
		wants(f, s.RestoreSAML(ctx, "nobody", "ada", start, store.SAMLRestore{}, anyway), store.ErrNotFound)
	}},
}
