package provision

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// createUser makes a person. The store's unique keys decide who is first: of
// two requests for one person exactly one gets 201, and a repeated
// one 409, after which Entra searches and finds what it made.
func (c *call) createUser(ctx context.Context, q *ask) (*reply, error) {
	body, err := scim.Decode(q.body)
	if err != nil {
		return nil, err
	}
	c.made("", nameOf(body))
	made, err := q.rt.Create(body)
	if err != nil {
		return nil, err
	}
	c.compared(nil, made.After)
	id, err := newID()
	if err != nil {
		return nil, err
	}
	now := c.now()
	u := directory.User{ID: id, Created: now, Modified: now}
	if err := fill(q.rt, &u, made.After); err != nil {
		return nil, err
	}
	plain := len(u.Doc)
	if u, err = directory.NewUser(c.ws, u); err != nil {
		return nil, fmt.Errorf("giving a new person the workspace's defaults: %w", err)
	}
	if len(u.Doc) != plain { // the default department is searched by as well
		if u, err = normal(q.rt, u); err != nil {
			return nil, err
		}
	}
	if err := c.accept(directory.User{}, nil, made.After); err != nil {
		return nil, err
	}
	if err := c.inside(ctx, u); err != nil {
		return nil, err
	}
	if err := c.returning(ctx, &u); err != nil {
		return nil, err
	}
	if err := c.h.cfg.Store.InsertUser(ctx, u, directory.Change(directory.User{}, u).Events...); err != nil {
		return nil, taken(q.rt, err, made.After)
	}
	c.made(u.ID, u.UserName)
	c.note(ctx, u.ID, made.Ignored)
	return c.showPerson(ctx, q, http.StatusCreated, u)
}

// newID makes the id of a resource. Ids that grow with time keep the index
// compact; they are no secret.
func newID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("making an id: %w", err)
	}
	return id.String(), nil
}

// normal writes the document of u as this package does, and its terms.
func normal(rt *scim.ResourceType, u directory.User) (directory.User, error) {
	doc, err := document(u)
	if err != nil {
		return u, err
	}
	return u, fill(rt, &u, doc)
}

// returning keeps somebody who was deleted and comes back from being an admin
// (row E8): to be made anew is a way of coming back.
func (c *call) returning(ctx context.Context, u *directory.User) error {
	if u.ExternalID == "" || !directory.Powerful(u.Role) {
		return nil
	}
	was, err := c.h.cfg.Store.HadRole(ctx, c.ws.Directory, u.ExternalID)
	if err != nil || was.Had == "" {
		return err
	}
	u.Ranking.Had, u.Ranking.HadUntil = was.Had, was.HadUntil
	*u = directory.Rank(c.ws, *u, u.State, nil)
	return nil
}

// fill copies what the rules need to see from the document into the person, and
// computes what they are searched by.
func fill(rt *scim.ResourceType, u *directory.User, doc scim.Resource) error {
	u.UserName, _ = doc["userName"].(string)
	u.ExternalID, _ = doc["externalId"].(string)
	u.State = directory.Suspended
	if doc["active"] == true {
		u.State = directory.Active
	}
	u.Terms = terms(rt, doc)
	var err error
	u.Doc, err = doc.Encode()
	return err
}

// taken names the attribute that another resource has already.
func taken(rt *scim.ResourceType, err error, doc scim.Resource) error {
	var exists store.Exists
	if !errors.As(err, &exists) {
		return fmt.Errorf("storing a resource: %w", err)
	}
	field := exists.Field
	if field == "objectId" {
		field = "externalId"
	}
	name, value := rt.Value(doc, field)
	return fmt.Errorf("%w (%w)", scim.Conflict(name, value), err)
}

// note logs what a request carried that no schema declares.
func (c *call) note(ctx context.Context, id string, ignored []string) {
	if len(ignored) > 0 {
		c.h.cfg.Log.InfoContext(ctx, "scim attributes ignored", "workspace", c.ws.ID, "resource", id, "attributes", ignored)
	}
}

// user reads a person. Who is archived is gone for SCIM.
func (c *call) user(ctx context.Context, id string) (directory.User, error) {
	if !nameable(id) {
		return directory.User{}, notFound(id)
	}
	u, err := c.h.cfg.Store.User(ctx, c.ws.Directory, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && u.State == directory.Archived {
		return directory.User{}, notFound(id)
	}
	if err != nil {
		return directory.User{}, fmt.Errorf("reading a person: %w", err)
	}
	c.name = u.UserName
	return u, nil
}

// nameable reports whether id could be the id of anything.
func nameable(id string) bool { return id != "" && len(id) <= scim.MaxKey && storable(id) }

// storable reports whether a database could hold s at all. PostgreSQL refuses
// the rest even in a question.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func notFound(id string) error {
	return &scim.Error{Status: http.StatusNotFound, Detail: fmt.Sprintf("There is no resource with the id %.64q.", id)}
}

