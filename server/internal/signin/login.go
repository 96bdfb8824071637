package signin

import (
	"context"
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
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// purpose is what a sign-in is for, and all that is remembered of its request
// while the browser is away.
type purpose struct {
	// ID is the request's, Binding the hash of the browser's secret for it.
	ID      string `json:"id"`
	Binding string `json:"binding"`
	// Relay is the hash of the RelayState that went with it.
	Relay string `json:"relay,omitempty"`
	// Asked is when.
	Asked time.Time `json:"asked"`
	// Return is the path on this server to go to, for a sign-in on the web.
	Return string `json:"return,omitempty"`
	// App is set for a sign-in of an app, Test for a test: the hash of its
	// link.
	App  *appRequest `json:"app,omitempty"`
	Test string      `json:"test,omitempty"`
	// Config is the ConfigHash of the connection that a test began with.
	Config string `json:"config,omitempty"`
}

// relayPrefix tells our RelayState from a path.
const relayPrefix = "lyr."

// hints are what a request may say about who is going to sign in.
type hints struct {
	login, domain string
	force         bool
}

// hintsOf reads the hints from a query. Entra takes them as parameters of its
// address.
func hintsOf(q url.Values) hints {
	return hints{
		login: clippedHint(q.Get("login_hint")), domain: clippedHint(q.Get("domain_hint")),
		force: strings.EqualFold(q.Get("ForceAuthn"), "true") || q.Get("force_authn") == "true" || q.Get("prompt") == "login",
	}
}

func clippedHint(s string) string {
	if len(s) > 320 || strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return ""
	}
	return s
}

// login begins a sign-in on the web.
func (h *SAMLHandler) login(w http.ResponseWriter, r *http.Request) error {
	v, err := h.visit(r, false)
	if err != nil {
		return h.counted(r, err)
	}
	q := r.URL.Query()
	back := ""
	for _, name := range []string{"return_to", "RelayState"} {
		if back == "" {
			back = ownPath(q.Get(name))
		}
	}
	return h.send(w, r, v, purpose{Return: back}, hintsOf(q))
}

// counted applies the limit to a request that found nothing, too.
func (h *SAMLHandler) counted(r *http.Request, err error) error {
	if lerr := h.Limit(r); lerr != nil {
		return lerr
	}
	return err
}

// send makes a request, remembers what it is for, and sends the browser to the
// identity provider with it.
func (h *SAMLHandler) send(w http.ResponseWriter, r *http.Request, v visit, p purpose, hint hints) error {
	if err := h.Limit(r); err != nil {
		return err
	}
	relay := relayPrefix + secret()
	o := saml.RequestOptions{
		Binding: saml.Redirect, ForceAuthn: v.conn.ForceAuthn || hint.force,
		NameIDFormat: v.conn.NameIDFormat, LoginHint: hint.login, DomainHint: hint.domain,
		RelayState: relay, Signer: v.signer, Now: h.Now(),
	}
	if v.conn.AuthnContext != "" {
		o.AuthnContext = []string{v.conn.AuthnContext}
	}
	if v.idp.SSORedirect == "" || v.conn.PostBinding && v.idp.SSOPost != "" {
		o.Binding = saml.POST
	}
	m, err := saml.NewAuthnRequest(v.sp, v.idp, o)
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	p.ID, p.Relay, p.Asked = m.ID, directory.HashToken(relay), o.Now
	p.Binding = h.bind(w, r, m.ID)
	if err := h.remember(r.Context(), v.ws.ID, p); err != nil {
		return err
	}
	return h.carry(w, r, m)
}

// remember stores a request twice: by its ID, which the answer names, and by
// its RelayState, which is all that tells what a failed answer is about.
func (h *SAMLHandler) remember(ctx context.Context, workspace string, p purpose) error {
	doc, err := json.Marshal(p)
	if err != nil {
		return err
	}
	now := h.Now()
	ticket := store.Ticket{Kind: store.TicketRequest, Hash: directory.HashToken(p.ID), Workspace: workspace, Doc: doc, Created: now, Expires: now.Add(requestLife)}
	relay := ticket
	relay.Hash = p.Relay
	if err := h.Store.Exchange(ctx, nil, []store.Ticket{ticket, relay}, now); err != nil {
		return fmt.Errorf("remembering the request: %w", err)
	}
	return nil
}

// recall finds a request by the hash of its ID or RelayState, and leaves it.
func (h *SAMLHandler) recall(ctx context.Context, workspace, hash string) (purpose, bool, error) {
	var p purpose
	t, err := h.Store.Ticket(ctx, store.TicketKey{Kind: store.TicketRequest, Workspace: workspace, Hash: hash}, h.Now())
	if errors.Is(err, store.ErrNotFound) {
		return p, false, nil
	}
	if err != nil {
		return p, false, fmt.Errorf("recalling the request: %w", err)
	}
	if err := json.Unmarshal(t.Doc, &p); err != nil {
		return p, false, fmt.Errorf("recalling the request: %w", err)
	}
	return p, true, nil
}

