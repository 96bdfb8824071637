package modules

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/google/uuid"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// UserDirectory is a user directory with the workspaces that take their people
// from it (row A9).
type UserDirectory struct {
	directory.Directory
	People store.Counts
	Links  []store.Link
}

// maxName is how long the name of a directory or workspace may be.
const maxName = 100

// CheckName says what is wrong with the name of something: code is the problem
// that it is then.
func CheckName(code problem.Code, name string) error {
	switch n := len([]rune(name)); {
	case strings.TrimSpace(name) == "":
		return problem.Detailf(code, "The name is empty.")
	case n > maxName:
		return problem.Detailf(code, "The name has %d characters; at most %d are taken.", n, maxName)
	case strings.ContainsFunc(name, unicode.IsControl) || strings.ToValidUTF8(name, "") != name:
		return problem.Detailf(code, "The name holds characters that cannot be shown.")
	}
	return nil
}

// CreateDirectory makes a user directory without people. owner is the id of the
// administrator who makes it. Its id is never that of a workspace, which would
// take it for its own.
func (k *Keeper) CreateDirectory(ctx context.Context, name, source, owner string) (directory.Directory, error) {
	name = strings.TrimSpace(name)
	if err := CheckName(problem.BadDirectory, name); err != nil {
		return directory.Directory{}, err
	}
	if len(source) > maxName {
		return directory.Directory{}, problem.Detailf(problem.BadDirectory, "The source has more than %d characters.", maxName)
	}
	d := directory.Directory{ID: "dir_" + strings.ReplaceAll(uuid.NewString(), "-", "")[:12], Name: name, Source: source, Owner: owner, Created: k.now()}
	if err := k.Store.CreateDirectory(ctx, d); err != nil {
		if errors.Is(err, store.ErrExists) {
			return d, problem.Wrap(problem.DirectoryExists, err)
		}
		return d, fmt.Errorf("creating the user directory: %w", err)
	}
	return d, nil
}

// Directories returns all user directories with their links.
func (k *Keeper) Directories(ctx context.Context) ([]UserDirectory, error) {
	all, people, err := k.Store.Directories(ctx)
	if err != nil {
		return nil, err
	}
	links, err := k.Store.Links(ctx, "")
	if err != nil {
		return nil, err
	}
	by := map[string][]store.Link{}
	for _, l := range links {
		by[l.Directory] = append(by[l.Directory], l)
	}
	var out []UserDirectory
	for _, d := range all {
		out = append(out, UserDirectory{d, people[d.ID], by[d.ID]})
	}
	return out, nil
}

// UserDirectory returns one user directory with its links.
func (k *Keeper) UserDirectory(ctx context.Context, id string) (UserDirectory, error) {
	d, people, err := k.Store.Directory(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return UserDirectory{}, problem.Wrap(problem.UnknownDirectory, err)
	}
	if err != nil {
		return UserDirectory{}, err
	}
	links, err := k.Store.Links(ctx, id)
	return UserDirectory{d, people, links}, err
}

// Link lets a workspace take its people from a user directory. The licence is
// that of its plan where none is named. The errors are problem.NoLicense,
// problem.DirectoryLinked, problem.DirectoryPeople, problem.UnknownDirectory and
// problem.UnknownWorkspace.
func (k *Keeper) Link(ctx context.Context, workspace, dir, license string) error {
	if err := k.Linkable(ctx, workspace, dir); err != nil {
		return err
	}
	p, err := k.Plan(ctx, workspace)
	if err != nil {
		return err
	}
	if license = strings.TrimSpace(license); license == "" {
		license = p.License
	} else if err := CheckName(problem.BadDirectory, license); err != nil {
		return err
	}
	if _, _, err := k.Store.Directory(ctx, dir); errors.Is(err, store.ErrNotFound) {
		return problem.Wrap(problem.UnknownDirectory, err)
	}
	err = k.Store.LinkWorkspace(ctx, store.Link{Workspace: workspace, Directory: dir, License: license, Linked: k.now()})
	var taken store.Exists
	switch {
	case errors.As(err, &taken) && taken.Field == "people":
		return problem.Wrap(problem.DirectoryPeople, err)
	case errors.As(err, &taken):
		return problem.Wrap(problem.DirectoryLinked, err)
	}
	return unknown(err)
}

// Linkable says what speaks against linking a workspace to a user directory; dir
// is "" for one that is yet to be made. Its errors are those of Link.
func (k *Keeper) Linkable(ctx context.Context, workspace, dir string) error {
	ws, err := k.Store.Workspace(ctx, workspace)
	if err != nil {
		return unknown(err)
	}
	p, err := k.Plan(ctx, workspace)
	if err != nil {
		return err
	}
	switch {
	case p.Unlicensed && (p.Contact != "" || p.ContactURL != ""):
		return problem.Detailf(problem.NoLicense, "%s", contact(p))
	case p.Unlicensed:
		return problem.New(problem.NoLicense)
	case ws.Directory == dir:
		return nil
	}
	d, err := k.UserDirectory(ctx, ws.Directory)
	if err != nil {
		return err
	}
	for _, l := range d.Links {
		if l.Workspace == workspace && !l.Linked.IsZero() {
			return problem.New(problem.DirectoryLinked)
		}
	}
	if d.People.Active+d.People.Suspended > 0 {
		return problem.New(problem.DirectoryPeople)
	}
	return nil
}

// Unlink takes a workspace from the user directory that it is linked to. The
// sessions in it end, and it has a directory of its own again. Where it is not
// linked there it is problem.NotLinkedHere.
func (k *Keeper) Unlink(ctx context.Context, workspace, dir string) error {
	err := k.Store.UnlinkWorkspace(ctx, workspace, dir, k.now())
	if errors.Is(err, store.ErrNotFound) {
		return problem.Wrap(problem.NotLinkedHere, err)
	}
	return err
}
