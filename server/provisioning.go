package server

import (
	"context"

	"github.com/lanyard-sso/lanyard/server/api"
	provisioningpages "github.com/lanyard-sso/lanyard/server/internal/console/provisioning"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// provisioningPages are the console's pages about provisioning.
func (s *Server) provisioningPages() *provisioningpages.Section {
	types := s.types
	c := provisioningpages.Config{
		Store: s.cfg.Store, Post: s.post, Gallery: s.cfg.Console.Gallery, Brand: s.cfg.AppName, LoopbackIssuers: api.Loopback(s.cfg.PublicURL.Hostname()),
		Try: provision.New(provision.Config{Store: s.cfg.Store, BaseURL: s.cfg.PublicURL, Now: s.cfg.Now, Types: types}),
	}
	for _, rt := range types {
		if rt.Core.ID == scim.UserSchema {
			c.People = rt
		}
	}
	return provisioningpages.New(c)
}

// watchProvisioning tells people of provisioning that fails, until ctx ends.
func (s *Server) watchProvisioning(ctx context.Context) error {
	return notify.Watch{
		Store: s.cfg.Store, Post: s.post, Log: s.cfg.Log, Now: s.cfg.Now,
		Page: func(workspace string) string {
			return s.ConsoleURL().JoinPath("workspaces", workspace, "provisioning", "sync").String()
		},
	}.Run(ctx)
}
