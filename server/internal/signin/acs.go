package signin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// parked is a verified answer with what was asked for, on its way from acs to
// done. Every value in it was covered by a signature.
type parked struct {
	Purpose  purpose               `json:"purpose"`
	Session  directory.SAMLSession `json:"session"`
	Identity saml.Identity         `json:"identity"`
	// Ends is when the provider's session ends, where it said so.
	Ends time.Time `json:"ends,omitzero"`
	// Test is what a test shows of the answer.
	Test *TestResult `json:"test,omitempty"`
}

// acs is the assertion consumer service. It decides nothing about the browser
// that brought the response, which has no cookie of ours here: see SAMLHandler.
//
// An attacker would try a forged, altered, stolen or repeated response, one for
// another workspace, one that nobody asked for, and one of their own in the
// browser of somebody else. The last is refused by done.
func (h *SAMLHandler) acs(w http.ResponseWriter, r *http.Request) error {
	if err := h.Limit(r); err != nil {
		return err
	}
	v, err := h.visit(r, true)
	if err != nil {
		return err
	}
	form, err := formOf(w, r)
	if err != nil {
		return err
	}
	field, err := one(form, "SAMLResponse")
	if err != nil {
		return err
	}
	ctx, relay := r.Context(), form.Get("RelayState")
	a, err := judged(ctx, h, v, func(e saml.Expect) (*saml.Assertion, error) { return saml.ReadResponse(field, e) })
	if err != nil {
		return h.refused(w, r, v, relay, err)
	}
	if a.InResponseTo == "" {
		return h.unsolicited(w, r, v, a, relay)
	}
	p, found, err := h.recall(ctx, v.ws.ID, directory.HashToken(a.InResponseTo))
	switch {
	case err != nil:
		return err
	case !found:
		return h.unanswerable(ctx, v, a)
	case p.Test == "":
		if err := h.on(ctx, v); err != nil {
			return err
		}
	}
	if err := v.demanded(a, p.Asked); err != nil {
		return h.refused(w, r, v, relay, err)
	}
	return h.park(w, r, v, a, p)
}

// demanded compares how the person was authenticated with what the workspace
// demands. That it was asked for says nothing: whoever has the browser can take
// it out of a request, which the provider does not know to be signed.
func (v visit) demanded(a *saml.Assertion, asked time.Time) error {
	if v.conn.ForceAuthn && a.AuthnInstant.Before(asked.Add(-cmp.Or(v.conn.Skew, saml.DefaultSkew))) {
		return problem.Detailf(problem.SAMLAuthnWeak, "The person was asked at %s, and had to be asked again.", a.AuthnInstant.UTC().Format(time.RFC3339))
	}
	want := v.conn.AuthnContext
	if want != "" && a.AuthnContext != want && !slices.Contains(a.Values(saml.ClaimAuthnMethods), want) {
		return problem.Detailf(problem.SAMLAuthnWeak, "The workspace demands %s, and it was %s.", saml.Shown(want), saml.Shown(a.AuthnContext))
	}
	return nil
}

// formOf reads a form of a bounded size. The session cookie plays no part here.
func formOf(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if t, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(t), "application/x-www-form-urlencoded") {
		return nil, problem.Detailf(problem.BadRequest, "A form was expected.")
	}
	if err := r.ParseForm(); err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return nil, problem.Wrap(problem.SAMLTooLarge, err)
		}
		return nil, problem.Wrap(problem.SAMLMalformed, err)
	}
	return r.PostForm, nil
}

// one returns a field that must be there once.
func one(form url.Values, name string) (string, error) {
	if len(form[name]) != 1 {
		return "", problem.Detailf(problem.SAMLMalformed, "The form has %d fields %s; one was expected.", len(form[name]), name)
	}
	return form[name][0], nil
}

// unanswerable says why an answer has no request: it was taken already, or was
// never asked for here, or too long ago.
func (h *SAMLHandler) unanswerable(ctx context.Context, v visit, a *saml.Assertion) error {
	_, err := h.Store.Ticket(ctx, store.TicketKey{Kind: store.TicketSeen, Workspace: v.ws.ID, Hash: seenHash(v.ws.ID, a)}, h.Now())
	if err == nil {
		return problem.Wrap(problem.SAMLReplayed, errors.New("the assertion was taken before"))
	}
	if !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("looking for a replay: %w", err)
	}
	return problem.Wrap(problem.SAMLInResponseTo, errors.New("no such request, or too long ago"))
}

