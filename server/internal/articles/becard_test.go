//go:build linux && !ci && !race

package articles

import (
	"encoding/pem"
	"strconv"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/notify/notifytest"
)

// Becard's "Getting started", with the numbers of its lines. 5: only synchronize,
// without single sign-on. People choose a password.
//
// req: A5 A6 A7 A9 A10 D1 H5
func TestBecard_scimAlone(t *testing.T) {
	t.Parallel()
	mail := notifytest.New(t)
	w := begin(t, func(c *server.Config) { smtp := mail.SMTP(); c.Mail = &smtp })
	h := w.owner("becard-scim")
	w.becardSpace(h, "scimonly", "SCIM provisioning", "Provisioning (SCIM)", "Provisioning (SCIM)")
	mary := w.tenant.AddUser(entratest.User{GivenName: "Mary", Surname: "Jackson", Mail: "mary@scim.example"})
	w.becardSCIM(h, mary)
	w.becardPassword(h, mail, mary)
}

// 27: single sign-on by SAML2, and nothing else. Whoever signs in is created.
//
// req: A6 A7 A9 A10 C1
func TestBecard_samlAlone(t *testing.T) {
	t.Parallel()
	w := begin(t, nil)
	h := w.owner("becard-saml")
	w.becardSpace(h, "samlonly", "SSO via SAML2", "Single sign-on (SAML)", "Single sign-on (SAML)")
	grace := w.tenant.AddUser(entratest.User{GivenName: "Grace", Surname: "Hopper", Mail: "grace@saml.example"})
	w.becardSAML(h, grace, true)
	w.signsIn("becard-saml-employee", "samlonly", "Sign in with SSO", grace)
	w.becardSees(h, "Grace Hopper", "SAML")
}

// 27: Sign-In via Microsoft 365, and nothing else.
//
// req: A6 A7 A9 A10 A15
func TestBecard_microsoft365Alone(t *testing.T) {
	t.Parallel()
	w := begin(t, nil)
	h := w.owner("becard-m365")
	w.becardSpace(h, "m365only", "Sign-In via Microsoft 365", "Sign in with Microsoft 365", "Microsoft 365 sign-in")
	edsger := w.tenant.AddUser(entratest.User{GivenName: "Edsger", Surname: "Dijkstra", Mail: "edsger@m365.example"})
	w.becardMicrosoft(h, edsger, true)
	w.signsIn("becard-m365-employee", "m365only", "Sign in with Microsoft", edsger)
	w.becardSees(h, "Edsger Dijkstra", "Microsoft")
}

// 5: all functions combined. Whoever was provisioned signs in both ways, as the same
// person, and nobody is created on the way.
//
// req: A6 A15 H5
func TestBecard_allModulesTogether(t *testing.T) {
	t.Parallel()
	w := begin(t, nil)
	h := w.owner("becard-all")
	w.becardSpace(h, "combined", "Microsoft Entra Add-On", "Provisioning (SCIM)", "Provisioning (SCIM)")
	alan := w.tenant.AddUser(entratest.User{GivenName: "Alan", Surname: "Turing", Mail: "alan@all.example"})
	w.becardSCIM(h, alan)
	h.link("Single sign-on (SAML)")
	w.becardSAML(h, alan, false)
	h.link("Sign in with Microsoft")
	w.becardMicrosoft(h, alan, false)
	w.signsIn("becard-all-saml", "combined", "Sign in with SSO", alan)
	w.signsIn("becard-all-m365", "combined", "Sign in with Microsoft", alan)
	h.link("Overview")
	h.says("Enabled")
	h.shoot("overview")
	h.link("People")
	h.link("Alan Turing")
	h.says("Signed in on", "SAML", "Microsoft")
	h.shoot("person")
	h.link("People")
	if n := ask[int](h, `() => document.querySelectorAll("main tbody tr").length`); n != 1 {
		t.Errorf("%d people, not one: %s", n, h.text())
	}
}

