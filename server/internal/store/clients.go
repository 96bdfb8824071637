package store

import (
	"context"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Client is an OAuth 2.0 client of a workspace's provisioning.
type Client struct {
	ID        string
	Workspace string
	Label     string
	// TokenLife is how long the access tokens last that it is given.
	TokenLife  time.Duration
	Federation Federation
	// Strict takes nothing from it that the RFCs do not allow, whatever the
	// workspace says.
	Strict  bool
	Created time.Time
	// Revoked is zero for a client that was not.
	Revoked time.Time
}

// Federation is whose assertions a client may use in place of a secret. It is
// set when Issuer is. KeysURL is where the issuer's keys are; empty means where
// its OpenID configuration says.
type Federation struct{ Issuer, Subject, Audience, KeysURL string }

// Secret is one of a client's secrets. The secret itself is never kept.
type Secret struct {
	ID      string
	Client  string
	Hash    string
	Created time.Time
	Expires time.Time
	// LastUsed is when it was last exchanged for an access token.
	LastUsed time.Time
	Revoked  time.Time
}

const clientColumns = `c.id, c.workspace, c.label, c.token_life, c.issuer, c.subject, c.audience, c.created, c.revoked, c.jwks_uri, c.strict`

func scanClient(row scanner) (Client, error) {
	var c Client
	var life, created, strict int64
	var revoked *int64
	err := row.Scan(&c.ID, &c.Workspace, &c.Label, &life, &c.Federation.Issuer, &c.Federation.Subject, &c.Federation.Audience, &created, &revoked,
		&c.Federation.KeysURL, &strict)
	c.TokenLife = time.Duration(life) * time.Second
	c.Created, c.Revoked, c.Strict = fromMicro(created), fromNull(revoked), strict != 0
	return c, err
}

// CreateClient stores a new client, with its first secret unless that is zero.
// An unknown workspace is ErrNotFound, an id that is there already ErrExists.
func (s *Store) CreateClient(ctx context.Context, c Client, first Secret) error {
	f := c.Federation
	if c.ID == "" || c.TokenLife <= 0 || !storable(c.ID, c.Workspace, c.Label, f.Issuer, f.Subject, f.Audience, f.KeysURL) {
		return ErrInvalid
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		var there int
		if err := t.row(ctx, `select 1 from workspaces where id = $1`, c.Workspace).Scan(&there); err != nil {
			return err
		}
		n, err := t.exec(ctx, `insert into scim_clients (id, workspace, label, token_life, issuer, subject, audience, created, jwks_uri, strict)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing`,
			c.ID, c.Workspace, c.Label, int64(c.TokenLife/time.Second), f.Issuer, f.Subject, f.Audience, micro(c.Created), f.KeysURL, flag(c.Strict))
		switch {
		case err != nil:
			return fmt.Errorf("store: creating client: %w", err)
		case n == 0:
			return Exists{"id"}
		case first.ID == "":
			return nil
		}
		first.Client = c.ID
		return t.addSecret(ctx, first)
	})
}

// AddSecret gives a client one more secret. A client that is not the
// workspace's, or was revoked, is ErrNotFound.
func (s *Store) AddSecret(ctx context.Context, workspace string, n Secret) error {
	if !storable(workspace, n.Client) {
		return ErrNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		var there int
		if err := t.row(ctx, `select 1 from scim_clients where id = $1 and workspace = $2 and revoked is null`,
			n.Client, workspace).Scan(&there); err != nil {
			return err
		}
		return t.addSecret(ctx, n)
	})
}

func (t *tx) addSecret(ctx context.Context, n Secret) error {
	if n.ID == "" || n.Hash == "" || n.Expires.IsZero() || !storable(n.ID, n.Hash) {
		return ErrInvalid
	}
	added, err := t.exec(ctx, `insert into scim_secrets (id, client, hash, created, expires)
		values ($1, $2, $3, $4, $5) on conflict do nothing`, n.ID, n.Client, n.Hash, micro(n.Created), micro(n.Expires))
	switch {
	case err != nil:
		return fmt.Errorf("store: adding secret: %w", err)
	case added == 0:
		return Exists{"id"}
	}
	return nil
}

// Clients returns the clients of a workspace, oldest first, with those that
// were revoked.
func (s *Store) Clients(ctx context.Context, workspace string) ([]Client, error) {
	var all []Client
	if !storable(workspace) {
		return nil, nil
	}
	err := s.read.each(ctx, func(row scanner) error {
		c, err := scanClient(row)
		all = append(all, c)
		return err
	}, `select `+clientColumns+` from scim_clients c where c.workspace = $1 order by c.created, c.id`, workspace)
	if err != nil {
		return nil, fmt.Errorf("store: listing clients: %w", err)
	}
	return all, nil
}

