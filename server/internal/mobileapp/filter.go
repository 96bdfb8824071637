package mobileapp

import (
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/builtapp"
)

// What the intent of a browser that follows a link carries (Android
// developers, "Create deep links to app content").
const (
	actionView        = "android.intent.action.VIEW"
	categoryDefault   = "android.intent.category.DEFAULT"
	categoryBrowsable = "android.intent.category.BROWSABLE"
)

const schemeAndroid = "msauth"

// checkManifest judges whether an Android manifest brings the redirect to the
// app, for every certificate that the app is signed with.
func checkManifest(a builtapp.App, trying bool) []Finding {
	var out []Finding
	found := false
	for _, act := range a.Activities {
		mine := false
		for _, f := range act.Filters {
			if !slices.ContainsFunc(f.Data, isRedirect) {
				continue
			}
			mine = true
			out = append(out, checkFilter(f, a.ID)...)
		}
		if mine {
			found = true
			out = append(out, checkActivity(a, act)...)
		}
	}
	if found {
		out = append(out, checkOrder(a)...)
		return append(out, checkPaths(redirectPaths(a), a, trying)...)
	}
	hashes := signedWith(a, trying)
	if a.Kind == builtapp.AAB || len(hashes) == 0 {
		return append(out, Finding{Code: problem.FilterMissing, Where: InApp, Want: schemeAndroid + "://" + a.ID + "/<signature hash>"})
	}
	return append(out, missing(a.ID, hashes)...)
}

// missing are certificates without a filter.
func missing(pkg string, hashes []redirect.Hash) []Finding {
	var out []Finding
	for _, h := range hashes {
		want := redirect.Android{Package: pkg, Hash: h}
		out = append(out, Finding{Code: problem.FilterMissing, Where: InApp, Want: schemeAndroid + "://" + pkg + want.IntentPath()})
	}
	return out
}

func isRedirect(d builtapp.Data) bool { return strings.EqualFold(d.Scheme, schemeAndroid) }

// checkFilter judges all of a filter but its path.
func checkFilter(f builtapp.Filter, pkg string) []Finding {
	var out []Finding
	add := func(code problem.Code, want, got string) {
		out = append(out, Finding{Code: code, Where: InApp, Want: want, Got: got})
	}
	var hosts []string
	for _, d := range f.Data {
		if isRedirect(d) && d.Scheme != schemeAndroid {
			add(problem.FilterScheme, schemeAndroid, d.Scheme)
		}
		if d.Host != "" {
			hosts = append(hosts, d.Host)
		}
	}
	if !slices.Contains(hosts, pkg) {
		add(problem.FilterHost, pkg, strings.Join(hosts, " "))
	}
	if !slices.Contains(f.Actions, actionView) {
		add(problem.FilterAction, actionView, strings.Join(f.Actions, " "))
	}
	for _, want := range []string{categoryDefault, categoryBrowsable} {
		if !slices.Contains(f.Categories, want) {
			add(problem.FilterAction, want, strings.Join(f.Categories, " "))
		}
	}
	return out
}

// redirectPaths returns the paths of all filters for a redirect.
func redirectPaths(a builtapp.App) []string {
	var out []string
	for _, act := range a.Activities {
		for _, f := range act.Filters {
			if slices.ContainsFunc(f.Data, isRedirect) {
				out = append(out, pathsOf(f)...)
			}
		}
	}
	return out
}

// pathsOf returns the paths of a filter. One that is matched by a pattern, or
// that is not there, stands for itself: it lets more in than the redirect.
func pathsOf(f builtapp.Filter) []string {
	var out []string
	for _, d := range f.Data {
		if d.Path != "" {
			out = append(out, d.Path)
		}
		if p := d.PathPrefix + d.PathPattern; p != "" {
			out = append(out, p+" (not android:path)")
		}
	}
	if len(out) == 0 {
		out = append(out, "")
	}
	return out
}

