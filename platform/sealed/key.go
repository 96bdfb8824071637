package sealed

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// KeySize is the length of a key in bytes: AES-256.
const KeySize = 32

const keyIDSize = 8

// ErrNoKey is what KeyStore.Load returns when there is no key yet.
var ErrNoKey = errors.New("no key")

// Key is the one secret that all sealed files of a folder are encrypted under.
// It hides itself from %v, %#v and slog.
type Key struct {
	secret [KeySize]byte
	set    bool
}

// KeyStore keeps the key somewhere other than beside the files: a keychain, a
// file the user named, memory. Calls are made under the folder's lock, so two
// processes never create at the same time. A KeyStore is safe for concurrent
// use. Its errors carry problem codes, except ErrNoKey.
type KeyStore interface {
	// Load returns ErrNoKey when there is no key, or nothing that could be one.
	Load(ctx context.Context) (Key, error)
	// Create makes a key and keeps it. It is only called after ErrNoKey.
	Create(ctx context.Context) (Key, error)
	// Delete forgets the key. No key is not an error.
	Delete(ctx context.Context) error
}

// NewKey returns a random key.
func NewKey() Key {
	k := Key{set: true}
	_, _ = rand.Read(k.secret[:]) // never fails since Go 1.24
	return k
}

// ParseKey reads what Text wrote: the base64 (RFC 4648, section 4) of 32 bytes.
// White space around it is ignored. The error does not repeat the text.
func ParseKey(s string) (Key, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(s))
	if err != nil || len(raw) != KeySize {
		return Key{}, fmt.Errorf("not the base64 of %d bytes", KeySize)
	}
	k := Key{set: true}
	copy(k.secret[:], raw)
	return k, nil
}

// Text is the key in base64, for a KeyStore to keep. It is the secret itself.
func (k Key) Text() string { return base64.StdEncoding.EncodeToString(k.secret[:]) }

// IsZero reports whether k is no key at all.
func (k Key) IsZero() bool { return !k.set }

// String hides the key.
func (k Key) String() string { return "Key(hidden)" }

// GoString hides the key.
func (k Key) GoString() string { return k.String() }

// LogValue hides the key.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// id names the key in a file's header, so that a file under another key is
// told from a damaged one. It is a hash, cut short: it says nothing of the key.
func (k Key) id() (id [keyIDSize]byte) {
	sum := sha256.Sum256(append([]byte("lanyard sealed key id\x00"), k.secret[:]...))
	copy(id[:], sum[:])
	return id
}
