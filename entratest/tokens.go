package entratest

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// maxGroups is how many groups fit into a JWT; above it Entra sends a pointer
// to Graph instead ("groups overage claim").
const maxGroups = 200

// graphID is Microsoft Graph's client id, the same in every tenant.
const graphID = "00000003-0000-0000-c000-000000000000"

// early is how far before its issue Entra dates a token, so that clocks that
// are a little slow accept it.
const early = 5 * time.Minute

// grant is what a sign-in entitles a client to, whichever way it was made.
type grant struct {
	tenant, client, user string // tenant id, client id, object id
	scopes               asked
	epoch                int // the person's, at sign-in
	nonce                string
	sid                  string
	authTime             time.Time
	azpacr               string   // 0 public, 1 secret, 2 certificate
	caps                 []string // client capabilities (xms_cc), such as cp1
}

// pairwiseSub is sub: different for the same person in each app.
func (c *core) pairwiseSub(user, app string) string {
	h := sha256.New()
	for _, part := range []string{string(c.pairwise), user, app} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// base are the claims that every v2.0 token has; c.mu is held.
func (c *core) base(t *tenant, p *person, audience string, lifetime time.Duration) Claims {
	now := c.clock()
	claims := Claims{
		"aud": audience, "iss": t.Issuer(),
		"iat": now.Add(-early).Unix(), "nbf": now.Add(-early).Unix(), "exp": now.Add(lifetime).Unix(),
		"aio": randomText(60), "rh": "1." + randomText(45) + ".", "uti": randomText(16),
		"oid": p.ObjectID, "sub": c.pairwiseSub(p.ObjectID, audience), "tid": t.ID, "ver": "2.0",
	}
	if !c.opt.Orderly {
		claims["xms_ftd"] = randomText(32) // undocumented ones come and go
		claims["xms_"+strings.ToLower(newGUID()[:4])] = newGUID()
	}
	return claims
}

// accessClaims are those of an access token for resource (nil: Graph); c.mu is held.
func (c *core) accessClaims(t *tenant, client, resource *registration, p *person, g grant, lifetime time.Duration) Claims {
	audience := graphID
	if resource != nil {
		audience = resource.ClientID
	}
	claims := c.base(t, p, audience, lifetime)
	claims["azp"], claims["azpacr"] = client.ClientID, g.azpacr
	claims["name"], claims["preferred_username"] = p.DisplayName, p.signInName()
	claims["scp"] = strings.Join(g.scopes.values, " ")
	if len(g.caps) > 0 {
		claims["xms_cc"] = g.caps
	}
	if p.Guest {
		claims["idp"] = "https://sts.windows.net/" + c.guestHome(p) + "/"
	}
	if resource == nil {
		return claims
	}
	if resource.EmailClaim && p.Mail != "" {
		claims["email"] = p.Mail
	}
	t.addRoles(claims, resource, p)
	t.addGroups(claims, resource, p)
	if resource.RequestedAccessTokenVersion == 1 {
		return v1(claims, t, client, resource, p)
	}
	return claims
}

// v1 rewrites the claims as a v1.0 token has them: another issuer, another
// audience, other names.
func v1(claims Claims, t *tenant, client, resource *registration, p *person) Claims {
	claims["iss"] = "https://sts.windows.net/" + t.ID + "/"
	claims["aud"], claims["ver"] = resource.AppIDURI, "1.0"
	claims["appid"], claims["appidacr"] = client.ClientID, claims["azpacr"]
	claims["upn"], claims["unique_name"] = p.UserPrincipalName, p.UserPrincipalName
	claims["given_name"], claims["family_name"] = p.GivenName, p.Surname
	claims["acr"], claims["amr"], claims["ipaddr"] = "1", []string{"pwd"}, "127.0.0.1"
	for _, gone := range []string{"azp", "azpacr", "preferred_username"} {
		delete(claims, gone)
	}
	return claims
}

// idClaims are those of an ID token; c.mu is held. What the scopes profile and
// email open is left out without them.
func (c *core) idClaims(t *tenant, client *registration, p *person, g grant, lifetime time.Duration) Claims {
	claims := c.base(t, p, client.ClientID, lifetime)
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	if g.sid != "" {
		claims["sid"] = g.sid
	}
	if slices.Contains(g.scopes.oidc, "profile") {
		claims["name"], claims["preferred_username"] = p.DisplayName, p.signInName()
	} else {
		delete(claims, "oid")
	}
	if slices.Contains(g.scopes.oidc, "email") && p.Mail != "" {
		claims["email"] = p.Mail
	}
	if p.Guest {
		claims["idp"] = "https://sts.windows.net/" + c.guestHome(p) + "/"
	}
	t.addRoles(claims, client, p)
	t.addGroups(claims, client, p)
	return claims
}

// signInName is preferred_username: guests sign in with their home address.
func (p *person) signInName() string {
	if p.Guest && p.Mail != "" {
		return p.Mail
	}
	return p.UserPrincipalName
}

// guestHome is the tenant a guest comes from: a stable GUID for each domain.
func (c *core) guestHome(p *person) string {
	_, domain, _ := strings.Cut(p.Mail, "@")
	if home := c.tenant(domain); home != nil {
		return home.ID
	}
	sum := sha256.Sum256(append(slices.Clone(c.pairwise), strings.ToLower(domain)...))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return guid(b)
}

func (t *tenant) addRoles(claims Claims, r *registration, p *person) {
	if values := t.roleValues(r, p.ObjectID); len(values) > 0 {
		claims["roles"] = values
	}
}

// roleValues are the values of a person's app roles; some have none.
func (t *tenant) roleValues(r *registration, user string) []string {
	var values []string
	roles, _ := t.rolesOf(r, user)
	for _, role := range roles {
		if role.Value != "" {
			values = append(values, role.Value)
		}
	}
	return values
}

func (t *tenant) addGroups(claims Claims, r *registration, p *person) {
	groups := t.groupClaim(r, p.ObjectID)
	switch {
	case len(groups) == 0:
	case len(groups) > maxGroups:
		claims["_claim_names"] = map[string]string{"groups": "src1"}
		claims["_claim_sources"] = map[string]any{"src1": map[string]string{
			"endpoint": t.groupsLink(p),
		}}
	default:
		claims["groups"] = groups
	}
}

// groupsLink is where a token with too many groups sends the app.
func (t *tenant) groupsLink(p *person) string {
	return "https://graph.windows.net/" + t.ID + "/users/" + p.ObjectID + "/getMemberObjects"
}

// groupClaim are the groups that go into a token, by groupMembershipClaims.
func (t *tenant) groupClaim(r *registration, user string) []string {
	groups := t.groupsOf(user)
	switch r.GroupClaims {
	case SecurityGroups:
		return groups
	case AssignedGroups:
		return slices.DeleteFunc(groups, func(id string) bool { return r.assigned[id] == nil })
	}
	return nil
}

// AccessToken signs a v2.0 access token for the person, as the app gets it
// for its own exposed scopes: all of them, and those roles and groups that
// the person has. Each mutate may change the claims before they are signed.
// Nothing is checked: the person may be disabled.
func (t *Tenant) AccessToken(a *App, u *User, mutate ...func(Claims)) string {
	claims := t.accessFor(a, u, mutate)
	return t.core.keys.active().signToken(claims)
}

// IssueAccessToken is AccessToken.
func (t *Tenant) IssueAccessToken(a *App, u *User, mutate ...func(Claims)) string {
	return t.AccessToken(a, u, mutate...)
}

// IDToken signs an ID token for the person, as the app gets it with the
// scopes openid, profile and email.
func (t *Tenant) IDToken(a *App, u *User, mutate ...func(Claims)) string {
	c := t.core
	c.mu.Lock()
	own := t.state()
	r, p := own.must(a, u)
	g := grant{scopes: asked{oidc: []string{"openid", "profile", "email"}}, authTime: c.clock()}
	claims := c.idClaims(own, r, p, g, c.lifetime())
	c.mu.Unlock()
	for _, m := range mutate {
		m(claims)
	}
	return c.keys.active().signToken(claims)
}

func (t *Tenant) accessFor(a *App, u *User, mutate []func(Claims)) Claims {
	c := t.core
	c.mu.Lock()
	own := t.state()
	r, p := own.must(a, u)
	g := grant{azpacr: "0"}
	for _, s := range r.Scopes {
		g.scopes.values = append(g.scopes.values, s.Value)
	}
	claims := c.accessClaims(own, r, r, p, g, c.lifetime())
	c.mu.Unlock()
	for _, m := range mutate {
		m(claims)
	}
	return claims
}

// must finds an app and a person, or panics: the test named one that is not there.
func (t *tenant) must(a *App, u *User) (*registration, *person) {
	r, p := t.app(a.ClientID), t.person(u.ObjectID)
	if r == nil || p == nil {
		panic("entratest: no such app or person in tenant " + t.ID)
	}
	return r, p
}

func (k *signingKey) signToken(claims Claims) string {
	header := map[string]any{"typ": "JWT", "alg": "RS256", "kid": k.kid}
	if claims["ver"] == "1.0" {
		header["x5t"] = k.kid
	}
	return k.sign(header, claims)
}