// checkActivity judges the activity that has the filter. In an app that was
// not made with Fyne it may be another class than NativeActivity, which this
// package knows nothing of.
func checkActivity(a builtapp.App, act builtapp.Activity) []Finding {
	var out []Finding
	add := func(code problem.Code, want, got string) {
		out = append(out, Finding{Code: code, Where: InApp, Want: want, Got: got})
	}
	if !act.Exported {
		add(problem.ActivityHidden, `android:exported="true"`, `android:exported="false"`)
	}
	main, isFyne := activity(a, appActivity)
	if !isFyne && act.Name != redirectActivity {
		return out
	}
	if act.Name != redirectActivity {
		add(problem.ActivityClass, redirectActivity, act.Name)
		return out
	}
	if act.LaunchMode != "singleTask" {
		add(problem.ActivityMode, redirectActivity+" singleTask", act.LaunchMode)
	}
	if got := act.Metadata[metaFuncName]; got != FuncName {
		add(problem.ActivityFunction, FuncName, got)
	}
	if got, want := act.Metadata[metaLibName], main.Metadata[metaLibName]; got == "" || isFyne && got != want {
		add(problem.ActivityLibrary, want, got)
	}
	return out
}

func activity(a builtapp.App, class string) (builtapp.Activity, bool) {
	i := slices.IndexFunc(a.Activities, func(act builtapp.Activity) bool { return act.Name == class })
	if i < 0 {
		return builtapp.Activity{}, false
	}
	return a.Activities[i], true
}

// checkOrder judges Fyne's activity: `fyne package` reads the library's name
// from the last one, and one that is not singleTask would be started a second
// time by whoever brings the app to the front.
func checkOrder(a builtapp.App) []Finding {
	main, ok := activity(a, appActivity)
	if !ok {
		return nil
	}
	var out []Finding
	if last := a.Activities[len(a.Activities)-1]; last.Name != appActivity {
		out = append(out, Finding{Code: problem.ActivityOrder, Where: InApp, Want: appActivity + " last", Got: last.Name + " last"})
	}
	if main.LaunchMode != "singleTask" {
		out = append(out, Finding{Code: problem.ActivityMode, Where: InApp, Want: appActivity + " singleTask", Got: main.LaunchMode})
	}
	return out
}

// checkPaths holds the paths of the filters against the certificates. A path
// that is nobody's is told once, and with the certificate that it was meant for
// where that can be known; then that certificate is not told a second time.
func checkPaths(paths []string, a builtapp.App, trying bool) []Finding {
	hashes := signedWith(a, trying)
	if a.Kind == builtapp.AAB || len(hashes) == 0 {
		return checkForms(paths)
	}
	var out []Finding
	open := slices.DeleteFunc(slices.Clone(hashes), func(h redirect.Hash) bool {
		return slices.Contains(paths, redirect.Android{Hash: h}.IntentPath())
	})
	for _, path := range paths {
		h, code := meant(path, hashes)
		switch {
		case code == "":
			continue
		case code == problem.PathWrong && len(open) == 0:
			continue // of a key that the app may be signed with elsewhere
		case code == problem.PathWrong:
			h = open[0]
		}
		out = append(out, Finding{Code: code, Where: InApp, Want: redirect.Android{Hash: h}.IntentPath(), Got: orNone(path)})
		open = slices.DeleteFunc(open, func(o redirect.Hash) bool { return o == h })
	}
	return append(out, missing(a.ID, open)...)
}

func orNone(path string) string {
	if path == "" {
		return "no android:path"
	}
	return path
}

// meant returns the certificate that a path is nearest to, and what is wrong.
func meant(path string, hashes []redirect.Hash) (redirect.Hash, problem.Code) {
	near := problem.PathWrong
	var hash redirect.Hash
	for _, h := range hashes {
		err := redirect.CheckIntentPath(path, redirect.Android{Hash: h})
		if err == nil {
			return h, ""
		}
		if code, _ := problem.Of(err); code != problem.PathWrong {
			near, hash = code, h
		}
	}
	return hash, near
}

// checkForms judges paths where nobody knows the certificate.
func checkForms(paths []string) []Finding {
	var out []Finding
	for _, path := range paths {
		rest, ok := strings.CutPrefix(path, "/")
		_, err := redirect.ParseHash(rest, redirect.HashOptions{InsecureAllowDebugKey: true})
		if ok && err == nil {
			continue
		}
		code := problem.PathWrong
		if err != nil && ok && rest != "" {
			code, _ = problem.Of(err)
		}
		want := redirect.Right(err)
		if want != "" {
			want = "/" + want
		}
		out = append(out, Finding{Code: code, Where: InApp, Want: want, Got: orNone(path)})
	}
	return out
}
