// Package store keeps everything a Lanyard server must not forget, in SQLite
// or PostgreSQL, with one text of SQL for both.
//
// It decides what is one transaction: a change of a person, the end of their
// sessions and the events that tell of it are committed together or not at
// all. What a change means is directory's decision.
//
// There is one writer for each Store, which commits the closures that are
// waiting together, and many readers. Engines keep the writers of several
// processes apart, so a closure always sees the newest state and the numbers of
// events have no gaps. Every method may be called from several goroutines, takes
// the time from its caller, and when it returns the error of its context it has
// changed nothing.
//
// Texts are compared byte by byte, times are microseconds. The secrets of tokens
// and sessions never come here, only their hashes.
package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/lanyard-sso/lanyard/problem"
)

// Store is one handle on a database. Several handles, in one process or many,
// may be open on the same database.
type Store struct {
	read *reader
	w    *writer
	bell *bell

	rules Rules         // see Use
	ready atomic.Bool   // the index covers everything
	paths sync.Map      // pathKey to its number, for searches
	seen  seenGroups    // for guesses
	heavy chan struct{} // held by the one search that is in a long walk

	stop    context.CancelFunc // ends listening for other processes
	heard   sync.WaitGroup
	closing sync.Once
	closed  error
	close   func() error
}

// New brings the schema up to date and starts the writer. It takes over the
// pools of c, also when it fails. The error is problem.DatabaseNewer with
// ErrNewer where a newer Lanyard made the database, and problem.DatabaseDown
// where the database does not answer.
func New(ctx context.Context, c Config) (*Store, error) {
	closePools := func() error {
		if c.Read == c.Write {
			return c.Write.Close()
		}
		return errors.Join(c.Read.Close(), c.Write.Close())
	}
	if err := c.Write.PingContext(ctx); err != nil {
		return nil, errors.Join(problem.Wrap(problem.DatabaseDown, err), closePools())
	}
	w := newWriter(c.Write, c.Engine)
	if err := w.migrate(ctx, steps()); err != nil {
		w.drop()
		return nil, errors.Join(err, closePools())
	}
	listening, stop := context.WithCancel(context.Background())
	s := &Store{read: newReader(c.Read, c.Engine), w: w, bell: newBell(), stop: stop, close: closePools, heavy: make(chan struct{}, 1)}
	w.committed = s.bell.ring
	go w.run()
	if hints := c.Engine.Wake(listening); hints != nil {
		s.heard.Go(func() {
			for range hints {
				s.bell.ring()
			}
		})
	}
	return s, nil
}

// Close commits what is waiting and closes the database. Later calls of other
// methods fail with ErrClosed or an error of database/sql.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.stop()
		s.w.close()
		s.heard.Wait()
		s.closed = errors.Join(s.read.close(), s.close())
	})
	return s.closed
}

// Ping asks the database whether it can serve.
func (s *Store) Ping(ctx context.Context) error {
	if _, err := s.meta(ctx, "schema"); err != nil {
		return problem.Wrap(problem.DatabaseDown, err)
	}
	return nil
}

// Changed returns a channel that is closed when events may have been added
// after the call, here or in another process. Take it before reading events,
// then wait for it. It is a hint: changes of other processes may be missed, so
// readers poll as well.
func (s *Store) Changed() <-chan struct{} { return s.bell.wait() }

// Statements returns the texts of SQL that were prepared, so that somebody can
// ask the database how it runs them. Call it after Close. Where the engine is a
// Batcher those of the writer are not among them.
func (s *Store) Statements() []string {
	s.read.mu.RLock()
	defer s.read.mu.RUnlock()
	all := slices.Collect(maps.Keys(s.read.stmts))
	return slices.AppendSeq(all, maps.Keys(s.w.stmts))
}

func (s *Store) meta(ctx context.Context, key string) (int64, error) {
	var v int64
	err := s.read.row(ctx, `select v from meta where k = $1`, key).Scan(&v)
	if err != nil {
		return 0, fmt.Errorf("store: reading %s: %w", key, err)
	}
	return v, nil
}

// bell wakes everyone who waits.
type bell struct {
	mu   sync.Mutex
	next chan struct{}
}

func newBell() *bell { return &bell{next: make(chan struct{})} }

func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.next
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.next)
	b.next = make(chan struct{})
}
