package server

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// What a workspace is entitled to.
type (
	// Entitlements is how a program that embeds the server says what each
	// workspace has paid for: see [Config].
	Entitlements = modules.Entitlements
	// Plan is what a workspace is entitled to. The zero Plan is everything.
	Plan = directory.Plan
	// Module is a part of a workspace's set-up with Microsoft Entra.
	Module = directory.Module
)

// The modules that a [Plan] may be without.
const (
	ModuleMicrosoft = directory.ModuleMicrosoft
	ModuleSAML      = directory.ModuleSAML
	ModuleSCIM      = directory.ModuleSCIM
	ModuleMobile    = directory.ModuleMobile
)

// entitledEvery is how often the embedding program is asked for all plans, so
// that sign-in knows them without asking.
const entitledEvery = time.Minute

// newModules keeps the modules of the server's workspaces.
func (s *Server) newModules() *modules.Keeper {
	return &modules.Keeper{Store: s.cfg.Store, Entitlements: s.cfg.Entitlements, Health: s.health(), Now: s.cfg.Now}
}

// proved notes that the app's sign-in with Microsoft works as it is set up. That it
// could not be noted keeps nobody out.
func (s *Server) proved(ctx context.Context, ws directory.Workspace) {
	if err := s.modules.Proved(ctx, ws.ID, ModuleMicrosoft, ws.Microsoft.Fingerprint(), "a sign-in"); err != nil {
		s.cfg.Log.WarnContext(ctx, "that sign-in with Microsoft works could not be noted", "workspace", ws.ID, "error", err)
	}
}

// mirrorPlans keeps what the embedding program says where sign-in looks for it.
func (s *Server) mirrorPlans(ctx context.Context) error {
	return s.modules.Mirror(ctx, entitledEvery, func(workspace string, err error) {
		s.cfg.Log.ErrorContext(ctx, "a plan could not be found out", "workspace", workspace, "error", err)
	})
}

// frozen says why nothing of a module may be changed in a workspace.
func (s *Server) frozen(ctx context.Context, ws directory.Workspace, m directory.Module) error {
	return s.modules.Frozen(ctx, ws.ID, m)
}

// environment names what a workspace is where it is not in production.
func (s *Server) environment(ctx context.Context, workspace string) (string, error) {
	e, err := s.modules.Environment(ctx, workspace)
	switch {
	case err != nil || e.Kind != directory.Sandbox:
		return "", err
	case e.Of == "":
		return "Sandbox", nil
	}
	return fmt.Sprintf("Sandbox of %s", e.Of), nil
}

// copyRoles gives whoever administers a workspace the same role in another, that
// was made of it.
func (s *Server) copyRoles(ctx context.Context, from, to string) error {
	all, err := s.cfg.Store.Admins(ctx)
	if err != nil {
		return fmt.Errorf("reading who administers %s: %w", from, err)
	}
	for _, a := range all {
		if a.Roles[from] == "" {
			continue
		}
		_, err := s.cfg.Store.ChangeAdmin(ctx, a.ID, store.AdminChange{Now: s.cfg.Now()},
			func(a *directory.Administrator, _ func() ([]directory.Administrator, error)) error {
				if role := a.Roles[from]; role != "" {
					a.Roles = maps.Clone(a.Roles)
					a.Roles[to] = role
				}
				return nil
			})
		if err != nil {
			return fmt.Errorf("letting %s administer %s: %w", a.Email, to, err)
		}
	}
	return nil
}
