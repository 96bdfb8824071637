package entratest_test

import (
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
)

func TestMatchRedirect_itFollowsEntrasRules(t *testing.T) {
	native := func(uri string) []entratest.Redirect {
		return []entratest.Redirect{{Platform: entratest.PublicClient, URI: uri}}
	}
	for _, c := range []struct {
		why, registered, requested string
		want                       bool
	}{
		{"the same", "http://localhost", "http://localhost", true},
		{"any port of localhost", "http://localhost", "http://localhost:53211", true},
		{"any port, though one is registered", "http://localhost:8080/cb", "http://localhost:9/cb", true},
		{"any port of 127.0.0.1", "http://127.0.0.1/cb", "http://127.0.0.1:5/cb", true},
		{"no path is the path /", "http://localhost", "http://localhost:1/", true},
		{"and the other way round", "http://localhost/", "http://localhost:1", true},
		{"https localhost too", "https://localhost/x", "https://localhost:44300/x", true},
		{"the path matters", "http://localhost", "http://localhost:1/callback", false},
		{"a slash too many", "http://localhost/cb", "http://localhost:1/cb/", false},
		{"case of the path", "http://localhost/cb", "http://localhost:1/CB", false},
		{"localhost is not 127.0.0.1", "http://localhost", "http://127.0.0.1:1", false},
		{"IPv6 is not supported", "http://localhost", "http://[::1]:1", false},
		{"case of the host", "http://localhost", "http://LOCALHOST:1", false},
		{"another scheme", "http://localhost", "https://localhost:1", false},
		{"a host that begins alike", "http://localhost", "http://localhost.evil.example", false},
		{"a user name", "http://localhost", "http://localhost:1@evil.example", false},
		{"a user name without port", "http://localhost", "http://localhost@evil.example/", false},
		{"a backslash", "http://localhost", `http://localhost\@evil.example`, false},
		{"a fragment", "http://localhost", "http://localhost:1#x", false},
		{"a port that is none", "http://localhost", "http://localhost:1x", false},
		{"an empty port", "http://localhost", "http://localhost:", false},
		{"a query", "http://localhost", "http://localhost:1?x=1", false},
		{"a query as registered", "https://a.example/cb?x=1", "https://a.example/cb?x=1", true},
		{"another query", "https://a.example/cb?x=1", "https://a.example/cb?x=2", false},
		{"the port of others counts", "https://a.example/cb", "https://a.example:8443/cb", false},
		{"a path below", "https://a.example/cb", "https://a.example/cb/x", false},
		{"dots in the path", "https://a.example/cb", "https://a.example/x/../cb", false},
		{"percent encoding is not undone", "https://a.example/a/b", "https://a.example/a%2Fb", false},
		{"own scheme", "msauth.com.acme.app://auth", "msauth.com.acme.app://auth", true},
		{"own scheme, a slash", "msauth.com.acme.app://auth", "msauth.com.acme.app://auth/", false},
		{"Android", "msauth://com.acme.app/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D", "msauth://com.acme.app/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D", true},
		{"Android, not encoded", "msauth://com.acme.app/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D", "msauth://com.acme.app/1wIqXSqBj7w+h11ZifsnqwgyKrY=", false},
		{"Android, lower case hash", "msauth://com.acme.app/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D", "msauth://com.acme.app/1wiqxsqbj7w%2bh11zifsnqwgykry%3d", false},
		{"nothing", "http://localhost", "", false},
	} {
		t.Run("it "+c.why, func(t *testing.T) {
			if _, got := entratest.MatchRedirect(native(c.registered), c.requested); got != c.want {
				t.Errorf("%q for %q: %v, want %v", c.requested, c.registered, got, c.want)
			}
		})
	}
}

func TestCheckRedirect_itRefusesWhatEntraWouldNotRegister(t *testing.T) {
	for _, r := range []entratest.Redirect{
		{Platform: entratest.PublicClient, URI: "http://example.com"},
		{Platform: entratest.PublicClient, URI: "http://[::1]/"},
		{Platform: entratest.PublicClient, URI: "http://localhost/a(b)"},
		{Platform: entratest.PublicClient, URI: "http://localhost/#x"},
		{Platform: entratest.PublicClient, URI: "localhost"},
		{Platform: entratest.PublicClient, URI: "https://"},
		{Platform: entratest.PublicClient, URI: "https://u@a.example/"},
		{Platform: entratest.Web, URI: "msauth.com.acme.app://auth"},
		{Platform: entratest.Web, URI: "https://a.example/*"},
		{Platform: entratest.Web, URI: "https://a.example/" + strings.Repeat("x", 256)},
		{Platform: "desktop", URI: "http://localhost"},
	} {
		if entratest.CheckRedirect(r) == nil {
			t.Errorf("%s %q was registered", r.Platform, r.URI)
		}
	}
	for _, r := range []entratest.Redirect{
		{Platform: entratest.PublicClient, URI: "http://localhost"},
		{Platform: entratest.PublicClient, URI: "http://127.0.0.1"},
		{Platform: entratest.PublicClient, URI: "msauth://com.acme.app/%2FmFs2Yzr6mRVUItgVUANroj4PyI%3D"},
		{Platform: entratest.PublicClient, URI: "ms-appx-web://microsoft.aad.brokerplugin/x"},
		{Platform: entratest.Web, URI: "https://a.example/cb?x=1"},
		{Platform: entratest.SPA, URI: "https://localhost:3000"},
	} {
		if err := entratest.CheckRedirect(r); err != nil {
			t.Error(err)
		}
	}
}

// What matches must be what was registered, but for a loopback port and an
// empty path: nothing else may ever leave through an answer.
func FuzzMatchRedirect(f *testing.F) {
	for _, s := range []string{
		"http://localhost:1", "http://localhost/", "http://localhost@evil/", "https://a.example/cb", "http://localhost:1/?", "://", "http://localhost:99999999",
		"http://localhost\x00", "https://a.example/cb\n", "msauth.app://auth",
	} {
		f.Add(s)
	}
	registered := []entratest.Redirect{
		{Platform: entratest.PublicClient, URI: "http://localhost"},
		{Platform: entratest.PublicClient, URI: "msauth.app://auth"},
		{Platform: entratest.Web, URI: "https://a.example/cb"},
	}
	f.Fuzz(func(t *testing.T, requested string) {
		r, ok := entratest.MatchRedirect(registered, requested)
		if !ok || requested == r.URI {
			return
		}
		port, found := strings.CutPrefix(requested, "http://localhost")
		port = strings.TrimSuffix(port, "/")
		if !found || (port != "" && (port[0] != ':' || strings.Trim(port[1:], "0123456789") != "" || port == ":")) {
			t.Errorf("%q matched %q", requested, r.URI)
		}
	})
}
