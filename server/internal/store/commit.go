package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// tx is the transaction of a batch, as its closures see it.
type tx struct {
	w      *writer
	events []directory.Event
	counts map[tally]int
	terms  map[termTable]*termWork
	paths  map[pathKey]int64 // numbered in this transaction

	saved  map[int64]bool        // the keys of people who were changed
	groups map[string]*openGroup // read or changed in this transaction, by id
	moved  map[string]bool       // directories whose groups were changed in another way than by a guess
	audits []appended            // to the audit log

	queue  []Statement // what a Batcher has yet to send
	failed bool        // what was sent last ended before its last statement

	careful bool // every closure has a savepoint
	dirty   bool // the closure that runs changed something
	broken  bool // a statement of it failed
}

// tally is one of the counters of a directory.
type tally struct {
	directory string
	state     directory.State // of people
	kind      string          // of other resources
}

// errGuess: what a closure began with, before it could know, was wrong.
var errGuess = errors.New("store: a wrong guess")

// errUndo: a closure failed after it had changed something, in a transaction
// without savepoints.
var errUndo = errors.New("store: a closure must be undone")

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
//
// Savepoints cost two statements for each closure, and few closures fail after
// they have changed something. So the first try goes without, and where one
// does, all is done again with them.
func (w *writer) transact(ctx context.Context, batch []*task) (before bool, err error) {
	before, err = w.once(ctx, batch, false)
	if errors.Is(err, errUndo) {
		return w.once(ctx, batch, true)
	}
	return before, err
}

func (w *writer) once(ctx context.Context, batch []*task, careful bool) (before bool, err error) {
	if err := w.connect(ctx); err != nil {
		return true, err
	}
	t := &tx{
		w: w, careful: careful,
		counts: map[tally]int{}, terms: map[termTable]*termWork{}, paths: map[pathKey]int64{}, groups: map[string]*openGroup{}, saved: map[int64]bool{},
		moved: map[string]bool{},
	}
	if err := t.begin(ctx, batch); err != nil {
		return true, fmt.Errorf("store: beginning: %w", err)
	}
	done := 0
	for _, task := range batch {
		ok, err := t.run(ctx, task)
		if errors.Is(err, errUndo) && (len(batch) > 1 || errors.Is(task.err, errGuess)) {
			return true, errors.Join(err, t.undo(ctx, "rollback"))
		}
		if err != nil && !errors.Is(err, errUndo) {
			return true, err
		}
		if ok {
			done++
		}
	}
	if done == 0 {
		return true, t.undo(ctx, "rollback")
	}
	if err := t.flush(ctx); err != nil {
		return true, err
	}
	if err := t.command(ctx, "commit"); err != nil {
		// It may have been stored or not, so it is not done again. Unless it
		// was not run, for one that was sent with it failed.
		if !t.failed {
			t.settleAudits(false)
		}
		return t.failed, fmt.Errorf("store: committing: %w", err)
	}
	t.settleAudits(true)
	maps.Copy(w.paths, t.paths)
	if len(t.events) > 0 {
		w.committed()
	}
	return false, nil
}

// first is a statement with which a closure begins, where that does not depend
// on anything. With a Batcher those of a whole batch are sent together; so they
// may run before what closures before theirs do, and after them in no case.
type first struct {
	text string
	args []any
	dest []any // where its row is read into
	// once, when set, names what is read: of several that read the same only
	// the first is sent.
	once string

	ran   bool // for this attempt, and was not taken yet
	found bool
}

// wrote reports whether it changed something.
func (f *first) wrote() bool { return f.ran && f.found && !reads(f.text) }

// begin begins the transaction.
func (t *tx) begin(ctx context.Context, batch []*task) error {
	for _, task := range batch {
		for _, f := range task.firsts {
			f.ran, f.found = false, false
		}
	}
	b, is := t.w.engine.(Batcher)
	if !is {
		return t.w.engine.Begin(ctx, t.w.conn)
	}
	all := b.Opening()
	sent := t.firsts(batch)
	for _, f := range sent {
		all = append(all, Statement{Text: f.text, Args: f.args, Row: func(row Scanner) error {
			f.found = true
			return row.Scan(f.dest...)
		}})
	}
	_, _, err := b.Batch(ctx, t.w.conn, all)
	for _, f := range sent {
		f.ran = err == nil
	}
	return err
}

// firsts are the statements that are sent with the beginning of a transaction.
func (t *tx) firsts(batch []*task) []*first {
	if t.careful {
		return nil
	}
	var all []*first
	named := map[string]bool{}
	for _, task := range batch {
		for _, f := range task.firsts {
			if f.once != "" && named[f.once] {
				continue
			}
			named[f.once] = true
			all = append(all, f)
		}
	}
	return all
}

// ask returns when the first statement of a closure was run: before it, or now.
// again says that what it found may be old. No row is ErrNotFound.
func (t *tx) ask(ctx context.Context, f *first, again bool) error {
	if ran := f.ran; ran && !again {
		f.ran = false
		if !f.found {
			return ErrNotFound
		}
		return nil
	}
	f.ran = false
	return t.row(ctx, f.text, f.args...).Scan(f.dest...)
}

// mark is what a closure found when it began.
type mark struct {
	events int
	counts map[tally]int
	terms  map[termTable][2]int
	audits int
}

func (t *tx) mark() mark {
	m := mark{events: len(t.events), audits: len(t.audits), counts: maps.Clone(t.counts), terms: map[termTable][2]int{}}
	for table, work := range t.terms {
		m.terms[table] = [2]int{len(work.add), len(work.drop)}
	}
	return m
}

