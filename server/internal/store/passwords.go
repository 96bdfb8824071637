package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Password returns what is kept of a person's password, and since when. Whoever
// has none is ErrNotFound.
func (s *Store) Password(ctx context.Context, dir, user string) (hash string, changed time.Time, err error) {
	if !storable(dir, user) {
		return "", time.Time{}, ErrNotFound
	}
	var at int64
	err = s.read.row(ctx, `select p.hash, p.changed from passwords p join users u on u.id = p.user_id
		where u.directory = $1 and p.user_id = $2`, dir, user).Scan(&hash, &at)
	return hash, fromMicro(at), err
}

// SetPassword keeps the hash of a person's password in the place of whatever
// there was, ends every session of theirs that began with a password, and takes
// the tickets of take, all or nothing. ErrNotFound: there is no such person, or
// one of the tickets is gone.
func (s *Store) SetPassword(ctx context.Context, dir, user, hash string, take []TicketKey, now time.Time) error {
	if !storable(dir, user, hash) || hash == "" {
		return ErrInvalid
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.takeAll(ctx, take, now); err != nil {
			return err
		}
		if err := t.isThere(ctx, dir, user); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `insert into passwords (user_id, hash, changed) values ($1, $2, $3)
			on conflict (user_id) do update set hash = excluded.hash, changed = excluded.changed`, user, hash, micro(now)); err != nil {
			return fmt.Errorf("store: keeping a password: %w", err)
		}
		return t.endLocal(ctx, dir, user, now)
	})
}

// Rehash keeps another hash of the same password, if it is still old's.
func (s *Store) Rehash(ctx context.Context, user, old, hash string) error {
	if !storable(user, old, hash) {
		return ErrInvalid
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.exec(ctx, `update passwords set hash = $1 where user_id = $2 and hash = $3`, hash, user, old); err != nil {
			return fmt.Errorf("store: keeping a password: %w", err)
		}
		return nil
	})
}

// DropPassword takes a person's password away, with the sessions that began with
// one. Whoever has none is ErrNotFound.
func (s *Store) DropPassword(ctx context.Context, dir, user string, now time.Time) error {
	if !storable(dir, user) {
		return ErrNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.isThere(ctx, dir, user); err != nil {
			return err
		}
		n, err := t.exec(ctx, `delete from passwords where user_id = $1`, user)
		if err != nil {
			return fmt.Errorf("store: taking a password away: %w", err)
		}
		if n == 0 {
			return ErrNotFound
		}
		return t.endLocal(ctx, dir, user, now)
	})
}

// stillPassword says whether the password that a session began with is the person's
// still: whoever changed it wants nobody to come in by the former one.
func (t *tx) stillPassword(ctx context.Context, n directory.Session) error {
	if n.Password.IsZero() {
		return nil
	}
	var changed int64
	err := t.row(ctx, `select changed from passwords where user_id = $1`, n.User).Scan(&changed)
	if errors.Is(err, ErrNotFound) || err == nil && changed != micro(n.Password) {
		return problem.Wrap(problem.PasswordRefused, errors.New("the password was changed meanwhile"))
	}
	return err
}

func (t *tx) isThere(ctx context.Context, dir, user string) error {
	var id string
	return t.row(ctx, `select id from users where directory = $1 and id = $2 and state <> 'archived'`, dir, user).Scan(&id)
}

// takeAll spends tickets. One that is gone is ErrNotFound.
func (t *tx) takeAll(ctx context.Context, keys []TicketKey, now time.Time) error {
	for _, k := range keys {
		n, err := t.exec(ctx, `delete from tickets where kind = $1 and hash = $2 and workspace = $3 and expires > $4`,
			string(k.Kind), k.Hash, k.Workspace, micro(now))
		switch {
		case err != nil:
			return fmt.Errorf("store: taking a ticket: %w", err)
		case n == 0:
			return ErrNotFound
		}
	}
	return nil
}

// endLocal ends the sessions of a person that began with a password, in every
// workspace of the directory, and the links by which they could choose another:
// one that was mailed earlier may have been read by somebody else.
func (t *tx) endLocal(ctx context.Context, dir, user string, now time.Time) error {
	var ended []directory.Event
	err := t.each(ctx, func(row scanner) error {
		ev := directory.Event{At: now, Directory: dir, Kind: directory.SessionEnded, User: user}
		err := row.Scan(&ev.Session, &ev.Workspace)
		ended = append(ended, ev)
		return err
	}, `delete from sessions where user_id = $1 and method = $2 returning id, workspace`, user, string(directory.MethodLocal))
	if err != nil {
		return fmt.Errorf("store: ending sessions: %w", err)
	}
	t.emit(ended...)
	doc, err := json.Marshal(user)
	if err != nil {
		return fmt.Errorf("store: a person's id: %w", err)
	}
	if _, err := t.exec(ctx, `delete from tickets where kind = $1 and doc = $2`, string(TicketPassword), string(doc)); err != nil {
		return fmt.Errorf("store: ending links: %w", err)
	}
	return nil
}

