package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

const (
	sessionCookie = "lanyard-admin"
	setupCookie   = "lanyard-setup"
	oidcCookie    = "lanyard-admin-microsoft"
	// seenEvery is how often it is noted that a session is used.
	seenEvery = time.Minute
	maxAgent  = 200 // bytes
)

// cookieName ties a cookie to this host (RFC 6265bis, section 4.1.3.2), where
// there is TLS.
func (a *Admin) cookieName(name string) string {
	if a.cfg.URL.Scheme == "https" {
		return "__Host-" + name
	}
	return name
}

// cookie makes one that ends with the browser, or after life. A value of "" ends
// it at once. Lax rather than Strict: a link in a mail is to find whoever follows
// it signed in, and Microsoft's answer to find the browser it belongs to. Every act
// is a POST, which no other site can make.
func (a *Admin) cookie(name, value string, life time.Duration) *http.Cookie {
	k := &http.Cookie{
		Name: a.cookieName(name), Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: a.cfg.URL.Scheme == "https", MaxAge: int(life.Seconds()),
	}
	if value == "" {
		k.MaxAge = -1
	}
	return k
}

// Signed is somebody who has signed in.
type Signed struct {
	Admin directory.Administrator
	// Cookie keeps them signed in.
	Cookie *http.Cookie
	// Session is the session's id, which may be shown.
	Session string
}

// session makes one that begins now.
func (a *Admin) session(admin, how string, v Visitor) (Secret, directory.AdminSession) {
	token, now := newSecret(), a.now()
	n := directory.AdminSession{
		Hash: token.Hash(), ID: uuid.NewString(), Admin: admin, How: how, Agent: cut(v.Agent, maxAgent),
		Created: now, Seen: now, Expires: now.Add(a.cfg.Absolute),
	}
	if v.IP.IsValid() {
		n.IP = v.IP.String()
	}
	switch how {
	case directory.ByJoining, directory.ByRecovering:
		n.Expires = now.Add(joiningFor)
	case directory.ByPasskey, directory.ByTOTP, directory.ByRecovery:
		n.Proven = now
	}
	return token, n
}

// cut makes a header fit to be kept and shown.
func cut(s string, n int) string {
	out := make([]rune, 0, n)
	size := 0
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			continue
		}
		if size += len(string(r)); size > n {
			break
		}
		out = append(out, r)
	}
	return string(out)
}

// read returns the session of a request and whose it is. The error is
// store.ErrNotFound where there is none, or not any more.
func (a *Admin) read(r *http.Request) (directory.AdminSession, directory.Administrator, error) {
	k, err := r.Cookie(a.cookieName(sessionCookie))
	if err != nil || k.Value == "" || len(k.Value) > 200 {
		return directory.AdminSession{}, directory.Administrator{}, store.ErrNotFound
	}
	now := a.now()
	n, who, err := a.cfg.Store.AdminSession(r.Context(), Secret(k.Value).Hash(), now)
	if err != nil {
		return directory.AdminSession{}, directory.Administrator{}, err
	}
	if !now.Before(n.Seen.Add(a.cfg.Idle)) {
		return directory.AdminSession{}, directory.Administrator{}, store.ErrNotFound
	}
	return n, who, nil
}

// Joining returns who sets up how to sign in, by a link that was opened in this
// browser. ok is false where nobody does.
func (a *Admin) Joining(r *http.Request) (n directory.AdminSession, who directory.Administrator, ok bool, err error) {
	n, who, err = a.read(r)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return n, who, false, nil
	case err != nil:
		return n, who, false, err
	}
	return n, who, n.How == directory.ByJoining || n.How == directory.ByRecovering, nil
}

// SignOut ends the session of a request. The cookies end what the browser has: its
// session, and the setup link that it opened.
func (a *Admin) SignOut(r *http.Request) ([]*http.Cookie, error) {
	gone := []*http.Cookie{a.cookie(sessionCookie, "", 0), a.cookie(setupCookie, "", 0)}
	n, _, err := a.read(r)
	if err == nil {
		err = a.cfg.Store.EndAdminSession(r.Context(), n.Admin, n.ID)
	}
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return gone, err
}

// Sessions returns the sessions of an administrator that can still be used, newest
// first.
func (a *Admin) Sessions(ctx context.Context, admin string) ([]directory.AdminSession, error) {
	now := a.now()
	all, err := a.cfg.Store.AdminSessions(ctx, admin, now)
	if err != nil {
		return nil, err
	}
	live := all[:0]
	for _, n := range all {
		if now.Before(n.Seen.Add(a.cfg.Idle)) {
			live = append(live, n)
		}
	}
	return live, nil
}

// EndSession ends one session of an administrator; problem.NotFound where it is
// not theirs.
func (a *Admin) EndSession(ctx context.Context, admin, id string) error {
	err := a.cfg.Store.EndAdminSession(ctx, admin, id)
	if errors.Is(err, store.ErrNotFound) {
		return problem.Wrap(problem.NotFound, err)
	}
	return err
}

// EndSessions ends the sessions of an administrator but the one of the id keep, and
// returns how many.
func (a *Admin) EndSessions(ctx context.Context, admin, keep string) (int64, error) {
	return a.cfg.Store.EndAdminSessions(ctx, admin, keep)
}
