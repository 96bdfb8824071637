package signin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// tokenPrefix lets people and secret scanners recognise a session token.
const tokenPrefix = "lyses_"

// tokenBytes are random, so that a plain SHA-256 of them is enough to keep.
const tokenBytes = 32

// start turns a Microsoft access token into a session. An attacker would try a
// token of another tenant, app or scope, an ID token, a forged one, a token of
// someone who left, and being quicker than the message that ends the access:
// the last is why StartSession asks directory.Admit again in its transaction.
//
// Outside there is one sentence for every refused token; which check failed is
// in the log.
func (h *Handler) start(w http.ResponseWriter, r *http.Request) error {
	if err := h.SignInLimit(r); err != nil {
		return err
	}
	var req api.SessionRequest
	if err := api.Read(w, r, &req); err != nil {
		return err
	}
	switch given, err := grantOf(req); {
	case err != nil:
		return err
	case given == grantCode:
		return h.exchange(w, r, req)
	case given == grantRefresh:
		return h.renew(w, r, req)
	}
	ctx, trace := r.Context(), api.TraceOf(r.Context())
	ws, err := h.find(ctx, req.Workspace)
	if err != nil {
		return h.guessed(r, err)
	}
	trace.Workspace = ws.ID
	id, err := h.verify(ctx, ws, req.AccessToken)
	if err != nil {
		return h.guessed(r, err)
	}
	user, err := h.admit(ctx, ws, id)
	if err == nil || errors.Is(err, problem.New(problem.ModuleOff)) {
		h.Proved(ctx, ws)
	}
	if err != nil {
		return oneSentence(err)
	}
	trace.User = user.ID
	token, session := newSession(h.Now(), h.TTL, ws, user, req.Device)
	session.Method = directory.MethodMicrosoft
	admit, err := people{h.Store, h.Now, session.Method}.entering(ctx, ws, user, func(now *directory.User) error {
		user = *now
		return directory.Admit(ws, now, id.Identity)
	})
	if err != nil {
		return err
	}
	if err := startSession(ctx, h.Store, ws, session, admit); err != nil {
		return oneSentence(err)
	}
	return started(w, ws, user, secrets{token: token}, session)
}

// startSession stores a session if admit, asked in the same transaction, lets
// the person in.
func startSession(ctx context.Context, st Store, ws directory.Workspace, n directory.Session, admit func(directory.User) error) error {
	err := st.StartSession(ctx, n, admit, directory.Event{
		At: n.Created, Directory: ws.Directory, Workspace: ws.ID,
		Kind: directory.SessionStarted, User: n.User, Session: n.ID,
	})
	switch {
	case errors.Is(err, store.ErrNotFound): // archived since a moment ago
		return problem.Wrap(problem.AccessEnded, err)
	case err != nil:
		return fmt.Errorf("starting the session: %w", err)
	}
	return nil
}

// secrets are what a client gets of a session. Only their hashes are kept.
type secrets struct{ token, refresh string }

// started hands the secrets of a session over, once.
func started(w http.ResponseWriter, ws directory.Workspace, u directory.User, s secrets, n directory.Session) error {
	return api.Write(w, http.StatusOK, api.Session{
		Token:               s.token,
		RefreshToken:        s.refresh,
		ExpiresAt:           n.Expires,
		Me:                  person(ws, u),
		OfflineGraceSeconds: int64(ws.OfflineGrace / time.Second),
	})
}

// guessed counts a failure as a look-up, so that names cannot be guessed faster
// here than there: alike whether the workspace exists or not, or being refused
// would tell. Whoever signs in is not counted.
func (h *Handler) guessed(r *http.Request, err error) error {
	if h.LookupLimit(r) != nil {
		return problem.Wrap(problem.TooMany, err)
	}
	return err
}

// identity is directory.Identity with what only linking needs to know.
type identity struct {
	directory.Identity
	guest bool
	// What SAML tells besides, for a person who is created.
	given, family string
	roles         []string
	// keyed says that ObjectID is no object id but a key of our own, which no
	// provisioner will ever send; borrowed that UserName is an address in the
	// place of a user name, which proves nothing.
	keyed, borrowed bool
	// fleeting says that the key was made of a name that may be given to others.
	fleeting bool
	// issuer is the identity provider that said all this.
	issuer string
	// mail is the e-mail address to create a person with, where Email is only what
	// they may be found by.
	mail string
}

// external is what a provisioner will call the person, or "".
func (id identity) external() string {
	if id.keyed {
		return ""
	}
	return id.ObjectID
}

