package server

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// req: B19
func TestSLO_itSignsOutHereAndAtMicrosoft(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	b := w.entra.Browser()
	w.login(b)
	w.signedIn(b)
	// The button on the page, pressed by hand.
	jar := w.jar()
	raw, relay := w.answered(jar)
	w.call(jar, "GET", w.r.URL+w.post(raw, relay).Header.Get("Location"), nil)
	resp := w.call(jar, "POST", w.urls().SLO, url.Values{})
	if resp.StatusCode != http.StatusFound || !strings.HasPrefix(resp.Header.Get("Location"), w.tenant.SAMLLoginURL()+"?SAMLRequest=") {
		t.Fatalf("signing out: %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	if got := w.call(jar, "GET", w.r.URL+"/w/acme/whoami", nil); got.StatusCode != 401 {
		t.Errorf("still signed in here: %d", got.StatusCode)
	}
	answer := w.visit(b, resp.Header.Get("Location"))
	if answer == nil || answer.Status != 200 || !strings.Contains(answer.Body, "You are signed out") {
		t.Errorf("the answer: %+v", answer)
	}
	// Another answer to the same is none.
	w.says(w.call(nil, "GET", answer.URL.String(), nil), problem.SAMLLogoutRefused)
}

// req: B19
func TestSLO_itEndsSessionsThatMicrosoftEnds(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	b := w.entra.Browser()
	w.login(b)
	me := w.signedIn(b)
	w.must(b.SignOut(t.Context(), w.tenant))
	if w.whoami(b, w.r) != nil {
		t.Error("the session outlived Microsoft's")
	}
	if left, err := w.store.SessionsOfUser(t.Context(), me.ID); err != nil || len(left) != 0 {
		t.Errorf("%d sessions are left, %v", len(left), err)
	}
}

func TestSLO_itDoesNotSignPeopleOutForAnotherSite(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	jar := w.jar()
	raw, relay := w.answered(jar)
	w.call(jar, "GET", w.r.URL+w.post(raw, relay).Header.Get("Location"), nil)
	req, err := http.NewRequest("POST", w.urls().SLO, strings.NewReader(""))
	w.must(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := (&http.Client{Jar: jar}).Do(req)
	w.must(err)
	defer resp.Body.Close()
	if resp.StatusCode != 400 {
		t.Errorf("a form of another site: %d", resp.StatusCode)
	}
	forged := `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0" IssueInstant="` +
		time.Now().UTC().Format(time.RFC3339) + `" Destination="` + w.urls().SLO + `"><saml:Issuer>` + w.tenant.SAMLIssuer() + `</saml:Issuer><saml:NameID>` + w.ada.UserPrincipalName + `</saml:NameID></samlp:LogoutRequest>`
	resp = w.call(jar, "GET", w.urls().SLO+"?"+url.Values{"SAMLRequest": {deflated(t, forged)}}.Encode(), nil)
	if resp.StatusCode < 400 {
		t.Errorf("an unsigned request: %d", resp.StatusCode)
	}
	if got := w.call(jar, "GET", w.r.URL+"/w/acme/whoami", nil); got.StatusCode != 200 {
		t.Errorf("the person was signed out: %d", got.StatusCode)
	}
	if page := bodyOf(t, w.call(jar, "GET", w.urls().SLO, nil)); !strings.Contains(page, "Do you want to sign out") {
		t.Errorf("a GET alone: %s", page)
	}
}

// req: C1
func TestTestSignIn_itShowsEveryCheckAndChangesNobody(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT, c.Disabled = true, true })
	w.refused(w.login(w.entra.Browser()), problem.ModuleOff)
	link, err := w.setup.NewTest(t.Context(), "acme")
	w.must(err)
	if res, err := w.setup.TestResult(t.Context(), "acme", link.ID); err != nil || res.State != signin.TestWaiting {
		t.Errorf("before: %+v, %v", res, err)
	}
	b := w.entra.Browser()
	answer := w.visit(b, link.URL)
	if answer.Status != 200 || !strings.Contains(answer.Body, "The test sign-in succeeded") || !strings.Contains(answer.Body, "would be created") {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	res, err := w.setup.TestResult(t.Context(), "acme", link.ID)
	if err != nil || res.State != signin.TestPassed || res.Person == nil || res.Person.UserName != w.ada.UserPrincipalName || res.NameID == "" || len(res.Attributes) == 0 {
		t.Errorf("%+v, %v", res, err)
	}
	i := slices.IndexFunc(res.Checks, func(c signin.TestCheck) bool { return c.Name == "audience" })
	if i < 0 || !res.Checks[i].OK || res.Checks[i].Received != w.urls().Metadata || res.Checks[i].Expected == "" {
		t.Errorf("checks: %+v", res.Checks)
	}
	if n, err := w.store.CountUsers(t.Context(), "acme"); err != nil || n.Active != 0 {
		t.Errorf("people: %+v, %v", n, err)
	}
	if w.whoami(b, w.r) != nil {
		t.Error("a test signed somebody in")
	}
	if c, err := w.store.SAML(t.Context(), "acme"); err != nil || c.Tested.IsZero() {
		t.Errorf("tested %v, %v", c.Tested, err)
	}
	w.change(func(c *directory.SAML) { c.JIT = false })
	if c, err := w.store.SAML(t.Context(), "acme"); err != nil || !c.Tested.IsZero() {
		t.Errorf("after a change: tested %v, %v", c.Tested, err)
	}
	w.says(w.call(nil, "GET", link.URL, nil), problem.TestLinkUsed)
	w.says(w.call(nil, "GET", w.r.URL+"/w/acme/saml/test?t=lytest_x", nil), problem.TestLinkUnknown)
}

// req: C1
func TestTestSignIn_itSaysWhatIsWrongAndWhere(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT = true })
	w.change(func(c *directory.SAML) { c.RequiredClaims = []directory.SAMLClaim{{Name: "CoNm", Equals: "456"}} })
	w.entraSAML(func(o *entratest.SAMLOptions) {
		o.Claims = []entratest.SAMLClaim{{Name: "CoNm", Constant: "123"}}
		o.Audience = "https://other.example"
	})
	link, err := w.setup.NewTest(t.Context(), "acme")
	w.must(err)
	answer := w.visit(w.entra.Browser(), link.URL)
	res, err := w.setup.TestResult(t.Context(), "acme", link.ID)
	w.must(err)
	if res.State != signin.TestFailed || res.Code == "" || res.Person != nil {
		t.Errorf("%+v", res)
	}
	failed := map[problem.Code]signin.TestCheck{}
	for _, c := range res.Checks {
		if !c.OK && !c.Skipped {
			failed[c.Code] = c
		}
	}
	for code, received := range map[problem.Code]string{problem.SAMLAudience: "https://other.example", problem.SAMLClaimWrong: "123"} {
		if c, ok := failed[code]; !ok || !strings.Contains(c.Received, received) || c.Expected == "" || c.Field == "" {
			t.Errorf("%s: %+v", code, c)
		}
		if !strings.Contains(answer.Body, string(code)) {
			t.Errorf("the page does not say %s: %s", code, answer.Body)
		}
	}
	link, err = w.setup.NewTest(t.Context(), "acme")
	w.must(err)
	w.entraSAML(func(o *entratest.SAMLOptions) { o.Refuse = 50105 })
	w.visit(w.entra.Browser(), link.URL)
	if res, err := w.setup.TestResult(t.Context(), "acme", link.ID); err != nil || res.Code != problem.NotAssigned {
		t.Errorf("an unassigned person: %+v, %v", res, err)
	}
}