// seenHash is how an assertion is remembered: by workspace, issuer and ID.
func seenHash(workspace string, a *saml.Assertion) string {
	return directory.HashToken(workspace + "\x00" + a.Issuer + "\x00" + a.ID)
}

// unsolicited does with a response that nobody asked for what the workspace
// wants (row B20). RelayState is a path on this server, or nothing.
func (h *SAMLHandler) unsolicited(w http.ResponseWriter, r *http.Request, v visit, a *saml.Assertion, relay string) error {
	back := ownPath(relay)
	if err := h.on(r.Context(), v); err != nil {
		return err
	}
	switch {
	case v.conn.IdPInitiated == directory.IdPReject:
		return problem.New(problem.SAMLUnsolicited)
	case strings.HasPrefix(relay, relayPrefix):
		// We asked, and the answer does not say so: asking again would go on
		// for ever.
		return problem.Wrap(problem.SAMLInResponseTo, errors.New("the answer to a request names none"))
	case v.conn.IdPInitiated == directory.IdPAccept && v.demanded(a, h.Now()) == nil:
		id := "unsolicited " + secret()
		return h.park(w, r, v, a, purpose{ID: id, Binding: h.bind(w, r, id), Return: back})
	}
	bounce(w, r, v.ws.ID, back)
	return nil
}

