package register

import (
	"net/url"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
)

// registered is one redirect URI of a registration.
type registered struct {
	Platform Platform
	URI      string
}

// platformNames are what the portal calls the platforms.
var platformNames = map[Platform]string{
	OnPublicClient: "Mobile and desktop applications",
	OnWeb:          "Web",
	OnSPA:          "Single-page application",
}

// Called is what the portal calls the platform that the redirect URI is added under.
func (r Redirect) Called() string {
	switch {
	case r.Apple != nil:
		return "iOS / macOS"
	case r.Android != nil:
		return "Android"
	}
	return platformNames[r.Platform]
}

func (a Application) redirects() (out []registered) {
	for platform, uris := range map[Platform][]string{OnPublicClient: a.PublicClient.RedirectURIs, OnWeb: a.Web.RedirectURIs, OnSPA: a.SPA.RedirectURIs} {
		for _, u := range uris {
			out = append(out, registered{platform, u})
		}
	}
	slices.SortStableFunc(out, func(a, b registered) int { return strings.Compare(string(a.Platform), string(b.Platform)) })
	return out
}

// Registered reports whether a redirect URI is registered under a platform,
// letter for letter.
func (a Application) Registered(platform Platform, uri string) bool {
	return slices.Contains(a.redirects(), registered{platform, uri})
}

// CheckRedirects is the part of Check that is about redirect URIs: whether each
// that is wanted is registered, letter for letter and under its platform.
// Others that are registered are noted; one of the debug key that Fyne
// publishes is a difference unless it is wanted.
func CheckRedirects(a Application, want ...Redirect) []Difference {
	all := a.redirects()
	var out []Difference
	explained := map[registered]bool{} // named in a difference, or wanted
	for _, w := range want {
		d, why := redirectDifference(all, w)
		if d != nil {
			out = append(out, *d)
		}
		explained[registered{w.Platform, w.URI}] = true
		explained[why] = true
	}
	for _, r := range all {
		if explained[r] {
			continue
		}
		d := Difference{
			Code: problem.RegRedirectOther, Field: string(r.Platform) + ".redirectUris", Want: "nothing of it in the plan", Got: r.URI, Note: true,
			Fix: "Authentication → " + platformNames[r.Platform] + ": leave it, or remove it where nothing uses it",
		}
		if _, err := redirect.CheckAndroid(r.URI, redirect.AndroidOptions{}); isCode(err, problem.HashDebugKey) {
			d.Code, d.Want, d.Note = problem.RegRedirectDebugKey, nothing, false
			d.Fix = "Authentication → Android: remove " + r.URI + ", and register the hash of a key of your own"
		}
		out = append(out, d)
	}
	return out
}

func isCode(err error, code problem.Code) bool {
	got, _ := problem.Of(err)
	return err != nil && got == code
}

// redirectDifference says what of the registered URIs comes nearest to a wanted
// one that is not among them; nil where it is.
func redirectDifference(all []registered, w Redirect) (*Difference, registered) {
	exact := registered{w.Platform, w.URI}
	if slices.Contains(all, exact) {
		return nil, exact
	}
	d := &Difference{Field: string(w.Platform) + ".redirectUris", Want: w.URI, Fix: w.fix()}
	for _, r := range all {
		if r.URI == w.URI {
			d.Code, d.Got = problem.RegRedirectPlatform, "under "+platformNames[r.Platform]+" ("+string(r.Platform)+")"
			d.Fix = "Authentication → " + platformNames[r.Platform] + ": remove it there; then " + w.fix()
			return d, r
		}
	}
	for _, r := range all {
		if w.URI == redirect.Loopback && r.Platform == w.Platform && onlyPort(r.URI) {
			d.Code, d.Got, d.Note = problem.RegRedirectNear, r.URI, true
			d.Fix = "Authentication: it works, as Microsoft Entra ignores the port; " + redirect.Loopback + " says what is meant"
			return d, r
		}
	}
	for _, r := range all {
		if roughly(r.URI) == roughly(w.URI) {
			d.Code, d.Got = problem.RegRedirectNear, r.URI
			if r.Platform != w.Platform {
				d.Got += " under " + platformNames[r.Platform]
			}
			return d, r
		}
	}
	var same []string
	for _, r := range all {
		if r.Platform == w.Platform {
			same = append(same, r.URI)
		}
	}
	d.Code, d.Got = problem.RegRedirectMissing, list(same)
	return d, registered{}
}

// fix is how to register a redirect URI.
func (w Redirect) fix() string {
	switch {
	case w.Apple != nil:
		return "Authentication → Add a platform → iOS / macOS → Bundle ID " + w.Apple.BundleID + " → Configure"
	case w.Android != nil:
		return "Authentication → Add a platform → Android → Package name " + w.Android.Package + ", Signature hash " + w.Android.Hash.String() + " → Configure"
	case w.Platform == OnWeb && w.For == forSAML:
		return "Single sign-on → Basic SAML Configuration → Reply URL (Assertion Consumer Service URL): " + w.URI
	}
	return "Authentication → Add a platform → " + platformNames[w.Platform] + " → Custom redirect URIs: " + w.URI
}

// onlyPort reports whether a URI differs from the loopback one by a port alone.
func onlyPort(uri string) bool {
	port, ok := strings.CutPrefix(uri, redirect.Loopback+":")
	return ok && port != "" && strings.Trim(port, "0123456789") == ""
}

// roughly is a URI without that in which people's differ from the right one:
// capitals, a slash at the end, encoding, and the names of loopback.
func roughly(uri string) string {
	for range 3 {
		plain, err := url.PathUnescape(uri)
		if err != nil {
			break
		}
		uri = plain
	}
	uri = strings.ToLower(strings.TrimRight(strings.TrimSpace(uri), "/="))
	for _, host := range []string{"http://127.0.0.1", "http://[::1]", "https://localhost"} {
		if rest, ok := strings.CutPrefix(uri, host); ok && (rest == "" || rest[0] == ':' || rest[0] == '/') {
			uri = "http://localhost" + rest
		}
	}
	if rest, ok := strings.CutPrefix(uri, "http://localhost:"); ok {
		return "http://localhost" + strings.TrimLeft(rest, "0123456789")
	}
	return uri
}
