package storetest

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var durability = []promise{
	{"keeps everything over a restart", func(f *fixture) {
		s, ctx := f.crowd(), f.Context()
		n := session("u-1")
		must(f, s.CreateToken(ctx, token(1)))
		must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
		look := func(s *store.Store) any {
			people, total, err1 := s.FindUsers(ctx, "acme", store.Query{IncludeArchived: true, Count: 100})
			toks, err2 := s.Tokens(ctx, "acme")
			all, err3 := s.Events(ctx, 0, 100)
			live, u, w, err4 := s.Session(ctx, n.Hash, start)
			must(f, errors.Join(err1, err2, err3, err4))
			return []any{people, total, toks, all, live, u, w}
		}
		before := look(s)
		must(f, s.Close())
		if diff := cmp.Diff(before, look(f.open())); diff != "" {
			f.Errorf("(-before +after):\n%s", diff)
		}
	}},
	{"starts six replicas on an empty database at once", func(f *fixture) {
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				s, err := f.db.Connect(f.Context())
				if err != nil {
					f.Errorf("replica %d: %v", i, err)
					return
				}
				err = s.CreateWorkspace(f.Context(), directory.Workspace{ID: fmt.Sprint("ws-", i), Created: start})
				if err := errors.Join(err, s.Ping(f.Context()), s.Close()); err != nil {
					f.Errorf("replica %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		all, err := f.open().Workspaces(f.Context())
		if len(all) != 6 || err != nil {
			f.Errorf("%d workspaces, %v", len(all), err)
		}
	}},
	{"refuses a database that a newer Lanyard made, and leaves it alone", func(f *fixture) {
		must(f, f.acme().Close())
		f.db.Exec(f.T, `update meta set v = v + 1 where k = 'schema'`)
		s, err := f.db.Connect(f.Context())
		if err == nil {
			_ = s.Close()
		}
		wants(f, err, store.ErrNewer)
		if code, _ := problem.Of(err); code != problem.DatabaseNewer {
			f.Errorf("the code is %s", code)
		}
		f.db.Exec(f.T, `update meta set v = v - 1 where k = 'schema'`)
		if _, err := f.open().Workspace(f.Context(), "acme"); err != nil {
			f.Error(err)
		}
	}},
	{"never writes a token in the clear", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		scim, device := "lyscim_"+rand.Text(), "lyses_"+rand.Text()
		tok, n := token(1), session("u-1")
		tok.Hash, n.Hash = directory.HashToken(scim), directory.HashToken(device)
		must(f, insert(ctx, s, ada(1)))
		must(f, s.CreateToken(ctx, tok))
		must(f, s.StartSession(ctx, n, anyone, directory.Event{}))
		_, _, err := s.TokenByHash(ctx, directory.HashToken(scim), start)
		must(f, err)
		_, _, _, err = s.Session(ctx, directory.HashToken(device), start)
		must(f, err)
		dir := f.db.Dir(f.T)
		for _, clear := range []string{scim, device} {
			if where := search(f, dir, clear); len(where) > 0 {
				f.Errorf("the token stands in %v", where)
			}
			// The search works only if it finds what must be there.
			if where := search(f, dir, directory.HashToken(clear)); len(where) == 0 {
				f.Error("not even the hash was found")
			}
		}
	}},
}

// search returns the files under dir that hold text.
func search(f *fixture, dir, text string) (where []string) {
	f.Helper()
	must(f, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a database drops files while we look
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if bytes.Contains(b, []byte(text)) {
			where = append(where, path)
		}
		return err
	}))
	return where
}
