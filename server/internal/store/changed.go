package store

import (
	"context"
	"fmt"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// usersChanged is the table of when people were changed who are not archived.
// Whoever writes modified or state of a person calls changed.
const usersChanged = "users_changed"

// changed keeps usersChanged: a person who was of a state, and changed, at one
// time is of another at another.
func (t *tx) changed(ctx context.Context, dir string, pk int64, from directory.State, was int64, to directory.State, is int64) error {
	var err error
	there, stays := from != directory.Archived && from != "", to != directory.Archived
	switch {
	case there && stays && was != is:
		err = t.later(ctx, `update users_changed set modified = $1 where directory = $2 and modified = $3 and pk = $4`, is, dir, was, pk)
	case there && !stays:
		err = t.later(ctx, `delete from users_changed where directory = $1 and modified = $2 and pk = $3`, dir, was, pk)
	case !there && stays:
		err = t.later(ctx, `insert into users_changed (directory, modified, pk) values ($1, $2, $3)`, dir, is, pk)
	}
	if err != nil {
		return fmt.Errorf("store: noting when somebody changed: %w", err)
	}
	return nil
}
