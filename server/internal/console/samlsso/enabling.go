package samlsso

import (
	"context"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/enforce"
)

// Enable is the last step: what has to be so, and the confirmation.
type Enable struct {
	Wizard
	Checks []console.Check `json:"checks"`
	// Ready: all of them hold.
	Ready bool `json:"ready"`
	// Tested: a test succeeded with the settings as they are now, so that people
	// may be let in without enforcing it.
	Tested   bool      `json:"tested"`
	Enforced bool      `json:"enforced"`
	At       time.Time `json:"at,omitzero"`
	By       string    `json:"by,omitempty"`
	// Contact is whom to ask for turning it off, ContactURL where.
	Contact    string `json:"contact,omitempty"`
	ContactURL string `json:"contact_url,omitempty"`
}

// Head is that of a page.
func (p Enable) Head() console.Head { return p.head() }

func (s *Section) enable(ctx context.Context, c *console.Call, _ struct{}) (Enable, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return Enable{}, err
	}
	p := Enable{
		Wizard: st.wizard(c, "enable"), Tested: st.conn.TestedNow(), Ready: true,
		Enforced: st.enforced.Enforced, At: st.enforced.At, By: st.enforced.By,
	}
	if p.Contact, p.ContactURL, err = s.contact(ctx, c.Workspace.ID); err != nil {
		return p, err
	}
	checks, err := s.cfg.Desk.Preflight(ctx, c.Workspace.ID)
	if err != nil {
		return p, err
	}
	// Pages where each is mended, where there is one.
	mended := map[string]string{
		"tested": "saml.test", "certificate": "saml.certificates", "breakglass": "account.home", "domains": "domains.home",
		"pilot": "workspaces.pilot", "module": "workspaces.integrations",
	}
	for _, k := range checks {
		one := console.Check{Title: k.Title, State: "good"}
		if k.Err != nil {
			_, text := problem.Of(k.Err)
			p.Ready, one.State, one.Detail, one.Fix = false, "bad", problem.DetailOf(k.Err), text.Next
			if one.Detail == "" {
				one.Detail = text.Sentence
			}
			if to := mended[k.Name]; c.Has(to) && c.May(to) {
				one.To = c.Path(to)
			}
		}
		p.Checks = append(p.Checks, one)
	}
	return p, nil
}

func (s *Section) contact(ctx context.Context, workspace string) (who, url string, err error) {
	if s.cfg.Contact == nil {
		return "", "", nil
	}
	return s.cfg.Contact(ctx, workspace)
}

type confirmForm struct {
	form
	// Confirm is the workspace's ID, typed.
	Confirm string `json:"confirm"`
}

// enabled is what enabling answers.
type enabled struct {
	console.Done
	directory.Enforcement
}

func (s *Section) confirmEnable(ctx context.Context, c *console.Call, in confirmForm) (enabled, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return enabled{}, err
	}
	out, err := s.cfg.Desk.Enable(ctx, c.Workspace.ID, enforce.Enabling{Who: c.Me.Called(), Typed: in.Confirm, ConfigHash: in.Seen})
	if code, _ := problem.Of(err); code == problem.SSONotConfirmed {
		return enabled{}, console.Fault{Field: "confirm", Err: err}
	}
	if err != nil {
		return enabled{}, err
	}
	c.Note("config", out.ConfigHash)
	if err := s.remember(ctx, c, st.draft.Values); err != nil {
		return enabled{}, err
	}
	say := "Single sign-on is enabled for everybody."
	if out.Untold != nil {
		say += " The administrators could not be told by mail: tell them yourself."
	}
	return enabled{console.Done{To: c.Path("saml.home"), Say: say}, out.Enforcement}, nil
}

// allow lets people sign in by SAML beside every other way.
func (s *Section) allow(ctx context.Context, c *console.Call, _ form) (console.Done, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return console.Done{}, err
	}
	if err := s.cfg.Desk.Allow(ctx, c.Workspace.ID, c.Me.Called()); err != nil {
		return console.Done{}, err
	}
	return console.Done{To: c.Path("saml.home"), Say: "People can sign in with SAML now, and in every other way as before."}, s.remember(ctx, c, st.draft.Values)
}

