package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// expireAtOnce bounds one transaction of ExpireSessions.
const expireAtOnce = 1000

// MaxSessions is how many sessions a person may have in a workspace. The oldest
// gives way, so that one person's tokens cannot fill the database.
const MaxSessions = 100

// sessionColumns must be in the order of sessionRow.
const sessionColumns = `s.hash, s.id, s.user_id, s.workspace, s.device, s.created, s.expires, s.web, coalesce(s.saml, ''),
	coalesce(s.token_expires, s.expires), coalesce(s.family, ''), coalesce(s.refresh, ''), coalesce(s.method, ''), coalesce(s.oidc, '')`

type sessionRow struct {
	s                directory.Session
	created, expires int64
	web              int64
	saml             string
	tokenExpires     int64
	family, refresh  string
	oidc             string
}

func (r *sessionRow) dest() []any {
	return []any{
		&r.s.Hash, &r.s.ID, &r.s.User, &r.s.Workspace, &r.s.Device, &r.created, &r.expires, &r.web, &r.saml,
		&r.tokenExpires, &r.family, &r.refresh, (*string)(&r.s.Method), &r.oidc,
	}
}

func (r *sessionRow) session() (directory.Session, error) {
	s := r.s
	s.Created, s.Expires, s.Web = fromMicro(r.created), fromMicro(r.tokenExpires), r.web != 0
	if r.family != "" {
		s.Renewal = &directory.Renewal{Family: r.family, Hash: r.refresh, Until: fromMicro(r.expires)}
	}
	if r.saml != "" {
		if err := json.Unmarshal([]byte(r.saml), &s.SAML); err != nil {
			return directory.Session{}, fmt.Errorf("store: SAML of session %q: %w", s.ID, err)
		}
	}
	if r.oidc != "" {
		if err := json.Unmarshal([]byte(r.oidc), &s.OIDC); err != nil {
			return directory.Session{}, fmt.Errorf("store: Microsoft's part of session %q: %w", s.ID, err)
		}
	}
	return s, nil
}

// oidcOf is what is stored of a sign-in with Microsoft in a browser.
func oidcOf(s directory.Session) (text any, err error) {
	if s.OIDC == nil {
		return nil, nil
	}
	b, err := json.Marshal(s.OIDC)
	if err != nil || !storable(string(b)) {
		return nil, ErrInvalid
	}
	return string(b), nil
}

// samlOf is what is stored of the sign-in that a session came from.
func samlOf(s directory.Session) (text, key any, err error) {
	if s.SAML == nil {
		return nil, nil, nil
	}
	b, err := json.Marshal(s.SAML)
	if err != nil || !storable(string(b)) {
		return nil, nil, ErrInvalid
	}
	return string(b), subject(s.SAML.Issuer, s.SAML.NameID), nil
}

