package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// notifyCmd groups the commands about the mail that a server sends.
type notifyCmd struct {
	Show       notifyShowCmd       `cmd:"" help:"Show which mail server is used."`
	Set        notifySetCmd        `cmd:"" help:"Say which mail server to use."`
	Test       notifyTestCmd       `cmd:"" help:"Send a test mail at once, and say what the mail server said."`
	Recipients notifyRecipientsCmd `cmd:"" help:"Show or set who hears of a workspace's provisioning."`
	Log        notifyLogCmd        `cmd:"" help:"Show what was sent, and what became of it for each recipient."`
}

// envSMTPPassword is the environment variable with the mail server's password.
const envSMTPPassword = "LANYARD_SMTP_PASSWORD"

// notifyFlags are those of every command that works with the mail server.
type notifyFlags struct {
	dbFlags
	KeyFile *string `name:"server-key-file" placeholder:"FILE" help:"The server's key (LANYARD_SERVER_KEY_FILE). Default: as for serve."`
}

// open opens the database and the post on it.
func (f notifyFlags) open(c *command) (*server.Store, *notify.Post, error) {
	set, err := c.resolve(f.Config, map[string]*string{keyDB: f.DB, keyServerKeyFile: f.KeyFile})
	if err != nil {
		return nil, nil, err
	}
	st, err := c.openStore(c.ctx, set[keyDB], false)
	if err != nil {
		return nil, nil, err
	}
	key, err := c.serverKey(set)
	if err != nil {
		return nil, nil, errors.Join(err, st.Close())
	}
	return st, notify.New(notify.Config{Store: st, Key: key, Now: c.opt.Now}), nil
}

type notifyShowCmd struct{ notifyFlags }

func (f notifyShowCmd) Run(c *command) error {
	st, post, err := f.open(c)
	if err != nil {
		return err
	}
	defer st.Close()
	s, _, err := post.Shown(c.ctx)
	if err != nil {
		return err
	}
	if s.Host == "" {
		c.say("There is no mail server yet. Name one with: lanyardd notify set --host smtp.example.com --from lanyard@example.com")
	}
	return c.showMailServer(s)
}

func (c *command) showMailServer(s notify.SMTP) error {
	if c.json {
		return c.printJSON(s)
	}
	if s.Host == "" {
		return nil
	}
	return c.fields("host", s.Host, "port", strconv.Itoa(s.Port), "encryption", s.Encryption, "from", s.From, "reply to", s.ReplyTo, "user", s.User)
}

// notifySetCmd says which mail server to use. What is not given stays.
type notifySetCmd struct {
	notifyFlags
	Host       *string `name:"host" placeholder:"HOST" help:"The mail server's name, such as smtp.example.com. Its certificate must be for it."`
	Port       *int    `name:"port" placeholder:"N" help:"Default: 587, or 465 with tls."`
	Encryption *string `name:"encryption" placeholder:"HOW" help:"starttls, tls, or none for a mail server on this machine. Default starttls."`
	From       *string `name:"from" placeholder:"ADDRESS" help:"Who mails are from: lanyard@example.com, or 'Lanyard <lanyard@example.com>'."`
	ReplyTo    *string `name:"reply-to" placeholder:"ADDRESS" help:"Where answers go. Default: to the sender."`
	User       *string `name:"user" placeholder:"NAME" help:"Who signs in to the mail server; its password comes from LANYARD_SMTP_PASSWORD, or from standard input with --password-stdin. An empty text means nobody."`
	Stdin      bool    `name:"password-stdin" help:"Read the password from the first line of standard input."`
}

func (f notifySetCmd) Run(c *command) error {
	st, post, err := f.open(c)
	if err != nil {
		return err
	}
	defer st.Close()
	s, version, err := post.Shown(c.ctx)
	if err != nil {
		return err
	}
	for _, given := range []struct {
		flag *string
		to   *string
	}{{f.Host, &s.Host}, {f.Encryption, &s.Encryption}, {f.From, &s.From}, {f.ReplyTo, &s.ReplyTo}, {f.User, &s.User}} {
		if given.flag != nil {
			*given.to = *given.flag
		}
	}
	switch {
	case f.Port != nil:
		s.Port = *f.Port
	case f.Encryption != nil || f.Host != nil:
		s.Port = 0
	}
	password, err := f.password(c)
	if err != nil {
		return err
	}
	s.Password = notify.Password(password)
	set, err := post.Set(c.ctx, s, store.SettingChange{Version: version, Who: operator, Now: c.opt.Now()})
	if errors.Is(err, store.ErrConflict) {
		return problem.Wrap(problem.MailChanged, err)
	}
	if err != nil {
		return err
	}
	c.say("The mail server is set. Look whether it takes mail: lanyardd notify test you@example.com")
	return c.showMailServer(set)
}

// password is the mail server's, "" where none was given.
func (f notifySetCmd) password(c *command) (string, error) {
	if f.Stdin {
		p, err := lineOfInput(c.in)
		if err != nil {
			return "", problem.Detailf(problem.BadUsage, "--password-stdin: there is no password on standard input.")
		}
		return p, nil
	}
	p, _ := c.env(envSMTPPassword)
	return p, nil
}

type notifyTestCmd struct {
	notifyFlags
	To string `arg:"" help:"The address to send it to."`
}

