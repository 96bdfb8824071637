package entratest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// codeLife is how long an authorization code can be redeemed, and refreshLife
// how long a refresh token that nobody uses lives.
const (
	codeLife    = 10 * time.Minute
	refreshLife = 90 * 24 * time.Hour
)

// code is an authorization code that was sent to an app.
type code struct {
	grant
	redirect  string // as requested
	platform  Platform
	challenge string // PKCE S256; "" where none was asked for
	issued    time.Time
	spent     bool
	family    *family // of the tokens it was redeemed for
}

// family is everything that came from one sign-in. Revoking it ends all.
type family struct {
	grant
	revoked *fault
	born    time.Time
}

// refreshToken is one token of a family.
type refreshToken struct {
	family *family
	issued time.Time
	spent  bool
}

// redeemCode is the authorization code grant (RFC 6749 section 4.1.3) with
// PKCE (RFC 7636). c.mu is held.
func (c *core) redeemCode(req tokenRequest) (*issue, *fault) {
	raw := req.form.Get("code")
	if raw == "" {
		return nil, refuse(900144, "The request body must contain the following parameter: 'code'.")
	}
	k := c.codes[raw]
	if k == nil {
		return nil, refuse(9002313, "Invalid request. The request is malformed or invalid.")
	}
	if k.spent {
		// Somebody has the code who should not: what it gave is taken back
		// (RFC 6749 section 4.1.2).
		if k.family != nil && k.family.revoked == nil {
			k.family.revoked = refuse(70000, "The provided grant was revoked: its authorization code was used twice.")
		}
		return nil, refuse(54005, "The OAuth2 authorization code was already redeemed. Sign in again, or use the refresh token.")
	}
	if f := c.codeFits(req, k); f != nil {
		return nil, f
	}
	k.spent = true
	if revoked := cutOff(req.tenant, k.grant, k.issued); revoked != nil {
		return nil, revoked
	}
	g := k.grant
	if raw := req.form.Get("scope"); raw != "" {
		wanted, f := req.tenant.parseScopes(raw)
		if f != nil {
			return nil, f
		}
		if wanted.resource != "" || len(wanted.values) > 0 {
			if names, _ := req.tenant.pending(req.client, g.user, wanted); len(names) > 0 {
				return nil, notConsented(req.client)
			}
			oidc := g.scopes.oidc // those of the sign-in stand
			g.scopes = wanted
			g.scopes.oidc = oidc
		}
	}
	var fam *family
	if slices.Contains(g.scopes.oidc, "offline_access") {
		fam = &family{grant: g, born: c.clock()}
		k.family = fam
	}
	return c.issue(req, g, fam)
}

