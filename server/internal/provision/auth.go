package provision

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// maxToken is the longest bearer token that is looked up, in bytes.
const maxToken = 512

// authenticate finds the workspace that a request speaks for. No token, a wrong
// one, an expired or revoked one, one of another workspace and a workspace that
// does not exist are answered alike: the difference would tell a stranger what
// exists. A database that fails is never a 401, since Entra stops a
// job at once whose credentials are refused.
func (h *Handler) authenticate(r *http.Request, segments []string) (*call, error) {
	c, err := h.identify(r, segments)
	if err == nil {
		return c, h.rates.take(c.ws, h.cfg.Now())
	}
	if code, _ := problem.Of(err); code == problem.SCIMUnauthorized && h.cfg.Strangers != nil {
		if limited := h.cfg.Strangers(r); limited != nil {
			return c, limited
		}
	}
	return c, err
}

func (h *Handler) identify(r *http.Request, segments []string) (*call, error) {
	clear, ok := bearer(r.Header)
	if !ok || len(segments) < 3 {
		return nil, problem.New(problem.SCIMUnauthorized)
	}
	// The clear text ends here: what is looked up, and could be logged, is its hash.
	c, err := h.whose(r, segments, directory.HashToken(clear))
	if err != nil {
		return nil, err
	}
	if directory.CleanID(segments[2]) != c.ws.ID {
		return nil, problem.Wrap(problem.SCIMUnauthorized, fmt.Errorf("credential %s is one of workspace %s", c.token, c.ws.ID))
	}
	c.base = strings.TrimSuffix(h.cfg.BaseURL.String(), "/") + Root + c.ws.ID
	if c.types, err = h.profiles.of(c.ws); err != nil {
		return c, fmt.Errorf("the provisioning settings of workspace %s: %w", c.ws.ID, err)
	}
	if !c.ws.SCIMEnabled {
		return c, disabled(c.ws.ID)
	}
	return c, nil
}

// disabled is the answer while provisioning is switched off (row D2): 403, so
// that Entra stops the job and says why.
func disabled(workspace string) error {
	text := problem.Lookup(problem.SCIMDisabled)
	return &scim.Error{
		Status: http.StatusForbidden,
		Detail: text.Sentence + " Whoever runs Lanyard switches it on with: lanyardd workspace set " + workspace +
			" --scim on. Then press Test Connection in Microsoft Entra again. (" + string(problem.SCIMDisabled) + ")",
	}
}

// whose finds out who a token speaks for: the provisioner of a workspace or, at
// /Me alone, a person who is signed in.
func (h *Handler) whose(r *http.Request, segments []string, hash string) (*call, error) {
	ctx := r.Context()
	if h.cfg.ClientIP != nil {
		ctx = store.From(ctx, h.cfg.ClientIP(r))
	}
	token, ws, err := h.cfg.Store.TokenByHash(ctx, hash, h.cfg.Now())
	switch {
	case err == nil:
		ws.SCIMStrict = ws.SCIMStrict || token.Strict
		return &call{h: h, ws: ws, token: token.ID}, nil
	case !errors.Is(err, store.ErrNotFound):
		return nil, fmt.Errorf("looking up a SCIM token: %w", err)
	case len(segments) != 4 || segments[3] != "Me":
		return nil, problem.Wrap(problem.SCIMUnauthorized, err)
	}
	s, u, ws, err := h.cfg.Store.Session(r.Context(), hash, h.cfg.Now())
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && u.State != directory.Active:
		return nil, problem.Wrap(problem.SCIMUnauthorized, err)
	case err != nil:
		return nil, fmt.Errorf("looking up a session: %w", err)
	}
	return &call{h: h, ws: ws, token: s.ID, self: u.ID}, nil
}

// bearer returns the token of the Authorization header (RFC 6750 section 2.1).
func bearer(header http.Header) (string, bool) {
	values := header.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(scheme, "Bearer") && token != "" && len(token) <= maxToken
}
