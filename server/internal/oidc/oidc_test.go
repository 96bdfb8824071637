package oidc

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
)

const microsoft = "https://login.microsoftonline.com"

// rig is a tenant with a confidential client, and one person.
type rig struct {
	e      *entratest.Entra
	ada    *entratest.User
	app    *entratest.App
	client *Client
	reg    Registration
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{e: entratest.New(t)}
	back := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(back.Close)
	tenant := r.e.AddTenant(entratest.TenantOptions{})
	r.ada = tenant.AddUser(entratest.User{GivenName: "Ada", Surname: "Lovelace", Mail: "ada@acme.example"})
	r.app = tenant.AddApp(entratest.App{
		Redirects: []entratest.Redirect{{Platform: entratest.Web, URI: back.URL + "/back"}}, Secrets: []string{"the secret"},
	})
	r.client = &Client{
		Verifier: &entra.Verifier{Now: r.e.Now, HTTPClient: r.e.HTTPClient()}, Now: r.e.Now, HTTPClient: r.e.HTTPClient(),
	}
	r.reg = Registration{
		Authority: microsoft, TenantID: tenant.ID, ClientID: r.app.ClientID, RedirectURI: back.URL + "/back",
		Credential: Credential{Secret: "the secret"},
	}
	return r
}

// answer has ada sign in and returns what her browser brings back.
func (r *rig) answer(t *testing.T, req Request) (code string) {
	t.Helper()
	address, err := r.client.AuthorizeURL(r.reg, req, Hint{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := r.e.Browser().SignIn(t.Context(), strings.Replace(address, microsoft, r.e.BrowserURL(), 1), r.ada)
	if err != nil {
		t.Fatal(err)
	}
	code, state, err := ReadAnswer(a.Params)
	if err != nil || !req.Answers(state) {
		t.Fatalf("came back with %v: %v", a.Params, err)
	}
	return code
}

func TestClient_itSignsAPersonInAtMicrosoft(t *testing.T) {
	r := newRig(t)
	req := NewRequest()
	code := r.answer(t, req)
	got, err := r.client.Redeem(t.Context(), r.reg, req, code)
	if err != nil {
		t.Fatal(err)
	}
	if got.ObjectID != r.ada.ObjectID || got.Email != "ada@acme.example" || got.Name == "" {
		t.Errorf("got %+v", got.Identity)
	}
	_, err = r.client.Redeem(t.Context(), r.reg, req, code)
	var refused *Refusal
	if c, _ := problem.Of(err); c != problem.OIDCRefused || !errors.As(err, &refused) || refused.Kind != "invalid_grant" || refused.AADSTS == 0 || refused.Correlation == "" {
		t.Errorf("the same code again: %v", err)
	}
}

func TestClient_itTellsWhyASignInCannotBeFinished(t *testing.T) {
	r := newRig(t)
	other := r.reg
	other.Credential.Secret = "a wrong one"
	expired := NewRequest()
	cases := map[string]struct {
		reg  Registration
		req  func(Request) Request
		code func(string) string
		want problem.Code
	}{
		"a wrong secret":       {reg: other, want: problem.OIDCClient},
		"another PKCE":         {req: func(q Request) Request { q.Verifier = expired.Verifier; return q }, want: problem.OIDCRefused},
		"another nonce":        {req: func(q Request) Request { q.Nonce = expired.Nonce; return q }, want: problem.BadIDToken},
		"a code nobody issued": {code: func(string) string { return "nobody's" }, want: problem.OIDCRefused},
	}
	for name, c := range cases {
		t.Run("it names "+name, func(t *testing.T) {
			reg, req := r.reg, NewRequest()
			code := r.answer(t, req)
			if c.reg.ClientID != "" {
				reg = c.reg
			}
			if c.req != nil {
				req = c.req(req)
			}
			if c.code != nil {
				code = c.code(code)
			}
			_, err := r.client.Redeem(t.Context(), reg, req, code)
			if got, _ := problem.Of(err); got != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
			for _, secret := range []string{"the secret", "a wrong one", code, req.Verifier, req.Nonce} {
				if err != nil && strings.Contains(err.Error(), secret) {
					t.Errorf("the error holds %q: %v", secret, err)
				}
			}
		})
	}
}

// endpoint is a token endpoint that answers as it is told to.
type endpoint struct {
	*httptest.Server
	mu     sync.Mutex
	form   url.Values
	status int
	body   string
}

func newEndpoint(t *testing.T, status int, body string) *endpoint {
	e := &endpoint{status: status, body: body}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		_ = r.ParseForm()
		e.form = r.PostForm
		if e.status/100 == 3 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(e.status)
		_, _ = w.Write([]byte(e.body))
	}))
	t.Cleanup(e.Close)
	return e
}

