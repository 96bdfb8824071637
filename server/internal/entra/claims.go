package entra

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"
	"github.com/lanyard-sso/lanyard/problem"
)

// claims are the claims of a v2.0 token that say something to us (Microsoft's
// "Access token claims reference"). Pointers tell absent from empty.
type claims struct {
	Version   text     `json:"ver"`
	Issuer    text     `json:"iss"`
	Audience  text     `json:"aud"`
	Tenant    text     `json:"tid"`
	Client    text     `json:"azp"`
	Scopes    *text    `json:"scp"`
	Object    text     `json:"oid"`
	Expires   *float64 `json:"exp"`
	NotBefore *float64 `json:"nbf"`
	IssuedAt  *float64 `json:"iat"`

	UserName text `json:"preferred_username"`
	Email    text `json:"email"`
	Name     text `json:"name"`
	IDP      text `json:"idp"` // set where it is not the issuer: a guest
	Account  acct `json:"acct"`

	// These stand in ID tokens only.
	Nonce      json.RawMessage `json:"nonce"`
	CodeHash   json.RawMessage `json:"c_hash"`
	AccessHash json.RawMessage `json:"at_hash"`
}

// text is a string claim. A claim of another type reads as empty, which no
// check accepts, so that the check which fails says so; for the display claims
// it means that there is none.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*t = text(s)
	}
	return nil
}

// acct is the optional claim acct: 0 for a member of the tenant, 1 for a guest.
type acct bool

func (a *acct) UnmarshalJSON(b []byte) error {
	*a = acct(strings.Trim(string(b), `"`) != "0")
	return nil
}

// judge makes every check that needs no key. The order is that of usefulness:
// the first failing check is the one whose name helps most to mend it.
func (c claims) judge(want Expect, now time.Time) error {
	switch {
	case c.isIDToken():
		return refuse(problem.TokenIsIDToken, "this is an ID token")
	case c.Version != "2.0":
		return refuse(problem.TokenVersion, "ver is %s; set requestedAccessTokenVersion to 2 in the app's manifest", shown(string(c.Version)))
	case string(c.Issuer) != want.Issuer():
		return refuse(problem.TokenIssuer, "iss is %s, expected %q", shown(string(c.Issuer)), want.Issuer())
	case string(c.Tenant) != want.TenantID:
		return refuse(problem.TokenTenant, "tid is %s, expected %q", shown(string(c.Tenant)), want.TenantID)
	case !sameID(string(c.Audience), want.Audience):
		return refuse(problem.TokenAudience, "aud is %s, expected %q", shown(string(c.Audience)), want.Audience)
	case !slices.ContainsFunc(want.ClientIDs, func(id string) bool { return sameID(string(c.Client), id) }):
		return refuse(problem.TokenClient, "azp is %s", shown(string(c.Client)))
	case c.Scopes == nil:
		return refuse(problem.TokenScope, "no scp: this token is an application's, not a person's")
	case !slices.Contains(strings.Split(string(*c.Scopes), " "), want.scopeValue()):
		return refuse(problem.TokenScope, "scp is %s, expected %q in it", shown(string(*c.Scopes)), want.scopeValue())
	case !isGUID(string(c.Object)):
		return refuse(problem.TokenNoObject, "oid is %s", shown(string(c.Object)))
	}
	return c.judgeTimes(now)
}

// isIDToken tells the ID token of the same app apart. It has the same issuer,
// the same signature and, where one app registration is both client and API,
// the same audience. But it carries no scope, and names no client.
func (c claims) isIDToken() bool {
	if c.Scopes != nil {
		return false
	}
	return c.Nonce != nil || c.CodeHash != nil || c.AccessHash != nil || (c.Client == "" && c.Version != "1.0")
}

// judgeTimes checks exp, nbf and iat (RFC 7519, section 4.1) with two minutes
// of skew. Entra sends all three.
func (c claims) judgeTimes(now time.Time) error {
	exp, ok1 := instant(c.Expires)
	nbf, ok2 := instant(c.NotBefore)
	iat, ok3 := instant(c.IssuedAt)
	switch {
	case !ok1 || !ok2 || !ok3:
		return refuse(problem.TokenMalformed, "exp, nbf or iat is missing or no time")
	case !now.Before(exp.Add(Skew)):
		return refuse(problem.TokenExpired, "expired at %s", exp.Format(time.RFC3339))
	case now.Before(nbf.Add(-Skew)):
		return refuse(problem.TokenNotYet, "not before %s", nbf.Format(time.RFC3339))
	case now.Before(iat.Add(-Skew)):
		return refuse(problem.TokenNotYet, "issued at %s", iat.Format(time.RFC3339))
	}
	return nil
}

// instant reads a NumericDate up to the year 9999.
func instant(seconds *float64) (time.Time, bool) {
	if seconds == nil || math.IsNaN(*seconds) || *seconds < 0 || *seconds > 253402300799 {
		return time.Time{}, false
	}
	return time.Unix(int64(*seconds), 0).UTC(), true
}

// identity is called for verified claims only.
func (c claims) identity() Identity {
	return Identity{
		ObjectID: strings.ToLower(string(c.Object)),
		TenantID: string(c.Tenant),
		UserName: string(c.UserName),
		Email:    string(c.Email),
		Name:     string(c.Name),
		Guest:    bool(c.Account) || !c.ownIDP(),
	}
}

// ownIDP reports whether the tenant itself signed the person in. Entra leaves
// idp out then; the value it would have is the v1.0 issuer's.
func (c claims) ownIDP() bool {
	return c.IDP == "" || c.IDP == c.Issuer || c.IDP == "https://sts.windows.net/"+c.Tenant+"/"
}
