package samlsso_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// req: A7 B4 B9
func TestWizard_itIsWalkedFromTheFirstStepToEnabled(t *testing.T) {
	w := newWorld(t)
	w.open("").Has("Not configured", "Configure now", "Workspace ID", "acme")
	w.open("/start").Has("Cloud Application Administrator", "Message for your IT administrator")

	w.open("/application").Has("entra.microsoft.com", "portal.azure.com", "Create your own application",
		"Integrate any other application you don't find in the gallery (Non-gallery)", "Acme Lanyard", "215 by 215").
		Form("/application").Set("app_name", "Acme SSO", "application_id", strings.ToUpper(w.app.ClientID), "tenant_id", w.tenant.ID, "created", "true").
		Submit().Is(http.StatusSeeOther).Follow().Has("Users and groups", "AADSTS50105", "Contact info").
		Form("/assign").Set("assigned", "true").Submit().Is(http.StatusSeeOther)
	urls := w.urls()
	w.open("/basic").Has("1 Basic SAML Configuration", "Edit", "Save", "Identifier (Entity ID)", "SP Entity ID", urls.Metadata,
		"Reply URL (Assertion Consumer Service URL)", "ACS URL", urls.ACS, "Sign on URL", urls.Login, "Relay State", "Logout Url", urls.SLO, "SP metadata XML").
		Form("/basic").Submit().Is(http.StatusSeeOther)
	w.open("/claims").Has("2 Attributes & Claims", "User Attributes & Claims", "Unique User Identifier (Name ID)", "user.mail", "CoNm", "Firm ID", "acme").
		Form("/claims").Submit().Is(http.StatusSeeOther)

	// The browser is closed, and somebody goes on another day.
	w.open("").Has("Draft", "Continue setup (step 6 of 9)")
	page := w.Get(w.open("").Link("Continue setup (step 6 of 9)")).OK()
	page.Has("3 SAML Certificates", "App Federation Metadata URL", "Metadata", "Get metadata", "Check now", "Certificate (Base64)", "Azure AD Identifier", "Save settings")
	page.Form("/metadata").Set("metadata_url", w.tenant.LoopbackMetadataURL(w.app)).Submit().Is(http.StatusSeeOther).Follow().
		Has("Connection established", "The tenant is "+w.tenant.ID, "is valid for", w.tenant.SigningCertificate(w.app).Thumbprint)
	if c := w.conn(); !c.Disabled || c.NameIDSource != "mail" {
		t.Errorf("after part 3 people can sign in already, or the Name ID is not user.mail: %+v", c)
	}
	w.open("/values").Has("4 Set up Acme SSO", "Login URL", w.tenant.SAMLLoginURL(), "Microsoft Entra Identifier", w.tenant.SAMLIssuer(), "User access URL").
		Form("/values").Set("user_access_url", w.tenant.UserAccessURL(w.app)).Submit().Is(http.StatusSeeOther)
	w.jit()
	w.try()
	w.open("/test").Has("The test sign-in succeeded", "Continue to enable single sign-on")
	enable := w.open("/enable").Has("You cannot turn it off on your own", "help@vendor.example", "Type the workspace ID, acme, to confirm")
	w.code(enable.Form("/enable").Set("confirm", "acne").Submit(), problem.SSONotConfirmed)
	if !w.conn().Disabled {
		t.Error("it was enabled without being confirmed")
	}
	enable.Form("/enable").Set("confirm", "acme").Submit().Is(http.StatusSeeOther).Follow().Has("Enabled for everybody", "ada@acme.example")
	if e, err := w.desk.Enforcement(t.Context(), "acme"); err != nil || !e.Enforced || e.By != "ada@acme.example" {
		t.Errorf("%+v, %v", e, err)
	}
	if w.conn().Disabled || len(w.told) != 1 {
		t.Errorf("people cannot sign in, or %d letters were sent", len(w.told))
	}
	w.open("/values").Has("4 Set up Acme SSO") // the application's name is remembered
}

