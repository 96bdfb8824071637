package mobile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// desk is one Input being checked: what is registered, with what was good so far
// added to it.
type desk struct {
	ws    directory.Workspace
	next  directory.Mobile
	debug bool // the key that Fyne publishes may be registered
	// open are packages that were named without a hash, with the field, until one
	// is found for them; hints are the labels that came with them.
	open  map[string]string
	hints map[string]directory.SigningLabel

	faults   []error
	warnings []Warning
}

// apply returns what m becomes when in is entered. The error joins a [Fault] for
// each thing that is wrong.
func apply(ws directory.Workspace, m directory.Mobile, in Input, debug bool) (directory.Mobile, []Warning, error) {
	if in.count() > maxPasted {
		return m, nil, problem.Detailf(problem.MobileTooMany, "At most %d things can be entered at once.", maxPasted)
	}
	m.Apple, m.Android = slices.Clone(m.Apple), slices.Clone(m.Android)
	d := &desk{ws: ws, next: m, debug: debug, open: map[string]string{}, hints: map[string]directory.SigningLabel{}}
	for i, a := range in.Apple {
		d.enterApple(fmt.Sprintf("apple[%d]", i), a)
	}
	for i, a := range in.Android {
		d.enterAndroid(fmt.Sprintf("android[%d]", i), a)
	}
	for i, pasted := range in.RedirectURIs {
		d.enterURI(fmt.Sprintf("redirect_uris[%d]", i), pasted)
	}
	for i, pasted := range in.MSAL {
		d.enterMSAL(fmt.Sprintf("msal[%d]", i), []byte(pasted))
	}
	if len(d.faults) == 0 { // a hash may be missing because what brings it is wrong
		for name, field := range d.open {
			_, err := redirect.ParseHash("", redirect.HashOptions{})
			d.fault(field+".signature_hash", fmt.Errorf("of %s: %w", name, err))
		}
	}
	if len(d.next.Apple) > maxApps || len(d.next.Android) > maxApps {
		d.faults = append(d.faults, problem.Detailf(problem.MobileTooMany, "At most %d for Apple's systems and %d for Android are kept.", maxApps, maxApps))
	}
	return d.next, d.warnings, errors.Join(d.faults...)
}

func (d *desk) fault(field string, err error) {
	d.faults = append(d.faults, &Fault{Field: field, Err: err})
}

func (d *desk) warn(code problem.Code, field, format string, args ...any) {
	d.warnings = append(d.warnings, Warning{Code: code, Field: field, Detail: fmt.Sprintf(format, args...)})
}

// enterApple takes an app whose bundle ID was given.
func (d *desk) enterApple(field string, a AppleApp) {
	id := strings.TrimSpace(a.BundleID)
	if err := redirect.CheckBundleID(id); err != nil {
		d.fault(field+".bundle_id", err)
		return
	}
	app := redirect.Apple{BundleID: id}
	if a.RedirectURI != "" {
		if _, err := redirect.CheckApple(a.RedirectURI, app); err != nil {
			d.fault(field+".redirect_uri", err)
			return
		}
	}
	d.keepApple(app)
}

func (d *desk) keepApple(app redirect.Apple) {
	keep := directory.AppleApp{BundleID: app.BundleID, RedirectURI: app.RedirectURI()}
	if !slices.Contains(d.next.Apple, keep) {
		d.next.Apple = append(d.next.Apple, keep)
	}
}

// enterAndroid takes an app whose package name was given.
func (d *desk) enterAndroid(field string, a AndroidApp) {
	name := strings.TrimSpace(a.Package)
	if err := redirect.CheckPackage(name); err != nil {
		d.fault(field+".package", err)
		return
	}
	if a.Label != "" && !slices.Contains(directory.SigningLabels(), a.Label) {
		d.fault(field+".label", problem.Detailf(problem.MobileLabel, "The label is %.40q.", string(a.Label)))
		return
	}
	o := redirect.AndroidOptions{Package: name, HashOptions: redirect.HashOptions{InsecureAllowDebugKey: d.debug}}
	app := redirect.Android{Package: name}
	var err error
	if a.SignatureHash != "" {
		if app.Hash, err = redirect.ParseHash(a.SignatureHash, o.HashOptions); err != nil {
			d.fault(field+".signature_hash", err)
			return
		}
		o.Known = []redirect.Hash{app.Hash}
	}
	switch {
	case a.RedirectURI != "":
		if app, err = redirect.CheckAndroid(a.RedirectURI, o); err != nil {
			d.fault(field+".redirect_uri", err)
			return
		}
	case a.SignatureHash == "":
		d.enterPackage(field, name, a.Label)
		return
	}
	d.keepAndroid(app, a.Label)
}

// enterPackage takes an app of which no certificate was named. A label is that of
// the only one it has.
func (d *desk) enterPackage(field, name string, label directory.SigningLabel) {
	switch known := d.hashes(name); {
	case len(known) == 0:
		d.open[name], d.hints[name] = field, label
	case label != "" && len(known) == 1:
		d.keepAndroid(redirect.Android{Package: name, Hash: known[0]}, label)
	case label != "":
		d.fault(field+".label", problem.Detailf(problem.MobileLabel, "%s has %d certificates: say which is the %s one.", name, len(known), label))
	}
}

func (d *desk) keepAndroid(app redirect.Android, label directory.SigningLabel) *directory.AndroidApp {
	if _, named := d.open[app.Package]; named && label == "" {
		label = d.hints[app.Package]
	}
	delete(d.open, app.Package)
	uri := app.RedirectURI()
	i := slices.IndexFunc(d.next.Android, func(a directory.AndroidApp) bool { return a.RedirectURI == uri })
	if i < 0 {
		i = len(d.next.Android)
		d.next.Android = append(d.next.Android, directory.AndroidApp{Package: app.Package, SignatureHash: app.Hash.String(), RedirectURI: uri})
	}
	if label != "" {
		d.next.Android[i].Label = label
	}
	return &d.next.Android[i]
}

// packages are the names of the Android apps that are known, each once.
func (d *desk) packages() []string {
	var all []string
	for _, a := range d.next.Android {
		if !slices.Contains(all, a.Package) {
			all = append(all, a.Package)
		}
	}
	for name := range d.open {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// hashes are those of an app's known certificates, those that an installed app
// most likely has first.
func (d *desk) hashes(name string) []redirect.Hash {
	known := slices.Clone(d.next.Android)
	slices.SortStableFunc(known, func(a, b directory.AndroidApp) int {
		return cmp.Compare(slices.Index(likely, a.Label), slices.Index(likely, b.Label))
	})
	var all []redirect.Hash
	for _, a := range known {
		if a.Package != name {
			continue
		}
		if h, err := redirect.ParseHash(a.SignatureHash, redirect.HashOptions{InsecureAllowDebugKey: true}); err == nil {
			all = append(all, h)
		}
	}
	return all
}

var likely = []directory.SigningLabel{
	directory.SignedPlay, directory.SignedRelease, "", directory.SignedRotated, directory.SignedUpload, directory.SignedDebug,
}
