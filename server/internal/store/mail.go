package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// DeliveryState says how far a mail has come on its way to one recipient.
type DeliveryState int

// The states. One that waits may have been tried before.
const (
	MailWaiting DeliveryState = iota
	MailSent                  // the mail server took it
	MailFailed                // nothing more is tried
)

// QueuedMail is a mail that waits, as it is stored.
type QueuedMail struct {
	ID, Workspace, Kind, Subject string
	// Body is sealed by whoever stores it.
	Body    string
	Created time.Time
	// Ends, unless zero, is when the mail is of no use any more.
	Ends time.Time
}

// MailDelivery is one mail on its way to one recipient.
type MailDelivery struct {
	Number int64 // of the delivery; later ones are higher
	Mail   QueuedMail
	To     string
	State  DeliveryState
	// Due is when it is tried next; At when it was sent, or last failed.
	Due, At time.Time
	Tries   int
	// Error is what the mail server said last.
	Error string
}

const deliveryColumns = `d.pk, d.mail, d.workspace, d.kind, m.subject, m.created, m.ends, d.rcpt, d.state, d.due, d.at, d.tries, d.error`

func scanDelivery(row scanner, more ...any) (MailDelivery, error) {
	var d MailDelivery
	var created, ends, due, at int64
	err := row.Scan(append([]any{
		&d.Number, &d.Mail.ID, &d.Mail.Workspace, &d.Mail.Kind, &d.Mail.Subject, &created, &ends,
		&d.To, &d.State, &due, &at, &d.Tries, &d.Error,
	}, more...)...)
	d.Mail.Created, d.Mail.Ends, d.Due, d.At = fromMicro(created), unset(ends), fromMicro(due), unset(at)
	return d, err
}

// unset is fromMicro where 0 stands for never.
func unset(v int64) time.Time {
	if v == 0 {
		return time.Time{}
	}
	return fromMicro(v)
}

func microOr0(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return micro(t)
}

// recipientsAtOnce is how many recipients one statement stores.
const recipientsAtOnce = 100

