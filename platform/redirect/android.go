package redirect

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

// AndroidOptions is what a pasted redirect URI is held against.
type AndroidOptions struct {
	// Package is the app's package name. Empty means any.
	Package string
	// HashOptions name the app's certificates.
	HashOptions
}

// right is the URI to show when another was pasted, or "".
func (o AndroidOptions) right() string {
	if h, ok := o.HashOptions.right(); ok && o.Package != "" {
		return Android{o.Package, h}.RedirectURI()
	}
	return ""
}

// CheckAndroid reads a pasted redirect URI of an Android app, with white space
// around it. An error carries a code and, where it can be known, the right URI
// (rows G2, G4).
func CheckAndroid(pasted string, o AndroidOptions) (Android, error) {
	right := o.right()
	uri, err := tidy(pasted, right)
	if err != nil {
		return Android{}, err
	}
	got, code := readAndroid(uri, o)
	if code == "" {
		return got, nil
	}
	if right == "" {
		right = o.mended(got)
	}
	return Android{}, wrong(code, right)
}

// mended is the URI of what could be read out of a wrong one, unless it would
// be wrong too.
func (o AndroidOptions) mended(got Android) string {
	if got.Hash == (Hash{}) || got.Package == "" || CheckPackage(got.Package) != nil || o.judge(got.Hash) != "" {
		return ""
	}
	if o.Package != "" && o.Package != got.Package {
		return ""
	}
	return got.RedirectURI()
}

// readAndroid returns what stands in uri and the code of the first thing that
// is wrong with it.
func readAndroid(uri string, o AndroidOptions) (Android, problem.Code) {
	if code := androidForm(uri, o); code != "" {
		return Android{}, code
	}
	name, rest, hasPath := strings.Cut(uri[len("msauth://"):], "/")
	if code := packageFault(name, rest, o.Package); code != "" {
		return Android{}, code
	}
	got := Android{Package: name}
	if !hasPath || rest == "" {
		return got, problem.RedirectNoHash
	}
	hash, code := hashInURI(rest)
	if hash == nil {
		return got, code
	}
	got.Hash = *hash
	if code == "" || o.isWorse(got.Hash) {
		code = cmp.Or(o.judge(got.Hash), code)
	}
	return got, code
}

// androidForm judges everything before the package name.
func androidForm(uri string, o AndroidOptions) problem.Code {
	if code := otherForm(uri); code != "" {
		return code
	}
	low := strings.ToLower(uri)
	switch {
	case strings.HasPrefix(low, "msauth.") && strings.Contains(low, "://"):
		return problem.RedirectOtherSystem // Apple's
	case strings.HasPrefix(low, "msauth://") && !strings.HasPrefix(uri, "msauth://"):
		return problem.RedirectSchemeCase
	case strings.HasPrefix(uri, "msauth://"):
		return ""
	case strings.HasPrefix(low, "msauth"):
		return problem.RedirectMalformed
	case packageForm.MatchString(uri), strings.EqualFold(uri, o.Package), isHashAlone(uri):
		return problem.RedirectIncomplete
	}
	return problem.RedirectMalformed
}

// isHashAlone reports whether s is a hash, or an intent filter's path, in any
// spelling.
func isHashAlone(s string) bool {
	for _, part := range []string{s, strings.TrimPrefix(s, "/")} {
		if h, code, meant := readHash(part); code == "" && h != (Hash{}) || meant != nil || code == problem.HashSHA256 {
			return true
		}
	}
	return false
}

// packageFault judges what stands where the package name belongs.
func packageFault(got, rest, want string) problem.Code {
	switch {
	case got == want && want != "":
		return ""
	case strings.ContainsAny(got, "?#"):
		return problem.RedirectQuery
	case isHashAlone(got) || packageForm.MatchString(rest) && !packageForm.MatchString(got):
		return problem.RedirectSwapped
	case want == "" && packageForm.MatchString(got):
		return ""
	case want == "":
		return problem.PackageName
	case strings.EqualFold(got, want):
		return problem.RedirectPackageCase
	}
	return problem.RedirectPackage
}

var (
	encodedHash = regexp.MustCompile(`^(?:[A-Za-z0-9]|%2[BF])+%3D$`)
	lowerHex    = regexp.MustCompile(`%(?:2[bf]|3d)`)
)

// hashInURI reads what follows the package name. With a code it returns the
// hash that was meant, if that can be told.
func hashInURI(rest string) (*Hash, problem.Code) {
	if strings.ContainsAny(rest, "?#") {
		h, _ := hashInURI(rest[:strings.IndexAny(rest, "?#")])
		return h, problem.RedirectQuery
	}
	plain, err := url.PathUnescape(rest)
	if err != nil {
		return nil, problem.HashUnreadable
	}
	h, code, meant := readHash(plain)
	switch {
	case code == "" && encodedHash.MatchString(rest):
		return &h, ""
	case code == "" && lowerHex.MatchString(rest):
		return &h, problem.RedirectHexCase
	case code == "":
		return &h, problem.RedirectNotEncoded
	case code == problem.HashEncoded:
		return meant, problem.RedirectTwice
	}
	if code == problem.HashUnreadable {
		return aroundHash(rest)
	}
	return meant, code
}

// aroundHash finds a hash with too much before or behind it.
func aroundHash(rest string) (*Hash, problem.Code) {
	if cut := strings.TrimRight(rest, "/"); cut != rest {
		if h, code := hashInURI(cut); h != nil {
			return h, cmp.Or(onlyEncoding(code), problem.RedirectSlash)
		}
	}
	for i := range len(rest) {
		if rest[i] != '/' {
			continue
		}
		if h, code := hashInURI(rest[:i]); h != nil && code == "" {
			return h, problem.RedirectPath
		}
	}
	return nil, problem.HashUnreadable
}

// onlyEncoding keeps a code that stands for more than a slash too many.
func onlyEncoding(code problem.Code) problem.Code {
	if code == problem.RedirectSlash {
		return ""
	}
	return code
}

// CheckIntentPath holds the android:path of an app's intent filter against a
// (row G4). That of a redirect URI is encoded; this one must not be.
func CheckIntentPath(path string, a Android) error {
	want := a.IntentPath()
	plain, err := url.PathUnescape(path)
	switch {
	case path == want:
		return nil
	case err == nil && plain != path && (plain == want || "/"+plain == want):
		return wrong(problem.HashEncoded, want)
	case "/"+path == want:
		return wrong(problem.PathNoSlash, want)
	case slices.Contains([]string{a.Hash.Fingerprint(), strings.ReplaceAll(a.Hash.Fingerprint(), ":", "")}, strings.ToUpper(strings.TrimPrefix(path, "/"))):
		return wrong(problem.HashHex, want)
	case path == "/"+base64.URLEncoding.EncodeToString(a.Hash[:]):
		return wrong(problem.HashURLSafe, want)
	case strings.EqualFold(path, want):
		return wrong(problem.HashCase, want)
	case path+"=" == want:
		return wrong(problem.HashPadding, want)
	}
	return wrong(problem.PathWrong, want)
}
