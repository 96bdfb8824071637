package server

import (
	"context"
	"crypto/x509"
	"net/http"
	"slices"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
)

// health is what keeps modules from working though they are set up: what the
// tiles of the console call Broken.
func (s *Server) health() map[directory.Module][]modules.Report {
	return map[directory.Module][]modules.Report{
		ModuleSCIM:      {s.provisioningHealth},
		ModuleMicrosoft: {s.microsoftHealth},
	}
}

// provisioningHealth says that nothing is heard of a provisioner that had begun:
// whoever leaves keeps their access meanwhile.
func (s *Server) provisioningHealth(ctx context.Context, ws directory.Workspace, now time.Time) ([]problem.Code, error) {
	if !ws.SCIMEnabled {
		return nil, nil
	}
	traffic, err := s.cfg.Store.Traffic(ctx, ws.ID, now.Add(-2*directory.SilentAfter))
	if err != nil {
		return nil, err
	}
	steps, err := s.cfg.Store.SCIMSteps(ctx, ws.ID)
	if err != nil {
		return nil, err
	}
	started := !steps[http.MethodPost].Done.IsZero() || !steps[http.MethodPatch].Done.IsZero()
	if directory.RhythmOf(traffic, started, now).Silent {
		return []problem.Code{problem.ProvisioningSilent}, nil
	}
	return nil, nil
}

// microsoftHealth says that what the server proves itself to Microsoft with, when
// browsers sign in, has expired.
func (s *Server) microsoftHealth(ctx context.Context, ws directory.Workspace, now time.Time) ([]problem.Code, error) {
	m, keys, err := s.cfg.Store.MicrosoftWeb(ctx, ws.ID)
	if err != nil || !m.Enabled {
		return nil, err
	}
	var ends time.Time
	if m.Proof == directory.ProofSecret {
		if keys.Secret != nil {
			ends = keys.Secret.Expires // zero where nobody said when
		}
	} else if i := slices.IndexFunc(keys.Certificates, func(c directory.MicrosoftCertificate) bool { return c.ID == m.KeyID }); i >= 0 {
		if c, err := x509.ParseCertificate(keys.Certificates[i].Certificate); err == nil {
			ends = c.NotAfter
		}
	}
	if !ends.IsZero() && !ends.After(now) {
		return []problem.Code{problem.M365Expired}, nil
	}
	return nil, nil
}
