package entratest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// authRequest is an authorization request (RFC 6749 section 4.1.1, OpenID
// Connect Core section 3.1.2.1) whose client and redirect URI are good.
type authRequest struct {
	tenant, client string
	redirect       string
	platform       Platform
	mode           string // query, fragment or form_post
	state, nonce   string
	scopes         asked
	challenge      string
	prompt         string
	loginHint      string
	domainHint     string
	caps           []string
	ids            ids
	saml           *samlRequest // nil for OpenID Connect
}

// readAuthorize checks an authorization request. onPage is a fault that must
// not be sent to the redirect URI, because it is not known to be the app's
// (RFC 9700 section 4.11); toApp may be. c.mu is held.
func (c *core) readAuthorize(name string, q url.Values, id ids) (a authRequest, onPage, toApp *fault) {
	a.ids = id
	for k, v := range q {
		if len(v) > 1 {
			return a, refuse(9002313, "Invalid request. The parameter '%s' is there more than once.", k), nil
		}
	}
	t := c.tenant(name)
	if t == nil {
		return a, unknownTenant(name), nil
	}
	t.sweep(c.clock())
	a.tenant = t.ID
	if q.Get("client_id") == "" {
		return a, refuse(900144, "The request must contain the following parameter: 'client_id'."), nil
	}
	client := t.app(q.Get("client_id"))
	if client == nil {
		return a, unknownApp(q.Get("client_id"), &t.Tenant), nil
	}
	a.client = client.ClientID
	a.redirect = q.Get("redirect_uri")
	if a.redirect == "" {
		return a, refuse(900144, "The request must contain the following parameter: 'redirect_uri'."), nil
	}
	r, ok := MatchRedirect(client.Redirects, a.redirect)
	if !ok {
		return a, refuse(50011, "The redirect URI '%s' specified in the request does not match the redirect URIs configured for the application '%s'. "+
			"Make sure the redirect URI sent in the request matches one added to the application in the portal.", a.redirect, a.client), nil
	}
	a.platform = r.Platform
	a.state, a.nonce = q.Get("state"), q.Get("nonce")
	a.loginHint, a.domainHint = q.Get("login_hint"), q.Get("domain_hint")
	a.prompt, a.challenge = q.Get("prompt"), q.Get("code_challenge")
	a.caps = clientCapabilities(q.Get("claims"))
	toApp = c.readMode(&a, q)
	if toApp == nil {
		toApp = c.readPKCE(&a, q)
	}
	if toApp == nil {
		a.scopes, toApp = t.parseScopes(q.Get("scope"))
	}
	return a, nil, toApp
}

// readMode checks how the answer is to be given.
func (c *core) readMode(a *authRequest, q url.Values) *fault {
	a.mode = q.Get("response_mode")
	if a.mode == "" {
		a.mode = "query"
	}
	if !slices.Contains([]string{"query", "fragment", "form_post"}, a.mode) {
		mode := a.mode
		a.mode = "query"
		return refuse(90023, "The value '%s' of 'response_mode' is not supported.", mode)
	}
	switch t := q.Get("response_type"); {
	case t == "":
		return refuse(900144, "The request must contain the following parameter: 'response_type'.")
	case t != "code":
		return refuse(700054, "The response_type '%s' is not enabled for the application.", t)
	}
	if !slices.Contains([]string{"", "none", "login", "select_account", "consent"}, a.prompt) {
		return refuse(90023, "The value '%s' of 'prompt' is not supported.", a.prompt)
	}
	return nil
}

// readPKCE insists on S256 (RFC 7636; plain protects against nothing).
func (c *core) readPKCE(a *authRequest, q url.Values) *fault {
	method := q.Get("code_challenge_method")
	switch {
	case a.challenge == "" && method != "":
		return refuse(900144, "The request must contain the following parameter: 'code_challenge'.")
	case a.challenge == "" && a.platform == SPA:
		return refuse(9002325, "Proof Key for Code Exchange is required for cross-origin authorization code redemption.")
	case a.challenge == "" && a.platform == PublicClient && !c.opt.AllowMissingPKCE:
		return refuse(9002325, "Proof Key for Code Exchange is required of public clients. (This local Entra insists; see RFC 9700 section 2.1.1.)")
	case a.challenge == "":
		return nil
	case method != "S256": // absent means plain
		return refuse(50149, "The code_challenge_method '%s' is not accepted; use S256.", method)
	case len(a.challenge) != 43 || strings.Trim(a.challenge, strings.TrimSuffix(unreserved, "._~")+"_") != "":
		return refuse(501491, "The size or form of the code_challenge parameter is invalid.")
	}
	return nil
}