// Confirm is a page that asks before something is done.
type Confirm struct {
	// What is to be done: cancel, off or remove.
	What string `json:"what"`
	// Before is when the set-up that would be cancelled began, and By who began it.
	Before time.Time `json:"before,omitzero"`
	By     string    `json:"by,omitempty"`
	// Existed: there was a connection before.
	Existed bool `json:"existed"`
	// Possible: there is something to do.
	Possible bool `json:"possible"`
	// Enforced: only an operator can.
	Enforced   bool   `json:"enforced"`
	Contact    string `json:"contact,omitempty"`
	ContactURL string `json:"contact_url,omitempty"`
	Workspace  string `json:"workspace"`
	title      string
}

// Head is that of a page.
func (p Confirm) Head() console.Head {
	return console.Head{Title: p.title, Template: "saml/" + p.What + ".html", Nav: "saml"}
}

func (s *Section) confirm(ctx context.Context, c *console.Call, what, title string) (Confirm, state, error) {
	st, err := s.load(ctx, c)
	p := Confirm{
		What: what, Before: st.before.At, By: st.before.By, Existed: st.before.Connection != nil,
		Enforced: st.enforced.Enforced, Workspace: c.Workspace.ID, title: title,
	}
	if err == nil {
		p.Contact, p.ContactURL, err = s.contact(ctx, c.Workspace.ID)
	}
	return p, st, err
}

func (s *Section) cancel(ctx context.Context, c *console.Call, _ struct{}) (Confirm, error) {
	p, st, err := s.confirm(ctx, c, "cancel", "Cancel the setup")
	p.Possible = st.begun()
	return p, err
}

func (s *Section) confirmCancel(ctx context.Context, c *console.Call, _ struct{}) (console.Done, error) {
	st, err := s.load(ctx, c)
	if err == nil {
		err = st.open(c)
	}
	if err != nil {
		return console.Done{}, err
	}
	return console.Done{To: c.Path("saml.home"), Say: "The setup is cancelled. Everything is as it was before it."}, s.cfg.Desk.Cancel(ctx, c.Workspace.ID, c.Me.Called())
}

// keep ends a change of what is in use, once it was tested.
func (s *Section) keep(ctx context.Context, c *console.Call, _ struct{}) (console.Done, error) {
	st, err := s.load(ctx, c)
	if err == nil {
		err = st.open(c)
	}
	if err == nil {
		err = s.cfg.Desk.Keep(ctx, c.Workspace.ID, c.Me.Called())
	}
	if err != nil {
		return console.Done{}, err
	}
	return console.Done{To: c.Path("saml.home"), Say: "The changes are kept."}, s.remember(ctx, c, st.draft.Values)
}

func (s *Section) off(ctx context.Context, c *console.Call, _ struct{}) (Confirm, error) {
	p, st, err := s.confirm(ctx, c, "off", "Turn SAML sign-in off")
	p.Possible = st.live()
	return p, err
}

func (s *Section) confirmOff(ctx context.Context, c *console.Call, _ struct{}) (console.Done, error) {
	if err := s.cfg.Desk.Pause(ctx, c.Workspace.ID, c.Me.Called()); err != nil {
		return console.Done{}, s.named(ctx, c, err)
	}
	return console.Done{To: c.Path("saml.home"), Say: "Nobody signs in with SAML now. A test sign-in still works."}, nil
}

func (s *Section) remove(ctx context.Context, c *console.Call, _ struct{}) (Confirm, error) {
	p, st, err := s.confirm(ctx, c, "remove", "Remove the connection")
	p.Possible = st.exists()
	return p, err
}

func (s *Section) confirmRemove(ctx context.Context, c *console.Call, in confirmForm) (console.Done, error) {
	if in.Confirm != c.Workspace.ID {
		return console.Done{}, console.Fault{Field: "confirm", Err: problem.New(problem.SSONotConfirmed)}
	}
	if err := s.cfg.Desk.Remove(ctx, c.Workspace.ID, c.Me.Called()); err != nil {
		return console.Done{}, s.named(ctx, c, err)
	}
	return console.Done{To: c.Path("saml.home"), Say: "The connection is removed."}, nil
}

// named adds to LY-SSO-020 whom to ask.
func (s *Section) named(ctx context.Context, c *console.Call, err error) error {
	if code, _ := problem.Of(err); code != problem.SSOEnforced {
		return err
	}
	who, url, cerr := s.contact(ctx, c.Workspace.ID)
	switch {
	case cerr != nil || who == "" && url == "":
		return err
	case url == "":
		return problem.Detailf(problem.SSOEnforced, "Contact: %s.", who)
	case who == "":
		return problem.Detailf(problem.SSOEnforced, "Contact: %s", url)
	}
	return problem.Detailf(problem.SSOEnforced, "Contact: %s, %s", who, url)
}
