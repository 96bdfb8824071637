package platform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/lanyard-sso/lanyard/platform/sealed"
	"github.com/lanyard-sso/lanyard/problem"
)

// madeHere begins a key file that Lanyard made, and so may delete.
const madeHere = "# Made by Lanyard, which deletes it when the last person signs out.\n"

// KeyFile keeps the key in a file the user named: for devices without a
// keychain. The file holds the base64 of 32 bytes; lines that begin with #
// are ignored. It must be readable by its owner alone, or calls fail with
// problem.KeyFileOpenToAll. When there is none, one is made, in a folder that
// must exist, and deleted again with the last sealed file. A file that
// someone else made (openssl rand -base64 32) is never changed or deleted.
func KeyFile(path string) sealed.KeyStore { return keyFile(path) }

type keyFile string

func (f keyFile) Load(context.Context) (sealed.Key, error) {
	key, _, err := f.read()
	return key, err
}

func (f keyFile) read() (key sealed.Key, ours bool, err error) {
	file, err := os.Open(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return sealed.Key{}, false, sealed.ErrNoKey
	}
	if err != nil {
		return sealed.Key{}, false, problem.Wrap(problem.KeyFileInvalid, err)
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return sealed.Key{}, false, problem.Wrap(problem.KeyFileInvalid, err)
	case !info.Mode().IsRegular():
		return sealed.Key{}, false, problem.Detailf(problem.KeyFileInvalid, "%s is not a file.", f)
	case openToOthers(info):
		return sealed.Key{}, false, problem.Detailf(problem.KeyFileOpenToAll, "%s has mode %04o.", f, info.Mode().Perm())
	}
	raw := make([]byte, 4096)
	n, _ := file.Read(raw)
	raw = raw[:n]
	var text []string
	for line := range strings.Lines(string(raw)) {
		if !strings.HasPrefix(line, "#") {
			text = append(text, line)
		}
	}
	key, err = sealed.ParseKey(strings.Join(text, ""))
	if err != nil { // the error does not repeat the text
		return sealed.Key{}, false, &problem.Error{Code: problem.KeyFileInvalid, Detail: fmt.Sprintf("%s is %v.", f, err), Cause: err}
	}
	return key, bytes.HasPrefix(raw, []byte(madeHere)), nil
}

// Create writes the key to a temporary file and links it into place, so that
// nobody ever reads half of one and the first of several makers wins.
func (f keyFile) Create(ctx context.Context) (sealed.Key, error) {
	tmp, err := os.CreateTemp(filepath.Dir(string(f)), ".new-key-*") // mode 0600
	if err != nil {
		return sealed.Key{}, problem.Wrap(problem.DiskWrite, err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(madeHere + sealed.NewKey().Text() + "\n")
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err != nil {
		return sealed.Key{}, problem.Wrap(problem.DiskWrite, err)
	}
	err = os.Link(tmp.Name(), string(f))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		// A file system without links; the folder's lock keeps others out.
		err = os.Rename(tmp.Name(), string(f))
		if err != nil {
			return sealed.Key{}, problem.Wrap(problem.DiskWrite, err)
		}
	}
	return f.Load(ctx)
}

func (f keyFile) Delete(context.Context) error {
	if _, ours, err := f.read(); err != nil || !ours {
		return nil // not there, or not ours
	}
	return problem.Wrap(problem.DiskWrite, os.Remove(string(f)))
}

// MemoryKey keeps the key in this process. A [Vault] opened with it touches no
// disk at all: whoever closes the app is signed out.
func MemoryKey() sealed.KeyStore { return &memoryKey{} }

type memoryKey struct {
	mu  sync.Mutex
	key sealed.Key
}

func (m *memoryKey) Load(context.Context) (sealed.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.key.IsZero() {
		return sealed.Key{}, sealed.ErrNoKey
	}
	return m.key, nil
}

func (m *memoryKey) Create(context.Context) (sealed.Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.key = sealed.NewKey()
	return m.key, nil
}

func (m *memoryKey) Delete(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.key = sealed.Key{}
	return nil
}
