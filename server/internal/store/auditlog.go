package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxAudit bounds one answer of AuditLog.
const maxAudit = 1000

// AuditQuery asks for entries. The zero query asks for the newest of all.
type AuditQuery struct {
	// Workspace narrows to one; Server to what concerns no workspace.
	Workspace string
	Server    bool
	// Actor is a name or an id.
	Actor string
	// Act is one act, or all that begin with it where it ends in ".".
	Act    string
	Target string
	// From and To bound the time: From is included, To is not.
	From, To time.Time
	// Seq, unless zero, asks for this one entry.
	Seq int64
	// Before, unless zero, asks for what is older than this entry.
	Before int64
	// After, unless zero, asks for what is newer than this entry.
	After int64
	// Oldest puts the oldest first.
	Oldest bool
	// Limit is at most 1,000, which zero means too.
	Limit int
}

// AuditLog returns entries, newest first unless q says otherwise.
func (s *Store) AuditLog(ctx context.Context, q AuditQuery) ([]AuditEntry, error) {
	if !storable(q.Workspace, q.Actor, q.Act, q.Target) {
		return nil, nil
	}
	where, args := []string{"1 = 1"}, []any{}
	add := func(cond string, v any) {
		args = append(args, v)
		where = append(where, strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(args))))
	}
	if q.Workspace != "" || q.Server {
		add("workspace = ?", q.Workspace)
	}
	if q.Actor != "" {
		add("(actor = ? or actor_id = ?)", q.Actor)
	}
	switch group, ends := strings.CutSuffix(q.Act, "."); {
	case ends: // "/" follows "." in the order of bytes
		add("act >= ?", q.Act)
		add("act < ?", group+"/")
	case q.Act != "":
		add("act = ?", q.Act)
	}
	if q.Target != "" {
		add("target = ?", q.Target)
	}
	if !q.From.IsZero() {
		add("at >= ?", micro(q.From))
	}
	if !q.To.IsZero() {
		add("at < ?", micro(q.To))
	}
	if q.Seq != 0 {
		add("seq = ?", q.Seq)
	}
	if q.Before != 0 {
		add("seq < ?", q.Before)
	}
	if q.After != 0 {
		add("seq > ?", q.After)
	}
	limit := q.Limit
	if limit <= 0 || limit > maxAudit {
		limit = maxAudit
	}
	args = append(args, limit)
	order := " desc"
	if q.Oldest {
		order = ""
	}
	var all []AuditEntry
	err := s.read.each(ctx, func(row scanner) error {
		e, err := scanAudit(row)
		var bad *badAudit
		if errors.As(err, &bad) { // shown as it is; VerifyAudit says what is wrong
			err = nil
		}
		all = append(all, e)
		return err
	}, `select `+auditColumns+` from audit where `+strings.Join(where, " and ")+
		fmt.Sprintf(" order by seq%s limit $%d", order, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("store: reading the audit log: %w", err)
	}
	return all, nil
}

// EachAudit calls f with the entries that q asks for, oldest first, however many
// there are; q's Limit, if any, bounds them. It reads them in short pieces. An
// error of f ends it and is returned.
func (s *Store) EachAudit(ctx context.Context, q AuditQuery, f func(AuditEntry) error) error {
	most := q.Limit
	q.Oldest = true
	for seen := 0; ; {
		q.Limit = verifyAtOnce
		if most > 0 {
			q.Limit = min(most-seen, verifyAtOnce)
		}
		all, err := s.AuditLog(ctx, q)
		if err != nil {
			return err
		}
		for _, e := range all {
			if err := f(e); err != nil {
				return err
			}
			q.After = e.Seq
		}
		if seen += len(all); len(all) < q.Limit || seen == most {
			return nil
		}
	}
}

// auditColumns must be in the order of scanAudit.
const auditColumns = `seq, at, workspace, actor, actor_id, act, target, detail, outcome, ip, correlation, prev, hash`

// badAudit: the details of an entry are not as this program writes them.
type badAudit struct{}

func (*badAudit) Error() string { return "store: the details of an audit entry were altered" }

func scanAudit(row scanner) (AuditEntry, error) {
	var e AuditEntry
	var at int64
	var detail string
	if err := row.Scan(&e.Seq, &at, &e.Workspace, &e.Actor, &e.ActorID, &e.Act, &e.Target, &detail,
		&e.Outcome, &e.IP, &e.Correlation, &e.Prev, &e.Hash); err != nil {
		return e, err
	}
	e.At = fromMicro(at)
	// JSON can say one thing in several ways, and a name twice: only what comes
	// out again as it was is what was hashed.
	err := json.Unmarshal([]byte(detail), &e.Detail)
	if again, merr := json.Marshal(e.Detail); err != nil || merr != nil || string(again) != detail {
		return e, &badAudit{}
	}
	return e, nil
}

// AuditAnchor is an entry that somebody keeps outside of the database, to notice
// when the whole log is replaced or its end is cut off.
type AuditAnchor struct {
	Seq  int64
	Hash string
}

// String is how an anchor is written down: its number, a colon, its hash.
func (a AuditAnchor) String() string { return strconv.FormatInt(a.Seq, 10) + ":" + a.Hash }

