package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// groupCmd groups the commands about groups.
type groupCmd struct {
	List groupListCmd `cmd:"" help:"List the groups of a workspace's directory, or those whose names begin with a text."`
	Show groupShowCmd `cmd:"" help:"Show one group and its members."`
}

type groupListCmd struct{ findFlags }

// groupDoc is a group in JSON. Members are listed by group show.
type groupDoc struct {
	ID         string      `json:"id"`
	Name       string      `json:"display_name"`
	ExternalID string      `json:"external_id"`
	Members    int         `json:"members"`
	Role       string      `json:"gives_role"`
	Created    *time.Time  `json:"created"`
	Modified   *time.Time  `json:"modified"`
	People     []memberDoc `json:"member_list,omitempty"`
}

type memberDoc struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"type"`
}

func groupJSON(ws directory.Workspace, g directory.Group) groupDoc {
	d := groupDoc{ID: g.ID, Name: g.DisplayName, ExternalID: g.ExternalID, Members: g.Members, Created: stamp(g.Created), Modified: stamp(g.Modified)}
	for _, r := range ws.RoleRules {
		if r.Names(g) {
			d.Role = r.Role
			break
		}
	}
	return d
}

func (g groupListCmd) Run(c *command) error {
	st, ws, err := g.open(c)
	if err != nil {
		return err
	}
	defer st.Close()
	docs := []groupDoc{}
	var after store.Cursor
	for len(docs) < g.Limit {
		page, err := c.desk(st).Groups(c.ctx, ws, g.Text, after, g.Limit-len(docs))
		if err != nil {
			return fmt.Errorf("listing groups: %w", err)
		}
		for _, found := range page.Items {
			docs = append(docs, groupJSON(ws, found))
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if c.json {
		return c.printJSON(docs)
	}
	if len(docs) == 0 {
		c.say("There is no such group in %s. Groups come from Entra, by provisioning.", ws.ID)
	}
	var rows [][]string
	for _, d := range docs {
		rows = append(rows, []string{d.Name, strconv.Itoa(d.Members), d.Role, d.ID})
	}
	return c.table([]string{"NAME", "MEMBERS", "GIVES ROLE", "ID"}, rows)
}

type groupShowCmd struct {
	dbFlags
	Group     string `arg:"" help:"id, externalId, or the whole name."`
	Workspace string `name:"workspace" required:"" placeholder:"ID" help:"The workspace."`
	Limit     int    `name:"limit" default:"200" help:"How many members at most, up to 1000."`
}

func (g groupShowCmd) Run(c *command) error {
	if g.Limit < 1 || g.Limit > 1000 {
		return problem.Detailf(problem.BadUsage, "--limit %d is not between 1 and 1000.", g.Limit)
	}
	st, err := c.open(g.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	ws, err := c.workspace(st, g.Workspace)
	if err != nil {
		return err
	}
	page, err := c.desk(st).Groups(c.ctx, ws, g.Group, "", 50)
	if err != nil {
		return fmt.Errorf("looking for the group: %w", err)
	}
	for _, found := range page.Items {
		if found.ID != g.Group && found.ExternalID != g.Group && directory.Fold(found.DisplayName) != directory.Fold(g.Group) {
			continue
		}
		members, err := st.Members(c.ctx, ws.Directory, found.ID, "", g.Limit)
		if err != nil {
			return fmt.Errorf("listing members: %w", err)
		}
		return c.showGroup(groupJSON(ws, found), members)
	}
	return problem.Detailf(problem.UnknownGroup, "%q is in workspace %q neither a group's id nor its externalId or name.", g.Group, ws.ID)
}

func (c *command) showGroup(d groupDoc, members store.Page[directory.Member]) error {
	for _, m := range members.Items {
		d.People = append(d.People, memberDoc{m.ID, m.Display, string(m.Kind)})
	}
	if c.json {
		return c.printJSON(d)
	}
	if err := c.fields("id", d.ID, "name", d.Name, "external id", d.ExternalID, "members", strconv.Itoa(d.Members), "gives role", d.Role); err != nil || len(d.People) == 0 {
		return err
	}
	fmt.Fprintln(c.out)
	var rows [][]string
	for _, m := range d.People {
		rows = append(rows, []string{m.Name, m.Kind, m.ID})
	}
	return c.table([]string{"MEMBER", "TYPE", "ID"}, rows)
}
