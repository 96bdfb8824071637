package auth

import (
	"context"
	"errors"

	"github.com/lanyard-sso/lanyard/problem"
)

// operation is one thing that Run does. The fields without a comment are set
// before it is queued.
type operation struct {
	name string
	run  func(ctx context.Context, op *operation) error
	// interactive operations are what Cancel ends. Once op is queued it is
	// guarded by Client.mu.
	interactive bool
	// keep means that no later operation may end it: a sign-out is finished.
	// Once op is queued it is guarded by Client.mu.
	keep bool

	ctx    context.Context    // of the run; set by take
	cancel context.CancelFunc // set by take
	dead   bool               // publishes nothing any more; guarded by Client.mu
	err    error              // set before done is closed
	done   chan struct{}
}

// end makes op publish nothing from now on. The caller holds Client.mu.
func (op *operation) end() {
	op.dead = true
	if op.cancel != nil {
		op.cancel()
	}
}

// settle makes op one that no later operation may end: it found out that the
// sign-in is over, and wiping that without saying so would leave a window that
// shows somebody signed in.
func (c *Client) settle(op *operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	op.keep = op.keep || !op.dead
}

// interact makes op one that Cancel ends: it waits for the person.
func (c *Client) interact(op *operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	op.interactive = true
}

// enqueue puts op last, or first, and ends what may be ended before it.
func (c *Client) enqueue(op *operation, first bool) {
	op.done = make(chan struct{})
	c.mu.Lock()
	if c.over != nil {
		op.dead, op.err = true, c.over
		close(op.done)
	} else if first {
		c.queue = append([]*operation{op}, c.queue...)
	} else {
		for _, earlier := range append([]*operation{c.current}, c.queue...) {
			if earlier != nil && !earlier.keep {
				earlier.end()
			}
		}
		c.queue = append(c.queue, op)
	}
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// do queues op and waits for it. When ctx ends first, op is ended and, where
// the person was signing in, nobody is signed in any more.
func (c *Client) do(ctx context.Context, op *operation) error {
	c.enqueue(op, false)
	select {
	case <-op.done:
		return op.err
	case <-ctx.Done():
	}
	c.mu.Lock()
	wasAlive := !op.dead && !op.keep
	if wasAlive {
		op.end()
		if op.interactive && (c.state.Phase == SigningIn || c.state.Phase == Starting) {
			c.set(State{Phase: SignedOut, LastWorkspace: c.state.LastWorkspace})
		}
	}
	c.mu.Unlock()
	return problem.Wrap(problem.SignInCancelled, ctx.Err())
}

// take returns the next operation, already current: the first living one of
// the queue or else, where a sign-in is held, the watch over it.
func (c *Client) take(ctx context.Context) *operation {
	c.mu.Lock()
	defer c.mu.Unlock()
	var op *operation
	for op == nil && len(c.queue) > 0 {
		next := c.queue[0]
		c.queue = c.queue[1:]
		if next.dead {
			next.err = errEnded
			close(next.done)
			continue
		}
		op = next
	}
	if op == nil && c.held {
		op = &operation{name: "watch", run: c.watch, done: make(chan struct{})}
	}
	if op == nil {
		return nil
	}
	op.ctx, op.cancel = context.WithCancel(ctx)
	c.current = op
	return op
}

// finish settles what op came to.
func (c *Client) finish(op *operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if op.dead {
		op.err = errEnded
		if op.interactive && c.state.Phase == SignedOut {
			c.held = false // nobody is signed in behind the person's back
		}
	}
	op.cancel()
	c.current = nil
	close(op.done)
}

// drain answers whoever still waits when Run ends, and whoever asks later.
func (c *Client) drain(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = problem.Wrap(problem.SignInCancelled, cause)
	for _, op := range c.queue {
		op.dead, op.err = true, c.over
		close(op.done)
	}
	c.queue = nil
}

// errEnded is what an operation comes to that a later one or Cancel ended.
var errEnded = problem.Wrap(problem.SignInCancelled, errors.New("another operation took its place"))

// publish replaces the state unless op has been ended. It reports whether op
// still lives.
func (c *Client) publish(op *operation, s State) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if op.dead || op.ctx.Err() != nil {
		return false
	}
	if s.LastWorkspace == "" {
		s.LastWorkspace = c.last
	}
	if s.Phase != c.state.Phase {
		code, _ := problem.Of(s.Err)
		c.cfg.Log.Debug("phase changed", "operation", op.name, "from", c.state.Phase, "to", s.Phase, "code", code)
	}
	c.set(s)
	return true
}

// set replaces the state. The caller holds mu.
func (c *Client) set(s State) {
	c.state = s
	close(c.changed)
	c.changed = make(chan struct{})
}

// alive reports whether op may still have an effect.
func (c *Client) alive(op *operation) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !op.dead && op.ctx.Err() == nil
}
