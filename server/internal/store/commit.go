package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// tx is the transaction of a batch, as its closures see it.
type tx struct {
	w      *writer
	events []directory.Event
	counts map[tally]int
}

// tally is one of the counters of a directory.
type tally struct {
	directory string
	state     directory.State
}

// attempt runs a batch, again where it failed for a passing reason. An error is
// that of the transaction as a whole; before says that it came before the
// commit was sent, so that certainly nothing was stored. The errors of single
// closures are in their tasks.
func (w *writer) attempt(ctx context.Context, batch []*task) (before bool, err error) {
	for try := 1; ; try++ {
		before, err = w.transact(ctx, batch)
		if err == nil {
			return before, nil
		}
		w.drop()
		if !before || try == maxTries || ctx.Err() != nil || !w.passing(err) {
			return before, err
		}
	}
}

// passing reports whether err may be gone at the next try: the database says
// so, or the connection had died since it was last used.
func (w *writer) passing(err error) bool { return passing(w.engine, err) }

func passing(e Engine, err error) bool {
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || e.Transient(err)
}

// transact runs a batch once. After an error the connection must be dropped.
func (w *writer) transact(ctx context.Context, batch []*task) (before bool, err error) {
	if err := w.connect(ctx); err != nil {
		return true, err
	}
	if err := w.engine.Begin(ctx, w.conn); err != nil {
		return true, fmt.Errorf("store: beginning: %w", err)
	}
	t := &tx{w: w, counts: map[tally]int{}}
	done := 0
	for _, task := range batch {
		ok, err := t.run(ctx, task, len(batch) > 1)
		if err != nil {
			return true, err
		}
		if ok {
			done++
		}
	}
	if done == 0 {
		return true, t.command(ctx, "rollback")
	}
	if err := t.flush(ctx); err != nil {
		return true, err
	}
	if err := t.command(ctx, "commit"); err != nil {
		// It may have been stored or not, so it is not done again.
		return false, fmt.Errorf("store: committing: %w", err)
	}
	if len(t.events) > 0 {
		w.committed()
	}
	return false, nil
}

// run runs one closure and undoes it if it fails. The error is not the
// closure's but one of the transaction.
func (t *tx) run(ctx context.Context, task *task, shared bool) (ok bool, err error) {
	events, counts := len(t.events), map[tally]int{}
	for k, v := range t.counts {
		counts[k] = v
	}
	if shared {
		if err := t.command(ctx, "savepoint one"); err != nil {
			return false, err
		}
	}
	task.err = t.call(ctx, task.do)
	switch {
	case task.err == nil && shared:
		return true, t.command(ctx, "release savepoint one")
	case task.err == nil:
		return true, nil
	case t.w.passing(task.err):
		return false, task.err
	}
	t.events, t.counts = t.events[:events], counts
	if shared {
		return false, t.command(ctx, "rollback to savepoint one")
	}
	return false, nil // alone: the whole transaction is rolled back
}

// call runs do and turns a panic into an error, so that one bad closure does
// not end the writer.
func (t *tx) call(ctx context.Context, do func(context.Context, *tx) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{value: v, stack: debug.Stack()}
		}
	}()
	return do(ctx, t)
}

// emit adds events to what is committed. They are numbered last.
func (t *tx) emit(events ...directory.Event) { t.events = append(t.events, events...) }

// count changes how many people of a state a directory has.
func (t *tx) count(dir string, s directory.State, by int) { t.counts[tally{dir, s}] += by }

func (t *tx) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := t.w.stmts[query]; s != nil {
		return s, nil
	}
	s, err := t.w.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	t.w.stmts[query] = s
	return s, nil
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	s, err := t.stmt(ctx, query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (t *tx) row(ctx context.Context, query string, args ...any) scanner {
	s, err := t.stmt(ctx, query)
	if err != nil {
		return failed{err}
	}
	return one{s.QueryRowContext(ctx, args...)}
}

// command runs a statement of transaction control.
func (t *tx) command(ctx context.Context, text string) error {
	if _, err := t.exec(ctx, text); err != nil {
		return fmt.Errorf("store: %s: %w", text, err)
	}
	return nil
}

// connect takes the writer's connection, unless it has one.
func (w *writer) connect(ctx context.Context) error {
	if w.conn != nil {
		return nil
	}
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("store: connecting: %w", err)
	}
	w.conn, w.stmts = conn, map[string]*sql.Stmt{}
	return nil
}

// drop ends the writer's connection, and with it whatever transaction is open.
func (w *writer) drop() {
	if w.conn == nil {
		return
	}
	for _, s := range w.stmts {
		_ = s.Close() // the connection goes away anyway
	}
	// ErrBadConn makes the pool close the connection rather than keep it.
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = w.conn.Close()
	w.conn, w.stmts = nil, nil
}
