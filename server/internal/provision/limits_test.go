package provision_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// req: E14
func TestRate_aWorkspaceIsServedItsLimitAndNotMore(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	d.workspace("beta", true)
	other := d.newToken("beta", start.Add(time.Hour))
	d.set(func(ws *directory.Workspace) { ws.SCIMRate = 25 })
	for i := range 50 { // two seconds' worth at once
		if a := d.ask("GET", "/Users?count=0", ""); a.status != http.StatusOK {
			t.Fatalf("request %d: %d", i, a.status)
		}
	}
	a := d.ask("GET", "/Users?count=0", "").fails(http.StatusTooManyRequests, "")
	if a.header.Get("Retry-After") != "1" || !strings.Contains(a.body["detail"].(string), "--scim-rate") {
		t.Errorf("it says %v, Retry-After %s", a.body["detail"], a.header.Get("Retry-After"))
	}
	d.ask("GET", "/scim/v2/beta/Users?count=0", "", "Authorization", "Bearer "+other.Reveal()).want(http.StatusOK)
	for range 4 { // and 25 for each second from then on
		d.clock.advance(time.Second)
		for i := range 25 {
			if a := d.ask("GET", "/Users?count=0", ""); a.status != http.StatusOK {
				t.Fatalf("request %d of a second: %d", i, a.status)
			}
		}
		d.ask("GET", "/Users?count=0", "").want(http.StatusTooManyRequests)
	}
	d.set(func(ws *directory.Workspace) { ws.SCIMRate = 0 })
	d.ask("GET", "/Users?count=0", "").want(http.StatusOK)
}

// req: D1
func TestStrangersAreAskedToWaitAndNobodyElse(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	asked, limit := 0, false
	mux := http.NewServeMux()
	provision.New(provision.Config{
		Store: d.store, BaseURL: &url.URL{Scheme: "https", Host: "sso.example"}, Now: d.clock.now,
		Strangers: func(*http.Request) error {
			if asked++; limit {
				return problem.Wrap(problem.TooMany, errors.New("too many"))
			}
			return nil
		},
		ClientIP: func(*http.Request) netip.Addr { return netip.MustParseAddr("203.0.113.77") },
	}).Mount(mux)
	d.askOf(mux, "GET", "/Users", "", "Authorization", "Bearer nothing").fails(http.StatusUnauthorized, "")
	limit = true
	if a := d.askOf(mux, "GET", "/Users", "", "Authorization", "Bearer nothing").fails(http.StatusTooManyRequests, ""); a.header.Get("Retry-After") != "30" {
		t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
	}
	d.askOf(mux, "GET", "/Users", "").want(http.StatusOK)
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	// Of the address the network is kept.
	if err := d.store.RequestLog().Flush(t.Context()); err != nil { // after it, what was queued before is written
		t.Fatal(err)
	}
	all, err := d.store.Tokens(t.Context(), "acme")
	if err != nil || len(all) != 1 || all[0].LastNetwork != "203.0.113.0/24" || !all[0].LastUsed.Equal(start) {
		t.Errorf("the tokens are %+v, %v", all, err)
	}
	if _, _, err := d.store.TokenByHash(store.From(context.Background(), netip.MustParseAddr("2001:db8:1:2:3::4")), d.token.Hash(), start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := d.store.RequestLog().Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all, err = d.store.Tokens(t.Context(), "acme"); err != nil || all[0].LastNetwork != "2001:db8:1::/48" {
		t.Errorf("the tokens are %+v, %v", all, err)
	}
}

// req: D7
func TestAccept_itKeepsOutWhomTheWorkspaceDoesNotTake(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		early := d.create("early@other.example", "early")
		d.set(func(ws *directory.Workspace) { ws.SCIMAccept = `userName ew "@acme.example" and title pr` })
		d.ask("POST", "/Users", person("ada@acme.example", "a")).fails(http.StatusBadRequest, "invalidValue")
		if a := d.ask("POST", "/Users", person("bob@other.example", "b")).fails(http.StatusBadRequest, "invalidValue"); !strings.Contains(a.body["detail"].(string), `userName ew "@acme.example" and title pr`) {
			t.Errorf("the detail is %v", a.body["detail"])
		}
		id := d.ask("POST", "/Users", strings.Replace(person("ada@acme.example", "a"), `"active"`, `"title":"Countess","active"`, 1)).want(http.StatusCreated).id()
		// Who fitted must go on fitting, and can always lose their access.
		d.ask("PATCH", "/Users/"+id, patch(`{"op":"Remove","path":"title"}`)).fails(http.StatusBadRequest, "invalidValue")
		d.ask("PATCH", "/Users/"+id, patch(`{"op":"Remove","path":"title"},`+disable)).want(http.StatusOK)
		d.ask("PATCH", "/Users/"+id, patch(restore)).fails(http.StatusBadRequest, "invalidValue")
		d.ask("PATCH", "/Users/"+id, patch(`{"op":"Add","path":"title","value":"Countess"},`+restore)).want(http.StatusOK)
		// Who was here before can be kept up to date.
		d.ask("PATCH", "/Users/"+early, patch(`{"op":"Replace","path":"displayName","value":"Early"}`)).want(http.StatusOK)
		d.ask("PATCH", "/Users/"+early, patch(disable)).want(http.StatusOK)
		d.ask("PATCH", "/Users/"+early, patch(restore)).fails(http.StatusBadRequest, "invalidValue")
		d.ask("DELETE", "/Users/"+early, "").want(http.StatusNoContent)
	})
}

