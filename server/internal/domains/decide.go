package domains

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Choice is what Allow is to mean for some people (row F5).
type Choice struct {
	// People are their ids.
	People []string
	// Kind is what becomes of them; empty takes back what was decided.
	Kind directory.DecisionKind
	// Owner, Reason and Until are those of an exemption.
	Owner, Reason string
	Until         time.Time
}

// MaxChoice is about how many people one Choice may be.
const MaxChoice = 20_000

// Decide stores what becomes of people who are outside the domains, of all of them
// or of none, and returns how many they are. Somebody who is not listed is
// problem.DomainInside; what an exemption lacks is named, all at once.
func (f *Flow) Decide(ctx context.Context, workspace, who string, c Choice) (int, error) {
	c.Owner, c.Reason = strings.TrimSpace(c.Owner), strings.TrimSpace(c.Reason)
	slices.Sort(c.People)
	c.People = slices.Compact(c.People)
	if err := c.check(f.now()); err != nil {
		return 0, err
	}
	r, err := f.Report(ctx, workspace)
	if err != nil {
		return 0, err
	}
	outside := make(map[string]bool, len(r.People))
	for _, p := range r.People {
		outside[p.ID] = true
	}
	now := f.now().Truncate(time.Microsecond)
	var all []directory.DomainDecision
	for _, id := range c.People {
		if !outside[id] {
			return 0, problem.Detailf(problem.DomainInside, "It is about %.60q.", id)
		}
		d := directory.DomainDecision{Person: id, Kind: c.Kind}
		d.By, d.At = who, now
		if c.Kind == directory.DecideExempt {
			d.Owner, d.Reason, d.Until = c.Owner, c.Reason, c.Until.UTC()
		}
		all = append(all, d)
	}
	err = f.Store.DecideDomains(ctx, r.Workspace, all)
	if errors.Is(err, store.ErrNotFound) { // somebody was archived meanwhile
		return 0, problem.Wrap(problem.DomainInside, err)
	}
	return len(all), err
}

// The fields that the faults of a Choice name.
const (
	FieldPeople = "people"
	FieldKind   = "kind"
	FieldOwner  = "owner"
	FieldReason = "reason"
	FieldUntil  = "until"
)

func (c Choice) check(now time.Time) error {
	var faults []error
	no := func(field string, err error) { faults = append(faults, &Fault{field, err}) }
	switch {
	case len(c.People) == 0:
		no(FieldPeople, problem.New(problem.DomainNobody))
	case len(c.People) > MaxChoice:
		no(FieldPeople, problem.Detailf(problem.DomainNobody, "At most %d can be decided on at once.", MaxChoice))
	}
	switch c.Kind {
	case "", directory.DecideLose:
	case directory.DecideExempt:
		if !address(c.Owner) {
			no(FieldOwner, problem.Detailf(problem.ExemptionOwner, "It is %.100q.", c.Owner))
		}
		if c.Reason == "" || !line(c.Reason, maxReason) {
			no(FieldReason, problem.New(problem.ExemptionReason))
		}
		if !c.Until.After(now) || c.Until.After(now.Add(directory.MaxExemption)) {
			no(FieldUntil, problem.New(problem.ExemptionUntil))
		}
	default:
		no(FieldKind, problem.Detailf(problem.DomainDecision, "It is %.30q.", string(c.Kind)))
	}
	return errors.Join(faults...)
}

// Settled is what became of people when single sign-on was enabled.
type Settled struct {
	// Suspended lost their access, as was decided; Exempt keep it.
	Suspended, Exempt int
}

// Settle does what was decided, at the moment when single sign-on is enabled: who
// was to lose their access is suspended, and their sessions end. Whoever has an
// address of the domains by now keeps it. It may be done again where it failed on
// its way. Nothing happens unless Ready is nil, or no domain is verified.
func (f *Flow) Settle(ctx context.Context, workspace, who string) (s Settled, err error) {
	o, err := f.Show(ctx, workspace)
	if err != nil {
		return s, err
	}
	r, err := f.report(ctx, o)
	if err != nil {
		return s, err
	}
	if err := r.Blocks(); errors.Is(err, problem.New(problem.DomainUnproven)) {
		return s, nil
	} else if err != nil {
		return s, err
	}
	var failed []error
	for _, p := range r.People {
		switch p.Decision {
		case Exempt:
			s.Exempt++
		case Losing:
			_, err := f.Store.ChangeState(ctx, o.Workspace, p.ID, directory.Suspended, store.Act{
				At: f.now(), Who: who, What: "let lose access: " + outsideWords(p),
			})
			switch {
			case err == nil:
				s.Suspended++
			case ctx.Err() != nil:
				return s, err
			case !errors.Is(err, store.ErrNotFound): // who is gone already has lost it
				failed = append(failed, fmt.Errorf("suspending %s: %w", p.ID, err))
			}
		}
	}
	return s, errors.Join(failed...)
}

func outsideWords(p Person) string {
	if p.Domain == "" {
		return "no e-mail address of the organisation's domains"
	}
	return "the domain " + p.Domain + " is none of the organisation's"
}

// address reports whether s is an e-mail address without a name and all that.
func address(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && a.Name == "" && len(s) <= 254 && strings.Contains(directory.DomainOf(s), ".")
}

// ParseDay returns the end of a day (UTC) that was typed as 2027-03-31, the last on
// which something holds. The error is problem.ExemptionUntil.
func ParseDay(typed string) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, strings.TrimSpace(typed))
	if err != nil {
		return time.Time{}, problem.Detailf(problem.ExemptionUntil, "It is written like 2027-03-31, and is %.40q.", typed)
	}
	return day.AddDate(0, 0, 1), nil
}
