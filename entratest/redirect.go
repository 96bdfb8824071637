package entratest

import (
	"fmt"
	"net/url"
	"strings"
)

// maxRedirects is how many redirect URIs a registration takes, and
// maxRedirectLength how long each may be.
const (
	maxRedirects      = 256
	maxRedirectLength = 256
)

// CheckRedirect says why Entra would not register a redirect URI; nil when it
// would. See learn.microsoft.com/entra/identity-platform/reply-url.
func CheckRedirect(r Redirect) error {
	wrong := func(why string) error {
		return fmt.Errorf("entratest: Entra does not register %q for %s: %s", r.URI, r.Platform, why)
	}
	u, err := url.Parse(r.URI)
	switch {
	case r.Platform != PublicClient && r.Platform != Web && r.Platform != SPA:
		return wrong("there is no such platform")
	case err != nil || u.Scheme == "":
		return wrong("it is not an absolute URI")
	case len(r.URI) > maxRedirectLength:
		return wrong("it is longer than 256 characters")
	case strings.ContainsAny(r.URI, "!$'(),; \t\r\n*"):
		return wrong("it has a character that is not allowed (! $ ' ( ) , ; * or a space)")
	case u.Fragment != "" || strings.Contains(r.URI, "#"):
		return wrong("it has a fragment")
	case u.User != nil:
		return wrong("it has a user name")
	}
	switch u.Scheme {
	case "https":
		if u.Host == "" {
			return wrong("it has no host")
		}
	case "http":
		// The portal refuses 127.0.0.1; the manifest and Graph take it.
		if h := u.Hostname(); h != "localhost" && h != "127.0.0.1" {
			return wrong("http is for localhost only, and [::1] is not supported")
		}
	default:
		if r.Platform != PublicClient {
			return wrong("custom schemes are for mobile and desktop applications")
		}
	}
	return nil
}

// MatchRedirect finds the registered URI that a request's redirect_uri matches
// under Entra's rules: exactly and with regard to case, except that the port
// of localhost and 127.0.0.1 is ignored (RFC 8252 section 7.3) and that no
// path is the same as the path "/".
func MatchRedirect(registered []Redirect, requested string) (Redirect, bool) {
	if len(requested) > 2*maxRedirectLength || strings.Contains(requested, "#") {
		return Redirect{}, false
	}
	want, ok := comparisonForm(requested)
	if !ok {
		return Redirect{}, false
	}
	for _, r := range registered {
		if have, ok := comparisonForm(r.URI); ok && have == want {
			return r, true
		}
	}
	return Redirect{}, false
}

// comparisonForm is the form in which two redirect URIs are compared. It works on
// the text, not on a parsed and rebuilt URL, so that nothing is normalised by
// accident (%2F and /, upper and lower case).
func comparisonForm(uri string) (string, bool) {
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok || (scheme != "http" && scheme != "https") {
		return uri, uri != ""
	}
	authority, path := rest, ""
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	if authority == "" || strings.ContainsAny(authority, "@\\[]") {
		return "", false // a user name, or IPv6, which Entra does not support
	}
	host, port, hasPort := strings.Cut(authority, ":")
	if hasPort && !digits(port) {
		return "", false
	}
	if host == "localhost" || host == "127.0.0.1" {
		authority = host
	}
	if path == "" || path[0] == '?' {
		path = "/" + path
	}
	return scheme + "://" + authority + path, true
}

func digits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}

// answerURI is where a query or fragment answer goes: a URI without a path
// gets a slash (documented on the reply-url page); form_post goes to the URI
// as requested.
func answerURI(requested string) string {
	u, err := url.Parse(requested)
	if err == nil && u.Host != "" && u.Path == "" && (u.Scheme == "http" || u.Scheme == "https") {
		u.Path = "/"
		return u.String()
	}
	return requested
}