// req: B2 B3
func TestBasic_anIdentifierOfOnesOwn(t *testing.T) {
	w := newWorld(t)
	w.open("/basic").Form("/basic").Set("entity_id", " BTIQ ").Submit().Is(http.StatusSeeOther).Follow().Has("BTIQ", "copy it into Entra once more")
	w.connect()
	if id := w.conn().EntityID; id != "BTIQ" {
		t.Errorf("the entity ID is %q", id)
	}
	w.must(w.tenant.UpdateSAML(w.app, func(o *entratest.SAMLOptions) { o.Identifiers = []string{"BTIQ"} }))
	w.jit()
	w.try()
	w.open("/test").Has("The test sign-in succeeded")
	a := w.open("/basic").Form("/basic").Set("entity_id", strings.Repeat("x", 1025)).Submit()
	w.code(a, problem.SAMLEntityID)
	a.Has(strings.Repeat("x", 1025))
	if !w.conn().TestedNow() {
		t.Error("a refused change took the test's word away")
	}
	// The default, pasted back, is the default.
	w.open("/basic").Form("/basic").Set("entity_id", w.urls().Metadata).Submit().Is(http.StatusSeeOther)
	if id := w.conn().EntityID; id != "" {
		t.Errorf("the entity ID is %q", id)
	}
}

// req: B5 B6
func TestClaims_theFirmIDBindsTheApplicationToTheWorkspace(t *testing.T) {
	w := newWorld(t)
	w.open("/claims").Form("/claims").Set("require", "true", "claim_value", `"acme"`).Submit().Is(http.StatusSeeOther)
	w.connect()
	c := w.conn()
	if len(c.RequiredClaims) != 1 || c.RequiredClaims[0].Name != "CoNm" || c.RequiredClaims[0].Equals != "acme" {
		t.Fatalf("required claims: %+v", c.RequiredClaims)
	}
	w.jit()
	w.try()
	w.open("/test").Has("The test sign-in failed", "CoNm", string(problem.SAMLClaimMissing), "What it is most often", "Add new claim")
	w.must(w.tenant.UpdateSAML(w.app, func(o *entratest.SAMLOptions) {
		o.Claims = append(o.Claims, entratest.SAMLClaim{Name: "CoNm", Constant: "acme"})
	}))
	w.try()
	w.open("/test").Has("The test sign-in succeeded", "CoNm")
	a := w.open("/claims").Form("/claims").Set("require", "true", "claim_name", " ", "name_id", "shoe size").Submit()
	a.Is(422).Has("It has 1 to 500 characters.", "It is none of those listed.")
}

// req: B10 B11
func TestCertificates_everyFailureOfTheMetadataIsNamedAndNothingIsKept(t *testing.T) {
	w := newWorld(t)
	page := func(body string, status int) string {
		return serve(t, func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(status)
			_, _ = rw.Write([]byte(body))
		})
	}
	for address, want := range map[string]problem.Code{
		"":                                   problem.MetadataNotURL,
		"what the portal says":               problem.MetadataNotURL,
		"http://login.microsoftonline.com/x": problem.MetadataNotHTTPS,
		"https://169.254.169.254/latest":     problem.MetadataForbidden,
		"https://idp.example/metadata":       problem.MetadataForbidden,
		page("gone", 404):                    problem.MetadataNotFound,
		page("<!doctype html><html><body>Portal</body></html>", 200): problem.MetadataHTML,
		page("oops", 500):                       problem.MetadataStatus,
		page("<x/>", 200):                       problem.MetadataOther,
		page(strings.Repeat("x", 1<<20+2), 200): problem.MetadataTooLarge,
	} {
		a := w.open("/certificates").Form("/metadata").Set("metadata_url", address).Submit()
		w.code(a, want)
		a.HasNot("Connection established")
		if !strings.Contains(a.Body, `aria-invalid="true"`) || address != "" && !strings.Contains(a.Text(), address) {
			t.Errorf("%s: the field is not marked, or what was entered is gone", want)
		}
	}
	if _, err := w.Store.SAML(t.Context(), "acme"); err == nil {
		t.Error("something was kept")
	}
}

// req: B11
func TestCertificates_afterAFailedCheckSuccessIsNotClaimed(t *testing.T) {
	w := newWorld(t)
	w.connect()
	w.open("/certificates").Has("Connection established")
	before := w.conn()
	a := w.open("/certificates").Form("/metadata").Set("metadata_url", "https://login.microsoftonline.com.evil.example/x").Submit()
	w.code(a, problem.MetadataForbidden)
	a.HasNot("Connection established")
	if w.conn().ConfigHash() != before.ConfigHash() {
		t.Error("a refused check changed the connection")
	}
}

