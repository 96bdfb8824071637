// Package mobile keeps which apps Microsoft Entra was told about for a workspace:
// what an administrator registers in Entra for telephones and desktops, and pastes
// back here.
//
// It decides what is taken of that: redirect URIs, signature hashes and MSAL
// configurations are held against each other, against what is registered already
// and against the workspace's own sign-in (rows G2, G4). How each of them is
// written is platform/redirect's business; who may enter them is decided by
// whoever calls; and what follows from what is stored, by sign-in, which tells
// apps and returns people to no other address of these kinds.
package mobile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Store is what registering apps asks of the server's memory.
type Store interface {
	Workspace(ctx context.Context, id string) (directory.Workspace, error)
	Mobile(ctx context.Context, workspace string) (directory.Mobile, error)
	UpdateMobile(ctx context.Context, workspace, who string, now time.Time, change func(*directory.Mobile) (string, error)) (directory.Mobile, error)
	WorkspaceActs(ctx context.Context, dir, workspace string, most int) ([]store.Act, error)
}

// Setup registers the apps of workspaces. Commands and the console use it. It
// asks nobody who they are: its caller must have done so, for the very workspace.
// It is safe for concurrent use.
type Setup struct {
	Store Store
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// InsecureAllowDebugKey accepts the key that Fyne publishes, with a warning,
	// in every workspace: for a server that only developers reach.
	InsecureAllowDebugKey bool
}

// Outcome is what is, or would be, registered.
type Outcome struct {
	Mobile directory.Mobile
	// Changes say in a few words each what was done, or would be.
	Changes  []string
	Warnings []Warning
	At       time.Time
}

// Check does all that Set does and stores nothing.
func (s *Setup) Check(ctx context.Context, workspace string, in Input) (Outcome, error) {
	return s.try(ctx, workspace, in.Version, s.entering(in))
}

// Set registers apps, all that in names or none. Of what is wrong, [Faults] says
// one by one where it stands. who is whoever is answerable for it, as the record
// of acts shows it.
func (s *Setup) Set(ctx context.Context, workspace, who string, in Input) (Outcome, error) {
	return s.change(ctx, workspace, who, in.Version, s.entering(in))
}

// Remove registers apps no more. From that moment nobody is returned to their
// addresses. What is named and not there is problem.MobileNotSet, and then
// nothing is removed.
func (s *Setup) Remove(ctx context.Context, workspace, who string, r Removal) (Outcome, error) {
	return s.change(ctx, workspace, who, r.Version, removing(r))
}

// CheckRemove does all that Remove does and stores nothing.
func (s *Setup) CheckRemove(ctx context.Context, workspace string, r Removal) (Outcome, error) {
	return s.try(ctx, workspace, r.Version, removing(r))
}

// Show returns what is registered, which may be nothing, with what an
// administrator should know about it.
func (s *Setup) Show(ctx context.Context, workspace string) (Outcome, error) {
	_, out, err := s.read(ctx, workspace)
	return out, err
}

// read returns the workspace and what is registered for it.
func (s *Setup) read(ctx context.Context, workspace string) (directory.Workspace, Outcome, error) {
	ws, err := s.workspace(ctx, workspace)
	if err != nil {
		return ws, Outcome{}, err
	}
	m, err := s.Store.Mobile(ctx, ws.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return ws, Outcome{}, fmt.Errorf("reading the apps: %w", err)
	}
	m.Workspace = ws.ID
	return ws, Outcome{Mobile: m, Warnings: standing(ws, m), At: s.now()}, nil
}

// History returns who changed a workspace's apps, the newest first, at most so
// many. Other acts on the workspace are among them.
func (s *Setup) History(ctx context.Context, workspace string, most int) ([]store.Act, error) {
	ws, err := s.workspace(ctx, workspace)
	if err != nil {
		return nil, err
	}
	return s.Store.WorkspaceActs(ctx, ws.Directory, ws.ID, most)
}

// alteration is what is to become of a workspace's apps.
type alteration func(directory.Workspace, directory.Mobile) (directory.Mobile, []Warning, error)

func (s *Setup) entering(in Input) alteration {
	return func(ws directory.Workspace, m directory.Mobile) (directory.Mobile, []Warning, error) {
		return apply(ws, m, in, s.InsecureAllowDebugKey || in.InsecureAllowDebugKey)
	}
}

// try does an alteration for nobody to see.
func (s *Setup) try(ctx context.Context, workspace string, seen *int64, alter alteration) (Outcome, error) {
	ws, was, err := s.read(ctx, workspace)
	if err != nil {
		return Outcome{}, err
	}
	next, warnings, err := altered(ws, was.Mobile, seen, alter)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{next, changes(was.Mobile, next), append(warnings, standing(ws, next)...), s.now()}, nil
}

// change does an alteration, in one transaction with reading what it alters.
func (s *Setup) change(ctx context.Context, workspace, who string, seen *int64, alter alteration) (Outcome, error) {
	if who == "" {
		return Outcome{}, errors.New("mobile: a change that nobody is answerable for")
	}
	ws, err := s.workspace(ctx, workspace)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{At: s.now()}
	out.Mobile, err = s.Store.UpdateMobile(ctx, ws.ID, who, out.At, func(m *directory.Mobile) (string, error) {
		next, warnings, err := altered(ws, *m, seen, alter)
		if err != nil {
			return "", err
		}
		out.Changes, out.Warnings = changes(*m, next), warnings
		*m = next
		return summary(out.Changes), nil
	})
	if err != nil {
		var known *problem.Error
		if errors.As(err, &known) {
			return Outcome{}, err
		}
		return Outcome{}, fmt.Errorf("storing the apps: %w", err)
	}
	out.Warnings = append(out.Warnings, standing(ws, out.Mobile)...)
	return out, nil
}

// altered refuses an alteration that began with another version than the one that
// is there.
func altered(ws directory.Workspace, m directory.Mobile, seen *int64, alter alteration) (directory.Mobile, []Warning, error) {
	next, warnings, err := alter(ws, m)
	if seen != nil && *seen != m.Version {
		return m, nil, &Conflict{Seen: *seen, Stored: m, Wanted: next}
	}
	return next, warnings, err
}

func (s *Setup) workspace(ctx context.Context, id string) (directory.Workspace, error) {
	ws, err := s.Store.Workspace(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return ws, problem.Wrap(problem.UnknownWorkspace, err)
	case err != nil:
		return ws, fmt.Errorf("looking for the workspace: %w", err)
	}
	return ws, nil
}

func (s *Setup) now() time.Time {
	if s.Now == nil {
		return time.Now().UTC()
	}
	return s.Now().UTC()
}