// back forgets what was noted since the mark.
func (t *tx) back(m mark) {
	t.events, t.counts, t.audits = t.events[:m.events], m.counts, t.audits[:m.audits]
	for table, work := range t.terms {
		n := m.terms[table]
		work.add, work.drop = work.add[:min(n[0], len(work.add))], work.drop[:min(n[1], len(work.drop))]
	}
}

// run runs one closure and undoes it if it fails. The error is not the
// closure's but one of the transaction; errUndo where it can't be undone alone.
func (t *tx) run(ctx context.Context, task *task) (ok bool, err error) {
	m := t.mark()
	if t.careful {
		if err := t.command(ctx, "savepoint one"); err != nil {
			return false, err
		}
	}
	t.dirty, t.broken = slices.ContainsFunc(task.firsts, (*first).wrote), false
	task.err = t.call(ctx, task.do)
	if task.err == nil && t.careful {
		// A later closure may be undone, and this one not.
		task.err = t.settle(ctx)
		if task.err == nil {
			task.err = t.command(ctx, "release savepoint one")
		}
	}
	switch {
	case task.err == nil:
		return true, nil
	case t.w.passing(task.err):
		return false, task.err
	}
	dirty := t.dirty || t.broken
	t.back(m)
	switch {
	case t.careful:
		clear(t.paths) // some may have been undone
		clear(t.groups)
		return false, t.undo(ctx, "rollback to savepoint one")
	case dirty:
		return false, errUndo
	}
	return false, nil
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
func (t *tx) count(dir string, s directory.State, by int) {
	t.counts[tally{directory: dir, state: s}] += by
}

func (t *tx) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := t.w.stmts[query]; s != nil {
		return s, nil
	}
	s, err := t.w.conn.PrepareContext(ctx, query)
	if err != nil {
		t.broken = true
		return nil, err
	}
	t.w.stmts[query] = s
	return s, nil
}

// later runs a statement whose result is not asked for: with a Batcher not
// before the next that is. So it must be one that can only fail for reasons of
// the database.
func (t *tx) later(ctx context.Context, query string, args ...any) error {
	if _, is := t.w.engine.(Batcher); is {
		t.dirty = true
		t.queue = append(t.queue, Statement{Text: query, Args: args})
		return nil
	}
	_, err := t.exec(ctx, query, args...)
	return err
}

// batch sends what waits, and a statement.
func (t *tx) batch(ctx context.Context, b Batcher, row func(Scanner) error, query string, args []any) (int64, error) {
	all := append(t.queue, Statement{Text: query, Args: args, Row: row})
	n, done, err := b.Batch(ctx, t.w.conn, all)
	t.queue = all[:0]
	t.failed = err != nil && done < len(all)-1
	return n, err
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(ctx context.Context, query string, args ...any) (n int64, err error) {
	if b, is := t.w.engine.(Batcher); is {
		n, err = t.batch(ctx, b, nil, query, args)
	} else {
		var s *sql.Stmt
		if s, err = t.stmt(ctx, query); err != nil {
			return 0, err
		}
		var r sql.Result
		if r, err = s.ExecContext(ctx, args...); err == nil {
			n, err = r.RowsAffected()
		}
	}
	t.dirty, t.broken = t.dirty || n > 0, t.broken || err != nil
	return n, err
}

// row is the first row of a query, which may also be a statement that changes
// something and returns it. It must be scanned.
func (t *tx) row(ctx context.Context, query string, args ...any) scanner {
	if b, is := t.w.engine.(Batcher); is {
		return watched{t: t, row: &sent{t: t, b: b, ctx: ctx, query: query, args: args}, writes: !reads(query)}
	}
	s, err := t.stmt(ctx, query)
	if err != nil {
		return failed{err}
	}
	return watched{t: t, row: one{s.QueryRowContext(ctx, args...)}, writes: !reads(query)}
}

// sent is a row that is asked for when it is scanned.
type sent struct {
	t     *tx
	b     Batcher
	ctx   context.Context
	query string
	args  []any
}

func (r *sent) Scan(dest ...any) error {
	found := false
	_, err := r.t.batch(r.ctx, r.b, func(row Scanner) error {
		if found {
			return nil
		}
		found = true
		return row.Scan(dest...)
	}, r.query, r.args)
	if err == nil && !found {
		return ErrNotFound
	}
	return err
}

// each calls f for every row of a query.
func (t *tx) each(ctx context.Context, f func(scanner) error, query string, args ...any) (err error) {
	t.dirty = t.dirty || !reads(query)
	if b, is := t.w.engine.(Batcher); is {
		_, err = t.batch(ctx, b, f, query, args)
	} else {
		var s *sql.Stmt
		if s, err = t.stmt(ctx, query); err != nil {
			return err
		}
		rows, qerr := s.QueryContext(ctx, args...)
		err = drain(rows, qerr, f)
	}
	t.broken = t.broken || err != nil
	return err
}

func reads(query string) bool { return strings.HasPrefix(query, "select") }

// watched notes what became of a query.
type watched struct {
	t      *tx
	row    scanner
	writes bool
}

func (w watched) Scan(dest ...any) error {
	err := w.row.Scan(dest...)
	switch {
	case err == nil:
		w.t.dirty = w.t.dirty || w.writes
	case !errors.Is(err, ErrNotFound):
		w.t.broken = true
	}
	return err
}

// undo runs a rollback, without what waits to be sent before it.
func (t *tx) undo(ctx context.Context, text string) error {
	t.queue = t.queue[:0]
	return t.command(ctx, text)
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
	w.conn = nil
}
