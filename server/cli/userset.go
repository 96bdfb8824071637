package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/internal/timeline"
)

// operator is who does what commands do, in a person's log.
const operator = timeline.Operator

// personFlags are the flags of every command about one person.
type personFlags struct {
	dbFlags
	Person    string `arg:"" help:"id, user name, Entra object ID or e-mail address."`
	Workspace string `name:"workspace" required:"" placeholder:"ID" help:"The workspace."`
}

// find opens the database and finds the workspace and the person.
func (f personFlags) find(c *command) (st *server.Store, ws directory.Workspace, p directory.User, err error) {
	if st, err = c.open(f.dbFlags); err != nil {
		return nil, ws, p, err
	}
	if ws, err = c.workspace(st, f.Workspace); err == nil {
		p, err = c.person(st, ws, f.Person)
	}
	if err != nil {
		return nil, ws, p, errors.Join(err, st.Close())
	}
	c.about(ws.ID, p.ID)
	return st, ws, p, nil
}

// userSetCmd changes what only the workspace decides about a person: all else
// comes from the organisation, by provisioning.
type userSetCmd struct {
	personFlags
	Role   *string `name:"role" placeholder:"ROLE" help:"The role, such as member, admin or owner. It stands before every rule, and provisioning does not take it away; but who loses their access and returns is no admin or owner."`
	Follow bool    `name:"follow-rules" help:"Take away the role that was given by hand: the rules of the workspace decide again."`
}

func (u userSetCmd) Run(c *command) error {
	role := ""
	if u.Role != nil {
		if role = strings.TrimSpace(*u.Role); role == "" {
			return problem.Detailf(problem.BadUsage, "--role is empty.")
		}
	}
	if (role == "") != u.Follow {
		return problem.Detailf(problem.BadUsage, "Give one of --role ROLE and --follow-rules.")
	}
	if err := checkText("--role", role, 64); err != nil {
		return err
	}
	st, ws, p, err := u.find(c)
	if err != nil {
		return err
	}
	defer st.Close()
	what := "gave the role " + role
	if u.Follow {
		what = "let the rules give the role again"
	}
	p, err = c.changeRole(st, ws, p, what, func(before directory.User, groups []directory.Group) (directory.User, error) {
		if before.State != directory.Active && directory.Powerful(role) {
			return before, problem.Detailf(problem.BadUsage, "%s is %s, and whoever returns is no admin or owner. Give the role when they are back.", before.UserName, before.State)
		}
		return directory.Grant(ws, before, groups, role), nil
	})
	if err != nil {
		return err
	}
	c.say("%s has the role %s in %s.", p.UserName, printable(p.Role), ws.ID)
	if c.json {
		return c.printJSON(userJSON(p))
	}
	return nil
}

// userRegrantCmd gives an administrator's role back to somebody who returned.
type userRegrantCmd struct{ personFlags }

func (u userRegrantCmd) Run(c *command) error {
	st, ws, p, err := u.find(c)
	if err != nil {
		return err
	}
	defer st.Close()
	had := p.Ranking.Had
	p, err = c.changeRole(st, ws, p, "gave back the role "+had, func(before directory.User, groups []directory.Group) (directory.User, error) {
		switch {
		case before.Ranking.Had == "" || before.Ranking.Had != had:
			return before, problem.Detailf(problem.BadUsage, "%s has lost no role of an admin or owner that could be given back.", before.UserName)
		case before.State != directory.Active:
			return before, problem.Detailf(problem.BadUsage, "%s is %s. Give the role back when they have returned.", before.UserName, before.State)
		}
		return directory.Confirm(ws, before, groups), nil
	})
	if err != nil {
		return err
	}
	c.say("%s has the role %s in %s again.", p.UserName, printable(p.Role), ws.ID)
	if c.json {
		return c.printJSON(userJSON(p))
	}
	return nil
}

// changeRole changes a person's role and puts it into their log.
func (c *command) changeRole(st *server.Store, ws directory.Workspace, p directory.User, what string,
	change func(directory.User, []directory.Group) (directory.User, error),
) (directory.User, error) {
	after, err := st.ChangeRole(c.ctx, ws, p.ID, store.Act{At: c.opt.Now(), Who: operator, What: what}, change)
	var known *problem.Error
	switch {
	case errors.Is(err, store.ErrNotFound):
		return p, problem.Detailf(problem.UnknownPerson, "%q was removed meanwhile.", p.UserName)
	case errors.As(err, &known) || err == nil:
		return after, err
	}
	return p, fmt.Errorf("giving a role: %w", err)
}

// hadRole says what somebody was before their access ended.
func hadRole(r directory.Ranking) string {
	if r.Had == "" {
		return ""
	}
	return fmt.Sprintf("%s until %s", r.Had, r.HadUntil.UTC().Format(time.RFC3339))
}
