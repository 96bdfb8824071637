package auth

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

const (
	// pollEvery is how often the person is looked at although nothing was
	// pushed: a proxy may hold the stream open and swallow what it carries.
	pollEvery = 5 * time.Minute
	// pollSoon follows a look that failed.
	pollSoon = 10 * time.Second
	// steady is how long a stream must last to count as working.
	steady = 10 * time.Second

	firstPause = 500 * time.Millisecond
	longPause  = 30 * time.Second
)

// pauses grow from firstPause to longPause. Half of each is chance, so that
// a thousand apps do not come back to a restarted server in one instant.
type pauses struct{ next time.Duration }

func (p *pauses) take() time.Duration {
	d := max(p.next, firstPause)
	p.next = min(2*d, longPause)
	return d/2 + rand.N(d/2)
}

// watch keeps a held sign-in true to the server until it is over: it follows
// the event stream, and comes back to it whenever it breaks.
func (c *Client) watch(ctx context.Context, op *operation) error {
	var pause pauses
	failures := 0
	if s := c.State(); s.Phase != SignedIn {
		failures = 1
	}
	for {
		if failures > 0 && !c.wait(ctx, pause.take()) {
			return ctx.Err()
		}
		if !c.checked {
			v, err := c.check(ctx, op)
			if v == over {
				return err
			}
			if v == unreachable {
				// One failure may be a server that restarts.
				if failures++; failures > 1 {
					c.offline(op, err)
				}
				continue
			}
		}
		c.checked = false
		begun := c.cfg.Now()
		switch c.follow(ctx, op) {
		case streamOver:
			return ctx.Err()
		case streamAgain:
			failures = 0
		case streamDropped:
			failures = 1
		}
		if c.cfg.Now().Sub(begun) > steady {
			pause = pauses{}
		}
	}
}

// wait pauses for d, or less when the grace ends before. It reports whether ctx
// still lives.
func (c *Client) wait(ctx context.Context, d time.Duration) bool {
	if s := c.State(); s.Phase == Offline {
		d = min(d, max(s.OfflineUntil.Sub(c.cfg.Now()), time.Millisecond))
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// ending says why following a stream ended.
type ending int

const (
	streamOver    ending = iota // the state has been published
	streamAgain                 // open another one, at once
	streamDropped               // the connection broke
)

// follow opens the event stream of the saved session and acts on it.
func (c *Client) follow(ctx context.Context, op *operation) ending {
	srv, err := c.savedServer()
	if err != nil {
		return streamDropped
	}
	token := c.saved.SessionToken
	streaming, cancel := context.WithCancel(ctx)
	events, ended := make(chan api.Event), make(chan error, 1)
	go func() {
		ended <- srv.Events(streaming, token, func(e api.Event) error {
			select {
			case events <- e:
				return nil
			case <-streaming.Done():
				return streaming.Err()
			}
		})
		close(ended)
	}()
	defer func() { // the stream has ended when the operation has
		cancel()
		for range ended {
		}
	}()

	poll := time.NewTimer(pollEvery)
	defer poll.Stop()
	renew := time.NewTimer(max(c.renewAt.Sub(c.cfg.Now()), time.Second))
	defer renew.Stop()
	for {
		look := false
		select {
		case <-ctx.Done():
			return streamOver
		case err := <-ended:
			return c.streamEnded(err)
		case <-renew.C:
			return streamAgain
		case <-poll.C:
			look = true
		case e := <-events:
			switch e.Type {
			case api.EventReady, api.EventPersonUpdated:
				// Ready too: something may have happened between
				// the last look and the stream.
				look = true
				if e.Type == api.EventReady && c.setClock(e.At) {
					renew.Reset(max(c.renewAt.Sub(c.cfg.Now()), time.Second))
				}
			case api.EventAccessEnded:
				_ = c.revoke(ctx, op, fromEvent(e, problem.AccessEnded))
				return streamOver
			case api.EventSessionEnded:
				_ = c.signedOutElsewhere(ctx, op, fromEvent(e, problem.SignedOutAll))
				return streamOver
			}
		}
		if !look {
			continue
		}
		next := pollEvery
		switch v, _ := c.check(ctx, op); {
		case v == over:
			return streamOver
		case v == unreachable:
			next = pollSoon
		case c.saved.SessionToken != token:
			c.checked = true
			return streamAgain
		}
		poll.Reset(next)
	}
}

// setClock compares the server's clock with this device's, which may be wrong
// by hours. It reports whether the session ends at another time than thought.
func (c *Client) setClock(at time.Time) bool {
	now := c.cfg.Now()
	ahead := at.Sub(now)
	if at.IsZero() || (ahead-c.ahead).Abs() < skew {
		return false
	}
	c.ahead = ahead
	c.renewAt = renewal(now, c.expires())
	return true
}

// streamEnded judges the end of a stream. What the server said about the
// session, the next check finds out.
func (c *Client) streamEnded(err error) ending {
	switch k := code(err); {
	case k == problem.SessionGone || k == problem.AccessEnded || k == problem.SignedOutAll:
		return streamAgain
	case err != nil:
		c.cfg.Log.Debug("the event stream broke", "code", k)
	}
	return streamDropped
}

// fromEvent is the problem that an event carries, or one of code k.
func fromEvent(e api.Event, k problem.Code) error {
	if e.Problem != nil && e.Problem.Code == string(k) {
		return e.Problem.Err()
	}
	return problem.Wrap(k, errors.New("event "+string(e.Type)))
}
