package provision_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

func groupBody(name, ext string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
		"externalId":%q,"displayName":%q,"meta":{"resourceType":"Group"}}`, ext, name)
}

func (d *desk) group(name string, members ...string) string {
	d.t.Helper()
	id := d.ask("POST", "/Groups", groupBody(name, "x-"+name)).want(http.StatusCreated).id()
	if len(members) > 0 {
		d.ask("PATCH", "/Groups/"+id, patch(addMembers(members...))).want(http.StatusNoContent)
	}
	return id
}

func addMembers(ids ...string) string {
	list := ""
	for i, id := range ids {
		if i > 0 {
			list += ","
		}
		list += `{"$ref":null,"value":"` + id + `"}`
	}
	return `{"op":"Add","path":"members","value":[` + list + `]}`
}

// members returns the ids of the members as a GET shows them, in their order.
func (d *desk) members(group string) []string {
	d.t.Helper()
	out := []string{}
	list, _ := d.ask("GET", "/Groups/"+group, "").want(http.StatusOK).body["members"].([]any)
	for _, m := range list {
		out = append(out, m.(map[string]any)["value"].(string))
	}
	return out
}

func groupFilter(text string) string { return "/Groups?filter=" + url.QueryEscape(text) }

func TestAGroupIsNeverItsOwnMember(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		ada := d.create("ada@acme.example", "a")
		a, b := d.group("A", ada), d.group("B")
		itself := `[{"value":"` + ada + `"},{"value":"` + a + `"}]`
		for _, op := range []string{
			addMembers(a), addMembers(ada, a), `{"op":"replace","path":"members","value":` + itself + `}`, `{"op":"replace","value":{"displayName":"Z","members":` + itself + `}}`,
			`{"op":"Add","path":"members[value eq \"` + a + `\"].value","value":"` + a + `"}`,
		} {
			d.ask("PATCH", "/Groups/"+a, patch(op)).fails(http.StatusBadRequest, "invalidValue")
		}
		d.ask("PUT", "/Groups/"+a, `{"displayName":"Z","members":`+itself+`}`).fails(http.StatusBadRequest, "invalidValue")
		if got := d.ask("GET", "/Groups/"+a, ""); got.body["displayName"] != "A" || !slices.Equal(d.members(a), []string{ada}) {
			t.Errorf("it is %s", got.raw)
		}
		// Two may be members of each other, as in RFC 7644 section 3.7.1: nobody
		// belongs to a group through another one, so it does no harm.
		d.ask("PATCH", "/Groups/"+a, patch(addMembers(b))).want(http.StatusNoContent)
		d.ask("PATCH", "/Groups/"+b, patch(addMembers(a))).want(http.StatusNoContent)
		if got := d.ask("GET", "/Users/"+ada, "").body["groups"].([]any); len(got) != 1 {
			t.Errorf("Ada is in %v", got)
		}
		d.ask("DELETE", "/Groups/"+a, "").want(http.StatusNoContent)
		if got := d.members(b); len(got) != 0 {
			t.Errorf("B still has %v", got)
		}
	})
}

// req: E11
func TestGroupsLiveAsEntraNeedsThemTo(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		ada, bob := d.create("ada@acme.example", "a"), d.create("bob@acme.example", "b")
		a := d.ask("POST", "/Groups", groupBody("Engineers", "g1")).want(http.StatusCreated)
		id := a.id()
		where := "https://sso.example/scim/v2/acme/Groups/" + id
		if a.header.Get("Location") != where || a.header.Get("ETag") != `W/"1"` || a.body["members"] != nil || a.body["externalId"] != "g1" {
			t.Errorf("created: %v %s", a.header, a.raw)
		}
		d.ask("POST", "/Groups", groupBody("ENGINEERS", "g2")).fails(http.StatusConflict, "uniqueness")
		d.ask("POST", "/Groups", groupBody("Others", "g1")).fails(http.StatusConflict, "uniqueness")
		for _, f := range []string{`displayName eq "ENGINEERS"`, `externalId eq "g1"`, `id eq "` + id + `"`, `displayName sw "eng" and meta.created pr`} {
			if ids := d.ask("GET", groupFilter(f)+"&excludedAttributes=members", "").found(); !slices.Equal(ids, []string{id}) {
				t.Errorf("%s found %v", f, ids)
			}
		}
		d.ask("PATCH", "/Groups/"+id, patch(addMembers(ada))).want(http.StatusNoContent)
		d.ask("PATCH", "/Groups/"+id, patch(addMembers(ada, bob))).want(http.StatusNoContent)
		got := d.ask("GET", "/Groups/"+id, "").want(http.StatusOK)
		want := []any{
			map[string]any{"value": ada, "type": "User", "display": "ada@acme.example", "$ref": "https://sso.example/scim/v2/acme/Users/" + ada},
			map[string]any{"value": bob, "type": "User", "display": "bob@acme.example", "$ref": "https://sso.example/scim/v2/acme/Users/" + bob},
		}
		if diff := cmp.Diff(want, got.body["members"]); diff != "" {
			t.Errorf("members (-want +got):\n%s", diff)
		}
		if a := d.ask("GET", "/Groups/"+id+"?excludedAttributes=members", "").want(http.StatusOK); a.body["members"] != nil || a.body["displayName"] != "Engineers" {
			t.Errorf("without members: %s", a.raw)
		}
		groups := d.ask("GET", "/Users/"+ada, "").want(http.StatusOK).body["groups"]
		if diff := cmp.Diff([]any{map[string]any{"value": id, "display": "Engineers", "type": "direct", "$ref": where}}, groups); diff != "" {
			t.Errorf("groups of a member (-want +got):\n%s", diff)
		}
		for f, n := range map[string]int{
			`id eq "` + id + `" and members eq "` + ada + `"`: 1, `members.value eq "` + bob + `"`: 1, `members[value eq "` + bob + `"]`: 1, `members eq "nobody"`: 0,
			`id eq "x" and members eq "` + ada + `"`: 0, `members pr`: 1, `not (members pr)`: 0, `members.display co "bob"`: 1, `members ne "x"`: 1,
		} {
			if ids := d.ask("GET", groupFilter(f)+"&attributes=id", "").found(); len(ids) != n {
				t.Errorf("%s found %v, want %d", f, ids, n)
			}
		}
		for i, r := range d.ask("GET", "/Users", "").body["Resources"].([]any) {
			if diff := cmp.Diff(groups, r.(map[string]any)["groups"]); diff != "" {
				t.Errorf("groups of person %d in a list (-want +got):\n%s", i, diff)
			}
		}
		if ids := d.ask("GET", filter(`groups.value eq "`+id+`"`), "").found(); !slices.Equal(ids, []string{ada, bob}) {
			t.Errorf("members by filter: %v", ids)
		}
		d.ask("PATCH", "/Groups/"+id, patch(`{"op":"Replace","path":"displayName","value":"Builders"}`)).want(http.StatusNoContent)
		if name := d.ask("GET", "/Groups/"+id, "").body["displayName"]; name != "Builders" {
			t.Errorf("renamed to %v", name)
		}
		d.ask("DELETE", "/Groups/"+id, "").want(http.StatusNoContent)
		d.ask("GET", "/Groups/"+id, "").fails(http.StatusNotFound, "")
		d.ask("DELETE", "/Groups/"+id, "").fails(http.StatusNotFound, "")
		if groups := d.ask("GET", "/Users/"+ada, "").body["groups"]; groups != nil {
			t.Errorf("groups after the end of the group: %v", groups)
		}
	})
}

// Every way in which Entra, Okta and the RFC change members.
//
// req: E11
func TestMembersChangeInEveryForm(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	u := make([]string, 4)
	for i := range u {
		u[i] = d.create(fmt.Sprintf("u%d@acme.example", i), fmt.Sprint(i))
	}
	for _, c := range []struct {
		it, ops string
		want    []int
	}{
		{"adds as both dialects do", addMembers(u[2], u[3]), []int{0, 1, 2, 3}},
		{"adds one without its list", `{"op":"add","path":"members","value":{"value":"` + u[2] + `"}}`, []int{0, 1, 2}},
		{"adds a bare id", `{"op":"add","path":"members","value":"` + u[2] + `"}`, []int{0, 1, 2}},
		{"adds without a path", `{"op":"add","value":{"members":[{"value":"` + u[2] + `"}]}}`, []int{0, 1, 2}},
		{"adds under the URN", `{"op":"Add","path":"urn:ietf:params:scim:schemas:core:2.0:Group:Members","value":[{"value":"` + u[2] + `"}]}`, []int{0, 1, 2}},
		{"removes by value array (default dialect)", `{"op":"Remove","path":"members","value":[{"$ref":null,"value":"` + u[0] + `"}]}`, []int{1}},
		{"removes nobody by an empty value array", `{"op":"Remove","path":"members","value":[]}`, []int{0, 1}},
		{"removes nobody whom it does not know", `{"op":"Remove","path":"members","value":[{"value":"` + u[3] + `"}]}`, []int{0, 1}},
		{"removes by path (flag)", `{"op":"remove","path":"members[value eq \"` + u[0] + `\"]"}`, []int{1}},
		{"removes two by path", `{"op":"remove","path":"members[value eq \"` + u[0] + `\" or value eq \"` + u[1] + `\"]"}`, []int{}},
		{"removes by what they are", `{"op":"remove","path":"members[type eq \"user\" and display sw \"u1\"]"}`, []int{0}},
		{"removes all without a value", `{"op":"remove","path":"members"}`, []int{}},
		{"replaces", `{"op":"replace","path":"members","value":[{"value":"` + u[3] + `"}]}`, []int{3}},
		{"replaces without a path (Okta)", `{"op":"replace","value":{"id":"x","displayName":"G","members":[{"value":"` + u[0] + `"},{"value":"` + u[2] + `"}]}}`, []int{0, 2}},
		{"replaces one by another", `{"op":"replace","path":"members[value eq \"` + u[0] + `\"]","value":{"value":"` + u[2] + `"}}`, []int{1, 2}},
		{"does several in their order", addMembers(u[2]) + `,{"op":"Remove","path":"members","value":[{"value":"` + u[2] + `"},{"value":"` + u[0] + `"}]},` + addMembers(u[0], u[3]), []int{0, 1, 3}},
		{"does nothing", ``, []int{0, 1}},
	} {
		t.Run("it "+c.it, func(t *testing.T) {
			d.t = t
			g := d.group("G", u[0], u[1])
			d.ask("PATCH", "/Groups/"+g, patch(c.ops)).want(http.StatusNoContent)
			want := []string{}
			for _, i := range c.want {
				want = append(want, u[i])
			}
			got := d.members(g)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("members (-want +got):\n%s", diff)
			}
			d.ask("DELETE", "/Groups/"+g, "").want(http.StatusNoContent)
		})
	}
	d.t = t
	g := d.group("G", u[0])
	for ops, kind := range map[string]string{
		addMembers(u[1], "nobody"):                                             "invalidValue",
		addMembers(u[1]) + "," + addMembers("nobody"):                          "invalidValue",
		addMembers(u[1]) + `,{"op":"Replace","path":"displayName","value":""}`: "invalidValue",
		`{"op":"Add","path":"members","value":[{"display":"x"}]}`:              "invalidValue",
		`{"op":"Replace","path":"members.display","value":"x"}`:                "mutability",
		`{"op":"Remove","path":"members[value gt"}`:                            "invalidPath",
	} {
		d.ask("PATCH", "/Groups/"+g, patch(ops)).fails(http.StatusBadRequest, kind)
		if got := d.members(g); !slices.Equal(got, u[:1]) {
			t.Fatalf("after %s: %v", ops, got)
		}
	}
	before := d.ask("GET", "/Groups/"+g, "")
	d.ask("PATCH", "/Groups/"+g, patch(addMembers(u[0]))).want(http.StatusNoContent)
	if after := d.ask("GET", "/Groups/"+g, ""); !cmp.Equal(before.body, after.body) {
		t.Errorf("adding who is there changed %s to %s", before.raw, after.raw)
	}
	// A PUT that says nothing about members leaves them.
	d.ask("PUT", "/Groups/"+g, groupBody("H", "h")).want(http.StatusOK)
	if got := d.members(g); !slices.Equal(got, u[:1]) {
		t.Errorf("after PUT: %v", got)
	}
	d.ask("PUT", "/Groups/"+g, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"H","members":[]}`).want(http.StatusOK)
	if got := d.members(g); len(got) != 0 {
		t.Errorf("after PUT of none: %v", got)
	}
	inner := d.group("Inner")
	d.ask("PATCH", "/Groups/"+g, patch(addMembers(inner))).want(http.StatusNoContent)
	m := d.ask("GET", "/Groups/"+g, "").body["members"].([]any)[0].(map[string]any)
	if m["type"] != "Group" || m["display"] != "Inner" || m["$ref"] != "https://sso.example/scim/v2/acme/Groups/"+inner {
		t.Errorf("a group as a member: %v", m)
	}
}

