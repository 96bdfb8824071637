package modules

import (
	"context"
	"fmt"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Check is one thing that must be so before a module can be set up (row A10).
type Check struct {
	// Name is "activated": the plan includes the module; or "enabled": an
	// administrator switched it on.
	Name   string `json:"name"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	OK     bool   `json:"ok"`
	// Fix is what mends it: FixSwitch, FixContact or "".
	Fix string `json:"fix,omitempty"`
	// Contact is whom to ask, and ContactURL where, with FixContact.
	Contact    string `json:"contact,omitempty"`
	ContactURL string `json:"contact_url,omitempty"`
}

// What mends a Check.
const (
	FixSwitch  = "switch"  // Switch the module on
	FixContact = "contact" // get in touch with whoever provides the service
)

// Preflight returns what must be so before a module can be set up, in the order
// in which it is mended.
func (k *Keeper) Preflight(ctx context.Context, workspace string, m directory.Module) ([]Check, error) {
	plan, err := k.Plan(ctx, workspace)
	if err != nil {
		return nil, err
	}
	on, err := k.On(ctx, workspace, m)
	if err != nil {
		return nil, err
	}
	return Checks(plan, on, m), nil
}

// Checks are what must be so before a module can be set up, by what the plan is and
// whether the module is on.
func Checks(plan directory.Plan, on bool, m directory.Module) []Check {
	activated := Check{Name: "activated", Title: "Activated", OK: plan.Includes(m), Detail: m.Name() + " is part of this workspace's plan."}
	if !activated.OK {
		activated.Detail = m.Name() + " is not part of this workspace's plan."
		activated.Fix, activated.Contact, activated.ContactURL = FixContact, plan.Contact, plan.ContactURL
	}
	enabled := Check{Name: "enabled", Title: "Enabled", OK: on, Detail: m.Name() + " is switched on for this workspace."}
	if !on {
		enabled.Detail, enabled.Fix = m.Name()+" is switched off for this workspace.", FixSwitch
	}
	return []Check{activated, enabled}
}

// On reports whether a module is switched on in a workspace, whatever is set up.
func (k *Keeper) On(ctx context.Context, workspace string, m directory.Module) (bool, error) {
	if m == directory.ModuleSCIM {
		ws, err := k.Store.Workspace(ctx, workspace)
		if err != nil {
			return false, fmt.Errorf("reading the workspace: %w", err)
		}
		return ws.SCIMEnabled, nil
	}
	s, err := k.Switches(ctx, workspace)
	return s.On(m), err
}

// Switches returns what is switched off in a workspace.
func (k *Keeper) Switches(ctx context.Context, workspace string) (directory.Switches, error) {
	s, _, err := store.ReadSetting[directory.Switches](ctx, k.Store, workspace, directory.SettingSwitches)
	return s, err
}

// Switch switches a module of a workspace on or off. What is set up stays.
// What the plan lacks cannot be switched: problem.NotInPlan. Single
// sign-on that is enforced cannot be switched off: problem.SSOEnforced.
func (k *Keeper) Switch(ctx context.Context, workspace string, m directory.Module, on bool, who string) error {
	if !m.Valid() {
		return problem.New(problem.BadModule)
	}
	if err := k.Frozen(ctx, workspace, m); err != nil {
		return err
	}
	if m == directory.ModuleSCIM {
		_, err := k.Store.UpdateWorkspace(ctx, workspace, k.now(), func(ws *directory.Workspace) error {
			ws.SCIMEnabled = on
			return nil
		})
		return unknown(err)
	}
	change := store.SettingChange{Version: store.AnyVersion, Who: who, Now: k.now()}
	if m == directory.ModuleSAML && !on {
		change.Allow = notEnforced
	}
	return k.changeSwitches(ctx, workspace, change, func(s *directory.Switches) { *s = s.Set(m, on) })
}

// notEnforced refuses what would take single sign-on away while it is enforced:
// only an operator of the server lifts that. It is asked in the transaction of the
// change, for somebody may enforce it just then.
func notEnforced(e directory.Enforcement) error {
	if e.Enforced {
		return problem.New(problem.SSOEnforced)
	}
	return nil
}

// Proved notes that a module was seen to work: ModuleMicrosoft with the set-up
// of this fingerprint (directory.Microsoft.Fingerprint). Other modules keep that
// beside what is set up.
func (k *Keeper) Proved(ctx context.Context, workspace string, m directory.Module, fingerprint, who string) error {
	s, err := k.Switches(ctx, workspace)
	if err != nil || s.Proven[m] == fingerprint {
		return err
	}
	return k.changeSwitches(ctx, workspace, store.SettingChange{Version: store.AnyVersion, Who: who, Now: k.now()}, func(s *directory.Switches) {
		proven := map[directory.Module]string{m: fingerprint}
		for other, f := range s.Proven {
			if other != m {
				proven[other] = f
			}
		}
		s.Proven = proven
	})
}

func (k *Keeper) changeSwitches(ctx context.Context, workspace string, c store.SettingChange, f func(*directory.Switches)) error {
	_, _, err := store.ChangeSetting(ctx, k.Store, workspace, directory.SettingSwitches, c, func(s *directory.Switches) error {
		f(s)
		return nil
	})
	return unknown(err)
}
