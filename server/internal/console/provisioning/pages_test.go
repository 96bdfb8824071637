package provisioning_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/console/provisioning"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/notify/notifytest"
	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// desk is the console's pages beside the SCIM side that they are about.
type desk struct {
	*consoletest.Console
	t    *testing.T
	post *notify.Post
	mail *notifytest.Catcher
	scim *httptest.Server
	log  *store.RequestLog
}

// each runs a test on both databases.
func each(t *testing.T, test func(*testing.T, *desk)) {
	d := &desk{}
	consoletest.Each(t, d.sections, func(t *testing.T, c *consoletest.Console) {
		d.t = t
		test(t, d)
	})
}

// one runs a test on SQLite.
func one(t *testing.T) *desk {
	d := &desk{t: t}
	consoletest.New(t, d.sections)
	return d
}

func (d *desk) sections(c *consoletest.Console) []console.Section {
	d.Console, d.mail, d.log = c, notifytest.New(c), c.Store.RequestLog()
	smtp := d.mail.SMTP()
	d.post = notify.New(notify.Config{Store: c.Store, Key: []byte(strings.Repeat("k", 32)), SMTP: &smtp, Now: c.Now})
	d.scim = httptest.NewServer(nil)
	c.Cleanup(d.scim.Close)
	base, err := url.Parse(d.scim.URL)
	if err != nil {
		c.Fatal(err)
	}
	c.Store.Use(provision.Rules(nil))
	h := provision.New(provision.Config{
		Store: c.Store, BaseURL: base, Now: c.Now, Record: d.log.Add,
		ClientIP: func(*http.Request) netip.Addr { return netip.MustParseAddr("20.190.128.7") },
	})
	mux := http.NewServeMux()
	h.Mount(mux)
	d.scim.Config.Handler = provision.Tidy(mux)
	return []console.Section{provisioning.New(provisioning.Config{Store: c.Store, Post: d.post, Try: h, LoopbackIssuers: true})}
}

const base = "/workspaces/acme/provisioning"

var tokenText = regexp.MustCompile(`lyscim_[A-Za-z0-9_-]+`)

// token makes one in the console.
func (d *desk) token() string {
	d.t.Helper()
	page := d.Post(base+"/tokens", url.Values{"label": {"Entra"}, "life": {""}}).OK().Has("Copy it now")
	clear := tokenText.FindString(page.Body)
	if clear == "" {
		d.t.Fatalf("no token is shown: %s", page.Text())
	}
	return clear
}

// job is Entra's, for two people.
func (d *desk) job(token string) (*entratest.Provisioner, *entratest.Tenant, []*entratest.User) {
	tenant := entratest.New(d.t).AddTenant(entratest.TenantOptions{})
	app := tenant.AddApp(entratest.App{})
	var people []*entratest.User
	for i := range 2 {
		people = append(people, tenant.AddUser(entratest.User{GivenName: fmt.Sprintf("P%d", i), Surname: "Family", Mail: fmt.Sprintf("p%d@acme.example", i), Department: "Engines"}))
	}
	p := tenant.Provision(app, d.scim.URL+"/scim/v2/acme", token, entratest.ProvisionOptions{Scope: entratest.Everyone})
	return p, tenant, people
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// recorded waits until the record of requests is written.
func (d *desk) recorded() { d.must(d.log.Flush(d.t.Context())) }

// req: C8
// req: C9
// req: D4
func TestSetup_eachStepTurnsGreenWhenEntraWasSeenToTakeIt(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		token := d.token()
		states := func() (s string) {
			d.recorded()
			var p provisioning.Setup
			d.JSON("GET", base+"/setup", nil).OK().Into(&p)
			for _, k := range p.Checks {
				s += k.State + " "
			}
			return strings.TrimSpace(s)
		}
		is := func(want string) {
			t.Helper()
			if got := states(); got != want {
				t.Errorf("the steps are %s, want %s", got, want)
			}
		}
		is("wait wait wait wait")
		wrong, _, _ := d.job("lyscim_wrong")
		if err := wrong.TestConnection(t.Context()); err == nil {
			t.Fatal("a wrong token was accepted")
		}
		is("bad wait wait wait")
		d.Get(base+"/setup").OK().Has("refused (401)", "Paste it again, whole, or make a new one", "Test Connection")
		d.Post(base+"/disable", nil).Follow().Has("Disabled")
		p, tenant, people := d.job(token)
		if err := p.TestConnection(t.Context()); err == nil {
			t.Fatal("a test succeeded while provisioning is off")
		}
		is("bad bad wait wait")
		d.Get(base+"/setup").OK().Has("refused (403)", "switched off")
		d.Post(base+"/enable", nil).Follow().Has("Enabled")

		// Whoever made the token is a viewer now: it goes on working.
		d.As(consoletest.With(console.Viewer))
		d.must(p.TestConnection(t.Context()))
		is("good good wait wait")
		d.Get(base+"/setup").OK().Has("Entra tested the connection at "+d.Now().UTC().Format("15:04")+" UTC", "– OK", "Done")
		d.Post(base+"/tokens", url.Values{"label": {"x"}}).Is(http.StatusForbidden)
		d.must(p.Cycle(t.Context()))
		is("good good good wait")
		d.must(tenant.UpdateUser(people[0], func(u *entratest.User) { u.Department = "Looms" }))
		d.must(p.Cycle(t.Context()))
		is("good good good good")
		for portal, words := range map[string][]string{
			"new": {"New configuration", "Secret token", "Test connection", "Start provisioning", "Provision Microsoft Entra ID Groups"},
			"old": {"Provisioning Mode", "Automatic", "Admin Credentials", "Secret Token", "Provisioning Status", "Provision Azure Active Directory Groups"},
		} {
			d.Get(base+"/setup?portal="+portal).OK().Has(words...).Has("Add New Mapping", "objectId", "externalId", "Notification Email", "Default Access")
		}
	})
}

