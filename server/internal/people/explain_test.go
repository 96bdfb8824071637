package people

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"pgregory.net/rapid"
)

var now = time.Date(2026, 3, 14, 9, 26, 0, 0, time.UTC)

const (
	tenant = "11111111-2222-4333-8444-555555555555"
	oid    = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
)

// setUp is a workspace with every way in, and a person who may use each.
func setUp() (inquiry, directory.Policy) {
	ws := directory.Workspace{
		ID: "acme", Directory: "dir", Domains: []string{"acme.example"}, LinkByUserName: true,
		Microsoft: directory.Microsoft{TenantID: tenant, ClientID: "c"},
	}
	c := inquiry{
		ws: ws, password: true,
		u: directory.User{
			ID: "u-1", Directory: "dir", UserName: "ada@acme.example", ExternalID: oid, State: directory.Active,
			Doc: []byte(`{"userName":"ada@acme.example","emails":[{"value":"ada@acme.example","type":"work"}]}`),
		},
		saml: directory.SAML{IdP: directory.SAMLIdP{EntityID: "e", SSORedirect: "https://idp.example"}, Certificates: []directory.SAMLCertificate{{DER: []byte("x")}}},
		web:  directory.MicrosoftWeb{Enabled: true, ClientID: "c", TenantID: tenant},
	}
	return c, directory.Policy{Workspace: ws, Now: now, Local: directory.LocalPolicy{Enabled: true, KeepLinked: true}, SSO: true}
}

func of(c inquiry, p directory.Policy, m directory.Method, waiting bool, exempt directory.Exemption) Verdict {
	p.Workspace = c.ws
	return c.explain(m, directory.Gate{Policy: p, Method: m, Waiting: waiting, Exempt: exempt})
}

func bad(v Verdict) (titles []string) {
	for _, r := range v.Rules {
		if r.State == "bad" {
			titles = append(titles, r.Title)
		}
	}
	return titles
}

func TestExplain_itNamesTheRuleThatRefuses(t *testing.T) {
	for name, x := range map[string]struct {
		m      directory.Method
		change func(*inquiry, *directory.Policy)
		wait   bool
		exempt directory.Exemption
		code   problem.Code
		says   string
	}{
		"all is well":           {m: directory.MethodSAML},
		"in the app":            {m: directory.MethodMicrosoft},
		"in a browser":          {m: directory.MethodMicrosoftWeb},
		"by password":           {m: directory.MethodLocal},
		"suspended":             {m: directory.MethodSAML, change: func(c *inquiry, _ *directory.Policy) { c.u.State = directory.Suspended }, code: problem.AccessEnded, says: "Do they have access?"},
		"archived, by password": {m: directory.MethodLocal, change: func(c *inquiry, _ *directory.Policy) { c.u.State = directory.Archived }, code: problem.AccessEnded, says: "Do they have access?"},
		"not set up":            {m: directory.MethodMicrosoft, change: func(c *inquiry, _ *directory.Policy) { c.ws.Microsoft = directory.Microsoft{} }, code: problem.WorkspaceNotSet, says: "It is not set up."},
		"the web module is off": {m: directory.MethodMicrosoftWeb, change: func(c *inquiry, _ *directory.Policy) { c.web.Enabled = false }, code: problem.ModuleOff, says: "It is not set up."},
		"SAML is not enabled":   {m: directory.MethodSAML, change: func(c *inquiry, _ *directory.Policy) { c.saml.Disabled = true }, code: problem.ModuleOff, says: "It is set up, and not enabled."},
		"the module is off": {m: directory.MethodSAML, change: func(_ *inquiry, p *directory.Policy) {
			p.Switches.Off = []directory.Module{directory.ModuleSAML}
		}, code: problem.ModuleOff, says: "It is switched off."},
		"the plan": {m: directory.MethodSAML, change: func(_ *inquiry, p *directory.Policy) {
			p.Plan = directory.Plan{Without: []directory.Module{directory.ModuleSAML}, OnDowngrade: directory.DowngradeBlock}
		}, code: problem.PlanBlocked, says: "plan"},
		"not linked": {m: directory.MethodSAML, change: func(c *inquiry, _ *directory.Policy) {
			c.u.ExternalID, c.ws.LinkByUserName, c.ws.Domains = "e-77", false, nil
		}, code: problem.NotLinked, says: "map externalId from objectId"},
		"not linked in the app": {m: directory.MethodMicrosoft, change: func(c *inquiry, _ *directory.Policy) {
			c.u.ExternalID, c.ws.LinkByUserName = "e-77", false
		}, code: problem.NotLinked, says: "Is it certain who the person is?"},
		"linked by address": {m: directory.MethodSAML, change: func(c *inquiry, _ *directory.Policy) { c.u.ExternalID, c.ws.LinkByUserName = "e-77", false }},
		"outside, and nothing is enforced": {m: directory.MethodSAML, change: func(c *inquiry, _ *directory.Policy) {
			c.ws.Domains = []string{"other.example"}
		}},
		"outside": {m: directory.MethodSAML, change: func(c *inquiry, p *directory.Policy) {
			c.ws.Domains, p.Enforcement.Enforced = []string{"other.example"}, true
		}, code: problem.DomainOutside, says: "ada@acme.example. Verified are other.example"},
		"outside and exempt": {m: directory.MethodSAML, change: func(c *inquiry, p *directory.Policy) {
			c.ws.Domains, p.Enforcement.Enforced = []string{"other.example"}, true
		}, exempt: directory.Exemption{Owner: "root@acme.example", Until: now.Add(time.Hour)}},
		"before the pilot": {m: directory.MethodSAML, change: func(_ *inquiry, p *directory.Policy) {
			p.Pilot = directory.Pilot{On: true, People: []string{"u-2"}}
		}, code: problem.NotInPilot, says: "not among them"},
		"in the pilot": {m: directory.MethodSAML, change: func(_ *inquiry, p *directory.Policy) {
			p.Pilot = directory.Pilot{On: true, People: []string{"u-1"}}
		}},
		"passwords are off": {m: directory.MethodLocal, change: func(_ *inquiry, p *directory.Policy) {
			p.Local = directory.LocalPolicy{}
		}, code: problem.ModuleOff, says: "Passwords are off"},
		"enforced": {m: directory.MethodLocal, change: func(_ *inquiry, p *directory.Policy) {
			p.Enforcement.Enforced = true
		}, code: problem.UseSSO, says: "Single sign-on is enforced"},
		"linked people have none": {m: directory.MethodLocal, change: func(_ *inquiry, p *directory.Policy) {
			p.Local.KeepLinked = false
		}, code: problem.UseSSO, says: "Microsoft Entra knows them"},
		"no password": {m: directory.MethodLocal, change: func(c *inquiry, _ *directory.Policy) { c.password = false }, code: problem.PasswordNobody, says: "They have no password here."},
		"no seat":     {m: directory.MethodSAML, wait: true, change: func(_ *inquiry, p *directory.Policy) { p.Plan.Seats = 5 }, code: problem.NoSeat, says: "All 5 seats"},
		"a seat":      {m: directory.MethodSAML, change: func(_ *inquiry, p *directory.Policy) { p.Plan.Seats = 5 }},
	} {
		t.Run(name, func(t *testing.T) {
			c, p := setUp()
			if x.change != nil {
				x.change(&c, &p)
			}
			v := of(c, p, x.m, x.wait, x.exempt)
			if v.Code != x.code || v.Can != (x.code == "") {
				t.Errorf("can %v, %s; want %s", v.Can, v.Code, x.code)
			}
			var told strings.Builder
			for _, r := range v.Rules {
				if r.State == "bad" {
					fmt.Fprintln(&told, r.Title, r.Detail, r.Fix)
				}
				if r.Detail == "" || r.State == "bad" && r.Fix == "" {
					t.Errorf("it leaves open what to do: %+v", r)
				}
			}
			if !strings.Contains(told.String(), x.says) || x.code == "" && told.Len() > 0 {
				t.Errorf("it says:\n%s", told.String())
			}
		})
	}
}

