package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// ErrSpent: a refresh token that was used before came again. Its session has
// been ended.
var ErrSpent = errors.New("store: refresh token used before")

// Refresh is a refresh token that somebody presents, as hashes.
type Refresh struct {
	Workspace string
	// Family and Hash are as in directory.Renewal.
	Family, Hash string
	// Retry is of the secret that goes with it, by which whoever lost an
	// answer is told from a thief. It may be empty.
	Retry string
}

// renewalOf is what is stored of how a session is renewed.
func renewalOf(n directory.Session) (tokenExpires, family, refresh any, err error) {
	r := n.Renewal
	if r == nil {
		return nil, nil, nil, nil
	}
	if r.Family == "" || r.Hash == "" || !storable(r.Family, r.Hash) || r.Until.Before(n.Expires) {
		return nil, nil, nil, ErrInvalid
	}
	return micro(n.Expires), r.Family, r.Hash, nil
}

// RenewSession replaces the tokens of the session that r belongs to. renew is
// called within the transaction with the session and the person as they are; it
// sets Hash, Expires and the Hash and Until of Renewal, or refuses with an error,
// which is returned as it is and leaves everything as it was.
//
// A refresh token is good once. Where one that was spent comes again, two have
// it, and nobody can tell who is the thief: the session ends with a SessionEnded
// event, and the answer is ErrSpent (RFC 9700, section 4.14.2). Only the very
// last that was spent may come again with the same Retry as before, for as long
// as what it was answered with has not been used.
//
// Unknown, expired and of another workspace are all ErrNotFound. The session
// keeps its ID, so nothing is said to have started.
func (s *Store) RenewSession(ctx context.Context, r Refresh, now time.Time, renew func(*directory.Session, directory.User) error) (directory.Session, directory.User, error) {
	var n directory.Session
	var u directory.User
	if !storable(r.Workspace, r.Family, r.Hash, r.Retry) {
		return n, u, ErrNotFound
	}
	stolen := false
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		stolen = false
		var row sessionRow
		var spent, retry string
		err := t.row(ctx, `select `+sessionColumns+`, coalesce(s.spent, ''), coalesce(s.retry, '') from sessions s
			where s.family = $1 and s.workspace = $2 and s.expires > $3`, r.Family, r.Workspace, micro(now)).
			Scan(append(row.dest(), &spent, &retry)...)
		if err != nil {
			return err
		}
		if n, err = row.session(); err != nil {
			return err
		}
		if u, err = scanUser(t.row(ctx, `select `+userColumns+` from users u where u.id = $1`, n.User)); err == nil {
			u, err = t.ranked(ctx, n.Workspace, u)
		}
		if err != nil {
			return err
		}
		again := r.Hash == spent && r.Retry != "" && r.Retry == retry
		if r.Hash != n.Renewal.Hash && !again {
			stolen = true
			return t.endStolen(ctx, n, u, now)
		}
		old := n.Hash
		if err := renew(&n, u); err != nil {
			return err
		}
		return t.renewed(ctx, old, n, r)
	})
	switch {
	case err != nil:
		return directory.Session{}, directory.User{}, err
	case stolen:
		return directory.Session{}, directory.User{}, ErrSpent
	}
	return n, u, nil
}

// renewed writes the new tokens of a session.
func (t *tx) renewed(ctx context.Context, old string, n directory.Session, r Refresh) error {
	expires, _, refresh, err := renewalOf(n)
	if err != nil {
		return err
	}
	changed, err := t.exec(ctx, `update sessions set hash = $1, token_expires = $2, expires = $3, refresh = $4, spent = $5, retry = $6
		where hash = $7`, n.Hash, expires, micro(n.Ends()), refresh, r.Hash, textOrNull(r.Retry), old)
	switch {
	case err != nil:
		return fmt.Errorf("store: renewing a session: %w", err)
	case changed != 1:
		return ErrNotFound
	}
	return nil
}

// endStolen ends a session whose refresh token two have.
func (t *tx) endStolen(ctx context.Context, n directory.Session, u directory.User, now time.Time) error {
	if _, err := t.exec(ctx, `delete from sessions where hash = $1`, n.Hash); err != nil {
		return fmt.Errorf("store: ending a session: %w", err)
	}
	t.emit(directory.Event{
		At: now, Directory: u.Directory, Workspace: n.Workspace,
		Kind: directory.SessionEnded, User: u.ID, Session: n.ID,
	})
	return nil
}

// remember leaves, of each session of a person that ends with their access, what
// tells a device that slept meanwhile why.
func (t *tx) remember(ctx context.Context, user string) error {
	doc, err := json.Marshal(user)
	if err != nil {
		return err
	}
	err = t.later(ctx, `insert into tickets (kind, hash, workspace, doc, created, expires)
		select $1, family, workspace, $2, created, expires from sessions
		where user_id = $3 and family is not null on conflict do nothing`, string(TicketEnded), string(doc), user)
	if err != nil {
		return fmt.Errorf("store: remembering sessions: %w", err)
	}
	return nil
}

// Renewing returns the session that a family of refresh tokens belongs to, with
// its person. It spends nothing.
func (s *Store) Renewing(ctx context.Context, workspace, family string, now time.Time) (directory.Session, directory.User, error) {
	var sr sessionRow
	var ur userRow
	if !storable(workspace, family) {
		return directory.Session{}, directory.User{}, ErrNotFound
	}
	err := s.read.row(ctx, `select `+sessionColumns+`, `+userColumns+` from sessions s join users u on u.id = s.user_id
		where s.family = $1 and s.workspace = $2 and s.expires > $3`, family, workspace, micro(now)).
		Scan(append(sr.dest(), ur.dest()...)...)
	if err != nil {
		return directory.Session{}, directory.User{}, err
	}
	n, err := sr.session()
	return n, ur.user(), err
}
