package deliver

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// WebhookStore is what webhooks ask of the server's memory.
type WebhookStore interface {
	ConsumerStore
	Webhooks(ctx context.Context, workspace string) ([]store.Webhook, error)
	Workspace(ctx context.Context, id string) (directory.Workspace, error)
	Retries(ctx context.Context, webhook string, due time.Time, limit int) ([]store.Retry, error)
	CountRetries(ctx context.Context, webhook string) (int, error)
	Blocked(ctx context.Context, webhook string, after, upto int64) (map[int64]bool, error)
	ParkEvents(ctx context.Context, w store.Webhook, owner string, from, seq int64, parked []store.Retry, dead []store.DeadLetter) (bool, error)
	SettleRetry(ctx context.Context, w store.Webhook, owner string, r store.Retry, o store.Outcome, now time.Time) (bool, error)
}

// Webhooks delivers events to every webhook there is. Each has its own place
// among the events, is served by one of several servers at a time, and gets
// every event at least once, and those about one person in their order. One
// that fails waits for nobody else, nor does anybody wait for it but the
// person's next events.
type Webhooks struct {
	Store  WebhookStore
	Sender Sender
	Log    *slog.Logger
	// Poll is how often it is looked for new and revoked webhooks, and for
	// events without a hint. Zero means one second.
	Poll time.Duration
	// Retry is the wait after an event's first failure, which doubles up to 720
	// times of it. Zero means five seconds, and an hour.
	Retry time.Duration
	// Lease is how long another server waits for one that has gone silent. It
	// should be twice the time that a request may take. Zero means thirty
	// seconds.
	Lease time.Duration
}

// Run delivers until ctx ends, and returns nil then.
func (h Webhooks) Run(ctx context.Context) error {
	h.Poll, h.Retry = or(h.Poll, defaultPoll), or(h.Retry, 5*time.Second)
	type work struct {
		stop  context.CancelFunc
		ended chan struct{}
	}
	running := map[string]work{}
	defer func() {
		for _, w := range running {
			w.stop()
		}
		for _, w := range running {
			<-w.ended
		}
	}()
	for ctx.Err() == nil {
		all, err := h.Store.Webhooks(ctx, "")
		if err != nil && ctx.Err() == nil {
			h.Log.ErrorContext(ctx, "webhooks cannot be read", "error", err)
		}
		for _, w := range all {
			have, runs := running[w.ID]
			switch {
			case w.Revoked.IsZero() && !runs:
				one, stop := context.WithCancel(ctx)
				n := work{stop, make(chan struct{})}
				running[w.ID] = n
				go func() {
					defer close(n.ended)
					h.deliver(one, w)
				}()
			case !w.Revoked.IsZero() && runs:
				have.stop()
				<-have.ended
				delete(running, w.ID)
			}
		}
		wait(ctx, h.Poll, nil)
	}
	return nil
}

// deliver serves one webhook.
func (h Webhooks) deliver(ctx context.Context, w store.Webhook) {
	l := lease{store: h.Store, name: w.Consumer(), now: h.Sender.Now, log: h.Log, poll: h.Poll, length: or(h.Lease, defaultLease)}
	l.run(ctx, func(ctx context.Context, t *turn) {
		ws, err := h.Store.Workspace(ctx, w.Workspace) // a workspace keeps its directory
		if err != nil {
			if ctx.Err() == nil {
				h.Log.ErrorContext(ctx, "a webhook's workspace cannot be read", "webhook", w.ID, "error", err)
			}
			return
		}
		q := &queue{h: h, w: w, dir: ws.Directory, t: t, failing: map[string]bool{}}
		q.work(ctx)
	})
}

// Concerns reports whether a webhook of a workspace with that directory gets an
// event.
func Concerns(w store.Webhook, dir string, e directory.Event) bool {
	if e.Directory != dir || e.Workspace != "" && e.Workspace != w.Workspace {
		return false
	}
	return len(w.Kinds) == 0 || slices.Contains(w.Kinds, string(e.Kind))
}
