package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// The kinds of link that somebody joins by.
const (
	ticketFirst   = "first"   // the server's first owner
	ticketInvite  = "invite"  // somebody who was invited
	ticketRecover = "recover" // somebody who lost what they signed in with
)

// Link is a link of ours, whose address is shown once.
type Link struct {
	// URL is the whole address, a secret.
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
}

// newLink makes a link and the ticket for it.
func (a *Admin) newLink(kind, admin string, life time.Duration) (Link, store.AdminTicket) {
	secret, now := newSecret(), a.now()
	return a.joinLink(secret, now.Add(life)), store.AdminTicket{
		Kind: kind, Hash: secret.Hash(), Admin: admin, Doc: []byte("{}"), Created: now, Expires: now.Add(life), Alone: true,
	}
}

func (a *Admin) joinLink(secret Secret, expires time.Time) Link {
	return Link{URL: a.origin() + "/admin/join?token=" + secret.Reveal(), Expires: expires}
}

// FirstLink makes a new link by which the server gets its first owner; the one
// before ends. Where an owner has set up how they sign in, the error is
// problem.AdminHasOwner.
func (a *Admin) FirstLink(ctx context.Context) (Link, error) {
	has, err := a.HasOwner(ctx)
	if err != nil {
		return Link{}, err
	}
	if has {
		return Link{}, problem.New(problem.AdminHasOwner)
	}
	link, ticket := a.newLink(ticketFirst, "", JoinFor)
	return link, a.cfg.Store.PutAdminTickets(ctx, ticket)
}

// HasOwner reports whether an owner of the server can sign in.
func (a *Admin) HasOwner(ctx context.Context) (bool, error) {
	all, err := a.cfg.Store.Admins(ctx)
	return owned(all), err
}

func owned(all []directory.Administrator) bool {
	for _, x := range all {
		if x.ServerOwner && x.Enrolled() {
			return true
		}
	}
	return false
}

// Invitation is what a link to join by is for.
type Invitation struct {
	// First is the server's first owner's, whom nobody knows yet.
	First bool
	// Recover replaces all that they signed in with.
	Recover bool
	Admin   directory.Administrator
	Expires time.Time
}

// ReadLink says what a link is for, and leaves it as it is: mail programs open
// links to look at them. Unknown, used and expired are all problem.AdminLink.
func (a *Admin) ReadLink(ctx context.Context, secret string) (Invitation, error) {
	i, _, err := a.readLink(ctx, secret)
	return i, err
}

func (a *Admin) readLink(ctx context.Context, secret string) (Invitation, store.AdminTicket, error) {
	gone := problem.New(problem.AdminLink)
	for _, kind := range []string{ticketFirst, ticketInvite, ticketRecover} {
		t, err := a.cfg.Store.AdminTicket(ctx, kind, Secret(secret).Hash(), a.now())
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return Invitation{}, t, err
		}
		i := Invitation{First: kind == ticketFirst, Recover: kind == ticketRecover, Expires: t.Expires}
		if i.First {
			has, err := a.HasOwner(ctx)
			if err == nil && has {
				err = gone
			}
			return i, t, err
		}
		i.Admin, err = a.cfg.Store.Admin(ctx, t.Admin)
		if errors.Is(err, store.ErrNotFound) {
			err = gone
		}
		return i, t, err
	}
	return Invitation{}, store.AdminTicket{}, gone
}

// Join opens a link: whoever has it may set up how they sign in, in this browser
// and for an hour. The link goes on working until they have. name is what they are
// called; email is the address of a first owner, and nobody else's to choose.
func (a *Admin) Join(ctx context.Context, secret, name, email string, v Visitor) (Signed, error) {
	if err := a.knock(v, ""); err != nil {
		return Signed{}, err
	}
	i, ticket, err := a.readLink(ctx, secret)
	if err != nil {
		return Signed{}, err
	}
	who := i.Admin
	if name = Name(name); name == "" {
		name = who.Name
	}
	if i.First {
		if who, err = a.firstOwner(ctx, name, email); err != nil {
			return Signed{}, err
		}
	}
	how := directory.ByJoining
	if i.Recover {
		how = directory.ByRecovering
	}
	token, n := a.session(who.ID, how, v)
	change := store.AdminChange{Start: &n, Ticket: store.AdminTicketKey{Kind: ticket.Kind, Hash: ticket.Hash}}
	who, err = a.cfg.Store.ChangeAdmin(ctx, who.ID, change, func(x *directory.Administrator, _ others) error {
		if x.Enrolled() && !i.Recover {
			return problem.New(problem.AdminLink) // somebody was quicker
		}
		if name != "" {
			x.Name = name
		}
		return nil
	})
	if errors.Is(err, store.ErrNotFound) { // the link ended, or whom it was for was removed
		err = problem.Wrap(problem.AdminLink, err)
	}
	if err != nil {
		return Signed{}, err
	}
	return Signed{Admin: who, Cookie: a.cookie(sessionCookie, token.Reveal(), 0), Session: n.ID}, nil
}

// firstOwner makes the server's first owner, or finds the one who began and did not
// finish.
func (a *Admin) firstOwner(ctx context.Context, name, email string) (directory.Administrator, error) {
	email, err := Address(email)
	if err != nil {
		return directory.Administrator{}, err
	}
	if name == "" {
		name = email
	}
	who := directory.Administrator{ID: uuid.NewString(), Email: email, Name: name, ServerOwner: true, First: true, Created: a.now()}
	err = a.cfg.Store.CreateAdmin(ctx, who, func(all []directory.Administrator) error {
		if owned(all) {
			return problem.New(problem.AdminLink)
		}
		return nil
	})
	if !errors.Is(err, store.ErrExists) {
		return who, err
	}
	there, err := a.cfg.Store.AdminByEmail(ctx, email)
	if err != nil {
		return there, err
	}
	if there.Enrolled() {
		return there, problem.New(problem.AdminExists)
	}
	// Whoever holds an invitation of theirs was to own less.
	return a.cfg.Store.ChangeAdmin(ctx, there.ID, store.AdminChange{EndOthers: !there.ServerOwner}, func(x *directory.Administrator, others others) error {
		all, err := others()
		if err == nil && owned(all) {
			err = problem.New(problem.AdminLink)
		}
		x.First, x.ServerOwner = x.First || !x.ServerOwner, true
		return err
	})
}

