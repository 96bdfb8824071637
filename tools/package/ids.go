package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

// ids is what lanyardd mobile ids --json says of one file, as far as it
// matters here.
type ids struct {
	Kind         string   `json:"kind"`
	PackageName  string   `json:"package_name"`
	BundleID     string   `json:"bundle_id"`
	Version      string   `json:"version"`
	Build        string   `json:"build"`
	Debuggable   bool     `json:"debuggable"`
	Schemes      []string `json:"schemes"`
	Filters      []filter `json:"intent_filters"`
	Certificates []struct {
		SignatureHash string `json:"signature_hash"`
		IntentPath    string `json:"intent_path"`
		DebugKey      bool   `json:"debug_key"`
	} `json:"certificates"`
	Warnings []struct {
		Code     problem.Code `json:"code"`
		Note     bool         `json:"note"`
		Sentence string       `json:"sentence"`
		Expected string       `json:"expected"`
		Found    string       `json:"found"`
		Next     string       `json:"next"`
	} `json:"warnings"`
}

// filter is an intent filter.
type filter struct {
	Activity  string   `json:"activity"`
	Exported  bool     `json:"exported"`
	Addresses []string `json:"addresses"`
}

// readIDs asks lanyardd what a file says: it reads apps without any SDK.
func readIDs(ctx context.Context, file string, m machine, module string) (ids, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return ids{}, err
	}
	dir, err := os.MkdirTemp("", "lanyard-package-")
	if err != nil {
		return ids{}, err
	}
	defer os.RemoveAll(dir)
	out, err := lanyardd(ctx, m, module, dir, m.builders(), "mobile", "ids", "--json", file)
	if err != nil {
		return ids{}, fmt.Errorf("reading it: %w", err)
	}
	var docs []ids
	if err := json.Unmarshal(out, &docs); err != nil || len(docs) != 1 {
		return ids{}, fmt.Errorf("lanyardd mobile ids said something else than expected: %w", errors.Join(err, fmt.Errorf("%d documents", len(docs))))
	}
	return docs[0], nil
}

// versions holds version and build against FyneApp.toml.
func (i ids) versions(w want, f *findings) {
	d := w.app.Details
	f.expect(i.Version == d.Version, "the version is "+d.Version, "it is %s", i.Version)
	f.expect(i.Build == strconv.Itoa(d.Build), "the build is "+strconv.Itoa(d.Build), "it is %s", i.Build)
}

// fyneActivity is the activity that Fyne brings. A filter for redirects on it
// would lose them: it has no onNewIntent.
const fyneActivity = "org.golang.app.GoNativeActivity"

// android looks at what the manifest and the signatures say.
func (i ids) android(w want, f *findings) {
	d := w.app.Details
	f.expect(i.PackageName == d.ID, "the package name is "+d.ID, "it is %s", i.PackageName)
	i.versions(w, f)
	f.expect(len(i.Certificates) > 0, "it is signed", "there is no signature")
	prefix := "msauth://" + i.PackageName
	if i.Kind == "aab" { // signed with the upload key, which Google Play replaces by another
		f.expect(i.receives(func(a string) bool { return strings.HasPrefix(a, prefix+"/") }), "a redirect is received", "no exported activity but Fyne's own has a filter for %s/…", prefix)
	}
	for _, c := range i.Certificates {
		if address := prefix + c.IntentPath; i.Kind != "aab" {
			f.expect(i.receives(func(a string) bool { return a == address }), "the redirect to "+c.SignatureHash+" is received", "no exported activity but Fyne's own has a filter for %s", address)
		}
		if w.release {
			f.expect(!c.DebugKey, "it is signed with no debug key", "%s is one that anybody can sign with; use your own by --keystore", c.SignatureHash)
		}
	}
	f.expect(i.receives(func(a string) bool { return strings.HasPrefix(a, "lanyard://") }), "lanyard:// links open it", "no exported activity but Fyne's own has a filter for them")
	if w.release {
		f.expect(!i.Debuggable, "no debugger may look into it", `android:debuggable is "true"; package it with --release`)
	}
	f.warnings(i, w)
}

// receives reports whether a browser can bring such an address to the app.
func (i ids) receives(address func(string) bool) bool {
	return slices.ContainsFunc(i.Filters, func(x filter) bool {
		return x.Exported && x.Activity != fyneActivity && slices.ContainsFunc(x.Addresses, address)
	})
}

// debugCodes are what an app for trying is warned of rightly.
var debugCodes = []problem.Code{problem.AppDebuggable, problem.AppDebugKey}

// warnings takes over what lanyardd found to be wrong. An app for trying may be
// debuggable and signed with a debug key.
func (f *findings) warnings(i ids, w want) {
	n := 0
	for _, x := range i.Warnings {
		if x.Note || !w.release && slices.Contains(debugCodes, x.Code) {
			continue
		}
		n++
		f.expect(false, string(x.Code), "%s %s", strings.TrimSpace(fmt.Sprintf("%s (expected %q, found %q)", x.Sentence, x.Expected, x.Found)), x.Next)
	}
	f.expectOnly(n == 0, "lanyardd mobile ids warns of nothing", "it warns of %d things, above", n)
}

// sorted are the names of files in the order of the alphabet.
func sorted(all map[string][]byte) []string { return slices.Sorted(maps.Keys(all)) }
