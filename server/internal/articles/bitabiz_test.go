//go:build linux && !ci && !race

package articles

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/notify/notifytest"
)

// later is a clock that can be moved on.
type later struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (l *later) now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Add(l.ahead)
}

func (l *later) pass(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ahead += d
}

// Microsoft's tutorial for BitaBIZ: provisioning from the gallery's listing. Lines
// are those of the article.
//
// req: A14 C8 C9 D1 D2 D4 D5 D6 D7 D8 D9 E6 E9 H5 I3
func TestBitaBIZ_peopleAreProvisionedFromTheGallerysListing(t *testing.T) {
	t.Parallel()
	mail, clock, c := notifytest.New(t), &later{}, server.Config{}
	w := begin(t, func(own *server.Config) {
		own.Console.Gallery, own.Now = "BitaBIZ", clock.now
		c = *own
	})
	h := w.owner("bitabiz")
	h.workspace(w.base, "acme", "Acme Ltd")
	w.asBitaBIZIs(h, mail)

	// 26 and 30–32: who is assigned. One person first; Default Access is left out.
	mary := w.tenant.AddUser(entratest.User{GivenName: "Mary", Surname: "Jackson", Mail: "mary@acme.example", Department: "Sales"})
	grace := w.tenant.AddUser(entratest.User{GivenName: "Grace", Surname: "Hopper", Mail: "grace@acme.example", Department: "Sales"})
	edsger := w.tenant.AddUser(entratest.User{GivenName: "Edsger", Surname: "Dijkstra", Mail: "edsger@acme.example", Department: "Research"})

	token, address := w.bitaBIZEnabled(h)

	// 48–57: the gallery. The steps stand there in the words of the older portal.
	h.link("Steps in Entra")
	h.link("Older portal (Provisioning Mode)")
	h.says("Cloud Application Administrator", "Enterprise applications", "New application", "Add from the gallery", "BitaBIZ", "results panel", "wait a few seconds")
	app := w.tenant.AddApp(entratest.App{Name: "BitaBIZ", AppRoles: []entratest.AppRole{{Value: "User"}, {Value: "Admin"}}})
	h.says("Begin with a single person", "Default Access")
	w.must(w.tenant.Assign(app, mary, "User"))
	w.must(w.tenant.Assign(app, grace)) // which is Default Access
	w.must(w.tenant.Assign(app, edsger, "User"))

	// 69–87: the Provisioning tab, Provisioning Mode, Admin Credentials, Test Connection.
	h.says("your application → Provisioning", "Provisioning Mode: Automatic", "Admin Credentials → Tenant URL", "Secret Token", "Test Connection")
	if shown := h.read("Tenant URL"); shown != address {
		t.Errorf("the steps name another Tenant URL: %s, not %s", shown, address)
	}
	h.says("Press Test Connection in Entra")
	// 101: a scoping filter. 12 and 89: Groups may stay out.
	options := entratest.ProvisionOptions{NoGroups: true, Filters: []entratest.ScopingFilter{{{Attribute: "department", Operator: entratest.ScopeEquals, Value: "Sales"}}}}
	if err := w.tenant.Provision(app, address, token[:len(token)-2], options).TestConnection(t.Context()); err == nil {
		t.Error("half a token is taken")
	}
	h.says("refused (401)", "Paste it again, whole, or make a new one") // not: are you an administrator?
	h.shoot("test connection failed")
	job := w.tenant.Provision(app, address, token, options)
	w.must(job.TestConnection(t.Context()))
	h.says("Entra tested the connection at", "– OK")
	h.shoot("test connection ok")

	w.bitaBIZReviewed(t, h, job)

	// 103–115: Provisioning Status, Scope, Save. 117: the initial cycle.
	h.link("Steps in Entra")
	h.link("Older portal (Provisioning Mode)")
	h.says("Provisioning Status: On, then Save", "Scope: Sync only assigned users and groups")
	page := h.born()
	h.says("Assign somebody to the application")
	w.must(job.Cycle(t.Context()))
	h.until("the first creation, without loading the page", func() bool { return h.green("First person or group created") })
	if !h.green("Test Connection") || !h.green("First request") || h.born() != page {
		t.Errorf("the page is not current: %s", h.text())
	}
	h.shoot("first cycle")
	h.link("Sync")
	h.says("initial cycle", "about every 40 minutes", "Next cycle expected", "Synchronization Details", "Provisioning logs in Entra", "Cycles seen")
	h.shoot("sync")
	h.link("People")
	h.says("Mary Jackson")
	h.saysNot("Grace Hopper")    // Default Access
	h.saysNot("Edsger Dijkstra") // filtered out
	h.shoot("people")

	w.bitaBIZFails(t, h, clock, c, mail, app, job)

	// 121–124: Connector limitations, out of what the server answers.
	h.link("Guide")
	h.link("Provisioning with SCIM")
	h.says("Connector limitations", "Mandatory attributes: userName, email, firstName", "lastName", "Hard deletes are not supported")
	h.shoot("limitations")

	// 65: SAML as well. Mary alone is routed to it at first, and was provisioned: she
	// signs in, and nobody is created.
	h.link("Single sign-on (SAML)")
	h.link("Configure now")
	sso := w.connect(h, mary)
	w.triedOut(h, "bitabiz", mary)
	h.press("Let people use it without enforcing it")
	h.link("Integrations")
	h.fill("Search integrations", "single user")
	h.press("Search")
	h.pressIn("Pilot", "Open")
	h.fill("Name, user name or e-mail address", "Mary")
	h.press("Search")
	h.press("Add")
	h.press("Start the pilot")
	h.says("Pilot on")
	h.shoot("pilot")
	w.must(w.tenant.Assign(sso, mary))
	w.signsIn("bitabiz-employee", "acme", "Sign in with SSO", mary)
	h.link("People")
	h.link("Mary Jackson")
	h.says("Signed in on", "SAML")
	h.shoot("signed in")
}

