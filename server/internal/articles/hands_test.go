//go:build linux && !ci && !race

package articles

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// hands are a person's at a browser: they find things by the words that stand
// there, as a reader of an article does.
type hands struct {
	t   *testing.T
	tab context.Context
	// found counts what was looked for, so that each has a mark of its own.
	found int
	// shots counts the pictures.
	shots int
	name  string
	// close closes the browser.
	close func()
}

// browser starts a Chromium with a new profile, which resolves no names but those
// of this machine.
func browser(t *testing.T, name string, more ...chromedp.ExecAllocatorOption) *hands {
	t.Helper()
	program, err := exec.LookPath(cmp.Or(os.Getenv("BROWSER_PROGRAM"), "chromium"))
	if err != nil {
		t.Fatalf("%v: ./test installs a Chromium and names it in BROWSER_PROGRAM", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("no-proxy-server", true), chromedp.WindowSize(1280, 900),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
		chromedp.WSURLReadTimeout(time.Minute))
	alloc, stop := chromedp.NewExecAllocator(ctx, append(options, more...)...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(alloc)
	t.Cleanup(closeTab)
	h := &hands{t: t, tab: tab, name: name, close: sync.OnceFunc(func() { _ = chromedp.Cancel(tab) })}
	t.Cleanup(h.close) // so that it leaves nothing behind
	if err := chromedp.Do(tab); err != nil {
		t.Fatalf("starting chromium: %v", err)
	}
	return h
}

func (h *hands) do(all ...chromedp.Action[chromedp.Void]) {
	h.t.Helper()
	if err := chromedp.Do(h.tab, all...); err != nil {
		h.t.Fatalf("%v, at: %s", err, h.text())
	}
}

// ask evaluates a function of the page with arguments.
func ask[T any](h *hands, function string, args ...any) T {
	h.t.Helper()
	text := make([]string, len(args))
	for i, a := range args {
		b, err := json.Marshal(a)
		if err != nil {
			h.t.Fatal(err)
		}
		text[i] = string(b)
	}
	v, err := chromedp.Run(h.tab, chromedp.Evaluate[T]("("+function+")("+strings.Join(text, ",")+")"))
	if err != nil {
		h.t.Fatalf("%v in %.80s, at: %s", err, function, h.text())
	}
	return v
}

// text is what can be read on the page.
func (h *hands) text() string {
	v, err := chromedp.Run(h.tab, chromedp.Evaluate[string](
		`document.body ? location.pathname + "\n" + document.body.innerText + "\n" + [...document.querySelectorAll("input:not([type=hidden]),textarea")].map((e) => e.value).join("\n") : ""`))
	if err != nil {
		return err.Error()
	}
	return v
}

// open opens an address.
func (h *hands) open(address string) {
	h.t.Helper()
	h.do(chromedp.Navigate(address))
}

// until waits for something to be so on the page.
func (h *hands) until(what string, good func() bool) {
	h.t.Helper()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	patience := time.NewTimer(time.Minute)
	defer patience.Stop()
	for !good() {
		select {
		case <-tick.C:
		case <-patience.C:
			h.t.Fatalf("waiting for %s, at: %s", what, h.text())
		case <-h.tab.Done():
			h.t.Fatalf("waiting for %s: %v", what, context.Cause(h.tab))
		}
	}
}

// says waits until the page says all of these, whatever their case.
func (h *hands) says(all ...string) {
	h.t.Helper()
	for _, want := range all {
		h.until(strconv.Quote(want), func() bool {
			return strings.Contains(strings.ToLower(h.text()), strings.ToLower(want))
		})
	}
}

// saysNot fails if the page says it.
func (h *hands) saysNot(no string) {
	h.t.Helper()
	if text := h.text(); strings.Contains(strings.ToLower(text), strings.ToLower(no)) {
		h.t.Errorf("the page says %q: %s", no, text)
	}
}

// finder marks the first visible element of the page, or of the part of it that
// has a heading with certain words, whose words are these.
const finder = `(selector, words, mark, within) => {
	const flat = (s) => (s || "").replace(/\s+/g, " ").trim().toLowerCase();
	const want = flat(words);
	const seen = (e) => e.checkVisibility({visibilityProperty: true}) && !e.disabled;
	let root = document;
	if (within) {
		const head = [...document.querySelectorAll("h1,h2,h3,h4,legend,summary")].find((e) => flat(e.innerText).includes(flat(within)) && seen(e));
		if (!head) return false;
		root = head.closest("section,form,fieldset,article,details,li,.card") || head.parentElement;
	}
	const named = (e) => flat(e.innerText) || flat(e.getAttribute("aria-label")) || flat(e.value);
	const all = [...root.querySelectorAll(selector)].filter(seen);
	const one = all.find((e) => named(e) === want) || all.find((e) => named(e).startsWith(want)) || all.find((e) => named(e).includes(want));
	if (!one) return false;
	one.setAttribute("data-hand", mark);
	return true;
}`

// fields marks the field whose label has these words.
const fields = `(words, mark, within) => {
	const flat = (s) => (s || "").replace(/\s+/g, " ").trim().toLowerCase();
	const want = flat(words);
	let root = document;
	if (within) {
		const head = [...document.querySelectorAll("h1,h2,h3,h4,legend,summary")].find((e) => flat(e.innerText).includes(flat(within)));
		if (!head) return false;
		root = head.closest("section,form,fieldset,article,details,li,.card") || head.parentElement;
	}
	const shown = (e) => e && e.checkVisibility({visibilityProperty: true});
	const all = [...root.querySelectorAll("label")].map((l) => [l, l.control || document.getElementById(l.htmlFor)]).filter(([l, c]) => shown(c));
	const words_ = (l, c) => { const also = l.parentElement && l.parentElement.querySelector(".also"); return [flat(l.innerText), flat(also && also.innerText)]; };
	const hit = all.find(([l, c]) => words_(l, c)[0] === want) || all.find(([l, c]) => words_(l, c)[0].startsWith(want)) ||
		all.find(([l, c]) => words_(l, c)[0].includes(want)) || all.find(([l, c]) => words_(l, c)[1].includes(want));
	if (!hit) return false;
	hit[1].setAttribute("data-hand", mark);
	return true;
}`

// mark waits until the thing is there and returns a selector of it.
func (h *hands) mark(what, function string, args func(mark string) []any) chromedp.CSS {
	h.t.Helper()
	h.found++
	mark := strconv.Itoa(h.found)
	h.until(what, func() bool { return ask[bool](h, function, args(mark)...) })
	return chromedp.CSS(`[data-hand="` + mark + `"]`)
}

func (h *hands) thing(selector, words, within string) chromedp.CSS {
	h.t.Helper()
	return h.mark(fmt.Sprintf("%q", words), finder, func(mark string) []any { return []any{selector, words, mark, within} })
}

func (h *hands) field(label, within string) chromedp.CSS {
	h.t.Helper()
	return h.mark("the field "+strconv.Quote(label), fields, func(mark string) []any { return []any{label, mark, within} })
}

// born tells one document from the next.
func (h *hands) born() float64 {
	v, err := chromedp.Run(h.tab, chromedp.Evaluate[float64](`document.readyState === "complete" ? performance.timeOrigin : 0`))
	if err != nil {
		return 0
	}
	return v
}

// onward does what leads to another page, and waits for it.
func (h *hands) onward(what string, a chromedp.Action[chromedp.Void]) {
	h.t.Helper()
	h.onwardBy(what, func() { h.t.Helper(); h.do(a) })
}

func (h *hands) onwardBy(what string, act func()) {
	h.t.Helper()
	before := h.born()
	act()
	h.until("the page after "+what, func() bool { b := h.born(); return b != 0 && b != before })
}

// click finds something and clicks it. Where the page was kept current in between,
// so that it is not there any more, it is found once more.
func (h *hands) click(selector, words, within string) {
	h.t.Helper()
	before := h.born()
	for {
		at := h.thing(selector, words, within)
		ctx, cancel := context.WithTimeout(h.tab, 10*time.Second)
		err := chromedp.Do(ctx, chromedp.Click(at))
		cancel()
		switch {
		case err == nil || h.born() != before:
			return
		case !errors.Is(err, context.DeadlineExceeded) || h.tab.Err() != nil:
			h.t.Fatalf("%v: clicking %q, at: %s", err, words, h.text())
		}
	}
}

// link clicks a link, or what looks like one, and waits for the page.
func (h *hands) link(words string) {
	h.t.Helper()
	h.onwardBy(words, func() { h.t.Helper(); h.click("a[href]", words, "") })
}

// linkIn clicks a link in the part of the page with that heading.
func (h *hands) linkIn(within, words string) {
	h.t.Helper()
	h.onwardBy(words, func() { h.t.Helper(); h.click("a[href]", words, within) })
}

// press presses a button, or a link that looks like one, and waits for the page.
func (h *hands) press(words string) {
	h.t.Helper()
	h.pressIn("", words)
}

// pressIn presses a button in the part of the page with that heading.
func (h *hands) pressIn(within, words string) {
	h.t.Helper()
	h.onwardBy(words, func() { h.t.Helper(); h.click("button, a.button, input[type=submit]", words, within) })
}

// pressHere presses a button that leads to no other page.
func (h *hands) pressHere(words string) {
	h.t.Helper()
	h.click("button, summary", words, "")
}

// fill types into a field.
func (h *hands) fill(label, value string) {
	h.t.Helper()
	h.fillIn("", label, value)
}

// fillIn types into a field of the part of the page with that heading.
func (h *hands) fillIn(within, label, value string) {
	h.t.Helper()
	at := h.field(label, within)
	if len(value) > 200 || strings.Contains(value, "\n") { // pasted rather than typed
		h.do(chromedp.SetValue(at, value))
		return
	}
	h.do(chromedp.Clear(at), chromedp.SendKeys(at, value))
}

// tick ticks a box or chooses a radio button.
func (h *hands) tick(label string) {
	h.t.Helper()
	h.do(chromedp.Click(h.field(label, "")))
}

// choose chooses an option by its words.
func (h *hands) choose(label, option string) {
	h.t.Helper()
	const chosen = `(words, option) => { if (!(` + fields + `)(words, "choose", "")) return false;
		const s = document.querySelector("[data-hand='choose']");
		s.removeAttribute("data-hand");
		const o = [...s.options].find((o) => o.text.trim().toLowerCase().includes(option.toLowerCase())); if (!o) return false;
		s.value = o.value; s.dispatchEvent(new Event("change", {bubbles: true})); return true; }`
	h.until(fmt.Sprintf("the option %q of %q", option, label), func() bool { return ask[bool](h, chosen, label, option) })
}

// read is the value of a field, as to be copied.
func (h *hands) read(label string) string {
	h.t.Helper()
	return h.readIn("", label)
}

func (h *hands) readIn(within, label string) string {
	h.t.Helper()
	// In one go: a region that keeps itself current may be another in a moment.
	const value = `(words, within) => (` + fields + `)(words, "read", within) ? ((e) => { e.removeAttribute("data-hand"); return "=" + e.value; })(document.querySelector("[data-hand='read']")) : ""`
	var v string
	h.until("the field "+strconv.Quote(label), func() bool {
		v = ask[string](h, value, label, within)
		return v != ""
	})
	if v = strings.TrimPrefix(v, "="); v == "" {
		h.t.Fatalf("%q is empty, at: %s", label, h.text())
	}
	return v
}

// shoot takes a picture where LANYARD_PICTURES names a folder for them.
func (h *hands) shoot(what string) {
	h.t.Helper()
	dir := os.Getenv("LANYARD_PICTURES")
	if dir == "" {
		return
	}
	h.shots++
	png, err := chromedp.Run(h.tab, chromedp.FullScreenshot(100))
	if err != nil {
		h.t.Fatal(err)
	}
	file := fmt.Sprintf("%s-%02d-%s.png", h.name, h.shots, strings.ReplaceAll(what, " ", "-"))
	if err := os.WriteFile(filepath.Join(dir, file), png, 0o644); err != nil {
		h.t.Fatal(err)
	}
}
