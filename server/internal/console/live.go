package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"golang.org/x/net/html"
)

const (
	// liveEvery is how often a page that is looked at is drawn anew. It is cheap,
	// and what it waits for may come from another server.
	liveEvery = time.Second
	// liveFor is how long one stream lasts. The script begins another.
	liveFor = 5 * time.Minute
	// liveMost is how many streams one person has at once, and liveAll everybody
	// together: each draws a page each second.
	liveMost, liveAll = 20, 500
)

// streams counts those that are open, by person. It is safe for concurrent use.
type streams struct {
	mu   sync.Mutex
	of   map[string]int
	open int
}

// begin counts one more, unless there are too many.
func (s *streams) begin(who string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = map[string]int{}
	}
	if s.open >= liveAll || s.of[who] >= liveMost {
		return false
	}
	s.open++
	s.of[who]++
	return true
}

func (s *streams) end(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.of[who]--; s.of[who] == 0 {
		delete(s.of, who)
	}
}

// live keeps a page current: a stream of those of its regions that changed
// (Server-sent events, html.spec.whatwg.org). A region is an element with an id
// and data-live.
func (o *Console) live(w http.ResponseWriter, r *http.Request, c *Call, rt Route) {
	// Strangers could have pages drawn without end.
	if !c.Me.Known() || !o.streams.begin(c.Me.ID) {
		w.WriteHeader(http.StatusNoContent) // which an EventSource takes for the end (WHATWG HTML, 9.2.3)
		return
	}
	defer o.streams.end(c.Me.ID)
	flow := http.NewResponseController(w)
	if err := flow.SetWriteDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		o.fail(w, r, o.call(r), problem.Wrap(problem.Internal, err))
		return
	}
	ctx, cancel := context.WithTimeout(AsPassive(r.Context()), liveFor)
	defer cancel()
	r = r.WithContext(ctx)
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	var before map[string]string
	for {
		now, err := o.regions(r, rt)
		if err != nil { // whoever looks may not any more, say
			_, _ = fmt.Fprint(w, "event: over\ndata: {}\n\n")
			return
		}
		for id, text := range now {
			if before == nil || before[id] == text {
				continue
			}
			data, err := json.Marshal(map[string]string{"id": id, "html": text})
			if err != nil {
				panic(err) // strings
			}
			if _, err := fmt.Fprintf(w, "event: region\ndata: %s\n\n", data); err != nil {
				return
			}
		}
		if before == nil {
			// What changed between the page and this stream is in the first look.
			data, _ := json.Marshal(now)
			if _, err := fmt.Fprintf(w, "event: all\ndata: %s\n\n", data); err != nil {
				return
			}
		}
		before = now
		if err := flow.Flush(); err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// regions draws a page and returns its live regions.
func (o *Console) regions(r *http.Request, rt Route) (map[string]string, error) {
	c, err := o.admit(r, rt)
	if err != nil {
		return nil, err
	}
	out, err := rt.run(r.Context(), c, func(in any) error {
		return posted{values: r.URL.Query()}.fill(o.decoder, in, pathValues(rt, r), false)
	})
	if err != nil {
		return nil, err
	}
	v, ok := out.(View)
	if !ok {
		return nil, problem.New(problem.NotFound)
	}
	b, err := o.drawn(o.frame(r.Context(), c, v, shown{}))
	if err != nil {
		return nil, err
	}
	return regionsOf(b)
}

func regionsOf(page *bytes.Buffer) (map[string]string, error) {
	root, err := html.Parse(page)
	if err != nil {
		return nil, fmt.Errorf("console: reading a page of ours: %w", err)
	}
	all := map[string]string{}
	for n := range root.Descendants() {
		id, live := "", false
		for _, a := range n.Attr {
			switch a.Key {
			case "id":
				id = a.Val
			case "data-live":
				live = true
			}
		}
		if !live || id == "" {
			continue
		}
		var b strings.Builder
		if err := html.Render(&b, n); err != nil {
			return nil, fmt.Errorf("console: writing a part of a page: %w", err)
		}
		all[id] = b.String()
	}
	return all, nil
}
