// Package local keeps the passwords of employees, for workspaces that have them:
// those that come from passwords and go to single sign-on.
//
// It decides whether a password is somebody's, how often one may be tried, and how
// it is set: by a mailed link that is good once. How it is hashed, and which are too
// weak, is package password's to say, for administrators as well.
// Whether a person may sign in by a password at all is directory.Policy's to say,
// and what a sign-in leads to is signin's. An embedding program may keep the
// accounts itself: see [Accounts].
//
// Whoever does not exist, has no password, has another address or was suspended
// is answered alike, and no sooner or later than everybody else.
package local

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/password"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Accounts are the passwords of a program that embeds the server and keeps them
// itself. Its methods are called from several goroutines.
type Accounts interface {
	// VerifyPassword says whether a password is a person's. It should take as long
	// for those who have none. An error means that it cannot be told now.
	VerifyPassword(ctx context.Context, who Account, password string) (bool, error)
	// DisablePassword is told that no password of a person is to be taken any more,
	// wherever the program asks for one, or that it is again. It is told again and
	// again, and a second time changes nothing.
	DisablePassword(ctx context.Context, who Account, disabled bool) error
	// WithPassword returns the ids of the people of a workspace who have one.
	WithPassword(ctx context.Context, workspace string) ([]string, error)
}

// Account says who is meant.
type Account struct {
	Workspace string
	// ID is the person's in the directory, and the same for ever; UserName and
	// Email may change.
	ID, UserName, Email string
}

// Store is what keeping passwords asks of the server's memory.
type Store interface {
	Password(ctx context.Context, dir, user string) (hash string, changed time.Time, err error)
	SetPassword(ctx context.Context, dir, user, hash string, take []store.TicketKey, now time.Time) error
	Rehash(ctx context.Context, user, old, hash string) error
	DropPassword(ctx context.Context, dir, user string, now time.Time) error
	PasswordHolders(ctx context.Context, dir, after string, most int) ([]store.PasswordHolder, error)
	Attempt(ctx context.Context, workspace, name string, wait func(failures int) time.Duration, expiry time.Duration, now time.Time) (store.Attempts, bool, error)
	ForgetAttempts(ctx context.Context, workspace, name string) error
	Exchange(ctx context.Context, take []store.TicketKey, put []store.Ticket, now time.Time) error
	Ticket(ctx context.Context, key store.TicketKey, now time.Time) (store.Ticket, error)
	User(ctx context.Context, dir, id string) (directory.User, error)
	UsersByEmail(ctx context.Context, dir, email string) ([]directory.User, error)
	Gate(ctx context.Context, ws directory.Workspace, m directory.Method, u directory.User, now time.Time) (directory.Gate, error)
	NoteRefused(r store.Refused)
}

// Config is all that a Book is made of. Fields without a comment are required.
type Config struct {
	Store     Store
	PublicURL *url.URL
	Now       func() time.Time
	// Mail queues a mail. Nil means that links can only be printed by a command.
	Mail func(ctx context.Context, m directory.Mail) error
	// MailReady says whether a mail would be sent by now. Nil means that it would,
	// where there is Mail.
	MailReady func(ctx context.Context) (bool, error)
	// Accounts, where it is set, keeps the passwords instead of the store.
	Accounts Accounts
}

// Book keeps passwords. It is safe for concurrent use.
type Book struct {
	cfg    Config
	hasher *password.Hasher
}

// New makes a Book. It does no I/O.
func New(c Config) *Book { return &Book{cfg: c, hasher: password.NewHasher(password.Cost{})} }

// Elsewhere reports whether an embedding program keeps the passwords.
func (b *Book) Elsewhere() bool { return b.cfg.Accounts != nil }

// SendsLinks reports whether somebody who forgot their password can be sent a link
// to choose another.
func (b *Book) SendsLinks(ctx context.Context) (bool, error) {
	if b.cfg.Accounts != nil || b.cfg.Mail == nil {
		return false, nil
	}
	if b.cfg.MailReady == nil {
		return true, nil
	}
	return b.cfg.MailReady(ctx)
}

