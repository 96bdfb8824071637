package auth

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// verdict is what a check of the saved sign-in came to.
type verdict int

const (
	confirmed verdict = iota
	unreachable
	// over means that the state has been published and nothing is left to watch.
	over
)

// renewLead is how long before its end a session is replaced, at most.
const renewLead = 10 * time.Minute

// renewAgain is the pause after a renewal that failed for a passing reason.
const renewAgain = time.Minute

// skew is how far the clock may go back before it looks tampered with.
const skew = 2 * time.Minute

// renewal is when to replace a session that ends at expires: renewLead before,
// or halfway when it does not last that long.
func renewal(now, expires time.Time) time.Time {
	left := expires.Sub(now)
	return now.Add(max(left-renewLead, left/2))
}

// resume brings back what an earlier run of the app saved. A sign-in that it
// began in the browser comes first: that is what the person did last.
func (c *Client) resume(ctx context.Context, op *operation) error {
	if s := c.State(); s.Phase == SignedOut {
		c.publish(op, State{Phase: Starting})
	}
	var notice error
	if !c.loaded {
		saved, err := c.cfg.Vault.Load(ctx)
		switch {
		case errors.Is(err, ErrNothingSaved):
			saved = Saved{}
		case code(err) == problem.CacheUnreadable:
			saved, notice = Saved{}, err
		case err != nil:
			return c.fail(op, err)
		}
		c.saved, c.loaded = saved, true
		if saved.LastWorkspace != "" {
			c.last = saved.LastWorkspace
		}
		if saved.SessionToken != "" {
			c.renewAt = renewal(c.cfg.Now(), c.expires())
		}
	}
	p, unreadable, err := c.seekPending(ctx)
	switch {
	case err != nil:
		return c.fail(op, err)
	case p != nil && !p.over(c.cfg.Now()):
		return c.resumePending(ctx, op, *p)
	case p != nil:
		c.removePending(ctx, p.State)
		if !c.resumable() {
			c.lastInput, c.lastWay, c.last = p.Input, way{method: p.Method}, p.LastWorkspace
			return c.failIn(op, p.Workspace, problem.New(problem.SignInTimedOut))
		}
	}
	if !c.resumable() {
		c.publish(op, State{Phase: SignedOut, Notice: cmp.Or(notice, unreadable)})
		return nil
	}
	c.held = true
	v, err := c.check(ctx, op)
	if v == unreachable {
		c.offline(op, err)
	}
	c.checked = v == confirmed
	return err
}

// check asks the server whether the saved session is still good and replaces it
// when it is gone or nearly over.
func (c *Client) check(ctx context.Context, op *operation) (verdict, error) {
	srv, err := c.savedServer()
	if err == nil && c.saved.Method != SAML && c.saved.Workspace.Microsoft == nil {
		err = problem.Wrap(problem.CacheUnreadable, errors.New("the saved workspace is incomplete"))
	}
	if err != nil {
		_ = c.wipe(ctx)
		return over, c.fail(op, err)
	}
	if c.saved.SessionToken == "" {
		return c.renew(ctx, op, srv)
	}
	me, err := c.look(ctx, srv)
	if code(err) != problem.SessionGone {
		return c.looked(ctx, op, srv, me, err)
	}
	// Another process may be just renewing it.
	var v verdict
	if busy := c.exclusively(ctx, func() {
		if c.catchUp(ctx) {
			me, err = c.look(ctx, srv)
		}
		v, err = c.looked(ctx, op, srv, me, err)
	}); busy != nil {
		return c.busy(ctx, busy)
	}
	return v, err
}

// busy is the verdict where another process kept this one from finding out.
func (c *Client) busy(ctx context.Context, err error) (verdict, error) {
	if ctx.Err() != nil {
		return over, ctx.Err()
	}
	return unreachable, err
}

// looked judges what a look brought.
func (c *Client) looked(ctx context.Context, op *operation, srv server, me api.Person, err error) (verdict, error) {
	switch k := code(err); {
	case err == nil && c.cfg.Now().Before(c.renewAt):
		c.confirm(ctx, op, me)
		return confirmed, nil
	case err == nil:
		c.confirm(ctx, op, me)
		return c.renew(ctx, op, srv)
	case ctx.Err() != nil:
		return over, ctx.Err()
	case k == problem.SessionGone:
		c.endedEarly = c.cfg.Now().Before(c.expires().Add(-skew))
		if c.endedEarly {
			c.seenEnding(ctx, op)
		}
		c.saved.SessionToken = ""
		return c.renew(ctx, op, srv)
	case k == problem.AccessEnded:
		return over, c.revoke(ctx, op, err)
	case k == problem.SignedOutAll:
		return over, c.signedOutElsewhere(ctx, op, err)
	}
	return unreachable, tooLate(ctx, err, problem.Offline)
}

