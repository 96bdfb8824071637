package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// samlColumns must be in the order of scanSAML.
const samlColumns = `c.workspace, c.version, c.settings, c.created, c.modified`

func scanSAML(row scanner) (directory.SAML, error) {
	var c directory.SAML
	var workspace, text string
	var version, created, modified int64
	if err := row.Scan(&workspace, &version, &text, &created, &modified); err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return directory.SAML{}, fmt.Errorf("store: SAML of workspace %q: %w", workspace, err)
	}
	c.Workspace, c.Version = workspace, version
	c.Created, c.Modified = fromMicro(created), fromMicro(modified)
	return c, nil
}

// SAML returns the connection of a workspace, or ErrNotFound where none is set
// up.
func (s *Store) SAML(ctx context.Context, workspace string) (directory.SAML, error) {
	if !storable(workspace) {
		return directory.SAML{}, ErrNotFound
	}
	return scanSAML(s.read.row(ctx, `select `+samlColumns+` from saml c where c.workspace = $1`, workspace))
}

// SAMLs returns every connection, by workspace.
func (s *Store) SAMLs(ctx context.Context) ([]directory.SAML, error) {
	return s.samls(ctx, `select `+samlColumns+` from saml c order by c.workspace`)
}

// SAMLDue returns the connections whose metadata is to be read by now, the
// longest overdue first, at most limit.
func (s *Store) SAMLDue(ctx context.Context, now time.Time, limit int) ([]directory.SAML, error) {
	return s.samls(ctx, `select `+samlColumns+` from saml c where c.due <= $1 order by c.due, c.workspace limit $2`,
		micro(now), limit)
}

func (s *Store) samls(ctx context.Context, query string, args ...any) ([]directory.SAML, error) {
	var all []directory.SAML
	err := s.read.each(ctx, func(row scanner) error {
		c, err := scanSAML(row)
		all = append(all, c)
		return err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("store: listing SAML connections: %w", err)
	}
	return all, nil
}

// UpdateSAML reads a workspace's connection, lets change alter it, and stores it
// with the next version, all in one transaction; it returns what it stored.
// Where there is none yet, change is given an empty one of version 0. change
// returns what happened, one event for each kind. An error of change leaves
// everything as it was and is returned as it is. An unknown workspace is
// ErrNotFound.
func (s *Store) UpdateSAML(ctx context.Context, workspace string, now time.Time,
	change func(*directory.SAML) ([]directory.Kind, error),
) (directory.SAML, error) {
	var stored directory.SAML
	if !storable(workspace) {
		return stored, ErrNotFound
	}
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		var dir string
		if err := t.row(ctx, `select directory from workspaces where id = $1`, workspace).Scan(&dir); err != nil {
			return err
		}
		at := now.UTC().Truncate(time.Microsecond)
		c, err := scanSAML(t.row(ctx, `select `+samlColumns+` from saml c where c.workspace = $1`, workspace))
		switch {
		case errors.Is(err, ErrNotFound):
			c = directory.SAML{Created: at}
		case err != nil:
			return err
		}
		was := c
		kinds, err := change(&c)
		if err != nil {
			return err
		}
		if c, err = t.putSAML(ctx, workspace, was, c, at); err != nil {
			return err
		}
		for _, kind := range kinds {
			t.emit(directory.Event{At: at, Directory: dir, Workspace: workspace, Kind: kind})
		}
		stored = c
		return nil
	})
	if err != nil {
		return directory.SAML{}, err
	}
	return stored, nil
}

// DeleteSAML removes a workspace's connection. Where there is none it is
// ErrNotFound.
func (s *Store) DeleteSAML(ctx context.Context, workspace string) error {
	if !storable(workspace) {
		return ErrNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `delete from saml where workspace = $1`, workspace)
		if err != nil {
			return fmt.Errorf("store: removing SAML: %w", err)
		}
		if n == 0 {
			return ErrNotFound
		}
		return nil
	})
}

