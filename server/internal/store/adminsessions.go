package store

import (
	"context"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// maxAdminSessions is how many sessions an administrator has at most. The oldest
// gives way.
const maxAdminSessions = 20

const adminSessionColumns = `s.hash, s.id, s.admin, s.how, s.agent, s.ip, s.created, s.seen, s.proven, s.expires, s.pending`

type adminSessionRow struct {
	s                      directory.AdminSession
	created, seen, expires int64
	proven                 *int64
}

func (r *adminSessionRow) dest() []any {
	return []any{
		&r.s.Hash, &r.s.ID, &r.s.Admin, &r.s.How, &r.s.Agent, &r.s.IP, &r.created, &r.seen, &r.proven, &r.expires, &r.s.Pending,
	}
}

func (r *adminSessionRow) session() directory.AdminSession {
	s := r.s
	s.Created, s.Seen, s.Expires, s.Proven = fromMicro(r.created), fromMicro(r.seen), fromMicro(r.expires), fromNull(r.proven)
	return s
}

// startAdminSession stores a session. Above a number an administrator's oldest
// ends. An unknown administrator is ErrNotFound.
func (t *tx) startAdminSession(ctx context.Context, n directory.AdminSession) error {
	if n.Hash == "" || n.ID == "" || !storable(n.Hash, n.ID, n.Admin, n.How, n.Agent, n.IP, n.Pending) {
		return ErrInvalid
	}
	var there int
	if err := t.row(ctx, `select 1 from admins where id = $1`, n.Admin).Scan(&there); err != nil {
		return err
	}
	added, err := t.exec(ctx, `insert into admin_sessions (hash, id, admin, how, agent, ip, created, seen, proven, expires, pending)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing`,
		n.Hash, n.ID, n.Admin, n.How, n.Agent, n.IP, micro(n.Created), micro(n.Seen), orNull(n.Proven), micro(n.Expires), n.Pending)
	switch {
	case err != nil:
		return fmt.Errorf("store: starting a session: %w", err)
	case added == 0:
		return Exists{"id"}
	}
	_, err = t.exec(ctx, `delete from admin_sessions where hash in (select hash from admin_sessions
		where admin = $1 and hash <> $2 order by created desc, id desc limit 1000 offset $3)`, n.Admin, n.Hash, maxAdminSessions-1)
	return err
}

// AdminSession returns the session of a hash and whose it is. Unknown, ended and
// expired are all ErrNotFound.
func (s *Store) AdminSession(ctx context.Context, hash string, now time.Time) (directory.AdminSession, directory.Administrator, error) {
	var r adminSessionRow
	var doc string
	if !storable(hash) {
		return directory.AdminSession{}, directory.Administrator{}, ErrNotFound
	}
	if err := s.read.row(ctx, `select `+adminSessionColumns+`, a.doc from admin_sessions s join admins a on a.id = s.admin
		where s.hash = $1 and s.expires > $2`, hash, micro(now)).Scan(append(r.dest(), &doc)...); err != nil {
		return directory.AdminSession{}, directory.Administrator{}, err
	}
	a, err := readAdmin(doc)
	return r.session(), a, err
}

// AdminSessions returns the sessions of an administrator that have not expired,
// newest first.
func (s *Store) AdminSessions(ctx context.Context, admin string, now time.Time) (all []directory.AdminSession, err error) {
	if !storable(admin) {
		return nil, nil
	}
	err = s.read.each(ctx, func(row scanner) error {
		var r adminSessionRow
		if err := row.Scan(r.dest()...); err != nil {
			return err
		}
		all = append(all, r.session())
		return nil
	}, `select `+adminSessionColumns+` from admin_sessions s where s.admin = $1 and s.expires > $2 order by s.created desc, s.id`, admin, micro(now))
	if err != nil {
		return nil, fmt.Errorf("store: listing sessions: %w", err)
	}
	return all, nil
}

// SeeAdminSession notes that a session was used. One that is gone stays so.
func (s *Store) SeeAdminSession(ctx context.Context, hash string, now time.Time) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.exec(ctx, `update admin_sessions set seen = $1 where hash = $2 and seen < $1`, micro(now), hash)
		return err
	})
}

// HoldPending keeps the sealed secret that a session sets up, unless it keeps one,
// and returns the one it keeps then; "" takes it away. A session that is gone is
// ErrNotFound.
func (s *Store) HoldPending(ctx context.Context, hash, sealed string) (kept string, err error) {
	if !storable(hash, sealed) {
		return "", ErrInvalid
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		return t.row(ctx, `update admin_sessions set pending = case when $1 = '' or pending = '' then $1 else pending end
			where hash = $2 returning pending`, sealed, hash).Scan(&kept)
	})
	return kept, err
}

// EndAdminSession ends a session of an administrator by its id. One that is not
// theirs, or not there, is ErrNotFound.
func (s *Store) EndAdminSession(ctx context.Context, admin, id string) error {
	if !storable(admin, id) {
		return ErrNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `delete from admin_sessions where admin = $1 and id = $2`, admin, id)
		return ended(n, err, "session")
	})
}

// EndAdminSessions ends the sessions of an administrator but that of the id keep,
// and returns how many.
func (s *Store) EndAdminSessions(ctx context.Context, admin, keep string) (n int64, err error) {
	if !storable(admin, keep) {
		return 0, nil
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err = t.exec(ctx, `delete from admin_sessions where admin = $1 and id <> $2`, admin, keep)
		return err
	})
	return n, err
}
