//go:build darwin && !ios && cgo

package platform

import (
	"github.com/lanyard-sso/lanyard/platform/internal/apple"
	"github.com/lanyard-sso/lanyard/platform/redirect"
)

// SystemBrowser returns this system's. In an app (NAME.app with an identifier)
// it is a web authentication session, whose redirect URI goes by the identifier
// that the app was really packaged with: that is what is registered, and what
// lanyardd mobile ids reads. A program outside of an app has no identifier, so
// the person's browser comes back to it by [Loopback]. It does no I/O.
func SystemBrowser(string) Browser {
	app := redirect.Apple{BundleID: apple.BundleID()}
	if redirect.CheckBundleID(app.BundleID) != nil {
		return Browser{OpenURL: OpenURL, Return: Loopback}
	}
	return newWebSessions(app, apple.StartSession, OpenURL).Browser()
}
