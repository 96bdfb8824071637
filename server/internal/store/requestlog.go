package store

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// How records wait to be written. A crash loses those of the last second; the
// changes they tell of were committed before, each in its own time.
const (
	recordEvery   = time.Second
	recordAt      = 128  // this many do not wait for the second to end
	waitingAll    = 2048 // when so many wait, more are left out
	readsEach     = 100  // records a second of reads that succeeded
	strangersEach = 5    // records a second of requests without an accepted credential
)

// RequestLog gathers records and writes many in one statement, behind the
// writes that somebody waits for. A busy server leaves out successful reads
// first: what changed or failed is what is asked for later.
type RequestLog struct {
	s *Store

	mu        sync.Mutex
	waiting   []Request
	reads     int // of this second, as strangers
	strangers int
	armed     bool // a timer will flush
	left      int
}

// RequestLog returns a log for one server on this store. It does nothing until
// the first record comes.
func (s *Store) RequestLog() *RequestLog { return &RequestLog{s: s} }

// Add takes one record. It does no I/O and may be called from several
// goroutines.
func (l *RequestLog) Add(r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.waiting)
	read := (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Status < 400
	stranger := r.Credential == ""
	if n >= waitingAll || read && l.reads >= readsEach || stranger && l.strangers >= strangersEach {
		l.left++
		return
	}
	if read {
		l.reads++
	}
	if stranger {
		l.strangers++
	}
	l.waiting = append(l.waiting, r)
	if n+1 == recordAt {
		l.pass()
	}
	if !l.armed {
		l.armed = true
		time.AfterFunc(recordEvery, l.tick)
	}
}

// tick writes what waits when a second is over.
func (l *RequestLog) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads, l.strangers = 0, 0
	l.pass()
	if l.armed = len(l.waiting) > 0; l.armed { // the writer had no room
		time.AfterFunc(recordEvery, l.tick)
	}
}

// pass hands what waits to the writer, if it has room. It is called with l.mu
// held.
func (l *RequestLog) pass() {
	all := l.waiting
	if len(all) > 0 && l.s.soon(func(ctx context.Context, t *tx) error { return t.insertRequests(ctx, all) }) {
		l.waiting = nil
	}
}

// Flush writes what waits and returns when that is done.
func (l *RequestLog) Flush(ctx context.Context) error {
	l.mu.Lock()
	all := l.waiting
	l.waiting = nil
	l.mu.Unlock()
	// Also with nothing to write: what was passed before is written by then.
	return l.s.write(ctx, func(ctx context.Context, t *tx) error { return t.insertRequests(ctx, all) })
}

// LeftOut returns how many records were left out since the last call.
func (l *RequestLog) LeftOut() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.left
	l.left = 0
	return n
}
