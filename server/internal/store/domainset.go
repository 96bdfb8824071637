package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// changeWorkspace changes a workspace within a transaction.
func (t *tx) changeWorkspace(ctx context.Context, id string, now time.Time, change func(*directory.Workspace) error) (directory.Workspace, error) {
	was, err := scanWorkspace(t.row(ctx, `select `+workspaceColumns+` from workspaces w where w.id = $1`, id))
	if err != nil {
		return was, err
	}
	w := was
	w.Domains = slices.Clone(was.Domains)
	if err := change(&w); err != nil {
		return was, err
	}
	return t.putWorkspace(ctx, was, w, now)
}

// setDomains makes w.Domains the domains that lead to w, and its verified ones:
// those that are new were set by an operator. A sandbox's lead nowhere.
func (t *tx) setDomains(ctx context.Context, w directory.Workspace) error {
	env, err := t.environment(ctx, w.ID)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, `delete from domains where workspace = $1`, w.ID); err != nil {
		return fmt.Errorf("store: removing domains: %w", err)
	}
	proven := map[string]bool{}
	if err := t.each(ctx, func(row scanner) error {
		var d string
		err := row.Scan(&d)
		proven[d] = true
		return err
	}, `select domain from domain_claims where workspace = $1 and proof <> ''`, w.ID); err != nil {
		return fmt.Errorf("store: reading domains: %w", err)
	}
	for _, d := range w.Domains {
		if err := t.setDomain(ctx, w, d, env, proven[d]); err != nil {
			return err
		}
		delete(proven, d)
	}
	for d := range proven {
		if _, err := t.exec(ctx, `delete from domain_claims where workspace = $1 and domain = $2`, w.ID, d); err != nil {
			return fmt.Errorf("store: removing domains: %w", err)
		}
	}
	return nil
}

func (t *tx) setDomain(ctx context.Context, w directory.Workspace, d string, env directory.EnvironmentKind, proven bool) error {
	if err := t.unheld(ctx, w.ID, d, env); err != nil {
		var held DomainHeld
		if errors.As(err, &held) {
			return Exists{"domain"}
		}
		return err
	}
	if env == directory.Production {
		n, err := t.exec(ctx, `insert into domains (domain, workspace) values ($1, $2) on conflict do nothing`, d, w.ID)
		switch {
		case err != nil:
			return fmt.Errorf("store: adding domain: %w", err)
		case n == 0:
			return Exists{"domain"}
		}
	}
	if proven {
		return nil
	}
	const operator = "operator (command)"
	at := micro(w.Modified)
	if w.Modified.IsZero() { // it is being made
		at = micro(w.Created)
	}
	if _, err := t.exec(ctx, `insert into domain_claims (workspace, domain, environment, challenge, proof, reason, who, created, verified_by, verified, outcome, detail)
		values ($1, $2, $3, '', $4, '', $5, $6, $7, $8, '', '') on conflict (workspace, domain) do update set environment = excluded.environment,
		proof = excluded.proof, verified_by = excluded.verified_by, verified = excluded.verified, outcome = '', detail = '', next = null`,
		w.ID, d, string(env), string(directory.ProofOperator), operator, at, operator, at); err != nil {
		return fmt.Errorf("store: adding domain: %w", err)
	}
	return nil
}
