package server

import (
	"context"
	"errors"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console/samlsso"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/enforce"
)

// SSO switches single sign-on on and off for everybody in a workspace: what the
// console's last step does, and what an operator does by command.
func (s *Server) SSO() *enforce.Desk { return s.sso }

// newSSO makes the desk. Sessions that may not go on are ended by settle, and
// refused at their next use.
func (s *Server) newSSO() *enforce.Desk {
	return &enforce.Desk{Store: s.cfg.Store, Now: s.cfg.Now, BreakGlass: s.admins.GlassReady, Domains: s.domains.Decided, Ended: s.letLose, Tell: s.tellAdmins}
}

// letLose suspends the people outside a workspace's domains who were to lose their
// access when single sign-on is enforced (row F5).
func (s *Server) letLose(ctx context.Context, ws directory.Workspace, e directory.Enforcement) error {
	_, err := s.domains.Settle(ctx, ws.ID, e.By)
	return err
}

// tellAdmins sends a notice to every administrator of its workspace.
func (s *Server) tellAdmins(ctx context.Context, n enforce.Notice) error {
	all, err := s.cfg.Store.Admins(ctx)
	if err != nil {
		return err
	}
	var to []string
	for _, a := range all {
		if a.RoleIn(n.Workspace.ID) != "" && a.Email != "" {
			to = append(to, a.Email)
		}
	}
	if len(to) == 0 {
		return problem.Wrap(problem.SSONobodyTold, errors.New("the workspace has no administrators"))
	}
	_, err = s.post.Queue(ctx, n.Mail(to))
	return err
}

// samlPages are the console's pages about single sign-on by SAML.
func (s *Server) samlPages() *samlsso.Section {
	return samlsso.New(samlsso.Config{
		Setup: s.saml.Setup, Desk: s.sso, Gallery: s.cfg.Console.Gallery, Brand: s.cfg.AppName,
		Contact: func(ctx context.Context, workspace string) (who, url string, err error) {
			p, err := s.modules.Plan(ctx, workspace)
			if code, _ := problem.Of(err); code == problem.PlanUnknown {
				return "", "", nil // whom to ask is not known for the moment
			}
			return p.Contact, p.ContactURL, err
		},
	})
}
