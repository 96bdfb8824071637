//go:build android || lanyard_jvm

package platform

import (
	"context"

	"github.com/lanyard-sso/lanyard/platform/internal/android"
	"github.com/lanyard-sso/lanyard/problem"
)

func init() { android.Receive(arrived.deliver) }

// ourApp is the app that runs: its certificates and manifest.
var ourApp = &appLink{box: arrived, signers: android.Signers, receives: android.Receives}

// SystemBrowser returns this system's: Custom Tabs, and the second activity of
// our manifest, which receives msauth://. Call [UseJVM] before the first
// sign-in. The package name is asked of Android, since whoever builds the app
// may change it; appID is not used. It does no I/O.
func SystemBrowser(string) Browser {
	return Browser{OpenURL: OpenURL, Return: ourApp.prepare, Resume: ourApp.resume}
}

// openURL uses a Custom Tab, or a browser where none has them.
func openURL(ctx context.Context, u string) error {
	opened := make(chan error, 1)
	go func() { opened <- android.OpenURL(u) }()
	select {
	case err := <-opened:
		return problem.Wrap(problem.NoBrowser, err)
	case <-ctx.Done():
		return ctx.Err()
	}
}
