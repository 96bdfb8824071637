// Package deliver tells clients what happened, as soon as it did.
//
// A [Hub] reads the store's events, and GET /v1/events streams to each client
// those about its own session, as server-sent events (WHATWG HTML, section
// 9.2). What happened was decided and stored elsewhere, with the event in the
// same transaction; deliver only reads. It works alike on every replica, since
// each reads all events from the database.
//
// A stream may break at any time. It is a way to be quick, not a way to be
// sure: a session that ended is refused by every call whether or not its
// client was told.
package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// SessionStore is what the handler asks of the server's memory.
type SessionStore interface {
	Session(ctx context.Context, hash string, now time.Time) (directory.Session, directory.User, directory.Workspace, error)
}

// Handler serves GET /v1/events. All fields are required.
type Handler struct {
	Store SessionStore
	Hub   *Hub
	Now   func() time.Time
	// Ping is the pause between comments that keep a quiet connection open.
	// Each is varied by up to a fifth. The client gives up after 60 s.
	Ping time.Duration
}

const (
	// writeTime is how long one write to a client may take. Who does not
	// read for that long is dropped.
	writeTime = 10 * time.Second
	// startTime is how long a stream waits for the hub to begin.
	startTime = 5 * time.Second
)

var errNotRunning = errors.New("the server's background work (Run) is not running")

// Mount puts the handler on mux.
func (h *Handler) Mount(mux *http.ServeMux) {
	mux.Handle("GET /v1/events", api.Func(h.events))
}

// events streams until the session ends, the client goes, or the server stops.
//
// The order is what makes it reliable: first subscribe, then look at the
// session, then say ready. An end that was committed before the look is seen by
// it, one after it reaches the subscription. There is no moment in between.
func (h *Handler) events(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet { // the mux lets HEAD through, which would never end
		w.Header().Set("Allow", http.MethodGet)
		return problem.New(problem.MethodNotAllowed)
	}
	token, err := api.Bearer(r)
	if err != nil {
		return err
	}
	hash := directory.HashToken(token)
	_, u, _, err := h.session(r, hash)
	if err != nil {
		return err
	}
	if err := h.begun(r.Context()); err != nil {
		return err
	}
	sub := h.Hub.subscribe(u.ID)
	defer h.Hub.unsubscribe(sub)
	s, u, ws, err := h.session(r, hash)
	if err != nil {
		return err
	}
	trace := api.TraceOf(r.Context())
	trace.Workspace, trace.User = ws.ID, u.ID
	h.serve(newWriter(w), r, sub, s)
	return nil
}

func (h *Handler) session(r *http.Request, hash string) (directory.Session, directory.User, directory.Workspace, error) {
	s, u, ws, err := h.Store.Session(r.Context(), hash, h.Now())
	if errors.Is(err, store.ErrNotFound) {
		return s, u, ws, problem.Wrap(problem.SessionGone, err)
	}
	if err != nil {
		return s, u, ws, fmt.Errorf("looking for the session: %w", err)
	}
	return s, u, ws, nil
}

// begun waits until the hub knows where it stands: a subscription before that
// could miss something. A hub that has ended will never tell anything.
func (h *Handler) begun(ctx context.Context) error {
	t := time.NewTimer(startTime)
	defer t.Stop()
	select {
	case <-h.Hub.ended:
		return problem.Wrap(problem.Offline, errNotRunning)
	default:
	}
	select {
	case <-h.Hub.started:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for events: %w", ctx.Err())
	case <-t.C:
		return problem.Wrap(problem.Offline, errNotRunning)
	}
}

// serve writes to the client until something ends the stream. The answer has
// begun, so nothing can be reported to the client but by ending it.
func (h *Handler) serve(w *writer, r *http.Request, sub *stream, s directory.Session) {
	if w.begin() != nil || w.event(api.Event{Type: api.EventReady, At: h.Now().UTC()}) != nil {
		return
	}
	expiry := time.NewTimer(s.Expires.Sub(h.Now()))
	defer expiry.Stop()
	for {
		ping := time.NewTimer(h.Ping + time.Duration((rand.Float64()-0.5)*0.4*float64(h.Ping)))
		var err error
		var last bool
		select {
		case <-r.Context().Done():
			last = true
		case <-sub.done:
			last = true
		case <-expiry.C: // the client knows the time, and gets a new session when it wants one
			last = true
		case <-ping.C:
			err = w.ping()
		case e := <-sub.events:
			var out api.Event
			if out, last = translate(e, s); out.Type != "" {
				err = w.event(out)
			}
		}
		ping.Stop()
		if last || err != nil {
			return
		}
	}
}

// translate says what an event means to one session, if anything, and whether
// it is the last one.
func translate(e directory.Event, s directory.Session) (out api.Event, last bool) {
	if e.User != s.User || (e.Workspace != "" && e.Workspace != s.Workspace) {
		return api.Event{}, false
	}
	switch e.Kind {
	case directory.UserSuspended, directory.UserArchived:
		return ending(api.EventAccessEnded, problem.AccessEnded, e), true
	case directory.SessionEnded:
		switch e.Session {
		case "":
			return ending(api.EventSessionEnded, problem.SignedOutAll, e), true
		case s.ID:
			return ending(api.EventSessionEnded, problem.SessionGone, e), true
		}
	case directory.UserUpdated:
		return api.Event{Type: api.EventPersonUpdated, At: e.At}, false
	}
	return api.Event{}, false
}

func ending(t api.EventType, code problem.Code, e directory.Event) api.Event {
	p := api.NewProblem(problem.New(code), "")
	return api.Event{Type: t, At: e.At, Problem: &p}
}

// writer writes server-sent events and flushes each.
type writer struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

func newWriter(w http.ResponseWriter) *writer {
	return &writer{w: w, rc: http.NewResponseController(w)}
}

// begin sends the header. It also lifts the server's ReadTimeout, which would
// otherwise end the stream.
func (w *writer) begin() error {
	h := w.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would keep events back
	if err := w.rc.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	w.w.WriteHeader(http.StatusOK)
	return nil
}

func (w *writer) event(e api.Event) error {
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return w.send(fmt.Sprintf("event: %s\ndata: %s\n\n", e.Type, data))
}

func (w *writer) ping() error { return w.send(": ping\n\n") }

// send writes and flushes within writeTime. Network deadlines are moments of
// the machine's clock, not of Config.Now.
func (w *writer) send(s string) error {
	if err := w.rc.SetWriteDeadline(time.Now().Add(writeTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := w.w.Write([]byte(s)); err != nil {
		return err
	}
	return w.rc.Flush()
}
