package platform

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

const testState = "s7_0kZ1J9Tn2"

func startLoopback(t *testing.T) *loopback {
	t.Helper()
	l, err := newLoopback(testState, net.Listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// send makes a request to the listener and returns the status and the page.
func send(t *testing.T, l *loopback, method, path, body string, change ...func(*http.Request)) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, l.RedirectURI()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range change {
		c(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(page)
}

// nothing fails the test when an answer was taken.
func nothing(t *testing.T, l *loopback) {
	t.Helper()
	select {
	case v := <-l.answer:
		t.Fatalf("it took %v for the answer", v)
	default:
	}
}

func answer(t *testing.T, l *loopback) url.Values {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	v, err := l.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// req: G6
func TestLoopback_itsAddressHasAPortAndNoPath(t *testing.T) {
	l := startLoopback(t)
	if !regexp.MustCompile(`^http://localhost:[0-9]{2,5}$`).MatchString(l.RedirectURI()) {
		t.Errorf("redirect URI %q", l.RedirectURI())
	}
}

// req: G6
func TestLoopback_itTakesTheAnswerInEitherResponseMode(t *testing.T) {
	v := url.Values{"code": {"0.AX-code"}, "state": {testState}, "session_state": {"x"}}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		for _, address := range []string{"127.0.0.1", "[::1]"} {
			t.Run(method+" on "+address, func(t *testing.T) {
				l := startLoopback(t)
				if address == "[::1]" && len(l.servers) < 2 {
					t.Skip("no IPv6 on this machine")
				}
				path, body := "/?"+v.Encode(), ""
				if method == http.MethodPost {
					path, body = "/", v.Encode()
				}
				status, page := send(t, l, method, path, body, func(r *http.Request) {
					r.Host = l.host
					r.URL.Host = address + ":" + r.URL.Port()
					r.Header.Set("Origin", "https://login.microsoftonline.com")
				})
				if status != http.StatusOK || !strings.Contains(page, pageDone.Title) {
					t.Errorf("status %d, page %q", status, page)
				}
				if got := answer(t, l); got.Get("code") != "0.AX-code" {
					t.Errorf("got %v", got)
				}
			})
		}
	}
}

// req: G6
func TestLoopback_itAnswersStraysAndGoesOnWaiting(t *testing.T) {
	good := "?code=c&state=" + testState
	strays := map[string]struct {
		method, path, body string
		host               string
		status             int
	}{
		"a favicon":                    {method: "GET", path: "/favicon.ico", status: 404},
		"a prefetch of the root":       {method: "GET", path: "/", status: 400},
		"a HEAD":                       {method: "HEAD", path: "/" + good, status: 405},
		"an OPTIONS (preflight)":       {method: "OPTIONS", path: "/", status: 405},
		"another path":                 {method: "GET", path: "/auth" + good, status: 404},
		"a trailing slash too many":    {method: "GET", path: "//" + good, status: 404},
		"a wrong state":                {method: "GET", path: "/?code=c&state=wrong", status: 400},
		"a state cut short":            {method: "GET", path: "/?code=c&state=" + testState[:5], status: 400},
		"no state":                     {method: "GET", path: "/?code=c", status: 400},
		"an error without a state":     {method: "POST", path: "/", body: "error=access_denied", status: 400},
		"two states":                   {method: "GET", path: "/" + good + "&state=other", status: 400},
		"two codes":                    {method: "GET", path: "/" + good + "&code=other", status: 400},
		"a code and an error":          {method: "GET", path: "/" + good + "&error=x", status: 400},
		"a state and nothing else":     {method: "GET", path: "/?state=" + testState, status: 400},
		"the query of a POST":          {method: "POST", path: "/" + good, status: 400},
		"another host (DNS rebinding)": {method: "GET", path: "/" + good, host: "attacker.example", status: 421},
		"another port":                 {method: "GET", path: "/" + good, host: "localhost:1", status: 421},
		"the address as host":          {method: "GET", path: "/" + good, host: "127.0.0.1", status: 421},
		"a body without end":           {method: "POST", path: "/", body: "state=" + testState + "&code=" + strings.Repeat("c", maxAnswer), status: 400},
	}
	for name, s := range strays {
		t.Run("it ignores "+name, func(t *testing.T) {
			l := startLoopback(t)
			status, _ := send(t, l, s.method, s.path, s.body, func(r *http.Request) {
				if s.host != "" {
					r.Host = s.host
				}
			})
			if status != s.status {
				t.Errorf("status %d, want %d", status, s.status)
			}
			nothing(t, l)
			if status, _ := send(t, l, "GET", "/"+good, ""); status != 200 {
				t.Errorf("the real answer then got %d", status)
			}
			if got := answer(t, l); got.Get("code") != "c" {
				t.Errorf("got %v", got)
			}
		})
	}
}

// req: G6
func TestLoopback_itTakesOneAnswerOnly(t *testing.T) {
	l := startLoopback(t)
	send(t, l, "GET", "/?code=first&state="+testState, "")
	status, page := send(t, l, "GET", "/?code=second&state="+testState, "")
	if status != http.StatusGone || !strings.Contains(page, pageUsed.Title) {
		t.Errorf("the second request: status %d, %q", status, page)
	}
	if got := answer(t, l); got.Get("code") != "first" {
		t.Errorf("got %v", got)
	}
	nothing(t, l)
}

// req: G6
func TestLoopback_itSaysWhatBecameOfTheSignIn(t *testing.T) {
	for query, want := range map[string]page{
		"error=access_denied&error_subcode=cancel": pageCancelled,
		"error=access_denied":                      pageFailed,
		"error=server_error":                       pageFailed,
	} {
		l := startLoopback(t)
		status, body := send(t, l, "GET", "/?"+query+"&state="+testState, "")
		if status != 200 || !strings.Contains(body, want.Title) {
			t.Errorf("%s: status %d, %q", query, status, body)
		}
		if got := answer(t, l); got.Get("error") == "" {
			t.Errorf("%s: got %v", query, got)
		}
	}
}

func TestLoopback_itNeverRepeatsWhatItWasSent(t *testing.T) {
	l := startLoopback(t)
	for _, path := range []string{
		"/?error=%3Cscript%3Ealert(1)&error_description=canary&state=" + testState,
		"/?code=canary&state=wrong", "/canary",
	} {
		if _, page := send(t, l, "GET", path, ""); strings.Contains(page, "canary") || strings.Contains(page, "alert") || strings.Contains(page, testState) {
			t.Errorf("the page for %s repeats it:\n%s", path, page)
		}
	}
}

// req: G6
func TestLoopback_itsPageStandsAlone(t *testing.T) {
	l := startLoopback(t)
	resp, err := http.Get(l.RedirectURI() + "/?code=c&state=" + testState)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	page := string(raw)
	policy := resp.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'") {
		t.Errorf("policy %q", policy)
	}
	for _, tag := range []string{"style", "script"} {
		m := regexp.MustCompile(`(?s)<` + tag + `>(.*?)</` + tag + `>`).FindStringSubmatch(page)
		if m == nil {
			t.Fatalf("no <%s>", tag)
		}
		sum := sha256.Sum256([]byte(m[1]))
		if source := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, tag+"-src "+source) {
			t.Errorf("the policy forbids the page's own <%s>: %s not in %s", tag, source, policy)
		}
	}
	if m := regexp.MustCompile(`(?:src|href|action)="?(?:https?:)?/`).FindString(page); m != "" {
		t.Errorf("the page fetches something: %s", m)
	}
	if !strings.Contains(page, "prefers-color-scheme:dark") || !strings.Contains(page, `lang="en"`) {
		t.Error("no dark colours or no language")
	}
	if resp.Header.Get("Cache-Control") != "no-store" {
		t.Error("the page may be kept")
	}
}

// req: G6
func TestLoopback_itTakesAnotherPortWhenOneFamilyIsBusy(t *testing.T) {
	if l := startLoopback(t); len(l.servers) < 2 {
		t.Skip("no IPv6 on this machine")
	}
	var taken []net.Listener
	defer func() {
		for _, l := range taken {
			_ = l.Close()
		}
	}()
	// Another program has the first three ports, on ::1.
	listen := func(network, address string) (net.Listener, error) {
		if network == "tcp6" && len(taken) < 3 {
			other, err := net.Listen("tcp6", address)
			if err != nil {
				t.Fatal(err)
			}
			taken = append(taken, other)
		}
		return net.Listen(network, address)
	}
	l, err := newLoopback(testState, listen)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if len(taken) != 3 || len(l.servers) != 2 {
		t.Fatalf("%d ports were busy, %d servers", len(taken), len(l.servers))
	}
	send(t, l, "GET", "/?code=c&state="+testState, "")
	if got := answer(t, l); got.Get("code") != "c" {
		t.Errorf("got %v", got)
	}
}

// req: G6
func TestLoopback_itSaysWhenNoPortIsFree(t *testing.T) {
	busy, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	_, err = newLoopback(testState, func(network, _ string) (net.Listener, error) {
		return net.Listen("tcp4", busy.Addr().String())
	})
	if code, _ := problem.Of(err); code != problem.PortBusy {
		t.Errorf("got %v", err)
	}
}

// req: G6
func TestLoopback_itEndsWithItsContextAndFreesThePort(t *testing.T) {
	l := startLoopback(t)
	// A browser may hold a connection open without a word.
	idle, err := net.Dial("tcp", l.servers[0].Addr+l.host[len("localhost"):])
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	again, err := net.Listen("tcp4", "127.0.0.1"+l.host[len("localhost"):])
	if err != nil {
		t.Fatalf("the port is still taken: %v", err)
	}
	_ = again.Close()
}

// FuzzLoopback: whatever comes in a query or a form, only our state ends the wait.
func FuzzLoopback(f *testing.F) {
	f.Add("code=c&state="+testState, false)
	f.Add("code=c&state=wrong", true)
	f.Add("state="+testState+"&state="+testState+"&code=c", true)
	f.Add("%zz&;=;", false)
	f.Add("error=access_denied&error_description=AADSTS65004%3A&state="+testState, true)
	f.Fuzz(func(t *testing.T, params string, post bool) {
		l := &loopback{state: testState, host: "localhost:1", answer: make(chan url.Values, 1)}
		r := &http.Request{Method: "GET", Host: l.host, URL: &url.URL{Path: "/", RawQuery: params}, Header: http.Header{}}
		if post {
			r.Method, r.URL.RawQuery = "POST", ""
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Body = io.NopCloser(strings.NewReader(params))
		}
		w := &discard{header: http.Header{}}
		l.ServeHTTP(w, r)
		select {
		case v := <-l.answer:
			if v.Get("state") != testState || len(v["code"]) > 1 || v.Has("code") == v.Has("error") && v.Get("code") != "" && v.Get("error") != "" {
				t.Fatalf("it took %q", params)
			}
		default:
			if w.status == http.StatusOK {
				t.Fatalf("it said yes to %q and took nothing", params)
			}
		}
	})
}

// discard is a ResponseWriter that keeps the status.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(s int)           { d.status = s }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) Flush()                      {}
