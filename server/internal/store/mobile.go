package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

const selectMobile = `select m.version, m.settings, m.created, m.modified from mobile m where m.workspace = $1`

func scanMobile(row scanner, workspace string) (directory.Mobile, error) {
	var m directory.Mobile
	var text string
	var version, created, modified int64
	if err := row.Scan(&version, &text, &created, &modified); err != nil {
		return m, err
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return directory.Mobile{}, fmt.Errorf("store: apps of workspace %q: %w", workspace, err)
	}
	m.Workspace, m.Version = workspace, version
	m.Created, m.Modified = fromMicro(created), fromMicro(modified)
	return m, nil
}

// Mobile returns the apps that are registered for a workspace, or ErrNotFound
// where none ever was.
func (s *Store) Mobile(ctx context.Context, workspace string) (directory.Mobile, error) {
	if !storable(workspace) {
		return directory.Mobile{}, ErrNotFound
	}
	return scanMobile(s.read.row(ctx, selectMobile, workspace), workspace)
}

// UpdateMobile reads a workspace's apps, lets change alter them, and stores them
// with the next version, all in one transaction; it returns what it stored. Where
// there are none yet, change is given an empty value of version 0. change returns
// in a few words what was done, which is recorded as an act of who on the
// workspace, beside a MobileChanged event; where it returns "", nothing is stored.
// An error of change leaves everything as it was and is returned as it is. An
// unknown workspace is ErrNotFound.
func (s *Store) UpdateMobile(ctx context.Context, workspace, who string, now time.Time,
	change func(*directory.Mobile) (what string, err error),
) (directory.Mobile, error) {
	var stored directory.Mobile
	if !storable(workspace) {
		return stored, ErrNotFound
	}
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		var dir string
		if err := t.row(ctx, `select directory from workspaces where id = $1`, workspace).Scan(&dir); err != nil {
			return err
		}
		at := now.UTC().Truncate(time.Microsecond)
		was, err := scanMobile(t.row(ctx, selectMobile, workspace), workspace)
		switch {
		case errors.Is(err, ErrNotFound):
			was = directory.Mobile{Created: at}
		case err != nil:
			return err
		}
		m := was
		m.Workspace = workspace
		what, err := change(&m)
		if err != nil {
			return err
		}
		if stored = was; what == "" {
			stored.Workspace = workspace
			return nil
		}
		if !storable(what) {
			return ErrInvalid
		}
		if m, err = t.putMobile(ctx, workspace, who, was, m, at); err != nil {
			return err
		}
		if err := t.record(ctx, Act{At: at, Directory: dir, Workspace: workspace, Who: who, What: what}); err != nil {
			return err
		}
		t.emit(directory.Event{At: at, Directory: dir, Workspace: workspace, Kind: directory.MobileChanged})
		stored = m
		return nil
	})
	if err != nil {
		return directory.Mobile{}, err
	}
	return stored, nil
}

// putMobile stores a workspace's apps within a transaction, with the version
// after the one of was.
func (t *tx) putMobile(ctx context.Context, workspace, who string, was, m directory.Mobile, at time.Time) (directory.Mobile, error) {
	m.Workspace, m.Created, m.Version, m.Modified, m.By = workspace, was.Created, was.Version+1, at, who
	text, err := json.Marshal(m)
	if err != nil || !storable(string(text), who) {
		return m, fmt.Errorf("%w: apps of workspace %q", ErrInvalid, workspace)
	}
	if _, err := t.exec(ctx, `insert into mobile (workspace, version, settings, created, modified)
		values ($1, $2, $3, $4, $5) on conflict (workspace) do update set version = excluded.version,
		settings = excluded.settings, modified = excluded.modified`,
		workspace, m.Version, string(text), micro(m.Created), micro(at)); err != nil {
		return m, fmt.Errorf("store: changing apps: %w", err)
	}
	return m, nil
}

// WorkspaceActs returns the acts on a workspace itself, and not on a person in
// it, newest first, at most so many.
func (s *Store) WorkspaceActs(ctx context.Context, dir, workspace string, most int) (all []Act, err error) {
	if !storable(dir, workspace) {
		return nil, nil
	}
	err = s.read.each(ctx, func(row scanner) error {
		a := Act{Directory: dir, Workspace: workspace}
		var at int64
		err := row.Scan(&at, &a.Who, &a.What)
		a.At = fromMicro(at)
		all = append(all, a)
		return err
	}, `select at, who, what from acts where directory = $1 and user_id = '' and workspace = $2 order by at desc, pk desc limit $3`, dir, workspace, most)
	if err != nil {
		return nil, fmt.Errorf("store: reading acts: %w", err)
	}
	return all, nil
}
