package modules

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

func asDuration(d jsonDuration) time.Duration { return time.Duration(d) }

// Difference is a part of two workspaces that is not the same in both.
type Difference struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Group string `json:"group"`
	// From and To are the values, as people read them; "" where nothing is set.
	From string `json:"from"`
	To   string `json:"to"`
}

// Comparison is how a workspace differs from another.
type Comparison struct {
	From        string       `json:"from"`
	To          string       `json:"to"`
	Differences []Difference `json:"differences"`
	// Version changes when one of the two workspaces does.
	Version string `json:"version"`
}

func compare(from, to store.Copy) Comparison {
	c := Comparison{From: from.Workspace.ID, To: to.Workspace.ID, Differences: []Difference{}}
	h := sha256.New()
	for _, p := range parts() {
		a, b := shown(p.get(from)), shown(p.get(to))
		fmt.Fprintf(h, "%q %q %q\n", p.name, a, b)
		if a != b {
			c.Differences = append(c.Differences, Difference{p.name, p.title, p.group, a, b})
		}
	}
	c.Version = hex.EncodeToString(h.Sum(nil)[:12])
	return c
}

// Compare says how one workspace differs from another in what it is set up with.
func (k *Keeper) Compare(ctx context.Context, from, to string) (Comparison, error) {
	a, err := k.Store.Copied(ctx, from)
	if err != nil {
		return Comparison{}, unknown(err)
	}
	b, err := k.Store.Copied(ctx, to)
	if err != nil {
		return Comparison{}, unknown(err)
	}
	return compare(a, b), nil
}

// cloned are the kinds of settings that a clone begins with besides those that
// are compared.
var cloned = []string{directory.SettingPlan, directory.SettingSwitches}

// Clone makes a workspace that is set up like another, with a user directory of
// its own and nobody in it. No secret is taken along: no token or client of
// provisioning, no private key, no webhook. Nothing in it is switched on that was
// not tested there, and no domain leads to it. An id that is taken is
// problem.WorkspaceExists.
func (k *Keeper) Clone(ctx context.Context, of, id, name string, kind directory.EnvironmentKind, who string) (directory.Workspace, error) {
	if err := directory.ValidID(id); err != nil {
		return directory.Workspace{}, err
	}
	from, err := k.Store.Copied(ctx, of)
	if err != nil {
		return directory.Workspace{}, unknown(err)
	}
	now := k.now()
	c := store.Copy{Workspace: directory.Workspace{ID: id, Name: name, Created: now, Modified: now}}
	if c.Workspace.Name == "" {
		c.Workspace.Name = from.Workspace.Name + " (" + string(kind) + ")"
	}
	for _, p := range parts() {
		if shown(p.get(from)) != shown(p.get(c)) {
			p.put(from, &c)
		}
	}
	for _, kind := range cloned {
		if n := from.Setting(kind); n.Version > 0 {
			c.Settings = append(c.Settings, n)
		}
	}
	if from.SAML.Version > 0 {
		touchSAML(&c)
	}
	environment, err := json.Marshal(directory.Environment{Kind: kind, Of: from.Workspace.ID})
	if err != nil {
		return directory.Workspace{}, err
	}
	c.Settings = append(c.Settings, store.Setting{Kind: directory.SettingEnvironment, Doc: environment})
	if err := k.Store.CreateCopy(ctx, c, who, now); err != nil {
		if errors.Is(err, store.ErrExists) {
			return directory.Workspace{}, problem.Wrap(problem.WorkspaceExists, err)
		}
		return directory.Workspace{}, fmt.Errorf("cloning the workspace: %w", err)
	}
	return k.Store.Workspace(ctx, id)
}

// Promotion is what is to be taken over from a workspace by another.
type Promotion struct {
	From, To string
	// Parts are the names of the differences that were chosen.
	Parts []string
	// Version is that of the comparison they were chosen in.
	Version string
	// Confirm is the id of To, typed once more.
	Confirm string
	Who     string
}

// Promote takes over the chosen parts of one workspace in another: all of them or,
// where one of the two was changed meanwhile, none. It returns how they differ
// afterwards.
func (k *Keeper) Promote(ctx context.Context, p Promotion) (Comparison, error) {
	switch {
	case len(p.Parts) == 0:
		return Comparison{}, problem.New(problem.NothingPicked)
	case p.Confirm != p.To:
		return Comparison{}, problem.New(problem.NotConfirmed)
	}
	err := k.Store.ChangeCopy(ctx, p.From, p.To, p.Who, k.now(), func(from store.Copy, to *store.Copy) error {
		now := compare(from, *to)
		if now.Version != p.Version {
			return problem.New(problem.PromotedBefore)
		}
		for _, name := range p.Parts {
			if !slices.ContainsFunc(now.Differences, func(d Difference) bool { return d.Name == name }) {
				return problem.Detailf(problem.UnknownPart, "It was %.60q.", name)
			}
		}
		for _, part := range parts() {
			if slices.Contains(p.Parts, part.name) {
				part.put(from, to)
			}
		}
		return nil
	})
	if err != nil {
		return Comparison{}, unknown(err)
	}
	return k.Compare(ctx, p.From, p.To)
}

// Origin returns the workspace that another was cloned from. problem.NotACopy
// says that it was cloned from none, or that that one is gone.
func (k *Keeper) Origin(ctx context.Context, workspace string) (directory.Workspace, error) {
	e, err := k.Environment(ctx, workspace)
	if err != nil {
		return directory.Workspace{}, err
	}
	if e.Of == "" {
		return directory.Workspace{}, problem.New(problem.NotACopy)
	}
	ws, err := k.Store.Workspace(ctx, e.Of)
	if errors.Is(err, store.ErrNotFound) {
		return ws, problem.Wrap(problem.NotACopy, err)
	}
	return ws, err
}

// Clones returns the workspaces that were cloned from one.
func (k *Keeper) Clones(ctx context.Context, workspace string) (all []directory.Workspace, err error) {
	every, err := k.Store.SettingsOfKind(ctx, directory.SettingEnvironment)
	if err != nil {
		return nil, err
	}
	for _, n := range every {
		var e directory.Environment
		if err := json.Unmarshal(n.Doc, &e); err != nil {
			return nil, fmt.Errorf("reading the environment of %s: %w", n.Workspace, err)
		}
		if e.Of != workspace {
			continue
		}
		ws, err := k.Store.Workspace(ctx, n.Workspace)
		if err != nil {
			return nil, err
		}
		all = append(all, ws)
	}
	return all, nil
}
