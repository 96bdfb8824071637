package platform

import (
	"crypto/subtle"
	"net/url"
	"strings"
)

// isAnswer reports whether v answers the request with this state: each
// parameter once (RFC 6749, section 3.1), a code or an error.
func isAnswer(v url.Values, state string) bool {
	for _, name := range []string{"state", "code", "error"} {
		if len(v[name]) > 1 {
			return false
		}
	}
	return state != "" && subtle.ConstantTimeCompare([]byte(v.Get("state")), []byte(state)) == 1 &&
		(v.Get("code") != "") != (v.Get("error") != "")
}

// answerIn returns the parameters of an address that the system handed to the
// app, if it is redirectURI, an app's own such as msauth://…, with an answer to
// the request with this state in its query. Any app on the device and any web
// page can make the system hand over an address, so all else is ignored.
//
// Scheme, host and path are compared as Microsoft Entra does, by character, but
// for percent-encoding, which a browser may write anew. A fragment is ignored:
// browsers carry that of the page before over to where they are sent.
func answerIn(address, redirectURI, state string) (url.Values, bool) {
	if len(address) > maxAnswer {
		return nil, false
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" || u.Opaque != "" || u.User != nil {
		return nil, false
	}
	want, err := url.Parse(redirectURI)
	if err != nil || want.Scheme == "" || want.Host == "" {
		return nil, false
	}
	// url.Parse makes the scheme small; ours is small.
	if !strings.HasPrefix(address, u.Scheme+":") || u.Scheme != want.Scheme || u.Host != want.Host || u.Path != want.Path {
		return nil, false
	}
	v, err := url.ParseQuery(u.RawQuery)
	if err != nil || !isAnswer(v, state) {
		return nil, false
	}
	return v, true
}