const tenantID = "11111111-2222-4333-8444-555555555555"

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func (e *endpoint) redeem(t *testing.T, c Credential) error {
	client := &Client{Verifier: &entra.Verifier{AllowLoopbackHTTP: true}, AllowLoopbackHTTP: true, Now: func() time.Time { return start }}
	_, err := client.Redeem(t.Context(), Registration{
		Authority: e.URL, TenantID: tenantID, ClientID: "client", RedirectURI: "https://id.acme.example/back", Credential: c,
	}, NewRequest(), "code")
	return err
}

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func certificate(t *testing.T, from, to time.Time) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "app"}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &testKey().PublicKey, testKey())
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCredential_aCertificateIsProvenByASignedAssertion(t *testing.T) {
	cert := certificate(t, start.Add(-time.Hour), start.Add(time.Hour))
	for _, rs256 := range []bool{false, true} {
		e := newEndpoint(t, 400, `{"error":"invalid_grant"}`)
		_ = e.redeem(t, Credential{Secret: "never sent", Certificate: cert, Key: testKey(), RS256: rs256})
		if e.form.Has("client_secret") || e.form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
			t.Fatalf("sent %v", e.form)
		}
		want := jose.PS256
		if rs256 {
			want = jose.RS256
		}
		jws, err := jose.ParseSignedCompact(e.form.Get("client_assertion"), []jose.SignatureAlgorithm{want})
		if err != nil {
			t.Fatal(err)
		}
		payload, err := jws.Verify(cert.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(cert.Raw)
		if got := jws.Signatures[0].Protected.ExtraHeaders["x5t#S256"]; got != base64.RawURLEncoding.EncodeToString(sum[:]) {
			t.Errorf("x5t#S256 is %v", got)
		}
		var claims struct {
			Aud, Iss, Sub, Jti string
			Nbf, Exp           int64
		}
		if err := json.Unmarshal(payload, &claims); err != nil {
			t.Fatal(err)
		}
		if claims.Aud != e.URL+"/"+tenantID+"/oauth2/v2.0/token" || claims.Iss != "client" || claims.Sub != "client" || claims.Jti == "" ||
			claims.Exp != start.Add(5*time.Minute).Unix() || claims.Nbf > start.Unix() {
			t.Errorf("claims %+v", claims)
		}
	}
}

func TestCredential_itSaysBeforehandWhatCannotWork(t *testing.T) {
	foreign, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	good := certificate(t, start.Add(-time.Hour), start.Add(time.Hour))
	for name, c := range map[string]struct {
		c    Credential
		want problem.Code
	}{
		"nothing":                 {Credential{}, problem.WorkspaceNotSet},
		"a certificate alone":     {Credential{Certificate: good}, problem.WorkspaceNotSet},
		"another key":             {Credential{Certificate: good, Key: foreign}, problem.OIDCClient},
		"an expired certificate":  {Credential{Certificate: certificate(t, start.Add(-2*time.Hour), start.Add(-time.Hour)), Key: testKey()}, problem.OIDCClient},
		"a certificate to come":   {Credential{Certificate: certificate(t, start.Add(time.Hour), start.Add(2*time.Hour)), Key: testKey()}, problem.OIDCClient},
		"a secret, as it may be":  {Credential{Secret: "x"}, ""},
		"a certificate that fits": {Credential{Certificate: good, Key: testKey()}, ""},
	} {
		if got, _ := problem.Of(c.c.Fits(start)); got != c.want {
			t.Errorf("%s: %s, want %q", name, got, c.want)
		}
	}
}

func TestRedeem_anAnswerThatIsNoneIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   problem.Code
	}{
		"a page":                 {200, "<html>", problem.NoEntra},
		"a fault of theirs":      {503, `{"error":"server_error"}`, problem.NoEntra},
		"a redirect":             {302, `{}`, problem.OIDCRefused},
		"too long":               {200, strings.Repeat(" ", maxAnswer+1), problem.NoEntra},
		"no token":               {200, `{"access_token":"x"}`, problem.OIDCNoToken},
		"busy":                   {400, `{"error":"temporarily_unavailable"}`, problem.NoEntra},
		"not assigned":           {400, `{"error":"invalid_grant","error_description":"AADSTS50105: somebody@acme.example is not"}`, problem.NotAssigned},
		"an error of no form":    {400, `{"error":"<b>Evil</b>"}`, problem.OIDCRefused},
		"a token nobody trusts":  {200, `{"id_token":"a.b.c"}`, problem.TokenMalformed},
		"an error with status 2": {200, `{"error":"invalid_client"}`, problem.OIDCClient},
	} {
		t.Run(name, func(t *testing.T) {
			err := newEndpoint(t, c.status, c.body).redeem(t, Credential{Secret: "top secret"})
			if got, _ := problem.Of(err); got != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if err != nil && (strings.Contains(err.Error(), "Evil") || strings.Contains(err.Error(), "somebody") || strings.Contains(err.Error(), "top secret")) {
				t.Errorf("the error repeats what came or was sent: %v", err)
			}
		})
	}
}

func TestReadAnswer_itTellsWhatCameBack(t *testing.T) {
	for name, c := range map[string]struct {
		q    url.Values
		want problem.Code
	}{
		"a code":           {url.Values{"code": {"c"}, "state": {"s"}}, ""},
		"no state":         {url.Values{"code": {"c"}}, problem.BadCallback},
		"no code":          {url.Values{"state": {"s"}}, problem.BadCallback},
		"two codes":        {url.Values{"code": {"c", "d"}, "state": {"s"}}, problem.BadCallback},
		"a long code":      {url.Values{"code": {strings.Repeat("c", maxCode+1)}, "state": {"s"}}, problem.BadCallback},
		"cancelled":        {url.Values{"error": {"access_denied"}, "state": {"s"}}, problem.SignInCancelled},
		"declined consent": {url.Values{"error": {"access_denied"}, "error_description": {"AADSTS65004: no"}, "state": {"s"}}, problem.ConsentNeeded},
		"not assigned":     {url.Values{"error": {"access_denied"}, "error_description": {"AADSTS50105: no"}, "state": {"s"}}, problem.NotAssigned},
		"another error":    {url.Values{"error": {"server_error"}, "state": {"s"}}, problem.EntraRefused},
	} {
		_, _, err := ReadAnswer(c.q)
		if got, _ := problem.Of(err); got != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestRequest_itHidesItselfAndAnswersOnlyItsOwnState(t *testing.T) {
	r := NewRequest()
	if s := fmt.Sprintf("%v %+v %#v %s", r, r, r, r); strings.Contains(s, r.State) || strings.Contains(s, r.Verifier) {
		t.Errorf("shows itself: %s", s)
	}
	c := Credential{Secret: "top secret"}
	if s := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(s, "top secret") {
		t.Errorf("shows itself: %s", s)
	}
	if !r.Answers(r.State) || r.Answers("") || r.Answers(NewRequest().State) || (Request{}).Answers("") {
		t.Error("a state was mistaken")
	}
	if _, err := (&Client{}).AuthorizeURL(Registration{}, r, Hint{}); err == nil {
		t.Error("nothing was taken for a registration")
	}
}

func FuzzReadAnswer(f *testing.F) {
	for _, seed := range []string{"code=c&state=s", "error=access_denied&error_description=AADSTS50105%3A&state=s", "error=%00&state=s", "state=%ff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q, _ := url.ParseQuery(raw)
		code, state, err := ReadAnswer(q)
		if (err == nil) != (code != "") || err == nil && state == "" {
			t.Errorf("code %q, state %q, %v", code, state, err)
		}
		var refused *Refusal
		if errors.As(err, &refused) && strings.ContainsAny(refused.Error(), "<>\x00\n") {
			t.Errorf("an odd character came through: %q", refused)
		}
	})
}

func FuzzTokenAnswer(f *testing.F) {
	f.Add(200, `{"id_token":"a.b.c"}`)
	f.Add(400, `{"error":"invalid_grant","error_description":"AADSTS54005: x","correlation_id":"1"}`)
	f.Add(500, `{`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		client := &Client{HTTPClient: &http.Client{Transport: canned{status, body}}}
		token, err := client.post(context.Background(), "https://login.example/token", url.Values{})
		if (err == nil) != (token != "") {
			t.Errorf("token %q, %v", token, err)
		}
	})
}

type canned struct {
	status int
	body   string
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	rec.Body.WriteString(c.body)
	res := rec.Result()
	res.StatusCode, res.Request = c.status, r
	return res, nil
}
