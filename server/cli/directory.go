package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
)

// directoryCmd groups the commands about user directories (row A9).
type directoryCmd struct {
	List   directoryListCmd   `cmd:"" help:"List the user directories, with the workspaces that take their people from each."`
	Create directoryCreateCmd `cmd:"" help:"Create a user directory."`
}

// directoryListCmd lists all user directories.
type directoryListCmd struct{ dbFlags }

// directoryDoc is a user directory in JSON.
type directoryDoc struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Source    string    `json:"source"`
	Active    int       `json:"active"`
	Suspended int       `json:"suspended"`
	Archived  int       `json:"archived"`
	Links     []linkDoc `json:"links"`
}

// linkDoc is a link of a workspace to a user directory. ByHand says that somebody
// made it; otherwise the workspace has had the directory since it was made.
type linkDoc struct {
	Workspace string `json:"workspace"`
	License   string `json:"license"`
	ByHand    bool   `json:"by_hand"`
}

func directoryJSON(d modules.UserDirectory) directoryDoc {
	doc := directoryDoc{
		ID: d.ID, Name: d.Name, Source: d.Source, Active: d.People.Active, Suspended: d.People.Suspended, Archived: d.People.Archived, Links: []linkDoc{},
	}
	for _, l := range d.Links {
		doc.Links = append(doc.Links, linkDoc{l.Workspace, l.License, !l.Linked.IsZero()})
	}
	return doc
}

func (d directoryListCmd) Run(c *command) error {
	st, err := c.open(d.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	all, err := c.keeper(st).Directories(c.ctx)
	if err != nil {
		return err
	}
	docs, rows := []directoryDoc{}, [][]string{}
	for _, one := range all {
		doc := directoryJSON(one)
		docs = append(docs, doc)
		var links []string
		for _, l := range doc.Links {
			links = append(links, strings.TrimSuffix(l.Workspace+" "+l.License, " "))
		}
		rows = append(rows, []string{doc.ID, doc.Name, doc.Source, strconv.Itoa(doc.Active), strings.Join(links, ", ")})
	}
	if c.json {
		return c.printJSON(docs)
	}
	return c.table([]string{"ID", "NAME", "SOURCE", "PEOPLE", "WORKSPACES"}, rows)
}

// directoryCreateCmd makes a user directory.
type directoryCreateCmd struct {
	dbFlags
	Name   string `arg:"" help:"Its name, such as \"Acme people\"."`
	Source string `name:"source" default:"Microsoft Entra ID" placeholder:"TEXT" help:"Where its people come from."`
}

func (d directoryCreateCmd) Run(c *command) error {
	st, err := c.open(d.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	made, err := c.keeper(st).CreateDirectory(c.ctx, d.Name, d.Source, "")
	if err != nil {
		return err
	}
	c.about("", made.ID)
	c.say("The user directory is there. Link a workspace to it:\n  lanyardd workspace link <workspace> %s", made.ID)
	if c.json {
		return c.printJSON(directoryJSON(modules.UserDirectory{Directory: made}))
	}
	_, err = fmt.Fprintln(c.out, made.ID)
	return err
}

// workspaceLinkCmd links a workspace to a user directory.
type workspaceLinkCmd struct {
	dbFlags
	ID        string `arg:"" help:"The workspace."`
	Directory string `arg:"" help:"The user directory, as lanyardd directory list shows it."`
	License   string `name:"license" placeholder:"TEXT" help:"Licence reference, if not that of the workspace's plan."`
	Unlink    bool   `name:"unlink" help:"Take the workspace from the user directory instead. Everybody who is signed in there is signed out."`
}

// Help is the longer text of lanyardd workspace link --help.
func (workspaceLinkCmd) Help() string {
	return "The workspace takes its people from the user directory from then on. It must have nobody in its own, who would lose their access, and " +
		"not be linked to another."
}

func (w workspaceLinkCmd) Run(c *command) error {
	if w.Unlink && w.License != "" {
		return problem.Detailf(problem.BadUsage, "--unlink and --license don't go together.")
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
	c.about(ws.ID, w.Directory)
	k, say := c.keeper(st), "%s takes its people from %s now."
	if w.Unlink {
		say, err = "%s is taken from %s, and has a user directory of its own again.", k.Unlink(c.ctx, ws.ID, w.Directory)
	} else {
		err = k.Link(c.ctx, ws.ID, w.Directory, w.License)
	}
	if err != nil {
		return err
	}
	c.say(say, ws.ID, w.Directory)
	now, err := st.Workspace(c.ctx, ws.ID)
	if err != nil {
		return fmt.Errorf("reading the workspace back: %w", err)
	}
	d, err := k.UserDirectory(c.ctx, now.Directory)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(directoryJSON(d))
	}
	_, err = fmt.Fprintln(c.out, d.ID)
	return err
}
