//go:build linux && !ci && !race

package articles

import (
	"encoding/json"
	"image"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/notify/notifytest"
)

// BigTime's "Integrate With Microsoft Entra ID", with the numbers of its lines. A
// firm whose people have passwords lets them link their Microsoft accounts.
//
// req: A1 A2 B2 B4 B5 B6 B7 B12 B13 B14 B16 B20 H8
func TestBigTime_aFirmLinksItsPeoplesAccounts(t *testing.T) {
	t.Parallel()
	mails := notifytest.New(t)
	w := begin(t, func(c *server.Config) { m := mails.SMTP(); c.Mail = &m }, entratest.Options{MicrosoftAddresses: true})
	grace := w.tenant.AddUser(entratest.User{GivenName: "Grace", Surname: "Hopper", Mail: "ghopper@corp.example"})
	admin := w.owner("bigtime")
	admin.workspace(w.base, "4711", "BigTime")
	employee := w.employee("bigtime-employee")
	w.hired("4711", "Grace Hopper", "ghopper@firm.example")
	w.password(admin, employee, mails, "ghopper@firm.example")

	// 7: MY COMPANY … INTEGRATIONS; 10: the tile by the name it has in the article.
	admin.link("Integrations")
	admin.fill("Search integrations", "MY COMPANY INTEGRATIONS AZURE ACTIVE DIRECTORY")
	admin.press("Search")
	admin.says("Azure Active Directory", "Not configured")
	admin.shoot("integrations")
	admin.press("Set up")
	admin.press("Configure now") // the tab Single Sign-On
	admin.link("Start")

	// 15–23: VIEW under Manage Azure Active Directory, ENTERPRISE APPLICATIONS, ALL
	// APPLICATIONS, +NEW APPLICATION; 24: a name, and INTEGRATE ANY OTHER APPLICATION.
	admin.says("Azure Active Directory", "Enterprise applications", "New application",
		"Integrate any other application you don't find in the gallery (Non-gallery)")
	app := w.tenant.AddApp(entratest.App{Name: "BIGTIME"})

	// 26–27: PROPERTIES; the logo.
	admin.says("Properties", "Download the logo")
	logo := w.picture(ask[string](admin, `() => [...document.querySelectorAll("a[download]")].find((a) => a.innerText.includes("logo")).href`))
	if logo.Width != 215 || logo.Height != 215 {
		t.Errorf("the logo is %d by %d, and Entra takes 215 by 215", logo.Width, logo.Height)
	}
	// 29: the USER ACCESS URL of that page into the field of the same name.
	admin.fill("Name of the application", "BIGTIME")
	admin.fill("Application ID", app.ClientID)
	admin.fill("User access URL", w.tenant.UserAccessURL(app))
	admin.tick("I have created the enterprise application")
	admin.shoot("application")
	admin.press("Save and continue")
	must(t, w.tenant.Assign(app, grace))
	admin.tick("I am assigned")
	admin.press("Continue")

	// 31–33: SINGLE SIGN-ON, SAML, EDIT under Basic SAML Configuration; 35: BTIQ, and
	// the Reply URL, which the article leaves blank.
	admin.says("1 Basic SAML Configuration", "Edit", "Single sign-on")
	admin.pressHere("Use an Identifier of your own")
	admin.fill("Identifier (Entity ID) of your own", "BTIQ")
	admin.press("I have saved this in Entra, continue")
	admin.says("copy it into Entra once more")
	identifier, reply := admin.read("Identifier (Entity ID)"), admin.read("Reply URL")
	if identifier != "BTIQ" {
		t.Errorf("the Identifier to copy is %q", identifier)
	}
	admin.shoot("basic")
	admin.press("I have saved this in Entra, continue")

	// 37–39: User Attributes & Claims, EDIT, +ADD NEW CLAIM; 41: CoNm and the firm's
	// ID; 43: which stands here; 45–47: the Name ID is user.mail.
	admin.says("User Attributes & Claims", "Add new claim", "Unique User Identifier (Name ID)", "Firm ID")
	claim := entratest.SAMLClaim{Name: admin.readIn("Bind the application", "Name"), Constant: admin.read("Firm ID")}
	source := admin.read("Source attribute of Unique User Identifier (Name ID)")
	if claim.Name != "CoNm" || claim.Constant != "4711" || source != "user.mail" {
		t.Errorf("to be entered are %+v and %q", claim, source)
	}
	admin.tick("I added the claim")
	admin.shoot("claims")
	admin.press("I have saved this in Entra, continue")
	must(t, w.tenant.SetSAML(app, entratest.SAMLOptions{
		Identifiers: []string{identifier}, ReplyURLs: []string{reply}, Claims: []entratest.SAMLClaim{claim}, NameID: entratest.NameIDOptions{Source: source},
	}))

	// 51: CERTIFICATE (BASE64) is downloaded; 53: and pasted, with the AZURE AD
	// IDENTIFIER, and nothing else; SAVE SETTINGS.
	admin.pressHere("Enter the values by hand")
	admin.fill("Certificate (Base64)", string(w.tenant.SigningCertificate(app).PEM))
	admin.fill("Azure AD Identifier", w.tenant.SAMLIssuer())
	admin.shoot("by-hand")
	admin.press("Save settings")
	admin.says("Connection established")
	admin.shoot("saved")

	// The console asks for what the article leaves out: somebody tries it first.
	admin.press("Continue")
	if got := admin.read("User access URL"); got != w.tenant.UserAccessURL(app) {
		t.Errorf("the User access URL has become %q", got)
	}
	admin.press("Save and continue")
	admin.press("Make a test link")
	test := admin.read("Test sign-in link")
	private := w.employee("bigtime-private")
	private.open(test)
	private.microsoft(grace)
	private.says("The test sign-in succeeded", "would be asked for the password of their account here")
	admin.says("The test sign-in succeeded", grace.UserPrincipalName, "asked for the password of their account")
	admin.shoot("test")
	admin.press("Continue to enable single sign-on")
	admin.press("Let people use it without enforcing it")
	admin.says("People can sign in with SAML now", "Enabled")
	admin.shoot("enabled")

	// 55: ready to link. 29: by the User access URL, which is used to sign in from now
	// on. Whoever has a password proves with it which account is theirs.
	employee.open(w.tenant.UserAccessURL(app))
	employee.microsoft(grace)
	employee.says("Link your account", grace.UserPrincipalName)
	employee.shoot("link")
	employee.fill("E-mail address of your account", "ghopper@firm.example")
	employee.fill("Its password", goodPassword)
	employee.press("Link account")
	employee.says("You are signed in as Grace Hopper")
	employee.shoot("linked")
	employee.press("Sign out")
	employee.open(w.tenant.UserAccessURL(app)) // she has proven it for good
	employee.says("You are signed in as Grace Hopper")

	// The administrator sees how and when, and that a password is needed no more.
	admin.link("People")
	admin.link("Grace Hopper")
	admin.says("ghopper@firm.example", "SAML")
	admin.shoot("person")
	employee.press("Sign out")
	employee.open(w.base + "/w/4711/")
	employee.fill("E-mail address", "ghopper@firm.example")
	employee.fill("Password", goodPassword)
	employee.press("Sign in")
	employee.says(string(problem.UseSSO))
}

