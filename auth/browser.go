package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/url"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

const (
	// signInLimit is how long a person may take in the browser.
	signInLimit = 5 * time.Minute
	// maxStrays is how many answers to somebody else's question are ignored
	// before a way back counts as broken.
	maxStrays = 64
)

// beginFunc makes the address to open, and fills in what its kind of sign-in
// needs to be finished with.
type beginFunc func(ctx context.Context, p *Pending) (address string, err error)

// goOut sends the person to the browser and waits for the answer. The Pending it
// returns is what the answer belongs to; nobody else can use it any more.
func (c *Client) goOut(ctx context.Context, next Saved, a asking, begin beginFunc) (Pending, url.Values, error) {
	if c.cfg.Return == nil || c.cfg.OpenURL == nil {
		return Pending{}, nil, problem.Wrap(problem.NoBrowser, errors.New("no way to a browser and back was given"))
	}
	limited, cancel := context.WithTimeout(ctx, c.cfg.SignInLimit)
	defer cancel()
	now := c.cfg.Now()
	p := Pending{
		State: secret(), Server: next.Server, Workspace: next.Workspace, Method: next.Method,
		Input: c.lastInput, LastWorkspace: next.LastWorkspace, BegunAt: now, ExpiresAt: now.Add(c.cfg.SignInLimit),
	}
	back, err := c.wayBack(limited, p.State)
	if err != nil {
		return p, nil, tooLate(ctx, err, problem.SignInTimedOut)
	}
	defer back.Close()
	p.RedirectURI = back.RedirectURI()
	if err := registered(a.ws, p); err != nil {
		return p, nil, err
	}
	address, err := begin(limited, &p)
	if err != nil {
		return p, nil, tooLate(ctx, err, problem.SignInTimedOut)
	}
	c.keepPending(limited, p)
	answer, err := c.ask(limited, back, p, address)
	if err == nil {
		err = c.takePending(ctx)
	}
	return p, answer, tooLate(ctx, err, problem.SignInTimedOut)
}

// wayBack is the first way back that this device has.
func (c *Client) wayBack(ctx context.Context, state string) (Return, error) {
	back, err := c.cfg.Return(ctx, state)
	if errors.Is(err, ErrNoReturn) && c.cfg.Fallback != nil {
		c.cfg.Log.Info("the app's own way back is not available, so another one is tried")
		back, err = c.cfg.Fallback(ctx, state)
	}
	if errors.Is(err, ErrNoReturn) {
		err = problem.Wrap(problem.NoBrowser, err)
	}
	return back, err
}

// registered answers what Microsoft, or our server, would answer in the browser
// (AADSTS50011), before one is opened and in words that say who can mend it.
func registered(ws api.Workspace, p Pending) error {
	if ws.Mobile.Registered(p.RedirectURI) {
		return nil
	}
	where := "in Microsoft Entra and in the workspace"
	if p.Method == SAML {
		where = "in the workspace"
	}
	return problem.Detailf(problem.RedirectNotRegistered, "An administrator of %s has to enter this redirect URI %s: %s", ws.Name, where, p.RedirectURI)
}

// ask opens the browser and waits for its answer. The two go on side by side,
// since what opens a browser may take as long as the browser is open.
func (c *Client) ask(ctx context.Context, back Return, p Pending, address string) (url.Values, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		err := c.cfg.OpenURL(ctx, address)
		if err != nil && code(err) == problem.Internal {
			err = problem.Wrap(problem.NoBrowser, errors.New("the browser could not be opened")) // err may hold the address
		}
		if err != nil {
			cancel(err)
		}
	}()
	answer, err := answerFor(ctx, back, p)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return answer, err
}

// answerFor waits until the browser is back with the state of p. Any program may
// open a link of the app's own, so there it is held against the state once more,
// and what is not meant for us is ignored.
func answerFor(ctx context.Context, back Return, p Pending) (url.Values, error) {
	for range maxStrays {
		v, err := back.Wait(ctx)
		if err != nil {
			return nil, err
		}
		if !v.Has("state") && onLoopback(p.RedirectURI) {
			return v, nil // the listener has looked at it, and no other program can answer for it
		}
		if all := v["state"]; len(all) == 1 && subtle.ConstantTimeCompare([]byte(all[0]), []byte(p.State)) == 1 {
			return v, nil
		}
	}
	return nil, problem.Wrap(problem.BadCallback, errors.New("too many answers with another state"))
}

