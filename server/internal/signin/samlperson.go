package signin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

// claimed is who a verified result is about, as the directory's rules want it.
//
// People are recognised by their object id. A provider that sends none is
// believed about its own people: they are recognised by issuer and NameID, and
// where that is no name that lasts, it joins nobody who was known otherwise.
//
// Where no claim says a user name, an address takes its place: so people may be
// called, and not be recognised.
func claimed(k parked) identity {
	id := identity{
		Identity: directory.Identity{
			ObjectID: k.Identity.ObjectID, TenantID: k.Identity.TenantID,
			UserName: k.Identity.UserName, Email: k.Session.Email, Name: k.Identity.DisplayName,
		},
		guest: k.Identity.Guest, given: k.Identity.GivenName, family: k.Identity.FamilyName, roles: k.Identity.Roles,
		issuer: k.Session.Issuer,
	}
	if id.ObjectID == "" && k.Session.NameID != "" && k.Session.Format != saml.FormatTransient {
		id.ObjectID, id.keyed = directory.SubjectKey(k.Session.Issuer, qualified(k.Session)), true
		id.fleeting = !lasts(k)
	}
	if id.UserName == "" {
		id.UserName, id.borrowed = id.Email, true
	}
	if id.UserName == "" && k.Session.Format != saml.FormatTransient && k.Session.Format != saml.FormatPersistent {
		id.UserName, id.borrowed = k.Session.NameID, false
	}
	if id.Name == "" {
		id.Name = strings.TrimSpace(id.given + " " + id.family)
	}
	return id
}

// lasts reports whether a NameID is the same person's for ever. Microsoft's is
// an address or a user name unless somebody chose otherwise, and those are given
// to others when their owner leaves: a tenant has object ids for that.
func lasts(k parked) bool {
	return k.Identity.TenantID == "" || k.Session.Format == saml.FormatPersistent || uuid.Validate(k.Session.NameID) == nil
}

// qualified is a NameID with the domain that it is of, where that is not the
// issuer's own (SAML core, 2.2.2): two domains may give the same name.
func qualified(s directory.SAMLSession) string {
	if s.NameQualifier == "" || s.NameQualifier == s.Issuer {
		return s.NameID
	}
	return s.NameQualifier + "\x00" + s.NameID
}

// rolesFrom returns the roles that count for somebody who is created. Providers
// other than Entra send all that a person has, in other applications too: those
// make no administrator here, unless somebody chose the claim or made a rule.
func (v visit) rolesFrom(id saml.Identity) []string {
	if v.idp.TenantID != "" || v.conn.ClaimMap[directory.ClaimRoles] != "" {
		return id.Roles
	}
	return slices.DeleteFunc(slices.Clone(id.Roles), func(role string) bool {
		return directory.Powerful(role) && !slices.ContainsFunc(v.ws.RoleRules, func(r directory.RoleRule) bool {
			return directory.Fold(r.AppRole) == directory.Fold(role)
		})
	})
}

// rule is directory.AdmitSAML for this connection and person. The word of a
// provider that was replaced since is worth nothing.
func (v visit) rule(id identity) func(*directory.User) error {
	who := directory.Claimed{Identity: id.Identity, Guest: id.guest}
	if id.borrowed {
		who.UserName = ""
	}
	return func(u *directory.User) error {
		if id.issuer != v.conn.IdP.EntityID {
			return problem.Wrap(problem.SAMLIssuer, errors.New("the identity provider was replaced meanwhile"))
		}
		return directory.AdmitSAML(v.ws, v.conn.JIT, u, who)
	}
}

// admitted returns the person of a verified result, linked or created where the
// workspace allows it.
func (h *SAMLHandler) admitted(ctx context.Context, v visit, k parked) (directory.User, error) {
	id := claimed(k)
	u, err := h.lookUp(ctx, v.ws, v.conn.JIT, id)
	if err != nil {
		return directory.User{}, err
	}
	return h.people(directory.MethodSAML).enter(ctx, v.ws, u, id, v.rule(id))
}

func (h *SAMLHandler) people(m directory.Method) people { return people{h.Store, h.Now, m} }

// lookUp finds who in the directory may be meant: whoever has the object id or
// key, else whoever has the e-mail address, if that is of the workspace's own
// domain, else whoever has the user name. Whether the one found may come in is
// the rule's decision. An address of several people is nobody's.
//
// Somebody of a fleeting name is whoever it was given to when they were created
// here, and nobody else: a colleague who left may have had it before.
func (h *SAMLHandler) lookUp(ctx context.Context, ws directory.Workspace, jit bool, id identity) (*directory.User, error) {
	p := h.people("")
	if id.ObjectID == "" {
		return nil, problem.Wrap(problem.SAMLNoObjectID, errors.New("no object id, and no NameID that could take its place"))
	}
	u, err := p.byObjectID(ctx, ws, id)
	if u != nil || err != nil || id.guest {
		return u, err
	}
	u, err = h.byName(ctx, p, ws, id)
	if err == nil && id.fleeting && (u != nil || !jit) {
		return nil, problem.Wrap(problem.SAMLNoObjectID, errors.New("no object id, and a NameID that may be given to others"))
	}
	return u, err
}

// byName finds who has the e-mail address or the user name.
func (h *SAMLHandler) byName(ctx context.Context, p people, ws directory.Workspace, id identity) (*directory.User, error) {
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
	if id.borrowed {
		return nil, nil
	}
	return p.byUserName(ctx, ws, id)
}