// How wrong passwords are answered: the first few at once, for people mistype;
// then each has to wait longer, up to an hour. So nobody is locked out for good by
// a stranger, and a stranger tries a few dozen a day.
const (
	freeTries   = 5
	firstWait   = 30 * time.Second
	longestWait = time.Hour
	// forgetAfter is when wrong passwords are forgotten.
	forgetAfter = 24 * time.Hour
)

func wait(failures int) time.Duration {
	if failures < freeTries {
		return 0
	}
	d := firstWait
	for i := freeTries; i < failures && d < longestWait; i++ {
		d *= 2
	}
	return min(d, longestWait)
}

// nameOf is what tries are counted by: a hash, so that the database holds no
// addresses that strangers typed.
func nameOf(use, email string) string {
	return directory.HashToken(use + "\x00" + directory.Fold(strings.TrimSpace(email)))
}

// tidy makes a password one whatever keyboard it was typed on (NIST SP 800-63B,
// section 3.1.1.2).
func tidy(password string) string { return norm.NFKC.String(password) }

// Check says whose password it is. Everybody who gets none of what they want is
// told problem.PasswordRefused; after too many tries it is problem.PasswordWait,
// whether there is such a person or not. permit is asked about whoever's password
// it is, and its error is returned as it is: as long as it is one, the try counts
// like a wrong one, so that the counting tells nothing either. since is when that
// password was set, for directory.Session.Password; zero where a program keeps it.
func (b *Book) Check(ctx context.Context, ws directory.Workspace, email, password string, permit func(directory.User) error) (u directory.User, since time.Time, err error) {
	name := nameOf("password", email)
	a, ok, err := b.cfg.Store.Attempt(ctx, ws.ID, name, wait, forgetAfter, b.cfg.Now())
	switch {
	case errors.Is(err, store.ErrInvalid):
		return directory.User{}, since, problem.Wrap(problem.PasswordRefused, err)
	case err != nil:
		return directory.User{}, since, fmt.Errorf("counting a try: %w", err)
	case !ok:
		minutes := int(a.Until.Sub(b.cfg.Now())/time.Minute) + 1
		return directory.User{}, since, problem.Detailf(problem.PasswordWait, "The next try is possible in %d min.", minutes)
	}
	if u, err = b.find(ctx, ws, email); err != nil {
		return directory.User{}, since, err
	}
	good, since, err := b.verify(ctx, ws, u, password)
	switch {
	case err != nil:
		return directory.User{}, since, err
	case !good || u.ID == "" || u.State != directory.Active:
		b.refused(ws, u, problem.PasswordRefused)
		return directory.User{}, since, problem.Wrap(problem.PasswordRefused, errors.New("unknown, inactive, without a password, or with another one"))
	}
	if err := permit(u); err != nil {
		code, _ := problem.Of(err)
		b.refused(ws, u, code)
		return directory.User{}, since, err
	}
	if err := b.cfg.Store.ForgetAttempts(ctx, ws.ID, name); err != nil {
		return directory.User{}, since, fmt.Errorf("forgetting wrong passwords: %w", err)
	}
	return u, since, nil
}

// refused notes with a person that a password did not open the workspace (row
// D10): nobody waits for it, so it takes no longer for those who exist.
func (b *Book) refused(ws directory.Workspace, u directory.User, code problem.Code) {
	b.cfg.Store.NoteRefused(store.Refused{
		At: b.cfg.Now(), Directory: ws.Directory, Workspace: ws.ID, User: u.ID, Method: directory.MethodLocal, Code: code,
	})
}

// find returns who has an address, or the zero User where that is nobody or
// several.
func (b *Book) find(ctx context.Context, ws directory.Workspace, email string) (directory.User, error) {
	email = strings.TrimSpace(email)
	if email == "" || len(email) > 320 {
		return directory.User{}, nil
	}
	found, err := b.cfg.Store.UsersByEmail(ctx, ws.Directory, email)
	switch {
	case errors.Is(err, store.ErrInvalid):
		return directory.User{}, nil
	case err != nil:
		return directory.User{}, fmt.Errorf("looking for the person: %w", err)
	case len(found) != 1:
		return directory.User{}, nil
	}
	return found[0], nil
}

