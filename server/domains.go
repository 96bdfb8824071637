package server

import "github.com/lanyard-sso/lanyard/server/internal/domains"

// Resolver asks DNS for the TXT records that prove domains. A *net.Resolver is
// one. What it answers that there is no such record is a *net.DNSError with
// IsNotFound.
type Resolver = domains.Resolver

// newDomains makes what keeps the domains of workspaces. [Server.Run] has it look
// for records.
func (s *Server) newDomains() *domains.Flow {
	return &domains.Flow{Store: s.cfg.Store, Resolver: s.cfg.Resolver, Mail: s.post, PublicURL: s.cfg.PublicURL, Now: s.cfg.Now, Log: s.cfg.Log, Book: s.roll}
}