func (c *call) getUser(ctx context.Context, q *ask) (*reply, error) {
	u, err := c.user(ctx, q.id)
	if err != nil {
		return nil, err
	}
	if same := q.unchanged(u.Version); same != nil {
		return same, nil
	}
	return c.showPerson(ctx, q, http.StatusOK, u)
}

func (c *call) replaceUser(ctx context.Context, q *ask) (*reply, error) {
	body, err := scim.Decode(q.body)
	if err != nil {
		return nil, err
	}
	return c.updateUser(ctx, q, func(before scim.Resource) (scim.Result, error) { return q.rt.Replace(before, body) })
}

func (c *call) patchUser(ctx context.Context, q *ask) (*reply, error) {
	ops, err := scim.ParsePatch(q.body)
	if err != nil {
		return nil, err
	}
	return c.updateUser(ctx, q, func(before scim.Resource) (scim.Result, error) { return q.rt.Patch(before, ops) })
}

// updateUser changes the document of a person and answers with the result.
func (c *call) updateUser(ctx context.Context, q *ask, change func(scim.Resource) (scim.Result, error)) (*reply, error) {
	var ignored []string
	u, err := c.saveUser(ctx, q, func(before directory.User) (directory.User, error) {
		doc, err := document(before)
		if err != nil {
			return before, err
		}
		made, err := change(doc)
		if err != nil {
			return before, err
		}
		if ignored = made.Ignored; !made.Changed {
			return before, nil
		}
		c.compared(doc, made.After)
		if err := c.accept(before, doc, made.After); err != nil {
			return before, err
		}
		after := before
		if err := fill(q.rt, &after, made.After); err != nil {
			return before, err
		}
		return after, nil
	})
	if err != nil {
		return nil, err
	}
	c.note(ctx, u.ID, ignored)
	return c.showPerson(ctx, q, http.StatusOK, u)
}

// deleteUser archives a person: gone for SCIM, kept for the workspace.
func (c *call) deleteUser(ctx context.Context, q *ask) (*reply, error) {
	if c.ws.DeleteMode == directory.DeleteReject {
		if _, err := c.user(ctx, q.id); err != nil {
			return nil, err // who is gone is gone, and Entra need not ask again
		}
		return nil, &scim.Error{
			Status: http.StatusMethodNotAllowed,
			Detail: "This workspace deletes nobody; set active to false instead. In Entra, open Provisioning, Mappings, and take Delete out of the target object actions.",
		}
	}
	_, err := c.saveUser(ctx, q, func(before directory.User) (directory.User, error) {
		after := before
		after.State = directory.Archived
		return after, nil
	})
	if err != nil {
		return nil, err
	}
	return &reply{status: http.StatusNoContent}, nil
}

// saveUser reads, changes and stores a person together with what follows from
// the change. When somebody else was faster it is done again where nobody can
// be: inside the store's writer, so that of many changes at once none is lost.
// An If-Match is then judged anew as well.
func (c *call) saveUser(ctx context.Context, q *ask, change func(directory.User) (directory.User, error)) (directory.User, error) {
	before, err := c.user(ctx, q.id)
	if err != nil {
		return before, err
	}
	step := func(before directory.User) (directory.User, directory.Consequence, error) {
		if err := q.stale(before.Version); err != nil {
			return before, directory.Consequence{}, err
		}
		after, err := change(before)
		if err != nil || len(directory.Change(before, after).Events) == 0 {
			return before, directory.Consequence{}, err
		}
		after.Version, after.Modified = before.Version+1, c.now()
		causes := directory.Change(before, after)
		causes.Rank = &c.ws
		return after, causes, nil
	}
	after, causes, err := step(before)
	if err != nil || len(causes.Events) == 0 {
		return before, err
	}
	err = c.h.cfg.Store.SaveUser(ctx, after, before.Version, causes)
	if errors.Is(err, store.ErrConflict) {
		after, err = c.h.cfg.Store.UpdateUser(ctx, c.ws.Directory, q.id, func(now directory.User) (directory.User, directory.Consequence, error) {
			if now.State == directory.Archived {
				return now, directory.Consequence{}, notFound(q.id)
			}
			after, causes, err = step(now)
			return after, causes, err
		})
	}
	var known *scim.Error
	switch {
	case err == nil || errors.As(err, &known):
		return after, err
	case errors.Is(err, store.ErrNotFound):
		return before, notFound(q.id)
	}
	doc, docErr := document(after)
	if docErr != nil {
		return before, errors.Join(err, docErr)
	}
	return before, taken(q.rt, err, doc)
}
