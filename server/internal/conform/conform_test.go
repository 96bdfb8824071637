package conform_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/conform"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/litetest"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// ours is a Lanyard server with one workspace, reached through change.
func ours(t *testing.T, change func(http.Handler) http.Handler) conform.Config {
	t.Helper()
	s, err := sqlite.Open(t.Context(), litetest.File(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	now := time.Now()
	err = s.CreateWorkspace(t.Context(), directory.Workspace{ID: "acme", Name: "Acme", SCIMEnabled: true, DefaultRole: "Member", Created: now, Modified: now})
	if err != nil {
		t.Fatal(err)
	}
	token := scim.NewToken()
	if err := s.CreateToken(t.Context(), store.Token{ID: "t1", Workspace: "acme", Hash: token.Hash(), Created: now}); err != nil {
		t.Fatal(err)
	}
	front := httptest.NewUnstartedServer(nil)
	public := &url.URL{Scheme: "http", Host: front.Listener.Addr().String()}
	handler, err := server.New(server.Config{Store: s, PublicURL: public, InsecureNoRateLimits: true})
	if err != nil {
		t.Fatal(err)
	}
	front.Config.Handler = handler
	if change != nil {
		front.Config.Handler = change(handler)
	}
	front.Start()
	t.Cleanup(front.Close)
	c := conform.Config{Base: public.JoinPath("scim", "v2", "acme"), Token: token.Reveal()}
	withClient(t, s, &c)
	return c
}

// cloudKey is what the customer's cloud signs with.
var cloudKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// withClient makes a client of the workspace with a secret and a federation,
// and the assertion of a workload for it.
func withClient(t *testing.T, s *store.Store, c *conform.Config) {
	t.Helper()
	key, err := cloudKey()
	if err != nil {
		t.Fatal(err)
	}
	public := jose.JSONWebKey{Key: key.Public(), KeyID: "k", Algorithm: string(jose.RS256), Use: "sig"}
	var cloud *httptest.Server
	cloud = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/keys" {
			_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public}})
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": cloud.URL + "/t/v2.0", "jwks_uri": cloud.URL + "/keys"})
	}))
	t.Cleanup(cloud.Close)
	now, secret := time.Now(), scim.NewToken()
	f := store.Federation{Issuer: cloud.URL + "/t/v2.0", Subject: "job", Audience: "api://lanyard", KeysURL: cloud.URL + "/keys"}
	err = s.CreateClient(t.Context(), store.Client{ID: "entra", Workspace: "acme", TokenLife: time.Hour, Created: now, Federation: f},
		store.Secret{ID: "s", Hash: secret.Hash(), Created: now, Expires: now.Add(48 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	c.Assertion, err = jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: f.Issuer, Subject: f.Subject, Audience: jwt.Audience{f.Audience}, ID: "once", IssuedAt: jwt.NewNumericDate(now),
		NotBefore: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(10 * time.Minute)),
	}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	c.TokenEndpoint, c.ClientID, c.ClientSecret = c.Base.JoinPath("oauth", "token").String(), "entra", secret.Reveal()
}

func ask(t *testing.T, c conform.Config) conform.Report {
	t.Helper()
	report, err := conform.Run(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// req: E10
// req: E11
// req: E12
// req: E15
func TestRun_itPassesLanyard(t *testing.T) {
	report := ask(t, ours(t, nil))
	for _, r := range report.Results {
		if r.Outcome != conform.Pass {
			t.Errorf("%s/%s %s: %s: %s", r.Suite, r.Name, r.Dialect, r.Outcome, r.Why)
		}
	}
	if len(report.Left) > 0 {
		t.Errorf("left behind: %v", report.Left)
	}
}

// An assertion is taken once; the run that has only that lives on one.
func TestRun_itLivesOnOneAssertion(t *testing.T) {
	c := ours(t, nil)
	c.Token, c.ClientSecret, c.Only = "", "", "Federated_Identity_Test"
	if report := ask(t, c); report.Counts[conform.Pass] != 1 {
		t.Errorf("%+v", report)
	}
}

// req: A14
func TestRun_itAsksAllTwentyFive(t *testing.T) {
	report := ask(t, ours(t, nil))
	names := map[string]bool{}
	dialects := map[string]int{}
	for _, r := range report.Results {
		if r.Suite == "gallery" {
			names[r.Name] = true
		}
		dialects[r.Dialect]++
		if r.What == "" || (r.Outcome == conform.Pass) != (r.Why == "") {
			t.Errorf("%+v", r)
		}
	}
	if len(names) != 25 {
		t.Errorf("%d tests of the gallery: %v", len(names), names)
	}
	if dialects["flag"] < 20 || dialects["flag"] != dialects["default"] {
		t.Errorf("%v", dialects)
	}
}

func TestRun_itLeavesNothingBehind(t *testing.T) {
	c := ours(t, nil)
	ask(t, c)
	for _, endpoint := range []string{"Users", "Groups"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.Base.JoinPath(endpoint).String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+c.Token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var list struct{ TotalResults *int }
		err = json.NewDecoder(res.Body).Decode(&list)
		_ = res.Body.Close()
		if err != nil || list.TotalResults == nil || *list.TotalResults != 0 {
			t.Errorf("%s after the run: %+v, %v", endpoint, list, err)
		}
	}
}

func TestRun_itTellsEachResultAsItComes(t *testing.T) {
	c := ours(t, nil)
	var told []string
	report, err := conform.Run(t.Context(), c, func(r conform.Result) { told = append(told, r.Name+r.Dialect) })
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, r := range report.Results {
		all = append(all, r.Name+r.Dialect)
	}
	if !slices.Equal(told, all) {
		t.Errorf("told %v, reported %v", told, all)
	}
}

func TestRun_itStopsWithItsContext(t *testing.T) {
	c := ours(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	report, err := conform.Run(ctx, c, func(conform.Result) { cancel() })
	if err == nil || len(report.Results) != 1 {
		t.Errorf("%d results, %v", len(report.Results), err)
	}
}

func TestRun_itSaysThatNobodyAnswers(t *testing.T) {
	front := httptest.NewServer(http.NotFoundHandler())
	base, err := url.Parse(front.URL + "/scim")
	if err != nil {
		t.Fatal(err)
	}
	front.Close()
	if _, err := conform.Run(t.Context(), conform.Config{Base: base, Token: "x"}, nil); err == nil || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("%v", err)
	}
	if _, err := conform.Run(t.Context(), conform.Config{}, nil); err == nil {
		t.Error("no address is taken for one")
	}
	c := ours(t, nil)
	c.Only = "No such test"
	if report, err := conform.Run(t.Context(), c, nil); !errors.Is(err, conform.ErrNoTest) {
		t.Errorf("a test that does not exist: %+v, %v", report, err)
	}
}

func TestRun_itFailsAStranger(t *testing.T) {
	front := httptest.NewServer(http.NotFoundHandler())
	defer front.Close()
	base, err := url.Parse(front.URL)
	if err != nil {
		t.Fatal(err)
	}
	report := ask(t, conform.Config{Base: base, Token: "x"})
	if report.Passed() || report.Counts[conform.Pass] > 2 {
		t.Errorf("a server without SCIM: %v", report.Counts)
	}
}