// look asks the server who the saved session is of.
func (c *Client) look(ctx context.Context, srv server) (api.Person, error) {
	limited, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	return srv.Me(limited, c.saved.SessionToken)
}

// seenEnding takes the offline grace away: whoever then keeps Microsoft and the
// server away from the device gains nothing. The token stays saved, so that a
// later start asks again why it ended.
func (c *Client) seenEnding(ctx context.Context, op *operation) {
	if c.saved.SeenAt.IsZero() {
		return
	}
	next := c.saved
	next.SeenAt = time.Time{}
	if err := c.keep(ctx, op, next); err != nil {
		c.cfg.Log.Warn("the end of the session was not saved", "code", code(err))
	}
}

// confirm takes in what the server just said about the person.
func (c *Client) confirm(ctx context.Context, op *operation, me api.Person) {
	now := c.cfg.Now()
	known := c.saved.Person == me
	if !known || now.Sub(c.saved.SeenAt) > time.Minute || now.Before(c.saved.SeenAt) {
		c.saved.Person, c.saved.SeenAt = me, now
		var err error
		busy := c.exclusively(ctx, func() {
			c.catchUp(ctx) // and not back to an older token
			next := c.saved
			next.Person, next.SeenAt = me, now
			err = c.keep(ctx, op, next)
		})
		if err = errors.Join(err, busy); err != nil {
			c.cfg.Log.Warn("the confirmed sign-in was not saved", "code", code(err))
		}
	}
	if s := c.State(); s.Phase != SignedIn {
		c.publish(op, c.signedIn(nil))
	} else if !known {
		c.publish(op, c.signedIn(s.Notice))
	}
}

// renew gets the next session without the person. While the old one is good, a
// failure that says nothing about the person changes nothing.
//
// Where the server ended the session early, renew only finds out why: had the
// person signed out of all devices, a device that was asleep must not sign
// itself in again.
func (c *Client) renew(ctx context.Context, op *operation, srv server) (v verdict, err error) {
	if busy := c.exclusively(ctx, func() { v, err = c.replace(ctx, op, srv) }); busy != nil {
		if c.saved.SessionToken != "" && ctx.Err() == nil {
			c.renewAt = c.cfg.Now().Add(renewAgain)
			return confirmed, nil
		}
		return c.busy(ctx, busy)
	}
	return v, err
}

// replace is renew, alone.
func (c *Client) replace(ctx context.Context, op *operation, srv server) (verdict, error) {
	old := c.saved.SessionToken
	sess, tok, err := c.silentSession(ctx, srv, false)
	if code(err) == problem.TokenRefused {
		// The token in the cache was not good enough; a fresh one may be.
		sess, tok, err = c.silentSession(ctx, srv, true)
	}
	now := c.cfg.Now()
	switch k := code(err); {
	case ctx.Err() != nil:
		return over, ctx.Err()
	case err == nil:
	case k == problem.AccessEnded || k == problem.AccountDisabled:
		return over, c.revoke(ctx, op, err)
	case k == problem.RefreshSpent && c.endedEarly:
		return over, c.signedOutElsewhere(ctx, op, problem.Wrap(problem.SessionGone, err))
	case old != "" && passing(k):
		c.renewAt = now.Add(renewAgain)
		return confirmed, nil
	case old != "" && now.Before(c.expires()):
		c.cfg.Log.Info("the session cannot be renewed", "code", k, "expires", c.expires())
		c.renewAt = c.expires()
		return confirmed, nil
	case passing(k):
		return unreachable, err
	default:
		return over, c.lapse(ctx, op, err)
	}
	// A refresh token ends with its session. So where it is good the session
	// did not end: only the answer to an earlier renewal was lost.
	if c.endedEarly && c.saved.Method != SAML {
		c.end(ctx, srv, sess.Token)
		return over, c.signedOutElsewhere(ctx, op, problem.Wrap(problem.SessionGone, errors.New("the session was ended before its time")))
	}
	if known := c.saved.Person.ID; known != "" && known != sess.Me.ID {
		c.end(ctx, srv, sess.Token)
		return over, c.lapse(ctx, op, problem.Wrap(problem.WrongAccount, errors.New("the silent sign-in is of another person")))
	}
	next := c.saved
	next.Account = tok.Account
	if tok.UserName != "" {
		next.UserName = tok.UserName
	}
	if next.Method == SAML {
		// The server has replaced what is saved. It is no good any more,
		// whoever waits for this or not.
		c.adopt(&next, sess)
		return c.renewed(ctx, op, c.store(ctx, next))
	}
	if !c.alive(op) {
		c.end(ctx, srv, sess.Token)
		return over, ctx.Err()
	}
	c.adopt(&next, sess)
	v, err := c.renewed(ctx, op, c.keep(ctx, op, next))
	if v == confirmed && old != "" {
		c.end(ctx, srv, old)
	}
	return v, err
}