// becardSpace follows lines 17–27 for a new space: its licence, the user directory
// and its License Reference, and the add-on, activated and enabled. name is the
// module's in the article, tile the one that is found by it, and part what it is
// called in the plan.
func (w *world) becardSpace(h *hands, id, name, tile, part string) {
	w.t.Helper()
	h.workspace(w.base, id, "Becard "+id)
	// 19: an Enterprise licence.
	h.link("Settings")
	h.link("Plan and seats")
	h.fillIn("Change the plan", "License reference", "ENTERPRISE-"+id)
	h.tick(part)
	h.press("Save the plan")
	// 19: User Directory; there is none, so Create User Directory (line 21).
	h.link("Integrations")
	h.fill("Search integrations", "Business Manager User Directory")
	h.press("Search")
	h.pressIn("User Directory", "Open")
	h.says("License reference", "Create User Directory")
	if got := h.readIn("Create User Directory", "License reference"); got != "ENTERPRISE-"+id {
		w.t.Errorf("the License Reference is %q", got)
	}
	h.fillIn("Create User Directory", "Name", "People of "+id)
	h.press("Create User Directory")
	h.says("is linked to it", "ENTERPRISE-"+id)
	h.shoot("directory " + id)
	h.link("Becard " + id)
	// 23–25: the add-on is neither activated nor enabled yet.
	h.link("Integrations")
	h.fill("Search integrations", name)
	h.press("Search")
	h.pressIn(tile, "Activate")
	h.says("Activated", "Enabled", "is not part of this workspace's plan")
	if h.green("Activated") {
		w.t.Error("what the plan lacks is shown as activated")
	}
	h.shoot("red " + id)
	h.press("Activate it")
	h.press("Switch it off")
	if !h.green("Activated") || h.green("Enabled") {
		w.t.Errorf("it is not activated and disabled: %s", h.text())
	}
	h.press("Switch it on")
	h.says("All is good")
	if !h.green("Activated") || !h.green("Enabled") {
		w.t.Errorf("it is not activated and enabled: %s", h.text())
	}
	h.shoot("green " + id)
	h.press("Go on")
}

// becardSCIM sets provisioning up, and lets Microsoft bring somebody.
func (w *world) becardSCIM(h *hands, u *entratest.User) {
	w.t.Helper()
	h.link("URL and tokens")
	h.press("Make a token")
	token, address := h.read("SCIM token"), h.read("SCIM URL")
	h.press("Steps in Entra")
	// 9–15: the enterprise application, which is required for all modules.
	h.says("entra.microsoft.com", "Applications", "Enterprise applications", "All applications", "New application", "Create your own application",
		"Integrate any other application you don't find in the gallery (Non-gallery)")
	h.saysNot("Add from the gallery")
	h.shoot("scim steps")
	app := w.tenant.AddApp(entratest.App{Name: "Becard " + u.GivenName})
	w.must(w.tenant.Assign(app, u))
	job := w.tenant.Provision(app, address, token, entratest.ProvisionOptions{})
	w.must(job.TestConnection(w.t.Context()))
	h.says("– OK")
	w.must(job.Cycle(w.t.Context()))
	h.until("the first person", func() bool { return h.green("First person or group created") })
}

// becardPassword gives somebody who was provisioned a way in without single sign-on.
func (w *world) becardPassword(h *hands, mail *notifytest.Catcher, u *entratest.User) {
	w.t.Helper()
	h.link("Sign in with Microsoft")
	h.link("Passwords")
	h.tick("People may sign in with a password")
	h.tick("Also people whom Microsoft Entra knows")
	h.press("Save")
	before := len(mail.Mails())
	h.fill("E-mail address", u.Mail)
	h.press("Send the link")
	letter := mail.Wait(w.t, before+1)[before]
	e := browser(w.t, "becard-scim-employee")
	e.open(found(w.t, letter.Text, w.base))
	e.fill("New password", "four quiet green lamps")
	e.fill("The same once more", "four quiet green lamps")
	e.press("Save and sign in")
	e.says("You are signed in as", "Mary Jackson")
	e.shoot("signed in")
	// The other modules are not there.
	for _, path := range []string{"/w/scimonly/saml/login", "/w/scimonly/microsoft/login"} {
		e.open(w.base + path)
		e.saysNot("You are signed in")
	}
	w.becardSees(h, "Mary Jackson", "password")
}

