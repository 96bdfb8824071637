package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Steps of setting provisioning up. The others are the methods of successful
// requests about people and groups: GET, POST and PATCH.
const (
	// StepTest is Entra's Test Connection: a search for somebody who cannot be.
	StepTest = "test"
	// StepLookUp is a search that may be Entra's test, where people are matched
	// by an attribute whose values look like the test's.
	StepLookUp = "lookup"
)

// SCIMStep is a step that was seen.
type SCIMStep struct {
	Step string
	// Done is when it was first done, zero where it never was; Tried when it was
	// last tried, with what answer.
	Done, Tried time.Time
	Status      int
	Detail      string
}

type minuteKey struct {
	workspace string
	minute    int64
}

// countRequests adds requests of known workspaces to the traffic of their
// minutes, and notes the steps they are.
func (t *tx) countRequests(ctx context.Context, all []Request, known map[string]bool) error {
	minutes := map[minuteKey]directory.Traffic{}
	steps := map[[2]string]SCIMStep{}
	for _, r := range all {
		if !known[r.Workspace] || r.Method == "" || r.Type == "oauth" {
			continue
		}
		key := minuteKey{r.Workspace, r.At.Unix() / 60}
		minutes[key] = withRequest(minutes[key], r)
		for _, step := range stepsOf(r) {
			at := [2]string{r.Workspace, step}
			steps[at] = stepAfter(steps[at], step, r)
		}
	}
	// In one order everywhere, as servers that share a database write the same rows.
	keys := slices.SortedFunc(maps.Keys(minutes), func(a, b minuteKey) int {
		return cmp.Or(cmp.Compare(a.workspace, b.workspace), cmp.Compare(a.minute, b.minute))
	})
	for _, key := range keys {
		n := minutes[key]
		if _, err := t.exec(ctx, `insert into scim_minutes (workspace, minute, reads, creates, updates, deletes, errors, refused)
			values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (workspace, minute) do update set
				reads = scim_minutes.reads + excluded.reads, creates = scim_minutes.creates + excluded.creates,
				updates = scim_minutes.updates + excluded.updates, deletes = scim_minutes.deletes + excluded.deletes,
				errors = scim_minutes.errors + excluded.errors, refused = scim_minutes.refused + excluded.refused`,
			key.workspace, key.minute, n.Reads, n.Creates, n.Updates, n.Deletes, n.Errors, n.Refused); err != nil {
			return fmt.Errorf("store: counting requests: %w", err)
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(steps), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		if err := t.noteStep(ctx, at[0], steps[at]); err != nil {
			return err
		}
	}
	return nil
}

// withRequest adds one request to its minute.
func withRequest(n directory.Traffic, r Request) directory.Traffic {
	switch {
	case r.Credential == "":
		n.Refused++
	case r.Status >= 400:
		n.Errors++
	case r.Method == http.MethodPost:
		n.Creates++
	case r.Method == http.MethodPut || r.Method == http.MethodPatch:
		n.Updates++
	case r.Method == http.MethodDelete:
		n.Deletes++
	default:
		n.Reads++
	}
	return n
}

// stepsOf says which steps a request is.
func stepsOf(r Request) (steps []string) {
	if r.Step != "" {
		steps = append(steps, r.Step)
	}
	if r.Credential == "" || r.Type != "Users" && r.Type != "Groups" {
		return steps
	}
	switch r.Method {
	case http.MethodGet, http.MethodPost, http.MethodPatch:
		steps = append(steps, r.Method)
	}
	return steps
}

// stepAfter is a step after one more request.
func stepAfter(s SCIMStep, step string, r Request) SCIMStep {
	s.Step = step
	if r.Status < 400 && (s.Done.IsZero() || r.At.Before(s.Done)) {
		s.Done = r.At
	}
	if !r.At.Before(s.Tried) {
		s.Tried, s.Status, s.Detail = r.At, r.Status, r.Detail
	}
	return s
}

// noteStep stores a step. A search that may have been a test is one until people
// are created: then they are looked up in the same way.
func (t *tx) noteStep(ctx context.Context, workspace string, s SCIMStep) error {
	if s.Step == StepLookUp {
		var done int64
		err := t.row(ctx, `select done from scim_steps where workspace = $1 and step = $2`, workspace, http.MethodPost).Scan(&done)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("store: reading a step: %w", err)
		}
		if done != 0 {
			return nil
		}
		s.Step = StepTest
	}
	_, err := t.exec(ctx, `insert into scim_steps (workspace, step, done, tried, status, detail)
		values ($1, $2, $3, $4, $5, $6) on conflict (workspace, step) do update set
			done = case when scim_steps.done = 0 then excluded.done else scim_steps.done end,
			tried = excluded.tried, status = excluded.status, detail = excluded.detail
		where excluded.tried >= scim_steps.tried`,
		workspace, s.Step, microOr0(s.Done), micro(s.Tried), s.Status, s.Detail)
	if err != nil {
		return fmt.Errorf("store: noting a step: %w", err)
	}
	return nil
}

// Traffic returns the minutes since a time in which there were requests of
// provisioning, in their order.
func (s *Store) Traffic(ctx context.Context, workspace string, since time.Time) (all []directory.Traffic, err error) {
	if !storable(workspace) {
		return nil, nil
	}
	err = s.read.each(ctx, func(row scanner) error {
		var n directory.Traffic
		var minute int64
		err := row.Scan(&minute, &n.Reads, &n.Creates, &n.Updates, &n.Deletes, &n.Errors, &n.Refused)
		n.Minute = time.Unix(60*minute, 0).UTC()
		all = append(all, n)
		return err
	}, `select minute, reads, creates, updates, deletes, errors, refused from scim_minutes
		where workspace = $1 and minute >= $2 order by minute`, workspace, since.Unix()/60)
	if err != nil {
		return nil, fmt.Errorf("store: reading traffic: %w", err)
	}
	return all, nil
}

// SCIMSteps returns the steps that a workspace's provisioner was seen to take.
func (s *Store) SCIMSteps(ctx context.Context, workspace string) (map[string]SCIMStep, error) {
	all := map[string]SCIMStep{}
	if !storable(workspace) {
		return all, nil
	}
	err := s.read.each(ctx, func(row scanner) error {
		var n SCIMStep
		var done, at int64
		err := row.Scan(&n.Step, &done, &at, &n.Status, &n.Detail)
		n.Done, n.Tried = unset(done), unset(at)
		all[n.Step] = n
		return err
	}, `select step, done, tried, status, detail from scim_steps where workspace = $1`, workspace)
	if err != nil {
		return nil, fmt.Errorf("store: reading steps: %w", err)
	}
	return all, nil
}

// pruneTraffic forgets the minutes before a time.
func (s *Store) pruneTraffic(ctx context.Context, workspace string, before time.Time) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.exec(ctx, `delete from scim_minutes where workspace = $1 and minute < $2`, workspace, before.Unix()/60)
		return err
	})
}