// verify has the token judged by what the workspace expects.
func (h *Handler) verify(ctx context.Context, ws directory.Workspace, raw string) (identity, error) {
	m := completed(ws.Microsoft)
	if m.TenantID == "" && m.ClientID == "" {
		return identity{}, problem.Wrap(problem.ModuleOff, problem.New(problem.WorkspaceNotSet))
	}
	if !isSet(m) {
		return identity{}, problem.New(problem.WorkspaceNotSet)
	}
	who, err := h.Verifier.Verify(ctx, raw, entra.Expect{
		Authority: m.Authority,
		TenantID:  m.TenantID,
		Audience:  m.Audience,
		ClientIDs: []string{m.ClientID},
		Scope:     m.Scope,
	})
	if err != nil {
		return identity{}, oneSentence(err)
	}
	return identity{
		Identity: directory.Identity{
			ObjectID: who.ObjectID,
			TenantID: who.TenantID,
			UserName: who.UserName,
			Email:    who.Email,
			Name:     who.Name,
		},
		guest: who.Guest,
	}, nil
}

// oneSentence puts the public code in front of those which say what check a
// token failed. The log still has the inner one.
func oneSentence(err error) error {
	if code, _ := problem.Of(err); strings.HasPrefix(string(code), "LY-TOK-") && code != problem.TokenRefused {
		return problem.Wrap(problem.TokenRefused, err)
	}
	return err
}

// newSession makes a session and its token. Only the hash is ever kept.
func newSession(now time.Time, ttl time.Duration, ws directory.Workspace, u directory.User, device string) (string, directory.Session) {
	token := tokenPrefix + secret()
	now = now.UTC()
	return token, directory.Session{
		Hash:      directory.HashToken(token),
		ID:        uuid.NewString(),
		User:      u.ID,
		Workspace: ws.ID,
		Device:    deviceName(device),
		Created:   now,
		Expires:   now.Add(ttl),
	}
}

// deviceName keeps a name to one printable line that fits a list.
func deviceName(s string) string {
	const most = 80
	var out []rune
	for _, r := range strings.ToValidUTF8(s, "") {
		if r < 0x20 || (r >= 0x7f && r < 0xa0) {
			r = ' '
		}
		if out = append(out, r); len(out) == most {
			break
		}
	}
	return strings.TrimSpace(string(out))
}

// current returns the session of the request's bearer token. Unknown, expired
// and revoked are alike: problem.SessionGone.
func (h *Handler) current(r *http.Request) (directory.Session, directory.User, directory.Workspace, error) {
	var none directory.Session
	token, err := api.Bearer(r)
	if err != nil {
		return none, directory.User{}, directory.Workspace{}, err
	}
	s, u, ws, err := h.Store.Session(r.Context(), directory.HashToken(token), h.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return none, u, ws, problem.Wrap(problem.SessionGone, err)
	case err != nil:
		return none, u, ws, fmt.Errorf("looking for the session: %w", err)
	case s.Web:
		return none, u, ws, problem.Wrap(problem.SessionGone, errors.New("a browser's session is no bearer token"))
	case u.State != directory.Active:
		// The transaction that ends someone's access deletes the sessions;
		// this is the second look.
		return none, u, ws, problem.New(problem.AccessEnded)
	}
	trace := api.TraceOf(r.Context())
	trace.Workspace, trace.User = ws.ID, u.ID
	return s, u, ws, nil
}

// me returns the person as the workspace knows them now.
func (h *Handler) me(w http.ResponseWriter, r *http.Request) error {
	_, u, ws, err := h.current(r)
	if err != nil {
		return err
	}
	return api.Write(w, http.StatusOK, person(ws, u))
}

// end signs this device out, or with all=true every device of the person in
// this workspace.
func (h *Handler) end(w http.ResponseWriter, r *http.Request) error {
	all := r.URL.Query().Get("all")
	if all != "" && all != "true" && all != "false" {
		return problem.Detailf(problem.BadRequest, `The parameter all is "true" or "false".`)
	}
	s, u, ws, err := h.current(r)
	if err != nil {
		return err
	}
	if all == "true" {
		err = h.Store.EndUserSessions(r.Context(), ws.ID, u.ID, h.Now())
	} else {
		err = h.Store.EndSession(r.Context(), s.Hash, h.Now())
	}
	// Someone else may have ended it in between: then it has ended.
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("ending the session: %w", err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// person is what the API says about u.
func person(ws directory.Workspace, u directory.User) api.Person {
	p := directory.ProfileOf(u)
	return api.Person{
		ID:            u.ID,
		Workspace:     ws.ID,
		WorkspaceName: ws.Name,
		UserName:      p.UserName,
		DisplayName:   p.DisplayName,
		GivenName:     p.GivenName,
		FamilyName:    p.FamilyName,
		Email:         p.Email,
		Title:         p.Title,
		Department:    p.Department,
		Role:          p.Role,
		Picture:       p.Picture,
	}
}
