package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// status asks with a bearer token and returns the status and Retry-After.
func (r *replica) status(method, path, bearer string) (int, string) {
	status, header, err := r.head(method, path, bearer)
	if err != nil {
		return 0, err.Error()
	}
	return status, header.Get("Retry-After")
}

// head asks with a bearer token and returns what stands above the answer.
func (r *replica) head(method, path, bearer string) (int, http.Header, error) {
	req, err := http.NewRequest(method, r.URL+path, nil)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	res, err := r.Client().Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, res.Header, err
}

// Tokens are rotated ten times while eight clients provision, each of which
// takes the next token when it is given one: no request is refused.
//
// req: D1
func TestServer_itRotatesTokensUnderLoadWithoutARefusal(t *testing.T) {
	for engine := range engines {
		t.Run(engine, func(t *testing.T) {
			w := newWorld(t, engine)
			r := w.serve(w.store)
			var current atomic.Pointer[string]
			current.Store(&w.scim)
			ctx, stop := context.WithCancel(t.Context())
			var clients sync.WaitGroup
			var asked, refused atomic.Int64
			progress := make(chan struct{}, 8)
			for range 8 {
				clients.Go(func() {
					for ctx.Err() == nil {
						if status, _ := r.status("GET", "/scim/v2/acme/Users?count=1", *current.Load()); status != http.StatusOK {
							refused.Add(1)
						}
						asked.Add(1)
						select {
						case progress <- struct{}{}:
						case <-ctx.Done():
						}
					}
				})
			}
			old := "t1"
			for i := range 10 {
				for range 16 { // some requests with each token
					<-progress
				}
				next, id := scim.NewToken(), fmt.Sprint("rotated", i)
				now := time.Now()
				if err := w.store.RotateToken(t.Context(), "acme", old, store.Token{ID: id, Hash: next.Hash(), Created: now}, now.Add(time.Hour)); err != nil {
					t.Fatal(err)
				}
				text := next.Reveal()
				current.Store(&text)
				old = id
			}
			stop()
			clients.Wait()
			if refused.Load() != 0 || asked.Load() < 160 {
				t.Errorf("%d of %d requests were refused", refused.Load(), asked.Load())
			}
			// When the overlap is over, only the last one is left.
			if status, _ := r.status("GET", "/scim/v2/acme/Users?count=1", w.scim); status != http.StatusOK {
				t.Errorf("the first token ended before its overlap: %d", status)
			}
			if err := w.store.RevokeToken(t.Context(), "acme", "t1", time.Now()); err != nil {
				t.Fatal(err)
			}
			if status, _ := r.status("GET", "/scim/v2/acme/Users?count=1", w.scim); status != http.StatusUnauthorized {
				t.Errorf("a revoked token: %d", status)
			}
		})
	}
}

// Who comes with what is not accepted waits, however it comes; who comes from
// the same address with a good token does not.
//
// req: D1
func TestServer_itAsksStrangersToWait(t *testing.T) {
	w := newWorld(t, "sqlite")
	now := time.Now()
	r := w.serve(w.store, func(c *Config) { c.Now = func() time.Time { return now } }) // a clock that stands: no bucket fills
	w.provision(r, w.ada)
	session := w.mustSignIn(r)
	turns := map[int]int{}
	for i := range strangerBurst + 30 {
		path := []string{"/scim/v2/acme/Users", "/v1/me", "/v1/events"}[i%3]
		status, after := r.status("GET", path, "nothing")
		if turns[status]++; status == http.StatusTooManyRequests && after != "30" {
			t.Errorf("%s: Retry-After is %q", path, after)
		}
	}
	if turns[http.StatusUnauthorized] != strangerBurst || turns[http.StatusTooManyRequests] != 30 {
		t.Errorf("the answers were %v", turns)
	}
	if status, _ := r.status("GET", "/scim/v2/acme/Users?count=1", w.scim); status != http.StatusOK {
		t.Errorf("the provisioner is answered %d", status)
	}
	if status, _ := r.status("GET", "/v1/me", session.Token); status != http.StatusOK {
		t.Errorf("somebody who is signed in is answered %d", status)
	}
}

