package people

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Verdict says whether somebody can sign in by one method, and why.
type Verdict struct {
	Method directory.Method `json:"method"`
	Title  string           `json:"title"`
	Can    bool             `json:"can"`
	// SetUp says that the workspace has this way in at all.
	SetUp bool `json:"set_up"`
	// Code is that of the problem which the person would be told, or whose cause
	// is kept from them.
	Code problem.Code `json:"code,omitempty"`
	// Waiting says that the person has no seat yet.
	Waiting bool `json:"waiting,omitempty"`
	// Rules are what was looked at, in the order in which a sign-in looks.
	Rules []Rule `json:"rules"`
}

// Rule is one thing that decides about a sign-in.
type Rule struct {
	Title string `json:"title"`
	// State is good, warn or bad; wait where it does not matter any more.
	State  string `json:"state"`
	Detail string `json:"detail"`
	// Fix is what to do about it.
	Fix string `json:"fix,omitempty"`
}

// stranger is an object id that nobody has: whose sign-in is thought through
// where Microsoft's id of a person is not known.
const stranger = "00000000-0000-4000-8000-000000000000"

var methodTitles = map[directory.Method]string{
	directory.MethodMicrosoft:    "Microsoft, in the app",
	directory.MethodMicrosoftWeb: "Microsoft 365, in a browser",
	directory.MethodSAML:         "Single sign-on (SAML)",
	directory.MethodLocal:        "Password",
}

// MethodTitle is what a method is called on pages.
func MethodTitle(m directory.Method) string { return methodTitles[m] }

// Explain thinks a sign-in of a person through for every method, by the rules
// that sign-ins themselves ask.
func (d Desk) Explain(ctx context.Context, ws directory.Workspace, u directory.User) ([]Verdict, error) {
	c := inquiry{ws: ws, u: u}
	var err error
	if c.saml, err = d.Store.SAML(ctx, ws.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("reading the SAML connection: %w", err)
	}
	if c.web, _, err = store.ReadSetting[directory.MicrosoftWeb](ctx, d.Store, ws.ID, directory.SettingMicrosoftWeb); err != nil {
		return nil, err
	}
	switch _, _, err = d.Store.Password(ctx, ws.Directory, u.ID); {
	case err == nil:
		c.password = true
	case !errors.Is(err, store.ErrNotFound):
		return nil, fmt.Errorf("looking for a password: %w", err)
	}
	var all []Verdict
	for _, m := range directory.Methods {
		g, err := d.Store.Gate(ctx, ws, m, u, d.Now())
		if err != nil {
			return nil, err
		}
		all = append(all, c.explain(m, g))
	}
	return all, nil
}

// inquiry is what is known about a person and the ways into a workspace.
type inquiry struct {
	ws       directory.Workspace
	u        directory.User
	saml     directory.SAML
	web      directory.MicrosoftWeb
	password bool
}

func (c inquiry) explain(m directory.Method, g directory.Gate) Verdict {
	v := Verdict{Method: m, Title: methodTitles[m], SetUp: c.isSetUp(m, g), Waiting: g.Waiting}
	v.Rules = append(v.Rules, c.wayIn(m, g, v.SetUp))
	v.Rules = append(v.Rules, c.known(m), c.state())
	permit := g.Permit(c.u)
	code, _ := problem.Of(permit)
	if m == directory.MethodLocal {
		v.Rules = append(v.Rules, c.mayUsePassword(g, code))
	} else {
		if g.Policy.Pilot.On {
			v.Rules = append(v.Rules, c.piloted(g, code))
		}
		v.Rules = append(v.Rules, c.domain(g, code))
	}
	if g.Policy.Plan.Seats > 0 {
		v.Rules = append(v.Rules, seated(g))
	}
	err := c.admits(m)
	if err == nil {
		err = permit
	}
	if !v.SetUp && err == nil {
		err = problem.New(problem.ModuleOff)
	}
	v.Can = err == nil
	v.Code, _ = problem.Of(err)
	return v
}

