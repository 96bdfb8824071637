package entratest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// assertionType is the only kind of client assertion there is (RFC 7523, section
// 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// longestAssertion is how long an assertion may be good for, and assertionSkew by
// how much clocks may differ.
const (
	longestAssertion = 24 * time.Hour
	assertionSkew    = 5 * time.Minute
)

// proven checks a client assertion: that a certificate which is registered for the
// app signed it, for this endpoint, now, and that it was not shown before. It is
// stricter than the real Entra, which takes a missing jti; c.mu is held.
func (c *core) proven(req tokenRequest, assertion string) *fault {
	app := req.client
	if len(app.Certificates) == 0 {
		return refuse(700025, "The client is public, so neither 'client_assertion' nor 'client_secret' should be presented.")
	}
	if req.form.Get("client_assertion_type") != assertionType {
		return refuse(900144, "The request body must contain the following parameter: 'client_assertion_type'.")
	}
	parts := strings.Split(assertion, ".")
	var header struct {
		Alg, Kid, Typ string
		X5t           string
		X5tS256       string `json:"x5t#S256"`
	}
	if len(parts) != 3 || !decodeSegment(parts[0], &header) {
		return refuse(50027, "JWT token is invalid or malformed.")
	}
	public := app.certified(header.X5t, header.X5tS256)
	if public == nil {
		return refuse(700027, "The certificate with identifier used to sign the client assertion is not registered on application. "+
			"[Reason - The key was not found., Thumbprint of key used by client: '%s'.]", header.X5t+header.X5tS256)
	}
	if !signedBy(public, header.Alg, parts) {
		return refuse(700027, "Client assertion failed signature validation. [Reason - The key used is not the one of the certificate, or alg '%s' is not RS256 or PS256.]", header.Alg)
	}
	var claims struct {
		Aud, Iss, Sub, Jti string
		Exp, Nbf, Iat      float64
	}
	if !decodeSegment(parts[1], &claims) {
		return refuse(50027, "JWT token is invalid or malformed.")
	}
	now := c.clock()
	at := func(seconds float64) time.Time { return time.Unix(int64(seconds), 0) }
	switch {
	case claims.Iss != app.ClientID || claims.Sub != app.ClientID:
		return refuse(700021, "Client assertion application identifier doesn't match 'client_id' parameter. (iss and sub are '%s' and '%s'.)", claims.Iss, claims.Sub)
	case !slices.Contains(audiences(&req.tenant.Tenant), claims.Aud):
		return refuse(700023, "Client assertion audience claim does not match Realm issuer. The assertion's aud is '%s'.", claims.Aud)
	case claims.Exp == 0 || now.After(at(claims.Exp).Add(assertionSkew)) || now.Before(at(claims.Nbf).Add(-assertionSkew)):
		return refuse(700024, "Client assertion is not within its valid time range. Current time: %s.", now.UTC().Format(time.RFC3339))
	case at(claims.Exp).Sub(at(claims.Nbf)) > longestAssertion:
		return refuse(700024, "Client assertion is valid for too long. (This local Entra insists on a day at most.)")
	case claims.Jti == "" || c.assertions[claims.Jti]:
		return refuse(50027, "JWT token is invalid or malformed. (Its jti is missing, or was there before: this local Entra insists.)")
	}
	c.assertions[claims.Jti] = true
	return nil
}

// audiences are what an assertion for a tenant may name: its token endpoint, or
// its issuer.
func audiences(t *Tenant) []string {
	return []string{t.Authority() + "/oauth2/v2.0/token", t.Issuer(), "https://" + t.Host + "/" + t.Domain + "/oauth2/v2.0/token"}
}

// certified finds the key of a registered certificate by its thumbprint: SHA-1
// (x5t) or SHA-256 (x5t#S256), in base64url.
func (a *App) certified(one, two string) *rsa.PublicKey {
	for _, der := range a.Certificates {
		s1, s2 := sha1.Sum(der), sha256.Sum256(der)
		b := base64.RawURLEncoding
		if (one == "" && two == "") || (one != "" && one != b.EncodeToString(s1[:])) || (two != "" && two != b.EncodeToString(s2[:])) {
			continue
		}
		if cert, err := x509.ParseCertificate(der); err == nil {
			key, _ := cert.PublicKey.(*rsa.PublicKey)
			return key
		}
	}
	return nil
}

func signedBy(public *rsa.PublicKey, alg string, parts []string) bool {
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return false
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	switch alg {
	case "RS256":
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], sig) == nil
	case "PS256":
		return rsa.VerifyPSS(public, crypto.SHA256, sum[:], sig, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	}
	return false
}

// AlterIDTokens has every ID token of the token endpoint changed before it is
// signed, to see what a client makes of one for another app, tenant or request. Nil
// ends that.
func (e *Entra) AlterIDTokens(change func(Claims)) {
	e.core.mu.Lock()
	defer e.core.mu.Unlock()
	e.core.alter = change
}
