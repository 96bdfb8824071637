package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/local"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// localCmd groups the commands about employees' passwords.
type localCmd struct {
	Show   localShowCmd   `cmd:"" help:"Show whether people may sign in with a password."`
	Set    localSetCmd    `cmd:"" help:"Say whether they may."`
	List   localListCmd   `cmd:"" help:"List who has a password, and whether it opens the workspace."`
	Link   localLinkCmd   `cmd:"" help:"Print a link by which somebody chooses a password, or mail it."`
	Remove localRemoveCmd `cmd:"" help:"Take somebody's password away, with what they are signed in to by it."`
}

// localDoc is what is set, in JSON.
type localDoc struct {
	Workspace  string `json:"workspace"`
	Enabled    bool   `json:"enabled"`
	KeepLinked bool   `json:"keep_linked"`
}

func (c *command) showLocal(ws directory.Workspace, p directory.LocalPolicy) error {
	if c.json {
		return c.printJSON(localDoc{ws.ID, p.Enabled, p.KeepLinked})
	}
	says := "nobody may sign in with a password"
	switch {
	case p.Enabled && p.KeepLinked:
		says = "people may sign in with a password, also those whom Microsoft Entra knows, as long as single sign-on is not enforced"
	case p.Enabled:
		says = "people may sign in with a password, but for those whom Microsoft Entra knows once single sign-on is on"
	}
	_, err := fmt.Fprintf(c.out, "%s: %s\n", ws.ID, says)
	return err
}

type localShowCmd struct{ clientFlags }

func (f clientFlags) openPasswords(c *command) (*server.Store, directory.Workspace, error) {
	st, err := c.open(f.dbFlags)
	if err != nil {
		return nil, directory.Workspace{}, err
	}
	ws, err := c.workspace(st, f.Workspace)
	if err != nil {
		st.Close()
		return nil, ws, err
	}
	c.about(ws.ID, "")
	return st, ws, nil
}

func (l localShowCmd) Run(c *command) error {
	st, ws, err := l.openPasswords(c)
	if err != nil {
		return err
	}
	defer st.Close()
	p, _, err := store.ReadSetting[directory.LocalPolicy](c.ctx, st, ws.ID, directory.SettingLocal)
	if err != nil {
		return err
	}
	return c.showLocal(ws, p)
}

type localSetCmd struct {
	clientFlags
	On         bool  `name:"on" xor:"switch" help:"People may sign in with a password."`
	Off        bool  `name:"off" xor:"switch" help:"Nobody may. Whoever is signed in by one is signed out."`
	KeepLinked *bool `name:"keep-linked" negatable:"" help:"Also people whom Microsoft Entra knows, as long as single sign-on is not enforced."`
}

func (l localSetCmd) Run(c *command) error {
	if !l.On && !l.Off && l.KeepLinked == nil {
		return problem.Detailf(problem.BadUsage, "Say --on, --off or --keep-linked.")
	}
	st, ws, err := l.openPasswords(c)
	if err != nil {
		return err
	}
	defer st.Close()
	p, _, err := store.ChangeSetting(c.ctx, st, ws.ID, directory.SettingLocal, store.SettingChange{Version: store.AnyVersion, Who: operator, Now: c.opt.Now()},
		func(p *directory.LocalPolicy) error {
			if l.On || l.Off {
				p.Enabled = l.On
			}
			if l.KeepLinked != nil {
				p.KeepLinked = *l.KeepLinked
			}
			return nil
		})
	if err != nil {
		return err
	}
	n, err := st.Revalidate(c.ctx, ws, c.opt.Now())
	if err != nil {
		return err
	}
	if n > 0 {
		c.say("Sessions that ended: %d.", n)
	}
	return c.showLocal(ws, p)
}

type localListCmd struct{ clientFlags }

// localHolderDoc is somebody with a password, in JSON.
type localHolderDoc struct {
	ID       string       `json:"id"`
	UserName string       `json:"user_name"`
	Email    string       `json:"email,omitempty"`
	Changed  time.Time    `json:"changed"`
	Allowed  bool         `json:"allowed"`
	Why      problem.Code `json:"why,omitempty"`
}

func (l localListCmd) Run(c *command) error {
	st, ws, err := l.openPasswords(c)
	if err != nil {
		return err
	}
	defer st.Close()
	all, err := local.New(local.Config{Store: st, Now: c.opt.Now}).Holders(c.ctx, ws)
	if err != nil {
		return err
	}
	docs, rows := []localHolderDoc{}, [][]string{}
	for _, h := range all {
		g, err := st.Gate(c.ctx, ws, directory.MethodLocal, h.User, c.opt.Now())
		if err != nil {
			return err
		}
		why, _ := problem.Of(g.Permit(h.User))
		docs = append(docs, localHolderDoc{h.User.ID, h.User.UserName, directory.MailOf(h.User.Doc), h.Changed, why == "", why})
		opens := "yes"
		if why != "" {
			opens = "no, " + string(why)
		}
		rows = append(rows, []string{h.User.UserName, directory.MailOf(h.User.Doc), h.Changed.UTC().Format(time.DateOnly), opens})
	}
	if c.json {
		return c.printJSON(docs)
	}
	return c.table([]string{"USER NAME", "E-MAIL", "SET", "OPENS"}, rows)
}

// localLinkDoc is a link in JSON. It is a secret.
type localLinkDoc struct {
	Person  string    `json:"person"`
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
}

type localLinkCmd struct {
	samlFlags
	Person string `arg:"" help:"id, user name, Entra object ID or e-mail address."`
	Mail   bool   `name:"mail" help:"Mail it to them rather than print it."`
}

func (l localLinkCmd) Run(c *command) error {
	d, err := l.open(c, l.Mail)
	if err != nil {
		return err
	}
	defer d.store.Close()
	u, err := c.person(d.store, d.ws, l.Person)
	if err != nil {
		return err
	}
	c.about(d.ws.ID, u.ID)
	conf := local.Config{Store: d.store, PublicURL: d.setup.PublicURL, Now: c.opt.Now}
	if l.Mail {
		post := notify.New(notify.Config{Store: d.store, Key: d.setup.Key, Now: c.opt.Now})
		switch ready, err := post.Ready(c.ctx); {
		case err != nil:
			return err
		case !ready:
			return problem.New(problem.MailNotSet) // before a link is made that nobody gets
		}
		conf.Mail = func(ctx context.Context, m directory.Mail) error {
			_, err := post.Queue(ctx, m)
			return err
		}
		if err := local.New(conf).Invite(c.ctx, d.ws, u); err != nil {
			return err
		}
		c.say("A link is queued for %s; a running server sends it.", directory.MailOf(u.Doc))
		return nil
	}
	link, err := local.New(conf).Link(c.ctx, d.ws, u, local.InviteLife)
	if err != nil {
		return err
	}
	c.say("Give the link on standard output to %s alone: whoever has it chooses the password. It works once, until %s.", u.UserName, link.Expires.Format(time.RFC3339))
	if c.json {
		return c.printJSON(localLinkDoc{u.ID, link.URL, link.Expires})
	}
	_, err = fmt.Fprintln(c.out, link.URL)
	return err
}

type localRemoveCmd struct{ personFlags }

func (l localRemoveCmd) Run(c *command) error {
	st, ws, u, err := l.find(c)
	if err != nil {
		return err
	}
	defer st.Close()
	c.about(ws.ID, u.ID)
	if err := local.New(local.Config{Store: st, Now: c.opt.Now}).Drop(c.ctx, ws, u.ID); err != nil {
		return err
	}
	c.say("%s has no password any more.", u.UserName)
	return nil
}