// req: D1
func TestCredentials_aTokenIsShownOnceAndReplacedWithoutARefusal(t *testing.T) {
	d := one(t)
	d.Get(base+"/credentials").OK().Has("SCIM URL", "SCIM Provisioning endpoint URL", "Microsoft Azure service link", "Tenant URL",
		"Unique Token", "Bearer Token", "SCIM token", "Secret Token", "No token yet")
	first := d.token()
	p, _, _ := d.job(first)
	d.must(p.TestConnection(t.Context()))
	page := d.Get(base+"/credentials").OK().Has("Entra", "Works")
	page.HasNot(first)
	var all provisioning.Credentials
	d.JSON("GET", base+"/credentials", nil).OK().Into(&all)
	if len(all.Tokens) != 1 || all.TenantURL != d.Server.String()+"/scim/v2/acme" {
		t.Fatalf("credentials are %+v", all)
	}
	id := all.Tokens[0].ID
	for all.Tokens[0].LastUsed.IsZero() { // it is noted after the answer, behind other writes
		d.must(d.Store.RetryMail(t.Context(), "", d.Now()))
		d.JSON("GET", base+"/credentials", nil).OK().Into(&all)
	}
	if all.Tokens[0].From != "20.190.128.0/24" {
		t.Errorf("it was last used from %q", all.Tokens[0].From)
	}
	rotated := d.Post(base+"/tokens/"+id+"/rotate", url.Values{"overlap": {"7d"}, "life": {"365d"}}).OK().Has("works until")
	second := tokenText.FindString(rotated.Body)
	next, _, _ := d.job(second)
	d.must(next.TestConnection(t.Context()))
	d.must(p.TestConnection(t.Context()))
	d.Advance(7*24*time.Hour + time.Minute)
	if err := p.TestConnection(t.Context()); err == nil {
		t.Error("the old token works after the overlap")
	}
	d.must(next.TestConnection(t.Context()))
	d.Advance(300 * 24 * time.Hour)
	d.Get(base).OK().Has("Token Entra expires in 57 days")
	d.JSON("GET", base+"/credentials", nil).OK().Into(&all)
	last := all.Tokens[0].ID
	if last == id {
		last = all.Tokens[1].ID
	}
	d.Get(base + "/tokens/" + last).OK().Has("No other credential works")
	d.Post(base+"/tokens/"+last+"/revoke", nil).Follow().Has("The token is revoked.")
	if err := next.TestConnection(t.Context()); err == nil {
		t.Error("a revoked token works")
	}
	d.Post(base+"/tokens/"+last+"/revoke", nil).Is(http.StatusNotFound)
	d.Post(base+"/tokens", url.Values{"label": {strings.Repeat("x", 101)}}).Is(422).Has("at most 100 characters")
}

