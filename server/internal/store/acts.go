package store

import (
	"context"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Act is something that somebody did to a person other than by provisioning or
// signing in: by a command, say (row D10).
type Act struct {
	At        time.Time
	Directory string
	Workspace string
	User      string
	// Who did it, such as "operator (command)", and What in a few words.
	Who, What string
}

// valid says whether an act can be stored.
func (a Act) valid() bool {
	return a.User != "" && storable(a.Directory, a.Workspace, a.User, a.Who, a.What)
}

// RecordAct stores an act.
func (s *Store) RecordAct(ctx context.Context, a Act) error {
	if !a.valid() {
		return ErrInvalid
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error { return t.record(ctx, a) })
}

func (t *tx) record(ctx context.Context, a Act) error {
	if _, err := t.exec(ctx, `insert into acts (at, directory, workspace, user_id, who, what) values ($1, $2, $3, $4, $5, $6)`,
		micro(a.At), a.Directory, a.Workspace, a.User, a.Who, a.What); err != nil {
		return fmt.Errorf("store: recording an act: %w", err)
	}
	return nil
}

// Acts returns the acts on a person, newest first, at most so many.
func (s *Store) Acts(ctx context.Context, dir, user string, most int) (all []Act, err error) {
	if !storable(dir, user) {
		return nil, nil
	}
	err = s.read.each(ctx, func(row scanner) error {
		a := Act{Directory: dir, User: user}
		var at int64
		err := row.Scan(&at, &a.Workspace, &a.Who, &a.What)
		a.At = fromMicro(at)
		all = append(all, a)
		return err
	}, `select at, workspace, who, what from acts where directory = $1 and user_id = $2 order by at desc, pk desc limit $3`, dir, user, most)
	if err != nil {
		return nil, fmt.Errorf("store: reading acts: %w", err)
	}
	return all, nil
}

// eventsLooked is how many numbers of events one query of EventsOf looks at.
const eventsLooked = 20_000

// EventsOf returns the events about a person, newest first, at most so many. It
// goes through all events in short reads, for they are kept in the order of
// readers, who want everybody's.
func (s *Store) EventsOf(ctx context.Context, dir, user string, most int) (all []directory.Event, err error) {
	if !storable(dir, user) || most <= 0 {
		return nil, nil
	}
	var last int64
	if err := s.read.row(ctx, `select coalesce(max(seq), 0) from events`).Scan(&last); err != nil {
		return nil, fmt.Errorf("store: reading events: %w", err)
	}
	for to := last; to > 0 && len(all) < most; to -= eventsLooked {
		err := s.read.each(ctx, func(row scanner) error {
			e := directory.Event{Directory: dir, User: user}
			var at int64
			err := row.Scan(&e.Seq, &at, &e.Workspace, (*string)(&e.Kind), &e.Session, &e.Group)
			e.At = fromMicro(at)
			all = append(all, e)
			return err
		}, `select seq, at, workspace, kind, session_id, group_id from events
			where seq > $1 and seq <= $2 and directory = $3 and user_id = $4 order by seq desc limit $5`,
			to-eventsLooked, to, dir, user, most-len(all))
		if err != nil {
			return nil, fmt.Errorf("store: reading events: %w", err)
		}
	}
	return all, nil
}
