package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// MicrosoftWeb returns how a workspace signs people in with Microsoft 365 in a
// browser, with the sealed keys for it. What was never set is empty.
func (s *Store) MicrosoftWeb(ctx context.Context, workspace string) (directory.MicrosoftWeb, directory.MicrosoftWebKeys, error) {
	m, _, err := ReadSetting[directory.MicrosoftWeb](ctx, s, workspace, directory.SettingMicrosoftWeb)
	if err != nil {
		return m, directory.MicrosoftWebKeys{}, err
	}
	keys, _, err := ReadSetting[directory.MicrosoftWebKeys](ctx, s, workspace, directory.SettingMicrosoftWebKeys)
	return m, keys, err
}

// ChangeMicrosoftWeb reads both settings, lets change alter them, and stores them
// in one transaction; it returns what it stored, with the version of the first.
// change may run more than once. Its error leaves everything as it was and is
// returned as it is; ErrConflict and ErrNotFound are as ChangeSetting's.
func (s *Store) ChangeMicrosoftWeb(ctx context.Context, workspace string, c SettingChange,
	change func(*directory.MicrosoftWeb, *directory.MicrosoftWebKeys) error,
) (m directory.MicrosoftWeb, version int64, err error) {
	if !storable(workspace, c.Who) || workspace == "" {
		return m, 0, ErrInvalid
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		var keys directory.MicrosoftWebKeys
		m = directory.MicrosoftWeb{}
		first, err := t.settingInto(ctx, workspace, directory.SettingMicrosoftWeb, &m)
		if err != nil {
			return err
		}
		second, err := t.settingInto(ctx, workspace, directory.SettingMicrosoftWebKeys, &keys)
		if err != nil {
			return err
		}
		if version = first.Version; c.Version != AnyVersion && c.Version != version {
			return ErrConflict
		}
		if err := change(&m, &keys); err != nil {
			return err
		}
		version++
		if err := t.setFrom(ctx, first, c, m); err != nil {
			return err
		}
		return t.setFrom(ctx, second, c, keys)
	})
	return m, version, err
}

// settingInto reads a setting within a transaction into v, if there is one.
func (t *tx) settingInto(ctx context.Context, workspace, kind string, v any) (Setting, error) {
	n, err := t.setting(ctx, workspace, kind)
	if err != nil || n.Version == 0 {
		return n, err
	}
	if err := json.Unmarshal(n.Doc, v); err != nil {
		return n, fmt.Errorf("store: setting %s of workspace %q: %w", kind, workspace, err)
	}
	return n, nil
}

// setFrom stores v as the next version of a setting.
func (t *tx) setFrom(ctx context.Context, n Setting, c SettingChange, v any) (err error) {
	n.Version, n.Who, n.Modified = n.Version+1, c.Who, c.Now
	if n.Doc, err = json.Marshal(v); err != nil {
		return fmt.Errorf("%w: setting %s of workspace %q", ErrInvalid, n.Kind, n.Workspace)
	}
	return t.set(ctx, n)
}

var errOutdated = errors.New("store: changed since the test began")

// NoteMicrosoftTest remembers that a test sign-in succeeded with what has this
// hash: not where something else is set by now.
func (s *Store) NoteMicrosoftTest(ctx context.Context, workspace, hash string, now time.Time) error {
	_, _, err := ChangeSetting(ctx, s, workspace, directory.SettingMicrosoftWeb, SettingChange{Version: AnyVersion, Who: "test sign-in", Now: now},
		func(m *directory.MicrosoftWeb) error {
			if m.ConfigHash() != hash {
				return errOutdated
			}
			m.Tested, m.TestedHash = now.UTC(), hash
			return nil
		})
	if errors.Is(err, errOutdated) {
		return nil
	}
	return err
}
