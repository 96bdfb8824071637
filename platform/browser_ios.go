package platform

import (
	"github.com/lanyard-sso/lanyard/platform/internal/apple"
	"github.com/lanyard-sso/lanyard/platform/redirect"
)

// SystemBrowser returns this system's: a web authentication session. Its
// redirect URI goes by the identifier that the app was packaged with, or by
// appID, the ID in FyneApp.toml, should the system not tell. [Loopback] would be
// no way back: an app that another one covers is soon stopped. It does no I/O.
func SystemBrowser(appID string) Browser {
	app := redirect.Apple{BundleID: apple.BundleID()}
	if redirect.CheckBundleID(app.BundleID) != nil {
		app.BundleID = appID
	}
	return newWebSessions(app, apple.StartSession, OpenURL).Browser()
}
