package microsoft

import (
	"context"
	"errors"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// passwordsPage says whether people may sign in with a password, and who has one.
type passwordsPage struct {
	Enabled    bool  `json:"enabled"`
	KeepLinked bool  `json:"keep_linked"`
	Version    int64 `json:"version"`
	// Enforced says that single sign-on is the rule for everybody.
	Enforced  bool     `json:"enforced"`
	Elsewhere bool     `json:"elsewhere"`
	Holders   []holder `json:"holders"`
	More      bool     `json:"more"`
}

// holder is somebody with a password.
type holder struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Email   string    `json:"email"`
	Changed time.Time `json:"changed,omitzero"`
	// Allowed says whether the password is good for anything; Why not, else.
	Allowed bool         `json:"allowed"`
	Why     problem.Code `json:"why,omitempty"`
}

// Head is that of a page.
func (passwordsPage) Head() console.Head {
	return console.Head{Title: "Passwords", Template: "microsoft/passwords.html", Nav: "settings"}
}

// shownHolders is how many people are on the page.
const shownHolders = 200

func (s *Section) passwords(ctx context.Context, c *console.Call, _ none) (passwordsPage, error) {
	set, version, err := store.ReadSetting[directory.LocalPolicy](ctx, s.cfg.Store, c.Workspace.ID, directory.SettingLocal)
	if err != nil {
		return passwordsPage{}, err
	}
	policy, err := s.cfg.Store.Policy(ctx, c.Workspace, c.Now)
	if err != nil {
		return passwordsPage{}, err
	}
	p := passwordsPage{Enabled: set.Enabled, KeepLinked: set.KeepLinked, Version: version, Enforced: policy.Everybody(), Elsewhere: s.cfg.Book.Elsewhere(), Holders: []holder{}}
	all, err := s.cfg.Book.Holders(ctx, c.Workspace)
	if err != nil {
		return p, err
	}
	for _, h := range all {
		if p.More = len(p.Holders) == shownHolders; p.More {
			break
		}
		g, err := s.cfg.Store.Gate(ctx, c.Workspace, directory.MethodLocal, h.User, c.Now)
		if err != nil {
			return p, err
		}
		why, _ := problem.Of(g.Permit(h.User))
		profile := directory.ProfileOf(h.User)
		p.Holders = append(p.Holders, holder{ID: h.User.ID, Name: profile.DisplayName, Email: profile.Email, Changed: h.Changed, Allowed: why == "", Why: why})
	}
	return p, nil
}

type passwordsInput struct {
	Enabled    bool   `json:"enabled"`
	KeepLinked bool   `json:"keep_linked"`
	Version    *int64 `json:"version"`
}

func (s *Section) savePasswords(ctx context.Context, c *console.Call, in passwordsInput) (console.Done, error) {
	_, _, err := store.ChangeSetting(ctx, s.cfg.Store, c.Workspace.ID, directory.SettingLocal, store.SettingChange{Version: seen(in.Version), Who: c.Me.Called(), Now: c.Now},
		func(p *directory.LocalPolicy) error {
			p.Enabled, p.KeepLinked = in.Enabled, in.KeepLinked
			return nil
		})
	if errors.Is(err, store.ErrConflict) {
		return console.Done{}, problem.Wrap(problem.ChangedSince, err)
	}
	if err != nil {
		return console.Done{}, err
	}
	if _, err := s.cfg.Store.Revalidate(ctx, c.Workspace, c.Now); err != nil {
		return console.Done{}, err
	}
	say := "Nobody signs in with a password any more."
	if in.Enabled {
		say = "People may sign in with a password, where single sign-on is not their way in."
	}
	return console.Done{To: c.Path("passwords.home"), Say: say}, nil
}

type personInput struct {
	// Person is an id, an e-mail address or a user name.
	Person string `json:"person"`
}

// person finds somebody of the workspace.
func (s *Section) person(ctx context.Context, c *console.Call, name string) (directory.User, error) {
	u, err := s.cfg.Store.User(ctx, c.Workspace.Directory, name)
	if errors.Is(err, store.ErrNotFound) {
		var found []directory.User
		if found, err = s.cfg.Store.UsersByEmail(ctx, c.Workspace.Directory, name); err == nil && len(found) == 1 {
			u = found[0]
		}
	}
	switch {
	case err != nil:
		return u, err
	case u.ID == "" || u.State == directory.Archived:
		return u, console.Fault{Field: "person", Err: problem.New(problem.PasswordNobody)}
	}
	c.Target(u.ID)
	return u, nil
}

func (s *Section) invite(ctx context.Context, c *console.Call, in personInput) (console.Done, error) {
	u, err := s.person(ctx, c, in.Person)
	if err != nil {
		return console.Done{}, err
	}
	// Nothing is sent, and no link is made that nobody gets.
	ready, err := s.cfg.Book.SendsLinks(ctx)
	if err != nil {
		return console.Done{}, err
	}
	if !ready && !s.cfg.Book.Elsewhere() {
		return console.Done{}, console.Fault{Field: "person", Err: problem.New(problem.MailNotSet)}
	}
	if err := s.cfg.Book.Invite(ctx, c.Workspace, u); err != nil {
		return console.Done{}, console.Fault{Field: "person", Err: err}
	}
	return console.Done{To: c.Path("passwords.home"), Say: "A link to choose a password is on its way to " + directory.MailOf(u.Doc) + "."}, nil
}

func (s *Section) drop(ctx context.Context, c *console.Call, in personInput) (console.Done, error) {
	u, err := s.person(ctx, c, in.Person)
	if err != nil {
		return console.Done{}, err
	}
	if err := s.cfg.Book.Drop(ctx, c.Workspace, u.ID); err != nil {
		return console.Done{}, err
	}
	return console.Done{To: c.Path("passwords.home"), Say: "The password is gone, and so is what was signed in with it."}, nil
}
