package store

import (
	"context"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

const setupLinkColumns = `id, hash, workspace, module, made_for, made_by, created, expires, revoked, used, uses`

func scanSetupLink(row scanner) (directory.SetupLink, error) {
	var l directory.SetupLink
	var created, expires int64
	var revoked, used *int64
	if err := row.Scan(&l.ID, &l.Hash, &l.Workspace, (*string)(&l.Module), &l.For, &l.By, &created, &expires, &revoked, &used, &l.Uses); err != nil {
		return directory.SetupLink{}, err
	}
	l.Created, l.Expires, l.Revoked, l.Used = fromMicro(created), fromMicro(expires), fromNull(revoked), fromNull(used)
	return l, nil
}

// CreateSetupLink stores a link. An unknown workspace is ErrNotFound.
func (s *Store) CreateSetupLink(ctx context.Context, l directory.SetupLink) error {
	if l.ID == "" || l.Hash == "" || !storable(l.ID, l.Hash, l.Workspace, string(l.Module), l.For, l.By) {
		return ErrInvalid
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		var id string
		if err := t.row(ctx, `select id from workspaces where id = $1`, l.Workspace).Scan(&id); err != nil {
			return err
		}
		n, err := t.exec(ctx, `insert into setup_links (`+setupLinkColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, null, null, 0)
			on conflict do nothing`, l.ID, l.Hash, l.Workspace, string(l.Module), l.For, l.By, micro(l.Created), micro(l.Expires))
		switch {
		case err != nil:
			return fmt.Errorf("store: creating a setup link: %w", err)
		case n == 0:
			return Exists{"id"}
		}
		return nil
	})
}

// SetupLinks returns the links of a workspace, newest first, also those that lead
// nowhere any more.
func (s *Store) SetupLinks(ctx context.Context, workspace string) (all []directory.SetupLink, err error) {
	if !storable(workspace) {
		return nil, nil
	}
	err = s.read.each(ctx, func(row scanner) error {
		l, err := scanSetupLink(row)
		all = append(all, l)
		return err
	}, `select `+setupLinkColumns+` from setup_links where workspace = $1 order by created desc, id`, workspace)
	if err != nil {
		return nil, fmt.Errorf("store: listing setup links: %w", err)
	}
	return all, nil
}

// SetupLink returns a live link by its id. Unknown, revoked and expired are all
// ErrNotFound.
func (s *Store) SetupLink(ctx context.Context, id string, now time.Time) (directory.SetupLink, error) {
	if !storable(id) {
		return directory.SetupLink{}, ErrNotFound
	}
	return scanSetupLink(s.read.row(ctx, `select `+setupLinkColumns+` from setup_links
		where id = $1 and revoked is null and expires > $2`, id, micro(now)))
}

// SetupLinkOf returns a live link by the hash of its secret.
func (s *Store) SetupLinkOf(ctx context.Context, hash string, now time.Time) (directory.SetupLink, error) {
	if !storable(hash) {
		return directory.SetupLink{}, ErrNotFound
	}
	return scanSetupLink(s.read.row(ctx, `select `+setupLinkColumns+` from setup_links
		where hash = $1 and revoked is null and expires > $2`, hash, micro(now)))
}

// UseSetupLink counts that a link was opened, and returns it. Unknown, revoked and
// expired are all ErrNotFound.
func (s *Store) UseSetupLink(ctx context.Context, hash string, now time.Time) (l directory.SetupLink, err error) {
	if !storable(hash) {
		return l, ErrNotFound
	}
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		l, err = scanSetupLink(t.row(ctx, `update setup_links set used = $1, uses = uses + 1
			where hash = $2 and revoked is null and expires > $1 returning `+setupLinkColumns, micro(now), hash))
		return err
	})
	return l, err
}

// RevokeSetupLink ends a link of a workspace. One that is not the workspace's, or
// was revoked before, is ErrNotFound.
func (s *Store) RevokeSetupLink(ctx context.Context, workspace, id string, now time.Time) error {
	if !storable(workspace, id) {
		return ErrNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `update setup_links set revoked = $1 where id = $2 and workspace = $3 and revoked is null`, micro(now), id, workspace)
		return ended(n, err, "setup link")
	})
}

const adminTokenColumns = `id, hash, name, admin, workspace, role, created, expires, revoked, used`

func scanAdminToken(row scanner) (directory.AdminToken, error) {
	var k directory.AdminToken
	var created, expires int64
	var revoked, used *int64
	if err := row.Scan(&k.ID, &k.Hash, &k.Name, &k.Admin, &k.Workspace, &k.Role, &created, &expires, &revoked, &used); err != nil {
		return directory.AdminToken{}, err
	}
	k.Created, k.Expires, k.Revoked, k.Used = fromMicro(created), fromMicro(expires), fromNull(revoked), fromNull(used)
	return k, nil
}

// CreateAdminToken stores a token. An unknown workspace is ErrNotFound; "" is the
// server's.
func (s *Store) CreateAdminToken(ctx context.Context, k directory.AdminToken) error {
	if k.ID == "" || k.Hash == "" || !storable(k.ID, k.Hash, k.Name, k.Admin, k.Workspace, k.Role) {
		return ErrInvalid
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if k.Workspace != "" {
			var id string
			if err := t.row(ctx, `select id from workspaces where id = $1`, k.Workspace).Scan(&id); err != nil {
				return err
			}
		}
		n, err := t.exec(ctx, `insert into admin_tokens (`+adminTokenColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, null, null)
			on conflict do nothing`, k.ID, k.Hash, k.Name, k.Admin, k.Workspace, k.Role, micro(k.Created), micro(k.Expires))
		switch {
		case err != nil:
			return fmt.Errorf("store: creating a token: %w", err)
		case n == 0:
			return Exists{"id"}
		}
		return nil
	})
}

