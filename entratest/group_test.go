package entratest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/entratest"
)

// crew is a rig with a group of people, assigned to the app.
func crew(t *testing.T, n int) (*rig, *entratest.Group, []*entratest.User) {
	t.Helper()
	r := newRig(t)
	var ids []string
	var people []*entratest.User
	for i := range n {
		u := r.tenant.AddUser(entratest.User{GivenName: fmt.Sprintf("P%02d", i)})
		people, ids = append(people, u), append(ids, u.ObjectID)
	}
	g := r.tenant.AddGroup(entratest.Group{DisplayName: "Crew", Members: ids})
	r.must(r.tenant.AssignGroup(r.app, g, "Reader"))
	return r, g, people
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func TestGroups_itSendsWhatEntraSends(t *testing.T) {
	for _, flag := range []bool{false, true} {
		t.Run(fmt.Sprintf("with aadOptscim062020 %v", flag), func(t *testing.T) {
			r, g, people := crew(t, 3)
			s, base := newStub(t)
			p := r.tenant.Provision(r.app, base, "x", entratest.ProvisionOptions{OptSCIM062020: flag, MemberChunk: 2})
			r.must(p.TestConnection(t.Context()))
			if asked := s.asked(); !strings.Contains(asked, "/Groups?excludedAttributes=members&filter=displayName+eq+") && !flag {
				t.Errorf("the test connection asked\n%s", asked)
			}
			expect := func(classic, flagged string) {
				t.Helper()
				r.must(p.Cycle(t.Context()))
				if flag {
					classic = flagged
				}
				if got := s.sent(); got != classic {
					t.Errorf("sent\n%s\nwant\n%s", got, classic)
				}
			}
			add, remove := "Add", "Remove"
			if flag {
				add, remove = "add", "remove"
			}
			r.must(p.Cycle(t.Context()))
			got := strings.Split(s.sent(), "\n")
			want := []string{
				`POST /Groups {"displayName":"Crew","externalId":"` + g.ObjectID + `","meta":{"resourceType":"Group"},` +
					`"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"]}`,
				groupPatch(`{"op":"` + add + `","path":"members","value":[{"$ref":null,"value":"id-1"},{"$ref":null,"value":"id-2"}]}`),
				groupPatch(`{"op":"` + add + `","path":"members","value":[{"$ref":null,"value":"id-3"}]}`),
			}
			if len(got) != 6 || strings.Join(got[3:], "\n") != strings.Join(want, "\n") {
				t.Errorf("after three creates, sent\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			expect("", "")
			r.must(r.tenant.RenameGroup(g, "Bridge"))
			expect(groupPatch(`{"op":"Replace","path":"displayName","value":"Bridge"}`), groupPatch(`{"op":"replace","value":{"displayName":"Bridge"}}`))

			// One comes and one goes, in one request.
			late := r.tenant.AddUser(entratest.User{GivenName: "Late"})
			r.must(r.tenant.Assign(r.app, late, "Reader"))
			r.must(p.Cycle(t.Context()))
			s.sent()
			r.must(r.tenant.AddMember(g, late))
			r.must(r.tenant.RemoveMember(g, people[0]))
			r.must(r.tenant.Assign(r.app, people[0], "Reader"))
			came := `{"op":"` + add + `","path":"members","value":[{"$ref":null,"value":"id-5"}]}`
			expect(groupPatch(`{"op":"`+remove+`","path":"members","value":[{"$ref":null,"value":"id-1"}]},`+came),
				groupPatch(`{"op":"remove","path":"members[value eq \"id-1\"]"},`+came))

			// Disabling and restoring leaves memberships alone.
			r.must(r.tenant.Disable(people[1]))
			r.must(p.Cycle(t.Context()))
			r.must(r.tenant.Enable(people[1]))
			r.must(p.Cycle(t.Context()))
			if got := s.sent(); strings.Contains(got, "members") || s.group() != "Bridge 3" {
				t.Errorf("sent\n%s\nand the group is %s", got, s.group())
			}
			// Whoever is purged leaves with DELETE /Users alone.
			r.must(r.tenant.Delete(people[2]))
			expect("DELETE /Users/id-3", "DELETE /Users/id-3")
			r.must(r.tenant.DeleteGroup(g))
			r.must(p.Cycle(t.Context()))
			if got := s.sent(); !strings.HasSuffix(got, "DELETE /Groups/id-4") {
				t.Errorf("sent\n%s", got)
			}
		})
	}
}

func groupPatch(ops string) string {
	return strings.Replace(patchOf("id-4", ops), "/Users/", "/Groups/", 1)
}

func TestGroups_itAdoptsAndReturnsToTheLost(t *testing.T) {
	r, g, _ := crew(t, 2)
	s, base := newStub(t)
	s.docs["Groups/old"] = map[string]any{"id": "old", "displayName": "crew", "members": map[string]bool{}}
	p := r.tenant.Provision(r.app, base, "x", entratest.ProvisionOptions{})
	r.must(p.Cycle(t.Context()))
	if got := s.sent(); strings.Contains(got, "POST /Groups") || !strings.Contains(got, `PATCH /Groups/old {"Operations":[{"op":"Replace","path":"externalId","value":"`+g.ObjectID) {
		t.Errorf("sent\n%s", got)
	}
	if s.group() != "crew 2" {
		t.Errorf("%s", s.group())
	}
	// Somebody removes it there.
	s.mu.Lock()
	delete(s.docs, "Groups/old")
	s.mu.Unlock()
	late := r.tenant.AddUser(entratest.User{GivenName: "Late"})
	r.must(r.tenant.AddMember(g, late))
	r.must(p.Cycle(t.Context()))
	if s.group() != "Crew 3" {
		t.Errorf("after it was removed at the target: %s", s.group())
	}
	// Unassigned groups are removed at the target, and their people disabled.
	r.must(r.tenant.UnassignGroup(r.app, g))
	r.must(p.Cycle(t.Context()))
	if got := s.sent(); s.group() != "" || strings.Count(got, `"path":"active","value":"False"`) != 3 {
		t.Errorf("%s; sent\n%s", s.group(), got)
	}
}

func TestGroups_itTakesFiveMembersOnDemand(t *testing.T) {
	r, g, people := crew(t, 7)
	s, base := newStub(t)
	p := r.tenant.Provision(r.app, base, "x", entratest.ProvisionOptions{OptSCIM062020: true})
	if err := p.OnDemandGroup(t.Context(), g, people[:6]...); err == nil || s.sent() != "" {
		t.Errorf("six members on demand: %v", err)
	}
	r.must(p.OnDemandGroup(t.Context(), g, people[:5]...))
	got := s.sent()
	if s.group() != "Crew 5" || strings.Count(got, "POST /Users") != 5 {
		t.Errorf("%s; sent\n%s", s.group(), got)
	}
	if !strings.Contains(got, `"op":"Add"`) || strings.Contains(got, `"op":"add"`) {
		t.Errorf("on demand the flag's dialect was used:\n%s", got)
	}
	r.must(p.Cycle(t.Context()))
	if got := s.sent(); s.group() != "Crew 7" || !strings.Contains(got, `"op":"add"`) {
		t.Errorf("after the cycle %s; sent\n%s", s.group(), got)
	}
}

func TestGroups_itChecksReferencesWhereToldTo(t *testing.T) {
	r, g, people := crew(t, 2)
	boss := r.tenant.AddUser(entratest.User{GivenName: "Boss"})
	r.must(r.tenant.Assign(r.app, boss, "Reader"))
	r.must(r.tenant.UpdateUser(people[0], func(u *entratest.User) { u.Manager = boss.ObjectID }))
	s, base := newStub(t)
	p := r.tenant.Provision(r.app, base, "x", entratest.ProvisionOptions{ReferenceChecks: true})
	r.must(p.Cycle(t.Context()))
	asked := s.asked()
	for _, want := range []string{
		`/Users?attributes=id&filter=id+eq+%22id-1%22+and+manager+eq+%22id-3%22`,
		`/Groups?attributes=id&filter=id+eq+%22id-4%22+and+members+eq+%22id-1%22`,
	} {
		if !strings.Contains(asked, want) {
			t.Errorf("it did not ask %s:\n%s", want, asked)
		}
	}
	if s.group() != "Crew 2" || !strings.Contains(s.sent(), `:manager","value":"id-3"`) {
		t.Errorf("%s", s.group())
	}
	// What the target has already is not sent.
	p.Restart()
	r.must(p.Cycle(t.Context()))
	if got := s.sent(); strings.Contains(got, "members") || strings.Contains(got, "manager") {
		t.Errorf("sent again\n%s", got)
	}
	_ = g
}

func TestGroups_itCreatesOnceWhenTheAnswerIsLost(t *testing.T) {
	r, _, _ := crew(t, 1)
	s, base := newStub(t)
	front := newLossy(t, s, base)
	p := r.tenant.Provision(r.app, front, "x", entratest.ProvisionOptions{})
	r.must(p.Cycle(t.Context()))
	if got := s.sent(); s.group() != "Crew 1" || strings.Count(got, "POST /Users") != 2 || strings.Count(got, "POST /Groups") != 2 {
		t.Errorf("%s; sent\n%s", s.group(), got)
	}
	if r.must(p.Cycle(t.Context())); s.sent() != "" {
		t.Error("the second cycle had something to do")
	}
}

func TestGroups_itLeavesThemOutWhereTheMappingIsOff(t *testing.T) {
	r, _, _ := crew(t, 1)
	s, base := newStub(t)
	s.refusing(func(q *http.Request, _ string) int {
		if strings.Contains(q.URL.Path, "/Groups") {
			return 501
		}
		return 0
	})
	p := r.tenant.Provision(r.app, base, "x", entratest.ProvisionOptions{NoGroups: true})
	r.must(p.TestConnection(t.Context()))
	r.must(p.Cycle(t.Context()))
	if strings.Contains(s.asked()+s.sent(), "Groups") {
		t.Error("groups were asked for")
	}
}