// serveAuthorize is the authorization endpoint.
func (c *core) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	id := c.idsFor(r)
	q := r.URL.Query()
	if r.Method == http.MethodPost {
		q = r.PostForm // OpenID Connect Core section 3.1.2.1
	}
	cookie := c.cookie(r)
	c.mu.Lock()
	a, onPage, toApp := c.readAuthorize(r.PathValue("tenant"), q, id)
	var next step
	switch {
	case onPage != nil:
		next = step{page: errorPage(onPage, id)}
	case toApp != nil:
		next = step{answer: a.refusal(toApp)}
	default:
		next = c.begin(cookie, a)
	}
	c.mu.Unlock()
	c.show(w, r, next, id)
}

// answer is what goes back to the app, and how.
type answer struct {
	redirect, mode string
	params         url.Values
}

// refusal is the error answer (RFC 6749 section 4.1.2.1).
func (a authRequest) refusal(f *fault) *answer {
	if a.saml != nil {
		return a.saml.refusal(f, a.ids)
	}
	p := url.Values{"error": {f.OAuth}, "error_description": {f.describe(a.ids)}}
	if f.Code == 65004 {
		p.Set("error_subcode", "cancel")
	}
	if f.OAuth == "invalid_grant" {
		// A code of the token endpoint; the front channel has others.
		p.Set("error", "access_denied")
		if f.Code == 65001 {
			p.Set("error", "interaction_required")
		}
	}
	return a.with(p)
}

func (a authRequest) with(p url.Values) *answer {
	if a.state != "" {
		p.Set("state", a.state)
	}
	return &answer{redirect: a.redirect, mode: a.mode, params: p}
}

// step is what a browser gets next: a page, or the way back to the app, and
// maybe a new cookie.
type step struct {
	page    *page
	answer  *answer
	goTo    string // another address of ours
	cookie  string
	session bool // the cookie is a fresh one
}

// show writes a step.
func (c *core) show(w http.ResponseWriter, r *http.Request, s step, id ids) {
	stamp(w, id)
	if s.session {
		http.SetCookie(w, &http.Cookie{
			Name: c.cookieName(), Value: s.cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	}
	switch {
	case s.page != nil:
		c.render(w, s.page)
	case s.goTo != "":
		http.Redirect(w, r, s.goTo, http.StatusSeeOther)
	case s.answer.mode == "form_post":
		c.render(w, &page{Kind: "post", Title: "Back to the app", Action: s.answer.redirect, Fields: s.answer.params})
	case s.answer.mode == "fragment":
		http.Redirect(w, r, answerURI(s.answer.redirect)+"#"+s.answer.params.Encode(), http.StatusFound)
	default:
		to := answerURI(s.answer.redirect)
		sep := "?"
		if strings.Contains(to, "?") {
			sep = "&"
		}
		http.Redirect(w, r, to+sep+s.answer.params.Encode(), http.StatusFound)
	}
}

// leave sends a person who has done all that was asked of them back to the
// app; c.mu is held.
func (c *core) leave(f *flow, p *person) step {
	if f.saml != nil {
		return c.answerSAML(f, p)
	}
	return step{answer: c.finish(f, p)}
}

// finish hands out a code for a person who has done all that was asked of
// them; c.mu is held.
func (c *core) finish(f *flow, p *person) *answer {
	raw := "1." + randomText(200)
	now := c.clock()
	c.codes[raw] = &code{
		grant: grant{
			tenant: f.tenant, client: f.client, user: p.ObjectID, epoch: p.epoch, scopes: f.scopes,
			nonce: f.nonce, sid: f.sid, authTime: now, caps: f.caps,
		},
		redirect: f.redirect, platform: f.platform, challenge: f.challenge, issued: now,
	}
	params := url.Values{"code": {raw}, "session_state": {newGUID()}}
	return f.with(params)
}

// serveLogout is the end session endpoint (OpenID Connect RP-Initiated Logout
// 1.0): the browser's session ends for everybody who is signed in there.
func (c *core) serveLogout(w http.ResponseWriter, r *http.Request) {
	id := c.idsFor(r)
	back := r.FormValue("post_logout_redirect_uri")
	cookie := c.cookie(r)
	c.mu.Lock()
	last, t := signedOutPage(), c.tenant(r.PathValue("tenant"))
	var apps []participant
	if t != nil {
		apps, _ = c.endSessions(cookie, t, "")
		if back != "" && slices.ContainsFunc(t.apps, func(a *registration) bool {
			_, ok := MatchRedirect(a.Redirects, back)
			return ok
		}) {
			last = step{goTo: answerURI(back)}
			if state := r.FormValue("state"); state != "" {
				last.goTo += "?" + url.Values{"state": {state}}.Encode()
			}
		}
	}
	delete(c.sessions, cookie)
	next := last
	if len(apps) > 0 {
		next = c.signOutFrom(t, apps, func() step { return last })
	}
	c.mu.Unlock()
	http.SetCookie(w, &http.Cookie{
		Name: c.cookieName(), Value: "", Path: "/", HttpOnly: true, MaxAge: -1, Expires: time.Unix(1, 0),
	})
	c.show(w, r, next, id)
}