// req: D3
func TestClients_aClientHasSecretsAndAFederation(t *testing.T) {
	d := one(t)
	made := d.Post(base+"/clients", url.Values{"label": {"Gallery"}, "life": {"365d"}, "token_life": {"60m"}}).OK().Has("Copy the secret now")
	if made := tokenText.FindString(made.Body); made == "" {
		t.Fatal("no secret is shown")
	}
	var all provisioning.Credentials
	d.JSON("GET", base+"/credentials", nil).OK().Into(&all)
	id := all.Clients[0].ID
	at := base + "/clients/" + id
	d.Get(at).OK().Has("Token endpoint", "Client identifier").HasNot("lyscim_")
	d.Post(at+"/secrets", url.Values{"life": {"1h"}}).Is(422).Has("a day to three years")
	d.Post(at+"/secrets", url.Values{"life": {"730d"}}).OK().Has("Copy the secret now")
	var p provisioning.ClientPage
	d.JSON("GET", at, nil).OK().Into(&p)
	if len(p.Client.Secrets) != 2 || p.Secret != "" {
		t.Fatalf("the client is %+v", p)
	}
	d.Post(at+"/secrets/"+p.Client.Secrets[0].ID+"/revoke", nil).Follow().Has("The secret is revoked")
	d.Post(at+"/federation", url.Values{"issuer": {"http://evil.example"}, "subject": {""}, "audience": {"x"}}).Is(422).Has("It is needed")
	d.Post(at+"/federation", url.Values{"issuer": {"https://login.microsoftonline.com/11111111-1111-1111-1111-111111111111/v2.0"}, "subject": {"sp-1"}, "audience": {"api://x"}, "jwks_url": {""}}).
		Follow().Has("may prove itself by tokens")
	d.Post(at+"/federation", url.Values{"issuer": {""}, "subject": {""}, "audience": {""}, "jwks_url": {""}}).Follow().Has("by secrets only")
	d.Post(at+"/revoke", nil).Follow().Has("The client is revoked")
	d.Post(base+"/clients", url.Values{"token_life": {"5m"}, "life": {"365d"}}).Is(422).Has("60m to 360m")
}

// req: D9
func TestSync_itFollowsTheCyclesAndNoticesSilence(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		p, tenant, people := d.job(d.token())
		sync := func() (s provisioning.Sync) {
			d.recorded()
			d.JSON("GET", base+"/sync", nil).OK().Into(&s)
			return s
		}
		if s := sync(); len(s.Cycles) != 0 || s.Rhythm.Silent || !s.Rhythm.Next.IsZero() {
			t.Fatalf("before anything: %+v", s)
		}
		began := d.Now().Truncate(time.Minute).UTC()
		d.must(p.Cycle(t.Context()))
		s := sync()
		if len(s.Cycles) != 1 || s.Cycles[0].Creates != 2 || s.Cycles[0].Errors != 0 || s.Cycles[0].Reads == 0 || !s.Rhythm.Running || !s.Rhythm.Next.Equal(began.Add(40*time.Minute)) {
			t.Fatalf("after the first cycle: %+v", s)
		}
		d.Get(base+"/sync").OK().Has("Cycle running", "≈ "+began.Add(40*time.Minute).Format("2 Jan 2006, 15:04"), "Provisioning logs in Entra")
		d.Advance(40 * time.Minute)
		d.must(tenant.Disable(people[1]))
		d.must(p.Cycle(t.Context()))
		s = sync()
		if len(s.Cycles) != 2 || s.Cycles[0].Updates != 1 || s.Cycles[0].Creates != 0 || s.Cycles[1].Creates != 2 {
			t.Fatalf("after the second: %+v", s.Cycles)
		}
		d.Advance(time.Hour)
		if s = sync(); !s.Rhythm.Due || s.Rhythm.Silent || s.Rhythm.Running {
			t.Errorf("an hour later: %+v", s.Rhythm)
		}
		d.Advance(62 * time.Minute)
		if s = sync(); !s.Rhythm.Silent {
			t.Errorf("after two hours: %+v", s.Rhythm)
		}
		d.Get(base + "/sync").OK().Has("Nothing heard for more than two hours")
		d.must(p.TestConnection(t.Context()))
		if s = sync(); s.Rhythm.Silent || len(s.Cycles) != 3 {
			t.Errorf("then: %+v", s.Rhythm)
		}
	})
}

