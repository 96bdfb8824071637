package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// adminDoc is an administrator as stored.
func adminDoc(a directory.Administrator) (email, doc string, err error) {
	text, err := json.Marshal(a)
	if err != nil || a.ID == "" || a.Email == "" || !storable(a.ID, a.Email, string(text)) {
		return "", "", ErrInvalid
	}
	return directory.Fold(a.Email), string(text), nil
}

func scanAdmin(row scanner) (directory.Administrator, error) {
	var doc string
	if err := row.Scan(&doc); err != nil {
		return directory.Administrator{}, err
	}
	return readAdmin(doc)
}

func readAdmin(doc string) (a directory.Administrator, err error) {
	if err := json.Unmarshal([]byte(doc), &a); err != nil {
		return a, fmt.Errorf("store: an administrator: %w", err)
	}
	return a, nil
}

// CreateAdmin stores a new administrator if allow, called with all others in the
// same transaction, returns nil. It puts tickets with them. An address that
// another one has, whatever its capitals, is Exists{"email"}.
func (s *Store) CreateAdmin(ctx context.Context, a directory.Administrator, allow func(all []directory.Administrator) error, put ...AdminTicket) error {
	email, doc, err := adminDoc(a)
	if err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if allow != nil {
			all, err := t.admins(ctx)
			if err != nil {
				return err
			}
			if err := allow(all); err != nil {
				return err
			}
		}
		if err := t.rolesExist(ctx, directory.Administrator{}, a); err != nil {
			return err
		}
		n, err := t.exec(ctx, `insert into admins (id, email, doc) values ($1, $2, $3) on conflict do nothing`, a.ID, email, doc)
		switch {
		case err != nil:
			return fmt.Errorf("store: creating an administrator: %w", err)
		case n == 0:
			return Exists{"email"}
		}
		return t.putAdminTickets(ctx, put)
	})
}

// rolesExist refuses roles in workspaces that are not there: ErrNotFound.
func (t *tx) rolesExist(ctx context.Context, before, a directory.Administrator) error {
	for ws := range a.Roles {
		if _, had := before.Roles[ws]; had {
			continue
		}
		var id string
		if err := t.row(ctx, `select id from workspaces where id = $1`, ws).Scan(&id); err != nil {
			return err
		}
	}
	return nil
}

// Admin returns an administrator, or ErrNotFound.
func (s *Store) Admin(ctx context.Context, id string) (directory.Administrator, error) {
	if !storable(id) {
		return directory.Administrator{}, ErrNotFound
	}
	return scanAdmin(s.read.row(ctx, `select doc from admins where id = $1`, id))
}

// AdminByEmail returns the administrator of an address, whatever its capitals, or
// ErrNotFound.
func (s *Store) AdminByEmail(ctx context.Context, email string) (directory.Administrator, error) {
	if !storable(email) {
		return directory.Administrator{}, ErrNotFound
	}
	return scanAdmin(s.read.row(ctx, `select doc from admins where email = $1`, directory.Fold(email)))
}

// Admins returns every administrator, by address.
func (s *Store) Admins(ctx context.Context) (all []directory.Administrator, err error) {
	err = s.read.each(ctx, func(row scanner) error {
		a, err := scanAdmin(row)
		all = append(all, a)
		return err
	}, `select doc from admins order by email`)
	if err != nil {
		return nil, fmt.Errorf("store: listing administrators: %w", err)
	}
	return all, nil
}

func (t *tx) admins(ctx context.Context) (all []directory.Administrator, err error) {
	err = t.each(ctx, func(row scanner) error {
		a, err := scanAdmin(row)
		all = append(all, a)
		return err
	}, `select doc from admins order by email`)
	if err != nil {
		return nil, fmt.Errorf("store: listing administrators: %w", err)
	}
	return all, nil
}

// AdminChange is what goes with a change of an administrator, all or nothing.
type AdminChange struct {
	// Session is the hash of a session of theirs, and Ticket a ticket, which have to
	// be there still: else nothing changes, and it is ErrNotFound.
	Session string
	Ticket  AdminTicketKey
	// Start is a session that begins, and Put are tickets that are put.
	Start *directory.AdminSession
	Put   []AdminTicket
	// Proven is a session of which it is noted that they proved who they are.
	Proven string
	// EndOthers ends every session of theirs but Start, and takes every ticket of
	// theirs; Keep is the hash of one that stays.
	EndOthers bool
	Keep      string
	Now       time.Time
}

