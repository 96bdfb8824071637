package redirect

import (
	"regexp"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

// CheckApple returns pasted without white space around it if it is the
// redirect URI of a, and otherwise an error with the right one (row G2).
func CheckApple(pasted string, a Apple) (string, error) {
	right := ""
	if a.BundleID != "" {
		right = a.RedirectURI()
	}
	uri, err := tidy(pasted, right)
	if err != nil {
		return "", err
	}
	if right != "" && uri == right {
		return uri, nil
	}
	code, meant := appleFault(uri, a)
	if code == "" {
		return uri, nil
	}
	if right == "" && CheckBundleID(meant) == nil {
		right = Apple{meant}.RedirectURI()
	}
	return "", wrong(code, right)
}

// appleFault returns what is wrong with uri, and the bundle ID that stands in
// it if one does. Faults that stand further left come first: who mends them in
// turn never goes in a circle.
func appleFault(uri string, a Apple) (code problem.Code, bundle string) {
	if strings.Contains(uri, " ") {
		return problem.RedirectCharacters, ""
	}
	if code := otherForm(uri); code != "" {
		return code, ""
	}
	scheme, rest, found := strings.Cut(uri, "://")
	if !found {
		return appleFragment(uri, a)
	}
	if name, path, _ := strings.Cut(rest, "/"); strings.EqualFold(scheme, "msauth") && a.BundleID != "" && strings.EqualFold(name, a.BundleID) && (path == "" || path == "auth") {
		return problem.RedirectDot, a.BundleID // what is Android's form, of this app all the same
	}
	bundle, code = bundleIn(scheme, rest)
	if code != "" {
		return code, bundle
	}
	if code := afterScheme(rest); code != "" {
		return code, bundle
	}
	return bundleFault(bundle, a.BundleID), bundle
}

// appleFragment names what is missing of a URI without "://".
func appleFragment(uri string, a Apple) (problem.Code, string) {
	low := strings.ToLower(uri)
	switch {
	case strings.HasPrefix(low, "msauth") && strings.Contains(uri, ":"):
		return problem.RedirectMalformed, ""
	case strings.HasPrefix(low, "msauth."):
		return problem.RedirectIncomplete, strings.Split(uri[len("msauth."):], "/")[0]
	case a.BundleID != "" && strings.EqualFold(uri, a.BundleID):
		return problem.RedirectIncomplete, a.BundleID
	case low == "msauth", low == "auth", bundleForm.MatchString(uri) && strings.Contains(uri, "."):
		return problem.RedirectIncomplete, uri
	}
	return problem.RedirectMalformed, ""
}

// bundleIn returns the bundle ID in the scheme, or what is wrong with what
// stands around it.
func bundleIn(scheme, rest string) (string, problem.Code) {
	low := strings.ToLower(scheme)
	if low == "msauth" {
		if strings.Contains(rest, "/") && !strings.HasPrefix(strings.ToLower(rest), "auth/") || packageForm.MatchString(rest) {
			return "", problem.RedirectOtherSystem // Android's
		}
		return "", problem.RedirectDot
	}
	bundle := scheme[len("msauth"):]
	if !strings.HasPrefix(bundle, ".") || strings.HasPrefix(bundle, "..") || bundle == "." {
		return strings.TrimLeft(bundle, "._-"), problem.RedirectDot
	}
	bundle = bundle[1:]
	if !strings.HasPrefix(scheme, "msauth") {
		return bundle, problem.RedirectSchemeCase
	}
	return bundle, ""
}

// afterScheme judges what follows "://", which must be "auth".
func afterScheme(rest string) problem.Code {
	switch {
	case rest == "auth":
		return ""
	case rest == "":
		return problem.RedirectIncomplete
	case strings.ContainsAny(rest, "?#"):
		return problem.RedirectQuery
	case strings.TrimRight(rest, "/") == "auth":
		return problem.RedirectSlash
	}
	return problem.RedirectAuthority
}

var teamID = regexp.MustCompile(`^[A-Z0-9]{10}\.`)

// bundleFault holds the bundle ID that came against the right one.
func bundleFault(got, want string) problem.Code {
	withoutTeam := teamID.ReplaceAllString(got, "")
	switch {
	case want == "" && !bundleForm.MatchString(got):
		return problem.BundleID
	case want == "", got == want:
		return ""
	case strings.EqualFold(got, want):
		return problem.RedirectBundleCase
	case withoutTeam != got && strings.EqualFold(withoutTeam, want):
		return problem.RedirectTeamID
	}
	return problem.RedirectBundle
}
