package mobileapps

import (
	"time"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/mobile"
)

// Examples are the pages, empty and full.
func (*Section) Examples() []console.Example {
	at := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	hash := redirect.HashOf([]byte("an example"))
	app := redirect.Android{Package: "com.acme.app", Hash: hash}
	const root = "/admin/workspaces/acme/mobile"
	empty := homePage{Loopback: redirect.Loopback, AppLink: "lanyard://sso/acme", WebLink: "https://sso.example.com/sso/acme", AppQR: root + "/qr.svg?link=app", WebQR: root + "/qr.svg?link=web"}
	full := empty
	full.Entra, full.Desktop = true, true
	full.IOS = []appRow{
		{ID: "com.acme.app", RedirectURI: "msauth.com.acme.app://auth", State: "Registered", Badge: "good", To: root + "/ios?bundle_id=com.acme.app"},
		{ID: "com.acme.beta", RedirectURI: "msauth.com.acme.beta://auth", State: "Register it in Entra", Badge: "warn", To: root + "/ios?bundle_id=com.acme.beta"},
	}
	full.Android = []appRow{{ID: app.Package, Hash: hash.String(), RedirectURI: app.RedirectURI(), Label: "upload", State: "Registered, MSAL configuration kept", Badge: "good", To: root + "/android?package=com.acme.app"}}
	text := problem.Lookup(problem.MobileUpload)
	full.Warnings = []mobile.WarningDocument{{Code: problem.MobileUpload, Sentence: text.Sentence, Detail: "The app is com.acme.app.", Next: text.Next, Field: app.RedirectURI()}}
	full.History = []mobile.HistoryDocument{{At: &at, Who: "ada@acme.example", What: "registered " + app.RedirectURI()}, {Who: "operator (command)", What: "registered http://localhost"}}
	ios := iosPage{BundleID: "com.acme.app", RedirectURI: "msauth.com.acme.app://auth", Name: "Acme", Version: 3, Action: root + "/ios?bundle_id=com.acme.app", Remove: root + "/remove?redirect_uri=x", Up: []console.Link{{Text: "Mobile app", To: root}, {Text: "iOS and macOS"}}}
	done := ios
	done.Confirmed = true
	msal := indented(redirect.NewMSAL("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222", app).JSON())
	android := androidPage{
		Package: app.Package, SignatureHash: hash.String(), RedirectURI: app.RedirectURI(), IntentPath: app.IntentPath(), Name: "Acme", Version: 3,
		Action: root + "/android?package=com.acme.app", Remove: root + "/remove?redirect_uri=x", Up: []console.Link{{Text: "Mobile app", To: root}, {Text: "Android"}},
	}
	expected, kept := android, android
	expected.MSAL, expected.Entra = msal, true
	kept.MSAL, kept.Entra, kept.Kept, kept.Confirmed = msal, true, true, true
	viewer := console.Principal{ID: "v", Name: "Vera", Roles: map[string]console.Role{"acme": console.Viewer}}
	return []console.Example{
		{Name: "mobile/home empty", View: empty},
		{Name: "mobile/home full", View: full},
		{Name: "mobile/home viewer", View: full, Me: viewer},
		{Name: "mobile/home refused", View: empty, Err: console.Fault{Field: "file", Err: problem.New(problem.AppUnknown)}},
		{Name: "mobile/ios", View: ios},
		{Name: "mobile/ios confirmed", View: done},
		{Name: "mobile/ios refused", View: ios, Err: console.Fault{Field: "redirect_uri", Err: problem.Detailf(problem.RedirectSlash, "The right one is msauth.com.acme.app://auth.")}},
		{Name: "mobile/ios viewer", View: done, Me: viewer},
		{Name: "mobile/android", View: android},
		{Name: "mobile/android expected", View: expected},
		{Name: "mobile/android kept", View: kept},
		{Name: "mobile/android viewer", View: kept, Me: viewer},
		{Name: "mobile/android refused", View: expected, Err: console.Faults{{Field: "msal", Err: problem.New(problem.MSALClientID)}, {Field: "msal", Err: problem.New(problem.RedirectSlash)}}},
		{Name: "mobile/removing", View: removePage{RedirectURI: app.RedirectURI(), Name: "com.acme.app", Version: 3, Action: root + "/remove?redirect_uri=x", Up: []console.Link{{Text: "Mobile app", To: root}, {Text: "Remove"}}}},
	}
}
