package server

import (
	"context"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// lastFlush bounds writing what is left of the record when Run ends.
const lastFlush = 5 * time.Second

// keepRequests bounds the record of SCIM requests every minute, says when some
// were left out of it, and writes what waits when ctx ends. It also deletes
// access tokens of provisioning that ran out; they are refused before that.
func (s *Server) keepRequests(ctx context.Context) error {
	t := time.NewTicker(housekeeping)
	defer t.Stop()
	for {
		if n, err := s.cfg.Store.PruneRequests(ctx, s.cfg.Now(), store.KeepRequests); err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "old records of SCIM requests could not be deleted", "error", err)
		} else if n > 0 {
			s.cfg.Log.DebugContext(ctx, "old records of SCIM requests deleted", "records", n)
		}
		if n, err := s.cfg.Store.ExpireTokens(ctx, s.cfg.Now()); err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "expired access tokens could not be deleted", "error", err)
		} else if n > 0 {
			s.cfg.Log.DebugContext(ctx, "expired access tokens deleted", "tokens", n)
		}
		if n := s.requests.LeftOut(); n > 0 {
			s.cfg.Log.InfoContext(ctx, "SCIM requests were left out of the record, as there were too many", "requests", n)
		}
		select {
		case <-ctx.Done():
			flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlush)
			defer cancel()
			if err := s.requests.Flush(flush); err != nil {
				s.cfg.Log.WarnContext(ctx, "the last records of SCIM requests could not be written", "error", err)
			}
			return nil
		case <-t.C:
		}
	}
}

// heard logs the events that an operator should know of at once.
func (s *Server) heard(e directory.Event) {
	if e.Kind == directory.MassRemoval {
		s.cfg.Log.Error("unusually many people lost access within an hour; see lanyardd scim log and lanyardd scim alarm", "directory", e.Directory, "event", e.Seq)
	}
}
