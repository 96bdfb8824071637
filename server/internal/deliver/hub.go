package deliver

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// EventStore is what the hub asks of the server's memory.
type EventStore interface {
	Events(ctx context.Context, after int64, limit int) ([]directory.Event, error)
	LastEvent(ctx context.Context) (int64, error)
	Changed() <-chan struct{}
}

// Hub reads every event once and hands it to the streams of the person it is
// about. The poll of the store is the truth; the store's hint only makes it
// quick. Its methods may be called from several goroutines.
type Hub struct {
	store EventStore
	poll  time.Duration
	log   *slog.Logger

	started chan struct{}         // closed when the hub knows where it stands
	ended   chan struct{}         // closed when Run returned
	seen    atomic.Pointer[error] // of the last look at the store; nil before the first

	mu      sync.Mutex
	streams map[string][]*stream // by user, oldest first

	// Heard is called with every event, in their order. It must return at once.
	// Nil means that nobody is. It must be set before Run.
	Heard func(directory.Event)
}

const (
	atOnce      = 500 // events per read
	perUser     = 16  // streams a person may have; the oldest gives way
	perStream   = 32  // events that may wait for a slow reader
	defaultPoll = time.Second
	lookTime    = 15 * time.Second // one look at the store
)

// NewHub returns a hub that looks at the store every poll. Zero means one
// second. It does nothing before Run.
func NewHub(s EventStore, poll time.Duration, log *slog.Logger) *Hub {
	if poll <= 0 {
		poll = defaultPoll
	}
	return &Hub{
		store: s, poll: poll, log: log,
		started: make(chan struct{}), ended: make(chan struct{}),
		streams: map[string][]*stream{},
	}
}

// Run reads events until ctx ends, ends all streams and returns nil. It is
// called once. While the store fails, it goes on trying.
func (h *Hub) Run(ctx context.Context) error {
	defer h.close()
	t := time.NewTicker(h.poll)
	defer t.Stop()
	last := int64(-1)
	for {
		changed := h.store.Changed() // before reading, so that nothing falls between
		look, cancel := context.WithTimeout(ctx, lookTime)
		next, err := h.read(look, last)
		cancel()
		h.report(ctx, err)
		if err == nil && last < 0 {
			close(h.started)
		}
		last = next
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		case <-changed:
		}
	}
}

// read hands out everything after last and returns the new last. A negative
// last means that the hub begins: it takes the end of what there is.
func (h *Hub) read(ctx context.Context, last int64) (int64, error) {
	if last < 0 {
		seq, err := h.store.LastEvent(ctx)
		if err != nil {
			return last, fmt.Errorf("asking for the last event: %w", err)
		}
		return seq, nil
	}
	for {
		events, err := h.store.Events(ctx, last, atOnce)
		if err != nil {
			return last, fmt.Errorf("reading events after %d: %w", last, err)
		}
		for _, e := range events {
			h.hand(e)
			last = e.Seq
		}
		if len(events) < atOnce {
			return last, nil
		}
	}
}

// report logs when the store stops answering and when it answers again, and
// keeps the last result for Healthy.
func (h *Hub) report(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	before := h.seen.Swap(&err)
	failed := before != nil && *before != nil
	switch {
	case err != nil && !failed:
		h.log.ErrorContext(ctx, "events cannot be read", "error", err)
	case err == nil && failed:
		h.log.InfoContext(ctx, "events can be read again")
	}
}

// Healthy returns nil when the hub runs and its last look at the store went
// well.
func (h *Hub) Healthy() error {
	select {
	case <-h.ended:
		return errNotRunning
	default:
	}
	last := h.seen.Load()
	if last == nil {
		return errNotRunning
	}
	return *last
}

// hand gives an event to the streams of its person. It never waits: a stream
// that cannot take one more is ended, and its client will ask what became of
// the session.
func (h *Hub) hand(e directory.Event) {
	if h.Heard != nil {
		h.Heard(e)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.streams[e.User] {
		select {
		case s.events <- e:
		default:
			s.end()
		}
	}
}

// stream is one client's place in the hub.
type stream struct {
	user   string
	events chan directory.Event
	done   chan struct{} // closed when the stream must end
	once   sync.Once
}

func (s *stream) end() { s.once.Do(func() { close(s.done) }) }

// subscribe adds a stream for a person. Whatever is committed after it returned
// will be handed to the stream. When a person has too many, the oldest ends:
// it is the likeliest to be one whose client has silently gone.
func (h *Hub) subscribe(user string) *stream {
	s := &stream{user: user, events: make(chan directory.Event, perStream), done: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.ended:
		s.end()
		return s
	default:
	}
	list := h.streams[user]
	if len(list) >= perUser {
		list[0].end()
		list = append([]*stream(nil), list[1:]...)
	}
	h.streams[user] = append(list, s)
	return s
}

// unsubscribe removes a stream. It may have been removed already.
func (h *Hub) unsubscribe(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := h.streams[s.user]
	for i, x := range list {
		if x == s {
			list = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	if len(list) == 0 {
		delete(h.streams, s.user)
		return
	}
	h.streams[s.user] = list
}

// close ends every stream, so that an http.Server can shut down.
func (h *Hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.ended)
	for _, list := range h.streams {
		for _, s := range list {
			s.end()
		}
	}
	clear(h.streams)
}
