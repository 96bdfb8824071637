package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// claimColumns must be in the order of scanClaim.
const claimColumns = `c.workspace, c.domain, c.environment, c.challenge, c.proof, c.reason, c.who, c.created,
	c.verified_by, coalesce(c.verified, 0), c.outcome, c.detail, coalesce(c.checked, 0), coalesce(c.next, 0)`

func scanClaim(row scanner) (directory.DomainClaim, error) {
	var c directory.DomainClaim
	var created, verified, checked, next int64
	err := row.Scan(&c.Workspace, &c.Domain, (*string)(&c.Environment), &c.Challenge, (*string)(&c.Proof), &c.Reason, &c.Who, &created,
		&c.VerifiedBy, &verified, &c.Outcome, &c.Detail, &checked, &next)
	c.Created, c.Verified, c.Checked, c.Next = fromMicro(created), timeOrZero(verified), timeOrZero(checked), timeOrZero(next)
	return c, err
}

func timeOrZero(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return fromMicro(us)
}

// DomainClaims returns the domains that a workspace says are its own, by name.
func (s *Store) DomainClaims(ctx context.Context, workspace string) (all []directory.DomainClaim, err error) {
	if !storable(workspace) {
		return nil, nil
	}
	err = s.read.each(ctx, func(row scanner) error {
		c, err := scanClaim(row)
		all = append(all, c)
		return err
	}, `select `+claimColumns+` from domain_claims c where c.workspace = $1 order by c.domain`, workspace)
	if err != nil {
		return nil, fmt.Errorf("store: reading domains: %w", err)
	}
	return all, nil
}

// DomainHeld is the ErrExists of a domain that another workspace of the same
// environment has proven.
type DomainHeld struct{ Domain string }

func (e DomainHeld) Error() string { return ErrExists.Error() + ": domain " + e.Domain }

// Is makes errors.Is(err, ErrExists) true.
func (e DomainHeld) Is(target error) bool { return target == ErrExists }

// ClaimDomains notes that a workspace says that domains are its own, and returns
// those that are new to it, which wait for their proof from claim.Created on.
// Where another workspace has proven one, that is a [DomainHeld], and none is
// noted. most is how many a workspace may have; more are ErrInvalid.
func (s *Store) ClaimDomains(ctx context.Context, workspace string, claims []directory.DomainClaim, most int) (added []directory.DomainClaim, err error) {
	for _, c := range claims {
		if c.Domain == "" || !storable(workspace, c.Domain, c.Challenge, c.Who) {
			return nil, ErrInvalid
		}
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		added = nil
		env, err := t.environment(ctx, workspace)
		if err != nil {
			return err
		}
		for _, c := range claims {
			if err := t.unheld(ctx, workspace, c.Domain, env); err != nil {
				return err
			}
			c.Workspace, c.Environment, c.Next = workspace, env, c.Created
			n, err := t.exec(ctx, `insert into domain_claims (workspace, domain, environment, challenge, proof, reason, who, created, verified_by, outcome, detail, next)
				values ($1, $2, $3, $4, '', '', $5, $6, '', '', '', $7) on conflict do nothing`,
				workspace, c.Domain, string(env), c.Challenge, c.Who, micro(c.Created), micro(c.Next))
			if err != nil {
				return fmt.Errorf("store: adding a domain: %w", err)
			}
			if n > 0 {
				added = append(added, c)
			}
		}
		var have int
		if err := t.row(ctx, `select count(*) from domain_claims where workspace = $1`, workspace).Scan(&have); err != nil {
			return fmt.Errorf("store: counting domains: %w", err)
		}
		if have > most {
			return fmt.Errorf("%w: %d domains are more than %d", ErrInvalid, have, most)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return added, nil
}

// environment is what a workspace is for; ErrNotFound where there is none.
func (t *tx) environment(ctx context.Context, workspace string) (directory.EnvironmentKind, error) {
	n, err := t.setting(ctx, workspace, directory.SettingEnvironment)
	if err != nil {
		return "", err
	}
	var env directory.Environment
	if n.Version > 0 {
		if err := json.Unmarshal(n.Doc, &env); err != nil {
			return "", fmt.Errorf("store: environment of workspace %q: %w", workspace, err)
		}
	}
	if env.Kind == "" {
		return directory.Production, nil
	}
	return env.Kind, nil
}

// unheld refuses a domain that another workspace of the environment has proven.
func (t *tx) unheld(ctx context.Context, workspace, domain string, env directory.EnvironmentKind) error {
	var other string
	err := t.row(ctx, `select workspace from domain_claims where environment = $1 and domain = $2 and proof <> '' and workspace <> $3`,
		string(env), domain, workspace).Scan(&other)
	switch {
	case err == nil:
		return DomainHeld{domain}
	case !errors.Is(err, ErrNotFound):
		return fmt.Errorf("store: looking for a domain: %w", err)
	}
	return nil
}

// DomainProven is how a domain was proven, when, and by whom.
type DomainProven struct {
	Proof       directory.DomainProof
	Reason, Who string
	Now         time.Time
}

// ProveDomain verifies a domain that the workspace has claimed; from then on it is
// one of Workspace.Domains. One that is verified already stays as it is. A domain
// that another workspace of the environment has proven is a [DomainHeld].
func (s *Store) ProveDomain(ctx context.Context, workspace, domain string, p DomainProven) error {
	if p.Proof == "" || !storable(workspace, domain, p.Reason, p.Who) {
		return ErrInvalid
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		var proof string
		if err := t.row(ctx, `select proof from domain_claims where workspace = $1 and domain = $2`, workspace, domain).Scan(&proof); err != nil || proof != "" {
			return err
		}
		env, err := t.environment(ctx, workspace)
		if err != nil {
			return err
		}
		if err := t.unheld(ctx, workspace, domain, env); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `update domain_claims set proof = $1, reason = $2, verified_by = $3, verified = $4,
			checked = $5, outcome = '', detail = '', next = null, environment = $6 where workspace = $7 and domain = $8`,
			string(p.Proof), p.Reason, p.Who, micro(p.Now), micro(p.Now), string(env), workspace, domain); err != nil {
			return fmt.Errorf("store: verifying a domain: %w", err)
		}
		_, err = t.changeWorkspace(ctx, workspace, p.Now, func(w *directory.Workspace) error {
			w.Domains = append(w.Domains, domain)
			return nil
		})
		if errors.Is(err, ErrExists) {
			return DomainHeld{domain}
		}
		return err
	})
}

