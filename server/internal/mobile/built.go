package mobile

import (
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/builtapp"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Signed are the certificates of a file, each once, with what can be told of
// them. Their Package is left empty.
func Signed(a builtapp.App) []AndroidApp {
	var all []AndroidApp
	for _, h := range a.Hashes() {
		app := AndroidApp{SignatureHash: h.String()}
		rotated := false
		for _, s := range a.Signers {
			if s.Hash() != h {
				continue
			}
			rotated = rotated || s.Scheme == builtapp.Lineage
			if s.DebugKey() {
				app.Label = directory.SignedDebug
			}
		}
		switch {
		case app.Label != "":
		case rotated:
			app.Label = directory.SignedRotated
		case a.Kind == builtapp.AAB: // Google Play signs what people get
			app.Label = directory.SignedUpload
		}
		all = append(all, app)
	}
	return all
}

// Built is what a file says about the apps of a workspace: a built app is one, and
// a keystore or certificate is that of the Android app whose package name is given.
// Where a built Android app has another package name than the one given, that is
// problem.MobileOtherApp; a keystore without one is problem.MobileNoPackage.
func Built(a builtapp.App, name string) (Input, error) {
	var in Input
	name = strings.TrimSpace(name)
	switch {
	case a.Apple() || a.Kind == builtapp.FyneApp:
		in.Apple = []AppleApp{{BundleID: a.ID}}
		return in, nil
	case a.Android() && name != "" && name != a.ID:
		return in, problem.Detailf(problem.MobileOtherApp, "It is %.100q, and not %.100q.", a.ID, name)
	case a.Android():
		name = a.ID
	case name == "":
		return in, problem.New(problem.MobileNoPackage)
	}
	in.Android = Signed(a)
	if len(in.Android) == 0 {
		return in, problem.New(problem.AppUnsigned)
	}
	for i := range in.Android {
		in.Android[i].Package = name
	}
	return in, nil
}
