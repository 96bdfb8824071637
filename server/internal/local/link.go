package local

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// How long a link to choose a password is good: one that somebody asked for, and
// one that an administrator sent without being asked.
const (
	ResetLife  = time.Hour
	InviteLife = 7 * 24 * time.Hour
)

// mailsFree is how many links one address may be sent before it has to wait.
const mailsFree = 3

func mailWait(failures int) time.Duration {
	if failures < mailsFree {
		return 0
	}
	return 15 * time.Minute
}

// linkPrefix lets people and secret scanners recognise a link's secret.
const linkPrefix = "lypass_"

// Link is a way to choose a password, good once. It holds a secret.
type Link struct {
	URL     string
	Expires time.Time
}

// Link makes a link for a person. problem.PasswordElsewhere: an embedding program
// keeps the passwords.
func (b *Book) Link(ctx context.Context, ws directory.Workspace, u directory.User, life time.Duration) (Link, error) {
	if b.cfg.Accounts != nil {
		return Link{}, problem.New(problem.PasswordElsewhere)
	}
	var raw [32]byte
	rand.Read(raw[:]) // crypto/rand: never fails since Go 1.24
	token := linkPrefix + base64.RawURLEncoding.EncodeToString(raw[:])
	doc, err := json.Marshal(u.ID)
	if err != nil {
		return Link{}, err
	}
	now := b.cfg.Now()
	l := Link{Expires: now.Add(life).UTC()}
	at := b.cfg.PublicURL.JoinPath("w", ws.ID, "password", "set")
	at.RawQuery = url.Values{"t": {token}}.Encode()
	l.URL = at.String()
	err = b.cfg.Store.Exchange(ctx, nil, []store.Ticket{{
		Kind: store.TicketPassword, Hash: directory.HashToken(token), Workspace: ws.ID, Doc: doc, Created: now, Expires: l.Expires,
	}}, now)
	if err != nil {
		return Link{}, fmt.Errorf("keeping the link: %w", err)
	}
	return l, nil
}

// Forgot mails whoever has an address a link to choose a new password, or says in
// a mail that single sign-on is their way in. What it returns is the same whether
// there is such a person or not: only failures of the server are errors, and
// problem.PasswordWait where the address was asked for too often. To be answered
// in the same time as well, call it after the answer was sent.
func (b *Book) Forgot(ctx context.Context, ws directory.Workspace, email string) error {
	if b.cfg.Accounts != nil {
		return problem.New(problem.PasswordElsewhere)
	}
	if b.cfg.Mail == nil {
		return problem.New(problem.MailNotSet)
	}
	_, ok, err := b.cfg.Store.Attempt(ctx, ws.ID, nameOf("forgot", email), mailWait, time.Hour, b.cfg.Now())
	switch {
	case errors.Is(err, store.ErrInvalid):
		return nil
	case err != nil:
		return fmt.Errorf("counting a mail: %w", err)
	case !ok:
		return problem.New(problem.PasswordWait)
	}
	u, err := b.find(ctx, ws, email)
	if err != nil || u.ID == "" || u.State != directory.Active {
		return err
	}
	return b.send(ctx, ws, u, ResetLife, b.reset)
}

// Invite mails a person a link to choose their first password, or another one.
// problem.PasswordNoMail: they have no address; the errors of the policy say that
// a password would be of no use to them.
func (b *Book) Invite(ctx context.Context, ws directory.Workspace, u directory.User) error {
	switch {
	case b.cfg.Accounts != nil:
		return problem.New(problem.PasswordElsewhere)
	case b.cfg.Mail == nil:
		return problem.New(problem.MailNotSet)
	case directory.MailOf(u.Doc) == "":
		return problem.New(problem.PasswordNoMail)
	}
	g, err := b.cfg.Store.Gate(ctx, ws, directory.MethodLocal, u, b.cfg.Now())
	if err != nil {
		return err
	}
	if err := g.Permit(u); err != nil {
		return err
	}
	return b.send(ctx, ws, u, InviteLife, b.invitation)
}

// letter writes a mail that leads to a link.
type letter func(ws directory.Workspace, l Link) (subject, text string)

// send mails a link to the address that the directory has, never to what was
// typed: two addresses may look alike to a database and not to a mail server.
func (b *Book) send(ctx context.Context, ws directory.Workspace, u directory.User, life time.Duration, write letter) error {
	to := directory.MailOf(u.Doc)
	if to == "" {
		return nil
	}
	g, err := b.cfg.Store.Gate(ctx, ws, directory.MethodLocal, u, b.cfg.Now())
	if err != nil {
		return err
	}
	m := directory.Mail{To: []string{to}, Kind: "password", Workspace: ws.ID}
	switch err := g.Permit(u); {
	case errors.Is(err, problem.New(problem.UseSSO)):
		m.Subject, m.Text = b.useSSO(ws)
	case err != nil:
		return nil // they could not sign in with it
	default:
		l, err := b.Link(ctx, ws, u, life)
		if err != nil {
			return err
		}
		m.Subject, m.Text = write(ws, l)
		m.Until = l.Expires
	}
	if err := b.cfg.Mail(ctx, m); err != nil {
		return fmt.Errorf("queueing a mail: %w", err)
	}
	return nil
}

