package signin

import (
	"context"
	"net/http"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Addresses has people confirm e-mail addresses that an administrator entered.
// *domains.Flow is the real one. The errors are problem.EmailLink.
type Addresses interface {
	// Address says which address a link confirms; Confirm spends it.
	Address(ctx context.Context, ws directory.Workspace, token string) (string, error)
	Confirm(ctx context.Context, ws directory.Workspace, token string) (string, error)
}

// addressPage asks whoever holds a link to confirm an address, or thanks them.
type addressPage struct {
	Workspace, Name, Token, Email string
	Done                          bool
}

// confirming finds the workspace of a request with a link.
func (h *SAMLHandler) confirming(r *http.Request) (directory.Workspace, error) {
	if err := h.PasswordLimit(r); err != nil { // a secret that could be guessed at
		return directory.Workspace{}, err
	}
	ws, err := findWorkspace(r.Context(), h.Store, r.PathValue("ws"))
	if err != nil {
		return ws, h.counted(r, err)
	}
	api.TraceOf(r.Context()).Workspace = ws.ID
	if h.Addresses == nil {
		return ws, problem.New(problem.EmailLink)
	}
	return ws, nil
}

// addressPage shows the button. Opening a link spends nothing.
func (h *SAMLHandler) addressPage(w http.ResponseWriter, r *http.Request) error {
	ws, err := h.confirming(r)
	if err != nil {
		return err
	}
	token := r.URL.Query().Get("t")
	email, err := h.Addresses.Address(r.Context(), ws, token)
	if err != nil {
		return err
	}
	return h.show(w, http.StatusOK, "address", addressPage{Workspace: ws.ID, Name: ws.Name, Token: token, Email: email})
}

// confirmAddress spends the link. Nobody is signed in by it.
func (h *SAMLHandler) confirmAddress(w http.ResponseWriter, r *http.Request) error {
	ws, err := h.confirming(r)
	if err != nil {
		return err
	}
	form, err := ownForm(w, r)
	if err != nil {
		return err
	}
	email, err := h.Addresses.Confirm(r.Context(), ws, form.Get("t"))
	if err != nil {
		return err
	}
	return h.show(w, http.StatusOK, "address", addressPage{Workspace: ws.ID, Name: ws.Name, Email: email, Done: true})
}
