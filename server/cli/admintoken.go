package cli

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/admin"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

func sorted(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

type adminTokenCmd struct {
	Create adminTokenCreateCmd `cmd:"" help:"Make a token, and print it."`
	List   adminTokenListCmd   `cmd:"" help:"List tokens."`
	Revoke adminTokenRevokeCmd `cmd:"" help:"Revoke a token."`
}

type adminTokenCreateCmd struct {
	adminFlags
	Name      string `arg:"" help:"What it is for."`
	Workspace string `name:"workspace" placeholder:"ID" help:"The workspace it is for. Without one it may do everything on the server."`
	Role      string `name:"role" help:"owner, admin, it-admin or viewer." default:"viewer" enum:"owner,admin,it-admin,viewer"`
	TTL       string `name:"ttl" placeholder:"TIME" help:"How long it is valid, at most 366d." default:"90d"`
}

// adminTokenDoc is a token as the commands print one.
type adminTokenDoc struct {
	ID        string    `json:"id"`
	Token     string    `json:"token,omitempty"`
	Name      string    `json:"name"`
	Workspace string    `json:"workspace"`
	Role      string    `json:"role"`
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires"`
	Revoked   time.Time `json:"revoked,omitzero"`
	Used      time.Time `json:"used,omitzero"`
}

func (t adminTokenCreateCmd) Run(c *command) error {
	ttl, err := parseDuration("--ttl", t.TTL)
	if err != nil {
		return err
	}
	return t.with(c, func(a *admin.Admin, st *server.Store) error {
		ws, err := c.workspaceNamed(st, t.Workspace)
		if err != nil {
			return err
		}
		k, clear, err := a.NewToken(c.ctx, byOperator, t.Name, admin.Grant{Workspace: ws, Role: t.Role}, ttl)
		if err != nil {
			return err
		}
		c.about(ws, k.ID)
		c.say("The token %s works until %s, and is not shown again.", k.ID, day(k.Expires))
		if c.json {
			return c.printJSON(adminTokenDoc{ID: k.ID, Token: clear.Reveal(), Name: k.Name, Workspace: ws, Role: k.Role, Created: k.Created, Expires: k.Expires})
		}
		_, err = fmt.Fprintln(c.out, clear.Reveal())
		return err
	})
}

type adminTokenListCmd struct {
	adminFlags
	Workspace string `name:"workspace" placeholder:"ID" help:"Those of a workspace, rather than of the server."`
}

func (t adminTokenListCmd) Run(c *command) error {
	return t.with(c, func(a *admin.Admin, st *server.Store) error {
		ws, err := c.workspaceNamed(st, t.Workspace)
		if err != nil {
			return err
		}
		all, err := a.Tokens(c.ctx, ws)
		if err != nil {
			return err
		}
		docs, rows := []adminTokenDoc{}, [][]string{}
		for _, k := range all {
			docs = append(docs, adminTokenDoc{ID: k.ID, Name: k.Name, Workspace: k.Workspace, Role: k.Role, Created: k.Created, Expires: k.Expires, Revoked: k.Revoked, Used: k.Used})
			rows = append(rows, []string{k.ID, printable(k.Name), k.Role, day(k.Expires), stateText(k.Live(c.opt.Now())), day(k.Used)})
		}
		if c.json {
			return c.printJSON(docs)
		}
		return c.table([]string{"ID", "NAME", "ROLE", "EXPIRES", "STATE", "USED"}, rows)
	})
}

func stateText(live bool) string {
	if live {
		return "valid"
	}
	return "ended"
}

type adminTokenRevokeCmd struct {
	adminFlags
	ID        string `arg:"" help:"The token, as token list names it."`
	Workspace string `name:"workspace" placeholder:"ID" help:"The workspace it is of, where it is of one."`
}

func (t adminTokenRevokeCmd) Run(c *command) error {
	return t.with(c, func(a *admin.Admin, st *server.Store) error {
		ws, err := c.workspaceNamed(st, t.Workspace)
		if err != nil {
			return err
		}
		c.about(ws, t.ID)
		if err := a.RevokeToken(c.ctx, ws, t.ID); err != nil {
			return err
		}
		c.say("The token %s is revoked.", printable(t.ID))
		if c.json {
			return c.printJSON(map[string]string{"id": t.ID, "state": "revoked"})
		}
		return nil
	})
}

type adminSetupCmd struct {
	Create adminSetupCreateCmd `cmd:"" help:"Make a setup link, and print it."`
	List   adminSetupListCmd   `cmd:"" help:"List the setup links of a workspace."`
	Revoke adminSetupRevokeCmd `cmd:"" help:"Revoke a setup link, also where it is open."`
}

type adminSetupCreateCmd struct {
	adminFlags
	Workspace string `arg:"" help:"The workspace."`
	Module    string `arg:"" help:"What is to be set up: microsoft, saml, scim or mobile." enum:"microsoft,saml,scim,mobile"`
	For       string `name:"for" placeholder:"NAME" help:"Who it is for."`
	TTL       string `name:"ttl" placeholder:"TIME" help:"How long it is valid, at most 30d." default:"7d"`
}

func (s adminSetupCreateCmd) Run(c *command) error {
	ttl, err := parseDuration("--ttl", s.TTL)
	if err != nil {
		return err
	}
	return s.with(c, func(a *admin.Admin, st *server.Store) error {
		ws, err := c.workspaceNamed(st, s.Workspace)
		if err != nil {
			return err
		}
		l, link, err := a.NewSetupLink(c.ctx, byOperator, ws, directory.Module(s.Module), s.For, ttl)
		if err != nil {
			return err
		}
		c.about(ws, l.ID)
		return c.printLink(link, "Give this link to whoever sets up "+l.Module.Name()+". It needs no account.")
	})
}

type adminSetupListCmd struct {
	adminFlags
	Workspace string `arg:"" help:"The workspace."`
}

// setupDoc is a setup link as the command prints one.
type setupDoc struct {
	ID      string           `json:"id"`
	Module  directory.Module `json:"module"`
	For     string           `json:"for"`
	By      string           `json:"by"`
	Created time.Time        `json:"created"`
	Expires time.Time        `json:"expires"`
	Revoked time.Time        `json:"revoked,omitzero"`
	Uses    int64            `json:"uses"`
}

func (s adminSetupListCmd) Run(c *command) error {
	return s.with(c, func(a *admin.Admin, st *server.Store) error {
		ws, err := c.workspaceNamed(st, s.Workspace)
		if err != nil {
			return err
		}
		all, err := a.SetupLinks(c.ctx, ws)
		if err != nil {
			return err
		}
		docs, rows := []setupDoc{}, [][]string{}
		for _, l := range all {
			docs = append(docs, setupDoc{l.ID, l.Module, l.For, l.By, l.Created, l.Expires, l.Revoked, l.Uses})
			rows = append(rows, []string{l.ID, string(l.Module), printable(l.For), day(l.Expires), stateText(l.Live(c.opt.Now())), fmt.Sprint(l.Uses)})
		}
		if c.json {
			return c.printJSON(docs)
		}
		return c.table([]string{"ID", "MODULE", "FOR", "EXPIRES", "STATE", "OPENED"}, rows)
	})
}

type adminSetupRevokeCmd struct {
	adminFlags
	Workspace string `arg:"" help:"The workspace."`
	ID        string `arg:"" help:"The link, as setup list names it."`
}

func (s adminSetupRevokeCmd) Run(c *command) error {
	return s.with(c, func(a *admin.Admin, st *server.Store) error {
		ws, err := c.workspaceNamed(st, s.Workspace)
		if err != nil {
			return err
		}
		c.about(ws, s.ID)
		if err := a.RevokeSetupLink(c.ctx, ws, s.ID); err != nil {
			return err
		}
		c.say("The link %s is revoked.", printable(s.ID))
		if c.json {
			return c.printJSON(map[string]string{"id": s.ID, "state": "revoked"})
		}
		return nil
	})
}