// req: A7
func TestCertificates_metadataOfAnotherTenantOrApplicationIsRefused(t *testing.T) {
	w := newWorld(t)
	form := func() *consoletest.Form {
		return w.open("/application").Form("/application").Set("app_name", "A", "created", "true")
	}
	a := form().Set("application_id", "12", "tenant_id", "contoso.onmicrosoft.com").Unset("created").Submit()
	w.code(a, problem.SSOApplicationID)
	a.Has("contoso.onmicrosoft.com", "Tick it once the application is there.")
	other := "11111111-2222-4333-8444-555555555555"
	form().Set("tenant_id", other).Submit().Is(http.StatusSeeOther)
	a = w.open("/certificates").Form("/metadata").Set("metadata_url", w.tenant.LoopbackMetadataURL(w.app)).Submit()
	w.code(a, problem.SSOOtherTenant)
	a.Has(other, w.tenant.ID)
	form().Set("tenant_id", w.tenant.ID, "application_id", other).Submit().Is(http.StatusSeeOther)
	w.code(w.open("/certificates").Form("/metadata").Set("metadata_url", w.tenant.LoopbackMetadataURL(w.app)).Submit(), problem.SSOOtherApp)
	form().Set("tenant_id", w.tenant.ID, "application_id", w.app.ClientID).Submit().Is(http.StatusSeeOther)
	w.connect()
}

// req: B12
func TestCertificates_theValuesGoByHand(t *testing.T) {
	w := newWorld(t)
	pem := string(w.tenant.SigningCertificate(w.app).PEM)
	hand := func() *consoletest.Form { return w.open("/certificates").Form("/manual") }
	a := hand().Set("certificate", pem).Submit()
	if a.Status == http.StatusSeeOther {
		t.Fatal("a certificate alone is a connection")
	}
	a.Has("It is needed.")
	a = hand().Set("certificate", "no certificate", "issuer", w.tenant.SAMLIssuer(), "login_url", w.tenant.SAMLLoginURL()).Submit()
	w.code(a, problem.CertificateUnreadable)
	a.Has("no certificate", w.tenant.SAMLIssuer())
	a = hand().Set("certificate", pem, "issuer", w.tenant.SAMLIssuer(), "login_url", "http://login.example/x").Submit()
	w.code(a, problem.MetadataEndpoint)
	hand().Set("certificate", "\xef\xbb\xbf"+strings.ReplaceAll(pem, "\n", "\r\n")+"  ", "issuer", strings.TrimSuffix(w.tenant.SAMLIssuer(), "/"),
		"login_url", w.tenant.SAMLLoginURL(), "logout_url", w.tenant.SAMLLoginURL()).Submit().Is(http.StatusSeeOther).Follow().
		Has("Connection established", w.tenant.SigningCertificate(w.app).Thumbprint)
	c := w.conn()
	if c.IdP.EntityID != w.tenant.SAMLIssuer() || c.Metadata.URL != "" {
		t.Errorf("%+v", c.IdP)
	}
	w.jit()
	w.try()
	w.open("/test").Has("The test sign-in succeeded")
}

// req: B12
func TestCertificates_aFileIsTakenAsWell(t *testing.T) {
	w := newWorld(t)
	xml := fetch(t, w.tenant.LoopbackMetadataURL(w.app))
	form := w.open("/certificates").Form("/manual").Values()
	w.PostFile(at+"/manual", form, "certificate_file", "metadata.xml", xml).Is(http.StatusSeeOther).Follow().Has("Connection established")
	if c := w.conn(); c.IdP.EntityID != w.tenant.SAMLIssuer() || len(c.Certificates) == 0 || c.Metadata.URL != "" {
		t.Errorf("%+v", c)
	}
}

// req: B12
func TestCertificates_aPrivateKeyIsForgotten(t *testing.T) {
	w := newWorld(t)
	key := "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2\nOF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r\n1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G\n-----END PRIVATE KEY-----\n"
	a := w.open("/certificates").Form("/manual").Set("certificate", key, "issuer", w.tenant.SAMLIssuer(), "login_url", w.tenant.SAMLLoginURL()).Submit()
	w.code(a, problem.CertificatePrivateKey)
	a.Has(w.tenant.SAMLIssuer()).HasNot("MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2")
	j := w.JSON(http.MethodPost, at+"/manual", map[string]any{"certificate": key, "issuer": "x"})
	w.code(j, problem.CertificatePrivateKey)
	j.HasNot("MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2")
	if log, err := w.Store.Settings(t.Context(), "acme", ""); err != nil {
		t.Fatal(err)
	} else {
		for _, s := range log {
			if bytes.Contains(s.Doc, []byte("MIGHAgEA")) {
				t.Errorf("the key is in the setting %s", s.Kind)
			}
		}
	}
}

