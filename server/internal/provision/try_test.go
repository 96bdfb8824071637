package provision_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// req: D9
func TestTry_answersAsEverAndChangesNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		ada := d.create("ada@acme.example", "e-1")
		events, err := d.store.LastEvent(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ws, err := d.store.Workspace(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		h := provision.New(provision.Config{Store: d.store, BaseURL: &url.URL{Scheme: "https", Host: "sso.example"}, Now: d.clock.now})
		for name, c := range map[string]struct {
			method, path, body string
			status             int
			says               string
		}{
			"a person":      {http.MethodPost, "/Users", `{"userName":"bo@acme.example"}`, http.StatusCreated, "bo@acme.example"},
			"a taken name":  {http.MethodPost, "/Users", `{"userName":"ADA@acme.example"}`, http.StatusConflict, "uniqueness"},
			"a leaver":      {http.MethodPatch, "/Users/" + ada, `{"Operations":[{"op":"Replace","path":"active","value":"False"}]}`, http.StatusOK, `"active":false`},
			"a group":       {http.MethodPost, "/Groups", `{"displayName":"Crew","members":[{"value":"` + ada + `"}]}`, http.StatusCreated, ""},
			"an end":        {http.MethodDelete, "/Users/" + ada, "", http.StatusNoContent, ""},
			"somebody else": {http.MethodGet, "/Users/nobody", "", http.StatusNotFound, "nobody"},
			"nonsense":      {http.MethodPost, "/Users", `{`, http.StatusBadRequest, "invalidSyntax"},
			"nowhere":       {http.MethodPost, "/Nowhere", `{}`, http.StatusNotFound, "nothing at this address"},
		} {
			got, err := h.Try(t.Context(), ws, c.method, c.path, []byte(c.body))
			if err != nil || got.Status != c.status || !strings.Contains(string(got.Body), c.says) {
				t.Errorf("%s: %d %s, %v", name, got.Status, got.Body, err)
			}
			if name == "a leaver" && strings.Join(got.Changed, " ") != "active" {
				t.Errorf("would change %v", got.Changed)
			}
		}
		if n, err := d.store.LastEvent(t.Context()); err != nil || n != events {
			t.Errorf("%d events, %v; want %d", n, err, events)
		}
		if n, err := d.store.CountUsers(t.Context(), ws.Directory); err != nil || n != (store.Counts{Active: 1}) {
			t.Errorf("there are %+v, %v", n, err)
		}
		if got := d.create("bo@acme.example", "e-2"); got == "" {
			t.Error("the name that was tried is taken")
		}
	})
}