func (f notifyTestCmd) Run(c *command) error {
	st, post, err := f.open(c)
	if err != nil {
		return err
	}
	defer st.Close()
	if err := post.Test(c.ctx, f.To); err != nil {
		return err
	}
	return c.done("The mail server took a test mail to %s. Look whether it arrives.", f.To)
}

// notifyRecipientsCmd shows or sets who hears of provisioning.
type notifyRecipientsCmd struct {
	clientFlags
	To        []string `name:"to" placeholder:"ADDRESS" sep:"none" help:"Who is told. Repeat for several; they replace those that were set. One empty address means nobody."`
	Threshold *int     `name:"threshold" placeholder:"N" help:"Tell of failures from so many within a day. Default 1."`
	Digest    *int     `name:"digest-minutes" placeholder:"N" help:"At least so many minutes between two mails about failures. Default 60."`
	Paused    *toggle  `name:"paused" placeholder:"on|off" help:"Keep the recipients, and tell them nothing."`
}

func (f notifyRecipientsCmd) Run(c *command) error {
	st, ws, err := f.openFor(c)
	if err != nil {
		return err
	}
	defer st.Close()
	w, version, err := store.ReadSetting[notify.Watching](c.ctx, st, ws.ID, notify.WatchSetting)
	if err != nil {
		return err
	}
	if f.To != nil || f.Threshold != nil || f.Digest != nil || f.Paused != nil {
		if w, err = f.alter(w); err != nil {
			return err
		}
		_, _, err = store.ChangeSetting(c.ctx, st, ws.ID, notify.WatchSetting, store.SettingChange{Version: version, Who: operator, Now: c.opt.Now()},
			func(v *notify.Watching) error { *v = w; return nil })
		if errors.Is(err, store.ErrConflict) {
			return problem.Wrap(problem.MailChanged, err)
		}
		if err != nil {
			return fmt.Errorf("storing the recipients of workspace %q: %w", ws.ID, err)
		}
	}
	if c.json {
		return c.printJSON(w)
	}
	if len(w.Recipients) == 0 {
		c.say("Nobody hears of failures. Say who: lanyardd notify recipients --workspace %s --to it@example.com", ws.ID)
	}
	return c.fields("recipients", strings.Join(w.Recipients, ", "), "paused", onOff(w.Paused), "failures from", strconv.Itoa(w.Least()), "minutes between mails", strconv.Itoa(int(w.Every().Minutes())))
}

func (f notifyRecipientsCmd) alter(w notify.Watching) (notify.Watching, error) {
	if f.To != nil {
		w.Recipients = nil
		for _, to := range f.To {
			if strings.TrimSpace(to) != "" {
				w.Recipients = append(w.Recipients, to)
			}
		}
	}
	if f.Threshold != nil {
		w.Threshold = *f.Threshold
	}
	if f.Digest != nil {
		w.Digest = *f.Digest
	}
	if f.Paused != nil {
		w.Paused = bool(*f.Paused)
	}
	return w.Clean()
}

// notifyLogCmd shows deliveries.
type notifyLogCmd struct {
	dbFlags
	Workspace string `name:"workspace" placeholder:"ID" help:"The workspace. Default: mails of the server itself."`
	Kind      string `name:"kind" placeholder:"KIND" help:"Only mails of this kind, as the log names it."`
	Limit     int    `name:"limit" default:"50" help:"How many at most, up to 1000. The newest come first."`
}

func (f notifyLogCmd) Run(c *command) error {
	if f.Limit < 1 || f.Limit > 1000 {
		return problem.Detailf(problem.BadUsage, "--limit %d is not between 1 and 1000.", f.Limit)
	}
	st, err := c.open(f.dbFlags)
	if err != nil {
		return err
	}
	defer st.Close()
	q := store.MailQuery{Kind: f.Kind, Limit: f.Limit}
	if f.Workspace != "" {
		ws, err := c.workspace(st, f.Workspace)
		if err != nil {
			return err
		}
		q.Workspace = ws.ID
	}
	all, err := st.MailDeliveries(c.ctx, q)
	if err != nil {
		return err
	}
	docs := []deliveryDoc{}
	var rows [][]string
	for _, d := range all {
		doc := deliveryDoc{ID: d.Mail.ID, To: d.To, Kind: d.Mail.Kind, Subject: d.Mail.Subject, State: deliveryStates[d.State], Tries: d.Tries, Queued: stamp(d.Mail.Created), At: stamp(d.At), Error: d.Error}
		docs = append(docs, doc)
		rows = append(rows, []string{day(d.Mail.Created), d.To, doc.Kind, doc.Subject, doc.State, doc.Error})
	}
	if c.json {
		return c.printJSON(docs)
	}
	return c.table([]string{"QUEUED", "TO", "KIND", "SUBJECT", "STATE", "WHY"}, rows)
}

var deliveryStates = map[store.DeliveryState]string{store.MailWaiting: "waiting", store.MailSent: "sent", store.MailFailed: "failed"}

// deliveryDoc is a mail on its way to one recipient, in JSON.
type deliveryDoc struct {
	ID      string     `json:"id"`
	To      string     `json:"to"`
	Kind    string     `json:"kind"`
	Subject string     `json:"subject"`
	State   string     `json:"state"`
	Tries   int        `json:"tries"`
	Queued  *time.Time `json:"queued"`
	At      *time.Time `json:"at"`
	Error   string     `json:"error,omitempty"`
}
