package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/admin"
	"github.com/lanyard-sso/lanyard/server/internal/announce"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/account"
	announcepages "github.com/lanyard-sso/lanyard/server/internal/console/announce"
	auditpages "github.com/lanyard-sso/lanyard/server/internal/console/audit"
	domainpages "github.com/lanyard-sso/lanyard/server/internal/console/domains"
	"github.com/lanyard-sso/lanyard/server/internal/console/guide"
	"github.com/lanyard-sso/lanyard/server/internal/console/mobileapps"
	"github.com/lanyard-sso/lanyard/server/internal/console/patterns"
	peoplepages "github.com/lanyard-sso/lanyard/server/internal/console/people"
	"github.com/lanyard-sso/lanyard/server/internal/console/workspaces"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
	"github.com/lanyard-sso/lanyard/server/internal/oidc"
)

// ConsoleConfig is how administrators reach the console.
type ConsoleConfig struct {
	// URL has the scheme and host of the console where they are not those of the
	// server: then [Server.Console] is to be served there, and /admin of the
	// public side is not found. Nil means /admin below the public URL.
	URL *url.URL
	// Disabled switches the console off.
	Disabled bool
	// Idle is how long an administrator stays signed in who does nothing, and
	// Absolute how long at all. Zero means 30 minutes and 12 hours.
	Idle, Absolute time.Duration
	// Patterns adds the page /admin/_patterns, which shows every component of the
	// console in every state, for those who develop it.
	Patterns bool
	// Gallery is the name of your application in Microsoft Entra's gallery. "", as
	// long as it is not listed there, hides that way from administrators.
	Gallery string
}

// Console serves the pages and the JSON API of administrators, below /admin. It is
// mounted on the public side already, unless the configuration gives it an
// address of its own.
func (s *Server) Console() http.Handler { return s.guarded(s.console) }

// ConsoleURL is where administrators begin.
func (s *Server) ConsoleURL() *url.URL { return s.consoleURL().JoinPath(console.Root) }

func (s *Server) consoleURL() *url.URL {
	if s.cfg.Console.URL != nil {
		return s.cfg.Console.URL
	}
	return s.cfg.PublicURL
}

// newConsole puts the console together from its sections.
func (s *Server) newConsole() (*console.Console, error) {
	if d := s.cfg.Console; d.Idle < 0 || d.Absolute < 0 {
		return nil, problem.Detailf(problem.BadConfig, "How long administrators stay signed in must not be negative.")
	}
	c, err := console.New(console.Config{
		Store: s.cfg.Store, URL: s.consoleURL(), Public: s.cfg.PublicURL, Sentry: s.sentry(), Sections: s.consoleSections(),
		Now: s.cfg.Now, Log: s.cfg.Log, ClientIP: s.cfg.clientIP, Version: s.cfg.Version,
		SignIn: account.SignIn, Frozen: s.frozen, Environment: s.environment, Home: "workspaces.list",
	})
	if err != nil {
		return nil, fmt.Errorf("putting the console together: %w", err)
	}
	return c, nil
}

// consoleSections are all pages of administrators.
func (s *Server) consoleSections() []console.Section {
	all := []console.Section{
		account.Section{Admin: s.admins},
		peoplepages.New(peoplepages.Config{Store: s.cfg.Store}),
		auditpages.New(auditpages.Config{Store: s.cfg.Store}),
		&workspaces.Section{Modules: s.modules, Store: s.cfg.Store, CopyRoles: s.copyRoles},
		s.samlPages(),
		s.microsoftPages(),
		s.provisioningPages(),
		domainpages.New(s.domains),
		mobileapps.New(s.Mobile(), s.cfg.Store),
		guide.New(guide.Config{Store: s.cfg.Store, Plan: s.modules.Plan, Brand: s.cfg.AppName}),
		announcepages.New(&announce.Desk{Store: s.cfg.Store, Post: s.post, PublicURL: s.cfg.PublicURL, Now: s.cfg.Now, Book: s.roll}),
	}
	if s.cfg.Console.Patterns {
		all = append(all, patterns.Section{})
	}
	return all
}

// newAdmins makes what knows administrators.
func (s *Server) newAdmins() *admin.Admin {
	c := s.cfg
	loopback := api.Loopback(s.consoleURL().Hostname())
	return admin.New(admin.Config{
		Store: c.Store, URL: s.consoleURL(), Key: c.ServerKey, ClientIP: c.clientIP, Mail: s.post,
		Idle: c.Console.Idle, Absolute: c.Console.Absolute,
		Microsoft: &oidc.Client{
			Verifier:   &entra.Verifier{HTTPClient: c.HTTPClient, Now: c.Now, AllowLoopbackHTTP: loopback},
			HTTPClient: c.HTTPClient, Now: c.Now, AllowLoopbackHTTP: loopback,
		},
		InsecureNoRateLimits: c.InsecureNoRateLimits, Log: c.Log, Now: c.Now,
	})
}

// sentry says who administrators are.
func (s *Server) sentry() console.Sentry {
	if s.cfg.sentry != nil {
		return s.cfg.sentry
	}
	return s.admins
}

// ConsoleUpload is a file for [Server.Do].
type ConsoleUpload = console.Upload

// Do does what one of the console's pages or acts does, for a command on the
// server's machine: it asks nobody who they are. name is that of the route, as in
// [Server.ConsoleRoutes]; workspace is "" where it has none. What it answers can be
// encoded as JSON.
func (s *Server) Do(ctx context.Context, name, workspace string, values url.Values, files map[string]ConsoleUpload) (any, error) {
	return s.console.Do(ctx, name, workspace, values, files)
}

// ConsoleRoutes are the pages and acts of the console.
func (s *Server) ConsoleRoutes() []console.Route { return s.console.Routes() }

// TakesFile says whether a field of a route is a file.
func (s *Server) TakesFile(name, field string) bool { return s.console.TakesFile(name, field) }
