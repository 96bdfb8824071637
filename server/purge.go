package server

import (
	"context"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// purging is how often people are erased whose time is over (row E6), and
// events that nobody needs any more.
const purging = time.Hour

// purge erases who was archived long enough, in the workspaces that want it, and
// the events that are older than store.KeepEventsFor.
func (s *Server) purge(ctx context.Context) error {
	t := time.NewTicker(purging)
	defer t.Stop()
	for {
		if err := s.purgeOnce(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "archived people could not be erased", "error", err)
		}
		if n, err := s.cfg.Store.PruneEvents(ctx, s.cfg.Now()); err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "old events could not be deleted", "error", err)
		} else if n > 0 {
			s.cfg.Log.InfoContext(ctx, "old events deleted", "events", n, "after", store.KeepEventsFor)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

func (s *Server) purgeOnce(ctx context.Context) error {
	all, err := s.cfg.Store.Workspaces(ctx)
	if err != nil {
		return err
	}
	// Several workspaces may share a directory: then the most patient decides.
	patience := map[string]time.Duration{}
	keeps := map[string]bool{}
	for _, ws := range all {
		keeps[ws.Directory] = keeps[ws.Directory] || ws.DeleteMode != directory.DeletePurge
		patience[ws.Directory] = max(patience[ws.Directory], ws.PurgeAfter)
	}
	for dir, after := range patience {
		if keeps[dir] {
			continue
		}
		n, err := s.cfg.Store.Purge(ctx, dir, s.cfg.Now().Add(-after))
		if err != nil {
			return err
		}
		if n > 0 {
			s.cfg.Log.InfoContext(ctx, "archived people erased", "directory", dir, "people", n, "after", after)
		}
	}
	return nil
}
