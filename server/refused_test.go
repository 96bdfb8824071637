package server

import (
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// req: D10
func TestServer_itKeepsWhySignInsOfAPersonWereRefused(t *testing.T) {
	for engine := range engines {
		t.Run("it does on "+engine, func(t *testing.T) {
			w := newWorld(t, engine)
			r := w.serve(w.store)
			id := w.provision(r, w.ada)
			w.mustSignIn(r)
			w.setActive(r, id, false)
			token := w.tenant.AccessToken(w.app, w.ada)
			if _, err := w.signIn(r, token); codeOf(err) != problem.AccessEnded {
				t.Fatalf("signing in disabled: %v", err)
			}
			w.setActive(r, id, true)
			w.mustSignIn(r) // what was noted before is stored by now
			ws, err := w.store.Workspace(t.Context(), "acme")
			if err != nil {
				t.Fatal(err)
			}
			all, err := w.store.RefusedOf(t.Context(), ws.Directory, id)
			if err != nil || len(all) != 1 {
				t.Fatalf("on record: %+v, %v", all, err)
			}
			if got := all[0]; got.Code != problem.AccessEnded || got.Method != directory.MethodMicrosoft || got.Workspace != "acme" || got.At.IsZero() {
				t.Errorf("on record: %+v", got)
			}
		})
	}
}
