package oauth_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/internal/oauth"
	"github.com/lanyard-sso/lanyard/server/internal/pgschema"
	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/postgres"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var start = time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)

const (
	tenant   = "11111111-2222-4333-8444-555555555555"
	subject  = "0a0a0a0a-0b0b-4c0c-8d0d-0e0e0e0e0e0e"
	audience = "api://lanyard"
)

var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// login is as much of a tenant's metadata as keys are found by.
func login(t testing.TB) *httptest.Server {
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/" + tenant + "/v2.0/.well-known/openid-configuration":
			json.NewEncoder(w).Encode(map[string]string{"issuer": s.URL + "/" + tenant + "/v2.0", "jwks_uri": s.URL + "/keys"})
		case "/keys":
			k := map[string]string{"kty": "RSA", "kid": "k", "n": b64(key().N.Bytes()), "e": b64(big.NewInt(int64(key().E)).Bytes())}
			json.NewEncoder(w).Encode(map[string]any{"keys": []any{k}})
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// desk is a workspace with one client that has a secret and a federation.
type desk struct {
	t       testing.TB
	store   *store.Store
	issuer  string
	secret  scim.Token
	now     time.Time
	handler http.Handler
	log     *strings.Builder
	records []store.Request
}

func newDesk(t testing.TB, engine string) *desk {
	t.Helper()
	var s *store.Store
	var err error
	if engine == "sqlite" {
		s, err = sqlite.Open(t.Context(), litetest.File(t))
	} else {
		s, err = postgres.Open(t.Context(), pgschema.URL(t))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	l := login(t)
	d := &desk{t: t, store: s, issuer: l.URL + "/" + tenant + "/v2.0", secret: scim.NewToken(), now: start, log: &strings.Builder{}}
	ctx := t.Context()
	for _, id := range []string{"acme", "beta"} {
		if err := s.CreateWorkspace(ctx, directory.Workspace{ID: id, Name: id, SCIMEnabled: true, Created: start}); err != nil {
			t.Fatal(err)
		}
	}
	err = s.CreateClient(ctx, store.Client{
		ID: "entra", Workspace: "acme", TokenLife: time.Hour, Created: start,
		Federation: store.Federation{Issuer: d.issuer, Subject: subject, Audience: audience},
	}, store.Secret{ID: "s1", Hash: d.secret.Hash(), Created: start, Expires: start.Add(365 * 24 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	(&oauth.Handler{
		Store: s, Now: func() time.Time { return d.now }, Log: slog.New(slog.NewTextHandler(d.log, nil)),
		Verifier: &entra.Verifier{Now: func() time.Time { return d.now }, AllowLoopbackHTTP: true},
		Limit:    func(*http.Request) error { return nil },
		Record:   func(r store.Request) { d.records = append(d.records, r) },
	}).Mount(mux)
	d.handler = mux
	return d
}

type answer struct {
	status int
	header http.Header
	raw    string
	Token  string `json:"access_token"`
	Type   string `json:"token_type"`
	Life   int    `json:"expires_in"`
	Error  string `json:"error"`
}

// ask posts a form. Of headers the first is Authorization.
func (d *desk) ask(workspace string, form url.Values, authorization ...string) answer {
	d.t.Helper()
	r := httptest.NewRequest("POST", "https://sso.example"+oauth.Path(workspace), strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, a := range authorization {
		r.Header.Add("Authorization", a)
	}
	return d.send(r)
}

func (d *desk) send(r *http.Request) answer {
	d.t.Helper()
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header(), raw: w.Body.String()}
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		d.t.Fatalf("%s: %v", a.raw, err)
	}
	return a
}

func (d *desk) post(client, secret string) url.Values {
	return url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {secret}}
}

// claims are those of an assertion that is fine.
func (d *desk) claims(jti string) map[string]any {
	return map[string]any{
		"iss": d.issuer, "sub": subject, "aud": audience, "jti": jti,
		"iat": d.now.Unix(), "nbf": d.now.Unix(), "exp": d.now.Add(10 * time.Minute).Unix(),
	}
}

func signed(claims map[string]any) string {
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	input := b64([]byte(`{"typ":"JWT","alg":"RS256","kid":"k"}`)) + "." + b64(payload)
	sum := sha256.Sum256([]byte(input))
	sig, err := rsa.SignPKCS1v15(nil, key(), crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return input + "." + b64(sig)
}

func federated(assertion string) url.Values {
	return url.Values{
		"grant_type": {"client_credentials"}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}
}

func basic(client, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(client)+":"+url.QueryEscape(secret)))
}

func eachEngine(t *testing.T, f func(*testing.T, *desk)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) { f(t, newDesk(t, engine)) })
	}
}

