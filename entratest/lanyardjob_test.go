package entratest_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
)

// job is a provisioning job into a Lanyard server.
type job struct {
	*lanyard
	tenant *entratest.Tenant
	app    *entratest.App
	people []*entratest.User
}

func newJob(t *testing.T, n int) *job {
	t.Helper()
	j := &job{lanyard: newLanyard(t), tenant: entratest.New(t).AddTenant(entratest.TenantOptions{})}
	j.app = j.tenant.AddApp(entratest.App{})
	for i := range n {
		j.people = append(j.people, j.tenant.AddUser(entratest.User{
			GivenName: fmt.Sprintf("P%02d", i), Surname: "Family", Mail: fmt.Sprintf("p%02d@acme.example", i), Department: "Engines",
		}))
	}
	return j
}

func (j *job) ids() []string {
	var ids []string
	for _, u := range j.people {
		ids = append(ids, u.ObjectID)
	}
	return ids
}

func (j *job) must(err error) {
	j.t.Helper()
	if err != nil {
		j.t.Fatal(err)
	}
}

// shows checks what the workspace has.
func (j *job) shows(want ...string) {
	j.t.Helper()
	slices.Sort(want)
	if got := j.see(); !slices.Equal(got, want) {
		j.t.Fatalf("the workspace has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Whoever leaves the scope is disabled and stays in their groups, and is the
// same person when they come back.
//
// req: E1
func TestLanyard_itFollowsTheScope(t *testing.T) {
	for _, flag := range []bool{false, true} {
		t.Run(fmt.Sprint("flag ", flag), func(t *testing.T) {
			j := newJob(t, 3)
			j.tenant.AddGroup(entratest.Group{DisplayName: "Crew", Members: j.ids()})
			p := j.tenant.Provision(j.app, j.base, j.token, entratest.ProvisionOptions{
				Scope: entratest.Everyone, OptSCIM062020: flag,
				Filters: []entratest.ScopingFilter{{{Attribute: "department", Operator: entratest.ScopeEquals, Value: "Engines"}}},
			})
			move := func(department string) {
				t.Helper()
				j.must(j.tenant.UpdateUser(j.people[1], func(u *entratest.User) { u.Department = department }))
				j.must(p.Cycle(t.Context()))
			}
			move("Looms")
			j.shows("P00 Family true Engines -", "P02 Family true Engines -", "Crew: P00 Family P02 Family")
			move("Engines")
			j.shows("P00 Family true Engines -", "P01 Family true Engines -", "P02 Family true Engines -", "Crew: P00 Family P01 Family P02 Family")
			id := j.idOf("P01 Family")
			move("Looms")
			j.shows("P00 Family true Engines -", "P01 Family false Engines -", "P02 Family true Engines -", "Crew: P00 Family P01 Family P02 Family")
			move("Engines")
			j.shows("P00 Family true Engines -", "P01 Family true Engines -", "P02 Family true Engines -", "Crew: P00 Family P01 Family P02 Family")
			if again := j.idOf("P01 Family"); again != id {
				t.Errorf("they were %s and are %s", id, again)
			}
		})
	}
}

// idOf is a person's id at the provider.
func (j *job) idOf(name string) string {
	j.t.Helper()
	for _, u := range j.list("/Users") {
		if u["displayName"] == name {
			return fmt.Sprint(u["id"])
		}
	}
	j.t.Fatalf("there is no %s", name)
	return ""
}

// req: E1
func TestLanyard_itIsProvisionedOnDemand(t *testing.T) {
	for _, flag := range []bool{false, true} {
		t.Run(fmt.Sprint("flag ", flag), func(t *testing.T) {
			j := newJob(t, 7)
			crew := j.tenant.AddGroup(entratest.Group{DisplayName: "Crew", Members: j.ids()})
			p := j.tenant.Provision(j.app, j.base, j.token, entratest.ProvisionOptions{Scope: entratest.Everyone, OptSCIM062020: flag})
			want := []string{}
			for _, u := range j.people[:5] {
				j.must(p.OnDemand(t.Context(), u))
				want = append(want, u.DisplayName+" true Engines -")
			}
			j.shows(want...)
			j.must(p.OnDemandGroup(t.Context(), crew, j.people[:5]...))
			j.shows(append(want, "Crew: P00 Family P01 Family P02 Family P03 Family P04 Family")...)
			if err := p.OnDemandGroup(t.Context(), crew, j.people[:6]...); err == nil {
				t.Error("on demand takes six members")
			}
			// The next cycle brings the others, and nobody twice.
			j.must(p.Cycle(t.Context()))
			if got, want := j.see(), wanted(j.tenant); !slices.Equal(got, want) {
				t.Errorf("the workspace has\n%s\nand the directory\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// A wrong token quarantines the job at once, and with the right one everybody
// who is there already is found again.
//
// req: E1
func TestLanyard_itQuarantinesAJobWithAWrongToken(t *testing.T) {
	j := newJob(t, 4)
	opt := entratest.ProvisionOptions{Scope: entratest.Everyone}
	right := j.tenant.Provision(j.app, j.base, j.token, opt)
	j.must(right.Cycle(t.Context()))
	before := j.see()
	wrong := j.tenant.Provision(j.app, j.base, j.token[:len(j.token)-1]+"x", opt)
	if err := wrong.TestConnection(t.Context()); err == nil {
		t.Error("the test connection is content")
	}
	if err := wrong.Cycle(t.Context()); !errors.Is(err, entratest.ErrQuarantined) || !wrong.Status().Quarantined {
		t.Errorf("the cycle: %v, %+v", err, wrong.Status())
	}
	if after := j.see(); !slices.Equal(after, before) {
		t.Errorf("it was\n%v\nand is\n%v", before, after)
	}
	again := j.tenant.Provision(j.app, j.base, j.token, opt)
	j.must(again.Cycle(t.Context()))
	if after := j.see(); !slices.Equal(after, before) {
		t.Errorf("it was\n%v\nand is\n%v", before, after)
	}
}

// forgetful loses every third answer to a write, after the server gave it.
type forgetful struct{ writes, lost atomic.Int64 }

func (f *forgetful) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || r.Method == http.MethodGet || f.writes.Add(1)%3 != 0 {
		return res, err
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	f.lost.Add(1)
	return nil, errors.New("the answer is lost")
}

// req: E1
func TestLanyard_itIsProvisionedThroughLostAnswers(t *testing.T) {
	for _, flag := range []bool{false, true} {
		t.Run(fmt.Sprint("flag ", flag), func(t *testing.T) {
			j := newJob(t, 9)
			crew := j.tenant.AddGroup(entratest.Group{DisplayName: "Crew", Members: j.ids()})
			network := &forgetful{}
			p := j.tenant.Provision(j.app, j.base, j.token, entratest.ProvisionOptions{
				Scope: entratest.Everyone, OptSCIM062020: flag, MemberChunk: 2,
				HTTPClient: &http.Client{Transport: network}, Retry: []time.Duration{time.Millisecond, time.Millisecond},
			})
			agree := func() {
				t.Helper()
				j.must(p.Cycle(t.Context()))
				if got, want := j.see(), wanted(j.tenant); !slices.Equal(got, want) {
					t.Fatalf("the workspace has\n%s\nand the directory\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
			agree()
			for i, u := range j.people[:6] {
				j.must(j.tenant.UpdateUser(u, func(u *entratest.User) { u.Department = "Looms"; u.Manager = j.people[8-i].ObjectID }))
			}
			j.must(j.tenant.RemoveMember(crew, j.people[2]))
			j.must(j.tenant.RemoveMember(crew, j.people[3]))
			j.must(j.tenant.Disable(j.people[7]))
			agree()
			if network.lost.Load() < 3 {
				t.Errorf("only %d answers were lost", network.lost.Load())
			}
		})
	}
}
