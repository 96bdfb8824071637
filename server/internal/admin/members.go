package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Grant is a role that somebody is given: in a workspace, or as an owner of the
// server.
type Grant struct {
	// Workspace is "" for an owner of the server.
	Workspace string
	// Role is one of directory.AdminRoles; "" takes it away.
	Role string
}

func (g Grant) check() error {
	switch {
	case g.Workspace == "" && g.Role != "" && g.Role != directory.AdminOwner:
		return problem.Detailf(problem.FieldBad, "Only an owner is one of the whole server.")
	case g.Role != "" && !slices.Contains(directory.AdminRoles(), g.Role):
		return problem.Detailf(problem.FieldBad, "The role is owner, admin, it-admin or viewer.")
	}
	return nil
}

// mayGive says whether by may give or take a role: an owner of the workspace may,
// and of the server only its owners. A token may not: whom it let in would stay
// when it is revoked.
func (g Grant) mayGive(by console.Principal) error {
	if by.Bearer {
		return problem.New(problem.AdminNoAccount)
	}
	if g.Workspace == "" && by.RoleIn("") < console.ServerOwner || by.RoleIn(g.Workspace) < console.Owner {
		return problem.New(problem.AdminTooSmall)
	}
	return nil
}

// Invite gives somebody with an e-mail address a role. Who is no administrator yet
// gets a link to join by, which is returned and, where mail can be sent, sent to
// them; for whoever is one already, the link is empty.
func (a *Admin) Invite(ctx context.Context, by console.Principal, email, name string, g Grant) (directory.Administrator, Link, error) {
	if g.Role == "" {
		g.Role = directory.AdminViewer
	}
	if err := errors.Join(g.check(), g.mayGive(by)); err != nil {
		return directory.Administrator{}, Link{}, err
	}
	email, err := Address(email)
	if err != nil {
		return directory.Administrator{}, Link{}, err
	}
	if name = Name(name); name == "" {
		name = email
	}
	who := directory.Administrator{ID: uuid.NewString(), Email: email, Name: name, Created: a.now()}
	give(&who, g)
	link, ticket := a.newLink(ticketInvite, who.ID, InviteFor)
	err = a.cfg.Store.CreateAdmin(ctx, who, nil, ticket)
	if errors.Is(err, store.ErrNotFound) {
		return directory.Administrator{}, Link{}, problem.Wrap(problem.UnknownWorkspace, err)
	}
	if !errors.Is(err, store.ErrExists) {
		if err == nil {
			a.mailInvitation(ctx, by, who, link, g)
		}
		return who, link, err
	}
	there, err := a.cfg.Store.AdminByEmail(ctx, email)
	if err != nil {
		return there, Link{}, err
	}
	if there.RoleIn(g.Workspace) == directory.AdminOwner && g.Workspace == "" || g.Workspace != "" && there.Roles[g.Workspace] != "" {
		return there, Link{}, problem.New(problem.AdminExists)
	}
	// Nobody's address was proven: whoever was shown an invitation may have joined
	// by it in another's name. So an account of other workspaces is given a role by
	// who sees it whole, and its invitation is shown to nobody else.
	if !allOf(by, there) {
		return directory.Administrator{}, Link{}, problem.New(problem.AdminElsewhere)
	}
	if there, err = a.setRole(ctx, by, there.ID, g, allOf); err != nil || there.Enrolled() {
		return there, Link{}, err
	}
	link, err = a.Reinvite(ctx, by, there.ID)
	return there, link, err
}

// allOf says whether by owns everything that somebody administers.
func allOf(by console.Principal, who directory.Administrator) bool {
	if by.RoleIn("") >= console.ServerOwner {
		return true
	}
	for ws := range who.Roles {
		if by.RoleIn(ws) < console.Owner {
			return false
		}
	}
	return !who.ServerOwner
}

