package auth

import (
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// Config is what a Client needs. Fields without a comment are required.
type Config struct {
	// Server is where a bare workspace name is looked up. Nil means that
	// people must name the server themselves: sso.example.com/acme.
	Server *url.URL
	// HTTPClient carries the calls to the Lanyard server. Nil means an
	// ordinary client that honours HTTPS_PROXY.
	HTTPClient *http.Client
	Provider   Provider
	Vault      Vault
	// Device is the name a person would know this device by. It may be empty.
	Device string
	// LastWorkspace is shown when the vault remembers none, as after a
	// sign-out, which leaves nothing in it.
	LastWorkspace string
	// OpenURL opens the browser: for sign-ins, except where Provider is no
	// [Resumer], and at Microsoft's sign-out page. Nil means that there is no
	// browser, which is answered with problem.NoBrowser.
	OpenURL func(ctx context.Context, url string) error
	// Return prepares the way back from the browser for one sign-in. Nil means
	// that there is none, as for OpenURL.
	Return ReturnFunc
	// Fallback is tried where Return answers ErrNoReturn. It may be nil.
	Fallback ReturnFunc
	// Pending keeps a sign-in while the browser has the next move, and Resume
	// prepares its way back in a later process. Where one of them is nil a
	// sign-in ends with its process.
	Pending PendingVault
	Resume  ResumeFunc
	// SignInLimit is how long a person may take in the browser. Zero means five
	// minutes.
	SignInLimit time.Duration
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// Log receives what happened, without secrets. Nil means nowhere.
	Log *slog.Logger
}

// Client holds the state of one employee on one device. Its methods may be
// called from several goroutines; they block until what they ask for is done,
// so a window calls them in a goroutine of their own and draws [Client.States].
//
// One operation runs at a time, in [Client.Run]. A new one ends the one before
// it, and what has been ended publishes nothing any more.
type Client struct {
	cfg  Config
	dial func(*url.URL) server

	mu      sync.Mutex
	state   State
	changed chan struct{} // closed when state is replaced
	queue   []*operation
	current *operation
	wake    chan struct{} // holds at most one: look at the queue
	over    error         // Run has ended: what everybody is answered

	// The fields below belong to the running operation.

	saved Saved
	// held means that saved may still be good, so Run watches over it.
	held bool
	// checked means that the server has just confirmed saved.
	checked bool
	// lastInput is what the last sign-in was asked for and lastWay how, for
	// Retry.
	lastInput string
	lastWay   way
	last      string // what State.LastWorkspace says
	loaded    bool   // the vault has been read
	// choose has the workspaces where the next sign-in lets the person
	// choose an account, because the last one did not go well.
	choose  map[string]bool
	renewAt time.Time // when to get the next session
	// endedEarly is set when the server ended the session before its time:
	// somebody did that on purpose.
	endedEarly bool
	// alone means that no other process renews: exclusively runs.
	alone bool
	// running is the context of Run, and pending what the running operation has
	// in the PendingVault. sought means that what an earlier process left there
	// has been dealt with.
	running context.Context
	pending keptPending
	sought  bool
	// ahead is how far the server's clock is ahead of this device's, as the
	// event stream said last.
	ahead time.Duration
}

// server is what a Client asks of a Lanyard server. *api.Client is the real one.
type server interface {
	Workspace(ctx context.Context, id string) (api.Workspace, error)
	Discover(ctx context.Context, email string) (api.Workspace, error)
	StartSession(ctx context.Context, r api.SessionRequest) (api.Session, error)
	Me(ctx context.Context, token string) (api.Person, error)
	Events(ctx context.Context, token string, on func(api.Event) error) error
	EndSession(ctx context.Context, token string, all bool) error
}

// New returns a Client in phase Starting. It does no I/O and starts nothing:
// call [Client.Run].
func New(cfg Config) *Client {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if cfg.SignInLimit == 0 {
		cfg.SignInLimit = signInLimit
	}
	c := &Client{
		cfg:     cfg,
		running: context.Background(),
		changed: make(chan struct{}),
		wake:    make(chan struct{}, 1),
		last:    cfg.LastWorkspace,
		choose:  make(map[string]bool),
		state:   State{LastWorkspace: cfg.LastWorkspace},
	}
	c.dial = func(base *url.URL) server { return api.NewClient(base, cfg.HTTPClient) }
	return c
}

// State returns the latest state.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// States yields the latest state, and then each newer one until ctx ends or
// the reader stops. A slow reader misses what was replaced meanwhile, never the
// latest. Any number of readers may do so at a time.
func (c *Client) States(ctx context.Context) iter.Seq[State] {
	return func(yield func(State) bool) {
		for ctx.Err() == nil {
			c.mu.Lock()
			s, changed := c.state, c.changed
			c.mu.Unlock()
			if !yield(s) {
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
			}
		}
	}
}

// Run resumes what is saved, or the sign-in that an earlier process of the app
// began in the browser (Config.Pending), and then does all the work until ctx ends. Call it
// once. What is signed in when ctx ends stays signed in for the next time.
func (c *Client) Run(ctx context.Context) {
	c.running = ctx
	c.enqueue(&operation{name: "resume", run: c.resume}, true)
	for ctx.Err() == nil {
		op := c.take(ctx)
		if op == nil {
			select {
			case <-c.wake:
			case <-ctx.Done():
			}
			continue
		}
		op.err = op.run(op.ctx, op)
		c.finish(op)
	}
	c.drain(ctx.Err())
}

// SignIn signs in to a workspace in the browser, in the first way it offers.
// where is what a person typed: see [ParsePlace]. It returns the error that
// State.Err has then. When ctx ends the sign-in is cancelled.
func (c *Client) SignIn(ctx context.Context, where string) error {
	return c.SignInWith(ctx, where, "")
}

// SignInWith is SignIn in the way that the person prefers. Where the workspace
// does not offer it, another is taken.
func (c *Client) SignInWith(ctx context.Context, where string, m Method) error {
	return c.do(ctx, &operation{name: "sign in", interactive: true, run: func(ctx context.Context, op *operation) error {
		return c.signIn(ctx, op, where, way{method: m})
	}})
}

// SignInWithCode is SignIn where no browser can be opened here: State.DeviceCode
// says what to do on another device. Only Microsoft offers it; elsewhere the
// answer is problem.NoDeviceCode.
func (c *Client) SignInWithCode(ctx context.Context, where string) error {
	return c.do(ctx, &operation{name: "sign in with a code", interactive: true, run: func(ctx context.Context, op *operation) error {
		return c.signIn(ctx, op, where, way{withCode: true})
	}})
}

// Scope says how far a sign-out reaches.
type Scope int

// The scopes of SignOut.
const (
	ThisDevice   Scope = iota
	AllDevices         // every session of the person in this workspace
	MicrosoftToo       // this device, and Microsoft's own session in the browser after a sign-in there
)

// SignOut wipes what is saved, also when no network is there, and tells the
// server when that is possible. What could not be done is in State.Notice.
func (c *Client) SignOut(ctx context.Context, scope Scope) error {
	return c.do(ctx, &operation{name: "sign out", keep: true, run: func(ctx context.Context, op *operation) error {
		return c.signOut(ctx, op, scope)
	}})
}

// Retry does again what failed: it resumes a saved sign-in where there is one,
// or else signs in to the workspace that was asked for last.
func (c *Client) Retry(ctx context.Context) error {
	return c.do(ctx, &operation{name: "retry", interactive: true, run: func(ctx context.Context, op *operation) error {
		if c.lastInput != "" && !c.resumable() {
			return c.signIn(ctx, op, c.lastInput, c.lastWay)
		}
		return c.resume(ctx, op)
	}})
}

// Dismiss leaves an error, a notice or the Revoked page behind. A sign-in under
// way it cancels.
func (c *Client) Dismiss(ctx context.Context) error {
	seen := c.State().Phase
	return c.do(ctx, &operation{name: "dismiss", run: func(_ context.Context, op *operation) error {
		s := c.State()
		if (seen == SignedIn || seen == Offline) && s.Phase != SignedIn && s.Phase != Offline {
			return nil // that the sign-in ended meanwhile nobody has seen yet
		}
		if (s.Phase == SignedIn || s.Phase == Offline) && !c.resumable() {
			s.Phase = SignedOut // its end was not shown, but ended it has
		}
		switch s.Phase {
		case Revoked, SignedOut, SigningIn, Starting:
			c.held = false
			c.publish(op, State{Phase: SignedOut, Workspace: s.Workspace})
		case SignedIn, Offline:
			s.Notice = nil
			c.publish(op, s)
		}
		return nil
	}})
}

// Cancel ends a sign-in that is under way, at once. Without one it does nothing.
func (c *Client) Cancel() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state.Phase != SigningIn && c.state.Phase != Starting {
		return
	}
	found := false
	for _, op := range append([]*operation{c.current}, c.queue...) {
		if op != nil && op.interactive && !op.dead {
			op.end()
			found = true
		}
	}
	if found {
		c.set(State{Phase: SignedOut, Workspace: c.state.Workspace, LastWorkspace: c.state.LastWorkspace})
	}
}

// resumable reports whether something saved is worth trying.
func (c *Client) resumable() bool {
	return c.saved.SessionToken != "" || c.saved.Account != "" || c.saved.RefreshToken != ""
}

// fail publishes that nobody is signed in because of err.
func (c *Client) fail(op *operation, err error) error {
	c.publish(op, State{Phase: SignedOut, Err: err})
	return err
}

// failIn is fail where the workspace was found already.
func (c *Client) failIn(op *operation, ws api.Workspace, err error) error {
	c.publish(op, State{Phase: SignedOut, Workspace: &ws, Err: err})
	return err
}

func code(err error) problem.Code {
	c, _ := problem.Of(err)
	return c
}

// tooLate gives a call that ran into our own time limit the meaning given by as.
// An error of a cancelled operation stays what it is.
func tooLate(ctx context.Context, err error, as problem.Code) error {
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return problem.Wrap(as, err)
	}
	return err
}
