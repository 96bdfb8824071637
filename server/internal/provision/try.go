package provision

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Tried is what a request would have been answered.
type Tried struct {
	Status int
	// Body is the answer.
	Body []byte
	// Name is what the resource is known by, Changed the names of the attributes
	// that would have changed.
	Name    string
	Changed []string
}

// Try answers a request for a workspace as if it had come from its provisioner,
// and changes nothing: see [store.Trying]. The path begins after the workspace:
// /Users/…. The error is about the server; a request that is refused is Tried.
func (h *Handler) Try(ctx context.Context, ws directory.Workspace, method, path string, body []byte) (Tried, error) {
	c := &call{h: h, ws: ws, token: "dry-run", base: strings.TrimSuffix(h.cfg.BaseURL.String(), "/") + Root + ws.ID}
	var err error
	if c.types, err = h.profiles.of(ws); err != nil {
		return Tried{}, fmt.Errorf("the provisioning settings of workspace %s: %w", ws.ID, err)
	}
	r, err := http.NewRequestWithContext(store.Trying(ctx), method, "http://localhost/"+strings.TrimPrefix(path, "/"), bytes.NewReader(body))
	if err != nil {
		return Tried{}, &scim.Error{Status: http.StatusBadRequest, Detail: "The path is none."}
	}
	r.Header.Set("Content-Type", "application/scim+json")
	w := &Answer{}
	err = c.serve(w, r, r.URL, split(r.URL.EscapedPath()))
	switch {
	case err != nil && method == http.MethodPost && errors.Is(err, store.ErrNotFound):
		w.WriteHeader(http.StatusCreated) // it was made, undone, and then not found to be shown
	case err != nil:
		if scimError(err).Status >= http.StatusInternalServerError {
			return Tried{}, err
		}
		writeError(w, r, err)
	}
	return Tried{Status: w.Status, Body: w.Body.Bytes(), Name: c.name, Changed: c.changed}, nil
}

// Answer is an http.ResponseWriter that keeps the answer. The zero value is ready.
type Answer struct {
	Status int
	Body   bytes.Buffer
	header http.Header
}

// Header is that of the answer.
func (w *Answer) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}

// WriteHeader keeps the first status.
func (w *Answer) WriteHeader(status int) {
	if w.Status == 0 {
		w.Status = status
	}
}

// Write keeps what is written.
func (w *Answer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.Body.Write(b)
}
