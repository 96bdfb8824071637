package server

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// plain returns a server that nothing runs behind.
func plain(t *testing.T, public string, change ...func(*Config)) *Server {
	t.Helper()
	u, err := url.Parse(public)
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Store: opened(t)(sqlite.Open(t.Context(), litetest.File(t))), PublicURL: u}
	for _, f := range change {
		f(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func get(h http.Handler, method, target string) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, nil))
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestNew_itAcceptsHTTPOnLoopbackOnly(t *testing.T) {
	for address, fine := range map[string]bool{
		"https://sso.example.com": true, "https://sso.example.com/": true, "https://sso.example.com:8443": true,
		"http://localhost:8080": true, "http://127.0.0.1": true, "http://[::1]:80": true,
		"http://sso.example.com": false, "http://10.0.0.1": false, "http://0.0.0.0:8080": false, "http://localhost.example.com": false,
		"https://": false, "ftp://localhost": false, "sso.example.com": false, "https://a:b@sso.example.com": false,
		"https://sso.example.com/lanyard": false, "https://sso.example.com?x=1": false, "https://sso.example.com#x": false, "": false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		err = CheckPublicURL(u)
		if (err == nil) != fine || (!fine && (codeOf(err) != problem.BadPublicURL || problem.DetailOf(err) == "")) {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, err := New(Config{Store: &Store{}}); codeOf(err) != problem.BadPublicURL {
		t.Errorf("no address: %v", err)
	}
	if _, err := New(Config{PublicURL: &url.URL{Scheme: "https", Host: "x"}}); codeOf(err) != problem.BadConfig {
		t.Errorf("no store: %v", err)
	}
	if _, err := New(Config{Store: &Store{}, PublicURL: &url.URL{Scheme: "https", Host: "x"}, SessionTTL: -1}); codeOf(err) != problem.BadConfig {
		t.Errorf("negative session time: %v", err)
	}
}

func TestServeHTTP_itAnswersWithProblemsWhereThereIsNothing(t *testing.T) {
	s := plain(t, "https://sso.example.com")
	for _, c := range []struct {
		method, target string
		status         int
		code           problem.Code
		allow          string
	}{
		{"GET", "/nothing", 404, problem.NotFound, ""},
		{"GET", "/v1", 404, problem.NotFound, ""},
		{"GET", "/v1/", 404, problem.NotFound, ""},
		{"GET", "/v1/nothing", 404, problem.NotFound, ""},
		{"GET", "/v1//me", 404, problem.NotFound, ""},
		{"GET", "/v1/../v1/me", 404, problem.NotFound, ""},
		{"GET", "//evil.example/%2f..", 404, problem.NotFound, ""},
		{"GET", "/scim", 404, problem.NotFound, ""},
		{"GET", "/scim/v1/acme", 404, problem.NotFound, ""},
		{"GET", "/livez", 404, problem.NotFound, ""},
		{"GET", "/debug/pprof/", 404, problem.NotFound, ""},
		{"POST", "/", 405, problem.MethodNotAllowed, "GET, HEAD"},
		{"GET", "/v1/discover", 405, problem.MethodNotAllowed, "POST"},
		{"PUT", "/v1/session", 405, problem.MethodNotAllowed, "DELETE, POST"},
		{"OPTIONS", "/v1/me", 405, problem.MethodNotAllowed, "GET, HEAD"},
		{"BREW", "/v1/me", 405, problem.MethodNotAllowed, "GET, HEAD"},
		{"GET", "/v1/me", 401, problem.SessionGone, ""},
		{"GET", "/v1/events", 401, problem.SessionGone, ""},
		{"HEAD", "/v1/events", 405, problem.MethodNotAllowed, "GET"},
	} {
		r := get(s, c.method, c.target)
		var p api.Problem
		if err := json.Unmarshal([]byte(body(t, r)), &p); err != nil {
			t.Errorf("%s %s: %v", c.method, c.target, err)
		}
		if r.StatusCode != c.status || p.Status != c.status || p.Code != string(c.code) || r.Header.Get("Allow") != c.allow ||
			r.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %d %+v, Allow %q", c.method, c.target, r.StatusCode, p, r.Header.Get("Allow"))
		}
		if p.CorrelationID == "" || p.CorrelationID != r.Header.Get("X-Request-Id") {
			t.Errorf("%s %s: correlation id %q, X-Request-Id %q", c.method, c.target, p.CorrelationID, r.Header.Get("X-Request-Id"))
		}
	}
}

func TestServeHTTP_itSetsTheHeadersOfEveryAnswer(t *testing.T) {
	s, local := plain(t, "https://sso.example.com"), plain(t, "http://localhost:8080")
	for _, target := range []string{"/", "/page.css", "/readyz", "/v1/workspaces/acme", "/scim/v2/acme/Users", "/nothing"} {
		h := get(s, "GET", target).Header
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" ||
			h.Get("X-Request-Id") == "" || h.Get("Strict-Transport-Security") == "" {
			t.Errorf("%s: %v", target, h)
		}
		if strings.HasPrefix(target, "/v1") || strings.HasPrefix(target, "/scim") {
			if h.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: Cache-Control %q", target, h.Get("Cache-Control"))
			}
		}
		if get(local, "GET", target).Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: HSTS over http", target)
		}
		if h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: other origins may read it", target)
		}
	}
}