// isSetUp says whether the workspace has a way in by m, switched on.
func (c inquiry) isSetUp(m directory.Method, g directory.Gate) bool {
	if g.Policy.Offers(m) != nil {
		return false
	}
	switch m {
	case directory.MethodMicrosoft:
		return c.ws.Microsoft.TenantID != "" && c.ws.Microsoft.ClientID != ""
	case directory.MethodMicrosoftWeb:
		return c.web.Enabled && c.web.Complete()
	case directory.MethodSAML:
		return c.saml.Usable() && !c.saml.Disabled
	case directory.MethodLocal:
		return true
	}
	return false
}

// admits asks the rules about who somebody is: as whom Microsoft or the identity
// provider knows them, as far as that is known here.
func (c inquiry) admits(m directory.Method) error {
	id := directory.Identity{
		ObjectID: cmp.Or(c.objectID(), stranger), TenantID: c.tenant(m),
		UserName: c.u.UserName, Email: directory.MailOf(c.u.Doc),
	}
	ws := c.ws
	ws.Microsoft.TenantID = id.TenantID
	switch {
	case m == directory.MethodLocal && c.u.State != directory.Active:
		return problem.New(problem.AccessEnded)
	case m == directory.MethodLocal && !c.password:
		return problem.New(problem.PasswordNobody)
	case m == directory.MethodLocal:
		return nil
	case m == directory.MethodSAML:
		return directory.AdmitSAML(c.ws, c.saml.JIT, &c.u, directory.Claimed{Identity: id, Guest: directory.Guest(c.u.UserName)})
	case id.TenantID == "":
		return problem.New(problem.WorkspaceNotSet)
	}
	return directory.Admit(ws, &c.u, id)
}

func (c inquiry) tenant(m directory.Method) string {
	if m == directory.MethodMicrosoftWeb {
		return cmp.Or(c.web.TenantID, c.ws.Microsoft.TenantID)
	}
	return c.ws.Microsoft.TenantID
}

// objectID is the person's object id in Entra, or "" where it is not known.
func (c inquiry) objectID() string {
	if c.u.ObjectID != "" || uuid.Validate(c.u.ExternalID) != nil {
		return c.u.ObjectID
	}
	return c.u.ExternalID
}

func (c inquiry) wayIn(m directory.Method, g directory.Gate, setUp bool) Rule {
	r := Rule{Title: "Is this way in set up and on?", State: "good", Detail: "Yes."}
	code, _ := problem.Of(g.Policy.Offers(m))
	switch {
	case code == problem.PlanBlocked:
		r.State, r.Detail, r.Fix = "bad", "The workspace's plan does not include it any more.", "Ask whoever sells you the plan."
	case code == problem.ModuleOff && m == directory.MethodLocal:
		r.State, r.Detail, r.Fix = "bad", "Passwords are off in this workspace.", "Switch them on under Settings, if people are meant to have them."
	case code == problem.ModuleOff:
		r.State, r.Detail, r.Fix = "bad", "It is switched off.", "Switch it on under Integrations."
	case !setUp && m == directory.MethodSAML && c.saml.Usable():
		r.State, r.Detail, r.Fix = "bad", "It is set up, and not enabled.", "Test it and enable it under Single sign-on (SAML)."
	case !setUp:
		r.State, r.Detail, r.Fix = "bad", "It is not set up.", "Set it up under Integrations, if people are to use it."
	}
	return r
}

// known says by what a sign-in would recognise the person.
func (c inquiry) known(m directory.Method) Rule {
	r := Rule{Title: "Is it certain who the person is?", State: "good"}
	code, _ := problem.Of(c.admits(m))
	switch {
	case m == directory.MethodLocal && c.password:
		r.Detail = "They have a password here."
	case m == directory.MethodLocal:
		r.State, r.Detail, r.Fix = "bad", "They have no password here.", "They can set one with Forgot your password, if they have an e-mail address."
	case c.u.ObjectID != "":
		r.Detail = "A sign-in linked them with the Microsoft account whose object ID is " + c.u.ObjectID + "."
	case c.objectID() != "":
		r.Detail = "Provisioning sent their Microsoft object ID: " + c.u.ExternalID + "."
	case code == problem.NotLinked:
		r.State, r.Detail = "bad", "Provisioning sent no Microsoft object ID, and nothing else proves that the Microsoft account with their name is theirs."
		r.Fix = "In Entra, map externalId from objectId. Or allow linking by user name under Settings."
	case code == problem.WorkspaceNotSet:
		r.State, r.Detail = "wait", "Nobody can tell before Microsoft's tenant is entered."
	case m == directory.MethodSAML && !c.ws.LinkByUserName:
		r.State, r.Detail = "warn", "Their first sign-in will link them by their e-mail address, which is of one of the workspace's domains."
	default:
		r.State, r.Detail = "warn", "Their first sign-in will link them by their user name, once."
	}
	return r
}