// QueueMail stores a mail for its recipients, each once. A mail with an id that is
// there already is ErrExists, and nothing is stored.
func (s *Store) QueueMail(ctx context.Context, m QueuedMail, to []string) error {
	if m.ID == "" || len(to) == 0 || !storable(m.ID, m.Workspace, m.Kind, m.Subject, m.Body) || !storable(to...) {
		return ErrInvalid
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `insert into mails (id, workspace, kind, subject, body, created, ends)
			values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
			m.ID, m.Workspace, m.Kind, m.Subject, m.Body, micro(m.Created), microOr0(m.Ends))
		switch {
		case err != nil:
			return fmt.Errorf("store: queueing mail: %w", err)
		case n == 0:
			return Exists{"id"}
		}
		for some := range slices.Chunk(to, recipientsAtOnce) {
			args := []any{m.ID, m.Workspace, m.Kind, micro(m.Created)}
			rows := make([]string, len(some))
			for i, rcpt := range some {
				args = append(args, rcpt)
				rows[i] = fmt.Sprintf("($1, $2, $3, $%d, 0, $4, '', 0, 0, 0, '')", len(args))
			}
			if _, err := t.exec(ctx, `insert into mail_deliveries (mail, workspace, kind, rcpt, state, due, owner, lease, tries, at, error)
				values `+strings.Join(rows, ", "), args...); err != nil {
				return fmt.Errorf("store: queueing mail: %w", err)
			}
		}
		return nil
	})
}

// TakeMail gives owner the deliveries that are due, at most limit, until a time:
// till then nobody else is given them. Their mails come with the body.
func (s *Store) TakeMail(ctx context.Context, owner string, now, until time.Time, limit int) (all []MailDelivery, err error) {
	var there bool
	err = s.read.each(ctx, func(scanner) error { there = true; return nil },
		`select 1 from mail_deliveries where state = 0 and due <= $1 and lease <= $1 limit 1`, micro(now))
	if err != nil || !there { // most often: nobody need write
		return nil, err
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		all = nil
		if err := t.each(ctx, func(row scanner) error {
			var body string
			d, err := scanDelivery(row, &body)
			d.Mail.Body = body
			all = append(all, d)
			return err
		}, `select `+deliveryColumns+`, m.body from mail_deliveries d join mails m on m.id = d.mail
			where d.state = 0 and d.due <= $1 and d.lease <= $1 order by d.due, d.pk limit $2`, micro(now), limit); err != nil {
			return err
		}
		for _, d := range all {
			if _, err := t.exec(ctx, `update mail_deliveries set owner = $1, lease = $2 where pk = $3`, owner, micro(until), d.Number); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: taking mail: %w", err)
	}
	return all, nil
}

// SettleMail notes what became of a delivery that owner has: its State, Due, At,
// Tries and Error. It reports false where another has it by now. The body of a
// mail that nobody waits for any more is forgotten.
func (s *Store) SettleMail(ctx context.Context, owner string, d MailDelivery) (ok bool, err error) {
	if !storable(d.Error) {
		d.Error = "The mail server's answer was no text."
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `update mail_deliveries set state = $1, due = $2, at = $3, tries = $4, error = $5, owner = '', lease = 0
			where pk = $6 and owner = $7 and state = 0`, int64(d.State), micro(d.Due), microOr0(d.At), d.Tries, d.Error, d.Number, owner)
		if ok = n > 0; err != nil || !ok || d.State == MailWaiting {
			return err
		}
		_, err = t.exec(ctx, `update mails set body = '' where id = $1
			and not exists (select 1 from mail_deliveries where mail = $1 and state = 0)`, d.Mail.ID)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("store: settling mail: %w", err)
	}
	return ok, nil
}

// RetryMail makes all deliveries of a workspace that wait due now: the mail
// server was mended. The empty workspace means those of all.
func (s *Store) RetryMail(ctx context.Context, workspace string, now time.Time) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.exec(ctx, `update mail_deliveries set due = $1 where state = 0 and due > $1 and ($2 = '' or workspace = $2)`, micro(now), workspace)
		return err
	})
}

// MailQuery asks for deliveries. What is empty does not narrow; Workspace does.
type MailQuery struct {
	Workspace, Kind, Mail string
	// Before, unless 0, is the number that all are below.
	Before int64
	Limit  int // at most 1,000, which zero means too
}

// MailDeliveries returns deliveries, newest first, without bodies.
func (s *Store) MailDeliveries(ctx context.Context, q MailQuery) (all []MailDelivery, err error) {
	if !storable(q.Workspace, q.Kind, q.Mail) {
		return nil, nil
	}
	if q.Limit <= 0 || q.Limit > maxRequests {
		q.Limit = maxRequests
	}
	err = s.read.each(ctx, func(row scanner) error {
		d, err := scanDelivery(row)
		all = append(all, d)
		return err
	}, `select `+deliveryColumns+` from mail_deliveries d join mails m on m.id = d.mail
		where d.workspace = $1 and ($2 = '' or d.kind = $2) and ($3 = '' or d.mail = $3) and (cast($4 as bigint) = 0 or d.pk < $4)
		order by d.pk desc limit $5`, q.Workspace, q.Kind, q.Mail, q.Before, q.Limit)
	if err != nil {
		return nil, fmt.Errorf("store: reading deliveries: %w", err)
	}
	return all, nil
}

// CountMail returns how many deliveries of a mail are in each state. A mail that
// is not the workspace's is ErrNotFound.
func (s *Store) CountMail(ctx context.Context, workspace, mail string) (counts map[DeliveryState]int, err error) {
	counts = map[DeliveryState]int{}
	if !storable(workspace, mail) {
		return nil, ErrNotFound
	}
	err = s.read.each(ctx, func(row scanner) error {
		var state DeliveryState
		var n int
		err := row.Scan(&state, &n)
		counts[state] = n
		return err
	}, `select state, count(*) from mail_deliveries where mail = $1 and workspace = $2 group by state`, mail, workspace)
	if err == nil && len(counts) == 0 {
		err = ErrNotFound
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("store: counting deliveries: %w", err)
	}
	return counts, err
}

// PruneMail forgets the mails that were queued before a time and of which nothing
// waits, at most 1,000, and returns how many.
func (s *Store) PruneMail(ctx context.Context, before time.Time) (n int, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		var old []string
		if err := t.each(ctx, func(row scanner) error {
			var id string
			err := row.Scan(&id)
			old = append(old, id)
			return err
		}, `select id from mails where created < $1 order by created limit $2`, micro(before), pruneAtOnce); err != nil {
			return err
		}
		n = 0
		for _, id := range old {
			var waits int
			err := t.row(ctx, `select 1 from mail_deliveries where mail = $1 and state = 0 limit 1`, id).Scan(&waits)
			if err == nil {
				continue
			}
			if !errors.Is(err, ErrNotFound) {
				return err
			}
			n++
			for _, text := range []string{`delete from mail_deliveries where mail = $1`, `delete from mails where id = $1`} {
				if _, err := t.exec(ctx, text, id); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("store: forgetting mail: %w", err)
	}
	return n, nil
}
