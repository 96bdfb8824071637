package provision

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// A thing is a resource that is not a person: a group, or one of a type that
// the configuration declares.

func (c *call) createThing(ctx context.Context, q *ask) (*reply, error) {
	body, err := scim.Decode(q.body)
	if err != nil {
		return nil, err
	}
	var named scim.Members
	if isGroups(q.rt) {
		if body, named, _, err = q.rt.TakeMembers(body); err != nil {
			return nil, err
		}
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
	r := directory.Resource{Type: q.rt.Name, ID: id, Directory: c.ws.Directory, Version: 1, Created: now, Modified: now}
	if err := fillThing(q.rt, &r, made.After); err != nil {
		return nil, err
	}
	members := storeMembers(named.Add)
	if err := c.h.cfg.Store.InsertGroup(ctx, c.rank(), r, members); err != nil {
		return nil, thingError(q.rt, id, err, made.After)
	}
	c.made(id, r.DisplayName)
	c.note(ctx, id, made.Ignored)
	r.Members = len(members)
	if len(members) > 0 {
		c.ranked(ctx)
	}
	return c.showThing(ctx, q, http.StatusCreated, r)
}

// fillThing copies what the store needs to see from the document.
func fillThing(rt *scim.ResourceType, r *directory.Resource, doc scim.Resource) error {
	r.DisplayName, _ = doc["displayName"].(string)
	r.ExternalID, _ = doc["externalId"].(string)
	r.Terms = terms(rt, doc)
	var err error
	r.Doc, err = doc.Encode()
	return err
}

func storeMembers(members []scim.Member) []directory.Member {
	out := make([]directory.Member, len(members))
	for i, m := range members {
		out[i] = directory.Member{Kind: directory.MemberKind(m.Type), ID: m.ID}
	}
	return out
}

// thingError says what the store refused.
func thingError(rt *scim.ResourceType, id string, err error, doc scim.Resource) error {
	var known *scim.Error
	var unknown store.UnknownMember
	switch {
	case errors.As(err, &known):
		return err
	case errors.As(err, &unknown):
		return fmt.Errorf("%w (%w)", scim.UnknownMember(unknown.ID), err)
	case errors.Is(err, store.ErrNotFound):
		return notFound(id)
	}
	return taken(rt, err, doc)
}

// readThing reads a thing by its id.
func (c *call) readThing(ctx context.Context, rt *scim.ResourceType, id string) (directory.Resource, error) {
	if !nameable(id) {
		return directory.Resource{}, notFound(id)
	}
	r, err := c.h.cfg.Store.Resource(ctx, c.ws.Directory, rt.Name, id)
	if errors.Is(err, store.ErrNotFound) {
		return r, notFound(id)
	}
	if err != nil {
		return r, fmt.Errorf("reading a resource: %w", err)
	}
	c.name = r.DisplayName
	return r, nil
}

func (c *call) getThing(ctx context.Context, q *ask) (*reply, error) {
	r, err := c.readThing(ctx, q.rt, q.id)
	if err != nil {
		return nil, err
	}
	if same := q.unchanged(r.Version); same != nil {
		return same, nil
	}
	return c.showThing(ctx, q, http.StatusOK, r)
}

func (c *call) replaceThing(ctx context.Context, q *ask) (*reply, error) {
	body, err := scim.Decode(q.body)
	if err != nil {
		return nil, err
	}
	var named scim.Members
	if isGroups(q.rt) {
		// A PUT that says nothing about members leaves them: RFC 7644 section
		// 3.5.1 lets the server choose, and an emptied group costs people access.
		if body, named, _, err = q.rt.TakeMembers(body); err != nil {
			return nil, err
		}
	}
	r, err := c.changeThing(ctx, q, named, func(before scim.Resource) (scim.Result, error) { return q.rt.Replace(before, body) })
	if err != nil {
		return nil, err
	}
	return c.showThing(ctx, q, http.StatusOK, r)
}

// patchThing changes a thing. A group is answered with 204, so that nobody reads
// a hundred thousand members because one was added.
func (c *call) patchThing(ctx context.Context, q *ask) (*reply, error) {
	ops, err := scim.ParsePatch(q.body)
	if err != nil {
		return nil, err
	}
	var named scim.Members
	if isGroups(q.rt) {
		if ops, named, err = q.rt.SplitMembers(ops); err != nil {
			return nil, err
		}
	}
	var change func(scim.Resource) (scim.Result, error)
	if !isGroups(q.rt) || !scim.Idle(ops) {
		change = func(before scim.Resource) (scim.Result, error) { return q.rt.Patch(before, ops) }
	}
	r, err := c.changeThing(ctx, q, named, change)
	if err != nil {
		return nil, err
	}
	if isGroups(q.rt) && q.query["attributes"] == "" {
		return &reply{status: http.StatusNoContent, version: r.Version}, nil
	}
	return c.showThing(ctx, q, http.StatusOK, r)
}

// changeThing changes a thing inside the store's writer, so that of many
// changes at once none is lost, on however many servers. A nil change is about
// members alone.
func (c *call) changeThing(ctx context.Context, q *ask, named scim.Members, change func(scim.Resource) (scim.Result, error)) (directory.Resource, error) {
	if !nameable(q.id) {
		return directory.Resource{}, notFound(q.id)
	}
	if slices.ContainsFunc(named.Add, func(m scim.Member) bool { return m.ID == q.id }) {
		return directory.Resource{}, scim.MemberOfItself()
	}
	if err := c.pickMembers(ctx, q, &named); err != nil {
		return directory.Resource{}, err
	}
	var made scim.Result
	after, _, err := c.h.cfg.Store.ChangeResource(ctx, c.ws.Directory, q.rt.Name, q.id, c.now(), func(before directory.Resource) (store.ResourceChange, error) {
		if err := q.stale(before.Version); err != nil {
			return store.ResourceChange{}, err
		}
		then := store.ResourceChange{After: before, Remove: storeMembers(named.Remove), Rank: c.rank()}
		if named.All {
			then.Replace, then.Members = true, storeMembers(named.Add)
		} else {
			then.Add = storeMembers(named.Add)
		}
		if c.name = before.DisplayName; change == nil {
			return then, nil // the members alone: the document stays as it is
		}
		doc, err := scim.Decode(before.Doc)
		if err != nil {
			return then, fmt.Errorf("the stored resource %s cannot be read: %w", before.ID, err)
		}
		if made, err = change(doc); err != nil || !made.Changed {
			return then, err
		}
		c.compared(doc, made.After)
		return then, fillThing(q.rt, &then.After, made.After)
	})
	if !named.None() {
		c.changed = append(c.changed, "members")
	}
	if err != nil {
		return after, thingError(q.rt, q.id, err, made.After)
	}
	c.note(ctx, q.id, made.Ignored)
	if named.All || change != nil || len(named.Add)+len(named.Remove) > 1 {
		c.ranked(ctx)
	}
	return after, nil
}

func (c *call) deleteThing(ctx context.Context, q *ask) (*reply, error) {
	r, err := c.readThing(ctx, q.rt, q.id)
	if err != nil {
		return nil, err
	}
	if err := q.stale(r.Version); err != nil {
		return nil, err
	}
	version := int64(0) // whatever it is by now
	if q.ifMatch != "" {
		version = r.Version
	}
	err = c.h.cfg.Store.DeleteGroup(ctx, c.rank(), c.ws.Directory, q.rt.Name, q.id, version, c.now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, notFound(q.id)
	case errors.Is(err, store.ErrConflict):
		return nil, &scim.Error{Status: http.StatusPreconditionFailed, Detail: "The resource has changed meanwhile. Read it again."}
	case err != nil:
		return nil, fmt.Errorf("deleting a resource: %w", err)
	}
	c.ranked(ctx)
	return &reply{status: http.StatusNoContent}, nil
}
