package signin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
	"github.com/lanyard-sso/lanyard/server/internal/oidc"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// MicrosoftURLs are the addresses of a workspace's sign-in with Microsoft 365 in a
// browser. They never change.
type MicrosoftURLs struct {
	Login string `json:"login_url"`
	// Redirect is registered under the platform Web.
	Redirect string `json:"redirect_uri"`
	// Logout is the front-channel logout URL, which is optional.
	Home string `json:"home_url"`
}

// MicrosoftURLsOf returns the addresses of a workspace of the server at base.
func MicrosoftURLsOf(base *url.URL, workspace string) MicrosoftURLs {
	at := base.JoinPath("w", workspace)
	return MicrosoftURLs{
		Login: at.JoinPath("microsoft", "login").String(), Redirect: at.JoinPath("microsoft", "callback").String(), Home: at.String() + "/",
	}
}

// asked is a sign-in with Microsoft that was begun, as it is kept while the
// browser is away. Nonce and PKCE verifier are not in it: they are made of the
// browser's own secret, so that a copy of the database redeems no code.
type asked struct {
	Binding string `json:"binding"`
	Return  string `json:"return,omitempty"`
	// Test is the hash of a test's link.
	Test string `json:"test,omitempty"`
	// Config is what was set up when it began.
	Config string `json:"config"`
}

// requestOf makes the parts of a request from its state and the browser's secret.
func requestOf(state, browser string) oidc.Request {
	part := func(name string) string {
		m := hmac.New(sha256.New, []byte(browser))
		m.Write([]byte("lanyard microsoft " + name + "\x00" + state))
		return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
	}
	return oidc.Request{State: state, Nonce: part("nonce"), Verifier: part("verifier")}
}

// callon is one request about a workspace's sign-in with Microsoft.
type callon struct {
	ws     directory.Workspace
	set    directory.MicrosoftWeb
	keys   directory.MicrosoftWebKeys
	policy directory.Policy
}

// microsoftOf finds the workspace of a request, with its sign-in with Microsoft:
// problem.ModuleOff where there is none (row A6).
func (h *SAMLHandler) microsoftOf(r *http.Request) (callon, error) {
	var c callon
	var err error
	ctx := r.Context()
	if c.ws, err = findWorkspace(ctx, h.Store, r.PathValue("ws")); err != nil {
		return c, h.counted(r, err)
	}
	api.TraceOf(ctx).Workspace = c.ws.ID
	if c.set, c.keys, err = h.Store.MicrosoftWeb(ctx, c.ws.ID); err != nil {
		return c, err
	}
	if h.Microsoft == nil || !c.set.Complete() {
		return c, problem.Wrap(problem.ModuleOff, problem.Wrap(problem.M365NotSet, errors.New("sign-in with Microsoft in a browser is not set up")))
	}
	c.policy, err = h.Store.Policy(ctx, c.ws, h.Now())
	return c, err
}

// on says why nobody signs in, if it is so.
func (c callon) on() error {
	if err := c.policy.Offers(directory.MethodMicrosoftWeb); err != nil {
		return err
	}
	if !c.set.Enabled {
		return problem.Wrap(problem.ModuleOff, problem.Wrap(problem.M365NotSet, errors.New("sign-in with Microsoft in a browser is switched off")))
	}
	return nil
}

// microsoftLogin begins a sign-in with Microsoft.
func (h *SAMLHandler) microsoftLogin(w http.ResponseWriter, r *http.Request) error {
	if err := h.Limit(r); err != nil {
		return err
	}
	c, err := h.microsoftOf(r)
	if err == nil {
		err = c.on()
	}
	if err != nil {
		return err
	}
	q := r.URL.Query()
	hint := oidc.Hint{Login: clippedHint(q.Get("login_hint")), Domain: c.set.DomainHint}
	if p := q.Get("prompt"); p == "login" || p == "select_account" {
		hint.Prompt = p
	}
	return h.askMicrosoft(w, r, c, asked{Return: ownPath(q.Get("return_to"))}, hint)
}

