package mobile

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// historyShown is how many changes are told of.
const historyShown = 20

// Handler lets administrators register apps over HTTP, in JSON. All fields are
// required.
type Handler struct {
	Setup *Setup
	// Admin says who makes a request, if they may administer the workspace of
	// that id, which may not exist. Its error is answered as it is. Whoever is
	// nobody, that is "", is refused, and so is everybody where Admin is nil.
	Admin func(r *http.Request, workspace string) (who string, err error)
}

// Mount puts the handlers on mux.
func (h *Handler) Mount(mux *http.ServeMux) {
	// A page of another site must not act with an administrator's cookie. The
	// JSON content type alone keeps forms away; this keeps away the rest.
	same := http.NewCrossOriginProtection()
	same.SetDenyHandler(api.Func(func(http.ResponseWriter, *http.Request) error {
		return problem.Detailf(problem.BadRequest, "The request came from a page of another site.")
	}))
	for pattern, f := range map[string]func(http.ResponseWriter, *http.Request, access) error{
		"GET /workspaces/{ws}/mobile":         h.show,
		"PATCH /workspaces/{ws}/mobile":       h.set,
		"POST /workspaces/{ws}/mobile/remove": h.remove,
	} {
		mux.Handle(pattern, same.Handler(h.admitted(f)))
	}
}

// access is who asks about which workspace.
type access struct{ workspace, who string }

func (h *Handler) admitted(f func(http.ResponseWriter, *http.Request, access) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := access{workspace: directory.CleanID(r.PathValue("ws"))}
		err := problem.New(problem.NotFound) // which workspaces there are is nobody's business
		if h.Admin != nil {
			var refused error
			if a.who, refused = h.Admin(r, a.workspace); refused != nil || a.who != "" {
				err = refused
			}
		}
		if err == nil {
			api.TraceOf(r.Context()).Workspace = a.workspace
			err = f(w, r, a)
		}
		if err != nil {
			api.FailWith(w, r, err, func(p api.Problem) any { return refusal(p, err) })
		}
	})
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request, a access) error {
	out, err := h.Setup.Show(r.Context(), a.workspace)
	if err != nil {
		return err
	}
	acts, err := h.Setup.History(r.Context(), a.workspace, historyShown)
	if err != nil {
		return fmt.Errorf("reading the changes: %w", err)
	}
	return api.Write(w, http.StatusOK, out.With(acts))
}

func (h *Handler) set(w http.ResponseWriter, r *http.Request, a access) error {
	var in Input
	if err := api.Read(w, r, &in); err != nil {
		return err
	}
	if in.count() == 0 {
		return problem.Detailf(problem.BadRequest, "Nothing is entered: give apple, android, redirect_uris or msal.")
	}
	if checking(r) {
		return answer(w)(h.Setup.Check(r.Context(), a.workspace, in))
	}
	return answer(w)(h.Setup.Set(r.Context(), a.workspace, a.who, in))
}

func (h *Handler) remove(w http.ResponseWriter, r *http.Request, a access) error {
	var gone Removal
	if err := api.Read(w, r, &gone); err != nil {
		return err
	}
	if reflect.DeepEqual(gone, Removal{Version: gone.Version}) {
		return problem.Detailf(problem.BadRequest, "Nothing is named to be removed.")
	}
	if checking(r) {
		return answer(w)(h.Setup.CheckRemove(r.Context(), a.workspace, gone))
	}
	return answer(w)(h.Setup.Remove(r.Context(), a.workspace, a.who, gone))
}

func checking(r *http.Request) bool { return r.URL.Query().Get("check") == "true" }

func answer(w http.ResponseWriter) func(Outcome, error) error {
	return func(out Outcome, err error) error {
		if err != nil {
			return err
		}
		return api.Write(w, http.StatusOK, out.Document())
	}
}

// RefusalDocument is why nothing was stored, in JSON (RFC 9457).
type RefusalDocument struct {
	api.Problem
	Faults []FaultDocument `json:"faults,omitempty"`
	// Stored and Wanted are set where somebody else was quicker.
	Stored *Document `json:"stored,omitempty"`
	Wanted *Document `json:"wanted,omitempty"`
}

// FaultDocument is a Fault in JSON.
type FaultDocument struct {
	Field    string       `json:"field"`
	Code     problem.Code `json:"code"`
	Sentence string       `json:"sentence"`
	Detail   string       `json:"detail,omitempty"`
	// Right is what should have been entered, where that is known.
	Right string `json:"right,omitempty"`
	Next  string `json:"next"`
}

func refusal(p api.Problem, err error) RefusalDocument {
	d := RefusalDocument{Problem: p}
	for _, f := range Faults(err) {
		code, text := problem.Of(f)
		d.Faults = append(d.Faults, FaultDocument{f.Field, code, text.Sentence, problem.DetailOf(f), redirect.Right(f), text.Next})
	}
	var c *Conflict
	if errors.As(err, &c) {
		stored, wanted := Outcome{Mobile: c.Stored}.Document(), Outcome{Mobile: c.Wanted}.Document()
		d.Stored, d.Wanted = &stored, &wanted
	}
	return d
}
