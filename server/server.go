// Package server is a Lanyard server: an http.Handler that signs people in to
// workspaces, is provisioned by Microsoft Entra, and tells clients at once when
// somebody's access ends.
//
//	store, err := sqlite.Open(ctx, "lanyard.db")
//	s, err := server.New(server.Config{Store: store, PublicURL: u})
//	go s.Run(ctx)
//	http.Serve(listener, s)
//
// New does no I/O and starts nothing. ServeHTTP serves the public side, [Server.Admin]
// what only operators should reach, and [Server.Run] does the work in the
// background: without it there are no events, and /readyz says so.
//
// The package wires and guards: which handler stands where (mount.go), request
// ids and the log, limits, headers, what happens on a panic. Who may sign in is
// decided by internal/signin with internal/directory and internal/entra, what
// Entra may change by internal/provision, and who hears of it by
// internal/deliver.
//
// The event stream sets its own deadlines on the connection, so an http.Server
// around this handler may have any ReadHeaderTimeout, ReadTimeout and
// WriteTimeout. End Run before http.Server.Shutdown: that ends the streams,
// which Shutdown would wait for.
package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/admin"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/deliver"
	"github.com/lanyard-sso/lanyard/server/internal/domains"
	"github.com/lanyard-sso/lanyard/server/internal/enforce"
	"github.com/lanyard-sso/lanyard/server/internal/local"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/roll"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"golang.org/x/sync/errgroup"
)

// Server is an http.Handler. It is safe for concurrent use.
type Server struct {
	cfg    Config
	public http.Handler
	// console serves administrators.
	console *console.Console
	// admins knows them.
	admins *admin.Admin
	admin  http.Handler
	hub    *deliver.Hub
	// requests is the record of provisioning.
	requests *store.RequestLog
	// saml keeps SAML connections up to date.
	saml *signin.Refresher
	// sso enforces that people sign in by it.
	sso *enforce.Desk
	// types are the SCIM resource types.
	types []*scim.ResourceType
	// post sends mail.
	post *notify.Post
	// roll remembers who is in the directories.
	roll *roll.Book
	// domains keeps the domains of workspaces.
	domains *domains.Flow
	// modules says what of each workspace is set up, and what it is entitled to.
	modules *modules.Keeper
	// book keeps employees' passwords.
	book *local.Book
	// errands are done after answers.
	errands *errands
}

// New makes a server. It does no I/O and starts nothing. The errors are
// problem.BadConfig and problem.BadPublicURL.
func New(c Config) (*Server, error) {
	if c.Store == nil {
		return nil, problem.Wrap(problem.BadConfig, errors.New("server.Config needs a Store"))
	}
	if err := CheckPublicURL(c.PublicURL); err != nil {
		return nil, err
	}
	if c.SessionTTL < 0 {
		return nil, problem.Detailf(problem.BadConfig, "The session time to live must not be negative.")
	}
	types, err := c.SCIM.Types()
	if err != nil {
		return nil, problem.Detailf(problem.BadConfig, "The SCIM schemas: %s.", err)
	}
	if n := utf8.RuneCountInString(c.AppName); n > MaxAppName || strings.ContainsFunc(c.AppName, unicode.IsControl) {
		return nil, problem.Detailf(problem.BadConfig, "The name of the application has %d characters; it may have at most %d, none of them a line break.", n, MaxAppName)
	}
	if n := len(c.WebhookKey); n > 0 && n < deliver.MinWebhookKey {
		return nil, problem.Detailf(problem.BadConfig, "The webhook key has %d bytes, fewer than %d.", n, deliver.MinWebhookKey)
	}
	if n := len(c.ServerKey); n > 0 && n < signin.MinServerKey {
		return nil, problem.Detailf(problem.BadConfig, "The server key has %d bytes, fewer than %d.", n, signin.MinServerKey)
	}
	if c.Mail != nil {
		if _, err := c.Mail.Clean(); err != nil {
			return nil, err
		}
	}
	s := &Server{cfg: c.withDefaults(), errands: newErrands()}
	s.post = notify.New(notify.Config{Store: s.cfg.Store, Key: s.cfg.ServerKey, SMTP: s.cfg.Mail, Log: s.cfg.Log, Now: s.cfg.Now, Poll: s.cfg.poll})
	s.roll = &roll.Book{Store: s.cfg.Store, Now: s.cfg.Now}
	s.domains = s.newDomains()
	s.modules = s.newModules()
	s.types = types
	s.mount(types)
	s.admins = s.newAdmins()
	s.sso = s.newSSO()
	if s.console, err = s.newConsole(); err != nil {
		return nil, err
	}
	return s, nil
}

// ServeHTTP serves the public side: /v1, /scim/v2, /readyz and the page at /.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.public.ServeHTTP(w, r) }

// Admin serves /livez, /readyz, /version and /debug/pprof. It asks nobody who
// they are, so bind it where only operators reach it.
func (s *Server) Admin() http.Handler { return s.admin }

// housekeeping is how often sessions that ran out are deleted. They are
// refused from the moment they run out; this only keeps the table small.
const housekeeping = time.Minute

// Run does the work in the background until ctx ends, and returns nil then.
// Several servers on one database may each run it.
func (s *Server) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.hub.Run(ctx) })
	g.Go(func() error { return s.sweep(ctx) })
	g.Go(func() error { return s.index(ctx) })
	g.Go(func() error { return s.purge(ctx) })
	g.Go(func() error { return s.settle(ctx) })
	g.Go(func() error { return s.rank(ctx) })
	g.Go(func() error { return s.keepRequests(ctx) })
	g.Go(func() error { return s.warnOfExpiry(ctx) })
	g.Go(func() error { return s.saml.Run(ctx) })
	g.Go(func() error { return s.post.Run(ctx) })
	g.Go(func() error { return s.errands.Run(ctx) })
	g.Go(func() error { return s.watchProvisioning(ctx) })
	g.Go(func() error { return s.domains.Run(ctx) })
	g.Go(func() error { return s.mirrorPlans(ctx) })
	if s.cfg.OnEvent != nil {
		g.Go(func() error { return s.hook().Run(ctx) })
	}
	g.Go(func() error { return s.sendWebhooks(ctx) })
	if err := g.Wait(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("running in the background: %w", err)
	}
	return nil
}

// sweep deletes expired sessions every minute. A failure is logged and tried
// again: the database may be away for a moment.
func (s *Server) sweep(ctx context.Context) error {
	t := time.NewTicker(housekeeping)
	defer t.Stop()
	for {
		if n, err := s.cfg.Store.ExpireSessions(ctx, s.cfg.Now()); err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "expired sessions could not be deleted", "error", err)
		} else if n > 0 {
			s.cfg.Log.DebugContext(ctx, "expired sessions deleted", "sessions", n)
		}
		if n, err := s.cfg.Store.ExpireTickets(ctx, s.cfg.Now()); err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "what is left of old sign-ins could not be deleted", "error", err)
		} else if n > 0 {
			s.cfg.Log.DebugContext(ctx, "what was left of old sign-ins deleted", "tickets", n)
		}
		if _, err := s.cfg.Store.ExpireAdmins(ctx, s.cfg.Now()); err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "what is left of administrators' sign-ins could not be deleted", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}
