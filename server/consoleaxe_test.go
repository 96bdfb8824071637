//go:build linux && !ci

package server

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// axe returns the source of axe-core, which ./test fetches.
func axe(t *testing.T) string {
	t.Helper()
	home, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	file := cmp.Or(os.Getenv("LANYARD_AXE"), filepath.Join(home, "lanyard", "axe-core-4.14.1", "axe.min.js"))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: ./test fetches axe-core and names it in LANYARD_AXE", err)
	}
	return string(text)
}

// gallery serves every example of the console's pages at /example/0 and so on.
func gallery(t *testing.T) (base string, all []console.Example) {
	t.Helper()
	st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "lanyard.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	s, err := New(Config{Store: st, PublicURL: &url.URL{Scheme: "https", Host: "sso.example.com"}, Version: "1.0", Console: ConsoleConfig{Patterns: true}})
	if err != nil {
		t.Fatal(err)
	}
	all = s.console.Examples()
	mux := http.NewServeMux()
	mux.Handle("/admin/static/", s.Console())
	mux.HandleFunc("GET /example/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("n"))
		if err != nil || n < 0 || n >= len(all) {
			http.NotFound(w, r)
			return
		}
		var b bytes.Buffer
		if err := s.console.Draw(&b, all[n], time.Date(2026, 3, 14, 9, 26, 0, 0, time.UTC)); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(b.Bytes())
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL, all
}

// fault is what axe found.
type fault struct {
	ID     string   `json:"id"`
	Impact string   `json:"impact"`
	Help   string   `json:"help"`
	Nodes  []string `json:"nodes"`
}

// runAxe asks for what is serious or critical, in one theme. The second differs
// from the first in its colours alone.
const runAxe = `(async (theme) => {
	document.documentElement.dataset.theme = theme;
	const rules = theme === "dark" ? {type: "rule", values: ["color-contrast", "link-in-text-block"]} :
		{type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]};
	const found = await axe.run(document, {resultTypes: ["violations"], runOnly: rules});
	return JSON.stringify(found.violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) =>
		({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200) + " " + (n.failureSummary || "").slice(0, 200))})));
})`

// tooWide lists what is wider than the screen, but for what scrolls by itself.
const tooWide = `(() => document.scrollingElement.scrollWidth <= window.innerWidth + 1 ? "" :
	[...document.querySelectorAll("main *, header *, nav *, footer *")].filter((e) => e.getBoundingClientRect().right > window.innerWidth + 1 && !e.closest(".scroll") && !e.closest(".side") && !e.closest("pre"))
	.slice(0, 3).map((e) => e.outerHTML.slice(0, 160)).join("\n") || "the page is " + document.scrollingElement.scrollWidth + " wide")()`

// Every page of the console, empty and full, in both themes: axe-core finds
// nothing serious, and nothing is wider than a small telephone.
//
// req: B1
func TestConsole_axeFindsNothingSerious(t *testing.T) {
	source := axe(t)
	base, all := gallery(t)
	browser := chromium(t)
	ctx, cancel := context.WithTimeout(browser, 5*time.Minute)
	defer cancel()
	work := make(chan int)
	var wg sync.WaitGroup
	for range 2 {
		tab, closeTab := chromedp.NewContext(ctx)
		defer closeTab()
		wg.Go(func() {
			for n := range work {
				for _, wrong := range looked(tab, source, fmt.Sprintf("%s/example/%d", base, n)) {
					t.Errorf("%s: %s", all[n].Name, wrong)
				}
				if err := pictures(tab, all[n].Name); err != nil {
					t.Errorf("%s: %v", all[n].Name, err)
				}
			}
		})
	}
	for n := range all {
		work <- n
	}
	close(work)
	wg.Wait()
	if len(all) < 20 {
		t.Errorf("only %d pages were looked at", len(all))
	}
}

// pictures takes pictures of a page for people to look at, where
// LANYARD_PICTURES names a folder for them.
func pictures(tab context.Context, name string) error {
	dir := os.Getenv("LANYARD_PICTURES")
	if dir == "" {
		return nil
	}
	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{320, 768, 1280} {
			if err := chromedp.Do(tab, chromedp.EmulateViewport(width, 800),
				chromedp.Evaluate[chromedp.Void]("void (document.documentElement.dataset.theme = "+strconv.Quote(theme)+")")); err != nil {
				return err
			}
			png, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
			if err != nil {
				return err
			}
			file := fmt.Sprintf("%s-%s-%d.png", strings.NewReplacer("/", "-", " ", "-").Replace(name), theme, width)
			if err := os.WriteFile(filepath.Join(dir, file), png, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// looked looks at one page and says what is wrong with it.
func looked(tab context.Context, source, address string) (wrong []string) {
	if err := chromedp.Do(tab, chromedp.EmulateViewport(320, 640), chromedp.Navigate(address)); err != nil {
		return []string{err.Error()}
	}
	if wide, err := chromedp.Run(tab, chromedp.Evaluate[string](tooWide)); err != nil || wide != "" {
		wrong = append(wrong, fmt.Sprintf("at 320 px it is too wide: %s %v", wide, err))
	}
	if _, err := chromedp.Run(tab, chromedp.Evaluate[bool](source+"; true")); err != nil {
		return append(wrong, err.Error())
	}
	for _, theme := range []string{"light", "dark"} {
		text, err := chromedp.Run(tab, chromedp.Evaluate[string](runAxe+"("+strconv.Quote(theme)+")", chromedp.EvalAwaitPromise))
		if err != nil {
			return append(wrong, err.Error())
		}
		var faults []fault
		if err := json.Unmarshal([]byte(text), &faults); err != nil {
			return append(wrong, err.Error())
		}
		for _, f := range faults {
			wrong = append(wrong, fmt.Sprintf("in %s: %s (%s) %s\n  %s", theme, f.ID, f.Impact, f.Help, strings.Join(f.Nodes, "\n  ")))
		}
	}
	return wrong
}
