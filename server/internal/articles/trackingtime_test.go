//go:build linux && !ci && !race

package articles

import (
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/notify/notifytest"
)

// TrackingTime's "Single Sign-On (SSO) with Azure Active Directory", with the
// numbers of its lines: first a plan without it, then single sign-on, sign-in by
// the workspace's ID, provisioning, and a person added, changed and removed.
//
// req: A3 A4 A5 A8 B3 B10 B15 C8 C9 D1 D4 E1 E2 E3 E5 H1 H2 H5 C6 H7
func TestTrackingTime_aWorkspaceOnTheBusinessPlan(t *testing.T) {
	t.Parallel()
	mails := notifytest.New(t)
	w := begin(t, func(c *server.Config) {
		m := mails.SMTP()
		c.Mail, c.AppName = &m, "TrackingTime SSO"
	})
	mary := w.tenant.AddUser(entratest.User{DisplayName: "Mary Somerville", GivenName: "Mary", Surname: "Somerville", Mail: "mary@acme.example"})
	leaver := w.tenant.AddUser(entratest.User{DisplayName: "Charles Babbage", GivenName: "Charles", Surname: "Babbage", Mail: "charles@acme.example"})
	admin := w.owner("trackingtime")
	admin.workspace(w.base, "tt-acme", "Acme")

	// 16, 124: only in the Business plan, get in touch: the owner of the product takes
	// it out of the plan, and the tile is locked.
	admin.link("Settings")
	admin.link("Plan and seats")
	admin.tick("Single sign-on (SAML)")
	admin.fill("What to do to get more", "SSO is part of the Business plan. Please get in touch with us.")
	admin.fill("Address for that", "https://trackingtime.example/contact")
	admin.press("Save the plan")
	admin.link("Integrations")
	admin.says("Not in your plan", "Business plan", "Get in touch")
	admin.shoot("locked")
	admin.link("Settings")
	admin.link("Plan and seats")
	admin.tick("Single sign-on (SAML)")
	admin.press("Save the plan")
	admin.link("Integrations")
	admin.saysNot("Not in your plan")

	// 52: only administrators configure; who may look sees no control.
	viewer := w.invited(admin, "Viewer")
	viewer.open(w.base + "/admin/workspaces/tt-acme/saml/certificates")
	viewer.says("3 SAML Certificates")
	viewer.saysNot("Get metadata")
	viewer.open(w.base + "/admin/workspaces/tt-acme/settings/security/sso")
	viewer.saysNot("Change the workspace ID")
	viewer.shoot("viewer")

	// 20–36: the application; its name is the vendor's.
	admin.link("Settings")
	admin.link("Single Sign-On (SSO and SCIM)")
	admin.press("Configure now")
	admin.link("Start")
	name := admin.read("What's the name of your app?")
	if name != "TrackingTime SSO" {
		t.Errorf("the suggested name is %q", name)
	}
	admin.says("Non-gallery", "Create")
	app := w.tenant.AddApp(entratest.App{Name: name})
	admin.tick("I have created the enterprise application")
	admin.press("Save and continue")
	// 44: the users who should have access.
	must(t, w.tenant.Assign(app, mary))
	must(t, w.tenant.Assign(app, leaver))
	admin.tick("I am assigned")
	admin.press("Continue")
	// 38: the Identifier is the same for all workspaces; 40: Save, X. The Reply URL,
	// which the article forgets, is there too.
	admin.pressHere("Use an Identifier of your own")
	admin.fill("Identifier (Entity ID) of your own", "https://pro.trackingtime.example")
	admin.press("I have saved this in Entra, continue")
	identifier, reply, logout := admin.read("Identifier (Entity ID)"), admin.read("Reply URL"), admin.read("Logout Url")
	admin.press("I have saved this in Entra, continue")
	must(t, w.tenant.SetSAML(app, entratest.SAMLOptions{Identifiers: []string{identifier}, ReplyURLs: []string{reply}, LogoutURL: logout}))
	admin.press("Next step") // the claims stay as they are

	// 42, 48–50: App Federation Metadata URL into Metadata, Get Metadata.
	admin.fill("Metadata", w.tenant.FederationMetadataURL(app))
	admin.press("Get Metadata")
	admin.says("Connection established", w.tenant.SAMLIssuer())
	admin.shoot("metadata")

	// 46: the workspace ID in Settings > Single Sign-On.
	admin.link("Settings")
	admin.link("Single Sign-On (SSO and SCIM)")
	if id := admin.read("Workspace ID"); id != "tt-acme" {
		t.Errorf("the workspace ID is %q", id)
	}
	admin.press("Change the workspace ID")
	admin.fill("New workspace ID", "acme")
	admin.press("Change the workspace ID")
	admin.says("acme")
	admin.shoot("workspace-id")

	// 82: Auth > Single Sign-On > SCIM Provisioning; 84: URL and token.
	admin.link("Settings")
	admin.link("SCIM Provisioning")
	if admin.has("button", "Switch on") {
		admin.press("Switch on")
	}
	admin.press("Configure now")
	admin.link("URL and tokens")
	admin.press("Make a token")
	token, url := admin.read("SCIM token"), admin.read("SCIM URL")
	admin.shoot("token")
	admin.link("Steps in Entra")
	// 86–92: Provisioning, Tenant URL, Secret Token, Test; the page turns green.
	job := w.tenant.Provision(app, url, token, entratest.ProvisionOptions{})
	must(t, job.TestConnection(t.Context()))
	admin.until("Test Connection to turn green", func() bool {
		return ask[bool](admin, `() => [...document.querySelectorAll("#milestones li.good")].some((e) => e.innerText.includes("Test Connection"))`)
	})
	// 108–110: new people are Project Managers.
	admin.link("Settings")
	admin.fill("Default role", "Project Manager")
	admin.press("Save")
	// 94, 106: Start; the user is added.
	must(t, job.Cycle(t.Context()))
	admin.link("People")
	admin.link("Mary Somerville")
	admin.says(mary.UserPrincipalName, "Project Manager")
	admin.shoot("added")

	// A person is in the directory now, so that the test sign-in knows them.
	w.letIn(admin, mary)

	// 58–62: Sign in with SSO, the workspace ID, Microsoft; or …/sso#acme.
	employee := browser(t, "trackingtime-employee")
	employee.open(w.base + "/sso")
	employee.fill("Workspace", "Acme")
	employee.press("Sign in with SSO")
	employee.microsoft(mary)
	employee.says("You are signed in as Mary Somerville")
	employee.shoot("signed-in")
	direct := browser(t, "trackingtime-direct")
	direct.open(w.base + "/sso#acme")
	direct.microsoft(mary)
	direct.says("You are signed in as Mary Somerville")

	// 110: the name changes.
	must(t, w.tenant.UpdateUser(mary, func(u *entratest.User) { u.DisplayName, u.Surname = "Mary Greig", "Greig" }))
	must(t, job.Cycle(t.Context()))
	employee.open(w.base + "/w/tt-acme/")
	employee.says("You are signed in as Mary Greig")

	// 66: a password opens nothing for who comes by SSO.
	admin.link("Sign in with Microsoft")
	admin.link("Passwords")
	admin.tick("People may sign in with a password")
	admin.press("Save")
	admin.fill("E-mail address", mary.Mail)
	admin.press("Send the link")
	admin.says(string(problem.UseSSO))

	// 112–114: removed from the app: suspended, with no access. Deleted in Entra:
	// archived. Entra sends nothing more about whom it removed from the app first.
	must(t, w.tenant.Unassign(app, mary))
	must(t, job.Cycle(t.Context()))
	employee.open(w.base + "/w/tt-acme/")
	employee.says("You are not signed in")
	employee.open(w.base + "/sso#acme")
	employee.until("Microsoft's refusal or ours", func() bool {
		return strings.Contains(employee.text(), "AADSTS50105") || strings.Contains(employee.text(), string(problem.AccessEnded))
	})
	admin.link("People")
	admin.choose("Show", "Suspended")
	admin.press("Search")
	admin.says("Mary Greig", "Suspended")
	must(t, w.tenant.Delete(leaver))
	must(t, job.Cycle(t.Context()))
	admin.link("People")
	admin.choose("Show", "Archived")
	admin.press("Search")
	admin.says("Charles Babbage", "Archived")
	admin.shoot("archived")
}

