package mobile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// enterURI takes a redirect URI that was pasted alone: it says itself what
// system it is for.
func (d *desk) enterURI(field, pasted string) {
	uri := strings.ToLower(strings.Trim(strings.TrimSpace(pasted), `"'`))
	switch {
	case strings.HasPrefix(uri, "http:") || strings.HasPrefix(strings.TrimPrefix(uri, "https://"), "localhost"):
		if _, err := redirect.CheckDesktop(pasted); err != nil {
			d.fault(field, err)
			return
		}
		d.next.Desktop = true
	case strings.HasPrefix(uri, "msauth://") && !strings.Contains(uri, ".") && len(d.packages()) == 0 && len(d.next.Apple) > 0:
		d.enterAppleURI(field, pasted) // msauth://auth, which has lost the bundle ID
	case d.likeAndroids(uri):
		d.enterAppleURI(field, pasted) // msauth://<bundle ID>/auth
	case strings.HasPrefix(uri, "msauth:") && !strings.HasSuffix(uri, "://auth"), strings.HasPrefix(uri, "msauth://"), strings.HasPrefix(uri, "msauth%3a"):
		d.enterAndroidURI(field, pasted)
	case strings.HasPrefix(uri, "msauth"):
		d.enterAppleURI(field, pasted)
	case len(d.packages()) > 0 && len(d.next.Apple) == 0:
		d.enterAndroidURI(field, pasted)
	case len(d.packages()) == 0 && len(d.next.Apple) > 0:
		d.enterAppleURI(field, pasted)
	default:
		d.enterOther(field, pasted)
	}
}

// likeAndroids reports whether uri is that of an Apple app, written as Android
// writes them.
func (d *desk) likeAndroids(uri string) bool {
	rest, _ := strings.CutPrefix(uri, "msauth://")
	name, path, _ := strings.Cut(rest, "/")
	return (path == "" || strings.Trim(path, "/") == "auth") &&
		slices.ContainsFunc(d.next.Apple, func(a directory.AppleApp) bool { return strings.EqualFold(a.BundleID, name) }) &&
		!slices.ContainsFunc(d.packages(), func(p string) bool { return path == "" && strings.EqualFold(p, name) })
}

// enterOther judges what begins like no redirect URI of ours. Where Apple's
// check knows it by name (msal…://, x-msauth-…://, a web page), that is said.
// For which system it was meant cannot be told, so the right one of each is.
func (d *desk) enterOther(field, pasted string) {
	_, err := redirect.CheckApple(pasted, redirect.Apple{})
	code, _ := problem.Of(err)
	switch code {
	case "", problem.RedirectMalformed, problem.RedirectOther, problem.RedirectIncomplete:
		code = problem.MobileUnknownKind
	}
	var right []string
	if len(d.next.Apple) > 0 {
		right = append(right, d.next.Apple[0].RedirectURI+" for iOS and macOS")
	}
	if len(d.next.Android) > 0 {
		right = append(right, d.next.Android[0].RedirectURI+" for Android")
	}
	if len(right) == 0 {
		d.fault(field, problem.New(code))
		return
	}
	d.fault(field, problem.Detailf(code, "The right one is %s.", strings.Join(right, ", and ")))
}

// enterAppleURI holds a redirect URI against the bundle IDs that are known.
func (d *desk) enterAppleURI(field, pasted string) {
	var first error
	for _, known := range d.next.Apple {
		_, err := redirect.CheckApple(pasted, redirect.Apple{BundleID: known.BundleID})
		if err == nil {
			return // it is registered
		}
		if first == nil || mentions(pasted, known.BundleID) {
			first = err
		}
	}
	if first != nil {
		d.fault(field, first)
		return
	}
	uri, err := redirect.CheckApple(pasted, redirect.Apple{})
	if err != nil {
		d.fault(field, err)
		return
	}
	app := redirect.Apple{BundleID: strings.TrimSuffix(strings.TrimPrefix(uri, "msauth."), "://auth")}
	d.keepApple(app)
	d.warn(problem.MobileUnheld, uri, "The bundle ID is %s.", app.BundleID)
}

// mentions reports whether what was pasted is probably meant to be of an app.
func mentions(pasted, id string) bool {
	return strings.Contains(strings.ToLower(pasted), strings.ToLower(id))
}

