package auth

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// Time limits of what runs without the person.
const (
	// checkTimeout is short, because the person waits for the first page.
	checkTimeout  = 5 * time.Second
	silentTimeout = 15 * time.Second
	// asideTimeout is for what must be finished although nobody waits.
	asideTimeout = 10 * time.Second
)

// signIn is an interactive sign-in from what the person typed to the saved
// session.
func (c *Client) signIn(ctx context.Context, op *operation, where string, how way) error {
	c.held, c.lastInput, c.lastWay = false, where, how
	if !c.sought && c.cfg.Resume != nil { // this one takes the place of what was never resumed
		c.sought = true
		c.removePending(ctx, "")
	}
	if !c.publish(op, State{Phase: SigningIn}) {
		return ctx.Err()
	}
	place, err := ParsePlace(where, c.cfg.Server)
	if err != nil {
		return c.fail(op, err)
	}
	srv := c.dial(place.Server)
	ws, err := lookUp(ctx, srv, place)
	if err != nil {
		return c.fail(op, err)
	}
	if c.alive(op) {
		c.last = place.remembered(c.cfg.Server)
		if place.Email != "" {
			c.last = Place{Server: place.Server, ID: ws.ID}.remembered(c.cfg.Server)
		}
	}
	method, err := how.in(ws)
	if err != nil {
		return c.failIn(op, ws, err)
	}
	if !c.publish(op, State{Phase: SigningIn, Workspace: &ws, Method: method}) {
		return ctx.Err()
	}
	next := Saved{Server: place.Server.String(), LastWorkspace: c.last, Workspace: ws, Method: method}
	key := next.Server + " " + ws.ID
	if err := c.enter(ctx, op, srv, next, asking{place, ws, c.choose[key], how.withCode}); err != nil {
		c.choose[key] = true
		return err
	}
	delete(c.choose, key)
	return nil
}

// way is how somebody wants to sign in.
type way struct {
	method   Method // "" leaves it to the workspace
	withCode bool
}

// in returns the method to take in a workspace.
func (w way) in(ws api.Workspace) (Method, error) {
	offered := MethodsOf(ws)
	switch {
	case len(offered) == 0:
		return "", problem.New(problem.WorkspaceNotSet)
	case w.withCode && ws.Microsoft == nil:
		return "", problem.New(problem.NoDeviceCode)
	case w.withCode:
		return Microsoft, nil
	case slices.Contains(offered, w.method):
		return w.method, nil
	}
	return offered[0], nil
}

// asking is what one question to the person depends on.
type asking struct {
	place Place
	ws    api.Workspace
	// choose lets the person choose who they are, rather than taking whoever
	// is signed in in the browser.
	choose   bool
	withCode bool
}

// enter has the person prove who they are and turns that into a session.
func (c *Client) enter(ctx context.Context, op *operation, srv server, next Saved, a asking) error {
	defer c.leavePending(ctx)
	var proof api.SessionRequest
	var notice, err error
	if next.Method == SAML {
		proof, err = c.askSAML(ctx, &next, a)
	} else {
		proof, notice, err = c.askMicrosoft(ctx, op, &next, a)
	}
	if err != nil {
		return c.refused(ctx, op, next, err)
	}
	return c.admit(ctx, op, srv, next, proof, notice)
}

func lookUp(ctx context.Context, srv server, place Place) (ws api.Workspace, err error) {
	limited, cancel := context.WithTimeout(ctx, silentTimeout)
	defer cancel()
	if place.Email != "" {
		ws, err = srv.Discover(limited, place.Email)
	} else {
		ws, err = srv.Workspace(limited, place.ID)
	}
	return ws, tooLate(ctx, err, problem.Offline)
}

// hint is who is expected to sign in, or "".
func (c *Client) hint(a asking) string {
	switch {
	case a.choose: // a hint would take the choice away again
		return ""
	case c.saved.UserName != "" && c.saved.Server == a.place.Server.String() && c.saved.Workspace.ID == a.ws.ID:
		return c.saved.UserName
	}
	return a.place.Email
}