// ChangeAdmin alters an administrator, all in one transaction, and returns them
// as they are then. f may ask for all others and may run more than once; its error
// leaves everything as it was and is returned as it is. ErrNotFound: no such
// administrator, or what the change stands on is gone. A ticket that is there already
// is Exists{"hash"}.
func (s *Store) ChangeAdmin(ctx context.Context, id string, c AdminChange, f func(a *directory.Administrator, others func() ([]directory.Administrator, error)) error) (directory.Administrator, error) {
	var changed directory.Administrator
	if !storable(id) {
		return changed, ErrNotFound
	}
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		a, err := scanAdmin(t.row(ctx, `select doc from admins where id = $1`, id))
		if err != nil {
			return err
		}
		if err := t.stillThere(ctx, id, c); err != nil {
			return err
		}
		before := a.Clone()
		if err := f(&a, func() ([]directory.Administrator, error) { return t.otherAdmins(ctx, id) }); err != nil {
			return err
		}
		a.ID = id
		email, doc, err := adminDoc(a)
		if err != nil {
			return err
		}
		if err := t.rolesExist(ctx, before, a); err != nil {
			return err
		}
		if directory.Fold(before.Email) != email {
			var there int
			switch err := t.row(ctx, `select 1 from admins where email = $1`, email).Scan(&there); {
			case err == nil:
				return Exists{"email"}
			case !errors.Is(err, ErrNotFound):
				return err
			}
		}
		if _, err := t.exec(ctx, `update admins set email = $1, doc = $2 where id = $3`, email, doc, id); err != nil {
			return fmt.Errorf("store: changing an administrator: %w", err)
		}
		changed = a
		return t.withAdmin(ctx, id, c)
	})
	return changed, err
}

func (t *tx) otherAdmins(ctx context.Context, id string) ([]directory.Administrator, error) {
	all, err := t.admins(ctx)
	return slices.DeleteFunc(all, func(a directory.Administrator) bool { return a.ID == id }), err
}

// stillThere says whether what a change stands on has not ended meanwhile.
func (t *tx) stillThere(ctx context.Context, id string, c AdminChange) error {
	var there int
	if c.Session != "" {
		if err := t.row(ctx, `select 1 from admin_sessions where hash = $1 and admin = $2`, c.Session, id).Scan(&there); err != nil {
			return err
		}
	}
	if c.Ticket != (AdminTicketKey{}) {
		return t.row(ctx, `select 1 from admin_tickets where kind = $1 and hash = $2`, c.Ticket.Kind, c.Ticket.Hash).Scan(&there)
	}
	return nil
}

func (t *tx) withAdmin(ctx context.Context, id string, c AdminChange) error {
	if c.EndOthers {
		if _, err := t.exec(ctx, `delete from admin_sessions where admin = $1 and hash <> $2`, id, c.Keep); err != nil {
			return fmt.Errorf("store: ending sessions: %w", err)
		}
		if _, err := t.exec(ctx, `delete from admin_tickets where admin = $1`, id); err != nil {
			return fmt.Errorf("store: taking tickets: %w", err)
		}
	}
	if c.Proven != "" {
		n, err := t.exec(ctx, `update admin_sessions set proven = $1, seen = $1 where hash = $2 and admin = $3`, micro(c.Now), c.Proven, id)
		if err := ended(n, err, "session"); err != nil {
			return err
		}
	}
	if c.Start != nil {
		if err := t.startAdminSession(ctx, *c.Start); err != nil {
			return err
		}
	}
	return t.putAdminTickets(ctx, c.Put)
}

// RemoveAdmin removes an administrator with their sessions, links to join with and
// tokens, if allow returns nil. ErrNotFound: no such administrator.
func (s *Store) RemoveAdmin(ctx context.Context, id string, now time.Time, allow func(a directory.Administrator, others []directory.Administrator) error) error {
	if !storable(id) {
		return ErrNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		a, err := scanAdmin(t.row(ctx, `select doc from admins where id = $1`, id))
		if err != nil {
			return err
		}
		others, err := t.otherAdmins(ctx, id)
		if err != nil {
			return err
		}
		if err := allow(a, others); err != nil {
			return err
		}
		for _, of := range []string{
			`delete from admin_sessions where admin = $1`, `delete from admin_tickets where admin = $1`, `delete from admins where id = $1`,
		} {
			if _, err := t.exec(ctx, of, id); err != nil {
				return fmt.Errorf("store: removing an administrator: %w", err)
			}
		}
		_, err = t.exec(ctx, `update admin_tokens set revoked = $1 where admin = $2 and revoked is null`, micro(now), id)
		return err
	})
}

// AdminTicketKey names a ticket.
type AdminTicketKey struct{ Kind, Hash string }

