package microsoft

import (
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/register"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// Examples are the section's pages, empty and full.
func (s *Section) Examples() []console.Example {
	at := time.Date(2026, 3, 14, 9, 26, 0, 0, time.UTC)
	const client, tenant = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", "11111111-2222-4333-8444-555555555555"
	bare := signin.MicrosoftOutcome{URLs: signin.MicrosoftURLs{
		Login: "https://sso.example.com/w/acme/microsoft/login", Redirect: "https://sso.example.com/w/acme/microsoft/callback", Home: "https://sso.example.com/w/acme/",
	}}
	full := bare
	full.Set = directory.MicrosoftWeb{ClientID: client, TenantID: tenant, DomainHint: "acme.example", Enabled: true, Tested: at, Proof: directory.ProofCertificate, KeyID: "k1"}
	full.Set.TestedHash = full.Set.ConfigHash()
	full.Ready, full.Version, full.HasSecret, full.SecretExpires = true, 7, true, at.AddDate(0, 6, 0)
	full.Certificates = []signin.MicrosoftCertificate{
		{ID: "k2", Thumbprint: strings.Repeat("B2", 20), SHA256: strings.Repeat("B2", 32), NotAfter: at.AddDate(2, 0, 0), Created: at},
		{ID: "k1", Thumbprint: strings.Repeat("A1", 20), SHA256: strings.Repeat("A1", 32), NotAfter: at.AddDate(0, 0, 20), Created: at, Used: true},
	}
	viewer := console.Principal{ID: "a3", Name: "Grace Hopper", Roles: map[string]console.Role{"acme": console.Viewer}}
	homeOf := func(out signin.MicrosoftOutcome, on bool) homePage {
		p := directory.Policy{Now: at}
		if !on {
			p.Switches = directory.Switches{Off: []directory.Module{directory.ModuleMicrosoft}}
		}
		return homePage{Web: out, On: on, Tested: out.Set.TestedNow(), Steps: stepsOf(out, "/web", "/home"), Checks: checksOf(out, p, at)}
	}
	home := homeOf(full, true)
	home.App, home.JIT = appState{true, tenant, client}, true
	app := appPage{
		TenantID: tenant, ClientID: client, Scope: "api://" + client + "/access_as_user", DomainHint: "acme.example", Version: 4, up: "/admin",
		Identifier: "api://" + client, ScopeName: "access_as_user",
		Redirects: []register.Redirect{{Platform: "publicClient", URI: "http://localhost", For: "Desktop"}, {Platform: "publicClient", URI: "msauth.com.acme.app://auth", For: "iOS, com.acme.app"}},
	}
	passed := signin.TestResult{
		State: signin.TestPassed, At: at, Person: &signin.TestPerson{ID: "u1", UserName: "ada@acme.example", Name: "Ada Lovelace", Email: "ada@acme.example", Role: "Member"},
		Would: []string{"ada@acme.example would be signed in."},
	}
	failed := signin.TestResult{State: signin.TestFailed, At: at, Code: problem.M365Tenant, Sentence: problem.Lookup(problem.M365Tenant).Sentence, Next: problem.Lookup(problem.M365Tenant).Next}
	checks := []console.Check{{Title: "issuer (iss)", Detail: "https://login.microsoftonline.com/…", State: "good"}, {Title: "tenant (tid)", Detail: failed.Sentence, State: "bad", Fix: "Overview → Directory (tenant) ID"}, {Title: "nonce", State: "wait"}}
	passwords := passwordsPage{Enabled: true, KeepLinked: true, Version: 2, Enforced: true, More: true, Holders: []holder{
		{ID: "u1", Name: "Ada Lovelace", Email: "ada@acme.example", Changed: at, Why: problem.UseSSO}, {ID: "u2", Name: "Di Partner", Email: "di@partner.example", Changed: at, Allowed: true},
	}}
	return []console.Example{
		{Name: "microsoft/home empty", View: homeOf(bare, true)},
		{Name: "microsoft/home full", View: home},
		{Name: "microsoft/home off", View: homeOf(full, false)},
		{Name: "microsoft/home viewer", View: home, Me: viewer},
		{Name: "microsoft/app empty", View: appPage{Redirects: app.Redirects[:1], Identifier: "api://" + noClient, ScopeName: "access_as_user", up: "/admin"}},
		{Name: "microsoft/app full", View: app},
		{Name: "microsoft/app viewer", View: app, Me: viewer},
		{Name: "microsoft/app refused", View: app, Err: console.Fault{Field: "client_id", Err: problem.Detailf(problem.M365BadSetting, "The Application (client) ID is missing.")}},
		{Name: "microsoft/web empty", View: webPage{MicrosoftOutcome: bare, AppName: "Acme on the web", Steps: stepsOf(bare, "/web", "/home"), up: "/admin"}},
		{Name: "microsoft/web full", View: webPage{MicrosoftOutcome: full, AppName: "Acme on the web", Steps: stepsOf(full, "/web", "/home"), up: "/admin"}},
		{Name: "microsoft/web viewer", View: webPage{MicrosoftOutcome: full, AppName: "Acme on the web", Steps: stepsOf(full, "/web", "/home"), up: "/admin"}, Me: viewer},
		{Name: "microsoft/link", View: linkPage{URL: "https://sso.example.com/w/acme/microsoft/test?t=lytest_x", ID: "t1", Expires: at, Result: "/admin", up: "/admin"}},
		{Name: "microsoft/test waiting", View: testPage{TestResult: signin.TestResult{State: signin.TestWaiting, At: at}, up: "/admin"}},
		{Name: "microsoft/test passed", View: testPage{TestResult: passed, Checks: checks[:1], Ready: true, up: "/admin"}},
		{Name: "microsoft/test failed", View: testPage{TestResult: failed, Checks: checks, up: "/admin"}},
		{Name: "passwords/home empty", View: passwordsPage{Holders: []holder{}}},
		{Name: "passwords/home full", View: passwords},
		{Name: "passwords/home viewer", View: passwords, Me: viewer},
		{Name: "passwords/home elsewhere", View: passwordsPage{Enabled: true, Elsewhere: true, Holders: passwords.Holders}},
	}
}