// renewed publishes the next session. notice is why it could not be saved.
func (c *Client) renewed(ctx context.Context, op *operation, notice error) (verdict, error) {
	if !c.publish(op, c.signedIn(notice)) {
		return over, ctx.Err()
	}
	return confirmed, nil
}

// silentSession gets the next session without the person: for a Microsoft token,
// which it gets before, or for the refresh token.
func (c *Client) silentSession(ctx context.Context, srv server, fresh bool) (api.Session, Token, error) {
	limited, cancel := context.WithTimeout(ctx, silentTimeout)
	defer cancel()
	if c.saved.Method == SAML {
		if c.catchUp(limited) {
			if me, err := c.look(limited, srv); err == nil {
				return c.session(me), Token{}, nil
			}
		}
		sess, err := refresh(limited, srv, c.saved, c.cfg.Device)
		return sess, Token{}, tooLate(ctx, err, problem.Offline)
	}
	r := request(c.saved.Workspace)
	r.Account, r.LoginHint, r.ForceRefresh = c.saved.Account, c.saved.UserName, fresh
	tok, err := c.cfg.Provider.Silent(limited, r)
	if err != nil {
		return api.Session{}, tok, tooLate(ctx, err, problem.NoEntra)
	}
	sess, err := srv.StartSession(limited, api.SessionRequest{Workspace: c.saved.Workspace.ID, AccessToken: tok.AccessToken, Device: c.cfg.Device})
	return sess, tok, tooLate(ctx, err, problem.Offline)
}

// session is the saved one, as the server would give it out.
func (c *Client) session(me api.Person) api.Session {
	return api.Session{
		Token: c.saved.SessionToken, ExpiresAt: c.saved.ExpiresAt, RefreshToken: c.saved.RefreshToken,
		Me: me, OfflineGraceSeconds: c.saved.OfflineGraceSeconds,
	}
}

// passing reports whether a failure says nothing about the person: later the
// answer may be another.
func passing(k problem.Code) bool {
	switch k {
	case problem.Offline, problem.BadServer, problem.TooMany, problem.NoEntra, problem.Internal,
		problem.NoKeychain, problem.KeychainLocked, problem.KeychainTimeout:
		return true
	}
	return false
}

// end tells the server that a session is not needed any more.
func (c *Client) end(ctx context.Context, srv server, token string) {
	aside, cancel := c.aside(ctx)
	defer cancel()
	if err := srv.EndSession(aside, token, false); err != nil && code(err) != problem.SessionGone {
		c.cfg.Log.Info("a session was not ended at the server", "code", code(err))
	}
}

// lapse signs out because the session ended and only the person can start
// another. Who it was is kept, for the hint to Microsoft.
func (c *Client) lapse(ctx context.Context, op *operation, cause error) error {
	c.settle(op)
	if c.alive(op) {
		_ = c.forget(ctx, c.saved)
		ws := c.saved.Workspace
		next := Saved{Server: c.saved.Server, LastWorkspace: c.saved.LastWorkspace, Workspace: ws, Method: c.saved.Method, UserName: c.saved.UserName}
		method := next.Method
		if err := c.keep(ctx, op, next); err != nil {
			_ = c.wipe(ctx)
		}
		c.held, c.lastInput, c.lastWay = false, c.last, way{method: method}
		c.publish(op, State{Phase: SignedOut, Workspace: &ws, Err: cause})
	}
	return cause
}

// signedOutElsewhere wipes everything because the person signed out of all
// devices. Microsoft's tokens go too, or the next start would sign in again.
func (c *Client) signedOutElsewhere(ctx context.Context, op *operation, cause error) error {
	c.settle(op)
	c.lastInput = ""
	err := c.wipe(ctx)
	c.publish(op, State{Phase: SignedOut, Notice: cause, Err: err})
	return cause
}

// offline publishes that the server cannot be reached: Offline within the
// grace, SignedOut after it. What is saved stays, so that the way back needs
// nobody.
func (c *Client) offline(op *operation, cause error) {
	now := c.cfg.Now()
	until := c.graceEnds()
	before := c.State()
	if c.saved.SessionToken != "" && now.Before(until) && now.After(c.saved.SeenAt.Add(-skew)) {
		if before.Phase != Offline || !before.OfflineUntil.Equal(until) {
			s := c.signedIn(nil)
			s.Phase, s.OfflineUntil, s.Err = Offline, until, cause
			c.publish(op, s)
		}
		return
	}
	if before.Phase != SignedOut || code(before.Err) != code(cause) {
		ws := c.saved.Workspace
		c.publish(op, State{Phase: SignedOut, Workspace: &ws, Err: cause})
	}
}

// expires is when the session ends by this device's clock.
func (c *Client) expires() time.Time { return c.saved.ExpiresAt.Add(-c.ahead) }

// graceEnds is until when the saved person may work without the server.
func (c *Client) graceEnds() time.Time {
	return c.saved.SeenAt.Add(time.Duration(c.saved.OfflineGraceSeconds) * time.Second)
}
