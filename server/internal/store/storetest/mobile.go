package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// apps is a registration with every field set.
func apps() directory.Mobile {
	return directory.Mobile{
		Apple: []directory.AppleApp{{BundleID: "com.acme.app", RedirectURI: "msauth.com.acme.app://auth"}},
		Android: []directory.AndroidApp{
			{
				Package: "com.acme.app", SignatureHash: "h+=", RedirectURI: "msauth://com.acme.app/h%2B%3D", Label: directory.SignedPlay,
				MSAL: &directory.MSALConfig{JSON: json.RawMessage(`{"client_id":"c","∆":["<&>"]}`), ClientID: "c", TenantID: "t"},
			},
			{Package: "com.acme.app", SignatureHash: "i=", RedirectURI: "msauth://com.acme.app/i%3D"},
		},
		Desktop: true,
	}
}

// enter is a change that stores m.
func enter(m directory.Mobile, what string) func(*directory.Mobile) (string, error) {
	return func(now *directory.Mobile) (string, error) {
		*now = m
		return what, nil
	}
}

var registering = []promise{
	{"gives the apps of a workspace back as they were stored, and says who stored them", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		_, err := s.Mobile(ctx, "acme")
		wants(f, err, store.ErrNotFound)
		_, err = s.UpdateMobile(ctx, "nobody", "me", start, enter(apps(), "x"))
		wants(f, err, store.ErrNotFound)
		stored, err := s.UpdateMobile(ctx, "acme", "me", start, enter(apps(), "registered apps"))
		must(f, err)
		want, at := apps(), start.Truncate(time.Microsecond)
		want.Workspace, want.Version, want.By, want.Created, want.Modified = "acme", 1, "me", at, at
		got, err := f.open().Mobile(ctx, "acme") // as another server sees it
		must(f, err)
		same := cmp.Transformer("text", func(j json.RawMessage) any {
			var v any
			must(f, json.Unmarshal(j, &v))
			return v
		})
		if diff := cmp.Diff(want, got, same); diff != "" {
			f.Errorf("(-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, stored); diff != "" {
			f.Errorf("returned (-want +got):\n%s", diff)
		}
		all, err := s.Events(ctx, 0, 10)
		must(f, err)
		if len(all) != 1 || all[0].Kind != directory.MobileChanged || all[0].Workspace != "acme" || all[0].Directory != "acme" {
			f.Errorf("events: %+v", all)
		}
		acts, err := s.WorkspaceActs(ctx, "acme", "acme", 9)
		act := store.Act{At: at, Directory: "acme", Workspace: "acme", Who: "me", What: "registered apps"}
		if diff := cmp.Diff([]store.Act{act}, acts); err != nil || diff != "" {
			f.Errorf("%v, acts (-want +got):\n%s", err, diff)
		}
	}},
	{"stores nothing of a change of apps that fails or changes nothing", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		_, err := s.UpdateMobile(ctx, "acme", "me", start, enter(apps(), "registered apps"))
		must(f, err)
		no := errors.New("no")
		_, err = s.UpdateMobile(ctx, "acme", "you", later, func(m *directory.Mobile) (string, error) {
			m.Desktop = false
			return "x", no
		})
		wants(f, err, no)
		_, err = s.UpdateMobile(ctx, "acme", "you", later, func(m *directory.Mobile) (string, error) {
			m.Desktop = false
			return "a\x00b", nil
		})
		wants(f, err, store.ErrInvalid)
		same, err := s.UpdateMobile(ctx, "acme", "you", later, func(m *directory.Mobile) (string, error) {
			m.Desktop = false
			return "", nil
		})
		if err != nil || same.Version != 1 || !same.Desktop || same.By != "me" {
			f.Errorf("returned %+v, %v", same, err)
		}
		if m, err := s.Mobile(ctx, "acme"); err != nil || m.Version != 1 || !m.Desktop || m.By != "me" {
			f.Errorf("stored %+v, %v", m, err)
		}
		if acts, err := s.WorkspaceActs(ctx, "acme", "acme", 9); err != nil || len(acts) != 1 {
			f.Errorf("acts %+v, %v", acts, err)
		}
		if all, err := s.Events(ctx, 0, 10); err != nil || len(all) != 1 {
			f.Errorf("events %+v, %v", all, err)
		}
	}},
	{"goes on counting the versions of apps when all of them are removed", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		for i, m := range []directory.Mobile{apps(), {}, apps()} {
			got, err := s.UpdateMobile(ctx, "acme", "me", start.Add(time.Duration(i)*time.Hour), enter(m, fmt.Sprint("act ", i)))
			if err != nil || got.Version != int64(i+1) || !got.Created.Equal(start.Truncate(time.Microsecond)) {
				f.Errorf("%d: %+v, %v", i, got, err)
			}
		}
		acts, err := s.WorkspaceActs(ctx, "acme", "acme", 2)
		if err != nil || len(acts) != 2 || acts[0].What != "act 2" || acts[1].What != "act 1" {
			f.Errorf("acts %+v, %v", acts, err)
		}
	}},
	{"keeps the apps of workspaces apart, and acts on them from those on people", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "beta", Directory: "acme", Created: start}))
		must(f, insert(ctx, s, ada(1)))
		must(f, s.RecordAct(ctx, store.Act{At: start, Directory: "acme", Workspace: "acme", User: "u-1", Who: "me", What: "x"}))
		_, err := s.UpdateMobile(ctx, "acme", "me", start, enter(apps(), "registered apps"))
		must(f, err)
		_, err = s.Mobile(ctx, "beta")
		wants(f, err, store.ErrNotFound)
		_, err = s.UpdateMobile(ctx, "beta", "me", start, func(m *directory.Mobile) (string, error) {
			if !m.Empty() || m.Version != 0 || m.Workspace != "beta" {
				f.Errorf("beta begins with %+v", m)
			}
			m.Desktop = true
			return "confirmed", nil
		})
		must(f, err)
		if m, err := s.Mobile(ctx, "acme"); err != nil || len(m.Android) != 2 {
			f.Errorf("acme has %+v, %v", m, err)
		}
		for ws, want := range map[string]string{"acme": "registered apps", "beta": "confirmed"} {
			if acts, err := s.WorkspaceActs(ctx, "acme", ws, 9); err != nil || len(acts) != 1 || acts[0].What != want {
				f.Errorf("acts on %s: %+v, %v", ws, acts, err)
			}
		}
		if acts, err := s.Acts(ctx, "acme", "u-1", 9); err != nil || len(acts) != 1 || acts[0].What != "x" {
			f.Errorf("acts on a person: %+v, %v", acts, err)
		}
	}},
	{"loses none of twenty changes of apps at once, through two handles", func(f *fixture) {
		s, other, ctx := f.acme(), f.open(), f.Context()
		var wg sync.WaitGroup
		for i := range 20 {
			h := []*store.Store{s, other}[i%2]
			wg.Go(func() {
				if _, err := h.UpdateMobile(ctx, "acme", "me", start, func(m *directory.Mobile) (string, error) {
					m.Apple = append(m.Apple, directory.AppleApp{BundleID: fmt.Sprint(i)})
					return "one more", nil
				}); err != nil {
					f.Error(err)
				}
			})
		}
		wg.Wait()
		if m, err := s.Mobile(ctx, "acme"); err != nil || len(m.Apple) != 20 || m.Version != 20 {
			f.Errorf("%+v, %v", m, err)
		}
	}},
	{"takes apps into a database of an earlier schema", func(f *fixture) {
		f.empty()
		s, ctx := f.upgraded(schema7), f.Context()
		_, err := s.Mobile(ctx, "acme")
		wants(f, err, store.ErrNotFound)
		if m, err := s.UpdateMobile(ctx, "acme", "me", later, enter(apps(), "x")); err != nil || m.Version != 1 {
			f.Errorf("%+v, %v", m, err)
		}
	}},
}
