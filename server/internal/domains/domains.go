// Package domains keeps which e-mail domains are a workspace's own, and who of its
// people is outside of them.
//
// It decides what may be a domain ([Parse]), when one is proven (a TXT record in
// DNS, or an operator's word), who is listed as outside, and what can be decided
// about them: another address, losing access, or an exemption (rows F1 to F7). How
// a person's domain is judged, and who may sign in, is directory's to say and
// sign-in's to ask; who may enter all this is decided by whoever calls.
package domains

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/roll"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// MaxDomains is how many domains a workspace may have, proven or not.
const MaxDomains = 100

// Mailer sends mail. It is how others in the server hear of what is done here.
type Mailer interface {
	Queue(ctx context.Context, m directory.Mail) (id string, err error)
}

// Flow keeps the domains of all workspaces. It asks nobody who they are: its
// caller must have done so. It is safe for concurrent use once its fields are set.
type Flow struct {
	Store *store.Store
	// Resolver asks DNS. Nil means net.DefaultResolver.
	Resolver Resolver
	// Mail tells people of a new address of theirs. Nil means that nobody is told.
	Mail Mailer
	// PublicURL is where people confirm a new address. Nil means that they are not
	// asked to.
	PublicURL *url.URL
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// Log receives what goes wrong in the background. Nil means nobody is told.
	Log *slog.Logger
	// Poll is how often domains are looked for that are due. Zero means every
	// fifteen seconds.
	Poll time.Duration
	// Book remembers who is in a directory. Nil means that all are read each time.
	Book *roll.Book
}

func (f *Flow) book() *roll.Book {
	if f.Book == nil {
		return &roll.Book{Store: f.Store, Now: f.Now}
	}
	return f.Book
}

func (f *Flow) now() time.Time {
	if f.Now == nil {
		return time.Now().UTC()
	}
	return f.Now().UTC()
}

func (f *Flow) log() *slog.Logger {
	if f.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return f.Log
}

// Overview is all that is kept about a workspace's domains.
type Overview struct {
	Workspace directory.Workspace
	Claims    []directory.DomainClaim
	Policy    directory.DomainPolicy
	// Version is the policy's, for the next change of it.
	Version int64
}

// Show returns what is kept. An unknown workspace is problem.UnknownWorkspace.
func (f *Flow) Show(ctx context.Context, workspace string) (o Overview, err error) {
	if o.Workspace, err = f.workspace(ctx, workspace); err != nil {
		return o, err
	}
	if o.Claims, err = f.Store.DomainClaims(ctx, o.Workspace.ID); err != nil {
		return o, err
	}
	o.Policy, o.Version, err = store.ReadSetting[directory.DomainPolicy](ctx, f.Store, o.Workspace.ID, directory.SettingDomains)
	return o, err
}

func (f *Flow) workspace(ctx context.Context, id string) (directory.Workspace, error) {
	ws, err := f.Store.Workspace(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return ws, problem.Wrap(problem.UnknownWorkspace, err)
	case err != nil:
		return ws, fmt.Errorf("looking for the workspace: %w", err)
	}
	return ws, nil
}

// Add claims domains for a workspace, as somebody typed them, and returns those
// that are new to it. Nothing is added unless all can be: the error joins a
// [Fault] for each that cannot.
func (f *Flow) Add(ctx context.Context, workspace, who string, typed []string) ([]directory.DomainClaim, error) {
	ws, err := f.workspace(ctx, workspace)
	if err != nil {
		return nil, err
	}
	names, err := parseAll(typed)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if initial(name) {
			return nil, &Fault{name, problem.Detailf(problem.DomainInitial, "It is %s.", name)}
		}
	}
	return f.claim(ctx, ws.ID, who, names)
}

func (f *Flow) claim(ctx context.Context, workspace, who string, names []string) ([]directory.DomainClaim, error) {
	now := f.now()
	var claims []directory.DomainClaim
	for _, name := range names {
		claims = append(claims, directory.DomainClaim{Domain: name, Challenge: newChallenge(), Who: who, Created: now})
	}
	added, err := f.Store.ClaimDomains(ctx, workspace, claims, MaxDomains)
	if errors.Is(err, store.ErrInvalid) {
		return nil, problem.Detailf(problem.DomainTooMany, "A workspace has %d at most.", MaxDomains)
	}
	return added, held(err)
}

