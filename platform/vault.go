package platform

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/platform/sealed"
	"github.com/lanyard-sso/lanyard/problem"
)

// VaultConfig says where a Vault keeps things.
type VaultConfig struct {
	// Dir is the folder for sealed files, [DataDir] say. It is made, with
	// mode 0700, when something is first saved. It is not used with MemoryKey.
	Dir string
	// Keys is [Keychain], [KeyFile] or [MemoryKey]. Required.
	Keys sealed.KeyStore
}

// Vault is auth.Vault over a sealed file, and hands out further sealed files
// of the same folder and key. It is safe for concurrent use.
type Vault struct {
	config  VaultConfig
	saved   *sealed.File
	pending *Pending
}

var _ auth.Vault = (*Vault)(nil)

// OpenVault does no I/O. It fails when the configuration makes no sense.
func OpenVault(c VaultConfig) (*Vault, error) {
	if c.Keys == nil {
		return nil, errors.New("opening vault: no KeyStore")
	}
	v := &Vault{config: c}
	if c.Dir == "" && !v.InMemory() {
		return nil, errors.New("opening vault: no folder")
	}
	v.saved, v.pending = v.File("session"), &Pending{v.File("pending")}
	return v, nil
}

// InMemory reports whether everything is forgotten when the app is closed.
func (v *Vault) InMemory() bool {
	_, ok := v.config.Keys.(*memoryKey)
	return ok
}

// File returns the sealed file of this name, "msal" say. In a memory-only
// vault each call returns a new, empty file.
func (v *Vault) File(name string) *sealed.File {
	if v.InMemory() {
		return sealed.InMemory()
	}
	return sealed.Open(v.config.Dir, name, v.config.Keys)
}

// Load implements auth.Vault.
func (v *Vault) Load(ctx context.Context) (auth.Saved, error) {
	raw, err := v.saved.Load(ctx)
	if err != nil {
		return auth.Saved{}, err
	}
	if len(raw) == 0 {
		return auth.Saved{}, auth.ErrNothingSaved
	}
	var s auth.Saved
	if err := json.Unmarshal(raw, &s); err != nil {
		// It was sealed by us, so another version wrote it. There is nothing
		// in it that signing in again would not bring back.
		return auth.Saved{}, problem.Wrap(problem.CacheUnreadable, errors.Join(err, v.saved.Delete(ctx)))
	}
	return s, nil
}

// Save implements auth.Vault. What was there and cannot be read is set aside.
func (v *Vault) Save(ctx context.Context, s auth.Saved) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return overwrite(ctx, v.saved, raw)
}

// Clear implements auth.Vault.
func (v *Vault) Clear(ctx context.Context) error { return v.saved.Delete(ctx) }

// Exclusive implements auth.Vault.
func (v *Vault) Exclusive(ctx context.Context, do func()) error { return v.saved.Exclusive(ctx, do) }

// Pending is where a sign-in waits for the browser.
func (v *Vault) Pending() *Pending { return v.pending }
