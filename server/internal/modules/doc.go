// Package modules says what of a workspace is set up, how each part stands, and
// what the workspace is entitled to: its modules and their states, its plan and
// seats, its user directory, its copies, its pilot and its drafts.
//
// It decides. Pages and commands show what it says and hand it what people ask
// for; setting a module up is left to the flows (signin, provision, mobile), and
// who may enter to directory's rules, which the flows apply.
package modules

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Entitlements is how a program that embeds the server says what each workspace
// has paid for. It is asked on every page of a set-up and at sign-in, so it
// should answer from memory. An error means that nothing is changed meanwhile,
// and that sign-in goes on as it is.
type Entitlements interface {
	// Plan returns what a workspace is entitled to. The zero Plan is everything.
	Plan(ctx context.Context, workspace string) (directory.Plan, error)
}

// Keeper answers for the modules of all workspaces of a server. It is safe for
// concurrent use.
type Keeper struct {
	Store *store.Store
	// Entitlements may be nil: then only the plan counts that is set for a
	// workspace here.
	Entitlements Entitlements
	// Health, for each module, may say what else keeps it from working than the
	// Facts do.
	Health map[directory.Module][]Report
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Report says what is wrong with a module of a workspace: nothing, or codes.
type Report func(ctx context.Context, ws directory.Workspace, now time.Time) ([]problem.Code, error)

func (k *Keeper) now() time.Time {
	if k.Now == nil {
		return time.Now()
	}
	return k.Now()
}

// Plan returns what a workspace is entitled to: what its setting and the
// embedding program both allow. The error of a program that doesn't answer is
// problem.PlanUnknown.
func (k *Keeper) Plan(ctx context.Context, workspace string) (directory.Plan, error) {
	p, _, err := store.ReadSetting[directory.Plan](ctx, k.Store, workspace, directory.SettingPlan)
	if err != nil || k.Entitlements == nil {
		return p, err
	}
	theirs, err := k.Entitlements.Plan(ctx, workspace)
	if err != nil {
		return p, problem.Wrap(problem.PlanUnknown, fmt.Errorf("asking for the plan of %s: %w", workspace, err))
	}
	if err := k.mirror(ctx, workspace, theirs); err != nil {
		return p, fmt.Errorf("noting the plan of %s: %w", workspace, err)
	}
	return p.Within(theirs), nil
}

// Frozen says whether the set-up of a module may not be changed, since the plan
// lacks it: problem.NotInPlan, with what to do about it.
func (k *Keeper) Frozen(ctx context.Context, workspace string, m directory.Module) error {
	if m == "" {
		return nil
	}
	p, err := k.Plan(ctx, workspace)
	if err != nil {
		return err
	}
	return Locked(p, m)
}

// Locked is problem.NotInPlan where a plan lacks a module, with whom to ask.
func Locked(p directory.Plan, m directory.Module) error {
	switch {
	case p.Includes(m):
		return nil
	case p.Contact != "" || p.ContactURL != "":
		return problem.Detailf(problem.NotInPlan, "%s is not part of it. %s", m.Name(), contact(p))
	}
	return problem.Detailf(problem.NotInPlan, "%s is not part of it.", m.Name())
}

func contact(p directory.Plan) string {
	switch {
	case p.Contact == "":
		return "Get in touch: " + p.ContactURL
	case p.ContactURL == "":
		return p.Contact
	}
	return p.Contact + " " + p.ContactURL
}

// Environment returns what a workspace is for.
func (k *Keeper) Environment(ctx context.Context, workspace string) (directory.Environment, error) {
	e, _, err := store.ReadSetting[directory.Environment](ctx, k.Store, workspace, directory.SettingEnvironment)
	if e.Kind == "" {
		e.Kind = directory.Production
	}
	return e, err
}

// unknown gives the store's errors about a workspace their code.
func unknown(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return problem.Wrap(problem.UnknownWorkspace, err)
	}
	return err
}