// req: A16
func TestWizard_ofTwoAdministratorsTheSecondSeesBothVersions(t *testing.T) {
	w := newWorld(t)
	save := func(f *consoletest.Form, name string) *consoletest.Answer {
		return f.Set("app_name", name, "created", "true").Submit()
	}
	first, second := w.open("/application").Form("/application"), w.open("/application").Form("/application")
	save(first, "Theirs").Is(http.StatusSeeOther)
	a := save(second, "Mine")
	w.code(a, problem.DraftChanged)
	a.Has(`theirs is "Theirs"`, `yours is "Mine"`, "ada@acme.example")
	// The page that came back has what was entered, and replaces what is stored.
	a.Form("/application").Submit().Is(http.StatusSeeOther)
	w.open("/application").Has("Mine")

	w.connect()
	one, two := w.open("/settings").Form("/settings"), w.open("/settings").Form("/settings")
	one.Set("jit", "true").Submit().Is(http.StatusSeeOther)
	b := two.Set("require_email", "true").Submit()
	w.code(b, problem.ChangedSince)
	if c := w.conn(); !c.JIT || c.RequireEmail {
		t.Errorf("the first change was lost: %+v", c)
	}
	var doc struct {
		Conflict *struct {
			State string `json:"state"`
		} `json:"conflict"`
	}
	j := w.JSON(http.MethodPost, at+"/claims", map[string]any{"seen": "of yesterday", "name_id": "upn"})
	w.code(j, problem.ChangedSince)
	j.Into(&doc)
	if doc.Conflict == nil || doc.Conflict.State != "draft" {
		t.Errorf("the answer does not say what is there: %s", j.Body)
	}
	b.Form("/settings").Submit().Is(http.StatusSeeOther)
	if c := w.conn(); !c.RequireEmail {
		t.Errorf("sent again, it is still refused: %+v", c)
	}
}

// req: A14
func TestApplication_theGalleryIsHiddenUntilThereIsAListing(t *testing.T) {
	w := newWorld(t)
	w.open("/application").HasNot("gallery: ", "Add from the gallery")
	w.Post(at+"/application", map[string][]string{"app_name": {"A"}, "created": {"true"}, "from": {"gallery"}}).Is(422)
	w = newListed(t, "Acme Lanyard for Entra")
	w.open("/application").Has("Add from the gallery", "Acme Lanyard for Entra", "wait a few seconds", "Create your own application").
		Form("/application").Set("app_name", "Acme Lanyard for Entra", "created", "true").Submit().Is(http.StatusSeeOther)
	if a := w.open("/application").Form("/application").Values().Get("from"); a != "gallery" {
		t.Errorf("the choice is forgotten: %q", a)
	}
}

func TestWizard_aSetupLinkDoesNotChangeWhatPeopleUse(t *testing.T) {
	w := newWorld(t)
	link := console.Principal{ID: "link-1", Link: &console.LinkScope{ID: "1", Workspace: "acme", Module: directory.ModuleSAML}}
	w.As(link)
	w.connect()
	w.open("").HasNot("Enable for everybody")
	w.jit()
	w.try()
	w.open("/enable").Has("It needs the role admin.")
	if a := w.Post(at+"/enable", map[string][]string{"confirm": {"acme"}}); a.Status != http.StatusForbidden {
		t.Errorf("a setup link enabled it: %d", a.Status)
	}
	w.As(consoletest.Owner())
	w.open("/enable").Form("/enable").Set("confirm", "acme").Submit().Is(http.StatusSeeOther)
	before := w.conn()
	w.As(link)
	for path, in := range map[string]map[string]any{
		"/metadata":    {"metadata_url": w.tenant.LoopbackMetadataURL(w.app)},
		"/manual":      {"issuer": "https://evil.example/"},
		"/settings":    {"type": "generic", "idp_initiated": "accept", "request_binding": "post", "skew": "3m"},
		"/basic":       {"entity_id": "BTIQ"},
		"/claims":      {"name_id": "upn"},
		"/values":      {"user_access_url": ""},
		"/application": {"app_name": "X", "created": true},
		"/assign":      {"assigned": true},
		"/keys":        {"use": "signing"},
		"/cancel":      {},
		"/keep":        {},
	} {
		w.code(w.JSON(http.MethodPost, at+path, in), problem.SSOLive)
	}
	if w.conn().Version != before.Version {
		t.Error("a setup link changed a connection that people use")
	}
}