// asBitaBIZIs makes the workspace one of BitaBIZ: provisioning is not enabled yet,
// four attributes are mandatory, and hard deletes are not supported (lines 123–124).
// Mail can be sent.
func (w *world) asBitaBIZIs(h *hands, mail *notifytest.Catcher) {
	w.t.Helper()
	h.link("Provisioning (SCIM)")
	h.link("Scope and roles")
	h.tick("userName, email, firstName and lastName")
	h.tick("Is refused")
	h.pressIn("What people must come with", "Save")
	h.says("Saved.")
	h.shoot("mandatory attributes")
	h.link("Overview")
	h.link("Provisioning (SCIM)")
	h.press("Switch off…")
	h.press("Switch provisioning off")
	h.open(w.base + "/admin/mail")
	smtp := mail.Plain()
	h.fill("Host", smtp.Host)
	h.fill("Port", strconv.Itoa(smtp.Port))
	h.choose("Encryption", "None")
	h.fill("Sender", smtp.From)
	h.press("Save")
	h.fill("Send a test mail to", "mary@acme.example")
	h.press("Send")
	if got := mail.Wait(w.t, 1)[0]; got.To != "mary@acme.example" {
		w.t.Errorf("the test mail went to %s", got.To)
	}
	h.open(w.base + "/admin/workspaces/acme")
}

// bitaBIZEnabled follows lines 38–45, and returns Bearer Token and address.
func (w *world) bitaBIZEnabled(h *hands) (token, address string) {
	w.t.Helper()
	// 38–41: SETUP ADMIN, then INTEGRATION.
	h.link("Integrations")
	h.fill("Search integrations", "SETUP ADMIN INTEGRATION")
	h.press("Search")
	h.says("Provisioning (SCIM)")
	// 45: Microsoft Entra provisioning, Automatic user provisioning, Enabled.
	h.fill("Search integrations", "Microsoft Entra provisioning")
	h.press("Search")
	h.says("Automatic user provisioning")
	h.shoot("integrations")
	h.pressIn("Provisioning (SCIM)", "Configure now")
	h.says("is switched off for this workspace")
	h.shoot("not enabled")
	h.press("Switch it on")
	h.says("All is good")
	h.press("Go on")
	h.says("Automatic user provisioning", "Enabled")
	// SCIM Provisioning endpoint URL and Bearer Token, to copy.
	h.link("URL and tokens")
	h.fill("Label", "Entra")
	h.press("Make a token")
	token, address = h.read("Bearer Token"), h.read("SCIM Provisioning endpoint URL")
	h.shoot("bearer token")
	h.says("Tenant URL", "Secret Token", "Admin Credentials")
	return token, address
}

