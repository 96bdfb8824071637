package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// putSAML stores a connection within a transaction, with the version after the
// one of was.
func (t *tx) putSAML(ctx context.Context, workspace string, was, c directory.SAML, at time.Time) (directory.SAML, error) {
	c.Workspace, c.Created, c.Version, c.Modified = workspace, was.Created, was.Version+1, at
	text, err := json.Marshal(c)
	if err != nil || !storable(string(text)) {
		return c, fmt.Errorf("%w: SAML of workspace %q", ErrInvalid, workspace)
	}
	if _, err := t.exec(ctx, `insert into saml (workspace, version, settings, due, created, modified)
		values ($1, $2, $3, $4, $5, $6) on conflict (workspace) do update set version = excluded.version,
		settings = excluded.settings, due = excluded.due, modified = excluded.modified`,
		workspace, c.Version, string(text), orNull(c.Metadata.Next), micro(c.Created), micro(at)); err != nil {
		return c, fmt.Errorf("store: changing SAML: %w", err)
	}
	return c, nil
}

// SSO is what decides whether the people of a workspace sign in by SAML: the
// connection, and whether there is no other way.
type SSO struct {
	Connection  directory.SAML
	Enforcement directory.Enforcement
	// Pilot and Switches are what goes with it. They are not stored.
	Pilot    directory.Pilot
	Switches directory.Switches
}

// ChangeSSO reads a workspace's connection and its enforcement, lets change switch
// both on or off, and stores that, all in one transaction: of the connection only
// whether it is Disabled. Settings of the kinds that are named in clear are
// emptied in it. Where there is no connection, change is given one of version 0. change may
// run more than once and must not use the Store; its error leaves everything as it
// was and is returned as it is. An unknown workspace is ErrNotFound.
func (s *Store) ChangeSSO(ctx context.Context, workspace, who string, now time.Time, clear []string, change func(*SSO) error) (SSO, error) {
	var stored SSO
	if !storable(workspace, who) {
		return stored, ErrNotFound
	}
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		at := now.UTC().Truncate(time.Microsecond)
		var sso SSO
		var n Setting
		var err error
		if sso.Enforcement, n, err = t.enforcement(ctx, workspace); err != nil {
			return err
		}
		for kind, value := range map[string]any{directory.SettingPilot: &sso.Pilot, directory.SettingSwitches: &sso.Switches} {
			if _, err := t.settingInto(ctx, workspace, kind, value); err != nil {
				return err
			}
		}
		was, err := scanSAML(t.row(ctx, `select `+samlColumns+` from saml c where c.workspace = $1`, workspace))
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		sso.Connection = was
		if err := change(&sso); err != nil {
			return err
		}
		if was.Version > 0 && sso.Connection.Disabled != was.Disabled {
			c := was
			c.Disabled = sso.Connection.Disabled
			if sso.Connection, err = t.putSAML(ctx, workspace, was, c, at); err != nil {
				return err
			}
		}
		doc, err := json.Marshal(sso.Enforcement)
		if err != nil {
			return fmt.Errorf("%w: enforcement of workspace %q", ErrInvalid, workspace)
		}
		if string(doc) != string(n.Doc) {
			n.Version, n.Who, n.Modified, n.Doc = n.Version+1, who, at, doc
			if err := t.set(ctx, n); err != nil {
				return err
			}
		}
		stored = sso
		return t.clearSettings(ctx, workspace, who, at, clear)
	})
	if err != nil {
		return SSO{}, err
	}
	return stored, nil
}

// clearSettings makes settings {}, which is the zero value of whatever they hold.
// Versions go on counting, so that whoever has read one meanwhile notices.
func (t *tx) clearSettings(ctx context.Context, workspace, who string, at time.Time, kinds []string) error {
	for _, kind := range kinds {
		if _, err := t.exec(ctx, `update settings set doc = '{}', version = version + 1, who = $3, modified = $4 where workspace = $1 and kind = $2`,
			workspace, kind, who, micro(at)); err != nil {
			return fmt.Errorf("store: clearing a setting: %w", err)
		}
	}
	return nil
}

// SAMLRestore is what RestoreSAML puts back.
type SAMLRestore struct {
	// Before is the connection as it was, or nil where there was none.
	Before *directory.SAML
	// From and Version are the setting that Before was read from: where another
	// version is stored by now it is ErrConflict. Empty means none.
	From    string
	Version int64
	// Clear are the kinds of settings that are emptied with it.
	Clear []string
}

// RestoreSAML puts a workspace's connection back as it was, all in one transaction.
// allow is called in it with the enforcement; its error leaves everything as it was
// and is returned as it is. Versions go on counting, so that whoever has read the
// connection meanwhile notices.
func (s *Store) RestoreSAML(ctx context.Context, workspace, who string, now time.Time, r SAMLRestore, allow func(directory.Enforcement) error) error {
	if !storable(workspace, who) {
		return ErrNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		e, _, err := t.enforcement(ctx, workspace)
		if err != nil {
			return err
		}
		if r.From != "" {
			n, err := t.setting(ctx, workspace, r.From)
			if err == nil && n.Version != r.Version {
				err = ErrConflict
			}
			if err != nil {
				return err
			}
		}
		if err := allow(e); err != nil {
			return err
		}
		was, err := scanSAML(t.row(ctx, `select `+samlColumns+` from saml c where c.workspace = $1`, workspace))
		switch {
		case err != nil && !errors.Is(err, ErrNotFound):
			return err
		case r.Before != nil:
			was.Created = r.Before.Created
			if _, err := t.putSAML(ctx, workspace, was, *r.Before, r.Before.Modified); err != nil {
				return err
			}
		case was.Version > 0:
			if _, err := t.exec(ctx, `delete from saml where workspace = $1`, workspace); err != nil {
				return fmt.Errorf("store: removing SAML: %w", err)
			}
		}
		return t.clearSettings(ctx, workspace, who, now, r.Clear)
	})
}
