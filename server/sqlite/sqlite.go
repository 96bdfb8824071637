// Package sqlite opens a Lanyard store in one SQLite file.
//
// It links the driver (modernc.org/sqlite, which needs no C compiler) and
// decides how the file is used: a write-ahead log, a sync for every commit,
// one connection that writes and about one per core that reads. Several
// processes may have the file open at once, on one machine; not over a network
// file system. What is stored is server/internal/store's business.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

const (
	// applicationID marks the file as Lanyard's in its header: "Lnyd".
	applicationID = 0x4c6e7964
	// busyTimeout is how long a connection waits for another process.
	busyTimeout = 10 * time.Second
	// firstWait and lastWait bound the pause between tries to take a new
	// file into use.
	firstWait, lastWait = 5 * time.Millisecond, 100 * time.Millisecond
)

// Open opens the database in the file path. A missing file is made (mode 0600),
// and so are missing folders (0700). The error has a problem code:
// BadDatabaseURL where the file can't be made or is not Lanyard's database,
// DatabaseDown where it can't be used, DatabaseNewer where a newer Lanyard made
// it. Close the store at the end.
func Open(ctx context.Context, path string) (*store.Store, error) {
	if err := create(path); err != nil {
		return nil, &problem.Error{Code: problem.BadDatabaseURL, Detail: "The database file can't be made or opened.", Cause: err}
	}
	// A checkpoint runs inside somebody's commit: at 8 MB it is rare and short.
	write, err := pool(path, 1, "cache_size(-32768)", "wal_autocheckpoint(2000)")
	if err != nil {
		return nil, err
	}
	if err := claim(ctx, write); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read, err := pool(path, max(2, runtime.GOMAXPROCS(0)), "cache_size(-8192)", "query_only(1)")
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	return store.New(ctx, store.Config{Engine: engine{}, Read: read, Write: write})
}

// create makes the file before SQLite would, since SQLite would let everybody
// read it. The log beside it gets the mode of the file.
func create(path string) error {
	if path == "" {
		return errors.New("sqlite: no file named")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("sqlite: making the folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("sqlite: making the file: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("sqlite: %s is no file: %w", path, fs.ErrInvalid)
	}
	return errors.Join(err, f.Close())
}

// pool returns a pool of at most size connections, which are kept.
func pool(path string, size int, pragmas ...string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, problem.Wrap(problem.BadDatabaseURL, err)
	}
	q := url.Values{"_pragma": append([]string{
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"foreign_keys(1)", "synchronous(2)", "mmap_size(0)", "temp_store(2)",
	}, pragmas...)}
	c, err := driver.NewConnector(fileURL(abs) + "?" + q.Encode())
	if err != nil {
		return nil, problem.Wrap(problem.BadDatabaseURL, fmt.Errorf("sqlite: %w", err))
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

// fileURL is a path as SQLite's URI file name (sqlite.org/uri.html), so that a
// question mark in it is not taken for the start of the options.
func fileURL(abs string) string {
	p := filepath.ToSlash(abs)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p // C:/x
	}
	return (&url.URL{Scheme: "file", Path: p}).String()
}

// claim makes sure that the file is Lanyard's, or new, and switches it to the
// write-ahead log. SQLite does not wait for other processes when it changes the
// journal, so this does, within busyTimeout.
func claim(ctx context.Context, db *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		err := claimOnce(ctx, db)
		if err == nil || !(engine{}).Transient(err) {
			return err
		}
		pause := time.NewTimer(wait)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return problem.Wrap(problem.DatabaseDown, fmt.Errorf("sqlite: another process keeps the file: %w", err))
		}
	}
}

func claimOnce(ctx context.Context, db *sql.DB) error {
	var id, tables int
	err := db.QueryRowContext(ctx, `select (select application_id from pragma_application_id),
		(select count(*) from sqlite_schema)`).Scan(&id, &tables)
	switch {
	case code(err) == lib.SQLITE_NOTADB:
		return foreign(err)
	case err != nil:
		return down(err)
	case id != applicationID && (id != 0 || tables > 0):
		return foreign(nil)
	}
	var mode string
	if err := db.QueryRowContext(ctx, `pragma journal_mode = wal`).Scan(&mode); err != nil {
		return down(err)
	}
	if !strings.EqualFold(mode, "wal") {
		return problem.Wrap(problem.DatabaseDown, fmt.Errorf("sqlite: the file system allows no write-ahead log, only %q", mode))
	}
	if id == applicationID {
		return nil
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf("pragma application_id = %d", applicationID))
	return down(err)
}

// foreign says that the file is somebody else's.
func foreign(err error) error {
	return &problem.Error{
		Code: problem.BadDatabaseURL, Detail: "The file is there, but it is not a Lanyard database.",
		Cause: errors.Join(store.ErrForeign, err),
	}
}

// down says that the database can't be used, except where it may be soon.
func down(err error) error {
	if (engine{}).Transient(err) {
		return err
	}
	return problem.Wrap(problem.DatabaseDown, err)
}
