package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

func token(n int) store.Token {
	return store.Token{
		ID: fmt.Sprintf("t-%d", n), Workspace: "acme", Label: "Entra",
		Hash: directory.HashToken(fmt.Sprint("token", n)), Created: start.Add(time.Duration(n) * time.Second),
	}
}

var tokens = []promise{
	{"knows a token by its hash, with its workspace", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		want := token(1)
		want.Expires = start.Add(time.Hour)
		must(f, s.CreateToken(ctx, want))
		got, w, err := s.TokenByHash(ctx, want.Hash, start)
		must(f, err)
		if diff := cmp.Diff(want, got); diff != "" || w.ID != "acme" {
			f.Errorf("workspace %q, token (-want +got):\n%s", w.ID, diff)
		}
		taken(f, s.CreateToken(ctx, want), "id")
		lost := token(2)
		lost.Workspace = "nobody"
		wants(f, s.CreateToken(ctx, lost), store.ErrNotFound)
	}},
	{"says the same of an unknown, an expired and a revoked token", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		expired, revoked := token(1), token(2)
		expired.Expires = start
		must(f, s.CreateToken(ctx, expired))
		must(f, s.CreateToken(ctx, revoked))
		must(f, s.RevokeToken(ctx, "acme", revoked.ID, start))
		var said []string
		for _, hash := range []string{directory.HashToken("never"), expired.Hash, revoked.Hash, ""} {
			tok, w, err := s.TokenByHash(ctx, hash, start)
			wants(f, err, store.ErrNotFound)
			said = append(said, fmt.Sprint(tok, w, err))
		}
		for _, text := range said {
			if text != said[0] {
				f.Errorf("%q differs from %q", text, said[0])
			}
		}
		all, err := s.Tokens(ctx, "acme")
		must(f, err)
		if len(all) != 2 || !all[0].Expires.Equal(start) || !all[1].Revoked.Equal(start) {
			f.Errorf("the list shows %+v", all)
		}
	}},
	{"lets one of twenty who revoke a token do it", func(f *fixture) {
		s, other, ctx := f.acme(), f.open(), f.Context()
		must(f, s.CreateToken(ctx, token(1)))
		var wg sync.WaitGroup
		var did atomic.Int32
		for i := range 20 {
			h := []*store.Store{s, other}[i%2]
			wg.Go(func() {
				switch err := h.RevokeToken(ctx, "acme", "t-1", start); {
				case err == nil:
					did.Add(1)
				case !errors.Is(err, store.ErrNotFound):
					f.Error(err)
				}
			})
		}
		wg.Wait()
		if did.Load() != 1 {
			f.Errorf("%d did, want 1", did.Load())
		}
	}},
	{"does not let a workspace revoke another's token", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, s.CreateWorkspace(ctx, directory.Workspace{ID: "beta", Created: start}))
		must(f, s.CreateToken(ctx, token(1)))
		wants(f, s.RevokeToken(ctx, "beta", "t-1", start), store.ErrNotFound)
		if _, _, err := s.TokenByHash(ctx, token(1).Hash, start); err != nil {
			f.Errorf("the token: %v", err)
		}
	}},
	{"notes the last use, at most once a minute", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, s.CreateToken(ctx, token(1)))
		for _, step := range []struct{ at, want time.Duration }{
			{0, 0}, {59 * time.Second, 0}, {60 * time.Second, 60 * time.Second}, {61 * time.Second, 60 * time.Second},
		} {
			_, _, err := s.TokenByHash(ctx, token(1).Hash, start.Add(step.at))
			must(f, err)
			// A write comes after whatever was queued before it.
			must(f, s.CreateToken(ctx, token(100+int(step.at/time.Second))))
			all, err := s.Tokens(ctx, "acme")
			must(f, err)
			if !all[0].LastUsed.Equal(start.Add(step.want)) {
				f.Errorf("used after %v: it says %v, want %v", step.at, all[0].LastUsed, start.Add(step.want))
			}
		}
	}},
}
