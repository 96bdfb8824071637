package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// TakeConsumer takes, or keeps, the work of a consumer of events for owner
// until a time, and returns the number of the last event that is done. It
// reports false while another owner has it, until that one's time is over. A
// consumer that is new begins after the newest event. One that nobody worked for
// during KeepEventsFor may find that the events it has not had were deleted;
// it goes on with the oldest that is kept.
//
// Servers compare each other's times with their own clocks: these must agree
// to well within the time that is taken.
func (s *Store) TakeConsumer(ctx context.Context, name, owner string, now, until time.Time) (seq int64, ok bool, err error) {
	if name == "" || owner == "" || !storable(name, owner) {
		return 0, false, ErrInvalid
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		ok = false
		if _, err := t.exec(ctx, `insert into consumers (name, seq, owner, until)
			select $1, v, '', 0 from meta where k = 'seq' on conflict (name) do nothing`, name); err != nil {
			return fmt.Errorf("store: making consumer: %w", err)
		}
		err := t.row(ctx, `update consumers set owner = $1, until = $2, seen = $3,
				seq = case when seq < (select v from meta where k = 'pruned') then (select v from meta where k = 'pruned') else seq end
			where name = $4 and (owner = $1 or until <= $3) returning seq`, owner, micro(until), micro(now), name).Scan(&seq)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("store: taking consumer: %w", err)
		}
		ok = true
		return nil
	})
	return seq, ok, err
}

// AdvanceConsumer notes that everything up to seq is done. It reports false,
// and notes nothing, where owner does not have the work any more, or somebody
// has moved the consumer from where owner left it.
func (s *Store) AdvanceConsumer(ctx context.Context, name, owner string, from, seq int64) (ok bool, err error) {
	if !storable(name, owner) {
		return false, nil
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `update consumers set seq = $1 where name = $2 and owner = $3 and seq = $4`, seq, name, owner, from)
		if err != nil {
			return fmt.Errorf("store: advancing consumer: %w", err)
		}
		ok = n > 0
		return nil
	})
	return ok, err
}

// ReleaseConsumer gives the work of a consumer up, so that another need not
// wait until the time is over.
func (s *Store) ReleaseConsumer(ctx context.Context, name, owner string) error {
	if !storable(name, owner) {
		return nil
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.exec(ctx, `update consumers set owner = '', until = 0 where name = $1 and owner = $2`, name, owner)
		if err != nil {
			return fmt.Errorf("store: releasing consumer: %w", err)
		}
		return nil
	})
}

// ConsumerSeq returns the number of the last event that a consumer has done, or
// ErrNotFound.
func (s *Store) ConsumerSeq(ctx context.Context, name string) (seq int64, err error) {
	if !storable(name) {
		return 0, ErrNotFound
	}
	err = s.read.row(ctx, `select seq from consumers where name = $1`, name).Scan(&seq)
	return seq, err
}
