package entratest

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// tokenRequest is a token request whose client is known.
type tokenRequest struct {
	tenant *tenant
	client *registration
	form   url.Values
	azpacr string // how the client proved itself: "0" not at all, "1" by a secret, "2" by a certificate
	origin string // the Origin header: a single-page app's request
}

// issue is what a token answer is made of, still unsigned.
type issue struct {
	access, id Claims
	refresh    string
	scope      string
	lifetime   time.Duration
	clientInfo string
}

// serveToken is the token endpoint (RFC 6749 section 3.2).
func (c *core) serveToken(w http.ResponseWriter, r *http.Request) {
	id := c.idsFor(r)
	cors(w, r)
	out, f := c.token(r)
	if f != nil {
		writeFault(w, f, id)
		return
	}
	key := c.keys.active()
	answer := map[string]any{
		"token_type": "Bearer", "scope": out.scope, "access_token": key.signToken(out.access),
		"expires_in": int(out.lifetime.Seconds()), "ext_expires_in": int(out.lifetime.Seconds()),
	}
	if out.id != nil {
		c.mu.Lock()
		alter := c.alter
		c.mu.Unlock()
		if alter != nil {
			alter(out.id)
		}
		answer["id_token"] = key.signToken(out.id)
	}
	if out.refresh != "" {
		answer["refresh_token"] = out.refresh
	}
	if out.clientInfo != "" {
		answer["client_info"] = out.clientInfo
	}
	if !c.opt.Orderly {
		// RFC 6749 section 5.1: unrecognised names are ignored.
		answer["entratest_do_not_rely_on"] = randomText(6)
	}
	stamp(w, id)
	writeJSON(w, http.StatusOK, answer)
}

// token decides one token request.
func (c *core) token(r *http.Request) (*issue, *fault) {
	form, f := tokenForm(r)
	if f != nil {
		return nil, f
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	req, f := c.client(r, form)
	if f != nil {
		return nil, f
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		return c.redeemCode(req)
	case "refresh_token":
		return c.redeemRefresh(req)
	case "device_code", "urn:ietf:params:oauth:grant-type:device_code":
		return c.redeemDevice(req)
	case "":
		return nil, refuse(900144, "The request body must contain the following parameter: 'grant_type'.")
	}
	return nil, refuse(70003, "The app requested an unsupported grant type '%s'.", form.Get("grant_type"))
}

// tokenForm reads the body of a token request: a form, with nothing in the
// query and no parameter twice (RFC 6749 section 3.2).
func tokenForm(r *http.Request) (url.Values, *fault) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, refuse(900144, "The request body must contain the following parameter: 'grant_type'. (It is not a form.)")
	}
	for name := range r.URL.Query() {
		if slices.Contains(secretParams, name) || name == "grant_type" {
			return nil, refuse(9002313, "Invalid request. '%s' belongs in the body, not in the address.", name)
		}
	}
	for name, values := range r.PostForm {
		if len(values) > 1 {
			return nil, refuse(9002313, "Invalid request. The parameter '%s' is there more than once.", name)
		}
	}
	return r.PostForm, nil
}

// client finds the tenant and the app of a request and lets the app prove who
// it is; c.mu is held.
func (c *core) client(r *http.Request, form url.Values) (tokenRequest, *fault) {
	req := tokenRequest{form: form, azpacr: "0", origin: r.Header.Get("Origin")}
	name := r.PathValue("tenant")
	if req.tenant = c.tenant(name); req.tenant == nil {
		return req, unknownTenant(name)
	}
	req.tenant.sweep(c.clock())
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if user, pass, ok := r.BasicAuth(); ok {
		user, _ = url.QueryUnescape(user)
		pass, _ = url.QueryUnescape(pass)
		if id != "" && id != user {
			return req, refuse(9002313, "Invalid request. Two client ids were given.")
		}
		id, secret = user, pass
	}
	if id == "" {
		return req, refuse(900144, "The request body must contain the following parameter: 'client_id'.")
	}
	if req.client = req.tenant.app(id); req.client == nil {
		return req, unknownApp(id, &req.tenant.Tenant)
	}
	if req.client.Disabled {
		return req, refuse(7000112, "The application '%s' (%s) is disabled.", req.client.ClientID, req.client.Name)
	}
	if assertion := form.Get("client_assertion"); assertion != "" {
		if secret != "" {
			return req, refuse(9002313, "Invalid request. There are both 'client_assertion' and 'client_secret'.")
		}
		req.azpacr = "2"
		return req, c.proven(req, assertion)
	}
	if secret == "" {
		return req, nil
	}
	if len(req.client.Secrets) == 0 {
		return req, refuse(700025, "The client is public, so neither 'client_assertion' nor 'client_secret' should be presented.")
	}
	for _, s := range req.client.Secrets {
		if subtle.ConstantTimeCompare([]byte(s), []byte(secret)) == 1 {
			req.azpacr = "1"
			return req, nil
		}
	}
	return req, refuse(7000215, "An invalid client secret was provided for app '%s'. Send the secret's value, not its id.", id)
}

