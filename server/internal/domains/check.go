package domains

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// atOnce is how many domains are looked for at the same time.
const atOnce = 8

// Check looks for the records of those of a workspace's domains that are not
// proven yet, or of one, and returns all of its domains as they are then. A domain
// that is not listed is problem.DomainUnlisted. That a record is not there is no
// error: it stands in the claim.
func (f *Flow) Check(ctx context.Context, workspace, who, only string) ([]directory.DomainClaim, error) {
	ws, err := f.workspace(ctx, workspace)
	if err != nil {
		return nil, err
	}
	all, err := f.Store.DomainClaims(ctx, ws.ID)
	if err != nil {
		return nil, err
	}
	var due []directory.DomainClaim
	found := only == ""
	for _, c := range all {
		if only != "" && c.Domain != listed(only) {
			continue
		}
		if found = true; !c.Proven() {
			due = append(due, c)
		}
	}
	if !found {
		return nil, problem.Detailf(problem.DomainUnlisted, "It is %.253q.", only)
	}
	if err := f.lookAll(ctx, who, due); err != nil {
		return nil, err
	}
	return f.Store.DomainClaims(ctx, ws.ID)
}

// lookAll looks for records, several at a time, and stores what came of it in the
// order of the claims.
func (f *Flow) lookAll(ctx context.Context, who string, due []directory.DomainClaim) error {
	outcomes := make([]error, len(due))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i, c := range due {
		g.Go(func() error {
			outcomes[i] = f.look(ctx, c)
			return nil
		})
	}
	_ = g.Wait() // nothing fails as a whole
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, c := range due {
		if err := f.settle(ctx, who, c, outcomes[i]); err != nil {
			return err
		}
	}
	return nil
}

// settle stores what came of looking for a record.
func (f *Flow) settle(ctx context.Context, who string, c directory.DomainClaim, outcome error) error {
	now := f.now()
	if outcome == nil {
		err := f.Store.ProveDomain(ctx, c.Workspace, c.Domain, store.DomainProven{Proof: directory.ProofDNS, Who: who, Now: now})
		switch {
		case err == nil, errors.Is(err, store.ErrNotFound): // it was removed meanwhile
			return nil
		case !errors.Is(err, store.ErrExists):
			return err
		}
		outcome = held(err)
	}
	code, _ := problem.Of(outcome)
	c.Checked, c.Outcome, c.Detail = now, string(code), problem.DetailOf(outcome)
	c.Next = again(c, code, now)
	return f.Store.NoteDomain(ctx, c)
}

// again is when a record is looked for next: often at first, while somebody waits,
// and for two weeks.
func again(c directory.DomainClaim, code problem.Code, now time.Time) time.Time {
	age := now.Sub(c.Created)
	switch {
	case code == problem.DomainTaken || age > 14*24*time.Hour:
		return time.Time{}
	case age < time.Hour:
		return now.Add(time.Minute)
	case age < 24*time.Hour:
		return now.Add(10 * time.Minute)
	}
	return now.Add(time.Hour)
}

// Checker is who verifies a domain that is found without anybody asking.
const Checker = "Lanyard"

// Run looks for the records of domains as they are due, until ctx ends. Several
// servers on one database may each run it.
func (f *Flow) Run(ctx context.Context) error {
	poll := f.Poll
	if poll == 0 {
		poll = 15 * time.Second
	}
	t := time.NewTicker(poll)
	defer t.Stop()
	for {
		if err := f.runOnce(ctx); err != nil && ctx.Err() == nil {
			f.log().ErrorContext(ctx, "domains could not be looked for", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// lease is how long a domain is left alone by the other servers.
const lease = 2 * time.Minute

func (f *Flow) runOnce(ctx context.Context) error {
	now := f.now()
	due, err := f.Store.DueDomains(ctx, now, now.Add(lease), atOnce)
	if err != nil || len(due) == 0 {
		return err
	}
	return f.lookAll(ctx, Checker, due)
}