// StartSession stores a new session if admit, called with the person as they
// are within this very transaction, returns nil; an error of admit is returned
// as it is. So of a sign-in and a disable at the same time, either the sign-in
// is refused or its session is ended: none is left over (row E7).
//
// Where the session began with a password (n.Password) that is not theirs any more,
// it is problem.PasswordRefused.
//
// Whoever is not active is refused with problem.AccessEnded whatever admit
// says. A person or workspace that does not exist is ErrNotFound. What ev does
// not say (kind, time, directory, workspace, user, session) is filled in. Above
// MaxSessions the person's oldest in the workspace ends.
func (s *Store) StartSession(ctx context.Context, n directory.Session, admit func(directory.User) error, ev directory.Event) error {
	if n.Hash == "" || n.ID == "" || !storable(n.Hash, n.ID, n.User, n.Workspace, n.Device, string(n.Method)) {
		return ErrInvalid
	}
	doc, key, err := samlOf(n)
	if err != nil {
		return err
	}
	oidc, err := oidcOf(n)
	if err != nil {
		return err
	}
	web := 0
	if n.Web {
		web = 1
	}
	tokenExpires, family, refresh, err := renewalOf(n)
	if err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		u, err := scanUser(t.row(ctx, `select `+userColumns+` from users u
			join workspaces w on w.directory = u.directory where w.id = $1 and u.id = $2`, n.Workspace, n.User))
		if err == nil {
			u, err = t.ranked(ctx, n.Workspace, u)
		}
		if err != nil {
			return err
		}
		if admit != nil {
			if err := admit(u); err != nil {
				return err
			}
		}
		if u.State != directory.Active {
			return problem.New(problem.AccessEnded)
		}
		if err := t.stillPassword(ctx, n); err != nil {
			return err
		}
		added, err := t.exec(ctx, `insert into sessions (hash, id, user_id, workspace, device, created, expires, web, saml, subject,
				token_expires, family, refresh, method, oidc)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) on conflict do nothing`,
			n.Hash, n.ID, n.User, n.Workspace, n.Device, micro(n.Created), micro(n.Ends()), web, doc, key,
			tokenExpires, family, refresh, textOrNull(string(n.Method)), oidc)
		switch {
		case err != nil:
			return fmt.Errorf("store: starting session: %w", err)
		case added == 0:
			return Exists{"id"}
		}
		t.emit(started(ev, n, u))
		return t.makeRoom(ctx, n, u)
	})
}

// makeRoom ends the oldest sessions above MaxSessions, and never the new one.
func (t *tx) makeRoom(ctx context.Context, n directory.Session, u directory.User) error {
	err := t.each(ctx, func(row scanner) error {
		ev := directory.Event{
			At: n.Created, Directory: u.Directory, Workspace: n.Workspace,
			Kind: directory.SessionEnded, User: u.ID,
		}
		if err := row.Scan(&ev.Session); err != nil {
			return err
		}
		t.emit(ev)
		return nil
	}, `delete from sessions where hash in (
			select hash from sessions where user_id = $1 and workspace = $2 and hash <> $3
			order by created desc, id desc limit 1000 offset $4)
		returning id`, n.User, n.Workspace, n.Hash, MaxSessions-1)
	if err != nil {
		return fmt.Errorf("store: making room for a session: %w", err)
	}
	return nil
}

func started(ev directory.Event, n directory.Session, u directory.User) directory.Event {
	if ev.Kind == "" {
		ev.Kind = directory.SessionStarted
	}
	if ev.At.IsZero() {
		ev.At = n.Created
	}
	ev.Directory, ev.Workspace, ev.User, ev.Session = u.Directory, n.Workspace, u.ID, n.ID
	return ev
}

// Session returns the live session of a hash with its person and workspace.
// Unknown, ended and expired are all ErrNotFound. One that the workspace's policy
// does not permit any more is refused with the problem that directory.Policy.Permit
// has for it.
func (s *Store) Session(ctx context.Context, hash string, now time.Time) (
	directory.Session, directory.User, directory.Workspace, error,
) {
	var sr sessionRow
	var ur userRow
	var wr workspaceRow
	if !storable(hash) {
		return directory.Session{}, directory.User{}, directory.Workspace{}, ErrNotFound
	}
	// That the person is active follows from how sessions end. It is asked
	// again, for this is the door.
	err := s.read.row(ctx, `select `+sessionColumns+`, `+userColumns+`, `+workspaceColumns+`
		from sessions s join users u on u.id = s.user_id join workspaces w on w.id = s.workspace
		where s.hash = $1 and coalesce(s.token_expires, s.expires) > $2 and u.state = 'active'`, hash, micro(now)).
		Scan(append(append(sr.dest(), ur.dest()...), wr.dest()...)...)
	if err != nil {
		return directory.Session{}, directory.User{}, directory.Workspace{}, err
	}
	n, err := sr.session()
	if err != nil {
		return directory.Session{}, directory.User{}, directory.Workspace{}, err
	}
	w, err := wr.workspace()
	if err != nil {
		return directory.Session{}, directory.User{}, directory.Workspace{}, err
	}
	u, err := s.Ranked(ctx, w, ur.user())
	if err == nil {
		err = s.stays(ctx, n, u, w, now)
	}
	if err != nil {
		return directory.Session{}, directory.User{}, directory.Workspace{}, err
	}
	return n, u, w, nil
}

