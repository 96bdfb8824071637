package directory

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// people of the table: linked by provisioning, not linked, outside the domains,
// outside and exempt, waiting for a seat, and nobody at all.
func applicants(p Policy) map[string]Applicant {
	at := func(id, ext, mail string, ex Exemption) Applicant {
		return p.Applicant(User{ID: id, ExternalID: ext, UserName: mail, Doc: []byte(`{"emails":[{"value":"` + mail + `"}]}`)}, ex)
	}
	exempt := Exemption{Owner: "boss@acme.example", Reason: "contract", Until: noon.Add(time.Hour)}
	waiting := at("u-wait", oid, "wait@acme.example", Exemption{})
	waiting.Waiting = true
	return map[string]Applicant{
		"linked":  at("u-linked", oid, "ada@acme.example", Exemption{}),
		"plain":   at("u-plain", "bo", "bo@acme.example", Exemption{}),
		"outside": at("u-out", oid, "cy@elsewhere.example", Exemption{}),
		"exempt":  at("u-ex", oid, "di@elsewhere.example", exempt),
		"expired": at("u-exp", oid, "ed@elsewhere.example", Exemption{Owner: "boss@acme.example", Until: noon}),
		"waiting": waiting,
		"nobody":  {},
	}
}

// req: A12 C6 F2 H7
func TestPolicy_itDecidesForEachPersonAndMethod(t *testing.T) {
	open := Policy{Workspace: Workspace{ID: "acme", Domains: []string{"acme.example"}}, Now: noon, Local: LocalPolicy{Enabled: true}, SSO: true}
	with := func(f func(*Policy)) Policy { p := open; f(&p); return p }
	pilot := func(p *Policy) { p.Pilot = Pilot{On: true, People: []string{"u-linked", "u-ex", "u-out"}} }
	enforce := func(p *Policy) { p.Enforcement = Enforcement{Enforced: true, At: noon.Add(-time.Hour)} }
	const yes = problem.Code("")
	for _, c := range []struct {
		it   string
		p    Policy
		m    Method
		want map[string]problem.Code
	}{
		{"takes the passwords of those whom Entra does not know", open, MethodLocal, map[string]problem.Code{
			"linked": problem.UseSSO, "plain": yes, "outside": problem.UseSSO, "exempt": yes, "expired": problem.UseSSO, "waiting": problem.UseSSO, "nobody": yes,
		}},
		{"takes all passwords while there is no other way in", with(func(p *Policy) { p.SSO = false }), MethodLocal, map[string]problem.Code{
			"linked": yes, "plain": yes, "outside": yes, "exempt": yes, "waiting": problem.NoSeat, "nobody": yes,
		}},
		{"lets linked people keep theirs where the workspace says so", with(func(p *Policy) { p.Local.KeepLinked = true }), MethodLocal, map[string]problem.Code{
			"linked": yes, "plain": yes, "waiting": problem.NoSeat,
		}},
		{"takes none where passwords are off", with(func(p *Policy) { p.Local.Enabled = false }), MethodLocal, map[string]problem.Code{
			"linked": problem.ModuleOff, "plain": problem.ModuleOff, "exempt": problem.ModuleOff, "nobody": problem.ModuleOff,
		}},
		{"sends everybody but the exempt to single sign-on where it is enforced", with(enforce), MethodLocal, map[string]problem.Code{
			"linked": problem.UseSSO, "plain": problem.UseSSO, "outside": problem.UseSSO, "exempt": yes, "expired": problem.UseSSO, "nobody": problem.UseSSO,
		}},
		{"enforces although every other way is off", with(func(p *Policy) { enforce(p); p.SSO = false; p.Local.KeepLinked = true }), MethodLocal, map[string]problem.Code{
			"linked": problem.UseSSO, "plain": problem.UseSSO, "nobody": problem.UseSSO, "exempt": yes,
		}},
		{"sends only the pilot's people in a pilot", with(pilot), MethodLocal, map[string]problem.Code{
			"linked": problem.UseSSO, "plain": yes, "outside": problem.UseSSO, "exempt": yes, "waiting": problem.NoSeat, "nobody": yes,
		}},
		{"locks nobody of a pilot out while there is no other way in", with(func(p *Policy) { pilot(p); p.SSO = false }), MethodLocal, map[string]problem.Code{
			"linked": yes, "plain": yes,
		}},
		{"enforces for the pilot's people only while there is one", with(func(p *Policy) { pilot(p); enforce(p) }), MethodLocal, map[string]problem.Code{
			"linked": problem.UseSSO, "plain": yes, "nobody": problem.UseSSO,
		}},

		{"asks for no domain before single sign-on is enforced", open, MethodSAML, map[string]problem.Code{
			"linked": yes, "outside": yes, "expired": yes, "waiting": problem.NoSeat, "nobody": yes,
		}},
		{"asks for the domain at single sign-on", with(enforce), MethodSAML, map[string]problem.Code{
			"linked": yes, "plain": yes, "outside": problem.DomainOutside, "exempt": yes, "expired": problem.DomainOutside, "waiting": problem.NoSeat, "nobody": problem.DomainOutside,
		}},
		{"asks so in the app as well", with(enforce), MethodMicrosoft, map[string]problem.Code{"linked": yes, "outside": problem.DomainOutside, "exempt": yes}},
		{"asks so with Microsoft in a browser", with(enforce), MethodMicrosoftWeb, map[string]problem.Code{"linked": yes, "outside": problem.DomainOutside, "exempt": yes}},
		{"only warns where the workspace says so", with(func(p *Policy) { enforce(p); p.Domains.Enforcement = DomainWarn }), MethodSAML, map[string]problem.Code{
			"outside": yes, "nobody": yes,
		}},
		{"asks for no domain where none is verified", with(func(p *Policy) { enforce(p); p.Workspace.Domains = nil }), MethodSAML, map[string]problem.Code{"outside": yes}},
		{"keeps single sign-on for the pilot's people", with(pilot), MethodSAML, map[string]problem.Code{
			"linked": yes, "plain": problem.NotInPilot, "exempt": yes, "outside": yes, "nobody": problem.NotInPilot,
		}},
		{"keeps Microsoft in a browser for them too", with(pilot), MethodMicrosoftWeb, map[string]problem.Code{"linked": yes, "plain": problem.NotInPilot}},
		{"keeps the app for them where others have passwords", with(pilot), MethodMicrosoft, map[string]problem.Code{"linked": yes, "plain": problem.NotInPilot}},
		{"leaves the app to those who have had nothing else", with(func(p *Policy) { pilot(p); p.Local.Enabled = false }), MethodMicrosoft, map[string]problem.Code{"linked": yes, "plain": yes}},
		{"knows no way of a module that is off", with(func(p *Policy) { p.Switches = p.Switches.Set(ModuleSAML, false) }), MethodSAML, map[string]problem.Code{
			"linked": problem.ModuleOff, "exempt": problem.ModuleOff,
		}},
		{"leaves the other modules as they are", with(func(p *Policy) { p.Switches = p.Switches.Set(ModuleSAML, false) }), MethodMicrosoftWeb, map[string]problem.Code{"linked": yes}},
		{"keeps a module running that left the plan", with(func(p *Policy) { p.Plan = p.Plan.With(ModuleMicrosoft, false) }), MethodMicrosoft, map[string]problem.Code{"linked": yes}},
		{"stops it where the plan says so", with(func(p *Policy) {
			p.Plan = Plan{Without: []Module{ModuleMicrosoft}, OnDowngrade: DowngradeBlock}
		}), MethodMicrosoft, map[string]problem.Code{"linked": problem.PlanBlocked, "exempt": problem.PlanBlocked}},
		{"knows no method of another name", open, "magic", map[string]problem.Code{"linked": problem.ModuleOff}},
		{"knows no empty method", open, "", map[string]problem.Code{"linked": problem.ModuleOff}},
	} {
		for who, want := range c.want {
			t.Run("it "+c.it+": "+who, func(t *testing.T) {
				if code, _ := problem.Of(c.p.Permit(c.m, applicants(c.p)[who])); code != want {
					t.Errorf("got %q, want %q", code, want)
				}
			})
		}
	}
}

