//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/lanyard-sso/lanyard/tools/internal/lab"
)

// document is what the browser shows: one loaded page.
type document struct {
	// Kind is what entratest calls the page, "" when it is not one of its.
	Kind string `json:"kind"`
	// Born is when it was loaded: two documents never have the same.
	Born    float64 `json:"born"`
	Title   string  `json:"title"`
	Problem string  `json:"problem"`
	Loaded  bool    `json:"loaded"`
}

const describe = `({
	kind: document.body && document.body.dataset.page || "",
	born: performance.timeOrigin,
	title: document.title,
	problem: (document.querySelector("#problem") || {}).innerText || "",
	loaded: document.readyState === "complete" && location.protocol.startsWith("http"),
})`

// next waits for a loaded document that is not the last one.
func next(ctx, tab context.Context, last document) (document, error) {
	var doc document
	err := lab.Until(ctx, "the next page in the browser", func() (bool, error) {
		d, err := chromedp.Run(tab, chromedp.Evaluate[document](describe))
		if err != nil { // the page is just being left
			return false, tab.Err()
		}
		doc = d
		return d.Loaded && d.Born != last.Born, nil
	})
	if err != nil {
		return doc, fmt.Errorf("%w; the last page was %q", err, last.Title)
	}
	return doc, nil
}

// enter opens an address in the browser and does as who would until a page
// comes that asks for nothing more: the app's own, or Microsoft's refusal. It
// saves a picture of each page, and returns the last and how many pages asked
// for something.
func (d *walker) enter(ctx context.Context, address string, who person) (document, int, error) {
	tab, closeTab, err := d.browser.Tab(ctx, address)
	if err != nil {
		return document{}, 0, err
	}
	defer closeTab()
	var doc document
	for asked := 0; ; asked++ {
		if doc, err = next(ctx, tab, doc); err != nil {
			return doc, asked, err
		}
		if err := d.pagePicture(tab, doc); err != nil {
			return doc, asked, err
		}
		if doc.Problem != "" {
			return doc, asked, fmt.Errorf("the page %q says: %s", doc.Title, doc.Problem)
		}
		var do chromedp.Action[chromedp.Void]
		switch doc.Kind {
		case "pick":
			do = chromedp.Click(chromedp.CSS(fmt.Sprintf(`button[data-upn=%q]`, who.UserPrincipalName)))
		case "password":
			do = chromedp.Steps(chromedp.SendKeys(chromedp.CSS("#password"), who.Password), chromedp.Click(chromedp.CSS("#next")))
		case "consent":
			do = chromedp.Click(chromedp.CSS("#accept"))
		case "", "error":
			return doc, asked, nil
		default:
			return doc, asked, fmt.Errorf("the browser shows a page %q that the demo does not know", doc.Kind)
		}
		if err := chromedp.Do(tab, do); err != nil {
			return doc, asked, fmt.Errorf("on the page %q: %w", doc.Title, errors.Join(context.Cause(ctx), err))
		}
	}
}

// pagePicture saves what the browser shows.
func (d *walker) pagePicture(tab context.Context, doc document) error {
	shot, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
	if err != nil {
		return fmt.Errorf("taking a picture of the page: %w", err)
	}
	name := "browser-" + doc.Kind
	if doc.Kind == "" {
		name = "browser-done"
	}
	return os.WriteFile(d.pictureName(name), shot, 0o644)
}

// seconds prints a time the way the demo does.
func seconds(t time.Duration) string { return fmt.Sprintf("%.2f s", t.Seconds()) }
