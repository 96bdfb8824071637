package entra

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

func verify(v *Verifier, i *issuer, token string) problem.Code {
	_, err := v.Verify(context.Background(), token, i.expect())
	code, _ := problem.Of(err)
	return code
}

// longLived is a token that outlives every test of the cache.
func (i *issuer) longLived(n int, kid string) string {
	return i.good().with("exp", start.Add(30*24*time.Hour).Unix()).signed(n, kid)
}

func TestKeys_itFetchesOnceForManyAtOnce(t *testing.T) {
	i := newIssuer(t)
	hold := make(chan struct{})
	i.set(func() { i.hold = hold })
	v := i.verifier(&clock{now: start})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if code := verify(v, i, i.good().signed(0, "k0")); code != "" {
				t.Error(code)
			}
		})
	}
	close(hold)
	wg.Wait()
	if n := i.asked(); n != 1 {
		t.Errorf("asked for keys %d times", n)
	}
}

func TestKeys_itFindsANewKeyAtOnce(t *testing.T) {
	i := newIssuer(t)
	c := &clock{now: start}
	v := i.verifier(c)
	if code := verify(v, i, i.longLived(0, "k0")); code != "" {
		t.Fatal(code)
	}
	i.publish("k1", 1)
	c.Advance(time.Second)
	if code := verify(v, i, i.longLived(1, "k1")); code != "" {
		t.Errorf("a token of the new key: %s", code)
	}
	if code := verify(v, i, i.longLived(0, "k0")); code != problem.TokenKey {
		t.Errorf("a token of the key that was withdrawn: %q", code)
	}
}

func TestKeys_itLooksForUnknownKeysAtALimitedRate(t *testing.T) {
	i := newIssuer(t)
	c := &clock{now: start}
	v := i.verifier(c)
	if code := verify(v, i, i.longLived(0, "k0")); code != "" {
		t.Fatal(code)
	}
	for n := range 50 {
		if code := verify(v, i, i.longLived(1, fmt.Sprintf("made-up-%d", n))); code != problem.TokenKey {
			t.Fatalf("got %s", code)
		}
	}
	if n := i.asked(); n != 1+unknownBurst {
		t.Errorf("asked for keys %d times, want %d", n, 1+unknownBurst)
	}
	c.Advance(unknownEvery)
	for range 5 {
		verify(v, i, i.longLived(1, "made-up"))
	}
	if n := i.asked(); n != 2+unknownBurst {
		t.Errorf("five minutes later: %d times, want %d", n, 2+unknownBurst)
	}
	if code := verify(v, i, i.longLived(0, "k0")); code != "" {
		t.Errorf("a good token in between: %s", code)
	}
}

func TestKeys_itWorksOnOldKeysWhileMicrosoftIsDown(t *testing.T) {
	i := newIssuer(t)
	c := &clock{now: start}
	v := i.verifier(c)
	if code := verify(v, i, i.longLived(0, "k0")); code != "" {
		t.Fatal(code)
	}
	i.set(func() { i.status = http.StatusServiceUnavailable })
	for range 3 {
		c.Advance(25 * time.Hour)
		if code := verify(v, i, i.longLived(0, "k0")); code != "" {
			t.Errorf("with old keys: %s", code)
		}
	}
	if code := verify(v, i, i.longLived(1, "new")); code != problem.NoEntra {
		t.Errorf("an unknown key while Microsoft is down: %q", code)
	}
	i.set(func() { i.status = 0 })
	i.publish("k2", 2)
	c.Advance(time.Hour)
	if code := verify(v, i, i.longLived(2, "k2")); code != "" {
		t.Errorf("when Microsoft is back: %s", code)
	}
}

func TestKeys_itTriesAgainSoonWhenItNeverHadAny(t *testing.T) {
	i := newIssuer(t)
	c := &clock{now: start}
	v := i.verifier(c)
	i.set(func() { i.status = http.StatusInternalServerError })
	for range 10 {
		if code := verify(v, i, i.longLived(0, "k0")); code != problem.NoEntra {
			t.Fatalf("got %q", code)
		}
	}
	i.set(func() {
		if i.confs != 1 {
			t.Errorf("%d tries within a moment", i.confs)
		}
		i.status = 0
	})
	c.Advance(retryNone)
	if code := verify(v, i, i.longLived(0, "k0")); code != "" {
		t.Errorf("after the pause: %s", code)
	}
}