func TestServeHTTP_itExplainsItselfToAPerson(t *testing.T) {
	s := plain(t, "https://sso.example.com", func(c *Config) { c.Version = "1.2<3" })
	r := get(s, "GET", "/")
	page := body(t, r)
	for _, want := range []string{"This is a Lanyard server", "https://sso.example.com/scim/v2/", "Sign in with Microsoft", "Lanyard 1.2&lt;3"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if csp := r.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") ||
		!strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("CSP %q", csp)
	}
	if strings.Contains(page, "<style") || strings.Contains(page, "style=") || strings.Contains(page, "<script") {
		t.Error("the page holds what its policy forbids")
	}
	if css := get(s, "GET", "/page.css"); css.StatusCode != 200 || css.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("the stylesheet: %d", css.StatusCode)
	}
}

func TestReadyz_itSaysWhetherTheServerCanServe(t *testing.T) {
	w := newWorld(t, "sqlite")
	s := plain(t, "https://sso.example.com")
	if r := get(s, "GET", "/readyz"); r.StatusCode != 503 {
		t.Errorf("without Run: %d %s", r.StatusCode, body(t, r))
	}
	r := w.serve(w.store)
	for _, h := range []http.Handler{r.server, r.server.Admin()} {
		if r := get(h, "GET", "/readyz"); r.StatusCode != 200 {
			t.Errorf("running: %d %s", r.StatusCode, body(t, r))
		}
	}
	w.store.Close()
	if r := get(r.server, "GET", "/readyz"); r.StatusCode != 503 || !strings.Contains(body(t, r), string(problem.DatabaseDown)) {
		t.Errorf("without a database: %d", r.StatusCode)
	}
	if r := get(r.server.Admin(), "GET", "/livez"); r.StatusCode != 200 {
		t.Errorf("alive: %d", r.StatusCode)
	}
}

func TestAdmin_itServesWhatOperatorsNeed(t *testing.T) {
	s := plain(t, "https://sso.example.com", func(c *Config) { c.Version = "1.2.3" })
	if v := body(t, get(s.Admin(), "GET", "/version")); !strings.Contains(v, `"version":"1.2.3"`) {
		t.Error(v)
	}
	for target, want := range map[string]int{
		"/livez": 200, "/debug/pprof/": 200, "/debug/pprof/goroutine": 200,
		"/debug/pprof/cmdline": 404, // --db may hold a password
		"/v1/me":               404, "/": 404,
	} {
		if r := get(s.Admin(), "GET", target); r.StatusCode != want {
			t.Errorf("%s: %d", target, r.StatusCode)
		}
	}
}

func TestGuard_itTurnsAPanicIntoAProblem(t *testing.T) {
	log := &logBuffer{}
	g := &guard{log: slog.New(slog.NewTextHandler(log, nil)), now: time.Now, ip: func(*http.Request) string { return "-" }}
	g.next = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a wheel came off") })
	r := get(g, "GET", "/x")
	text := body(t, r)
	if r.StatusCode != 500 || !strings.Contains(text, string(problem.Internal)) || strings.Contains(text, "wheel") {
		t.Errorf("%d %s", r.StatusCode, text)
	}
	for _, want := range []string{"a wheel came off", "server_test.go", r.Header.Get("X-Request-Id"), "status=500", "level=ERROR"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
	g.next = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "begun")
		panic("too late to say")
	})
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("a panic in the middle of an answer ended with %v", err)
		}
	}()
	get(g, "GET", "/x")
}

