package signin

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/outbound"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

// req: B10
func TestFetcher_itRefusesAddressesBeforeAnybodyIsAsked(t *testing.T) {
	untouched := &http.Client{Transport: refuser{t}}
	for address, want := range map[string]problem.Code{
		"":                                       problem.MetadataNotURL,
		"metadata":                               problem.MetadataNotURL,
		"https://":                               problem.MetadataNotURL,
		"https:login":                            problem.MetadataNotURL,
		"https://a b/":                           problem.MetadataNotURL,
		"https://u:p@login.microsoftonline.com/": problem.MetadataNotURL,
		"http://login.microsoftonline.com/x":     problem.MetadataNotHTTPS,
		"ftp://login.microsoftonline.com/x":      problem.MetadataNotHTTPS,
		"file:///etc/passwd":                     problem.MetadataNotURL,
		"https://login.microsoftonline.com.evil.example/": problem.MetadataForbidden,
		"https://idp.example/metadata":                    problem.MetadataForbidden,
		"https://127.0.0.1/":                              problem.MetadataForbidden,
		"https://localhost/":                              problem.MetadataForbidden,
		"https://localhost./":                             problem.MetadataForbidden,
		"https://169.254.169.254/latest/":                 problem.MetadataForbidden,
		"https://[::1]/":                                  problem.MetadataForbidden,
		"https://[fd00::1]/":                              problem.MetadataForbidden,
		"https://[::ffff:10.0.0.1]/":                      problem.MetadataForbidden,
	} {
		_, err := (&Fetcher{HTTPClient: untouched}).Fetch(t.Context(), address, "", false)
		if code, _ := problem.Of(err); code != want {
			t.Errorf("%q: %v, want %s", address, err, want)
		}
	}
	for _, address := range []string{"https://127.0.0.1/", "https://10.1.2.3/", "https://localhost/", "http://127.0.0.1:1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://10.0.0.010/", "https://a.b.0xa/", "https://[64:ff9b::7f00:1]/"} {
		if _, err := (&Fetcher{HTTPClient: untouched}).Fetch(t.Context(), address, "", true); err == nil {
			t.Errorf("%q: allowed with any host", address)
		}
	}
	if _, err := (&Fetcher{HTTPClient: untouched, Loopback: true}).Fetch(t.Context(), "https://10.1.2.3/", "", true); err == nil {
		t.Error("a private address: allowed for a server on loopback")
	}
}

// refuser fails the test when something is asked.
type refuser struct{ t *testing.T }

func (r refuser) RoundTrip(req *http.Request) (*http.Response, error) {
	r.t.Errorf("%s was asked", req.URL)
	return nil, errors.New("no")
}

// A name that is public when it is checked and inside when it is used (DNS
// rebinding) is refused where the connection is made.
//
// req: B10
func TestFetcher_itAsksAgainWhatANameResolvedTo(t *testing.T) {
	inside := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was reached") }))
	defer inside.Close()
	_, port, err := net.SplitHostPort(inside.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	f := &Fetcher{HTTPClient: &http.Client{Transport: outbound.Transport(time.Second, false)}}
	// The dialler looks localhost up itself; the check of names is gone round.
	req, err := http.NewRequestWithContext(t.Context(), "GET", "https://localhost:"+port+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.client(true).Do(req)
	if code, _ := problem.Of(unfetched(err)); code != problem.MetadataForbidden {
		t.Errorf("got %v", err)
	}
}

// req: B10
func TestFetcher_itBoundsAndNamesWhatComesBack(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/fine", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"1"`)
		_, _ = w.Write([]byte("<x/>"))
	})
	mux.HandleFunc("/gone", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.Repeat("x", saml.MaxMetadata+1)))
	})
	mux.HandleFunc("/again", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/fine", http.StatusFound) })
	mux.HandleFunc("/round", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round", http.StatusFound) })
	mux.HandleFunc("/inside", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://169.254.169.254/latest/meta-data", http.StatusFound)
	})
	mux.HandleFunc("/plain", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://login.microsoftonline.com/", http.StatusFound)
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	f := &Fetcher{Loopback: true}
	for path, want := range map[string]problem.Code{
		"/fine": "", "/again": "", "/nothing": problem.MetadataNotFound, "/gone": problem.MetadataNotFound, "/broken": problem.MetadataStatus,
		"/large": problem.MetadataTooLarge, "/round": problem.MetadataRedirect, "/inside": problem.MetadataRedirect, "/plain": problem.MetadataRedirect,
	} {
		_, err := f.Fetch(t.Context(), s.URL+path, "", false)
		if code, _ := problem.Of(err); code != want {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	got, err := f.Fetch(t.Context(), s.URL+"/fine", `"1"`, false)
	if err != nil || !got.NotModified || got.ETag != `"1"` {
		t.Errorf("%+v, %v", got, err)
	}
	secure := httptest.NewTLSServer(mux)
	defer secure.Close()
	if _, err := f.Fetch(t.Context(), secure.URL+"/fine", "", false); !is(err, problem.MetadataTLS) {
		t.Errorf("a certificate of nobody's: %v", err)
	}
	address := s.URL
	s.Close()
	if _, err := f.Fetch(t.Context(), address+"/fine", "", false); !is(err, problem.MetadataOffline) {
		t.Errorf("nobody there: %v", err)
	}
	unknown := &net.DNSError{Err: "no such host", Name: "idp.example", IsNotFound: true}
	if !is(unfetched(unknown), problem.MetadataDNS) {
		t.Errorf("an unknown name: %v", unfetched(unknown))
	}
	slow, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Fetch(slow, secure.URL+"/fine", "", false); !is(err, problem.MetadataOffline) {
		t.Errorf("too slow: %v", err)
	}
}

func is(err error, want problem.Code) bool {
	code, _ := problem.Of(err)
	return code == want
}

func TestOwnPath_itTakesPathsOnly(t *testing.T) {
	for s, want := range map[string]string{
		"/": "/", "/a?b=c#d": "/a?b=c#d", "": "", "a": "", "//evil.example": "", "/\\evil.example": "", "\\\\evil.example": "", "https://evil.example": "",
		"/\x00": "", "/\n/evil": "", "/%2f%2fevil.example": "/%2f%2fevil.example", "///evil": "", "javascript:alert(1)": "", "/" + strings.Repeat("a", 600): "",
	} {
		if got := ownPath(s); got != want {
			t.Errorf("%q gives %q, want %q", s, got, want)
		}
	}
}

func FuzzOwnPath(f *testing.F) {
	for _, s := range []string{"/", "/a?b", "//x", "/\\x", "https://x", "/%5cx", "/\t/x", "/a#//x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := ownPath(s)
		if got == "" {
			return
		}
		// A browser drops tabs and line ends, and reads \ as /.
		read := strings.NewReplacer("\t", "", "\n", "", "\r", "", "\\", "/").Replace(got)
		if !strings.HasPrefix(read, "/") || strings.HasPrefix(read, "//") {
			t.Errorf("%q leads elsewhere", s)
		}
	})
}
