package directory

import (
	"net/url"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

// Plan is what a workspace is entitled to (rows A5, A9). The zero Plan includes
// everything, for as many people as there are. What a plan lacks is never
// removed: it cannot be changed any more.
type Plan struct {
	// Without are the modules that are not part of it.
	Without []Module `json:"without,omitempty"`
	// OnDowngrade is what becomes of a module that is set up and not part of the
	// plan any more.
	OnDowngrade Downgrade `json:"on_downgrade,omitempty"`
	// License is how whoever sells the plan calls it: the licence reference.
	License string `json:"license,omitempty"`
	// Unlicensed says that the workspace has no licence to be linked to a user
	// directory with.
	Unlicensed bool `json:"unlicensed,omitempty"`
	// Seats is how many people may use the workspace; 0 means any number.
	Seats int `json:"seats,omitempty"`
	// Contact is what to do to get what the plan lacks, and ContactURL where:
	// https or mailto.
	Contact    string `json:"contact,omitempty"`
	ContactURL string `json:"contact_url,omitempty"`
}

// Downgrade is what becomes of a module that leaves the plan.
type Downgrade string

// The choices. The zero choice is DowngradeKeep.
const (
	// DowngradeKeep keeps sign-in and provisioning running; only changes of the
	// set-up are refused.
	DowngradeKeep Downgrade = "keep"
	// DowngradeBlock stops them as well.
	DowngradeBlock Downgrade = "block"
)

// Includes reports whether a module is part of the plan, so that it may be set
// up and changed.
func (p Plan) Includes(m Module) bool { return !slices.Contains(p.Without, m) }

// Runs reports whether a module that is set up works for people.
func (p Plan) Runs(m Module) bool { return p.Includes(m) || p.OnDowngrade != DowngradeBlock }

// With returns p with a module in it or not.
func (p Plan) With(m Module, in bool) Plan {
	p.Without = slices.DeleteFunc(slices.Clone(p.Without), func(o Module) bool { return o == m })
	if !in {
		p.Without = append(p.Without, m)
	}
	return p
}

// Within returns what both plans allow: a module must be in both, the smaller
// number of seats counts, and either can block. Texts are those of other where p
// has none.
func (p Plan) Within(other Plan) Plan {
	for _, m := range other.Without {
		p = p.With(m, false)
	}
	if p.OnDowngrade == "" || other.OnDowngrade == DowngradeBlock {
		p.OnDowngrade = other.OnDowngrade
	}
	if p.Seats == 0 || other.Seats > 0 && other.Seats < p.Seats {
		p.Seats = other.Seats
	}
	p.License, p.Unlicensed = first(p.License, other.License), p.Unlicensed || other.Unlicensed
	p.Contact, p.ContactURL = first(p.Contact, other.Contact), first(p.ContactURL, other.ContactURL)
	return p
}

// Same reports whether two plans say the same.
func (p Plan) Same(other Plan) bool {
	a, b := slices.Sorted(slices.Values(p.Without)), slices.Sorted(slices.Values(other.Without))
	return slices.Equal(a, b) && p.OnDowngrade == other.OnDowngrade && p.License == other.License && p.Unlicensed == other.Unlicensed &&
		p.Seats == other.Seats && p.Contact == other.Contact && p.ContactURL == other.ContactURL
}

// maxPlanText is how long each text of a plan may be.
const maxPlanText = 500

// Valid says what is wrong with a plan. The error is problem.BadPlan.
func (p Plan) Valid() error {
	for _, m := range p.Without {
		if !m.Valid() {
			return problem.Detailf(problem.BadPlan, "There is no module %.40q.", string(m))
		}
	}
	switch p.OnDowngrade {
	case "", DowngradeKeep, DowngradeBlock:
	default:
		return problem.Detailf(problem.BadPlan, "What becomes of a module that leaves the plan is keep or block, not %.40q.", string(p.OnDowngrade))
	}
	if p.Seats < 0 {
		return problem.Detailf(problem.BadPlan, "The number of seats is less than none.")
	}
	if len(p.Contact) > maxPlanText || len(p.ContactURL) > maxPlanText || len(p.License) > maxPlanText {
		return problem.Detailf(problem.BadPlan, "A text is longer than %d characters.", maxPlanText)
	}
	if p.ContactURL == "" {
		return nil
	}
	u, err := url.Parse(p.ContactURL)
	switch {
	case err != nil, u.Scheme != "https" && u.Scheme != "mailto":
		return problem.Detailf(problem.BadPlan, "The address to get in touch by begins with https:// or mailto:.")
	case u.Scheme == "https" && u.Host == "", u.Scheme == "mailto" && !strings.Contains(u.Opaque, "@"):
		return problem.Detailf(problem.BadPlan, "The address to get in touch by is not whole.")
	}
	return nil
}

// Pilot says who tries single sign-on first (row A12). While it is on, only the
// people in it are sent to the identity provider; the others sign in as they did
// before. The zero Pilot is off: everybody is sent.
type Pilot struct {
	On bool `json:"on,omitempty"`
	// People are the ids of the people in it.
	People []string `json:"people,omitempty"`
}

// MaxPilot is how many people may be in a pilot.
const MaxPilot = 200

// Includes reports whether a person is sent to the identity provider.
func (p Pilot) Includes(user string) bool { return !p.On || slices.Contains(p.People, user) }
