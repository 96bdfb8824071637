package samlsso

import (
	"slices"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/register"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// What the examples are about.
const (
	exampleTenant = "6f8a1c9e-2b0d-4c57-9f3e-0d1b2a3c4d5e"
	exampleApp    = "0c1d2e3f-4a5b-4c6d-8e7f-8a9b0c1d2e3f"
	exampleBase   = "https://sso.example.com/w/acme/"
)

var exampleDay = time.Date(2026, 3, 14, 9, 26, 0, 0, time.UTC)

var exampleURLs = signin.SAMLURLs{
	Metadata: exampleBase + "saml/metadata", Login: exampleBase + "saml/login", ACS: exampleBase + "saml/acs", SLO: exampleBase + "saml/slo",
}

var exampleWays = []Way{
	{register.PortalNames[register.EntraPortal], "Entra ID (older: Identity → Applications) → Enterprise apps → All applications → Acme Lanyard → Single sign-on → SAML"},
	{register.PortalNames[register.AzurePortal], "Microsoft Entra ID → Manage → Enterprise applications → All applications → Acme Lanyard → Single sign-on → SAML"},
}

// exampleWizard is a wizard at a step, with those before it done.
func exampleWizard(id string, live bool) Wizard {
	at := slices.IndexFunc(steps, func(s step) bool { return s.id == id })
	w := Wizard{Number: at + 1, Of: len(steps), Version: 3, Seen: "x", AppName: "Acme Lanyard", Workspace: "acme", Begun: true, Live: live, id: id}
	to := func(i int) string { return "/admin/workspaces/acme/saml/" + steps[i].id }
	for i, s := range steps {
		state := "todo"
		if i < at {
			state = "done"
		} else if i == at {
			state = "now"
		}
		w.Steps = append(w.Steps, console.Step{Title: s.short, To: to(i), State: state})
	}
	if at > 0 {
		w.Previous = to(at - 1)
	}
	if at+1 < len(steps) {
		w.Next = to(at + 1)
	}
	return w
}

func exampleProvider() *Provider {
	return &Provider{
		EntityID: "https://sts.windows.net/" + exampleTenant + "/", TenantID: exampleTenant, AppID: exampleApp,
		LoginURL: "https://login.microsoftonline.com/" + exampleTenant + "/saml2", LogoutURL: "https://login.microsoftonline.com/" + exampleTenant + "/saml2",
		MetadataURL: "https://login.microsoftonline.com/" + exampleTenant + "/federationmetadata/2007-06/federationmetadata.xml?appid=" + exampleApp,
		Refreshed:   exampleDay, NextRead: exampleDay.Add(12 * time.Hour),
		Certificates: []Certificate{
			{Use: "signing", Thumbprint: "3F2504E04F8941D39A0C0305E82C3301AB12CD34", SHA256: "9c:1f:00:7a", Subject: "CN=Microsoft Azure Federated SSO Certificate", NotAfter: exampleDay.AddDate(2, 0, 0), DaysLeft: 731, Source: "metadata", State: "good", Says: "Valid"},
			{Use: "signing", Thumbprint: "77AA04E04F8941D39A0C0305E82C3301AB12CD35", SHA256: "1b:22:aa:09", Subject: "CN=Microsoft Azure Federated SSO Certificate", NotAfter: exampleDay.AddDate(0, 0, 20), DaysLeft: 20, Source: "metadata", State: "warn", Says: "Expires soon"},
		},
	}
}

// exampleResult is a test's result; ok says which.
func exampleResult(ok, redact bool) *Result {
	r := signin.TestResult{State: signin.TestFailed, At: exampleDay, Code: problem.SAMLAudience}
	t := problem.Lookup(problem.SAMLAudience)
	r.Sentence, r.Next = t.Sentence, t.Next
	r.Checks = []signin.TestCheck{
		{Name: "signature", OK: true},
		{Name: "audience", Code: problem.SAMLAudience, Sentence: t.Sentence, Expected: exampleURLs.Metadata, Received: "https://sso.example.com/w/acne/saml/metadata", Field: "Basic SAML Configuration → Identifier (Entity ID)"},
		{Name: "email", Skipped: true},
	}
	if ok {
		r = signin.TestResult{
			State: signin.TestPassed, At: exampleDay, NameID: "ada@acme.example", NameIDFormat: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
			NameIDLooksLike: "user.mail", Signed: "assertion",
			Attributes: map[string][]string{
				"http://schemas.microsoft.com/identity/claims/objectidentifier": {"b3a1c9e0-1111-4222-8333-444455556666"},
				"http://schemas.microsoft.com/ws/2008/06/identity/claims/role":  {"Admin", "Member"},
			},
			Person: &signin.TestPerson{UserName: "ada@acme.example", Name: "Ada Lovelace", Email: "ada@acme.example", Role: "member"},
			Would:  []string{`ada@acme.example would be created, with the role "member".`, "SAML sign-in is switched off now; after enabling, everybody who is assigned can sign in."},
			Checks: []signin.TestCheck{{Name: "signature", OK: true}, {Name: "audience", OK: true, Received: exampleURLs.Metadata}, {Name: "person", OK: true, Received: "ada@acme.example"}},
			Warnings: []signin.TestCheck{{
				Name: "warning", Advice: true, Code: problem.SAMLNameIDSource, Sentence: problem.Lookup(problem.SAMLNameIDSource).Sentence, Received: "It looks like user.userprincipalname, and not user.mail.",
			}},
		}
	}
	return result(r, directory.SAML{}, redact)
}

// Examples are the pages, empty and full.
func (*Section) Examples() []console.Example {
	settings := settingsValues{Type: "entra", IdPInitiated: "bounce", NameID: "mail", RequestBinding: "redirect", Skew: "3m0s", RequiredClaims: "CoNm=acme"}
	var claims []claim
	for _, f := range claimFields {
		claims = append(claims, claim{"claim_" + f.name, f.label, f.usual, ""})
	}
	conn := Connection{
		Workspace: "acme", State: "enforced", Title: "Enabled for everybody", Badge: "good", EntityID: exampleURLs.Metadata, URLs: exampleURLs,
		Type: "entra", Provider: exampleProvider(), Sealing: true, TestedNow: true, Tested: exampleDay, Settings: settingsOf(directory.SAML{InsecureAllowSHA1: true}),
		Keys:        []Certificate{{ID: "k", Use: directory.KeyEncryption, Thumbprint: "AB12CD343F2504E04F8941D39A0C0305E82C3301", NotAfter: exampleDay.AddDate(10, 0, 0)}},
		Enforcement: directory.Enforcement{Enforced: true, At: exampleDay, By: "ada@acme.example"},
	}
	changing, draft := conn, conn
	changing.State, changing.Title, changing.TestedNow, changing.Enforcement = "on", "Enabled", false, directory.Enforcement{}
	changing.NewEntityID = "https://sts.windows.net/99999999-2b0d-4c57-9f3e-0d1b2a3c4d5e/"
	changing.Broken = []note{{Code: problem.SAMLCertificateExpiring, Sentence: problem.Lookup(problem.SAMLCertificateExpiring).Sentence, Next: problem.Lookup(problem.SAMLCertificateExpiring).Next}}
	draft.State, draft.Title, draft.Badge, draft.Enforcement, draft.TestedNow, draft.Provider, draft.Keys = "draft", "Draft", "warn", directory.Enforcement{}, false, nil, nil
	link := exampleBase + "saml/test?t=lytest_example"
	code, err := qrOf(link)
	if err != nil {
		panic(err) // a constant
	}
	testing := Testing{Wizard: exampleWizard("test", false), Ready: true, ID: "t", RedactTo: "/admin/workspaces/acme/saml/test?redact=true&test=t"}
	waiting, passed, failed, hidden := testing, testing, testing, testing
	waiting.Link, waiting.QR, waiting.Result = link, code, result(signin.TestResult{State: signin.TestWaiting}, directory.SAML{}, false)
	if a, ok := problem.LookupAADSTS(50105); ok {
		waiting.Stuck = []problem.AADSTS{a}
	}
	passed.Result, passed.TestedNow, failed.Result, hidden.Result = exampleResult(true, false), true, exampleResult(false, false), exampleResult(true, true)
	checks := []console.Check{
		{Title: "A test sign-in succeeded with the settings as they are now", State: "good"},
		{Title: "An owner gets into this console without the identity provider", State: "bad", Detail: "No owner has proven it.", Fix: problem.Lookup(problem.SSONoBreakGlass).Next},
	}
	certificates := Certificates{
		Wizard: exampleWizard("certificates", false), Ways: exampleWays, Result: Established, At: exampleDay,
		Checked: []string{"The metadata was fetched from login.microsoftonline.com.", "The tenant is " + exampleTenant + "."}, Provider: exampleProvider(),
	}
	certificates.Onward = true
	basic := Basic{Wizard: exampleWizard("basic", false), Ways: exampleWays, EntityID: exampleURLs.Metadata, URLs: exampleURLs}
	shared := basic
	shared.Own, shared.EntityID = "BTIQ", "BTIQ"
	shared.Notes = []note{{Code: problem.SAMLAudience, Sentence: "Another workspace has it.", Field: "Identifier (Entity ID)"}}
	confirm := func(what, title string, enforced bool) Confirm {
		return Confirm{What: what, title: title, Before: exampleDay, By: "ada@acme.example", Existed: true, Possible: !enforced, Enforced: enforced, Contact: "help@vendor.example", Workspace: "acme"}
	}
	viewer := console.Principal{ID: "v", Name: "Vic", Roles: map[string]console.Role{"acme": console.Viewer}}
	return []console.Example{
		{Name: "saml/home empty", View: Home{Connection: Connection{Workspace: "acme", State: "not_set", Title: "Not configured", Badge: "off", EntityID: exampleURLs.Metadata, URLs: exampleURLs}}},
		{Name: "saml/home draft", View: Home{Connection: draft, Continue: "/admin/workspaces/acme/saml/certificates", Number: 6, Of: 9}},
		{Name: "saml/home changing", View: Home{Connection: changing, Changing: true, ChangedBy: "ada@acme.example", ChangedAt: exampleDay}},
		{Name: "saml/home enforced", View: Home{Connection: conn, Contact: "help@vendor.example", ContactURL: "https://vendor.example/help"}},
		{Name: "saml/home viewer", View: Home{Connection: conn}, Me: viewer},
		{Name: "saml/start", View: Start{Wizard: exampleWizard("start", false), Message: "Hello,\n\nplease set it up.", SetupLinks: "/admin/workspaces/acme/setup-links"}},
		{Name: "saml/application", View: Application{Wizard: exampleWizard("application", false), Ways: exampleWays, Name: "Acme Lanyard", Logo: exampleBase + "logo.png"}},
		{Name: "saml/application gallery", View: Application{
			Wizard: exampleWizard("application", false), Ways: exampleWays, Name: "Acme Lanyard", Logo: exampleBase + "logo.png", Gallery: "Lanyard", From: fromGallery,
			Froms: []console.Option{{Value: fromGallery, Label: "From the gallery: Lanyard"}, {Value: fromOwn, Label: "An application of your own (Non-gallery)"}},
		}},
		{Name: "saml/application viewer", View: Application{Wizard: exampleWizard("application", false), Ways: exampleWays, Name: "Acme Lanyard", Logo: exampleBase + "logo.png", ApplicationID: exampleApp}, Me: viewer},
		{
			Name: "saml/application refused", View: Application{Wizard: exampleWizard("application", false), Ways: exampleWays, Name: "Acme Lanyard", Logo: exampleBase + "logo.png", ApplicationID: "12"},
			Err: console.Fault{Field: "application_id", Err: problem.New(problem.SSOApplicationID)},
		},
		{Name: "saml/assign", View: Assign{Wizard: exampleWizard("assign", false), Ways: exampleWays, Do: []register.Item{{Value: "Add user/group: one person to begin with, others later"}}, Codes: waiting.Stuck}},
		{Name: "saml/basic", View: basic},
		{Name: "saml/basic shared", View: shared},
		{Name: "saml/claims", View: Claims{Wizard: exampleWizard("claims", true), Ways: exampleWays, FirmID: "acme", Require: true, ClaimName: "CoNm", ClaimValue: "acme", NameID: "mail", NameIDText: "user.mail", Sources: nameIDs}},
		{Name: "saml/certificates empty", View: Certificates{Wizard: exampleWizard("certificates", false), Ways: exampleWays}},
		{Name: "saml/certificates established", View: certificates},
		{Name: "saml/certificates refused", View: certificates, Err: console.Fault{Field: "metadata_url", Err: problem.New(problem.MetadataNotFound)}},
		{Name: "saml/values", View: SetUp{Wizard: exampleWizard("values", false), Ways: exampleWays, Provider: exampleProvider()}},
		{Name: "saml/values empty", View: SetUp{Wizard: exampleWizard("values", false), Ways: exampleWays}},
		{Name: "saml/test empty", View: Testing{Wizard: exampleWizard("test", false)}},
		{Name: "saml/test waiting", View: waiting},
		{Name: "saml/test passed", View: passed},
		{Name: "saml/test hidden", View: hidden},
		{Name: "saml/test failed", View: failed},
		{Name: "saml/enable not ready", View: Enable{Wizard: exampleWizard("enable", false), Checks: checks, Tested: true, Contact: "help@vendor.example"}},
		{Name: "saml/enable ready", View: Enable{Wizard: exampleWizard("enable", false), Checks: checks[:1], Ready: true, Tested: true, Contact: "help@vendor.example"}},
		{Name: "saml/enable done", View: Enable{Wizard: exampleWizard("enable", true), Enforced: true, At: exampleDay, By: "ada@acme.example", Contact: "help@vendor.example"}},
		{Name: "saml/cancel", View: confirm("cancel", "Cancel the setup", false)},
		{Name: "saml/off", View: confirm("off", "Turn SAML sign-in off", false)},
		{Name: "saml/off enforced", View: confirm("off", "Turn SAML sign-in off", true)},
		{Name: "saml/remove", View: confirm("remove", "Remove the connection", false)},
		{Name: "saml/settings", View: Settings{Exists: true, Live: true, Seen: "x", settingsValues: settings, Claims: claims}},
		{Name: "saml/settings empty", View: Settings{}},
	}
}
