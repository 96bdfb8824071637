package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// userSetCmd changes what only the workspace decides about a person: all else
// comes from the organisation, by provisioning.
type userSetCmd struct {
	dbFlags
	Person    string `arg:"" help:"id, user name, Entra object ID or e-mail address."`
	Workspace string `name:"workspace" required:"" placeholder:"ID" help:"The workspace."`
	Role      string `name:"role" required:"" placeholder:"ROLE" help:"The role, such as member, admin or owner. Provisioning does not take it away, but a return after being disabled ends admin and owner."`
}

func (u userSetCmd) Run(c *command) error {
	role := strings.TrimSpace(u.Role)
	if role == "" {
		return problem.Detailf(problem.BadUsage, "--role is empty.")
	}
	if err := checkText("--role", role, 64); err != nil {
		return err
	}
	st, err := c.open(u.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	ws, err := c.workspace(st, u.Workspace)
	if err != nil {
		return err
	}
	p, err := c.person(st, ws, u.Person)
	if err != nil {
		return err
	}
	now := c.opt.Now()
	p, err = st.UpdateUser(c.ctx, ws.Directory, p.ID, func(before directory.User) (directory.User, directory.Consequence, error) {
		after := before
		if after.Role = role; after.Role == before.Role {
			return before, directory.Consequence{}, nil
		}
		after.Modified = now
		return after, directory.Change(before, after), nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return problem.Detailf(problem.UnknownPerson, "%q was removed meanwhile.", u.Person)
	}
	if err != nil {
		return fmt.Errorf("giving a role: %w", err)
	}
	c.say("%s has the role %s in %s.", p.UserName, p.Role, ws.ID)
	if c.json {
		return c.printJSON(userJSON(p))
	}
	return nil
}
