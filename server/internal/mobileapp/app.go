package mobileapp

import (
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/builtapp"
)

// Check returns what is wrong with a built app by itself: its keys, and whether
// its manifest would bring a sign-in back. now is for the dates of certificates.
func Check(a builtapp.App, now time.Time) []Finding { return check(a, now, false) }

// check is Check. For trying out, debug keys and a debuggable app are notes, and
// the manifest is held against such a key as against any other.
func check(a builtapp.App, now time.Time, trying bool) []Finding {
	out := append(checkID(a), checkKeys(a, now)...)
	for i, f := range out {
		if trying && (f.Code == problem.AppDebugKey || f.Code == problem.AppDebuggable) {
			out[i].Note = true
		}
	}
	switch {
	case a.Android():
		out = append(out, checkManifest(a, trying)...)
	case a.Apple():
		out = append(out, checkSchemes(a)...)
	}
	if a.Kind == builtapp.AAB {
		out = append(out, Finding{Code: problem.AppPlaySigning, Where: InApp, Note: true, Got: strings.Join(hashTexts(a.Hashes()), " ")})
	}
	return out
}

// checkID finds an ID that nothing can be registered for. A FyneApp.toml may be
// of an app for Apple's systems alone, which may have a hyphen in it.
func checkID(a builtapp.App) []Finding {
	const fix = "Correct the ID in FyneApp.toml, or where else the app is built, and build it again."
	var out []Finding
	add := func(err error, note bool) {
		if code, _ := problem.Of(err); err != nil {
			out = append(out, Finding{Code: code, Where: InApp, Got: a.ID, Fix: fix, Note: note})
		}
	}
	if a.Apple() || a.Kind == builtapp.FyneApp {
		add(redirect.CheckBundleID(a.ID), false)
	}
	if a.Android() || a.Kind == builtapp.FyneApp && out == nil {
		add(redirect.CheckPackage(a.ID), !a.Android())
	}
	return out
}

// checkKeys judges what an app is signed with.
func checkKeys(a builtapp.App, now time.Time) []Finding {
	var out []Finding
	if a.Kind == builtapp.APK && len(a.Signers) == 0 {
		out = append(out, Finding{Code: problem.AppUnsigned, Where: InApp})
	}
	if a.Debuggable {
		out = append(out, Finding{Code: problem.AppDebuggable, Where: InApp, Want: `android:debuggable="false", or none`, Got: `android:debuggable="true"`})
	}
	var seen []redirect.Hash
	for _, s := range a.Signers {
		h := s.Hash()
		if slices.Contains(seen, h) {
			continue
		}
		seen = append(seen, h)
		if s.DebugKey() {
			out = append(out, Finding{Code: problem.AppDebugKey, Where: InApp, Got: h.String()})
		}
		c := s.Certificate()
		if c != nil && s.Scheme != builtapp.Lineage && (now.Before(c.NotBefore) || now.After(c.NotAfter)) {
			out = append(out, Finding{Code: problem.AppExpired, Where: InApp, Note: true, Got: h.String() + ", valid " + day(c.NotBefore) + " to " + day(c.NotAfter)})
		}
	}
	return out
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// checkSchemes finds a scheme of msauth that would bring another app's
// sign-ins here. There need be none: the app signs in by
// ASWebAuthenticationSession, which asks no Info.plist.
func checkSchemes(a builtapp.App) []Finding {
	var out []Finding
	want := redirect.Apple{BundleID: a.ID}.Scheme()
	for _, s := range a.Schemes {
		if strings.HasPrefix(strings.ToLower(s), "msauth.") && s != want {
			out = append(out, Finding{Code: problem.AppleScheme, Where: InApp, Want: want, Got: s})
		}
	}
	return out
}

func hashTexts(all []redirect.Hash) []string {
	var out []string
	for _, h := range all {
		out = append(out, h.String())
	}
	return out
}
