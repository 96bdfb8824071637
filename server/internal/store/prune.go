package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

const (
	// KeepEventsFor is how long events are kept at least.
	KeepEventsFor = 30 * 24 * time.Hour
	// eventsPruned is how many events one transaction deletes. It takes some 10 ms.
	eventsPruned = 1000
)

// kept returns a [Pruned] where the event that follows a number was deleted.
func (s *Store) kept(ctx context.Context, after int64) error {
	pruned, err := s.meta(ctx, "pruned")
	if err == nil && after < pruned {
		err = gone(pruned)
	}
	return err
}

// gone is a [Pruned] in words for people.
func gone(upto int64) error {
	return &problem.Error{
		Code: problem.EventsPruned, Detail: fmt.Sprintf("Events up to number %d are not kept any more.", upto), Cause: Pruned{upto},
	}
}

// PruneEvents deletes events that are older than KeepEventsFor, from the oldest
// on without a gap, and returns how many. It stops before the first that
// somebody still needs: a consumer that was worked for within KeepEventsFor, or
// that nobody has worked for yet, and a webhook that has it yet to accept. What
// a webhook gave up is forgotten with its event. It works in short transactions.
func (s *Store) PruneEvents(ctx context.Context, now time.Time) (int, error) {
	before := micro(now.Add(-KeepEventsFor))
	for total := 0; ; {
		// Most times there is nothing to do, and that is found without the writer.
		if old, err := s.anyOld(ctx, before); err != nil || !old {
			return total, err
		}
		n := 0
		err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
			n, err = t.pruneEvents(ctx, before)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("store: deleting events: %w", err)
		}
		if total += n; n < eventsPruned {
			return total, nil
		}
	}
}

// oldestEvents reads the events that would be deleted next.
const oldestEvents = `select seq, at from events where seq > (select v from meta where k = 'pruned') order by seq limit $1`

func (s *Store) anyOld(ctx context.Context, before int64) (bool, error) {
	var seq, at int64
	err := s.read.row(ctx, oldestEvents, 1).Scan(&seq, &at)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("store: looking for old events: %w", err)
	}
	return at < before, nil
}

// neededAfter is the number before which nobody needs an event any more, null
// where nobody needs any.
const neededAfter = `select min(n) from (
	select min(seq) as n from consumers where seen = 0 or seen >= $1
	union all select min(seq) - 1 from webhook_retries) needed`

func (t *tx) pruneEvents(ctx context.Context, before int64) (n int, err error) {
	var needed *int64
	if err := t.row(ctx, neededAfter, before).Scan(&needed); err != nil {
		return 0, err
	}
	last, ended := int64(0), false
	if err := t.each(ctx, func(row scanner) error {
		var seq, at int64
		if err := row.Scan(&seq, &at); err != nil {
			return err
		}
		if ended = ended || at >= before || needed != nil && seq > *needed; !ended {
			last, n = seq, n+1
		}
		return nil
	}, oldestEvents, eventsPruned); err != nil || n == 0 {
		return 0, err
	}
	for _, text := range []string{
		`delete from events where seq <= $1`,
		`delete from dead_letters where seq <= $1`,
		`update meta set v = $1 where k = 'pruned'`,
	} {
		if _, err := t.exec(ctx, text, last); err != nil {
			return 0, err
		}
	}
	return n, nil
}
