package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Copy is all that a workspace is set up with, without its people, tokens and
// clients (row A11). Of SAML and Mobile the version is 0 where there is none.
type Copy struct {
	Workspace directory.Workspace
	SAML      directory.SAML
	Mobile    directory.Mobile
	// Settings are by kind; those of a SecretKind are left out.
	Settings []Setting
}

// Setting returns the setting of a kind; its version is 0 where there is none.
func (c Copy) Setting(kind string) Setting {
	if i := slices.IndexFunc(c.Settings, func(n Setting) bool { return n.Kind == kind }); i >= 0 {
		return c.Settings[i]
	}
	return Setting{Workspace: c.Workspace.ID, Kind: kind}
}

// Copied returns what a workspace is set up with, or ErrNotFound.
func (s *Store) Copied(ctx context.Context, workspace string) (c Copy, err error) {
	if c.Workspace, err = s.Workspace(ctx, workspace); err != nil {
		return c, err
	}
	if c.SAML, err = s.SAML(ctx, workspace); err != nil && !errors.Is(err, ErrNotFound) {
		return c, err
	}
	if c.Mobile, err = s.Mobile(ctx, workspace); err != nil && !errors.Is(err, ErrNotFound) {
		return c, err
	}
	all, err := s.Settings(ctx, workspace, "")
	c.Settings = slices.DeleteFunc(all, Setting.secret)
	return c, err
}

// CreateCopy stores a new workspace with all that it is set up with, in one
// transaction. Versions begin anew. What is taken is an [Exists].
func (s *Store) CreateCopy(ctx context.Context, c Copy, who string, now time.Time) error {
	if slices.ContainsFunc(c.Settings, Setting.secret) || len(c.SAML.Keys) > 0 {
		return fmt.Errorf("%w: secrets are not copied", ErrInvalid)
	}
	at := now.UTC().Truncate(time.Microsecond)
	c.Workspace.Created = at
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if err := t.createWorkspace(ctx, c.Workspace); err != nil {
			return err
		}
		return t.putCopy(ctx, Copy{Workspace: c.Workspace}, c, who, at)
	})
}

// ChangeCopy reads what two workspaces are set up with, lets change alter the
// second, and stores that, all in one transaction. An error of change leaves
// everything as it was and is returned as it is; it may run more than once and
// must not use the Store. Settings that change takes away stay. An unknown
// workspace is ErrNotFound.
func (s *Store) ChangeCopy(ctx context.Context, from, to, who string, now time.Time, change func(from Copy, to *Copy) error) error {
	if !storable(from, to, who) {
		return ErrNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		source, err := t.copied(ctx, from)
		if err != nil {
			return err
		}
		was, err := t.copied(ctx, to)
		if err != nil {
			return err
		}
		is := was
		is.Settings = slices.Clone(was.Settings)
		if err := change(source, &is); err != nil {
			return err
		}
		if !reflect.DeepEqual(is.Workspace, was.Workspace) {
			if is.Workspace, err = t.putWorkspace(ctx, was.Workspace, is.Workspace, now); err != nil {
				return err
			}
		}
		return t.putCopy(ctx, was, is, who, now.UTC().Truncate(time.Microsecond))
	})
}

// copied is Copied within a transaction.
func (t *tx) copied(ctx context.Context, workspace string) (c Copy, err error) {
	if c.Workspace, err = scanWorkspace(t.row(ctx, `select `+workspaceColumns+` from workspaces w where w.id = $1`, workspace)); err != nil {
		return c, err
	}
	if c.SAML, err = scanSAML(t.row(ctx, `select `+samlColumns+` from saml c where c.workspace = $1`, workspace)); err != nil && !errors.Is(err, ErrNotFound) {
		return c, err
	}
	if c.Mobile, err = scanMobile(t.row(ctx, selectMobile, workspace), workspace); err != nil && !errors.Is(err, ErrNotFound) {
		return c, err
	}
	err = t.each(ctx, func(row scanner) error {
		n, err := scanSettingOf(row, workspace)
		if err == nil && !n.secret() {
			c.Settings = append(c.Settings, n)
		}
		return err
	}, settingsOfWorkspace, workspace)
	return c, err
}

// putCopy stores what differs between was and is, but the workspace itself.
func (t *tx) putCopy(ctx context.Context, was, is Copy, who string, at time.Time) error {
	id := is.Workspace.ID
	if is.SAML.Version > 0 && !reflect.DeepEqual(is.SAML, was.SAML) {
		if !reflect.DeepEqual(is.SAML.Keys, was.SAML.Keys) {
			return fmt.Errorf("%w: private keys are not copied", ErrInvalid)
		}
		if was.SAML.Version == 0 {
			was.SAML.Created = at
		}
		if _, err := t.putSAML(ctx, id, was.SAML, is.SAML, at); err != nil {
			return err
		}
	}
	if is.Mobile.Version > 0 && !reflect.DeepEqual(is.Mobile, was.Mobile) {
		if was.Mobile.Version == 0 {
			was.Mobile.Created = at
		}
		if _, err := t.putMobile(ctx, id, who, was.Mobile, is.Mobile, at); err != nil {
			return err
		}
		t.emit(directory.Event{At: at, Directory: is.Workspace.Directory, Workspace: id, Kind: directory.MobileChanged})
	}
	for _, n := range is.Settings {
		before := was.Setting(n.Kind)
		if slices.Equal(before.Doc, n.Doc) {
			continue
		}
		n.Workspace, n.Version, n.Who, n.Modified = id, before.Version+1, who, at
		if n.secret() {
			return fmt.Errorf("%w: secrets are not copied", ErrInvalid)
		}
		if err := t.set(ctx, n); err != nil {
			return err
		}
	}
	return nil
}
