package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
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
)

// live keeps a page current: a stream of those of its regions that changed
// (Server-sent events, html.spec.whatwg.org). A region is an element with an id
// and data-live.
func (o *Console) live(w http.ResponseWriter, r *http.Request, rt Route) {
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
	var b bytes.Buffer
	if err := o.draw(&b, o.frame(r.Context(), c, v, shown{})); err != nil {
		return nil, err
	}
	return regionsOf(&b)
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
