package deliver

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

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
	maxRetry    = time.Minute
	consumeRead = 100 // events of one read, after which progress is noted
)

// Run works until ctx ends, and returns nil then.
func (c Consumer) Run(ctx context.Context) error {
	c.Poll, c.Retry = or(c.Poll, defaultPoll), or(c.Retry, time.Second)
	c.MaxRetry = max(or(c.MaxRetry, maxRetry), c.Retry)
	lease{store: c.Store, name: c.Name, now: c.Now, log: c.Log, poll: c.Poll, length: or(c.Lease, defaultLease)}.run(ctx, c.work)
	return nil
}

func or(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// work consumes until ctx ends, the lease is lost or the store fails.
func (c Consumer) work(ctx context.Context, t *turn) {
	for ctx.Err() == nil {
		changed := c.Store.Changed() // before reading, so that nothing falls between
		events, err := t.read(ctx, consumeRead)
		if err != nil {
			return
		}
		done := t.last
		note := func() bool { return t.advance(ctx, done) }
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
