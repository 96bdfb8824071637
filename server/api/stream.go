package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

// maxEvent is how many bytes one event of the stream may have.
const maxEvent = 64 << 10

var (
	errSilent = errors.New("the event stream was silent for too long")
	errLong   = errors.New("an event is too large")
)

// Events listens to what happens to the session and calls f for each event,
// in order, from the calling goroutine. EventReady comes first.
//
// It returns nil when the server ended the stream properly (after an event
// that ended the session, or because the session ran out or the server
// restarts: call again, or see what [Client.Me] says); the error of f when
// that returned one; ctx's error; problem.Offline when the stream broke or
// nothing at all, not even a ping, came for 60 seconds; and the errors of any
// call when the stream did not begin.
func (c *Client) Events(ctx context.Context, token string, f func(Event) error) error {
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(c.idle, func() { cancel(errSilent) })
	defer watchdog.Stop()

	req, err := c.request(inner, http.MethodGet, PathEvents, token, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "text/event-stream, application/problem+json")
	resp, err := c.call.Do(req)
	if err != nil {
		return unreachable(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		if resp.StatusCode < 300 {
			return badServer(&answered{status: resp.StatusCode})
		}
		return refused(ctx, resp)
	}
	if !hasType(resp.Header, "text/event-stream") {
		return badServer(fmt.Errorf("content type %.60q where an event stream was expected", resp.Header.Get("Content-Type")))
	}

	r := bufio.NewReaderSize(alive{resp.Body, func() { watchdog.Reset(c.idle) }}, 4096)
	for {
		e, err := readEvent(r)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errLong), errors.Is(err, errNotEvent):
			return badServer(err)
		case err != nil && ctx.Err() != nil:
			return fmt.Errorf("listening: %w", ctx.Err())
		case err != nil && errors.Is(context.Cause(inner), errSilent):
			return problem.Wrap(problem.Offline, errSilent)
		case err != nil:
			return problem.Wrap(problem.Offline, fmt.Errorf("listening: %w", err))
		}
		// f may take its time: only silence of the server counts.
		watchdog.Stop()
		if err := f(e); err != nil {
			return err
		}
		watchdog.Reset(c.idle)
	}
}

// alive calls heard for every piece that arrives.
type alive struct {
	io.Reader
	heard func()
}

func (a alive) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if n > 0 {
		a.heard()
	}
	return n, err
}

var errNotEvent = errors.New("an event is not the JSON of this API")

// readEvent reads up to the end of the next event that has data and that this
// API knows (WHATWG HTML, section 9.2.6, without CR alone as a line end, which
// no server of ours sends). It returns io.EOF between events only.
func readEvent(r *bufio.Reader) (Event, error) {
	var name string
	var data []byte
	size := 0
	for {
		line, err := readLine(r, maxEvent-size)
		if err != nil {
			if errors.Is(err, io.EOF) && (len(data) > 0 || name != "" || len(line) > 0) {
				err = io.ErrUnexpectedEOF
			}
			return Event{}, err
		}
		size += len(line) + 1
		if len(line) == 0 {
			if len(data) == 0 {
				name, size = "", 0
				continue
			}
			var e Event
			if json.Unmarshal(bytes.TrimSuffix(data, []byte("\n")), &e) != nil {
				return Event{}, errNotEvent
			}
			if name != "" {
				e.Type = EventType(name)
			}
			return e, nil
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "": // a comment, which is how the server pings
			size -= len(line) + 1
		case "event":
			name = string(value)
		case "data":
			data = append(append(data, value...), '\n')
		}
	}
}

// readLine reads one line without its end. It refuses one of more than most bytes.
func readLine(r *bufio.Reader, most int) ([]byte, error) {
	var line []byte
	for {
		piece, err := r.ReadSlice('\n')
		line = append(line, piece...)
		if len(line) > most+2 {
			return nil, errLong
		}
		switch {
		case err == nil:
			return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return line, err
		}
	}
}
