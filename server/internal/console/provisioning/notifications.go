package provisioning

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Notifications is who hears of provisioning.
type Notifications struct {
	tabs
	Version    int64      `json:"version"`
	Recipients string     `json:"recipients"`
	Paused     bool       `json:"paused"`
	Digest     int        `json:"digest_minutes"`
	Threshold  int        `json:"threshold"`
	Ready      bool       `json:"mail_ready"`
	Sent       []Delivery `json:"sent"`
}

// Delivery is a mail on its way to somebody, as it is shown.
type Delivery struct {
	At      time.Time `json:"at"`
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Kind    string    `json:"kind"`
	State   string    `json:"state"` // waiting, sent or failed
	Tries   int       `json:"tries"`
	Next    time.Time `json:"next,omitzero"`
	Error   string    `json:"error,omitempty"`
}

// Badge is the colour of its state.
func (d Delivery) Badge() string {
	return map[string]string{"sent": "good", "failed": "bad", "waiting": "info"}[d.State]
}

// Head is that of a page.
func (p Notifications) Head() console.Head { return p.head("Notifications", "notifications") }

// deliveriesShown is how many deliveries a page shows.
const deliveriesShown = 50

func (s *Section) deliveries(ctx context.Context, workspace string) ([]Delivery, error) {
	all, err := s.cfg.Store.MailDeliveries(ctx, store.MailQuery{Workspace: workspace, Limit: deliveriesShown})
	out := []Delivery{}
	for _, d := range all {
		one := Delivery{At: d.Mail.Created, To: d.To, Subject: d.Mail.Subject, Kind: d.Mail.Kind, Tries: d.Tries, Error: d.Error}
		switch d.State {
		case store.MailSent:
			one.State, one.At = "sent", d.At
		case store.MailFailed:
			one.State, one.At = "failed", d.At
		default:
			one.State, one.Next = "waiting", d.Due
		}
		out = append(out, one)
	}
	return out, err
}

func (s *Section) notifications(ctx context.Context, c *console.Call, _ struct{}) (Notifications, error) {
	p := Notifications{tabs: tabs{"provisioning.notifications"}}
	w, version, err := store.ReadSetting[notify.Watching](ctx, s.cfg.Store, c.Workspace.ID, notify.WatchSetting)
	if err != nil {
		return p, err
	}
	p.Version, p.Recipients, p.Paused = version, strings.Join(w.Recipients, "\n"), w.Paused
	p.Digest, p.Threshold = int(w.Every()/time.Minute), w.Least()
	if p.Ready, err = s.cfg.Post.Ready(ctx); err != nil {
		return p, err
	}
	p.Sent, err = s.deliveries(ctx, c.Workspace.ID)
	return p, err
}

type notifyInput struct {
	Version    int64  `json:"version"`
	Recipients string `json:"recipients"`
	Paused     bool   `json:"paused"`
	Digest     int    `json:"digest_minutes"`
	Threshold  int    `json:"threshold"`
}

// lines are addresses, one a line or separated by commas.
func lines(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("\r\n,; \t", r) })
}

func (s *Section) saveNotifications(ctx context.Context, c *console.Call, in notifyInput) (console.Done, error) {
	w, err := notify.Watching{Recipients: lines(in.Recipients), Paused: in.Paused, Digest: in.Digest, Threshold: in.Threshold}.Clean()
	if err != nil {
		field := "recipients"
		if code, _ := problem.Of(err); code == problem.MailBadWatch && len(w.Recipients) <= notify.MaxWatchers {
			field = "digest_minutes"
			if in.Threshold < 0 || strings.Contains(problem.DetailOf(err), "failures") {
				field = "threshold"
			}
		}
		return console.Done{}, console.Fault{Field: field, Err: err}
	}
	c.Note("recipients", fmt.Sprint(len(w.Recipients)))
	_, _, err = store.ChangeSetting(ctx, s.cfg.Store, c.Workspace.ID, notify.WatchSetting,
		store.SettingChange{Version: in.Version, Who: c.Me.Called(), Now: c.Now}, func(v *notify.Watching) error { *v = w; return nil })
	if errors.Is(err, store.ErrConflict) {
		return console.Done{}, problem.Wrap(problem.MailChanged, err)
	}
	say := "Saved. They hear of failures from now on."
	if len(w.Recipients) == 0 {
		say = "Saved. Nobody hears of failures."
	}
	return console.Done{To: c.Path("provisioning.notifications"), Say: say}, err
}