// bitaBIZReviewed follows lines 91–101: who hears of failures, mappings, scoping.
func (w *world) bitaBIZReviewed(t *testing.T, h *hands, job *entratest.Provisioner) {
	t.Helper()
	h.says("Notification Email", "Send an email notification when a failure occurs")
	h.link("Notifications")
	h.says("Send an email notification when a failure occurs")
	h.fill("Notification Email", "it@acme.example\n")
	h.press("Save")
	h.says("They hear of failures from now on")
	h.shoot("notifications")
	h.link("Mappings")
	h.says("Synchronize Microsoft Entra users", "Matching properties", "Matching precedence", "Attribute mappings")
	h.shoot("mappings")
	names, err := job.Schemas(t.Context()) // which Entra's own page offers as targets
	w.must(err)
	offered := strings.ToLower(strings.Join(names, "\n"))
	for _, target := range ask[[]string](h, `() => [...document.querySelector("main table").querySelectorAll("tbody td:nth-child(2)")].map((e) => e.innerText)`) {
		if first, _, _ := strings.Cut(strings.ToLower(target), "["); !strings.Contains(offered, first) {
			t.Errorf("%s is recommended, and Entra finds no such attribute", target)
		}
	}
	h.link("Scope and roles")
	h.says("Scope", "scoping filters", "Default Access", "Sync only assigned users and groups")
	h.shoot("scope")
}

// bitaBIZFails: somebody without an e-mail address cannot come. Whoever is named as
// Notification Email gets one mail about all of it (line 91).
func (w *world) bitaBIZFails(t *testing.T, h *hands, clock *later, c server.Config, mail *notifytest.Catcher, app *entratest.App, job *entratest.Provisioner) {
	t.Helper()
	posts := notify.New(notify.Config{Store: c.Store, Key: c.ServerKey, Log: c.Log, Now: clock.now})
	watch := notify.Watch{Store: c.Store, Post: posts, Log: slog.New(slog.DiscardHandler), Now: clock.now, Page: func(string) string { return "" }}
	w.must(watch.Look(t.Context())) // once a minute the server does
	bob := w.tenant.AddUser(entratest.User{GivenName: "Bob", Surname: "Nomail", Department: "Sales"})
	rob := w.tenant.AddUser(entratest.User{GivenName: "Rob", Surname: "Nomail", Department: "Sales"})
	for _, u := range []*entratest.User{bob, rob} {
		w.must(w.tenant.UpdateUser(u, func(u *entratest.User) { u.Mail = "" }))
		w.must(w.tenant.Assign(app, u, "User"))
	}
	if err := job.Cycle(t.Context()); err == nil {
		t.Error("people without an e-mail address were taken")
	}
	h.link("Provisioning (SCIM)")
	h.link("Sync")
	h.says("Failures of the last 24 hours", "emails", "mail")
	h.shoot("failures")
	sent := len(mail.Mails())
	clock.pass(10 * time.Minute)
	w.entra.Advance(10 * time.Minute)
	w.another(c)
	m := mail.Wait(t, sent+1)[sent]
	if m.To != "it@acme.example" || !strings.Contains(m.Subject, "Acme Ltd") || !strings.Contains(m.Text, "2 ") || !strings.Contains(m.Text, "/provisioning/sync") {
		t.Errorf("to %s: %s\n%s", m.To, m.Subject, m.Text)
	}
	h.link("Notifications")
	h.says(m.Subject, "sent")
	if n := len(mail.Mails()); n != sent+1 {
		t.Errorf("%d mails, not one", n-sent)
	}
	// With the address they come.
	for _, u := range []*entratest.User{bob, rob} {
		w.must(w.tenant.UpdateUser(u, func(u *entratest.User) { u.Mail = u.GivenName + "@acme.example" }))
	}
	w.must(job.Cycle(t.Context()))
	h.link("People")
	h.says("Bob Nomail", "Rob Nomail")
}

// another server is started on the same database, as beside the first.
func (w *world) another(c server.Config) {
	w.t.Helper()
	s, err := server.New(c)
	w.must(err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.Run(ctx); err != nil {
			w.t.Errorf("in the background: %v", err)
		}
	}()
	w.t.Cleanup(func() { cancel(); <-ended })
}

// green says whether a check of the page is good.
func (h *hands) green(title string) bool {
	return ask[bool](h, `(title) => [...document.querySelectorAll(".checks li.good .title")].some((e) => e.innerText.startsWith(title))`, title)
}
