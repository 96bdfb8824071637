//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"

	"github.com/chromedp/chromedp"
)

// Document is what the browser shows: one loaded page.
type Document struct {
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

// next waits for a loaded document that is not the last one, nor the form by
// which Microsoft's answer goes to the app: that one sends itself.
func next(ctx, tab context.Context, last Document) (Document, error) {
	var doc Document
	err := Until(ctx, "the next page in the browser", func() (bool, error) {
		d, err := chromedp.Run(tab, chromedp.Evaluate[Document](describe))
		if err != nil { // the page is just being left
			return false, tab.Err()
		}
		doc = d
		return d.Loaded && d.Kind != "post" && d.Born != last.Born, nil
	})
	if err != nil {
		return doc, fmt.Errorf("%w; the last page was %q", err, last.Title)
	}
	return doc, nil
}

// Enter opens an address in the browser and does as who would until a page
// comes that asks for nothing more: the app's own, or Microsoft's refusal. Each
// page is handed to saw, which may be nil, with a picture of it. It returns the
// last page and how many asked for something.
func (b *Browser) Enter(ctx context.Context, address string, who Person, saw func(Document, []byte) error) (Document, int, error) {
	tab, closeTab, err := b.Tab(ctx, address)
	if err != nil {
		return Document{}, 0, err
	}
	defer closeTab()
	var doc Document
	for asked := 0; ; asked++ {
		if doc, err = next(ctx, tab, doc); err != nil {
			return doc, asked, err
		}
		if saw != nil {
			shot, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
			if err == nil {
				err = saw(doc, shot)
			}
			if err != nil {
				return doc, asked, fmt.Errorf("taking a picture of the page: %w", err)
			}
		}
		if doc.Problem != "" {
			return doc, asked, fmt.Errorf("the page %q says: %s", doc.Title, doc.Problem)
		}
		do, ok := answer(doc, who)
		if !ok {
			return doc, asked, fmt.Errorf("the browser shows a page %q that nobody here knows", doc.Kind)
		}
		if do == nil {
			return doc, asked, nil
		}
		if err := chromedp.Do(tab, do); err != nil {
			return doc, asked, fmt.Errorf("on the page %q: %w", doc.Title, errors.Join(context.Cause(ctx), err))
		}
	}
}

// answer is what who does on a page: nil where nothing is asked.
func answer(doc Document, who Person) (do chromedp.Action[chromedp.Void], ok bool) {
	switch doc.Kind {
	case "pick":
		return chromedp.Click(chromedp.CSS(fmt.Sprintf("button[data-upn=%q]", who.UserPrincipalName))), true
	case "password":
		return chromedp.Steps(chromedp.SendKeys(chromedp.CSS("#password"), who.Password), chromedp.Click(chromedp.CSS("#next"))), true
	case "consent":
		return chromedp.Click(chromedp.CSS("#accept")), true
	case "", "error":
		return nil, true
	}
	return nil, false
}
