package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/admin"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
)

// adminCmd groups the commands about those who administer, for whoever runs the
// server.
type adminCmd struct {
	List     adminListCmd     `cmd:"" help:"List administrators, their roles and what they sign in with."`
	Link     adminLinkCmd     `cmd:"" help:"Print a link that makes whoever opens it the server's first owner."`
	Invite   adminInviteCmd   `cmd:"" help:"Invite somebody, and print the link for them."`
	Role     adminRoleCmd     `cmd:"" help:"Change somebody's role."`
	Remove   adminRemoveCmd   `cmd:"" help:"Remove an administrator."`
	Recover  adminRecoverCmd  `cmd:"" help:"Print a link for somebody who lost what they sign in with. Every owner is told."`
	Sessions adminSessionsCmd `cmd:"" help:"List or end somebody's sessions."`
	Token    adminTokenCmd    `cmd:"" help:"Make, list and revoke tokens of the console's API."`
	Setup    adminSetupCmd    `cmd:"" help:"Make, list and revoke setup links, for people without an account."`
	Ready    adminReadyCmd    `cmd:"" help:"Say whether an owner gets in when the identity provider does not answer."`
}

// adminFlags are the flags of all of them.
type adminFlags struct {
	dbFlags
	PublicURL     *string `name:"public-url" placeholder:"URL" help:"As for lanyardd serve (LANYARD_PUBLIC_URL)."`
	ConsoleListen *string `name:"console-listen" placeholder:"HOST:PORT" help:"As for lanyardd serve (LANYARD_CONSOLE_LISTEN)."`
	ConsoleURL    *string `name:"console-url" placeholder:"URL" help:"As for lanyardd serve (LANYARD_CONSOLE_URL)."`
	KeyFile       *string `name:"server-key-file" placeholder:"FILE" help:"As for lanyardd serve (LANYARD_SERVER_KEY_FILE)."`
}

// byOperator is who gives the commands.
var byOperator = console.Principal{ID: "operator", Operator: true}

// with runs f on the administrators of the database.
func (f adminFlags) with(c *command, do func(*admin.Admin, *server.Store) error) error {
	set, err := c.resolve(f.Config, map[string]*string{
		keyDB: f.DB, keyPublicURL: f.PublicURL, keyConsoleListen: f.ConsoleListen, keyConsoleURL: f.ConsoleURL, keyServerKeyFile: f.KeyFile,
	})
	if err != nil {
		return err
	}
	base, err := set.base()
	if err != nil {
		return err
	}
	desk, err := set.console(set[keyConsoleListen].Text)
	if err != nil {
		return err
	}
	if desk.URL != nil {
		base = desk.URL
	}
	st, err := c.openStore(c.ctx, set[keyDB], false)
	if err != nil {
		return err
	}
	key, err := c.serverKey(set)
	if err != nil {
		return errors.Join(err, st.Close())
	}
	a := admin.New(admin.Config{
		Store: st, URL: base, Key: key, Now: c.opt.Now,
		// The server sends what is queued here.
		Mail: notify.New(notify.Config{Store: st, Key: key, Now: c.opt.Now}),
	})
	return errors.Join(do(a, st), st.Close())
}

// workspaceNamed is the id of a workspace by its id or name; "" stays so.
func (c *command) workspaceNamed(st *server.Store, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	ws, err := c.workspace(st, name)
	if err == nil {
		c.about(ws.ID, "")
	}
	return ws.ID, err
}

// printLink prints the address of a link and nothing else.
func (c *command) printLink(l admin.Link, say string) error {
	if l.URL != "" {
		c.say("%s It works until %s, and is not shown again.", say, day(l.Expires))
	}
	if c.json {
		return c.printJSON(l)
	}
	if l.URL == "" {
		return nil
	}
	_, err := fmt.Fprintln(c.out, l.URL)
	return err
}

type adminListCmd struct {
	adminFlags
	Workspace string `name:"workspace" placeholder:"ID" help:"Only those of a workspace."`
}

// adminDoc is an administrator as the commands print one.
type adminDoc struct {
	ID       string            `json:"id"`
	Email    string            `json:"email"`
	Name     string            `json:"name"`
	Owner    bool              `json:"server_owner"`
	Roles    map[string]string `json:"roles"`
	Passkeys int               `json:"passkeys"`
	TOTP     bool              `json:"totp"`
	Recovery int               `json:"recovery_codes"`
	Linked   bool              `json:"microsoft"`
	Joined   bool              `json:"joined"`
	Seen     time.Time         `json:"seen,omitzero"`
}