func TestKeys_itKeepsThemAsLongAsTheAnswerSays(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"max-age=86400, private":    24 * time.Hour,
		"public, max-age=3600":      time.Hour,
		"max-age=1":                 minFresh,
		"max-age=0, no-store":       minFresh,
		"max-age=99999999":          maxFresh,
		"max-age=99999999999999999": maxFresh,
		"no-cache":                  maxFresh,
		"":                          maxFresh,
	} {
		if got := freshness(http.Header{"Cache-Control": {header}}); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

func TestKeys_itRenewsThemWhenTheyAreDueAndSendsTheETag(t *testing.T) {
	i := newIssuer(t)
	i.set(func() { i.etag, i.cacheHeader = `"v1"`, "max-age=3600" })
	c := &clock{now: start}
	v := i.verifier(c)
	for range 4 {
		if code := verify(v, i, i.longLived(0, "k0")); code != "" {
			t.Fatal(code)
		}
		c.Advance(61 * time.Minute)
	}
	i.set(func() {
		if i.sets != 4 || i.notModified != 3 {
			t.Errorf("asked %d times, %d not modified", i.sets, i.notModified)
		}
	})
}

func TestKeys_itEndsWithTheCallersContext(t *testing.T) {
	i := newIssuer(t)
	hold := make(chan struct{})
	i.set(func() { i.hold = hold })
	v := i.verifier(&clock{now: start})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := v.Verify(ctx, i.good().signed(0, "k0"), i.expect()); err == nil || ctx.Err() == nil {
		t.Errorf("got %v", err)
	}
	close(hold)
	if code := verify(v, i, i.good().signed(0, "k0")); code != "" {
		t.Errorf("the next caller: %s", code)
	}
}

func TestKeys_itRefusesMetadataThatLeadsAstray(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		t.Error("an address that must not be used was called")
	}))
	defer elsewhere.Close()
	for name, change := range map[string]func(*issuer){
		"another issuer":         func(i *issuer) { i.issuerClaim = "https://login.microsoftonline.com/common/v2.0" },
		"keys over plain http":   func(i *issuer) { i.jwksURI = "http://keys.example/jwks" },
		"keys from a file":       func(i *issuer) { i.jwksURI = "file:///etc/passwd" },
		"keys behind a user":     func(i *issuer) { i.jwksURI = "https://a:b@keys.example/jwks" },
		"keys nowhere":           func(i *issuer) { i.jwksURI = "keys" },
		"only a short key":       func(i *issuer) { i.jwks[0]["n"] = b64(make([]byte, 100)) },
		"only an encryption key": func(i *issuer) { i.jwks[0]["use"] = "enc" },
		"another tenant's key":   func(i *issuer) { i.jwks[0]["issuer"] = "https://login.microsoftonline.com/" + otherID + "/v2.0" },
		"an exponent of one":     func(i *issuer) { i.jwks[0]["e"] = "AQ" },
		"a key for RS512":        func(i *issuer) { i.jwks[0]["alg"] = "RS512" },
		"too large a document":   func(i *issuer) { i.jwks[0]["x"] = strings.Repeat("x", maxDocument) },
	} {
		t.Run("it refuses "+name, func(t *testing.T) {
			i := newIssuer(t)
			i.set(func() { change(i) })
			if code := verify(i.verifier(&clock{now: start}), i, i.good().signed(0, "k0")); code != problem.NoEntra {
				t.Errorf("got %q", code)
			}
		})
	}
	t.Run("it refuses a redirect", func(t *testing.T) {
		s := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
		defer s.Close()
		i := newIssuer(t)
		e := i.expect()
		e.Authority = s.URL
		v := i.verifier(&clock{now: start})
		_, err := v.Verify(context.Background(), i.good().with("iss", e.Issuer()).signed(0, "k0"), e)
		if code, _ := problem.Of(err); code != problem.NoEntra {
			t.Errorf("got %v", err)
		}
	})
}

func TestUsable_itPassesOverWhatItDoesNotKnow(t *testing.T) {
	i := newIssuer(t)
	ours := publicJWK("ours", &signKeys()[0].PublicKey)
	ours["issuer"] = strings.Replace(i.expect().Issuer(), tenantID, "{tenantid}", 1)
	second := publicJWK("ours", &signKeys()[1].PublicKey)
	big, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	var all []json.RawMessage
	for _, k := range []any{
		map[string]any{"kty": "EC", "kid": "ec", "crv": "P-256", "x": "AA", "y": "AA"},
		map[string]any{"kty": "AKP", "kid": 7},
		"a string", nil,
		publicJWK("", &signKeys()[2].PublicKey), publicJWK("short", &big.PublicKey), ours, second,
	} {
		b, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	got := usable(all, i.expect())
	if len(got) != 1 || !got["ours"].Equal(&signKeys()[0].PublicKey) {
		t.Errorf("got %d keys: %v", len(got), got)
	}
}

func TestKeys_itForgetsTheTenantNotUsedForLongest(t *testing.T) {
	c := &clock{now: start}
	v := &Verifier{Now: c.Now}
	v.mu.Lock()
	defer v.mu.Unlock()
	for n := range maxSets + 10 {
		v.set(fmt.Sprint("issuer-", n), c.Now())
		v.set("issuer-0", c.Now())
		c.Advance(time.Second)
	}
	if len(v.sets) != maxSets || v.sets["issuer-0"] == nil || v.sets["issuer-1"] != nil {
		t.Errorf("%d sets", len(v.sets))
	}
}

func FuzzKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}]}`))
	f.Add([]byte(`{"keys":[null,1,"x",{"kty":"RSA","kid":"a","n":"","e":"AAAAAAAA"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var doc struct {
			Keys []json.RawMessage `json:"keys"`
		}
		if json.Unmarshal(b, &doc) != nil {
			return
		}
		for kid, k := range usable(doc.Keys, Expect{Authority: "https://x", TenantID: tenantID}) {
			if kid == "" || k.N.BitLen() < minModulus || k.E < 3 {
				t.Errorf("key %q of %d bits", kid, k.N.BitLen())
			}
		}
	})
}
