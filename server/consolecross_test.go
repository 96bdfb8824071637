package server

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// cross is a request that a page of another site has a browser make.
func (d *desk) cross(method, path, kind, body string, headers map[string]string) (*http.Response, string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.base+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for name, v := range headers {
		r.Header.Set(name, v)
	}
	resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return resp, string(text)
}

// No page of another site has an administrator's browser do anything: not by a
// form, not by JSON, not by a form that looks like JSON; also not from a sandboxed
// frame, a sibling domain or a browser that says only where it comes from. What is
// refused so is not even in the audit log.
func TestConsole_noOtherSiteHasAnythingDone(t *testing.T) {
	d := newDesk(t)
	d.sentry.be(console.Principal{ID: "a", Email: "ada@acme.example", ServerOwner: true, Fresh: true})
	from := map[string]map[string]string{
		"another site":    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
		"a sibling":       {"Sec-Fetch-Site": "same-site", "Origin": "https://other." + strings.TrimPrefix(d.base, "http://")},
		"a sandbox":       {"Origin": "null"},
		"an old browser":  {"Origin": "https://evil.example"},
		"the same number": {"Origin": "http://127.0.0.1:1"},
	}
	bodies := map[string][2]string{
		"form":  {"application/x-www-form-urlencoded", "a=b"},
		"plain": {"text/plain", `{"a":"b"}`},
		"files": {"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--\r\n"},
		"json":  {"application/json", `{}`},
		"none":  {"", ""},
	}
	acts := 0
	for _, r := range d.ConsoleRoutes() {
		if !r.Mutates() {
			continue
		}
		acts++
		for who, headers := range from {
			for kind, b := range bodies {
				if who != "another site" && kind != "form" && kind != "json" {
					continue // where it comes from is judged before what it brings
				}
				for _, root := range []string{console.Root, console.API} {
					if resp, text := d.cross(http.MethodPost, root+at(r, "acme"), b[0], b[1], headers); resp.StatusCode != http.StatusForbidden || !strings.Contains(text, "LY-") {
						t.Errorf("%s%s by %s from %s: %d", root, r.Path, kind, who, resp.StatusCode)
					}
				}
			}
		}
		// Where a browser says nothing, a form still is no JSON.
		for _, kind := range []string{"form", "plain", "files"} {
			if resp, _ := d.cross(http.MethodPost, console.API+at(r, "acme"), bodies[kind][0], bodies[kind][1], nil); resp.StatusCode != http.StatusBadRequest {
				t.Errorf("the API takes %s as %s: %d", r.Name, kind, resp.StatusCode)
			}
		}
	}
	if acts < 60 {
		t.Errorf("there are only %d acts", acts)
	}
	all, err := d.cfg.Store.AuditLog(t.Context(), store.AuditQuery{Limit: 5})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.Outcome == store.AuditDone {
			t.Errorf("%s was done", e.Act)
		}
	}
}

// Every page, and every answer of the API, says to the browser that nobody may
// frame it, read it from elsewhere or keep it, and that nothing in it runs.
func TestConsole_everyAnswerKeepsOthersOut(t *testing.T) {
	d := newDesk(t)
	d.sentry.be(console.Principal{ID: "a", Email: "ada@acme.example", ServerOwner: true, Fresh: true})
	for _, r := range d.ConsoleRoutes() {
		for _, root := range []string{console.Root, console.API} {
			resp, _ := d.cross(http.MethodGet, root+at(r, "acme"), "", "", map[string]string{"Origin": "https://evil.example"})
			h := resp.Header
			policy := h.Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script-src 'unsafe") || strings.Contains(policy, "unsafe-eval") {
				t.Errorf("%s%s: the policy is %q", root, r.Path, policy)
			}
			if !strings.Contains(policy, "frame-ancestors 'none'") && !strings.Contains(policy, "sandbox") {
				t.Errorf("%s%s may be framed: %q", root, r.Path, policy)
			}
			for name, want := range map[string]string{
				"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Access-Control-Allow-Origin": "",
				"Access-Control-Allow-Credentials": "", "Cross-Origin-Opener-Policy": "same-origin",
			} {
				if got := h.Get(name); got != want {
					t.Errorf("%s%s: %s is %q", root, r.Path, name, got)
				}
			}
			for _, k := range resp.Cookies() {
				if !k.HttpOnly || k.SameSite == http.SameSiteNoneMode || k.SameSite == http.SameSiteDefaultMode || k.Domain != "" {
					t.Errorf("%s%s sets the cookie %s loosely", root, r.Path, k.Name)
				}
			}
		}
	}
}
