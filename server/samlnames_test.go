package server

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// req: B15
func TestNames_anOldNameOfAWorkspaceLeadsToItForNinetyDays(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	ctx, now := t.Context(), w.setup.Now()
	w.must(w.store.NameWorkspace(ctx, "acme", "umbrella", now.Add(-24*time.Hour)))
	w.must(w.store.NameWorkspace(ctx, "acme", "acme-corp", now))
	base := w.r.server.cfg.PublicURL.String()
	for from, to := range map[string]string{
		"/w/umbrella/saml/login?return_to=/w/acme/":    "/w/acme/saml/login?return_to=/w/acme/",
		"/w/Acme-Corp/saml/metadata":                   "/w/acme/saml/metadata",
		"/w/acme-corp/":                                "/w/acme/",
		"/sso/umbrella":                                "/sso/acme",
		"/sso?workspace=Umbrella":                      "/sso?workspace=acme",
		"/w/umbrella/saml/login?return_to=//evil.test": "/w/acme/saml/login?return_to=//evil.test",
	} {
		resp := w.call(nil, http.MethodGet, base+from, nil)
		if resp.StatusCode != http.StatusTemporaryRedirect || resp.Header.Get("Location") != to {
			t.Errorf("%s: %d to %q, want %q", from, resp.StatusCode, resp.Header.Get("Location"), to)
		}
	}
	// A name may look like the beginning of the path.
	w.must(w.store.NameWorkspace(ctx, "acme", "ss", now))
	if resp := w.call(nil, http.MethodGet, base+"/sso/ss", nil); resp.Header.Get("Location") != "/sso/acme" {
		t.Errorf("/sso/ss leads to %q", resp.Header.Get("Location"))
	}
	// The app finds it too, and is told the id.
	resp := w.call(nil, http.MethodGet, base+"/v1/workspaces/Umbrella", nil)
	body, err := io.ReadAll(resp.Body)
	w.must(err)
	if resp.StatusCode != http.StatusOK || !strings.Contains(string(body), `"id":"acme"`) {
		t.Errorf("discovery: %d %s", resp.StatusCode, body)
	}
	// An old name that has run out leads nowhere, as one that never was.
	w.must(w.store.NameWorkspace(ctx, "acme", "other", now.Add(-store.KeepNamesFor-time.Hour)))
	w.must(w.store.NameWorkspace(ctx, "acme", "acme-corp", now.Add(-store.KeepNamesFor-time.Minute)))
	for _, name := range []string{"other", "nobody", "a", "admin", "%00", "..%2f..", strings.Repeat("x", 100)} {
		resp := w.call(nil, http.MethodGet, base+"/w/"+name+"/saml/login", nil)
		if resp.StatusCode != http.StatusNotFound && resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
	w.says(w.call(nil, http.MethodGet, base+"/w/other/saml/login", nil), problem.UnknownWorkspace)
}
