// Package admin knows who administers this server, and how they prove it.
//
// It decides who gets in: with a passkey, or with a password and a code of an
// authenticator app, or with a Microsoft account that they linked while they were
// signed in; whom an owner may invite and with which role; what a setup link and a
// token of the JSON API may do; and whether a workspace has an owner who gets in
// when the identity provider does not answer. It is the console's [console.Sentry].
//
// How it looks is decided by the console's pages. What a role may do is decided by
// the routes of the console. Employees are no administrators: package signin and
// package local have theirs.
//
// Whatever is refused at the door looks the same from outside, whether it is
// unknown, wrong, expired or used before; the log has the reason. Secrets are kept
// as hashes, those that must be read again sealed with the server's key.
package admin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/oidc"
	"github.com/lanyard-sso/lanyard/server/internal/password"
	"github.com/lanyard-sso/lanyard/server/internal/seal"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Config is what an [Admin] needs. Fields without a comment are required.
type Config struct {
	Store *store.Store
	// URL has the scheme and host of the console; its path does not matter.
	URL *url.URL
	// Key is the server's. Without one nobody can sign in but by a link.
	Key []byte
	// Idle is how long a session lasts in which nothing is done, and Absolute how
	// long it lasts at all. Zero means 30 minutes and 12 hours.
	Idle, Absolute time.Duration
	// ClientIP is the address a request came from. Nil means that none is known.
	ClientIP func(*http.Request) netip.Addr
	// Mail sends alerts and invitations. Nil sends none.
	Mail Mailer
	// Microsoft signs administrators in where it is set up. Nil means that it
	// cannot be.
	Microsoft *oidc.Client
	// Passwords hashes them. Nil means at the usual cost.
	Passwords *password.Hasher
	// InsecureNoRateLimits lets everybody try as often as they like. For tests.
	InsecureNoRateLimits bool
	// Log is told why somebody was refused. Nil means nobody is told.
	Log *slog.Logger
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Mailer sends mail: package notify does.
type Mailer interface {
	Queue(ctx context.Context, m directory.Mail) (id string, err error)
}

// The times that are not configured.
const (
	// StepUpFor is how long a proof is fresh.
	StepUpFor = 5 * time.Minute
	// JoinFor is how long the first owner's link works, InviteFor an invitation,
	// RecoverFor a link to begin anew.
	JoinFor    = 24 * time.Hour
	InviteFor  = 7 * 24 * time.Hour
	RecoverFor = time.Hour
	// joiningFor is how long a browser has that opened one of them.
	joiningFor = time.Hour
)

// Admin knows administrators. Use [New]. It is safe for concurrent use.
type Admin struct {
	cfg      Config
	accounts *limiter
	visitors *limiter
}

// New makes an Admin. It does no I/O and starts nothing.
func New(c Config) *Admin {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Idle == 0 {
		c.Idle = 30 * time.Minute
	}
	if c.Absolute == 0 {
		c.Absolute = 12 * time.Hour
	}
	if c.Passwords == nil {
		c.Passwords = password.NewHasher(password.Cost{})
	}
	return &Admin{cfg: c, accounts: newLimiter(accountEvery, accountBurst), visitors: newLimiter(visitorEvery, visitorBurst)}
}

// Visitor is a browser at the door.
type Visitor struct {
	IP    netip.Addr
	Agent string
}

// String is how a visitor is called in a mail.
func (v Visitor) String() string {
	if !v.IP.IsValid() {
		return "an unknown address"
	}
	return v.IP.String()
}

func (a *Admin) now() time.Time { return a.cfg.Now() }

func (a *Admin) box(purpose string) (seal.Box, error) { return seal.New(a.cfg.Key, "admin "+purpose) }

// origin is the console's, as browsers write it.
func (a *Admin) origin() string { return a.cfg.URL.Scheme + "://" + a.cfg.URL.Host }

// note writes an entry of its own into the audit log. It is for what is done by
// somebody whom the console did not know yet.
func (a *Admin) note(ctx context.Context, act string, who directory.Administrator, v Visitor, detail map[string]string) error {
	e := store.AuditEntry{
		At: a.now(), Act: act, Actor: who.Email, ActorID: who.ID, Target: who.ID, Outcome: store.AuditDone, Detail: detail,
	}
	if v.IP.IsValid() {
		e.IP = v.IP.String()
	}
	return a.cfg.Store.AppendAudit(ctx, e)
}

// wrong is the one answer to everything that does not sign anybody in.
func (a *Admin) wrong(ctx context.Context, why string, v Visitor) error {
	a.cfg.Log.WarnContext(ctx, "an administrator was not signed in", "why", why, "ip", v.String())
	return problem.Wrap(problem.AdminWrong, errors.New(why))
}

// Address is an e-mail address as it is kept, or problem.AdminAddress.
func Address(typed string) (string, error) {
	s := strings.TrimSpace(typed)
	local, domain, ok := strings.Cut(s, "@")
	bad := func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`<>()[],;:\"@`, r) }
	if !ok || local == "" || len(s) > 254 || strings.ContainsFunc(local, bad) || strings.ContainsFunc(domain, bad) ||
		strings.Trim(domain, ".-") != domain || !strings.Contains(domain+".", ".") || domain == "" {
		return "", problem.New(problem.AdminAddress)
	}
	return s, nil
}

// Name is a name as it is kept: at most 100 characters, without line ends.
func Name(typed string) string {
	s := strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(typed, "\x00", ""), "")), " ")
	if r := []rune(s); len(r) > 100 {
		s = string(r[:100])
	}
	return s
}
