//go:build linux && !ci && !race

package articles

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// world is a Lanyard server that nobody has used yet, and a Microsoft beside it.
type world struct {
	t      *testing.T
	entra  *entratest.Entra
	tenant *entratest.Tenant
	server *server.Server
	store  *server.Store
	// base is the server's address, and file its database.
	base, file string
	log        *bytes.Buffer
}

// begin starts both. change alters the server's configuration, and more is how
// Microsoft is to be.
func begin(t *testing.T, change func(*server.Config), more ...entratest.Options) *world {
	t.Helper()
	w := &world{t: t, entra: entratest.New(t, more...), file: litetest.File(t), log: &bytes.Buffer{}}
	w.tenant = w.entra.AddTenant(entratest.TenantOptions{})
	st, err := sqlite.Open(t.Context(), w.file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	w.store = st
	var h http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { h.ServeHTTP(rw, r) }))
	t.Cleanup(srv.Close)
	w.base = strings.Replace(srv.URL, "127.0.0.1", "localhost", 1) // passkeys want a name
	public, err := url.Parse(w.base)
	if err != nil {
		t.Fatal(err)
	}
	c := server.Config{
		Store: st, PublicURL: public, ServerKey: bytes.Repeat([]byte{7}, 32), HTTPClient: w.entra.HTTPClient(),
		Log: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	if change != nil {
		change(&c)
	}
	if w.server, err = server.New(c); err != nil {
		t.Fatal(err)
	}
	h = w.server
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := w.server.Run(ctx); err != nil {
			t.Errorf("in the background: %v", err)
		}
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return w
}

// owner is the first administrator, in a browser of their own, who has joined with
// a passkey.
func (w *world) owner(name string) *hands {
	w.t.Helper()
	h := browser(w.t, name)
	h.authenticator()
	link, _, err := w.server.FirstAdminLink(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	h.open(link)
	h.says("Become the owner of this server")
	h.fill("Name", "Ada Lovelace")
	h.fill("E-mail", "ada@acme.example")
	h.press("Continue")
	h.says("Choose how you sign in")
	h.press("Create a passkey")
	h.says("You sign in with your passkey from now on")
	return h
}

// employee is somebody's browser that reaches Microsoft by Microsoft's own names,
// as browsers elsewhere do.
func (w *world) employee(name string) *hands {
	w.t.Helper()
	return browser(w.t, name, chromedp.Flag("no-proxy-server", false), chromedp.ProxyServer(w.entra.ProxyURL()), chromedp.IgnoreCertErrors)
}

// authenticator gives the browser one that verifies its user.
func (h *hands) authenticator() {
	h.t.Helper()
	if _, err := chromedp.Call(h.tab, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		h.t.Fatal(err)
	}
	if _, err := chromedp.Call(h.tab, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}); err != nil {
		h.t.Fatal(err)
	}
}

// microsoft signs somebody in on Microsoft's pages, which stand before the hands.
func (h *hands) microsoft(u *entratest.User) {
	h.t.Helper()
	h.until("Microsoft's list of accounts", func() bool {
		return ask[bool](h, `(upn) => !!document.querySelector("button[data-upn='" + upn + "']")`, u.UserPrincipalName)
	})
	h.onward("choosing the account", chromedp.Click(chromedp.CSS(`button[data-upn="`+u.UserPrincipalName+`"]`)))
	h.do(chromedp.SendKeys(chromedp.CSS("#password"), u.Password))
	h.onward("the password", chromedp.Click(chromedp.CSS("#next")))
}

// workspace makes a workspace in the console, as every article begins with one.
func (h *hands) workspace(base, id, name string) {
	h.t.Helper()
	h.open(base + "/admin")
	h.press("Create a workspace")
	h.fill("Name", name)
	h.fill("Workspace ID", id)
	h.press("Create")
	h.says(name)
}

func TestWorld_anOwnerMakesAWorkspace(t *testing.T) {
	t.Parallel()
	w := begin(t, nil)
	h := w.owner("begin")
	h.workspace(w.base, "acme", "Acme Ltd")
	h.shoot("home")
	h.says("Integrations", "Single sign-on (SAML)", "Provisioning (SCIM)")
}
