package deliver

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"runtime/debug"
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

// Consumer hands every event to a function, at least once and in their order,
// however often servers end in between. Of several servers on one database one
// at a time does the work; when it goes away the next takes over within Lease.
//
// An event for which the function fails is tried again until it succeeds, and
// those after it wait: a consumer that went past one would see a person's
// second change without the first. So a function that can never succeed should
// say so somewhere and return nil.
type Consumer struct {
	Store ConsumerStore
	// Name tells consumers apart: each has its own place among the events.
	Name string
	// Do is called for one event at a time. Its context ends when the server
	// ends or has lost the work to another.
	Do  func(context.Context, directory.Event) error
	Now func() time.Time
	Log *slog.Logger
	// Poll is how often the store is looked at without a hint. Zero means one
	// second.
	Poll time.Duration
	// Lease is how long another server waits for one that has gone silent.
	// Zero means thirty seconds.
	Lease time.Duration
	// Retry is the first wait after a failure; it doubles up to MaxRetry. Zero
	// means one second, and a minute.
	Retry, MaxRetry time.Duration
}

const (
	defaultLease = 30 * time.Second
	maxRetry     = time.Minute
	consumeRead  = 100 // events of one read, after which progress is noted
)

// Run works until ctx ends, and returns nil then.
func (c Consumer) Run(ctx context.Context) error {
	c.Poll, c.Lease, c.Retry = or(c.Poll, defaultPoll), or(c.Lease, defaultLease), or(c.Retry, time.Second)
	c.MaxRetry = max(or(c.MaxRetry, maxRetry), c.Retry)
	owner := rand.Text()
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := c.Store.ReleaseConsumer(end, c.Name, owner); err != nil {
			c.Log.WarnContext(ctx, "the work on events could not be handed over; another server takes it up by itself", "consumer", c.Name, "error", err)
		}
	}()
	for ctx.Err() == nil {
		if seq, ok, err := c.take(ctx, owner); err != nil {
			if ctx.Err() == nil {
				c.Log.ErrorContext(ctx, "events cannot be consumed", "consumer", c.Name, "error", err)
			}
		} else if ok {
			c.work(ctx, owner, seq)
		}
		wait(ctx, c.Poll, nil)
	}
	return nil
}

func or(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

func (c Consumer) take(ctx context.Context, owner string) (int64, bool, error) {
	now := c.Now()
	return c.Store.TakeConsumer(ctx, c.Name, owner, now, now.Add(c.Lease))
}

// work consumes until ctx ends, the lease is lost or the store fails.
func (c Consumer) work(ctx context.Context, owner string, last int64) {
	ctx, lose := context.WithCancel(ctx)
	defer lose()
	var noted atomic.Int64
	noted.Store(last)
	go c.keep(ctx, owner, &noted, lose)
	for ctx.Err() == nil {
		changed := c.Store.Changed() // before reading, so that nothing falls between
		events, err := c.Store.Events(ctx, last, consumeRead)
		if err != nil {
			if ctx.Err() == nil {
				c.Log.ErrorContext(ctx, "events cannot be read", "consumer", c.Name, "error", err)
			}
			return
		}
		done := last
		note := func() bool {
			ok := done == last || c.note(ctx, owner, last, done)
			if ok {
				last = done
				noted.Store(done)
			}
			return ok
		}
		for _, e := range events {
			if !c.persist(ctx, e, note) {
				break
			}
			done = e.Seq
		}
		if !note() {
			return
		}
		if len(events) < consumeRead {
			wait(ctx, c.Poll, changed)
		}
	}
}

// keep renews the lease until ctx ends, and ends the work where that fails or
// somebody has moved the consumer back: work then begins anew from there.
func (c Consumer) keep(ctx context.Context, owner string, noted *atomic.Int64, lose context.CancelFunc) {
	renewed := time.Now()
	for {
		wait(ctx, c.Lease/4, nil)
		if ctx.Err() != nil {
			return
		}
		seq, ok, err := c.take(ctx, owner)
		switch {
		case err == nil && ok && seq < noted.Load():
			lose()
			return
		case err == nil && ok:
			renewed = time.Now()
		case err == nil, time.Since(renewed) > c.Lease/2:
			c.Log.WarnContext(ctx, "another server takes up the work on events", "consumer", c.Name, "error", err)
			lose()
			return
		}
	}
}

// note writes down that everything up to an event is done, also when ctx has
// just ended: what is done need not be done again.
func (c Consumer) note(ctx context.Context, owner string, from, done int64) bool {
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	ok, err := c.Store.AdvanceConsumer(short, c.Name, owner, from, done)
	if err != nil || !ok {
		c.Log.WarnContext(ctx, "events that were consumed may come again", "consumer", c.Name, "upto", done, "error", err)
	}
	return err == nil && ok
}

// persist calls Do until it succeeds. Before the first wait it notes what was
// done before, and gives up where the work has gone to another. It reports
// false then, and when ctx ended.
func (c Consumer) persist(ctx context.Context, e directory.Event, note func() bool) bool {
	pause := c.Retry
	for try := 1; ctx.Err() == nil; try++ {
		err := c.call(ctx, e)
		if err == nil {
			return true
		}
		if try == 1 && !note() {
			return false
		}
		if ctx.Err() == nil {
			c.Log.WarnContext(ctx, "an event could not be consumed; it is tried again", "consumer", c.Name, "event", e.Seq, "kind", string(e.Kind), "wait", pause, "error", err)
		}
		wait(ctx, pause, nil)
		pause = min(2*pause, c.MaxRetry)
	}
	return false
}

// call calls Do and turns a panic into an error: the events must go on.
func (c Consumer) call(ctx context.Context, e directory.Event) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return c.Do(ctx, e)
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
