package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// KeepRequests and KeepRequestsFor bound the record of a workspace's SCIM
	// requests: whichever is reached first.
	KeepRequests    = 100_000
	KeepRequestsFor = 30 * 24 * time.Hour

	requestsAtOnce = 32 // rows of one statement
	requestColumns = 16
	pruneAtOnce    = 1000
	maxRequests    = 1000 // of one answer
)

// Request is the record of one SCIM request: who asked, what for, what came of
// it and why. It holds the names of attributes and never their values, but for
// the name a resource is known by, without which nobody could tell whose
// creation failed, and what the answer itself said.
type Request struct {
	At        time.Time
	Workspace string
	// Credential is the id of the token, empty where it was not accepted.
	Credential string
	Method     string
	// Type is the first word of the address: Users, Groups, Schemas ….
	Type string
	// ID is the resource, Name its userName or displayName where known.
	ID, Name string
	// Filter is the filter with every text in it replaced by ….
	Filter string
	// Attributes are the names of what changed, sorted; where the request was
	// refused, of what would have.
	Attributes []string
	Status     int
	// Kind is the scimType of the answer, and Detail its sentence.
	Kind, Detail string
	// Step says what the request was in setting provisioning up: StepTest,
	// StepLookUp or nothing.
	Step string
	// Body is what was sent, without values: texts are replaced by … and long
	// lists cut.
	Body string
	// Request is the id that the answer carried in X-Request-Id.
	Request string
	Took    time.Duration
}

// RequestQuery asks for records.
type RequestQuery struct {
	// ID and Name narrow to one resource: those that have the one or the other.
	// Both empty means all.
	ID, Name string
	// Failed narrows to those that were answered with an error.
	Failed bool
	// Changes leaves out what only read.
	Changes bool
	// Before, unless zero, leaves out what is not older.
	Before time.Time
	// Limit is at most 1,000, which zero means too.
	Limit int
}

// Requests returns records of a workspace, newest first.
func (s *Store) Requests(ctx context.Context, workspace string, q RequestQuery) ([]Request, error) {
	if !storable(workspace, q.ID, q.Name) {
		return nil, nil
	}
	where, args := []string{"workspace = $1"}, []any{workspace}
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	var one []string
	if q.ID != "" {
		one = append(one, "(resource <> '' and resource = "+arg(q.ID)+")")
	}
	if q.Name != "" {
		one = append(one, "(name <> '' and name = "+arg(q.Name)+")")
	}
	if len(one) > 0 {
		where = append(where, "("+strings.Join(one, " or ")+")")
	}
	if q.Failed {
		where = append(where, "status >= 400")
	}
	if q.Changes {
		where = append(where, "method not in ('GET', 'HEAD')")
	}
	if !q.Before.IsZero() {
		where = append(where, "at < "+arg(micro(q.Before)))
	}
	limit := q.Limit
	if limit <= 0 || limit > maxRequests {
		limit = maxRequests
	}
	var all []Request
	err := s.read.each(ctx, func(row scanner) error {
		var r Request
		var at, took int64
		var names string
		if err := row.Scan(&at, &r.Workspace, &r.Credential, &r.Method, &r.Type, &r.ID, &r.Name,
			&r.Filter, &names, &r.Status, &r.Kind, &r.Detail, &r.Request, &took, &r.Step, &r.Body); err != nil {
			return err
		}
		r.At, r.Took, r.Attributes = fromMicro(at), time.Duration(took)*time.Microsecond, strings.Fields(names)
		all = append(all, r)
		return nil
	}, `select at, workspace, credential, method, type, resource, name, filter, attributes, status, kind, detail, request, took, step, body
		from scim_requests where `+strings.Join(where, " and ")+` order by at desc, pk desc limit `+arg(limit), args...)
	if err != nil {
		return nil, fmt.Errorf("store: reading requests: %w", err)
	}
	return all, nil
}