// PasswordHolder is somebody who has a password here.
type PasswordHolder struct {
	User    directory.User
	Changed time.Time
}

// PasswordHolders returns who in a directory has a password, by id, after the one
// that is named, at most so many. Nobody archived is among them.
func (s *Store) PasswordHolders(ctx context.Context, dir, after string, most int) (all []PasswordHolder, err error) {
	if !storable(dir, after) {
		return nil, nil
	}
	err = s.read.each(ctx, func(row scanner) error {
		var u userRow
		var at int64
		err := row.Scan(append(u.dest(), &at)...)
		all = append(all, PasswordHolder{u.user(), fromMicro(at)})
		return err
	}, `select `+userColumns+`, p.changed from users u join passwords p on p.user_id = u.id
		where u.directory = $1 and u.state <> 'archived' and u.id > $2 order by u.id limit $3`, dir, after, most)
	if err != nil {
		return nil, fmt.Errorf("store: listing passwords: %w", err)
	}
	return all, nil
}

// Attempts are the wrong passwords of one name.
type Attempts struct {
	Failures int
	// Until is when the next one may be tried.
	Until time.Time
}

// Attempts returns how often a name was tried with a wrong password. A name that
// nobody tried has none.
func (s *Store) Attempts(ctx context.Context, workspace, name string, now time.Time) (a Attempts, err error) {
	if !storable(workspace, name) {
		return a, nil
	}
	var until int64
	err = s.read.row(ctx, `select failures, until from attempts where workspace = $1 and name = $2 and expires > $3`,
		workspace, name, micro(now)).Scan(&a.Failures, &until)
	if errors.Is(err, ErrNotFound) {
		return Attempts{}, nil
	}
	a.Until = fromMicro(until)
	return a, err
}

// Attempt counts a try that is about to be made: wait says how long the next one
// has to wait after so many failures. It is counted before the password is looked
// at, so that many at once gain nothing. ok is false where this one has to wait.
// What was counted is forgotten after expiry, or by ForgetAttempts.
func (s *Store) Attempt(ctx context.Context, workspace, name string, wait func(failures int) time.Duration, expiry time.Duration, now time.Time) (a Attempts, ok bool, err error) {
	if !storable(workspace, name) || name == "" {
		return a, false, ErrInvalid
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		a, ok = Attempts{}, false
		var until int64
		err := t.row(ctx, `select failures, until from attempts where workspace = $1 and name = $2 and expires > $3`,
			workspace, name, micro(now)).Scan(&a.Failures, &until)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if a.Until = fromMicro(until); err == nil && now.Before(a.Until) {
			return nil
		}
		ok = true
		a.Failures++
		a.Until = now.Add(wait(a.Failures))
		if _, err := t.exec(ctx, `insert into attempts (workspace, name, failures, until, expires) values ($1, $2, $3, $4, $5)
			on conflict (workspace, name) do update set failures = excluded.failures, until = excluded.until, expires = excluded.expires`,
			workspace, name, a.Failures, micro(a.Until), micro(now.Add(expiry))); err != nil {
			return fmt.Errorf("store: counting attempts: %w", err)
		}
		return nil
	})
	return a, ok, err
}

// ForgetAttempts forgets the wrong passwords of a name: the right one came.
func (s *Store) ForgetAttempts(ctx context.Context, workspace, name string) error {
	if !storable(workspace, name) {
		return nil
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.exec(ctx, `delete from attempts where workspace = $1 and name = $2`, workspace, name); err != nil {
			return fmt.Errorf("store: forgetting attempts: %w", err)
		}
		return nil
	})
}

// ExpireAttempts deletes what counts no more, in small transactions, and returns
// how much it was.
func (s *Store) ExpireAttempts(ctx context.Context, now time.Time) (int, error) {
	for total := 0; ; {
		var n int64
		err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
			n, err = t.exec(ctx, `delete from attempts where (workspace, name) in
				(select workspace, name from attempts where expires <= $1 limit $2)`, micro(now), ticketsAtOnce)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("store: expiring attempts: %w", err)
		}
		if total += int(n); n < ticketsAtOnce {
			return total, nil
		}
	}
}
