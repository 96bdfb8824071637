package microsoft_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/console/microsoft"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/local"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const (
	home   = "/workspaces/acme/microsoft"
	client = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
	tenant = "11111111-2222-4333-8444-555555555555"
)

func sections(c *consoletest.Console) []console.Section {
	return []console.Section{microsoft.New(microsoft.Config{
		Store: c.Store, PublicURL: c.Server, Now: c.Now,
		Setup:  &signin.MicrosoftSetup{Store: c.Store, PublicURL: c.Server, Now: c.Now, Key: []byte(strings.Repeat("k", 32))},
		Book:   local.New(local.Config{Store: c.Store, PublicURL: c.Server, Now: c.Now, Mail: func(context.Context, directory.Mail) error { return nil }}),
		Frozen: func(context.Context, directory.Workspace, directory.Module) error { return nil },
	})}
}

func TestPages_lookAsTheyDid(t *testing.T) {
	consoletest.Golden(t, microsoft.New(microsoft.Config{PublicURL: &url.URL{}, Now: time.Now}))
}

// req: A16
func TestSetUp_ofTwoAdministratorsTheSecondSeesBothVersions(t *testing.T) {
	const mine, theirs = "99999999-2222-4333-8444-555555555555", "88888888-2222-4333-8444-555555555555"
	consoletest.Each(t, sections, func(t *testing.T, c *consoletest.Console) {
		for _, page := range []string{"/web", "/app"} {
			first, second := c.Get(home+page).OK().Form(page), c.Get(home+page).OK().Form(page)
			first.Set("client_id", client, "tenant_id", theirs).Submit().Is(http.StatusSeeOther)
			a := second.Set("client_id", client, "tenant_id", mine, "domain_hint", "acme.com").Submit().Is(http.StatusConflict).
				Has("theirs is "+strconv.Quote(theirs), "yours is "+strconv.Quote(mine), "Domain hint: theirs is", "Send the form again").HasNot("client) ID: theirs")
			if a.Code() != problem.M365Changed {
				t.Errorf("%s: %s", page, a.Code())
			}
			c.Get(home + page).OK().Has(theirs).HasNot(mine)
			// The page that came back has what was entered, and replaces what is stored.
			a.Form(page).Submit().Is(http.StatusSeeOther)
			c.Get(home + page).OK().Has(mine)
			var doc struct{ Conflict json.RawMessage }
			c.JSON(http.MethodPost, home+page, map[string]any{"client_id": client, "tenant_id": theirs, "version": 0}).Is(http.StatusConflict).Into(&doc)
			if !strings.Contains(string(doc.Conflict), mine) {
				t.Errorf("%s: the answer does not say what is there: %s", page, doc.Conflict)
			}
		}
	})
}

// req: A15
func TestWeb_isSetUpStepByStepAndSaysWhatIsWrong(t *testing.T) {
	consoletest.Each(t, sections, func(t *testing.T, c *consoletest.Console) {
		c.Get(home).OK().Has("Not configured", "Set up sign-in on the web")
		page := c.Get(home+"/web").OK().Has(c.Server.String()+"/w/acme/microsoft/callback", "Platform: Web")
		for bad, want := range map[string]string{
			"client_id=no": "has the form", "tenant_id=common": "stand for everybody", "client_id=" + tenant + "&tenant_id=" + tenant: "copied twice",
			"tenant_id=9188040d-6c67-4c5b-b112-36a304b66dad": "personal", "domain_hint=a b": "domain", "tenant_id=" + tenant + "&authority=http://evil.example": "authority",
		} {
			form, err := url.ParseQuery(bad)
			if err != nil {
				t.Fatal(err)
			}
			if a := c.Post(home+"/web", form).Has(want); a.Code() != problem.M365BadSetting {
				t.Errorf("%s: %s", bad, a.Code())
			}
		}
		page.Form("/web").Set("client_id", strings.ToUpper(client), "tenant_id", tenant).Submit().Is(http.StatusSeeOther).Follow().OK().Has(client, "Make a certificate")
		// Somebody else saved meanwhile.
		if a := page.Form("/web").Set("client_id", client, "tenant_id", tenant).Submit(); a.Code() != problem.M365Changed {
			t.Errorf("an older version: %s", a.Code())
		}
		if a := c.Post(home+"/enable", nil); a.Code() != problem.M365NoKey {
			t.Errorf("enabled without a key: %s", a.Code())
		}
		if a := c.Post(home+"/test", nil); a.Code() != problem.M365NoKey {
			t.Errorf("tested without a key: %s", a.Code())
		}
		c.Post(home+"/web/certificates", nil).Is(http.StatusSeeOther).Follow().OK().Has("Used")
		var kept struct{ Certificates []struct{ ID string } }
		c.JSON("GET", home+"/web", nil).OK().Into(&kept)
		pem := c.Get(home + "/web/certificates/" + kept.Certificates[0].ID).OK()
		if !strings.Contains(string(pem.Body), "BEGIN CERTIFICATE") || strings.Contains(string(pem.Body), "PRIVATE") {
			t.Errorf("downloaded: %s", pem.Body)
		}
		if a := c.Post(home+"/enable", nil); a.Code() != problem.M365Untested {
			t.Errorf("enabled untested: %s", a.Code())
		}
		link := c.Post(home+"/test", nil).OK().Has("/w/acme/microsoft/test?t=lytest_")
		c.Get(strings.TrimPrefix(link.Link("See the result as it comes"), "/admin")).OK().Has("Waiting")
		for _, bad := range []string{"", "11111111-2222-4333-8444-555555555555", "short"} {
			if a := c.Post(home+"/web/secret", url.Values{"secret": {bad}}); a.Code() != problem.M365BadSetting {
				t.Errorf("the secret %q: %s", bad, a.Code())
			}
		}
		c.Post(home+"/web/secret", url.Values{"secret": {"abcdefghijklmnopqrstuvwxyz0123456789-_.~"}, "expires": {"2030-01-31"}}).Is(http.StatusSeeOther).Follow().OK().HasNot("abcdefghij")
		if doc, err := c.Store.Setting(t.Context(), "acme", directory.SettingMicrosoftWebKeys); err != nil || strings.Contains(string(doc.Doc), "abcdefghij") {
			t.Errorf("the secret is kept as %s, %v", doc.Doc, err)
		}
		// Another workspace's certificate is not found.
		c.Get("/workspaces/other/microsoft").Is(http.StatusNotFound)
		c.Get(home + "/web/certificates/unknown").Is(http.StatusNotFound)
	})
}

