package provision

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// inside refuses a new person outside the workspace's domains, once single sign-on
// is enforced: they could never sign in (row F2). Where the workspace only warns,
// they are made, and it is written into the log. The provisioner is an
// administrator's, so it is told which domains there are.
func (c *call) inside(ctx context.Context, u directory.User) error {
	if len(c.ws.Domains) == 0 {
		return nil
	}
	p, err := c.h.cfg.Store.Policy(ctx, c.ws, c.now())
	if err != nil {
		return err
	}
	if !p.Enforcement.Enforced {
		return nil
	}
	v := p.Domains.JudgeUser(c.ws, u)
	if p.Domains.Warns(v, directory.Exemption{}, c.now()) {
		c.h.cfg.Log.WarnContext(ctx, "somebody outside the workspace's domains was provisioned", "workspace", c.ws.ID, "domain", v.Domain)
	}
	if err := p.Domains.Permit(c.ws, v, directory.Exemption{}, c.now()); err != nil {
		return &scim.Error{
			Status: http.StatusBadRequest, Kind: scim.InvalidValue, Cause: err,
			Detail: fmt.Sprintf("%s: this person's address is of none of the workspace's domains (%s), so they could never sign in. In Entra, open Provisioning, Mappings, Source Object Scope, and leave them out with a scoping filter; or verify their domain.",
				problem.DomainOutside, strings.Join(c.ws.Domains, ", ")),
		}
	}
	return nil
}
