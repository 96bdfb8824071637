package signin

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// authority is what a browser reads as the host and port of an http address
// (WHATWG URL, "basic URL parser"), for those that have no control characters.
func authority(address string) string {
	rest := strings.TrimLeft(address[strings.IndexByte(address, ':')+1:], `/\`)
	if end := strings.IndexAny(rest, `/\?#`); end >= 0 {
		rest = rest[:end]
	}
	return rest[strings.LastIndexByte(rest, '@')+1:]
}

func FuzzReturnable(f *testing.F) {
	for _, seed := range []string{
		"http://127.0.0.1:1/cb", "http://localhost:53682/", "http://[::1]:1/?a=b", "http://127.0.0.1:1@evil.example:1/", `http://127.0.0.1:1\@evil.example/`,
		"http://localhost.evil.example:1/", "http://evil.example#@localhost:1/", "http:/\\evil.example:1", "http:localhost:1", "HTTP://LOCALHOST:1", "http://127.1:1/",
		"http://[::ffff:127.0.0.1]:1/", "http://[::1%25lo]:1/", "http://localhost:1\t/", "http://ｌocalhost:1/", "http://127.0.0.1:1/％2f", "javascript:alert(1)", "data:text/html,x", "hTtp://[::1%2500]:1#", "https://x/", "com.x:/y",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if !returnable(address, nil) {
			return
		}
		if !strings.EqualFold(address[:min(7, len(address))], "http://") || strings.ContainsAny(address, "#\\\t\r\n\x00") {
			t.Fatalf("%q is no plain address", address)
		}
		u, err := url.Parse("http://" + authority(address))
		if err != nil {
			t.Fatalf("%q: %v", address, err)
		}
		ip, err := netip.ParseAddr(u.Hostname())
		if u.Hostname() != "localhost" && (err != nil || !ip.Unmap().IsLoopback()) || u.Port() == "" {
			t.Errorf("%q leads a browser to %q", address, u.Host)
		}
	})
}

func FuzzRegistrable_noSchemeIsABrowsersOwn(f *testing.F) {
	for _, seed := range []string{"https://app.example/cb", "com.example.app:/cb", "lanyard://cb", "javascript:alert(1)", "data:text/html,x", "JavaScript:x", "vbscript:x", "file:///x", "blob:x", "about:blank", "https://127.0.0.1/", "java\tscript:x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if !registrable(address) {
			return
		}
		scheme, _, _ := strings.Cut(strings.ToLower(address), ":")
		if scheme != "https" && scheme != "lanyard" && !strings.Contains(scheme, ".") || strings.ContainsAny(address, "\t\r\n") {
			t.Errorf("%q may be registered", address)
		}
	})
}
