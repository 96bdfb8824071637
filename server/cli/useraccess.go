package cli

import (
	"fmt"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/people"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// desk is where people are looked after.
func (c *command) desk(st *server.Store) people.Desk {
	return people.Desk{Store: st, Now: c.opt.Now}
}

// userAccessCmd explains whether somebody can sign in.
type userAccessCmd struct{ personFlags }

func (u userAccessCmd) Run(c *command) error {
	st, ws, p, err := u.find(c)
	if err != nil {
		return err
	}
	defer st.Close()
	verdicts, err := c.desk(st).Explain(c.ctx, ws, p)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(verdicts)
	}
	for i, v := range verdicts {
		if i > 0 {
			fmt.Fprintln(c.out)
		}
		answer := "yes"
		if !v.Can {
			answer = "no (" + string(v.Code) + ")"
		}
		fmt.Fprintf(c.out, "%s: %s\n", v.Title, answer)
		var rows [][]string
		for _, r := range v.Rules {
			rows = append(rows, []string{r.State, r.Title, r.Detail, r.Fix})
		}
		if err := c.table([]string{"STATE", "RULE", "NOW", "WHAT TO DO"}, rows); err != nil {
			return err
		}
	}
	return nil
}

// stateFlags are those of a command that changes a person's state.
type stateFlags struct{ personFlags }

// change does something to a person and says what they are then.
func (f stateFlags) change(c *command, do func(people.Desk, directory.Workspace, directory.User) (directory.User, string, error)) error {
	st, ws, p, err := f.find(c)
	if err != nil {
		return err
	}
	defer st.Close()
	p, said, err := do(c.desk(st), ws, p)
	if err != nil {
		return err
	}
	c.say("%s %s", p.UserName, said)
	if c.json {
		return c.printJSON(userJSON(p))
	}
	return nil
}

// userSuspendCmd ends a person's access.
type userSuspendCmd struct{ stateFlags }

func (u userSuspendCmd) Run(c *command) error {
	return u.change(c, func(d people.Desk, ws directory.Workspace, p directory.User) (directory.User, string, error) {
		p, err := d.Suspend(c.ctx, ws, p.ID, operator)
		return p, "is suspended and signed out everywhere. If Entra sends them as active, they are active again.", err
	})
}

// userRestoreCmd gives access back.
type userRestoreCmd struct{ stateFlags }

func (u userRestoreCmd) Run(c *command) error {
	return u.change(c, func(d people.Desk, ws directory.Workspace, p directory.User) (directory.User, string, error) {
		p, err := d.Restore(c.ctx, ws, p.ID, operator)
		return p, "is active again.", err
	})
}

// userUnlinkCmd undoes what a first sign-in joined.
type userUnlinkCmd struct{ stateFlags }

func (u userUnlinkCmd) Run(c *command) error {
	return u.change(c, func(d people.Desk, ws directory.Workspace, p directory.User) (directory.User, string, error) {
		p, err := d.Unlink(c.ctx, ws, p.ID, operator)
		return p, "is linked to no Microsoft account any more, and signed out everywhere.", err
	})
}

// findFlags are those of a command that searches a workspace.
type findFlags struct {
	dbFlags
	Text      string `arg:"" optional:"" help:"What to look for. Without it: everything."`
	Workspace string `name:"workspace" required:"" placeholder:"ID" help:"The workspace."`
	Limit     int    `name:"limit" default:"50" help:"How many at most, up to 1000."`
}

func (f findFlags) open(c *command) (*server.Store, directory.Workspace, error) {
	if f.Limit < 1 || f.Limit > 1000 {
		return nil, directory.Workspace{}, problem.Detailf(problem.BadUsage, "--limit %d is not between 1 and 1000.", f.Limit)
	}
	st, err := c.open(f.dbFlags)
	if err != nil {
		return nil, directory.Workspace{}, err
	}
	ws, err := c.workspace(st, f.Workspace)
	if err != nil {
		_ = st.Close() // the other error is the one to tell
	}
	return st, ws, err
}

// userFindCmd searches people as the console does.
type userFindCmd struct {
	findFlags
	State string `name:"state" enum:",active,suspended,archived,waiting" default:"" help:"Only who is active, suspended, archived, or waiting for a seat. Without it: all but the archived."`
}

func (u userFindCmd) Run(c *command) error {
	st, ws, err := u.open(c)
	if err != nil {
		return err
	}
	defer st.Close()
	var found []directory.User
	var after store.Cursor
	for len(found) < u.Limit {
		page, err := c.desk(st).Find(c.ctx, ws, people.Query{Text: u.Text, Filter: people.Filter(u.State), After: after, Count: u.Limit - len(found)})
		if err != nil {
			return fmt.Errorf("looking for people: %w", err)
		}
		found, after = append(found, page.People...), page.Next
		if after == "" {
			break
		}
	}
	if c.json {
		docs := []userDoc{}
		for _, p := range found {
			docs = append(docs, userJSON(p))
		}
		return c.printJSON(docs)
	}
	if len(found) == 0 {
		c.say("Nobody is found. People are found by the beginning of a name, an e-mail address or a user name, or by a whole ID.")
	}
	var rows [][]string
	for _, p := range found {
		f := directory.ProfileOf(p)
		rows = append(rows, []string{p.UserName, f.DisplayName, string(p.State), f.Role, f.Email, p.ID})
	}
	return c.table([]string{"USER NAME", "NAME", "STATE", "ROLE", "E-MAIL", "ID"}, rows)
}
