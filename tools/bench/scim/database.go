//go:build linux

package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // drivers, for the copies
	_ "modernc.org/sqlite"
)

// marker stands in the template where a person's number goes. Numbers are as
// long, so that indexes keep their order.
const marker = "seed########"

func numbered(n int) string { return fmt.Sprintf("seed%08d", n) }

// idOf is the id of copy n.
func idOf(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n) }

// database is one that is measured.
type database struct {
	kind    string // SQLite or PostgreSQL
	address string // as lanyardd takes it
	driver  string
	source  string // as the driver takes it
	dir     string
	admin   *sql.DB // PostgreSQL: the server
	name    string
}

func newDatabase(ctx context.Context, where, dir string) (*database, error) {
	if where == "sqlite" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		file := filepath.Join(dir, "lanyard.db")
		return &database{kind: "SQLite", address: "sqlite:" + file, driver: "sqlite", source: "file:" + file, dir: dir}, nil
	}
	u, err := url.Parse(where)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return nil, fmt.Errorf("%q is neither sqlite nor a postgres:// address", where)
	}
	admin, err := sql.Open("pgx", where)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("lanyard_bench_%d", time.Now().UnixNano())
	if _, err := admin.ExecContext(ctx, "create database "+name+" template template0 lc_collate 'C' lc_ctype 'C' encoding 'UTF8'"); err != nil {
		return nil, fmt.Errorf("making a database: %w", err)
	}
	u.Path = "/" + name
	return &database{kind: "PostgreSQL", address: u.String(), driver: "pgx", source: u.String(), admin: admin, name: name}, nil
}

// drop removes what was made.
func (d *database) drop() {
	if d.admin == nil {
		_ = os.RemoveAll(d.dir)
		return
	}
	_, _ = d.admin.Exec("drop database " + d.name + " with (force)")
	_ = d.admin.Close()
}

// bytes is how large the database is.
func (d *database) bytes(ctx context.Context) (int64, error) {
	if d.admin != nil {
		var n int64
		err := d.admin.QueryRowContext(ctx, "select pg_database_size($1)", d.name).Scan(&n)
		return n, err
	}
	var n int64
	for _, end := range []string{"", "-wal"} {
		info, err := os.Stat(filepath.Join(d.dir, "lanyard.db"+end))
		if err == nil {
			n += info.Size()
		}
	}
	return n, nil
}

