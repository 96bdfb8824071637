package storetest

import (
	"errors"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var workspaces = []promise{
	{"gives a workspace back as it was stored", func(f *fixture) {
		s, ctx := f.open(), f.Context()
		want := directory.Workspace{
			ID: "acme", Name: "Acme ∆", Directory: "people",
			Microsoft: directory.Microsoft{
				Authority: "https://login.microsoftonline.com", TenantID: "t", ClientID: "c",
				Audience: "a", Scope: "api://c/access_as_user", DomainHint: "acme.example",
			},
			Domains: []string{"acme.example", "acme.test"}, DefaultRole: "Project Manager",
			DefaultDepartment: "Everyone", JIT: true, LinkByUserName: true, SCIMEnabled: true,
			OfflineGrace: 90 * time.Minute, Created: start, Modified: start, Version: 1,
		}
		must(f, s.CreateWorkspace(ctx, want))
		got, err := s.Workspace(ctx, "acme")
		must(f, err)
		if diff := cmp.Diff(want, got); diff != "" {
			f.Errorf("(-want +got):\n%s", diff)
		}
		_, err = s.Workspace(ctx, "acm")
		wants(f, err, store.ErrNotFound)
	}},
	{"gives a workspace a directory of its own, or the one it names", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "beta", Directory: "acme", Created: start}))
		all, err := s.Workspaces(ctx)
		must(f, err)
		if len(all) != 2 || all[0].ID != "acme" || all[1].ID != "beta" ||
			all[0].Directory != "acme" || all[1].Directory != "acme" {
			f.Errorf("got %+v", all)
		}
	}},
	{"does not create a workspace twice", func(f *fixture) {
		s := f.acme()
		taken(f, s.CreateWorkspace(f.Context(), directory.Workspace{ID: "acme", Created: start}), "id")
	}},
	{"leads from a domain to its one workspace, whatever the case", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		_, err := s.UpdateWorkspace(ctx, "acme", start, func(w *directory.Workspace) error {
			w.Domains = []string{" Acme.Example", "acme.example", "ACME.test."}
			return nil
		})
		must(f, err)
		for _, d := range []string{"acme.example", "ACME.Example", "acme.test"} {
			w, err := s.WorkspaceByDomain(ctx, d)
			if err != nil || w.ID != "acme" || len(w.Domains) != 2 {
				f.Errorf("%s leads to %+v, %v", d, w, err)
			}
		}
		taken(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "beta", Domains: []string{"acme.test"}, Created: start}), "domain")
		_, err = s.Workspace(ctx, "beta")
		wants(f, err, store.ErrNotFound) // nothing of it is left
		_, err = s.UpdateWorkspace(ctx, "acme", start, func(w *directory.Workspace) error {
			w.Domains = nil
			return nil
		})
		must(f, err)
		_, err = s.WorkspaceByDomain(ctx, "acme.example")
		wants(f, err, store.ErrNotFound)
	}},
	{"loses none of twenty changes at once, through two handles", func(f *fixture) {
		s, other, ctx := f.acme(), f.open(), f.Context()
		var wg sync.WaitGroup
		for i := range 20 {
			h := []*store.Store{s, other}[i%2]
			wg.Go(func() {
				if _, err := h.UpdateWorkspace(ctx, "acme", start, func(w *directory.Workspace) error {
					w.OfflineGrace += time.Second
					return nil
				}); err != nil {
					f.Error(err)
				}
			})
		}
		wg.Wait()
		w, err := s.Workspace(ctx, "acme")
		must(f, err)
		if w.OfflineGrace != 20*time.Second || w.Version != 21 {
			f.Errorf("grace %v, version %d; want 20s and 21", w.OfflineGrace, w.Version)
		}
	}},
	{"leaves a workspace as it was when a change is refused", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		no := errors.New("no")
		_, err := s.UpdateWorkspace(ctx, "acme", start, func(w *directory.Workspace) error {
			w.Name = "Other"
			return no
		})
		wants(f, err, no)
		_, err = s.UpdateWorkspace(ctx, "acme", start, func(w *directory.Workspace) error {
			w.Directory = "other"
			return nil
		})
		wants(f, err, store.ErrInvalid)
		w, err := s.Workspace(ctx, "acme")
		must(f, err)
		if w.Name != "Acme" || w.Version != 1 || w.Directory != "acme" {
			f.Errorf("it became %+v", w)
		}
		_, err = s.UpdateWorkspace(ctx, "nobody", start, func(*directory.Workspace) error { return nil })
		wants(f, err, store.ErrNotFound)
	}},
}
