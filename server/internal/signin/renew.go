package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// How long a session of SAML can be renewed. Microsoft's own refresh tokens
// decide that for its sign-ins; here nobody else would ask the person again.
const (
	// renewIdle is how long a device may sleep.
	renewIdle = 14 * 24 * time.Hour
	// renewLife is when the person signs in again in any case.
	renewLife = 30 * 24 * time.Hour
	// jitLife is the same where people are created at sign-in: then perhaps no
	// provisioner says when somebody leaves, and only the provider knows.
	jitLife = 12 * time.Hour
)

// lifeWith is how long sessions of a connection can be renewed in all.
func lifeWith(c directory.SAML) time.Duration {
	if c.JIT {
		return jitLife
	}
	return renewLife
}

// refreshPrefix lets people and secret scanners recognise a refresh token. What
// follows is the family's secret, a dot, and one of its own.
const refreshPrefix = "lyref_"

// A grant is one of the ways to get a session (RFC 6749, section 1.3).
const (
	grantToken   = "access_token" // Microsoft's; no grant of OAuth's
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
)

// grantOf says which one a request has. Two are none.
func grantOf(req api.SessionRequest) (string, error) {
	var given []string
	for _, g := range []struct{ name, value string }{{grantToken, req.AccessToken}, {grantCode, req.Code}, {grantRefresh, req.RefreshToken}} {
		if g.value != "" {
			given = append(given, g.name)
		}
	}
	switch {
	case len(given) > 1:
		return "", problem.Detailf(problem.BadRequest, "There is both %s and %s.", given[0], given[1])
	case len(given) == 0 && req.GrantType != "":
		return "", problem.Detailf(problem.BadRequest, "The grant itself is missing.")
	case len(given) == 0:
		return grantToken, nil
	case req.GrantType != "" && (req.GrantType != given[0] || given[0] == grantToken):
		return "", problem.Detailf(problem.BadRequest, "The grant_type does not go with %s.", given[0])
	}
	return given[0], nil
}

// familyOf is what all refresh tokens of a session begin with.
func familyOf(token string) (string, bool) {
	family, own, ok := strings.Cut(token, ".")
	return family, ok && own != "" && strings.HasPrefix(family, refreshPrefix)
}

// renewable sets when the token of n, made now, expires, and makes refresh what
// renews it, for life in all. It reports false where nothing can: the provider's
// session ends with the token.
func renewable(n *directory.Session, refresh string, now time.Time, ttl, life time.Duration) bool {
	end := n.Created.Add(life)
	if ends := n.SAML.Ends; !ends.IsZero() && ends.Before(end) {
		end = ends
	}
	n.Expires = earlier(now.Add(ttl), end).UTC()
	if !n.Expires.Before(end) && n.Renewal == nil {
		return false
	}
	family, _ := familyOf(refresh)
	n.Renewal = &directory.Renewal{
		Family: directory.HashToken(family), Hash: directory.HashToken(refresh),
		Until: earlier(now.Add(renewIdle), end).UTC(),
	}
	if n.Renewal.Until.Before(n.Expires) {
		n.Renewal.Until = n.Expires
	}
	return true
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// renew replaces the token of a session by means of its refresh token, which it
// replaces too. An attacker would try one that was used already, and one of
// somebody who left: the first ends the session, for two have it; the second is
// why the person is asked for in the transaction, and the connection before.
//
// Unknown, used, expired and another workspace's tokens are all
// problem.RefreshSpent. Only the device of a person whose access ended is told
// so: it slept while that was said.
func (h *Handler) renew(w http.ResponseWriter, r *http.Request, req api.SessionRequest) error {
	ctx, trace := r.Context(), api.TraceOf(r.Context())
	ws, err := h.find(ctx, req.Workspace)
	if err != nil {
		return h.guessed(r, err)
	}
	trace.Workspace = ws.ID
	family, ok := familyOf(req.RefreshToken)
	if !ok {
		return h.guessed(r, problem.Wrap(problem.RefreshSpent, errors.New("not a refresh token")))
	}
	conn, err := h.Store.SAML(ctx, ws.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && (conn.Disabled || !usable(conn)) {
		return problem.Wrap(problem.SAMLNotSet, errors.Join(err, errors.New("no connection any more")))
	}
	if err != nil {
		return fmt.Errorf("reading the connection: %w", err)
	}
	now := h.Now()
	out := secrets{token: tokenPrefix + secret(), refresh: family + "." + secret()}
	presented := store.Refresh{Workspace: ws.ID, Family: directory.HashToken(family), Hash: directory.HashToken(req.RefreshToken)}
	if req.IdempotencyKey != "" {
		presented.Retry = directory.HashToken(req.IdempotencyKey)
	}
	gate, err := h.renewing(ctx, ws, presented.Family, now)
	if err != nil {
		return err
	}
	session, user, err := h.Store.RenewSession(ctx, presented, now, func(n *directory.Session, u directory.User) error {
		trace.User = u.ID
		if n.SAML == nil || n.SAML.Issuer != conn.IdP.EntityID {
			return problem.Wrap(problem.RefreshSpent, errors.New("a session of another identity provider"))
		}
		if !now.Before(n.Created.Add(lifeWith(conn))) { // shorter than it was
			return problem.Wrap(problem.RefreshSpent, errors.New("the person has to sign in again"))
		}
		if err := directory.AdmitSAML(ws, false, &u, n.SAML.Who); err != nil {
			return err
		}
		if err := gate.Permit(u); err != nil {
			return err
		}
		n.Hash = directory.HashToken(out.token)
		renewable(n, out.refresh, now, h.TTL, lifeWith(conn))
		return nil
	})
	switch {
	case errors.Is(err, store.ErrSpent):
		return problem.Wrap(problem.RefreshSpent, err)
	case errors.Is(err, store.ErrNotFound):
		return h.guessed(r, h.endedWith(ctx, ws, presented.Family))
	case err != nil:
		return fmt.Errorf("renewing the session: %w", err)
	}
	return started(w, ws, user, out, session)
}

// renewing returns what the workspace's policy says of whose refresh tokens are
// of a family. Nobody's are permitted: RenewSession says that there are none.
func (h *Handler) renewing(ctx context.Context, ws directory.Workspace, family string, now time.Time) (directory.Gate, error) {
	_, u, err := h.Store.Renewing(ctx, ws.ID, family, now)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return directory.Gate{}, fmt.Errorf("looking for the session: %w", err)
	}
	return h.Store.Gate(ctx, ws, directory.MethodSAML, u, now)
}

// endedWith says why there is no session of a family: the person's access has
// ended, or it is nobody's business.
func (h *Handler) endedWith(ctx context.Context, ws directory.Workspace, family string) error {
	t, err := h.Store.Ticket(ctx, store.TicketKey{Kind: store.TicketEnded, Workspace: ws.ID, Hash: family}, h.Now())
	if errors.Is(err, store.ErrNotFound) {
		return problem.Wrap(problem.RefreshSpent, err)
	}
	var id string
	if err == nil {
		err = json.Unmarshal(t.Doc, &id)
	}
	if err != nil {
		return fmt.Errorf("looking for why a session ended: %w", err)
	}
	u, err := h.Store.User(ctx, ws.Directory, id)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && u.State != directory.Active:
		return problem.New(problem.AccessEnded)
	case err != nil:
		return fmt.Errorf("looking for the person: %w", err)
	}
	return problem.Wrap(problem.RefreshSpent, errors.New("the access had ended meanwhile"))
}