func (c inquiry) state() Rule {
	r := Rule{Title: "Do they have access?", State: "good", Detail: "They are active."}
	switch c.u.State {
	case directory.Suspended:
		r.State, r.Detail = "bad", "They are suspended: Entra sent them as not active, or an administrator suspended them."
		r.Fix = "Assign or enable them in Entra, or choose Restore here."
	case directory.Archived:
		r.State, r.Detail = "bad", "They are archived: Entra deleted them."
		r.Fix = "Assign them in Entra again, or choose Restore here."
	}
	return r
}

func (c inquiry) piloted(g directory.Gate, code problem.Code) Rule {
	r := Rule{Title: "Are they in the pilot?", State: "good"}
	switch {
	case g.Policy.Pilot.Includes(c.u.ID):
		r.Detail = "They are."
	case code == problem.NotInPilot:
		r.State, r.Detail = "bad", "Single sign-on is being tried with a few people, and they are not among them. They sign in as before."
		r.Fix = "Add them to the pilot, or end it, under Integrations."
	default:
		r.Detail = "They are not, and this way in is no part of it."
	}
	return r
}

func (c inquiry) domain(g directory.Gate, code problem.Code) Rule {
	r := Rule{Title: "Is their address of one of the workspace's domains?", State: "good"}
	judged := g.Policy.Domains.JudgeUser(c.ws, c.u)
	switch {
	case len(c.ws.Domains) == 0:
		r.Detail = "The workspace has no verified domain, so none is asked for."
	case judged.Inside:
		r.Detail = judged.Domain + " is one."
	case g.Exempt.Valid(g.Policy.Now):
		r.State, r.Detail = "warn", "It is not, and they are exempt until "+g.Exempt.Until.UTC().Format("2 January 2006")+"; "+g.Exempt.Owner+" answers for it."
	case !g.Policy.Enforcement.Enforced:
		r.State, r.Detail = "warn", "It is not. They could not sign in any more once single sign-on is enforced."
	case code == problem.DomainOutside:
		r.State, r.Fix = "bad", "Change the address in Entra, verify the domain, or exempt the person under Domains."
		r.Detail = "It is not: " + cmp.Or(judged.Address, "they have no address at all") + ". Verified are " + strings.Join(c.ws.Domains, ", ") + "."
	case g.Policy.Domains.Enforcement == directory.DomainWarn:
		r.State, r.Detail = "warn", "It is not. They are let in all the same, and it is noted."
	default: // another rule refuses them before it comes to this
		r.State, r.Detail = "wait", "It is not, and another rule above decides already."
	}
	return r
}

func (c inquiry) mayUsePassword(g directory.Gate, code problem.Code) Rule {
	r := Rule{Title: "May they use a password?", State: "good", Detail: "Yes."}
	switch {
	case code == problem.UseSSO && g.Policy.Enforcement.Enforced:
		r.State, r.Detail = "bad", "Single sign-on is enforced: passwords do not open this workspace any more."
		r.Fix = "They sign in with SSO. Whoever has no Microsoft account can be exempt under Domains."
	case code == problem.UseSSO:
		r.State, r.Detail, r.Fix = "bad", "Single sign-on is on, and Microsoft Entra knows them.", "They sign in with SSO."
	case g.Exempt.Valid(g.Policy.Now):
		r.State, r.Detail = "warn", "They are exempt from single sign-on until "+g.Exempt.Until.UTC().Format("2 January 2006")+"; "+g.Exempt.Owner+" answers for it."
	}
	return r
}

func seated(g directory.Gate) Rule {
	if g.Waiting {
		return Rule{
			Title: "Do they have a seat?", State: "bad", Detail: fmt.Sprintf("All %d seats of the plan are taken; they get the next one that becomes free.", g.Policy.Plan.Seats),
			Fix: "Suspend somebody who needs none, or get more seats.",
		}
	}
	return Rule{Title: "Do they have a seat?", State: "good", Detail: "Yes."}
}
