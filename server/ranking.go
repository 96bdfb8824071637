package server

import (
	"context"
	"time"
)

// rank gives people the roles that are due, every minute: after the rules
// changed, or where whoever moved the members of a group did not get that far.
// Until then a session shows the right role all the same (store.Ranked).
func (s *Server) rank(ctx context.Context) error {
	t := time.NewTicker(housekeeping)
	defer t.Stop()
	for {
		if err := s.rankOnce(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "roles that are due could not be given", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

func (s *Server) rankOnce(ctx context.Context) error {
	due, err := s.cfg.Store.Unranked(ctx)
	if err != nil {
		return err
	}
	for _, dir := range due {
		n, err := s.cfg.Store.Rerank(ctx, dir, s.cfg.Now())
		if err != nil {
			return err
		}
		if n > 0 {
			s.cfg.Log.InfoContext(ctx, "roles worked out", "directory", dir, "people", n)
		}
	}
	return nil
}
