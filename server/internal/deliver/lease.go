package deliver

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// ConsumerStore is what a consumer asks of the server's memory.
type ConsumerStore interface {
	EventStore
	TakeConsumer(ctx context.Context, name, owner string, now, until time.Time) (seq int64, ok bool, err error)
	AdvanceConsumer(ctx context.Context, name, owner string, from, seq int64) (bool, error)
	ReleaseConsumer(ctx context.Context, name, owner string) error
}

const (
	defaultLease = 30 * time.Second
	noteTime     = 5 * time.Second // to write down what is done
)

// lease lets one of several servers at a time do a consumer's work. Who goes
// silent for its length has lost it to the next.
type lease struct {
	store  ConsumerStore
	name   string
	now    func() time.Time
	log    *slog.Logger
	poll   time.Duration
	length time.Duration
}

// turn is the time in which this server has the work. Only [lease.run]'s
// goroutine uses it, but for held.
type turn struct {
	lease
	owner string
	last  int64 // what is noted as done

	noted   atomic.Int64
	renewed atomic.Pointer[time.Time] // of the machine's own clock
}

// run calls work whenever this server has the lease, until ctx ends. The
// context of work ends when the lease is lost.
func (l lease) run(ctx context.Context, work func(context.Context, *turn)) {
	owner := rand.Text()
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
		defer cancel()
		if err := l.store.ReleaseConsumer(end, l.name, owner); err != nil {
			l.log.WarnContext(ctx, "the work on events could not be handed over; another server takes it up by itself", "consumer", l.name, "error", err)
		}
	}()
	for ctx.Err() == nil {
		t := &turn{lease: l, owner: owner}
		seq, ok, err := t.take(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			l.log.ErrorContext(ctx, "events cannot be consumed", "consumer", l.name, "error", err)
		case err == nil && ok:
			t.last = seq
			t.noted.Store(seq)
			t.do(ctx, work)
		}
		wait(ctx, l.poll, nil)
	}
}

// do works, and renews the lease meanwhile.
func (t *turn) do(ctx context.Context, work func(context.Context, *turn)) {
	ctx, lose := context.WithCancel(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		t.keep(ctx, lose)
	}()
	work(ctx, t)
	lose()
	<-kept
}

func (t *turn) take(ctx context.Context) (int64, bool, error) {
	began, now := time.Now(), t.now()
	seq, ok, err := t.store.TakeConsumer(ctx, t.name, t.owner, now, now.Add(t.length))
	if err == nil && ok {
		t.renewed.Store(&began)
	}
	return seq, ok, err
}

// held reports whether nobody else can have the work yet. A server that was
// frozen for a while learns here that it was, before keep could tell it.
func (t *turn) held() bool { return time.Since(*t.renewed.Load()) <= t.length/2 }

// keep renews the lease until ctx ends, and ends the work where that fails or
// somebody has moved the consumer back: work then begins anew from there.
func (t *turn) keep(ctx context.Context, lose func()) {
	for {
		wait(ctx, t.length/4, nil)
		if ctx.Err() != nil {
			return
		}
		seq, ok, err := t.take(ctx)
		switch {
		case err == nil && ok && seq < t.noted.Load():
			lose()
			return
		case err == nil && ok:
		case err == nil, !t.held():
			t.log.WarnContext(ctx, "another server takes up the work on events", "consumer", t.name, "error", err)
			lose()
			return
		}
	}
}

// read returns the next events.
func (t *turn) read(ctx context.Context, limit int) ([]directory.Event, error) {
	events, err := t.store.Events(ctx, t.last, limit)
	if err != nil && ctx.Err() == nil {
		t.log.ErrorContext(ctx, "events cannot be read", "consumer", t.name, "error", err)
	}
	return events, err
}

// advance notes that everything up to an event is done.
func (t *turn) advance(ctx context.Context, done int64) bool {
	return done == t.last || t.note(ctx, done, func(ctx context.Context) (bool, error) {
		return t.store.AdvanceConsumer(ctx, t.name, t.owner, t.last, done)
	})
}

// note calls write to note what is done, also when ctx has just ended: what is
// done need not be done again.
func (t *turn) note(ctx context.Context, done int64, write func(context.Context) (bool, error)) bool {
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	ok, err := write(short)
	if err != nil || !ok {
		t.log.WarnContext(ctx, "events that were consumed may come again", "consumer", t.name, "upto", done, "error", err)
		return false
	}
	t.last = done
	t.noted.Store(done)
	return true
}

// wait returns after d, when ctx ends or when hint is closed.
func wait(ctx context.Context, d time.Duration, hint <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-hint:
	}
}
