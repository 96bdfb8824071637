package people

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Groups returns a page of the groups of a workspace's directory: those whose
// name begins with text, or the one whose id or externalId it is.
func (d Desk) Groups(ctx context.Context, ws directory.Workspace, text string, after store.Cursor, count int) (store.Page[directory.Group], error) {
	text = strings.TrimSpace(text)
	q := store.Search[directory.Group]{Count: count, After: after, Sort: &store.Sort{Path: "displayname"}}
	if text != "" {
		if g, err := d.Store.Group(ctx, ws.Directory, text); err == nil && after == "" {
			return store.Page[directory.Group]{Items: []directory.Group{g}}, nil
		}
		want := directory.Fold(text)
		q.Where = store.Or{
			store.Compare{Path: "displayname", Op: store.SW, Value: want},
			store.Compare{Path: "externalid", Op: store.EQ, Value: text},
		}
		q.Match = func(g directory.Group) (bool, error) {
			return strings.HasPrefix(directory.Fold(g.DisplayName), want) || g.ExternalID == text, nil
		}
		q.Sort = nil
	}
	page, err := d.Store.SearchResources(ctx, ws.Directory, directory.GroupType, q)
	if errors.Is(err, store.ErrIndexing) || errors.Is(err, store.ErrNoOrder) || q.Sort != nil && errors.Is(err, store.ErrCursor) {
		q.Sort = nil // by name once the index is there
		page, err = d.Store.SearchResources(ctx, ws.Directory, directory.GroupType, q)
	}
	return page, err
}

// Group returns a group of a workspace's directory, or problem.NotFound.
func (d Desk) Group(ctx context.Context, ws directory.Workspace, id string) (directory.Group, error) {
	g, err := d.Store.Group(ctx, ws.Directory, id)
	if errors.Is(err, store.ErrNotFound) {
		return g, problem.New(problem.NotFound)
	}
	if err != nil {
		return g, fmt.Errorf("reading a group: %w", err)
	}
	return g, nil
}

// RoleSource says what gives a person their role.
func (d Desk) RoleSource(ctx context.Context, ws directory.Workspace, u directory.User) (directory.RoleBasis, directory.RoleRule, error) {
	groups, err := d.Store.RankingGroups(ctx, ws, u.ID)
	if err != nil {
		return "", directory.RoleRule{}, fmt.Errorf("reading groups: %w", err)
	}
	basis, rule := directory.RoleSource(ws, u, groups)
	return basis, rule, nil
}
