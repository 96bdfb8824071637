package server

import (
	"context"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/deliver"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Event tells an embedding program that something happened. It names who and
// what, and holds nothing about them: look that up, for it may have changed
// again.
type Event struct {
	// Seq is 1, 2, 3 … without gaps, in the order of commit. It never changes,
	// so it tells whether an event has come before.
	Seq int64     `json:"seq"`
	At  time.Time `json:"at"`
	// Kind is user.created, user.updated, user.suspended, user.reactivated,
	// user.archived, user.linked, group.created, group.updated, group.deleted,
	// group.member_added, group.member_removed, session.started, session.ended,
	// workspace.mass_removal, workspace.provisioning_failing,
	// workspace.provisioning_silent, workspace.provisioning_recovered,
	// saml.certificates_changed, saml.entity_id_changed,
	// saml.certificate_expiring or mobile.changed. There may be more one day.
	Kind      string `json:"type"`
	Directory string `json:"directory"`
	// Workspace is set where the event concerns one only.
	Workspace string `json:"workspace,omitempty"`
	// User is the SCIM id of the person concerned, or empty.
	User string `json:"user,omitempty"`
	// Group is the group of group events, and Nested the group that was added
	// to or removed from it.
	Group  string `json:"group,omitempty"`
	Nested string `json:"nested,omitempty"`
	// Session is the public handle of a session.
	Session string `json:"session,omitempty"`
}

func eventOf(e directory.Event) Event {
	return Event{
		Seq: e.Seq, At: e.At, Kind: string(e.Kind), Directory: e.Directory, Workspace: e.Workspace,
		User: e.User, Group: e.Group, Nested: e.Nested, Session: e.Session,
	}
}

// hook is the consumer that calls Config.OnEvent.
func (s *Server) hook() deliver.Consumer {
	return deliver.Consumer{
		Store: s.cfg.Store, Name: "hook", Now: s.cfg.Now, Log: s.cfg.Log, Poll: s.cfg.poll,
		Do: func(ctx context.Context, e directory.Event) error { return s.cfg.OnEvent(ctx, eventOf(e)) },
	}
}

// Events returns the events after a number in their order, at most limit and
// never more than 1,000. A reader that remembers the last Seq misses nothing.
//
// Events are kept for 30 days, and longer where a webhook or OnEvent has not had
// them. After 0 they begin with the oldest that is kept; after the Seq of one
// whose next is not kept any more it is problem.EventsPruned.
func Events(ctx context.Context, s *Store, after int64, limit int) ([]Event, error) {
	all, err := s.Events(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]Event, len(all))
	for i, e := range all {
		out[i] = eventOf(e)
	}
	return out, nil
}