// askMicrosoft lets the person sign in at Microsoft. Where no browser can be
// opened it goes on with a code, and says so.
func (c *Client) askMicrosoft(ctx context.Context, op *operation, next *Saved, a asking) (proof api.SessionRequest, notice, err error) {
	r := request(a.ws)
	r.LoginHint = c.hint(a)
	if a.choose {
		r.Prompt = "select_account"
	}
	showCode := func(why error) func(DeviceCode) {
		return func(d DeviceCode) {
			c.publish(op, State{Phase: SigningIn, Workspace: &a.ws, Method: Microsoft, DeviceCode: &d, Notice: why})
		}
	}
	if a.withCode {
		r.DeviceCode = showCode(nil)
	} else if there, ok := c.cfg.Provider.(Resumer); ok {
		proof, notice, err = c.sendToMicrosoft(ctx, there, r, next, a)
		if !instead(ctx, err) {
			return proof, notice, err
		}
		r.DeviceCode = showCode(err)
	}
	tok, err := c.cfg.Provider.SignIn(ctx, r)
	if r.DeviceCode == nil && instead(ctx, err) {
		r.DeviceCode = showCode(err)
		tok, err = c.cfg.Provider.SignIn(ctx, r)
	}
	next.Account, next.UserName = tok.Account, tok.UserName
	proof = api.SessionRequest{Workspace: a.ws.ID, Device: c.cfg.Device, AccessToken: tok.AccessToken}
	return proof, tok.Notice, tooLate(ctx, err, problem.SignInTimedOut)
}

// instead reports whether err leaves the person a code on another device.
func instead(ctx context.Context, err error) bool {
	k := code(err)
	return ctx.Err() == nil && (k == problem.NoBrowser || k == problem.PortBusy)
}

// sendToMicrosoft is a sign-in in a browser that the Client itself opens.
func (c *Client) sendToMicrosoft(ctx context.Context, there Resumer, r Request, next *Saved, a asking) (api.SessionRequest, error, error) {
	p, answer, err := c.goOut(ctx, *next, a, func(ctx context.Context, p *Pending) (string, error) {
		begun, err := there.Begin(ctx, r, p.RedirectURI, p.State)
		p.Begun = begun.Secret
		return begun.URL, err
	})
	if err != nil {
		c.leavePending(ctx)
		if p.Begun != nil {
			there.Abandon(ctx)
		}
		return api.SessionRequest{}, nil, err
	}
	return c.turnIn(ctx, next, p, answer)
}

// refused publishes that a sign-in came to nothing, or that the person's access
// has ended, which wipes what is left of earlier ones.
func (c *Client) refused(ctx context.Context, op *operation, next Saved, err error) error {
	if code(err) == problem.AccessEnded {
		c.replaced(ctx, c.saved, next)
		c.saved = next
		return c.revoke(ctx, op, err)
	}
	return c.failIn(op, next.Workspace, err)
}

// admit turns the person's proof into a session, saves it and publishes it.
// When it comes to nothing, nothing of it stays on this device.
func (c *Client) admit(ctx context.Context, op *operation, srv server, next Saved, proof api.SessionRequest, notice error) error {
	foreseen := c.foresee(ctx, next)
	sess, err := srv.StartSession(ctx, proof)
	if err != nil && foreseen.saved && c.running.Err() != nil {
		return err // the app is being closed: the next start goes on
	}
	if err != nil {
		c.takeBack(ctx, foreseen)
		_ = c.forget(ctx, next) // its tokens are of no use to anybody
		return c.refused(ctx, op, next, tooLate(ctx, err, problem.Offline))
	}
	before := c.saved
	c.adopt(&next, sess)
	if err := c.keep(ctx, op, next); err != nil {
		// Nothing will remember that Microsoft's tokens are there, so
		// they go: this sign-in lasts as long as its session.
		notice = err
		c.takeBack(ctx, foreseen)
		_ = c.forget(ctx, next)
		next.Account, c.saved.Account = "", ""
	}
	if !c.publish(op, c.signedIn(notice)) {
		c.undo(ctx, srv, next)
		return ctx.Err()
	}
	c.held, c.checked = true, true
	c.replaced(ctx, before, next)
	return nil
}