// held says that another workspace has a domain, and not which.
func held(err error) error {
	var taken store.DomainHeld
	if errors.As(err, &taken) {
		return &Fault{taken.Domain, problem.Detailf(problem.DomainTaken, "It is %s.", taken.Domain)}
	}
	return err
}

// Fault is what is wrong with one of several things that were entered.
type Fault struct {
	// Entry is what was entered.
	Entry string
	Err   error
}

func (f *Fault) Error() string { return f.Entry + ": " + f.Err.Error() }

// Unwrap returns Err.
func (f *Fault) Unwrap() error { return f.Err }

// Faults returns what is wrong, one by one, where err came of entering domains.
func Faults(err error) []*Fault {
	switch e := err.(type) {
	case *Fault:
		return []*Fault{e}
	case interface{ Unwrap() []error }:
		var all []*Fault
		for _, one := range e.Unwrap() {
			all = append(all, Faults(one)...)
		}
		return all
	}
	return nil
}

// Override confirms a domain without a record, by an operator's word; it is added
// where it was not there. A public suffix and a mail provider's domain are refused
// all the same.
func (f *Flow) Override(ctx context.Context, workspace, who, typed, reason string) (directory.DomainClaim, error) {
	var none directory.DomainClaim
	reason = strings.TrimSpace(reason)
	if reason == "" || !line(reason, maxReason) {
		return none, problem.New(problem.DomainReason)
	}
	ws, err := f.workspace(ctx, workspace)
	if err != nil {
		return none, err
	}
	name, err := Parse(typed)
	if err != nil {
		return none, err
	}
	if _, err := f.claim(ctx, ws.ID, who, []string{name}); err != nil {
		return none, err
	}
	err = f.Store.ProveDomain(ctx, ws.ID, name, store.DomainProven{Proof: directory.ProofOverride, Reason: reason, Who: who, Now: f.now()})
	if err != nil {
		return none, held(err)
	}
	return f.claimed(ctx, ws.ID, name)
}

// claimed returns one domain of a workspace.
func (f *Flow) claimed(ctx context.Context, workspace, name string) (directory.DomainClaim, error) {
	all, err := f.Store.DomainClaims(ctx, workspace)
	if err != nil {
		return directory.DomainClaim{}, err
	}
	for _, c := range all {
		if c.Domain == name {
			return c, nil
		}
	}
	return directory.DomainClaim{}, problem.Detailf(problem.DomainUnlisted, "It is %.253q.", name)
}

// Remove takes a domain away, which from then on leads nobody here. People of it
// are outside then.
func (f *Flow) Remove(ctx context.Context, workspace, typed string) error {
	ws, err := f.workspace(ctx, workspace)
	if err != nil {
		return err
	}
	name := listed(typed)
	err = f.Store.DropDomain(ctx, ws.ID, name, f.now())
	if errors.Is(err, store.ErrNotFound) {
		return problem.Detailf(problem.DomainUnlisted, "It is %.253q.", name)
	}
	return err
}

// SetPolicy stores what becomes of people outside. version is that of the policy
// it was made from, or store.AnyVersion; another one stored since is
// problem.DomainChanged.
func (f *Flow) SetPolicy(ctx context.Context, workspace, who string, version int64, p directory.DomainPolicy) error {
	if p.Enforcement != "" && p.Enforcement != directory.DomainDeny && p.Enforcement != directory.DomainWarn {
		return problem.Detailf(problem.DomainWeakOption, "It is %.20q.", string(p.Enforcement))
	}
	ws, err := f.workspace(ctx, workspace)
	if err != nil {
		return err
	}
	_, _, err = store.ChangeSetting(ctx, f.Store, ws.ID, directory.SettingDomains, store.SettingChange{Version: version, Who: who, Now: f.now()},
		func(stored *directory.DomainPolicy) error {
			*stored = p
			return nil
		})
	if errors.Is(err, store.ErrConflict) {
		return problem.Wrap(problem.DomainChanged, err)
	}
	return err
}

// SetDepartment sets what people get who come without a department (row E4). Empty
// is none.
func (f *Flow) SetDepartment(ctx context.Context, workspace, department string) (directory.Workspace, error) {
	department = strings.TrimSpace(department)
	if !line(department, 100) {
		return directory.Workspace{}, problem.New(problem.DepartmentInvalid)
	}
	ws, err := f.Store.UpdateWorkspace(ctx, workspace, f.now(), func(w *directory.Workspace) error {
		w.DefaultDepartment = department
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return ws, problem.Wrap(problem.UnknownWorkspace, err)
	}
	return ws, err
}
