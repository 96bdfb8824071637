package store

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// lastUsedEvery is how exact LastUsed is: a token in use would otherwise cause
// a write for every read.
const lastUsedEvery = time.Minute

// Token is a SCIM bearer token of a workspace. The token itself is never kept.
type Token struct {
	// ID is the public handle, for lists, logs and revoking.
	ID        string
	Workspace string
	Label     string
	// Hash is directory.HashToken of the token.
	Hash    string
	Created time.Time
	// Expires is zero for a token that does not.
	Expires time.Time
	// LastUsed is at most a minute behind, and zero before the first use.
	LastUsed time.Time
	// LastNetwork is the network it was last used from, as Network writes it;
	// empty before the first use, and where the caller gives none.
	LastNetwork string
	// Revoked is zero for a token that was not.
	Revoked time.Time
	// Strict takes nothing from whoever has it that the RFCs do not allow,
	// whatever the workspace says.
	Strict bool
	// Client is the OAuth client that was given it as an access token, or
	// empty; Secret is the id of the secret it was given for.
	Client, Secret string
}

// tokenColumns must be in the order of tokenRow.
const tokenColumns = `t.id, t.workspace, t.label, t.hash, t.created, t.expires, t.last_used, t.revoked, t.client, t.secret,
	t.last_ip, t.strict`

type tokenRow struct {
	t                          Token
	created                    int64
	expires, lastUsed, revoked *int64
	strict                     int64
}

func (r *tokenRow) dest() []any {
	return []any{
		&r.t.ID, &r.t.Workspace, &r.t.Label, &r.t.Hash,
		&r.created, &r.expires, &r.lastUsed, &r.revoked, &r.t.Client, &r.t.Secret,
		&r.t.LastNetwork, &r.strict,
	}
}

func (r *tokenRow) token() Token {
	t := r.t
	t.Created, t.Expires = fromMicro(r.created), fromNull(r.expires)
	t.LastUsed, t.Revoked, t.Strict = fromNull(r.lastUsed), fromNull(r.revoked), r.strict != 0
	return t
}

// CreateToken stores a new token. An unknown workspace is ErrNotFound, an id or
// hash that is there already ErrExists.
func (s *Store) CreateToken(ctx context.Context, n Token) error {
	if n.ID == "" || n.Hash == "" || !storable(n.ID, n.Workspace, n.Label, n.Hash) {
		return ErrInvalid
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		var there int
		if err := t.row(ctx, `select 1 from workspaces where id = $1`, n.Workspace).Scan(&there); err != nil {
			return err
		}
		added, err := t.exec(ctx, `insert into scim_tokens (id, workspace, label, hash, created, expires, strict)
			values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
			n.ID, n.Workspace, n.Label, n.Hash, micro(n.Created), orNull(n.Expires), flag(n.Strict))
		switch {
		case err != nil:
			return fmt.Errorf("store: creating token: %w", err)
		case added == 0:
			return Exists{"id"}
		}
		return nil
	})
}

// Tokens returns the tokens of a workspace, oldest first, with those that
// expired or were revoked, and without the access tokens of OAuth clients.
func (s *Store) Tokens(ctx context.Context, workspace string) ([]Token, error) {
	var all []Token
	if !storable(workspace) {
		return nil, nil
	}
	err := s.read.each(ctx, func(row scanner) error {
		var r tokenRow
		if err := row.Scan(r.dest()...); err != nil {
			return err
		}
		all = append(all, r.token())
		return nil
	}, `select `+tokenColumns+` from scim_tokens t where t.workspace = $1 and t.client = '' order by t.created, t.id`, workspace)
	if err != nil {
		return nil, fmt.Errorf("store: listing tokens: %w", err)
	}
	return all, nil
}

// RevokeToken ends a token of a workspace. One that is not the workspace's, or
// was revoked before, is ErrNotFound.
func (s *Store) RevokeToken(ctx context.Context, workspace, id string, now time.Time) error {
	if !storable(workspace, id) {
		return ErrNotFound
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `update scim_tokens set revoked = $1
			where id = $2 and workspace = $3 and client = '' and revoked is null`, micro(now), id, workspace)
		switch {
		case err != nil:
			return fmt.Errorf("store: revoking token: %w", err)
		case n == 0:
			return ErrNotFound
		}
		return nil
	})
}

// TokenByHash returns the token of a hash and its workspace. Unknown, expired
// and revoked are all ErrNotFound: the difference is nobody's business. The
// first use in a minute is noted, after the call has returned, with the network
// that the context tells of (see From).
func (s *Store) TokenByHash(ctx context.Context, hash string, now time.Time) (Token, directory.Workspace, error) {
	if !storable(hash) {
		return Token{}, directory.Workspace{}, ErrNotFound
	}
	var r tokenRow
	var wr workspaceRow
	err := s.read.row(ctx, `select `+tokenColumns+`, `+workspaceColumns+`
		from scim_tokens t join workspaces w on w.id = t.workspace
		where t.hash = $1 and t.revoked is null and (t.expires is null or t.expires > $2)`,
		hash, micro(now)).Scan(append(r.dest(), wr.dest()...)...)
	if err != nil {
		return Token{}, directory.Workspace{}, err
	}
	w, err := wr.workspace()
	if err != nil {
		return Token{}, directory.Workspace{}, err
	}
	t := r.token()
	if now.Sub(t.LastUsed) >= lastUsedEvery {
		s.noteUse(t.ID, network(ctx), now)
	}
	return t, w, nil
}

// noteUse writes LastUsed some time soon. A full queue or a failed write only
// means that the next use is noted instead.
func (s *Store) noteUse(id, network string, now time.Time) {
	if !storable(network) {
		network = ""
	}
	s.soon(func(ctx context.Context, t *tx) error {
		_, err := t.exec(ctx, `update scim_tokens set last_used = $1, last_ip = $2
			where id = $3 and (last_used is null or last_used <= $4)`,
			micro(now), network, id, micro(now.Add(-lastUsedEvery)))
		return err
	})
}

// fromKey is where a context keeps the network that a request came from.
type fromKey struct{}

// From notes which address a request came from, for LastNetwork. Only the
// network is kept, which is enough to see whether Microsoft uses a token or
// somebody else, and is no person's address.
func From(ctx context.Context, ip netip.Addr) context.Context {
	if !ip.IsValid() {
		return ctx
	}
	return context.WithValue(ctx, fromKey{}, ip)
}

// network is the address of From, cut to its first 24 bits, or 48 of IPv6.
func network(ctx context.Context) string {
	ip, _ := ctx.Value(fromKey{}).(netip.Addr)
	bits := 24
	if ip.Is6() {
		bits = 48
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// CredentialState says in a word whether a token or secret is accepted: valid,
// expired or revoked. Zero times mean never.
func CredentialState(expires, revoked, now time.Time) string {
	switch {
	case !revoked.IsZero():
		return "revoked"
	case !expires.IsZero() && !now.Before(expires):
		return "expired"
	}
	return "valid"
}
