// Package litetest gives tests an SQLite database with an empty schema quickly: the
// schema is made once for each process, and every test has a copy of its own.
package litetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// empty is the file of a database that was just made.
var empty = sync.OnceValues(func() (made []byte, err error) {
	dir, err := os.MkdirTemp("", "litetest")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "lanyard.db")
	st, err := sqlite.Open(context.Background(), file)
	if err != nil {
		return nil, err
	}
	if err := st.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// File makes a database in a folder of the test's own and returns its name.
func File(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lanyard.db")
	Make(t, file)
	return file
}

// Make makes a database of that name, where there is none.
func Make(t testing.TB, file string) {
	t.Helper()
	made, err := empty()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return
	}
	if err == nil {
		_, err = f.Write(made)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Open opens a database of the test's own, and closes it at the test's end.
func Open(t testing.TB) *store.Store {
	t.Helper()
	st, err := sqlite.Open(context.Background(), File(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}