// DropDomain removes a domain, verified or not. One that the workspace does not
// have is ErrNotFound.
func (s *Store) DropDomain(ctx context.Context, workspace, domain string, now time.Time) error {
	if !storable(workspace, domain) {
		return ErrNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		var proof string
		if err := t.row(ctx, `delete from domain_claims where workspace = $1 and domain = $2 returning proof`, workspace, domain).Scan(&proof); err != nil || proof == "" {
			return err
		}
		_, err := t.changeWorkspace(ctx, workspace, now, func(w *directory.Workspace) error {
			w.Domains = slices.DeleteFunc(w.Domains, func(d string) bool { return d == domain })
			return nil
		})
		return err
	})
}

// DueDomains returns domains that are to be looked for in DNS by now, at most so
// many, and has each looked for again at next unless somebody says otherwise: of
// several servers one gets it.
func (s *Store) DueDomains(ctx context.Context, now, next time.Time, most int) (due []directory.DomainClaim, err error) {
	var there int
	if err := s.read.row(ctx, `select 1 from domain_claims where next <= $1 limit 1`, micro(now)).Scan(&there); errors.Is(err, ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("store: looking for domains that are due: %w", err)
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		due = nil
		if err := t.each(ctx, func(row scanner) error {
			c, err := scanClaim(row)
			due = append(due, c)
			return err
		}, `select `+claimColumns+` from domain_claims c where c.next <= $1 order by c.next limit $2`, micro(now), most); err != nil {
			return err
		}
		for _, c := range due {
			if _, err := t.exec(ctx, `update domain_claims set next = $1 where workspace = $2 and domain = $3`, micro(next), c.Workspace, c.Domain); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: looking for domains that are due: %w", err)
	}
	return due, nil
}

// NoteDomain stores what came of looking for a claim's record: its Checked,
// Outcome, Detail and Next. A domain that was verified or removed meanwhile is
// left alone.
func (s *Store) NoteDomain(ctx context.Context, c directory.DomainClaim) error {
	if !storable(c.Workspace, c.Domain, c.Outcome, c.Detail) {
		return ErrInvalid
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.exec(ctx, `update domain_claims set checked = $1, outcome = $2, detail = $3, next = $4
			where workspace = $5 and domain = $6 and proof = '' and challenge = $7`,
			orNull(c.Checked), c.Outcome, c.Detail, orNull(c.Next), c.Workspace, c.Domain, c.Challenge); err != nil {
			return fmt.Errorf("store: noting how a domain is: %w", err)
		}
		return nil
	})
}
