package cli

import (
	"fmt"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
)

// keeper answers for the modules of the workspaces in a database. What a program
// that embeds the server sells is not known to commands.
func (c *command) keeper(st *server.Store) *modules.Keeper {
	return &modules.Keeper{Store: st, Now: c.opt.Now}
}

// workspaceCloneCmd makes a copy of a workspace (row A11).
type workspaceCloneCmd struct {
	dbFlags
	Of   string `arg:"" help:"The workspace that is copied."`
	ID   string `arg:"" help:"The id of the copy."`
	Name string `name:"name" placeholder:"NAME" help:"The name people see. By default that of the workspace with what it is for."`
	Env  string `name:"env" enum:"sandbox,production" default:"sandbox" help:"What the copy is for: sandbox or production."`
}

// Help is the longer text of lanyardd workspace clone --help.
func (workspaceCloneCmd) Help() string {
	return "The copy is set up like the workspace, has a user directory of its own with nobody in it, and no secret of it: no token or client of " +
		"provisioning, no private key, no webhook. No domain leads to it, and single sign-on is off until it was tested there."
}

func (w workspaceCloneCmd) Run(c *command) error {
	id := directory.CleanID(w.ID)
	if err := directory.ValidID(id); err != nil {
		return problem.Detailf(problem.BadWorkspaceID, "%q: %s%s", w.ID, problem.DetailOf(err), suggestID(w.ID))
	}
	if err := checkText("--name", w.Name, 100); err != nil {
		return err
	}
	st, err := c.open(w.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	of, err := c.workspace(st, w.Of)
	if err != nil {
		return err
	}
	c.about(of.ID, id)
	ws, err := c.keeper(st).Clone(c.ctx, of.ID, id, w.Name, directory.EnvironmentKind(w.Env), operator)
	if err != nil {
		return err
	}
	c.say("Workspace %s is there. Try what you like in it, and take over what works:\n  lanyardd workspace diff %s %s", ws.ID, ws.ID, of.ID)
	if c.json {
		return c.printJSON(workspaceJSON(ws))
	}
	_, err = fmt.Fprintln(c.out, ws.ID)
	return err
}

// workspaceDiffCmd says how two workspaces differ.
type workspaceDiffCmd struct {
	dbFlags
	From string `arg:"" help:"The workspace whose set-up is looked at."`
	To   string `arg:"" help:"The workspace that it is compared with."`
}

func (w workspaceDiffCmd) Run(c *command) error {
	st, err := c.open(w.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	diff, err := w.compare(c, st)
	if err != nil {
		return err
	}
	return c.showDiff(diff)
}

func (w workspaceDiffCmd) compare(c *command, st *server.Store) (modules.Comparison, error) {
	from, err := c.workspace(st, w.From)
	if err != nil {
		return modules.Comparison{}, err
	}
	to, err := c.workspace(st, w.To)
	if err != nil {
		return modules.Comparison{}, err
	}
	return c.keeper(st).Compare(c.ctx, from.ID, to.ID)
}

func (c *command) showDiff(diff modules.Comparison) error {
	if c.json {
		return c.printJSON(diff)
	}
	if len(diff.Differences) == 0 {
		c.say("%s and %s are set up alike.", diff.From, diff.To)
	}
	var rows [][]string
	for _, d := range diff.Differences {
		rows = append(rows, []string{d.Name, inLine(d.From), inLine(d.To)})
	}
	return c.table([]string{"PART", strings.ToUpper(diff.From), strings.ToUpper(diff.To)}, rows)
}

// inLine is a value on one line of a table.
func inLine(v string) string {
	if v == "" {
		return "not set"
	}
	v = strings.ReplaceAll(v, "\n", "; ")
	if r := []rune(v); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return v
}

// workspacePromoteCmd takes over parts of one workspace in another.
type workspacePromoteCmd struct {
	dbFlags
	From    string   `arg:"" help:"The workspace whose set-up is taken over."`
	To      string   `arg:"" help:"The workspace that is changed."`
	Part    []string `name:"part" placeholder:"PART" sep:"none" help:"A part to take over, as lanyardd workspace diff names it; repeat for several."`
	All     bool     `name:"all" help:"Take over every part that differs."`
	Confirm string   `name:"confirm" placeholder:"ID" help:"The id of the workspace that is changed, once more."`
}

// Help is the longer text of lanyardd workspace promote --help.
func (workspacePromoteCmd) Help() string {
	return "All the parts are changed at once, or none where somebody changes one of the workspaces at the same time. What is switched on, tested " +
		"or enforced stays each workspace's own, and so does every secret."
}

func (w workspacePromoteCmd) Run(c *command) error {
	if w.All == (len(w.Part) > 0) {
		return problem.Detailf(problem.BadUsage, "Say what to take over with --part, or --all.")
	}
	st, err := c.open(w.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	diff, err := workspaceDiffCmd{From: w.From, To: w.To}.compare(c, st)
	if err != nil {
		return err
	}
	parts := w.Part
	if w.All {
		for _, d := range diff.Differences {
			parts = append(parts, d.Name)
		}
	}
	c.about(diff.To, strings.Join(parts, " "))
	left, err := c.keeper(st).Promote(c.ctx, modules.Promotion{
		From: diff.From, To: diff.To, Parts: parts, Version: diff.Version, Confirm: w.Confirm, Who: operator,
	})
	if code, _ := problem.Of(err); code == problem.NotConfirmed {
		return problem.Detailf(problem.NotConfirmed, "Add --confirm %s", diff.To)
	}
	if err != nil {
		return err
	}
	c.say("%s is set up so now: %s.", diff.To, strings.Join(parts, ", "))
	return c.showDiff(left)
}
