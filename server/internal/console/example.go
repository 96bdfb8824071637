package console

import (
	"context"
	"io"
	"net/url"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// exampleWorkspace is the one that examples are about.
const exampleWorkspace = "acme"

// Draw draws an example as a browser would get it, to those who look at all
// pages. now is the time on it.
func (o *Console) Draw(w io.Writer, e Example, now time.Time) error {
	c := o.exampleCall(e, now)
	s := shown{err: e.Err}
	if e.Err != nil {
		s.entered = url.Values{}
	}
	return o.draw(w, o.frame(context.Background(), c, e.View, s))
}

func (o *Console) exampleCall(e Example, now time.Time) *Call {
	c := &Call{
		Me: e.Me, Now: now, Console: o.cfg.URL, Public: o.cfg.Public, routes: o.routes,
		fixed: map[string]string{},
	}
	if !c.Me.Known() && !e.Nobody {
		c.Me = Principal{ID: "a1", Name: "Ada Lovelace", Email: "ada@acme.example", ServerOwner: true, Fresh: true}
	}
	if h := e.View.Head(); !h.Server {
		c.Workspace = directory.Workspace{ID: exampleWorkspace, Name: "Acme"}
	}
	// Templates name what is in a path themselves, but for the page's own id.
	for _, r := range o.ordered {
		for _, n := range names(r.Path) {
			if n != "ws" {
				c.fixed[n] = "example"
			}
		}
	}
	return c
}

// Examples are those of all sections.
func (o *Console) Examples() []Example {
	var all []Example
	for _, s := range o.cfg.Sections {
		all = append(all, s.Examples()...)
	}
	return all
}
