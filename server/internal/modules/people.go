package modules

import (
	"context"
	"fmt"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// FindPeople returns people of a workspace whose name, user name or e-mail
// address has what was looked for in it, at most limit. Nothing finds nobody.
func (k *Keeper) FindPeople(ctx context.Context, ws directory.Workspace, looked string, limit int) ([]directory.User, error) {
	looked = directory.Fold(strings.TrimSpace(looked))
	if looked == "" {
		return nil, nil
	}
	page, err := k.Store.SearchUsers(ctx, ws.Directory, store.Search[directory.User]{
		Where: store.Or{
			store.Compare{Path: "username", Op: store.CO, Value: looked},
			store.Compare{Path: "displayname", Op: store.CO, Value: looked},
			store.Compare{Path: "emails.value", Op: store.CO, Value: looked},
		},
		Match: func(u directory.User) (bool, error) {
			p := directory.ProfileOf(u)
			for _, has := range []string{u.UserName, p.DisplayName, p.Email} {
				if strings.Contains(directory.Fold(has), looked) {
					return true, nil
				}
			}
			return false, nil
		},
		Count: limit,
	})
	if err != nil {
		return nil, fmt.Errorf("looking for people: %w", err)
	}
	return page.Items, nil
}