// req: D3
func TestServer_itAcceptsAFederatedIdentityOfEntra(t *testing.T) {
	w := newWorld(t, "sqlite")
	r := w.serve(w.store)
	sp := "5a7e1c9d-3f21-4b60-8c4e-1d2f3a4b5c6d"
	err := w.store.CreateClient(t.Context(), store.Client{
		ID: "entra", Workspace: "acme", TokenLife: time.Hour, Created: time.Now(),
		Federation: store.Federation{Issuer: w.tenant.Issuer(), Subject: sp, Audience: "api://lanyard"},
	}, store.Secret{})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(assertion string) (int, string) {
		t.Helper()
		res, err := r.Client().PostForm(r.URL+"/scim/v2/acme/oauth/token", url.Values{
			"grant_type": {"client_credentials"}, "client_assertion": {assertion},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var got struct {
			Token string `json:"access_token"`
		}
		if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, got.Token
	}
	good := entratest.FederatedOptions{ServicePrincipal: sp, Audience: "api://lanyard"}
	once := w.tenant.FederatedToken(good)
	status, token := ask(once)
	if status != http.StatusOK {
		t.Fatalf("the assertion is answered %d: %s", status, w.log)
	}
	if status, _ := r.status("GET", "/scim/v2/acme/Users?count=1", token); status != http.StatusOK {
		t.Errorf("the access token is answered %d", status)
	}
	other := w.entra.AddTenant(entratest.TenantOptions{Domain: "other.example"})
	for name, assertion := range map[string]string{
		"a second use":        once,
		"another principal":   w.tenant.FederatedToken(entratest.FederatedOptions{ServicePrincipal: "other", Audience: "api://lanyard"}),
		"another audience":    w.tenant.FederatedToken(entratest.FederatedOptions{ServicePrincipal: sp, Audience: "api://other"}),
		"another tenant":      other.FederatedToken(good),
		"a person's token":    w.tenant.FederatedToken(good, func(c entratest.Claims) { c["scp"] = "access_as_user" }),
		"one that is expired": w.tenant.FederatedToken(entratest.FederatedOptions{ServicePrincipal: sp, Audience: "api://lanyard", Lifetime: -time.Hour}),
	} {
		if status, _ := ask(assertion); status != http.StatusUnauthorized {
			t.Errorf("%s is answered %d", name, status)
		}
	}
}

// Whoever sets a federation must not make the server look into its own network.
func TestServer_itFetchesKeysFromThePublicInternetOnly(t *testing.T) {
	inside := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was called") }))
	defer inside.Close()
	c := Config{PublicURL: &url.URL{Scheme: "https", Host: "sso.example.com"}, Now: time.Now}
	verifier := c.federation()
	for _, address := range []string{inside.URL + "/keys", "https://169.254.169.254/keys", "https://10.0.0.1/keys"} {
		res, err := verifier.HTTPClient.Get(address)
		if err == nil {
			res.Body.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "not an address of the public internet") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// An escaped slash is part of an id: what such an id leads to is a SCIM error
// like every other, and not another address.
func TestServer_itTakesEscapedSlashesForPartsOfAnID(t *testing.T) {
	w := newWorld(t, "sqlite")
	r := w.serve(w.store)
	for _, path := range []string{"/Users/..%2f..", "/Users/..%2fGroups", "/Users/%2e%2e%2f%2e%2e%2fother%2fUsers", "/Users/a%2f%2fb", "/..%2fother/Users", "/Users/%2e%2e"} {
		for _, method := range []string{"GET", "DELETE"} {
			status, header, err := r.head(method, "/scim/v2/acme"+path, w.scim)
			if err != nil || status != http.StatusNotFound || header.Get("Content-Type") != "application/scim+json" {
				t.Errorf("%s %s: %d, %v, %v", method, path, status, header, err)
			}
		}
		if status, _ := r.status("GET", "/scim/v2/acme"+path, "nobody's"); status != http.StatusUnauthorized {
			t.Errorf("%s of a stranger: %d", path, status)
		}
	}
}
