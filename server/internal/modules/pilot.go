package modules

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Pilot returns who tries single sign-on first, and the version of that.
func (k *Keeper) Pilot(ctx context.Context, workspace string) (directory.Pilot, int64, error) {
	return store.ReadSetting[directory.Pilot](ctx, k.Store, workspace, directory.SettingPilot)
}

// PilotChange is what becomes of a pilot: nil and nothing leave it as it is.
type PilotChange struct {
	On          *bool
	Add, Remove []string // ids of people
	Who         string
}

// SetPilot changes a workspace's pilot. Whoever is added must be in its directory
// and not archived: problem.PilotWho. A pilot that is on has somebody in it:
// problem.PilotEmpty. Where single sign-on is enforced, no pilot can be switched
// on, since it would spare everybody else: problem.SSOEnforced.
func (k *Keeper) SetPilot(ctx context.Context, ws directory.Workspace, c PilotChange) (directory.Pilot, error) {
	change := store.SettingChange{Version: store.AnyVersion, Who: c.Who, Now: k.now()}
	if c.On != nil && *c.On {
		change.Allow = notEnforced
	}
	for _, id := range c.Add {
		u, err := k.Store.User(ctx, ws.Directory, id)
		if errors.Is(err, store.ErrNotFound) || err == nil && u.State == directory.Archived {
			return directory.Pilot{}, problem.New(problem.PilotWho)
		}
		if err != nil {
			return directory.Pilot{}, fmt.Errorf("looking for the person: %w", err)
		}
	}
	p, _, err := store.ChangeSetting(ctx, k.Store, ws.ID, directory.SettingPilot, change,
		func(p *directory.Pilot) error {
			for _, id := range c.Add {
				if !slices.Contains(p.People, id) {
					p.People = append(p.People, id)
				}
			}
			p.People = slices.DeleteFunc(p.People, func(id string) bool { return slices.Contains(c.Remove, id) })
			if c.On != nil {
				p.On = *c.On
			}
			switch {
			case p.On && len(p.People) == 0:
				return problem.New(problem.PilotEmpty)
			case len(p.People) > directory.MaxPilot:
				return problem.New(problem.PilotLarge)
			}
			return nil
		})
	return p, unknown(err)
}
