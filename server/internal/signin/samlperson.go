package signin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

// claimed is who a verified result is about, as the directory's rules want it.
//
// People are recognised by their object id. A provider that sends none is
// believed about its own people: they are recognised by issuer and NameID,
// unless the NameID is another one each time.
func claimed(k parked) identity {
	id := identity{
		Identity: directory.Identity{
			ObjectID: k.Identity.ObjectID, TenantID: k.Identity.TenantID,
			UserName: k.Identity.UserName, Email: k.Session.Email, Name: k.Identity.DisplayName,
		},
		guest: k.Identity.Guest, given: k.Identity.GivenName, family: k.Identity.FamilyName, roles: k.Identity.Roles,
	}
	if id.ObjectID == "" && k.Session.Format != saml.FormatTransient && k.Session.NameID != "" {
		id.ObjectID, id.keyed = directory.SubjectKey(k.Session.Issuer, k.Session.NameID), true
	}
	if id.UserName == "" {
		id.UserName = id.Email
	}
	if id.UserName == "" && k.Session.Format != saml.FormatTransient && k.Session.Format != saml.FormatPersistent {
		id.UserName = k.Session.NameID
	}
	if id.Name == "" {
		id.Name = strings.TrimSpace(id.given + " " + id.family)
	}
	return id
}

// rule is directory.AdmitSAML for this connection and person.
func (v visit) rule(id identity) func(*directory.User) error {
	return func(u *directory.User) error {
		return directory.AdmitSAML(v.ws, v.conn.JIT, u, directory.Claimed{Identity: id.Identity, Guest: id.guest})
	}
}

// again is the rule in the transaction of a session.
func (h *SAMLHandler) again(v visit, u directory.User, k parked) error {
	return v.rule(claimed(k))(&u)
}

// admitted returns the person of a verified result, linked or created where the
// workspace allows it.
func (h *SAMLHandler) admitted(ctx context.Context, v visit, k parked) (directory.User, error) {
	id := claimed(k)
	u, err := h.lookUp(ctx, v.ws, id)
	if err != nil {
		return directory.User{}, err
	}
	return people{h.Store, h.Now}.enter(ctx, v.ws, u, id, v.rule(id))
}

// lookUp finds who in the directory may be meant: whoever has the object id or
// key, else whoever has the e-mail address, if that is of the workspace's own
// domain, else whoever has the user name. Whether the one found may come in is
// the rule's decision. An address of several people is nobody's.
func (h *SAMLHandler) lookUp(ctx context.Context, ws directory.Workspace, id identity) (*directory.User, error) {
	p := people{h.Store, h.Now}
	if id.ObjectID == "" {
		return nil, problem.Wrap(problem.SAMLNoObjectID, errors.New("no object id, and a NameID that does not last"))
	}
	u, err := p.byObjectID(ctx, ws, id)
	if u != nil || err != nil || id.guest {
		return u, err
	}
	if directory.VerifiedEmail(ws, id.Email) {
		found, err := h.Store.UsersByEmail(ctx, ws.Directory, id.Email)
		switch {
		case err != nil:
			return nil, fmt.Errorf("looking for the person: %w", err)
		case len(found) > 1:
			return nil, problem.Wrap(problem.NotLinked, errors.New("several people have the e-mail address"))
		case len(found) == 1:
			return &found[0], nil
		}
	}
	return p.byUserName(ctx, ws, id)
}