// SessionsOfUser returns the sessions of a person in every workspace, oldest
// first, also those that only a refresh token can bring back. Those that ended
// may be among them until ExpireSessions ran.
func (s *Store) SessionsOfUser(ctx context.Context, user string) ([]directory.Session, error) {
	var all []directory.Session
	if !storable(user) {
		return nil, nil
	}
	err := s.read.each(ctx, func(row scanner) error {
		var r sessionRow
		if err := row.Scan(r.dest()...); err != nil {
			return err
		}
		n, err := r.session()
		all = append(all, n)
		return err
	}, `select `+sessionColumns+` from sessions s where s.user_id = $1 order by s.created, s.id`, user)
	if err != nil {
		return nil, fmt.Errorf("store: listing sessions: %w", err)
	}
	return all, nil
}

// EndSession ends one session and writes a SessionEnded event. One that is not
// there is ErrNotFound.
func (s *Store) EndSession(ctx context.Context, hash string, now time.Time) error {
	if !storable(hash) {
		return ErrNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		ev := directory.Event{At: now, Kind: directory.SessionEnded}
		err := t.row(ctx, `delete from sessions where hash = $1 returning id, user_id, workspace`, hash).
			Scan(&ev.Session, &ev.User, &ev.Workspace)
		if err != nil {
			return err
		}
		if err := t.row(ctx, `select directory from workspaces where id = $1`, ev.Workspace).Scan(&ev.Directory); err != nil {
			return fmt.Errorf("store: ending session: %w", err)
		}
		t.emit(ev)
		return nil
	})
}

// EndUserSessions ends every session of a person in a workspace. It writes one
// SessionEnded event without Session, or none where there was nothing to end.
func (s *Store) EndUserSessions(ctx context.Context, workspace, user string, now time.Time) error {
	if !storable(workspace, user) {
		return nil
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.endUserSessions(ctx, workspace, user, now)
		return err
	})
}

// SignOut is EndUserSessions for somebody else than the person: the act is
// recorded in the same transaction, also where there was nothing to end. It
// returns how many sessions ended.
func (s *Store) SignOut(ctx context.Context, act Act) (ended int, err error) {
	if !act.valid() {
		return 0, ErrInvalid
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.endUserSessions(ctx, act.Workspace, act.User, act.At)
		if ended = int(n); err != nil {
			return err
		}
		return t.record(ctx, act)
	})
	return ended, err
}

func (t *tx) endUserSessions(ctx context.Context, workspace, user string, now time.Time) (int64, error) {
	n, err := t.exec(ctx, `delete from sessions where user_id = $1 and workspace = $2`, user, workspace)
	if err != nil {
		return 0, fmt.Errorf("store: ending sessions: %w", err)
	}
	if n == 0 {
		return 0, nil
	}
	ev := directory.Event{At: now, Workspace: workspace, Kind: directory.SessionEnded, User: user}
	if err := t.row(ctx, `select directory from workspaces where id = $1`, workspace).Scan(&ev.Directory); err != nil {
		return 0, fmt.Errorf("store: ending sessions: %w", err)
	}
	t.emit(ev)
	return n, nil
}

// ExpireSessions deletes sessions whose time is over, and returns how many. It
// writes no events: clients know when their session expires. It works in small
// transactions, so that others get their turn.
func (s *Store) ExpireSessions(ctx context.Context, now time.Time) (int, error) {
	for total := 0; ; {
		var n int64
		err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
			n, err = t.exec(ctx, `delete from sessions where hash in
				(select hash from sessions where expires <= $1 limit $2)`, micro(now), expireAtOnce)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("store: expiring sessions: %w", err)
		}
		total += int(n)
		if n < expireAtOnce {
			return total, nil
		}
	}
}
