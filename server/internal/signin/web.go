package signin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// entrance is somebody who has proved who they are in a browser, by whichever
// method, and is to get a session there.
type entrance struct {
	ws     directory.Workspace
	user   directory.User
	method directory.Method
	// rule is asked in the transaction of the session, before the policy.
	rule func(*directory.User) error
	back string
	saml *directory.SAMLSession
	oidc *directory.OIDCSession
	// password is since when the password is theirs that was typed.
	password time.Time
	// ends is when the provider's session ends, where it said so.
	ends time.Time
}

// enterWeb gives the browser a session in the place of the one that it had, and
// leads on. Whoever is let in is asked again in the transaction that stores it, as
// for every session.
func (h *SAMLHandler) enterWeb(w http.ResponseWriter, r *http.Request, e entrance) error {
	ctx := r.Context()
	api.TraceOf(ctx).User = e.user.ID
	admit, err := h.people(e.method).entering(ctx, e.ws, e.user, e.rule)
	if err != nil {
		return err
	}
	token, s := newSession(h.Now(), h.TTL, e.ws, e.user, browserName(r))
	s.Web, s.Method, s.SAML, s.OIDC, s.Password = true, e.method, e.saml, e.oidc, e.password
	if !e.ends.IsZero() && e.ends.Before(s.Expires) {
		s.Expires = e.ends.UTC()
	}
	if err := startSession(ctx, h.Store, e.ws, s, admit); err != nil {
		return err
	}
	if err := h.endFormer(ctx, r, e.ws.ID); err != nil {
		return err
	}
	h.setCookie(w, h.sessionCookie(e.ws.ID), token, s.Expires.Sub(h.Now()))
	to := ownPath(e.back)
	if to == "" {
		to = "/w/" + e.ws.ID + "/"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// endFormer ends the session that the browser had in a workspace, if any.
func (h *SAMLHandler) endFormer(ctx context.Context, r *http.Request, workspace string) error {
	old, _, _, err := h.webSession(r, workspace)
	if err != nil {
		return nil // none, or none that is good for anything
	}
	if err := h.Store.EndSession(ctx, old.Hash, h.Now()); err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("ending the former session: %w", err)
	}
	return nil
}

// ways are the ways in that a workspace has at this moment.
type ways struct {
	policy    directory.Policy
	SAML      bool
	Microsoft bool
	Password  bool
	// Links: whoever forgot their password can be sent a link. Kept: their password
	// is kept here, so that somebody can make them one.
	Links, Kept bool
	// UserAccessURL is Entra's own link to the application.
	UserAccessURL string
}

// Any reports whether there is a way in at all.
func (v ways) Any() bool { return v.SAML || v.Microsoft || v.Password }

// waysOf says which ways lead into a workspace: those that are set up, switched
// on, and allowed by the policy.
func (h *SAMLHandler) waysOf(ctx context.Context, ws directory.Workspace) (ways, error) {
	var v ways
	var err error
	if v.policy, err = h.Store.Policy(ctx, ws, h.Now()); err != nil {
		return v, err
	}
	c, err := h.Store.SAML(ctx, ws.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return v, fmt.Errorf("reading the connection: %w", err)
	default:
		v.SAML = usable(c) && !c.Disabled && v.policy.Offers(directory.MethodSAML) == nil
		v.UserAccessURL = c.UserAccessURL
	}
	m, _, err := h.Store.MicrosoftWeb(ctx, ws.ID)
	if err != nil {
		return v, err
	}
	v.Microsoft = h.Microsoft != nil && m.Enabled && m.Complete() && v.policy.Offers(directory.MethodMicrosoftWeb) == nil
	if v.Password = h.Passwords != nil && v.policy.Offers(directory.MethodLocal) == nil; v.Password {
		v.Kept = !h.Passwords.Elsewhere()
		v.Links, err = h.Passwords.SendsLinks(ctx)
	}
	return v, err
}

// home is the workspace's page for employees: the ways in, or who is signed in.
// It is also where a sign-in on the web ends that was to go nowhere else.
func (h *SAMLHandler) home(w http.ResponseWriter, r *http.Request) error {
	ws, err := findWorkspace(r.Context(), h.Store, r.PathValue("ws"))
	if err != nil {
		return h.counted(r, err)
	}
	api.TraceOf(r.Context()).Workspace = ws.ID
	return h.showHome(w, r, ws, http.StatusOK, homePage{Back: ownPath(r.URL.Query().Get("return_to"))})
}

// showHome shows the page with what p says besides.
func (h *SAMLHandler) showHome(w http.ResponseWriter, r *http.Request, ws directory.Workspace, status int, p homePage) error {
	v, err := h.waysOf(r.Context(), ws)
	if err != nil {
		return err
	}
	p.Workspace, p.Name, p.ways = ws.ID, ws.Name, v
	p.OnlyExempt = v.policy.Everybody()
	s, u, _, err := h.webSession(r, ws.ID)
	code, text := problem.Of(err)
	switch code {
	case "":
		p.Person, p.Expires = person(ws, u), s.Expires.UTC().Format(time.RFC3339)
	case problem.SessionGone:
	default:
		if text.Status >= 500 || text.Status == http.StatusTooManyRequests {
			return err
		}
		// The session that this browser had is good for nothing any more: say why.
		if p.Problem == nil {
			p.Problem = saidOf(err)
		}
		h.setCookie(w, h.sessionCookie(ws.ID), "", 0)
	}
	return h.show(w, status, "home", p)
}

// saidOf is what a page says about a failure beside its form.
func saidOf(err error) *said {
	code, text := problem.Of(err)
	return &said{Sentence: text.Sentence, Detail: problem.DetailOf(err), Next: text.Next, Code: string(code)}
}

// query makes the query that carries a path of ours along, or nothing.
func query(back string) string {
	if back == "" {
		return ""
	}
	return "?" + url.Values{"return_to": {back}}.Encode()
}

// leave signs the browser out of a workspace, whatever it signed in by.
func (h *SAMLHandler) leave(w http.ResponseWriter, r *http.Request) error {
	if err := h.Limit(r); err != nil {
		return err
	}
	v, err := h.visit(r, true)
	if errors.Is(err, problem.New(problem.SAMLNotSet)) {
		err = nil
	}
	if err != nil {
		return err
	}
	return h.signOut(w, r, v)
}

// ownForm reads a form that one of our own pages posted. One of another site is
// refused: it could sign somebody in to an account that is not theirs, and have
// them work there.
func ownForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return nil, problem.Wrap(problem.CrossSite, err)
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxOwnForm)
	form, err := formOf(w, r)
	if err != nil {
		return nil, problem.Wrap(problem.BadRequest, err)
	}
	for name, values := range form {
		if len(values) > 1 {
			return nil, problem.Detailf(problem.BadRequest, "The field %.40q is there more than once.", name)
		}
	}
	return form, nil
}

// maxOwnForm is how large a form of our own pages may be.
const maxOwnForm = 32 << 10

// wantsJSON reports whether a program asks, which gets problem documents.
func wantsJSON(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "json") }