// req: D9
func TestLog_itShowsWhatWasAskedAndWhatItWouldBeAnsweredNow(t *testing.T) {
	d := one(t)
	p, tenant, _ := d.job(d.token())
	d.must(d.Store.InsertUser(t.Context(), directory.User{
		ID: "u-1", Directory: "dir-acme", UserName: "taken@acme.example", State: directory.Active, Created: d.Now(), Modified: d.Now(), Doc: []byte(`{"userName":"taken@acme.example"}`),
	}))
	d.must(p.Cycle(t.Context()))
	d.recorded()
	var log provisioning.Log
	d.JSON("GET", base+"/log?show=changes", nil).OK().Into(&log)
	if len(log.Requests) != 2 || log.Requests[0].Method != "POST" || !strings.Contains(log.Requests[0].Body, `"userName": "…"`) {
		t.Fatalf("the log is %+v", log.Requests)
	}
	d.Get(base+"/log?who="+url.QueryEscape(log.Requests[0].Name)).OK().Has(log.Requests[0].Name, "201")
	d.Get(base+"/log/"+log.Requests[0].ID).OK().Has("POST /Users", "Body, without values", "Dry run").HasNot("Engines")
	d.Get(base + "/log/1-nothing").Is(http.StatusNotFound)
	d.Get(base + "/log?before=x").Is(422)

	body := `{"userName":"TAKEN@acme.example"}`
	d.Post(base+"/try", url.Values{"method": {"POST"}, "path": {"/Users"}, "body": {body}}).OK().Has("It would be refused: 409", "Nothing is changed")
	d.Post(base+"/try", url.Values{"method": {"PATCH"}, "path": {"/Users/u-1"}, "body": {`{"Operations":[{"op":"replace","path":"active","value":"False"}]}`}}).
		OK().Has("It would be done: 200", "active")
	d.Post(base+"/try", url.Values{"method": {"BREW"}, "path": {"coffee"}}).Is(422)
	if u, err := d.Store.User(t.Context(), "dir-acme", "u-1"); err != nil || u.State != directory.Active {
		t.Errorf("the dry run made %+v, %v", u, err)
	}
	// Somebody fails: the page says why, and what to do.
	bad := tenant.AddUser(entratest.User{GivenName: "T", Surname: "Aken", Mail: "t@acme.example"})
	d.Post(base+"/scope", url.Values{"accept": {`userType eq "Member" and title pr`}, "default_role": {""}, "rules": {""}}).Follow().Has("Saved.")
	if err := p.OnDemand(t.Context(), bad); err == nil {
		t.Fatal("who does not meet the filter was taken")
	}
	d.recorded()
	d.Get(base+"/sync").OK().Has("Failures of the last 24 hours", "Correct the attribute that is named", "Look at it")
}

// req: D7
// req: D8
func TestScope_itSaysWhoWouldComeAndAsWhat(t *testing.T) {
	d := one(t)
	d.Get(base+"/scope").OK().Has("Default Access", "Sync only assigned users and groups", "Source Object Scope")
	d.Post(base+"/scope", url.Values{"accept": {"userType is Member"}, "default_role": {"Owner"}, "rules": {"Engineers=editor"}}).Is(422).
		Has("The filter \"userType is Member\" is not valid at character 9: an operator (eq,", "Write it like userType eq \"Member\"",
			"would be an owner", "does not read like group:Engineers=editor").HasNot("invalidFilter", "400")
	d.Post(base+"/scope", url.Values{"accept": {`userName eq "` + strings.Repeat("a", 1000) + `"`}, "default_role": {""}, "rules": {""}}).Is(422).Has("longer than 1,000 characters. Shorten it")
	d.Post(base+"/scope", url.Values{"accept": {`userType eq "Member"`}, "default_role": {"member"}, "rules": {"group:Crew=editor\napp-role:Boss=admin"}}).Follow().Has("Saved.")
	ws, err := d.Store.Workspace(t.Context(), "acme")
	if err != nil || ws.SCIMAccept == "" || ws.DefaultRole != "member" || len(ws.RoleRules) != 2 {
		t.Fatalf("stored is %+v, %v", ws, err)
	}
	for person, want := range map[string]string{
		`{"userName":"ada@acme.example","userType":"Member"}`: "ada@acme.example would be created",
		`{"userName":"eve@acme.example","userType":"Guest"}`:  "They would be refused",
		`{"displayName":"Nobody"}`:                            "They would be refused",
		`{`:                                                   "It is no JSON",
	} {
		got := d.Post(base+"/scope/try", url.Values{"person": {person}})
		got.Has(want)
	}
	if n, err := d.Store.CountUsers(t.Context(), "dir-acme"); err != nil || n.Active != 0 {
		t.Errorf("trying made people: %+v, %v", n, err)
	}
	d.Get(base + "/setup").OK().Has("Yes: a role rule of this workspace names the group Crew")
}

