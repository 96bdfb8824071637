package platform

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/platform/sealed"
	"github.com/lanyard-sso/lanyard/problem"
)

// Pending is auth.PendingVault over a sealed file of its own beside the session's.
type Pending struct{ file *sealed.File }

var _ auth.PendingVault = (*Pending)(nil)

// husk is what Take leaves: it holds nothing, and keeps the folder's key, which
// goes with the last file, for the session that is about to be sealed.
var husk = []byte("{}")

// Load implements auth.PendingVault. What another version of the app wrote in a
// form that this one cannot read is gone: it is minutes old at most.
func (p *Pending) Load(ctx context.Context) (auth.Pending, error) {
	raw, err := p.file.Load(ctx)
	if err != nil {
		return auth.Pending{}, err
	}
	if len(raw) == 0 {
		return auth.Pending{}, auth.ErrNothingSaved
	}
	kept, ok := readPending(raw)
	if !ok {
		return auth.Pending{}, errors.Join(auth.ErrNothingSaved, p.file.Delete(ctx))
	}
	return kept, nil
}

// readPending reports false for what nobody can finish.
func readPending(raw []byte) (p auth.Pending, ok bool) {
	err := json.Unmarshal(raw, &p) // it holds secrets, so err is not for anybody
	return p, err == nil && p.State != "" && p.RedirectURI != ""
}

// Save implements auth.PendingVault. What was there and cannot be read is set
// aside.
func (p *Pending) Save(ctx context.Context, next auth.Pending) error {
	raw, err := json.Marshal(next)
	if err != nil {
		return err
	}
	return overwrite(ctx, p.file, raw)
}

// overwrite replaces what a file holds. What was there and cannot be read is set
// aside: it was to be replaced anyway.
func overwrite(ctx context.Context, f *sealed.File, raw []byte) error {
	replace := func([]byte) ([]byte, error) { return raw, nil }
	err := f.Update(ctx, replace)
	if code, _ := problem.Of(err); code == problem.CacheUnreadable {
		err = f.Update(ctx, replace)
	}
	return err
}

// Take implements auth.PendingVault.
func (p *Pending) Take(ctx context.Context, state string) error {
	return p.file.Update(ctx, func(old []byte) ([]byte, error) {
		if kept, ok := readPending(old); !ok || !same(kept.State, state) {
			return nil, auth.ErrNothingSaved
		}
		return husk, nil
	})
}

// Delete implements auth.PendingVault.
func (p *Pending) Delete(ctx context.Context, state string) error {
	if state == "" {
		return p.file.Delete(ctx)
	}
	return p.file.Update(ctx, func(old []byte) ([]byte, error) {
		if kept, ok := readPending(old); ok && !same(kept.State, state) {
			return old, nil // of a later sign-in
		}
		return nil, nil
	})
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
