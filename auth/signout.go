package auth

import (
	"context"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

// tellTimeout is how long a sign-out waits for somebody else.
const tellTimeout = 5 * time.Second

// signOut wipes this device in any case. What needs the session or the account
// is prepared before, what only informs others comes after.
func (c *Client) signOut(ctx context.Context, op *operation, scope Scope) error {
	before := c.saved
	srv, err := c.savedServer()
	if err != nil {
		before.SessionToken = ""
	}
	var notice error
	if scope == AllDevices && before.SessionToken != "" {
		limited, cancel := context.WithTimeout(ctx, tellTimeout)
		err := tell(limited, srv, before, true)
		cancel()
		if err != nil && code(err) != problem.SessionGone {
			notice = left(tooLate(ctx, err, problem.Offline), "Your other devices are still signed in.")
		}
	}
	logout := ""
	if scope == MicrosoftToo {
		logout, notice = c.logoutURL(ctx, before)
	}
	err = c.wipe(ctx)
	c.lastInput = ""
	if before.Server != "" {
		c.choose[before.Server+" "+before.Workspace.ID] = true
	}
	out := State{Phase: SignedOut, Err: err, Notice: notice}
	if before.Workspace.ID != "" {
		out.Workspace = &before.Workspace
	}
	c.publish(op, out)
	if scope != AllDevices && before.SessionToken != "" {
		limited, cancel := context.WithTimeout(ctx, tellTimeout)
		if err := tell(limited, srv, before, false); err != nil {
			c.cfg.Log.Info("the session was not ended at the server", "code", code(err))
		}
		cancel()
	}
	if logout != "" {
		if err := c.cfg.OpenURL(ctx, logout); err != nil {
			notice = left(problem.Wrap(problem.NoBrowser, err), "You are still signed in to Microsoft in the browser.")
			out.Err, out.Notice = nil, notice
			c.publish(op, out)
		}
	}
	return err
}

// tell ends the session of s at the server. A token that expired while the device
// slept ends nothing, but what can still be renewed must not stay behind.
func tell(ctx context.Context, srv server, s Saved, all bool) error {
	err := srv.EndSession(ctx, s.SessionToken, all)
	if code(err) != problem.SessionGone || s.RefreshToken == "" {
		return err
	}
	sess, err := refresh(ctx, srv, s, "")
	if err != nil {
		return problem.Wrap(problem.SessionGone, err)
	}
	return srv.EndSession(ctx, sess.Token, all)
}

func (c *Client) logoutURL(ctx context.Context, s Saved) (string, error) {
	const still = "You are still signed in to Microsoft in the browser."
	if s.Method == SAML || s.Workspace.Microsoft == nil {
		return "", nil
	}
	if c.cfg.OpenURL == nil {
		return "", problem.Detailf(problem.NoBrowser, still)
	}
	limited, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	r := request(s.Workspace)
	r.Account, r.LoginHint = s.Account, s.UserName
	u, err := c.cfg.Provider.LogoutURL(limited, r)
	return u, left(tooLate(ctx, err, problem.NoEntra), still)
}

// left adds to err what it left undone.
func left(err error, detail string) error {
	if err == nil {
		return nil
	}
	return &problem.Error{Code: code(err), Detail: detail, Cause: err}
}
