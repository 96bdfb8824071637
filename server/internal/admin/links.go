package admin

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// How long setup links and tokens are valid.
const (
	SetupLinkFor  = 7 * 24 * time.Hour
	MaxSetupLink  = 30 * 24 * time.Hour
	TokenFor      = 90 * 24 * time.Hour
	MaxToken      = 366 * 24 * time.Hour
	maxSetupLinks = 100
)

// life is a duration that was asked for, or the usual one, and never more than most.
func life(asked, usual, most time.Duration) (time.Duration, error) {
	if asked == 0 {
		asked = usual
	}
	if asked < time.Minute || asked > most {
		return 0, problem.Detailf(problem.AdminTokenTooLong, "It is between a minute and %d days.", int(most.Hours()/24))
	}
	return asked, nil
}

// NewSetupLink makes a link by which somebody without an account sets up one module
// of one workspace, as often as they like until it expires (row A4). Its address is
// returned once. whom is in words who it is for.
func (a *Admin) NewSetupLink(ctx context.Context, by console.Principal, workspace string, m directory.Module, whom string, valid time.Duration) (directory.SetupLink, Link, error) {
	valid, err := life(valid, SetupLinkFor, MaxSetupLink)
	if err != nil {
		return directory.SetupLink{}, Link{}, err
	}
	if !m.Valid() {
		return directory.SetupLink{}, Link{}, problem.Detailf(problem.FieldBad, "The module is microsoft, saml, scim or mobile.")
	}
	all, err := a.SetupLinks(ctx, workspace)
	if err != nil {
		return directory.SetupLink{}, Link{}, err
	}
	live := 0
	for _, l := range all {
		if l.Live(a.now()) {
			live++
		}
	}
	if live >= maxSetupLinks {
		return directory.SetupLink{}, Link{}, problem.Detailf(problem.FieldBad, "There are %d setup links already: revoke some.", live)
	}
	secret, now := newSecret(), a.now()
	l := directory.SetupLink{
		ID: uuid.NewString(), Hash: secret.Hash(), Workspace: workspace, Module: m, For: Name(whom), By: by.Called(), Created: now, Expires: now.Add(valid),
	}
	err = a.cfg.Store.CreateSetupLink(ctx, l)
	if errors.Is(err, store.ErrNotFound) {
		err = problem.Wrap(problem.UnknownWorkspace, err)
	}
	return l, Link{URL: a.origin() + "/admin/setup?token=" + secret.Reveal(), Expires: l.Expires}, err
}

// SetupLinks are those of a workspace, newest first.
func (a *Admin) SetupLinks(ctx context.Context, workspace string) ([]directory.SetupLink, error) {
	return a.cfg.Store.SetupLinks(ctx, workspace)
}

// RevokeSetupLink ends a link of a workspace, also for whoever has opened it.
func (a *Admin) RevokeSetupLink(ctx context.Context, workspace, id string) error {
	err := a.cfg.Store.RevokeSetupLink(ctx, workspace, id, a.now())
	if errors.Is(err, store.ErrNotFound) {
		return problem.Wrap(problem.NotFound, err)
	}
	return err
}

// ReadSetupLink says what a link leads to, and leaves it uncounted. Unknown, expired
// and revoked are all problem.AdminLink.
func (a *Admin) ReadSetupLink(ctx context.Context, secret string) (directory.SetupLink, error) {
	l, err := a.cfg.Store.SetupLinkOf(ctx, Secret(secret).Hash(), a.now())
	if errors.Is(err, store.ErrNotFound) {
		err = problem.New(problem.AdminLink)
	}
	return l, err
}

