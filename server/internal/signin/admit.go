package signin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// people finds, links and creates the people of a directory at their sign-in.
type people struct {
	store Store
	now   func() time.Time
	// method is how they come.
	method directory.Method
}

// admit returns the person that id is in the directory, linked or created
// where the workspace allows it, or says why there is none.
func (h *Handler) admit(ctx context.Context, ws directory.Workspace, id identity) (directory.User, error) {
	p := people{h.Store, h.Now, directory.MethodMicrosoft}
	u, err := p.lookUp(ctx, ws, id)
	if err != nil {
		return directory.User{}, err
	}
	return p.enter(ctx, ws, u, id, func(u *directory.User) error { return directory.Admit(ws, u, id.Identity) })
}

// enter lets id in as u, whom it was found to be, if rule and the workspace's
// policy do: links the person, or creates them where u is nil. That somebody was
// refused is noted with the person they were found to be (row D10).
func (h people) enter(ctx context.Context, ws directory.Workspace, u *directory.User, id identity, rule func(*directory.User) error) (directory.User, error) {
	entered, err := h.admitted(ctx, ws, u, id, rule)
	if err != nil && u != nil {
		code, _ := problem.Of(err)
		h.store.NoteRefused(store.Refused{At: h.now(), Directory: ws.Directory, Workspace: ws.ID, User: u.ID, Method: h.method, Code: code})
	}
	return entered, err
}

func (h people) admitted(ctx context.Context, ws directory.Workspace, u *directory.User, id identity, rule func(*directory.User) error) (directory.User, error) {
	if err := h.permitted(ctx, ws, u, id, rule); err != nil {
		return directory.User{}, err
	}
	switch {
	case u == nil:
		made, err := h.create(ctx, ws, id, rule)
		if err == nil { // they may have to wait for a seat
			err = h.permitted(ctx, ws, &made, id, rule)
		}
		return made, err
	case directory.NeedsLink(*u, id.Identity):
		return h.link(ctx, ws, *u, id)
	}
	return *u, nil
}

// permitted asks rule, and then the workspace's policy, about a person or about
// somebody who would be created.
func (h people) permitted(ctx context.Context, ws directory.Workspace, u *directory.User, id identity, rule func(*directory.User) error) error {
	if err := rule(u); err != nil {
		return err
	}
	if u != nil {
		g, err := h.store.Gate(ctx, ws, h.method, *u, h.now())
		if err != nil {
			return err
		}
		return g.Permit(*u)
	}
	p, err := h.store.Policy(ctx, ws, h.now())
	if err != nil {
		return err
	}
	known := id.Identity
	if id.mail != "" {
		known.Email = id.mail
	}
	return p.Permit(h.method, p.Newcomer(known))
}

// entering is rule and the workspace's policy about a person as they are in the
// transaction that stores their session. The policy is read before it; each use of
// the session asks again.
func (h people) entering(ctx context.Context, ws directory.Workspace, u directory.User, rule func(*directory.User) error) (func(directory.User) error, error) {
	g, err := h.store.Gate(ctx, ws, h.method, u, h.now())
	if err != nil {
		return nil, err
	}
	return func(u directory.User) error {
		if err := rule(&u); err != nil {
			return err
		}
		return g.Permit(u)
	}, nil
}

// lookUp finds who in the directory may be meant: whoever has the object id,
// archived people too, else whoever has the user name. A provisioner may write
// object ids in capitals; the identity has them in small letters. It returns nil
// when there is nobody. Whether the one found may come in is directory.Admit's
// decision.
//
// A guest's user name was given by another organisation, which could choose
// that of a colleague. So guests are found by object id only.
func (h people) lookUp(ctx context.Context, ws directory.Workspace, id identity) (*directory.User, error) {
	u, err := h.byObjectID(ctx, ws, id)
	if u != nil || err != nil {
		return u, err
	}
	return h.byUserName(ctx, ws, id)
}

// byObjectID finds who has the object id, as it is or in capitals.
func (h people) byObjectID(ctx context.Context, ws directory.Workspace, id identity) (*directory.User, error) {
	for _, oid := range []string{id.ObjectID, strings.ToUpper(id.ObjectID)} {
		u, err := h.store.UserByObjectID(ctx, ws.Directory, oid)
		if err == nil {
			return &u, nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return nil, fmt.Errorf("looking for the person: %w", err)
		}
	}
	return nil, nil
}

// byUserName finds who has the user name, unless that was a guest's.
func (h people) byUserName(ctx context.Context, ws directory.Workspace, id identity) (*directory.User, error) {
	if id.guest || id.UserName == "" {
		return nil, nil
	}
	u, err := h.store.UserByUserName(ctx, ws.Directory, id.UserName)
	switch {
	case err == nil:
		return &u, nil
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalid):
		return nil, nil
	}
	return nil, fmt.Errorf("looking for the person: %w", err)
}

// manyOfName is more people than one user name has belonged to.
const manyOfName = 1000