// askMicrosoft remembers what the sign-in is for and sends the browser on.
func (h *SAMLHandler) askMicrosoft(w http.ResponseWriter, r *http.Request, c callon, a asked, hint oidc.Hint) error {
	if _, err := credentialOf(h.Key, c.ws.ID, c.set, c.keys); err != nil {
		return err // before somebody types a password in vain
	}
	state := secret()
	browser := h.bindSecret(w, r, state)
	a.Binding, a.Config = directory.HashToken(browser), c.set.ConfigHash()
	to, err := h.Microsoft.AuthorizeURL(h.registration(c, oidc.Credential{}), requestOf(state, browser), hint)
	if err != nil {
		return err
	}
	doc, err := json.Marshal(a)
	if err != nil {
		return err
	}
	now := h.Now()
	err = h.Store.Exchange(r.Context(), nil, []store.Ticket{{
		Kind: store.TicketRequest, Hash: directory.HashToken(state), Workspace: c.ws.ID, Doc: doc, Created: now, Expires: now.Add(requestLife),
	}}, now)
	if err != nil {
		return fmt.Errorf("remembering the request: %w", err)
	}
	http.Redirect(w, r, to, http.StatusFound)
	return nil
}

func (h *SAMLHandler) registration(c callon, with oidc.Credential) oidc.Registration {
	return oidc.Registration{
		Authority: c.set.Cloud(), TenantID: c.set.TenantID, ClientID: c.set.ClientID,
		RedirectURI: MicrosoftURLsOf(h.PublicURL, c.ws.ID).Redirect, Credential: with,
	}
}

