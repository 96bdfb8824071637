package entratest_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
)

// A confidential client proves itself with a certificate that was uploaded: each
// way of doing it wrong is refused with Entra's own number.
func TestCertificate_aClientProvesItselfWithWhatWasUploaded(t *testing.T) {
	e := entratest.New(t)
	tenant := e.AddTenant(entratest.TenantOptions{})
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	app := tenant.AddApp(entratest.App{Certificates: [][]byte{der}, Redirects: []entratest.Redirect{{Platform: entratest.Web, URI: "https://app.example/back"}}})
	sum := sha256.Sum256(der)
	endpoint := tenant.Authority() + "/oauth2/v2.0/token"
	ask := func(change func(header, claims map[string]any), more url.Values) string {
		t.Helper()
		header := map[string]any{"typ": "JWT", "alg": "PS256", "x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])}
		now := time.Now()
		claims := map[string]any{
			"aud": endpoint, "iss": app.ClientID, "sub": app.ClientID, "jti": rand.Text(), "nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		}
		if change != nil {
			change(header, claims)
		}
		form := url.Values{
			"grant_type": {"authorization_code"}, "client_id": {app.ClientID}, "code": {"unknown"}, "redirect_uri": {"https://app.example/back"},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {signed(t, key, header, claims)},
		}
		for name, values := range more {
			form[name] = values
		}
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, endpoint, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := e.HTTPClient().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	const taken = "AADSTS9002313" // the client is believed; its code is not known
	for _, c := range []struct {
		it     string
		change func(header, claims map[string]any)
		more   url.Values
		want   string
	}{
		{"takes a good one", nil, nil, taken},
		{"takes RS256", func(h, _ map[string]any) { h["alg"] = "RS256" }, nil, taken},
		{"refuses a certificate that was not uploaded", func(h, _ map[string]any) { h["x5t#S256"] = "another" }, nil, "AADSTS700027"},
		{"refuses one without a thumbprint", func(h, _ map[string]any) { delete(h, "x5t#S256") }, nil, "AADSTS700027"},
		{"refuses another algorithm", func(h, _ map[string]any) { h["alg"] = "none" }, nil, "AADSTS700027"},
		{"refuses another audience", func(_, c map[string]any) { c["aud"] = "https://login.evil.example/token" }, nil, "AADSTS700023"},
		{"refuses another subject", func(_, c map[string]any) { c["sub"] = "another" }, nil, "AADSTS700021"},
		{"refuses one that has ended", func(_, c map[string]any) { c["exp"] = time.Now().Add(-time.Hour).Unix() }, nil, "AADSTS700024"},
		{"refuses one without an end", func(_, c map[string]any) { delete(c, "exp") }, nil, "AADSTS700024"},
		{"refuses one for a year", func(_, c map[string]any) { c["exp"] = time.Now().AddDate(1, 0, 0).Unix() }, nil, "AADSTS700024"},
		{"refuses one without an id", func(_, c map[string]any) { delete(c, "jti") }, nil, "AADSTS50027"},
		{"refuses a secret beside it", nil, url.Values{"client_secret": {"x"}}, "AADSTS9002313"},
		{"refuses another type", nil, url.Values{"client_assertion_type": {"saml2-bearer"}}, "AADSTS900144"},
	} {
		if got := ask(c.change, c.more); !strings.Contains(got, c.want) {
			t.Errorf("it %s: %s", c.it, got)
		}
	}
	once := func(_, c map[string]any) { c["jti"] = "the same" }
	if got := ask(once, nil); !strings.Contains(got, taken) {
		t.Errorf("the first time: %s", got)
	}
	if got := ask(once, nil); !strings.Contains(got, "AADSTS50027") {
		t.Errorf("the same again: %s", got)
	}
}

func signed(t *testing.T, key *rsa.PrivateKey, header, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	text := part(header) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	var sig []byte
	var err error
	if header["alg"] == "RS256" {
		sig, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	} else {
		sig, err = rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	}
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}
