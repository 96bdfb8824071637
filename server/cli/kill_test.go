//go:build unix

package cli_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
)

// killsEnv sets how often the server is killed in the middle of a cycle, on each
// database. ./test --long asks for 200.
const killsEnv = "LANYARD_TEST_KILLS"

// assassin sends requests on, and kills the server beside one of them.
type assassin struct {
	mu    sync.Mutex
	after int // requests from now; 0: no order
	kill  func()
}

func (a *assassin) order(after int, kill func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.after, a.kill = after, kill
}

// RoundTrip kills while the request is on its way or served, as it happens.
func (a *assassin) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	if a.after > 0 && r.Method != http.MethodGet {
		if a.after--; a.after == 0 {
			go a.kill()
		}
	}
	a.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

// victim is a lanyardd that is killed and started again on one port and one
// database, and the Entra that provisions into it.
type victim struct {
	t      *testing.T
	tm     *terminal
	port   string
	mu     sync.Mutex
	d      *daemon
	base   string
	token  string
	hunter *assassin

	tenant *entratest.Tenant
	app    *entratest.App
	job    *entratest.Provisioner
	crew   *entratest.Group
	dice   *rand.Rand
	added  int
	amid   int // how often the server was killed in the middle of a cycle
}

func newVictim(t *testing.T, db string, seed uint64) *victim {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	v := &victim{t: t, tm: newTerminal(t, "LANYARD_DB="+db), port: port, hunter: &assassin{}, dice: rand.New(rand.NewPCG(seed, 1))}
	v.start()
	v.tm.must("workspace", "create", "acme", "--name", "Acme")
	v.tm.must("workspace", "set", "acme", "--scim", "on")
	v.token = strings.TrimSpace(v.tm.must("scim", "token", "create", "--workspace", "acme"))
	v.base = "http://localhost:" + port + "/scim/v2/acme"

	v.tenant = entratest.New(t).AddTenant(entratest.TenantOptions{})
	v.app = v.tenant.AddApp(entratest.App{})
	var ids []string
	for range 12 {
		ids = append(ids, v.add().ObjectID)
	}
	v.crew = v.tenant.AddGroup(entratest.Group{DisplayName: "Crew", Members: ids[:6]})
	patient := slices.Repeat([]time.Duration{25 * time.Millisecond}, 2400) // a start may take its time on a busy machine
	v.job = v.tenant.Provision(v.app, v.base, v.token, entratest.ProvisionOptions{
		Scope: entratest.Everyone, Retry: patient, NoGroups: !v.hasGroups(),
		HTTPClient: &http.Client{Transport: v.hunter, Timeout: patience},
	})
	return v
}

func (v *victim) start() {
	d := v.tm.start("serve", "--listen", "127.0.0.1:"+v.port, "--json")
	var s served
	d.line(&s)
	ready(v.t, "http://127.0.0.1:"+v.port)
	v.mu.Lock()
	v.d = d
	v.mu.Unlock()
}

// kill ends the server as a power cut does its process: kill -9.
func (v *victim) kill() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.d.cmd.Process.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		v.t.Errorf("kill -9: %v", err)
	}
}

func (v *victim) add() *entratest.User {
	v.added++
	return v.tenant.AddUser(entratest.User{
		GivenName: fmt.Sprintf("Person%d", v.added), Surname: "Family", Mail: fmt.Sprintf("p%d@acme.example", v.added), Department: "Engines",
	})
}

// unrest changes some people and memberships in the directory.
func (v *victim) unrest() {
	v.t.Helper()
	v.add()
	must := func(err error) {
		v.t.Helper()
		if err != nil {
			v.t.Fatal(err)
		}
	}
	people := v.tenant.Users()
	for range 6 {
		u := &people[v.dice.IntN(len(people))]
		if v.tenant.User(u.ObjectID) == nil {
			continue // purged a moment ago
		}
		switch v.dice.IntN(6) {
		case 0:
			must(v.tenant.Disable(u))
		case 1:
			must(v.tenant.Enable(u))
		case 2:
			must(v.tenant.AddMember(v.crew, u))
		case 3:
			must(v.tenant.RemoveMember(v.crew, u))
		case 4:
			if len(people) > 20 {
				must(v.tenant.Delete(u))
			}
		default:
			must(v.tenant.UpdateUser(u, func(u *entratest.User) { u.Department = fmt.Sprintf("D%d", v.dice.IntN(1000)) }))
		}
	}
}

