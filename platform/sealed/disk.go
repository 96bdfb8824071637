package sealed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/lanyard-sso/lanyard/problem"
)

const (
	// lockName is the side file all processes lock. It is never deleted:
	// deleting it would let two processes each hold "the" lock.
	lockName = "sealed.lock"
	// lockPoll is how often a waiting process asks again; flock has no
	// waiting with a deadline.
	lockPoll = 5 * time.Millisecond
	// lockLimit bounds the wait of a caller whose ctx has no deadline. It is
	// longer than a keychain may take while another process holds the lock.
	lockLimit = 90 * time.Second
)

// locked runs do while this goroutine alone, in all processes, may change the
// folder. ctx bounds the wait.
func (f *File) locked(ctx context.Context, do func() error) error {
	select {
	case f.writing <- struct{}{}:
		defer func() { <-f.writing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return f.lock(ctx, lockName, do)
}

// Exclusive runs do while no other call of it does for a File of this name, in
// any process. It keeps nobody from the other methods, which do may call too.
// ctx bounds the wait. The error is of the wait; then do has not run.
func (f *File) Exclusive(ctx context.Context, do func()) error {
	select {
	case f.alone <- struct{}{}:
		defer func() { <-f.alone }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return f.lock(ctx, filepath.Base(f.path)+".lock", func() error { do(); return nil })
}

// lock runs do while this process alone holds the side file name.
func (f *File) lock(ctx context.Context, name string, do func() error) error {
	if f.memory {
		return do()
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return problem.Wrap(problem.DiskWrite, err)
	}
	wait, cancel := context.WithTimeout(ctx, lockLimit)
	defer cancel()
	// A new handle each time: flock excludes open files, not processes, so
	// this also keeps apart two Files of one process.
	lock := flock.New(filepath.Join(f.dir, name), flock.SetPermissions(0o600))
	ok, err := lock.TryLockContext(wait, lockPoll)
	defer lock.Close()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case wait.Err() != nil:
		return problem.Detailf(problem.DiskWrite, "Another Lanyard on this device is holding %s.", lockName)
	case err != nil || !ok:
		return problem.Wrap(problem.DiskWrite, fmt.Errorf("locking: %w", err))
	}
	return do()
}

func readHeader(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	head := make([]byte, headerSize)
	if _, err := io.ReadFull(file, head); err != nil {
		return nil, errIncomplete
	}
	return head, nil
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxFile {
		return nil, errTooLarge
	}
	return raw, nil
}

// WriteFile replaces the file at path, in a folder that exists, by raw: whole,
// with mode 0600, and so that it lasts. It encrypts nothing.
func WriteFile(path string, raw []byte) error { return writeFile(filepath.Dir(path), path, raw) }

// writeFile replaces path by raw so that after a crash there is either the old
// file or the new one, whole.
func writeFile(dir, path string, raw []byte) (err error) {
	tmp, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
		}
	}()
	if _, err = tmp.Write(raw); err != nil {
		return err
	}
	if err = tmp.Sync(); err != nil {
		return err
	}
	if err = tmp.Close(); err != nil {
		return err
	}
	if err = rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// sealedFiles lists the sealed files of dir. No folder has no files.
func sealedFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), Extension) && e.Type().IsRegular() {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out, nil
}

// sweep removes the files of dir whose names fit a pattern.
func sweep(dir, pattern string) error {
	names, err := filepath.Glob(filepath.Join(escapeGlob(dir), pattern))
	for _, name := range names {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// escapeGlob makes s mean itself in filepath.Glob, on systems where that can
// be said at all.
func escapeGlob(s string) string {
	if filepath.Separator == '\\' {
		return s
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}
