//go:build linux && !ci && !race

package articles

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/server"
)

// The keys of a keyboard.
const (
	keyTab   = "\t"
	keyEnter = "\r"
	keySpace = " "
)

// stop is where the keyboard stands.
type stop struct {
	// Name is what it is called. It is empty where nothing has the focus.
	Name string
	// Seen: it is within the window. Ring: something shows that it has the focus.
	Seen, Ring bool
	// At is its place in the page, and Before whether the keyboard was there already.
	At     int
	Before bool
	Inside bool // of the main part
}

const look = `(mark) => {
	const e = document.activeElement, none = {Name: "", Seen: false, Ring: false, At: -1, Before: false, Inside: false};
	if (!e || e === document.body || e === document.documentElement) return none;
	const flat = (s) => (s || "").replace(/\s+/g, " ").trim();
	const label = e.labels && e.labels.length && e.tagName !== "BUTTON" ? e.labels[0].innerText : "";
	const box = e.getBoundingClientRect(), style = getComputedStyle(e);
	const before = e.hasAttribute("data-" + mark);
	e.setAttribute("data-" + mark, "");
	return {
		Name: flat(label) || flat(e.innerText) || flat(e.getAttribute("aria-label")) || flat(e.value) || e.tagName,
		Seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
		Ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1 || style.boxShadow !== "none",
		At: [...document.querySelectorAll("*")].indexOf(e), Before: before, Inside: !!e.closest("main"),
	};
}`

// left are the names of what could be used by keyboard and was not reached. Of radio
// buttons one is reached by Tab and the others by arrows.
const left = `(mark) => [...document.querySelectorAll("a[href],button,input:not([type=hidden]):not([type=radio]),select,textarea,summary")]
	.filter((e) => e.checkVisibility({visibilityProperty: true}) && !e.disabled && !e.hasAttribute("data-" + mark)).map((e) => e.outerHTML.slice(0, 120))`

// tabKey presses Tab, and says where the keyboard stands then.
func (h *hands) tabKey() stop {
	h.t.Helper()
	h.do(chromedp.KeyEvent(keyTab))
	return ask[stop](h, look, "stop")
}

// walk goes through the whole page by Tab: everything is reached, in the page's
// order, and seen; nothing holds the keyboard. It ends where it began, which is where
// the address points to.
func (h *hands) walk() {
	h.t.Helper()
	ask[bool](h, `() => { for (const e of document.querySelectorAll("[data-stop]")) e.removeAttribute("data-stop"); if (document.activeElement) document.activeElement.blur(); getSelection().removeAllRanges(); scrollTo(0, 0); return true; }`)
	title := ask[string](h, `() => document.title`)
	at, begun := -1, false
	for range 300 {
		s := h.tabKey()
		if s.Name == "" || s.Before { // past the end
			rest := ask[[]string](h, left, "stop")
			if len(rest) == 0 || begun {
				if len(rest) > 0 {
					h.t.Errorf("%s: Tab does not reach %q", title, rest)
				}
				return
			}
			at, begun = -1, true // on to what is before the place that the address points to
			continue
		}
		if s.At < at {
			h.t.Errorf("%s: Tab leads back to %q", title, s.Name)
		}
		if !s.Seen || !s.Ring {
			h.t.Errorf("%s: one can't see that %q has the focus: in the window %t, marked %t", title, s.Name, s.Seen, s.Ring)
		}
		at = s.At
	}
	h.t.Fatalf("%s: Tab never comes round", title)
}

// reach goes on by Tab until what has these words has the focus.
func (h *hands) reach(words string) {
	h.t.Helper()
	want := strings.ToLower(words)
	var all []string
	for range 300 {
		s := h.tabKey()
		if strings.HasPrefix(strings.ToLower(s.Name), want) {
			return
		}
		all = append(all, s.Name)
	}
	h.t.Fatalf("Tab never reaches %q, only %q, at: %s", words, all, h.text())
}

// write types where the keyboard stands. What comes from elsewhere is pasted.
func (h *hands) write(text string) {
	h.t.Helper()
	if len(text) < 40 {
		h.do(chromedp.KeyEvent(text))
		return
	}
	if _, err := chromedp.Call(h.tab, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		h.t.Fatal(err)
	}
}

// enter presses Enter, which leads to another page.
func (h *hands) enter(what string) {
	h.t.Helper()
	h.onward(what, chromedp.KeyEvent(keyEnter))
}

// use reaches a link or button and presses Enter.
func (h *hands) use(words string) {
	h.t.Helper()
	h.reach(words)
	h.enter(words)
}