// A sign-in that the rules refuse is explained by at least one of them, and one
// that they let through by none.
func TestExplain_itAlwaysSaysWhyAndNeverRefusesWhoMayComeIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, p := setUp()
		flag := func(name string) bool { return rapid.Bool().Draw(t, name) }
		c.u.State = rapid.SampledFrom([]directory.State{directory.Active, directory.Active, directory.Suspended, directory.Archived}).Draw(t, "state")
		c.u.ExternalID = rapid.SampledFrom([]string{oid, "e-77", ""}).Draw(t, "externalId")
		c.u.ObjectID = rapid.SampledFrom([]string{"", uuid.Nil.String()}).Draw(t, "objectId")
		c.u.UserName = rapid.SampledFrom([]string{"ada@acme.example", "ada", "ada_x.example#EXT#@acme.example"}).Draw(t, "userName")
		c.ws.Domains = rapid.SampledFrom([][]string{nil, {"acme.example"}, {"other.example"}}).Draw(t, "domains")
		c.ws.LinkByUserName, c.password, c.saml.Disabled, c.web.Enabled = flag("link"), flag("password"), flag("saml off"), flag("web")
		if flag("no microsoft") {
			c.ws.Microsoft = directory.Microsoft{}
		}
		if flag("no mail") {
			c.u.Doc = []byte(`{}`)
		}
		p.Local = directory.LocalPolicy{Enabled: flag("local"), KeepLinked: flag("keep")}
		p.SSO, p.Enforcement.Enforced = flag("sso"), flag("enforced")
		p.Pilot = directory.Pilot{On: flag("pilot"), People: rapid.SampledFrom([][]string{nil, {"u-1"}}).Draw(t, "in pilot")}
		p.Domains.Enforcement = rapid.SampledFrom([]directory.DomainEnforcement{"", directory.DomainWarn}).Draw(t, "domain rule")
		if flag("off") {
			p.Switches.Off = []directory.Module{directory.ModuleSAML}
		}
		if flag("plan") {
			p.Plan = directory.Plan{Without: []directory.Module{directory.ModuleMicrosoft}, OnDowngrade: directory.DowngradeBlock}
		}
		p.Plan.Seats = rapid.IntRange(0, 1).Draw(t, "seats")
		var exempt directory.Exemption
		if flag("exempt") {
			exempt = directory.Exemption{Owner: "o", Until: now.Add(time.Hour)}
		}
		waiting := p.Plan.Seats > 0 && c.u.State == directory.Active && flag("waiting")
		for _, m := range directory.Methods {
			v := of(c, p, m, waiting, exempt)
			if v.Can != (len(bad(v)) == 0) || v.Can != (v.Code == "") {
				t.Fatalf("%s: can %v (%s), and what refuses is %q\n%+v", m, v.Can, v.Code, bad(v), v.Rules)
			}
		}
	})
}