// bounce has the browser ask for a sign-in of its own.
func bounce(w http.ResponseWriter, r *http.Request, workspace, back string) {
	to := "/w/" + workspace + "/saml/login"
	if back != "" {
		to += "?return_to=" + url.QueryEscape(back)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// park spends the request, remembers the assertion and keeps the result for the
// browser that began, all or nothing, and sends the browser on to fetch it.
func (h *SAMLHandler) park(w http.ResponseWriter, r *http.Request, v visit, a *saml.Assertion, p purpose) error {
	now := h.Now()
	k := parked{Purpose: p, Session: sessionOf(a), Identity: a.Identity, Ends: a.SessionNotOnOrAfter}
	k.Identity.Roles = v.rolesFrom(a.Identity)
	if p.Test != "" {
		k.Test = h.tested(v, a)
	}
	doc, err := json.Marshal(k)
	if err != nil {
		return err
	}
	handle := secret()
	put := []store.Ticket{
		{Kind: store.TicketSeen, Hash: seenHash(v.ws.ID, a), Workspace: v.ws.ID, Doc: []byte("{}"), Created: now, Expires: a.NotOnOrAfter.Add(seenSlack)},
		{Kind: store.TicketParked, Hash: directory.HashToken(handle), Workspace: v.ws.ID, Doc: doc, Created: now, Expires: now.Add(parkedLife)},
	}
	var take []store.TicketKey
	if p.Relay != "" {
		for _, hash := range []string{directory.HashToken(p.ID), p.Relay} {
			take = append(take, store.TicketKey{Kind: store.TicketRequest, Workspace: v.ws.ID, Hash: hash})
		}
	}
	switch err := h.Store.Exchange(r.Context(), take, put, now); {
	case errors.Is(err, store.ErrExists):
		return problem.Wrap(problem.SAMLReplayed, err)
	case errors.Is(err, store.ErrNotFound): // another response was quicker
		return h.unanswerable(r.Context(), v, a)
	case err != nil:
		return fmt.Errorf("parking the result: %w", err)
	}
	http.Redirect(w, r, "/w/"+v.ws.ID+"/saml/done?r="+handle, http.StatusSeeOther)
	return nil
}

func sessionOf(a *saml.Assertion) directory.SAMLSession {
	s := directory.SAMLSession{
		Issuer: a.Issuer, NameID: a.NameID.Value, Format: a.NameID.Format,
		NameQualifier: a.NameID.NameQualifier, SPNameQualifier: a.NameID.SPNameQualifier,
		Index: a.SessionIndex, Email: a.Identity.Email, Attributes: map[string][]string{},
	}
	if s.Email == "" && s.Format == saml.FormatEmail && strings.Contains(s.NameID, "@") {
		s.Email = s.NameID
	}
	for _, at := range a.Attributes {
		s.Attributes[at.Name] = append(s.Attributes[at.Name], at.Values...)
	}
	return s
}

// refused tells whoever asked why there is no sign-in. What the response says
// is not believed; only its RelayState tells, to those who know it, what was
// asked for.
func (h *SAMLHandler) refused(w http.ResponseWriter, r *http.Request, v visit, relay string, why error) error {
	if !strings.HasPrefix(relay, relayPrefix) {
		return why
	}
	p, found, err := h.recall(r.Context(), v.ws.ID, directory.HashToken(relay))
	switch {
	case err != nil:
		return errors.Join(why, err)
	case !found:
		return why
	case p.Test != "":
		return h.testFailed(w, r, v, p, why)
	case p.App != nil:
		return h.backToApp(w, r, v, *p.App, url.Values{"error": {oauthError(why)}, "error_description": {describedTo(why)}}, why)
	}
	return why
}

// done finishes a sign-in in the browser that began it. The handle alone is
// worth nothing: the cookie has to be there. It is spent before that is looked
// at, so that a thief gets one guess.
func (h *SAMLHandler) done(w http.ResponseWriter, r *http.Request) error {
	if err := h.Limit(r); err != nil {
		return err
	}
	v, err := h.visit(r, true)
	if err != nil {
		return err
	}
	key := store.TicketKey{Kind: store.TicketParked, Workspace: v.ws.ID, Hash: directory.HashToken(r.URL.Query().Get("r"))}
	t, err := h.Store.TakeTicket(r.Context(), key, h.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return problem.Wrap(problem.SAMLInResponseTo, err)
	case err != nil:
		return fmt.Errorf("taking the result: %w", err)
	}
	var k parked
	if err := json.Unmarshal(t.Doc, &k); err != nil {
		return fmt.Errorf("reading the result: %w", err)
	}
	if !h.boundTo(w, r, k.Purpose.ID, k.Purpose.Binding) {
		return problem.Wrap(problem.SAMLOtherBrowser, errors.New("the cookie of the sign-in is missing or another's"))
	}
	if k.Purpose.Test != "" {
		return h.finishTest(w, r, v, k)
	}
	if err := h.on(r.Context(), v); err != nil {
		return err
	}
	if k.Purpose.App != nil {
		return h.finishApp(w, r, v, k)
	}
	return h.finishWeb(w, r, v, k)
}

// finishWeb gives the browser a session. Whoever is let in is asked again in
// the transaction that stores it, as for every session.
//
// A sign-in replaces the session that the browser had, unless nobody asked for
// it and the session is another person's: any page could have posted it, to have
// somebody work under the name of whoever made the page.
func (h *SAMLHandler) finishWeb(w http.ResponseWriter, r *http.Request, v visit, k parked) error {
	user, err := h.admitted(r.Context(), v, k)
	if err != nil {
		return h.offerLink(w, r, linking{
			Method: directory.MethodSAML, Workspace: v.ws.ID, Identity: keptOf(claimed(k)), SAML: &k.Session, Ends: k.Ends, Return: k.Purpose.Return,
			Asked: k.Purpose.Relay != "",
		}, err)
	}
	old, _, _, gone := h.webSession(r, v.ws.ID)
	if gone == nil && old.User != user.ID && k.Purpose.Relay == "" {
		bounce(w, r, v.ws.ID, ownPath(k.Purpose.Return))
		return nil
	}
	return h.enterWeb(w, r, entrance{
		ws: v.ws, user: user, method: directory.MethodSAML, rule: v.rule(claimed(k)), back: k.Purpose.Return,
		saml: &k.Session, ends: k.Ends,
	})
}

// browserName is what a session of a browser is listed as.
func browserName(r *http.Request) string {
	agent := r.UserAgent()
	for _, known := range []struct{ mark, name string }{
		{"Edg/", "Edge"},
		{"Firefox/", "Firefox"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
	} {
		if strings.Contains(agent, known.mark) {
			return known.name
		}
	}
	return "Browser"
}
