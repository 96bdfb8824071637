package server

import (
	"context"

	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/deliver"
)

// sendWebhooks delivers events to webhooks until ctx ends. Without a key it
// only says so where there are any.
func (s *Server) sendWebhooks(ctx context.Context) error {
	if len(s.cfg.WebhookKey) == 0 {
		all, err := s.cfg.Store.Webhooks(ctx, "")
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "webhooks cannot be read", "error", err)
		}
		for _, w := range all {
			if w.Revoked.IsZero() {
				s.cfg.Log.ErrorContext(ctx, "webhooks are not sent by this server, which has no webhook key", "webhook", w.ID, "workspace", w.Workspace)
			}
		}
		return nil
	}
	loopback := api.Loopback(s.cfg.PublicURL.Hostname())
	return deliver.Webhooks{
		Store: s.cfg.Store, Log: s.cfg.Log, Poll: s.cfg.poll,
		Sender: deliver.Sender{Key: s.cfg.WebhookKey, Client: deliver.NewWebhookClient(loopback), Loopback: loopback, Now: s.cfg.Now},
	}.Run(ctx)
}
