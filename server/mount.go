package server

import (
	"net/http"
	"net/http/pprof"

	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/deliver"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
	"github.com/lanyard-sso/lanyard/server/internal/oauth"
	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// mount puts every handler in its place, with all that each depends on.
//
// The public side has three parts with rules of their own: the API (/v1, never
// cached, problem documents), SCIM (/scim/v2, its own errors, addresses mended)
// and pages (a strict Content-Security-Policy).
func (s *Server) mount(types []*scim.ResourceType) {
	c := s.cfg
	s.hub = deliver.NewHub(c.Store, c.poll, c.Log)
	s.hub.Heard = s.heard
	s.requests = c.Store.RequestLog()

	verifier := &entra.Verifier{ // one for all, so that keys are fetched once
		HTTPClient:        c.HTTPClient,
		Now:               c.Now,
		AllowLoopbackHTTP: api.Loopback(c.PublicURL.Hostname()),
	}
	lookUp := c.limit(lookUpRate, lookUpBurst) // one, whether an app or a page asks
	v1 := http.NewServeMux()
	for _, h := range []interface{ Mount(*http.ServeMux) }{
		&signin.Handler{
			Store:       c.Store,
			Verifier:    verifier,
			PublicURL:   c.PublicURL,
			Now:         c.Now,
			TTL:         c.SessionTTL,
			LookupLimit: lookUp,
			SignInLimit: c.limit(signInRate, signInBurst),
			Proved:      s.proved,
		},
		&deliver.Handler{
			Store: c.Store,
			Hub:   s.hub,
			Now:   c.Now,
			Ping:  c.ping,
		},
	} {
		h.Mount(v1)
	}

	badBearer := c.limit(strangerRate, strangerBurst)
	c.Store.Use(provision.Rules(types))
	provisioning := http.NewServeMux()
	people := provision.New(provision.Config{
		Store:   c.Store,
		BaseURL: c.PublicURL,
		Now:     c.Now,
		Log:     c.Log,
		Record:  s.requests.Add,
		Types:   types,

		Strangers: badBearer,
		ClientIP:  c.clientIP,
	})
	people.Mount(provisioning)

	(&oauth.Handler{
		Store:    c.Store,
		Verifier: c.federation(),
		Now:      c.Now,
		Log:      c.Log,
		Limit:    c.limit(signInRate, signInBurst),
		Record:   s.requests.Add,
	}).Mount(provisioning)

	s.saml = &signin.Refresher{Log: c.Log, Setup: &signin.SAMLSetup{
		Store:     c.Store,
		PublicURL: c.PublicURL,
		Fetcher:   &signin.Fetcher{HTTPClient: c.HTTPClient, Loopback: api.Loopback(c.PublicURL.Hostname())},
		Now:       c.Now,
		Key:       c.ServerKey,
	}}
	pages := http.NewServeMux()
	s.book = s.newBook()
	s.web(verifier, lookUp).Mount(pages)
	pages.Handle("GET /{$}", s.home())
	pages.Handle("GET /page.css", stylesheet())
	pages.Handle("GET /readyz", api.Func(s.ready))

	s.public = s.guarded(provision.Tidy(sections(
		noStore(strangers(badBearer, problems(v1))),
		noStore(asSent(people, problems(provisioning))),
		secured(problems(pages)),
		s.consoleHere(),
	)))

	admin := http.NewServeMux()
	admin.Handle("GET /livez", api.Func(s.alive))
	admin.Handle("GET /readyz", api.Func(s.ready))
	admin.Handle("GET /version", api.Func(s.version))
	// Without pprof.Cmdline: the command line may hold the database's password.
	admin.HandleFunc("GET /debug/pprof/", pprof.Index)
	admin.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	admin.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	admin.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	admin.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	s.admin = s.guarded(noStore(problems(admin)))
}

// guarded stands around everything that a listener serves.
func (s *Server) guarded(h http.Handler) http.Handler {
	return &guard{
		next:  h,
		log:   s.cfg.Log,
		now:   s.cfg.Now,
		ip:    func(r *http.Request) string { return s.cfg.clientIP(r).String() },
		https: s.cfg.PublicURL.Scheme == "https",
	}
}
