package entratest_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
)

func decode(t *testing.T, res *http.Response, v any) {
	t.Helper()
	if err := json.NewDecoder(res.Body).Decode(v); err != nil {
		t.Fatalf("status %d: %v", res.StatusCode, err)
	}
}

// connect asks the proxy for a tunnel and returns its first line.
func connect(t *testing.T, e *entratest.Entra, target string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(e.ProxyURL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "CONNECT "+target+" HTTP/1.1\r\nHost: "+target+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func TestProxy_itReachesNothingButItselfAndLoopback(t *testing.T) {
	e := entratest.New(t)
	local := httptest.NewServer(http.NotFoundHandler())
	defer local.Close()
	for target, want := range map[string]string{
		"login.microsoftonline.com:443":              "200",
		"LOGIN.microsoftonline.com:443":              "200",
		"login.microsoftonline.us:443":               "200",
		"login.partner.microsoftonline.cn:443":       "200",
		"login.windows.net:443":                      "200",
		"sts.windows.net:443":                        "200",
		"graph.microsoft.com:443":                    "200",
		strings.TrimPrefix(local.URL, "http://"):     "200",
		"login.microsoftonline.com:80":               "403",
		"example.com:443":                            "403",
		"login.microsoftonline.com.evil.example:443": "403",
		"evil.login.microsoftonline.com:443":         "403",
		"microsoft.com:443":                          "403",
		"localhost.evil.example:443":                 "403",
		"127.0.0.1.nip.example:443":                  "403",
		"10.0.0.1:443":                               "403",
		"169.254.169.254:80":                         "403",
		"0.0.0.0:80":                                 "403",
		"[::ffff:10.0.0.1]:80":                       "403",
	} {
		if got := connect(t, e, target); !strings.HasPrefix(got, "HTTP/1.1 "+want) {
			t.Errorf("CONNECT %s: %q, want %s", target, got, want)
		}
	}
	proxy, err := url.Parse(e.ProxyURL())
	if err != nil {
		t.Fatal(err)
	}
	plain := &http.Client{Transport: &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return proxy, nil }}}
	for address, want := range map[string]int{local.URL: 404, "http://example.com/": 403, "http://169.254.169.254/metadata": 403} {
		res, err := plain.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("GET %s: %d, want %d", address, res.StatusCode, want)
		}
	}
	refused := e.RequestsTo(func(r entratest.Request) bool { return r.Via == "refused" })
	if len(refused) != 13 {
		t.Errorf("%d refusals in the log, want 13", len(refused))
	}
}

func TestStart_itListensOnLoopbackOnly(t *testing.T) {
	for _, opt := range []entratest.Options{{BrowserAddr: "0.0.0.0:0"}, {ProxyAddr: ":0"}, {ProxyAddr: "nonsense"}, {BrowserAddr: "example.com:0"}} {
		if e, err := entratest.Start(opt); err == nil {
			e.Close()
			t.Errorf("it started with %+v", opt)
		}
	}
	e := entratest.New(t)
	for _, address := range []string{e.ServerURL(), e.BrowserURL(), e.ProxyURL()} {
		if u, err := url.Parse(address); err != nil || (u.Hostname() != "localhost" && u.Hostname() != "127.0.0.1") {
			t.Errorf("%s: %v", address, err)
		}
	}
	e.Close()                                           // and a second time at the end of the test
	if _, err := http.Get(e.BrowserURL()); err == nil { //nolint:noctx // loopback
		t.Error("it still answers after Close")
	}
}

func TestPages_theyRefuseNamesThatAreNotLoopback(t *testing.T) {
	e := entratest.New(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.BrowserURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "rebound.example"
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("%d", res.StatusCode)
	}
}

func TestCA_itSpeaksForMicrosoftAndLoopbackAndDiesWithTheProcess(t *testing.T) {
	e := entratest.New(t)
	name, err := e.CAFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(name)
	if err != nil || string(raw) != string(e.CA()) || strings.Contains(string(raw), "PRIVATE") {
		t.Errorf("%s: %v", name, err)
	}
	res, err := e.HTTPClient().Get(e.ServerURL() + "/common/v2.0/.well-known/openid-configuration") //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var doc map[string]any
	decode(t, res, &doc)
	if doc["issuer"] != "https://login.microsoftonline.com/{tenantid}/v2.0" {
		t.Errorf("issuer %v", doc["issuer"])
	}
	if other, err := http.Get(e.ServerURL()); err == nil { //nolint:noctx // loopback
		_ = other.Body.Close()
		t.Error("a client that does not trust the CA got through")
	}
}

