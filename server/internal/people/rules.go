package people

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

const (
	// maxRules is how many rules for roles a workspace may have: each is looked at
	// for everybody.
	maxRules = 100
	// maxName is how long the name of a group or app role may be, in characters.
	maxName = 256
)

// RoleRule adds a rule that gives a role to a group or to an app role of
// Entra's, behind those there are: the first that fits a person counts. version is
// that of the workspace it was made for; another by now is problem.ChangedSince.
// The people's roles follow: at once where somebody looks, soon in what is stored.
func (d Desk) RoleRule(ctx context.Context, ws directory.Workspace, version int64, rule directory.RoleRule) (directory.Workspace, error) {
	rule.Group, rule.AppRole, rule.Role = strings.TrimSpace(rule.Group), strings.TrimSpace(rule.AppRole), strings.TrimSpace(rule.Role)
	bad := func(format string, args ...any) error { return problem.Detailf(problem.RoleRule, format, args...) }
	return d.rules(ctx, ws, version, func(rules []directory.RoleRule) ([]directory.RoleRule, error) {
		switch name := rule.Group + rule.AppRole; {
		case (rule.Group == "") == (rule.AppRole == ""):
			return nil, bad("It names a group or an app role: one of them.")
		case rule.Role == "":
			return nil, bad("It names no role to give.")
		case directory.Fold(rule.Role) == directory.RoleOwner:
			return nil, bad("No rule makes owners; that is done by hand, on the person's page.")
		case !line(rule.Role, maxRole) || !line(name, maxName):
			return nil, bad("A role has at most %d characters, and a name %d.", maxRole, maxName)
		case len(rules) >= maxRules:
			return nil, bad("There are %d rules already, which is the most.", maxRules)
		case slices.ContainsFunc(rules, func(r directory.RoleRule) bool { return r.Group == rule.Group && r.AppRole == rule.AppRole }):
			return nil, bad("There is a rule for it already. Remove that first.")
		}
		return append(rules, rule), nil
	})
}

// DropRule removes the rule at a place, counted from 0.
func (d Desk) DropRule(ctx context.Context, ws directory.Workspace, version int64, at int) (directory.Workspace, error) {
	return d.rules(ctx, ws, version, func(rules []directory.RoleRule) ([]directory.RoleRule, error) {
		if at < 0 || at >= len(rules) {
			return nil, problem.New(problem.ChangedSince)
		}
		return slices.Delete(rules, at, at+1), nil
	})
}

// RaiseRule puts the rule at a place before the one above it.
func (d Desk) RaiseRule(ctx context.Context, ws directory.Workspace, version int64, at int) (directory.Workspace, error) {
	return d.rules(ctx, ws, version, func(rules []directory.RoleRule) ([]directory.RoleRule, error) {
		if at < 1 || at >= len(rules) {
			return nil, problem.New(problem.ChangedSince)
		}
		rules[at-1], rules[at] = rules[at], rules[at-1]
		return rules, nil
	})
}

func (d Desk) rules(ctx context.Context, ws directory.Workspace, version int64,
	change func([]directory.RoleRule) ([]directory.RoleRule, error),
) (directory.Workspace, error) {
	after, err := d.Store.UpdateWorkspace(ctx, ws.ID, d.Now(), func(w *directory.Workspace) (err error) {
		if w.Version != version {
			return problem.New(problem.ChangedSince)
		}
		w.RoleRules, err = change(slices.Clone(w.RoleRules))
		return err
	})
	var known *problem.Error
	switch {
	case errors.Is(err, store.ErrNotFound):
		return ws, problem.New(problem.NotFound)
	case errors.As(err, &known):
		return ws, err
	case err != nil:
		return ws, fmt.Errorf("changing the rules for roles: %w", err)
	}
	return after, nil
}

// line says whether s is one line of at most so many characters.
func line(s string, most int) bool {
	return len([]rune(s)) <= most && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