// becardSAML sets SAML up, and tries it. alone says that nobody is provisioned.
func (w *world) becardSAML(h *hands, u *entratest.User, alone bool) {
	w.t.Helper()
	h.press("Configure now")
	app := w.connect(h, u)
	if alone {
		h.link("Single sign-on (SAML)")
		h.press("Advanced settings")
		h.tick("Create people at their first sign-in")
		h.press("Save")
	}
	w.must(w.tenant.Assign(app, u))
	w.triedOut(h, "becard-saml-test-"+strconv.FormatBool(alone), u)
	h.press("Let people use it without enforcing it")
	h.says("Enabled")
}

// triedOut makes the test sign-in of SAML, and goes on to the last step.
func (w *world) triedOut(h *hands, name string, u *entratest.User) {
	w.t.Helper()
	h.link("Single sign-on (SAML)")
	h.press("Test sign-in")
	h.press("Make a test link")
	private := browser(w.t, name)
	private.open(h.read("Test sign-in link"))
	private.microsoft(u)
	private.says("The test sign-in succeeded")
	h.says("The test sign-in succeeded")
	h.press("Continue to enable single sign-on")
}

// becardMicrosoft sets up sign-in with Microsoft 365 on the web.
func (w *world) becardMicrosoft(h *hands, u *entratest.User, alone bool) {
	w.t.Helper()
	h.says("Sign-In via Microsoft 365")
	if alone {
		h.tick("Create people at their first sign-in")
		h.pressIn("Who may come", "Save")
	}
	h.press("Set up sign-in on the web")
	h.says("Enterprise applications", "Integrate any other application you don't find in the gallery (Non-gallery)", "Its name can be chosen freely")
	app := w.tenant.AddApp(entratest.App{
		Name: h.read("Suggested name"), Redirects: []entratest.Redirect{{Platform: entratest.Web, URI: h.read("Redirect URI")}}, AdminConsent: true,
	})
	w.must(w.tenant.Assign(app, u))
	h.fill("Application (client) ID", app.ClientID)
	h.fill("Directory (tenant) ID", w.tenant.ID)
	h.press("Save")
	h.press("Make a certificate")
	file := ask[string](h, `() => { const x = new XMLHttpRequest();
		x.open("GET", [...document.querySelectorAll("a")].find((a) => a.innerText.startsWith("Download")).href, false); x.send(); return x.responseText; }`)
	block, _ := pem.Decode([]byte(file))
	if block == nil {
		w.t.Fatalf("the certificate to upload is %q", file)
	}
	w.must(w.tenant.UpdateApp(app, func(a *entratest.App) { a.Certificates = append(a.Certificates, block.Bytes) }))
	h.shoot("microsoft web")
	h.press("To the test sign-in")
	h.press("Make a test link")
	private := w.employee("becard-m365-test-" + strconv.FormatBool(alone))
	private.open(h.read("Link for the test sign-in"))
	private.microsoft(u)
	private.says("The test sign-in succeeded")
	h.press("See the result as it comes")
	h.says("The test sign-in succeeded")
	h.press("Go on: switch it on")
	h.press("Switch it on for everybody")
	h.says("People can choose Sign in with Microsoft")
	h.shoot("microsoft on")
}

// signsIn is an employee at the workspace's page, in a browser of their own.
func (w *world) signsIn(name, workspace, button string, u *entratest.User) {
	w.t.Helper()
	e := w.employee(name)
	e.open(w.base + "/w/" + workspace + "/")
	e.press(button)
	e.microsoft(u)
	e.says("You are signed in as", u.DisplayName)
	e.shoot("signed in")
}

// becardSees looks somebody up as an administrator does.
func (w *world) becardSees(h *hands, name, method string) {
	w.t.Helper()
	h.link("People")
	h.link(name)
	h.says("Signed in on", method)
}
