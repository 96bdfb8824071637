package console

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/schema"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Root is the path of the console below its address, and API that of its JSON.
const (
	Root = "/admin"
	API  = Root + "/api/v1"
)

// Config is what a [Console] is made of.
type Config struct {
	Store *store.Store
	// URL has the scheme and host at which administrators reach the console, below
	// [Root]; Public is the server's, for people and Microsoft.
	URL, Public *url.URL
	Sentry      Sentry
	Sections    []Section
	Now         func() time.Time
	// Log receives what goes wrong. Nil means nobody is told.
	Log *slog.Logger
	// ClientIP is the address a request came from.
	ClientIP func(*http.Request) netip.Addr
	// Frozen says why nothing of a module may be changed in a workspace, as its
	// plan lacks it (row A5). Nil means that nothing ever is.
	Frozen func(ctx context.Context, ws directory.Workspace, m directory.Module) error
	// Environment names what a workspace is where it is not in production, such
	// as "Sandbox of acme": a banner says so. Nil, and "", mean that it is.
	Environment func(ctx context.Context, workspace string) (string, error)
	// SignIn is the name of the page where administrators sign in. Without one,
	// they are told that they must.
	SignIn string
	// Home is the name of the page that [Root] leads to.
	Home string
	// Version is shown at the foot of pages.
	Version string
}

// Console serves the pages of administrators. It is safe for concurrent use.
type Console struct {
	cfg       Config
	routes    map[string]Route
	ordered   []Route
	pages     map[string]func() (*template.Template, error)
	decoder   *schema.Decoder
	handler   http.Handler
	uploading *uploads
	streams   streams
	// document describes the API, once somebody asks for it.
	document func() ([]byte, error)
}

// New makes a console. A route that can't be is an error.
func New(c Config) (*Console, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.ClientIP == nil {
		c.ClientIP = func(*http.Request) netip.Addr { return netip.Addr{} }
	}
	here := *c.URL
	here.Path, here.RawPath = Root, ""
	c.URL = &here
	o := &Console{
		cfg: c, routes: map[string]Route{}, pages: map[string]func() (*template.Template, error){},
		decoder: newDecoder(), uploading: newUploads(),
	}
	if err := o.collect(); err != nil {
		return nil, err
	}
	o.document = sync.OnceValues(o.openAPI)
	o.mount()
	return o, nil
}

// collect takes in the routes and templates of all sections.
func (o *Console) collect() error {
	base := sync.OnceValues(baseTemplate)
	for _, s := range append([]Section{own{}}, o.cfg.Sections...) {
		for _, r := range s.Routes() {
			if err := o.add(r); err != nil {
				return err
			}
		}
		if err := o.take(base, s.Templates()); err != nil {
			return err
		}
	}
	for _, r := range o.ordered {
		if r.on != "" && o.routes[r.on].kind != page {
			return fmt.Errorf("console: %s is shown on %s, which is no page", r.Name, r.on)
		}
		for _, n := range names(o.routes[r.on].Path) {
			if !slices.Contains(names(r.Path), n) {
				return fmt.Errorf("console: %s is shown on %s, whose path needs %s", r.Name, r.on, n)
			}
		}
	}
	return nil
}

func (o *Console) add(r Route) error {
	switch {
	case r.Name == "" || !strings.HasPrefix(r.Path, "/"):
		return fmt.Errorf("console: the route %q has the path %q", r.Name, r.Path)
	case o.routes[r.Name].Name != "":
		return fmt.Errorf("console: two routes are called %s", r.Name)
	case r.Access.StepUp && largest(r.in) > 0:
		return fmt.Errorf("console: %s takes a file and asks for a proof, between which the file would be lost", r.Name)
	case r.Access.Module != "" && !strings.Contains(r.Path, "{ws}"):
		return fmt.Errorf("console: %s is of a module, but of no workspace", r.Name)
	case r.Access.Role > SignedIn && r.Access.Role < ServerOwner && !strings.Contains(r.Path, "{ws}"):
		return fmt.Errorf("console: %s needs a role in a workspace, but is of none", r.Name)
	}
	o.routes[r.Name] = r
	o.ordered = append(o.ordered, r)
	return nil
}

// Routes are all routes there are, in the order of their sections.
func (o *Console) Routes() []Route { return slices.Clone(o.ordered) }