// replaced ends what an earlier sign-in left, now that there was a new one.
func (c *Client) replaced(ctx context.Context, before, next Saved) {
	if before.Account != "" && before.Account != next.Account {
		_ = c.forget(ctx, before)
	}
	if u, err := url.Parse(before.Server); before.SessionToken != "" && err == nil && CheckServer(u) == nil {
		c.end(ctx, c.dial(u), before.SessionToken)
	}
}

// adopt writes what the server said about a new session into s.
func (c *Client) adopt(s *Saved, sess api.Session) {
	now := c.cfg.Now()
	s.SessionToken, s.ExpiresAt, s.Person = sess.Token, sess.ExpiresAt, sess.Me
	if s.Method == SAML {
		s.RefreshToken, s.UserName = sess.RefreshToken, sess.Me.UserName
	}
	s.SeenAt, s.OfflineGraceSeconds = now, sess.OfflineGraceSeconds
	c.renewAt, c.endedEarly = renewal(now, sess.ExpiresAt.Add(-c.ahead)), false
}

// keep saves s. The operation's end must not leave half of it, so it is
// finished once begun.
func (c *Client) keep(ctx context.Context, op *operation, s Saved) error {
	if !c.alive(op) {
		return ctx.Err()
	}
	return c.store(ctx, s)
}

// store saves s in any case.
func (c *Client) store(ctx context.Context, s Saved) error {
	c.saved, c.loaded = s, true
	aside, cancel := c.aside(ctx)
	defer cancel()
	return c.cfg.Vault.Save(aside, s)
}

// undo removes a sign-in that nobody waits for any more.
func (c *Client) undo(ctx context.Context, srv server, s Saved) {
	aside, cancel := c.aside(ctx)
	defer cancel()
	if err := srv.EndSession(aside, s.SessionToken, false); err != nil {
		c.cfg.Log.Info("a cancelled session was not ended at the server", "code", code(err))
	}
	_ = c.wipe(ctx)
}

// aside is a context for what must be finished even when ctx has ended.
func (c *Client) aside(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), asideTimeout)
}

// forget removes Microsoft's tokens of s from this device.
func (c *Client) forget(ctx context.Context, s Saved) error {
	if s.Account == "" || s.Workspace.Microsoft == nil {
		return nil
	}
	aside, cancel := c.aside(ctx)
	defer cancel()
	r := request(s.Workspace)
	r.Account = s.Account
	return c.cfg.Provider.SignOut(aside, r)
}

// wipe removes everything saved, here and in memory.
func (c *Client) wipe(ctx context.Context) error {
	err := c.forget(ctx, c.saved)
	aside, cancel := c.aside(ctx) // of its own: forget may have used up another
	defer cancel()
	c.saved, c.held, c.checked, c.endedEarly = Saved{}, false, false, false
	c.removePending(ctx, "")
	return errors.Join(c.cfg.Vault.Clear(aside), err)
}

// revoke wipes everything and says who ended the access.
func (c *Client) revoke(ctx context.Context, op *operation, cause error) error {
	c.settle(op)
	ws := c.saved.Workspace
	notice := c.wipe(ctx)
	s := State{Phase: Revoked, Err: cause, Notice: notice}
	if ws.ID != "" {
		s.Workspace = &ws
	}
	c.publish(op, s)
	return cause
}

func request(ws api.Workspace) Request {
	m := ws.Microsoft
	return Request{Authority: m.Authority, TenantID: m.TenantID, ClientID: m.ClientID, Scope: m.Scope, DomainHint: m.DomainHint}
}

// signedIn is the state of the saved session.
func (c *Client) signedIn(notice error) State {
	ws, p := c.saved.Workspace, c.saved.Person
	m := c.saved.Method
	if m == "" {
		m = Microsoft
	}
	return State{Phase: SignedIn, Workspace: &ws, Method: m, Person: &p, Notice: notice}
}

// savedServer is the server of the saved session.
func (c *Client) savedServer() (server, error) { return c.serverAt(c.saved.Server) }

// serverAt is the server at an address that was saved.
func (c *Client) serverAt(address string) (server, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, problem.Wrap(problem.CacheUnreadable, errors.New("the saved server address cannot be parsed"))
	}
	if err := CheckServer(u); err != nil {
		return nil, err
	}
	return c.dial(u), nil
}
