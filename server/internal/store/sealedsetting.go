package store

import (
	"context"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// ChangeWithSecret is ChangeSetting for a setting whose secrets are in another, of
// the same kind with [SecretKind] behind it: both are stored, or none. The version
// is that of the first. f may run more than once.
func ChangeWithSecret[T, S any](ctx context.Context, s *Store, workspace, kind string, c SettingChange, f func(*T, *S) error) (T, int64, error) {
	var stored T
	var version int64
	if !storable(workspace, kind, c.Who) || kind == "" {
		return stored, 0, ErrInvalid
	}
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		var value T
		var secret S
		shown, err := t.settingInto(ctx, workspace, kind, &value)
		if err != nil {
			return err
		}
		hidden, err := t.settingInto(ctx, workspace, kind+SecretKind, &secret)
		if err != nil {
			return err
		}
		if c.Version != AnyVersion && c.Version != shown.Version {
			return ErrConflict
		}
		if err := f(&value, &secret); err != nil {
			return err
		}
		if err := t.setFrom(ctx, shown, c, value); err != nil {
			return err
		}
		stored, version = value, shown.Version+1
		return t.setFrom(ctx, hidden, c, secret)
	})
	return stored, version, err
}

// ChangeAndTell is ChangeSetting that emits events with the change, in one
// transaction.
func ChangeAndTell[T any](ctx context.Context, s *Store, workspace, kind string, c SettingChange, value T, events ...directory.Event) error {
	if !storable(workspace, kind, c.Who) || kind == "" {
		return ErrInvalid
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.setting(ctx, workspace, kind)
		if err != nil {
			return err
		}
		if c.Version != AnyVersion && c.Version != n.Version {
			return ErrConflict
		}
		for _, e := range events {
			t.emit(e)
		}
		return t.setFrom(ctx, n, c, value)
	})
}