// AdminTicket is something that works until it expires, for whoever knows what
// Hash was computed from.
type AdminTicket struct {
	Kind, Hash string
	// Admin is whom it is for, or "".
	Admin            string
	Doc              []byte
	Created, Expires time.Time
	// Alone takes all others of its kind and administrator when it is put.
	Alone bool
}

func (t *tx) putAdminTickets(ctx context.Context, all []AdminTicket) error {
	for _, k := range all {
		if k.Kind == "" || k.Hash == "" || !storable(k.Kind, k.Hash, k.Admin, string(k.Doc)) {
			return ErrInvalid
		}
		if k.Alone {
			if _, err := t.exec(ctx, `delete from admin_tickets where kind = $1 and admin = $2`, k.Kind, k.Admin); err != nil {
				return fmt.Errorf("store: taking tickets: %w", err)
			}
		}
		n, err := t.exec(ctx, `insert into admin_tickets (kind, hash, admin, doc, created, expires) values ($1, $2, $3, $4, $5, $6)
			on conflict do nothing`, k.Kind, k.Hash, k.Admin, string(k.Doc), micro(k.Created), micro(k.Expires))
		switch {
		case err != nil:
			return fmt.Errorf("store: putting a ticket: %w", err)
		case n == 0:
			return Exists{"hash"}
		}
	}
	return nil
}

// PutAdminTickets puts tickets, all or none. One that is there already, expired or
// not, is Exists{"hash"}: so of many that put the same, one succeeds.
func (s *Store) PutAdminTickets(ctx context.Context, all ...AdminTicket) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error { return t.putAdminTickets(ctx, all) })
}

const adminTicketColumns = `kind, hash, admin, doc, created, expires`

func scanAdminTicket(row scanner) (AdminTicket, error) {
	var k AdminTicket
	var doc string
	var created, expires int64
	if err := row.Scan(&k.Kind, &k.Hash, &k.Admin, &doc, &created, &expires); err != nil {
		return AdminTicket{}, err
	}
	k.Doc, k.Created, k.Expires = []byte(doc), fromMicro(created), fromMicro(expires)
	return k, nil
}

// AdminTicket looks at a ticket and leaves it where it is. Unknown, taken and
// expired are all ErrNotFound.
func (s *Store) AdminTicket(ctx context.Context, kind, hash string, now time.Time) (AdminTicket, error) {
	if !storable(kind, hash) {
		return AdminTicket{}, ErrNotFound
	}
	return scanAdminTicket(s.read.row(ctx, `select `+adminTicketColumns+` from admin_tickets
		where kind = $1 and hash = $2 and expires > $3`, kind, hash, micro(now)))
}

// TakeAdminTicket takes one ticket. Unknown, taken and expired are all ErrNotFound.
func (s *Store) TakeAdminTicket(ctx context.Context, kind, hash string, now time.Time) (k AdminTicket, err error) {
	if !storable(kind, hash) {
		return AdminTicket{}, ErrNotFound
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		k, err = scanAdminTicket(t.row(ctx, `delete from admin_tickets where kind = $1 and hash = $2 and expires > $3
			returning `+adminTicketColumns, kind, hash, micro(now)))
		return err
	})
	return k, err
}

// AdminTickets returns the tickets of a kind that have not expired, newest first.
func (s *Store) AdminTickets(ctx context.Context, kind string, now time.Time) (all []AdminTicket, err error) {
	err = s.read.each(ctx, func(row scanner) error {
		k, err := scanAdminTicket(row)
		all = append(all, k)
		return err
	}, `select `+adminTicketColumns+` from admin_tickets where kind = $1 and expires > $2 order by created desc, hash`, kind, micro(now))
	if err != nil {
		return nil, fmt.Errorf("store: listing tickets: %w", err)
	}
	return all, nil
}

// ExpireAdmins deletes sessions and tickets of administrators whose time is over,
// and returns how many.
func (s *Store) ExpireAdmins(ctx context.Context, now time.Time) (total int, err error) {
	for _, of := range []string{
		`delete from admin_sessions where hash in (select hash from admin_sessions where expires <= $1 limit $2)`,
		`delete from admin_tickets where (kind, hash) in (select kind, hash from admin_tickets where expires <= $1 limit $2)`,
	} {
		for n := int64(ticketsAtOnce); n == ticketsAtOnce; total += int(n) {
			if err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
				n, err = t.exec(ctx, of, micro(now), ticketsAtOnce)
				return err
			}); err != nil {
				return total, fmt.Errorf("store: expiring administrators' %s: %w", strings.Fields(of)[2], err)
			}
		}
	}
	return total, nil
}