func TestMetadata_itNamesTheRightEndpoints(t *testing.T) {
	r := newRig(t)
	for _, host := range []string{"login.microsoftonline.com", "login.windows.net", "sts.windows.net"} {
		status, doc := r.get("https://" + host + "/" + r.tenant.ID + "/v2.0/.well-known/openid-configuration")
		if status != 200 || doc["issuer"] != r.tenant.Issuer() ||
			doc["token_endpoint"] != "https://"+host+"/"+r.tenant.ID+"/oauth2/v2.0/token" ||
			doc["authorization_endpoint"] != r.e.BrowserURL()+"/"+r.tenant.ID+"/oauth2/v2.0/authorize" ||
			doc["end_session_endpoint"] != r.e.BrowserURL()+"/"+r.tenant.ID+"/oauth2/v2.0/logout" {
			t.Errorf("%d %v", status, doc)
		}
	}
	if status, doc := r.get("https://login.microsoftonline.com/acme.example/v2.0/.well-known/openid-configuration"); status != 200 || doc["issuer"] != r.tenant.Issuer() {
		t.Errorf("by domain: %d %v", status, doc)
	}
	status, doc := r.get("https://login.microsoftonline.com/33333333-3333-3333-3333-333333333333/v2.0/.well-known/openid-configuration")
	if status != 400 || !strings.HasPrefix(doc["error_description"].(string), "AADSTS90002") {
		t.Errorf("unknown tenant: %d %v", status, doc)
	}
	instance := "https://login.microsoftonline.com/common/discovery/instance?api-version=1.1&authorization_endpoint="
	status, doc = r.get(instance + url.QueryEscape(r.tenant.Authority()+"/oauth2/v2.0/authorize"))
	if status != 200 || doc["tenant_discovery_endpoint"] != r.tenant.Authority()+"/v2.0/.well-known/openid-configuration" {
		t.Errorf("instance: %d %v", status, doc)
	}
	if status, doc = r.get(instance + url.QueryEscape("https://login.evil.example/x/oauth2/v2.0/authorize")); status != 400 || doc["error"] != "invalid_instance" {
		t.Errorf("an instance nobody knows: %d %v", status, doc)
	}
}

func TestUserInfo_itTakesAGraphTokenOnly(t *testing.T) {
	r := newRig(t)
	ask := func(token string) (int, map[string]any) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://graph.microsoft.com/oidc/userinfo", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := r.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var doc map[string]any
		decode(t, res, &doc)
		return res.StatusCode, doc
	}
	graph := r.redeem(r.signIn("scope", "openid profile email User.Read").Get("code"))
	if status, doc := ask(graph.AccessToken); status != 200 || doc["email"] != "ada@acme.example" || doc["sub"] != claims(t, graph.AccessToken)["sub"] {
		t.Errorf("%d %v", status, doc)
	}
	for _, bad := range []string{"", "x.y.z", r.tenant.AccessToken(r.app, r.ada), r.tenant.Forge(entratest.AlgNone, r.app, r.ada)} {
		if status, _ := ask(bad); status != 401 {
			t.Errorf("%.20q: %d", bad, status)
		}
	}
}

func TestFailNext_itFailsWhatItIsToldTo(t *testing.T) {
	r := newRig(t)
	tok := r.redeem(r.signIn().Get("code")).RefreshToken
	refresh := entratest.MatchGrant("refresh_token")
	t.Run("it answers with Entra's JSON", func(t *testing.T) {
		r.e.FailNext(refresh, entratest.Failure{AADSTS: 50076, Claims: `{"access_token":{}}`, SubError: "basic_action"})
		got := r.refresh(tok)
		if got.Error != "interaction_required" || got.code() != 50076 || got.Claims != `{"access_token":{}}` || got.SubError != "basic_action" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("it cuts the connection, as often as it is told", func(t *testing.T) {
		r.e.FailNext(refresh, entratest.Failure{Cut: true, Times: 2})
		for range 2 {
			if res, err := r.http.PostForm(r.tenant.Authority()+"/oauth2/v2.0/token", url.Values{"grant_type": {"refresh_token"}}); err == nil {
				_ = res.Body.Close()
				t.Errorf("answered with %d", res.StatusCode)
			}
		}
	})
	t.Run("it is late and then right", func(t *testing.T) {
		hold := make(chan struct{})
		r.e.FailNext(refresh, entratest.Failure{Hold: hold})
		done := make(chan answer, 1)
		go func() { done <- r.refresh(tok) }()
		select {
		case got := <-done:
			t.Fatalf("not held: %+v", got)
		case hold <- struct{}{}: // only the held request receives
		}
		if got := <-done; got.Status != 200 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("it answers with what it is given", func(t *testing.T) {
		r.e.FailNext(entratest.MatchPath("/keys"), entratest.Failure{Status: 503, Body: "{}", Header: http.Header{"Retry-After": {"7"}}})
		res, err := r.http.Get(r.tenant.Authority() + "/discovery/v2.0/keys")
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != 503 || res.Header.Get("Retry-After") != "7" {
			t.Errorf("%d %v", res.StatusCode, res.Header)
		}
		if status, _ := r.get(r.tenant.Authority() + "/discovery/v2.0/keys"); status != 200 {
			t.Errorf("and then %d", status)
		}
	})
	t.Run("it leaves others alone and can be called off", func(t *testing.T) {
		r.e.FailNext(entratest.MatchAny(), entratest.Failure{Status: 500})
		r.e.ClearFailures()
		if status, _ := r.get(r.tenant.Authority() + "/discovery/v2.0/keys"); status != 200 {
			t.Errorf("%d", status)
		}
	})
}

func TestRequests_theyHoldNoSecret(t *testing.T) {
	r := newRig(t)
	code := r.signIn("response_mode", "form_post").Get("code")
	tok := r.redeem(code)
	r.refresh(tok.RefreshToken)
	var log strings.Builder
	if err := json.NewEncoder(&log).Encode(r.e.Requests()); err != nil {
		t.Fatal(err)
	}
	for what, secret := range map[string]string{
		"code": code, "password": r.ada.Password, "verifier": verifier, "refresh token": tok.RefreshToken, "access token": tok.AccessToken,
	} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds the %s", what)
		}
	}
	asked := r.e.RequestsTo(entratest.MatchPath("/authorize"))
	if len(asked) != 1 || asked[0].Params.Get("nonce") != "the nonce" || asked[0].Via != "browser" || asked[0].Status != 200 {
		t.Errorf("%+v", asked)
	}
}