func (b *Book) home(ws directory.Workspace) string {
	return b.cfg.PublicURL.JoinPath("w", ws.ID).String() + "/"
}

func (b *Book) reset(ws directory.Workspace, l Link) (string, string) {
	return "Choose a new password for " + ws.Name, "Somebody asked for a new password for your account at " + ws.Name + ".\n\n" +
		"Choose one here. The link works once, until " + l.Expires.Format("15:04 on 2 January 2006") + " UTC:\n\n" + l.URL + "\n\n" +
		"If that was not you, there is nothing to do: your password stays as it is."
}

func (b *Book) invitation(ws directory.Workspace, l Link) (string, string) {
	return "Your account at " + ws.Name, "You can sign in to " + ws.Name + " with your e-mail address and a password.\n\n" +
		"Choose a password here. The link works once, until " + l.Expires.Format("15:04 on 2 January 2006") + " UTC:\n\n" + l.URL + "\n\n" +
		"Afterwards you sign in at " + b.home(ws)
}

func (b *Book) useSSO(ws directory.Workspace) (string, string) {
	return "How to sign in to " + ws.Name, "Somebody asked for a new password for your account at " + ws.Name + ".\n\n" +
		"You need none: you sign in with your organisation's account. Choose Sign in with SSO at\n\n" + b.home(ws) + "\n\n" +
		"If that was not you, there is nothing to do."
}

// Whose returns who a link is for, and leaves it as it is: programs that look at
// links in mails must not spend them. The error is problem.PasswordLink, whatever
// is wrong with it.
func (b *Book) Whose(ctx context.Context, ws directory.Workspace, token string) (directory.User, error) {
	u, _, err := b.whose(ctx, ws, token)
	return u, err
}

func (b *Book) whose(ctx context.Context, ws directory.Workspace, token string) (u directory.User, key store.TicketKey, err error) {
	key = store.TicketKey{Kind: store.TicketPassword, Workspace: ws.ID, Hash: directory.HashToken(token)}
	t, err := b.cfg.Store.Ticket(ctx, key, b.cfg.Now())
	var id string
	if err == nil {
		if err := json.Unmarshal(t.Doc, &id); err != nil {
			return u, key, fmt.Errorf("reading a link: %w", err)
		}
		u, err = b.cfg.Store.User(ctx, ws.Directory, id)
	}
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && u.State != directory.Active:
		return directory.User{}, key, problem.Wrap(problem.PasswordLink, errors.Join(err, errors.New("unknown, used, expired, or of somebody without access")))
	case err != nil:
		return directory.User{}, key, fmt.Errorf("looking for a link: %w", err)
	}
	return u, key, nil
}

// Choose sets the password that the holder of a link chose, and spends the link.
// What the person was signed in to with the former one ends. since is when it was
// set, as Check says it.
func (b *Book) Choose(ctx context.Context, ws directory.Workspace, token, password string) (u directory.User, since time.Time, err error) {
	u, key, err := b.whose(ctx, ws, token)
	if err != nil {
		return u, since, err
	}
	g, err := b.cfg.Store.Gate(ctx, ws, directory.MethodLocal, u, b.cfg.Now())
	if err != nil {
		return directory.User{}, since, err
	}
	if err := g.Permit(u); err != nil {
		return directory.User{}, since, err
	}
	since, err = b.keep(ctx, ws, u, password, key)
	if errors.Is(err, store.ErrNotFound) {
		return directory.User{}, since, problem.Wrap(problem.PasswordLink, err)
	}
	return u, since, err
}

// Set sets a person's password.
func (b *Book) Set(ctx context.Context, ws directory.Workspace, u directory.User, password string) error {
	if b.cfg.Accounts != nil {
		return problem.New(problem.PasswordElsewhere)
	}
	_, err := b.keep(ctx, ws, u, password)
	if errors.Is(err, store.ErrNotFound) {
		return problem.Wrap(problem.PasswordNobody, err)
	}
	return err
}

func (b *Book) keep(ctx context.Context, ws directory.Workspace, u directory.User, typed string, take ...store.TicketKey) (since time.Time, err error) {
	typed = tidy(typed)
	if err := acceptable(typed, ws, u); err != nil {
		return since, err
	}
	hash, err := b.hasher.Hash(ctx, typed)
	if err != nil {
		return since, err
	}
	since = b.cfg.Now()
	return since, b.cfg.Store.SetPassword(ctx, ws.Directory, u.ID, hash, take, since)
}
