package entratest_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
)

// rig is a tenant with one person and one native app, and a plain client.
type rig struct {
	t      *testing.T
	e      *entratest.Entra
	tenant *entratest.Tenant
	ada    *entratest.User
	app    *entratest.App
	http   *http.Client
	back   string // a redirect URI on which somebody listens
}

const verifier = "a-verifier-of-at-least-forty-three-characters~0"

func newRig(t *testing.T, opts ...entratest.Options) *rig {
	t.Helper()
	r := &rig{t: t, e: entratest.New(t, opts...)}
	r.tenant = r.e.AddTenant(entratest.TenantOptions{})
	r.ada = r.tenant.AddUser(entratest.User{
		GivenName: "Ada", Surname: "Lovelace", Mail: "ada@acme.example", Department: "Engines", JobTitle: "Countess",
	})
	r.app = r.tenant.AddApp(entratest.App{
		Redirects: []entratest.Redirect{
			{Platform: entratest.PublicClient, URI: "http://localhost"},
			{Platform: entratest.PublicClient, URI: "msauth.com.acme.app://auth"},
			{Platform: entratest.Web, URI: "http://localhost/web"},
			{Platform: entratest.SPA, URI: "http://localhost/spa"},
		},
		Scopes:   []entratest.Scope{{Value: "access_as_user"}, {Value: "admin_things", AdminOnly: true}},
		AppRoles: []entratest.AppRole{{Value: "Admin"}, {Value: "Reader"}}, IsFallbackPublicClient: true,
	})
	r.http = r.e.HTTPClient()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		_, _ = io.WriteString(w, "thank you")
	}))
	t.Cleanup(app.Close)
	r.back = "http://localhost:" + app.URL[strings.LastIndex(app.URL, ":")+1:]
	return r
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// authorize is an authorize address that is right, changed by pairs of name
// and value ("" takes the parameter out).
func (r *rig) authorize(pairs ...string) string {
	q := url.Values{
		"client_id": {r.app.ClientID}, "response_type": {"code"}, "redirect_uri": {r.back},
		"scope": {r.app.ScopeName("access_as_user") + " openid profile email offline_access"},
		"state": {"the state"}, "nonce": {"the nonce"},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	}
	amend(q, pairs)
	return r.e.BrowserURL() + "/" + r.tenant.ID + "/oauth2/v2.0/authorize?" + q.Encode()
}

func amend(q url.Values, pairs []string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		}
	}
}

// signIn signs ada in and returns what the app received.
func (r *rig) signIn(pairs ...string) url.Values {
	r.t.Helper()
	a, err := r.e.Browser().SignIn(r.t.Context(), r.authorize(pairs...), r.ada)
	if err != nil {
		r.t.Fatal(err)
	}
	return a.Params
}

// answer is a token answer, good or bad.
type answer struct {
	Status       int
	Header       http.Header
	AccessToken  string `json:"access_token"`
	IDToken      string `json:"id_token"`
	RefreshToken string `json:"refresh_token"`
	ClientInfo   string `json:"client_info"`
	TokenType    string `json:"token_type"`
	Scope        string `json:"scope"`
	ExpiresIn    int    `json:"expires_in"`

	Error         string `json:"error"`
	Description   string `json:"error_description"`
	Codes         []int  `json:"error_codes"`
	SubError      string `json:"suberror"`
	Claims        string `json:"claims"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
	Timestamp     string `json:"timestamp"`
}

func (a answer) code() int {
	if len(a.Codes) != 1 {
		return 0
	}
	return a.Codes[0]
}

// token posts a form to the token endpoint.
func (r *rig) token(form url.Values, header ...string) answer {
	r.t.Helper()
	return r.post("/oauth2/v2.0/token", form, header...)
}

func (r *rig) post(path string, form url.Values, header ...string) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.tenant.Authority()+path, strings.NewReader(form.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := r.http.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	a := answer{Status: res.StatusCode, Header: res.Header}
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		r.t.Fatalf("status %d: %v", res.StatusCode, err)
	}
	return a
}

// redeem redeems a code, with the form changed by pairs.
func (r *rig) redeem(code string, pairs ...string) answer {
	r.t.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {r.app.ClientID}, "code": {code},
		"redirect_uri": {r.back}, "code_verifier": {verifier}, "client_info": {"1"},
	}
	amend(form, pairs)
	return r.token(form)
}

func (r *rig) refresh(token string, pairs ...string) answer {
	r.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {r.app.ClientID}, "refresh_token": {token}}
	amend(form, pairs)
	return r.token(form)
}

// get reads a JSON document.
func (r *rig) get(address string) (int, map[string]any) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := r.http.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	var doc map[string]any
	if err := json.NewDecoder(res.Body).Decode(&doc); err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, doc
}

// claims reads a token's claims without checking anything.
func claims(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	return c
}