// req: E7 E11
func TestWhoIsDisabledKeepsTheirGroupsAndWhoIsDeletedDoesNot(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		id := d.create("ada@acme.example", "a")
		g := d.group("G", id)
		d.ask("PATCH", "/Users/"+id, patch(disable)).want(http.StatusOK)
		if got := d.members(g); !slices.Equal(got, []string{id}) {
			t.Errorf("disabled: %v", got)
		}
		d.ask("DELETE", "/Users/"+id, "").want(http.StatusNoContent)
		if got := d.members(g); len(got) != 0 {
			t.Errorf("deleted: %v", got)
		}
		d.ask("PATCH", "/Groups/"+g, patch(addMembers(id))).fails(http.StatusBadRequest, "invalidValue")
	})
}

// req: E11
func TestTwoServersPatchOneGroupAndLoseNobody(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		g := d.group("G")
		second := d.replica(d.store)
		ids := make([]string, 24)
		for i := range ids {
			ids[i] = d.create(fmt.Sprintf("u%d@acme.example", i), fmt.Sprint(i))
		}
		var wg sync.WaitGroup
		for i, id := range ids {
			h := d.handler
			if i%2 == 1 {
				h = second
			}
			wg.Go(func() { d.askOf(h, "PATCH", "/Groups/"+g, patch(addMembers(id))).want(http.StatusNoContent) })
		}
		wg.Wait()
		got := d.members(g)
		slices.Sort(got)
		slices.Sort(ids)
		if diff := cmp.Diff(ids, got); diff != "" {
			t.Errorf("members (-want +got):\n%s", diff)
		}
	})
}

