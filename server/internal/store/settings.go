package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// SecretKind ends the name of a kind of setting that holds secrets. They are
// sealed by whoever stores them, and never copied to another workspace.
const SecretKind = ".secret"

// SettingChange is who changes a setting, when, and which version they saw.
type SettingChange struct {
	// Version is what the change is based on: 0 where there was none, AnyVersion
	// where it does not matter.
	Version int64
	Who     string
	Now     time.Time
	// Allow is asked by ChangeSetting in the same transaction, with whether single
	// sign-on is enforced in the workspace; its error leaves everything as it was and
	// is returned as it is. Nil allows it.
	Allow func(directory.Enforcement) error
}

// AnyVersion lets a change of a setting be made whatever is stored.
const AnyVersion = -1

// Setting is a JSON document of one kind that belongs to a workspace, or to the
// server where Workspace is "".
type Setting struct {
	Workspace, Kind string
	// Version counts changes from 1.
	Version  int64
	Doc      []byte
	Who      string
	Modified time.Time
}

const selectSetting = `select version, doc, who, modified from settings where workspace = $1 and kind = $2`

func scanSetting(row scanner, workspace, kind string) (Setting, error) {
	n := Setting{Workspace: workspace, Kind: kind}
	var doc string
	var modified int64
	if err := row.Scan(&n.Version, &doc, &n.Who, &modified); err != nil {
		return Setting{}, err
	}
	n.Doc, n.Modified = []byte(doc), fromMicro(modified)
	return n, nil
}

const settingsOfWorkspace = `select kind, version, doc, who, modified from settings where workspace = $1 order by kind`

// scanSettingOf reads a row of settingsOfWorkspace.
func scanSettingOf(row scanner, workspace string) (Setting, error) {
	var doc string
	n := Setting{Workspace: workspace}
	var modified int64
	if err := row.Scan(&n.Kind, &n.Version, &doc, &n.Who, &modified); err != nil {
		return n, err
	}
	n.Doc, n.Modified = []byte(doc), fromMicro(modified)
	return n, nil
}

// secret reports whether a setting holds secrets.
func (n Setting) secret() bool { return strings.HasSuffix(n.Kind, SecretKind) }

// Setting returns a setting, or ErrNotFound where it was never set.
func (s *Store) Setting(ctx context.Context, workspace, kind string) (Setting, error) {
	if !storable(workspace, kind) {
		return Setting{}, ErrNotFound
	}
	return scanSetting(s.read.row(ctx, selectSetting, workspace, kind), workspace, kind)
}

// Settings returns the settings of a workspace whose kinds begin with prefix, in
// the order of their kinds. A workspace without any has none.
func (s *Store) Settings(ctx context.Context, workspace, prefix string) (all []Setting, err error) {
	if !storable(workspace, prefix) {
		return nil, nil
	}
	err = s.read.each(ctx, func(row scanner) error {
		n, err := scanSettingOf(row, workspace)
		if err == nil && strings.HasPrefix(n.Kind, prefix) {
			all = append(all, n)
		}
		return err
	}, settingsOfWorkspace, workspace)
	if err != nil {
		return nil, fmt.Errorf("store: reading settings: %w", err)
	}
	return all, nil
}

// SettingsOfKind returns the settings of one kind of all workspaces, by workspace.
func (s *Store) SettingsOfKind(ctx context.Context, kind string) (all []Setting, err error) {
	if !storable(kind) {
		return nil, nil
	}
	err = s.read.each(ctx, func(row scanner) error {
		n := Setting{Kind: kind}
		var doc string
		var modified int64
		err := row.Scan(&n.Workspace, &n.Version, &doc, &n.Who, &modified)
		n.Doc, n.Modified = []byte(doc), fromMicro(modified)
		all = append(all, n)
		return err
	}, `select workspace, version, doc, who, modified from settings where kind = $1 order by workspace`, kind)
	if err != nil {
		return nil, fmt.Errorf("store: reading settings: %w", err)
	}
	return all, nil
}