// testNotifications queues a mail to the recipients that are stored.
func (s *Section) testNotifications(ctx context.Context, c *console.Call, _ struct{}) (console.Done, error) {
	w, _, err := store.ReadSetting[notify.Watching](ctx, s.cfg.Store, c.Workspace.ID, notify.WatchSetting)
	if err != nil {
		return console.Done{}, err
	}
	if len(w.Recipients) == 0 {
		return console.Done{}, console.Bad("recipients", "Enter an address and save it first.")
	}
	_, err = s.cfg.Post.Queue(ctx, notify.Mail{
		To: w.Recipients, Subject: name(c.Workspace.Name, c.Workspace.ID) + ": a test of notifications", Kind: "test", Workspace: c.Workspace.ID,
		Text: "This is how Lanyard tells you of provisioning that fails. There is nothing to do.\n\n" + c.URL("provisioning.sync"),
	})
	return console.Done{To: c.Path("provisioning.notifications"), Say: "A test mail is on its way. What became of it stands below."}, err
}

// MailPage is the server's mail settings.
type MailPage struct {
	Server  notify.SMTP `json:"server"`
	Version int64       `json:"version"`
	Ready   bool        `json:"ready"`
	// Fixed: the program that embeds the server says which mail server to use.
	Fixed bool       `json:"fixed"`
	Test  string     `json:"test,omitempty"`
	Sent  []Delivery `json:"sent"`
}

// Head is that of a page.
func (MailPage) Head() console.Head {
	return console.Head{Title: "Mail", Template: "provisioning/mail.html", Nav: "mail", Server: true}
}

func (s *Section) mail(ctx context.Context, c *console.Call, _ struct{}) (MailPage, error) {
	p := MailPage{Fixed: s.cfg.Post.Fixed(), Test: c.Me.Email}
	var err error
	if p.Server, p.Version, err = s.cfg.Post.Shown(ctx); err != nil {
		return p, err
	}
	p.Ready = p.Server.Host != ""
	if p.Server.Port == 0 {
		p.Server.Port, p.Server.Encryption = 587, notify.StartTLS
	}
	p.Sent, err = s.deliveries(ctx, "")
	return p, err
}

type mailInput struct {
	Version    int64  `json:"version"`
	Host       string `json:"host"`
	Port       int    `json:"port"`
	Encryption string `json:"encryption"`
	From       string `json:"from"`
	ReplyTo    string `json:"reply_to"`
	User       string `json:"user"`
	Password   string `json:"password"`
}

func (s *Section) setMail(ctx context.Context, c *console.Call, in mailInput) (console.Done, error) {
	_, err := s.cfg.Post.Set(ctx, notify.SMTP{
		Host: in.Host, Port: in.Port, Encryption: in.Encryption, From: in.From, ReplyTo: in.ReplyTo, User: in.User, Password: notify.Password(in.Password),
	}, store.SettingChange{Version: in.Version, Who: c.Me.Called(), Now: c.Now})
	c.Note("host", in.Host)
	switch code, _ := problem.Of(err); {
	case errors.Is(err, store.ErrConflict):
		return console.Done{}, problem.Wrap(problem.MailChanged, err)
	case code == problem.MailBadAddress:
		return console.Done{}, console.Fault{Field: "from", Err: err}
	case code == problem.MailUnsafe:
		return console.Done{}, console.Fault{Field: "encryption", Err: err}
	}
	return console.Done{To: c.Path("notify.home"), Say: "Saved. Send a test mail now."}, err
}

type mailTestInput struct {
	To string `json:"to"`
}

func (s *Section) testMail(ctx context.Context, c *console.Call, in mailTestInput) (console.Done, error) {
	if err := s.cfg.Post.Test(ctx, in.To); err != nil {
		if code, _ := problem.Of(err); code == problem.MailBadAddress {
			return console.Done{}, console.Fault{Field: "to", Err: err}
		}
		return console.Done{}, err
	}
	return console.Done{To: c.Path("notify.home"), Say: "The mail server took a test mail. Look whether it arrives."}, nil
}
