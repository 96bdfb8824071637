package announce

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/announce"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

type none struct{}

// homePage shows the announcement, and lets it be changed and sent.
type homePage struct {
	announce.Letter
	Date     string `json:"date,omitempty"`
	Help     string `json:"help,omitempty"`
	Download string `json:"download,omitempty"`
	// Version is what a change is to be based on.
	Version   int64            `json:"version"`
	SignInURL string           `json:"sign_in_url"`
	Sent      []directory.Sent `json:"sent,omitempty"` // the newest first
	// Groups are the first that there are, by id and name.
	Groups     []console.Option `json:"-"`
	MoreGroups bool             `json:"-"`
	// Ready says that mail can be sent.
	Ready bool `json:"ready"`
}

// Head is that of a page.
func (homePage) Head() console.Head {
	return console.Head{Title: "Announcement", Template: "announce/home.html", Nav: "announce"}
}

// shownGroups is how many groups can be chosen from on the page.
const shownGroups = 50

func (s *Section) home(ctx context.Context, c *console.Call, _ none) (homePage, error) {
	f, err := s.desk.Facts(ctx, c.Workspace.ID)
	if err != nil {
		return homePage{}, err
	}
	_, version, err := s.desk.Read(ctx, c.Workspace.ID)
	if err != nil {
		return homePage{}, err
	}
	a := f.Announcement
	p := homePage{Letter: f.Write(), Date: a.Date, Help: a.Help, Download: a.Download, Version: version, SignInURL: f.SignInURL(), Ready: s.ready(ctx)}
	p.Sent = slices.Clone(a.Sent)
	slices.Reverse(p.Sent)
	groups, err := s.desk.Store.SearchResources(ctx, c.Workspace.Directory, directory.GroupType, store.Search[directory.Resource]{Count: shownGroups + 1})
	if err != nil {
		return p, err
	}
	for i, g := range groups.Items {
		if p.MoreGroups = i == shownGroups; !p.MoreGroups {
			p.Groups = append(p.Groups, console.Option{Value: g.ID, Label: g.DisplayName})
		}
	}
	return p, nil
}

// ready says whether the post has a mail server.
func (s *Section) ready(ctx context.Context) bool {
	post, is := s.desk.Post.(interface {
		Ready(ctx context.Context) (bool, error)
	})
	if !is {
		return false
	}
	ready, err := post.Ready(ctx)
	return err == nil && ready
}

type saveInput struct {
	Subject  string `json:"subject"`
	Text     string `json:"text"`
	Date     string `json:"date"`
	Help     string `json:"help"`
	Download string `json:"download"`
	Version  *int64 `json:"version"`
}

// save stores what an administrator wrote. Texts that are those written from the
// workspace are not stored, so that they go on following it.
func (s *Section) save(ctx context.Context, c *console.Call, in saveInput) (console.Done, error) {
	f, err := s.desk.Facts(ctx, c.Workspace.ID)
	if err != nil {
		return console.Done{}, err
	}
	f.Announcement.Subject, f.Announcement.Text = "", ""
	before := f.Write()
	a := directory.Announcement{Subject: strings.TrimSpace(in.Subject), Text: strings.TrimSpace(strings.ReplaceAll(in.Text, "\r\n", "\n")), Date: in.Date, Help: in.Help, Download: in.Download}
	if a.Subject == before.Subject {
		a.Subject = ""
	}
	if a.Text == before.Text {
		a.Text = ""
	}
	seen := int64(store.AnyVersion)
	if in.Version != nil {
		seen = *in.Version
	}
	if _, err := s.desk.Save(ctx, c.Workspace.ID, c.Me.Called(), seen, a); err != nil {
		return console.Done{}, faulted(err)
	}
	return console.Done{To: c.Path("announce.home"), Say: "The announcement is saved. Nothing was sent."}, nil
}

// discard goes back to the text that is written from the workspace.
func (s *Section) discard(ctx context.Context, c *console.Call, _ none) (console.Done, error) {
	a, version, err := s.desk.Read(ctx, c.Workspace.ID)
	if err != nil {
		return console.Done{}, err
	}
	a.Subject, a.Text = "", ""
	if _, err := s.desk.Save(ctx, c.Workspace.ID, c.Me.Called(), version, a); err != nil {
		return console.Done{}, faulted(err)
	}
	return console.Done{To: c.Path("announce.home"), Say: "The text is again the one written from the workspace."}, nil
}

