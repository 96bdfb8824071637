package provision_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// recorded is the desk's handler with its records.
func recorded(d *desk) (http.Handler, *[]store.Request) {
	var all []store.Request
	mux := http.NewServeMux()
	provision.New(provision.Config{
		Store: d.store, BaseURL: &url.URL{Scheme: "https", Host: "sso.example"}, Now: d.clock.now,
		Record: func(r store.Request) { all = append(all, r) },
	}).Mount(mux)
	return provision.Tidy(mux), &all
}

// req: D10
func TestRecord_itSaysWhatCameOfARequestAndNoValues(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	h, all := recorded(d)
	id := d.askOf(h, "POST", "/Users", person("ada@acme.example", "e-1")).body["id"].(string)
	d.askOf(h, "PATCH", "/Users/"+id, patch(`{"op":"Replace","path":"title","value":"Countess of the canary"},`+
		`{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"Canary works"}`))
	d.askOf(h, "POST", "/Users", person("ada@acme.example", "e-2"))
	d.askOf(h, "GET", `/Users?filter=`+url.QueryEscape(`emails.value eq "canary\"@acme.example" and active eq true`), "")
	d.askOf(h, "DELETE", "/Users/"+id, "")
	d.askOf(h, "GET", "/Users/"+id, "", "Authorization", "Bearer nothing")
	d.askOf(h, "GET", "/canary", "")

	if len(*all) != 7 {
		t.Fatalf("%d records of 7 requests: %+v", len(*all), *all)
	}
	is := func(i int, method, kind, id, name string, status int, scimType string) {
		t.Helper()
		r := (*all)[i]
		if r.Method != method || r.Type != kind || r.ID != id || r.Name != name || r.Status != status || r.Kind != scimType || r.Workspace != "acme" || !r.At.Equal(start) {
			t.Errorf("record %d is %+v", i, r)
		}
	}
	is(0, "POST", "Users", id, "ada@acme.example", 201, "")
	is(1, "PATCH", "Users", id, "ada@acme.example", 200, "")
	is(2, "POST", "Users", "", "ada@acme.example", 409, "uniqueness")
	is(3, "GET", "Users", "", "", 200, "")
	is(4, "DELETE", "Users", id, "ada@acme.example", 204, "")
	is(5, "GET", "Users", "", "", 401, "")
	is(6, "GET", "other", "", "", 404, "")
	if got := (*all)[0].Attributes; !slices.Contains(got, "userName") || !slices.Contains(got, "emails") {
		t.Errorf("the creation names %q", got)
	}
	want := []string{"title", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"}
	if got := (*all)[1].Attributes; !slices.Equal(got, want) {
		t.Errorf("the change names %q, want %q", got, want)
	}
	if got := (*all)[3].Filter; got != `emails.value eq "…" and active eq true` {
		t.Errorf("the filter is kept as %q", got)
	}
	if (*all)[2].Detail == "" || (*all)[0].Credential == "" || (*all)[5].Credential != "" {
		t.Errorf("details or credentials are wrong: %+v", *all)
	}
	for _, r := range *all {
		text := r.Detail + r.Filter + r.Body + r.Name + r.Kind + r.Type + strings.Join(r.Attributes, " ")
		if strings.Contains(strings.ToLower(text), "canary") || strings.Contains(text, d.token.Reveal()) {
			t.Errorf("a value was kept: %+v", r)
		}
	}
}

func TestRecord_itKeepsTheShapeOfABodyAndWhichRequestsAreTests(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	h, all := recorded(d)
	id := d.askOf(h, "POST", "/Users", person("ada@acme.example", "e-1")).body["id"].(string)
	d.askOf(h, "PATCH", "/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`+
		`{"op":"Replace","path":"emails[type eq \"work\"].value","value":"canary@acme.example"},{"op":"Replace","path":"active","value":"False"}]}`)
	const guid = "0a8b1c2d-aaaa-bbbb-cccc-0123456789ab"
	for filter, want := range map[string]string{
		`userName eq "` + guid + `"`:                         store.StepTest,
		`emails[type eq "work"].value eq "` + guid + `"`:     store.StepTest,
		`externalId eq "` + guid + `"`:                       store.StepLookUp,
		`userName eq "ada@acme.example"`:                     "",
		`userName eq "` + guid + `" and active eq true`:      "",
		`userName eq "` + guid + `" or userName eq "canary"`: "",
	} {
		d.askOf(h, "GET", "/Users?filter="+url.QueryEscape(filter), "")
		if got := (*all)[len(*all)-1].Step; got != want {
			t.Errorf("%s is %q, want %q", filter, got, want)
		}
	}
	const want = `{
 "Operations": [
  {
   "op": "Replace",
   "path": "emails[type eq \"…\"].value",
   "value": "…"
  },
  {
   "op": "Replace",
   "path": "active",
   "value": "False"
  }
 ],
 "schemas": [
  "urn:ietf:params:scim:api:messages:2.0:PatchOp"
 ]
}`
	if got := (*all)[1].Body; got != want {
		t.Errorf("the body is kept as %s", got)
	}
	if got := (*all)[0].Body; strings.Contains(got, "ada") || strings.Contains(got, "e-1") || !strings.Contains(got, `"userName": "…"`) {
		t.Errorf("the creation is kept as %s", got)
	}
	var members []string
	for range 100 {
		members = append(members, `{"value":"`+id+`"}`)
	}
	d.askOf(h, "POST", "/Groups", `{"displayName":"Crew","members":[`+strings.Join(members, ",")+`]}`)
	if got := (*all)[len(*all)-1].Body; !strings.Contains(got, "… and 95 more") || strings.Contains(got, id) {
		t.Errorf("a group is kept as %s", got)
	}
}
