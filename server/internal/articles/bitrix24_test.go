//go:build linux && !ci && !race

package articles

import (
	"context"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/enforce"
	"github.com/lanyard-sso/lanyard/server/internal/notify/notifytest"
)

// connect makes the enterprise application of a workspace with the values that the
// wizard shows, from "Start" to "Connection established", as somebody does it who
// has done it before.
func (w *world) connect(h *hands, people ...*entratest.User) *entratest.App {
	w.t.Helper()
	h.says("Before you start")
	h.link("Start")
	app := w.tenant.AddApp(entratest.App{Name: h.read("What's the name of your app?"), AssignmentRequired: true})
	h.tick("I have created the enterprise application")
	h.press("Save and continue")
	for _, u := range people {
		w.must(w.tenant.Assign(app, u))
	}
	h.tick("I am assigned")
	h.press("Continue")
	w.basicSAML(h, app)
	h.fill("App Federation Metadata URL", w.tenant.FederationMetadataURL(app))
	h.press("Check now")
	h.says("Connection established")
	return app
}

// basicSAML fills in Entra's parts 1 and 2 with what the wizard shows, and ends on
// its part 3.
func (w *world) basicSAML(h *hands, app *entratest.App) {
	w.t.Helper()
	h.says("1 Basic SAML Configuration")
	page := entratest.SAMLOptions{
		ReplyURLs: []string{h.read("ACS URL")}, Identifiers: []string{h.read("SP Entity ID")},
		SignOnURL: h.read("Sign on URL"), LogoutURL: h.read("Logout Url"),
	}
	h.press("Continue")
	h.says("2 Attributes & Claims")
	page.NameID.Source = h.read("Source attribute of Unique User Identifier")
	w.must(w.tenant.SetSAML(app, page))
	h.press("Continue")
	h.says("3 SAML Certificates")
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// private is a private window: a browser of its own, without anything of another.
func (w *world) private(name, address string) *hands {
	w.t.Helper()
	h := browser(w.t, name)
	h.open(address)
	return h
}

// testLink is the link for the private window. It is read in one look, as it stands
// in a part of the page that keeps itself current.
func (h *hands) testLink() (link string) {
	h.t.Helper()
	h.until("the test link", func() bool {
		link = ask[string](h, `() => { if (!(`+fields+`)("Test sign-in link", "link", "")) return ""; return document.querySelector("[data-hand=link]").value; }`)
		return link != ""
	})
	return link
}

// exactly fails unless something on the page has these words and no others.
func (h *hands) exactly(selector, words string) {
	h.t.Helper()
	if got := ask[[]string](h, `(s) => [...document.querySelectorAll(s)].map((e) => e.innerText.trim())`, selector); len(got) != 1 || got[0] != words {
		h.t.Errorf("%s says %q, not %q", selector, got, words)
	}
}

// Bitrix24's article, lines 1-50: from the profile to "Connection established", and
// what to do where the sign-in fails.
//
// req: A2 A7 B1 B4 B8 B9 B11 C2
func TestBitrix24_aSAMLApplicationIsCreatedAndConnected(t *testing.T) {
	t.Parallel()
	w := begin(t, nil)
	ada := w.tenant.AddUser(entratest.User{GivenName: "Ada", Surname: "Lovelace", UserPrincipalName: "ada@" + w.tenant.Domain})
	h := w.owner("bitrix24-saml")
	h.workspace(w.base, "acme", "Acme Ltd")

	// Line 18: tested in a separate account first. Integrations leads to one.
	h.link("Integrations")
	h.fill("Search integrations", "separate account")
	h.press("Search")
	h.says("Sandbox", "Test in a separate account")

	// Lines 20-22: the profile, Security > SSO and SCIM, Configure now.
	h.link("Ada Lovelace")
	h.says("Security")
	h.shoot("profile")
	h.linkIn("Security", "SSO and SCIM")
	h.says("Single Sign-On", "SCIM Provisioning")
	h.shoot("sso and scim")
	h.link("Configure now")

	// Lines 26-30: Enterprise applications > New application > Create your own
	// application, a name, Non-gallery, Create.
	h.says("Cloud Application Administrator")
	h.link("Start")
	h.says("Enterprise applications", "New application", "Create your own application", "(Non-gallery)", "Create")
	h.shoot("application")
	app := w.tenant.AddApp(entratest.App{Name: h.read("What's the name of your app?"), AssignmentRequired: true})
	h.fill("Name of the application", app.Name)
	h.tick("I have created the enterprise application")
	h.press("Save and continue")

	// Lines 31-33: Assign users and groups, Add user/group, yourself; and the e-mail
	// address under Contact info. Ada forgets both.
	h.says("Assign users and groups", "Add user/group", "Contact info")
	h.shoot("assign")
	h.tick("I am assigned")
	h.press("Continue")

	// Lines 35-43: Single sign-on, SAML, SAML Basic Configuration, Edit: ACS URL into
	// Reply URL, SP Entity ID into Identifier, Save; Continue.
	h.says("Single sign-on", "SAML", "Edit", "Reply URL (Assertion Consumer Service URL)", "Identifier (Entity ID)", "Save")
	h.shoot("basic")
	w.basicSAML(h, app)

	// Lines 44-48: the App Federation Metadata URL, Check now. That of an application
	// which is not there any more establishes nothing.
	right := w.tenant.FederationMetadataURL(app)
	gone, err := url.Parse(right)
	w.must(err)
	gone.RawQuery = url.Values{"appid": {uuid.NewString()}}.Encode()
	h.says("App Federation Metadata Url")
	h.fill("App Federation Metadata URL", gone.String())
	h.press("Check now")
	h.says("LY-MD-")
	h.saysNot("Connection established")
	h.shoot("wrong metadata")
	h.fill("App Federation Metadata URL", right)
	h.press("Check now")
	h.says("Connection established", "Thumbprint")
	h.exactly("#result .title", "Connection established")
	h.shoot("connected")

	// Lines 49-50: where one can't log in, one is not assigned. Microsoft says so on
	// its own page and sends nobody back; the wizard says what to look for there.
	h.link("Part 5: Test")
	h.press("Make a test link")
	window := w.private("bitrix24-not-assigned", h.testLink())
	window.microsoft(ada)
	window.says("AADSTS50105")
	h.says("The test sign-in has begun", "If Microsoft shows an error and sends you nowhere", "AADSTS50105", "Assign the person")
	h.shoot("not assigned")

	// Line 33 once more: assigned now, and without an e-mail address under Contact info.
	w.must(w.tenant.Assign(app, ada))
	h.press("Make another test link")
	window.open(h.testLink())
	window.says("AADSTS501241") // Microsoft has nothing to say who it is with
	h.says("The test sign-in has begun", "AADSTS501241", "Email under Contact info")
	h.shoot("no mail")
	// And people have to be here, by provisioning or at their first sign-in.
	w.must(w.tenant.UpdateUser(ada, func(u *entratest.User) { u.Mail = "ada@" + w.tenant.Domain }))
	h.press("Make another test link")
	window.open(h.testLink())
	window.says("The test sign-in failed", "LY-JIT-OFF")
	h.says("LY-JIT-OFF")
	h.firstSignIn()
	h.link("Single sign-on (SAML)")
	h.link("Continue setup")
	h.press("Make a test link")
	window.open(h.testLink())
	window.says("The test sign-in succeeded")
	h.says("The test sign-in succeeded", "Ada Lovelace")
	h.shoot("tested")
}

// zone is DNS for tests: TXT records by name.
type zone struct {
	mu  sync.Mutex
	txt map[string]string
}

// set makes a record.
func (z *zone) set(name, value string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.txt == nil {
		z.txt = map[string]string{}
	}
	z.txt[strings.TrimSuffix(name, ".")] = value
}

// LookupTXT answers as a resolver does.
func (z *zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if v, ok := z.txt[strings.TrimSuffix(name, ".")]; ok {
		return []string{v}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// provision makes a token, has Entra test the connection and run a cycle.
func (w *world) provision(h *hands, app *entratest.App) *entratest.Provisioner {
	w.t.Helper()
	h.link("Provisioning (SCIM)")
	h.link("URL and tokens")
	h.fillIn("Make a token", "Label", "Entra")
	h.press("Make a token")
	p := w.tenant.Provision(app, h.read("Microsoft Azure service link"), h.read("Unique Token"), entratest.ProvisionOptions{NoGroups: true})
	w.must(p.TestConnection(w.t.Context()))
	w.must(p.Cycle(w.t.Context()))
	return p
}

// verify enters a domain, makes the record that the page shows, and runs the check.
func (w *world) verify(h *hands, dns *zone, domain string) {
	w.t.Helper()
	h.link("Domains")
	h.fill("Enter your domains", domain+"\n")
	h.press("Run the check")
	h.says("Not verified", "LY-DOM-")
	dns.set(h.read("Name for "+domain), h.read("Value for "+domain))
	h.press("Check again")
	h.says("Proven by its DNS record")
}

// Lines 51-78: user provisioning with the service link and the Unique Token, then
// the domains, and what becomes of people who have no corporate e-mail address.
//
// req: C8 C9 D1 D4 D6 F1 F3 F4 F5 F6 E4
func TestBitrix24_peopleAreProvisionedAndTheirDomainsChecked(t *testing.T) {
	t.Parallel()
	dns := &zone{}
	mail := notifytest.New(t)
	w := begin(t, func(c *server.Config) {
		smtp := mail.SMTP()
		c.Resolver, c.Mail = dns, &smtp
	})
	domain := w.tenant.Domain
	app := w.tenant.AddApp(entratest.App{Name: "Acme Ltd"})
	for _, u := range []entratest.User{
		{GivenName: "Ben", Surname: "Right", UserPrincipalName: "ben@" + domain, Mail: "ben@" + domain, Department: "Tools"},
		{GivenName: "Dora", Surname: "Old", UserPrincipalName: "dora@" + domain, Mail: "dora@private.example"},
		{GivenName: "Carl", Surname: "Gone", UserPrincipalName: "carl@" + domain, Mail: "carl@private.example"},
		{GivenName: "Eve", Surname: "Auditor", UserPrincipalName: "eve@" + domain, Mail: "eve@auditors.example"},
	} {
		w.must(w.tenant.Assign(app, w.tenant.AddUser(u)))
	}
	h := w.owner("bitrix24-people")
	h.workspace(w.base, "acme", "Acme Ltd")

	// Line 53: the Microsoft Azure service link and the Unique Token, to copy.
	h.link("Provisioning (SCIM)")
	h.link("URL and tokens")
	h.says("Microsoft Azure service link", "Unique Token")
	h.fillIn("Make a token", "Label", "Entra")
	h.press("Make a token")
	h.shoot("token")
	link, token := h.read("Microsoft Azure service link"), h.read("Unique Token")
	// Lines 54-58: Provision User Accounts, Automatic, Tenant URL and Secret token,
	// Test Connection, Save.
	h.link("Steps in Entra")
	h.link("Older portal")
	h.says("Provision User Accounts", "Automatic", "Tenant URL", "Secret token", "Test Connection", "Save")
	h.shoot("provisioning steps")
	job := w.tenant.Provision(app, link, token, entratest.ProvisionOptions{NoGroups: true})
	w.must(job.TestConnection(t.Context()))
	h.says("Entra tested the connection at", "– OK") // the milestone turns green by itself
	// Lines 59-65: Edit attribute mappings, groups off, users on, objectId added.
	h.says("Edit attribute mappings", "Provision Azure Active Directory Groups", "Provision Azure Active Directory Users", "Add New Mapping", "objectId")
	// Line 66: Start Provisioning.
	h.says("Start provisioning")
	w.must(job.Cycle(t.Context()))
	h.link("People")
	h.says("Ben Right", "Dora Old", "Carl Gone", "Eve Auditor")
	h.shoot("people")

	// Lines 67-69: the domains, and the check. The primary domain is on the service's
	// main page.
	h.link("Domains")
	h.says("primary domain")
	w.verify(h, dns, domain)
	h.shoot("domains")
	// Lines 70-73: whoever does not match can't sign in later; View opens the list.
	h.says("3 people have no e-mail address of your domains", "cannot sign in after")
	h.link("View")
	h.says("Dora Old", "Carl Gone", "Eve Auditor")
	h.saysNot("Ben Right")
	if !ask[bool](h, `() => [...document.querySelectorAll("main button")].some((b) => b.innerText.trim() === "Next" && b.disabled)`) {
		t.Error("Next is open before anything is decided")
	}
	h.shoot("outside")
	// Line 74: Edit.
	h.pressHere("Edit the address of Dora Old")
	h.fill("New e-mail address of Dora Old", "dora@"+domain)
	h.press("Save Dora Old")
	h.saysNot("dora@private.example")
	if m := mail.Wait(t, 1)[0]; m.To != "dora@"+domain {
		t.Errorf("who hears of the new address is %s: %s", m.To, m.Subject)
	}
	// Line 75: Allow, which has two meanings.
	h.link("Allow Carl Gone")
	h.says("What is Allow to mean?")
	h.shoot("allow")
	h.tick("Let them lose access")
	h.press("Save")
	h.says("Loses access")
	h.link("Allow Eve Auditor")
	h.tick("Exempt")
	h.fill("Who answers for it", "ada@"+domain)
	h.fill("Reason", "auditor until the year is closed")
	h.do(chromedp.SetValue(h.field("Last day", ""), w.entra.Now().AddDate(0, 1, 0).Format("2006-01-02")))
	h.press("Save")
	h.says("auditor until the year is closed")
	h.shoot("decided")
	// Lines 76-77: Next, and the default department of new users.
	h.press("Next")
	h.says("default department", "new users")
	h.fill("Choose a default department", "Sales")
	h.press("Save")
	h.shoot("department")
	zoe := w.tenant.AddUser(entratest.User{GivenName: "Zoe", Surname: "New", UserPrincipalName: "zoe@" + domain, Mail: "zoe@" + domain})
	w.must(w.tenant.Assign(app, zoe))
	w.must(job.OnDemand(t.Context(), zoe))
	h.link("People")
	h.link("Zoe New")
	h.says("Department", "Sales")
}

// Lines 79-95: the mobile app for iOS and for Android.
//
// req: G1 G2 G3 G4
func TestBitrix24_theMobileAppIsRegistered(t *testing.T) {
	t.Parallel()
	w := begin(t, nil)
	h := w.owner("bitrix24-mobile")
	h.workspace(w.base, "acme", "Acme Ltd")
	h.link("Mobile app")
	h.says("Configure the mobile app", "iOS", "Android")
	h.shoot("mobile")

	// Lines 82-86: the Bundle ID; App registrations > All applications, Authentication,
	// Add a platform, iOS / macOS, Configure.
	h.fill("Bundle ID", "com.acme.app")
	h.press("Add for iOS and macOS")
	h.says("App registrations", "All applications", "Authentication", "Add a platform", "iOS / macOS", "Configure")
	bundle := h.read("Bundle ID")
	h.shoot("ios")
	// Lines 87-88: the Redirect URI that Azure shows, Continue. A slash too many is told.
	h.fill("Redirect URI", "msauth."+bundle+"://auth/")
	h.press("Continue")
	h.says("LY-", "msauth."+bundle+"://auth")
	h.shoot("ios wrong")
	h.fill("Redirect URI", "msauth."+bundle+"://auth")
	h.press("Continue")
	h.says("com.acme.app is registered", "Registered")

	// Lines 90-93: the Package name and the Signature hash, the platform Android.
	h.fillIn("Android", "Package name", "com.acme.app")
	h.fillIn("Android", "Signature hash", "2pmj9i4rSx0yEb/viWBYkE/ZQrk=")
	h.press("Add for Android")
	h.says("Package name", "Signature hash", "Android", "Configure", "MSAL Configuration")
	name, hash := h.read("Package name"), h.read("Signature hash")
	h.shoot("android")
	// Lines 94-95: the MSAL Configuration that Azure shows. One with the hash as it is
	// is told.
	msal := func(hash string) string {
		return `{"client_id": "` + uuid.NewString() + `", "authorization_user_agent": "DEFAULT", "redirect_uri": "msauth://` + name + "/" + hash +
			`", "authorities": [{"type": "AAD", "audience": {"type": "AzureADMyOrg", "tenant_id": "` + w.tenant.ID + `"}}]}`
	}
	h.fill("MSAL Configuration", msal(hash))
	h.press("Continue")
	h.says("LY-", "%2F")
	h.shoot("android wrong")
	h.fill("MSAL Configuration", msal(url.QueryEscape(hash)))
	h.press("Continue")
	h.says("The MSAL configuration of com.acme.app is kept")
	h.shoot("mobile done")
}

// Lines 96-106: the test in a private window, what happens once SSO is enabled for
// everybody, and that it can't be turned off on one's own.
//
// req: C1 C3 C4 C5 C6 C7 F2 F5
func TestBitrix24_ssoIsTestedAndEnabledForTheTeam(t *testing.T) {
	t.Parallel()
	dns, mail := &zone{}, notifytest.New(t)
	w := begin(t, func(c *server.Config) {
		smtp := mail.SMTP()
		c.Resolver, c.Mail = dns, &smtp
	})
	domain := w.tenant.Domain
	ben := w.tenant.AddUser(entratest.User{GivenName: "Ben", Surname: "Right", UserPrincipalName: "ben@" + domain, Mail: "ben@" + domain})
	carl := w.tenant.AddUser(entratest.User{GivenName: "Carl", Surname: "Gone", UserPrincipalName: "carl@" + domain, Mail: "carl@private.example"})
	h := w.owner("bitrix24-enable")
	h.workspace(w.base, "acme", "Acme Ltd")
	h.link("Single sign-on (SAML)")
	h.link("Configure now")
	app := w.connect(h, ben, carl)
	w.provision(h, app)
	w.verify(h, dns, domain)
	h.link("View")
	h.link("Allow Carl Gone")
	h.tick("Let them lose access")
	h.press("Save")

	// Before, people sign in with a password: Ben has one, and uses it.
	h.link("Sign in with Microsoft")
	h.link("Passwords")
	h.tick("People may sign in with a password")
	h.tick("Also people whom Microsoft Entra knows")
	h.press("Save")
	h.fill("E-mail address", "ben@"+domain)
	h.press("Send the link")
	const password = "seven green umbrellas"
	office := w.private("bitrix24-ben", found(t, mail.Wait(t, 1)[0].Text, w.base+"/w/acme/password/set"))
	office.fill("New password", password)
	office.fill("The same once more", password)
	office.press("Save and sign in")
	office.says("You are signed in as Ben Right")

	// Lines 97-101: the provided link, in a private window, with the Azure account; a
	// confirmation there, and here without a reload.
	h.link("Single sign-on (SAML)")
	h.link("Continue setup")
	h.press("Make a test link")
	h.says("private (incognito) window")
	page := h.born()
	window := w.private("bitrix24-private", h.testLink())
	window.microsoft(ben)
	window.says("The test sign-in succeeded", "Ben Right")
	window.shoot("confirmation")
	h.says("The test sign-in succeeded", "Ben Right")
	if h.born() != page {
		t.Error("the wizard was loaded anew to show the result")
	}
	h.shoot("tested")
	window.open(w.base + "/w/acme/")
	window.says("You are not signed in")

	// Lines 102-103: enable it for all, or cancel the set-up. First an owner has to have
	// a way in that does not hang on Microsoft.
	h.link("Continue to enable single sign-on")
	h.says("Enable SSO", "Cancel the setup", "You cannot turn it off on your own", "Has no recovery codes")
	h.shoot("not ready")
	h.link("Ada Lovelace")
	h.link("Set a password")
	h.fill("Password", "four quiet yellow bicycles")
	h.press("Set the password")
	h.press("Make new recovery codes")
	h.read("Recovery codes")
	h.open(w.base + "/admin/workspaces/acme/saml/enable")
	h.shoot("ready")
	h.fill("Type the workspace ID", "acmee")
	h.press("Enable SSO for everybody")
	h.says("LY-")
	h.saysNot("enabled for everybody by")
	h.fill("Type the workspace ID", "acme")
	h.press("Enable SSO for everybody")
	h.says("Single sign-on is enabled for everybody")
	h.shoot("enabled")

	// Lines 104-105: the team is told, with clear instructions for the sign-in.
	before := len(mail.Mails())
	h.link("Announcement")
	h.says("Preview", "Sign in with SSO")
	h.press("Look at it before sending")
	h.press("Send now")
	told := mail.Wait(t, before+1)
	var told1 *notifytest.Message
	for i, m := range told {
		if m.To == "ben@"+domain && strings.Contains(m.Text, w.base+"/w/acme/") && strings.Contains(m.Text, "acme") && i >= 1 {
			told1 = &told[i]
		}
	}
	if told1 == nil {
		t.Errorf("nobody told Ben where to sign in: %+v", told)
	}
	h.shoot("announced")

	// The session that began with a password has ended, and passwords open nothing.
	// The page says why, until the server has put the session itself away.
	office.open(w.base + "/w/acme/")
	office.says("Sign in with SSO")
	office.saysNot("You are signed in as")
	office.pressHere("Sign in with a password")
	office.fill("E-mail address", "ben@"+domain)
	office.fill("Password", password)
	office.press("Sign in")
	office.says("LY-")
	office.saysNot("You are signed in as")
	office.shoot("password refused")
	// Whoever was to lose access has.
	stranger := w.private("bitrix24-carl", w.base+"/w/acme/")
	stranger.link("Sign in with SSO")
	stranger.microsoft(carl)
	stranger.says("LY-")
	stranger.saysNot("You are signed in as")
	// The employee signs in with the Azure account.
	office.open(w.base + "/w/acme/")
	office.link("Sign in with SSO")
	office.microsoft(ben)
	office.says("You are signed in as Ben Right", "ben@"+domain)
	office.shoot("employee")
	h.link("People")
	h.link("Ben Right")
	h.says("Signed in on", "SAML")
	h.shoot("admin sees it")

	// Line 106: it can't be turned off on one's own; technical support does.
	h.link("Single sign-on (SAML)")
	h.says("You cannot turn it off on your own", "technical support")
	h.link("Turn SAML sign-in off")
	h.says("You cannot turn it off on your own", "technical support")
	h.saysNot("Nobody signs in with SAML any more")
	h.shoot("locked")
	if _, err := w.server.SSO().Lift(t.Context(), "acme", enforce.Lift{Operator: "root", Reason: "asked by Ada", Ticket: "OPS-1"}); err != nil {
		t.Fatal(err)
	}
	h.link("Single sign-on (SAML)")
	h.says("asked by Ada", "OPS-1")
	again := w.private("bitrix24-again", w.base+"/w/acme/")
	again.fill("E-mail address", "ben@"+domain)
	again.fill("Password", password)
	again.press("Sign in")
	again.says("You are signed in as Ben Right")
}

// found is the address in a text that begins so.
func found(t *testing.T, text, prefix string) string {
	t.Helper()
	i := strings.Index(text, prefix)
	if i < 0 {
		t.Fatalf("no address that begins with %s in: %s", prefix, text)
	}
	return strings.Fields(text[i:])[0]
}
