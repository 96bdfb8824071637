package storetest

import (
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// leads checks that a name leads to a workspace, or with "" to none.
func (f *fixture) leads(s *store.Store, name, to string, now time.Time) {
	f.Helper()
	ws, err := s.WorkspaceNamed(f.Context(), name, now)
	if to == "" {
		wants(f, err, store.ErrNotFound)
		return
	}
	if err != nil || ws.ID != to {
		f.Errorf("%q leads to %q, %v; want %q", name, ws.ID, err, to)
	}
}

var naming = []promise{
	{"gives a workspace another name, and keeps the one before for 90 days", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		f.leads(s, "acme-corp", "", start)
		must(f, s.NameWorkspace(ctx, "acme", "acme-corp", start))
		f.leads(s, "acme-corp", "acme", start)
		must(f, s.NameWorkspace(ctx, "acme", "umbrella", start))
		end := start.Add(store.KeepNamesFor)
		f.leads(s, "acme-corp", "acme", end.Add(-time.Second))
		f.leads(s, "acme-corp", "", end)
		f.leads(s, "umbrella", "acme", end)
		f.leads(s, "acme", "acme", end)
		names, err := s.WorkspaceNames(ctx, "acme")
		if err != nil || len(names) != 2 || !names[0].Until.Equal(end) || !names[1].Until.IsZero() {
			f.Errorf("the names are %+v, %v", names, err)
		}
		// The name before may be taken back, and the id means no name.
		must(f, s.NameWorkspace(ctx, "acme", "acme-corp", start))
		f.leads(s, "umbrella", "acme", end.Add(-time.Second))
		f.leads(s, "umbrella", "", end)
		must(f, s.NameWorkspace(ctx, "acme", "acme", end))
		f.leads(s, "acme-corp", "acme", end)
		f.leads(s, "acme-corp", "", end.Add(store.KeepNamesFor))
	}},
	{"gives no name that leads to another workspace", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "globex", Name: "Globex", Created: start}))
		taken(f, s.NameWorkspace(ctx, "acme", "globex", start), "id")
		must(f, s.NameWorkspace(ctx, "globex", "hooli", start))
		taken(f, s.NameWorkspace(ctx, "acme", "hooli", start), "id")
		must(f, s.NameWorkspace(ctx, "globex", "globex", start))
		taken(f, s.NameWorkspace(ctx, "acme", "hooli", start), "id")
		taken(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "hooli", Name: "Hooli", Created: start}), "id")
		_, err := s.Workspace(ctx, "hooli")
		wants(f, err, store.ErrNotFound)
		free := start.Add(store.KeepNamesFor)
		must(f, s.NameWorkspace(ctx, "acme", "hooli", free))
		f.leads(s, "hooli", "acme", free)
		wants(f, s.NameWorkspace(ctx, "nobody", "x", start), store.ErrNotFound)
		wants(f, s.NameWorkspace(ctx, "acme", "a\x00b", start), store.ErrInvalid)
	}},
}