func (o *Console) mount() {
	mux := http.NewServeMux()
	for _, r := range o.ordered {
		mux.Handle(r.Method+" "+Root+r.Path, o.browser(r))
		if r.kind != raw {
			mux.Handle(r.Method+" "+API+r.Path, o.program(r))
		}
	}
	mux.Handle("GET "+Root+"/api/openapi.json", http.HandlerFunc(o.serveDocument))
	mux.Handle("GET "+Root+"/static/{file}", http.HandlerFunc(o.serveStatic))
	if o.cfg.Home != "" {
		home := o.routes[o.cfg.Home].Path
		for _, path := range []string{Root, Root + "/{$}"} {
			mux.Handle("GET "+path, http.RedirectHandler(o.cfg.URL.Path+home, http.StatusSeeOther))
		}
	}
	mux.Handle(Root+"/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { o.lost(w, r, mux) }))
	same := http.NewCrossOriginProtection()
	same.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.fail(w, r, o.call(r), problem.New(problem.CrossSite))
	}))
	o.handler = headed(same.Handler(mux))
}

// ServeHTTP serves all below [Root].
func (o *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { o.handler.ServeHTTP(w, r) }

// lost answers where there is no page, or not for this method.
func (o *Console) lost(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := mux.Handler(other); method != r.Method && pattern != "" && pattern != Root+"/" {
			w.Header().Set("Allow", method)
			o.fail(w, r, o.call(r), problem.New(problem.MethodNotAllowed))
			return
		}
	}
	o.fail(w, r, o.call(r), problem.New(problem.NotFound))
}

// policy is the Content-Security-Policy of pages (CSP level 3): nothing but our
// own files, nothing inline, in nobody's frame.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func headed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Frame-Options", "DENY") // for browsers older than frame-ancestors
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin") // so that forms still say where they come from
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// call begins a call.
func (o *Console) call(r *http.Request) *Call {
	c := &Call{Now: o.cfg.Now(), Console: o.cfg.URL, Public: o.cfg.Public, Request: r, routes: o.routes}
	if r != nil {
		c.IP = o.cfg.ClientIP(r)
	}
	return c
}

// admit finds out who asks, and whether they may.
func (o *Console) admit(r *http.Request, rt Route) (*Call, error) {
	c := o.call(r)
	me, err := o.cfg.Sentry.Who(r)
	if err != nil && rt.Access.Role != Anybody {
		return c, err
	}
	c.Me = me
	return c, o.enter(r.Context(), c, rt, r.PathValue("ws"))
}

// readmit is admit once more, when all that a request brings is there. That can take
// its time, and whoever could when it began may be signed out by then, have another
// role, or have proved who they are too long ago.
func (o *Console) readmit(r *http.Request, c *Call, rt Route) error {
	now, err := o.admit(r, rt)
	*c = *now
	return err
}

// enter checks whether whoever asks may use a route, and reads its workspace.
func (o *Console) enter(ctx context.Context, c *Call, rt Route, workspace string) error {
	if !strings.Contains(rt.Path, "{ws}") {
		return c.Me.may(rt.Access, "")
	}
	if rt.Access.Role > Anybody && !c.Me.Known() {
		return problem.New(problem.AdminSignIn)
	}
	ws, err := o.cfg.Store.Workspace(ctx, directory.CleanID(workspace))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return problem.New(problem.NotFound)
	case err != nil:
		return fmt.Errorf("reading the workspace: %w", err)
	}
	if err := c.Me.may(rt.Access, ws.ID); err != nil {
		return err
	}
	c.Workspace = ws
	api.TraceOf(ctx).Workspace = ws.ID
	if rt.Mutates() && rt.Access.Module != "" && o.cfg.Frozen != nil {
		return o.cfg.Frozen(ctx, ws, rt.Access.Module)
	}
	return nil
}

// perform runs a page or an act. The entry of the audit log is written with the
// first thing that the act stores, or after it where it stores nothing; one that
// fails is noted as such.
func (o *Console) perform(ctx context.Context, c *Call, rt Route, read func(any) error) (any, error) {
	if !rt.Audited() {
		return rt.run(ctx, c, read)
	}
	noted, entry := o.noted(ctx, c, rt)
	out, err := rt.run(noted, c, read)
	switch {
	case err != nil && rt.Access.Role == Anybody:
		// Strangers could fill the log. The flow notes what matters.
	case err != nil:
		if lerr := entry.failed(ctx, err); lerr != nil {
			o.cfg.Log.ErrorContext(ctx, "a failed act could not be noted", "act", rt.Name, "error", lerr)
		}
	default:
		if lerr := entry.done(ctx); lerr != nil {
			return nil, fmt.Errorf("noting the act: %w", lerr)
		}
	}
	return out, err
}

// pathValues are the names in a route's path with what stands there.
func pathValues(rt Route, r *http.Request) map[string]string {
	all := map[string]string{}
	for _, name := range names(rt.Path) {
		all[name] = r.PathValue(name)
	}
	return all
}