// verify compares a password with the person's, or with nobody's, and says since
// when it is theirs.
func (b *Book) verify(ctx context.Context, ws directory.Workspace, u directory.User, typed string) (good bool, since time.Time, err error) {
	typed = tidy(typed)
	if len(typed) > 4*password.Max {
		typed = "" // which nobody has
	}
	if b.cfg.Accounts != nil {
		good, err = b.cfg.Accounts.VerifyPassword(ctx, accountOf(ws, u), typed)
		return good, since, err
	}
	kept, since, err := b.cfg.Store.Password(ctx, u.Directory, u.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, since, fmt.Errorf("reading what is kept of the password: %w", err)
	}
	good, stale, err := b.hasher.Matches(ctx, kept, typed) // nothing kept is nobody's, which takes as long
	if err != nil || !good || !stale {
		return good, since, err
	}
	renewed, err := b.hasher.Hash(ctx, typed)
	if err != nil {
		return false, since, err
	}
	if err := b.cfg.Store.Rehash(ctx, u.ID, kept, renewed); err != nil {
		return false, since, fmt.Errorf("keeping the password anew: %w", err)
	}
	return true, since, nil
}

func accountOf(ws directory.Workspace, u directory.User) Account {
	if u.ID == "" {
		return Account{Workspace: ws.ID}
	}
	return Account{Workspace: ws.ID, ID: u.ID, UserName: u.UserName, Email: directory.MailOf(u.Doc)}
}

// Holder is somebody who has a password.
type Holder struct {
	User directory.User
	// Changed is when it was set; zero where an embedding program keeps it.
	Changed time.Time
}

// holdersAtOnce bounds one query of Holders.
const holdersAtOnce = 500

// Holders returns who of a workspace has a password.
func (b *Book) Holders(ctx context.Context, ws directory.Workspace) ([]Holder, error) {
	var all []Holder
	if b.cfg.Accounts != nil {
		ids, err := b.cfg.Accounts.WithPassword(ctx, ws.ID)
		if err != nil {
			return nil, fmt.Errorf("asking who has a password: %w", err)
		}
		for _, id := range ids {
			u, err := b.cfg.Store.User(ctx, ws.Directory, id)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("reading a person: %w", err)
			}
			all = append(all, Holder{User: u})
		}
		return all, nil
	}
	for after := ""; ; {
		page, err := b.cfg.Store.PasswordHolders(ctx, ws.Directory, after, holdersAtOnce)
		if err != nil {
			return nil, err
		}
		for _, h := range page {
			all = append(all, Holder(h))
			after = h.User.ID
		}
		if len(page) < holdersAtOnce {
			return all, nil
		}
	}
}

// Drop takes a person's password away. The errors are problem.PasswordNobody and
// problem.PasswordElsewhere.
func (b *Book) Drop(ctx context.Context, ws directory.Workspace, user string) error {
	if b.cfg.Accounts != nil {
		return problem.New(problem.PasswordElsewhere)
	}
	err := b.cfg.Store.DropPassword(ctx, ws.Directory, user, b.cfg.Now())
	if errors.Is(err, store.ErrNotFound) {
		return problem.Wrap(problem.PasswordNobody, err)
	}
	return err
}

// Settle tells an embedding program whose passwords are to be taken no more, and
// whose are again. Where the server keeps them itself there is nobody to tell: the
// policy is asked at every use.
func (b *Book) Settle(ctx context.Context, ws directory.Workspace) error {
	if b.cfg.Accounts == nil {
		return nil
	}
	all, err := b.Holders(ctx, ws)
	if err != nil {
		return err
	}
	var failed []error
	for _, h := range all {
		g, err := b.cfg.Store.Gate(ctx, ws, directory.MethodLocal, h.User, b.cfg.Now())
		if err != nil {
			return err
		}
		disabled := h.User.State != directory.Active || g.Permit(h.User) != nil
		if err := b.cfg.Accounts.DisablePassword(ctx, accountOf(ws, h.User), disabled); err != nil {
			failed = append(failed, fmt.Errorf("telling of the password of %s: %w", h.User.ID, err))
		}
	}
	return errors.Join(failed...)
}
