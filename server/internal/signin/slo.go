package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// slo is the single logout service, for both directions, and our own sign-out:
// a request of the identity provider ends sessions and is answered; an answer
// to ours ends what we began; a GET with neither offers to sign out, and a POST
// with neither does.
//
// An attacker would try to sign people out with a forged request: it must be
// signed. Or with a form on another site: the browser says where a form came
// from, and sends no cookie of ours with it.
func (h *SAMLHandler) slo(w http.ResponseWriter, r *http.Request) error {
	if err := h.Limit(r); err != nil {
		return err
	}
	v, err := h.visit(r, true)
	if errors.Is(err, problem.New(problem.SAMLNotSet)) && r.URL.RawQuery == "" {
		err = nil // whoever signed in before the connection was removed may leave
	}
	if err != nil {
		return err
	}
	in := saml.Incoming{Query: r.URL.RawQuery}
	var values url.Values
	if r.Method == http.MethodPost {
		if values, err = formOf(w, r); err != nil {
			return err
		}
		in = saml.Incoming{Request: values.Get("SAMLRequest"), Response: values.Get("SAMLResponse"), RelayState: values.Get("RelayState")}
	} else {
		values = r.URL.Query()
	}
	switch {
	case values.Has("SAMLRequest"):
		return h.sloRequest(w, r, v, in)
	case values.Has("SAMLResponse"):
		return h.sloResponse(w, r, v, in)
	case r.Method == http.MethodPost:
		return h.signOut(w, r, v)
	}
	return h.show(w, http.StatusOK, "signout", signOutPage{Workspace: v.ws.ID, Name: v.ws.Name})
}

// sloRequest ends the sessions that the identity provider names, in every
// browser and app, and answers. That of this browser goes with its cookie.
func (h *SAMLHandler) sloRequest(w http.ResponseWriter, r *http.Request, v visit, in saml.Incoming) error {
	req, err := judged(r.Context(), h, v, func(e saml.Expect) (*saml.LogoutRequest, error) { return saml.ParseLogoutRequest(in, e) })
	if err != nil {
		return err
	}
	if err := h.once(r.Context(), v.ws.ID, "logout "+req.Issuer+"\x00"+req.ID); err != nil {
		return err
	}
	n, err := h.Store.EndSAMLSessions(r.Context(), v.ws.ID, v.conn.IdP.EntityID, req.NameID.Value, req.SessionIndexes, h.Now())
	if err != nil {
		return err
	}
	h.log().InfoContext(r.Context(), "the identity provider signed a person out", "workspace", v.ws.ID, "sessions", n)
	if _, _, _, err := h.webSession(r, v.ws.ID); err != nil {
		h.setCookie(w, h.sessionCookie(v.ws.ID), "", 0)
	}
	o := saml.LogoutOptions{Binding: h.logoutBinding(v), InResponseTo: req.ID, RelayState: req.RelayState, Signer: v.signer, Now: h.Now()}
	m, err := saml.NewLogoutResponse(v.sp, v.idp, o)
	if code, _ := problem.Of(err); code == problem.SAMLNoEndpoint {
		return h.show(w, http.StatusOK, "signedout", signOutPage{Workspace: v.ws.ID, Name: v.ws.Name})
	}
	if err != nil {
		return fmt.Errorf("answering the sign-out: %w", err)
	}
	return h.carry(w, r, m)
}

func (h *SAMLHandler) logoutBinding(v visit) saml.Binding {
	if v.idp.SLORedirect == "" && v.idp.SLOPost != "" {
		return saml.POST
	}
	return saml.Redirect
}

// once refuses a message that came before, within the time that one is good.
func (h *SAMLHandler) once(ctx context.Context, workspace, id string) error {
	now := h.Now()
	err := h.Store.Exchange(ctx, nil, []store.Ticket{{
		Kind: store.TicketSeen, Hash: directory.HashToken(workspace + "\x00" + id), Workspace: workspace,
		Doc: []byte("{}"), Created: now, Expires: now.Add(requestLife),
	}}, now)
	if errors.Is(err, store.ErrExists) {
		return problem.Wrap(problem.SAMLReplayed, err)
	}
	return err
}

// signOut ends the browser's session here, and then the identity provider's
// where it offers that and knows of one.
func (h *SAMLHandler) signOut(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return problem.Wrap(problem.BadRequest, err)
	}
	s, _, _, err := h.webSession(r, v.ws.ID)
	h.setCookie(w, h.sessionCookie(v.ws.ID), "", 0)
	code, _ := problem.Of(err)
	switch {
	case code == problem.SessionGone:
		return h.show(w, http.StatusOK, "signedout", signOutPage{Workspace: v.ws.ID, Name: v.ws.Name})
	case err != nil:
		return err
	}
	if err := h.Store.EndSession(r.Context(), s.Hash, h.Now()); err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("ending the session: %w", err)
	}
	if s.SAML == nil || s.SAML.Issuer != v.idp.EntityID || v.idp.SLORedirect == "" && v.idp.SLOPost == "" {
		return h.show(w, http.StatusOK, "signedout", signOutPage{Workspace: v.ws.ID, Name: v.ws.Name})
	}
	m, err := saml.NewLogoutRequest(v.sp, v.idp, saml.LogoutOptions{
		Binding: h.logoutBinding(v), SessionIndex: s.SAML.Index, Signer: v.signer, Now: h.Now(),
		NameID: saml.NameID{Value: s.SAML.NameID, Format: s.SAML.Format, NameQualifier: s.SAML.NameQualifier, SPNameQualifier: s.SAML.SPNameQualifier},
	})
	if err != nil {
		return fmt.Errorf("asking the identity provider to sign out: %w", err)
	}
	now := h.Now()
	doc, err := json.Marshal(map[string]string{"session": s.ID})
	if err != nil {
		return err
	}
	err = h.Store.Exchange(r.Context(), nil, []store.Ticket{{
		Kind: store.TicketLogout, Hash: directory.HashToken(m.ID), Workspace: v.ws.ID, Doc: doc, Created: now, Expires: now.Add(requestLife),
	}}, now)
	if err != nil {
		return fmt.Errorf("remembering the sign-out: %w", err)
	}
	return h.carry(w, r, m)
}

// sloResponse is the end of a sign-out that began here. The session is gone
// already; what the answer says only chooses the sentence.
func (h *SAMLHandler) sloResponse(w http.ResponseWriter, r *http.Request, v visit, in saml.Incoming) error {
	resp, err := judged(r.Context(), h, v, func(e saml.Expect) (*saml.LogoutResponse, error) { return saml.ParseLogoutResponse(in, e) })
	if err != nil {
		return err
	}
	_, err = h.Store.TakeTicket(r.Context(), store.TicketKey{Kind: store.TicketLogout, Workspace: v.ws.ID, Hash: directory.HashToken(resp.InResponseTo)}, h.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return problem.Wrap(problem.SAMLLogoutRefused, errors.New("no such sign-out"))
	case err != nil:
		return fmt.Errorf("finishing the sign-out: %w", err)
	}
	return h.show(w, http.StatusOK, "signedout", signOutPage{Workspace: v.ws.ID, Name: v.ws.Name, Partly: !resp.Success})
}