func TestGuard_itLogsNoQueryAndNoSecretInAPath(t *testing.T) {
	log := &logBuffer{}
	s := plain(t, "https://sso.example.com", func(c *Config) { c.Log = slog.New(slog.NewJSONHandler(log, nil)) })
	get(s, "GET", "/v1/me/lyses_SECRET?token=SECRET#SECRET")
	get(s, "GET", "/eyJSECRET.x.y/"+strings.Repeat("SECRET", 20))
	get(s, "GET", "/scim/v2/acme/Users/id-1?filter=userName+eq+%22SECRET%22")
	if strings.Contains(log.String(), "SECRET") || !strings.Contains(log.String(), "/v1/me/[removed]") || !strings.Contains(log.String(), "/Users/id-1") {
		t.Error(log.String())
	}
}

func TestLimit_itCountsEachAddressAndForgets(t *testing.T) {
	now := time.Unix(0, 0)
	c := Config{Now: func() time.Time { return now }}
	check := c.limit(1, 3)
	from := func(ip string) error {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = ip
		return check(r)
	}
	for n := range 5 {
		if err := from("192.0.2.1:1000"); (err != nil) != (n >= 3) || (err != nil && codeOf(err) != problem.TooMany) {
			t.Errorf("request %d: %v", n, err)
		}
	}
	if err := from("192.0.2.2:1000"); err != nil {
		t.Errorf("a neighbour: %v", err)
	}
	now = now.Add(time.Second)
	if err := from("192.0.2.1:2000"); err != nil {
		t.Errorf("a second later: %v", err)
	}
	for n := range 4 {
		err := from([]string{"[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::ffff:3]:1", "[2001:db8::4]:1"}[n])
		if (err != nil) != (n >= 3) {
			t.Errorf("address %d of one /64: %v", n, err)
		}
	}
	c.InsecureNoRateLimits = true
	check = c.limit(1, 1)
	for range 10 {
		if err := from("192.0.2.1:1"); err != nil {
			t.Error(err)
		}
	}
}

func TestLimit_itStaysBounded(t *testing.T) {
	now := time.Unix(0, 0)
	l := newLimiter(func() time.Time { return now }, 1, 3)
	ip := netip.MustParseAddr("10.0.0.0")
	for range 2*maxAddresses + 10 {
		l.allow(ip)
		ip = ip.Next()
	}
	if len(l.buckets) > maxAddresses {
		t.Errorf("%d buckets", len(l.buckets))
	}
}

func TestClientIP_itBelievesOnlyTrustedProxies(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"no proxy", "192.0.2.1:1", nil, "192.0.2.1"},
		{"a stranger who claims", "192.0.2.1:1", []string{"10.0.0.9, 198.51.100.7"}, "192.0.2.1"},
		{"one proxy", "10.0.0.1:1", []string{"198.51.100.7"}, "198.51.100.7"},
		{"two proxies", "10.0.0.1:1", []string{"198.51.100.7, 10.0.0.2"}, "198.51.100.7"},
		{"two headers", "10.0.0.1:1", []string{"198.51.100.7", "10.0.0.2"}, "198.51.100.7"},
		{"a client that forges the first", "10.0.0.1:1", []string{"203.0.113.1, 198.51.100.7"}, "198.51.100.7"},
		{"nonsense", "10.0.0.1:1", []string{"unknown"}, "10.0.0.1"},
		{"nonsense before a proxy", "10.0.0.1:1", []string{"<script>, 10.0.0.2"}, "10.0.0.2"},
		{"a proxy that says nothing", "10.0.0.1:1", nil, "10.0.0.1"},
		{"IPv6 with a port", "[fd00::1]:1", []string{"[2001:db8::7]:4711"}, "2001:db8::7"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:1", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-For"] = c.forwarded
		if got := (Config{TrustedProxies: trusted}).clientIP(r).String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// req: H2
func TestServer_itLimitsGuessingOfNamesBySigningIn(t *testing.T) {
	s := plain(t, "https://sso.example.com", func(c *Config) {
		now := time.Unix(0, 0)
		c.Now = func() time.Time { return now }
	})
	answers := map[int]int{}
	for range lookUpBurst + 10 {
		r := httptest.NewRequest("POST", "/v1/session", strings.NewReader(`{"workspace":"guess","access_token":"x"}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		answers[w.Code]++
	}
	if answers[404] != lookUpBurst || answers[429] != 10 {
		t.Errorf("answers %v", answers)
	}
}

// req: H2
func TestServer_itLimitsLookUpsByAddress(t *testing.T) {
	s := plain(t, "https://sso.example.com", func(c *Config) {
		now := time.Unix(0, 0)
		c.Now = func() time.Time { return now }
	})
	refused := 0
	for range lookUpBurst + 10 {
		r := get(s, "GET", "/v1/workspaces/guess")
		if r.StatusCode == 429 {
			refused++
			if r.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		}
	}
	if refused != 10 {
		t.Errorf("%d were refused", refused)
	}
}