// code is what an authenticator app shows at a time.
func code(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	c, err := totp.GenerateCode(strings.ReplaceAll(secret, " ", ""), at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const adminPassword = "four quiet yellow bicycles"

// Without a mouse: an owner joins with an authenticator app, signs in, makes a
// workspace, and goes through the wizard to "Connection established".
//
// req: B1
func TestKeyboard_aSetupNeedsNoMouse(t *testing.T) {
	t.Parallel()
	w := begin(t, nil)
	h := browser(t, "keyboard")
	link, _, err := w.server.FirstAdminLink(t.Context())
	w.must(err)
	h.open(link)
	h.walk()

	// The skip link is the first, and leads past everything to the content.
	h.open(link)
	if s := h.tabKey(); s.Name != "Skip to the content" || !s.Seen || !s.Ring {
		t.Errorf("the first is %+v", s)
	}
	h.do(chromedp.KeyEvent(keyEnter))
	h.until("the content", func() bool { return ask[bool](h, `() => location.hash === "#main"`) })
	if s := h.tabKey(); !s.Inside {
		t.Errorf("after the skip link comes %+v", s)
	}

	h.open(link)
	h.reach("Your name")
	h.write("Ada Lovelace")
	h.reach("Your work e-mail address")
	h.write("ada@acme.example")
	h.enter("the form")
	h.says("Choose how you sign in")
	h.walk()
	h.use("Set up an authenticator app")
	secret := h.read("Or type this secret")
	h.walk()
	h.reach("Password")
	h.write(adminPassword)
	h.reach("Code")
	h.write(code(t, secret, time.Now()))
	h.enter("the form")
	h.says("They are not shown again")
	h.walk()
	h.use("I have kept them")
	h.use("Sign out")
	h.says("You are signed out")

	h.open(w.base + "/admin")
	h.says("With a password and a code")
	h.walk()
	h.reach("E-mail")
	h.write("ada@acme.example")
	h.reach("Password")
	h.write(adminPassword)
	h.reach("Code")
	h.write(code(t, secret, time.Now().Add(30*time.Second))) // the one before is spent
	h.enter("the form")
	h.use("Create a workspace")
	h.walk()
	h.reach("Workspace ID")
	h.write("acme")
	h.reach("Name")
	h.write("Acme Ltd")
	h.enter("the form")
	h.says("Acme Ltd")
	h.walk()
	h.use("Single sign-on (SAML)")
	h.use("Configure now")
	h.says("Before you start")
	h.walk()
	h.use("Start")
	app := w.tenant.AddApp(entratest.App{Name: h.read("What's the name of your app?")})
	h.walk()
	h.reach("I have created the enterprise application")
	h.do(chromedp.KeyEvent(keySpace))
	h.use("Save and continue")
	h.says("Assign users and groups")
	h.walk()
	h.reach("I am assigned")
	h.do(chromedp.KeyEvent(keySpace))
	h.use("Continue")
	h.says("1 Basic SAML Configuration")
	h.walk()
	h.reach("Copy Reply URL")
	h.do(chromedp.KeyEvent(keySpace))
	h.says("Copied")
	page := entratest.SAMLOptions{ReplyURLs: []string{h.read("Reply URL")}, Identifiers: []string{h.read("Identifier (Entity ID)")}}
	h.use("I have saved this in Entra")
	h.says("2 Attributes & Claims")
	h.walk()
	page.NameID.Source = h.read("Source attribute of Unique User Identifier")
	w.must(w.tenant.SetSAML(app, page))
	h.use("I have saved this in Entra")
	h.says("3 SAML Certificates")
	h.walk()
	h.reach("App Federation Metadata URL")
	h.write(w.tenant.FederationMetadataURL(app))
	h.use("Check now")
	h.says("Connection established")
	h.walk()
	h.shoot("connected")
}

// byApp joins as the first administrator with a password and an authenticator app,
// whose secret it returns.
func (w *world) byApp(h *hands, now time.Time) (secret string) {
	w.t.Helper()
	link, _, err := w.server.FirstAdminLink(w.t.Context())
	w.must(err)
	h.open(link)
	h.fill("Your name", "Ada Lovelace")
	h.fill("Your work e-mail address", "ada@acme.example")
	h.press("Continue")
	h.link("Set up an authenticator app")
	secret = h.read("Or type this secret")
	h.fill("Password", adminPassword)
	h.fill("Code", code(w.t, secret, now))
	h.press("Set up the app")
	h.link("I have kept them")
	return secret
}

// signIn signs the administrator in with a code.
func (w *world) signIn(h *hands, secret string, now time.Time) {
	w.t.Helper()
	h.open(w.base + "/admin")
	h.fill("E-mail", "ada@acme.example")
	h.fill("Password", adminPassword)
	h.fill("Code", code(w.t, secret, now))
	h.press("Sign in")
}

// The browser is closed at every step of the wizard, with all that it knew. Whoever
// signs in again, in another one, goes on where they were.
//
// req: A2 A16
func TestKeyboard_aSetupGoesOnAfterTheBrowserWasClosedAtAnyStep(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64 // a code is good once: each sign-in is half a minute later
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	w := begin(t, func(c *server.Config) { c.Now = now })
	ada := w.tenant.AddUser(entratest.User{GivenName: "Ada", Surname: "Lovelace", UserPrincipalName: "ada@acme.example", Mail: "ada@acme.example"})
	h := browser(t, "resume")
	secret := w.byApp(h, now())
	h.workspace(w.base, "acme", "Acme Ltd")
	h.link("Single sign-on (SAML)")
	h.link("Configure now")
	h.link("Start")

	// again closes the browser, and signs in with a new one.
	again := func() {
		t.Helper()
		h.close()
		const later = 30 * time.Second
		ahead.Add(int64(later))
		w.entra.Advance(later)
		h = browser(t, "resume")
		w.signIn(h, secret, now())
		h.link("Acme Ltd")
		h.link("Single sign-on (SAML)")
	}
	const appName = "Lanyard of Acme"
	appID := "0b0a4f3c-6f5e-4c0f-9d55-3a1d7e0f9b11"
	h.fill("Name of the application", appName)
	h.fill("Application ID", appID)
	h.tick("I have created the enterprise application")
	h.press("Save and continue")

	again()
	h.link("Continue setup (step 3 of 9)")
	h.says("Assign users and groups")
	h.link("Create the application") // what was entered is there
	if got := h.read("Name of the application") + h.read("Application ID"); got != appName+appID {
		t.Errorf("the application is %q", got)
	}
	app := w.tenant.AddApp(entratest.App{Name: appName, ClientID: appID})
	h.link("Users and groups")
	h.tick("I am assigned")
	h.press("Continue")

	again()
	h.link("Continue setup (step 4 of 9)")
	h.says("1 Basic SAML Configuration")
	page := entratest.SAMLOptions{ReplyURLs: []string{h.read("ACS URL")}, Identifiers: []string{h.read("SP Entity ID")}}
	h.press("I have saved this in Entra")

	again()
	h.link("Continue setup (step 5 of 9)")
	page.NameID.Source = h.read("Source attribute of Unique User Identifier")
	w.must(w.tenant.SetSAML(app, page))
	h.press("I have saved this in Entra")

	again()
	h.link("Continue setup (step 6 of 9)")
	h.fill("App Federation Metadata URL", w.tenant.FederationMetadataURL(app))
	h.press("Check now")
	h.says("Connection established")

	again()
	h.firstSignIn()
	h.link("Single sign-on (SAML)")
	h.link("Continue setup (step 8 of 9)") // step 7 is not needed
	h.press("Make a test link")
	link := h.testLink()

	again() // and the test goes on without anybody looking
	window := w.private("resume-private", link)
	window.microsoft(ada)
	window.says("The test sign-in succeeded")
	h.link("Single sign-on (SAML)")
	h.link("Continue setup (step 9 of 9)")
	h.says("Enable single sign-on", "Cancel the setup")
	h.shoot("resumed")
}

// firstSignIn has people created at their first sign-in, from the page of the
// connection, as there is no provisioning.
func (h *hands) firstSignIn() {
	h.t.Helper()
	h.link("Advanced settings")
	h.tick("Create people at their first sign-in")
	h.press("Save")
}

// noScripts has the browser run no scripts, from the next page on.
func (h *hands) noScripts() {
	h.t.Helper()
	if _, err := chromedp.Call(h.tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		h.t.Fatal(err)
	}
}

// With scripts switched off everything still works: joining and signing in with an
// authenticator app, the wizard, the test in another window, and its result.
//
// req: C1
func TestKeyboard_aSetupNeedsNoScripts(t *testing.T) {
	t.Parallel()
	w := begin(t, nil)
	ada := w.tenant.AddUser(entratest.User{GivenName: "Ada", Surname: "Lovelace", UserPrincipalName: "ada@acme.example", Mail: "ada@acme.example"})
	h := browser(t, "noscript")
	h.noScripts()
	now := time.Now()
	secret := w.byApp(h, now)
	h.press("Sign out")
	h.says("You are signed out")
	w.signIn(h, secret, now.Add(30*time.Second))
	h.workspace(w.base, "acme", "Acme Ltd")
	h.link("Single sign-on (SAML)")
	h.link("Configure now")
	w.connect(h, ada)
	h.shoot("connected")
	h.link("Single sign-on (SAML)")
	h.firstSignIn()
	h.link("Single sign-on (SAML)")
	h.link("Continue setup")
	h.press("Make a test link")

	window := browser(t, "noscript-private")
	window.noScripts()
	window.open(h.testLink())
	window.microsoft(ada)
	window.press("Continue") // Microsoft's page would send itself on
	window.says("The test sign-in succeeded")
	window.shoot("confirmation")

	h.link("Refresh")
	h.says("The test sign-in succeeded", "Ada Lovelace")
	h.link("Continue to enable single sign-on")
	h.says("Before you enable it")
	h.shoot("enable")
	h.fill("Type the workspace ID", "acme")
	h.press("Enable SSO for everybody")
	h.says("Single sign-on is enabled for everybody")
}
