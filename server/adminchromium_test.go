//go:build linux

package server

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// In a real browser, with an authenticator that verifies its user: whoever opens
// the link becomes the owner with a passkey, signs out, and signs in with it to the
// page they wanted to see.
//
// req: A4
func TestChromium_anOwnerJoinsAndSignsInWithAPasskey(t *testing.T) {
	st, err := sqlite.Open(t.Context(), litetest.File(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	now := time.Now()
	if err := st.CreateWorkspace(t.Context(), directory.Workspace{ID: "acme", Name: "Acme Ltd", Directory: "acme", SCIMEnabled: true, Created: now, Modified: now}); err != nil {
		t.Fatal(err)
	}
	var h http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	base := strings.Replace(srv.URL, "127.0.0.1", "localhost", 1) // passkeys want a name
	public, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Store: st, PublicURL: public, ServerKey: bytes.Repeat([]byte{7}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	h = s
	link, _, err := s.FirstAdminLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	tab := chromium(t)
	do := func(a chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, a); err != nil {
			t.Fatal(err)
		}
	}
	says := func(text string) seen {
		t.Helper()
		return nextPage(t, tab, func(s seen) bool { return strings.Contains(s.Text, text) })
	}
	if _, err := chromedp.Call(tab, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(tab, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}); err != nil {
		t.Fatal(err)
	}

	do(chromedp.Navigate(link))
	says("Become the owner of this server")
	do(chromedp.Steps(
		chromedp.SendKeys(chromedp.CSS("#f-name"), "Ada Lovelace"),
		chromedp.SendKeys(chromedp.CSS("#f-email"), "ada@acme.example"),
		chromedp.Click(chromedp.CSS("main form button[type=submit]")),
	))
	says("Choose how you sign in")
	do(chromedp.Click(chromedp.CSS("button[data-passkey=create]")))
	says("You sign in with your passkey from now on")
	do(chromedp.Navigate(base + "/admin/account"))
	says("Your account")
	do(chromedp.Click(chromedp.CSS(`form[action="/admin/sign-out"] button`)))
	says("You are signed out")

	do(chromedp.Navigate(base + "/admin/workspaces/acme/admins"))
	if at := says("Sign in to the console"); at.Path != "/admin/sign-in" {
		t.Errorf("whoever is not signed in is led to %s", at.Path)
	}
	do(chromedp.Click(chromedp.CSS("button[data-passkey=get]")))
	if at := says("Invite somebody"); at.Path != "/admin/workspaces/acme/admins" || !strings.Contains(at.Text, "ada@acme.example") {
		t.Errorf("signed in to %s: %s", at.Path, at.Text)
	}
	// The link is spent.
	do(chromedp.Navigate(link))
	says("This link does not work")
}