// microsoftCallback finishes a sign-in with Microsoft in the browser that began it.
//
// An attacker would bring somebody's browser an answer of their own (the state
// has to be that browser's), take a code elsewhere (the verifier is the browser's),
// bring one twice (the state is spent before anything else is looked at), fix a
// state beforehand (the secret that goes with it is a __Host- cookie, which no
// other host can set), have another server answer (tenant, issuer and audience are
// the workspace's, and a code goes to that tenant's endpoint alone), or lead people
// away (where to go on is a path of ours that was kept here).
func (h *SAMLHandler) microsoftCallback(w http.ResponseWriter, r *http.Request) error {
	if err := h.Limit(r); err != nil {
		return err
	}
	c, err := h.microsoftOf(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	code, state, refused := oidc.ReadAnswer(q)
	if state == "" {
		return problem.Wrap(problem.M365State, refused)
	}
	a, request, err := h.askedOf(w, r, c, state)
	if err != nil {
		return err
	}
	id, err := h.identified(r.Context(), c, a, request, q, code, refused)
	if a.Test != "" {
		return h.finishMicrosoftTest(w, r, c, a, id, err)
	}
	if err == nil {
		err = c.on()
	}
	if err != nil {
		return err
	}
	return h.finishMicrosoft(w, r, c, a, id)
}

// askedOf spends the request that a state belongs to, and then looks whether it is
// this browser's: a thief gets one guess.
func (h *SAMLHandler) askedOf(w http.ResponseWriter, r *http.Request, c callon, state string) (asked, oidc.Request, error) {
	var a asked
	t, err := h.Store.TakeTicket(r.Context(), store.TicketKey{Kind: store.TicketRequest, Workspace: c.ws.ID, Hash: directory.HashToken(state)}, h.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return a, oidc.Request{}, problem.Wrap(problem.M365State, err)
	case err != nil:
		return a, oidc.Request{}, fmt.Errorf("taking the request: %w", err)
	}
	if err := json.Unmarshal(t.Doc, &a); err != nil {
		return a, oidc.Request{}, fmt.Errorf("reading the request: %w", err)
	}
	browser := h.boundSecret(r, state, a.Binding)
	if !h.boundTo(w, r, state, a.Binding) || a.Config == "" { // of SAML, without it
		return a, oidc.Request{}, problem.Wrap(problem.M365OtherBrowser, errors.New("the cookie of the sign-in is missing or another's"))
	}
	return a, requestOf(state, browser), nil
}

// identified redeems the code and says who it is about.
func (h *SAMLHandler) identified(ctx context.Context, c callon, a asked, request oidc.Request, q url.Values, code string, refused error) (entra.IDToken, error) {
	if refused != nil {
		return entra.IDToken{}, refused
	}
	// RFC 9207: where an answer says who gives it, it has to be whom we asked.
	issuer := c.set.Cloud() + "/" + strings.ToLower(c.set.TenantID) + "/v2.0"
	if said, there := q["iss"]; there && (len(said) != 1 || said[0] != issuer) {
		return entra.IDToken{}, problem.Wrap(problem.M365Issuer, errors.New("the answer names another issuer"))
	}
	if a.Config != c.set.ConfigHash() {
		return entra.IDToken{}, problem.Wrap(problem.M365State, errors.New("sign-in with Microsoft was set up anew meanwhile"))
	}
	with, err := credentialOf(h.Key, c.ws.ID, c.set, c.keys)
	if err != nil {
		return entra.IDToken{}, err
	}
	id, err := h.Microsoft.Redeem(ctx, h.registration(c, with), request, code)
	return id, telling(err)
}

// telling gives each check that an ID token can fail a code of its own, for here
// an administrator reads them. The cause stays inside.
func telling(err error) error {
	for inner, outer := range map[problem.Code]problem.Code{
		problem.TokenTenant: problem.M365Tenant, problem.TokenAudience: problem.M365Audience, problem.TokenIssuer: problem.M365IssuerClaim,
		problem.TokenPersonal: problem.M365Personal, problem.BadIDToken: problem.M365Nonce, problem.OIDCClient: problem.M365Credential,
		problem.TokenExpired: problem.M365Time, problem.TokenNotYet: problem.M365Time,
	} {
		if code, _ := problem.Of(err); code == inner {
			return problem.Wrap(outer, err)
		}
	}
	if code, _ := problem.Of(err); strings.HasPrefix(string(code), "LY-TOK-") {
		return problem.Wrap(problem.M365Token, err)
	}
	return err
}

// microsoftIdentity is who an ID token is about, as linking wants it.
//
// Somebody is found by object id. For the first time they may be found by an
// address of the workspace's own domain: their user principal name, which Entra
// gives only of domains that the tenant owns, or an address that Entra says its
// owner has proven (xms_edov). Any other e-mail claim is only for showing.
func microsoftIdentity(t entra.IDToken) identity {
	var claims struct {
		Verified any    `json:"xms_edov"`
		Given    string `json:"given_name"`
		Family   string `json:"family_name"`
	}
	_ = json.Unmarshal(t.Payload, &claims) // what is not there is empty
	id := identity{
		Identity: directory.Identity{ObjectID: t.ObjectID, TenantID: t.TenantID, UserName: t.UserName, Email: t.UserName, Name: t.Name},
		guest:    t.Guest, given: claims.Given, family: claims.Family, issuer: t.Issuer, mail: t.Email,
	}
	if proven := fmt.Sprint(claims.Verified); t.Email != "" && (proven == "true" || proven == "1") {
		id.Email = t.Email
	}
	return id
}

// finishMicrosoft gives the browser a session of the person.
func (h *SAMLHandler) finishMicrosoft(w http.ResponseWriter, r *http.Request, c callon, a asked, t entra.IDToken) error {
	id := microsoftIdentity(t)
	u, err := h.lookUp(r.Context(), c.ws, c.ws.JIT, id)
	var user directory.User
	if err == nil {
		user, err = h.people(directory.MethodMicrosoftWeb).enter(r.Context(), c.ws, u, id, c.rule(id))
	}
	session := oidcSession(t)
	if err != nil {
		return h.offerLink(w, r, linking{
			Method: directory.MethodMicrosoftWeb, Workspace: c.ws.ID, Identity: keptOf(id), OIDC: &session, Return: a.Return, Asked: true,
		}, err)
	}
	return h.enterWeb(w, r, entrance{ws: c.ws, user: user, method: directory.MethodMicrosoftWeb, rule: c.rule(id), back: a.Return, oidc: &session})
}

// rule is directory.AdmitSAML's: whoever the pinned tenant vouches for is known
// and linked by the same rules, whichever protocol it speaks.
func (c callon) rule(id identity) func(*directory.User) error {
	return func(u *directory.User) error {
		if !strings.EqualFold(id.TenantID, c.set.TenantID) { // the second look
			return problem.New(problem.M365Tenant)
		}
		return directory.AdmitSAML(c.ws, c.ws.JIT, u, directory.Claimed{Identity: id.Identity, Guest: id.guest})
	}
}

// shownClaims are the claims of an ID token that pages of the workspace may want.
var shownClaims = []string{"oid", "tid", "sub", "preferred_username", "name", "email", "given_name", "family_name", "roles", "groups", "acct", "idp"}

func oidcSession(t entra.IDToken) directory.OIDCSession {
	s := directory.OIDCSession{
		Issuer: t.Issuer, Subject: t.Subject, ObjectID: t.ObjectID, TenantID: t.TenantID, Email: t.Email,
		Claims: claimsOf(t), Ends: t.Expires.UTC().Truncate(time.Second),
	}
	return s
}

// claimsOf reads text and lists of text out of an ID token.
func claimsOf(t entra.IDToken) map[string][]string {
	var all map[string]any
	if json.Unmarshal(t.Payload, &all) != nil {
		return nil
	}
	out := map[string][]string{}
	for _, name := range shownClaims {
		switch v := all[name].(type) {
		case string:
			out[name] = []string{v}
		case []any:
			for _, one := range v {
				if s, ok := one.(string); ok {
					out[name] = append(out[name], s)
				}
			}
		}
	}
	return out
}