// codeFits checks what a code is bound to. A wrong try does not spend it: only
// whoever knows all of it could have made it.
func (c *core) codeFits(req tokenRequest, k *code) *fault {
	verifier := req.form.Get("code_verifier")
	switch {
	case k.tenant != req.tenant.ID:
		return refuse(700005, "The provided authorization code is meant for another tenant.")
	case k.client != req.client.ClientID:
		return refuse(70000, "The provided authorization code is meant for another application.")
	case c.clock().Sub(k.issued) > codeLife:
		return refuse(70008, "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive request.")
	case req.form.Get("redirect_uri") == "":
		return refuse(900144, "The request body must contain the following parameter: 'redirect_uri'.")
	case req.form.Get("redirect_uri") != k.redirect:
		return refuse(500112, "The reply address '%s' does not match the reply address '%s' provided when requesting the authorization code.",
			req.form.Get("redirect_uri"), k.redirect)
	case k.challenge == "" && verifier != "":
		return refuse(501481, "The Code_Verifier does not match the code_challenge supplied in the authorization request: there was none.")
	case k.challenge != "" && !pkceFits(verifier, k.challenge):
		return refuse(501481, "The Code_Verifier does not match the code_challenge supplied in the authorization request.")
	case k.platform == Web && req.azpacr == "0":
		return refuse(7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	case k.platform == PublicClient && req.azpacr != "0":
		return refuse(700025, "The client is public, so neither 'client_assertion' nor 'client_secret' should be presented.")
	case k.platform == SPA && req.origin == "":
		return refuse(9002327, "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests.")
	case k.platform != SPA && req.origin != "":
		return refuse(9002326, "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type. Request origin: '%s'.", req.origin)
	}
	return nil
}

// pkceFits checks a verifier against an S256 challenge (RFC 7636 section 4.6).
func pkceFits(verifier, challenge string) bool {
	if len(verifier) < 43 || len(verifier) > 128 || strings.Trim(verifier, unreserved) != "" {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

// cutOff refuses what was issued before the person's tokens were revoked.
func cutOff(t *tenant, g grant, issued time.Time) *fault {
	p := t.person(g.user)
	if p == nil || p.Deleted || p.Disabled {
		return nil // standing says that better
	}
	if g.epoch != p.epoch {
		return refuse(50173, "The provided grant has expired due to it being revoked, a fresh auth token is needed. "+
			"The user might have changed or reset their password. The grant was issued on '%s' and the TokensValidFrom date for this user is '%s'.",
			issued.Format(time.RFC3339Nano), p.validFrom.Format(time.RFC3339Nano))
	}
	return nil
}

func notConsented(client *registration) *fault {
	return refuse(65001, "The user or administrator has not consented to use the application with ID '%s' named '%s'. "+
		"Send an interactive authorization request for this user and resource.", client.ClientID, client.Name)
}

func (c *core) newRefresh(fam *family) string {
	raw := "1." + randomText(320)
	c.refresh[raw] = refreshToken{family: fam, issued: c.clock()}
	return raw
}

// redeemRefresh is the refresh token grant (RFC 6749 section 6). The token is
// rotated; c.mu is held.
func (c *core) redeemRefresh(req tokenRequest) (*issue, *fault) {
	raw := req.form.Get("refresh_token")
	if raw == "" {
		return nil, refuse(900144, "The request body must contain the following parameter: 'refresh_token'.")
	}
	tok, ok := c.refresh[raw]
	if !ok {
		return nil, refuse(9002313, "Invalid request. The request is malformed or invalid.")
	}
	fam := tok.family
	if f := c.refreshFits(req, tok); f != nil {
		return nil, f
	}
	g := fam.grant
	g.nonce = "" // OpenID Connect Core section 12.2
	if raw := req.form.Get("scope"); raw != "" {
		wanted, f := req.tenant.parseScopes(raw)
		if f != nil {
			return nil, f
		}
		if names, _ := req.tenant.pending(req.client, g.user, wanted); len(names) > 0 && !wanted.graph() {
			return nil, notConsented(req.client)
		}
		if len(wanted.values) > 0 {
			oidc := slices.Clone(g.scopes.oidc)
			g.scopes = wanted
			g.scopes.oidc = oidc
		}
	}
	out, f := c.issue(req, g, fam)
	if f == nil && !c.opt.AllowRefreshReuse {
		tok.spent = true
		c.refresh[raw] = tok
	}
	return out, f
}

// refreshFits checks what a refresh token is bound to.
func (c *core) refreshFits(req tokenRequest, tok refreshToken) *fault {
	fam := tok.family
	switch {
	case fam.tenant != req.tenant.ID:
		return refuse(700005, "The provided refresh token is meant for another tenant.")
	case fam.client != req.client.ClientID:
		return refuse(70000, "The provided refresh token is meant for another application.")
	case fam.revoked != nil:
		return fam.revoked
	case tok.spent:
		fam.revoked = refuse(70000, "The provided grant was revoked: one of its refresh tokens was used twice.")
		return fam.revoked
	}
	if _, f := c.standing(req.tenant, req.client, fam.user); f != nil {
		return f
	}
	if f := cutOff(req.tenant, fam.grant, fam.born); f != nil {
		fam.revoked = f
		return f
	}
	if c.clock().Sub(tok.issued) > refreshLife {
		return refuse(700082, "The refresh token has expired due to inactivity. The token was issued on %s and was inactive for 90.00:00:00.",
			tok.issued.Format(time.RFC3339Nano))
	}
	return nil
}

// RevokeApp revokes every refresh token and unredeemed code of an app, as
// when an administrator takes its consent away.
func (t *Tenant) RevokeApp(a *App) {
	c := t.core
	c.mu.Lock()
	defer c.mu.Unlock()
	for tok := range maps.Values(c.refresh) {
		if tok.family.tenant == t.ID && tok.family.client == a.ClientID {
			tok.family.revoked = refuse(50173, "The provided grant has expired due to it being revoked, a fresh auth token is needed.")
		}
	}
	maps.DeleteFunc(c.codes, func(_ string, k *code) bool { return k.tenant == t.ID && k.client == a.ClientID })
}

// ownToken reads the claims of a token that one of our published keys signed
// and that has not run out.
func (c *core) ownToken(raw string) (Claims, bool) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return nil, false
	}
	var header struct{ Alg, Kid string }
	if !decodeSegment(parts[0], &header) || header.Alg != "RS256" {
		return nil, false
	}
	keys, err := c.keys.published(c.now())
	if err != nil {
		return nil, false
	}
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	for _, k := range keys {
		if k.kid != header.Kid || err != nil || rsa.VerifyPKCS1v15(&k.priv.PublicKey, crypto.SHA256, sum[:], sig) != nil {
			continue
		}
		var claims Claims
		if !decodeSegment(parts[1], &claims) {
			return nil, false
		}
		exp, _ := claims["exp"].(float64)
		return claims, c.now().Unix() < int64(exp)
	}
	return nil, false
}

func decodeSegment(s string, v any) bool {
	b, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && json.Unmarshal(b, v) == nil
}
