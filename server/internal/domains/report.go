package domains

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/roll"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Person is somebody who may sign in and whose domain is none of the workspace's.
type Person struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	UserName string `json:"user_name"`
	Mail     string `json:"mail"`
	// Judged is the address that was judged, Domain its domain, and By what it is:
	// mail, upn, guest or none.
	Judged string                `json:"judged"`
	Domain string                `json:"domain"`
	By     directory.DomainBasis `json:"judged_by"`
	Guest  bool                  `json:"guest"`
	// Version is for changing their address.
	Version int64 `json:"version"`
	// Decision is "", lose_access, exempt or expired.
	Decision Standing   `json:"decision"`
	Owner    string     `json:"owner,omitempty"`
	Reason   string     `json:"reason,omitempty"`
	Until    *time.Time `json:"until,omitempty"`
	// By and at whom it was decided.
	DecidedBy string     `json:"decided_by,omitempty"`
	DecidedAt *time.Time `json:"decided_at,omitempty"`
}

// Standing is how far it is decided what becomes of somebody.
type Standing string

// The standings. Those that are Open need a decision.
const (
	Undecided Standing = ""
	Losing    Standing = "lose_access"
	Exempt    Standing = "exempt"
	Expired   Standing = "expired" // an exemption that is over
)

// Open reports whether a decision is needed.
func (s Standing) Open() bool { return s == Undecided || s == Expired }

// Report is who is outside a workspace's domains. Only people who may sign in are
// counted.
type Report struct {
	Workspace string   `json:"workspace"`
	Domains   []string `json:"domains"`
	Rule      string   `json:"rule"`
	// Enforcement is deny or warn.
	Enforcement directory.DomainEnforcement `json:"enforcement"`
	Subdomains  bool                        `json:"subdomains"`
	// Checked is everybody who was looked at; Outside are those who are listed.
	Checked   int `json:"checked"`
	Outside   int `json:"outside"`
	Undecided int `json:"undecided"`
	Losing    int `json:"losing"`
	Exempt    int `json:"exempt"`
	// Guests are those of Outside who are guests.
	Guests int `json:"guests"`
	// Ready says that nothing is left to be decided.
	Ready  bool     `json:"ready"`
	People []Person `json:"people"`
}

// Report returns who is outside a workspace's domains, by user name. A workspace
// without a verified domain has nobody outside, and is not ready.
func (f *Flow) Report(ctx context.Context, workspace string) (Report, error) {
	o, err := f.Show(ctx, workspace)
	if err != nil {
		return Report{}, err
	}
	return f.report(ctx, o)
}

// inside returns a function that says who is of the domains of a workspace. People
// share domains, so each is judged once.
func (o Overview) inside() func(roll.Person) bool {
	seen := map[string]bool{}
	return func(k roll.Person) bool {
		in, ok := seen[k.Judged.Domain]
		if !ok {
			in = len(o.Workspace.Domains) == 0 || o.Policy.Takes(o.Workspace.Domains, k.Judged.Domain)
			seen[k.Judged.Domain] = in
		}
		return in
	}
}

func (f *Flow) report(ctx context.Context, o Overview) (Report, error) {
	people, err := f.book().People(ctx, o.Workspace.Directory)
	if err != nil {
		return Report{}, err
	}
	decisions, err := f.Store.DomainDecisions(ctx, o.Workspace.ID)
	if err != nil {
		return Report{}, err
	}
	r := Report{
		Workspace: o.Workspace.ID, Domains: append([]string{}, o.Workspace.Domains...), Rule: directory.DomainRule,
		Enforcement: o.Policy.Enforcement, Subdomains: o.Policy.Subdomains, People: []Person{},
	}
	if r.Enforcement == "" {
		r.Enforcement = directory.DomainDeny
	}
	now, inside := f.now(), o.inside()
	for _, k := range people {
		if !k.Active {
			continue
		}
		r.Checked++
		if inside(k) {
			continue
		}
		p := personOf(k, decisions[k.ID], now)
		r.People = append(r.People, p)
		r.count(p)
	}
	r.Ready = len(r.Domains) > 0 && (r.Undecided == 0 || r.Enforcement == directory.DomainWarn)
	return r, nil
}

func (r *Report) count(p Person) {
	r.Outside++
	switch {
	case p.Decision.Open():
		r.Undecided++
	case p.Decision == Losing:
		r.Losing++
	case p.Decision == Exempt:
		r.Exempt++
	}
	if p.Guest {
		r.Guests++
	}
}

