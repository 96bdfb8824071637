package signin

import (
	"context"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

// Switch lets people sign in by SAML, or nobody. Unlike Set it leaves the result
// of the last test sign-in as it is.
func (s *SAMLSetup) Switch(ctx context.Context, workspace string, on bool) (SAMLOutcome, error) {
	c, err := s.Store.UpdateSAML(ctx, workspace, s.Now(), func(c *directory.SAML) ([]directory.Kind, error) {
		if c.Version == 0 {
			return nil, problem.New(problem.SAMLNotSet)
		}
		c.Disabled = !on
		return nil, nil
	})
	if err != nil {
		return SAMLOutcome{}, unknownOr(err, "switching the connection")
	}
	return s.outcome(ctx, c, finding{})
}

// Expect returns what a response to the workspace is judged by, for explaining
// one. Without a Key encrypted assertions stay unread.
func (s *SAMLSetup) Expect(ctx context.Context, workspace string) (saml.Expect, error) {
	out, err := s.Show(ctx, workspace)
	if err != nil {
		return saml.Expect{}, err
	}
	c := out.SAML
	c.SignRequests = false // nothing is sent
	if len(s.Key) == 0 {
		c.Keys = nil
	}
	p, err := partyOf(s.PublicURL, c, sealer{s.Key})
	if err != nil {
		return saml.Expect{}, err
	}
	return p.expect(c, sealer{s.Key}, s.Now())
}