// Secrets returns the secrets of a workspace's clients, oldest first, with
// those that expired or were revoked.
func (s *Store) Secrets(ctx context.Context, workspace string) ([]Secret, error) {
	var all []Secret
	if !storable(workspace) {
		return nil, nil
	}
	err := s.read.each(ctx, func(row scanner) error {
		var n Secret
		var created, expires int64
		var used, revoked *int64
		if err := row.Scan(&n.ID, &n.Client, &n.Hash, &created, &expires, &used, &revoked); err != nil {
			return err
		}
		n.Created, n.Expires = fromMicro(created), fromMicro(expires)
		n.LastUsed, n.Revoked = fromNull(used), fromNull(revoked)
		all = append(all, n)
		return nil
	}, `select s.id, s.client, s.hash, s.created, s.expires, s.last_used, s.revoked
		from scim_secrets s join scim_clients c on c.id = s.client where c.workspace = $1 order by s.created, s.id`, workspace)
	if err != nil {
		return nil, fmt.Errorf("store: listing secrets: %w", err)
	}
	return all, nil
}

// RevokeClient ends a client of a workspace and every access token it was
// given. One that is not the workspace's, or was revoked before, is ErrNotFound.
func (s *Store) RevokeClient(ctx context.Context, workspace, id string, now time.Time) error {
	if !storable(workspace, id) {
		return ErrNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `update scim_clients set revoked = $1
			where id = $2 and workspace = $3 and revoked is null`, micro(now), id, workspace)
		if err == nil && n > 0 {
			_, err = t.exec(ctx, `update scim_tokens set revoked = $1 where client = $2 and client <> '' and revoked is null`, micro(now), id)
		}
		return ended(n, err, "client")
	})
}

// RevokeSecret ends a secret of a workspace's client and every access token
// that was given for it.
func (s *Store) RevokeSecret(ctx context.Context, workspace, id string, now time.Time) error {
	if !storable(workspace, id) {
		return ErrNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		var client string
		err := t.row(ctx, `select s.client from scim_secrets s join scim_clients c on c.id = s.client
			where s.id = $1 and c.workspace = $2 and s.revoked is null`, id, workspace).Scan(&client)
		if err != nil {
			return err
		}
		n, err := t.exec(ctx, `update scim_secrets set revoked = $1 where id = $2`, micro(now), id)
		if err == nil {
			_, err = t.exec(ctx, `update scim_tokens set revoked = $1
				where client = $2 and client <> '' and secret = $3 and revoked is null`, micro(now), client, id)
		}
		return ended(n, err, "secret")
	})
}

// SetFederation says whose assertions a client may use; the zero Federation
// says nobody's. Access tokens that were given for assertions of before end.
func (s *Store) SetFederation(ctx context.Context, workspace, client string, f Federation, now time.Time) error {
	if !storable(workspace, client) {
		return ErrNotFound
	}
	if !storable(f.Issuer, f.Subject, f.Audience, f.KeysURL) || f != (Federation{}) && (f.Issuer == "" || f.Subject == "" || f.Audience == "") {
		return ErrInvalid
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `update scim_clients set issuer = $1, subject = $2, audience = $3, jwks_uri = $4
			where id = $5 and workspace = $6 and revoked is null`, f.Issuer, f.Subject, f.Audience, f.KeysURL, client, workspace)
		if err == nil && n > 0 {
			_, err = t.exec(ctx, `update scim_tokens set revoked = $1
				where client = $2 and client <> '' and secret = '' and revoked is null`, micro(now), client)
		}
		return ended(n, err, "federation")
	})
}

func ended(n int64, err error, what string) error {
	switch {
	case err != nil:
		return fmt.Errorf("store: changing %s: %w", what, err)
	case n == 0:
		return ErrNotFound
	}
	return nil
}

// Client returns a client of a workspace. Unknown and revoked are both
// ErrNotFound.
func (s *Store) Client(ctx context.Context, workspace, id string) (Client, error) {
	if !storable(workspace, id) {
		return Client{}, ErrNotFound
	}
	return scanClient(s.read.row(ctx, `select `+clientColumns+` from scim_clients c
		where c.id = $1 and c.workspace = $2 and c.revoked is null`, id, workspace))
}