func adminDocOf(x directory.Administrator) adminDoc {
	d := adminDoc{x.ID, x.Email, x.Name, x.ServerOwner, x.Roles, len(x.Passkeys), x.HasTOTP(), len(x.Recovery), x.Microsoft != nil, x.Enrolled(), x.Seen}
	if d.Roles == nil {
		d.Roles = map[string]string{}
	}
	return d
}

func (l adminListCmd) Run(c *command) error {
	return l.with(c, func(a *admin.Admin, st *server.Store) error {
		ws, err := c.workspaceNamed(st, l.Workspace)
		if err != nil {
			return err
		}
		all, err := a.Members(c.ctx, ws)
		if err != nil {
			return err
		}
		docs, rows := []adminDoc{}, [][]string{}
		for _, x := range all {
			d := adminDocOf(x)
			docs = append(docs, d)
			rows = append(rows, []string{printable(d.Email), printable(d.Name), rolesText(d), factorsText(d), day(d.Seen)})
		}
		if c.json {
			return c.printJSON(docs)
		}
		return c.table([]string{"E-MAIL", "NAME", "ROLES", "SIGNS IN WITH", "SEEN"}, rows)
	})
}

func rolesText(d adminDoc) string {
	var all []string
	if d.Owner {
		all = append(all, "owner of the server")
	}
	for _, ws := range sorted(d.Roles) {
		all = append(all, d.Roles[ws]+" of "+ws)
	}
	return strings.Join(all, ", ")
}

func factorsText(d adminDoc) string {
	var all []string
	for _, f := range []struct {
		has  bool
		name string
	}{
		{d.Passkeys > 0, "passkey"}, {d.TOTP, "authenticator app"}, {d.Linked, "Microsoft"}, {d.Recovery > 0, fmt.Sprintf("%d recovery codes", d.Recovery)}, {!d.Joined, "nothing yet"},
	} {
		if f.has {
			all = append(all, f.name)
		}
	}
	return strings.Join(all, ", ")
}

type adminLinkCmd struct{ adminFlags }

func (l adminLinkCmd) Run(c *command) error {
	return l.with(c, func(a *admin.Admin, _ *server.Store) error {
		link, err := a.FirstLink(c.ctx)
		if err != nil {
			return err
		}
		return c.printLink(link, "Whoever opens this link becomes the owner of the server. The link before it ends.")
	})
}

// sayFirstOwner says how the server gets its first owner, where it has none.
func (c *command) sayFirstOwner(srv *server.Server) error {
	link, expires, err := srv.FirstAdminLink(c.ctx)
	if c.ctx.Err() != nil {
		return nil // whoever began is ending already
	}
	if err != nil || link == "" {
		return err
	}
	c.say("Nobody owns this server yet. Open this link within a day to become its owner (until %s):\n  %s", day(expires), link)
	return nil
}

type adminInviteCmd struct {
	adminFlags
	Email     string `arg:"" help:"Their e-mail address."`
	Name      string `name:"name" help:"What they are called."`
	Workspace string `name:"workspace" placeholder:"ID" help:"The workspace they get a role in. Without one they become an owner of the server."`
	Role      string `name:"role" help:"owner, admin, it-admin or viewer." default:"owner" enum:"owner,admin,it-admin,viewer"`
}

func (i adminInviteCmd) Run(c *command) error {
	return i.with(c, func(a *admin.Admin, st *server.Store) error {
		ws, err := c.workspaceNamed(st, i.Workspace)
		if err != nil {
			return err
		}
		who, link, err := a.Invite(c.ctx, byOperator, i.Email, i.Name, admin.Grant{Workspace: ws, Role: i.Role})
		if err != nil {
			return err
		}
		c.about(ws, who.ID)
		if link.URL == "" {
			c.say("%s is an administrator already, and has the role now.", printable(who.Email))
		}
		return c.printLink(link, "Give this link to "+printable(who.Email)+".")
	})
}

type adminRoleCmd struct {
	adminFlags
	Who       string `arg:"" name:"who" help:"Their e-mail address or id."`
	Role      string `arg:"" help:"owner, admin, it-admin, viewer, or none to take it away." enum:"owner,admin,it-admin,viewer,none"`
	Workspace string `name:"workspace" placeholder:"ID" help:"The workspace. Without one it is the server's ownership: owner or none."`
}

