package entra

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Limits on what comes from outside. Entra's documents have about 2 and 20 kB
// and ten keys.
const (
	maxDocument = 512 << 10
	maxKeys     = 100
	minModulus  = 2048 // bits
	maxModulus  = 4096
)

// fetched is what the tenant's metadata said, and how long it may be kept.
type fetched struct {
	keys    map[string]*rsa.PublicKey
	jwksURI string
	etag    string // of the document at jwksURI
	maxAge  time.Duration
}

// fetch reads the tenant's OpenID configuration and the keys that it points to
// (OpenID Connect Discovery 1.0). When the keys have not changed since before,
// those are returned.
func (v *Verifier) fetch(ctx context.Context, want Expect, before fetched) (fetched, error) {
	keysURL, err := v.keysURL(ctx, want)
	if err != nil {
		return fetched{}, err
	}
	etag := ""
	if keysURL == before.jwksURI && len(before.keys) > 0 {
		etag = before.etag
	}
	var doc struct {
		Keys []json.RawMessage `json:"keys"`
	}
	h, err := v.get(ctx, keysURL, etag, &doc)
	if errors.Is(err, errNotModified) {
		before.maxAge = freshness(h)
		return before, nil
	}
	if err != nil {
		return fetched{}, fmt.Errorf("keys: %w", err)
	}
	keys := usable(doc.Keys, want)
	if len(keys) == 0 {
		return fetched{}, errors.New("keys: there is no RSA signing key of 2048 bits or more")
	}
	return fetched{keys: keys, jwksURI: keysURL, etag: h.Get("ETag"), maxAge: freshness(h)}, nil
}

// keysURL is where the issuer's keys are, by its metadata or by set-up.
func (v *Verifier) keysURL(ctx context.Context, want Expect) (string, error) {
	if want.keysURL != "" {
		return want.keysURL, nil // checked when the federation was
	}
	var conf struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	address := strings.TrimSuffix(want.Issuer(), "/") + "/.well-known/openid-configuration"
	if _, err := v.get(ctx, address, "", &conf); err != nil {
		return "", fmt.Errorf("OpenID configuration: %w", err)
	}
	// Discovery 1.0, section 4.3: metadata of another issuer must not be used.
	if conf.Issuer != want.Issuer() {
		return "", fmt.Errorf("OpenID configuration: issuer is %s, expected %q", shown(conf.Issuer), want.Issuer())
	}
	if err := checkAddress(conf.JWKSURI, v.AllowLoopbackHTTP); err != nil {
		return "", fmt.Errorf("jwks_uri: %w", err)
	}
	return conf.JWKSURI, nil
}

var errNotModified = errors.New("not modified")

// get reads one JSON document. Redirects are refused: an address that was
// checked must not lead to one that was not.
func (v *Verifier) get(ctx context.Context, address, etag string, into any) (http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	resp, err := v.client().Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if etag != "" && resp.StatusCode == http.StatusNotModified {
		return resp.Header, errNotModified
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	// Entra labels its keys application/json; RFC 7517 would have jwk-set+json.
	if t, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil ||
		(t != "application/json" && t != "application/jwk-set+json") {
		return nil, errors.New("the answer is not JSON")
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	switch {
	case err != nil:
		return nil, err
	case len(body) > maxDocument:
		return nil, fmt.Errorf("more than %d bytes", maxDocument)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return nil, errors.New("the answer is not the JSON it should be")
	}
	return resp.Header, nil
}

func (v *Verifier) client() *http.Client {
	c := http.Client{}
	if v.HTTPClient != nil {
		c = *v.HTTPClient
	}
	c.Jar = nil
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// jwk is one key of a JWK set (RFC 7517, RFC 7518 section 6.3). Entra adds
// issuer to say for whom a key may sign.
type jwk struct {
	Type      string `json:"kty"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	ID        string `json:"kid"`
	N         string `json:"n"`
	E         string `json:"e"`
	Issuer    string `json:"issuer"`
}

// usable keeps the keys that may sign the tenant's tokens. Others, and what
// cannot be read, are passed over: a set may hold keys of kinds to come. Of two
// keys with one id the first stays.
func usable(all []json.RawMessage, want Expect) map[string]*rsa.PublicKey {
	keys := map[string]*rsa.PublicKey{}
	for _, raw := range all[:min(len(all), maxKeys)] {
		var k jwk
		if json.Unmarshal(raw, &k) != nil || k.ID == "" || len(k.ID) > 256 || keys[k.ID] != nil {
			continue
		}
		if pub := k.public(want); pub != nil {
			keys[k.ID] = pub
		}
	}
	return keys
}

// public returns the key, or nil where it may not be used.
func (k jwk) public(want Expect) *rsa.PublicKey {
	if k.Type != "RSA" || (k.Use != "" && k.Use != "sig") || (k.Algorithm != "" && k.Algorithm != string(allowed[0])) {
		return nil
	}
	// Microsoft's "Validate the issuer of the signing key": {tenantid} stands
	// for the token's tenant, which is the workspace's by now.
	// Who set the address of the keys of an issuer that is no tenant's vouches
	// for them.
	vouched := want.keysURL != "" && want.TenantID == ""
	if k.Issuer != "" && !vouched && strings.ReplaceAll(k.Issuer, "{tenantid}", want.TenantID) != want.Issuer() {
		return nil
	}
	n, err1 := decode(k.N)
	e, err2 := decode(k.E)
	if err1 != nil || err2 != nil || len(e) == 0 || len(e) > 4 {
		return nil
	}
	pub := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	if bits := pub.N.BitLen(); bits < minModulus || bits > maxModulus || pub.N.Bit(0) == 0 {
		return nil
	}
	if pub.E < 3 || pub.E%2 == 0 || pub.E > 1<<31-1 {
		return nil
	}
	return pub
}

// freshness reads max-age (RFC 9111, section 5.2.2.1) within our bounds.
func freshness(h http.Header) time.Duration {
	for _, directive := range strings.Split(h.Get("Cache-Control"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		if !strings.EqualFold(name, "max-age") {
			continue
		}
		seconds, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 32)
		if err == nil {
			return min(max(time.Duration(seconds)*time.Second, minFresh), maxFresh)
		}
	}
	return maxFresh
}

// checkAddress says whether metadata may be read from an address: https, or,
// where loopback says so, http on loopback.
func checkAddress(s string, loopback bool) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return errors.New("not an absolute address")
	case u.User != nil || u.Fragment != "":
		return errors.New("the address holds a user name or fragment")
	case u.Scheme == "https", u.Scheme == "http" && loopback && onLoopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("the address is not https (host %s)", shown(u.Hostname()))
}

func onLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.Unmap().IsLoopback())
}
