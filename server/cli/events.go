package cli

import (
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
)

// eventsCmd prints what happened, one JSON object a line (NDJSON), with or
// without --json.
type eventsCmd struct {
	dbFlags
	Workspace string `name:"workspace" placeholder:"ID" help:"Only events of this workspace and its directory."`
	After     int64  `name:"after" placeholder:"SEQ" help:"Only events after this number. Remember the last one you have dealt with, and nothing is missed."`
	Limit     int    `name:"limit" placeholder:"N" help:"Stop after so many. Default: at the newest, or never with --follow."`
	Follow    bool   `name:"follow" help:"Go on with those to come."`
}

const (
	eventsPage = 500
	eventsPoll = time.Second
)

func (e eventsCmd) Run(c *command) error {
	if e.After < 0 || e.Limit < 0 {
		return problem.Detailf(problem.BadUsage, "--after and --limit cannot be negative.")
	}
	st, err := c.open(e.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	keep := func(server.Event) bool { return true }
	if e.Workspace != "" {
		ws, err := c.workspace(st, e.Workspace)
		if err != nil {
			return err
		}
		keep = func(ev server.Event) bool {
			return ev.Directory == ws.Directory && (ev.Workspace == "" || ev.Workspace == ws.ID)
		}
	}
	printed := 0
	tick := time.NewTicker(eventsPoll)
	defer tick.Stop()
	for after := e.After; ; {
		changed := st.Changed() // before reading, so that nothing falls between
		all, err := server.Events(c.ctx, st, after, eventsPage)
		if err != nil {
			if c.ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("reading events: %w", err)
		}
		for _, ev := range all {
			after = ev.Seq
			if !keep(ev) {
				continue
			}
			if err := c.printLine(ev); err != nil {
				return err
			}
			if printed++; printed == e.Limit {
				return nil
			}
		}
		if len(all) == eventsPage {
			continue
		}
		if !e.Follow {
			return nil
		}
		select {
		case <-c.ctx.Done():
			return nil
		case <-changed:
		case <-tick.C:
		}
	}
}
