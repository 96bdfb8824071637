package storetest

import (
	"errors"
	"sync"

	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// colour is a setting of tests.
type colour struct {
	Name  string `json:"name,omitempty"`
	Count int    `json:"count,omitempty"`
}

func paint(name string) func(*colour) error {
	return func(c *colour) error {
		c.Name = name
		c.Count++
		return nil
	}
}

var settings = []promise{
	{"gives a setting back as it was stored, each workspace its own", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		by := store.SettingChange{Version: store.AnyVersion, Who: "ada", Now: start}
		for _, ws := range []string{"acme", ""} {
			if got, v, err := store.ReadSetting[colour](ctx, s, ws, "colour"); err != nil || v != 0 || got != (colour{}) {
				f.Fatalf("before: %v %d %v", got, v, err)
			}
			if got, v, err := store.ChangeSetting(ctx, s, ws, "colour", by, paint("red-"+ws)); err != nil || v != 1 || got.Name != "red-"+ws {
				f.Fatalf("stored %v %d %v", got, v, err)
			}
		}
		for _, ws := range []string{"acme", ""} {
			if got, v, err := store.ReadSetting[colour](ctx, s, ws, "colour"); err != nil || v != 1 || got.Name != "red-"+ws {
				f.Errorf("%q: %v %d %v", ws, got, v, err)
			}
		}
		n, err := s.Setting(ctx, "acme", "colour")
		if err != nil || n.Who != "ada" || !n.Modified.Equal(start) {
			f.Errorf("the setting says %+v %v", n, err)
		}
		all, err := s.Settings(ctx, "acme", "col")
		if err != nil || len(all) != 1 || all[0].Kind != "colour" {
			f.Errorf("all: %v %v", all, err)
		}
		if all, err := s.Settings(ctx, "acme", "shape"); err != nil || len(all) != 0 {
			f.Errorf("of another kind: %v %v", all, err)
		}
		if err := s.DeleteSetting(ctx, "acme", "colour"); err != nil {
			f.Fatal(err)
		}
		if _, err := s.Setting(ctx, "acme", "colour"); !errors.Is(err, store.ErrNotFound) {
			f.Errorf("after deleting: %v", err)
		}
	}},
	{"lets the first of two who saw the same setting change it, and shows the other what is stored", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		var wg sync.WaitGroup
		won := make(chan string, 8)
		for _, name := range []string{"a", "b", "c", "d"} {
			wg.Go(func() {
				got, v, err := store.ChangeSetting(ctx, s, "acme", "colour", store.SettingChange{Who: name, Now: start}, paint(name))
				switch {
				case err == nil:
					won <- name
				case !errors.Is(err, store.ErrConflict) || v != 1 || got.Name == name || got.Count != 1:
					f.Errorf("%s lost with %v %d %v", name, got, v, err)
				}
			})
		}
		wg.Wait()
		if len(won) != 1 {
			f.Fatalf("%d won", len(won))
		}
	}},
	{"keeps a setting whose change fails, and knows no workspace that is not there", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		by := store.SettingChange{Version: store.AnyVersion, Now: start}
		no := errors.New("no")
		if _, _, err := store.ChangeSetting(ctx, s, "acme", "colour", by, func(c *colour) error { c.Name = "x"; return no }); !errors.Is(err, no) {
			f.Errorf("got %v", err)
		}
		if _, v, err := store.ReadSetting[colour](ctx, s, "acme", "colour"); v != 0 || err != nil {
			f.Errorf("version %d %v", v, err)
		}
		if _, _, err := store.ChangeSetting(ctx, s, "nobody", "colour", by, paint("x")); !errors.Is(err, store.ErrNotFound) {
			f.Errorf("unknown workspace: %v", err)
		}
		if _, _, err := store.ChangeSetting(ctx, s, "acme", "", by, paint("x")); !errors.Is(err, store.ErrInvalid) {
			f.Errorf("no kind: %v", err)
		}
	}},
}
