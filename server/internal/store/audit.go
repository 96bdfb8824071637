package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// AuditEntry is one line of the audit log: who did what to whom. It must never
// hold a secret, for nothing can be taken out of the log again.
type AuditEntry struct {
	// Seq counts entries from 1 without a gap. The store gives it.
	Seq int64 `json:"seq"`
	// At is to the microsecond.
	At time.Time `json:"at"`
	// Workspace is "" for what concerns the server.
	Workspace string `json:"workspace"`
	// Actor is who did it in words for people, such as "ada@acme.example" or
	// "operator (command)"; ActorID tells two of one name apart.
	Actor   string `json:"actor"`
	ActorID string `json:"actor_id"`
	// Act is what was done, such as "people.restore", and Target to whom.
	Act    string            `json:"act"`
	Target string            `json:"target"`
	Detail map[string]string `json:"detail"`
	// Outcome is what came of it: AuditDone, or the code of the problem.
	Outcome string `json:"outcome"`
	// IP is the address it came from; Correlation is the id of the request.
	IP          string `json:"ip"`
	Correlation string `json:"correlation"`
	// Prev is the hash of the entry before, "" for the first, and Hash this
	// entry's, both in hex. The store gives them; see [AuditEntry.Sum].
	Prev string `json:"prev"`
	Hash string `json:"hash"`
}

// AuditDone is the outcome of an act that was done.
const AuditDone = "done"

const (
	// maxAuditText bounds each text of an entry, in bytes, and maxAuditDetails
	// how many details it has. What is beyond is cut off: an act must not fail
	// because it was described at length.
	maxAuditText    = 2000
	maxAuditDetails = 64
)

// clean makes an entry one that every database can keep.
func (e AuditEntry) clean() AuditEntry {
	for _, s := range []*string{&e.Workspace, &e.Actor, &e.ActorID, &e.Act, &e.Target, &e.Outcome, &e.IP, &e.Correlation} {
		*s = auditText(*s)
	}
	detail := map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(e.Detail)) {
		if len(detail) == maxAuditDetails {
			break
		}
		detail[auditText(k)] = auditText(e.Detail[k])
	}
	e.Detail = detail
	e.At = fromMicro(micro(e.At))
	return e
}

// auditText cuts a text where it is too long, between characters, and takes out
// what a database cannot keep.
func auditText(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	if len(s) <= maxAuditText {
		return s
	}
	cut := maxAuditText - len("…")
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// Audited is the entry that a context carries until a transaction takes it along.
// It may be used from several goroutines.
type Audited struct {
	mu      sync.Mutex
	entry   AuditEntry
	written bool
	// doubtful is the entry as it was when a commit failed of which nobody
	// knows whether it was stored.
	doubtful AuditEntry
}

type auditKey struct{}

// WithAudit returns a context whose first write to a Store that commits also
// appends e to the audit log, in the very same transaction. A write that fails
// leaves it to the next; of several writes at once exactly one takes it. Where
// nothing was written in the end, the caller decides: see AppendAudited. It is
// for one Store.
func WithAudit(ctx context.Context, e AuditEntry) (context.Context, *Audited) {
	a := &Audited{entry: e}
	a.entry.Detail = maps.Clone(e.Detail)
	return context.WithValue(ctx, auditKey{}, a), a
}

// WithoutAudit returns a context without the entry, for writes that are no part
// of the act, such as that somebody was seen.
func WithoutAudit(ctx context.Context) context.Context {
	if audited(ctx) == nil {
		return ctx
	}
	return context.WithValue(ctx, auditKey{}, (*Audited)(nil))
}

func audited(ctx context.Context) *Audited {
	a, _ := ctx.Value(auditKey{}).(*Audited)
	return a
}

// Written reports whether the entry is in the log.
func (a *Audited) Written() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.written
}

// Edit changes the entry: a target, say, that is known only now. It reports false,
// and does not call f, where the entry is in the log. f must not keep what it is
// given. It may be called from within a closure that a Store runs.
func (a *Audited) Edit(f func(*AuditEntry)) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.written {
		return false
	}
	if a.entry.Detail == nil {
		a.entry.Detail = map[string]string{}
	}
	f(&a.entry)
	return true
}

// snapshot is the entry as it is now.
func (a *Audited) snapshot() (e, doubtful AuditEntry, written bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e = a.entry
	e.Detail = maps.Clone(e.Detail)
	return e, a.doubtful, a.written
}

// settled notes what became of the transaction that took e along: it was
// committed, or nobody knows.
func (a *Audited) settled(e AuditEntry, committed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if committed {
		a.entry, a.written = e, true
	} else {
		a.doubtful = e
	}
}

// AppendAudit appends an entry in a transaction of its own, and nothing that ctx
// carries.
func (s *Store) AppendAudit(ctx context.Context, e AuditEntry) error {
	_, a := WithAudit(ctx, e)
	return s.AppendAudited(ctx, a)
}

// AppendAudited appends the entry unless it is in the log already.
func (s *Store) AppendAudited(ctx context.Context, a *Audited) error {
	if a.Written() {
		return nil
	}
	return s.perform(ctx, func(ctx context.Context, t *tx) error { return t.audit(ctx, a) })
}

// auditing is do with the entry of a after it.
func auditing(do func(context.Context, *tx) error, a *Audited) func(context.Context, *tx) error {
	return func(ctx context.Context, t *tx) error {
		if err := do(ctx, t); err != nil {
			return err
		}
		return t.audit(ctx, a)
	}
}

// appended is an entry that a transaction takes along.
type appended struct {
	of    *Audited
	entry AuditEntry
}

// audit appends the entry of a, unless this transaction or another did.
func (t *tx) audit(ctx context.Context, a *Audited) error {
	if slices.ContainsFunc(t.audits, func(x appended) bool { return x.of == a }) {
		return nil
	}
	e, doubtful, written := a.snapshot()
	if written {
		return nil
	}
	if doubtful.Hash != "" {
		var hash string
		err := t.row(ctx, `select hash from audit where seq = $1`, doubtful.Seq).Scan(&hash)
		switch {
		case err == nil && hash == doubtful.Hash:
			t.audits = append(t.audits, appended{a, doubtful})
			return nil
		case err != nil && !errors.Is(err, ErrNotFound):
			return fmt.Errorf("store: looking for an audit entry: %w", err)
		}
	}
	e = e.clean()
	var last *int64
	if err := t.row(ctx, `select seq, hash from audit_head`).Scan(&last, &e.Prev); err != nil {
		return fmt.Errorf("store: reading the end of the audit log: %w", err)
	}
	if e.Seq = 1; last != nil {
		e.Seq = *last + 1
	}
	e.Hash = e.Sum()
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return fmt.Errorf("store: an audit entry: %w", err)
	}
	if err := t.later(ctx, `insert into audit (seq, at, workspace, actor, actor_id, act, target, detail, outcome, ip, correlation, prev, hash)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		e.Seq, micro(e.At), e.Workspace, e.Actor, e.ActorID, e.Act, e.Target, string(detail), e.Outcome, e.IP, e.Correlation, e.Prev, e.Hash); err != nil {
		return fmt.Errorf("store: appending to the audit log: %w", err)
	}
	if err := t.later(ctx, `update audit_head set seq = $1, hash = $2`, e.Seq, e.Hash); err != nil {
		return fmt.Errorf("store: appending to the audit log: %w", err)
	}
	t.audits = append(t.audits, appended{a, e})
	return nil
}

// settleAudits tells what became of the entries that the transaction took along.
func (t *tx) settleAudits(committed bool) {
	for _, x := range t.audits {
		x.of.settled(x.entry, committed)
	}
}