// turnIn makes of the browser's answer what goes to the server. Of a sign-in at
// Microsoft it writes down whose it is in next.
func (c *Client) turnIn(ctx context.Context, next *Saved, p Pending, answer url.Values) (proof api.SessionRequest, notice, err error) {
	proof = api.SessionRequest{Workspace: next.Workspace.ID, Device: c.cfg.Device}
	if next.Method == SAML {
		if err = issuedBy(answer, p.Server); err == nil {
			proof.Code, err = codeFrom(answer)
		}
		proof.GrantType, proof.CodeVerifier, proof.RedirectURI = "authorization_code", p.Verifier, p.RedirectURI
		next.RetryKey = secret()
		return proof, nil, err
	}
	r, ok := c.cfg.Provider.(Resumer)
	if !ok {
		return proof, nil, problem.Wrap(problem.SignInCancelled, errors.New("the provider cannot finish what another process began"))
	}
	tok, err := r.Finish(ctx, request(next.Workspace), p.Begun, answer)
	proof.AccessToken, next.Account, next.UserName = tok.AccessToken, tok.Account, tok.UserName
	return proof, tok.Notice, err
}

// resumePending goes on with a sign-in that an earlier process began. What it
// comes to is what it would have come to there; somebody who was signed in
// before is signed in again only if it comes to nothing and they try again.
func (c *Client) resumePending(ctx context.Context, op *operation, p Pending) error {
	c.interact(op)
	c.lastInput, c.lastWay, c.last = p.Input, way{method: p.Method}, p.LastWorkspace
	c.pending = keptPending{state: p.State}
	defer c.leavePending(ctx)
	if !c.publish(op, State{Phase: SigningIn, Workspace: &p.Workspace, Method: p.Method}) {
		return ctx.Err()
	}
	next := Saved{Server: p.Server, LastWorkspace: p.LastWorkspace, Workspace: p.Workspace, Method: p.Method}
	key := next.Server + " " + next.Workspace.ID
	if err := c.comeBack(ctx, op, next, p); err != nil {
		c.choose[key] = true
		return err
	}
	delete(c.choose, key)
	return nil
}

// comeBack waits for the answer to p and turns it into a session.
func (c *Client) comeBack(ctx context.Context, op *operation, next Saved, p Pending) error {
	srv, err := c.serverAt(p.Server)
	if err != nil {
		return c.failIn(op, p.Workspace, err)
	}
	answer, err := c.awaitPending(ctx, p)
	if err == nil {
		err = c.takePending(ctx)
	}
	var proof api.SessionRequest
	var notice error
	if err == nil {
		proof, notice, err = c.turnIn(ctx, &next, p, answer)
	} else if r, ok := c.cfg.Provider.(Resumer); ok && p.Method == Microsoft {
		r.Abandon(ctx)
	}
	if err != nil {
		return c.refused(ctx, op, next, tooLate(ctx, err, problem.SignInTimedOut))
	}
	return c.admit(ctx, op, srv, next, proof, notice)
}

// awaitPending waits for the answer to p, for as long as it is good.
func (c *Client) awaitPending(ctx context.Context, p Pending) (url.Values, error) {
	limited, cancel := context.WithTimeout(ctx, p.ExpiresAt.Sub(c.cfg.Now()))
	defer cancel()
	back, err := c.cfg.Resume(limited, p.State, p.RedirectURI)
	if err != nil {
		if code(err) == problem.Internal && limited.Err() == nil {
			// The app was signed or installed anew meanwhile, say.
			err = problem.Wrap(problem.SignInCancelled, err)
		}
		return nil, tooLate(ctx, err, problem.SignInTimedOut)
	}
	defer back.Close()
	answer, err := answerFor(limited, back, p)
	return answer, tooLate(ctx, err, problem.SignInTimedOut)
}
