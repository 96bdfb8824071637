package guide_test

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/console/guide"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func sections(c *consoletest.Console) []console.Section {
	return []console.Section{guide.New(guide.Config{Store: c.Store})}
}

func TestPages_lookAsTheyDid(t *testing.T) { consoletest.Golden(t, guide.New(guide.Config{})) }

const home = "/workspaces/acme/guide"

// req: I1
func TestArticles_areFilledInAndCanBeSaved(t *testing.T) {
	consoletest.Each(t, sections, func(t *testing.T, c *consoletest.Console) {
		c.Get(home).OK().Has("Integrate with Microsoft Entra ID", "Single sign-on with SAML", "Provisioning with SCIM")
		page := c.Get(home+"/saml").OK().Has("1 Basic SAML Configuration", c.Server.String()+"/w/acme/saml/acs", "Microsoft Entra admin center", "Azure portal")
		file := c.Get(page.Link("Save as Markdown")).OK()
		if !strings.HasPrefix(file.Body, "# Integrate with Microsoft Entra ID: Single sign-on with SAML\n") || !strings.Contains(file.Header.Get("Content-Disposition"), "acme-saml.md") {
			t.Errorf("the file: %v %.100s", file.Header, file.Body)
		}
		if file := c.Get(page.Link("Save as HTML")).OK(); !strings.HasPrefix(file.Body, "<!DOCTYPE html>") {
			t.Errorf("the page: %.100s", file.Body)
		}
		c.Get(home + "/saml/download?format=pdf").Is(http.StatusBadRequest)
		c.Get(home + "/telegraph").Is(http.StatusNotFound)
		c.Get("/workspaces/other/guide/saml").Is(http.StatusNotFound)

		var doc struct {
			Article struct {
				Module   string
				Sections []struct{ ID string }
			}
		}
		c.JSON(http.MethodGet, home+"/scim", nil).OK().Into(&doc)
		if doc.Article.Module != "scim" || len(doc.Article.Sections) != 12 {
			t.Errorf("JSON: %+v", doc)
		}
	})
}

// Whoever came by a setup link reads the article of its module and no other.
func TestArticles_asetupLinkLeadsToOne(t *testing.T) {
	c := consoletest.New(t, sections)
	c.As(console.Principal{ID: "link-1", Link: &console.LinkScope{ID: "1", Workspace: "acme", Module: directory.ModuleSAML}})
	c.Get(home + "/saml").OK().HasNot("Was this helpful?")
	c.Get(home + "/saml/download").OK()
	for _, path := range []string{home, home + "/scim", home + "/scim/download", home + "/glossary"} {
		c.Get(path).Is(http.StatusForbidden)
	}
	c.Get("/workspaces/other/guide/saml").Is(http.StatusNotFound)
}

func TestTroubleshooting_findsCodesAndExplainsWhatIsPasted(t *testing.T) {
	c := consoletest.New(t, sections)
	look := func(q string) *consoletest.Answer {
		return c.Get(home + "/troubleshooting?" + url.Values{"q": {q}}.Encode())
	}
	look("").OK().Has("LY-SAML-022", "AADSTS50105")
	look("50105").OK().Has("AADSTS50105", "not assigned", "Users and groups").HasNot("LY-SAML-022")
	look("AADSTS50011: The redirect URI 'http://localhost:1' does not match. Trace ID: 11111111-2222-4333-8444-555555555555").OK().
		Has("This is an error of Microsoft Entra ID", "AADSTS50011", "11111111-2222-4333-8444-555555555555")
	look("audience issuer nobody xyzzy").OK().Has("No code has all of these words")
	look("<script>alert(1)</script>").OK().HasNot("<script>alert")
	look(strings.Repeat("x", 5000)).Is(http.StatusRequestEntityTooLarge)
	c.Get(home+"/glossary").OK().Has("Azure AD", "System for Cross-domain Identity Management")
}

// req: I5
func TestHelpful_countsEachAdministratorOnce(t *testing.T) {
	consoletest.Each(t, sections, func(t *testing.T, c *consoletest.Console) {
		say := func(article, helpful string) *consoletest.Answer {
			return c.Post(home+"/helpful", url.Values{"article": {article}, "helpful": {helpful}})
		}
		say("saml", "no").Is(http.StatusSeeOther).Follow().OK().Has("Thank you", "You said no.")
		say("saml", "yes").Is(http.StatusSeeOther).Follow().OK().Has("You said yes.")
		c.As(consoletest.With(console.ITAdmin))
		var tally struct{ Yes, No int }
		c.JSON(http.MethodPost, home+"/helpful", map[string]string{"article": "saml", "helpful": "no"}).OK().Into(&tally)
		if tally.Yes != 1 || tally.No != 1 {
			t.Errorf("two administrators: %+v", tally)
		}
		c.Get(home).OK().Has("Was it helpful? Article Yes No Single sign-on with SAML 1 1")
		if a := say("telegraph", "yes"); a.Is(http.StatusUnprocessableEntity).Code() != problem.FieldBad {
			t.Errorf("an unknown article: %s", a.Text())
		}
		say("saml", "perhaps").Is(http.StatusUnprocessableEntity)
		c.As(consoletest.With(console.Viewer))
		say("saml", "yes").Is(http.StatusForbidden)
		c.Get(home + "/saml").OK().HasNot("Was this helpful?")
	})
}