// Reinvite makes a new link for somebody who was invited and did not join; the one
// before ends.
func (a *Admin) Reinvite(ctx context.Context, by console.Principal, admin string) (Link, error) {
	who, err := a.visible(ctx, by, admin)
	if err != nil {
		return Link{}, err
	}
	switch {
	case by.Bearer:
		return Link{}, problem.New(problem.AdminNoAccount)
	case who.Enrolled():
		return Link{}, problem.New(problem.AdminExists)
	case !allOf(by, who): // the link opens what is not by's to open
		return Link{}, problem.New(problem.AdminElsewhere)
	}
	link, ticket := a.newLink(ticketInvite, who.ID, InviteFor)
	change := store.AdminChange{Put: []store.AdminTicket{ticket}, EndOthers: true, Now: a.now()}
	if _, err := a.cfg.Store.ChangeAdmin(ctx, who.ID, change, func(x *directory.Administrator, _ others) error {
		switch { // once more: they may have joined, or been given a role elsewhere
		case x.Enrolled():
			return problem.New(problem.AdminExists)
		case !allOf(by, *x):
			return problem.New(problem.AdminElsewhere)
		}
		x.First = false
		return nil
	}); err != nil {
		return Link{}, err
	}
	a.mailInvitation(ctx, by, who, link, Grant{})
	return link, nil
}

// visible is an administrator whom by may act on: one with a role in a workspace
// that by owns. Anybody else is not there.
func (a *Admin) visible(ctx context.Context, by console.Principal, admin string) (directory.Administrator, error) {
	who, err := a.cfg.Store.Admin(ctx, admin)
	if errors.Is(err, store.ErrNotFound) {
		return who, problem.New(problem.AdminUnknown)
	}
	if err != nil || by.RoleIn("") >= console.ServerOwner {
		return who, err
	}
	if !who.ServerOwner {
		for ws := range who.Roles {
			if by.RoleIn(ws) >= console.Owner {
				return who, nil
			}
		}
	}
	return who, problem.New(problem.AdminUnknown)
}

func give(x *directory.Administrator, g Grant) {
	switch {
	case g.Workspace == "":
		x.ServerOwner = g.Role == directory.AdminOwner
	case g.Role == "":
		delete(x.Roles, g.Workspace)
	default:
		if x.Roles == nil {
			x.Roles = map[string]string{}
		}
		x.Roles[g.Workspace] = g.Role
	}
}

// SetRole gives, changes or takes away a role. Nothing is ever left without an
// owner who can sign in; and what somebody set up, such as tokens for provisioning,
// stays as it is (row C8).
func (a *Admin) SetRole(ctx context.Context, by console.Principal, admin string, g Grant) (directory.Administrator, error) {
	return a.setRole(ctx, by, admin, g, func(console.Principal, directory.Administrator) bool { return true })
}

// setRole is SetRole of somebody whom by may let in, which is asked in the
// transaction: else it is problem.AdminElsewhere.
func (a *Admin) setRole(ctx context.Context, by console.Principal, admin string, g Grant, may func(console.Principal, directory.Administrator) bool) (directory.Administrator, error) {
	if err := errors.Join(g.check(), g.mayGive(by)); err != nil {
		return directory.Administrator{}, err
	}
	there, err := a.Find(ctx, admin)
	if err != nil {
		return there, err
	}
	// Who holds an invitation, or has opened it, was to get what it was for then.
	change := store.AdminChange{EndOthers: !there.Enrolled() && g.Role != "" && there.Roles[g.Workspace] == ""}
	who, err := a.cfg.Store.ChangeAdmin(ctx, there.ID, change, func(x *directory.Administrator, others others) error {
		if !may(by, *x) {
			return problem.New(problem.AdminElsewhere)
		}
		before := x.Clone()
		give(x, g)
		all, err := others()
		if err != nil {
			return err
		}
		return stillOwned(before, *x, all, by)
	})
	if errors.Is(err, store.ErrNotFound) {
		_, gone := a.cfg.Store.Admin(ctx, admin)
		if errors.Is(gone, store.ErrNotFound) {
			return who, problem.New(problem.AdminUnknown)
		}
		return who, problem.Wrap(problem.UnknownWorkspace, err)
	}
	return who, err
}

// stillOwned refuses what would leave the server without an owner who can sign in,
// or a workspace without an owner of its own, unless an owner of the server does
// that: they own it too.
func stillOwned(before, after directory.Administrator, others []directory.Administrator, by console.Principal) error {
	left := append(slices.Clone(others), after)
	if before.ServerOwner && before.Enrolled() && !owned(left) {
		return problem.New(problem.AdminLastOwner)
	}
	if by.RoleIn("") >= console.ServerOwner {
		return nil
	}
	for ws, role := range before.Roles {
		if role != directory.AdminOwner || after.Roles[ws] == directory.AdminOwner || !before.Enrolled() {
			continue
		}
		if !slices.ContainsFunc(left, func(x directory.Administrator) bool { return x.Roles[ws] == directory.AdminOwner && x.Enrolled() }) {
			return problem.Detailf(problem.AdminLastOwner, "It is the workspace %s.", ws)
		}
	}
	return nil
}