// Factor is what somebody sets up to sign in with: a passkey, or a password with a
// code of the app that [Admin.BeginTOTP] began.
type Factor struct {
	// Passkey is the answer of navigator.credentials.create, Label what they call it.
	Passkey, Label string
	Password, Code string
}

// Enrol adds what somebody signs in with. By a link it is the first, or replaces
// all they had; the link ends with it, with every other session, and they are
// signed in. Recovery codes are returned where there were none and there is a
// password to use them with.
func (a *Admin) Enrol(ctx context.Context, s Standing, f Factor, v Visitor) (Signed, []string, error) {
	var ticket store.AdminTicket
	var passkey directory.AdminPasskey
	var sealed, phc string
	var step int64
	var err error
	how := directory.ByPasskey
	if f.Passkey != "" {
		passkey, ticket, err = a.newPasskey(s.Admin, s.Session.ID, f.Label, f.Passkey)
	} else {
		how = directory.ByTOTP
		if phc, err = a.newPassword(ctx, s, f.Password); err == nil {
			sealed, step, err = a.openPending(s.Admin, s.Session, f.Code)
		}
	}
	if err != nil {
		return Signed{}, nil, err
	}
	// What began in a browser goes on as long as its session does: a link that
	// ended, or was used in another browser, ends it.
	change := store.AdminChange{Now: a.now(), Session: s.Session.Hash}
	if ticket.Hash != "" {
		change.Put = []store.AdminTicket{ticket}
	}
	token, n := Secret(""), s.Session
	if s.Joining {
		token, n = a.session(s.Admin.ID, how, v)
		change.Start, change.EndOthers, change.Keep = &n, true, n.Hash
	} else {
		change.Proven = s.Session.Hash
	}
	var codes []string
	who, err := a.cfg.Store.ChangeAdmin(ctx, s.Admin.ID, change, func(x *directory.Administrator, others others) error {
		codes = nil
		if err := onlyFirst(x, others); err != nil {
			return err
		}
		if s.Joining && !s.Recovering && x.Enrolled() {
			return problem.New(problem.AdminLink) // somebody was quicker with the same link
		}
		if s.Recovering {
			x.Password, x.TOTP, x.Passkeys, x.Recovery, x.Microsoft = "", nil, nil, nil, nil
		}
		if how == directory.ByPasskey {
			if len(x.Passkeys) >= maxPasskeys {
				return problem.Detailf(problem.AdminPasskey, "There are %d already.", maxPasskeys)
			}
			x.Passkeys = append(x.Passkeys, passkey)
		} else {
			if x.TOTP != nil && x.TOTP.Sealed == sealed {
				return problem.Wrap(problem.AdminCode, errSpent)
			}
			x.Password = phc
			x.TOTP = &directory.AdminTOTP{Sealed: sealed, Since: a.now(), Step: step}
			if len(x.Recovery) == 0 {
				codes = a.recovery(x)
			}
		}
		x.Proven, x.ProvenBy, x.Seen = a.now(), how, a.now()
		return nil
	})
	switch {
	case errors.Is(err, store.ErrExists):
		return Signed{}, nil, problem.Wrap(problem.AdminPasskey, errors.New("the challenge was answered before"))
	case errors.Is(err, store.ErrNotFound) && s.Joining:
		return Signed{}, nil, problem.Wrap(problem.AdminLink, err)
	case errors.Is(err, store.ErrNotFound):
		return Signed{}, nil, problem.Wrap(problem.AdminSignIn, err)
	case err != nil:
		return Signed{}, nil, err
	}
	if !s.Joining {
		if how == directory.ByTOTP {
			_, err = a.cfg.Store.HoldPending(ctx, s.Session.Hash, "")
		}
		return Signed{Admin: who, Session: n.ID}, codes, err
	}
	if who.ServerOwner { // the first link is nobody's, so it did not end with the others
		if err := a.endFirstLinks(ctx); err != nil {
			return Signed{}, nil, err
		}
	}
	if s.Recovering {
		if err := a.alarm(ctx, who, directory.ByRecovering, v); err != nil {
			return Signed{}, nil, err
		}
	}
	if err := a.note(ctx, "account.enrolled", who, v, map[string]string{"by": how, "recovering": fmt.Sprint(s.Recovering)}); err != nil {
		return Signed{}, nil, err
	}
	return Signed{Admin: who, Cookie: a.cookie(sessionCookie, token.Reveal(), 0), Session: n.ID}, codes, nil
}

// onlyFirst lets one of those join who opened the link of the first owner.
func onlyFirst(x *directory.Administrator, others others) error {
	if !x.First {
		return nil
	}
	all, err := others()
	if err == nil && owned(all) {
		err = problem.New(problem.AdminLink)
	}
	x.First = false
	return err
}

func (a *Admin) endFirstLinks(ctx context.Context) error {
	all, err := a.cfg.Store.AdminTickets(ctx, ticketFirst, a.now())
	if err != nil {
		return err
	}
	for _, t := range all {
		if _, err := a.cfg.Store.TakeAdminTicket(ctx, ticketFirst, t.Hash, a.now()); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}
