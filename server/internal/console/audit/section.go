// Package audit shows the audit log in the console: what administrators and
// commands changed, filtered and page by page; each entry with its place in the
// chain; the whole of it to save; and whether it is as it was written.
//
// It decides what is shown to whom: a workspace's administrators see what was
// done in their workspace, the server's owner everything. The entries are written
// by the console's framework and by commands, and the chain is kept and checked by
// store. Nothing is ever deleted from it: how long entries must be kept at least,
// and when they may go, is for those who keep the database.
package audit

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

//go:embed templates
var templates embed.FS

// Config is what the section needs. Fields without a comment are required.
type Config struct {
	Store *store.Store
}

// Section is the audit log's part of the console.
type Section struct{ cfg Config }

// New makes the section. It does no I/O.
func New(c Config) *Section { return &Section{c} }

// Routes are its pages and acts.
func (s *Section) Routes() []console.Route {
	looks, owns := console.Access{Role: console.Viewer}, console.Access{Role: console.ServerOwner}
	const one, all = "/workspaces/{ws}/audit", "/audit"
	return []console.Route{
		console.Page("audit.list", one, looks, s.list),
		console.Page("audit.show", one+"/{seq}", looks, s.show),
		console.Download("audit.export", one+"/export/ndjson", console.Access{Role: console.Admin}, s.export),
		console.Page("audit.server", all, owns, s.list),
		console.Page("audit.entry", all+"/{seq}", owns, s.show),
		console.Download("audit.exportall", all+"/export/ndjson", owns, s.export),
		console.Page("audit.verify", all+"/check/chain", owns, s.verify),
	}
}

// Templates are the section's.
func (s *Section) Templates() fs.FS {
	files, err := fs.Sub(templates, "templates")
	if err != nil {
		panic(err) // embedded
	}
	return files
}

const (
	// perPage is how many entries a page lists.
	perPage = 50
	// maxExport is how many entries one download has. What follows is downloaded
	// by the number of its last.
	maxExport = 20_000
	// maxText is how long a filter may be, in bytes.
	maxText = 256
)

// filter is what entries are looked for by.
type filter struct {
	Actor  string `json:"actor"`
	Act    string `json:"act"`
	Target string `json:"target"`
	// From and To are days, both of them included.
	From string `json:"from"`
	To   string `json:"to"`
	// Server narrows to what concerns no workspace.
	Server bool `json:"server"`
}

// query is the filter for the store, in the workspace of the call, if any.
func (f filter) query(c *console.Call) (store.AuditQuery, error) {
	q := store.AuditQuery{
		Workspace: c.Workspace.ID, Server: f.Server && c.Workspace.ID == "",
		Actor: strings.TrimSpace(f.Actor), Act: strings.TrimSpace(f.Act), Target: strings.TrimSpace(f.Target),
	}
	var faults console.Faults
	for name, text := range map[string]string{"actor": f.Actor, "act": f.Act, "target": f.Target} {
		if len(text) > maxText {
			faults = append(faults, console.Bad(name, "It is longer than %d characters.", maxText))
		}
	}
	var err error
	if q.From, err = day("from", f.From); err != nil {
		faults = append(faults, console.Fault{Field: "from", Err: err})
	}
	if q.To, err = day("to", f.To); err != nil {
		faults = append(faults, console.Fault{Field: "to", Err: err})
	}
	if !q.To.IsZero() {
		q.To = q.To.AddDate(0, 0, 1)
	}
	return q, faults.Or()
}

func day(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, problem.Detailf(problem.AuditQuery, "The field %s has %.40q, which is no day.", field, text)
	}
	return t, nil
}

// pairs are the filter for an address; what is empty is left out.
func (f filter) pairs() (all []string) {
	for _, p := range [][2]string{{"actor", f.Actor}, {"act", f.Act}, {"target", f.Target}, {"from", f.From}, {"to", f.To}} {
		if p[1] != "" {
			all = append(all, p[0], p[1])
		}
	}
	if f.Server {
		all = append(all, "server", "true")
	}
	return all
}

