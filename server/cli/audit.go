package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// auditCmd groups the commands about the audit log.
type auditCmd struct {
	List   auditListCmd   `cmd:"" help:"Print entries of the audit log, newest first."`
	Export auditExportCmd `cmd:"" help:"Print entries of the audit log as they are chained, one JSON object a line, oldest first."`
	Verify auditVerifyCmd `cmd:"" help:"Check that nothing in the audit log was altered, replaced or cut off."`
}

// auditFilter says which entries are meant.
type auditFilter struct {
	dbFlags
	Workspace string `name:"workspace" placeholder:"ID" help:"Only what was done in this workspace."`
	Server    bool   `name:"server" help:"Only what concerns no workspace."`
	Actor     string `name:"actor" placeholder:"WHO" help:"Only what was done by this name or id, such as ada@acme.example or \"operator (command)\"."`
	Act       string `name:"act" placeholder:"ACT" help:"Only this act, such as people.restore; with a dot at its end, all that begin so: people."`
	Target    string `name:"target" placeholder:"ID" help:"Only what was done to this person, group or thing."`
	From      string `name:"from" placeholder:"TIME" help:"Only from this time on: a day (UTC) such as 2026-11-22, or RFC 3339."`
	To        string `name:"to" placeholder:"TIME" help:"Only before this time; with a day, up to its end."`
}

// open opens the database and says what to ask it.
func (f auditFilter) open(c *command) (*server.Store, store.AuditQuery, error) {
	q := store.AuditQuery{Server: f.Server, Actor: f.Actor, Act: f.Act, Target: f.Target}
	if f.Server && f.Workspace != "" {
		return nil, q, problem.Detailf(problem.BadUsage, "Give one of --workspace and --server.")
	}
	var err error
	if q.From, err = moment("--from", f.From, false); err != nil {
		return nil, q, err
	}
	if q.To, err = moment("--to", f.To, true); err != nil {
		return nil, q, err
	}
	st, err := c.open(f.dbFlags)
	if err != nil || f.Workspace == "" {
		return st, q, err
	}
	// The entries of a workspace stay when it is gone; so a name that is not
	// there is asked for as it is.
	q.Workspace = f.Workspace
	switch ws, err := st.WorkspaceNamed(c.ctx, f.Workspace, c.opt.Now()); {
	case err == nil:
		q.Workspace = ws.ID
	case !errors.Is(err, store.ErrNotFound):
		return nil, q, errors.Join(fmt.Errorf("reading workspace %q: %w", f.Workspace, err), st.Close())
	}
	return st, q, nil
}

// moment reads a day or a time. The end of a day is the beginning of the next.
func moment(flag, text string, end bool) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		if end {
			t = t.AddDate(0, 0, 1)
		}
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, problem.Detailf(problem.BadUsage, "%s %q is no day such as 2026-11-22 and no time such as 2026-11-22T09:30:00Z.", flag, text)
	}
	return t, nil
}

type auditListCmd struct {
	auditFilter
	Limit int `name:"limit" default:"50" help:"How many at most, up to 1000."`
}

func (l auditListCmd) Run(c *command) error {
	if l.Limit < 1 || l.Limit > 1000 {
		return problem.Detailf(problem.BadUsage, "--limit %d is not between 1 and 1000.", l.Limit)
	}
	st, q, err := l.open(c)
	if err != nil {
		return err
	}
	defer st.Close()
	q.Limit = l.Limit
	all, err := st.AuditLog(c.ctx, q)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(append([]store.AuditEntry{}, all...))
	}
	if len(all) == 0 {
		c.say("Nothing like that is in the audit log.")
	}
	var rows [][]string
	for _, e := range all {
		rows = append(rows, []string{
			strconv.FormatInt(e.Seq, 10), e.At.Format("2006-01-02 15:04:05"), e.Actor, e.Act, e.Workspace, e.Target, e.Outcome,
		})
	}
	return c.table([]string{"NO", "TIME (UTC)", "WHO", "ACT", "WORKSPACE", "TARGET", "OUTCOME"}, rows)
}

type auditExportCmd struct{ auditFilter }

// Help is the longer text of lanyardd audit export --help.
func (auditExportCmd) Help() string {
	return "Each line holds one entry with its hash and that of the entry before, so that whoever has the lines can check them without Lanyard: " +
		"docs/audit.md says how. Nothing is ever taken out of the audit log, so keep exports wherever your rules ask for."
}

func (e auditExportCmd) Run(c *command) error {
	st, q, err := e.open(c)
	if err != nil {
		return err
	}
	defer st.Close()
	return st.EachAudit(c.ctx, q, func(e store.AuditEntry) error { return c.printLine(e) })
}

type auditVerifyCmd struct {
	dbFlags
	Head []string `name:"head" placeholder:"SEQ:HASH" help:"An entry that you kept the number and hash of, as an earlier verify printed it. It proves that the log was not replaced and not cut off before it. May be repeated."`
}

// Help is the longer text of lanyardd audit verify --help.
func (auditVerifyCmd) Help() string {
	return "Every entry holds the hash of the one before, so that an altered, missing or exchanged entry is found, and the first is named. " +
		"Who can write to the database could make a whole new log: keep the line that this command prints somewhere else, and give it with --head the next time."
}

// verdictDoc is what checking came to, in JSON.
type verdictDoc struct {
	OK      bool   `json:"ok"`
	Entries int64  `json:"entries"`
	Head    string `json:"head"`
	Broken  int64  `json:"broken,omitempty"`
	Why     string `json:"why,omitempty"`
}

func (v auditVerifyCmd) Run(c *command) error {
	anchors, err := anchorsOf(v.Head)
	if err != nil {
		return err
	}
	st, err := c.open(v.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	found, err := st.VerifyAudit(c.ctx, anchors...)
	if err != nil {
		return err
	}
	doc := verdictDoc{OK: found.OK(), Entries: found.Entries, Broken: found.Broken, Why: found.Why}
	if found.Entries > 0 {
		doc.Head = found.Head.String()
	}
	if c.json {
		if err := c.printJSON(doc); err != nil {
			return err
		}
	}
	switch {
	case !found.OK():
		return problem.Detailf(problem.AuditBroken, "%s Whole before it: %d.", found.Why, found.Entries)
	case found.Entries == 0:
		c.say("The audit log is empty.")
		return nil
	case c.json:
		return nil
	}
	c.say("The audit log is whole. Entries: %d. Keep this line elsewhere, and give it with --head the next time:", found.Entries)
	_, err = fmt.Fprintln(c.out, doc.Head)
	return err
}

func anchorsOf(heads []string) ([]store.AuditAnchor, error) {
	var all []store.AuditAnchor
	for _, h := range heads {
		a, ok := store.ParseAuditAnchor(strings.TrimSpace(h))
		if !ok {
			return nil, problem.Detailf(problem.BadUsage, "--head %.80q is not a number, a colon and 64 hexadecimal digits.", h)
		}
		all = append(all, a)
	}
	return all, nil
}