// Without SAML and provisioning, people come by their first sign-in or not at all.
//
// req: A15
func TestHome_whoMayComeIsChosen(t *testing.T) {
	consoletest.Each(t, sections, func(t *testing.T, c *consoletest.Console) {
		for _, jit := range []bool{true, false} {
			form := c.Get(home).OK().Has("Sign-In via Microsoft 365", "Who may come").Form("/people")
			said := "Only people who were provisioned sign in."
			if jit {
				form, said = form.Set("jit", "true"), "People of the tenant are created at their first sign-in."
			} else {
				form = form.Set("jit", "false")
			}
			form.Submit().Is(http.StatusSeeOther).Follow().OK().Has(said)
			ws, err := c.Store.Workspace(t.Context(), "acme")
			if err != nil || ws.JIT != jit {
				t.Errorf("people are created: %v, not %v, %v", ws.JIT, jit, err)
			}
		}
	})
}

func TestApp_keepsTheRegistrationAndSaysWhichFieldIsWrong(t *testing.T) {
	consoletest.Each(t, sections, func(t *testing.T, c *consoletest.Console) {
		page := c.Get(home+"/app").OK().Has("http://localhost", "access_as_user")
		page.Form("/app").Set("client_id", client, "tenant_id", tenant).Submit().Is(http.StatusSeeOther)
		ws, err := c.Store.Workspace(t.Context(), "acme")
		if err != nil || ws.Microsoft.ClientID != client || ws.Microsoft.TenantID != tenant {
			t.Errorf("kept %+v, %v", ws.Microsoft, err)
		}
		if a := page.Form("/app").Set("client_id", client, "tenant_id", tenant).Submit(); a.Code() != problem.M365Changed {
			t.Errorf("an older version: %s", a.Code())
		}
		for bad, want := range map[string]string{"client_id=" + client: "tenant", "tenant_id=" + tenant: "client", "client_id=" + client + "&tenant_id=" + tenant + "&scope=User.Read": "api://"} {
			form, err := url.ParseQuery(bad)
			if err != nil {
				t.Fatal(err)
			}
			c.Post(home+"/app", form).Is(http.StatusUnprocessableEntity).Has(want)
		}
	})
}

func TestPasswords_areSwitchedAndTakenAwayByAdministrators(t *testing.T) {
	consoletest.Each(t, sections, func(t *testing.T, c *consoletest.Console) {
		const at = "/workspaces/acme/passwords"
		c.Get(at).OK().Has("Nobody has a password")
		c.Get(at).Form("/passwords").Set("enabled", "true").Submit().Is(http.StatusSeeOther)
		ws, err := c.Store.Workspace(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		u := directory.User{
			ID: "u-ada", Directory: ws.Directory, UserName: "ada", State: directory.Active, Version: 1, Created: c.Now(), Modified: c.Now(),
			Doc: []byte(`{"userName":"ada","displayName":"Ada Lovelace","emails":[{"value":"ada@acme.example","type":"work"}]}`),
		}
		if err := c.Store.InsertUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		if err := c.Store.SetPassword(t.Context(), ws.Directory, "u-ada", "$argon2id$", nil, c.Now()); err != nil {
			t.Fatal(err)
		}
		c.Get(at).OK().Has("Ada Lovelace", "ada@acme.example", "Yes")
		c.Post(at+"/invite", url.Values{"person": {"ada@acme.example"}}).Is(http.StatusSeeOther).Follow().Has("on its way to ada@acme.example")
		if a := c.Post(at+"/invite", url.Values{"person": {"nobody@acme.example"}}); a.Code() != problem.PasswordNobody && !strings.Contains(string(a.Body), string(problem.PasswordNobody)) {
			t.Errorf("nobody: %s", a.Code())
		}
		c.As(consoletest.With(console.Viewer))
		c.Post(at+"/drop", url.Values{"person": {"u-ada"}}).Is(http.StatusForbidden)
		if c.Get(at).OK().HasForm("/drop") {
			t.Error("a viewer sees the button")
		}
		c.As(consoletest.Owner())
		c.Post(at+"/drop", url.Values{"person": {"u-ada"}}).Is(http.StatusSeeOther).Follow().Has("Nobody has a password")
	})
}
