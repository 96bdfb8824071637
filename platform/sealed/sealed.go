// Package sealed keeps small secrets in files that are of no use without a key
// kept elsewhere.
//
// A sealed file is
//
//	magic (8 bytes) | version (1) | key id (8) | nonce (12) | AES-256-GCM ciphertext and tag
//
// where everything before the ciphertext, and the file's own name, is additional
// data, so no byte of the file can be changed unnoticed, nor one file put in
// another's place. Files are written whole: a temporary file of
// mode 0600, fsync, rename, fsync of the folder. All sealed files of a folder
// share one key and one lock file, so that several processes may use the
// folder at once and a key is made, and deleted with the last file, by one
// process at a time.
//
// What cannot be read is never an obstacle: it is renamed to
// NAME.corrupt-<time>, the caller is told once with problem.CacheUnreadable,
// and the file begins empty. It goes with the last sealed file. An older copy of a file put back by someone who
// can write the folder is not noticed: there is nothing to compare it with.
//
// The package does not decide where the key lives (a [KeyStore] does) or what
// the bytes mean (the callers do).
package sealed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

// Extension is how the name of every sealed file ends.
const Extension = ".sealed"

// maxFile bounds what is read into memory. A token cache of a hundred accounts
// has 1.5 MB.
const maxFile = 32 << 20

// File is one sealed file. It is safe for concurrent use, also by several
// processes and by several Files of the same name.
type File struct {
	dir, path string
	keys      KeyStore
	// memory is set for a file that never touches the disk.
	memory bool

	// mu guards what follows. It is never held while a keychain is asked.
	mu     sync.Mutex
	key    Key
	header []byte // of the file that plain came from; nil when nothing is known
	plain  []byte

	// writing lets one goroutine of this File at a time queue for the lock.
	writing chan struct{}
	// alone does the same for Exclusive.
	alone chan struct{}
}

// Open returns the sealed file dir/name.sealed. It does no I/O: the folder and
// the key are made when something is first written. All files of a folder must
// be opened with the same KeyStore.
func Open(dir, name string, ks KeyStore) *File {
	return &File{
		dir:     dir,
		path:    filepath.Join(dir, name+Extension),
		keys:    ks,
		writing: make(chan struct{}, 1),
		alone:   make(chan struct{}, 1),
	}
}

// InMemory returns a File that lives in this process and nowhere else.
func InMemory() *File {
	return &File{memory: true, writing: make(chan struct{}, 1), alone: make(chan struct{}, 1)}
}

// Load returns the contents, and nil when there are none. The caller owns the
// slice. While the file stays as it was, Load only reads its header.
//
// An error with problem.CacheUnreadable means that the file has been set aside
// and is now empty; any other error that nothing has changed.
func (f *File) Load(ctx context.Context) ([]byte, error) {
	if f.memory {
		f.mu.Lock()
		defer f.mu.Unlock()
		return bytes.Clone(f.plain), nil
	}
	head, err := readHeader(f.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		f.remember(nil, nil)
		return nil, nil
	case err == nil:
		if plain, ok := f.known(head); ok {
			return plain, nil
		}
	}
	// A first try without the lock: renaming is atomic, so what is read is whole.
	if plain, ok := f.tryRead(); ok {
		return plain, nil
	}
	// The key is unknown or does not fit. Look again under the lock, where
	// nobody can be in the middle of deleting or replacing both.
	var plain []byte
	err = f.locked(ctx, func() error {
		plain, err = f.readLocked(ctx)
		return err
	})
	return bytes.Clone(plain), err
}

// Update replaces the contents by what change returns for the present ones
// (nil when empty), while no other process can do the same. Returning nothing
// deletes the file, and with the last file of the folder the key; returning
// what was there writes nothing. When change fails, nothing is changed and its
// error returned.
//
// When the present contents cannot be read, they are set aside and Update
// returns problem.CacheUnreadable without calling change. The file is empty
// then; calling Update again starts from there.
func (f *File) Update(ctx context.Context, change func(old []byte) ([]byte, error)) error {
	return f.locked(ctx, func() error {
		old, err := f.readLocked(ctx)
		if err != nil {
			return err
		}
		next, err := change(bytes.Clone(old))
		switch {
		case err != nil:
			return err
		case len(next) == 0:
			return f.deleteLocked(ctx)
		case bytes.Equal(next, old):
			return nil
		}
		return f.writeLocked(ctx, next)
	})
}

// Delete removes the file, and with the last sealed file of the folder the
// key. A file that is not there is not an error. When the key could not be
// deleted, the file is gone all the same and the KeyStore's error is returned.
func (f *File) Delete(ctx context.Context) error {
	return f.locked(ctx, func() error { return f.deleteLocked(ctx) })
}

// Prepare makes sure that a later Update will find a key and a folder it may
// write to, so that a person is told before they do something that would be
// lost, and not after. It may create the key; Delete takes it away again.
func (f *File) Prepare(ctx context.Context) error {
	if f.memory {
		return nil
	}
	return f.locked(ctx, func() error {
		if _, err := f.keyForWriting(ctx); err != nil {
			return err
		}
		probe, err := os.CreateTemp(f.dir, ".prepare-*")
		if err != nil {
			return problem.Wrap(problem.DiskWrite, err)
		}
		_ = probe.Close()
		return problem.Wrap(problem.DiskWrite, os.Remove(probe.Name()))
	})
}

// known returns the contents in memory when they came from the file with this
// header. Every write has a fresh random nonce, so equal headers are one write.
func (f *File) known(head []byte) ([]byte, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.header == nil || !bytes.Equal(f.header, head) {
		return nil, false
	}
	return bytes.Clone(f.plain), true
}