func TestAGreatGroupIsWholeHoweverItIsRead(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		const n = 2500
		members := make([]directory.Member, n)
		for i := range members {
			u := directory.User{ID: fmt.Sprintf("u%04d", i), Directory: d.ws.Directory, UserName: fmt.Sprintf("u%04d", i), State: directory.Active, Created: start, Modified: start, Doc: []byte(`{}`)}
			if err := d.store.InsertUser(t.Context(), u); err != nil {
				t.Fatal(err)
			}
			members[i].ID = u.ID
		}
		g := d.group("G")
		_, _, err := d.store.ChangeResource(t.Context(), d.ws.Directory, directory.GroupType, g, start, func(before directory.Resource) (store.ResourceChange, error) {
			return store.ResourceChange{After: before, Add: members}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := d.members(g); len(got) != n {
			t.Errorf("GET shows %d", len(got))
		}
		list := d.ask("GET", groupFilter(`displayName eq "G"`), "").want(http.StatusOK).body["Resources"].([]any)
		if got := list[0].(map[string]any)["members"].([]any); len(got) != n {
			t.Errorf("the list shows %d", len(got))
		}
		for _, r := range d.ask("GET", "/Users?count=250", "").want(http.StatusOK).body["Resources"].([]any) {
			if u := r.(map[string]any); len(u["groups"].([]any)) != 1 {
				t.Errorf("%v is in %v", u["id"], u["groups"])
			}
		}
		d.ask("PATCH", "/Groups/"+g, patch(`{"op":"Remove","path":"members","value":[{"value":"u0007"}]}`)).want(http.StatusNoContent)
		if got := d.members(g); len(got) != n-1 || slices.Contains(got, "u0007") {
			t.Errorf("%d are left of %d", len(got), n)
		}
	})
}

