package entra

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"

	"github.com/lanyard-sso/lanyard/problem"
)

// ExpectID is what an ID token must be for. All fields are required.
type ExpectID struct {
	// Authority and TenantID are as in Expect.
	Authority, TenantID string
	// ClientID is the application ID that asked for the sign-in: the whole aud.
	ClientID string
	// Nonce is what was sent with the request that this token answers.
	Nonce string
}

// IDToken is what a verified ID token says.
type IDToken struct {
	Identity
	// Issuer is iss, and Subject is sub: another one for each application, and
	// never to be compared with that of another.
	Issuer, Subject string
	// Session is sid, the person's session at Microsoft, or empty.
	Session string
	// Expires is exp.
	Expires time.Time
	// Payload are all claims as they were signed, a JSON object.
	Payload []byte
}

// VerifyID returns what an ID token says that answers a request of ours (OpenID
// Connect Core 1.0, section 3.1.3.7; Microsoft's "ID tokens in the Microsoft
// identity platform"). A refusal carries one of the problem.Token… codes, or
// problem.BadIDToken where it is no ID token or answers another request;
// problem.NoEntra means that the keys could not be fetched.
func (v *Verifier) VerifyID(ctx context.Context, raw string, want ExpectID) (IDToken, error) {
	issuer, err := Expect{Authority: want.Authority, TenantID: want.TenantID}.tenant(v.AllowLoopbackHTTP)
	if err != nil {
		return IDToken{}, err
	}
	if want.ClientID == "" || want.Nonce == "" {
		return IDToken{}, problem.Wrap(problem.WorkspaceNotSet, errors.New("client ID and nonce are required"))
	}
	t, err := parse(raw)
	if err != nil {
		return IDToken{}, err
	}
	var c idClaims
	if json.Unmarshal(t.payload, &c) != nil {
		return IDToken{}, refuse(problem.TokenMalformed, "the claims cannot be read")
	}
	if err := c.judge(t.claims, issuer, want, v.now()); err != nil {
		return IDToken{}, err
	}
	if err := v.checkSignature(ctx, raw, t, issuer); err != nil {
		return IDToken{}, err
	}
	exp, _ := instant(t.claims.Expires)
	return IDToken{
		Identity: t.claims.identity(), Issuer: issuer.Issuer(), Subject: string(c.Subject), Session: string(c.Session),
		Expires: exp, Payload: t.payload,
	}, nil
}

// idClaims are what an ID token has beside the claims of every token.
type idClaims struct {
	Subject text `json:"sub"`
	Session text `json:"sid"`
	Nonce   text `json:"nonce"`
}

// personalTenant is the tenant of personal Microsoft accounts, the same for all.
const personalTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"

func (c idClaims) judge(all claims, issuer Expect, want ExpectID, now time.Time) error {
	switch {
	case all.Scopes != nil:
		// Where one registration is both client and API, its access tokens have
		// the same audience.
		return refuse(problem.BadIDToken, "this is an access token")
	case all.Version != "2.0":
		return refuse(problem.TokenVersion, "ver is %s", shown(string(all.Version)))
	case string(all.Tenant) == personalTenant && issuer.TenantID != personalTenant:
		return refuse(problem.TokenPersonal, "this is a personal Microsoft account")
	case string(all.Tenant) != issuer.TenantID:
		return refuse(problem.TokenTenant, "tid is %s, expected %q", shown(string(all.Tenant)), issuer.TenantID)
	case string(all.Issuer) != issuer.Issuer(): // {tenantid} too, which stands in metadata only
		return refuse(problem.TokenIssuer, "iss is %s, expected %q", shown(string(all.Issuer)), issuer.Issuer())
	case !sameID(string(all.Audience), want.ClientID):
		return refuse(problem.TokenAudience, "aud is %s, expected %q", shown(string(all.Audience)), want.ClientID)
	case all.Client != "" && !sameID(string(all.Client), want.ClientID):
		return refuse(problem.TokenClient, "azp is %s", shown(string(all.Client)))
	case !isGUID(string(all.Object)):
		return refuse(problem.TokenNoObject, "oid is %s; ask for the scope profile", shown(string(all.Object)))
	case c.Subject == "" || len(c.Subject) > 255 || len(c.Session) > 255:
		return refuse(problem.TokenMalformed, "sub has %d bytes", len(c.Subject))
	case subtle.ConstantTimeCompare([]byte(c.Nonce), []byte(want.Nonce)) != 1:
		return refuse(problem.BadIDToken, "it answers another request: the nonce differs")
	}
	return all.judgeTimes(now)
}

// tenant checks the part of the settings that says whose tokens they are.
func (e Expect) tenant(loopback bool) (Expect, error) {
	e.Authority = strings.TrimSuffix(e.Authority, "/")
	e.TenantID = strings.ToLower(e.TenantID)
	switch err := checkAddress(e.Authority, loopback); {
	case err != nil:
		return e, problem.Wrap(problem.WorkspaceNotSet, fmt.Errorf("authority: %w", err))
	case !isGUID(e.TenantID):
		return e, problem.Wrap(problem.WorkspaceNotSet, errors.New("the tenant ID is not a GUID"))
	}
	return e, nil
}

// CheckTenant says what is wrong with whose tokens are expected:
// problem.WorkspaceNotSet.
func CheckTenant(authority, tenantID string, loopback bool) error {
	_, err := Expect{Authority: authority, TenantID: tenantID}.tenant(loopback)
	return err
}
