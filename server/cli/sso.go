package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os/user"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/enforce"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// ssoCmd groups the commands about single sign-on for everybody.
type ssoCmd struct {
	Show    ssoShowCmd    `cmd:"" help:"Show whether single sign-on is enforced, and what is missing for it."`
	Enable  ssoEnableCmd  `cmd:"" help:"Enable single sign-on for everybody: people sign in by SAML and in no other way."`
	Disable ssoDisableCmd `cmd:"" help:"Turn off that single sign-on is enforced. Administrators cannot do it themselves."`
	Rule    ssoRuleCmd    `cmd:"" help:"Have it turned off by two operators, never by one."`
}

// ssoFlags are the flags of every command about single sign-on.
type ssoFlags struct {
	dbFlags
	PublicURL *string `name:"public-url" placeholder:"URL" help:"As for lanyardd serve (LANYARD_PUBLIC_URL)."`
	KeyFile   *string `name:"server-key-file" placeholder:"FILE" help:"As for lanyardd serve (LANYARD_SERVER_KEY_FILE): mails to administrators are sealed with it."`
}

// open opens the database, and calls f with the desk.
func (s ssoFlags) open(c *command, f func(*server.Store, *enforce.Desk) error) error {
	set, err := c.resolve(s.Config, map[string]*string{keyDB: s.DB, keyPublicURL: s.PublicURL, keyServerKeyFile: s.KeyFile})
	if err != nil {
		return err
	}
	base, err := set.base()
	if err != nil {
		return err
	}
	key, err := c.serverKey(set)
	if err != nil {
		return err
	}
	st, err := c.openStore(c.ctx, set[keyDB], false)
	if err != nil {
		return err
	}
	srv, err := server.New(server.Config{Store: st, PublicURL: base, Now: c.opt.Now, Version: c.opt.version(), ServerKey: key, Resolver: c.opt.Resolver})
	if err == nil {
		err = f(st, srv.SSO())
	}
	return errors.Join(err, st.Close())
}

// operatorFlag says who runs a command.
type operatorFlag struct {
	Operator string `name:"operator" placeholder:"NAME" help:"Who you are, for the audit log and the mail to the administrators. Default: the system's user."`
}

