// Package oauth gives access tokens to the programs that provision a workspace:
// OAuth 2.0 client credentials (RFC 6749 section 4.4) for a client secret or
// for a client assertion of the customer's own tenant (RFC 7523 section 2.2,
// which Microsoft calls workload identity federation).
//
// It decides how a client proves who it is and what it is told. What is wrong
// with an assertion is entra's verdict; that a secret, a client or an assertion
// is still good is judged by the store, in the transaction that keeps the new
// token. Access tokens are opaque, kept as hashes, and looked up by provisioning
// where every bearer token is.
package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// The bounds of what an administrator may set.
const (
	MinTokenLife  = 60 * time.Minute
	MaxTokenLife  = 360 * time.Minute
	MinSecretLife = 24 * time.Hour
	MaxSecretLife = 3 * 366 * 24 * time.Hour
)

// Store is what the token endpoint asks of the server's memory.
type Store interface {
	Client(ctx context.Context, workspace, id string) (store.Client, error)
	Clients(ctx context.Context, workspace string) ([]store.Client, error)
	GrantToken(ctx context.Context, client string, n store.Token, g store.Grant) (store.Client, error)
}

// Handler serves POST /scim/v2/{workspace}/oauth/token. All fields are required
// but Record.
type Handler struct {
	Store Store
	// Verifier judges assertions. Its client should reach the public internet
	// only: administrators of workspaces name the issuers.
	Verifier *entra.Verifier
	Now      func() time.Time
	Log      *slog.Logger
	// Limit returns problem.TooMany when the caller has asked too often.
	Limit func(*http.Request) error
	// Record is told of each request. Nil means that nobody is.
	Record func(store.Request)
}

// Path is where the endpoint of a workspace stands.
func Path(workspace string) string { return "/scim/v2/" + workspace + "/oauth/token" }

// Mount puts the handler in its place, beside provisioning.
func (h *Handler) Mount(mux *http.ServeMux) { mux.Handle("/scim/v2/{workspace}/oauth/token", h) }

// refusal is an error of RFC 6749 section 5.2.
type refusal struct {
	status int
	Code   string `json:"error"`
	Text   string `json:"error_description"`
	cause  error
}

func (r *refusal) Error() string {
	if r.cause == nil {
		return r.Code + ": " + r.Text
	}
	return r.Code + ": " + r.cause.Error()
}

func (r *refusal) Unwrap() error { return r.cause }

func invalid(text string) error {
	return &refusal{status: http.StatusBadRequest, Code: "invalid_request", Text: text}
}

// unknown is the one answer to every client that is not accepted: no such
// workspace or client, a wrong, expired or revoked secret, an assertion that
// fails a check or was used before. The difference would help a stranger.
func unknown(cause error) error {
	return &refusal{
		status: http.StatusUnauthorized, Code: "invalid_client", cause: cause,
		Text: "The client was not accepted. In Entra, check the client identifier, the client secret and the token endpoint.",
	}
}

// ServeHTTP answers a token request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := h.Now()
	ws := directory.CleanID(r.PathValue("workspace"))
	client, token, err := h.token(w, r, ws)
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Pragma", "no-cache")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Type", "application/json")
	rec := store.Request{
		At: began, Workspace: ws, Credential: client.ID, Method: method(r), Type: "oauth", Status: http.StatusOK,
		Request: header.Get("X-Request-Id"),
	}
	if err == nil {
		send(w, http.StatusOK, struct {
			Token   string `json:"access_token"`
			Type    string `json:"token_type"`
			Seconds int64  `json:"expires_in"`
		}{token.Reveal(), "Bearer", int64(client.TokenLife / time.Second)})
	} else {
		out := outward(err)
		h.log(r, ws, out, err)
		switch out.status {
		case http.StatusUnauthorized:
			header.Set("WWW-Authenticate", `Basic realm="SCIM"`)
		case http.StatusMethodNotAllowed:
			header.Set("Allow", http.MethodPost)
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			header.Set("Retry-After", "30")
		}
		rec.Status, rec.Kind, rec.Detail = out.status, out.Code, out.Text
		send(w, out.status, out)
	}
	if h.Record != nil {
		rec.Took = h.Now().Sub(began)
		h.Record(rec)
	}
}