// OpenSetupLink opens a link: the cookie keeps it in this browser, so that its
// secret need not stay in an address. Each opening is noted.
func (a *Admin) OpenSetupLink(ctx context.Context, secret string, v Visitor) (directory.SetupLink, *http.Cookie, error) {
	if err := a.knock(v, ""); err != nil {
		return directory.SetupLink{}, nil, err
	}
	box, err := a.box("setup link")
	if err != nil {
		return directory.SetupLink{}, nil, err
	}
	ctx = store.WithoutAudit(ctx)
	l, err := a.cfg.Store.UseSetupLink(ctx, Secret(secret).Hash(), a.now())
	if errors.Is(err, store.ErrNotFound) {
		return l, nil, problem.New(problem.AdminLink)
	}
	if err != nil {
		return l, nil, err
	}
	if err := a.cfg.Store.AppendAudit(ctx, store.AuditEntry{
		At: a.now(), Workspace: l.Workspace, Act: "account.setuplink.open", Actor: "setup link " + l.ID, ActorID: "link:" + l.ID, Target: l.ID,
		Detail: map[string]string{"module": string(l.Module), "for": l.For, "uses": fmt.Sprint(l.Uses)}, Outcome: store.AuditDone, IP: v.IPText(),
	}); err != nil {
		return l, nil, err
	}
	sealed, err := box.Seal(l.ID, "setup link")
	if err != nil {
		return l, nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return l, nil, err
	}
	return l, a.cookie(setupCookie, base64.RawURLEncoding.EncodeToString(raw), l.Expires.Sub(a.now())), nil
}

// visitorOfLink is who came by a setup link that is still good.
func (a *Admin) visitorOfLink(r *http.Request) (console.Principal, error) {
	k, err := r.Cookie(a.cookieName(setupCookie))
	if err != nil || len(k.Value) > 500 {
		return console.Principal{}, nil
	}
	box, err := a.box("setup link")
	if err != nil {
		return console.Principal{}, err
	}
	raw, err := base64.RawURLEncoding.DecodeString(k.Value)
	var id string
	if err != nil || box.Open(base64.StdEncoding.EncodeToString(raw), "setup link", &id) != nil {
		return console.Principal{}, nil
	}
	l, err := a.cfg.Store.SetupLink(r.Context(), id, a.now())
	if errors.Is(err, store.ErrNotFound) {
		return console.Principal{}, nil
	}
	if err != nil {
		return console.Principal{}, err
	}
	return console.Principal{
		ID: "link:" + l.ID, Name: "setup link", Link: &console.LinkScope{ID: l.ID, Workspace: l.Workspace, Module: l.Module},
	}, nil
}

// NewToken makes a token of the JSON API, for a role in a workspace or, where that
// is empty, for the server. Its clear text is returned once.
func (a *Admin) NewToken(ctx context.Context, by console.Principal, name string, g Grant, valid time.Duration) (directory.AdminToken, Secret, error) {
	valid, err := life(valid, TokenFor, MaxToken)
	if err != nil {
		return directory.AdminToken{}, "", err
	}
	if g.Workspace == "" {
		g.Role = directory.AdminOwner
	}
	role, ok := console.ParseRole(g.Role)
	if err := g.check(); err != nil || !ok {
		return directory.AdminToken{}, "", errors.Join(err, problem.Detailf(problem.FieldBad, "The role is owner, admin, it-admin or viewer."))
	}
	if g.Workspace == "" && by.RoleIn("") < console.ServerOwner || by.RoleIn(g.Workspace) < role {
		return directory.AdminToken{}, "", problem.New(problem.AdminTooSmall)
	}
	if name = Name(name); name == "" {
		return directory.AdminToken{}, "", problem.Detailf(problem.FieldBad, "The name is empty: say what the token is for.")
	}
	maker := ""
	if !by.Operator {
		who, err := a.Account(ctx, by)
		if err != nil {
			return directory.AdminToken{}, "", err // a token makes no token
		}
		maker = who.ID
	}
	clear, now := newToken(), a.now()
	k := directory.AdminToken{
		ID: uuid.NewString(), Hash: clear.Hash(), Name: name, Admin: maker, Workspace: g.Workspace, Role: g.Role, Created: now, Expires: now.Add(valid),
	}
	err = a.cfg.Store.CreateAdminToken(ctx, k)
	if errors.Is(err, store.ErrNotFound) {
		err = problem.Wrap(problem.UnknownWorkspace, err)
	}
	if err != nil {
		return directory.AdminToken{}, "", err
	}
	return k, clear, nil
}

// Tokens are those of a workspace, or of the server, newest first.
func (a *Admin) Tokens(ctx context.Context, workspace string) ([]directory.AdminToken, error) {
	return a.cfg.Store.AdminTokens(ctx, workspace)
}

// RevokeToken ends a token of a workspace, or of the server.
func (a *Admin) RevokeToken(ctx context.Context, workspace, id string) error {
	err := a.cfg.Store.RevokeAdminToken(ctx, workspace, id, a.now())
	if errors.Is(err, store.ErrNotFound) {
		return problem.Wrap(problem.NotFound, err)
	}
	return err
}