// A connection can be strict by itself, beside one that is not.
func TestStrict_itCanBeOneCredentials(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	id := d.create("ada@acme.example", "a")
	if err := d.store.CreateToken(t.Context(), store.Token{ID: "strict", Workspace: "acme", Hash: directory.HashToken("strict-token"), Created: start, Strict: true}); err != nil {
		t.Fatal(err)
	}
	d.ask("PATCH", "/Users/"+id, patch(disable), "Authorization", "Bearer strict-token").fails(http.StatusBadRequest, "invalidSyntax")
	d.ask("PATCH", "/Users/"+id, patch(disable)).want(http.StatusOK)
	group := d.group("G")
	for _, c := range []struct{ method, target, body string }{
		{"PATCH", "/Users/" + id, patch("")},
		{"PATCH", "/Groups/" + group, patch("")},
		{"POST", "/Users/.search", `{"count":1}`},
		{"POST", "/.search", `{"count":1}`},
		{"POST", "/Bulk", `{"Operations":[]}`},
	} {
		d.ask(c.method, c.target, c.body, "Authorization", "Bearer strict-token").fails(http.StatusBadRequest, "invalidSyntax")
		if a := d.ask(c.method, c.target, c.body); a.status/100 != 2 {
			t.Errorf("%s %s: %d", c.method, c.target, a.status)
		}
	}
	// What follows it is as strict.
	if err := d.store.RotateToken(t.Context(), "acme", "strict", store.Token{ID: "next", Hash: directory.HashToken("next-token"), Created: start}, start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	d.ask("PATCH", "/Users/"+id, patch(restore), "Authorization", "Bearer next-token").fails(http.StatusBadRequest, "invalidSyntax")
}

// req: D10
func TestRecord_itHasEachOperationOfABulkRequest(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	id := d.create("ada@acme.example", "a")
	h, all := recorded(d)
	d.askOf(h, "POST", "/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[
		{"method":"POST","path":"/Users","bulkId":"b","data":`+person("bob@acme.example", "b")+`},
		{"method":"PATCH","path":"/Users/`+id+`","data":`+patch(`{"op":"add","path":"title","value":"T"}`)+`},
		{"method":"DELETE","path":"/Groups/nobody"}]}`).want(http.StatusOK)
	if len(*all) != 4 {
		t.Fatalf("%d records: %+v", len(*all), *all)
	}
	for i, want := range []struct {
		method, kind, name string
		status             int
	}{{"POST", "Users", "bob@acme.example", 201}, {"PATCH", "Users", "ada@acme.example", 200}, {"DELETE", "Groups", "", 404}, {"POST", "Bulk", "", 200}} {
		r := (*all)[i]
		if r.Method != want.method || r.Type != want.kind || r.Name != want.name || r.Status != want.status || r.Workspace != "acme" || r.Credential == "" || r.Request != (*all)[3].Request {
			t.Errorf("record %d is %+v", i, r)
		}
	}
	if (*all)[1].ID != id || len((*all)[1].Attributes) != 1 || (*all)[2].Detail == "" {
		t.Errorf("%+v", *all)
	}
}

// What Entra's SingleAppRoleAssignment and AppRoleAssignmentsComplex send.
//
// req: D8
func TestAppRoles_theyArriveInEveryShape(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	d.set(func(ws *directory.Workspace) {
		ws.RoleRules = []directory.RoleRule{{AppRole: "Editor", Role: "editor"}}
	})
	role := func(id string) string {
		u, err := d.store.User(t.Context(), d.ws.Directory, id)
		if err != nil {
			t.Fatal(err)
		}
		return u.Role
	}
	const text = `"{\"id\":\"8c1a\",\"value\":\"Editor\",\"displayName\":\"An editor\"}"`
	for name, ops := range map[string]string{
		"a value path of the primary": `{"op":"Add","path":"roles[primary eq \"True\"].value","value":"Editor"},{"op":"Add","path":"roles[primary eq \"True\"].display","value":"An editor"},{"op":"Add","path":"roles[primary eq \"True\"].type","value":"WindowsAzureActiveDirectoryRole"}`,
		"a JSON text as the value":    `{"op":"Add","path":"roles[primary eq \"True\"].value","value":` + text + `}`,
		"a JSON text in a list":       `{"op":"Add","path":"roles","value":[{"value":` + text + `}]}`,
		"a JSON text alone":           `{"op":"Add","path":"roles","value":` + text + `}`,
		"a list of JSON texts":        `{"op":"Add","path":"roles","value":[` + text + `]}`,
		"complex assignments":         `{"op":"Add","path":"roles","value":[{"id":"8c1a","value":"Editor","displayName":"An editor","primary":"True"}]}`,
		"several, one of them mapped": `{"op":"Add","path":"roles","value":[{"value":"Reader","display":"R"},{"value":"Editor","display":"E","primary":false}]}`,
		"without a path":              `{"op":"Add","value":{"roles":[{"primary":"True","value":"Editor"}]}}`,
		"the value of a display name": `{"op":"Replace","path":"roles","value":[{"display":"EDITOR","value":"8c1a"}]}`,
		"a plain text":                `{"op":"Add","path":"roles","value":"Editor"}`,
	} {
		id := d.create(strings.ReplaceAll(name, " ", ".")+"@acme.example", name)
		a := d.ask("PATCH", "/Users/"+id, patch(ops))
		if got := role(id); a.status != http.StatusOK || got != "editor" {
			t.Errorf("%s: %d, the role is %q; %s", name, a.status, got, a.raw)
		}
	}
	id := d.ask("POST", "/Users", `{"userName":"made@acme.example","roles":[`+text+`]}`).want(http.StatusCreated).id()
	if got := role(id); got != "editor" {
		t.Errorf("made with a JSON text: %q", got)
	}
}
