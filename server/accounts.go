package server

import (
	"context"
	"net/http"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	microsoftpages "github.com/lanyard-sso/lanyard/server/internal/console/microsoft"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
	"github.com/lanyard-sso/lanyard/server/internal/local"
	"github.com/lanyard-sso/lanyard/server/internal/oidc"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// Accounts keeps the passwords of employees in a program that embeds the server.
// The server asks it at a sign-in with a password, and tells it whose password is
// to be taken no more, since they sign in through their organisation.
type Accounts = local.Accounts

// Account is a person as [Accounts] is asked about them.
type Account = local.Account

// PasswordAllowed says whether a person of a workspace may sign in with a password,
// for programs that ask for one themselves: nil, or an error whose code and
// sentence are for that person, such as problem.UseSSO. Where single sign-on is the
// rule for everybody, whoever does not exist is answered as everybody else.
func (s *Server) PasswordAllowed(ctx context.Context, workspace, email string) error {
	ws, err := s.cfg.Store.Workspace(ctx, workspace)
	if err != nil {
		return problem.Wrap(problem.UnknownWorkspace, err)
	}
	var who directory.User
	if found, err := s.cfg.Store.UsersByEmail(ctx, ws.Directory, email); err != nil {
		return err
	} else if len(found) == 1 {
		who = found[0]
	}
	g, err := s.cfg.Store.Gate(ctx, ws, directory.MethodLocal, who, s.cfg.Now())
	if err != nil {
		return err
	}
	return g.Permit(who)
}

// web is what serves employees in a browser.
func (s *Server) web(verifier *entra.Verifier, lookUp func(*http.Request) error) *signin.SAMLHandler {
	c := s.cfg
	return &signin.SAMLHandler{
		Store:         c.Store,
		PublicURL:     c.PublicURL,
		Now:           c.Now,
		TTL:           c.SessionTTL,
		Key:           c.ServerKey,
		Refresh:       s.saml.UnknownKey,
		Limit:         c.limit(samlRate, samlBurst),
		LookupLimit:   lookUp,
		PasswordLimit: c.limit(passwordRate, passwordBurst),
		Microsoft: &oidc.Client{
			Verifier: verifier, HTTPClient: c.HTTPClient, Now: c.Now, AllowLoopbackHTTP: api.Loopback(c.PublicURL.Hostname()),
		},
		Passwords: s.book,
		Soon:      s.errands.Soon,
		Addresses: s.domains,
		Log:       c.Log,
	}
}

// microsoftPages are the console's pages of sign-in with Microsoft and of passwords.
func (s *Server) microsoftPages() *microsoftpages.Section {
	c := s.cfg
	return microsoftpages.New(microsoftpages.Config{
		Store: c.Store, PublicURL: c.PublicURL, Now: c.Now, Book: s.book, Frozen: s.frozen, Brand: c.AppName,
		Setup: &signin.MicrosoftSetup{
			Store: c.Store, PublicURL: c.PublicURL, Now: c.Now, Key: c.ServerKey, Loopback: api.Loopback(c.PublicURL.Hostname()),
		},
	})
}

// newBook makes the book of passwords; mails go through the queue.
func (s *Server) newBook() *local.Book {
	return local.New(local.Config{
		Store: s.cfg.Store, PublicURL: s.cfg.PublicURL, Now: s.cfg.Now, Accounts: s.cfg.Accounts,
		Mail: func(ctx context.Context, m directory.Mail) error {
			_, err := s.post.Queue(ctx, m)
			return err
		},
		MailReady: func(ctx context.Context) (bool, error) {
			if len(s.cfg.ServerKey) == 0 {
				return false, nil // mails wait in the database sealed, or not at all
			}
			return s.post.Ready(ctx)
		},
	})
}

// settleEvery is how often it is looked for changes of sign-in policies, in polls
// of events: who is signed in at this moment hears of them then. Whoever does
// anything is refused at once.
const settleEvery = 5

// settle ends sessions that a changed policy permits no more, and tells an
// embedding program whose passwords are good, until ctx ends.
func (s *Server) settle(ctx context.Context) error {
	t := time.NewTicker(settleEvery * s.cfg.poll)
	defer t.Stop()
	var seen map[string]string
	for {
		now, err := s.cfg.Store.PolicyVersions(ctx)
		if err != nil {
			s.complain(ctx, "", err)
		} else {
			for id, version := range now {
				if (seen != nil || s.cfg.Accounts != nil) && seen[id] != version {
					if err := s.settled(ctx, id); err != nil {
						s.complain(ctx, id, err)
						now[id] = "" // again next time
					}
				}
			}
			seen = now
		}
		if n, err := s.cfg.Store.ExpireAttempts(ctx, s.cfg.Now()); err != nil {
			s.complain(ctx, "", err)
		} else if n > 0 {
			s.cfg.Log.DebugContext(ctx, "wrong passwords of long ago forgotten", "names", n)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// settled brings one workspace in line with its policy.
func (s *Server) settled(ctx context.Context, id string) error {
	ws, err := s.cfg.Store.Workspace(ctx, id)
	if err != nil {
		return err
	}
	n, err := s.cfg.Store.Revalidate(ctx, ws, s.cfg.Now())
	if n > 0 {
		s.cfg.Log.InfoContext(ctx, "sessions ended that the sign-in policy permits no more", "workspace", id, "sessions", n)
	}
	if err != nil {
		return err
	}
	return s.book.Settle(ctx, ws)
}

func (s *Server) complain(ctx context.Context, workspace string, err error) {
	if ctx.Err() == nil {
		s.cfg.Log.ErrorContext(ctx, "sign-in policies could not be carried out", "workspace", workspace, "error", err)
	}
}