// granted checks that an answer holds a token that provisioning would accept.
func (d *desk) granted(a answer) {
	d.t.Helper()
	if a.status != http.StatusOK || a.Type != "Bearer" || a.Life != 3600 || a.header.Get("Cache-Control") != "no-store" {
		d.t.Fatalf("%d %s", a.status, a.raw)
	}
	tok, ws, err := d.store.TokenByHash(d.t.Context(), scim.HashToken(a.Token), d.now)
	if err != nil || ws.ID != "acme" || tok.Client != "entra" {
		d.t.Errorf("%+v of %s, %v", tok, ws.ID, err)
	}
	if _, _, err := d.store.TokenByHash(d.t.Context(), scim.HashToken(a.Token), d.now.Add(time.Hour)); !errors.Is(err, store.ErrNotFound) {
		d.t.Errorf("it does not end after an hour: %v", err)
	}
}

// req: D3
func TestToken_itIsGivenForASecret(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		d.granted(d.ask("acme", d.post("entra", d.secret.Reveal())))
		d.granted(d.ask("acme", url.Values{"grant_type": {"client_credentials"}, "scope": {"anything"}}, basic("entra", d.secret.Reveal())))
		d.granted(d.ask("acme", url.Values{"grant_type": {"client_credentials"}, "client_id": {"entra"}}, basic("entra", d.secret.Reveal())))
		if len(d.records) != 3 || d.records[0].Credential != "entra" || d.records[0].Status != 200 || d.records[0].Type != "oauth" {
			t.Errorf("the records are %+v", d.records)
		}
	})
}

// req: D3
func TestToken_itIsGivenForAnAssertionOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		d.granted(d.ask("acme", federated(signed(d.claims("one")))))
		withClient := federated(signed(d.claims("two")))
		withClient.Set("client_id", "entra")
		d.granted(d.ask("acme", withClient))
		if a := d.ask("acme", withClient); a.status != 401 || a.Error != "invalid_client" {
			t.Errorf("the second use: %d %s", a.status, a.raw)
		}
		nameless := d.claims("")
		delete(nameless, "jti")
		d.granted(d.ask("acme", federated(signed(nameless))))
	})
}

