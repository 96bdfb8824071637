package provision_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// declare adds schemas to a desk that has people already.
func (d *desk) declare(declaration scim.Declaration) {
	d.t.Helper()
	types, err := declaration.Types()
	if err != nil {
		d.t.Fatal(err)
	}
	d.types = types
	d.store.Use(provision.Rules(types))
	if n, err := d.store.Reindex(d.t.Context()); err != nil || n == 0 {
		d.t.Fatalf("%d were indexed anew, %v", n, err)
	}
	d.handler = d.replica(d.store)
}

func TestDeclaredSchemasAreServedLikeThoseOfTheRFC(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		const ext, device = "urn:acme:scim:2.0:User", "urn:acme:scim:2.0:Device"
		old := d.create("old@acme.example", "old")
		d.declare(scim.Declaration{
			Extensions: []scim.DeclaredSchema{{Of: "User", ID: ext, Attributes: []scim.DeclaredAttribute{
				{Name: "badge", Uniqueness: "server"}, {Name: "level", Type: "integer"}, {Name: "pin", Mutability: "writeOnly", Returned: "never"}, {Name: "note", NotIndexed: true},
			}}},
			ResourceTypes: []scim.DeclaredType{{Name: "Device", Endpoint: "/Devices", Schema: scim.DeclaredSchema{ID: device, Attributes: []scim.DeclaredAttribute{
				{Name: "serial", Required: true, CaseExact: true, Uniqueness: "server"}, {Name: "displayName"},
			}}}},
		})
		body := func(name, badge, level string) string {
			return `{"userName":"` + name + `","` + ext + `":{"badge":"` + badge + `","level":` + level + `,"pin":"1234","note":"x ` + badge + `"}}`
		}
		a := d.ask("POST", "/Users", body("a@acme.example", "B7", "9")).want(http.StatusCreated)
		b := d.ask("POST", "/Users", body("b@acme.example", "B8", "10")).want(http.StatusCreated)
		if strings.Contains(string(a.raw), "1234") || !strings.Contains(string(a.raw), `"badge":"B7"`) {
			t.Errorf("made: %s", a.raw)
		}
		if e := d.ask("POST", "/Users", body("c@acme.example", "b7", "1")).fails(http.StatusConflict, "uniqueness"); !strings.Contains(e.body["detail"].(string), ext+":badge") {
			t.Errorf("the conflict does not name the attribute: %s", e.raw)
		}
		d.ask("PATCH", "/Users/"+b.id(), patch(`{"op":"Replace","path":"`+ext+`:badge","value":"B7"}`)).fails(http.StatusConflict, "uniqueness")
		for f, want := range map[string][]string{
			ext + `:badge eq "b7"`: {a.id()}, ext + `:level gt 9`: {b.id()}, ext + `:level ge 9`: {a.id(), b.id()}, ext + `:note ew "b8"`: {b.id()},
			ext + ` pr`: {a.id(), b.id()}, `not (` + ext + `:badge pr)`: {old}, ext + `:badge sw "B" and emails pr`: nil,
		} {
			got := d.ask("GET", filter(f), "").found()
			slices.Sort(got)
			if slices.Sort(want); !slices.Equal(got, want) && len(got)+len(want) > 0 {
				t.Errorf("%s found %v, want %v", f, got, want)
			}
		}
		if got := d.ask("GET", "/Users?sortBy="+url.QueryEscape(ext+":level")+"&sortOrder=descending", "").found(); !slices.Equal(got, []string{old, b.id(), a.id()}) {
			t.Errorf("sorted: %v", got)
		}
		if got := d.ask("GET", "/Users/"+a.id()+"?attributes="+ext+":pin,"+ext+":level", ""); strings.Contains(string(got.raw), "1234") || !strings.Contains(string(got.raw), `"level":9`) {
			t.Errorf("asked for: %s", got.raw)
		}
		for _, id := range []string{ext, device} {
			d.ask("GET", "/Schemas/"+id, "").want(http.StatusOK)
		}
		d.ask("GET", "/ResourceTypes/Device", "").want(http.StatusOK)

		d.ask("POST", "/Devices", `{"displayName":"x"}`).fails(http.StatusBadRequest, "invalidValue")
		one := d.ask("POST", "/Devices", `{"schemas":["`+device+`"],"serial":"S1","externalId":"e1","displayName":"Printer"}`).want(http.StatusCreated)
		if m := one.body["meta"].(map[string]any); m["resourceType"] != "Device" || m["location"] != "https://sso.example/scim/v2/acme/Devices/"+one.id() {
			t.Errorf("meta: %v", m)
		}
		d.ask("POST", "/Devices", `{"serial":"S1"}`).fails(http.StatusConflict, "uniqueness")
		d.ask("POST", "/Devices", `{"serial":"s1","externalId":"e1"}`).fails(http.StatusConflict, "uniqueness")
		d.ask("POST", "/Devices", `{"serial":"s1"}`).want(http.StatusCreated)
		for _, f := range []string{`serial eq "S1"`, `externalId eq "e1"`, `displayName co "print"`} {
			if got := d.ask("GET", "/Devices?filter="+url.QueryEscape(f), "").found(); !slices.Equal(got, []string{one.id()}) {
				t.Errorf("%s found %v", f, got)
			}
		}
		if got := d.ask("PATCH", "/Devices/"+one.id(), patch(`{"op":"add","path":"displayName","value":"Copier"}`)).want(http.StatusOK); got.body["displayName"] != "Copier" {
			t.Errorf("patched: %s", got.raw)
		}
		d.ask("PUT", "/Devices/"+one.id(), `{"serial":"S2"}`, "If-Match", `W/"2"`).want(http.StatusOK)
		d.ask("DELETE", "/Devices/"+one.id(), "").want(http.StatusNoContent)
		d.ask("GET", "/Devices/"+one.id(), "").fails(http.StatusNotFound, "")
	})
}