// has says whether there is such a thing on the page now.
func (h *hands) has(selector, words string) bool {
	h.t.Helper()
	return ask[bool](h, finder, selector, words, "none", "")
}

// invited is somebody whom an owner invites, in that role, to the workspace that
// the owner looks at.
func (w *world) invited(admin *hands, role string) *hands {
	w.t.Helper()
	admin.link("Administrators")
	admin.fill("E-mail", "grace@acme.example")
	admin.tick(role)
	admin.press("Invite")
	link := admin.read("Link")
	h := browser(w.t, "invited")
	h.authenticator()
	h.open(link)
	h.fill("Your name", "Grace Hopper")
	h.press("Continue")
	h.press("Create a passkey")
	h.says("You sign in with your passkey from now on")
	return h
}

// letIn tries the connection in a private window and lets people use it.
func (w *world) letIn(admin *hands, who *entratest.User) {
	w.t.Helper()
	admin.link("Single sign-on (SAML)")
	admin.link("Test sign-in")
	admin.press("Make a test link")
	private := browser(w.t, "private")
	private.open(admin.read("Test sign-in link"))
	private.microsoft(who)
	private.says("The test sign-in succeeded")
	admin.press("Continue to enable single sign-on")
	admin.press("Let people use it without enforcing it")
	admin.says("People can sign in with SAML now")
}