// req: E6
// req: E9
func TestRules_whatPeopleMustComeWithAndWhatADeletionDoesIsChosen(t *testing.T) {
	d := one(t)
	d.Get(base+"/scope").OK().Has("Mandatory attributes", "userName, email, firstName and lastName", "Recommended with Entra", "A hard delete by Entra", "Hard deletes are not supported")
	d.Post(base+"/scope/rules", url.Values{"require": {"own"}, "required": {"emails, shoeSize"}, "delete_mode": {"shred"}, "purge_after": {"1m"}}).Is(422).
		Has("shoeSize", "It is archive, purge or reject", "between a day and ten years")
	d.Post(base+"/scope/rules", url.Values{"require": {"own"}}).Is(422).Has("Name one attribute or more")
	stored := func() directory.Workspace {
		t.Helper()
		ws, err := d.Store.Workspace(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		return ws
	}
	if ws := stored(); len(ws.SCIMRequired) != 0 || ws.DeleteMode == directory.DeletePurge {
		t.Fatalf("refused, and stored: %+v", ws)
	}
	d.Post(base+"/scope/rules", url.Values{"require": {"entra"}, "delete_mode": {"reject"}}).Follow().Has("Saved.")
	if ws := stored(); !slices.Equal(ws.SCIMRequired, directory.EntraRequired) || ws.DeleteMode != directory.DeleteReject {
		t.Errorf("stored is %+v", ws)
	}
	d.Post(base+"/scope/try", url.Values{"person": {`{"userName":"ada@acme.example","emails":[{"type":"work","value":"ada@acme.example"}]}`}}).
		Has("They would be refused", "name.givenName", "name.familyName")
	d.Post(base+"/scope/rules", url.Values{"require": {"own"}, "required": {"emails"}, "delete_mode": {"purge"}, "purge_after": {"7d"}}).Follow().Has("Saved.")
	if ws := stored(); !slices.Equal(ws.SCIMRequired, []string{"emails"}) || ws.DeleteMode != directory.DeletePurge || ws.PurgeAfter != 7*24*time.Hour {
		t.Errorf("stored is %+v", ws)
	}
	d.Get(base + "/scope").OK().Has("7d")
	d.Post(base+"/scope/rules", url.Values{"require": {"none"}}).Follow().Has("Saved.")
	if ws := stored(); len(ws.SCIMRequired) != 0 || ws.DeleteMode != directory.DeletePurge {
		t.Errorf("stored is %+v", ws)
	}
}

// req: D6
func TestMapping_theSchemaGoesOutAndComesBack(t *testing.T) {
	d := one(t)
	d.Get(base+"/mapping").OK().Has("Turn off Provision Azure Active Directory Groups", "Add New Mapping", "objectId", "externalId", "mailNickname")
	out := d.Get(base + "/mapping/schema.json").OK()
	if !json.Valid([]byte(out.Body)) || !strings.Contains(out.Header.Get("Content-Disposition"), "attachment") {
		t.Fatalf("the export is %s", out.Body)
	}
	d.PostFile(base+"/mapping", nil, "schema", "schema.json", []byte(out.Body)).OK().Has("These mappings work with the workspace")
	nickname := strings.ReplaceAll(out.Body, "objectId", "mailNickname")
	d.Post(base+"/mapping", url.Values{"text": {nickname}}).OK().Has("To be changed in Entra", "Change its source to objectId")
	d.PostFile(base+"/mapping", nil, "schema", "x.json", []byte("<html>")).Is(422).Has("not the JSON of a synchronization schema")
	d.Post(base+"/mapping", url.Values{"text": {""}}).Is(422).Has("Choose the file")
}

func TestAlarm_removalsAreHeldAndReleased(t *testing.T) {
	d := one(t)
	d.Post(base+"/alarm", url.Values{"people": {"-1"}, "percent": {"101"}}).Is(422).Has("from 0 to 100")
	d.Post(base+"/alarm", url.Values{"people": {"5"}, "percent": {"10"}}).Follow().Has("The alarm is set.")
	_, err := d.Store.UpdateAlarm(t.Context(), "dir-acme", func(a *directory.Alarm) error { a.Raised = d.Now(); return nil })
	d.must(err)
	d.Advance(time.Minute)
	d.Get(base).OK().Has("Unusually many people lost access", "Hold further removals")
	d.Post(base+"/hold", nil).Follow().Has("Removals are held", "Release")
	d.As(consoletest.With(console.ITAdmin))
	d.Post(base+"/release", url.Values{"for": {"24h"}}).Is(http.StatusForbidden)
	stale := consoletest.Owner()
	stale.Fresh = false
	d.As(stale)
	d.Post(base+"/release", url.Values{"for": {"24h"}}).Has("fresh proof that it is you")
	d.As(consoletest.Owner())
	d.Post(base+"/release", url.Values{"for": {"30d"}}).Is(422)
	d.Post(base+"/release", url.Values{"for": {"24h"}}).Follow().Has("Removals pass without an alarm")
	a, err := d.Store.Alarm(t.Context(), "dir-acme")
	if err != nil || !a.Hold || a.People != 5 || a.Holding(d.Now()) && d.Now().After(a.PassUntil) {
		t.Errorf("the alarm is %+v, %v", a, err)
	}
}

// req: D5
func TestNotifications_whoHearsIsStoredAndTold(t *testing.T) {
	d := one(t)
	page := d.Get(base+"/notifications").OK().Has("Notification Email", "Send an email notification when a failure occurs")
	page.HasNot("Send a test mail")
	d.Post(base+"/notifications", url.Values{"version": {"0"}, "recipients": {"it@acme.example\nnobody"}, "digest_minutes": {"60"}, "threshold": {"1"}}).
		Is(400).Has("nobody")
	d.Post(base+"/notifications", url.Values{"version": {"0"}, "recipients": {"it@acme.example"}, "digest_minutes": {"2"}, "threshold": {"1"}}).Is(400).Has("is not between 5 and 1440")
	d.Post(base+"/notifications", url.Values{"version": {"0"}, "recipients": {"it@acme.example, boss@acme.example"}, "digest_minutes": {"60"}, "threshold": {"3"}}).
		Follow().Has("They hear of failures from now on.", "Send a test mail")
	lost := d.Post(base+"/notifications", url.Values{"version": {"0"}, "recipients": {"eve@acme.example"}, "digest_minutes": {"60"}, "threshold": {"1"}}).Is(http.StatusConflict)
	if lost.Code() != problem.MailChanged {
		t.Errorf("the second of two is told %s", lost.Code())
	}
	d.mail.Refuse("boss@acme.example", notifytest.Never("no such user"))
	d.Post(base+"/notifications/test", nil).Follow().Has("A test mail is on its way", "waiting")
	_, err := d.post.Send(t.Context(), "me")
	d.must(err)
	d.Get(base+"/notifications").OK().Has("sent", "failed", "no such user")
	if m := d.mail.Wait(t, 1)[0]; m.To != "it@acme.example" || !strings.Contains(m.Text, d.Server.String()+"/admin/workspaces/acme/provisioning/sync") {
		t.Errorf("the mail says %s", m.Text)
	}
	// Failures of a real job become one digest.
	watch := notify.Watch{Store: d.Store, Post: d.post, Log: slog.New(slog.DiscardHandler), Now: d.Now, Page: func(string) string { return "https://sso.example" }}
	look := func(after time.Duration) {
		t.Helper()
		d.Advance(after)
		d.must(watch.Look(t.Context()))
		_, err := d.post.Send(t.Context(), "me")
		d.must(err)
	}
	look(0)
	d.Advance(3 * time.Minute)
	p, tenant, _ := d.job(d.token())
	for i := range 3 {
		tenant.AddUser(entratest.User{GivenName: fmt.Sprintf("Q%d", i), Surname: "Family", Mail: fmt.Sprintf("q%d@acme.example", i)})
	}
	d.Post(base+"/scope", url.Values{"accept": {`title pr`}, "default_role": {""}, "rules": {""}}).Follow()
	if err := p.Cycle(t.Context()); err == nil {
		t.Fatal("nobody was refused")
	}
	d.recorded()
	look(time.Minute)
	look(10 * time.Minute)
	look(time.Minute)
	all := d.mail.Mails()
	if len(all) != 3 || all[1].Subject != "Acme: 5 requests of provisioning failed" {
		for _, m := range all {
			t.Log(m.To, m.Subject)
		}
		t.Errorf("%d mails came", len(all))
	}
}

func TestMail_anOwnerOfTheServerNamesTheMailServer(t *testing.T) {
	d := &desk{t: t}
	var post *notify.Post
	c := consoletest.New(t, func(c *consoletest.Console) []console.Section {
		post = notify.New(notify.Config{Store: c.Store, Key: []byte(strings.Repeat("k", 32)), Now: c.Now})
		return []console.Section{provisioning.New(provisioning.Config{Store: c.Store, Post: post})}
	})
	d.Console = c
	if s := c.Get("/mail").Status; s == http.StatusOK {
		t.Errorf("an owner of a workspace is shown the server's mail: %d", s)
	}
	boss := console.Principal{ID: "boss", Name: "Boss", Email: "boss@acme.example", ServerOwner: true, Fresh: true}
	c.As(boss)
	c.Get("/mail").OK().Has("Mail server (SMTP)")
	c.Post("/mail", url.Values{"version": {"0"}, "host": {"smtp.acme.example"}, "port": {"25"}, "encryption": {"none"}, "from": {"l@acme.example"}}).Is(400).Has("is not this machine")
	c.Post("/mail", url.Values{"version": {"0"}, "host": {"smtp.acme.example"}, "port": {"587"}, "encryption": {"starttls"}, "from": {"l@acme.example"}, "user": {"u"}, "password": {"pass-canary"}}).
		Follow().Has("Saved.").HasNot("pass-canary")
	s, _, err := post.Server(context.WithoutCancel(t.Context()))
	if err != nil || s.Password != "pass-canary" {
		t.Errorf("stored %+v, %v", s, err)
	}
	catcher := notifytest.New(t)
	plain := catcher.Plain()
	c.Post("/mail", url.Values{"version": {"1"}, "host": {plain.Host}, "port": {fmt.Sprint(plain.Port)}, "encryption": {"none"}, "from": {plain.From}}).Follow().Has("Saved.")
	c.Post("/mail/test", url.Values{"to": {"x"}}).Is(400)
	c.Post("/mail/test", url.Values{"to": {"boss@acme.example"}}).Follow().Has("took a test mail")
	catcher.Wait(t, 1)
}

// Ids of another workspace lead nowhere.
func TestPages_nothingOfAnotherWorkspaceIsReached(t *testing.T) {
	d := one(t)
	d.must(d.Store.CreateToken(t.Context(), store.Token{ID: "tok-other", Workspace: "other", Hash: "h", Created: d.Now()}))
	d.must(d.Store.CreateClient(t.Context(), store.Client{ID: "cl-other", Workspace: "other", TokenLife: time.Hour, Created: d.Now()},
		store.Secret{ID: "s-other", Client: "cl-other", Hash: "h2", Created: d.Now(), Expires: d.Now().Add(time.Hour)}))
	d.log.Add(store.Request{At: d.Now(), Workspace: "other", Credential: "tok-other", Method: "GET", Type: "Users", Status: 200, Request: "r1"})
	d.recorded()
	for _, path := range []string{"/tokens/tok-other", "/clients/cl-other", fmt.Sprintf("/log/%d-r1", d.Now().UnixMicro())} {
		d.Get(base + path).Is(http.StatusNotFound)
	}
	for _, path := range []string{
		"/tokens/tok-other/rotate", "/tokens/tok-other/revoke", "/clients/cl-other/revoke", "/clients/cl-other/secrets",
		"/clients/cl-other/secrets/s-other/revoke", "/clients/cl-other/federation",
	} {
		d.Post(base+path, nil).Is(http.StatusNotFound)
	}
	d.Get("/workspaces/other/provisioning").Is(http.StatusNotFound)
	if all, err := d.Store.Tokens(t.Context(), "other"); err != nil || !all[0].Revoked.IsZero() {
		t.Errorf("the other's token is %+v, %v", all, err)
	}
	if all, err := d.Store.Secrets(t.Context(), "other"); err != nil || len(all) != 1 || !all[0].Revoked.IsZero() {
		t.Errorf("the other's secrets are %+v, %v", all, err)
	}
}