// The domains that are allowed are for the log and for administrators.
func TestPolicy_itTellsNobodyOutsideWhichDomainsAreAllowed(t *testing.T) {
	p := Policy{Workspace: Workspace{Domains: []string{"acme.example"}}, Now: noon, Enforcement: Enforcement{Enforced: true}}
	err := p.Permit(MethodSAML, applicants(p)["outside"])
	if problem.DetailOf(err) != "" || !strings.Contains(err.Error(), "acme.example") {
		t.Errorf("%v, detail %q", err, problem.DetailOf(err))
	}
	_, text := problem.Of(err)
	if strings.Contains(text.Sentence+text.Next, "acme") || !errors.Is(err, problem.New(problem.DomainOutside)) && text.Status != 403 {
		t.Errorf("%+v", text)
	}
}

func TestPolicy_itSaysTheSameOfWhomNobodyKnowsWhereAllMustUseSSO(t *testing.T) {
	p := Policy{Now: noon, Local: LocalPolicy{Enabled: true}, Enforcement: Enforcement{Enforced: true}}
	known, unknown := p.Permit(MethodLocal, applicants(p)["plain"]), p.Permit(MethodLocal, Applicant{})
	a, at := problem.Of(known)
	b, bt := problem.Of(unknown)
	if a != b || at != bt || a != problem.UseSSO || !p.Everybody() {
		t.Errorf("%v and %v", known, unknown)
	}
}

func TestSession_itKnowsHowItBegan(t *testing.T) {
	for _, c := range []struct {
		s    Session
		want Method
	}{
		{Session{}, MethodMicrosoft},
		{Session{SAML: &SAMLSession{}}, MethodSAML},
		{Session{Method: MethodLocal}, MethodLocal},
		{Session{Method: MethodMicrosoftWeb, OIDC: &OIDCSession{}}, MethodMicrosoftWeb},
	} {
		if got := c.s.Via(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.s, got, c.want)
		}
	}
}
