package modules

import (
	"context"
	"errors"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// OwnPlan returns the plan that is set for a workspace here, and its version:
// without what an embedding program says.
func (k *Keeper) OwnPlan(ctx context.Context, workspace string) (directory.Plan, int64, error) {
	return store.ReadSetting[directory.Plan](ctx, k.Store, workspace, directory.SettingPlan)
}

// SetPlan stores what a workspace is entitled to. What the plan lacks stays as it
// is set up. version is the one that the change is based on, or
// store.AnyVersion; where it is another by now it is problem.SettingsChanged.
func (k *Keeper) SetPlan(ctx context.Context, workspace string, version int64, who string, change func(*directory.Plan) error) (directory.Plan, error) {
	p, _, err := store.ChangeSetting(ctx, k.Store, workspace, directory.SettingPlan,
		store.SettingChange{Version: version, Who: who, Now: k.now()}, func(p *directory.Plan) error {
			if err := change(p); err != nil {
				return err
			}
			return p.Valid()
		})
	return p, changed(err)
}

// changed gives the store's errors of changing a setting their code.
func changed(err error) error {
	if errors.Is(err, store.ErrConflict) {
		return problem.Wrap(problem.SettingsChanged, err)
	}
	return unknown(err)
}

// Seats are how many people may use a workspace, and how many would like to.
type Seats struct {
	// Limit is 0 where any number may.
	Limit int `json:"limit"`
	Taken int `json:"taken"`
	// Waiting is how many people are in the state pending_seat: provisioned, and
	// not able to sign in until a seat is free.
	Waiting int `json:"waiting"`
}

// Seats counts the seats of a workspace.
func (k *Keeper) Seats(ctx context.Context, ws directory.Workspace) (Seats, error) {
	p, err := k.Plan(ctx, ws.ID)
	if err != nil {
		return Seats{}, err
	}
	c, err := k.Store.CountUsers(ctx, ws.Directory)
	if err != nil {
		return Seats{}, err
	}
	s := Seats{Limit: p.Seats, Taken: c.Active}
	if p.Seats > 0 && c.Active > p.Seats {
		s.Taken, s.Waiting = p.Seats, c.Active-p.Seats
	}
	return s, nil
}

// Waiting returns who waits for a seat in a workspace, in the order in which they
// will get one, at most limit.
func (k *Keeper) Waiting(ctx context.Context, ws directory.Workspace, limit int) ([]directory.User, error) {
	p, err := k.Plan(ctx, ws.ID)
	if err != nil {
		return nil, err
	}
	return k.Store.Waiting(ctx, ws.Directory, p.Seats, limit)
}

// Mirror keeps what the embedding program says of every workspace where sign-in
// looks for it, until ctx ends. Sign-in then works, and goes by the last answer,
// where the program does not answer. Without Entitlements it does nothing.
func (k *Keeper) Mirror(ctx context.Context, every time.Duration, failed func(workspace string, err error)) error {
	if k.Entitlements == nil {
		return nil
	}
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		all, err := k.Store.Workspaces(ctx)
		if err != nil && ctx.Err() == nil {
			failed("", err)
		}
		for _, ws := range all {
			if _, err := k.Plan(ctx, ws.ID); err != nil && ctx.Err() == nil {
				failed(ws.ID, err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// mirror notes what the embedding program says, where that is news.
func (k *Keeper) mirror(ctx context.Context, workspace string, theirs directory.Plan) error {
	ctx = store.WithoutAudit(ctx)
	was, version, err := store.ReadSetting[directory.Plan](ctx, k.Store, workspace, directory.SettingEntitled)
	if err != nil || version > 0 && was.Same(theirs) {
		return err
	}
	_, _, err = store.ChangeSetting(ctx, k.Store, workspace, directory.SettingEntitled,
		store.SettingChange{Version: store.AnyVersion, Who: "entitlements", Now: k.now()}, func(p *directory.Plan) error {
			*p = theirs
			return nil
		})
	return unknown(err)
}
