package server

import (
	"context"
	"log/slog"
	"time"
)

// expiryWarnings is how often it is looked which credentials end soon.
const expiryWarnings = 24 * time.Hour

// warnOfExpiry logs once a day which tokens and secrets of provisioning end
// soon: with an expired one provisioning stops, and leavers stay.
func (s *Server) warnOfExpiry(ctx context.Context) error {
	t := time.NewTicker(expiryWarnings)
	defer t.Stop()
	for {
		if err := s.lookForExpiry(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "the expiry of provisioning's credentials could not be checked", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

func (s *Server) lookForExpiry(ctx context.Context) error {
	all, err := s.cfg.Store.Workspaces(ctx)
	if err != nil {
		return err
	}
	now := s.cfg.Now()
	for _, w := range all {
		tokens, err := s.cfg.Store.Tokens(ctx, w.ID)
		if err != nil {
			return err
		}
		for _, t := range tokens {
			if t.Revoked.IsZero() && !t.Expires.IsZero() {
				s.warn(ctx, w.ID, "token", t.ID, t.Expires.Sub(now))
			}
		}
		secrets, err := s.cfg.Store.Secrets(ctx, w.ID)
		if err != nil {
			return err
		}
		for _, n := range secrets {
			if n.Revoked.IsZero() {
				s.warn(ctx, w.ID, "client secret", n.ID, n.Expires.Sub(now))
			}
		}
	}
	return nil
}

// warn logs one credential, the louder the less time is left (row D1: 60, 30
// and 7 days).
func (s *Server) warn(ctx context.Context, workspace, what, id string, left time.Duration) {
	const day = 24 * time.Hour
	level := slog.LevelInfo
	switch {
	case left <= 0 || left > 60*day:
		return
	case left <= 7*day:
		level = slog.LevelError
	case left <= 30*day:
		level = slog.LevelWarn
	}
	s.cfg.Log.Log(ctx, level, "a credential of provisioning expires soon", "workspace", workspace, "kind", what, "id", id, "days", int(left/day))
}
