package deliver

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// memory is a store whose every moment a test can hold: events become
// visible, sessions end and reads fail exactly when it says so.
type memory struct {
	mu       sync.Mutex
	events   []directory.Event
	sessions map[string]directory.Session // by hash
	err      error
	changed  chan struct{}
	hint     bool
	onLook   func() // called at each look at a session
}

func newMemory() *memory {
	m := &memory{sessions: map[string]directory.Session{}, changed: make(chan struct{}), hint: true}
	for _, id := range []string{"s1", "s2"} {
		m.sessions[directory.HashToken("token-"+id)] = directory.Session{
			ID: id, User: "ada", Workspace: "acme", Hash: directory.HashToken("token-" + id), Expires: start.Add(time.Hour),
		}
	}
	return m
}

func (m *memory) add(e directory.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e.Seq, e.At = int64(len(m.events)+1), start
	m.events = append(m.events, e)
	if m.hint {
		close(m.changed)
		m.changed = make(chan struct{})
	}
}

func (m *memory) Changed() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changed
}

func (m *memory) LastEvent(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int64(len(m.events)), m.err
}

func (m *memory) Events(_ context.Context, after int64, limit int) ([]directory.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rest := m.events[after:]
	return append([]directory.Event(nil), rest[:min(len(rest), limit)]...), m.err
}

func (m *memory) Session(_ context.Context, hash string, now time.Time) (directory.Session, directory.User, directory.Workspace, error) {
	m.mu.Lock()
	look := m.onLook
	s, ok := m.sessions[hash]
	m.mu.Unlock()
	if look != nil {
		look()
	}
	if !ok || !now.Before(s.Expires) {
		return directory.Session{}, directory.User{}, directory.Workspace{}, store.ErrNotFound
	}
	return s, directory.User{ID: s.User, State: directory.Active}, directory.Workspace{ID: s.Workspace}, nil
}

func (m *memory) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

// stage is a handler on a memory behind a real listener.
type stage struct {
	*memory
	hub    *Hub
	h      *Handler
	client *api.Client
	stop   func() // ends Run and waits for it
}

func newStage(t *testing.T) *stage {
	m := newMemory()
	s := &stage{memory: m, hub: NewHub(m, 5*time.Millisecond, slog.New(slog.DiscardHandler))}
	s.h = &Handler{Store: m, Hub: s.hub, Now: func() time.Time { return start }, Ping: 20 * time.Second}
	mux := http.NewServeMux()
	s.h.Mount(mux)
	srv := httptest.NewServer(mux)
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- s.hub.Run(ctx) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ran; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(func() { s.stop(); srv.Close() })
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.client = api.NewClient(u, srv.Client())
	return s
}

// heard is one client that listens: got receives each event and is closed at
// the end, end receives how the stream ended.
type heard struct {
	got chan api.Event
	end chan error
}

