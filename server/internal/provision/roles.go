package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// rankingGroups are the groups of a person that could decide their role: none
// where no rule is about groups, which saves asking.
func (c *call) rankingGroups(ctx context.Context, id string) ([]directory.Group, error) {
	if !slices.ContainsFunc(c.ws.RoleRules, func(r directory.RoleRule) bool { return r.Group != "" }) || !nameable(id) {
		return nil, nil
	}
	refs, err := c.h.cfg.Store.GroupsOf(ctx, c.ws.Directory, id)
	if err != nil {
		return nil, fmt.Errorf("reading a person's groups: %w", err)
	}
	out := make([]directory.Group, 0, len(refs))
	for _, ref := range refs {
		g, err := c.h.cfg.Store.Resource(ctx, c.ws.Directory, directory.GroupType, ref.ID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading a group: %w", err)
		}
		out = append(out, g)
	}
	return out, nil
}

// ranked reports whether a role hangs on a group.
func (c *call) ranked(g directory.Group) bool {
	return slices.ContainsFunc(c.ws.RoleRules, func(r directory.RoleRule) bool { return r.Names(g) })
}

// rank gives people the roles that follow from who joined and left a group. Of
// those who leave it is done although they left before, so that a request whose
// answer was lost, and which is sent again, completes what was begun.
func (c *call) rank(ctx context.Context, g directory.Group, joined, left []directory.Member) error {
	if !c.ranked(g) {
		return nil
	}
	for _, change := range []struct {
		members []directory.Member
		in      bool
	}{{joined, true}, {left, false}} {
		for _, m := range change.members {
			if m.Kind == directory.GroupMember {
				continue
			}
			if err := c.rankOne(ctx, g, m.ID, change.in); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *call) rankOne(ctx context.Context, g directory.Group, id string, in bool) error {
	groups, err := c.rankingGroups(ctx, id)
	if err != nil {
		return err
	}
	with, without := groups, slices.DeleteFunc(slices.Clone(groups), func(o directory.Group) bool { return o.ID == g.ID })
	if !in {
		with = append(slices.Clone(without), g)
	}
	_, err = c.h.cfg.Store.UpdateUser(ctx, c.ws.Directory, id, func(before directory.User) (directory.User, directory.Consequence, error) {
		was, is := directory.RoleFor(c.ws, before.Doc, without), directory.RoleFor(c.ws, before.Doc, with)
		if !in {
			was, is = is, was
		}
		after := before
		after.Role = directory.RoleAfter(c.ws, before, after, was, is)
		if after.Role == before.Role {
			return before, directory.Consequence{}, nil
		}
		after.Version, after.Modified = before.Version+1, c.now()
		return after, directory.Change(before, after), nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil // a group, or somebody who is gone by now
	}
	if err != nil {
		return fmt.Errorf("giving a member the role of the group: %w", err)
	}
	return nil
}

// terms turns index entries into the store's.
func terms(rt *scim.ResourceType, doc scim.Resource) []directory.Term {
	found := rt.Terms(doc)
	out := make([]directory.Term, len(found))
	for i, t := range found {
		out[i] = directory.Term(t)
	}
	return out
}
