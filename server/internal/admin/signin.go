package admin

import (
	"context"
	"errors"
	"net/http"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// SignIn signs somebody in by a password and a code: one of their authenticator
// app, or a recovery code. Both are needed, and which of them was wrong, or whether
// there is such an administrator at all, is told to nobody.
func (a *Admin) SignIn(ctx context.Context, email, pass, code string, v Visitor) (Signed, error) {
	if err := a.knock(v, "account/"+directory.Fold(email)); err != nil {
		return Signed{}, err
	}
	who, err := a.cfg.Store.AdminByEmail(ctx, email)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Signed{}, err
	}
	// The password of somebody who is not there takes as long to look at.
	ok, stale, herr := a.cfg.Passwords.Matches(ctx, who.Password, pass)
	switch {
	case herr != nil:
		return Signed{}, herr
	case err != nil:
		return Signed{}, a.wrong(ctx, "nobody has this address", v)
	case !ok:
		return Signed{}, a.wrong(ctx, "a wrong password, or none is set", v)
	}
	token, n := a.session(who.ID, directory.ByTOTP, v)
	if recoveryHash(who.ID, code) != "" {
		n.How = directory.ByRecovery
	}
	_, who, err = a.verifyCode(ctx, who, code, store.AdminChange{Start: &n})
	if err != nil {
		if c, _ := problem.Of(err); c == problem.AdminWrong {
			return Signed{}, a.wrong(ctx, err.Error(), v)
		}
		return Signed{}, err
	}
	if stale {
		if err := a.rehash(ctx, who, pass); err != nil {
			a.cfg.Log.ErrorContext(ctx, "a password could not be hashed anew", "error", err)
		}
	}
	return a.signed(ctx, who, token, n, v)
}

// rehash keeps a password at today's cost.
func (a *Admin) rehash(ctx context.Context, who directory.Administrator, pass string) error {
	phc, err := a.cfg.Passwords.Hash(ctx, pass)
	if err != nil {
		return err
	}
	_, err = a.cfg.Store.ChangeAdmin(ctx, who.ID, store.AdminChange{}, func(x *directory.Administrator, _ others) error {
		if x.Password == who.Password {
			x.Password = phc
		}
		return nil
	})
	return err
}

// signed is what every sign-in ends with: it is noted, and where it went past an
// identity provider that is enforced, it is told.
func (a *Admin) signed(ctx context.Context, who directory.Administrator, token Secret, n directory.AdminSession, v Visitor) (Signed, error) {
	if err := a.note(ctx, "account.signin", who, v, map[string]string{"by": n.How}); err != nil {
		return Signed{}, err
	}
	if err := a.alarm(ctx, who, n.How, v); err != nil {
		return Signed{}, err
	}
	return Signed{Admin: who, Cookie: a.cookie(sessionCookie, token.Reveal(), 0), Session: n.ID}, nil
}

// Standing is who uses a page about signing in.
type Standing struct {
	Admin   directory.Administrator
	Session directory.AdminSession
	// Joining: they set up how to sign in, by a link. Recovering: so that all they
	// had before goes.
	Joining, Recovering bool
}

// Standing returns who makes a request, also who only sets up how to sign in. ok is
// false for everybody else.
func (a *Admin) Standing(r *http.Request) (s Standing, ok bool, err error) {
	n, who, err := a.read(r)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s, false, nil
	case err != nil:
		return s, false, err
	}
	s = Standing{Admin: who, Session: n, Recovering: n.How == directory.ByRecovering}
	s.Joining = s.Recovering || n.How == directory.ByJoining
	return s, s.Joining || who.Enrolled(), nil
}