// ReadSetting returns the setting of one kind as a T, with its version. Where it
// was never set, that is the zero T and version 0.
func ReadSetting[T any](ctx context.Context, s *Store, workspace, kind string) (value T, version int64, err error) {
	n, err := s.Setting(ctx, workspace, kind)
	if errors.Is(err, ErrNotFound) {
		return value, 0, nil
	}
	if err != nil {
		return value, 0, fmt.Errorf("store: reading the setting %s: %w", kind, err)
	}
	if err := json.Unmarshal(n.Doc, &value); err != nil {
		var zero T
		return zero, 0, fmt.Errorf("store: setting %s of workspace %q: %w", kind, workspace, err)
	}
	return value, n.Version, nil
}

// ChangeSetting reads the setting of one kind, lets f alter it, and stores it
// with the next version, all in one transaction; it returns what it stored. f may
// run more than once, must not use the Store, and gets the zero T where nothing
// is set. ErrConflict says that another version is stored than c names; the value
// and version that are stored are returned with it. An error of f leaves
// everything as it was and is returned as it is. An unknown workspace is
// ErrNotFound.
func ChangeSetting[T any](ctx context.Context, s *Store, workspace, kind string, c SettingChange, f func(*T) error) (T, int64, error) {
	var stored T
	var version int64
	if !storable(workspace, kind, c.Who) || kind == "" {
		return stored, 0, ErrInvalid
	}
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		var value T
		n, err := t.settingInto(ctx, workspace, kind, &value)
		if err != nil {
			return err
		}
		if stored, version = value, n.Version; c.Version != AnyVersion && c.Version != n.Version {
			return ErrConflict
		}
		if c.Allow != nil {
			e, _, err := t.enforcement(ctx, workspace)
			if err == nil {
				err = c.Allow(e)
			}
			if err != nil {
				return err
			}
		}
		if err := f(&value); err != nil {
			return err
		}
		n.Version, n.Who, n.Modified = n.Version+1, c.Who, c.Now
		if n.Doc, err = json.Marshal(value); err != nil {
			return fmt.Errorf("%w: setting %s of workspace %q", ErrInvalid, kind, workspace)
		}
		if err := t.set(ctx, n); err != nil {
			return err
		}
		stored, version = value, n.Version
		return nil
	})
	if err != nil && !errors.Is(err, ErrConflict) {
		var zero T
		return zero, 0, err
	}
	return stored, version, err
}

// setting reads a setting within a transaction; its version is 0 where there is
// none. It is ErrNotFound where there is no such workspace.
func (t *tx) setting(ctx context.Context, workspace, kind string) (Setting, error) {
	if workspace != "" {
		var id string
		if err := t.row(ctx, `select id from workspaces where id = $1`, workspace).Scan(&id); err != nil {
			return Setting{}, err
		}
	}
	n, err := scanSetting(t.row(ctx, selectSetting, workspace, kind), workspace, kind)
	if errors.Is(err, ErrNotFound) {
		return Setting{Workspace: workspace, Kind: kind}, nil
	}
	return n, err
}

// enforcement is whether single sign-on is enforced in a workspace, and the setting
// that says so.
func (t *tx) enforcement(ctx context.Context, workspace string) (e directory.Enforcement, n Setting, err error) {
	n, err = t.settingInto(ctx, workspace, directory.EnforcementSetting, &e)
	return e, n, err
}

// set stores a setting within a transaction.
func (t *tx) set(ctx context.Context, n Setting) error {
	if !storable(n.Workspace, n.Kind, n.Who, string(n.Doc)) {
		return ErrInvalid
	}
	if _, err := t.exec(ctx, `insert into settings (workspace, kind, version, doc, who, modified) values ($1, $2, $3, $4, $5, $6)
		on conflict (workspace, kind) do update set version = excluded.version, doc = excluded.doc, who = excluded.who, modified = excluded.modified`,
		n.Workspace, n.Kind, n.Version, string(n.Doc), n.Who, micro(n.Modified)); err != nil {
		return fmt.Errorf("store: storing a setting: %w", err)
	}
	return nil
}

// DeleteSetting removes a setting, if there is one.
func (s *Store) DeleteSetting(ctx context.Context, workspace, kind string) error {
	if !storable(workspace, kind) {
		return nil
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.exec(ctx, `delete from settings where workspace = $1 and kind = $2`, workspace, kind); err != nil {
			return fmt.Errorf("store: removing a setting: %w", err)
		}
		return nil
	})
}