// req: D3
func TestToken_itRefusesEveryClientInTheSameWords(t *testing.T) {
	d := newDesk(t, "sqlite")
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	expired, revoked := scim.NewToken(), scim.NewToken()
	must(d.store.AddSecret(ctx, "acme", store.Secret{ID: "s2", Client: "entra", Hash: expired.Hash(), Created: start, Expires: start}))
	must(d.store.AddSecret(ctx, "acme", store.Secret{ID: "s3", Client: "entra", Hash: revoked.Hash(), Created: start, Expires: start.Add(time.Hour)}))
	must(d.store.RevokeSecret(ctx, "acme", "s3", start))
	claim := func(name string, v any) url.Values {
		c := d.claims("c")
		if c[name] = v; v == nil {
			delete(c, name)
		}
		return federated(signed(c))
	}
	good := signed(d.claims("g"))
	forms := map[string]url.Values{
		"a wrong secret":               d.post("entra", scim.NewToken().Reveal()),
		"an expired secret":            d.post("entra", expired.Reveal()),
		"a revoked secret":             d.post("entra", revoked.Reveal()),
		"a client that does not exist": d.post("nobody", d.secret.Reveal()),
		"no secret":                    {"grant_type": {"client_credentials"}, "client_id": {"entra"}},
		"no client":                    {"grant_type": {"client_credentials"}, "client_secret": {d.secret.Reveal()}},
		"a client of odd bytes":        d.post("entra\x00", d.secret.Reveal()),
		"another issuer":               claim("iss", "https://login.example/"+tenant+"/v2.0"),
		"another subject":              claim("sub", "someone"),
		"another audience":             claim("aud", "api://other"),
		"an expired assertion":         claim("exp", start.Add(-time.Hour).Unix()),
		"one of a time to come":        claim("nbf", start.Add(time.Hour).Unix()),
		"one without an end":           claim("exp", nil),
		"one valid for a week":         claim("exp", start.Add(7*24*time.Hour).Unix()),
		"a person's token":             claim("scp", "access_as_user"),
		"a changed assertion":          federated(good[:len(good)-20] + strings.Repeat("A", 20)),
		"not an assertion":             federated("x.y.z"),
	}
	var first answer
	compare := func(name string, a answer) {
		t.Helper()
		if first.status == 0 {
			first = a
		}
		a.header.Del("Date")
		if a.status != http.StatusUnauthorized || a.Error != "invalid_client" || a.raw != first.raw || a.header.Get("WWW-Authenticate") != `Basic realm="SCIM"` {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	for name, form := range forms {
		compare(name, d.ask("acme", form))
	}
	compare("another workspace", d.ask("beta", d.post("entra", d.secret.Reveal())))
	compare("no such workspace", d.ask("nobody", d.post("entra", d.secret.Reveal())))
	compare("an assertion for another workspace", d.ask("beta", federated(good)))
	compare("basic authentication that is none", d.ask("acme", url.Values{"grant_type": {"client_credentials"}}, "Basic !"))
	compare("a wrong secret by basic authentication", d.ask("acme", url.Values{"grant_type": {"client_credentials"}}, basic("entra", "x")))
	must(d.store.RevokeClient(ctx, "acme", "entra", start))
	compare("a revoked client", d.ask("acme", d.post("entra", d.secret.Reveal())))
	compare("the assertion of a revoked client", d.ask("acme", federated(good)))
	if strings.Contains(d.log.String(), d.secret.Reveal()) || strings.Contains(d.log.String(), good[:40]) {
		t.Errorf("the log holds a secret: %s", d.log)
	}
}

func TestToken_itSaysWhatIsWrongWithARequest(t *testing.T) {
	d := newDesk(t, "sqlite")
	form := func(change func(url.Values)) url.Values {
		f := d.post("entra", d.secret.Reveal())
		change(f)
		return f
	}
	for name, c := range map[string]struct {
		form   url.Values
		header []string
		want   string
	}{
		"no grant type":      {form(func(f url.Values) { f.Del("grant_type") }), nil, "invalid_request"},
		"another grant type": {form(func(f url.Values) { f.Set("grant_type", "password") }), nil, "unsupported_grant_type"},
		"a parameter twice":  {form(func(f url.Values) { f.Add("client_id", "entra") }), nil, "invalid_request"},
		"two ways at once":   {form(func(url.Values) {}), []string{basic("entra", d.secret.Reveal())}, "invalid_request"},
		"secret and assertion": {form(func(f url.Values) {
			f.Set("client_assertion", signed(d.claims("x")))
		}), nil, "invalid_request"},
		"an assertion of no type": {url.Values{"grant_type": {"client_credentials"}, "client_assertion": {signed(d.claims("x"))}}, nil, "invalid_request"},
	} {
		if a := d.ask("acme", c.form, c.header...); a.status != 400 || a.Error != c.want {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	r := httptest.NewRequest("GET", "https://sso.example"+oauth.Path("acme"), nil)
	if a := d.send(r); a.status != 405 || a.header.Get("Allow") != "POST" {
		t.Errorf("GET: %d %s", a.status, a.raw)
	}
	r = httptest.NewRequest("POST", "https://sso.example"+oauth.Path("acme"), strings.NewReader(`{}`))
	r.Header.Set("Content-Type", "application/json")
	if a := d.send(r); a.status != 400 || a.Error != "invalid_request" {
		t.Errorf("JSON: %d %s", a.status, a.raw)
	}
	r = httptest.NewRequest("POST", "https://sso.example"+oauth.Path("acme"), strings.NewReader(strings.Repeat("a", 100_000)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a := d.send(r); a.status != 413 {
		t.Errorf("a long body: %d %s", a.status, a.raw)
	}
}

// The issuer need not be Entra's, nor have an OpenID configuration where the
// address of its keys is set.
//
// req: D3
func TestToken_itIsGivenForAnAssertionOfAnyIssuer(t *testing.T) {
	d := newDesk(t, "sqlite")
	at := strings.TrimSuffix(d.issuer, "/"+tenant+"/v2.0")
	d.issuer = at + "/realms/acme"
	federate := func(keysURL string) {
		t.Helper()
		f := store.Federation{Issuer: d.issuer, Subject: subject, Audience: audience, KeysURL: keysURL}
		if err := d.store.SetFederation(t.Context(), "acme", "entra", f, start); err != nil {
			t.Fatal(err)
		}
	}
	federate("") // it has no configuration
	if a := d.ask("acme", federated(signed(d.claims("one")))); a.status != http.StatusServiceUnavailable {
		t.Errorf("without keys: %d %s", a.status, a.raw)
	}
	federate(at + "/keys")
	d.granted(d.ask("acme", federated(signed(d.claims("two")))))
	if a := d.ask("acme", federated(signed(map[string]any{"iss": at + "/realms/other", "sub": subject, "aud": audience, "iat": start.Unix(), "exp": start.Add(time.Minute).Unix()}))); a.status != http.StatusUnauthorized {
		t.Errorf("another realm with the same keys: %d %s", a.status, a.raw)
	}
	federate(at + "/nowhere")
	if a := d.ask("acme", federated(signed(d.claims("three")))); a.status != http.StatusServiceUnavailable {
		t.Errorf("keys that are not there: %d %s", a.status, a.raw)
	}
}

func TestCheckFederation_itRefusesAddressesThatProveNothing(t *testing.T) {
	good := "https://login.microsoftonline.com/" + tenant + "/v2.0"
	for _, c := range []struct {
		issuer, keys string
		fine         bool
	}{
		{good, "", true},
		{good, "https://login.microsoftonline.com/" + tenant + "/discovery/v2.0/keys?appid=1", true},
		{"https://sts.windows.net/" + tenant + "/", "", true},
		{"https://idp.example/realms/acme", "https://keys.example/jwks", true},
		{"http://idp.example", "", false},
		{"idp.example", "", false},
		{"https://idp.example/?x=1", "", false},
		{"https://user:pw@idp.example", "", false},
		{"https://login.microsoftonline.com/common/v2.0", "", false},
		{"https://login.microsoftonline.com/Organizations/v2.0", "", false},
		{good, "http://keys.example/jwks", false},
		{good, "file:///etc/passwd", false},
	} {
		if err := entra.CheckFederation(c.issuer, c.keys, false); (err == nil) != c.fine {
			t.Errorf("%s, %s: %v", c.issuer, c.keys, err)
		}
	}
}
