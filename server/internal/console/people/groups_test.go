package people_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/console/consoletest"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// team makes a group of acme with these members.
func team(c *consoletest.Console, id, name string, members ...string) {
	c.Helper()
	g := directory.Group{Type: directory.GroupType, ID: id, Directory: "dir-acme", DisplayName: name, ExternalID: "ext-" + id, Created: c.Now(), Modified: c.Now(), Doc: fmt.Appendf(nil, `{"displayName":%q,"externalId":"ext-%s"}`, name, id)}
	var all []directory.Member
	for _, m := range members {
		all = append(all, directory.Member{ID: m})
	}
	if err := c.Store.InsertResource(c.Context(), g, all); err != nil {
		c.Fatal(err)
	}
}

func TestGroups_areFoundAndShowTheirMembers(t *testing.T) {
	consoletest.Each(t, sections, func(t *testing.T, c *consoletest.Console) {
		c.Get("/workspaces/acme/groups").OK().Has("No groups yet")
		var many []string
		for i := range 60 {
			many = append(many, hire(c, "acme", fmt.Sprintf("P%02d Person", i)).ID)
		}
		team(c, "g-2", "Writers", many...)
		team(c, "g-1", "engineers", many[0], "g-2")
		for _, x := range []struct{ q, want string }{{"", "g-1 g-2"}, {"WRI", "g-2"}, {"g-1", "g-1"}, {"ext-g-1", "g-1"}, {"riters", ""}} {
			if got := names(c.JSON(http.MethodGet, "/workspaces/acme/groups?"+url.Values{"q": {x.q}}.Encode(), nil)); got != x.want {
				t.Errorf("%q: %q, want %q", x.q, got, x.want)
			}
		}
		c.Get("/workspaces/acme/groups/g-1").OK().Has("engineers", "Writers (group)", "p00@acme.example")
		first := c.Get("/workspaces/acme/groups/g-2").OK().Has("Members 60", "p00@acme.example").HasNot("p59@")
		c.Get(first.Link("Next")).OK().Has("p59@acme.example", "First page")
		c.Get("/workspaces/acme/groups/g-2?after=x").Is(http.StatusBadRequest)
		c.Get("/workspaces/acme/groups/g-3").Is(http.StatusNotFound)
		c.Get(base+"/"+many[0]).OK().Has("engineers", "Writers")
	})
}

func TestRoles_rulesAreAddedOrderedAndRemovedByTheVersionThatWasSeen(t *testing.T) {
	consoletest.Each(t, sections, func(t *testing.T, c *consoletest.Console) {
		ada := hire(c, "acme", "Ada Lovelace")
		team(c, "g-1", "Engineers", ada.ID)
		const roles = "/workspaces/acme/roles"
		type answer struct {
			Version int64
			Rules   []struct {
				At      int
				Group   string
				AppRole string `json:"app_role"`
				Role    string
			}
		}
		var at answer
		c.JSON(http.MethodGet, roles, nil).OK().Into(&at)
		post := func(path string, form url.Values) *consoletest.Answer {
			if !form.Has("version") {
				form.Set("version", fmt.Sprint(at.Version))
			}
			a := c.Post(roles+path, form)
			if a.Status == http.StatusSeeOther {
				c.JSON(http.MethodGet, roles, nil).OK().Into(&at)
			}
			return a
		}
		first := at.Version
		post("", url.Values{"kind": {"group"}, "name": {"Engineers"}, "role": {"editor"}}).Is(http.StatusSeeOther).Follow().OK().Has("Engineers gives the role editor.")
		c.Get(base+"/u-ada").OK().Has("From the group Engineers.", "editor")
		c.Get("/workspaces/acme/groups").OK().Has("Engineers 1 editor")
		post("", url.Values{"kind": {"app-role"}, "name": {"Boss"}, "role": {"admin"}}).Is(http.StatusSeeOther)
		post("", url.Values{"version": {fmt.Sprint(first)}, "kind": {"group"}, "name": {"x"}, "role": {"y"}}).Is(http.StatusConflict).Has("LY-UI-003")
		for _, bad := range []url.Values{
			{"kind": {"group"}, "name": {""}, "role": {"x"}},
			{"kind": {"group"}, "name": {"x"}, "role": {""}},
			{"kind": {"group"}, "name": {"x"}, "role": {"OWNER"}},
			{"kind": {"group"}, "name": {"Engineers"}, "role": {"other"}},
			{"kind": {"team"}, "name": {"x"}, "role": {"x"}},
		} {
			post("", bad).Is(http.StatusUnprocessableEntity)
		}
		post("/raise", url.Values{"at": {"1"}}).Is(http.StatusSeeOther)
		if len(at.Rules) != 2 || at.Rules[0].AppRole != "Boss" || at.Rules[1].Group != "Engineers" {
			t.Errorf("the rules are %+v", at.Rules)
		}
		post("/raise", url.Values{"at": {"0"}}).Is(http.StatusConflict)
		post("/remove", url.Values{"at": {"7"}}).Is(http.StatusConflict)
		post("/remove", url.Values{"at": {"0"}}).Is(http.StatusSeeOther)
		post("/remove", url.Values{"at": {"0"}}).Is(http.StatusSeeOther)
		if len(at.Rules) != 0 {
			t.Errorf("left are %+v", at.Rules)
		}
		c.Get(base + "/u-ada").OK().Has("No rule gives them one.")
		post("", url.Values{"kind": {"group"}, "name": {"g-1"}, "role": {"editor"}}).Is(http.StatusSeeOther).Follow().OK().Has("Engineers gives the role editor.", "Engineers (group g-1)")
		c.Get(base + "/u-ada").OK().Has("From the group Engineers.")
		c.As(consoletest.With(console.Viewer))
		c.Get(roles).OK().HasNot("Add a rule", "Remove")
	})
}
