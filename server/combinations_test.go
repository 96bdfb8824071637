package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/modules"
)

// combined is a server whose workspace has some of the three modules, and of the
// others nothing.
func combined(t *testing.T, engine string, has map[directory.Module]bool) *samlWorld {
	t.Helper()
	w := newSAMLWorld(t, engine)
	w.workspace(func(ws *directory.Workspace) {
		ws.SCIMEnabled, ws.JIT = has[directory.ModuleSCIM], true
		if !has[directory.ModuleMicrosoft] {
			ws.Microsoft = directory.Microsoft{}
		}
	})
	if has[directory.ModuleSAML] {
		return w.start(func(c *directory.SAML) { c.JIT = true }, nil)
	}
	w.r = w.serve(w.store)
	return w
}

// Each of the eight combinations starts, does what its own modules are for, and
// refuses what the others would.
//
// req: A6
func TestModules_everyCombinationWorksByItself(t *testing.T) {
	for engine := range engines {
		for n := range 8 {
			has := map[directory.Module]bool{
				directory.ModuleMicrosoft: n&1 != 0, directory.ModuleSAML: n&2 != 0, directory.ModuleSCIM: n&4 != 0,
			}
			t.Run(fmt.Sprintf("%s: microsoft %t, saml %t, scim %t", engine, has[directory.ModuleMicrosoft], has[directory.ModuleSAML], has[directory.ModuleSCIM]), func(t *testing.T) {
				t.Parallel()
				w := combined(t, engine, has)
				w.standsAs(has)
				_, err := w.signIn(w.r, w.tenant.AccessToken(w.app, w.ada))
				if code, _ := problem.Of(err); has[directory.ModuleMicrosoft] != (err == nil) || err != nil && code != problem.ModuleOff {
					t.Errorf("an app's sign-in with Microsoft: %v", err)
				}
				if !has[directory.ModuleMicrosoft] {
					w.says(w.call(nil, "GET", w.r.URL+"/w/acme/microsoft/login", nil), problem.ModuleOff)
				}
				if has[directory.ModuleSAML] {
					b := w.entra.Browser()
					w.login(b)
					w.signedIn(b)
				} else {
					w.says(w.call(nil, "GET", w.urls().Login, nil), problem.ModuleOff)
					w.says(w.call(nil, "POST", w.urls().ACS, url.Values{"SAMLResponse": {"eA=="}}), problem.ModuleOff)
				}
				status, body := w.scimCall(w.r, "GET", "/Users?filter=userName+eq+%22nobody%22", "")
				if want := map[bool]int{true: http.StatusOK, false: http.StatusForbidden}[has[directory.ModuleSCIM]]; status != want {
					t.Errorf("provisioning: %d %s, want %d", status, body, want)
				}
			})
		}
	}
}

// standsAs checks that each module is enabled or not configured, whatever the
// others are.
func (w *samlWorld) standsAs(has map[directory.Module]bool) {
	w.t.Helper()
	all, err := w.r.server.modules.Standing(context.Background(), "acme")
	w.must(err)
	for _, st := range all {
		want := directory.ModuleUnset
		switch {
		case st.Module == directory.ModuleSCIM:
			want = directory.ModuleDraft // there is a token, and Entra never called
		case has[st.Module]:
			want = directory.ModuleEnabled
		}
		if st.State != want {
			w.t.Errorf("%s is %s, want %s", st.Module, st.State, want)
		}
	}
}

// sold is a program around the server, that sells plans.
type sold struct {
	mu   sync.Mutex
	plan Plan
}

func (s *sold) Plan(context.Context, string) (Plan, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.plan, nil
}

func (s *sold) set(p Plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan = p
}

// req: A5
func TestPlan_aDowngradeFreezesChangesAndKeepsSignInRunning(t *testing.T) {
	for engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			shop := &sold{}
			w := newSAMLWorld(t, engine).start(func(c *directory.SAML) { c.JIT = true }, nil, func(c *Config) { c.Entitlements = shop })
			was := w.entra.Browser()
			w.login(was)
			w.signedIn(was)
			change := func() error {
				_, err := w.r.server.Do(t.Context(), "modules.switch.saml", "acme", url.Values{"on": {"true"}}, nil)
				return err
			}
			if err := change(); err != nil {
				t.Fatal(err)
			}
			shop.set(Plan{}.With(ModuleSAML, false))
			if err := change(); !errors.Is(err, problem.New(problem.NotInPlan)) {
				t.Errorf("a change of what the plan lacks: %v", err)
			}
			w.signedIn(was)
			next := w.entra.Browser()
			w.login(next)
			w.signedIn(next)
			blocked := Plan{OnDowngrade: directory.DowngradeBlock}.With(ModuleSAML, false)
			shop.set(blocked)
			if err := change(); !errors.Is(err, problem.New(problem.NotInPlan)) {
				t.Errorf("a change of what is blocked: %v", err)
			}
			w.refused(w.login(w.entra.Browser()), problem.PlanBlocked)
			if c, err := w.store.SAML(t.Context(), "acme"); err != nil || len(c.Certificates) == 0 {
				t.Errorf("the set-up is gone: %+v %v", c, err)
			}
			shop.set(Plan{})
			if err := change(); err != nil {
				t.Error(err)
			}
			again := w.entra.Browser()
			w.login(again)
			w.signedIn(again)
		})
	}
}

// req: A9
func TestSeats_entraIsNeverRefusedAndPeopleWaitInTheirOrder(t *testing.T) {
	for engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, engine)
			r := w.serve(w.store)
			keeper := &modules.Keeper{Store: w.store}
			if _, err := keeper.SetPlan(t.Context(), "acme", 0, "operator", func(p *directory.Plan) error { p.Seats = 2; return nil }); err != nil {
				t.Fatal(err)
			}
			var people []*entratest.User
			var ids []string
			for n := range 4 {
				u := w.tenant.AddUser(entratest.User{DisplayName: fmt.Sprint("Person ", n), GivenName: fmt.Sprint("Person", n), Surname: "Doe"})
				people, ids = append(people, u), append(ids, w.provision(r, u)) // each is 201
			}
			enters := func(want string) {
				t.Helper()
				var in []string
				for n, u := range people {
					_, err := w.signIn(r, w.tenant.AccessToken(w.app, u))
					switch code, _ := problem.Of(err); {
					case err == nil:
						in = append(in, fmt.Sprint(n))
					case code != problem.NoSeat && code != problem.AccessEnded:
						t.Errorf("person %d: %v", n, err)
					}
				}
				if got := strings.Join(in, " "); got != want {
					t.Errorf("%q sign in, want %q", got, want)
				}
			}
			enters("0 1")
			w.setActive(r, ids[0], false)
			enters("1 2")
			w.setActive(r, ids[0], true) // waits behind the others now
			enters("1 2")
			w.setActive(r, ids[1], false)
			enters("2 3")
			if _, err := keeper.SetPlan(t.Context(), "acme", 1, "operator", func(p *directory.Plan) error { p.Seats = 0; return nil }); err != nil {
				t.Fatal(err)
			}
			enters("0 2 3")
		})
	}
}
