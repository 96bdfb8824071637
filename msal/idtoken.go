package msal

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/problem"
)

// clockSkew is how far this device's clock may be off. Employees' clocks are
// worse than servers'.
const clockSkew = 5 * time.Minute

// claims are those of the ID token that we look at
// (https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference).
type claims struct {
	Issuer    string      `json:"iss"`
	Audience  audience    `json:"aud"`
	Tenant    string      `json:"tid"`
	Object    string      `json:"oid"`
	Nonce     string      `json:"nonce"`
	Version   string      `json:"ver"`
	Expires   json.Number `json:"exp"`
	NotBefore json.Number `json:"nbf"`
	UserName  string      `json:"preferred_username"`
}

// audience is a string or a list of strings (RFC 7519, section 4.1.3).
type audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *audience) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(a))
}

// checkIDToken holds an ID token against what was asked for (OpenID Connect
// Core 1.0, section 3.1.3.7). MSAL checks none of it. An empty nonce is for
// the device-code flow, which has none.
func (p *Provider) checkIDToken(ctx context.Context, raw string, r auth.Request, nonce string) (claims, error) {
	payload, m, err := p.verifySignature(ctx, raw, r)
	if err != nil {
		return claims{}, idTokenProblem(err)
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return claims{}, idTokenProblem(errors.New("malformed claims"))
	}
	return c, idTokenProblem(c.check(r, m.Issuer, nonce, p.config.Now()))
}

func (p *Provider) verifySignature(ctx context.Context, raw string, r auth.Request) ([]byte, *metadata, error) {
	if raw == "" {
		return nil, nil, errors.New("none came")
	}
	// The one algorithm Microsoft signs ID tokens with; "none" and HS256 end here.
	token, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, nil, errors.New("not a compact RS256 signature")
	}
	key, m, err := p.keys.key(ctx, r, token.Signatures[0].Protected.KeyID)
	if err != nil {
		return nil, nil, err
	}
	payload, err := token.Verify(key)
	if err != nil {
		return nil, nil, errors.New("the signature is wrong")
	}
	return payload, m, nil
}

// check names the first claim that is not as it must be.
func (c claims) check(r auth.Request, issuer, nonce string, now time.Time) error {
	expires, expErr := c.Expires.Int64()
	notBefore := int64(0)
	var nbfErr error
	if c.NotBefore != "" {
		notBefore, nbfErr = c.NotBefore.Int64()
	}
	switch {
	case c.Issuer != issuer:
		return errors.New("wrong issuer")
	case !slices.Equal(c.Audience, audience{r.ClientID}):
		return errors.New("made for another app")
	case !strings.EqualFold(c.Tenant, r.TenantID):
		return errors.New("of another tenant")
	case c.Version != "2.0":
		return errors.New("not of version 2.0")
	case c.Object == "":
		return errors.New("no object id")
	case subtle.ConstantTimeCompare([]byte(c.Nonce), []byte(nonce)) != 1:
		return errors.New("made for another sign-in (nonce)")
	case expErr != nil || !now.Before(time.Unix(expires, 0).Add(clockSkew)):
		return errors.New("expired")
	case nbfErr != nil || now.Add(clockSkew).Before(time.Unix(notBefore, 0)):
		return errors.New("not valid yet")
	}
	return nil
}

// idTokenProblem gives a failed check its code, and lets a network that failed
// stay one.
func idTokenProblem(err error) error {
	var network net.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &network):
		return problem.Wrap(problem.NoEntra, networkCause(err))
	}
	return &problem.Error{
		Code:   problem.BadIDToken,
		Detail: fmt.Sprintf("ID token: %v.", err),
		Cause:  err,
	}
}