// carry sends the browser to the identity provider with a message.
func (h *SAMLHandler) carry(w http.ResponseWriter, r *http.Request, m *saml.Message) error {
	if m.Binding == saml.POST {
		return h.show(w, http.StatusOK, "post", postPage{Action: m.URL, Fields: m.Fields})
	}
	http.Redirect(w, r, m.URL, http.StatusFound)
	return nil
}

// deepLink leads /sso/acme to the workspace's sign-in (row H1).
func (h *SAMLHandler) deepLink(w http.ResponseWriter, r *http.Request) error {
	return h.lead(w, r, r.PathValue("ws"))
}

// chooser asks for the workspace, or leads to the one that was given. The script
// of the page understands /sso#acme, which no server ever sees.
func (h *SAMLHandler) chooser(w http.ResponseWriter, r *http.Request) error {
	if typed := r.URL.Query().Get("workspace"); typed != "" {
		if err := h.LookupLimit(r); err != nil {
			return err
		}
		return h.lead(w, r, typed)
	}
	return h.show(w, http.StatusOK, "choose", choosePage{})
}

// lead redirects to a workspace's sign-in where that is set up. Of a person's
// address only the domain is looked at, as by discover.
func (h *SAMLHandler) lead(w http.ResponseWriter, r *http.Request, typed string) error {
	if err := h.Limit(r); err != nil {
		return err
	}
	if strings.Contains(typed, "@") {
		domain, err := domainOf(typed)
		if err != nil {
			return err
		}
		ws, err := h.Store.WorkspaceByDomain(r.Context(), domain)
		if err != nil {
			return unknown(err)
		}
		typed = ws.ID
	}
	v, err := h.visitBy(r.Context(), typed)
	if err == nil {
		err = h.on(r.Context(), v)
	}
	if code, _ := problem.Of(err); code == problem.SAMLNotSet || code == problem.ModuleOff || code == problem.PlanBlocked {
		return h.leadElsewhere(w, r, v.ws, err)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/w/"+v.ws.ID+"/saml/login", http.StatusSeeOther)
	return nil
}

// leadElsewhere leads to the sign-in of a workspace that has none by SAML: to
// Microsoft where that is the only way, else to the page with the ways in.
func (h *SAMLHandler) leadElsewhere(w http.ResponseWriter, r *http.Request, ws directory.Workspace, why error) error {
	v, err := h.waysOf(r.Context(), ws)
	switch {
	case err != nil:
		return err
	case v.Microsoft && !v.Password:
		http.Redirect(w, r, "/w/"+ws.ID+"/microsoft/login", http.StatusSeeOther)
	case v.Any():
		http.Redirect(w, r, "/w/"+ws.ID+"/", http.StatusSeeOther)
	default:
		return why
	}
	return nil
}

// whoami tells a page of the workspace's own who is signed in.
func (h *SAMLHandler) whoami(w http.ResponseWriter, r *http.Request) error {
	ws, err := findWorkspace(r.Context(), h.Store, r.PathValue("ws"))
	if err != nil {
		api.Fail(w, r, h.counted(r, err))
		return nil
	}
	s, u, _, err := h.webSession(r, ws.ID)
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Cookie realm="lanyard"`)
		if _, none := r.Cookie(h.sessionCookie(ws.ID)); none == nil {
			err = h.counted(r, err)
		}
		api.Fail(w, r, err)
		return nil
	}
	me := person(ws, u)
	out := api.Whoami{Person: me, Subject: u.ID, Email: me.Email, ExpiresAt: s.Expires, Attributes: map[string][]string{}}
	if s.OIDC != nil {
		out.Subject, out.Issuer = s.OIDC.Subject, s.OIDC.Issuer
		if s.OIDC.Email != "" {
			out.Email = s.OIDC.Email
		}
		if s.OIDC.Claims != nil {
			out.Attributes = s.OIDC.Claims
		}
	}
	if s.SAML != nil {
		out.Subject, out.SubjectFormat, out.Issuer = s.SAML.NameID, s.SAML.Format, s.SAML.Issuer
		if s.SAML.Email != "" {
			out.Email = s.SAML.Email
		}
		if s.SAML.Attributes != nil {
			out.Attributes = s.SAML.Attributes
		}
	}
	return api.Write(w, http.StatusOK, out)
}

// webSession returns the live session of the browser's cookie for a workspace.
// Unknown, expired and revoked are alike: problem.SessionGone.
func (h *SAMLHandler) webSession(r *http.Request, workspace string) (directory.Session, directory.User, directory.Workspace, error) {
	c, err := r.Cookie(h.sessionCookie(workspace))
	if err != nil {
		return directory.Session{}, directory.User{}, directory.Workspace{}, problem.Wrap(problem.SessionGone, err)
	}
	s, u, ws, err := h.Store.Session(r.Context(), directory.HashToken(c.Value), h.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s, u, ws, problem.Wrap(problem.SessionGone, err)
	case err != nil:
		return s, u, ws, fmt.Errorf("looking for the session: %w", err)
	case !s.Web || s.Workspace != workspace:
		return s, u, ws, problem.Wrap(problem.SessionGone, errors.New("not a session of this workspace's pages"))
	}
	api.TraceOf(r.Context()).User = u.ID
	return s, u, ws, nil
}
