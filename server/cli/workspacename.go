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
)

// workspaceRenameCmd gives a workspace another name to be typed (row B15).
type workspaceRenameCmd struct {
	dbFlags
	ID   string `arg:"" help:"The workspace."`
	Name string `arg:"" help:"The name people are to type. The workspace's own id takes the other name away."`
}

// Help is the longer text of lanyardd workspace rename --help.
func (workspaceRenameCmd) Help() string {
	return "People may then type the new name where they typed the old. The id stays: every address that Microsoft Entra was told " +
		"holds it, and goes on working. The name before this one leads here for 90 days, and is nobody else's until then."
}

func (w workspaceRenameCmd) Run(c *command) error {
	name := strings.TrimSpace(w.Name)
	if err := directory.ValidID(name); err != nil {
		return problem.Detailf(problem.BadWorkspaceID, "%q: %s%s", name, problem.DetailOf(err), suggestID(name))
	}
	st, err := c.open(w.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	ws, err := c.workspace(st, w.ID)
	if err != nil {
		return err
	}
	err = st.NameWorkspace(c.ctx, ws.ID, name, c.opt.Now())
	if errors.Is(err, store.ErrExists) {
		return problem.Detailf(problem.WorkspaceExists, "%q leads to another workspace, or did within the last 90 days.", name)
	}
	if err != nil {
		return fmt.Errorf("renaming the workspace: %w", err)
	}
	names, err := c.namesOf(st, ws.ID)
	if err != nil {
		return err
	}
	c.say("People may type %s. The id %s stays in every address and goes on working.", name, ws.ID)
	if c.json {
		return c.printJSON(struct {
			ID    string    `json:"id"`
			Names []nameDoc `json:"names"`
		}{ws.ID, names})
	}
	var rows [][]string
	for _, n := range names {
		until := "in use"
		if n.Until != nil {
			until = "until " + day(*n.Until)
		}
		rows = append(rows, []string{n.Name, until})
	}
	return c.table([]string{"NAME", "LEADS HERE"}, append([][]string{{ws.ID, "always"}}, rows...))
}

// nameDoc is a workspace's name in JSON.
type nameDoc struct {
	Name  string     `json:"name"`
	Until *time.Time `json:"until"`
}

// namesOf are the names of a workspace that lead there now.
func (c *command) namesOf(st *server.Store, id string) ([]nameDoc, error) {
	all, err := st.WorkspaceNames(c.ctx, id)
	if err != nil {
		return nil, err
	}
	out := []nameDoc{}
	for _, n := range all {
		if n.Until.IsZero() || n.Until.After(c.opt.Now()) {
			out = append(out, nameDoc{n.Name, stamp(n.Until)})
		}
	}
	return out, nil
}
