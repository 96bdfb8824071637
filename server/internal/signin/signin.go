// Package signin turns a Microsoft access token into a session of a workspace,
// and answers what a client asks before and after that.
//
// It connects: entra says who a token is about, directory whether that person
// may come in, and store remembers. It decides how a person of Microsoft is
// found in the directory (by object id; once by user name where the workspace
// allows it), and creates people at sign-in where the workspace wants that.
// Telling clients that a session ended is deliver's job.
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
	"github.com/lanyard-sso/lanyard/server/internal/entra"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Store is what signing in asks of the server's memory, and no more.
type Store interface {
	Workspace(ctx context.Context, id string) (directory.Workspace, error)
	WorkspaceByDomain(ctx context.Context, domain string) (directory.Workspace, error)
	WorkspaceNamed(ctx context.Context, name string, now time.Time) (directory.Workspace, error)
	UserByObjectID(ctx context.Context, dir, oid string) (directory.User, error)
	UserByUserName(ctx context.Context, dir, name string) (directory.User, error)
	FindUsers(ctx context.Context, dir string, q store.Query) ([]directory.User, int, error)
	InsertUser(ctx context.Context, u directory.User, events ...directory.Event) error
	LinkObjectID(ctx context.Context, dir, user, oid string, now time.Time) error
	StartSession(ctx context.Context, s directory.Session, admit func(directory.User) error, ev directory.Event) error
	Session(ctx context.Context, hash string, now time.Time) (directory.Session, directory.User, directory.Workspace, error)
	EndSession(ctx context.Context, hash string, now time.Time) error
	EndUserSessions(ctx context.Context, workspace, user string, now time.Time) error
	SAML(ctx context.Context, workspace string) (directory.SAML, error)
	Mobile(ctx context.Context, workspace string) (directory.Mobile, error)
	TakeTicket(ctx context.Context, key store.TicketKey, now time.Time) (store.Ticket, error)
	RenewSession(ctx context.Context, r store.Refresh, now time.Time, renew func(*directory.Session, directory.User) error) (directory.Session, directory.User, error)
	Ticket(ctx context.Context, key store.TicketKey, now time.Time) (store.Ticket, error)
	User(ctx context.Context, dir, id string) (directory.User, error)
	Policy(ctx context.Context, ws directory.Workspace, now time.Time) (directory.Policy, error)
	Gate(ctx context.Context, ws directory.Workspace, m directory.Method, u directory.User, now time.Time) (directory.Gate, error)
	NoteRefused(r store.Refused)
	Renewing(ctx context.Context, workspace, family string, now time.Time) (directory.Session, directory.User, error)
}

// Verifier judges Microsoft's tokens. *entra.Verifier is the real one.
type Verifier interface {
	Verify(ctx context.Context, raw string, want entra.Expect) (entra.Identity, error)
}

// Handler serves /v1/workspaces, /v1/discover, /v1/session and /v1/me. All
// fields are required.
type Handler struct {
	Store    Store
	Verifier Verifier
	// PublicURL is the server's, for the addresses of SAML.
	PublicURL *url.URL
	Now       func() time.Time
	// TTL is how long a session lasts.
	TTL time.Duration
	// LookupLimit and SignInLimit return problem.TooMany when the caller has
	// asked too often.
	LookupLimit, SignInLimit func(*http.Request) error
	// Proved is told that Microsoft's sign-in works as a workspace has it set up:
	// somebody who may enter came with a good token, whether the module is switched
	// on for everybody yet or not.
	Proved func(ctx context.Context, ws directory.Workspace)
}

// Mount puts the handlers on mux.
func (h *Handler) Mount(mux *http.ServeMux) {
	mux.Handle("GET /v1/workspaces/{id}", api.Func(h.workspace))
	mux.Handle("POST /v1/discover", api.Func(h.discover))
	mux.Handle("POST /v1/session", api.Func(h.start))
	mux.Handle("DELETE /v1/session", api.Func(h.end))
	mux.Handle("GET /v1/me", api.Func(h.me))
}

// workspace tells a client what it needs to begin a sign-in. It is open to
// everybody, so it is limited per address and holds nothing secret. Someone
// who guesses names learns which exist, as they would from the sign-in page.
func (h *Handler) workspace(w http.ResponseWriter, r *http.Request) error {
	if err := h.LookupLimit(r); err != nil {
		return err
	}
	ws, err := h.find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return h.tell(w, r, ws)
}

