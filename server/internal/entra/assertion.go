package entra

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"

	"github.com/lanyard-sso/lanyard/problem"
)

// MaxAssertionLife is the longest that a client assertion may be valid, from
// iat to exp. Entra's application tokens last up to a day.
const MaxAssertionLife = 24 * time.Hour

// ExpectAssertion is what a client assertion must say. All fields are required
// but KeysURL.
type ExpectAssertion struct {
	// Issuer is the exact iss, such as
	// https://login.microsoftonline.com/<tenant>/v2.0. Its own OpenID
	// configuration says which keys it signs with, unless KeysURL does.
	Issuer string
	// Subject is the exact sub: the object id of the service principal that
	// provisions.
	Subject string
	// Audience is the exact aud.
	Audience string
	// KeysURL is where the issuer's keys are (RFC 7517). Empty means where its
	// OpenID configuration says.
	KeysURL string
}

// Assertion is a verified client assertion (RFC 7523 section 3).
type Assertion struct {
	// ID is the jti, or empty.
	ID string
	// Expires is when it is refused by itself, Skew included.
	Expires time.Time
}

// CheckFederation says what is wrong with the addresses of a federation.
func CheckFederation(issuer, keysURL string, loopback bool) error {
	_, err := issuerOf(issuer, keysURL, loopback)
	return err
}

// issuerOf is the issuer as keys are found by. Any issuer will do whose name is
// an address; of Entra's v2.0 endpoint the tenant is known as well, which its
// keys may be bound to.
func issuerOf(issuer, keysURL string, loopback bool) (Expect, error) {
	if u, err := url.Parse(issuer); err != nil || u.RawQuery != "" || len(issuer) > 500 {
		return Expect{}, errors.New("the issuer is no address without a query")
	}
	if err := checkAddress(issuer, loopback); err != nil {
		return Expect{}, fmt.Errorf("the issuer: %w", err)
	}
	for _, everybody := range []string{"/common", "/organizations", "/consumers"} {
		if strings.Contains(strings.ToLower(issuer)+"/", everybody+"/") {
			return Expect{}, errors.New("the issuer stands for everybody's tenants; name the tenant that provisions")
		}
	}
	e := Expect{Authority: issuer, issuer: issuer, keysURL: keysURL}
	if rest, ok := strings.CutSuffix(issuer, "/v2.0"); ok {
		if i := strings.LastIndexByte(rest, '/'); i >= 0 && isGUID(rest[i+1:]) {
			e.Authority, e.TenantID = rest[:i], rest[i+1:]
		}
	}
	if keysURL == "" {
		return e, nil
	}
	if err := checkAddress(keysURL, loopback); err != nil {
		return Expect{}, fmt.Errorf("the address of the keys: %w", err)
	}
	return e, nil
}

// VerifyAssertion judges a client assertion as Verify does an access token, with
// the same keys: a refusal carries one of the problem.Token… codes, and
// problem.NoEntra means that the keys could not be fetched. Whether the
// assertion was used before is for whoever can remember to say.
func (v *Verifier) VerifyAssertion(ctx context.Context, raw string, want ExpectAssertion) (Assertion, error) {
	tenant, err := issuerOf(want.Issuer, want.KeysURL, v.AllowLoopbackHTTP)
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
	if err := v.checkSignature(ctx, raw, t, tenant); err != nil {
		return Assertion{}, err
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