// req: E3 D8 E8
func TestGroupsAndAppRolesGiveRoles(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		_, err := d.store.UpdateWorkspace(t.Context(), "acme", start, func(ws *directory.Workspace) error {
			ws.RoleRules = []directory.RoleRule{{Group: "Admins", Role: "admin"}, {AppRole: "Editor", Role: "editor"}}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		id := d.create("ada@acme.example", "a")
		role := func() string {
			u, err := d.store.User(t.Context(), d.ws.Directory, id)
			if err != nil {
				t.Fatal(err)
			}
			return u.Role
		}
		is := func(want, after string) {
			t.Helper()
			if got := role(); got != want {
				t.Errorf("the role is %q after %s, want %q", got, after, want)
			}
		}
		is("Member", "creation")
		d.ask("PATCH", "/Users/"+id, patch(`{"op":"Add","path":"roles","value":[{"value":"owner","display":"Owner"}]}`)).want(http.StatusOK)
		is("Member", "being called an owner")
		d.ask("PATCH", "/Users/"+id, patch(`{"op":"Replace","path":"roles","value":[{"value":"editor"}]}`)).want(http.StatusOK)
		is("editor", "an app role")
		g := d.group("Admins", id)
		is("admin", "joining a group")
		d.ask("PATCH", "/Groups/"+g, patch(`{"op":"Remove","path":"members","value":[{"value":"`+id+`"}]}`)).want(http.StatusNoContent)
		is("editor", "leaving the group")
		d.ask("PATCH", "/Groups/"+g, patch(addMembers(id))).want(http.StatusNoContent)
		d.ask("PATCH", "/Users/"+id, patch(disable)).want(http.StatusOK)
		d.ask("PATCH", "/Users/"+id, patch(restore)).want(http.StatusOK)
		is("editor", "coming back")
		d.ask("PATCH", "/Groups/"+g, patch(addMembers(id))).want(http.StatusNoContent)
		d.ask("PATCH", "/Users/"+id, patch(`{"op":"Add","path":"title","value":"x"}`)).want(http.StatusOK)
		is("editor", "a repeated request")
		d.ask("DELETE", "/Groups/"+g, "").want(http.StatusNoContent)
		is("editor", "the end of the group")
	})
}
