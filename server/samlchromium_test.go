//go:build linux

package server

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// chromium starts a browser with a new profile, which resolves no names but
// those of this machine.
func chromium(t *testing.T) context.Context {
	t.Helper()
	program, err := exec.LookPath(cmp.Or(os.Getenv("BROWSER_PROGRAM"), "chromium"))
	if err != nil {
		t.Fatalf("%v: ./test installs a Chromium and names it in BROWSER_PROGRAM", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	t.Cleanup(cancel)
	alloc, stop := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("force-prefers-reduced-motion", true), // a colour on its way to another is neither
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
		chromedp.WSURLReadTimeout(time.Minute))...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(alloc)
	t.Cleanup(closeTab)
	t.Cleanup(func() { _ = chromedp.Cancel(tab) }) // so that it leaves nothing behind
	if err := chromedp.Do(tab); err != nil {
		t.Fatalf("starting chromium: %v", err)
	}
	return tab
}

// seen is one loaded page.
type seen struct {
	Kind   string  `json:"kind"`
	Born   float64 `json:"born"`
	Path   string  `json:"path"`
	Text   string  `json:"text"`
	Loaded bool    `json:"loaded"`
}

const look = `({kind: document.body && document.body.dataset.page || "", born: performance.timeOrigin, path: location.pathname,
	text: document.body && document.body.innerText || "", loaded: document.readyState === "complete" && location.protocol.startsWith("http")})`

// nextPage waits for a loaded page that good takes.
func nextPage(t *testing.T, tab context.Context, good func(seen) bool) seen {
	t.Helper()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	var last seen
	for {
		if s, err := chromedp.Run(tab, chromedp.Evaluate[seen](look)); err == nil {
			if last = s; s.Loaded && good(s) {
				return s
			}
		}
		select {
		case <-tick.C:
		case <-tab.Done():
			t.Fatalf("the browser stayed at %+v: %v", last, context.Cause(tab))
		}
	}
}

// A real browser has rules that no library plays: which cookies go with a form
// of another site, what a policy lets a page do, where a redirect after a form
// may lead, and what stands behind #.
//
// req: H1
// req: B19
func TestChromium_itSignsInFromADeepLinkByForm(t *testing.T) {
	w := newSAML(t, "sqlite", func(c *directory.SAML) { c.JIT, c.PostBinding = true, true })
	tab := chromium(t)
	do := func(a chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, a); err != nil {
			t.Fatal(err)
		}
	}
	of := func(kind string) func(seen) bool { return func(s seen) bool { return s.Kind == kind } }
	do(chromedp.Navigate(w.r.URL + "/sso#acme"))
	nextPage(t, tab, of("pick"))
	do(chromedp.Click(chromedp.CSS(`button[data-upn="` + w.ada.UserPrincipalName + `"]`)))
	nextPage(t, tab, of("password"))
	do(chromedp.Steps(chromedp.SendKeys(chromedp.CSS("#password"), w.ada.Password), chromedp.Click(chromedp.CSS("#next"))))
	home := nextPage(t, tab, func(s seen) bool { return s.Path == "/w/acme/" })
	if want := "You are signed in as Ada Lovelace"; !strings.Contains(home.Text, want) {
		t.Errorf("the page: %q", home.Text)
	}
	do(chromedp.Click(chromedp.CSS("button")))
	nextPage(t, tab, func(s seen) bool { return strings.Contains(s.Text, "You are signed out") })
	do(chromedp.Navigate(w.r.URL + "/w/acme/"))
	if s := nextPage(t, tab, func(s seen) bool { return s.Path == "/w/acme/" }); !strings.Contains(s.Text, "You are not signed in") {
		t.Errorf("after signing out: %q", s.Text)
	}
}
