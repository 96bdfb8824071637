package server

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// stands is how a module of acme stands at a moment.
func (w *world) stands(r *replica, m directory.Module, now time.Time) (directory.ModuleState, []problem.Code) {
	w.t.Helper()
	keeper := *r.server.modules
	keeper.Now = func() time.Time { return now }
	all, err := keeper.Standing(w.t.Context(), "acme")
	if err != nil {
		w.t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(s modules.Standing) bool { return s.Module == m })
	return all[i].State, all[i].Faults
}

// flush waits until the record of provisioning is written.
func (w *world) flush(r *replica) {
	w.t.Helper()
	if err := r.server.requests.Flush(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// Somebody tries the app's sign-in before the module is switched on: they are
// refused, and the tile says that it works.
//
// req: A1 A6
func TestModules_aSignInInTheAppProvesMicrosoft(t *testing.T) {
	w := newWorld(t, "sqlite")
	r := w.serve(w.store)
	id := w.provision(r, w.ada)
	now := time.Now()
	turn := func(on string) {
		t.Helper()
		if _, err := r.server.Do(t.Context(), "modules.switch.microsoft", "acme", url.Values{"on": {on}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	turn("false")
	if state, _ := w.stands(r, ModuleMicrosoft, now); state != directory.ModuleDraft {
		t.Fatalf("before anybody tried it is %s", state)
	}
	if _, err := w.signIn(r, "no token"); codeOf(err) == "" {
		t.Error("no token opens")
	}
	w.setActive(r, id, false)
	if _, err := w.signIn(r, w.tenant.AccessToken(w.app, w.ada)); codeOf(err) != problem.AccessEnded {
		t.Errorf("suspended: %v", err)
	}
	if state, _ := w.stands(r, ModuleMicrosoft, now); state != directory.ModuleDraft {
		t.Errorf("what failed has made it %s", state)
	}
	w.setActive(r, id, true)
	if _, err := w.signIn(r, w.tenant.AccessToken(w.app, w.ada)); codeOf(err) != problem.ModuleOff {
		t.Errorf("switched off: %v", err)
	}
	if state, _ := w.stands(r, ModuleMicrosoft, now); state != directory.ModuleTested {
		t.Errorf("after a sign-in that only the switch refused it is %s", state)
	}
	turn("true")
	w.mustSignIn(r)
	if state, _ := w.stands(r, ModuleMicrosoft, now); state != directory.ModuleEnabled {
		t.Errorf("switched on it is %s", state)
	}
}

// req: A1 D9
func TestModules_silenceBreaksProvisioning(t *testing.T) {
	for engine := range engines {
		t.Run(engine, func(t *testing.T) {
			w := newWorld(t, engine)
			r := w.serve(w.store)
			now := time.Now()
			later := now.Add(3 * time.Hour)
			w.scimCall(r, http.MethodGet, "/Users?filter=userName+eq+%22nobody%22", "")
			w.flush(r)
			if _, faults := w.stands(r, ModuleSCIM, later); slices.Contains(faults, problem.ProvisioningSilent) {
				t.Error("a test of the connection alone is missed")
			}
			w.provision(r, w.ada)
			w.flush(r)
			if state, faults := w.stands(r, ModuleSCIM, now.Add(time.Minute)); state != directory.ModuleEnabled {
				t.Errorf("right after a request it is %s: %v", state, faults)
			}
			for _, at := range []time.Time{later, now.AddDate(0, 0, 9)} {
				if state, faults := w.stands(r, ModuleSCIM, at); state != directory.ModuleBroken || !slices.Contains(faults, problem.ProvisioningSilent) {
					t.Errorf("at %s it is %s: %v", at.Sub(now), state, faults)
				}
			}
		})
	}
}

// req: A1 A15
func TestModules_expiredCredentialsBreakMicrosoft(t *testing.T) {
	for _, proof := range []directory.MicrosoftProof{directory.ProofCertificate, directory.ProofSecret} {
		t.Run(string(proof), func(t *testing.T) {
			w := newMicrosoft(t, "sqlite", proof)
			now := time.Now()
			if proof == directory.ProofSecret {
				_, _, err := w.store.ChangeMicrosoftWeb(t.Context(), "acme", store.SettingChange{Version: store.AnyVersion, Who: "test", Now: now}, func(_ *directory.MicrosoftWeb, keys *directory.MicrosoftWebKeys) error {
					keys.Secret.Expires = now.AddDate(1, 0, 0)
					return nil
				})
				w.must(err)
			}
			if state, faults := w.stands(w.r, ModuleMicrosoft, now); state != directory.ModuleEnabled {
				t.Errorf("it is %s: %v", state, faults)
			}
			if state, faults := w.stands(w.r, ModuleMicrosoft, now.AddDate(20, 0, 0)); state != directory.ModuleBroken || !slices.Contains(faults, problem.M365Expired) {
				t.Errorf("long afterwards it is %s: %v", state, faults)
			}
			off := false
			w.msSet(signin.MicrosoftInput{Enabled: &off})
			if _, faults := w.stands(w.r, ModuleMicrosoft, now.AddDate(20, 0, 0)); len(faults) > 0 {
				t.Errorf("switched off it has %v", faults)
			}
		})
	}
}