func personOf(k roll.Person, d directory.DomainDecision, now time.Time) Person {
	v := k.Judged
	p := Person{
		ID: k.ID, Name: k.Name, UserName: k.UserName, Mail: k.Mail, Judged: v.Address, Domain: v.Domain, By: v.By,
		Guest: k.Guest, Version: k.Version,
	}
	switch {
	case d.Kind == directory.DecideLose:
		p.Decision = Losing
	case d.Kind == directory.DecideExempt && d.Valid(now):
		p.Decision = Exempt
	case d.Kind == directory.DecideExempt:
		p.Decision = Expired
	default:
		return p
	}
	p.DecidedBy, p.DecidedAt = d.By, &d.At
	if d.Kind == directory.DecideExempt {
		p.Owner, p.Reason, p.Until = d.Owner, d.Reason, &d.Until
	}
	return p
}

// Filter is which of the people in a report are looked at. The zero Filter is all
// of them.
type Filter struct {
	// Show is "", "open", or a Standing.
	Show string
	// Find is looked for in names and addresses, without case.
	Find string
}

// Only returns the people of a report that a filter leaves.
func (r Report) Only(f Filter) []Person {
	find := directory.Fold(strings.TrimSpace(f.Find))
	return slices.DeleteFunc(slices.Clone(r.People), func(p Person) bool {
		switch f.Show {
		case "":
		case "open":
			if !p.Decision.Open() {
				return true
			}
		case "guests":
			if !p.Guest {
				return true
			}
		default:
			if string(p.Decision) != f.Show {
				return true
			}
		}
		return find != "" && !strings.Contains(directory.Fold(p.Name+"\n"+p.UserName+"\n"+p.Mail), find)
	})
}

// Decided says whether it is decided what becomes of everybody outside, before
// single sign-on is enforced: nil, or problem.DomainUndecided. A workspace without
// a verified domain has nobody outside.
func (f *Flow) Decided(ctx context.Context, workspace string) error {
	err := f.Ready(ctx, workspace)
	if errors.Is(err, problem.New(problem.DomainUnproven)) {
		return nil
	}
	return err
}

// Ready says whether all is decided that has to be before single sign-on may be
// enforced (row F6). The error is problem.DomainUnproven or DomainUndecided.
func (f *Flow) Ready(ctx context.Context, workspace string) error {
	r, err := f.Report(ctx, workspace)
	if err != nil {
		return err
	}
	return r.Blocks()
}

// Blocks says why a report does not let anybody go on, or nil.
func (r Report) Blocks() error {
	switch {
	case r.Ready:
		return nil
	case len(r.Domains) == 0:
		return problem.New(problem.DomainUnproven)
	case r.Undecided == 1:
		return problem.Detailf(problem.DomainUndecided, "One person of %d is left.", r.Outside)
	}
	return problem.Detailf(problem.DomainUndecided, "%d people of %d are left.", r.Undecided, r.Outside)
}

// CSV returns the people of a report as a table for spreadsheets (RFC 4180). No
// cell is taken for a formula there.
func CSV(people []Person) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	rows := [][]string{{"id", "name", "user_name", "mail", "judged", "domain", "judged_by", "guest", "decision", "owner", "reason", "until", "decided_by", "decided_at"}}
	for _, p := range people {
		rows = append(rows, []string{
			p.ID, p.Name, p.UserName, p.Mail, p.Judged, p.Domain, string(p.By), strconv.FormatBool(p.Guest), string(p.Decision),
			p.Owner, p.Reason, stamp(p.Until), p.DecidedBy, stamp(p.DecidedAt),
		})
	}
	for _, row := range rows {
		for i, cell := range row {
			row[i] = harmless(cell)
		}
		if err := w.Write(row); err != nil {
			return nil, fmt.Errorf("writing a row: %w", err)
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// harmless is a text as a cell of a table. Spreadsheets take one for a formula that
// begins with certain characters, also behind space (CWE-1236); an apostrophe makes
// it text.
func harmless(cell string) string {
	if bare := strings.TrimLeft(cell, " \t\r\n\u00a0\ufeff"); bare != "" && strings.ContainsRune("=+-@＝＋－＠|%", []rune(bare)[0]) || strings.HasPrefix(cell, "\t") || strings.HasPrefix(cell, "\r") || strings.HasPrefix(cell, "\n") {
		return "'" + cell
	}
	return cell
}

func stamp(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// Person returns how a person of a workspace is judged, wherever they are, with the
// domains that are verified. Somebody who is not there is problem.NotFound.
func (f *Flow) Person(ctx context.Context, workspace, id string) (Person, []string, error) {
	o, err := f.Show(ctx, workspace)
	if err != nil {
		return Person{}, nil, err
	}
	u, err := f.Store.User(ctx, o.Workspace.Directory, id)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && u.State == directory.Archived:
		return Person{}, nil, problem.New(problem.NotFound)
	case err != nil:
		return Person{}, nil, fmt.Errorf("looking for the person: %w", err)
	}
	return personOf(roll.Of(u), directory.DomainDecision{}, f.now()), o.Workspace.Domains, nil
}