// name is the file's own name, which it is sealed for.
func (f *File) name() string { return filepath.Base(f.path) }

func (f *File) remember(head, plain []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.header, f.plain = head, plain
}

func (f *File) cachedKey() Key {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.key
}

func (f *File) setKey(k Key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.key = k
}

// tryRead reads the file with the key in memory, if that fits.
func (f *File) tryRead() ([]byte, bool) {
	key := f.cachedKey()
	if key.IsZero() {
		return nil, false
	}
	raw, err := readFile(f.path)
	if err != nil {
		return nil, false
	}
	head, plain, err := open(key, f.name(), raw)
	if err != nil {
		return nil, false
	}
	f.remember(head, plain)
	return bytes.Clone(plain), true
}

// readLocked returns the contents, setting aside what cannot be read.
func (f *File) readLocked(ctx context.Context) ([]byte, error) {
	if f.memory {
		return f.plain, nil
	}
	raw, err := readFile(f.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		f.remember(nil, nil)
		return nil, nil
	case errors.Is(err, errTooLarge), errors.Is(err, os.ErrPermission):
		return nil, f.setAside(err)
	case err != nil: // a failing disk, too many open files: the file may be sound
		return nil, problem.Wrap(problem.DiskWrite, fmt.Errorf("reading: %w", err))
	}
	if head := headerOf(raw); head != nil {
		if plain, ok := f.known(head); ok {
			return plain, nil
		}
	}
	if key := f.cachedKey(); !key.IsZero() {
		if head, plain, err := open(key, f.name(), raw); err == nil {
			f.remember(head, plain)
			return plain, nil
		}
	}
	key, err := f.keys.Load(ctx)
	if errors.Is(err, ErrNoKey) {
		return nil, f.setAside(errors.New("its key is gone"))
	}
	if err != nil {
		return nil, err
	}
	f.setKey(key)
	head, plain, err := open(key, f.name(), raw)
	if err != nil {
		return nil, f.setAside(err)
	}
	f.remember(head, plain)
	return plain, nil
}

func (f *File) writeLocked(ctx context.Context, plain []byte) error {
	if f.memory {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.plain = bytes.Clone(plain)
		return nil
	}
	key, err := f.keyForWriting(ctx)
	if err != nil {
		return err
	}
	raw := seal(key, f.name(), plain)
	if err := writeFile(f.dir, f.path, raw); err != nil {
		return problem.Wrap(problem.DiskWrite, err)
	}
	f.remember(headerOf(raw), bytes.Clone(plain))
	return nil
}

// keyForWriting returns the folder's key. The one in memory is good only while
// a file of the folder says so: another process may have deleted the last
// file, and the key with it, and made a new one since.
func (f *File) keyForWriting(ctx context.Context) (Key, error) {
	if key := f.cachedKey(); !key.IsZero() {
		id := key.id()
		names, err := sealedFiles(f.dir)
		if err != nil {
			return Key{}, problem.Wrap(problem.DiskWrite, err)
		}
		for _, name := range names {
			if head, err := readHeader(name); err == nil && bytes.Equal(keyIDOf(head), id[:]) {
				return key, nil
			}
		}
	}
	key, err := f.keys.Load(ctx)
	if errors.Is(err, ErrNoKey) {
		key, err = f.keys.Create(ctx)
	}
	if err != nil {
		return Key{}, err
	}
	f.setKey(key)
	return key, nil
}

func (f *File) deleteLocked(ctx context.Context) error {
	f.remember(nil, nil)
	if f.memory {
		return nil
	}
	err := os.Remove(f.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return problem.Wrap(problem.DiskWrite, err)
	}
	removed := err == nil
	if err := syncDir(f.dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return problem.Wrap(problem.DiskWrite, err)
	}
	// When in doubt whether files are left, their key stays.
	if left, err := sealedFiles(f.dir); err != nil || len(left) > 0 {
		return problem.Wrap(problem.DiskWrite, err)
	}
	f.setKey(Key{})
	if err := f.keys.Delete(ctx); err != nil || !removed {
		return err
	}
	// A key that the person keeps would still open these.
	return problem.Wrap(problem.DiskWrite, errors.Join(sweep(f.dir, "*"+Extension+".corrupt-*"), sweep(f.dir, ".new-*")))
}

// setAside renames the unreadable file, keeping the three latest such.
func (f *File) setAside(cause error) error {
	f.remember(nil, nil)
	to := f.path + ".corrupt-" + time.Now().UTC().Format("20060102T150405.000000000Z")
	if err := rename(f.path, to); err != nil {
		return problem.Wrap(problem.DiskWrite, fmt.Errorf("setting aside %s: %w", filepath.Base(f.path), err))
	}
	_ = syncDir(f.dir)
	old, _ := filepath.Glob(escapeGlob(f.path) + ".corrupt-*")
	slices.Sort(old)
	for _, name := range old[:max(0, len(old)-3)] {
		_ = os.Remove(name)
	}
	return &problem.Error{
		Code:   problem.CacheUnreadable,
		Detail: "It is kept as " + filepath.Base(to) + ".",
		Cause:  fmt.Errorf("%s set aside: %w", filepath.Base(f.path), cause),
	}
}

// SetAside is for a caller to whom the contents, though unsealed, mean
// nothing: the file is renamed as one that cannot be unsealed is, and the same
// problem.CacheUnreadable returned. No file is not an error.
func (f *File) SetAside(ctx context.Context, cause error) error {
	return f.locked(ctx, func() error {
		if f.memory {
			f.remember(nil, nil)
			return problem.Wrap(problem.CacheUnreadable, cause)
		}
		if _, err := os.Stat(f.path); errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return f.setAside(cause)
	})
}
