package admin

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Who says who makes a request: by a token in its header, the cookie of a session,
// or that of a setup link, in this order. Whoever only sets up how to sign in is
// nobody yet.
func (a *Admin) Who(r *http.Request) (console.Principal, error) {
	if h := r.Header.Get("Authorization"); h != "" {
		return a.bearer(r, h)
	}
	n, who, err := a.read(r)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return a.visitorOfLink(r)
	case err != nil:
		return console.Principal{}, err
	case n.How == directory.ByJoining, n.How == directory.ByRecovering, !who.Enrolled():
		return console.Principal{}, nil
	}
	now := a.now()
	if !console.Passive(r.Context()) && now.Sub(n.Seen) >= seenEvery {
		if err := a.cfg.Store.SeeAdminSession(store.WithoutAudit(r.Context()), n.Hash, now); err != nil {
			return console.Principal{}, err
		}
	}
	p := principal(who)
	p.Session = n.ID
	p.Fresh = !n.Proven.IsZero() && now.Sub(n.Proven) < StepUpFor
	return p, nil
}

func principal(who directory.Administrator) console.Principal {
	p := console.Principal{ID: who.ID, Name: who.Name, Email: who.Email, ServerOwner: who.ServerOwner, Roles: map[string]console.Role{}}
	for ws, name := range who.Roles {
		if role, ok := console.ParseRole(name); ok {
			p.Roles[ws] = role
		}
	}
	return p
}

// bearer is who shows a token. A token can do no more than whoever made it can do
// today.
func (a *Admin) bearer(r *http.Request, header string) (console.Principal, error) {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || !wellFormed(token) {
		return console.Principal{}, nil
	}
	now := a.now()
	k, err := a.cfg.Store.AdminToken(r.Context(), Secret(token).Hash(), now)
	if errors.Is(err, store.ErrNotFound) {
		return console.Principal{}, nil
	}
	if err != nil {
		return console.Principal{}, err
	}
	p := console.Principal{ID: "token:" + k.ID, Name: "token " + k.Name, Bearer: true}
	role, ok := console.ParseRole(k.Role)
	if !ok {
		return console.Principal{}, nil
	}
	if k.Admin != "" {
		maker, err := a.cfg.Store.Admin(r.Context(), k.Admin)
		if errors.Is(err, store.ErrNotFound) {
			return console.Principal{}, nil
		}
		if err != nil {
			return console.Principal{}, err
		}
		if k.Workspace == "" && !maker.ServerOwner {
			return console.Principal{}, nil
		}
		if has, _ := console.ParseRole(maker.RoleIn(k.Workspace)); k.Workspace != "" && has < role {
			role = has
		}
	}
	if k.Workspace == "" {
		p.ServerOwner = true
	} else if role >= console.Viewer {
		p.Roles = map[string]console.Role{k.Workspace: role}
	} else {
		return console.Principal{}, nil
	}
	if now.Sub(k.Used) >= seenEvery {
		if err := a.cfg.Store.SeeAdminToken(store.WithoutAudit(r.Context()), k.ID, now); err != nil {
			return console.Principal{}, err
		}
	}
	return p, nil
}

// Challenge says how somebody can prove once more who they are.
func (a *Admin) Challenge(ctx context.Context, p console.Principal) (console.StepUp, error) {
	who, err := a.Account(ctx, p)
	if err != nil {
		return console.StepUp{}, err
	}
	how := console.StepUp{TOTP: who.TOTP != nil || len(who.Recovery) > 0}
	if len(who.Passkeys) > 0 && a.passkeysWork() == nil {
		if how.PasskeyOptions, err = a.passkeyOptions(&who, purposeStepUp+p.Session); err != nil {
			return console.StepUp{}, err
		}
	}
	if !how.TOTP && how.PasskeyOptions == "" {
		return console.StepUp{}, problem.New(problem.AdminNoFactor)
	}
	return how, nil
}

// Prove checks the form fields stepup_passkey and stepup_code of a request, whose
// form was read, and makes the session fresh.
func (a *Admin) Prove(ctx context.Context, p console.Principal, r *http.Request) error {
	who, err := a.Account(ctx, p)
	if err != nil {
		return err
	}
	n, _, err := a.read(r)
	if errors.Is(err, store.ErrNotFound) || err == nil && (n.Admin != p.ID || n.ID != p.Session) {
		return problem.New(problem.AdminSignIn)
	}
	if err != nil {
		return err
	}
	v := a.Visitor(r)
	if err := a.knock(v, "proof/"+p.ID); err != nil {
		return err
	}
	ctx = store.WithoutAudit(ctx)
	change := store.AdminChange{Proven: n.Hash, Now: a.now()}
	if answer := r.PostForm.Get("stepup_passkey"); answer != "" {
		_, err := a.verifyPasskey(ctx, []byte(answer), purposeStepUp+p.Session, &who, change)
		return err
	}
	how, _, err := a.verifyCode(ctx, who, r.PostForm.Get("stepup_code"), change)
	if err != nil {
		return err
	}
	if how == directory.ByRecovery {
		return a.alarm(ctx, who, how, v)
	}
	return nil
}

// Account is the administrator that p is. Tokens, setup links and commands have
// none: problem.AdminNoAccount.
func (a *Admin) Account(ctx context.Context, p console.Principal) (directory.Administrator, error) {
	if p.Operator || p.Bearer || p.Link != nil || p.ID == "" {
		return directory.Administrator{}, problem.New(problem.AdminNoAccount)
	}
	who, err := a.cfg.Store.Admin(ctx, p.ID)
	if errors.Is(err, store.ErrNotFound) {
		return directory.Administrator{}, problem.New(problem.AdminSignIn)
	}
	return who, err
}

// Visitor is the browser of a request.
func (a *Admin) Visitor(r *http.Request) Visitor {
	v := Visitor{Agent: r.UserAgent()}
	if a.cfg.ClientIP != nil {
		v.IP = a.cfg.ClientIP(r)
	}
	return v
}