// neverRemoved refuses an identity that may be one of the archived people who
// had its user name: one whose object id was never known.
func (h people) neverRemoved(ctx context.Context, ws directory.Workspace, id identity) error {
	q := store.Query{UserName: &id.UserName, State: directory.Archived, Count: manyOfName}
	found, total, err := h.store.FindUsers(ctx, ws.Directory, q)
	if err != nil {
		return fmt.Errorf("looking among archived people: %w", err)
	}
	for _, gone := range found {
		if strings.EqualFold(gone.ExternalID, id.ObjectID) {
			return problem.Wrap(problem.AccessEnded, errors.New("an archived person has this object id"))
		}
		if gone.ObjectID == "" && uuid.Validate(gone.ExternalID) != nil {
			return problem.Wrap(problem.NotLinked, errors.New("an archived person without an object id had this user name"))
		}
	}
	if total > len(found) {
		return problem.Wrap(problem.NotLinked, errors.New("too many archived people had this user name"))
	}
	return nil
}

// link joins u with the object id, once and for all: from now on the user name
// may change hands without anybody becoming somebody else.
func (h people) link(ctx context.Context, ws directory.Workspace, u directory.User, id identity) (directory.User, error) {
	proof := "user name"
	if directory.VerifiedEmail(ws, id.Email) && directory.HasEmail(u, id.Email) && h.method != directory.MethodMicrosoft {
		proof = "e-mail address of a verified domain"
	}
	ctx, _ = store.WithAudit(ctx, linkEntry(ctx, ws, u, h.method, id.ObjectID, proof, h.now()))
	err := h.store.LinkObjectID(ctx, ws.Directory, u.ID, id.ObjectID, h.now())
	switch {
	case errors.Is(err, store.ErrExists), errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrNotFound):
		// Somebody else was linked to one of the two in the meantime.
		return directory.User{}, problem.Wrap(problem.NotLinked, err)
	case err != nil:
		return directory.User{}, fmt.Errorf("linking the person: %w", err)
	}
	u.ObjectID = id.ObjectID
	return u, nil
}

// create makes a person at sign-in (just in time), with their object id as
// externalId, so that a provisioner that comes later finds them.
//
// Refused are guests, whose user name might be meant for somebody who is
// provisioned later; and a name that belonged to someone archived whose object
// id was never known, since this may be that person: Entra has to say.
func (h people) create(ctx context.Context, ws directory.Workspace, id identity, rule func(*directory.User) error) (directory.User, error) {
	if id.guest || id.UserName == "" {
		return directory.User{}, problem.Wrap(problem.NotAdmitted, errors.New("a guest or nameless person is not created at sign-in"))
	}
	if err := h.neverRemoved(ctx, ws, id); err != nil {
		return directory.User{}, err
	}
	u, err := h.newUser(ws, id)
	if err != nil {
		return directory.User{}, fmt.Errorf("making the person: %w", err)
	}
	err = h.store.InsertUser(ctx, u, directory.Change(directory.User{}, u).Events...)
	if errors.Is(err, store.ErrExists) {
		// A second device of the same person, or Entra, was quicker.
		found, ferr := h.store.UserByObjectID(ctx, ws.Directory, id.ObjectID)
		if ferr != nil {
			return directory.User{}, problem.Wrap(problem.NotLinked, err)
		}
		return found, rule(&found)
	}
	if err != nil {
		return directory.User{}, fmt.Errorf("creating the person: %w", err)
	}
	return u, nil
}

// newUser is the SCIM resource that Entra would have sent, as far as a token
// tells. The e-mail address is for display: nobody is ever recognised by it.
func (h people) newUser(ws directory.Workspace, id identity) (directory.User, error) {
	type email struct {
		Value   string `json:"value"`
		Type    string `json:"type"`
		Primary bool   `json:"primary"`
	}
	type name struct {
		Given  string `json:"givenName,omitempty"`
		Family string `json:"familyName,omitempty"`
	}
	type role struct {
		Value string `json:"value"`
	}
	doc := struct {
		Schemas     []string `json:"schemas"`
		UserName    string   `json:"userName"`
		ExternalID  string   `json:"externalId,omitempty"`
		DisplayName string   `json:"displayName,omitempty"`
		Name        name     `json:"name,omitzero"`
		Active      bool     `json:"active"`
		Emails      []email  `json:"emails,omitempty"`
		Roles       []role   `json:"roles,omitempty"`
	}{
		Schemas:     []string{"urn:ietf:params:scim:schemas:core:2.0:User"},
		UserName:    id.UserName,
		ExternalID:  id.external(),
		DisplayName: id.Name,
		Name:        name{id.given, id.family},
		Active:      true,
	}
	for _, r := range id.roles {
		doc.Roles = append(doc.Roles, role{r})
	}
	if mail := cmp.Or(id.mail, id.Email); mail != "" {
		doc.Emails = []email{{Value: mail, Type: "work", Primary: true}}
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return directory.User{}, err
	}
	uid, err := uuid.NewV7()
	if err != nil {
		return directory.User{}, err
	}
	now := h.now().UTC()
	u := directory.User{
		ID:         uid.String(),
		UserName:   id.UserName,
		ExternalID: id.external(),
		State:      directory.Active,
		Created:    now,
		Modified:   now,
		Doc:        raw,
	}
	if u.ExternalID == "" {
		u.ObjectID = id.ObjectID
	}
	return directory.NewUser(ws, u)
}