// copies turns each person in templates into as many as their workspace is to
// have: rows of users and user_terms with another number, id and key.
func (d *database) copies(ctx context.Context, templates map[string]workspace) error {
	db, err := sql.Open(d.driver, d.source)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // nothing is read after
	db.SetMaxOpenConns(1)
	if d.driver == "sqlite" {
		for _, pragma := range []string{"journal_mode = wal", "synchronous = off", "cache_size = -500000", "temp_store = memory"} {
			if _, err := db.ExecContext(ctx, "pragma "+pragma); err != nil {
				return err
			}
		}
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	for id, w := range templates {
		if err := d.multiply(ctx, tx, id, w); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	// SQLite has no statistics of its tables, since lanyardd never makes any;
	// PostgreSQL would have made them by itself.
	after := []string{"pragma wal_checkpoint(truncate)"}
	if d.driver == "pgx" {
		// Without a checkpoint every page would be written to the log whole once more.
		after = []string{"select setval(pg_get_serial_sequence('users', 'pk'), (select max(pk) from users))", "vacuum analyze", "checkpoint"}
	}
	for _, q := range after {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	return nil
}

// multiply copies one person, and takes the template away.
func (d *database) multiply(ctx context.Context, tx *sql.Tx, id string, w workspace) error {
	var pk, most int64
	if err := tx.QueryRowContext(ctx, "select pk from users where id = $1", id).Scan(&pk); err != nil {
		return fmt.Errorf("the template: %w", err)
	}
	if err := tx.QueryRowContext(ctx, "select max(pk) from users").Scan(&most); err != nil {
		return err
	}
	first := max(most, 1000) + 1
	steps := fmt.Sprintf("n(i) as (select %d union all select i + 1 from n where i < %d)", w.from, w.to-1)
	number := "printf('%08d', i)"
	newID := "printf('%08x-0000-4000-8000-%012x', i, i)"
	with := "with recursive "
	override := ""
	if d.driver == "pgx" {
		steps = fmt.Sprintf("n(i) as (select generate_series(%d, %d))", w.from, w.to-1)
		number = "lpad(i::text, 8, '0')"
		newID = "lpad(to_hex(i), 8, '0') || '-0000-4000-8000-' || lpad(to_hex(i), 12, '0')"
		with = "with "
		override = " overriding system value"
	}
	key := fmt.Sprintf("%d + i", first-int64(w.from))
	swap := func(column string) string {
		return fmt.Sprintf("replace(replace(%s, '%s', 'seed' || %s), '%s', %s)", column, marker, number, id, newID)
	}
	columns, err := texts(ctx, tx, "users")
	if err != nil {
		return err
	}
	var names, values []string
	for _, c := range columns {
		names = append(names, c.name)
		switch {
		case c.name == "pk":
			values = append(values, key)
		case c.name == "id":
			values = append(values, newID)
		case c.text:
			values = append(values, swap("u."+c.name))
		default:
			values = append(values, "u."+c.name)
		}
	}
	insert := fmt.Sprintf("%s%s insert into users (%s)%s select %s from users u, n where u.pk = %d order by i",
		with, steps, strings.Join(names, ", "), override, strings.Join(values, ", "), pk)
	if _, err := tx.ExecContext(ctx, insert); err != nil {
		return fmt.Errorf("copying a person: %w", err)
	}
	ordered := fmt.Sprintf(`%s%s insert into users_changed (directory, modified, pk) select u.directory, u.modified, %s
		from users u, n where u.pk = %d order by i`, with, steps, key, pk)
	if _, err := tx.ExecContext(ctx, ordered); err != nil {
		return fmt.Errorf("copying when a person changed: %w", err)
	}
	// Term by term, so that each stretch of the index is written in order.
	terms, err := termsOf(ctx, tx, pk)
	if err != nil {
		return err
	}
	for _, t := range terms {
		q := fmt.Sprintf("%s%s insert into user_terms (path, val, pk) select t.path, %s, %s from user_terms t, n where t.pk = %d and t.path = %d and t.val = $1 order by i",
			with, steps, swap("t.val"), key, pk, t.path)
		if _, err := tx.ExecContext(ctx, q, t.val); err != nil {
			return fmt.Errorf("copying index entries: %w", err)
		}
	}
	for _, q := range []string{
		fmt.Sprintf("update directories set active = active + %d where id = (select directory from users where pk = %d)", w.to-w.from-1, pk),
		fmt.Sprintf("delete from user_terms where pk = %d", pk),
		fmt.Sprintf("delete from users_changed where pk = %d", pk),
		fmt.Sprintf("delete from users where pk = %d", pk),
	} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

type column struct {
	name string
	text bool
}

// texts are a table's columns, and which of them are text.
func texts(ctx context.Context, tx *sql.Tx, table string) ([]column, error) {
	rows, err := tx.QueryContext(ctx, "select * from "+table+" limit 0")
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // there are none
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	var out []column
	for _, t := range types {
		kind := strings.ToLower(t.DatabaseTypeName())
		out = append(out, column{t.Name(), slices.Contains([]string{"text", "varchar", "json", "jsonb", "bytea", "blob"}, kind)})
	}
	return out, rows.Err()
}

type term struct {
	path int64
	val  string
}

func termsOf(ctx context.Context, tx *sql.Tx, pk int64) ([]term, error) {
	rows, err := tx.QueryContext(ctx, "select path, val from user_terms where pk = $1 order by path, val", pk)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var out []term
	for rows.Next() {
		var t term
		if err := rows.Scan(&t.path, &t.val); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, rows.Err()
}
