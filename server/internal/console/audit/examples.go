package audit

import (
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Examples are the section's pages, empty and full.
func (s *Section) Examples() []console.Example {
	made := func(seq int64, workspace, actor, act, target, outcome string) entry {
		e := store.AuditEntry{
			Seq: seq, At: time.Date(2026, 3, 14, 9, int(seq%60), 0, 0, time.UTC), Workspace: workspace, Actor: actor, Act: act, Target: target,
			Outcome: outcome, Prev: strings.Repeat("ab", 32), Detail: map[string]string{},
		}
		e.Hash = e.Sum()
		return entry{e, "/admin/workspaces/acme/audit/8"}
	}
	full := made(8, "acme", "ada@acme.example", "people.role", "u-1", store.AuditDone)
	full.ActorID, full.IP, full.Correlation, full.Detail = "adm-1", "192.0.2.7", "5f1c2d3e", map[string]string{"role": "admin"}
	full.Hash = full.Sum()
	altered := full
	altered.Target = "u-2"
	first := made(1, "", "operator (command)", "workspace create", "", "LY-WS-002")
	first.Prev = ""
	first.Hash = first.Sum()
	all := []entry{full, made(7, "acme", "setup link 3", "saml.save", "", "LY-SAML-022"), first}
	up := []console.Link{{Text: "Audit log", To: "/admin/workspaces/acme/audit"}, {Text: "Entry 8"}}
	shown, other := showOf(full, false), showOf(altered, true)
	shown.Up, other.Up = up, up
	const last = "8:abababababababababababababababababababababababababababababababab"
	return []console.Example{
		{Name: "audit empty", View: listPage{}},
		{Name: "audit nothing found", View: listPage{Filter: filter{Actor: "nobody"}}},
		{Name: "audit list", View: listPage{Entries: all, Next: 1, Pager: console.Pager{Next: "/admin/workspaces/acme/audit?before=1"}, First: "/admin/workspaces/acme/audit", Export: "/admin/workspaces/acme/audit/export/ndjson"}},
		{Name: "audit of the server", View: listPage{Entries: all, Whole: true, Filter: filter{Act: "people."}, Export: "/admin/audit/export/ndjson"}},
		{Name: "audit bad day", View: listPage{}, Err: console.Fault{Field: "from", Err: problem.Detailf(problem.AuditQuery, "The field from has \"x\", which is no day.")}},
		{Name: "audit entry", View: shown},
		{Name: "audit entry altered", View: other},
		{Name: "audit entry first", View: showOf(first, true)},
		{Name: "audit check", View: verifyPage{Up: up}},
		{Name: "audit check whole", View: verifyPage{Asked: true, Entries: 8, Last: last, Anchor: last, Up: up}},
		{Name: "audit check broken", View: verifyPage{Asked: true, Entries: 6, Last: last, Broken: 7, Why: "Entry 7 was altered: what it says does not have the hash that it had.", Up: up}},
	}
}
