package signin

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// renamed returns where a request that named no workspace by its id is to go, if
// it named one by another name that it has or had (row B15): the same address
// with the id, which never changes. It is asked only after the id was looked
// for, so that names cost nothing to those who use ids.
func (h *SAMLHandler) renamed(r *http.Request, err error) (to string) {
	if code, _ := problem.Of(err); code != problem.UnknownWorkspace || r.Method != http.MethodGet {
		return ""
	}
	query := r.URL.Query()
	typed, asked := r.PathValue("ws"), query.Get("workspace")
	name := directory.CleanID(typed)
	if typed == "" {
		name = directory.CleanID(asked)
	}
	if directory.ValidID(name) != nil {
		return ""
	}
	ws, err := h.Store.WorkspaceNamed(r.Context(), name, h.Now())
	if err != nil || ws.ID == name {
		return ""
	}
	at := url.URL{Path: r.URL.Path, RawQuery: r.URL.RawQuery}
	if typed != "" {
		parts := strings.Split(r.URL.Path, "/")
		parts[2] = ws.ID // /w/{ws}/… and /sso/{ws}
		at.Path = strings.Join(parts, "/")
	} else {
		query.Set("workspace", ws.ID)
		at.RawQuery = query.Encode()
	}
	return ownPath(at.String())
}
