package store

import (
	"context"
	"fmt"
	"time"
)

// TicketKind is what a Ticket stands for. Each has hashes of its own.
type TicketKind string

// The kinds of ticket.
const (
	// TicketRequest is a question sent to an identity provider.
	TicketRequest TicketKind = "request"
	// TicketSeen is the id of an assertion that was taken.
	TicketSeen TicketKind = "seen"
	// TicketParked is a verified result that waits for its browser.
	TicketParked TicketKind = "parked"
	// TicketCode is a one-time code of a native app.
	TicketCode TicketKind = "code"
	// TicketTest is a link for a test sign-in, TicketResult what came of it.
	TicketTest   TicketKind = "test"
	TicketResult TicketKind = "result"
	// TicketLogout is a sign-out that was sent to an identity provider.
	TicketLogout TicketKind = "logout"
	// TicketEnded is the family of refresh tokens of a session that ended with
	// the person's access. Doc is the person's id, as a JSON string.
	TicketEnded TicketKind = "ended"
	// TicketPassword is a mailed link to choose a password. Doc is the person's
	// id, as a JSON string.
	TicketPassword TicketKind = "password"
	// TicketAddress is a mailed link by which whoever has an e-mail address confirms
	// that it is theirs. Doc is domains' own.
	TicketAddress TicketKind = "address"
	// TicketLink is a verified sign-in that waits for the password of the account
	// which it is to be linked with.
	TicketLink TicketKind = "link"
)

// Ticket is something that can be taken once, by whoever knows what Hash was
// computed from, until it expires.
type Ticket struct {
	Kind      TicketKind
	Hash      string
	Workspace string
	// Doc is what it stands for, as JSON.
	Doc     []byte
	Created time.Time
	Expires time.Time
}

// TicketKey names a ticket.
type TicketKey struct {
	Kind            TicketKind
	Workspace, Hash string
}

// Exchange takes tickets and puts others in their place, all or nothing. One to
// take that is unknown, taken, expired or of another workspace is ErrNotFound;
// one to put that is there already, expired or not, is an [Exists] of "hash".
// So of many that exchange the same ticket, or put the same, one succeeds.
func (s *Store) Exchange(ctx context.Context, take []TicketKey, put []Ticket, now time.Time) error {
	_, err := s.exchange(ctx, take, put, now)
	return err
}

// TakeTicket takes one ticket. Unknown, taken and expired are all ErrNotFound:
// the difference is nobody's business.
func (s *Store) TakeTicket(ctx context.Context, key TicketKey, now time.Time) (Ticket, error) {
	taken, err := s.exchange(ctx, []TicketKey{key}, nil, now)
	if err != nil {
		return Ticket{}, err
	}
	return taken[0], nil
}

func (s *Store) exchange(ctx context.Context, take []TicketKey, put []Ticket, now time.Time) ([]Ticket, error) {
	for _, k := range take {
		if !storable(string(k.Kind), k.Workspace, k.Hash) {
			return nil, ErrNotFound
		}
	}
	for _, p := range put {
		if p.Kind == "" || p.Hash == "" || !storable(string(p.Kind), p.Hash, p.Workspace, string(p.Doc)) {
			return nil, ErrInvalid
		}
	}
	var taken []Ticket
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		taken = nil
		for _, k := range take {
			one, err := scanTicket(t.row(ctx, `delete from tickets
				where kind = $1 and hash = $2 and workspace = $3 and expires > $4
				returning kind, hash, workspace, doc, created, expires`, string(k.Kind), k.Hash, k.Workspace, micro(now)))
			if err != nil {
				return err
			}
			taken = append(taken, one)
		}
		for _, p := range put {
			var there int
			if err := t.row(ctx, `select 1 from workspaces where id = $1`, p.Workspace).Scan(&there); err != nil {
				return err
			}
			n, err := t.exec(ctx, `insert into tickets (kind, hash, workspace, doc, created, expires)
				values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
				string(p.Kind), p.Hash, p.Workspace, string(p.Doc), micro(p.Created), micro(p.Expires))
			switch {
			case err != nil:
				return fmt.Errorf("store: putting a ticket: %w", err)
			case n == 0:
				return Exists{"hash"}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return taken, nil
}

func scanTicket(row scanner) (Ticket, error) {
	var k Ticket
	var kind, doc string
	var created, expires int64
	if err := row.Scan(&kind, &k.Hash, &k.Workspace, &doc, &created, &expires); err != nil {
		return Ticket{}, err
	}
	k.Kind, k.Doc = TicketKind(kind), []byte(doc)
	k.Created, k.Expires = fromMicro(created), fromMicro(expires)
	return k, nil
}

// Ticket looks at a ticket and leaves it where it is. Unknown, taken and expired
// are all ErrNotFound.
func (s *Store) Ticket(ctx context.Context, key TicketKey, now time.Time) (Ticket, error) {
	if !storable(string(key.Kind), key.Workspace, key.Hash) {
		return Ticket{}, ErrNotFound
	}
	return scanTicket(s.read.row(ctx, `select kind, hash, workspace, doc, created, expires from tickets
		where kind = $1 and hash = $2 and workspace = $3 and expires > $4`, string(key.Kind), key.Hash, key.Workspace, micro(now)))
}

// ticketsAtOnce bounds one transaction of ExpireTickets.
const ticketsAtOnce = 1000

// ExpireTickets deletes tickets whose time is over, in small transactions, and
// returns how many.
func (s *Store) ExpireTickets(ctx context.Context, now time.Time) (int, error) {
	for total := 0; ; {
		var n int64
		err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
			n, err = t.exec(ctx, `delete from tickets where (kind, hash) in
				(select kind, hash from tickets where expires <= $1 limit $2)`, micro(now), ticketsAtOnce)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("store: expiring tickets: %w", err)
		}
		if total += int(n); n < ticketsAtOnce {
			return total, nil
		}
	}
}