func (h *Handler) log(r *http.Request, ws string, out *refusal, err error) {
	if out.status >= 500 {
		h.Log.ErrorContext(r.Context(), "scim access token failed", "status", out.status, "error", err)
		return
	}
	h.Log.WarnContext(r.Context(), "scim access token refused", "workspace_asked", fmt.Sprintf("%.64q", ws), "status", out.status, "error", err)
}

// outward is what the outside is told about err.
func outward(err error) *refusal {
	var r *refusal
	if errors.As(err, &r) {
		return r
	}
	switch code, _ := problem.Of(err); code {
	case problem.TooMany:
		return &refusal{status: http.StatusTooManyRequests, Code: "temporarily_unavailable", Text: "There were too many requests from this address. Try again soon."}
	case problem.NoEntra, problem.DatabaseDown:
		return &refusal{status: http.StatusServiceUnavailable, Code: "temporarily_unavailable", Text: "The client could not be checked just now. Try again soon."}
	}
	return &refusal{status: http.StatusInternalServerError, Code: "server_error", Text: "Something went wrong here. Try again soon."}
}

func send(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // who has hung up needs no answer
}

// token authenticates the client and makes an access token.
func (h *Handler) token(w http.ResponseWriter, r *http.Request, ws string) (store.Client, scim.Token, error) {
	if r.Method != http.MethodPost {
		return store.Client{}, "", &refusal{status: http.StatusMethodNotAllowed, Code: "invalid_request", Text: "Send a POST."}
	}
	if err := h.Limit(r); err != nil {
		return store.Client{}, "", err
	}
	q, err := read(w, r)
	if err != nil {
		return store.Client{}, "", err
	}
	client, grant, err := h.prove(r.Context(), ws, q)
	if err != nil {
		return store.Client{}, "", err
	}
	secret := scim.NewToken()
	n := store.Token{
		ID: client + "." + strings.ToLower(secret.Hash()[:8]), Workspace: ws, Hash: secret.Hash(), Created: h.Now(),
	}
	c, err := h.Store.GrantToken(r.Context(), client, n, grant)
	if errors.Is(err, store.ErrNotFound) {
		return c, "", unknown(fmt.Errorf("client %.64q of workspace %.64q, or its secret, is not in force, or the assertion was used before", client, ws))
	}
	if err != nil {
		return c, "", fmt.Errorf("granting a token: %w", err)
	}
	return c, secret, nil
}

// prove finds out which client asks and with what right.
func (h *Handler) prove(ctx context.Context, ws string, q request) (client string, g store.Grant, err error) {
	if q.assertion == "" {
		return q.client, store.Grant{SecretHash: scim.HashToken(q.secret)}, nil
	}
	var all []store.Client
	if q.client != "" {
		c, err := h.Store.Client(ctx, ws, q.client)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return "", g, fmt.Errorf("looking up a client: %w", err)
		}
		all = append(all, c)
	} else if all, err = h.Store.Clients(ctx, ws); err != nil {
		return "", g, fmt.Errorf("looking up clients: %w", err)
	}
	cause := errors.New("no client of the workspace has a federation")
	for _, c := range all {
		if c.Federation == (store.Federation{}) || !c.Revoked.IsZero() {
			continue
		}
		a, err := h.Verifier.VerifyAssertion(ctx, q.assertion, entra.ExpectAssertion(c.Federation))
		if err == nil {
			return c.ID, store.Grant{Assertion: a.ID, Expires: a.Expires, Federation: c.Federation}, nil
		}
		if code, _ := problem.Of(err); code == problem.NoEntra {
			return "", g, err
		}
		cause = err
	}
	return "", g, unknown(cause)
}
