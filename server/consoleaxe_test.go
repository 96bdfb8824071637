//go:build linux && !ci && !race

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

// script serves a script that Chromium need compile only once.
func script(source string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=31536000, immutable")
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = w.Write([]byte(source))
	})
}

// gallery serves every example of the console's pages at /example/0 and so on,
// each with axe.
func gallery(t *testing.T, axe string) (base string, all []console.Example) {
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
	mux.Handle("GET /axe.js", script(axe))
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
		_, _ = w.Write(bytes.Replace(b.Bytes(), []byte("</head>"), []byte(`<script src="/axe.js"></script></head>`), 1))
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

// runAxe asks for what is serious or critical, in both themes. The second differs
// from the first in its colours alone. Nothing is preloaded: that serves rules of
// orientation, which these are not, and costs a request for each page.
const runAxe = `(async () => {
	const wide = ` + tooWide + `;
	const faults = {};
	for (const theme of ["light", "dark"]) {
		document.documentElement.dataset.theme = theme;
		const rules = theme === "dark" ? {type: "rule", values: ["color-contrast", "link-in-text-block"]} :
			{type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]};
		const found = await axe.run(document, {resultTypes: ["violations"], runOnly: rules, preload: false});
		faults[theme] = found.violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) =>
			({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200) + " " + (n.failureSummary || "").slice(0, 200))}));
	}
	return JSON.stringify({wide, faults, title: document.title, checked: document.querySelectorAll("main *").length});
})()`

// tooWide lists what is wider than the screen, but for what scrolls by itself.
const tooWide = `(() => document.scrollingElement.scrollWidth <= window.innerWidth + 1 ? "" :
	[...document.querySelectorAll("main *, header *, nav *, footer *")].filter((e) => e.getBoundingClientRect().right > window.innerWidth + 1 && !e.closest(".scroll") && !e.closest(".side") && !e.closest("pre"))
	.slice(0, 3).map((e) => e.outerHTML.slice(0, 160)).join("\n") || "the page is " + document.scrollingElement.scrollWidth + " wide")()`

// Every page of the console, empty and full, in both themes: axe-core finds
// nothing serious, and nothing is wider than a small telephone.
//
// req: B1
func TestConsole_axeFindsNothingSerious(t *testing.T) {
	base, all := gallery(t, axe(t))
	tab := chromium(t) // one: axe keeps a core busy, and Chromium the other
	if err := chromedp.Do(tab, chromedp.EmulateViewport(320, 640)); err != nil {
		t.Fatal(err)
	}
	for n, e := range all {
		for _, wrong := range looked(tab, fmt.Sprintf("%s/example/%d", base, n)) {
			t.Errorf("%s: %s", e.Name, wrong)
		}
		if tab.Err() != nil {
			t.Fatalf("%d of %d pages were looked at: %v", n, len(all), context.Cause(tab))
		}
		if err := pictures(tab, e.Name); err != nil {
			t.Errorf("%s: %v", e.Name, err)
		}
	}
	if len(all) < 200 {
		t.Errorf("only %d pages were looked at", len(all))
	}
}

// The proof above finds faults where there are some.
func TestConsole_axeFindsWhatIsWrong(t *testing.T) {
	page := `<!doctype html><html lang="en"><head><title>Wrong</title><script src="/axe.js"></script></head><body><main>
		<h1 style="color:#999;background:#aaa">Pale</h1><input><p style="width:900px">wide</p></main></body></html>`
	mux := http.NewServeMux()
	mux.Handle("GET /axe.js", script(axe(t)))
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page))
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	tab := chromium(t)
	if err := chromedp.Do(tab, chromedp.EmulateViewport(320, 640)); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(looked(tab, srv.URL), "\n")
	for _, want := range []string{"too wide", "in light: color-contrast", "in dark: color-contrast", "in light: label"} {
		if !strings.Contains(all, want) {
			t.Errorf("nothing says %q:\n%s", want, all)
		}
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
	return chromedp.Do(tab, chromedp.EmulateViewport(320, 640))
}

// looked looks at one page and says what is wrong with it.
func looked(tab context.Context, address string) (wrong []string) {
	if err := chromedp.Do(tab, chromedp.Navigate(address)); err != nil {
		return []string{err.Error()}
	}
	text, err := chromedp.Run(tab, chromedp.Evaluate[string](runAxe, chromedp.EvalAwaitPromise))
	if err != nil {
		return []string{err.Error()}
	}
	var found struct {
		Wide    string             `json:"wide"`
		Faults  map[string][]fault `json:"faults"`
		Title   string             `json:"title"`
		Checked int                `json:"checked"`
	}
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		return []string{err.Error()}
	}
	if found.Title == "" || found.Checked == 0 || len(found.Faults) != 2 {
		wrong = append(wrong, fmt.Sprintf("this is no page: %s", text))
	}
	if found.Wide != "" {
		wrong = append(wrong, "at 320 px it is too wide: "+found.Wide)
	}
	for theme, faults := range found.Faults {
		for _, f := range faults {
			wrong = append(wrong, fmt.Sprintf("in %s: %s (%s) %s\n  %s", theme, f.ID, f.Impact, f.Help, strings.Join(f.Nodes, "\n  ")))
		}
	}
	return wrong
}
