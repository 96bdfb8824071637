package provisioning

import (
	"net/http"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// morning is when everything in the examples happened.
var morning = time.Date(2026, 3, 14, 9, 3, 0, 0, time.UTC)

const exampleURL = "https://sso.example.com/scim/v2/acme"

// Examples are the pages, empty and full.
func (*Section) Examples() []console.Example {
	viewer := console.Principal{ID: "a2", Name: "Vera Viewer", Email: "vera@acme.example", Roles: map[string]console.Role{"acme": console.Viewer}}
	full := exampleHome()
	held := full
	held.Alarm = Alarm{People: 20, Percent: 10, Hold: true, Holding: true, Recent: true, Raised: morning}
	held.Rhythm.Silent, held.Rhythm.Refused, held.Rhythm.Due, held.Rhythm.Running = true, 3, true, false
	return []console.Example{
		{Name: "provisioning/home empty", View: Home{Checks: checksOf(nil), Alarm: Alarm{People: 20, Percent: 10}, tabs: tabs{"provisioning.home"}}},
		{Name: "provisioning/home full", View: full},
		{Name: "provisioning/home held", View: held},
		{Name: "provisioning/home viewer", View: full, Me: viewer},
		{Name: "provisioning/stop", View: Stop{tabs{"provisioning.home"}, 120}},
		{Name: "provisioning/credentials empty", View: Credentials{tabs: tabs{"provisioning.credentials"}, TenantURL: exampleURL}},
		{Name: "provisioning/credentials full", View: exampleCredentials()},
		{Name: "provisioning/credentials viewer", View: exampleCredentials(), Me: viewer},
		{Name: "provisioning/credentials refused", View: exampleCredentials(), Err: console.Bad("label", "It is one line of at most 100 characters.")},
		{Name: "provisioning/token", View: TokenPage{tabs{"provisioning.credentials"}, exampleCredentials().Tokens[0], true}},
		{Name: "provisioning/secret", View: Secret{
			tabs: tabs{"provisioning.credentials"}, What: "Secret Token", TenantURL: exampleURL, Token: "lyscim_EXAMPLE", ID: "k3m9", Label: "Entra",
			Old: "Entra", Until: morning.Add(7 * day),
		}},
		{Name: "provisioning/client", View: ClientPage{tabs{"provisioning.credentials"}, exampleCredentials().Clients[0], exampleURL, exampleURL + "/oauth/token", "lyscim_EXAMPLE"}},
		{Name: "provisioning/setup empty", View: exampleSetup("new", nil)},
		{Name: "provisioning/setup full", View: exampleSetup("old", exampleSteps())},
		{Name: "provisioning/setup gallery", View: exampleListed()},
		{Name: "provisioning/mapping empty", View: Mapping{tabs: tabs{"provisioning.mapping"}, Recommended: entra.Recommended()}},
		{Name: "provisioning/mapping checked", View: Mapping{
			tabs: tabs{"provisioning.mapping"}, Recommended: entra.Recommended(),
			Checked: &Checked{Name: "schema.json", Mappings: entra.Recommended()[:3], Wrong: []string{"Nothing is mapped to externalId."}, Groups: true},
		}},
		{Name: "provisioning/scope empty", View: Scope{tabs: tabs{"provisioning.scope"}, Deletion: "Deletions by Entra are refused.", Set: rulesOf(directory.Workspace{})}},
		{Name: "provisioning/scope viewer", View: Scope{tabs: tabs{"provisioning.scope"}, Deletion: "Deletions by Entra are refused.", Required: directory.EntraRequired}, Me: viewer},
		{Name: "provisioning/scope full", View: Scope{
			tabs: tabs{"provisioning.scope"}, Accept: `userType eq "Member"`, DefaultRole: "member", Rules: "group:Engineers=editor", Required: []string{"emails"},
			Person: examplePerson, Tried: &ScopeTried{Name: "ada@acme.example", Why: "They do not meet the workspace's filter."}, Deletion: "Deletions by Entra are refused.",
			Set: rulesOf(directory.Workspace{SCIMRequired: directory.EntraRequired, DeleteMode: directory.DeleteReject}),
		}},
		{Name: "provisioning/sync empty", View: Sync{tabs: tabs{"provisioning.sync"}, Enabled: true, Logs: provisioningLogs}},
		{Name: "provisioning/sync full", View: exampleSync()},
		{Name: "provisioning/log empty", View: Log{tabs: tabs{"provisioning.sync"}, Show: "all", Days: 30}},
		{Name: "provisioning/log full", View: Log{
			tabs: tabs{"provisioning.sync"}, Show: "failed", Who: "ada@acme.example", Days: 30, Requests: []Request{exampleRequest(), {
				ID: "2-b", At: morning, Method: http.MethodGet, Type: "Users", Filter: `userName eq "…"`, Status: 200, Test: true,
			}}, Pager: console.Pager{Next: "/admin/workspaces/acme/provisioning/log?before=1"},
		}},
		{Name: "provisioning/request", View: RequestPage{tabs{"provisioning.sync"}, exampleRequest(), TryForm{Method: "POST", Path: "/Users", Body: exampleRequest().Body}}},
		{Name: "provisioning/try", View: TryPage{tabs{"provisioning.sync"}, TryForm{
			Method: "POST", Path: "/Users", Body: `{"userName":"ada@acme.example"}`,
			Tried: &Tried{Status: 409, Detail: "The userName is taken.", Name: "ada@acme.example", Answer: `{"status":"409"}`},
		}}},
		{Name: "provisioning/notifications empty", View: Notifications{tabs: tabs{"provisioning.notifications"}, Digest: 60, Threshold: 1}},
		{Name: "provisioning/notifications full", View: Notifications{
			tabs: tabs{"provisioning.notifications"}, Version: 2, Recipients: "it@acme.example", Digest: 60, Threshold: 5, Ready: true, Sent: exampleMails(),
		}},
		{Name: "notify/mail empty", View: MailPage{Server: notify.SMTP{Port: 587, Encryption: notify.StartTLS}}},
		{Name: "notify/mail full", View: MailPage{
			Server: notify.SMTP{Host: "smtp.acme.example", Port: 465, Encryption: notify.TLS, From: "Lanyard <lanyard@acme.example>", User: "lanyard"},
			Ready:  true, Version: 3, Test: "ada@acme.example", Sent: exampleMails(),
		}},
		{Name: "notify/mail fixed", View: MailPage{Fixed: true, Ready: true, Server: notify.SMTP{Host: "smtp.acme.example"}}},
	}
}

func exampleSteps() map[string]store.SCIMStep {
	return map[string]store.SCIMStep{
		store.StepTest:   {Step: store.StepTest, Done: morning, Tried: morning, Status: 200},
		http.MethodGet:   {Step: http.MethodGet, Done: morning, Tried: morning, Status: 200},
		http.MethodPost:  {Step: http.MethodPost, Done: morning.Add(time.Minute), Tried: morning, Status: 201},
		http.MethodPatch: {Step: http.MethodPatch, Tried: morning, Status: 400, Detail: "The attribute title is no text."},
	}
}

func exampleHome() Home {
	return Home{
		tabs: tabs{"provisioning.home"}, Enabled: true, Checks: checksOf(exampleSteps()), People: store.Counts{Active: 120, Suspended: 3, Archived: 9},
		Rhythm: Rhythm{Last: morning, Running: true, Next: morning.Add(directory.CycleEvery)}, Alarm: Alarm{People: 20, Percent: 10},
		Credentials: 2, Ending: []Ending{{"Token", "Entra", 6, morning.Add(6 * day), "bad"}},
	}
}

func exampleCredentials() Credentials {
	return Credentials{
		tabs: tabs{"provisioning.credentials"}, TenantURL: exampleURL,
		Tokens: []Token{
			{ID: "k3m9", Label: "Entra", State: "valid", Created: morning, Expires: morning.Add(30 * day), Left: 30, LastUsed: morning, From: "20.190.128.0/24"},
			{ID: "x7q2", State: "revoked", Created: morning},
		},
		Clients: []Client{{
			ID: "c5d8", Label: "Gallery", State: "valid", TokenLife: 60, Issuer: "https://login.microsoftonline.com/t-1/v2.0", Subject: "sp-1", Audience: "api://lanyard",
			Secrets: []ClientSecret{{ID: "s1", State: "valid", Created: morning, Expires: morning.Add(20 * day), Left: 20}, {ID: "s2", State: "expired", Created: morning, Expires: morning}},
		}},
		Ending: []Ending{{"Token", "Entra", 30, morning.Add(30 * day), "warn"}},
	}
}

func exampleSetup(portal string, steps map[string]store.SCIMStep) Setup {
	p := Setup{tabs: tabs{"provisioning.setup"}, Portal: portal, TenantURL: exampleURL, Checks: checksOf(steps), Enabled: steps != nil, HasToken: steps != nil}
	p.Tested = seen(p.Checks, 0)
	p.Steps = stepsFor(p, &console.Call{Workspace: directory.Workspace{ID: "acme"}})
	return p
}

// exampleListed is one of a product that is in Entra's gallery.
func exampleListed() Setup {
	p := exampleSetup("old", nil)
	p.Gallery = "Lanyard"
	p.Steps = stepsFor(p, &console.Call{Workspace: directory.Workspace{ID: "acme"}})
	return p
}

func exampleSync() Sync {
	return Sync{
		tabs: tabs{"provisioning.sync"}, Enabled: true, Checks: checksOf(exampleSteps()), Logs: provisioningLogs,
		Rhythm: Rhythm{Last: morning, Running: true, Next: morning.Add(directory.CycleEvery)},
		Cycles: []Cycle{
			{From: morning, Length: "3 min", Running: true, Requests: 240, Reads: 200, Creates: 30, Updates: 8, Errors: 2},
			{From: morning.Add(-directory.CycleEvery), Length: "under a minute", Requests: 12, Reads: 12},
		},
		Failures: []Failure{{Count: 2, Status: 409, Why: "The userName is taken.", Fix: "Look for them under People.", Who: "ada@acme.example", Last: morning, ID: "1-a"}},
		Alarm:    Alarm{People: 20, Percent: 10, Recent: true, Raised: morning},
	}
}

func exampleRequest() Request {
	return Request{
		ID: "1-a", At: morning, Method: http.MethodPost, Type: "Users", Name: "ada@acme.example", Attributes: []string{"emails", "userName"}, Status: 409,
		ScimType: "uniqueness", Detail: "The userName is taken.", Body: "{\n \"userName\": \"…\"\n}", Credential: "k3m9", RequestID: "r-1", Millis: 3.2,
		Fix: "Look for them under People.",
	}
}

func exampleMails() []Delivery {
	return []Delivery{
		{At: morning, To: "it@acme.example", Subject: "Acme: 2 requests of provisioning failed", Kind: notify.KindFailures, State: "sent", Tries: 1},
		{At: morning, To: "gone@acme.example", Subject: "Acme: 2 requests of provisioning failed", Kind: notify.KindFailures, State: "failed", Tries: 1, Error: "550 5.1.1 no such user"},
		{At: morning, To: "slow@acme.example", Subject: "Acme: 2 requests of provisioning failed", Kind: notify.KindFailures, State: "waiting", Tries: 2, Next: morning.Add(4 * time.Minute)},
	}
}