// tell answers with what everybody may know about a workspace.
func (h *Handler) tell(w http.ResponseWriter, r *http.Request, ws directory.Workspace) error {
	out := public(ws)
	policy, err := h.Store.Policy(r.Context(), ws, h.Now())
	if err != nil {
		return err
	}
	if policy.Offers(directory.MethodMicrosoft) != nil {
		out.Microsoft = nil
	}
	c, err := h.Store.SAML(r.Context(), ws.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return fmt.Errorf("reading the SAML connection: %w", err)
	case usable(c) && !c.Disabled && policy.Offers(directory.MethodSAML) == nil:
		out.SAML = &api.SAML{
			Start:         h.PublicURL.JoinPath("w", ws.ID, "sso").String(),
			Login:         URLsOf(h.PublicURL, ws.ID).Login,
			UserAccessURL: c.UserAccessURL,
		}
	}
	if out.Mobile, err = registered(r.Context(), h.Store, ws); err != nil {
		return err
	}
	return api.Write(w, http.StatusOK, out)
}

// discover finds the workspace of an e-mail address by its domain. The part
// before the @ is not looked at, let alone looked up: the answer is the same
// whether that person exists or not, and takes the same time (row H2).
func (h *Handler) discover(w http.ResponseWriter, r *http.Request) error {
	if err := h.LookupLimit(r); err != nil {
		return err
	}
	var req api.DiscoverRequest
	if err := api.Read(w, r, &req); err != nil {
		return err
	}
	domain, err := domainOf(req.Email)
	if err != nil {
		return err
	}
	ws, err := h.Store.WorkspaceByDomain(r.Context(), domain)
	if err != nil {
		return unknown(err)
	}
	return h.tell(w, r, ws)
}

// domainOf returns the domain of an address in small letters. It does not try
// to judge the rest of the address: only Microsoft can say whether it is one.
func domainOf(email string) (string, error) {
	local, domain, ok := cutLast(strings.TrimSpace(email), "@")
	domain = strings.TrimSuffix(strings.ToLower(domain), ".")
	if !ok || local == "" || domain == "" || len(domain) > 253 || strings.ContainsAny(domain, " \t\r\n\x00/") {
		return "", problem.Detailf(problem.BadRequest, "This is not an e-mail address.")
	}
	return domain, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// find looks a workspace up by the id or name someone typed, in any case. A name
// that could not be one is just as unknown as one that nobody took.
func (h *Handler) find(ctx context.Context, typed string) (directory.Workspace, error) {
	ws, err := findWorkspace(ctx, h.Store, typed)
	if code, _ := problem.Of(err); code != problem.UnknownWorkspace || directory.ValidID(directory.CleanID(typed)) != nil {
		return ws, err
	}
	if ws, err = h.Store.WorkspaceNamed(ctx, directory.CleanID(typed), h.Now()); err != nil {
		return ws, unknown(err)
	}
	return ws, nil
}

func findWorkspace(ctx context.Context, st Store, typed string) (directory.Workspace, error) {
	id := directory.CleanID(typed)
	if len(id) > 63 || strings.ContainsRune(id, 0) {
		return directory.Workspace{}, problem.New(problem.UnknownWorkspace)
	}
	ws, err := st.Workspace(ctx, id)
	if err != nil {
		return directory.Workspace{}, unknown(err)
	}
	return ws, nil
}

func unknown(err error) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalid) {
		return problem.Wrap(problem.UnknownWorkspace, err)
	}
	return fmt.Errorf("looking for the workspace: %w", err)
}

// public is what everybody may know about a workspace.
func public(ws directory.Workspace) api.Workspace {
	out := api.Workspace{
		ID:                  ws.ID,
		Name:                ws.Name,
		OfflineGraceSeconds: int64(ws.OfflineGrace / time.Second),
	}
	if m := completed(ws.Microsoft); isSet(m) {
		out.Microsoft = &api.Microsoft{
			Authority:  m.Authority + "/" + m.TenantID,
			TenantID:   m.TenantID,
			ClientID:   m.ClientID,
			Scope:      m.Scope,
			DomainHint: m.DomainHint,
		}
	}
	return out
}

// isSet reports whether sign-in with Microsoft is set up.
func isSet(m directory.Microsoft) bool { return m.TenantID != "" && m.ClientID != "" }

// completed fills in the defaults that directory.Microsoft documents.
func completed(m directory.Microsoft) directory.Microsoft {
	m.Authority = strings.TrimSuffix(m.Authority, "/")
	if m.Authority == "" {
		m.Authority = "https://login.microsoftonline.com"
	}
	if m.Audience == "" {
		m.Audience = m.ClientID
	}
	if m.Scope == "" {
		m.Scope = "api://" + m.ClientID + "/access_as_user"
	}
	return m
}