func (r adminRoleCmd) Run(c *command) error {
	return r.with(c, func(a *admin.Admin, st *server.Store) error {
		ws, err := c.workspaceNamed(st, r.Workspace)
		if err != nil {
			return err
		}
		who, err := a.Find(c.ctx, r.Who)
		if err != nil {
			return err
		}
		c.about(ws, who.ID)
		role := r.Role
		if role == "none" {
			role = ""
		}
		who, err = a.SetRole(c.ctx, byOperator, who.ID, admin.Grant{Workspace: ws, Role: role})
		if err != nil {
			return err
		}
		if c.json {
			return c.printJSON(adminDocOf(who))
		}
		c.say("%s: %s.", printable(who.Email), cmpText(rolesText(adminDocOf(who)), "no role any more"))
		return nil
	})
}

func cmpText(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

type adminRemoveCmd struct {
	adminFlags
	Who string `arg:"" name:"who" help:"Their e-mail address or id."`
}

func (r adminRemoveCmd) Run(c *command) error {
	return r.with(c, func(a *admin.Admin, _ *server.Store) error {
		who, err := a.Find(c.ctx, r.Who)
		if err != nil {
			return err
		}
		c.about("", who.ID)
		if err := a.Remove(c.ctx, byOperator, who.ID); err != nil {
			return err
		}
		c.say("%s is removed, with their sessions and tokens of the API. What they set up goes on working.", printable(who.Email))
		if c.json {
			return c.printJSON(adminDocOf(who))
		}
		return nil
	})
}

type adminRecoverCmd struct {
	adminFlags
	Who string `arg:"" name:"who" help:"Their e-mail address or id."`
}

func (r adminRecoverCmd) Run(c *command) error {
	return r.with(c, func(a *admin.Admin, _ *server.Store) error {
		who, err := a.Find(c.ctx, r.Who)
		if err != nil {
			return err
		}
		c.about("", who.ID)
		link, err := a.Recover(c.ctx, who.ID)
		if err != nil {
			return err
		}
		return c.printLink(link, "With this link "+printable(who.Email)+" sets up anew how they sign in; what they signed in with before is removed then. Every owner is told of it.")
	})
}

type adminSessionsCmd struct {
	adminFlags
	Who string `arg:"" name:"who" help:"Their e-mail address or id."`
	End string `name:"end" placeholder:"ID" help:"End one session, or all."`
}

// adminSessionDoc is a session as the command prints one.
type adminSessionDoc struct {
	ID      string    `json:"id"`
	How     string    `json:"how"`
	IP      string    `json:"ip"`
	Agent   string    `json:"agent"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"`
}

func (s adminSessionsCmd) Run(c *command) error {
	return s.with(c, func(a *admin.Admin, _ *server.Store) error {
		who, err := a.Find(c.ctx, s.Who)
		if err != nil {
			return err
		}
		c.about("", who.ID)
		switch s.End {
		case "":
		case "all":
			if _, err := a.EndSessions(c.ctx, who.ID, ""); err != nil {
				return err
			}
		default:
			if err := a.EndSession(c.ctx, who.ID, s.End); err != nil {
				return err
			}
		}
		all, err := a.Sessions(c.ctx, who.ID)
		if err != nil {
			return err
		}
		docs, rows := []adminSessionDoc{}, [][]string{}
		for _, n := range all {
			docs = append(docs, adminSessionDoc{n.ID, n.How, n.IP, n.Agent, n.Created, n.Seen})
			rows = append(rows, []string{n.ID, n.How, n.IP, day(n.Created), day(n.Seen), printable(n.Agent)})
		}
		if c.json {
			return c.printJSON(docs)
		}
		return c.table([]string{"ID", "BY", "ADDRESS", "SINCE", "SEEN", "BROWSER"}, rows)
	})
}

type adminReadyCmd struct {
	adminFlags
	Workspace string `arg:"" help:"The workspace."`
}

func (r adminReadyCmd) Run(c *command) error {
	return r.with(c, func(a *admin.Admin, st *server.Store) error {
		ws, err := c.workspaceNamed(st, r.Workspace)
		if err != nil {
			return err
		}
		s, err := a.BreakGlass(c.ctx, ws)
		if err != nil {
			return err
		}
		if c.json {
			err = c.printJSON(s)
		} else {
			for _, g := range s.Owners {
				fmt.Fprintf(c.out, "%s  %s\n", printable(g.Email), cmpText(g.Missing, "ready, proven "+day(g.Proven)))
			}
		}
		if err == nil && !s.Ready {
			err = a.GlassReady(c.ctx, ws)
		}
		return err
	})
}