// EndSAMLSessions ends the web sessions that a provider's logout names: those of
// the subject in the workspace, and where indexes is not empty only those of one
// of them. It returns how many there were, and writes one SessionEnded event for
// each.
func (s *Store) EndSAMLSessions(ctx context.Context, workspace, issuer, nameID string, indexes []string, now time.Time) (int, error) {
	if !storable(workspace, issuer, nameID) {
		return 0, nil
	}
	wanted := map[string]bool{}
	for _, i := range indexes {
		wanted[i] = true
	}
	ended := 0
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		var dir string
		if err := t.row(ctx, `select directory from workspaces where id = $1`, workspace).Scan(&dir); err != nil {
			return err
		}
		var hashes []string
		err := t.each(ctx, func(row scanner) error {
			var hash, text string
			if err := row.Scan(&hash, &text); err != nil {
				return err
			}
			var doc directory.SAMLSession
			if err := json.Unmarshal([]byte(text), &doc); err != nil {
				return err
			}
			// A session without an index cannot be told apart: it ends too.
			if len(wanted) == 0 || doc.Index == "" || wanted[doc.Index] {
				hashes = append(hashes, hash)
			}
			return nil
		}, `select hash, saml from sessions where workspace = $1 and subject = $2 and saml is not null`,
			workspace, subject(issuer, nameID))
		if err != nil {
			return err
		}
		ended = len(hashes)
		_, err = t.endSessions(ctx, hashes, directory.Event{At: now, Directory: dir, Workspace: workspace})
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("store: ending sessions: %w", err)
	}
	return ended, nil
}

// endSessions ends sessions by their hashes and writes an event like ev for each.
// It returns whose they were, each person once.
func (t *tx) endSessions(ctx context.Context, hashes []string, ev directory.Event) (people []string, err error) {
	ev.Kind = directory.SessionEnded
	seen := map[string]bool{}
	for _, hash := range hashes {
		err := t.row(ctx, `delete from sessions where hash = $1 returning id, user_id`, hash).Scan(&ev.Session, &ev.User)
		switch {
		case errors.Is(err, ErrNotFound): // it ended or expired meanwhile
			continue
		case err != nil:
			return nil, err
		}
		t.emit(ev)
		if !seen[ev.User] {
			seen[ev.User] = true
			people = append(people, ev.User)
		}
	}
	return people, nil
}

// endAtOnce bounds one transaction of EndEverySAMLSession: each session is an
// event.
const endAtOnce = 200

// EndEverySAMLSession ends what began by SAML in a workspace, in browsers and in
// apps, with one SessionEnded event for each session and act in the log of each
// person; the act's User is filled in. It works in small transactions, so that
// others get their turn, and returns how many sessions there were, also beside an
// error. To let none begin meanwhile, switch the connection off first.
func (s *Store) EndEverySAMLSession(ctx context.Context, act Act) (int, error) {
	if !storable(act.Directory, act.Workspace, act.Who, act.What) {
		return 0, ErrInvalid
	}
	for total := 0; ; {
		var hashes []string
		err := s.write(ctx, func(ctx context.Context, t *tx) error {
			hashes = nil
			err := t.each(ctx, func(row scanner) error {
				var hash string
				err := row.Scan(&hash)
				hashes = append(hashes, hash)
				return err
			}, `select hash from sessions where workspace = $1 and subject is not null limit $2`, act.Workspace, endAtOnce)
			if err != nil {
				return err
			}
			people, err := t.endSessions(ctx, hashes, directory.Event{At: act.At, Directory: act.Directory, Workspace: act.Workspace})
			if err != nil {
				return err
			}
			for _, act.User = range people {
				if err := t.record(ctx, act); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return total, fmt.Errorf("store: ending sessions: %w", err)
		}
		if total += len(hashes); len(hashes) < endAtOnce {
			return total, nil
		}
	}
}

// subject is how sessions are found by what the provider calls the person.
func subject(issuer, nameID string) string { return directory.HashToken(issuer + "\x00" + nameID) }

// UsersByEmail returns the people of a directory, at most ten, who have an
// e-mail address or a user name, without case. Whoever is archived is not among
// them.
func (s *Store) UsersByEmail(ctx context.Context, dir, email string) ([]directory.User, error) {
	if email == "" || !storable(email) {
		return nil, nil
	}
	key := directory.Fold(email)
	page, err := s.SearchUsers(ctx, dir, Search[directory.User]{
		Where: Or{Compare{Path: "emails.value", Op: EQ, Value: key}, Compare{Path: "username", Op: EQ, Value: key}},
		Match: func(u directory.User) (bool, error) { return directory.HasEmail(u, email), nil },
		Count: 10,
	})
	return page.Items, err
}
