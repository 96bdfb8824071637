package server

import (
	"context"
	"time"
)

// reindexing is how often the server looks for resources that were stored under
// other rules: by a command, or by a server of another version or configuration.
const reindexing = time.Minute

// index keeps the index of SCIM resources whole. While it is not, searches are
// slower and as right.
func (s *Server) index(ctx context.Context) error {
	t := time.NewTicker(reindexing)
	defer t.Stop()
	for {
		began := s.cfg.Now()
		if n, err := s.cfg.Store.Reindex(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "resources could not be indexed", "error", err)
		} else if n > 0 {
			s.cfg.Log.InfoContext(ctx, "resources indexed", "resources", n, "took", s.cfg.Now().Sub(began))
		}
		if n, err := s.cfg.Store.Sweep(ctx, s.cfg.Now()); err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "what is left of resources could not be deleted", "error", err)
		} else if n > 0 {
			s.cfg.Log.InfoContext(ctx, "rest of interrupted changes deleted", "resources", n)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}
