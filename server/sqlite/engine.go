package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// engine is the store.Engine of SQLite.
type engine struct{}

// Types: SQLite's text sorts by bytes unless told otherwise.
func (engine) Types() *strings.Replacer {
	return strings.NewReplacer(
		"{PK}", "integer primary key",
		"{BIGPK}", "integer primary key",
		"{TEXT}", "text",
		"{WITHOUT_ROWID}", "without rowid",
		"{REFUSAL}", "select 1",
		"{REFUSE}", "begin select raise(abort, 'append-only'); end",
	)
}

// Begin takes SQLite's write lock at once. A transaction that began by reading
// would fail when it came to write after somebody else had (SQLITE_BUSY_SNAPSHOT),
// and no busy timeout helps against that.
func (engine) Begin(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "begin immediate")
	return err
}

// Transient: another process has the write lock.
func (engine) Transient(err error) bool {
	c := code(err)
	return c == lib.SQLITE_BUSY || c == lib.SQLITE_LOCKED
}

// Notify: SQLite can't wake another process.
func (engine) Notify() string { return "" }

// Wake returns nil: what other processes write is found by polling.
func (engine) Wake(context.Context) <-chan struct{} { return nil }

// code is SQLite's primary result code in err, or 0.
func code(err error) int {
	var e *driver.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}
