package entratest_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/entratest"
)

// newLossy stands before a target, and loses the first answer to every create.
func newLossy(t *testing.T, s *stub, _ string) string {
	t.Helper()
	var mu sync.Mutex
	seen := map[string]bool{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		lose := r.Method == http.MethodPost && !seen[r.URL.Path]
		seen[r.URL.Path] = seen[r.URL.Path] || lose
		mu.Unlock()
		if lose {
			s.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/scim"
}

func TestCycle_itLooksOnlyAtWhatChanged(t *testing.T) {
	r, _, people := crew(t, 5)
	s, base := newStub(t)
	p := r.tenant.Provision(r.app, base, "x", entratest.ProvisionOptions{})
	if p.Status().InitialDone {
		t.Error("before any cycle the initial one is done")
	}
	r.must(p.Cycle(t.Context()))
	s.asked()
	r.must(r.tenant.UpdateUser(people[3], func(u *entratest.User) { u.JobTitle = "Cook" }))
	before := len(p.Log())
	r.must(p.Cycle(t.Context()))
	var who []string
	for _, l := range p.Log()[before:] {
		who = append(who, l.User)
	}
	if want := []string{people[3].UserPrincipalName, people[3].UserPrincipalName}; !slices.Equal(who, want) { // read, update
		t.Errorf("it looked at %v, want %v", who, want)
	}
	if !p.Status().InitialDone {
		t.Error("after it the initial cycle is not done")
	}
	p.Restart()
	s.sent()
	r.must(p.Cycle(t.Context()))
	if asked := s.asked(); strings.Count(asked, "filter=userName") != 5 || strings.Contains(s.sent(), "POST") {
		t.Errorf("after a restart it asked\n%s", asked)
	}
}

func TestCycle_itSendsAManagerWhoComesLater(t *testing.T) {
	r, _, people := crew(t, 1)
	boss := r.tenant.AddUser(entratest.User{GivenName: "Boss"})
	r.must(r.tenant.UpdateUser(people[0], func(u *entratest.User) { u.Manager = boss.ObjectID }))
	s, base := newStub(t)
	p := r.tenant.Provision(r.app, base, "x", entratest.ProvisionOptions{})
	r.must(p.Cycle(t.Context()))
	if strings.Contains(s.sent(), "manager") {
		t.Error("a manager nobody knows was sent")
	}
	r.must(r.tenant.Assign(r.app, boss, "Reader"))
	r.must(p.Cycle(t.Context()))
	if got := s.sent(); !strings.Contains(got, `:manager","value":"id-3"`) {
		t.Errorf("sent\n%s", got)
	}
}

func TestCycle_itRetriesAfterSixTwelveAndTwentyFourHours(t *testing.T) {
	r, _, people := crew(t, 3)
	s, base := newStub(t)
	p := r.tenant.Provision(r.app, base, "x", entratest.ProvisionOptions{NoGroups: true})
	bad := people[1].UserPrincipalName
	s.refusing(func(q *http.Request, body string) int {
		if q.Method == http.MethodPost && strings.Contains(body, bad) {
			return 400
		}
		return 0
	})
	if err := p.Cycle(t.Context()); err == nil || !strings.Contains(err.Error(), bad+": status 400") || len(p.Status().Failing) != 1 {
		t.Fatalf("%v, %v", err, p.Status())
	}
	s.sent()
	start := r.e.Now()
	var tried []time.Duration
	for r.e.Now().Sub(start) < 40*24*time.Hour {
		r.e.Advance(time.Hour)
		err := p.Cycle(t.Context())
		if n := strings.Count(s.sent(), "POST"); n > 0 {
			tried = append(tried, r.e.Now().Sub(start).Round(time.Hour))
		}
		if (err != nil) != (len(tried) > 0 && tried[len(tried)-1] == r.e.Now().Sub(start).Round(time.Hour)) {
			t.Fatalf("after %v: %v", r.e.Now().Sub(start), err)
		}
	}
	want := []time.Duration{6 * time.Hour, 18 * time.Hour, 42 * time.Hour, 66 * time.Hour}
	if len(tried) < 20 || !slices.Equal(tried[:4], want) {
		t.Errorf("tried after %v, want %v and so on", tried, want)
	}
	if last := tried[len(tried)-1]; last > 28*24*time.Hour || last < 26*24*time.Hour {
		t.Errorf("given up after %v", last)
	}
	if len(p.Status().Failing) != 1 {
		t.Errorf("%v", p.Status())
	}
	// A change is looked at whatever the schedule says.
	s.refusing(nil)
	r.must(r.tenant.UpdateUser(people[1], func(u *entratest.User) { u.JobTitle = "Cook" }))
	r.must(p.Cycle(t.Context()))
	if got := s.sent(); !strings.Contains(got, "POST") || len(p.Status().Failing) != 0 {
		t.Errorf("sent %q, %v", got, p.Status())
	}
}

func TestCycle_itWaitsAsLongAsRetryAfterSays(t *testing.T) {
	r, _, _ := crew(t, 1)
	s, base := newStub(t)
	p := r.tenant.Provision(r.app, base, "x", entratest.ProvisionOptions{NoGroups: true})
	s.header.Set("Retry-After", "600")
	s.refusing(func(q *http.Request, _ string) int {
		if q.Method == http.MethodPost {
			return 429
		}
		return 0
	})
	if err := p.Cycle(t.Context()); err == nil || strings.Count(s.sent(), "POST") != 1 {
		t.Errorf("%v", err)
	}
	s.refusing(nil)
	r.e.Advance(9 * time.Minute)
	if err := p.Cycle(t.Context()); err != nil || s.sent() != "" {
		t.Errorf("it did not wait: %v", err)
	}
	r.e.Advance(time.Minute)
	if err := p.Cycle(t.Context()); err != nil || !strings.Contains(s.sent(), "POST") {
		t.Errorf("it did not come back: %v", err)
	}
}

func TestCycle_itGoesIntoQuarantineAtOnce(t *testing.T) {
	for name, refuse := range map[string]func(r *http.Request, _ string) int{
		"refused credentials": func(*http.Request, string) int { return 401 },
		"a 404 for a search": func(r *http.Request, _ string) int {
			if r.URL.Query().Has("filter") {
				return 404
			}
			return 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, _, _ := crew(t, 4)
			s, base := newStub(t)
			p := r.tenant.Provision(r.app, base, "x", entratest.ProvisionOptions{})
			s.refusing(refuse)
			if err := p.TestConnection(t.Context()); err == nil || p.Status().Quarantined {
				t.Fatalf("the test connection: %v, %+v", err, p.Status())
			}
			s.asked()
			if err := p.Cycle(t.Context()); !errors.Is(err, entratest.ErrQuarantined) {
				t.Fatalf("%v", err)
			}
			if asked := s.asked(); strings.Count(asked, "filter") != 1 {
				t.Errorf("it went on:\n%s", asked)
			}
			if st := p.Status(); !st.Quarantined || st.Reason == "" || st.Next.Sub(st.Since) != 24*time.Hour || len(st.Failing) != 0 {
				t.Errorf("%+v", st)
			}
			s.refusing(nil)
			r.e.Advance(23 * time.Hour)
			if err := p.Cycle(t.Context()); !errors.Is(err, entratest.ErrQuarantined) || s.asked() != "" {
				t.Errorf("within the day: %v", err)
			}
			r.e.Advance(time.Hour)
			if err := p.Cycle(t.Context()); err != nil || p.Status().Quarantined {
				t.Errorf("a day later: %v, %+v", err, p.Status())
			}
			if s.group() != "Crew 4" {
				t.Errorf("%s", s.group())
			}
		})
	}
}

func TestCycle_itIsDisabledAfterFourWeeks(t *testing.T) {
	r, _, _ := crew(t, 1)
	s, base := newStub(t)
	p := r.tenant.Provision(r.app, base, "x", entratest.ProvisionOptions{})
	s.refusing(func(*http.Request, string) int { return 401 })
	for day := range 28 {
		if err := p.Cycle(t.Context()); !errors.Is(err, entratest.ErrQuarantined) || s.asked() == "" {
			t.Fatalf("day %d: %v", day, err)
		}
		r.e.Advance(24 * time.Hour)
	}
	s.refusing(nil)
	if err := p.Cycle(t.Context()); !errors.Is(err, entratest.ErrJobDisabled) || !p.Status().Disabled {
		t.Errorf("after four weeks: %v", err)
	}
	p.Restart()
	r.must(p.Cycle(t.Context()))
}

func TestCycle_itGoesIntoQuarantineWithTooManyFailures(t *testing.T) {
	for _, c := range []struct {
		fails, people int
		quarantined   bool
	}{{3, 10, false}, {4, 10, true}, {4, 12, false}, {2, 2, false}} {
		r, _, people := crew(t, c.people)
		s, base := newStub(t)
		p := r.tenant.Provision(r.app, base, "x", entratest.ProvisionOptions{NoGroups: true, QuarantineFrom: 3})
		bad := map[string]bool{}
		for _, u := range people[:c.fails] {
			bad[u.UserPrincipalName] = true
		}
		s.refusing(func(q *http.Request, body string) int {
			for name := range bad {
				if q.Method == http.MethodPost && strings.Contains(body, name) {
					return 400
				}
			}
			return 0
		})
		err := p.Cycle(t.Context())
		if errors.Is(err, entratest.ErrQuarantined) != c.quarantined || p.Status().Quarantined != c.quarantined || len(p.Status().Failing) != c.fails {
			t.Errorf("%+v: %v, %+v", c, err, p.Status())
		}
	}
}

func TestCycle_itObeysScopes(t *testing.T) {
	for name, c := range map[string]struct {
		opt  entratest.ProvisionOptions
		want []string
	}{
		"assigned only": {entratest.ProvisionOptions{}, []string{"ada", "eve"}},
		"everyone":      {entratest.ProvisionOptions{Scope: entratest.Everyone}, []string{"ada", "bob", "eve"}},
		"a department": {entratest.ProvisionOptions{Scope: entratest.Everyone, Filters: []entratest.ScopingFilter{
			{{Attribute: "department", Operator: entratest.ScopeEquals, Value: "Engines"}},
		}}, []string{"ada"}},
		"one filter or the other": {entratest.ProvisionOptions{Scope: entratest.Everyone, Filters: []entratest.ScopingFilter{
			{{Attribute: "department", Operator: entratest.ScopeIsNull}, {Attribute: "userPrincipalName", Operator: entratest.ScopeRegexMatch, Value: "^b"}},
			{{Attribute: "jobTitle", Operator: entratest.ScopeIncludes, Value: "count"}, {Attribute: "accountEnabled", Operator: entratest.ScopeIsTrue}},
			{{Attribute: "displayName", Operator: entratest.ScopeEquals, Value: "EVE"}},
		}}, []string{"bob"}},
		"all but guests": {entratest.ProvisionOptions{Scope: entratest.Everyone, Filters: []entratest.ScopingFilter{
			{{Attribute: "userType", Operator: entratest.ScopeNotEquals, Value: "Guest"}, {Attribute: "mail", Operator: entratest.ScopeIsNotNull}},
		}}, []string{"ada"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.tenant.AddUser(entratest.User{GivenName: "Bob"})
			eve := r.tenant.AddUser(entratest.User{GivenName: "Eve"})
			r.must(r.tenant.Assign(r.app, r.ada, "Reader"))
			r.must(r.tenant.Assign(r.app, eve, "Reader"))
			s, base := newStub(t)
			p := r.tenant.Provision(r.app, base, "x", c.opt)
			r.must(p.Cycle(t.Context()))
			var got []string
			for _, d := range s.docs {
				name, _, _ := strings.Cut(fmt.Sprint(d["userName"]), "@")
				got = append(got, name)
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("%v are there, want %v", got, c.want)
			}
			// Whoever no longer passes is out of scope: disabled, not deleted.
			if len(c.opt.Filters) > 0 && name == "a department" {
				r.must(r.tenant.UpdateUser(r.ada, func(u *entratest.User) { u.Department = "Looms" }))
				s.sent()
				r.must(p.Cycle(t.Context()))
				if got := s.sent(); got != patchOf("id-1", `{"op":"Replace","path":"active","value":"False"}`) {
					t.Errorf("sent\n%s", got)
				}
			}
		})
	}
}

func TestAccounts_itPagesThroughEverybody(t *testing.T) {
	r, _, people := crew(t, 7)
	s, base := newStub(t)
	p := r.tenant.Provision(r.app, base, "x", entratest.ProvisionOptions{NoGroups: true})
	r.must(p.Cycle(t.Context()))
	s.mu.Lock()
	s.docs["Users/id-98"] = map[string]any{"id": "id-98", "userName": "ADA@acme.example", "active": true}
	s.docs["Users/id-99"] = map[string]any{"id": "id-99", "userName": "root", "active": true}
	s.mu.Unlock()
	all, err := p.Accounts(t.Context(), 4)
	r.must(err)
	states := map[entratest.AccountState]int{}
	for _, a := range all {
		states[a.State]++
	}
	if states[entratest.AssignedAccount] != 7 || states[entratest.UnassignedAccount] != 1 || states[entratest.LocalAccount] != 1 {
		t.Errorf("%v in %+v", states, all)
	}
	if asked := s.asked(); !strings.Contains(asked, "/Users?count=4&startIndex=9") {
		t.Errorf("it asked\n%s", asked)
	}
	if all[0].User != people[0].ObjectID || !all[0].Active {
		t.Errorf("%+v", all[0])
	}
	for name, list := range map[string]string{
		"a startIndex that is not echoed": `{"totalResults":1,"startIndex":7,"itemsPerPage":1,"Resources":[{"id":"a"}]}`,
		"no startIndex":                   `{"totalResults":1,"itemsPerPage":1,"Resources":[{"id":"a"}]}`,
		"a wrong itemsPerPage":            `{"totalResults":1,"startIndex":1,"itemsPerPage":4,"Resources":[{"id":"a"}]}`,
		"somebody twice":                  `{"totalResults":2,"startIndex":1,"itemsPerPage":2,"Resources":[{"id":"a"},{"id":"a"}]}`,
		"an empty page":                   `{"totalResults":2,"startIndex":1,"itemsPerPage":0,"Resources":[]}`,
		"no total":                        `{"startIndex":1,"itemsPerPage":0,"Resources":[]}`,
	} {
		job := r.tenant.Provision(r.app, answering(t, list), "x", entratest.ProvisionOptions{})
		if _, err := job.Accounts(t.Context(), 4); err == nil {
			t.Errorf("%s is not found", name)
		}
	}
}

// answering is a target that says the same to everything.
func answering(t *testing.T, doc string) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/scim+json")
		_, _ = w.Write([]byte(doc))
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestSchemas_itReadsTheNamesAndFindsFaults(t *testing.T) {
	r := newRig(t)
	const good = `{"Resources":[{"id":"urn:ietf:params:scim:schemas:core:2.0:User","attributes":[{"name":"userName","type":"string","returned":"always"},
		{"name":"name","type":"complex","subAttributes":[{"name":"givenName","type":"string"}]}]},
		{"id":"urn:x:User","attributes":[{"name":"badge","type":"string","uniqueness":"none"}]}]}`
	read := func(doc string) ([]string, error) {
		return r.tenant.Provision(r.app, answering(t, doc), "x", entratest.ProvisionOptions{}).Schemas(t.Context())
	}
	names, err := read(good)
	if want := []string{"name", "name.givenName", "urn:x:User:badge", "userName"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("%v, %v; want %v", names, err, want)
	}
	for from, to := range map[string]string{`"always"`: `"Always"`, `"returned":"always"`: `"description":null`, `"name":"badge",`: ``, `"Resources"`: `"resources"`, `"uniqueness":"none"`: `"uniqueness":"None"`} {
		if _, err := read(strings.Replace(good, from, to, 1)); err == nil {
			t.Errorf("with %s in place of %s nothing is found", to, from)
		}
	}
}
