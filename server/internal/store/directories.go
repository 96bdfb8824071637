package store

import (
	"context"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Link is that a workspace takes its people from a directory.
type Link struct {
	Workspace, Directory string
	// License is what the workspace is licensed by, as whoever linked it said.
	License string
	// Linked is when somebody linked it by hand. It is zero where the workspace
	// has the directory that it was made with.
	Linked time.Time
}

const selectDirectory = `select id, name, source, owner, created, active, suspended, archived from directories`

func scanDirectory(row scanner) (d directory.Directory, c Counts, err error) {
	var created int64
	err = row.Scan(&d.ID, &d.Name, &d.Source, &d.Owner, &created, &c.Active, &c.Suspended, &c.Archived)
	d.Created = fromMicro(created)
	return d, c, err
}

// CreateDirectory stores a directory without people. An id that is taken is
// ErrExists: "id".
func (s *Store) CreateDirectory(ctx context.Context, d directory.Directory) error {
	if d.ID == "" || !storable(d.ID, d.Name, d.Source, d.Owner) {
		return ErrInvalid
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `insert into directories (id, name, source, owner, created) values ($1, $2, $3, $4, $5)
			on conflict do nothing`, d.ID, d.Name, d.Source, d.Owner, micro(d.Created))
		switch {
		case err != nil:
			return fmt.Errorf("store: creating directory: %w", err)
		case n == 0:
			return Exists{"id"}
		}
		return nil
	})
}

// Directory returns a directory and how many people are in it, or ErrNotFound.
func (s *Store) Directory(ctx context.Context, id string) (directory.Directory, Counts, error) {
	if !storable(id) {
		return directory.Directory{}, Counts{}, ErrNotFound
	}
	return scanDirectory(s.read.row(ctx, selectDirectory+` where id = $1`, id))
}

// Directories returns all directories by name.
func (s *Store) Directories(ctx context.Context) (all []directory.Directory, people map[string]Counts, err error) {
	people = map[string]Counts{}
	err = s.read.each(ctx, func(row scanner) error {
		d, c, err := scanDirectory(row)
		all, people[d.ID] = append(all, d), c
		return err
	}, selectDirectory+` order by name, id`)
	if err != nil {
		return nil, nil, fmt.Errorf("store: listing directories: %w", err)
	}
	return all, people, nil
}

const selectLink = `select id, directory, license, linked from workspaces`

func scanLink(row scanner) (l Link, err error) {
	var linked *int64
	err = row.Scan(&l.Workspace, &l.Directory, &l.License, &linked)
	l.Linked = fromNull(linked)
	return l, err
}

// Links returns where each workspace takes its people from, by workspace; of one
// directory where dir is not empty.
func (s *Store) Links(ctx context.Context, dir string) (all []Link, err error) {
	if !storable(dir) {
		return nil, nil
	}
	err = s.read.each(ctx, func(row scanner) error {
		l, err := scanLink(row)
		all = append(all, l)
		return err
	}, selectLink+` where $1 = '' or directory = $1 order by id`, dir)
	if err != nil {
		return nil, fmt.Errorf("store: listing links: %w", err)
	}
	return all, nil
}

// LinkWorkspace lets a workspace take its people from a directory, with a
// licence. Linking it where it is linked changes the licence. It is an [Exists]
// of "link" where somebody linked it to another directory, and of "people" where
// the directory that it was made with holds people who are not archived: they
// would lose their access. An unknown workspace or directory is ErrNotFound.
func (s *Store) LinkWorkspace(ctx context.Context, l Link) error {
	if !storable(l.Workspace, l.Directory) {
		return ErrNotFound
	}
	if l.Linked.IsZero() || !storable(l.License) {
		return ErrInvalid
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		was, err := scanLink(t.row(ctx, selectLink+` where id = $1`, l.Workspace))
		if err != nil {
			return err
		}
		var there int
		if err := t.row(ctx, `select 1 from directories where id = $1`, l.Directory).Scan(&there); err != nil {
			return err
		}
		if was.Directory != l.Directory {
			if err := t.mayLeave(ctx, was); err != nil {
				return err
			}
		}
		if err := t.link(ctx, l, orNull(l.Linked), l.Linked); err != nil || was.Directory == l.Directory {
			return err
		}
		return t.rerank(ctx, l.Directory, l.Linked)
	})
}

// mayLeave says what speaks against taking a workspace from its directory.
func (t *tx) mayLeave(ctx context.Context, was Link) error {
	if !was.Linked.IsZero() {
		return Exists{"link"}
	}
	people := 0
	err := t.row(ctx, `select count(*) from (select 1 from users where directory = $1 and state <> 'archived' limit 1) p`, was.Directory).Scan(&people)
	switch {
	case err != nil:
		return fmt.Errorf("store: looking for people: %w", err)
	case people > 0:
		return Exists{"people"}
	}
	return nil
}

func (t *tx) link(ctx context.Context, l Link, linked any, now time.Time) error {
	if _, err := t.exec(ctx, `update workspaces set directory = $1, license = $2, linked = $3, version = version + 1, modified = $4
		where id = $5`, l.Directory, l.License, linked, micro(now), l.Workspace); err != nil {
		return fmt.Errorf("store: linking a workspace: %w", err)
	}
	return nil
}

// UnlinkWorkspace takes a workspace from a directory that somebody linked it to:
// it has its own again, with whoever is in that. The sessions in the workspace
// end, with an event for each. ErrNotFound means that it is not linked to it.
func (s *Store) UnlinkWorkspace(ctx context.Context, workspace, dir string, now time.Time) error {
	if !storable(workspace, dir) {
		return ErrNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		was, err := scanLink(t.row(ctx, selectLink+` where id = $1 and directory = $2`, workspace, dir))
		if err != nil {
			return err
		}
		if was.Linked.IsZero() {
			return ErrNotFound
		}
		own := Link{Workspace: workspace, Directory: workspace}
		if _, err := t.exec(ctx, `insert into directories (id, name, created) values ($1, $2, $3)
			on conflict do nothing`, own.Directory, workspace, micro(now)); err != nil {
			return fmt.Errorf("store: creating directory: %w", err)
		}
		if err := t.link(ctx, own, nil, now); err != nil || own.Directory == dir {
			return err
		}
		return t.endAllSessions(ctx, workspace, dir, now)
	})
}

// endAllSessions ends every session in a workspace, whose people are a
// directory's.
func (t *tx) endAllSessions(ctx context.Context, workspace, dir string, now time.Time) error {
	err := t.each(ctx, func(row scanner) error {
		ev := directory.Event{At: now, Directory: dir, Workspace: workspace, Kind: directory.SessionEnded}
		if err := row.Scan(&ev.Session, &ev.User); err != nil {
			return err
		}
		t.emit(ev)
		return nil
	}, `delete from sessions where workspace = $1 returning id, user_id`, workspace)
	if err != nil {
		return fmt.Errorf("store: ending sessions: %w", err)
	}
	return nil
}
