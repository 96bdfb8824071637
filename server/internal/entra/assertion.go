package entra

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"

	"github.com/lanyard-sso/lanyard/problem"
)

// MaxAssertionLife is the longest that a client assertion may be valid, from
// iat to exp. Entra's application tokens last up to a day.
const MaxAssertionLife = 24 * time.Hour

// ExpectAssertion is what a client assertion must say. All fields are required.
type ExpectAssertion struct {
	// Issuer is the exact iss, https://login.microsoftonline.com/<tenant>/v2.0:
	// the tenant's own metadata then says which keys it signs with.
	Issuer string
	// Subject is the exact sub: the object id of the service principal that
	// provisions.
	Subject string
	// Audience is the exact aud.
	Audience string
}

// Assertion is a verified client assertion (RFC 7523 section 3).
type Assertion struct {
	// ID is the jti, or empty.
	ID string
	// Expires is when it is refused by itself, Skew included.
	Expires time.Time
}

// CheckIssuer says what is wrong with the issuer of a federation.
func CheckIssuer(issuer string, loopback bool) error {
	_, err := issuerOf(issuer, loopback)
	return err
}

// issuerOf takes the issuer of a v2.0 endpoint apart.
func issuerOf(issuer string, loopback bool) (Expect, error) {
	rest, ok := strings.CutSuffix(issuer, "/v2.0")
	i := strings.LastIndexByte(rest, '/')
	if !ok || i < 0 || !isGUID(rest[i+1:]) || rest[i+1:] != strings.ToLower(rest[i+1:]) {
		return Expect{}, errors.New("the issuer is not https://login.microsoftonline.com/<tenant id>/v2.0")
	}
	e := Expect{Authority: rest[:i], TenantID: rest[i+1:]}
	if u, err := url.Parse(e.Authority); err != nil || u.Path != "" || u.RawQuery != "" {
		return Expect{}, errors.New("the issuer has more than a host before the tenant id")
	}
	return e, checkAddress(e.Authority, loopback)
}

// VerifyAssertion judges a client assertion as Verify does an access token, with
// the same keys: a refusal carries one of the problem.Token… codes, and
// problem.NoEntra means that the keys could not be fetched. Whether the
// assertion was used before is for whoever can remember to say.
func (v *Verifier) VerifyAssertion(ctx context.Context, raw string, want ExpectAssertion) (Assertion, error) {
	tenant, err := issuerOf(want.Issuer, v.AllowLoopbackHTTP)
	if err != nil || want.Subject == "" || want.Audience == "" {
		return Assertion{}, problem.Wrap(problem.WorkspaceNotSet, fmt.Errorf("the federation is not complete: %w", err))
	}
	t, err := parse(raw)
	if err != nil {
		return Assertion{}, err
	}
	var c assertionClaims
	if json.Unmarshal(t.payload, &c) != nil {
		return Assertion{}, refuse(problem.TokenMalformed, "the claims cannot be read")
	}
	if err := c.judge(t.claims, want, v.now()); err != nil {
		return Assertion{}, err
	}
	key, err := v.key(ctx, tenant, t.header.KeyID)
	if err != nil {
		return Assertion{}, err
	}
	jws, err := jose.ParseSignedCompact(raw, allowed)
	if err != nil {
		return Assertion{}, refuse(problem.TokenMalformed, "not a JWS")
	}
	payload, err := jws.Verify(key)
	if err != nil {
		return Assertion{}, refuse(problem.TokenSignature, "the signature does not match key %s", shown(t.header.KeyID))
	}
	if !bytes.Equal(payload, t.payload) { // what was judged is what was signed
		return Assertion{}, refuse(problem.TokenMalformed, "two readings of the token differ")
	}
	exp, _ := instant(t.claims.Expires)
	return Assertion{ID: string(c.ID), Expires: exp.Add(Skew)}, nil
}

// assertionClaims are what an assertion has beside the claims of every token.
type assertionClaims struct {
	Subject text `json:"sub"`
	ID      text `json:"jti"`
}

func (c assertionClaims) judge(all claims, want ExpectAssertion, now time.Time) error {
	switch {
	case string(all.Issuer) != want.Issuer:
		return refuse(problem.TokenIssuer, "iss is %s, expected %q", shown(string(all.Issuer)), want.Issuer)
	case string(c.Subject) != want.Subject:
		return refuse(problem.TokenClient, "sub is %s, expected %q", shown(string(c.Subject)), want.Subject)
	case string(all.Audience) != want.Audience:
		return refuse(problem.TokenAudience, "aud is %s, expected %q", shown(string(all.Audience)), want.Audience)
	case all.Scopes != nil || all.Nonce != nil || all.CodeHash != nil || all.AccessHash != nil:
		// A token that some person's app was given must not work here, whatever
		// its subject.
		return refuse(problem.TokenScope, "this is a person's token, not an application's")
	case len(c.ID) > 512:
		return refuse(problem.TokenMalformed, "jti has %d bytes", len(c.ID))
	}
	if err := all.judgeTimes(now); err != nil {
		return err
	}
	exp, _ := instant(all.Expires)
	iat, _ := instant(all.IssuedAt)
	if exp.Sub(iat) > MaxAssertionLife {
		return refuse(problem.TokenMalformed, "it is valid for %s, more than %s", exp.Sub(iat), MaxAssertionLife)
	}
	return nil
}
