package explain

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
)

// shownClaims are the claims of a token that are shown, in this order; of the
// others only the names are.
var shownClaims = []string{
	"iss", "aud", "tid", "oid", "sub", "azp", "appid", "scp", "roles", "ver", "idp", "acct", "preferred_username", "upn", "unique_name",
	"email", "name", "iat", "nbf", "exp",
}

// token explains a JWT or JWE, with or without "Bearer" in front.
func (r reader) token(s string) (Explanation, bool) {
	for _, prefix := range []string{"Authorization:", "Bearer", "bearer"} {
		s = strings.TrimSpace(strings.TrimPrefix(s, prefix))
	}
	parts := strings.Split(s, ".")
	if len(parts) != 3 && len(parts) != 5 || strings.ContainsAny(s, " \t\r\n") {
		return Explanation{}, false
	}
	var header struct {
		Algorithm string `json:"alg"`
		Type      string `json:"typ"`
		Key       string `json:"kid"`
	}
	if !part(parts[0], &header) {
		return Explanation{}, false
	}
	e := Explanation{Kind: KindToken, OK: true}
	e.fact("algorithm", header.Algorithm)
	e.fact("type", header.Type)
	e.fact("key", header.Key)
	if len(parts) == 5 {
		e.Kind = KindEncryptedToken
		e.note("Only whom it was encrypted for can read it.")
		return e, true
	}
	var all map[string]any
	if !part(parts[1], &all) {
		e.OK = false
		e.note("Its claims cannot be read: it was cut or changed on the way.")
		return e, true
	}
	e.claims(all)
	r.judge(&e, header.Algorithm, all)
	e.note("Its signature was left out and not looked at. Whoever has the whole token can use it until it expires: do not pass it on.")
	return e, true
}

// part reads one part of a token.
func part(s string, into any) bool {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
	return err == nil && json.Unmarshal(b, into) == nil
}

// claims shows what a token says.
func (e *Explanation) claims(all map[string]any) {
	for _, name := range shownClaims {
		v, ok := all[name]
		if !ok {
			continue
		}
		if t, isTime := instant(v); isTime && (name == "iat" || name == "nbf" || name == "exp") {
			e.fact(name, t.UTC().Format(time.RFC3339))
			continue
		}
		e.fact(name, words(v))
	}
	var others []string
	for name := range all {
		if !slices.Contains(shownClaims, name) {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	e.fact("other claims", strings.Join(others, ", "))
}

func words(v any) string {
	if list, ok := v.([]any); ok {
		var out []string
		for _, item := range list {
			out = append(out, words(item))
		}
		return strings.Join(out, ", ")
	}
	return fmt.Sprint(v)
}

// instant reads a NumericDate (RFC 7519 section 2).
func instant(v any) (time.Time, bool) {
	n, ok := v.(float64)
	if !ok || n < 0 || n > 1e11 {
		return time.Time{}, false
	}
	return time.Unix(int64(n), 0), true
}

// judge makes the checks that need no key. They are the server's, in words for
// an administrator.
func (r reader) judge(e *Explanation, algorithm string, all map[string]any) {
	claim := func(name string) string { s, _ := all[name].(string); return s }
	check := func(name string, ok bool, code problem.Code, expected, received, sentence, field string) {
		c := Check{Name: name, OK: ok, Expected: expected, Received: saml.Shown(received)}
		if !ok {
			c.Code, c.Sentence, c.Field = code, sentence, field
		}
		e.add(c)
	}
	check("algorithm", algorithm == "RS256", problem.TokenAlgorithm, "RS256", algorithm, "Microsoft signs with RS256 only.", "")
	version := claim("ver")
	check("version", version == "2.0", problem.TokenVersion, "2.0", version, "The application gives tokens of version 1.0.",
		"App registrations → the application → Manifest → requestedAccessTokenVersion")
	idToken := claim("scp") == "" && all["roles"] == nil && claim("nonce") != ""
	check("access token", !idToken, problem.TokenIsIDToken, "an access token", map[bool]string{true: "an ID token", false: ""}[idToken],
		"An ID token tells the app who signed in. The server takes access tokens only.", "")
	e.life(all, r.now())
	check("object ID", claim("oid") != "", problem.TokenNoObject, "a claim oid", claim("oid"), "Nothing in it tells for good who it is.", "")
	tenant := claim("tid")
	issuer := claim("iss")
	check("issuer is the tenant's", tenant != "" && strings.Contains(issuer, tenant), problem.TokenIssuer, "an issuer of the tenant "+tenant, issuer, "Tenant and issuer differ.", "")
	if r.TenantID != "" {
		check("tenant", strings.EqualFold(tenant, r.TenantID), problem.TokenTenant, r.TenantID, tenant, "The person signed in to another tenant.", "Overview → Tenant ID")
	}
	if r.Audience != "" {
		check("audience", claim("aud") == r.Audience, problem.TokenAudience, r.Audience, claim("aud"), "The token is for another application.",
			"App registrations → the application → Overview → Application (client) ID")
	}
}

// life checks the times.
func (e *Explanation) life(all map[string]any, now time.Time) {
	for _, t := range []struct {
		name string
		code problem.Code
		past bool
		why  string
	}{
		{"nbf", problem.TokenNotYet, true, "It is not valid yet: compare the clocks."},
		{"exp", problem.TokenExpired, false, "It has expired. A token lasts about an hour."},
	} {
		at, ok := instant(all[t.name])
		if !ok {
			e.add(Check{Name: t.name, Code: t.code, Sentence: "The claim is missing.", Expected: "a time"})
			continue
		}
		good := now.Before(at) != t.past || now.Equal(at)
		c := Check{Name: t.name, OK: good, Received: at.UTC().Format(time.RFC3339)}
		if !good {
			c.Code, c.Sentence, c.Expected = t.code, t.why, map[bool]string{true: "not after ", false: "after "}[t.past]+now.UTC().Format(time.RFC3339)
		}
		e.add(c)
	}
}