func (s *Section) download(ctx context.Context, c *console.Call, _ none) (console.File, error) {
	f, err := s.desk.Facts(ctx, c.Workspace.ID)
	return console.File{Name: c.Workspace.ID + "-announcement.md", Type: "text/markdown; charset=utf-8", Data: []byte(f.Write().Markdown())}, err
}

// choiceInput is whom it goes to: groups by id, people by name, one a line.
type choiceInput struct {
	To     string   `json:"to"`
	Groups []string `json:"groups"`
	People string   `json:"people"`
}

func (in choiceInput) choice() announce.Choice {
	return announce.Choice{To: announce.To(in.To), Groups: in.Groups, People: strings.FieldsFunc(in.People, func(r rune) bool { return r == '\n' || r == '\r' || r == ',' || r == ';' })}
}

// reviewPage shows what would be sent to whom.
type reviewPage struct {
	announce.Review
	People string `json:"-"`
	// Who says in words who was chosen.
	Who   string `json:"who"`
	Ready bool   `json:"ready"`
	up    string
}

// Head is that of a page.
func (p reviewPage) Head() console.Head {
	return console.Head{Title: "Send the announcement", Template: "announce/review.html", Nav: "announce", Crumbs: []console.Link{{Text: "Announcement", To: p.up}}}
}

func (s *Section) review(ctx context.Context, c *console.Call, in choiceInput) (reviewPage, error) {
	r, err := s.desk.Review(ctx, c.Workspace.ID, in.choice())
	if err != nil {
		return reviewPage{}, err
	}
	return reviewPage{Review: r, People: strings.Join(r.Choice.People, "\n"), Who: r.Choice.String(), Ready: s.ready(ctx), up: c.Path("announce.home")}, nil
}

type sendInput struct {
	To     string   `json:"to"`
	Groups []string `json:"groups"`
	People string   `json:"people"`
	// Key is that of the review, so that what was looked at is sent, once.
	Key string `json:"key"`
}

type sendDone struct {
	console.Done
	directory.Sent
	// Again says that it had been sent already, and nothing was sent now.
	Again bool `json:"again"`
}

func (s *Section) send(ctx context.Context, c *console.Call, in sendInput) (sendDone, error) {
	if in.Key == "" {
		return sendDone{}, problem.Detailf(problem.BadRequest, "The key of the review is missing: look at the announcement first.")
	}
	choice := choiceInput{in.To, in.Groups, in.People}.choice()
	sent, again, err := s.desk.Send(ctx, c.Workspace.ID, c.Me.Called(), in.Key, choice)
	if err != nil {
		return sendDone{}, faulted(err)
	}
	c.Target(sent.Mail)
	c.Note("recipients", strconv.Itoa(sent.Recipients))
	c.Note("to", sent.To)
	say := "The announcement is on its way."
	if again {
		say = "It was sent already; nothing was sent twice."
	}
	return sendDone{console.Done{To: c.Path("announce.log", "mail", sent.Mail), Say: say}, sent, again}, nil
}

// logPage shows what became of one announcement.
type logPage struct {
	announce.Log
	Pager console.Pager `json:"-"`
	up    string
}

// Head is that of a page.
func (p logPage) Head() console.Head {
	return console.Head{Title: "Delivery", Template: "announce/log.html", Nav: "announce", Crumbs: []console.Link{{Text: "Announcement", To: p.up}}}
}

// State is the badge of a delivery.
func (logPage) State(state string) string {
	return map[string]string{announce.Delivered: "good", announce.Failed: "bad", announce.Waiting: "info"}[state]
}

type logInput struct {
	Mail   string `json:"mail"`
	Before int64  `json:"before"`
}

func (s *Section) log(ctx context.Context, c *console.Call, in logInput) (logPage, error) {
	l, err := s.desk.Log(ctx, c.Workspace.ID, in.Mail, in.Before)
	if err != nil {
		return logPage{}, err
	}
	p := logPage{Log: l, up: c.Path("announce.home")}
	if in.Before > 0 {
		p.Pager.Previous = c.Path("announce.log", "mail", in.Mail)
	}
	if l.More > 0 {
		p.Pager.Next = c.Path("announce.log", "mail", in.Mail, "before", strconv.FormatInt(l.More, 10))
	}
	return p, nil
}