func (s *stage) listen(t *testing.T, token string) *heard {
	h := &heard{got: make(chan api.Event, 1000), end: make(chan error, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	go func() {
		h.end <- s.client.Events(ctx, token, func(e api.Event) error { h.got <- e; return nil })
		close(h.got)
	}()
	return h
}

// next returns the next event, or fails after a while.
func (h *heard) next(t *testing.T, want api.EventType) api.Event {
	t.Helper()
	select {
	case e, more := <-h.got:
		if !more {
			t.Fatalf("the stream ended with %v, waiting for %s", <-h.end, want)
		}
		if e.Type != want {
			t.Fatalf("got %s, want %s", e.Type, want)
		}
		return e
	case <-time.After(10 * time.Second):
		t.Fatalf("no %s came", want)
	}
	return api.Event{}
}

func (h *heard) ended(t *testing.T) error {
	t.Helper()
	select {
	case err := <-h.end:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("the stream did not end")
	}
	return nil
}

func TestEvents_itTellsOnlyWhatConcernsTheSession(t *testing.T) {
	s := newStage(t)
	h := s.listen(t, "token-s1")
	h.next(t, api.EventReady)
	for _, e := range []directory.Event{
		{Kind: directory.UserSuspended, User: "bob"},
		{Kind: directory.UserUpdated, User: "bob"},
		{Kind: directory.SessionStarted, User: "ada", Workspace: "acme", Session: "s3"},
		{Kind: directory.SessionEnded, User: "ada", Workspace: "acme", Session: "s2"},
		{Kind: directory.SessionEnded, User: "ada", Workspace: "other"},
		{Kind: directory.UserLinked, User: "ada"},
		{Kind: directory.UserUpdated, User: "ada"},
	} {
		s.add(e)
	}
	h.next(t, api.EventPersonUpdated)
	s.add(directory.Event{Kind: directory.SessionEnded, User: "ada", Workspace: "acme", Session: "s1"})
	if e := h.next(t, api.EventSessionEnded); e.Problem == nil || e.Problem.Code != string(problem.SessionGone) {
		t.Errorf("got %+v", e.Problem)
	}
	if err := h.ended(t); err != nil {
		t.Errorf("the stream ended with %v", err)
	}
}

func TestEvents_itSaysWhyASessionEnded(t *testing.T) {
	for _, c := range []struct {
		kind directory.Kind
		want api.EventType
		code problem.Code
	}{
		{directory.UserSuspended, api.EventAccessEnded, problem.AccessEnded},
		{directory.UserArchived, api.EventAccessEnded, problem.AccessEnded},
		{directory.SessionEnded, api.EventSessionEnded, problem.SignedOutAll},
	} {
		s := newStage(t)
		one, two := s.listen(t, "token-s1"), s.listen(t, "token-s2")
		one.next(t, api.EventReady)
		two.next(t, api.EventReady)
		s.add(directory.Event{Kind: c.kind, User: "ada"})
		for _, h := range []*heard{one, two} {
			if e := h.next(t, c.want); e.Problem == nil || e.Problem.Code != string(c.code) {
				t.Errorf("%s: %+v", c.kind, e.Problem)
			}
			if err := h.ended(t); err != nil {
				t.Errorf("%s: the stream ended with %v", c.kind, err)
			}
		}
	}
}

// The moment between looking at the session and listening is where an event
// could be lost. The second look happens after subscribing: an event at that
// very moment must still arrive.
func TestEvents_itLosesNothingBetweenTheLookAndTheStream(t *testing.T) {
	s := newStage(t)
	var looks atomic.Int32
	s.set(func() {
		s.onLook = func() {
			if looks.Add(1) == 2 {
				s.add(directory.Event{Kind: directory.UserSuspended, User: "ada"})
			}
		}
	})
	h := s.listen(t, "token-s1")
	h.next(t, api.EventReady)
	h.next(t, api.EventAccessEnded)
}

// The other side of that moment: what was committed before the second look is
// seen by it, and the stream does not begin.
func TestEvents_itLooksAgainAfterSubscribing(t *testing.T) {
	s := newStage(t)
	var looks atomic.Int32
	s.set(func() {
		s.onLook = func() {
			if looks.Add(1) == 1 {
				s.set(func() { clear(s.sessions) })
			}
		}
	})
	h := s.listen(t, "token-s1")
	if code, _ := problem.Of(h.ended(t)); code != problem.SessionGone || looks.Load() != 2 {
		t.Errorf("got %s after %d looks", code, looks.Load())
	}
}

func TestEvents_itRefusesWhoHasNoSession(t *testing.T) {
	s := newStage(t)
	for _, token := range []string{"", "made up"} {
		if code, _ := problem.Of(s.listen(t, token).ended(t)); code != problem.SessionGone {
			t.Errorf("%q: %s", token, code)
		}
	}
}

func TestEvents_itWorksByPollingAlone(t *testing.T) {
	s := newStage(t)
	s.set(func() { s.hint = false })
	h := s.listen(t, "token-s1")
	h.next(t, api.EventReady)
	s.add(directory.Event{Kind: directory.UserSuspended, User: "ada"})
	h.next(t, api.EventAccessEnded)
}

func TestEvents_itGoesOnAfterTheDatabaseWasAway(t *testing.T) {
	s := newStage(t)
	h := s.listen(t, "token-s1")
	h.next(t, api.EventReady)
	s.set(func() { s.err = errors.New("away") })
	s.add(directory.Event{Kind: directory.UserUpdated, User: "ada"})
	for s.hub.Healthy() == nil {
		<-s.tick()
	}
	s.set(func() { s.err = nil })
	h.next(t, api.EventPersonUpdated)
	for s.hub.Healthy() != nil { // noted just after the event was handed out
		<-s.tick()
	}
}

// tick is one short pause between looks at something that changes by itself.
func (s *stage) tick() <-chan time.Time { return time.After(time.Millisecond) }

func TestEvents_itReadsAHugeBacklogInOrder(t *testing.T) {
	s := newStage(t)
	h := s.listen(t, "token-s1")
	h.next(t, api.EventReady)
	s.set(func() {
		for range 3 * atOnce {
			s.events = append(s.events, directory.Event{Seq: int64(len(s.events) + 1), Kind: directory.UserUpdated, User: "bob"})
		}
	})
	s.add(directory.Event{Kind: directory.UserArchived, User: "ada"})
	h.next(t, api.EventAccessEnded)
}

func TestEvents_itEndsWhenTheSessionRunsOut(t *testing.T) {
	s := newStage(t)
	s.set(func() {
		hash := directory.HashToken("token-s1")
		x := s.sessions[hash]
		x.Expires = start.Add(30 * time.Millisecond)
		s.sessions[hash] = x
	})
	h := s.listen(t, "token-s1")
	h.next(t, api.EventReady)
	if err := h.ended(t); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestEvents_itPings(t *testing.T) {
	s := newStage(t)
	s.h.Ping = time.Millisecond
	w := &brokenWriter{header: http.Header{}, after: 4}
	r := httptest.NewRequest("GET", "/v1/events", nil)
	r.Header.Set("Authorization", "Bearer token-s1")
	if err := s.h.events(w, r); err != nil {
		t.Fatal(err)
	}
	if len(w.wrote) != 5 || w.wrote[1] != ": ping\n\n" || w.wrote[4] != ": ping\n\n" {
		t.Errorf("wrote %q", w.wrote)
	}
}

// brokenWriter is a connection that fails after some writes.
type brokenWriter struct {
	header http.Header
	after  int
	wrote  []string
}

func (b *brokenWriter) Header() http.Header { return b.header }
func (b *brokenWriter) WriteHeader(int)     {}
func (b *brokenWriter) Flush()              {}
func (b *brokenWriter) Write(p []byte) (int, error) {
	b.wrote = append(b.wrote, string(p))
	if len(b.wrote) > b.after {
		return 0, errors.New("broken")
	}
	return len(p), nil
}

func TestHub_itDropsWhoDoesNotRead(t *testing.T) {
	hub := NewHub(newMemory(), time.Second, slog.New(slog.DiscardHandler))
	slow, quick := hub.subscribe("ada"), hub.subscribe("ada")
	for range perStream + 1 {
		hub.hand(directory.Event{User: "ada", Kind: directory.UserUpdated})
		<-quick.events
	}
	if !closed(slow.done) || closed(quick.done) {
		t.Errorf("slow ended %v, quick ended %v", closed(slow.done), closed(quick.done))
	}
}

func TestHub_itKeepsTheNewestStreamsOfAPerson(t *testing.T) {
	hub := NewHub(newMemory(), time.Second, slog.New(slog.DiscardHandler))
	var all []*stream
	for range perUser + 3 {
		all = append(all, hub.subscribe("ada"))
	}
	for i, s := range all {
		if closed(s.done) != (i < 3) {
			t.Errorf("stream %d: ended %v", i, closed(s.done))
		}
	}
	if hub.subscribe("bob"); len(hub.streams["ada"]) != perUser {
		t.Errorf("%d streams are kept", len(hub.streams["ada"]))
	}
	for _, s := range all {
		hub.unsubscribe(s)
		hub.unsubscribe(s)
	}
	if len(hub.streams["ada"]) != 0 || len(hub.streams) != 1 {
		t.Errorf("left over: %v", hub.streams)
	}
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestHub_itEndsStreamsWhenTheServerStops(t *testing.T) {
	s := newStage(t)
	h := s.listen(t, "token-s1")
	h.next(t, api.EventReady)
	s.stop()
	if err := h.ended(t); err != nil {
		t.Errorf("got %v", err)
	}
	if s.hub.Healthy() == nil {
		t.Error("a hub that ended is healthy")
	}
	if !closed(s.hub.subscribe("ada").done) {
		t.Error("a stream begins after the end")
	}
	if code, _ := problem.Of(s.listen(t, "token-s1").ended(t)); code != problem.Offline {
		t.Errorf("a client that comes after the end is told %q", code)
	}
}

func TestHub_itIsNotHealthyBeforeRun(t *testing.T) {
	if NewHub(newMemory(), 0, slog.New(slog.DiscardHandler)).Healthy() == nil {
		t.Error("healthy")
	}
}

func TestEvents_itAnswersHEADAtOnce(t *testing.T) {
	s := newStage(t)
	r := httptest.NewRequest("HEAD", "/v1/events", nil)
	r.Header.Set("Authorization", "Bearer token-s1")
	if err := s.h.events(httptest.NewRecorder(), r); !errors.Is(err, problem.New(problem.MethodNotAllowed)) {
		t.Errorf("got %v", err)
	}
}