func TestTestLink_itIsGoodForAQuarterOfAnHour(t *testing.T) {
	clock := newClock()
	w := newSAMLWorld(t, "sqlite").start(nil, nil, clock.use)
	link, err := w.setup.NewTest(t.Context(), "acme")
	w.must(err)
	clock.advance(15 * time.Minute)
	w.says(w.call(nil, "GET", link.URL, nil), problem.TestLinkUnknown)
}

func TestSAML_itSendsRequestsByFormAndSigned(t *testing.T) {
	w := newSAMLWorld(t, "sqlite").start(func(c *directory.SAML) { c.JIT, c.SignRequests = true, true }, serverKey)
	out, err := w.setup.Show(t.Context(), "acme")
	w.must(err)
	i := slices.IndexFunc(out.SAML.Keys, func(k directory.SAMLKey) bool { return k.Use == directory.KeySigning })
	w.entraSAML(func(o *entratest.SAMLOptions) { o.VerificationCertificates = [][]byte{out.SAML.Keys[i].Certificate} })
	for _, post := range []bool{false, true} {
		w.change(func(c *directory.SAML) { c.PostBinding = post })
		b := w.entra.Browser()
		w.login(b)
		w.signedIn(b)
		resp := w.call(nil, "GET", w.urls().Login, nil)
		if post != (resp.StatusCode == 200) {
			t.Errorf("post %v: %d", post, resp.StatusCode)
		}
		if page := bodyOf(t, resp); post && (!strings.Contains(page, `name="SAMLRequest"`) || strings.Contains(page, "onload") || strings.Contains(page, "<script>")) {
			t.Errorf("the form: %s", page)
		}
	}
}

func TestSAMLMetadata_itIsThereBeforeAndAfterTheSetUp(t *testing.T) {
	w := newSAMLWorld(t, "sqlite").start(nil, serverKey)
	now := time.Now()
	w.must(w.store.CreateWorkspace(t.Context(), directory.Workspace{ID: "bare", Name: "Bare", Created: now, Modified: now}))
	for id, encrypts := range map[string]bool{"acme": true, "bare": false} {
		resp := w.call(nil, "GET", w.r.URL+"/w/"+id+"/saml/metadata", nil)
		body := bodyOf(t, resp)
		if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/samlmetadata+xml") ||
			!strings.Contains(body, `entityID="`+w.r.URL+"/w/"+id+`/saml/metadata"`) || !strings.Contains(body, "/saml/acs") || !strings.Contains(body, "/saml/slo") ||
			strings.Contains(body, `use="encryption"`) != encrypts {
			t.Errorf("%s: %d %s", id, resp.StatusCode, body)
		}
	}
	w.says(w.call(nil, "GET", w.r.URL+"/w/nobody/saml/metadata", nil), problem.UnknownWorkspace)
	w.says(w.call(nil, "GET", w.r.URL+"/w/bare/saml/login", nil), problem.ModuleOff)
}
