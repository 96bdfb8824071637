package samlsso_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// link is the test link that a page shows.
func link(t *testing.T, a *consoletest.Answer) string {
	t.Helper()
	for _, line := range strings.Split(a.Text(), "\n") {
		if strings.Contains(line, "/saml/test?t=lytest_") && strings.HasPrefix(line, "http") {
			return line
		}
	}
	t.Fatalf("the page shows no test link:\n%s", a.Text())
	return ""
}

// req: C1
func TestTest_theLinkIsForOneUseAndTheResultAppears(t *testing.T) {
	w := newWorld(t)
	w.open("/test").Has("Part 3 comes first")
	w.code(w.JSON(http.MethodPost, at+"/test", nil), problem.SSOPartFirst)
	w.connect()
	w.jit()
	page := w.open("/test").Form("/test").Submit().Follow().OK()
	page.Has("private (incognito) window", "Waiting for the test sign-in", "within 15 minutes", "QR code")
	if !strings.Contains(page.Body, "<svg") || !strings.Contains(page.Body, "data-copy") {
		t.Error("there is neither a QR code nor a button to copy")
	}
	address := link(t, page)
	// Nobody else's browser is shown the secret, nor does the JSON repeat it.
	w.JSON(http.MethodGet, at+"/test", nil).OK().HasNot("lytest_")
	other := consoletest.Console{TB: t, Server: w.Server, Client: &http.Client{}}
	other.Get(at + "/test").OK().HasNot("lytest_")

	answer := w.visit(address)
	if answer.Status != http.StatusOK || !strings.Contains(answer.Body, "The test sign-in succeeded") {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	w.open("/test").Has("✔ The test sign-in succeeded", "Who it would be", "Ada Lovelace", w.ada.UserPrincipalName, "would be created",
		"It was signed with a certificate that is known here.", "objectidentifier", "It looks like", "after enabling").HasNot("lytest_")
	again := w.visit(address)
	if again.Status != problem.Lookup(problem.TestLinkUsed).Status || !strings.Contains(again.Body, string(problem.TestLinkUsed)) {
		t.Errorf("used again: %d %s", again.Status, again.Body)
	}
	if n, err := w.Store.CountUsers(t.Context(), "dir-acme"); err != nil || n.Active != 0 {
		t.Errorf("the test made people: %+v, %v", n, err)
	}
}

// req: C1
func TestTest_personalDataCanBeHidden(t *testing.T) {
	w := newWorld(t)
	w.connect()
	w.jit()
	w.try()
	all := w.open("/test")
	hidden := w.Get(all.Link("Hide personal data, for sending a picture of this page")).OK()
	hidden.Has("The test sign-in succeeded", "•••", "objectidentifier").HasNot("Lovelace", w.ada.UserPrincipalName, w.ada.ObjectID)
	w.JSON(http.MethodGet, at+"/test?redact=true", nil).OK().HasNot("Lovelace", w.ada.UserPrincipalName, w.ada.ObjectID)
}

// req: B9 C2
func TestTest_aFailureSaysWhatItIsMostOften(t *testing.T) {
	w := newWorld(t)
	w.connect()
	w.jit()
	w.must(w.tenant.UpdateSAML(w.app, func(o *entratest.SAMLOptions) { o.ReplyURLs = []string{w.urls().ACS} }))
	form := w.open("/basic").Form("/basic").Set("entity_id", "BTIQ")
	form.Submit().Is(http.StatusSeeOther) // Entra still knows the other Identifier
	var made struct{ ID, URL string }
	w.JSON(http.MethodPost, at+"/test", nil).OK().Into(&made)
	if _, err := w.entra.Browser().Visit(t.Context(), made.URL, w.ada); err == nil {
		t.Log("Entra answered")
	}
	// Entra sends nobody back: the page says what it may have shown there.
	w.open("/test").Has("The test sign-in has begun", "AADSTS50105", "AADSTS700016", "AADSTS50011")

	// The person who tried sees the same causes on the page of the failure.
	w.must(w.tenant.UpdateSAML(w.app, func(o *entratest.SAMLOptions) { o.Identifiers = []string{"BTIQ"} }))
	w.open("/claims").Form("/claims").Set("require", "true").Submit().Is(http.StatusSeeOther)
	w.JSON(http.MethodPost, at+"/test", nil).OK().Into(&made)
	if page := w.visit(made.URL); !strings.Contains(page.Body, "What it is most often") || !strings.Contains(page.Body, "Add new claim") {
		t.Errorf("the failure page names no cause: %s", page.Body)
	}
}

// req: B7 B8
func TestTest_aMissingAddressIsSaid(t *testing.T) {
	w := newWorld(t)
	w.connect()
	w.open("/settings").Form("/settings").Set("jit", "true", "require_email", "true").Submit().Is(http.StatusSeeOther)
	w.ada = w.tenant.AddUser(entratest.User{DisplayName: "Nobody Mailbox"}) // without an address
	w.try()
	w.open("/test").Has("The test sign-in failed", string(problem.SAMLNoEmail), "Contact information", "What it is most often")
}

// req: C3
func TestEnable_withoutATestOfTheseSettingsItIsRefused(t *testing.T) {
	w := newWorld(t)
	confirm := map[string]any{"confirm": "acme"}
	w.code(w.JSON(http.MethodPost, at+"/enable", confirm), problem.SSONotTested)
	w.connect()
	w.jit()
	page := w.open("/enable")
	if page.HasForm("/enable") || !strings.Contains(page.Body, "disabled") {
		t.Error("it can be enabled without a test")
	}
	w.code(w.JSON(http.MethodPost, at+"/enable", confirm), problem.SSONotTested)
	w.try()
	if !w.open("/enable").HasForm("/enable") {
		t.Error("it cannot be enabled after a test")
	}
	stale := w.open("/enable").Form("/enable").Set("confirm", "acme")
	w.open("/settings").Form("/settings").Set("require_email", "true").Submit().Is(http.StatusSeeOther)
	w.code(w.JSON(http.MethodPost, at+"/enable", confirm), problem.SSONotTested)
	w.code(stale.Submit(), problem.SSONotTested)
	w.try()
	w.code(stale.Submit(), problem.ChangedSince) // the page showed other settings
	w.JSON(http.MethodPost, at+"/enable", confirm).OK().Has(`"enforced":true`)
}

// req: C3
func TestCancel_everythingIsAsItWas(t *testing.T) {
	w := newWorld(t)
	image := func() string {
		t.Helper()
		var all struct {
			Connection any
			Settings   map[string]json.RawMessage
		}
		if c, err := w.Store.SAML(t.Context(), "acme"); err == nil {
			c.Version = 0
			all.Connection = c
		}
		all.Settings = map[string]json.RawMessage{}
		settings, err := w.Store.Settings(t.Context(), "acme", "")
		w.must(err)
		for _, s := range settings {
			switch s.Kind {
			case "draft.saml", "saml.before.secret", "saml.check", "saml.test": // what a page remembers of itself
				continue
			}
			all.Settings[s.Kind] = s.Doc
		}
		text, err := json.Marshal(all)
		w.must(err)
		return string(text)
	}
	cancel := func() {
		t.Helper()
		w.Get(w.open("").Link("Cancel the setup")).OK().Form("/cancel").Submit().Is(http.StatusSeeOther).Follow().Has("Everything is as it was before it.")
	}
	nothing := image()
	w.code(w.JSON(http.MethodPost, at+"/cancel", nil), problem.SSONoSnapshot)
	w.open("/application").Form("/application").Set("app_name", "Acme", "created", "true").Submit().Is(http.StatusSeeOther)
	w.connect()
	w.jit()
	w.try()
	cancel()
	if diff := cmp.Diff(nothing, image()); diff != "" {
		t.Errorf("after the first set-up was cancelled (-want +got):\n%s", diff)
	}
	w.open("").Has("Not configured")

	w.connect()
	w.jit()
	w.try()
	w.open("/enable").Form("/allow").Submit().Is(http.StatusSeeOther).Follow().Has("Enabled")
	w.Advance(time.Minute)
	before := image()
	w.open("/settings").Form("/settings").Set("require_email", "true", "entity_id", "BTIQ").Submit().Is(http.StatusSeeOther)
	w.open("/claims").Form("/claims").Set("require", "true").Submit().Is(http.StatusSeeOther)
	if image() == before {
		t.Fatal("nothing was changed, so that there is nothing to put back")
	}
	home := w.open("").Has("The connection was changed")
	w.Get(home.Link("Put everything back as it was")).OK().Form("/cancel").Submit().Is(http.StatusSeeOther)
	if diff := cmp.Diff(before, image()); diff != "" {
		t.Errorf("after a change was cancelled (-want +got):\n%s", diff)
	}
	if !w.conn().TestedNow() {
		t.Error("the test of what is there again is forgotten")
	}
}

// req: C5
func TestOff_anAdministratorIsToldWhomToAsk(t *testing.T) {
	w := newWorld(t)
	w.connect()
	w.jit()
	w.try()
	w.open("/enable").Form("/allow").Submit().Is(http.StatusSeeOther)
	w.open("/off").Form("/off").Submit().Is(http.StatusSeeOther)
	if !w.conn().Disabled {
		t.Error("it is still on")
	}
	w.JSON(http.MethodPost, at+"/allow", nil).OK()
	w.open("/enable").Form("/enable").Set("confirm", "acme").Submit().Is(http.StatusSeeOther)
	for path, in := range map[string]map[string]any{"/off": nil, "/remove": {"confirm": "acme"}} {
		a := w.JSON(http.MethodPost, at+path, in)
		w.code(a, problem.SSOEnforced)
		a.Has("help@vendor.example")
		w.open(path).Has("You cannot", "help@vendor.example").HasNot(`type="submit" class="danger"`)
	}
	if w.conn().Disabled {
		t.Error("it was switched off")
	}
	entries, err := w.Store.AuditLog(t.Context(), store.AuditQuery{Limit: 50})
	w.must(err)
	acts := map[string]bool{}
	for _, e := range entries {
		acts[e.Act+" "+e.Outcome] = true
	}
	if !acts["saml.enable.confirm done"] || !acts["saml.off.confirm "+string(problem.SSOEnforced)] {
		t.Errorf("the audit log says %v", acts)
	}
}

// req: C5
func TestEnable_onlyAnAdministratorWithAFreshProof(t *testing.T) {
	w := newWorld(t)
	w.connect()
	w.jit()
	w.try()
	for _, r := range []console.Role{console.Viewer, console.ITAdmin} {
		w.As(consoletest.With(r))
		w.open("/enable").Has("It needs the role admin.")
		w.Post(at+"/enable", url.Values{"confirm": {"acme"}}).Is(http.StatusForbidden)
	}
	stale := consoletest.With(console.Admin)
	stale.Fresh = false
	w.As(stale)
	w.open("/enable").Form("/enable").Set("confirm", "acme").Submit().Is(http.StatusForbidden).Has("Confirm that it is you")
	if e, err := w.desk.Enforcement(t.Context(), "acme"); err != nil || e.Enforced {
		t.Errorf("%+v, %v", e, err)
	}
	w.Get("/workspaces/other/saml").Is(http.StatusNotFound)
}

// req: C5 C7 F5
func TestEnable_thePageSaysWhatIsMissing(t *testing.T) {
	w := newWorld(t)
	w.connect()
	w.jit()
	w.try()
	w.glass = problem.Detailf(problem.SSONoBreakGlass, "Grace never proved hers.")
	w.people = problem.Detailf(problem.SSODomains, "3 people are left.")
	w.open("/enable").Has("Grace never proved hers.", "3 people are left.", "It can be enabled once every check above is good.")
	w.code(w.JSON(http.MethodPost, at+"/enable", map[string]any{"confirm": "acme"}), problem.SSONoBreakGlass)
}

// req: B18 B20
func TestHome_theConnectionIsLookedAfter(t *testing.T) {
	w := newWorld(t)
	w.setup.Key = serverKey
	w.connect()
	w.jit()
	w.try()
	w.open("").Has("Continue setup (step 9 of 9)", "Tested", "Days left", "verified, dropped and asked for anew")
	roll, err := w.tenant.RollCertificate(w.app)
	w.must(err)
	w.open("").Form("/refresh").Submit().Is(http.StatusSeeOther).Follow().Has("Connection established", roll.Thumbprint)
	if !w.conn().TestedNow() {
		t.Error("a new certificate asks for another test")
	}
	w.open("").Form("/keys").Set("use", "signing").Submit().Is(http.StatusSeeOther).Follow().Has("Verification certificates")
	if pem := w.Get(at + "/keys/signing").OK(); !strings.HasPrefix(pem.Body, "-----BEGIN CERTIFICATE-----") {
		t.Errorf("%s", pem.Body)
	}
	w.Get(at + "/keys/nothing").Is(http.StatusNotFound)
	w.open("/settings").Form("/settings").Set("idp_initiated", "reject", "sign_requests", "true", "skew", "90s", "claim_email", "mail",
		"audiences", "a\nb", "app_returns", "com.example.app:/x", "required_claims", "CoNm=acme\nDept").Submit().Is(http.StatusSeeOther)
	c := w.conn()
	if c.IdPInitiated != directory.IdPReject || !c.SignRequests || c.Skew != 90*time.Second || c.ClaimMap[directory.ClaimEmail] != "mail" ||
		len(c.Audiences) != 2 || len(c.AppReturns) != 1 || len(c.RequiredClaims) != 2 || c.RequiredClaims[1].Name != "Dept" {
		t.Errorf("%+v", c)
	}
	for field, value := range map[string]string{
		"skew": "1h", "idp_initiated": "maybe", "request_binding": "pigeon", "type": "ldap", "name_id_format": "email", "authn_context": "password",
		"user_access_url": "https://evil.example/", "app_returns": "javascript:alert(1)", "required_claims": "=x", "entity_id": "a\nb",
	} {
		a := w.open("/settings").Form("/settings").Set(field, value).Submit()
		if a.Status == http.StatusSeeOther || !strings.Contains(a.Body, `aria-invalid="true"`) && !strings.Contains(a.Body, `href="#f-`+field+`"`) {
			t.Errorf("%s=%s: %d, and the field is not marked", field, value, a.Status)
		}
	}
	if after := w.conn(); after.ConfigHash() != c.ConfigHash() {
		t.Error("a refused change changed the connection")
	}
}

func TestHome_anotherIdentityProviderNeedsSomebodyToAgree(t *testing.T) {
	w := newWorld(t)
	w.connect()
	_, err := w.Store.UpdateSAML(t.Context(), "acme", w.Now(), func(c *directory.SAML) ([]directory.Kind, error) {
		c.IdP.EntityID = "https://sts.windows.net/before/"
		return nil, nil
	})
	w.must(err)
	a := w.open("").Form("/refresh").Submit()
	w.code(a, problem.MetadataChanged)
	home := w.open("").Has("The metadata now names another identity provider", w.tenant.SAMLIssuer())
	w.code(w.JSON(http.MethodPost, at+"/agree", map[string]any{"entity_id": "https://evil.example/"}), problem.MetadataNotMember)
	home.Form("/agree").Submit().Is(http.StatusSeeOther)
	if c := w.conn(); c.IdP.EntityID != w.tenant.SAMLIssuer() {
		t.Errorf("%+v", c.IdP)
	}
}

func TestRemove_theWorkspaceIsTyped(t *testing.T) {
	w := newWorld(t)
	w.connect()
	a := w.open("/remove").Form("/remove").Set("confirm", "acm").Submit()
	w.code(a, problem.SSONotConfirmed)
	w.open("/remove").Form("/remove").Set("confirm", "acme").Submit().Is(http.StatusSeeOther).Follow().Has("Not configured")
	w.code(w.JSON(http.MethodPost, at+"/remove", map[string]any{"confirm": "acme"}), problem.SAMLNotSet)
}

// The User access URL stands on the page where the logo is uploaded too, long
// before there is a connection to keep it in.
//
// req: B13
func TestApplication_theUserAccessURLIsKeptUntilThereIsAConnection(t *testing.T) {
	w := newWorld(t)
	send := func(address string) *consoletest.Answer {
		return w.open("/application").Form("/application").Set("app_name", "BIGTIME", "created", "true", "user_access_url", address).Submit()
	}
	w.code(send("https://myapps.evil.example/x"), problem.BadUsage)
	send(" " + w.tenant.UserAccessURL(w.app) + " ").Is(http.StatusSeeOther)
	w.connect()
	if c := w.conn(); c.UserAccessURL != w.tenant.UserAccessURL(w.app) {
		t.Errorf("the connection began with %q", c.UserAccessURL)
	}
	var page struct{ Version int64 }
	w.JSON(http.MethodGet, at+"/application", nil).OK().Into(&page)
	w.JSON(http.MethodPost, at+"/application", map[string]any{"app_name": "BIGTIME", "created": true, "version": page.Version}).OK()
	if c := w.conn(); c.UserAccessURL == "" {
		t.Error("it is gone where nobody named it")
	}
	send("").Is(http.StatusSeeOther)
	if c := w.conn(); c.UserAccessURL != "" {
		t.Errorf("it stays %q", c.UserAccessURL)
	}
}

// Who pastes the certificate and the identifier alone, as some vendors ask them
// to, gets the sign-in page of their tenant.
//
// req: B12
func TestManual_theLoginURLIsThatOfTheTenant(t *testing.T) {
	w := newWorld(t)
	pem := string(w.tenant.SigningCertificate(w.app).PEM)
	refused := w.open("/certificates").Form("/manual").Set("certificate", pem, "issuer", "https://idp.example/other").Submit()
	if !strings.Contains(refused.Body, `href="#f-login_url"`) {
		t.Errorf("another provider's Login URL is not asked for: %s", refused.Text())
	}
	w.open("/certificates").Form("/manual").Set("certificate", pem, "issuer", w.tenant.SAMLIssuer()).Submit().Is(http.StatusSeeOther).
		Follow().Has("Connection established", "No Login URL was given")
	if c := w.conn(); c.IdP.SSORedirect != w.tenant.Authority()+"/saml2" || c.IdP.TenantID != w.tenant.ID {
		t.Errorf("%+v", c.IdP)
	}
}

// req: B13
func TestValues_theUserAccessURLIsChecked(t *testing.T) {
	w := newWorld(t)
	w.open("/values").Has("Part 3 comes first")
	w.connect()
	a := w.open("/values").Form("/values").Set("user_access_url", "https://myapps.evil.example/x").Submit()
	if a.Status == http.StatusSeeOther || !strings.Contains(a.Body, `aria-invalid="true"`) || !strings.Contains(a.Text(), "myapps.evil.example") {
		t.Errorf("%d %s", a.Status, a.Text())
	}
	w.open("/values").Form("/values").Set("user_access_url", w.tenant.UserAccessURL(w.app)).Submit().Is(http.StatusSeeOther)
	if c := w.conn(); c.UserAccessURL != w.tenant.UserAccessURL(w.app) {
		t.Errorf("%q", c.UserAccessURL)
	}
}
