package redirect

import (
	"errors"
	"net/url"
	"regexp"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

// Loopback is what an app on a desktop registers. Microsoft Entra ignores the
// port of a request to it, but not a path (RFC 8252 section 7.3).
const Loopback = "http://localhost"

// maxURI is how many characters Microsoft Entra takes.
const maxURI = 256

// Apple is an app for iOS or macOS.
type Apple struct {
	// BundleID is CFBundleIdentifier. Empty stands for any, when something is
	// held against it.
	BundleID string
}

// Scheme returns the URL scheme that brings the browser back, without "://":
// what ASWebAuthenticationSession takes as callbackURLScheme.
func (a Apple) Scheme() string { return "msauth." + a.BundleID }

// RedirectURI returns what is registered under iOS / macOS.
func (a Apple) RedirectURI() string { return a.Scheme() + "://auth" }

// Android is an app for Android, with one certificate it is signed with.
type Android struct {
	// Package is the application ID. Empty stands for any, when something is
	// held against it.
	Package string
	// Hash is that of the signing certificate.
	Hash Hash
}

// RedirectURI returns what is registered under Android.
func (a Android) RedirectURI() string {
	return "msauth://" + a.Package + "/" + a.Hash.Encoded()
}

// IntentPath returns the android:path of the intent filter that receives the
// redirect. Android compares it with the decoded path, so it is not encoded;
// a hash that begins with a slash gives two of them.
func (a Android) IntentPath() string { return "/" + a.Hash.String() }

// Broker returns what a Windows app that signs in through the system's broker
// (WAM) registers under Mobile and desktop applications.
func Broker(clientID string) string {
	return "ms-appx-web://microsoft.aad.brokerplugin/" + clientID
}

var (
	packageForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$`)
	bundleForm  = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$`)
)

// CheckPackage reports whether name can be an Android application ID (Android
// developers, "Set the application ID") that leaves room for a hash.
func CheckPackage(name string) error {
	if !packageForm.MatchString(name) {
		return problem.New(problem.PackageName)
	}
	if len(Android{Package: name}.RedirectURI()) > maxURI-8 { // 8: as many as may need encoding
		return problem.New(problem.RedirectTooLong)
	}
	return nil
}

// CheckBundleID reports whether id can be a CFBundleIdentifier (Apple, Bundle
// Resources) that leaves room for the redirect URI.
func CheckBundleID(id string) error {
	if !bundleForm.MatchString(id) {
		return problem.New(problem.BundleID)
	}
	if len(Apple{id}.RedirectURI()) > maxURI {
		return problem.New(problem.RedirectTooLong)
	}
	return nil
}

// Wrong is the error of everything here that was pasted. It unwraps to a
// *problem.Error, whose detail says what came and what is right.
type Wrong struct {
	// Right is what should have been pasted, or empty where that cannot be
	// known.
	Right string
	err   error
}

func (w *Wrong) Error() string { return w.err.Error() }

// Unwrap returns the *problem.Error.
func (w *Wrong) Unwrap() error { return w.err }

// wrong returns a Wrong. The detail is the right value alone, since what was
// pasted is in front of the person and may be a secret in the wrong field.
func wrong(code problem.Code, right string) error {
	if right == "" {
		return &Wrong{err: problem.New(code)}
	}
	return &Wrong{Right: right, err: problem.Detailf(code, "The right one is %s", right)}
}

// tidy takes away the white space around a paste, and refuses what no
// redirect URI may hold.
func tidy(pasted, right string) (string, error) {
	uri := strings.TrimSpace(pasted)
	switch {
	case uri == "":
		return "", wrong(problem.RedirectEmpty, right)
	case len(strings.Fields(uri)) > 1 && strings.Count(uri, "://") > 1, strings.Count(uri, "://") > 1 && strings.ContainsAny(uri, ",;"):
		return "", wrong(problem.RedirectSeveral, right)
	case strings.IndexFunc(uri, func(r rune) bool { return r < ' ' || r > '~' }) >= 0, strings.ContainsAny(uri, "\"'<>!$(),;*\\^`{}|"):
		return "", wrong(problem.RedirectCharacters, right)
	case len(uri) > maxURI:
		return "", wrong(problem.RedirectTooLong, right)
	}
	return uri, nil
}

var msalScheme = regexp.MustCompile(`(?i)^msal[0-9a-f-]*://`)

// otherForm returns the code of a URI that is none of msauth, or "". Each
// system's check has dealt with its own form before.
func otherForm(uri string) problem.Code {
	low := strings.ToLower(uri)
	switch {
	case msalScheme.MatchString(uri):
		return problem.RedirectMSALScheme
	case strings.HasPrefix(low, "x-msauth"):
		return problem.RedirectADALScheme
	case strings.Contains(low, "%3a%2f"), strings.Contains(low, ":%2f%2f"):
		return problem.RedirectAllEncoded
	case strings.HasPrefix(low, "ms-appx-web:"), strings.HasPrefix(low, "urn:ietf:wg:oauth"), isLoopback(low):
		return problem.RedirectOtherSystem
	case strings.HasPrefix(low, "http://"), strings.HasPrefix(low, "https://"):
		return problem.RedirectWeb
	case strings.HasPrefix(low, "msauth"):
		return ""
	case strings.Contains(low, "://"):
		return problem.RedirectOther
	}
	return ""
}

// isLoopback reports whether a browser would stay on its own machine.
func isLoopback(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return false
	}
	h := u.Hostname()
	return h == "localhost" || h == "127.0.0.1" || h == "::1"
}

// CheckDesktop returns pasted without white space around it if it is
// [Loopback], and otherwise an error.
func CheckDesktop(pasted string) (string, error) {
	uri, err := tidy(pasted, Loopback)
	if err != nil {
		return "", err
	}
	low := strings.ToLower(uri)
	switch {
	case uri == Loopback:
		return uri, nil
	case low == Loopback+"/":
		return "", wrong(problem.RedirectSlash, Loopback)
	case strings.HasPrefix(low, "msauth"), strings.HasPrefix(low, "ms-appx-web:"), strings.HasPrefix(low, "urn:ietf:wg:oauth"):
		return "", wrong(problem.RedirectOtherSystem, Loopback)
	}
	if code := otherForm(uri); code != "" && !isLoopback(low) {
		return "", wrong(code, Loopback)
	}
	return "", wrong(problem.RedirectLoopback, Loopback)
}

// Right returns what should have been pasted, or "" where that cannot be known.
func Right(err error) string {
	var w *Wrong
	if errors.As(err, &w) {
		return w.Right
	}
	return ""
}
