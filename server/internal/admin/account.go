package admin

import (
	"context"
	"errors"
	"slices"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/password"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// newPassword hashes a new password. One that is there stays where none is given
// and only the app is new.
func (a *Admin) newPassword(ctx context.Context, s Standing, clear string) (string, error) {
	if clear == "" && !s.Joining && s.Admin.Password != "" {
		return s.Admin.Password, nil
	}
	if why := password.Weakness(clear, s.Admin.Name, s.Admin.Email); why != "" {
		return "", problem.Detailf(problem.AdminPassword, "%s", why)
	}
	return a.cfg.Passwords.Hash(ctx, clear)
}

// SetPassword gives an administrator a password. It signs nobody in by itself: it
// goes with an authenticator app, or with a recovery code. Their other sessions end,
// and links to begin anew that nobody used yet.
func (a *Admin) SetPassword(ctx context.Context, s Standing, clear string) error {
	if clear == "" {
		return problem.Detailf(problem.AdminPassword, "It is empty.")
	}
	phc, err := a.newPassword(ctx, s, clear)
	if err != nil {
		return err
	}
	change := store.AdminChange{Session: s.Session.Hash, EndOthers: true, Keep: s.Session.Hash}
	_, err = a.cfg.Store.ChangeAdmin(ctx, s.Admin.ID, change, func(x *directory.Administrator, _ others) error {
		x.Password = phc
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		err = problem.Wrap(problem.AdminSignIn, err)
	}
	return err
}

// recovery makes new codes, in the place of all there were.
func (a *Admin) recovery(x *directory.Administrator) []string {
	codes := make([]string, recoveryCodes)
	x.Recovery = make([]string, recoveryCodes)
	for i := range codes {
		codes[i] = newRecoveryCode()
		x.Recovery[i] = recoveryHash(x.ID, codes[i])
	}
	x.RecoveryMade = a.now()
	return codes
}

// NewRecovery makes new recovery codes, in the place of all there were. They are
// returned once. Without a password they would open nothing: problem.AdminNoRecovery.
func (a *Admin) NewRecovery(ctx context.Context, admin string) (codes []string, err error) {
	_, err = a.cfg.Store.ChangeAdmin(ctx, admin, store.AdminChange{}, func(x *directory.Administrator, _ others) error {
		if x.Password == "" {
			return problem.New(problem.AdminNoRecovery)
		}
		codes = a.recovery(x)
		return nil
	})
	return codes, err
}

// RemovePasskey takes a passkey away, but not the last thing that they can sign in
// with.
func (a *Admin) RemovePasskey(ctx context.Context, s Standing, id string) error {
	return a.drop(ctx, s, func(x *directory.Administrator) bool {
		n := len(x.Passkeys)
		x.Passkeys = slices.DeleteFunc(x.Passkeys, func(k directory.AdminPasskey) bool { return k.ID == id })
		return len(x.Passkeys) < n
	})
}

// RemoveTOTP takes the authenticator app away, and the password and recovery codes
// that went with it.
func (a *Admin) RemoveTOTP(ctx context.Context, s Standing) error {
	return a.drop(ctx, s, func(x *directory.Administrator) bool {
		had := x.TOTP != nil
		x.TOTP, x.Password, x.Recovery = nil, "", nil
		return had
	})
}

// UnlinkMicrosoft forgets the account at Microsoft.
func (a *Admin) UnlinkMicrosoft(ctx context.Context, s Standing) error {
	return a.drop(ctx, s, func(x *directory.Administrator) bool {
		had := x.Microsoft != nil
		x.Microsoft = nil
		return had
	})
}

// drop takes away something that they sign in with. Their other sessions end: they
// may have begun with it, where it was stolen.
func (a *Admin) drop(ctx context.Context, s Standing, take func(*directory.Administrator) bool) error {
	change := store.AdminChange{Session: s.Session.Hash, EndOthers: true, Keep: s.Session.Hash}
	_, err := a.cfg.Store.ChangeAdmin(ctx, s.Admin.ID, change, func(x *directory.Administrator, _ others) error {
		if !take(x) {
			return problem.New(problem.NotFound)
		}
		if !x.Enrolled() {
			return problem.New(problem.AdminLastFactor)
		}
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		err = problem.Wrap(problem.AdminSignIn, err)
	}
	return err
}

// Rename changes what somebody is called.
func (a *Admin) Rename(ctx context.Context, admin, name string) error {
	if name = Name(name); name == "" {
		return problem.Detailf(problem.FieldBad, "The name is empty.")
	}
	_, err := a.cfg.Store.ChangeAdmin(ctx, admin, store.AdminChange{}, func(x *directory.Administrator, _ others) error {
		x.Name = name
		return nil
	})
	return err
}
