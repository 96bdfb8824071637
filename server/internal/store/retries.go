package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Retry is an event that a webhook has not accepted yet, or that waits behind
// one which it has not.
type Retry struct {
	Event directory.Event
	// Subject is whose order is kept: of two retries with one subject the
	// earlier goes first. Behind names a second subject whose earlier retries go
	// first too; empty means none.
	Subject, Behind string
	// Tries is how often it was sent.
	Tries int
	// Since is when it was first tried, or put behind another.
	Since time.Time
	// Due is when it may be tried.
	Due time.Time
	// Error is why the last try failed.
	Error string
}

// Outcome is what became of a retry that was tried.
type Outcome int

// The outcomes of [Store.SettleRetry].
const (
	// Accepted: it is done with.
	Accepted Outcome = iota
	// TryAgain: it stays, with the Tries, Due and Error of the Retry.
	TryAgain
	// GivenUp: it becomes a dead letter.
	GivenUp
)

// ParkEvents notes that a webhook's owner is done with everything up to seq but
// for the events that are parked, as retries, and but for those that are given
// up, as dead letters: all of it or nothing. It reports false, and notes
// nothing, where [Store.AdvanceConsumer] would.
func (s *Store) ParkEvents(ctx context.Context, w Webhook, owner string, from, seq int64, parked []Retry, dead []DeadLetter) (ok bool, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `update consumers set seq = $1 where name = $2 and owner = $3 and seq = $4`, seq, w.Consumer(), owner, from)
		if ok = n > 0; err != nil || !ok {
			return err
		}
		for _, r := range parked {
			_, err := t.exec(ctx, `insert into webhook_retries (webhook, seq, subject, behind, tries, since, due, error)
				values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
				w.ID, r.Event.Seq, r.Subject, r.Behind, r.Tries, micro(r.Since), micro(r.Due), cleaned(r.Error))
			if err != nil {
				return fmt.Errorf("store: parking event: %w", err)
			}
		}
		for _, d := range dead {
			if err := t.addDeadLetter(ctx, w.ID, d); err != nil {
				return err
			}
		}
		return nil
	})
	return ok, err
}

// SettleRetry notes what became of a retry. It reports false, and notes
// nothing, where owner does not have the webhook's work any more.
func (s *Store) SettleRetry(ctx context.Context, w Webhook, owner string, r Retry, o Outcome, now time.Time) (ok bool, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `update consumers set owner = owner where name = $1 and owner = $2`, w.Consumer(), owner)
		if ok = n > 0; err != nil || !ok {
			return err
		}
		if o == TryAgain {
			_, err = t.exec(ctx, `update webhook_retries set tries = $1, due = $2, error = $3 where webhook = $4 and seq = $5`,
				r.Tries, micro(r.Due), cleaned(r.Error), w.ID, r.Event.Seq)
			return err
		}
		if _, err = t.exec(ctx, `delete from webhook_retries where webhook = $1 and seq = $2`, w.ID, r.Event.Seq); err != nil || o == Accepted {
			return err
		}
		return t.addDeadLetter(ctx, w.ID, DeadLetter{Seq: r.Event.Seq, At: now, Error: r.Error})
	})
	return ok, err
}

// retryFirst selects the retries of a webhook before which none of the same
// subject, nor of the one it is behind, has to go.
const retryFirst = `select r.seq, r.subject, r.behind, r.tries, r.since, r.due, r.error,
	e.at, e.directory, e.workspace, e.kind, e.user_id, e.session_id, e.group_id, e.nested_id
	from webhook_retries r join events e on e.seq = r.seq
	where r.webhook = $1 and r.due <= $2
	and not exists (select 1 from webhook_retries x where x.webhook = r.webhook and x.subject = r.subject and x.seq < r.seq)
	and (r.behind = '' or not exists (select 1 from webhook_retries x where x.webhook = r.webhook and x.subject = r.behind and x.seq < r.seq))
	order by r.seq limit $3`

// Retries returns a webhook's retries that are due at a time and behind no
// other, in the order of events, at most limit.
func (s *Store) Retries(ctx context.Context, webhook string, due time.Time, limit int) ([]Retry, error) {
	var all []Retry
	if !storable(webhook) {
		return nil, nil
	}
	err := s.read.each(ctx, func(row scanner) error {
		var r Retry
		e := &r.Event
		var since, next, at int64
		err := row.Scan(&e.Seq, &r.Subject, &r.Behind, &r.Tries, &since, &next, &r.Error,
			&at, &e.Directory, &e.Workspace, &e.Kind, &e.User, &e.Session, &e.Group, &e.Nested)
		r.Since, r.Due, e.At = fromMicro(since), fromMicro(next), fromMicro(at)
		all = append(all, r)
		return err
	}, retryFirst, webhook, micro(due), limit)
	if err != nil {
		return nil, fmt.Errorf("store: reading retries: %w", err)
	}
	return all, nil
}

// CountRetries returns how many retries a webhook has.
func (s *Store) CountRetries(ctx context.Context, webhook string) (n int, err error) {
	if !storable(webhook) {
		return 0, nil
	}
	err = s.read.row(ctx, `select count(*) from webhook_retries where webhook = $1`, webhook).Scan(&n)
	return n, err
}

// Blocked returns the numbers of those events after one number and up to
// another which must wait, since a retry of the same person or group is there.
func (s *Store) Blocked(ctx context.Context, webhook string, after, upto int64) (map[int64]bool, error) {
	blocked := map[int64]bool{}
	err := s.read.each(ctx, func(row scanner) error {
		var seq int64
		err := row.Scan(&seq)
		blocked[seq] = true
		return err
	}, `select e.seq from events e where e.seq > $2 and e.seq <= $3 and (
		exists (select 1 from webhook_retries r where r.webhook = $1
			and r.subject = case when e.user_id <> '' then e.user_id else e.group_id end)
		or e.group_id <> '' and exists (select 1 from webhook_retries r where r.webhook = $1 and r.subject = e.group_id))`,
		webhook, after, upto)
	if err != nil {
		return nil, fmt.Errorf("store: looking for what waits: %w", err)
	}
	return blocked, nil
}

func (t *tx) addDeadLetter(ctx context.Context, webhook string, d DeadLetter) error {
	_, err := t.exec(ctx, `insert into dead_letters (webhook, seq, at, error) values ($1, $2, $3, $4)
		on conflict (webhook, seq) do update set at = excluded.at, error = excluded.error`, webhook, d.Seq, micro(d.At), cleaned(d.Error))
	if err != nil {
		return fmt.Errorf("store: adding dead letter: %w", err)
	}
	return nil
}

// cleaned is a text that both databases can keep.
func cleaned(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "�"), "\x00", "")
}
