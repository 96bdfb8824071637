package server

import (
	"context"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

// FirstAdminLink makes a link by which whoever opens it becomes the owner of the
// server; the one before ends. The link is a secret: show it to the operator and
// nobody else. Where an owner can sign in already, or nobody could in the console,
// as it is off or the server has no key, it is "".
func (s *Server) FirstAdminLink(ctx context.Context) (link string, expires time.Time, err error) {
	if s.cfg.Console.Disabled || len(s.cfg.ServerKey) == 0 {
		return "", time.Time{}, nil
	}
	l, err := s.admins.FirstLink(ctx)
	if code, _ := problem.Of(err); code == problem.AdminHasOwner {
		return "", time.Time{}, nil
	}
	return l.URL, l.Expires, err
}
