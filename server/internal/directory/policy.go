package directory

import (
	"time"

	"github.com/google/uuid"
	"github.com/lanyard-sso/lanyard/problem"
)

// SettingLocal is the kind of the setting that a workspace's LocalPolicy is kept
// under.
const SettingLocal = "local"

// LocalPolicy says whether employees may sign in with a password. Its zero value
// says that nobody may.
type LocalPolicy struct {
	Enabled bool `json:"enabled,omitempty"`
	// KeepLinked lets people who are known to Microsoft Entra keep their password
	// while single sign-on is on and not enforced.
	KeepLinked bool `json:"keep_linked,omitempty"`
}

// PolicySettings are the kinds of settings that a Policy is put together from.
var PolicySettings = []string{SettingSwitches, SettingPlan, SettingEntitled, SettingPilot, EnforcementSetting, SettingDomains, SettingLocal, SettingMicrosoftWeb}

// Policy is all that decides who of a workspace may sign in by which method. It
// is put together from what is set for the workspace, and asked on every path:
// at a sign-in, in the transaction that stores the session, at a renewal, each
// time a session is used, and when a password is reset.
//
// Who somebody is, and whether that person is active, is not its business: Admit
// and AdmitSAML say so.
type Policy struct {
	Workspace   Workspace
	Now         time.Time
	Switches    Switches
	Plan        Plan
	Pilot       Pilot
	Enforcement Enforcement
	Domains     DomainPolicy
	Local       LocalPolicy
	// SSO says that a way in through the organisation is set up and on, so that
	// whoever has no password any more is not locked out.
	SSO bool
}

// Applicant is a person as a Policy looks at them. The zero Applicant is
// somebody whom nobody knows.
type Applicant struct {
	// ID is the person's id in the directory; empty for one who would be created.
	ID string
	// Linked says that Microsoft Entra knows the person: a provisioner or a sign-in
	// brought their object id.
	Linked bool
	// Domain is how their domain was judged: see Policy.Judge.
	Domain DomainVerdict
	Exempt Exemption
	// Waiting says that all seats are taken and the person has none.
	Waiting bool
}

// Applicant describes a person of the directory. exempt is what the store says
// of them.
func (p Policy) Applicant(u User, exempt Exemption) Applicant {
	if u.ID == "" {
		return Applicant{}
	}
	return Applicant{
		ID: u.ID, Linked: u.ObjectID != "" || uuid.Validate(u.ExternalID) == nil,
		Domain: p.Domains.JudgeUser(p.Workspace, u), Exempt: exempt,
	}
}

// Newcomer describes somebody who would be created at sign-in.
func (p Policy) Newcomer(id Identity) Applicant {
	return Applicant{Linked: true, Domain: p.Domains.Judge(p.Workspace, id.Email, id.UserName)}
}

// Offers reports whether a method may be offered at all: whether it is set up is
// for others to say. The errors are problem.ModuleOff and problem.PlanBlocked.
func (p Policy) Offers(m Method) error {
	if m == MethodLocal {
		if !p.Local.Enabled {
			return problem.New(problem.ModuleOff)
		}
		return nil
	}
	switch module := m.Module(); {
	case module == "", !p.Switches.On(module):
		return problem.New(problem.ModuleOff)
	case !p.Plan.Runs(module):
		return problem.New(problem.PlanBlocked)
	}
	return nil
}

// Permit says whether a person may sign in, or stay signed in, by a method. The
// errors are those of Offers and:
//
//   - problem.UseSSO: a password, of somebody who is to sign in through their
//     organisation (rows C6, H7). Whom nobody knows is told the same where that is
//     everybody's rule, so that the answer says nothing about who exists;
//   - problem.NotInPilot: single sign-on, of somebody who is not to try it yet
//     (row A12);
//   - problem.DomainOutside: single sign-on is enforced, and the address is of none
//     of the workspace's domains (F2);
//   - problem.NoSeat: all seats are taken (row A9).
func (p Policy) Permit(m Method, a Applicant) error {
	if err := p.Offers(m); err != nil {
		return err
	}
	switch {
	case m == MethodLocal && p.MustUseSSO(a):
		return problem.New(problem.UseSSO)
	case m.SSO() && p.beforePilot(m) && !p.Pilot.Includes(a.ID):
		return problem.New(problem.NotInPilot)
	}
	if m.SSO() && p.Enforcement.Enforced {
		if err := p.Domains.Permit(p.Workspace, a.Domain, a.Exempt, p.Now); err != nil {
			return err
		}
	}
	if a.Waiting {
		return problem.New(problem.NoSeat)
	}
	return nil
}

// MustUseSSO reports whether a person is to sign in through their organisation,
// so that no password of theirs is good for anything. Whoever is exempt is not.
//
// Where single sign-on is enforced that is everybody; in a pilot those who are in
// it; and otherwise, once single sign-on is on, those whom Microsoft Entra knows.
func (p Policy) MustUseSSO(a Applicant) bool {
	switch {
	case a.ID != "" && a.Exempt.Valid(p.Now):
		return false
	case p.Enforcement.Enforced:
		return a.ID == "" || p.Pilot.Includes(a.ID)
	case !p.SSO || a.ID == "":
		return false
	case p.Pilot.On:
		return p.Pilot.Includes(a.ID)
	}
	return a.Linked && !p.Local.KeepLinked
}

// Everybody reports whether single sign-on is the rule for all: then a password
// is refused with problem.UseSSO whoever it is said to be of.
func (p Policy) Everybody() bool { return p.Enforcement.Enforced && !p.Pilot.On }

// beforePilot reports whether the pilot decides about a method. The app's sign-in
// with Microsoft is what people had before, unless they have passwords.
func (p Policy) beforePilot(m Method) bool {
	return p.Pilot.On && (m != MethodMicrosoft || p.Local.Enabled)
}

// Gate is a Policy for one person and one method, with all that had to be looked
// up about them, so that it can be asked again in a transaction.
type Gate struct {
	Policy  Policy
	Method  Method
	Exempt  Exemption
	Waiting bool
}

// Permit asks the policy about a person as they are now.
func (g Gate) Permit(u User) error {
	a := g.Policy.Applicant(u, g.Exempt)
	a.Waiting = g.Waiting
	return g.Policy.Permit(g.Method, a)
}

// Warns says what belongs into the log about somebody who is let in all the same,
// or "".
func (g Gate) Warns(u User) string {
	v := g.Policy.Domains.JudgeUser(g.Policy.Workspace, u)
	if g.Method.SSO() && g.Policy.Enforcement.Enforced && g.Policy.Domains.Warns(v, g.Exempt, g.Policy.Now) {
		return g.Policy.Domains.outside(g.Policy.Workspace, v).Error()
	}
	return ""
}
