package android

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lanyard-sso/lanyard/platform/sealed"
)

// ErrNoItem means that there is no such item, or none that can be read any more.
var ErrNoItem = errors.New("android: no such item")

// Wrapper encrypts with keys that it never gives away. Keys is the real one.
type Wrapper interface {
	// Ready reports why nothing can be wrapped on this device.
	Ready() error
	// Wrap makes the key of this alias where there is none.
	Wrap(alias string, plain, associated []byte) (nonce, sealed []byte, err error)
	Unwrap(alias string, nonce, sealed, associated []byte) ([]byte, error)
	// Remove deletes a key. No key is not an error.
	Remove(alias string) error
}

// Locker keeps small secrets in files of the app's private folder, each wrapped
// with a key of its own that does not leave the Keystore. The file alone is of
// no use: not in a backup, not on another phone. Calls must not overlap.
type Locker struct {
	// Dir is the folder. It is made, with mode 0700, when something is first
	// kept.
	Dir string
	// Keys wraps.
	Keys Wrapper
}

// item is what a file holds.
type item struct {
	Version int    `json:"version"`
	Nonce   string `json:"nonce"`
	Sealed  string `json:"sealed"`
}

const (
	itemVersion = 1
	// maxItem is more than any wrapped secret has.
	maxItem = 64 << 10
)

// place is where an item lies: the file, the key's alias, and what the
// ciphertext is bound to, so that no item can be put in another's place.
type place struct {
	path, alias string
	associated  []byte
}

func (l Locker) place(service, user string) place {
	sum := sha256.Sum256([]byte(service + "\x00" + user))
	name := hex.EncodeToString(sum[:16])
	return place{
		path:       filepath.Join(l.Dir, name+".wrapped"),
		alias:      "lanyard." + name,
		associated: []byte("lanyard wrapped key 1\x00" + service + "\x00" + user),
	}
}

// Get returns ErrNoItem when there is nothing, and when its key is gone: then it
// is removed, since nothing will ever read it. ErrNoItem also means that Set can
// be expected to work.
func (l Locker) Get(service, user string) (string, error) {
	p := l.place(service, user)
	raw, err := readItem(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := l.Keys.Ready(); err != nil {
			return "", err
		}
		return "", ErrNoItem
	}
	if err != nil {
		return "", err
	}
	nonce, text, ok := parseItem(raw)
	if !ok {
		return "", errors.Join(ErrNoItem, l.remove(p))
	}
	plain, err := l.Keys.Unwrap(p.alias, nonce, text, p.associated)
	if lost(err) {
		return "", errors.Join(ErrNoItem, l.remove(p))
	}
	if err != nil {
		return "", err
	}
	return string(plain), nil
}

// Set keeps a secret. A key that cannot be used any more is replaced.
func (l Locker) Set(service, user, secret string) error {
	p := l.place(service, user)
	nonce, text, err := l.Keys.Wrap(p.alias, []byte(secret), p.associated)
	if lost(err) {
		if err = l.Keys.Remove(p.alias); err == nil {
			nonce, text, err = l.Keys.Wrap(p.alias, []byte(secret), p.associated)
		}
	}
	if err != nil {
		return err
	}
	raw, err := json.Marshal(item{itemVersion, base64.StdEncoding.EncodeToString(nonce), base64.StdEncoding.EncodeToString(text)})
	if err != nil {
		return err
	}
	return l.write(p.path, raw)
}

// Remove returns ErrNoItem when there is nothing. The key goes too.
func (l Locker) Remove(service, user string) error {
	p := l.place(service, user)
	if _, err := os.Lstat(p.path); errors.Is(err, fs.ErrNotExist) {
		return errors.Join(ErrNoItem, l.Keys.Remove(p.alias))
	}
	return l.remove(p)
}

// remove deletes the file first: a key without a file is only litter.
func (l Locker) remove(p place) error {
	if err := os.Remove(p.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return l.Keys.Remove(p.alias)
}

func readItem(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read from
	return io.ReadAll(io.LimitReader(f, maxItem+1))
}

// write replaces a file, whole, for its owner alone.
func (l Locker) write(path string, raw []byte) error {
	if err := os.MkdirAll(l.Dir, 0o700); err != nil {
		return err
	}
	return sealed.WriteFile(path, raw)
}

// parseItem reads what Set wrote, and reports false for anything else.
func parseItem(raw []byte) (nonce, text []byte, ok bool) {
	var i item
	if len(raw) > maxItem || json.Unmarshal(raw, &i) != nil || i.Version != itemVersion {
		return nil, nil, false
	}
	nonce, err := base64.StdEncoding.DecodeString(i.Nonce)
	if err != nil || len(nonce) == 0 {
		return nil, nil, false
	}
	text, err = base64.StdEncoding.DecodeString(i.Sealed)
	if err != nil || len(text) == 0 {
		return nil, nil, false
	}
	return nonce, text, true
}
