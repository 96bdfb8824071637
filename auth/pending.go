package auth

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// Pending is a sign-in that waits for the browser, with all that another
// process of the app needs to finish it. Its String and LogValue hide it: State
// and what follows Method are secrets.
type Pending struct {
	// State is what the answer must carry, and RedirectURI where it comes to.
	State       string `json:"state"`
	RedirectURI string `json:"redirect_uri"`
	// Server, Workspace and Method say where and how the person signs in;
	// Workspace.Microsoft has authority, client and scope.
	Server    string        `json:"server"`
	Workspace api.Workspace `json:"workspace"`
	Method    Method        `json:"method"`
	// Input is what the person typed, and LastWorkspace what it is remembered as.
	Input         string `json:"input"`
	LastWorkspace string `json:"last_workspace"`
	// Verifier is the PKCE verifier of a sign-in by SAML (RFC 7636), and Begun
	// what [Resumer].Begin returned for one at Microsoft.
	Verifier string `json:"verifier,omitempty"`
	Begun    []byte `json:"begun,omitempty"`
	// An answer before BegunAt or after ExpiresAt is none.
	BegunAt   time.Time `json:"begun_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// String hides the sign-in.
func (p Pending) String() string { return "Pending(" + p.Workspace.ID + ")" }

// GoString hides the sign-in.
func (p Pending) GoString() string { return p.String() }

// LogValue hides the sign-in.
func (p Pending) LogValue() slog.Value { return slog.StringValue(p.String()) }

// over reports whether the time for an answer has passed. A clock that went
// back far counts as well: it must not make a sign-in last for days.
func (p Pending) over(now time.Time) bool {
	return !now.Before(p.ExpiresAt) || now.Before(p.BegunAt.Add(-skew))
}

// PendingVault keeps the one sign-in that waits for the browser, where only this
// person on this device can read it. platform.Vault hands out the real one. It
// is safe for concurrent use, and its calls may block on a keychain.
type PendingVault interface {
	// Load returns ErrNothingSaved when there is none, and removes what Take
	// left. An error with problem.CacheUnreadable means that what was there has
	// been set aside.
	Load(ctx context.Context) (Pending, error)
	// Save takes the place of an earlier one.
	Save(ctx context.Context, p Pending) error
	// Take removes the one with this state, so that nobody can use it a second
	// time. Of several that try, in any process, one succeeds; ErrNothingSaved
	// is what the others get. What is left holds nothing of the sign-in and is
	// for Delete.
	Take(ctx context.Context, state string) error
	// Delete removes the one with this state and what Take left; with an empty
	// state, whichever there is. Nothing there is not an error.
	Delete(ctx context.Context, state string) error
}

// ResumeFunc prepares the way back of a sign-in that an earlier process of the
// app began with this state and redirectURI. The answer may already be here.
type ResumeFunc func(ctx context.Context, state, redirectURI string) (Return, error)

// ErrNoReturn is what a ReturnFunc answers, or wraps, where its way back cannot
// be used on this device. Another one is tried then.
var ErrNoReturn = errors.New("this way back into the app is not available here")

// Resumer is a Provider that leaves the browser to the Client, so that another
// process of the app can finish what one began. A Provider that is none gets
// SignIn, and its sign-ins end with their process.
type Resumer interface {
	Provider
	// Begin makes what a sign-in in the browser begins with. It opens nothing.
	// Every failure that can be found before the person is asked is found here,
	// and leaves nothing behind.
	Begin(ctx context.Context, r Request, redirectURI, state string) (Begun, error)
	// Finish redeems the answer that came back to the redirectURI with the
	// state of a Begin, perhaps of another process. begun is its Begun.Secret.
	Finish(ctx context.Context, r Request, begun []byte, answer url.Values) (Token, error)
	// Abandon takes away what a Begin left on this device, where no answer came.
	// Finish does so itself.
	Abandon(ctx context.Context)
}

// Begun is a sign-in at Microsoft of which the browser has the next move.
type Begun struct {
	// URL is what to open.
	URL string
	// Secret is for Finish alone: the PKCE verifier and the nonce are in it.
	Secret []byte
}

// String hides the sign-in.
func (Begun) String() string { return "Begun" }

// GoString hides the sign-in.
func (b Begun) GoString() string { return b.String() }

// outlives reports whether an answer to redirectURI can reach another process
// than the one that asked: a loopback listener ends with its own.
func (c *Client) outlives(redirectURI string) bool {
	return c.cfg.Resume != nil && c.cfg.Pending != nil && !onLoopback(redirectURI)
}

func onLoopback(redirectURI string) bool { return strings.HasPrefix(redirectURI, "http://") }

// keptPending is what the running operation has in the PendingVault.
type keptPending struct {
	state string
	taken bool
}

// keepPending saves p before the browser opens. A sign-in that cannot be saved
// goes on: this process can still finish it.
func (c *Client) keepPending(ctx context.Context, p Pending) {
	if !c.outlives(p.RedirectURI) {
		return
	}
	if err := c.cfg.Pending.Save(ctx, p); err != nil {
		c.cfg.Log.Warn("the sign-in will not survive the app being closed", "code", code(err))
		return
	}
	c.pending = keptPending{state: p.State}
}

// takePending removes the sign-in that was answered, before its code is used: a
// process that is ended after this leaves nothing that could be used again.
func (c *Client) takePending(ctx context.Context) error {
	if c.pending.state == "" {
		return nil
	}
	aside, cancel := c.aside(ctx)
	defer cancel()
	if err := c.cfg.Pending.Take(aside, c.pending.state); err != nil {
		if errors.Is(err, ErrNothingSaved) {
			err = errEnded // by another process, or with a sign-out
		}
		return err
	}
	c.pending.taken = true
	return nil
}

// leavePending ends what the running operation kept, unless only the app is
// being closed: then the next start goes on with it.
func (c *Client) leavePending(ctx context.Context) {
	p := c.pending
	c.pending = keptPending{}
	if p.state == "" || !p.taken && c.running.Err() != nil {
		return
	}
	c.removePending(ctx, p.state)
}

// removePending deletes the sign-in of this state, or any.
func (c *Client) removePending(ctx context.Context, state string) {
	if c.cfg.Pending == nil {
		return
	}
	aside, cancel := c.aside(ctx)
	defer cancel()
	if err := c.cfg.Pending.Delete(aside, state); err != nil {
		c.cfg.Log.Warn("a sign-in that is over was not removed", "code", code(err))
	}
}

// seekPending returns the sign-in that an earlier process left waiting, if any,
// the first time that it can be asked for. unreadable says that there was
// something nobody can read.
func (c *Client) seekPending(ctx context.Context) (p *Pending, unreadable, err error) {
	if c.sought || c.cfg.Pending == nil || c.cfg.Resume == nil {
		return nil, nil, nil
	}
	found, err := c.cfg.Pending.Load(ctx)
	switch {
	case errors.Is(err, ErrNothingSaved):
		err = nil
	case code(err) == problem.CacheUnreadable:
		unreadable, err = err, nil
	case err == nil:
		p = &found
	}
	c.sought = err == nil
	return p, unreadable, err
}
