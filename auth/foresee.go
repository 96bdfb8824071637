package auth

import "context"

// foresight is what was saved before the server has started a session.
type foresight struct {
	saved  bool
	before Saved
}

// foresee saves whose tokens Microsoft has just given, before the server has
// started a session for them. A process that is ended in between is then gone on
// from without the person.
//
// It does so only where a process may be ended so, and where nobody is signed in
// who would be lost if the server refuses.
func (c *Client) foresee(ctx context.Context, next Saved) foresight {
	f := foresight{before: c.saved}
	if !c.pending.taken || next.Account == "" || c.resumable() {
		return f
	}
	aside, cancel := c.aside(ctx)
	defer cancel()
	err := c.cfg.Vault.Save(aside, next)
	if f.saved = err == nil; !f.saved {
		c.cfg.Log.Warn("a sign-in was not saved before its session", "code", code(err))
	}
	return f
}

// takeBack undoes foresee.
func (c *Client) takeBack(ctx context.Context, f foresight) {
	if !f.saved {
		return
	}
	aside, cancel := c.aside(ctx)
	defer cancel()
	var err error
	if f.before.Server == "" {
		err = c.cfg.Vault.Clear(aside)
	} else {
		err = c.cfg.Vault.Save(aside, f.before) // the hint that was there
	}
	if err != nil {
		c.cfg.Log.Warn("a refused sign-in was not removed", "code", code(err))
	}
}
