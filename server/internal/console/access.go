package console

import (
	"context"
	"net/http"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Role is what somebody may do in a workspace. Each may do all that those before
// it may.
type Role int

// The roles, from the least. ServerOwner is no role in a workspace: it is that of
// whoever administers the server.
const (
	Anybody  Role = iota // without signing in
	SignedIn             // whoever administers anything
	Viewer
	ITAdmin
	Admin
	Owner
	ServerOwner
)

var roleNames = map[Role]string{
	Anybody: "anybody", SignedIn: "signed in", Viewer: "viewer", ITAdmin: "it-admin", Admin: "admin", Owner: "owner", ServerOwner: "server owner",
}

// String is the role's name as it is shown and stored: viewer, it-admin, admin,
// owner.
func (r Role) String() string { return roleNames[r] }

// MarshalText writes the role's name.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// ParseRole returns the role in a workspace that name is.
func ParseRole(name string) (Role, bool) {
	for _, r := range []Role{Viewer, ITAdmin, Admin, Owner} {
		if r.String() == name {
			return r, true
		}
	}
	return Anybody, false
}

// Access is who may use a route. The zero Access lets anybody in.
type Access struct {
	// Role is the least role: in the workspace whose id is in the path as {ws},
	// or anywhere where there is none.
	Role Role
	// Module lets those in who came by a setup link for this module of this
	// workspace. An act of it needs a plan that has the module.
	Module directory.Module
	// StepUp asks for a proof of who it is that is not older than five minutes.
	StepUp bool
}

// Principal is whoever asks. The zero Principal is nobody.
type Principal struct {
	// ID is stable, and the same for no two.
	ID string `json:"id"`
	// Name and Email are for people.
	Name  string `json:"name"`
	Email string `json:"email"`
	// ServerOwner is an owner of every workspace, and may make more.
	ServerOwner bool `json:"server_owner"`
	// Roles are those in workspaces, by id.
	Roles map[string]Role `json:"roles,omitempty"`
	// Link is set where somebody came by a setup link.
	Link *LinkScope `json:"link,omitempty"`
	// Fresh: they proved who they are within five minutes.
	Fresh bool `json:"-"`
	// Operator is a command on the server's own machine.
	Operator bool `json:"-"`
	// Session is the public handle of their session, where they have one.
	Session string `json:"-"`
	// Bearer: they came with a token in a header rather than by a browser.
	Bearer bool `json:"-"`
}

// LinkScope is all that a setup link leads to.
type LinkScope struct {
	ID        string           `json:"id"`
	Workspace string           `json:"workspace"`
	Module    directory.Module `json:"module"`
}

// Known says whether it is anybody at all.
func (p Principal) Known() bool { return p.ID != "" || p.Operator }

// Called is what they are called in the audit log and beside what they did.
func (p Principal) Called() string {
	switch {
	case p.Operator:
		return "operator (command)"
	case p.Link != nil:
		return "setup link " + p.Link.ID
	case p.Email != "":
		return p.Email
	case p.Name != "":
		return p.Name
	}
	return p.ID
}

// RoleIn is the role in a workspace; Anybody where there is none.
func (p Principal) RoleIn(workspace string) Role {
	switch {
	case p.Operator:
		return ServerOwner
	case p.Link != nil:
		return Anybody
	case p.ServerOwner:
		return ServerOwner
	}
	return p.Roles[workspace]
}

// sees says whether they may know that the workspace is there.
func (p Principal) sees(workspace string) bool {
	return p.RoleIn(workspace) >= Viewer || p.Link != nil && p.Link.Workspace == workspace
}

// may says whether they may use a route. workspace is "" where it has none.
func (p Principal) may(a Access, workspace string) error {
	switch {
	case a.Role == Anybody:
		return nil
	case !p.Known():
		return problem.New(problem.AdminSignIn)
	case workspace != "" && !p.sees(workspace):
		return problem.New(problem.NotFound) // which workspaces there are is nobody's business
	case p.Link != nil:
		if a.Module != "" && a.Module == p.Link.Module && workspace == p.Link.Workspace && a.Role <= ITAdmin {
			return nil
		}
		return problem.Detailf(problem.Forbidden, "The setup link leads to one part of one workspace.")
	case a.Role == SignedIn, a.Role == ServerOwner && (p.ServerOwner || p.Operator):
		return nil
	case a.Role < ServerOwner && workspace != "" && p.RoleIn(workspace) >= a.Role:
		return nil
	case workspace != "":
		return problem.Detailf(problem.Forbidden, "It needs the role %s in this workspace, and yours is %s.", a.Role, p.RoleIn(workspace))
	}
	return problem.Detailf(problem.Forbidden, "It needs the role %s.", a.Role)
}

// Sentry says who asks, and has them prove it again.
type Sentry interface {
	// Who says who makes a request. The zero Principal is nobody. Where
	// [Passive] says so, the request is the page's own and no sign of life.
	Who(r *http.Request) (Principal, error)
	// Challenge says how p can prove who they are.
	Challenge(ctx context.Context, p Principal) (StepUp, error)
	// Prove checks the form fields stepup_code and stepup_passkey of r.
	Prove(ctx context.Context, p Principal, r *http.Request) error
}

// StepUp is how somebody can prove anew who they are.
type StepUp struct {
	// PasskeyOptions is JSON for navigator.credentials.get, or "".
	PasskeyOptions string
	// TOTP: a code of an authenticator app, or a recovery code, is taken.
	TOTP bool
}

type passiveKey struct{}

// AsPassive marks a request as one that a page makes to keep itself current.
func AsPassive(ctx context.Context) context.Context {
	return context.WithValue(ctx, passiveKey{}, true)
}

// Passive says whether a request is made by a page that is looked at, to keep
// itself current: it does not show that anybody is still there.
func Passive(ctx context.Context) bool { return ctx.Value(passiveKey{}) != nil }