// Grant is the reason to give a client an access token: a secret, by its hash,
// or an assertion that was verified.
type Grant struct {
	SecretHash string
	// Assertion identifies the assertion among all of its issuer's, so that it
	// is accepted once; empty where it has no name. Expires is when it ends.
	Assertion string
	Expires   time.Time
	// Federation is what the assertion was verified against.
	Federation Federation
}

// GrantToken stores an access token for a client if, within this very
// transaction, client and secret are in force and the assertion was not used
// before. Everything that speaks against it is ErrNotFound. ID, Hash, Workspace
// and Created of n must be set; Client and Expires are filled in. It returns the
// client.
func (s *Store) GrantToken(ctx context.Context, client string, n Token, g Grant) (Client, error) {
	if !storable(n.Workspace, client, g.SecretHash, g.Assertion) {
		return Client{}, ErrNotFound
	}
	if n.ID == "" || n.Hash == "" || !storable(n.ID, n.Hash) {
		return Client{}, ErrInvalid
	}
	var c Client
	err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
		c, err = scanClient(t.row(ctx, `select `+clientColumns+` from scim_clients c
			where c.id = $1 and c.workspace = $2 and c.revoked is null`, client, n.Workspace))
		if err != nil {
			return err
		}
		secret, err := t.accept(ctx, c, g, n.Created)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `insert into scim_tokens (id, workspace, label, hash, created, expires, client, secret, strict)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, n.ID, n.Workspace, c.Label, n.Hash, micro(n.Created),
			micro(n.Created.Add(c.TokenLife)), c.ID, secret, flag(c.Strict)); err != nil {
			return fmt.Errorf("store: granting token: %w", err)
		}
		return nil
	})
	return c, err
}

// accept judges a grant, notes that it was used, and returns the secret's id.
func (t *tx) accept(ctx context.Context, c Client, g Grant, now time.Time) (secret string, err error) {
	if g.SecretHash != "" {
		err := t.row(ctx, `update scim_secrets set last_used = $1
			where hash = $2 and client = $3 and revoked is null and expires > $1 returning id`,
			micro(now), g.SecretHash, c.ID).Scan(&secret)
		return secret, err
	}
	if g.Federation == (Federation{}) || g.Federation != c.Federation {
		return "", ErrNotFound
	}
	if g.Assertion == "" {
		return "", nil
	}
	n, err := t.exec(ctx, `insert into scim_assertions (hash, expires) values ($1, $2) on conflict do nothing`,
		directory.HashToken(c.Federation.Issuer+"\n"+g.Assertion), micro(g.Expires))
	if err == nil && n == 0 {
		return "", ErrNotFound
	}
	return "", err
}

// ExpireTokens deletes access tokens and used assertions whose time is over,
// and returns how many. It works in small transactions.
func (s *Store) ExpireTokens(ctx context.Context, now time.Time) (int, error) {
	total := 0
	for _, text := range []string{
		`delete from scim_tokens where id in (select id from scim_tokens where client <> '' and expires <= $1 limit $2)`,
		`delete from scim_assertions where hash in (select hash from scim_assertions where expires <= $1 limit $2)`,
	} {
		for {
			var n int64
			err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
				n, err = t.exec(ctx, text, micro(now), expireAtOnce)
				return err
			})
			if total += int(n); err != nil {
				return total, fmt.Errorf("store: expiring access tokens: %w", err)
			}
			if n < expireAtOnce {
				break
			}
		}
	}
	return total, nil
}

// RotateToken stores the successor of a token and lets the old one end at a
// time, or when it would anyway. One that is not the workspace's, was revoked
// or has expired is ErrNotFound.
func (s *Store) RotateToken(ctx context.Context, workspace, old string, n Token, until time.Time) error {
	if !storable(workspace, old) {
		return ErrNotFound
	}
	if n.ID == "" || n.Hash == "" || !storable(n.ID, n.Label, n.Hash) {
		return ErrInvalid
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		changed, err := t.exec(ctx, `update scim_tokens set
			expires = case when expires is null or expires > $1 then $1 else expires end
			where id = $2 and workspace = $3 and client = '' and revoked is null and (expires is null or expires > $4)`,
			micro(until), old, workspace, micro(n.Created))
		if err := ended(changed, err, "token"); err != nil {
			return err
		}
		added, err := t.exec(ctx, `insert into scim_tokens (id, workspace, label, hash, created, expires, strict)
			select $1, $2, $3, $4, cast($5 as bigint), cast($6 as bigint), strict from scim_tokens where id = $7
			on conflict do nothing`,
			n.ID, workspace, n.Label, n.Hash, micro(n.Created), orNull(n.Expires), old)
		if err == nil && added == 0 {
			return Exists{"id"}
		}
		return err
	})
}