const goodPassword = "seven green umbrellas"

// picture downloads a PNG.
func (w *world) picture(address string) image.Config {
	w.t.Helper()
	resp, err := w.get(address)
	must(w.t, err)
	defer resp.Body.Close()
	c, err := png.DecodeConfig(resp.Body)
	must(w.t, err)
	return c
}

func (w *world) get(address string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(req)
}

// hired is somebody who was in the product before it knew Microsoft Entra.
func (w *world) hired(workspace, name, mail string) {
	w.t.Helper()
	ws, err := w.store.Workspace(w.t.Context(), workspace)
	must(w.t, err)
	now := time.Now()
	doc, err := json.Marshal(map[string]any{"userName": mail, "displayName": name, "emails": []any{map[string]any{"value": mail, "type": "work"}}})
	must(w.t, err)
	u, err := directory.NewUser(ws, directory.User{ID: "u-grace", UserName: mail, Created: now, Modified: now, Doc: doc})
	must(w.t, err)
	must(w.t, w.store.InsertUser(w.t.Context(), u, directory.Change(directory.User{}, u).Events...))
}

// password lets people of the workspace that an administrator looks at sign in
// with a password, and one of them choose hers by the link in a mail.
func (w *world) password(admin, employee *hands, mails *notifytest.Catcher, mail string) {
	w.t.Helper()
	admin.link("Sign in with Microsoft")
	admin.link("Passwords")
	admin.tick("People may sign in with a password")
	admin.press("Save")
	admin.fill("E-mail address", mail)
	admin.press("Send the link")
	all := mails.Wait(w.t, 1)
	text := all[len(all)-1].Text
	at := strings.Index(text, w.base+"/w/")
	if at < 0 {
		w.t.Fatalf("no link in %s", text)
	}
	link, _, _ := strings.Cut(text[at:], "\n")
	employee.open(strings.TrimSpace(link))
	employee.fill("New password", goodPassword)
	employee.fill("The same once more", goodPassword)
	employee.press("Save and sign in")
	employee.says("You are signed in as")
	employee.press("Sign out")
	employee.says("You are signed out")
}

// must fails the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
