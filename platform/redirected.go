package platform

import (
	"crypto/subtle"
	"errors"
	"net/url"

	"github.com/lanyard-sso/lanyard/problem"
)

// maxRedirected is longer than any answer, as a form on loopback may be.
const maxRedirected = maxAnswer

// redirected reads the address that a browser came back with to an app's own
// scheme: redirectURI with the answer to the request that carried state in its
// query. Anything else is problem.BadCallback. No error repeats any of it.
//
// Browsers write a scheme in small letters, whatever the bundle ID in it looks
// like (WHATWG URL Standard), and Microsoft Entra adds a slash where there is no
// path. A fragment is nobody's answer and is left alone (RFC 6749, section
// 4.1.2: the query).
func redirected(address, redirectURI, state string) (url.Values, error) {
	bad := func(why string) (url.Values, error) {
		return nil, problem.Wrap(problem.BadCallback, errors.New(why))
	}
	if len(address) > maxRedirected {
		return bad("the address is too long")
	}
	got, err := url.Parse(address)
	if err != nil {
		return bad("not an address") // err repeats it
	}
	want, err := url.Parse(redirectURI)
	if err != nil {
		return bad("no redirect URI to compare with")
	}
	if got.Scheme != want.Scheme || got.Host != want.Host || got.User != nil || got.Opaque != "" {
		return bad("another scheme or host")
	}
	if got.Path != want.Path && (want.Path != "" || got.Path != "/") {
		return bad("another path")
	}
	v, err := url.ParseQuery(got.RawQuery)
	if err != nil {
		return bad("the query cannot be read")
	}
	if !answersTo(v, state) {
		return bad("not an answer to this sign-in")
	}
	return v, nil
}

// answersTo reports whether v is an answer to the request that carried state:
// it has the state, and each parameter once (RFC 6749, section 3.1), a code or
// an error.
func answersTo(v url.Values, state string) bool {
	for _, name := range []string{"state", "code", "error"} {
		if len(v[name]) > 1 {
			return false
		}
	}
	return state != "" && subtle.ConstantTimeCompare([]byte(v.Get("state")), []byte(state)) == 1 &&
		(v.Get("code") != "") != (v.Get("error") != "")
}
