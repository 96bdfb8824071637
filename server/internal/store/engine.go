package store

import (
	"context"
	"database/sql"
	"strings"
)

// Engine is all that differs between the two databases.
type Engine interface {
	// Types replaces {PK}, {BIGPK}, {TEXT} and {WITHOUT_ROWID} in the
	// migrations by what the database calls them. Text must sort by bytes.
	// {REFUSE} ends a trigger that makes a statement fail, and {REFUSAL} is a
	// statement to be run before such triggers are made.
	Types() *strings.Replacer
	// Begin begins a transaction on conn that keeps every other writer out,
	// those in other processes too, until it ends.
	Begin(ctx context.Context, conn *sql.Conn) error
	// Transient reports whether a query, or a transaction before its commit,
	// that failed with err may succeed when it is simply tried again: the
	// database was busy, or the connection had died.
	Transient(err error) bool
	// Notify is a statement that tells other processes, when it commits, that
	// there are new events; "" where there is no way.
	Notify() string
	// Wake returns a channel that receives after another process committed
	// an event and is closed some time after ctx is done, or nil where the
	// database can't tell. It is a hint: readers poll as well.
	Wake(ctx context.Context) <-chan struct{}
}

// Batcher is what an Engine can do besides where each round trip to the
// database costs more than the statement in it.
type Batcher interface {
	// Opening is what Begin does, as statements.
	Opening() []Statement
	// Batch runs statements in their order and in one round trip. It returns
	// how many rows the last changed. done is how many of them ran: where it
	// is not all, the rest did not.
	Batch(ctx context.Context, conn *sql.Conn, all []Statement) (changed int64, done int, err error)
}

// Statement is a text of SQL with its arguments.
type Statement struct {
	Text string
	Args []any
	// Row, when set, is called for each row of the result.
	Row func(Scanner) error
}

// Scanner is a row that was read.
type Scanner interface{ Scan(dest ...any) error }

// Config is what an engine hands to New.
type Config struct {
	Engine Engine
	// Read is the pool for reading. The Store closes it.
	Read *sql.DB
	// Write is the pool of which the writer takes one connection. It may be
	// the same as Read. The Store closes it.
	Write *sql.DB
}