// Set says whether anything is looked for.
func (f filter) Set() bool { return f != filter{} }

type listInput struct {
	Actor  string `json:"actor"`
	Act    string `json:"act"`
	Target string `json:"target"`
	From   string `json:"from"`
	To     string `json:"to"`
	Server bool   `json:"server"`
	Before int64  `json:"before"`
}

func (in listInput) filter() filter {
	return filter{in.Actor, in.Act, in.Target, in.From, in.To, in.Server}
}

// listPage is a page of entries.
type listPage struct {
	Filter  filter  `json:"filter"`
	Entries []entry `json:"entries"`
	// Next goes on, as before.
	Next int64 `json:"next,omitempty"`
	// Whole says that the log is that of the server, with all workspaces.
	Whole  bool          `json:"whole"`
	Pager  console.Pager `json:"-"`
	First  string        `json:"-"`
	Export string        `json:"-"`
}

// entry is one of the log.
type entry struct {
	store.AuditEntry
	// To leads to its page.
	To string `json:"-"`
}

// Done says whether the act was done, and not refused.
func (e entry) Done() bool { return e.Outcome == store.AuditDone }

// Head is that of a page.
func (p listPage) Head() console.Head {
	h := console.Head{Title: "Audit log", Template: "audit/list.html", Nav: "audit"}
	if p.Whole {
		h.Nav, h.Server = "serveraudit", true
	}
	return h
}

// route is the name of one of the section's pages, of the workspace or of the
// server.
func route(c *console.Call, workspace, server string) string {
	if c.Workspace.ID == "" {
		return server
	}
	return workspace
}

func at(c *console.Call, e store.AuditEntry) entry {
	return entry{e, c.Path(route(c, "audit.show", "audit.entry"), "seq", strconv.FormatInt(e.Seq, 10))}
}

func (s *Section) list(ctx context.Context, c *console.Call, in listInput) (listPage, error) {
	f := in.filter()
	p := listPage{Filter: f, Entries: []entry{}, Whole: c.Workspace.ID == ""}
	q, err := f.query(c)
	if err != nil {
		return p, err
	}
	q.Before, q.Limit = in.Before, perPage+1
	all, err := s.cfg.Store.AuditLog(ctx, q)
	if err != nil {
		return p, err
	}
	if len(all) > perPage {
		all = all[:perPage]
		p.Next = all[perPage-1].Seq
	}
	for _, e := range all {
		p.Entries = append(p.Entries, at(c, e))
	}
	here := route(c, "audit.list", "audit.server")
	if p.Next != 0 {
		p.Pager.Next = c.Path(here, append(f.pairs(), "before", strconv.FormatInt(p.Next, 10))...)
	}
	if in.Before != 0 {
		p.First = c.Path(here, f.pairs()...)
	}
	if export := route(c, "audit.export", "audit.exportall"); c.May(export) {
		p.Export = c.Path(export, f.pairs()...)
	}
	return p, nil
}

// showPage is one entry.
type showPage struct {
	entry
	Details []detail `json:"-"`
	// Holds says that what the entry says has the hash that it had.
	Holds bool           `json:"holds"`
	Whole bool           `json:"-"`
	Up    []console.Link `json:"-"`
}

// detail is a name with its value.
type detail struct{ Name, Value string }

// Head is that of a page.
func (p showPage) Head() console.Head {
	h := console.Head{Title: "Entry " + strconv.FormatInt(p.Seq, 10), Template: "audit/entry.html", Nav: "audit", Crumbs: p.Up}
	if p.Whole {
		h.Nav, h.Server = "serveraudit", true
	}
	return h
}

type showInput struct {
	Seq int64 `json:"seq"`
}

