// Package entra judges tokens of Microsoft Entra ID.
//
// A [Verifier] says of an access token either who it is about or which check
// it failed. It decides nothing about what that person may do: package
// directory does, with the [Identity] that comes out of here.
//
// What is checked, and why, follows Microsoft's "Access tokens in the Microsoft
// identity platform" and "Claims validation", RFC 8725 (JWT best current
// practices) and OpenID Connect Discovery 1.0. Tokens of the v2.0 endpoint
// only; RS256 only, which is all that Entra signs with.
package entra

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/lanyard-sso/lanyard/problem"
)

// MaxToken is how many bytes a token may have. Entra's largest, with two
// hundred groups, has about twelve thousand.
const MaxToken = 32 << 10

// Skew is by how much Microsoft's clock and ours may differ.
const Skew = 2 * time.Minute

// Expect is what a token must be for. All fields are required.
type Expect struct {
	// Authority is the cloud, https://login.microsoftonline.com or a
	// national one. The issuer is Authority/TenantID/v2.0, exactly.
	Authority string
	// TenantID is the directory (tenant) ID, a GUID.
	TenantID string
	// Audience is the aud claim: in v2.0 tokens the API's application ID.
	Audience string
	// ClientIDs are the application IDs that may have asked for the token (azp).
	ClientIDs []string
	// Scope is the delegated permission. Of api://<id>/access_as_user only
	// access_as_user stands in the token.
	Scope string

	// Of a federation: the issuer as it was set, and where its keys are.
	issuer, keysURL string
}

// Identity is who a verified token is about.
type Identity struct {
	// ObjectID (oid) and TenantID (tid) are immutable and never given to
	// another person. Only these may be used to recognise someone.
	ObjectID string
	TenantID string
	// UserName is preferred_username. It may change, and be given to others.
	UserName string
	// Email and Name are for display only.
	Email string
	Name  string
	// Guest says that the person comes from another organisation, so that
	// UserName was given by that one and not by the tenant.
	Guest bool
}

// Verifier judges tokens. Its zero value is ready to use, and may be used by
// several goroutines. It must not be copied after the first use.
type Verifier struct {
	// HTTPClient fetches metadata and keys. Nil means an ordinary client
	// that honours HTTPS_PROXY. Redirects are refused and time limited
	// whatever its settings are.
	HTTPClient *http.Client
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// AllowLoopbackHTTP lets metadata and keys come from http:// on
	// loopback. Only for a server that is itself on loopback.
	AllowLoopbackHTTP bool

	mu   sync.Mutex
	sets map[string]*keySet // by issuer
}

// allowed is the whole list of algorithms. "none" and HMAC are not on it, so a
// public key can never be taken for a shared secret (RFC 8725, section 3.1).
var allowed = []jose.SignatureAlgorithm{jose.RS256}

// Verify returns who raw is about. A refusal carries one of the problem.Token…
// codes; problem.NoEntra means that nothing is wrong with the token so far, but
// Microsoft's keys could not be fetched.
//
// Checks that need no key come first, so that a stranger's token costs neither
// a request to Microsoft nor an RSA operation. Nothing of a token is believed
// before its signature was verified, and no error holds more of it than short
// values of the claims that were compared.
func (v *Verifier) Verify(ctx context.Context, raw string, want Expect) (Identity, error) {
	want, err := want.normal(v.AllowLoopbackHTTP)
	if err != nil {
		return Identity{}, err
	}
	t, err := parse(raw)
	if err != nil {
		return Identity{}, err
	}
	if err := t.claims.judge(want, v.now()); err != nil {
		return Identity{}, err
	}
	if err := v.checkSignature(ctx, raw, t, want); err != nil {
		return Identity{}, err
	}
	return t.claims.identity(), nil
}

// checkSignature says whether a key of the issuer signed raw, of which t is
// our reading.
func (v *Verifier) checkSignature(ctx context.Context, raw string, t token, issuer Expect) error {
	key, err := v.key(ctx, issuer, t.header.KeyID)
	if err != nil {
		return err
	}
	jws, err := jose.ParseSignedCompact(raw, allowed)
	if err != nil {
		return refuse(problem.TokenMalformed, "not a JWS")
	}
	payload, err := jws.Verify(key)
	if err != nil {
		return refuse(problem.TokenSignature, "the signature does not match key %s", shown(t.header.KeyID))
	}
	if !bytes.Equal(payload, t.payload) { // what was judged is what was signed
		return refuse(problem.TokenMalformed, "two readings of the token differ")
	}
	return nil
}

func (v *Verifier) now() time.Time {
	if v.Now != nil {
		return v.Now()
	}
	return time.Now()
}

// Issuer is the exact iss of the tenant's v2.0 tokens.
func (e Expect) Issuer() string {
	if e.issuer != "" {
		return e.issuer
	}
	return e.Authority + "/" + e.TenantID + "/v2.0"
}

// source names the keys of an issuer: those of an address that somebody set are
// nobody else's.
func (e Expect) source() string {
	if e.keysURL == "" {
		return e.Issuer()
	}
	return e.Issuer() + "\n" + e.keysURL
}

// scopeValue is what scp holds of Scope: the part behind the last slash.
func (e Expect) scopeValue() string { return e.Scope[strings.LastIndexByte(e.Scope, '/')+1:] }

// normal checks what the workspace's settings say. An error here is the
// set-up's fault and not the token's.
func (e Expect) normal(loopback bool) (Expect, error) {
	e, err := e.tenant(loopback)
	switch {
	case err != nil:
		return e, err
	case e.Audience == "" || len(e.ClientIDs) == 0 || slices.Contains(e.ClientIDs, "") || e.scopeValue() == "":
		return e, problem.Wrap(problem.WorkspaceNotSet, errors.New("audience, client IDs and scope are required"))
	}
	return e, nil
}

// refuse makes a refusal. The cause is for the log.
func refuse(code problem.Code, format string, args ...any) error {
	return problem.Wrap(code, fmt.Errorf(format, args...))
}

// isGUID reports whether s has the form 8-4-4-4-12 in hex digits.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F') {
				return false
			}
		}
	}
	return true
}

// sameID compares identifiers exactly, except that GUIDs have no case: an
// administrator may have pasted one in capitals.
func sameID(got, want string) bool {
	return got == want || (isGUID(want) && strings.EqualFold(got, want))
}

// shown makes a value from an unverified token fit for a log: quoted, short,
// and only when it has the form of an identifier. Anything else is only
// described, so that no log line can be forged or made to hold a secret.
func shown(s string) string {
	if s == "" {
		return "nothing"
	}
	if len(s) > 120 {
		return fmt.Sprintf("a value of %d bytes", len(s))
	}
	for _, c := range []byte(s) {
		if !isIDByte(c) && !strings.ContainsRune(":/.~", rune(c)) {
			return fmt.Sprintf("an odd value of %d bytes", len(s))
		}
	}
	return `"` + s + `"`
}

func isIDByte(c byte) bool {
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_'
}