// AdminTokens returns the tokens of a workspace, or of the server where that is
// empty, newest first, also those that do not work any more.
func (s *Store) AdminTokens(ctx context.Context, workspace string) (all []directory.AdminToken, err error) {
	if !storable(workspace) {
		return nil, nil
	}
	err = s.read.each(ctx, func(row scanner) error {
		k, err := scanAdminToken(row)
		all = append(all, k)
		return err
	}, `select `+adminTokenColumns+` from admin_tokens where workspace = $1 order by created desc, id`, workspace)
	if err != nil {
		return nil, fmt.Errorf("store: listing tokens: %w", err)
	}
	return all, nil
}

// AdminToken returns the live token of a hash. Unknown, revoked and expired are
// all ErrNotFound.
func (s *Store) AdminToken(ctx context.Context, hash string, now time.Time) (directory.AdminToken, error) {
	if !storable(hash) {
		return directory.AdminToken{}, ErrNotFound
	}
	return scanAdminToken(s.read.row(ctx, `select `+adminTokenColumns+` from admin_tokens
		where hash = $1 and revoked is null and expires > $2`, hash, micro(now)))
}

// SeeAdminToken notes that a token was used.
func (s *Store) SeeAdminToken(ctx context.Context, id string, now time.Time) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.exec(ctx, `update admin_tokens set used = $1 where id = $2 and coalesce(used, 0) < $1`, micro(now), id)
		return err
	})
}

// RevokeAdminToken ends a token of a workspace, or of the server where that is
// empty. One that is not there, or was revoked before, is ErrNotFound.
func (s *Store) RevokeAdminToken(ctx context.Context, workspace, id string, now time.Time) error {
	if !storable(workspace, id) {
		return ErrNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `update admin_tokens set revoked = $1 where id = $2 and workspace = $3 and revoked is null`, micro(now), id, workspace)
		return ended(n, err, "token")
	})
}
