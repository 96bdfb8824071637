// Package postgres opens a Lanyard store in a PostgreSQL database, so that
// several servers can share it.
//
// It links the driver (pgx) and decides how the database is used: one
// connection that writes, a few that read and one that listens for the commits
// of other servers. What is stored is server/internal/store's business.
//
// The tables go where the connection's search_path says. Any encoding but UTF8
// is refused; the collation does not matter, since columns have their own.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

const (
	// readersPerCore: reading waits for the network, so more than one.
	readersPerCore = 4
	// idleAfter closes connections that have not been used.
	idleAfter = 5 * time.Minute
)

// Open opens the database at url, a PostgreSQL connection URI (PostgreSQL
// documentation, 34.1.1.2) such as postgres://lanyard@db.example.com/lanyard.
// The error has a problem code: BadDatabaseURL where url is malformed or the
// database can't hold Unicode, DatabaseDown where it does not answer,
// DatabaseNewer where a newer Lanyard made it. None of them repeats the
// password. Close the store at the end.
func Open(ctx context.Context, url string) (*store.Store, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// pgx takes passwords out of its message.
		return nil, problem.Wrap(problem.BadDatabaseURL, fmt.Errorf("postgres: %w", err))
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "lanyard"
	}
	db := stdlib.OpenDB(*config)
	size := 2 + readersPerCore*runtime.GOMAXPROCS(0)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size) // a new connection is a new process there: tens of milliseconds
	db.SetConnMaxIdleTime(idleAfter)

	var encoding string
	if err := db.QueryRowContext(ctx, `select pg_catalog.getdatabaseencoding()`).Scan(&encoding); err != nil {
		_ = db.Close()
		return nil, problem.Wrap(problem.DatabaseDown, fmt.Errorf("postgres: %w", err))
	}
	if encoding != "UTF8" {
		_ = db.Close()
		return nil, problem.Detailf(problem.BadDatabaseURL, "The database's encoding is %s; Lanyard needs UTF8.", encoding)
	}
	s, err := store.New(ctx, store.Config{Engine: &engine{config: config}, Read: db, Write: db})
	if err != nil {
		return nil, err
	}
	if err := makeRoom(ctx, db); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// makeRoom leaves room in the pages of users for rows that change: PostgreSQL
// then need not write the indexes anew (PostgreSQL documentation, 73.7). It is
// done once, and not where somebody has chosen how full pages are to be.
func makeRoom(ctx context.Context, db *sql.DB) error {
	var chosen bool
	err := db.QueryRowContext(ctx, `select coalesce(array_to_string(reloptions, ' ') like '%fillfactor=%', false)
		from pg_catalog.pg_class where oid = 'users'::pg_catalog.regclass`).Scan(&chosen)
	if err == nil && !chosen {
		_, err = db.ExecContext(ctx, `alter table users set (fillfactor = 80)`)
	}
	if err != nil {
		return problem.Wrap(problem.DatabaseDown, fmt.Errorf("postgres: making room: %w", err))
	}
	return nil
}
