package cli

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// userLogCmd shows what happened to one person, from whatever source (row D10).
type userLogCmd struct {
	personFlags
	Limit int `name:"limit" default:"50" help:"How many at most, up to 1000. The newest come first."`
}

// lineDoc is one line of a person's log.
type lineDoc struct {
	At *time.Time `json:"at"`
	// Source is provisioning, event or command.
	Source string `json:"source"`
	Who    string `json:"who"`
	What   string `json:"what"`
	Result string `json:"result,omitempty"`
	// RequestID joins the lines of one request.
	RequestID string `json:"request_id,omitempty"`
	Seq       int64  `json:"event,omitempty"`
}

func (l userLogCmd) Run(c *command) error {
	if l.Limit < 1 || l.Limit > 1000 {
		return problem.Detailf(problem.BadUsage, "--limit %d is not between 1 and 1000.", l.Limit)
	}
	st, ws, p, err := l.find(c)
	if err != nil {
		return err
	}
	defer st.Close()
	lines, err := c.timeline(st, ws, p, l.Limit)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(lines)
	}
	if len(lines) == 0 {
		c.say("Nothing is on record about %s.", p.UserName)
	}
	var rows [][]string
	for _, e := range lines {
		rows = append(rows, []string{e.At.Format("2006-01-02 15:04:05"), e.Source, e.Who, e.What, e.Result})
	}
	return c.table([]string{"TIME (UTC)", "SOURCE", "WHO", "WHAT", "RESULT"}, rows)
}

// timeline puts together what provisioning asked for, the events that came of it
// and of sign-ins, and what was done by command, newest first.
func (c *command) timeline(st *server.Store, ws directory.Workspace, p directory.User, most int) ([]lineDoc, error) {
	requests, err := st.Requests(c.ctx, ws.ID, store.RequestQuery{ID: p.ID, Name: p.UserName, Limit: most})
	if err != nil {
		return nil, fmt.Errorf("reading the log of provisioning: %w", err)
	}
	events, err := st.EventsOf(c.ctx, ws.Directory, p.ID, most)
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	acts, err := st.Acts(c.ctx, ws.Directory, p.ID, most)
	if err != nil {
		return nil, fmt.Errorf("reading what was done by command: %w", err)
	}
	lines := []lineDoc{}
	for _, r := range requests {
		what := r.Method + " " + r.Type
		if len(r.Attributes) > 0 {
			what += ": " + strings.Join(r.Attributes, ", ")
		}
		result := strings.TrimSpace(strconv.Itoa(r.Status) + " " + firstOf(r.Detail, http.StatusText(r.Status)))
		lines = append(lines, lineDoc{At: stamp(r.At), Source: "provisioning", Who: firstOf(r.Credential, "nobody known"), What: what, Result: result, RequestID: r.Request})
	}
	for _, e := range events {
		if e.Workspace != "" && e.Workspace != ws.ID {
			continue
		}
		what := string(e.Kind)
		for name, id := range map[string]string{"session": e.Session, "group": e.Group} {
			if id != "" {
				what += " (" + name + " " + id + ")"
			}
		}
		lines = append(lines, lineDoc{At: stamp(e.At), Source: "event", Who: whose(e), What: what, Seq: e.Seq})
	}
	for _, a := range acts {
		if a.Workspace == ws.ID {
			lines = append(lines, lineDoc{At: stamp(a.At), Source: "command", Who: a.Who, What: a.What})
		}
	}
	slices.SortStableFunc(lines, func(a, b lineDoc) int { return b.At.Compare(*a.At) })
	return lines[:min(most, len(lines))], nil
}

// whose says whose doing an event is, as far as it tells.
func whose(e directory.Event) string {
	switch e.Kind {
	case directory.SessionStarted, directory.UserLinked:
		return "the person"
	}
	return "lanyard"
}
