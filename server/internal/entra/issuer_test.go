package entra

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

const (
	tenantID = "11111111-2222-4333-8444-555555555555"
	otherID  = "99999999-2222-4333-8444-555555555555"
	clientID = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
	objectID = "0a0a0a0a-0b0b-4c0c-8d0d-0e0e0e0e0e0e"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// clock is a clock that stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// signKeys are made once: making one takes a while.
var signKeys = sync.OnceValue(func() (keys [3]*rsa.PrivateKey) {
	for i := range keys {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[i] = k
	}
	return keys
})

// issuer is as much of Entra's v2.0 metadata as the verifier asks for. It
// signs with crypto/rsa alone, so that no mistake of the JOSE library could
// cancel itself out.
type issuer struct {
	*httptest.Server
	mu          sync.Mutex
	jwks        []map[string]any
	etag        string
	cacheHeader string
	jwksURI     string // "" means its own
	issuerClaim string // "" means the right one
	status      int    // of every answer; 0 means 200
	hold        chan struct{}
	confs, sets int // how often each document was asked for
	notModified int
}

func newIssuer(t testing.TB) *issuer {
	i := &issuer{cacheHeader: "max-age=86400, private"}
	i.publish("k0", 0)
	i.Server = httptest.NewServer(i)
	t.Cleanup(i.Close)
	return i
}

// publish replaces the published keys by key n under the id kid.
func (i *issuer) publish(kid string, n int) {
	i.set(func() { i.jwks = []map[string]any{publicJWK(kid, &signKeys()[n].PublicKey)} })
}

func (i *issuer) set(change func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change()
}

func (i *issuer) asked() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.sets
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	hold, status := i.hold, i.status
	i.mu.Unlock()
	if hold != nil {
		<-hold
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	switch r.URL.Path {
	case "/" + tenantID + "/v2.0/.well-known/openid-configuration":
		i.confs++
		if status != 0 {
			w.WriteHeader(status)
			return
		}
		doc := map[string]any{
			"issuer":   i.URL + "/" + tenantID + "/v2.0",
			"jwks_uri": i.URL + "/" + tenantID + "/discovery/v2.0/keys",
		}
		if i.jwksURI != "" {
			doc["jwks_uri"] = i.jwksURI
		}
		if i.issuerClaim != "" {
			doc["issuer"] = i.issuerClaim
		}
		_ = json.NewEncoder(w).Encode(doc)
	case "/" + tenantID + "/discovery/v2.0/keys":
		i.sets++
		w.Header().Set("Cache-Control", i.cacheHeader)
		if i.etag != "" {
			w.Header().Set("ETag", i.etag)
			if r.Header.Get("If-None-Match") == i.etag {
				i.notModified++
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": i.jwks})
	default:
		http.NotFound(w, r)
	}
}

func publicJWK(kid string, k *rsa.PublicKey) map[string]any {
	return map[string]any{
		"kty": "RSA", "use": "sig", "kid": kid, "x5t": kid,
		"n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes()),
	}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// claimSet is a token's claims as JSON.
type claimSet map[string]any

// good are the claims of a token that is fine, with everything Entra adds.
func (i *issuer) good() claimSet {
	return claimSet{
		"aud": clientID, "iss": i.URL + "/" + tenantID + "/v2.0", "tid": tenantID,
		"iat": start.Add(-time.Minute).Unix(), "nbf": start.Add(-time.Minute).Unix(), "exp": start.Add(time.Hour).Unix(),
		"aio": "AWQAm/8ZAAAA", "azp": clientID, "azpacr": "0", "name": "Ada Lovelace",
		"oid": objectID, "preferred_username": "ada@acme.example", "rh": "1.AAAA",
		"scp": "openid access_as_user", "sid": "00000000", "sub": "pairwise", "uti": "x", "ver": "2.0", "xms_ftd": "y",
	}
}

func (c claimSet) with(name string, value any) claimSet {
	out := claimSet{}
	for k, v := range c {
		out[k] = v
	}
	if out[name] = value; value == nil {
		delete(out, name)
	}
	return out
}

// sign makes a token of any header and payload, signed with key n.
func sign(n int, header, payload string) string {
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	sum := sha256.Sum256([]byte(input))
	sig, err := rsa.SignPKCS1v15(nil, signKeys()[n], crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return input + "." + b64(sig)
}

const goodHeader = `{"typ":"JWT","alg":"RS256","kid":"k0","x5t":"k0"}`

func (c claimSet) signed(n int, kid string) string {
	return sign(n, fmt.Sprintf(`{"typ":"JWT","alg":"RS256","kid":%q}`, kid), c.json())
}

func (c claimSet) json() string {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (i *issuer) expect() Expect {
	return Expect{
		Authority: i.URL, TenantID: tenantID, Audience: clientID,
		ClientIDs: []string{clientID}, Scope: "api://" + clientID + "/access_as_user",
	}
}

func (i *issuer) verifier(c *clock) *Verifier {
	return &Verifier{HTTPClient: i.Client(), Now: c.Now, AllowLoopbackHTTP: true}
}