func (s *Section) show(ctx context.Context, c *console.Call, in showInput) (showPage, error) {
	if in.Seq < 1 {
		return showPage{}, problem.New(problem.NotFound)
	}
	all, err := s.cfg.Store.AuditLog(ctx, store.AuditQuery{Workspace: c.Workspace.ID, Seq: in.Seq})
	if err != nil {
		return showPage{}, err
	}
	if len(all) == 0 {
		return showPage{}, problem.New(problem.NotFound)
	}
	p := showOf(at(c, all[0]), c.Workspace.ID == "")
	p.Up = []console.Link{{Text: "Audit log", To: c.Path(route(c, "audit.list", "audit.server"))}, {Text: "Entry " + strconv.FormatInt(in.Seq, 10)}}
	return p, nil
}

func showOf(e entry, whole bool) showPage {
	p := showPage{entry: e, Holds: e.Hash == e.Sum(), Whole: whole}
	for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
		p.Details = append(p.Details, detail{name, e.Detail[name]})
	}
	return p
}

type exportInput struct {
	Actor  string `json:"actor"`
	Act    string `json:"act"`
	Target string `json:"target"`
	From   string `json:"from"`
	To     string `json:"to"`
	Server bool   `json:"server"`
	After  int64  `json:"after"`
}

// export is the entries, oldest first, one JSON object a line.
func (s *Section) export(ctx context.Context, c *console.Call, in exportInput) (console.File, error) {
	q, err := filter{in.Actor, in.Act, in.Target, in.From, in.To, in.Server}.query(c)
	if err != nil {
		return console.File{}, err
	}
	q.After, q.Limit = in.After, maxExport
	var b bytes.Buffer
	lines := json.NewEncoder(&b)
	lines.SetEscapeHTML(false)
	if err := s.cfg.Store.EachAudit(ctx, q, func(e store.AuditEntry) error { return lines.Encode(e) }); err != nil {
		return console.File{}, err
	}
	name := "audit"
	if c.Workspace.ID != "" {
		name += "-" + c.Workspace.ID
	}
	return console.File{Name: name + "-" + c.Now.UTC().Format("2006-01-02") + ".ndjson", Type: "application/x-ndjson", Data: b.Bytes()}, nil
}

// verifyPage says whether the log is as it was written.
type verifyPage struct {
	Entries int64  `json:"entries"`
	Last    string `json:"head"`
	Broken  int64  `json:"broken,omitempty"`
	Why     string `json:"why,omitempty"`
	// Anchor is what was compared.
	Anchor string `json:"anchor,omitempty"`
	// Asked says that the log was checked: it is read from its beginning.
	Asked bool           `json:"checked"`
	Up    []console.Link `json:"-"`
}

// Head is that of a page.
func (p verifyPage) Head() console.Head {
	return console.Head{Title: "Is the audit log whole?", Template: "audit/verify.html", Nav: "serveraudit", Server: true, Crumbs: p.Up}
}

type verifyInput struct {
	Check bool   `json:"check"`
	Head  string `json:"head"`
}

func (s *Section) verify(ctx context.Context, c *console.Call, in verifyInput) (verifyPage, error) {
	p := verifyPage{Anchor: strings.TrimSpace(in.Head), Asked: in.Check, Up: []console.Link{{Text: "Audit log", To: c.Path("audit.server")}, {Text: "Check"}}}
	var anchors []store.AuditAnchor
	if p.Anchor != "" {
		a, ok := store.ParseAuditAnchor(p.Anchor)
		if !ok {
			return p, console.Bad("head", "It is a number, a colon and 64 hexadecimal digits.")
		}
		anchors = append(anchors, a)
	}
	if !in.Check {
		return p, nil
	}
	v, err := s.cfg.Store.VerifyAudit(ctx, anchors...)
	if err != nil {
		return p, err
	}
	p.Entries, p.Broken, p.Why = v.Entries, v.Broken, v.Why
	if v.Entries > 0 {
		p.Last = v.Head.String()
	}
	return p, nil
}
