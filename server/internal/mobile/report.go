package mobile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// standing are the warnings about what is registered, whoever entered it.
func standing(ws directory.Workspace, m directory.Mobile) []Warning {
	var all []Warning
	labels := map[string][]directory.SigningLabel{}
	for _, a := range m.Android {
		labels[a.Package] = append(labels[a.Package], a.Label)
		if h, err := redirect.ParseHash(a.SignatureHash, redirect.HashOptions{InsecureAllowDebugKey: true}); err == nil && h.Public() {
			all = append(all, Warning{Code: problem.MobileDebugKey, Field: a.RedirectURI, Detail: fmt.Sprintf("The app is %s.", a.Package)})
		}
		if a.MSAL != nil && ws.Microsoft.ClientID != "" && !a.MSAL.Fits(ws.Microsoft) {
			all = append(all, Warning{Code: problem.MobileStale, Field: a.RedirectURI, Detail: fmt.Sprintf(
				"It has client %s and tenant %s, the workspace %s and %s.", a.MSAL.ClientID, a.MSAL.TenantID, ws.Microsoft.ClientID, ws.Microsoft.TenantID)})
		}
	}
	for _, a := range m.Android {
		if has := labels[a.Package]; a.Label == directory.SignedUpload && !slices.ContainsFunc(has, installed) {
			all = append(all, Warning{Code: problem.MobileUpload, Field: a.RedirectURI, Detail: fmt.Sprintf("The app is %s.", a.Package)})
		}
	}
	return all
}

// installed reports whether apps that people have may be signed so.
func installed(l directory.SigningLabel) bool {
	return l != directory.SignedUpload && l != directory.SignedDebug
}

// changes says what differs, a few words for each thing.
func changes(was, is directory.Mobile) []string {
	var all []string
	for _, uri := range missingFrom(uris(is), uris(was)) {
		all = append(all, "registered "+uri)
	}
	for _, uri := range missingFrom(uris(was), uris(is)) {
		all = append(all, "removed "+uri)
	}
	for _, a := range is.Android {
		i := slices.IndexFunc(was.Android, func(b directory.AndroidApp) bool { return b.RedirectURI == a.RedirectURI })
		var before directory.AndroidApp
		if i >= 0 {
			before = was.Android[i]
		}
		if i >= 0 && before.Label != a.Label {
			all = append(all, fmt.Sprintf("labelled %s %s", a.RedirectURI, a.Label))
		}
		switch {
		case a.MSAL == nil && before.MSAL != nil:
			all = append(all, "removed the MSAL configuration of "+a.RedirectURI)
		case a.MSAL != nil && (before.MSAL == nil || !bytes.Equal(a.MSAL.JSON, before.MSAL.JSON)):
			all = append(all, "stored the MSAL configuration of "+a.RedirectURI)
		}
	}
	return all
}

func uris(m directory.Mobile) []string {
	var all []string
	for _, a := range m.Apple {
		all = append(all, a.RedirectURI)
	}
	for _, a := range m.Android {
		all = append(all, a.RedirectURI)
	}
	if m.Desktop {
		all = append(all, redirect.Loopback)
	}
	return all
}

func missingFrom(these, those []string) []string {
	return slices.DeleteFunc(these, func(s string) bool { return slices.Contains(those, s) })
}

// maxSummary is how long an act is in the record, in bytes.
const maxSummary = 1000

// summary puts changes into one line.
func summary(all []string) string {
	text := strings.Join(all, "; ")
	if len(text) <= maxSummary {
		return text
	}
	return strings.ToValidUTF8(text[:maxSummary], "") + "…"
}

// Document is an Outcome in JSON, for commands and the console's pages.
type Document struct {
	Workspace string `json:"workspace"`
	// Version is what the next change may be bound to; 0 where there was none.
	Version int64             `json:"version"`
	Apple   []AppleDocument   `json:"apple"`
	Android []AndroidDocument `json:"android"`
	// Desktop is set once http://localhost was said to be registered.
	Desktop    bool              `json:"desktop"`
	DesktopURI string            `json:"desktop_redirect_uri"`
	ChangedBy  string            `json:"changed_by"`
	Created    *time.Time        `json:"created"`
	Modified   *time.Time        `json:"modified"`
	Changes    []string          `json:"changes,omitempty"`
	Warnings   []WarningDocument `json:"warnings"`
}

// AppleDocument is an app for iOS or macOS in JSON.
type AppleDocument struct {
	BundleID    string `json:"bundle_id"`
	RedirectURI string `json:"redirect_uri"`
}

// AndroidDocument is one certificate of an Android app in JSON.
type AndroidDocument struct {
	Package       string `json:"package"`
	SignatureHash string `json:"signature_hash"`
	RedirectURI   string `json:"redirect_uri"`
	// IntentPath is the android:path of the app's intent filter, not encoded.
	IntentPath string `json:"intent_path"`
	Label      string `json:"label"`
	// MSAL is the configuration that is given to apps, or null.
	MSAL json.RawMessage `json:"msal"`
}

// WarningDocument is a Warning in JSON, with what to do about it.
type WarningDocument struct {
	Code     problem.Code `json:"code"`
	Sentence string       `json:"sentence"`
	Detail   string       `json:"detail"`
	Next     string       `json:"next"`
	Field    string       `json:"field"`
}

// Document returns o in JSON's terms.
func (o Outcome) Document() Document {
	m := o.Mobile
	d := Document{
		Workspace: m.Workspace, Version: m.Version, Apple: []AppleDocument{}, Android: []AndroidDocument{}, Desktop: m.Desktop,
		DesktopURI: redirect.Loopback, ChangedBy: m.By, Created: at(m.Created), Modified: at(m.Modified), Changes: o.Changes, Warnings: []WarningDocument{},
	}
	for _, a := range m.Apple {
		d.Apple = append(d.Apple, AppleDocument(a))
	}
	for _, a := range m.Android {
		out := AndroidDocument{Package: a.Package, SignatureHash: a.SignatureHash, RedirectURI: a.RedirectURI, IntentPath: "/" + a.SignatureHash, Label: string(a.Label)}
		if a.MSAL != nil {
			out.MSAL = a.MSAL.JSON
		}
		d.Android = append(d.Android, out)
	}
	for _, w := range o.Warnings {
		t := problem.Lookup(w.Code)
		d.Warnings = append(d.Warnings, WarningDocument{w.Code, t.Sentence, w.Detail, t.Next, w.Field})
	}
	return d
}

// HistoryDocument is one change in JSON.
type HistoryDocument struct {
	At   *time.Time `json:"at"`
	Who  string     `json:"who"`
	What string     `json:"what"`
}

// FullDocument is an Outcome in JSON with who changed it, the newest first.
type FullDocument struct {
	Document
	History []HistoryDocument `json:"history"`
}

// With returns o in JSON's terms with the acts that History gives.
func (o Outcome) With(acts []store.Act) FullDocument {
	d := FullDocument{o.Document(), []HistoryDocument{}}
	for _, a := range acts {
		d.History = append(d.History, HistoryDocument{at(a.At), a.Who, a.What})
	}
	return d
}

// at is a time for JSON, nil where it never was.
func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}