// round kills the server in the middle of a cycle, starts it again, and lets
// the cycle come to its end.
func (v *victim) round() {
	v.t.Helper()
	v.unrest()
	v.mu.Lock()
	d := v.d
	v.mu.Unlock()
	v.hunter.order(1+v.dice.IntN(5), v.kill)
	done := make(chan error, 1)
	go func() { done <- v.job.Cycle(v.t.Context()) }()
	select {
	case <-d.ended:
		v.amid++
		v.start()
	case err := <-done:
		// The cycle had less to send than the assassin waited for.
		v.hunter.order(0, nil)
		if v.kill(); err == nil {
			<-d.ended
			v.start()
		}
		done <- err
	case <-time.After(patience):
		v.t.Fatal("the server was not killed")
	}
	select {
	case err := <-done:
		if err != nil {
			v.t.Fatalf("the cycle: %v", err)
		}
	case <-time.After(patience):
		v.t.Fatal("the cycle does not come to its end")
	}
}

// get reads a document of the SCIM provider.
func (v *victim) get(path string, into any) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.base+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+v.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		v.t.Fatalf("GET %s: %d %v %s", path, res.StatusCode, err, raw)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		v.t.Fatalf("GET %s: %v", path, err)
	}
}

func (v *victim) hasGroups() bool {
	var types struct{ Resources []struct{ Name string } }
	v.get("/ResourceTypes", &types)
	for _, r := range types.Resources {
		if r.Name == "Group" {
			return true
		}
	}
	return false
}

// account is a person as the provider shows them.
type account struct {
	ID, UserName, ExternalID string
	Active                   bool
	Enterprise               struct{ Department string } `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
}

// compare holds what the server kept to what the directory says. Since every
// change was acknowledged, one that is missing was lost.
func (v *victim) compare() {
	v.t.Helper()
	var list struct {
		TotalResults int
		Resources    []account
	}
	v.get("/Users?count=500", &list)
	have, ids := map[string]account{}, map[string]string{}
	for _, a := range list.Resources {
		if _, twice := have[a.ExternalID]; twice {
			v.t.Errorf("%s is there twice", a.UserName)
		}
		have[a.ExternalID], ids[a.ID] = a, a.ExternalID
	}
	if list.TotalResults != len(list.Resources) {
		v.t.Errorf("%d people on a list of %d", len(list.Resources), list.TotalResults)
	}
	for _, u := range v.tenant.Users() {
		a, there := have[u.ObjectID]
		delete(have, u.ObjectID)
		switch {
		case !there && u.Disabled: // was disabled before they were ever created
		case !there:
			v.t.Errorf("%s is lost", u.UserPrincipalName)
		case a.Active == u.Disabled:
			v.t.Errorf("%s: active is %v, disabled in the directory %v", u.UserPrincipalName, a.Active, u.Disabled)
		case a.Active && a.Enterprise.Department != u.Department:
			v.t.Errorf("%s is in %q, in the directory in %q", u.UserPrincipalName, a.Enterprise.Department, u.Department)
		}
	}
	for _, a := range have {
		v.t.Errorf("%s is there, and not in the directory", a.UserName)
	}
	if v.hasGroups() {
		v.compareMembers(ids)
	}
}

func (v *victim) compareMembers(ids map[string]string) {
	v.t.Helper()
	var list struct {
		Resources []struct {
			DisplayName string
			Members     []struct{ Value string }
		}
	}
	v.get("/Groups", &list)
	if len(list.Resources) != 1 {
		v.t.Fatalf("%d groups are there", len(list.Resources))
	}
	var have, want []string
	for _, m := range list.Resources[0].Members {
		have = append(have, ids[m.Value])
	}
	there := map[string]bool{}
	for _, external := range ids {
		there[external] = true
	}
	for _, m := range v.tenant.Groups()[0].Members {
		if there[m] {
			want = append(want, m)
		}
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		v.t.Errorf("the group has the members\n%v, want\n%v", have, want)
	}
}

// req: E1
func TestServe_losesNothingWhenKilled(t *testing.T) {
	kills := 4
	if text := os.Getenv(killsEnv); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatalf("%s: %v", killsEnv, err)
		}
	}
	for name, db := range engines() {
		t.Run(name, func(t *testing.T) {
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			v := newVictim(t, db(t), seed)
			rounds := 0
			for ; v.amid < kills; rounds++ {
				if rounds > 10*kills {
					t.Fatalf("in %d rounds it was killed %d times in the middle of a cycle", rounds, v.amid)
				}
				v.round()
				if v.compare(); t.Failed() {
					t.Fatalf("in round %d, after %d of %d kills", rounds+1, v.amid, kills)
				}
			}
			t.Logf("killed %d times in the middle of a cycle, and %d times after one", v.amid, rounds-v.amid)
		})
	}
}