func unknownTenant(name string) *fault {
	if name == "common" || name == "organizations" {
		return refuse(50194, "The application is not configured as a multi-tenant application. Use a tenant-specific endpoint.")
	}
	return refuse(90002, "Tenant '%s' not found. Check that the tenant id is right and that this is the right cloud.", name)
}

func unknownApp(id string, t *Tenant) *fault {
	return refuse(700016, "The application with identifier '%s' was not found in the directory '%s'. "+
		"It may not have been installed by the tenant's administrator, or the request went to the wrong tenant.", id, t.Name)
}

// standing checks that the person may still use the app; c.mu is held.
func (c *core) standing(t *tenant, client *registration, user string) (*person, *fault) {
	p := t.person(user)
	switch {
	case p == nil || p.Deleted:
		return nil, refuse(500341, "The user account %s has been deleted from the directory %s.", user, t.ID)
	case p.Disabled:
		return nil, refuse(50057, "The user account is disabled.")
	case client.Disabled:
		return nil, refuse(7000112, "The application '%s' (%s) is disabled.", client.ClientID, client.Name)
	}
	if _, ok := t.rolesOf(client, p.ObjectID); client.AssignmentRequired && !ok {
		return nil, refuse(50105, "Your administrator has configured the application %s ('%s') to block users who have not been "+
			"assigned to it. The signed in user '%s' is neither assigned nor a direct member of a group that is.",
			client.Name, client.ClientID, p.UserPrincipalName)
	}
	return p, nil
}

// issue makes the claims for a grant; fam is nil where no refresh token is due.
// c.mu is held.
func (c *core) issue(req tokenRequest, g grant, fam *family) (*issue, *fault) {
	p, f := c.standing(req.tenant, req.client, g.user)
	if f != nil {
		return nil, f
	}
	g.azpacr = req.azpacr
	if caps := clientCapabilities(req.form.Get("claims")); len(caps) > 0 {
		g.caps = caps
	}
	resource := req.tenant.app(g.scopes.resource)
	out := &issue{scope: g.scopes.granted(), lifetime: c.lifetime()}
	out.access = c.accessClaims(req.tenant, req.client, resource, p, g, out.lifetime)
	if slices.Contains(g.scopes.oidc, "openid") {
		out.id = c.idClaims(req.tenant, req.client, p, g, out.lifetime)
	}
	if fam != nil {
		out.refresh = c.newRefresh(fam)
	}
	if req.form.Get("client_info") == "1" {
		b, err := json.Marshal(map[string]string{"uid": p.ObjectID, "utid": req.tenant.ID})
		if err != nil {
			panic(err) // two strings
		}
		out.clientInfo = base64.RawURLEncoding.EncodeToString(b)
	}
	return out, nil
}

// clientCapabilities picks access_token.xms_cc.values out of a claims
// parameter (OpenID Connect Core section 5.5).
func clientCapabilities(claims string) []string {
	var v struct {
		AccessToken struct {
			Caps struct {
				Values []string `json:"values"`
			} `json:"xms_cc"`
		} `json:"access_token"`
	}
	if claims == "" || json.Unmarshal([]byte(claims), &v) != nil {
		return nil
	}
	return v.AccessToken.Caps.Values
}

// cors lets a single-page app read the answer.
func cors(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); strings.HasPrefix(origin, "http") {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Allow-Methods", "POST, OPTIONS")
		w.Header().Set("Access-Control-Allow-Headers", "content-type, client-request-id")
		w.Header().Add("Vary", "Origin")
	}
}

func (c *core) servePreflight(w http.ResponseWriter, r *http.Request) {
	cors(w, r)
	w.WriteHeader(http.StatusNoContent)
}

// serveUserInfo is OpenID Connect's UserInfo endpoint: at Entra it is Graph's,
// and takes a Graph token.
func (c *core) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	raw, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	claims, ok := c.ownToken(raw)
	if !ok || claims["aud"] != graphID {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		writeJSON(w, http.StatusUnauthorized, map[string]any{"error": map[string]string{
			"code": "InvalidAuthenticationToken", "message": "Access token validation failure.",
		}})
		return
	}
	out := map[string]any{"sub": claims["sub"], "name": claims["name"]}
	c.mu.Lock()
	if t := c.tenant(claims["tid"].(string)); t != nil {
		if p := t.person(claims["oid"].(string)); p != nil {
			out["given_name"], out["family_name"] = p.GivenName, p.Surname
			if p.Mail != "" {
				out["email"] = p.Mail
			}
		}
	}
	c.mu.Unlock()
	writeJSON(w, http.StatusOK, out)
}
