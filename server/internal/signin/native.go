package signin

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// appRequest is what a native app asked for (RFC 8252): an authorisation
// request of OAuth 2.0 with PKCE, S256 only (RFC 7636).
type appRequest struct {
	RedirectURI string `json:"redirect_uri"`
	State       string `json:"state,omitempty"`
	Challenge   string `json:"challenge"`
}

// challengeShape is a SHA-256 in base64url; verifierShape is of RFC 7636, 4.1.
var (
	challengeShape = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	verifierShape  = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)
)

// maxState is how long an app's state may be.
const maxState = 1000

// startApp begins the sign-in of a native app in the system browser. Until the
// address to return to is known to be allowed, failures stay on our page: to
// send the browser to any other would be an open redirect.
func (h *SAMLHandler) startApp(w http.ResponseWriter, r *http.Request) error {
	v, err := h.visit(r, false)
	if err != nil {
		return h.counted(r, err)
	}
	if r.URL.RawQuery == "" { // a person typed it
		http.Redirect(w, r, "/w/"+v.ws.ID+"/saml/login", http.StatusSeeOther)
		return nil
	}
	q := r.URL.Query()
	a := appRequest{RedirectURI: q.Get("redirect_uri"), State: q.Get("state"), Challenge: q.Get("code_challenge")}
	if ok, err := mayReturn(r.Context(), h.Store, v.conn, v.ws.ID, a.RedirectURI); err != nil {
		return err
	} else if len(q["redirect_uri"]) != 1 || !ok {
		return problem.New(problem.ReturnUnknown)
	}
	if len(a.State) > maxState {
		a.State = ""
		return h.deny(w, r, v, a, "invalid_request", "state is too long")
	}
	for name, values := range q {
		if len(values) > 1 {
			return h.deny(w, r, v, a, "invalid_request", "the parameter "+unsayable.ReplaceAllString(clippedHint(name), "'")+" is there twice")
		}
	}
	switch {
	case q.Get("response_type") != "code":
		return h.deny(w, r, v, a, "unsupported_response_type", "response_type must be code")
	case q.Get("code_challenge_method") != "S256":
		return h.deny(w, r, v, a, "invalid_request", "code_challenge_method must be S256")
	case !challengeShape.MatchString(a.Challenge):
		return h.deny(w, r, v, a, "invalid_request", "code_challenge is missing or malformed")
	}
	if byPage(r) {
		return h.show(w, http.StatusOK, "ask", askPage{Name: v.ws.Name, To: r.URL.RequestURI()})
	}
	return h.send(w, r, v, purpose{App: &a}, hintsOf(q))
}

// byPage reports whether a page of another site led the browser here. An app
// opens the address itself. Where the person is signed in at the provider, a
// page could otherwise have a code sent to whatever listens on loopback, unseen.
func byPage(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "cross-site" || site == "same-site"
}

// deny sends the browser back to the app with an error of OAuth 2.0.
func (h *SAMLHandler) deny(w http.ResponseWriter, r *http.Request, v visit, a appRequest, code, description string) error {
	why := problem.Detailf(problem.BadAppRequest, "%s.", description)
	return h.backToApp(w, r, v, a, url.Values{"error": {code}, "error_description": {description}}, why)
}

// oauthError is OAuth's name for a failure (RFC 6749, section 4.1.2.1).
func oauthError(err error) string {
	_, text := problem.Of(err)
	switch {
	case text.Status == http.StatusServiceUnavailable, text.Status == http.StatusTooManyRequests:
		return "temporarily_unavailable"
	case text.Status >= 500:
		return "server_error"
	}
	return "access_denied"
}

// unsayable is what an error_description must not hold.
var unsayable = regexp.MustCompile(`[^\x20-\x21\x23-\x5B\x5D-\x7E]`)

// describedTo is our code and sentence for a failure, within the characters of
// an error_description.
func describedTo(err error) string {
	code, text := problem.Of(err)
	return unsayable.ReplaceAllString(string(code)+": "+text.Sentence, "'")
}

// backToApp sends the browser to the app's return address, which was checked.
// Browsers may refuse to follow a redirect to a scheme of an app's own, so there
// a page offers the way.
func (h *SAMLHandler) backToApp(w http.ResponseWriter, r *http.Request, v visit, a appRequest, answer url.Values, why error) error {
	if ok, err := mayReturn(r.Context(), h.Store, v.conn, v.ws.ID, a.RedirectURI); err != nil {
		return err
	} else if !ok { // it may have been taken off the list meanwhile
		return problem.New(problem.ReturnUnknown)
	}
	u, err := url.Parse(a.RedirectURI)
	if err != nil {
		return problem.Wrap(problem.ReturnUnknown, err)
	}
	q := u.Query()
	for name, values := range answer {
		q[name] = values
	}
	q.Set("iss", h.PublicURL.String()) // RFC 9207: which server answers
	if a.State != "" {
		q.Set("state", a.State)
	}
	u.RawQuery = q.Encode()
	api.TraceOf(r.Context()).Err = why
	if u.Scheme == "http" || u.Scheme == "https" {
		http.Redirect(w, r, u.String(), http.StatusFound)
		return nil
	}
	return h.show(w, http.StatusOK, "app", appPage{To: u.String(), Failed: why != nil})
}

