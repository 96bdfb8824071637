package people

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// maxRole is how long the name of a role may be, in characters.
const maxRole = 64

func (d Desk) act(ws directory.Workspace, user, who, what string) store.Act {
	return store.Act{At: d.Now(), Directory: ws.Directory, Workspace: ws.ID, User: user, Who: who, What: what}
}

// Suspend ends somebody's access, until they are brought back here or Entra sends
// them as active. Whoever has no access already is problem.PersonState.
func (d Desk) Suspend(ctx context.Context, ws directory.Workspace, id, who string) (directory.User, error) {
	u, err := d.Person(ctx, ws, id)
	if err != nil {
		return u, err
	}
	if u.State != directory.Active {
		return u, problem.Detailf(problem.PersonState, "%s is %s.", u.UserName, u.State)
	}
	return d.become(ctx, ws, u, directory.Suspended, who, "suspended")
}

// Restore gives somebody who is suspended or archived their access back (rows E5,
// E8): an administrator's role that they lost is not among it. Where somebody
// else has their user name by now it is problem.PersonTaken.
func (d Desk) Restore(ctx context.Context, ws directory.Workspace, id, who string) (directory.User, error) {
	u, err := d.Person(ctx, ws, id)
	if err != nil {
		return u, err
	}
	if u.State == directory.Active {
		return u, problem.Detailf(problem.PersonState, "%s is active.", u.UserName)
	}
	return d.become(ctx, ws, u, directory.Active, who, "restored (was "+string(u.State)+")")
}

func (d Desk) become(ctx context.Context, ws directory.Workspace, u directory.User, to directory.State, who, what string) (directory.User, error) {
	after, err := d.Store.ChangeState(ctx, ws, u.ID, to, d.act(ws, u.ID, who, what))
	var taken store.Exists
	switch {
	case errors.As(err, &taken):
		return u, &problem.Error{Code: problem.PersonTaken, Detail: "Somebody else has the same " + fieldName(taken.Field) + ".", Cause: err}
	case errors.Is(err, store.ErrNotFound):
		return u, problem.New(problem.NotFound)
	case err != nil:
		return u, fmt.Errorf("changing a person's state: %w", err)
	}
	return after, nil
}

// fieldName is a unique name as people call it.
func fieldName(field string) string {
	switch field {
	case "userName":
		return "user name"
	case "externalId", "objectId":
		return "Entra object ID"
	}
	return field
}

// SetRole gives somebody a role by hand, which stands before every rule; an empty
// role lets the rules decide again. Nobody becomes an administrator or owner who
// has no access: problem.PersonState.
func (d Desk) SetRole(ctx context.Context, ws directory.Workspace, id, role, who string) (directory.User, error) {
	role = strings.TrimSpace(role)
	if !line(role, maxRole) {
		return directory.User{}, problem.Detailf(problem.FieldBad, "A role is a line of at most %d characters.", maxRole)
	}
	what := "gave the role " + role
	if role == "" {
		what = "let the rules give the role again"
	}
	return d.rank(ctx, ws, id, who, what, func(before directory.User, groups []directory.Group) (directory.User, error) {
		if before.State != directory.Active && directory.Powerful(role) {
			return before, problem.Detailf(problem.PersonState, "%s is %s, and whoever returns is no admin or owner. Give the role when they are back.", before.UserName, before.State)
		}
		return directory.Grant(ws, before, groups, role), nil
	})
}

// Regrant gives somebody who returned the administrator's role back that they had
// (row E8).
func (d Desk) Regrant(ctx context.Context, ws directory.Workspace, id, who string) (directory.User, error) {
	u, err := d.Person(ctx, ws, id)
	if err != nil {
		return u, err
	}
	had := u.Ranking.Had
	return d.rank(ctx, ws, id, who, "gave back the role "+had, func(before directory.User, groups []directory.Group) (directory.User, error) {
		switch {
		case before.Ranking.Had == "" || before.Ranking.Had != had:
			return before, problem.Detailf(problem.PersonState, "%s has lost no role of an admin or owner that could be given back.", before.UserName)
		case before.State != directory.Active:
			return before, problem.Detailf(problem.PersonState, "%s is %s. Give the role back when they have returned.", before.UserName, before.State)
		}
		return directory.Confirm(ws, before, groups), nil
	})
}

func (d Desk) rank(ctx context.Context, ws directory.Workspace, id, who, what string,
	change func(directory.User, []directory.Group) (directory.User, error),
) (directory.User, error) {
	after, err := d.Store.ChangeRole(ctx, ws, id, store.Act{At: d.Now(), Who: who, What: what}, change)
	var known *problem.Error
	switch {
	case errors.Is(err, store.ErrNotFound):
		return after, problem.New(problem.NotFound)
	case err == nil || errors.As(err, &known):
		return after, err
	}
	return after, fmt.Errorf("giving a role: %w", err)
}

// SignOut ends every session of somebody in the workspace, and says how many.
func (d Desk) SignOut(ctx context.Context, ws directory.Workspace, id, who string) (int, error) {
	if _, err := d.Person(ctx, ws, id); err != nil {
		return 0, err
	}
	n, err := d.Store.SignOut(ctx, d.act(ws, id, who, "signed out everywhere"))
	if err != nil {
		return 0, fmt.Errorf("signing out: %w", err)
	}
	return n, nil
}

// SignOutOne ends one session of somebody in the workspace, by its handle. One
// that ended meanwhile is problem.NotFound.
func (d Desk) SignOutOne(ctx context.Context, ws directory.Workspace, id, session, who string) error {
	if _, err := d.Person(ctx, ws, id); err != nil {
		return err
	}
	err := d.Store.SignOutOne(ctx, d.act(ws, id, who, "signed out of one device (session "+session+")"), session)
	if errors.Is(err, store.ErrNotFound) {
		return problem.New(problem.NotFound)
	}
	if err != nil {
		return fmt.Errorf("signing out: %w", err)
	}
	return nil
}

// Unlink parts somebody from the Microsoft account that a sign-in joined them
// with, and signs them out. Where the provisioner itself named the account it is
// problem.PersonLinked: only Entra can change that.
func (d Desk) Unlink(ctx context.Context, ws directory.Workspace, id, who string) (directory.User, error) {
	u, err := d.Person(ctx, ws, id)
	if err != nil {
		return u, err
	}
	switch {
	case u.ObjectID == "" && uuid.Validate(u.ExternalID) == nil:
		return u, problem.New(problem.PersonLinked)
	case u.ObjectID == "":
		return u, problem.Detailf(problem.PersonState, "%s is linked to no Microsoft account.", u.UserName)
	}
	err = d.Store.UnlinkObjectID(ctx, d.act(ws, u.ID, who, "unlinked the Microsoft account "+u.ObjectID))
	if errors.Is(err, store.ErrNotFound) {
		return u, problem.New(problem.NotFound)
	}
	if err != nil {
		return u, fmt.Errorf("unlinking: %w", err)
	}
	u.ObjectID = ""
	return u, nil
}
