package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxBatch is how many closures share one commit, and so one sync.
	maxBatch = 64
	// maxTries is how often a batch is begun that fails for a passing reason.
	maxTries = 3
	// patience bounds one batch, so that a database that hangs becomes an
	// error for those who wait.
	patience = 30 * time.Second
)

// writer is the one goroutine of a Store that writes. It takes the closures
// that wait, runs them in one transaction, commits, and then answers them all.
// What a closure does that fails is undone.
type writer struct {
	db        *sql.DB
	engine    Engine
	committed func() // called after a commit that wrote events

	mu     sync.RWMutex // guards closed and sending to queue
	closed bool
	queue  chan *task
	ended  chan struct{}

	conn  *sql.Conn // nil when there is none
	stmts map[string]*sql.Stmt
	paths map[pathKey]int64 // numbers of paths, committed
}

// task is one closure. Whoever takes it out of waiting decides: the writer by
// running it, or the caller by withdrawing it.
type task struct {
	firsts []*first
	do     func(context.Context, *tx) error
	state  atomic.Int32
	done   chan struct{}
	err    error
}

const (
	waiting int32 = iota
	running
	withdrawn
)

// panicked carries a panic of a closure back to the goroutine that asked.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

func newWriter(db *sql.DB, e Engine) *writer {
	return &writer{
		db: db, engine: e, committed: func() {},
		queue: make(chan *task, 4*maxBatch), ended: make(chan struct{}),
		paths: map[pathKey]int64{},
	}
}

// write runs do in a transaction. An error of do undoes what do did, and
// nothing else. do may run more than once, must not use the Store, and must
// return soon, for everybody waits for it.
func (s *Store) write(ctx context.Context, do func(context.Context, *tx) error) error {
	return s.writeFirst(ctx, do)
}

// writeFirst is write for a do that begins by asking firsts. It takes along the
// entry of the audit log that ctx carries, if any.
func (s *Store) writeFirst(ctx context.Context, do func(context.Context, *tx) error, firsts ...*first) error {
	if a := audited(ctx); a != nil && !a.Written() {
		do = auditing(do, a)
	}
	return s.perform(ctx, do, firsts...)
}

// perform is writeFirst for what is no part of an act.
func (s *Store) perform(ctx context.Context, do func(context.Context, *tx) error, firsts ...*first) error {
	if trying(ctx) {
		do = tried(do)
	}
	t := &task{firsts: firsts, do: do, done: make(chan struct{})}
	if err := s.w.send(ctx, t); err != nil {
		return err
	}
	select {
	case <-t.done:
	case <-ctx.Done():
		if t.state.CompareAndSwap(waiting, withdrawn) {
			return ctx.Err()
		}
		<-t.done // it runs: soon the answer is known
	}
	var p *panicked
	if errors.As(t.err, &p) {
		panic(p)
	}
	if errors.Is(t.err, errTried) {
		return nil
	}
	return t.err
}

// soon queues a closure whose result nobody waits for. It reports whether there
// was room.
func (s *Store) soon(do func(context.Context, *tx) error) bool {
	s.w.mu.RLock()
	defer s.w.mu.RUnlock()
	if s.w.closed {
		return false
	}
	select {
	case s.w.queue <- &task{do: do, done: make(chan struct{})}:
		return true
	default:
		return false
	}
}

func (w *writer) send(ctx context.Context, t *task) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return ErrClosed
	}
	select {
	case w.queue <- t:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) close() {
	w.mu.Lock()
	w.closed = true
	close(w.queue)
	w.mu.Unlock()
	<-w.ended
}

func (w *writer) run() {
	defer close(w.ended)
	defer w.drop()
	batch := make([]*task, 0, maxBatch)
	for t := range w.queue {
		runtime.Gosched() // lets those who are about to ask share this commit
		batch = w.gather(append(batch[:0], t))
		w.commit(batch)
	}
}

// gather adds what waits, up to maxBatch.
func (w *writer) gather(batch []*task) []*task {
	for len(batch) < maxBatch {
		select {
		case t, ok := <-w.queue:
			if !ok {
				return batch
			}
			batch = append(batch, t)
		default:
			return batch
		}
	}
	return batch
}

// commit runs a batch and answers its tasks.
func (w *writer) commit(batch []*task) {
	live := batch[:0]
	for _, t := range batch {
		if t.state.CompareAndSwap(waiting, running) {
			live = append(live, t)
		} else {
			close(t.done)
		}
	}
	if len(live) == 0 {
		return
	}
	before, err := w.patiently(live)
	if err != nil && before && len(live) > 1 {
		// Nothing was committed, and one of them may be to blame: the others
		// must not suffer for it.
		err = nil
		for _, t := range live {
			if _, alone := w.patiently([]*task{t}); alone != nil {
				t.err = alone
			}
		}
	}
	for _, t := range live {
		if err != nil {
			t.err = err
		}
		close(t.done)
	}
}

// patiently attempts a batch within patience. The contexts of the callers play
// no part: one who leaves must not undo the work of the others.
func (w *writer) patiently(batch []*task) (before bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return w.attempt(ctx, batch)
}
