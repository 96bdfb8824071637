package microsoft_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Whoever chose the authority would vouch for everybody, and have the server call
// whatever address they like: it is one of Microsoft's.
func TestAuthority_isOneOfMicrosofts(t *testing.T) {
	consoletest.Each(t, sections, func(t *testing.T, c *consoletest.Console) {
		for _, path := range []string{home + "/app", home + "/web"} {
			for _, evil := range []string{
				"https://evil.example", "https://169.254.169.254", "https://10.0.0.1:8443", "https://login.microsoftonline.com.evil.example",
				"https://login.microsoftonline.com:444", "https://login.microsoftonline.com@evil.example", "https://evil.example/login.microsoftonline.com",
			} {
				a := c.Post(path, url.Values{"client_id": {client}, "tenant_id": {tenant}, "authority": {evil}})
				if a.Status != http.StatusUnprocessableEntity || a.Code() != problem.M365BadSetting {
					t.Errorf("%s takes %s: %d %s", path, evil, a.Status, a.Code())
				}
			}
			c.Post(path, url.Values{"client_id": {client}, "tenant_id": {tenant}, "authority": {"https://login.microsoftonline.us"}}).Is(http.StatusSeeOther)
		}
	})
}

// A setup link leads to a set-up, not to how people sign in already.
func TestApp_aSetupLinkDoesNotChangeWhatWorks(t *testing.T) {
	consoletest.Each(t, sections, func(t *testing.T, c *consoletest.Console) {
		link := console.Principal{ID: "link:1", Link: &console.LinkScope{ID: "1", Workspace: "acme", Module: directory.ModuleMicrosoft}}
		c.As(link)
		set := func(client string) *consoletest.Answer {
			return c.Post(home+"/app", url.Values{"client_id": {client}, "tenant_id": {tenant}})
		}
		set("bbbbbbbb-bbbb-4ccc-8ddd-eeeeeeeeeeee").Is(http.StatusSeeOther)
		set(client).Is(http.StatusSeeOther) // a slip of the hand can be mended
		ws, err := c.Store.Workspace(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		// Somebody signs in with it.
		if _, _, err := store.ChangeSetting(t.Context(), c.Store, "acme", directory.SettingSwitches, store.SettingChange{Version: store.AnyVersion, Who: "test", Now: c.Now()}, func(s *directory.Switches) error {
			s.Proven = map[directory.Module]string{directory.ModuleMicrosoft: ws.Microsoft.Fingerprint()}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if a := set("bbbbbbbb-bbbb-4ccc-8ddd-eeeeeeeeeeee"); a.Code() != problem.SSOLive {
			t.Errorf("a link changed what people sign in with: %d %s", a.Status, a.Code())
		}
		if a := c.Post(home+"/people", url.Values{"jit": {"true"}}); a.Code() != problem.SSOLive {
			t.Errorf("a link lets the whole tenant in: %d %s", a.Status, a.Code())
		}
		c.As(consoletest.With(console.ITAdmin))
		set("bbbbbbbb-bbbb-4ccc-8ddd-eeeeeeeeeeee").Is(http.StatusSeeOther)
	})
}
