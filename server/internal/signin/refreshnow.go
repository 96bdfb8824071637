package signin

import (
	"context"
	"errors"
	"fmt"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Refresh reads the metadata of a connection now, as the Refresher does in its
// time: certificates are taken over, another entity ID is announced
// (problem.MetadataChanged) and waits for Agree. Why it could not be read is
// stored beside the connection, and is the error.
func (s *SAMLSetup) Refresh(ctx context.Context, workspace string) (SAMLOutcome, error) {
	c, err := s.Store.SAML(ctx, workspace)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return SAMLOutcome{}, problem.Wrap(problem.SAMLNotSet, err)
	case err != nil:
		return SAMLOutcome{}, fmt.Errorf("reading the connection: %w", err)
	case c.Metadata.URL == "":
		return SAMLOutcome{}, problem.Detailf(problem.MetadataNotURL, "The values of this connection were entered by hand, so there is no address to read.")
	}
	found, ferr := s.findURL(ctx, c.Metadata.URL, c.Metadata.AnyHost, c.Metadata.EntityID, "", s.Now().UTC())
	after, err := s.Store.UpdateSAML(ctx, workspace, s.Now(), func(n *directory.SAML) ([]directory.Kind, error) {
		if n.Metadata.URL != c.Metadata.URL || n.Metadata.AnyHost != c.Metadata.AnyHost {
			return nil, problem.New(problem.ChangedSince)
		}
		n.Metadata.Tried, n.Metadata.Failure = s.Now().UTC(), ""
		n.Metadata.Next = s.Now().UTC().Add(refreshLeast)
		return found.refreshed(n, ferr)
	})
	switch {
	case ferr != nil:
		return SAMLOutcome{}, errors.Join(ferr, err)
	case err != nil:
		return SAMLOutcome{}, unknownOr(err, "storing the metadata")
	case after.Metadata.ChangedEntityID != "":
		return SAMLOutcome{}, problem.Detailf(problem.MetadataChanged, "It was %s and is now %s.", after.IdP.EntityID, after.Metadata.ChangedEntityID)
	}
	return s.outcome(ctx, after, found)
}
