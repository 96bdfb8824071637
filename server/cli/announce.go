package cli

import (
	"fmt"
	"strings"

	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/announce"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
)

// announceCmd groups the commands about telling people of a change (row C4).
type announceCmd struct {
	Preview announcePreviewCmd `cmd:"" help:"Print what people would be told, and say how many they are. Nothing is sent."`
	Send    announceSendCmd    `cmd:"" help:"Send it: to everybody, to members of groups, or to people by name."`
	Log     announceLogCmd     `cmd:"" help:"Show what was sent, and what became of it for each recipient."`
}

// announceFlags are those of every command about an announcement.
type announceFlags struct {
	clientFlags
	PublicURL *string `name:"public-url" placeholder:"URL" help:"The server's public URL (LANYARD_PUBLIC_URL), at which people sign in."`
	KeyFile   *string `name:"server-key-file" placeholder:"FILE" help:"The server's key (LANYARD_SERVER_KEY_FILE). Default: as for serve."`
}

// choiceFlags say whom it goes to.
type choiceFlags struct {
	Group  []string `name:"group" placeholder:"ID" sep:"none" help:"Send it to the members of this group only. Repeat for several."`
	Person []string `name:"person" placeholder:"NAME" sep:"none" help:"Send it to the person of this user name only. Repeat for several."`
}

func (f choiceFlags) choice() announce.Choice {
	switch {
	case len(f.Person) > 0:
		return announce.Choice{To: announce.ToPeople, People: f.Person}
	case len(f.Group) > 0:
		return announce.Choice{To: announce.ToGroups, Groups: f.Group}
	}
	return announce.Choice{To: announce.ToAll}
}

// announceDesk is an opened database with what the commands work with.
type announceDesk struct {
	*announce.Desk
	workspace string
}

// open opens the database; what is sent is sealed with the server's key, and
// sent by the server that runs.
func (f announceFlags) open(c *command, sends bool) (*announceDesk, *server.Store, error) {
	set, err := c.resolve(f.Config, map[string]*string{keyDB: f.DB, keyPublicURL: f.PublicURL, keyServerKeyFile: f.KeyFile})
	if err != nil {
		return nil, nil, err
	}
	base, err := set.base()
	if err != nil {
		return nil, nil, err
	}
	st, err := c.openStore(c.ctx, set[keyDB], false)
	if err != nil {
		return nil, nil, err
	}
	d := &announceDesk{Desk: &announce.Desk{Store: st, PublicURL: base, Now: c.opt.Now}}
	ws, err := c.workspace(st, f.Workspace)
	if err == nil && sends {
		var key []byte
		if key, err = c.serverKey(set); err == nil {
			d.Post = notify.New(notify.Config{Store: st, Key: key, Now: c.opt.Now})
		}
	}
	if err != nil {
		_ = st.Close()
		return nil, nil, err
	}
	d.workspace = ws.ID
	if !set[keyPublicURL].set() {
		c.say("The addresses begin with %s: give --public-url as for lanyardd serve where that is not right.", base)
	}
	return d, st, nil
}

// reviewed says who would get it.
func (c *command) reviewed(r announce.Review) {
	c.say("It goes to %s: %d by e-mail.", r.Choice, r.Count)
	for _, l := range []struct {
		what string
		who  []string
	}{{"Without an e-mail address", r.Without}, {"Without access, left out", r.NoAccess}, {"Not found", r.Unknown}} {
		if len(l.who) > 0 {
			c.say("%s: %s", l.what, printable(strings.Join(l.who, ", ")))
		}
	}
	if len(r.Before) > 0 {
		c.say("The very same was sent to the same choice of people already, %s.", day(r.Before[len(r.Before)-1].At))
	}
}

type announcePreviewCmd struct {
	announceFlags
	choiceFlags
}

func (f announcePreviewCmd) Run(c *command) error {
	d, st, err := f.open(c, false)
	if err != nil {
		return err
	}
	defer st.Close()
	r, err := d.Review(c.ctx, d.workspace, f.choice())
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(r)
	}
	c.reviewed(r)
	_, err = fmt.Fprint(c.out, r.Markdown())
	return err
}

type announceSendCmd struct {
	announceFlags
	choiceFlags
	Again bool `name:"again" help:"Send it although the very same was sent to the same choice of people already."`
}

// Help is the longer text of lanyardd announce send --help.
func (announceSendCmd) Help() string {
	return "The mails wait in the database, and the server that runs sends them. Sending the same to the same people again sends nothing, unless --again is given."
}

// announceSent is what was sent, in JSON.
type announceSent struct {
	Mail       string `json:"mail"`
	Subject    string `json:"subject"`
	Recipients int    `json:"recipients"`
	Again      bool   `json:"sent_before"`
}

func (f announceSendCmd) Run(c *command) error {
	d, st, err := f.open(c, true)
	if err != nil {
		return err
	}
	defer st.Close()
	r, err := d.Review(c.ctx, d.workspace, f.choice())
	if err != nil {
		return err
	}
	c.reviewed(r)
	key := r.Key
	if n := len(r.Before); n > 0 && !f.Again {
		key = r.Before[n-1].Key
	}
	sent, again, err := d.Send(c.ctx, d.workspace, operator, key, r.Choice)
	if err != nil {
		return err
	}
	c.about(d.workspace, sent.Mail)
	if c.json {
		return c.printJSON(announceSent{sent.Mail, sent.Subject, sent.Recipients, again})
	}
	if again {
		c.say("It was sent already, and nothing was sent now. To send it once more: --again.")
	} else {
		c.say("The server that runs sends it now. See what becomes of it:\n  lanyardd announce log %s --workspace %s", sent.Mail, d.workspace)
	}
	_, err = fmt.Fprintln(c.out, sent.Mail)
	return err
}

type announceLogCmd struct {
	announceFlags
	Mail string `arg:"" optional:"" name:"mail" help:"One announcement; without it, all that were sent are listed."`
}

func (f announceLogCmd) Run(c *command) error {
	d, st, err := f.open(c, false)
	if err != nil {
		return err
	}
	defer st.Close()
	if f.Mail != "" {
		return f.one(c, d)
	}
	a, _, err := d.Read(c.ctx, d.workspace)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(append([]directory.Sent{}, a.Sent...))
	}
	var rows [][]string
	for _, s := range a.Sent {
		rows = append(rows, []string{s.Mail, day(s.At), s.To, fmt.Sprint(s.Recipients), s.By, s.Subject})
	}
	if len(rows) == 0 {
		c.say("Nothing was sent yet.")
	}
	return c.table([]string{"MAIL", "SENT", "TO", "RECIPIENTS", "BY", "SUBJECT"}, rows)
}

// one shows every recipient of one announcement, those that failed first.
func (f announceLogCmd) one(c *command, d *announceDesk) error {
	l, err := d.Log(c.ctx, d.workspace, f.Mail, 0)
	if err != nil {
		return err
	}
	for more := l.More; more > 0; {
		next, err := d.Log(c.ctx, d.workspace, f.Mail, more)
		if err != nil {
			return err
		}
		l.Page, more = append(l.Page, next.Page...), next.More
	}
	l.More = 0
	if c.json {
		return c.printJSON(l)
	}
	c.say("%d delivered, %d waiting, %d failed.", l.Delivered, l.Waiting, l.Failed)
	var rows [][]string
	for _, x := range l.Page {
		rows = append(rows, []string{x.To, x.State, day(x.At), fmt.Sprint(x.Tries), x.Error})
	}
	return c.table([]string{"RECIPIENT", "STATE", "LAST TRIED", "TRIES", "THE MAIL SERVER SAID"}, rows)
}