// Remove removes an administrator altogether, with their sessions and tokens of the
// API. Only an owner of the server, or they themselves, may.
func (a *Admin) Remove(ctx context.Context, by console.Principal, admin string) error {
	switch {
	case by.Bearer:
		return problem.New(problem.AdminNoAccount)
	case by.RoleIn("") < console.ServerOwner && by.ID != admin:
		return problem.New(problem.AdminTooSmall)
	}
	err := a.cfg.Store.RemoveAdmin(ctx, admin, a.now(), func(x directory.Administrator, others []directory.Administrator) error {
		return stillOwned(x, directory.Administrator{}, others, by)
	})
	if errors.Is(err, store.ErrNotFound) {
		return problem.New(problem.AdminUnknown)
	}
	return err
}

// Members are the administrators of a workspace, by address; of "", all.
func (a *Admin) Members(ctx context.Context, workspace string) ([]directory.Administrator, error) {
	all, err := a.cfg.Store.Admins(ctx)
	if workspace == "" {
		return all, err
	}
	return slices.DeleteFunc(all, func(x directory.Administrator) bool { return x.RoleIn(workspace) == "" }), err
}

// Find returns an administrator by id or e-mail address: problem.AdminUnknown.
func (a *Admin) Find(ctx context.Context, who string) (directory.Administrator, error) {
	x, err := a.cfg.Store.Admin(ctx, who)
	if errors.Is(err, store.ErrNotFound) {
		x, err = a.cfg.Store.AdminByEmail(ctx, who)
	}
	if errors.Is(err, store.ErrNotFound) {
		err = problem.New(problem.AdminUnknown)
	}
	return x, err
}

// Recover makes a link by which somebody begins anew: whoever opens it sets up how
// they sign in, and all they had before goes. The link before ends, also for the
// browsers that opened it. It is for the operator of the server,
// and told to every owner.
func (a *Admin) Recover(ctx context.Context, admin string) (Link, error) {
	who, err := a.Find(ctx, admin)
	if err != nil {
		return Link{}, err
	}
	link, ticket := a.newLink(ticketRecover, who.ID, RecoverFor)
	if err := a.cfg.Store.PutAdminTickets(ctx, ticket); err != nil {
		return Link{}, err
	}
	if err := a.endRecovering(ctx, who.ID); err != nil {
		return Link{}, err
	}
	a.tell(ctx, who, nil, "A link to recover access to the console was made",
		fmt.Sprintf("On the server itself, somebody made a link with which %s (%s) can set up anew how they sign in to the console. It works until %s.\n\n"+
			"If nobody of you did that, somebody else has control of the server.", who.Name, who.Email, link.Expires.UTC().Format("2 January 2006, 15:04 UTC")))
	return link, nil
}

// endRecovering ends the sessions of browsers that opened a link to begin anew and
// did not use it yet.
func (a *Admin) endRecovering(ctx context.Context, admin string) error {
	all, err := a.cfg.Store.AdminSessions(ctx, admin, a.now())
	if err != nil {
		return err
	}
	for _, n := range all {
		if n.How != directory.ByRecovering {
			continue
		}
		if err := a.cfg.Store.EndAdminSession(ctx, admin, n.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

// mailInvitation sends a link to whom it is for. That it could not be sent is only
// logged: the link can be copied.
func (a *Admin) mailInvitation(ctx context.Context, by console.Principal, who directory.Administrator, link Link, g Grant) {
	if a.cfg.Mail == nil {
		return
	}
	to := "this server"
	if g.Workspace != "" {
		to = "the workspace " + g.Workspace
	}
	_, err := a.cfg.Mail.Queue(ctx, directory.Mail{
		To: []string{who.Email}, Kind: "invitation", Workspace: g.Workspace, Until: link.Expires,
		Subject: "You are invited to administer " + to,
		Text: fmt.Sprintf("%s invites you to administer %s.\n\nOpen this link to choose how you sign in. It works until %s:\n\n%s\n\nIf you do not expect this, do nothing.",
			by.Called(), to, link.Expires.UTC().Format("2 January 2006, 15:04 UTC"), link.URL),
	})
	if code, _ := problem.Of(err); err != nil && code != problem.MailNotSet {
		a.cfg.Log.ErrorContext(ctx, "an invitation could not be sent", "error", err)
	}
}