// name is who runs the command, as far as a command can know.
func (o operatorFlag) name() string {
	if o.Operator != "" {
		return o.Operator
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "operator (command)"
}

// ssoDoc is how enforcement stands, in JSON.
type ssoDoc struct {
	Workspace string `json:"workspace"`
	directory.Enforcement
	Checks []ssoCheck `json:"checks,omitempty"`
	// Told says whether the administrators were told by mail.
	Told *bool `json:"told,omitempty"`
}

type ssoCheck struct {
	Name   string       `json:"name"`
	OK     bool         `json:"ok"`
	Code   problem.Code `json:"code,omitempty"`
	Detail string       `json:"detail,omitempty"`
}

type ssoShowCmd struct {
	ssoFlags
	Workspace string `name:"workspace" required:"" placeholder:"ID" help:"The workspace."`
}

func (s ssoShowCmd) Run(c *command) error {
	return s.open(c, func(st *server.Store, d *enforce.Desk) error {
		ws, err := c.workspace(st, s.Workspace)
		if err != nil {
			return err
		}
		e, err := d.Enforcement(c.ctx, ws.ID)
		if err != nil {
			return err
		}
		doc := ssoDoc{Workspace: ws.ID, Enforcement: e}
		if !e.Enforced {
			checks, err := d.Preflight(c.ctx, ws.ID)
			if err != nil {
				return err
			}
			for _, k := range checks {
				one := ssoCheck{Name: k.Name, OK: k.Err == nil}
				if k.Err != nil {
					var text problem.Text
					one.Code, text = problem.Of(k.Err)
					one.Detail = cmp.Or(problem.DetailOf(k.Err), text.Sentence)
				}
				doc.Checks = append(doc.Checks, one)
			}
		}
		return c.showSSO(doc)
	})
}

// showSSO prints how enforcement stands.
func (c *command) showSSO(doc ssoDoc) error {
	if c.json {
		return c.printJSON(doc)
	}
	if doc.Enforced {
		fmt.Fprintf(c.out, "Single sign-on is enforced in %s: enabled by %s, %s.\n", doc.Workspace, printable(doc.By), day(doc.At))
	} else {
		fmt.Fprintf(c.out, "Single sign-on is not enforced in %s.\n", doc.Workspace)
	}
	if l := doc.Lifted; l != nil {
		by := printable(l.By)
		if l.Second != "" {
			by += " and " + printable(l.Second)
		}
		fmt.Fprintf(c.out, "Last turned off by %s, %s: %s (%s)\n", by, day(l.At), printable(l.Reason), printable(l.Ticket))
	}
	if a := doc.Asked; a != nil {
		fmt.Fprintf(c.out, "%s asked to turn it off, %s: %s (%s). A second operator has to agree.\n", printable(a.By), day(a.At), printable(a.Reason), printable(a.Ticket))
	}
	for _, k := range doc.Checks {
		c.showCheck(shownCheck{name: k.Name, ok: k.OK, reason: k.Detail, code: string(k.Code)})
	}
	return nil
}

type ssoEnableCmd struct {
	ssoFlags
	operatorFlag
	Workspace string `name:"workspace" required:"" placeholder:"ID" help:"The workspace."`
	Confirm   string `name:"confirm" required:"" placeholder:"ID" help:"The workspace's ID once more. Its administrators cannot turn it off on their own."`
}

func (s ssoEnableCmd) Run(c *command) error {
	return s.open(c, func(st *server.Store, d *enforce.Desk) error {
		ws, err := c.workspace(st, s.Workspace)
		if err != nil {
			return err
		}
		c.about(ws.ID, ws.ID)
		out, err := d.Enable(c.ctx, ws.ID, enforce.Enabling{Who: "operator " + s.name(), Typed: s.Confirm})
		if err != nil {
			return err
		}
		return c.toldSSO(ws.ID, out, "Single sign-on is enforced in %s from now on.")
	})
}

type ssoDisableCmd struct {
	ssoFlags
	operatorFlag
	Workspace string `name:"workspace" required:"" placeholder:"ID" help:"The workspace."`
	Reason    string `name:"reason" placeholder:"TEXT" help:"Why. It is written into the audit log and sent to every administrator."`
	Ticket    string `name:"ticket" placeholder:"ID" help:"The request that this answers, such as OPS-123."`
}

// Help is the longer text of lanyardd sso disable --help.
func (ssoDisableCmd) Help() string {
	return "People may sign in by SAML still, and in every other way that is set up. Where the rule asks for two people, the first to run this " +
		"makes a request, and another within 24 hours carries it out."
}

func (s ssoDisableCmd) Run(c *command) error {
	return s.open(c, func(st *server.Store, d *enforce.Desk) error {
		ws, err := c.workspace(st, s.Workspace)
		if err != nil {
			return err
		}
		by := enforce.Lift{Operator: s.name(), Reason: s.Reason, Ticket: s.Ticket}
		c.about(ws.ID, ws.ID)
		c.detail("operator", by.Operator)
		c.detail("reason", by.Reason)
		c.detail("ticket", by.Ticket)
		out, err := d.Lift(c.ctx, ws.ID, by)
		if err != nil {
			if out.Untold != nil {
				c.say("The administrators could not be told by mail: %v", out.Untold)
			}
			return err
		}
		return c.toldSSO(ws.ID, out, "Single sign-on is no longer enforced in %s.")
	})
}

// toldSSO says what was done, and whether the administrators know.
func (c *command) toldSSO(ws string, out enforce.Outcome, done string) error {
	told := out.Untold == nil
	if told {
		c.say(done+" Its administrators were told by mail.", ws)
	} else {
		text := problem.Lookup(problem.SSONobodyTold)
		c.say(done+"\nWarning: %s %s (%s)", ws, text.Sentence, text.Next, problem.SSONobodyTold)
	}
	return c.showSSO(ssoDoc{Workspace: ws, Enforcement: out.Enforcement, Told: &told})
}

type ssoRuleCmd struct {
	ssoFlags
	operatorFlag
	TwoPeople *toggle `name:"two-people" placeholder:"on|off" help:"Ask for two operators. Ending the rule takes two as well. Without it, the rule is shown."`
}

func (s ssoRuleCmd) Run(c *command) error {
	return s.open(c, func(_ *server.Store, d *enforce.Desk) error {
		r, err := d.Rule(c.ctx)
		if s.TwoPeople != nil && err == nil {
			c.detail("operator", s.name())
			r, err = d.SetRule(c.ctx, bool(*s.TwoPeople), s.name())
		}
		if err != nil {
			return err
		}
		if c.json {
			return c.printJSON(r)
		}
		who := "One operator"
		if r.TwoPeople {
			who = "Only two operators together"
		}
		_, err = fmt.Fprintf(c.out, "%s can turn off that single sign-on is enforced.\n", who)
		return err
	})
}

// detail adds to what the audit log says of the command. It is never a secret.
func (c *command) detail(name, value string) {
	if c.audited == nil {
		return
	}
	c.audited.Edit(func(e *store.AuditEntry) { e.Detail[name] = value })
}

// keptOn says whether single sign-on may be taken away from a workspace: not while
// it is enforced.
func (d *samlDesk) keptOn(c *command) error {
	desk := enforce.Desk{Store: d.store, Now: time.Now}
	err := desk.Free(c.ctx, d.ws.ID)
	if code, _ := problem.Of(err); code == problem.SSOEnforced {
		return problem.Detailf(problem.SSOEnforced, "First: lanyardd sso disable --workspace %s --reason … --ticket …", d.ws.ID)
	}
	return err
}
