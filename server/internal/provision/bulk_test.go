package provision_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func bulk(more string, ops ...string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]` + more + `,"Operations":[` + strings.Join(ops, ",") + `]}`
}

func bulkUser(id, name string) string {
	return fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":%q,"data":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q}}`, id, name)
}

func bulkGroup(id, name string, members ...string) string {
	list := ""
	for i, m := range members {
		if i > 0 {
			list += ","
		}
		list += `{"value":"bulkId:` + m + `"}`
	}
	return fmt.Sprintf(`{"method":"POST","path":"/Groups","bulkId":%q,"data":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":%q,"members":[%s]}}`, id, name, list)
}

// outcomes returns status by status what a bulk request came to, and where.
func (a answer) outcomes() (statuses, ids []string) {
	a.t.Helper()
	a.want(http.StatusOK)
	for _, raw := range a.body["Operations"].([]any) {
		o := raw.(map[string]any)
		statuses = append(statuses, o["status"].(string))
		where, _ := o["location"].(string)
		ids = append(ids, where[strings.LastIndex(where, "/")+1:])
	}
	return statuses, ids
}

func TestBulkReferencesGoForwardBackAndRound(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		manager := `{"method":"POST","path":"/Users","bulkId":"m","data":{"userName":"m","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"bulkId:u"}}}}`
		a := d.ask("POST", "/Bulk", bulk("",
			bulkGroup("g", "Forward", "u"), bulkUser("u", "u"), bulkGroup("h", "Back", "u", "g"),
			bulkGroup("x", "Round", "y"), bulkGroup("y", "About", "x"), manager,
			`{"method":"PATCH","path":"/Users/bulkId:u","data":{"Operations":[{"op":"replace","path":"title","value":"T"}]}}`,
			`{"method":"PATCH","path":"/Groups/bulkId:g","data":{"Operations":[{"op":"add","path":"members","value":[{"value":"bulkId:m"}]}]}}`,
			`{"method":"PUT","path":"/Users/bulkId:m","data":{"userName":"boss"}}`,
			`{"method":"DELETE","path":"/Users/bulkId:m"}`,
		))
		statuses, ids := a.outcomes()
		if diff := cmp.Diff([]string{"201", "201", "201", "201", "201", "201", "200", "204", "200", "204"}, statuses); diff != "" {
			t.Fatalf("%s\n%s", diff, a.raw)
		}
		if first := a.body["Operations"].([]any)[0].(map[string]any); first["bulkId"] != "g" || first["method"] != "POST" || first["version"] != `W/"1"` || first["response"] != nil {
			t.Errorf("the first outcome is %v", first)
		}
		back := d.members(ids[2])
		slices.Sort(back)
		want := []string{ids[0], ids[1]}
		slices.Sort(want)
		if !slices.Equal(d.members(ids[0]), ids[1:2]) || !slices.Equal(back, want) {
			t.Errorf("members: %v, %v", d.members(ids[0]), back)
		}
		if !slices.Equal(d.members(ids[3]), ids[4:5]) || !slices.Equal(d.members(ids[4]), ids[3:4]) {
			t.Errorf("the circle: %v, %v", d.members(ids[3]), d.members(ids[4]))
		}
		if got := d.ask("GET", "/Users/"+ids[1], "").body["title"]; got != "T" {
			t.Errorf("title is %v", got)
		}
	})
}