// PruneRequests deletes the records that are older than KeepRequestsFor, and of
// each workspace those beyond the newest keep. It returns how many. It works in
// small transactions, so that others get their turn.
func (s *Store) PruneRequests(ctx context.Context, now time.Time, keep int) (int, error) {
	all, err := s.Workspaces(ctx)
	if err != nil {
		return 0, err
	}
	total := 0
	for _, w := range all {
		n, err := s.pruneRequests(ctx, w.ID, micro(now.Add(-KeepRequestsFor)), keep)
		if total += n; err == nil {
			err = s.pruneTraffic(ctx, w.ID, now.Add(-KeepRequestsFor))
		}
		if err != nil {
			return total, fmt.Errorf("store: pruning requests: %w", err)
		}
	}
	return total, nil
}

func (s *Store) pruneRequests(ctx context.Context, workspace string, before int64, keep int) (total int, err error) {
	var beyond int64
	err = s.read.each(ctx, func(row scanner) error { return row.Scan(&beyond) },
		`select at from scim_requests where workspace = $1 order by at desc limit 1 offset $2`, workspace, keep)
	if err != nil {
		return 0, err
	}
	before = max(before, beyond+1) // several may have that very time: all go
	for {
		var there bool
		err := s.read.each(ctx, func(row scanner) error { there = true; return nil },
			`select 1 from scim_requests where workspace = $1 and at < $2 limit 1`, workspace, before)
		if err != nil || !there {
			return total, err
		}
		var n int64
		err = s.write(ctx, func(ctx context.Context, t *tx) (err error) {
			n, err = t.exec(ctx, `delete from scim_requests where pk in
				(select pk from scim_requests where workspace = $1 and at < $2 limit $3)`, workspace, before, pruneAtOnce)
			return err
		})
		if total += int(n); err != nil {
			return total, err
		}
	}
}

// insertRequests writes records. Those of workspaces that do not exist are left
// out: without an accepted credential the name is only what somebody typed.
func (t *tx) insertRequests(ctx context.Context, all []Request) error {
	known := map[string]bool{}
	for _, r := range all {
		if _, asked := known[r.Workspace]; asked {
			continue
		}
		known[r.Workspace] = false
		if !storable(r.Workspace) {
			continue
		}
		var there int
		err := t.row(ctx, `select 1 from workspaces where id = $1`, r.Workspace).Scan(&there)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		known[r.Workspace] = err == nil
	}
	args := make([]any, 0, requestColumns*requestsAtOnce)
	for chunk := range slices.Chunk(all, requestsAtOnce) {
		args, n := args[:0], 0
		for _, r := range chunk {
			names := strings.Join(r.Attributes, " ")
			if !known[r.Workspace] || !storable(r.Credential, r.Method, r.Type, r.ID, r.Name, r.Filter, names, r.Kind, r.Detail, r.Request, r.Step, r.Body) {
				continue
			}
			n++
			args = append(args, micro(r.At), r.Workspace, r.Credential, r.Method, r.Type, r.ID, r.Name,
				r.Filter, names, r.Status, r.Kind, r.Detail, r.Request, r.Took.Microseconds(), r.Step, r.Body)
		}
		if n == 0 {
			continue
		}
		if _, err := t.exec(ctx, requestTexts[n], args...); err != nil {
			return fmt.Errorf("store: recording requests: %w", err)
		}
	}
	return t.countRequests(ctx, all, known)
}

// requestTexts[n] inserts n records.
var requestTexts = func() (texts [requestsAtOnce + 1]string) {
	for n := 1; n <= requestsAtOnce; n++ {
		rows := make([]string, n)
		for i := range rows {
			marks := make([]string, requestColumns)
			for j := range marks {
				marks[j] = fmt.Sprintf("$%d", i*requestColumns+j+1)
			}
			rows[i] = "(" + strings.Join(marks, ", ") + ")"
		}
		texts[n] = `insert into scim_requests (at, workspace, credential, method, type, resource, name, filter,
			attributes, status, kind, detail, request, took, step, body) values ` + strings.Join(rows, ", ")
	}
	return texts
}()
