package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var hooking = []promise{
	{"keeps webhooks, and what could not be delivered to them", func(f *fixture) {
		s, ctx := f.acme(), f.Context()
		must(f, insert(ctx, s, ada(1)))
		at := start.Truncate(time.Microsecond)
		one := store.Webhook{ID: "w-1", Workspace: "acme", URL: "https://hooks.example/a", Kinds: []string{"user.created", "user.suspended"}, Hash: "h", Created: at}
		two := store.Webhook{ID: "w-2", Workspace: "acme", URL: "https://hooks.example/b", Kinds: []string{}, Hash: "h", Created: at.Add(time.Second)}
		must(f, s.CreateWebhook(ctx, one))
		must(f, s.CreateWebhook(ctx, two))
		taken(f, s.CreateWebhook(ctx, one), "id")
		lost := one
		lost.ID, lost.Workspace = "w-3", "nobody"
		wants(f, s.CreateWebhook(ctx, lost), store.ErrNotFound)
		for _, workspace := range []string{"acme", ""} {
			got, err := s.Webhooks(ctx, workspace)
			must(f, err)
			if diff := cmp.Diff([]store.Webhook{one, two}, got); diff != "" {
				f.Errorf("(-want +got):\n%s", diff)
			}
		}
		must(f, insert(ctx, s, ada(2)))
		seq, ok, err := s.TakeConsumer(ctx, one.Consumer(), "a", start, start)
		must(f, err)
		if !ok || seq != 1 {
			f.Errorf("it begins after event %d", seq)
		}
		dead := []store.DeadLetter{{Seq: 3, At: at, Error: "status 500"}, {Seq: 7, At: at, Error: "status 404"}}
		for _, d := range []store.DeadLetter{dead[1], dead[0], dead[0]} {
			must(f, s.AddDeadLetter(ctx, "w-1", d))
		}
		got, err := s.DeadLetters(ctx, "w-1")
		must(f, err)
		if diff := cmp.Diff(dead, got); diff != "" {
			f.Errorf("(-want +got):\n%s", diff)
		}
		must(f, s.DropDeadLetter(ctx, "w-1", 3))
		if got, err = s.DeadLetters(ctx, "w-1"); err != nil || len(got) != 1 || got[0].Seq != 7 {
			f.Errorf("left: %+v, %v", got, err)
		}
		wants(f, s.RevokeWebhook(ctx, "other", "w-1", start), store.ErrNotFound)
		must(f, s.RevokeWebhook(ctx, "acme", "w-1", start))
		wants(f, s.RevokeWebhook(ctx, "acme", "w-1", start), store.ErrNotFound)
		if got, err = s.DeadLetters(ctx, "w-1"); err != nil || len(got) != 0 {
			f.Errorf("left after revoking: %+v, %v", got, err)
		}
		all, err := s.Webhooks(ctx, "acme")
		must(f, err)
		if !all[0].Revoked.Equal(at) || !all[1].Revoked.IsZero() {
			f.Errorf("revoked: %+v", all)
		}
	}},
}
