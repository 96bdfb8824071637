package samlsso_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/console/samlsso"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/enforce"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
)

// serverKey seals private keys in tests.
var serverKey = []byte("0123456789abcdef0123456789abcdef")

// microsoft is one Entra for all tests, since making keys takes a while. Each
// world saves the application's page Single sign-on anew.
var microsoft struct {
	entra  *entratest.Entra
	tenant *entratest.Tenant
	app    *entratest.App
	ada    *entratest.User
}

func TestMain(m *testing.M) {
	e, err := entratest.Start(entratest.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	microsoft.entra = e
	microsoft.tenant = e.AddTenant(entratest.TenantOptions{})
	microsoft.app = microsoft.tenant.AddApp(entratest.App{})
	microsoft.ada = microsoft.tenant.AddUser(entratest.User{DisplayName: "Ada Lovelace", GivenName: "Ada", Surname: "Lovelace", Mail: "ada@acme.example"})
	code := m.Run()
	e.Close()
	os.Exit(code)
}

// world is a console with this section, the pages that people sign in by, and a
// tenant of Entra's with an application and somebody who may use it.
type world struct {
	*consoletest.Console
	entra  *entratest.Entra
	tenant *entratest.Tenant
	app    *entratest.App
	ada    *entratest.User

	setup         *signin.SAMLSetup
	desk          *enforce.Desk
	glass, people error
	told          []enforce.Notice
	// listing is the name in Entra's gallery.
	listing string
}

func newWorld(t testing.TB) *world { return newListed(t, "") }

// newListed is newWorld with a listing in Entra's gallery.
func newListed(t testing.TB, listing string) *world {
	t.Helper()
	w := &world{listing: listing, entra: microsoft.entra, tenant: microsoft.tenant, app: microsoft.app, ada: microsoft.ada}
	w.Console = consoletest.New(t, func(c *consoletest.Console) []console.Section {
		mux := http.NewServeMux()
		srv := httptest.NewServer(mux)
		t.Cleanup(srv.Close)
		public, err := url.Parse(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		w.setup = &signin.SAMLSetup{Store: c.Store, PublicURL: public, Now: c.Now, Fetcher: &signin.Fetcher{Loopback: true}}
		free := func(*http.Request) error { return nil }
		people := &signin.SAMLHandler{
			Store: c.Store, PublicURL: public, Now: c.Now, TTL: time.Hour, Limit: free, LookupLimit: free, PasswordLimit: free,
			Refresh: func(_ context.Context, n directory.SAML) (directory.SAML, bool) { return n, false },
		}
		people.Mount(mux)
		w.desk = &enforce.Desk{
			Store: c.Store, Now: c.Now,
			BreakGlass: func(context.Context, string) error { return w.glass },
			Domains:    func(context.Context, string) error { return w.people },
			Tell:       func(_ context.Context, n enforce.Notice) error { w.told = append(w.told, n); return nil },
		}
		contact := func(context.Context, string) (string, string, error) { return "help@vendor.example", "", nil }
		return []console.Section{samlsso.New(samlsso.Config{Setup: w.setup, Desk: w.desk, Contact: contact, Gallery: w.listing})}
	})
	urls := w.urls()
	w.must(w.tenant.SetSAML(w.app, entratest.SAMLOptions{
		Identifiers: []string{urls.Metadata}, ReplyURLs: []string{urls.ACS}, LogoutURL: urls.SLO,
	}))
	w.Advance(time.Since(w.Now()) + time.Second) // the clock stands; the certificate was made since
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) urls() signin.SAMLURLs { return signin.URLsOf(w.setup.PublicURL, "acme") }

func (w *world) conn() directory.SAML {
	w.Helper()
	c, err := w.Store.SAML(w.Context(), "acme")
	w.must(err)
	return c
}

const at = "/workspaces/acme/saml"

// open opens a page of the section.
func (w *world) open(page string) *consoletest.Answer {
	w.Helper()
	return w.Get(at + page).OK()
}

// connect gets the metadata, as an administrator does in part 3.
func (w *world) connect() {
	w.Helper()
	w.open("/certificates").Form("/metadata").Set("metadata_url", w.tenant.LoopbackMetadataURL(w.app)).Submit().Is(http.StatusSeeOther)
}

// jit creates people at their first sign-in, so that a test knows who it would be.
func (w *world) jit() {
	w.Helper()
	w.open("/settings").Form("/settings").Set("jit", "true").Submit().Is(http.StatusSeeOther)
}

// try makes a test link and signs ada in with it, in a fresh browser. It returns
// the link.
func (w *world) try() string {
	w.Helper()
	var made struct {
		URL string `json:"url"`
	}
	w.JSON(http.MethodPost, at+"/test", map[string]any{}).OK().Into(&made)
	w.visit(made.URL)
	return made.URL
}

func (w *world) visit(address string) *entratest.Answer {
	w.Helper()
	answer, err := w.entra.Browser().Visit(w.Context(), address, w.ada)
	w.must(err)
	return answer
}

// code fails the test unless the answer is of a code, with its status.
func (w *world) code(a *consoletest.Answer, want problem.Code) {
	w.Helper()
	a.Is(problem.Lookup(want).Status)
	if got := a.Code(); got != want {
		w.Errorf("the code is %s, want %s: %s", got, want, a.Text())
	}
}