// enterAndroidURI holds a redirect URI against the packages that are known, and
// their certificates.
func (d *desk) enterAndroidURI(field, pasted string) {
	app, known, err := besides(d, pasted, func(o redirect.AndroidOptions) (redirect.Android, error) {
		return redirect.CheckAndroid(pasted, o)
	})
	if err != nil {
		d.fault(field, err)
		return
	}
	d.keepAndroid(app, "")
	if !known {
		d.warn(problem.MobileUnheld, app.RedirectURI(), "The package name is %s, the signature hash %s.", app.Package, app.Hash)
	}
}

// besides holds something pasted against each known package, or against none
// where none is known. Of several errors it returns that of the package which
// stands in what was pasted.
func besides[T any](d *desk, pasted string, check func(redirect.AndroidOptions) (T, error)) (got T, known bool, err error) {
	o := redirect.AndroidOptions{HashOptions: redirect.HashOptions{InsecureAllowDebugKey: d.debug}}
	var first error
	for _, name := range d.packages() {
		o.Package, o.Known = name, meant(pasted, d.hashes(name))
		got, err := check(o)
		if err == nil {
			return got, true, nil
		}
		if first == nil || mentions(pasted, name) {
			first = err
		}
	}
	if first != nil {
		return got, true, first
	}
	got, err = check(o)
	return got, false, err
}

// meant puts the certificate first whose hash stands in what was pasted, however
// that is spelt: the first is the one that is offered where another is wrong.
func meant(pasted string, known []redirect.Hash) []redirect.Hash {
	for range 2 { // once for a redirect URI, once more where it was encoded twice
		if plain, err := url.PathUnescape(pasted); err == nil {
			pasted = plain
		}
	}
	text := letters(pasted)
	slices.SortStableFunc(known, func(a, b redirect.Hash) int {
		return cmp.Compare(strings.Count(text, letters(b.String())), strings.Count(text, letters(a.String())))
	})
	return known
}

// letters are the letters and digits of s, small.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// enterMSAL takes a pasted MSAL configuration and puts it beside the certificate
// that its redirect URI names. It is written anew, so that nothing but what was
// checked is given to apps.
func (d *desk) enterMSAL(field string, pasted []byte) {
	m := d.ws.Microsoft
	if m.ClientID == "" || m.TenantID == "" {
		d.warn(problem.MobileNoEntra, field, "")
	}
	got, known, err := besides(d, string(pasted[:min(len(pasted), maxLookedAt)]), func(o redirect.AndroidOptions) (redirect.MSAL, error) {
		return redirect.CheckMSAL(pasted, redirect.MSALOptions{ClientID: m.ClientID, TenantID: m.TenantID, AndroidOptions: o})
	})
	if err != nil {
		d.msalFaults(field, err)
		return
	}
	app, err := redirect.CheckAndroid(got.RedirectURI, redirect.AndroidOptions{HashOptions: redirect.HashOptions{InsecureAllowDebugKey: d.debug}})
	if err != nil { // it was good a moment ago
		d.fault(field, err)
		return
	}
	got.ClientID, got.UserAgent = strings.ToLower(got.ClientID), cmp.Or(got.UserAgent, "DEFAULT") // MSAL's own default
	var text bytes.Buffer
	if err := json.Compact(&text, got.JSON()); err != nil {
		d.fault(field, err)
		return
	}
	d.keepAndroid(app, "").MSAL = &directory.MSALConfig{
		JSON: text.Bytes(), ClientID: got.ClientID, TenantID: strings.ToLower(tenantOf(got)),
	}
	if !known {
		d.warn(problem.MobileUnheld, app.RedirectURI(), "The package name is %s, the signature hash %s.", app.Package, app.Hash)
	}
	if !got.BrokerRegistered {
		d.warn(problem.MobileNoBroker, app.RedirectURI(), "")
	}
}

// tenantOf returns the tenant of the authority that MSAL uses, in the audience or,
// as older files have it, at the end of its URL.
func tenantOf(m redirect.MSAL) string {
	for _, a := range m.Authorities {
		if len(m.Authorities) > 1 && !a.Default {
			continue
		}
		if a.Audience != nil && a.Audience.TenantID != "" {
			return a.Audience.TenantID
		}
		return path.Base(a.URL)
	}
	return ""
}

// maxLookedAt is how much of what was pasted is searched for a package's name.
const maxLookedAt = 64 << 10

// msalFaults makes a fault of each error that was joined.
func (d *desk) msalFaults(field string, err error) {
	if joined, several := err.(interface{ Unwrap() []error }); several {
		for _, one := range joined.Unwrap() {
			d.fault(field, one)
		}
		return
	}
	d.fault(field, err)
}