// grant is what a one-time code stands for.
type grant struct {
	App     appRequest            `json:"app"`
	User    string                `json:"user"`
	Result  parked                `json:"result"`
	Session directory.SAMLSession `json:"session"`
}

// finishApp gives the app a one-time code. It is bound to the challenge, the
// return address and the workspace, and no session exists until it is redeemed.
func (h *SAMLHandler) finishApp(w http.ResponseWriter, r *http.Request, v visit, k parked) error {
	a := *k.Purpose.App
	user, err := h.admitted(r.Context(), v, k)
	if err != nil {
		return h.backToApp(w, r, v, a, url.Values{"error": {oauthError(err)}, "error_description": {describedTo(err)}}, err)
	}
	doc, err := json.Marshal(grant{App: a, User: user.ID, Result: k, Session: k.Session})
	if err != nil {
		return err
	}
	now := h.Now()
	code := codePrefix + secret()
	err = h.Store.Exchange(r.Context(), nil, []store.Ticket{{
		Kind: store.TicketCode, Hash: directory.HashToken(code), Workspace: v.ws.ID,
		Doc: doc, Created: now, Expires: now.Add(codeLife),
	}}, now)
	if err != nil {
		return fmt.Errorf("storing the code: %w", err)
	}
	return h.backToApp(w, r, v, a, url.Values{"code": {code}}, nil)
}

// codePrefix lets people and secret scanners recognise a code.
const codePrefix = "lycode_"

// exchange turns a one-time code into a session. The code is spent before the
// verifier is looked at, so that a thief gets one guess. Unknown, spent, expired
// and stolen codes are all problem.CodeSpent.
func (h *Handler) exchange(w http.ResponseWriter, r *http.Request, req api.SessionRequest) error {
	ctx, trace := r.Context(), api.TraceOf(r.Context())
	ws, err := h.find(ctx, req.Workspace)
	if err != nil {
		return h.guessed(r, err)
	}
	trace.Workspace = ws.ID
	t, err := h.Store.TakeTicket(ctx, store.TicketKey{Kind: store.TicketCode, Workspace: ws.ID, Hash: directory.HashToken(req.Code)}, h.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return h.guessed(r, problem.Wrap(problem.CodeSpent, err))
	case err != nil:
		return fmt.Errorf("taking the code: %w", err)
	}
	var g grant
	if err := json.Unmarshal(t.Doc, &g); err != nil {
		return fmt.Errorf("reading the code: %w", err)
	}
	sum := sha256.Sum256([]byte(req.CodeVerifier))
	proof := base64.RawURLEncoding.EncodeToString(sum[:])
	switch {
	case !verifierShape.MatchString(req.CodeVerifier), subtle.ConstantTimeCompare([]byte(proof), []byte(g.App.Challenge)) != 1:
		return problem.Wrap(problem.CodeSpent, errors.New("wrong code_verifier"))
	case req.RedirectURI != g.App.RedirectURI:
		return problem.Wrap(problem.CodeSpent, errors.New("another redirect_uri than that of the request"))
	}
	conn, err := h.Store.SAML(ctx, ws.ID)
	if err != nil || conn.Disabled {
		return problem.Wrap(problem.SAMLNotSet, errors.Join(err, errors.New("no connection any more")))
	}
	if ok, err := mayReturn(ctx, h.Store, conn, ws.ID, g.App.RedirectURI); err != nil {
		return err
	} else if !ok {
		return problem.Wrap(problem.CodeSpent, errors.New("the return address was taken off the list meanwhile"))
	}
	trace.User = g.User
	who := claimed(g.Result)
	rule := visit{ws: ws, conn: conn}.rule(who)
	found, err := h.Store.User(ctx, ws.Directory, g.User)
	if errors.Is(err, store.ErrNotFound) {
		return problem.Wrap(problem.AccessEnded, err)
	} else if err != nil {
		return fmt.Errorf("looking for the person: %w", err)
	}
	var user directory.User
	token, session := newSession(h.Now(), h.TTL, ws, directory.User{ID: g.User}, req.Device)
	session.Method, session.SAML = directory.MethodSAML, &g.Session
	session.SAML.Who, session.SAML.Ends = directory.Claimed{Identity: who.Identity, Guest: who.guest}, g.Result.Ends
	out := secrets{token, refreshPrefix + secret() + "." + secret()}
	if !renewable(&session, out.refresh, session.Created, h.TTL, lifeWith(conn)) {
		out.refresh = ""
	}
	admit, err := people{h.Store, h.Now, session.Method}.entering(ctx, ws, found, func(now *directory.User) error { user = *now; return rule(now) })
	if err != nil {
		return err
	}
	if err := startSession(ctx, h.Store, ws, session, admit); err != nil {
		return err
	}
	return started(w, ws, user, out, session)
}