// ParseAuditAnchor reads what [AuditAnchor.String] writes.
func ParseAuditAnchor(text string) (AuditAnchor, bool) {
	number, hash, _ := strings.Cut(text, ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	raw, herr := hex.DecodeString(hash)
	if err != nil || herr != nil || seq < 1 || len(raw) != sha256.Size {
		return AuditAnchor{}, false
	}
	return AuditAnchor{Seq: seq, Hash: hex.EncodeToString(raw)}, true
}

// AuditVerdict is what checking the audit log found.
type AuditVerdict struct {
	// Entries is how many were found whole, from the first on.
	Entries int64
	// Head is the last of them: keep it as the next anchor.
	Head AuditAnchor
	// Broken is the number of the first entry that is not as it was written, 0
	// where all are, and Why says what is wrong with it.
	Broken int64
	Why    string
}

// OK reports whether the log is whole.
func (v AuditVerdict) OK() bool { return v.Broken == 0 }

// verifyAtOnce is how many entries are held in memory while they are checked.
const verifyAtOnce = 500

// VerifyAudit reads the whole log, oldest first, and checks every hash, that no
// number is missing, that it ends where its head says, and that it holds each
// anchor. It may run while others write. An error is one of the database: what is
// wrong with the log is in the verdict.
func (s *Store) VerifyAudit(ctx context.Context, anchors ...AuditAnchor) (AuditVerdict, error) {
	c := auditCheck{anchors: anchors}
	for {
		n := 0
		err := s.read.each(ctx, func(row scanner) error {
			n++
			e, err := scanAudit(row)
			var bad *badAudit
			if err != nil && !errors.As(err, &bad) {
				return err
			}
			c.next(e, bad != nil)
			return nil
		}, `select `+auditColumns+` from audit where seq > $1 order by seq limit $2`, c.v.Head.Seq, verifyAtOnce)
		if err != nil {
			return c.v, fmt.Errorf("store: checking the audit log: %w", err)
		}
		if !c.v.OK() {
			return c.v, nil
		}
		if n == verifyAtOnce {
			continue
		}
		// What was appended since is behind the head that is read now.
		var seq *int64
		var hash string
		if err := s.read.row(ctx, `select seq, hash from audit_head`).Scan(&seq, &hash); err != nil && !errors.Is(err, ErrNotFound) {
			return c.v, fmt.Errorf("store: checking the audit log: %w", err)
		}
		if done := c.end(seq, hash, n); done {
			return c.v, nil
		}
	}
}

// auditCheck walks along the chain.
type auditCheck struct {
	v       AuditVerdict
	anchors []AuditAnchor
	behind  int64 // where the head was when nothing more was found before it
}

func (c *auditCheck) broken(seq int64, why string, args ...any) {
	if c.v.OK() {
		c.v.Broken, c.v.Why = seq, fmt.Sprintf(why, args...)
	}
}

// next checks one entry. Behind a broken one nothing is checked.
func (c *auditCheck) next(e AuditEntry, altered bool) {
	if !c.v.OK() {
		return
	}
	want := c.v.Head.Seq + 1
	switch {
	case e.Seq != want:
		c.broken(want, "Entry %d is missing; the next there is has number %d.", want, e.Seq)
	case e.Prev != c.v.Head.Hash:
		c.broken(e.Seq, "Entry %d does not follow the entry before it: one of them was replaced.", e.Seq)
	case altered || e.Hash != e.Sum():
		c.broken(e.Seq, "Entry %d was altered: what it says does not have the hash that it had.", e.Seq)
	}
	for _, a := range c.anchors {
		if a.Seq == e.Seq && a.Hash != e.Hash {
			c.broken(e.Seq, "Entry %d is another than the one that you kept the hash of.", e.Seq)
		}
	}
	if c.v.OK() {
		c.v.Entries, c.v.Head = c.v.Entries+1, AuditAnchor{e.Seq, e.Hash}
	}
}

// end compares where the entries end, of which the last read found n, with the
// head. It reports whether that was all.
func (c *auditCheck) end(seq *int64, hash string, n int) (done bool) {
	at := c.v.Head
	head := int64(0)
	if seq != nil {
		head = *seq
	}
	switch {
	case head > at.Seq && (c.behind == 0 || n > 0):
		c.behind = head // perhaps appended just now: look again
		return false
	case head > at.Seq:
		c.broken(at.Seq+1, "Entries %d to %d are missing: the end of the log was cut off.", at.Seq+1, head)
	case head < at.Seq:
		c.broken(head+1, "The log goes on behind its head, entry %d: the head was altered, or entry %d was not written by Lanyard.", head, head+1)
	case hash != at.Hash:
		c.broken(at.Seq, "The head of the log does not name entry %d, the last there is.", at.Seq)
	}
	for _, a := range c.anchors {
		if a.Seq > at.Seq {
			c.broken(at.Seq+1, "The log ends with entry %d, and you kept the hash of entry %d: the end of the log was cut off.", at.Seq, a.Seq)
		}
	}
	return true
}