func TestBulkStopsAtItsLimits(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	d.create("taken", "t")
	statuses, _ := d.ask("POST", "/Bulk", bulk(`,"failOnErrors":2`, bulkUser("a", "taken"), bulkUser("b", "b"), bulkGroup("c", "C", "a"), bulkUser("d", "d"))).outcomes()
	if diff := cmp.Diff([]string{"409", "201", "409"}, statuses); diff != "" {
		t.Error(diff)
	}
	a := d.ask("POST", "/Bulk", bulk("", bulkUser("a", "taken"), bulkUser("e", "e"), `{"method":"DELETE","path":"/Users/nobody"}`, `{"method":"POST","bulkId":"z","path":"/Bulk","data":{}}`,
		`{"method":"PATCH","path":"/Users/bulkId:e","version":"W/\"7\"","data":{"Operations":[]}}`))
	statuses, _ = a.outcomes()
	if diff := cmp.Diff([]string{"409", "201", "404", "400", "412"}, statuses); diff != "" {
		t.Error(diff)
	}
	if response := a.body["Operations"].([]any)[0].(map[string]any)["response"].(map[string]any); response["scimType"] != "uniqueness" || response["status"] != "409" {
		t.Errorf("the error is %v", response)
	}
	many := make([]string, 1001)
	for i := range many {
		many[i] = `{"method":"DELETE","path":"/Users/x"}`
	}
	d.ask("POST", "/Bulk", bulk("", many...)).fails(http.StatusRequestEntityTooLarge, "tooMany")
	d.ask("POST", "/Bulk", bulk("", bulkUser("a", strings.Repeat("x", 1<<20)))).fails(http.StatusRequestEntityTooLarge, "")
	for _, body := range []string{
		`{}`, bulk("", `1`), bulk("", `{"method":"GET","path":"/Users"}`), bulk("", `{"method":"POST","path":"/Users","data":{}}`), bulk("", `{"method":"DELETE"}`),
		bulk("", `{"method":"PATCH","path":"/Users/x"}`),
	} {
		d.ask("POST", "/Bulk", body).fails(http.StatusBadRequest, "invalidSyntax")
	}
	d.ask("POST", "/Bulk", bulk("", bulkUser("a", "x"), bulkUser("a", "y"))).fails(http.StatusBadRequest, "invalidValue")
	d.ask("POST", "/Bulk", bulk(`,"failOnErrors":"x"`)).fails(http.StatusBadRequest, "invalidValue")
}

// RFC 7644 section 3.7: a location is left out of failed POSTs alone.
func TestBulkSaysWhereEvenWhatFailedIs(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	id := d.create("ada@acme.example", "a")
	a := d.ask("POST", "/Bulk", bulk("",
		`{"method":"PUT","path":"/Users/`+id+`","version":"W/\"7\"","data":{"userName":"x"}}`, `{"method":"DELETE","path":"/Groups/nope"}`,
		bulkUser("t", "ada@acme.example"), `{"method":"DELETE","path":"/Users/bulkId:t"}`,
	))
	statuses, ids := a.outcomes()
	if diff := cmp.Diff([]string{"412", "404", "409", "409"}, statuses); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{id, "nope", "", ""}, ids); diff != "" {
		t.Error(diff)
	}
}

func TestBulkRefusesReferencesThatLeadNowhere(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	statuses, _ := d.ask("POST", "/Bulk", bulk("",
		bulkGroup("g", "Itself", "g"), bulkGroup("h", "Nobody's", "nobody"), bulkUser("u", "u"),
		`{"method":"POST","path":"/Users","bulkId":"m","data":{"userName":"m","manager":{"value":"bulkId:who"}}}`,
	)).outcomes()
	if diff := cmp.Diff([]string{"400", "400", "201", "400"}, statuses); diff != "" {
		t.Error(diff)
	}
	if ids := d.ask("GET", "?count=10", "").found(); len(ids) != 1 {
		t.Errorf("there are %v", ids)
	}
	d.ask("POST", "/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[]}`).fails(http.StatusBadRequest, "invalidSyntax")
}

// The RFC's own example gives the operations of a PATCH as the data itself (RFC
// 7644 section 3.7.3).
func TestBulkTakesThePatchOfTheRFCsExample(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	id := d.create("ada@acme.example", "a")
	a := d.ask("POST", "/Bulk", bulk("", `{"method":"PATCH","path":"/Users/`+id+`","data":[{"op":"remove","path":"displayName"},{"op":"add","path":"userName","value":"Dave"}]}`))
	if statuses, _ := a.outcomes(); !slices.Equal(statuses, []string{"200"}) {
		t.Fatalf("%s", a.raw)
	}
	if got := d.ask("GET", "/Users/"+id, "").body; got["userName"] != "Dave" || got["displayName"] != nil {
		t.Errorf("now they are %v", got)
	}
	d.ask("POST", "/Bulk", bulk("", `{"method":"PUT","path":"/Users/`+id+`","data":[]}`)).fails(http.StatusBadRequest, "invalidSyntax")
}
