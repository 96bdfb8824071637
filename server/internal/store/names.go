package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// KeepNamesFor is how long a workspace's former name leads to it (row B15).
const KeepNamesFor = 90 * 24 * time.Hour

// WorkspaceName is a name that people may type for a workspace besides its id.
type WorkspaceName struct {
	Name    string
	Created time.Time
	// Until is when a former name ends; zero for the one in use.
	Until time.Time
}

// NameWorkspace gives a workspace another name. Its id, and with it every
// address that an identity provider was told, stays and goes on leading there;
// the name before this one does so for KeepNamesFor. The id itself as the name
// means none. What is the id or a name of another workspace is ErrExists: "id".
func (s *Store) NameWorkspace(ctx context.Context, id, name string, now time.Time) error {
	if name == "" || !storable(id, name) {
		return ErrInvalid
	}
	at := micro(now)
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		var there int
		if err := t.row(ctx, `select 1 from workspaces where id = $1`, id).Scan(&there); err != nil {
			return err
		}
		if err := t.dropNames(ctx, at); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `update workspace_names set until = $1 where workspace = $2 and until is null and name <> $3`,
			micro(now.Add(KeepNamesFor)), id, name); err != nil {
			return fmt.Errorf("store: retiring a name: %w", err)
		}
		if name == id {
			return nil
		}
		err := t.row(ctx, `select 1 from workspaces where id = $1`, name).Scan(&there)
		if err == nil {
			return Exists{"id"}
		}
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		n, err := t.exec(ctx, `insert into workspace_names (name, workspace, created) values ($1, $2, $3)
			on conflict (name) do update set until = null where workspace_names.workspace = $2`, name, id, at)
		switch {
		case err != nil:
			return fmt.Errorf("store: naming a workspace: %w", err)
		case n == 0:
			return Exists{"id"}
		}
		return nil
	})
}

// dropNames forgets the names that have ended.
func (t *tx) dropNames(ctx context.Context, at int64) error {
	if _, err := t.exec(ctx, `delete from workspace_names where until <= $1`, at); err != nil {
		return fmt.Errorf("store: dropping names: %w", err)
	}
	return nil
}

// unnamed refuses an id that is a name of another workspace still.
func (t *tx) unnamed(ctx context.Context, id string, at int64) error {
	if err := t.dropNames(ctx, at); err != nil {
		return err
	}
	var there int
	err := t.row(ctx, `select 1 from workspace_names where name = $1`, id).Scan(&there)
	switch {
	case err == nil:
		return Exists{"id"}
	case errors.Is(err, ErrNotFound):
		return nil
	}
	return err
}

// WorkspaceNamed returns the workspace of an id or of a name that has not ended
// by now, or ErrNotFound.
func (s *Store) WorkspaceNamed(ctx context.Context, name string, now time.Time) (directory.Workspace, error) {
	w, err := s.Workspace(ctx, name)
	if !errors.Is(err, ErrNotFound) || !storable(name) {
		return w, err
	}
	return scanWorkspace(s.read.row(ctx, `select `+workspaceColumns+` from workspace_names n
		join workspaces w on w.id = n.workspace where n.name = $1 and (n.until is null or n.until > $2)`, name, micro(now)))
}

// WorkspaceNames returns a workspace's names, the oldest first, with those that
// have ended but were not dropped yet.
func (s *Store) WorkspaceNames(ctx context.Context, id string) ([]WorkspaceName, error) {
	var all []WorkspaceName
	if !storable(id) {
		return nil, nil
	}
	err := s.read.each(ctx, func(row scanner) error {
		var n WorkspaceName
		var created int64
		var until *int64
		if err := row.Scan(&n.Name, &created, &until); err != nil {
			return err
		}
		n.Created = fromMicro(created)
		if until != nil {
			n.Until = fromMicro(*until)
		}
		all = append(all, n)
		return nil
	}, `select name, created, until from workspace_names where workspace = $1 order by created, name`, id)
	if err != nil {
		return nil, fmt.Errorf("store: listing names: %w", err)
	}
	return all, nil
}
