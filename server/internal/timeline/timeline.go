// Package timeline tells what happened to one person, in one list: what
// provisioning asked for, the events that came of it and of sign-ins, sign-ins
// that were refused, and what administrators and commands did (row D10).
//
// It decides which of the records that the store keeps say the same thing, and
// how each is called. Who may see the list is for those who show it.
package timeline

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Source is where a line comes from.
type Source string

// The sources.
const (
	// Provisioning is a request of the provisioner's.
	Provisioning Source = "provisioning"
	// Event is what followed from anything: a change of the person, a session.
	Event Source = "event"
	// SignIn is a sign-in that was refused.
	SignIn Source = "sign-in"
	// Command is what an operator did, Admin what an administrator did.
	Command Source = "command"
	Admin   Source = "admin"
)

// Operator is who does what commands do.
const Operator = "operator (command)"

// Line is one thing that happened.
type Line struct {
	At     *time.Time `json:"at"`
	Source Source     `json:"source"`
	Who    string     `json:"who"`
	What   string     `json:"what"`
	Result string     `json:"result,omitempty"`
	// RequestID joins the lines of one request.
	RequestID string `json:"request_id,omitempty"`
	// Seq is the number of an event, Audit that of an entry of the audit log.
	Seq   int64 `json:"event,omitempty"`
	Audit int64 `json:"audit,omitempty"`
	// Failed says that something was refused or went wrong.
	Failed bool `json:"failed,omitempty"`
}

// Store is what a timeline asks of the server's memory.
type Store interface {
	Requests(ctx context.Context, workspace string, q store.RequestQuery) ([]store.Request, error)
	EventsOf(ctx context.Context, dir, user string, most int) ([]directory.Event, error)
	Acts(ctx context.Context, dir, user string, most int) ([]store.Act, error)
	RefusedOf(ctx context.Context, dir, user string) ([]store.Refused, error)
	AuditLog(ctx context.Context, q store.AuditQuery) ([]store.AuditEntry, error)
}

// Of returns what happened to p as far as it concerns ws, newest first, at most
// so many lines.
func Of(ctx context.Context, st Store, ws directory.Workspace, p directory.User, most int) ([]Line, error) {
	requests, err := st.Requests(ctx, ws.ID, store.RequestQuery{ID: p.ID, Name: p.UserName, Limit: most})
	if err != nil {
		return nil, fmt.Errorf("reading the log of provisioning: %w", err)
	}
	events, err := st.EventsOf(ctx, ws.Directory, p.ID, most)
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	refused, err := st.RefusedOf(ctx, ws.Directory, p.ID)
	if err != nil {
		return nil, fmt.Errorf("reading refused sign-ins: %w", err)
	}
	acts, err := st.Acts(ctx, ws.Directory, p.ID, most)
	if err != nil {
		return nil, fmt.Errorf("reading what was done by command: %w", err)
	}
	entries, err := st.AuditLog(ctx, store.AuditQuery{Workspace: ws.ID, Target: p.ID, Limit: most})
	if err != nil {
		return nil, fmt.Errorf("reading the audit log: %w", err)
	}
	lines := []Line{}
	for _, r := range requests {
		lines = append(lines, asked(r))
	}
	for _, e := range events {
		if e.Workspace == "" || e.Workspace == ws.ID {
			lines = append(lines, happened(e))
		}
	}
	for _, r := range refused {
		if r.Workspace == ws.ID {
			lines = append(lines, kept(r))
		}
	}
	lines = append(lines, done(acts, entries, ws.ID)...)
	slices.SortStableFunc(lines, func(a, b Line) int { return b.At.Compare(*a.At) })
	return lines[:min(most, len(lines))], nil
}

func at(t time.Time) *time.Time {
	t = t.UTC()
	return &t
}

func asked(r store.Request) Line {
	what := r.Method + " " + r.Type
	if len(r.Attributes) > 0 {
		what += ": " + strings.Join(r.Attributes, ", ")
	}
	detail, who := r.Detail, r.Credential
	if detail == "" {
		detail = http.StatusText(r.Status)
	}
	if who == "" {
		who = "nobody known"
	}
	return Line{
		At: at(r.At), Source: Provisioning, Who: who, What: what, RequestID: r.Request, Failed: r.Status >= 400,
		Result: strings.TrimSpace(strconv.Itoa(r.Status) + " " + detail),
	}
}

func happened(e directory.Event) Line {
	what := string(e.Kind)
	if e.Session != "" {
		what += " (session " + e.Session + ")"
	}
	if e.Group != "" {
		what += " (group " + e.Group + ")"
	}
	who := "lanyard"
	if e.Kind == directory.SessionStarted || e.Kind == directory.UserLinked {
		who = "the person"
	}
	return Line{At: at(e.At), Source: Event, Who: who, What: what, Seq: e.Seq}
}

func kept(r store.Refused) Line {
	what := "sign-in refused (" + string(r.Method) + ")"
	if r.Device != "" {
		what += " on " + r.Device
	}
	return Line{
		At: at(r.At), Source: SignIn, Who: "the person", What: what, Failed: true,
		Result: string(r.Code) + " " + problem.Lookup(r.Code).Sentence,
	}
}

// near is how far apart a command's entry in the audit log and its act may be:
// the entry is dated when the command began.
const near = 10 * time.Second

// done are the acts, and those entries of the audit log that tell of something
// else. An act says in words what its entry says by a name.
func done(acts []store.Act, entries []store.AuditEntry, workspace string) []Line {
	var lines []Line
	told := make([]bool, len(entries))
	for _, a := range acts {
		if a.Workspace != workspace {
			continue
		}
		l := Line{At: at(a.At), Source: Command, Who: a.Who, What: a.What}
		if a.Who != Operator {
			l.Source = Admin
		}
		if i := entryOf(a, entries, told); i >= 0 {
			told[i], l.Audit, l.RequestID = true, entries[i].Seq, entries[i].Correlation
		}
		lines = append(lines, l)
	}
	for i, e := range entries {
		if told[i] {
			continue
		}
		l := Line{At: at(e.At), Source: Admin, Who: e.Actor, What: e.Act, RequestID: e.Correlation, Audit: e.Seq}
		if e.Actor == Operator {
			l.Source = Command
		}
		if l.Failed = e.Outcome != store.AuditDone; l.Failed {
			l.Result = e.Outcome
		}
		lines = append(lines, l)
	}
	return lines
}

// entryOf finds the entry that tells of an act, or -1.
func entryOf(a store.Act, entries []store.AuditEntry, told []bool) int {
	best, least := -1, near
	for i, e := range entries {
		apart := a.At.Sub(e.At).Abs()
		if told[i] || e.Actor != a.Who || e.Outcome != store.AuditDone || apart > least || apart > 0 && a.Who != Operator {
			continue
		}
		best, least = i, apart
	}
	return best
}
