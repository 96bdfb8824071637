package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// reader runs queries on the pool for reading. It prepares each text once,
// which on SQLite makes a lookup by key about a third faster.
type reader struct {
	db     *sql.DB
	engine Engine
	mu     sync.RWMutex
	stmts  map[string]*sql.Stmt
	closed bool
}

// readTries is how often a query is begun that fails for a passing reason.
// After a restart of the database every idle connection is dead, and each has to
// be found out.
const readTries = 8

func newReader(db *sql.DB, e Engine) *reader {
	return &reader{db: db, engine: e, stmts: map[string]*sql.Stmt{}}
}

// again runs query until it succeeds or fails for a reason that will not pass.
func (r *reader) again(ctx context.Context, query func() error) error {
	for try := 1; ; try++ {
		err := query()
		if err == nil || try == readTries || ctx.Err() != nil || !passing(r.engine, err) {
			return err
		}
	}
}

func (r *reader) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	r.mu.RLock()
	s, closed := r.stmts[query], r.closed
	r.mu.RUnlock()
	if closed {
		return nil, ErrClosed
	}
	if s != nil {
		return s, nil
	}
	s, err := r.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if other := r.stmts[query]; other != nil || r.closed {
		return other, errors.Join(s.Close(), closedUnless(!r.closed))
	}
	r.stmts[query] = s
	return s, nil
}

func closedUnless(ok bool) error {
	if ok {
		return nil
	}
	return ErrClosed
}

// scanner is a row: *sql.Row, *sql.Rows or the error of getting there.
type scanner = Scanner

type failed struct{ err error }

func (f failed) Scan(...any) error { return f.err }

// row is the first row of a query. Its Scan returns ErrNotFound where there is
// none.
func (r *reader) row(ctx context.Context, query string, args ...any) scanner {
	var row *sql.Row
	if err := r.again(ctx, func() error {
		s, err := r.stmt(ctx, query)
		if err != nil {
			return err
		}
		row = s.QueryRowContext(ctx, args...)
		return row.Err()
	}); err != nil {
		return failed{err}
	}
	return one{row}
}

// each calls f for every row of a query. The rows are closed when it returns:
// an open cursor would keep SQLite's log from being reset.
func (r *reader) each(ctx context.Context, f func(scanner) error, query string, args ...any) error {
	var rows *sql.Rows
	err := r.again(ctx, func() error {
		s, err := r.stmt(ctx, query)
		if err != nil {
			return err
		}
		rows, err = s.QueryContext(ctx, args...)
		return err
	})
	return drain(rows, err, f)
}

// maxShapes is how many texts of searches are prepared. People can ask for
// any number of others, and those are not kept.
const maxShapes = 256

// prepared returns the statement for a search, or nil where it is not to be
// kept.
func (r *reader) prepared(ctx context.Context, q *sqlText) (*sql.Stmt, error) {
	text := q.String()
	r.mu.RLock()
	s, full, closed := r.stmts[text], len(r.stmts) >= maxShapes, r.closed
	r.mu.RUnlock()
	switch {
	case closed:
		return nil, ErrClosed
	case s != nil || full:
		return s, nil
	}
	return r.stmt(ctx, text)
}

// ask is row for the text of a search.
func (r *reader) ask(ctx context.Context, q *sqlText) scanner {
	s, err := r.prepared(ctx, q)
	switch {
	case err != nil:
		return failed{err}
	case s != nil:
		return r.row(ctx, q.String(), q.args...)
	}
	return one{r.db.QueryRowContext(ctx, q.String(), q.args...)}
}

// askEach is each for the text of a search.
func (r *reader) askEach(ctx context.Context, f func(scanner) error, q *sqlText) error {
	s, err := r.prepared(ctx, q)
	if err != nil {
		return err
	}
	if s != nil {
		return r.each(ctx, f, q.String(), q.args...)
	}
	var rows *sql.Rows
	err = r.again(ctx, func() (err error) {
		rows, err = r.db.QueryContext(ctx, q.String(), q.args...)
		return err
	})
	return drain(rows, err, f)
}

func (r *reader) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, s := range r.stmts {
		errs = append(errs, s.Close())
	}
	r.closed = true
	return errors.Join(errs...)
}

// one is a row whose absence is ErrNotFound.
type one struct{ *sql.Row }

func (o one) Scan(dest ...any) error {
	err := o.Row.Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

func drain(rows *sql.Rows, err error, f func(scanner) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
