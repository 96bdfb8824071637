package provision_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// A stranger learns nothing from how a token is refused: not whether it ever
// was one, nor which workspaces there are.
//
// req: D1
func TestEveryBadTokenIsRefusedAlike(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		d.workspace("other", true)
		expired := d.newToken("acme", start.Add(time.Hour))
		revoked := d.newToken("acme", start.Add(48*time.Hour))
		tokens, err := d.store.Tokens(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range tokens {
			if k.Hash == revoked.Hash() {
				if err := d.store.RevokeToken(t.Context(), "acme", k.ID, start); err != nil {
					t.Fatal(err)
				}
			}
		}
		d.clock.advance(2 * time.Hour)
		var first *answer
		for name, c := range map[string]struct{ path, header string }{
			"none":              {"/Users", ""},
			"empty":             {"/Users", "Bearer "},
			"not bearer":        {"/Users", "Basic " + d.token.Reveal()},
			"unknown":           {"/Users", "Bearer " + scim.NewToken().Reveal()},
			"not ours":          {"/Users", "Bearer secret"},
			"very long":         {"/Users", "Bearer " + strings.Repeat("x", 5000)},
			"expired":           {"/Users", "Bearer " + expired.Reveal()},
			"revoked":           {"/Users", "Bearer " + revoked.Reveal()},
			"another workspace": {"/scim/v2/other/Users", "Bearer " + d.token.Reveal()},
			"no workspace":      {"/scim/v2/nowhere/Users", "Bearer " + d.token.Reveal()},
			"no such address":   {"/Nothing", "Bearer " + expired.Reveal()},
			"no workspace id":   {"/scim/v2/", "Bearer " + d.token.Reveal()},
		} {
			a := d.ask("GET", c.path, "", "Authorization", c.header).fails(http.StatusUnauthorized, "")
			if a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s: there is no WWW-Authenticate", name)
			}
			if first == nil {
				first = &a
			}
			if diff := cmp.Diff(string(first.raw), string(a.raw)) + cmp.Diff(first.header, a.header); diff != "" {
				t.Errorf("%s is told apart:\n%s", name, diff)
			}
		}
		d.ask("GET", "/Users", "").want(http.StatusOK)
		d.ask("GET", "/Users", "", "Authorization", "bearer  "+d.token.Reveal()).want(http.StatusOK)
	})
}

// req: D2
func TestProvisioningThatIsSwitchedOffIs403(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	if _, err := d.store.UpdateWorkspace(t.Context(), "acme", start, func(w *directory.Workspace) error { w.SCIMEnabled = false; return nil }); err != nil {
		t.Fatal(err)
	}
	a := d.ask("GET", "/Users", "").fails(http.StatusForbidden, "")
	if !strings.Contains(a.body["detail"].(string), "switched off") {
		t.Errorf("detail: %v", a.body["detail"])
	}
}

// broken is a store that cannot be reached.
type broken struct{ *store.Store }

func (broken) TokenByHash(context.Context, string, time.Time) (store.Token, directory.Workspace, error) {
	return store.Token{}, directory.Workspace{}, errors.New("dial unix /secret/path: connection refused")
}

// A 401 would make Entra stop the job at once.
func TestADatabaseThatIsAwayIsNotA401(t *testing.T) {
	d := newDesk(t, "sqlite", func(s *store.Store) provision.Store { return broken{s} })
	a := d.ask("GET", "/Users", "").fails(http.StatusInternalServerError, "")
	if strings.Contains(string(a.raw), "secret") {
		t.Errorf("the cause was told: %s", a.raw)
	}
	if !strings.Contains(d.log.String(), "connection refused") {
		t.Error("the cause is not in the log")
	}
}

// req: E12
func TestALegalFilterIsNeverRefused(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		id := d.create("ada+x@acme.example", "0a1b")
		for _, f := range []string{
			`userName eq "6f1c0f0e-6c1f-4f0e-9d7b-000000000000"`, `externalId eq "none"`, `externalId eq ""`, `id eq "x"`, `emails[type eq "work"].value eq "none"`,
			`userName eq "\u0000"`, `id eq "\u0000"`, `externalId eq "a\u0000"`, `userName eq "` + strings.Repeat("ö", 2000) + `"`, `colour eq "green"`, `userName eq "ada x@acme.example"`,
			`id eq "` + id + `" and manager eq "nobody"`, `members eq "x"`,
		} {
			if ids := d.ask("GET", filter(f), "").found(); len(ids) != 0 {
				t.Errorf("%s found %v", f, ids)
			}
		}
		for _, f := range []string{
			`userName eq "ADA+x@acme.example"`, `externalId eq "0a1b"`, `id eq "` + id + `"`, `emails[type eq "work"].value eq "ada+x@ACME.example"`, `emails.value sw "ada+x"`,
			`id eq "` + id + `" and active eq true`, `not (title pr)`, `displayName co "king"`, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "engines"`,
			`ActiVe eq true and (meta.lastModified ge "0001-01-03T00:00:00.0000000Z" and meta.lastModified le "2026-11-05T01:02:03.1234567Z")`,
		} {
			if ids := d.ask("GET", filter(f), "").found(); !slices.Equal(ids, []string{id}) {
				t.Errorf("%s found %v", f, ids)
			}
		}
		for _, target := range []string{
			"/Users?filter=", "/Users?filter=userName", "/Users?filter=userName+eq+ada", "/Users?filter=%zz", "/Users?filter=userName+eq+%22a%",
			"/Users?filter=userName+eq+%22%ff%22", "/Users?FILTER=active+gt+true", "/Users?filter=active+pr&filter=title+pr", "/Groups?filter=displayName",
		} {
			d.ask("GET", target, "").fails(http.StatusBadRequest, "invalidFilter")
		}
		if ids := d.ask("GET", "/Users?filter=userName%20eq%20%22ada%2Bx@acme.example%22&x=a;b", "").found(); len(ids) != 1 {
			t.Errorf("percent-encoded: %v", ids)
		}
	})
}

func TestPagesAreWholeAndInOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		var all []string
		for i := range 12 {
			all = append(all, d.create(fmt.Sprintf("p%02d@acme.example", i), fmt.Sprint(i)))
		}
		for _, f := range []string{"", "&filter=" + url.QueryEscape(`userName sw "p"`)} {
			var walked []string
			for start := 1; start <= 12; start += 5 {
				a := d.ask("GET", fmt.Sprintf("/Users?startIndex=%d&count=5%s", start, f), "")
				walked = append(walked, a.found()...)
				if a.body["startIndex"] != float64(start) || a.body["totalResults"] != float64(12) {
					t.Errorf("page %d: %s", start, a.raw)
				}
			}
			if diff := cmp.Diff(all, walked); diff != "" {
				t.Errorf("walk%s (-want +got):\n%s", f, diff)
			}
			for query, want := range map[string]int{"count=0": 0, "count=-1": 0, "startindex=0&count=3": 3, "startIndex=-5": 12, "startIndex=13": 0, "count=1000000": 12, "startIndex=12": 1} {
				if got := len(d.ask("GET", "/Users?"+query+f, "").found()); got != want {
					t.Errorf("%s%s: %d resources, want %d", query, f, got, want)
				}
			}
		}
		d.ask("GET", "/Users?startIndex=one", "").fails(http.StatusBadRequest, "invalidValue")
		d.ask("GET", "/Users?count=99999999999999999999", "").fails(http.StatusBadRequest, "invalidValue")
	})
}

func TestAnswersShowTheAttributesAskedFor(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	id := d.create("ada@acme.example", "0a1b")
	enterprise := "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	core := "urn:ietf:params:scim:schemas:core:2.0:User"
	for query, want := range map[string]map[string]any{
		"attributes=id":                            {"schemas": []any{core}, "id": id},
		"attributes=UserName,name.givenName":       {"schemas": []any{core}, "id": id, "userName": "ada@acme.example", "name": map[string]any{"givenName": "Ada"}},
		"attributes=emails.value,password,colour":  {"schemas": []any{core}, "id": id, "emails": []any{map[string]any{"value": "ada@acme.example"}}},
		"attributes=" + enterprise + ":department": {"schemas": []any{core, enterprise}, "id": id, enterprise: map[string]any{"department": "Engines"}},
		"attributes=" + enterprise:                 {"schemas": []any{core, enterprise}, "id": id, enterprise: map[string]any{"department": "Engines"}},
		"attributes=colour":                        {"schemas": []any{core}, "id": id},
		"excludedAttributes=id,name,emails,active,meta,externalId,displayName," + enterprise: {"schemas": []any{core}, "id": id, "userName": "ada@acme.example"},
		"excludedattributes=meta,name.formatted,emails.type,emails.primary,active,displayName,externalId," + enterprise + ":department": {
			"schemas": []any{core}, "id": id, "userName": "ada@acme.example",
			"name": map[string]any{"familyName": "King", "givenName": "Ada"}, "emails": []any{map[string]any{"value": "ada@acme.example"}},
		},
	} {
		if diff := cmp.Diff(want, d.ask("GET", "/Users/"+id+"?"+query, "").want(http.StatusOK).body); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
		list := d.ask("GET", "/Users?"+query, "").want(http.StatusOK).body["Resources"].([]any)
		if diff := cmp.Diff(want, list[0]); diff != "" {
			t.Errorf("list with %s (-want +got):\n%s", query, diff)
		}
	}
}

// req: E15
func TestTenantURLsWithLeftoversWork(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	id := d.create("ada@acme.example", "0a1b")
	f := "filter=" + url.QueryEscape(`userName eq "ada@acme.example"`)
	for _, target := range []string{
		"/Users?" + f, "/Users/?" + f, "//Users?" + f, "/scim/v2//acme/Users?" + f, "//scim//v2/acme///Users?" + f, "/scim/v2/ACME/Users?" + f,
		"/Users?aadOptscim062020&" + f, "/Users?" + f + "&aadOptscim062020=true", "/Users?aadOptscim062020?" + f, "/Users?AzureAdScimPatch2017=1&" + f,
		"?aadOptscim062020/Users?" + f, "/?aadOptscim062020/Users?" + f, "?aadOptscim062020=true/Users?" + f, "?aadOptscim062020/Users&" + f, "?aadOptscim062020/Users/?" + f,
	} {
		if ids := d.ask("GET", target, "", "User-Agent", "").found(); !slices.Equal(ids, []string{id}) {
			t.Errorf("%s found %v", target, ids)
		}
	}
	for _, target := range []string{"/Users/" + id, "//Users//" + id, "?aadOptscim062020/Users/" + id, "?aadOptscim062020=true/Users/" + id + "?attributes=id", "/Users/" + id + "?aadOptscim062020"} {
		if got := d.ask("GET", target, "").want(http.StatusOK).id(); got != id {
			t.Errorf("%s found %s", target, got)
		}
	}
	d.ask("POST", "//Users", person("grace@acme.example", "0a1c")).want(http.StatusCreated)
	d.ask("PATCH", "?aadOptscim062020/Users/"+id, patch(disable)).want(http.StatusOK)
	for _, target := range []string{"", "/", "/Nothing", "/Users/a/b", "?x/Users", "?x/Users?" + f, "?x=/Users", "/Users/%00", "/Users/%ff", "/Users/" + strings.Repeat("x", 3000)} {
		d.ask("GET", target, "").fails(http.StatusNotFound, "")
	}
}

func TestBodiesAreUTF8OrRefused(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	for i, charset := range []string{"", "; charset=utf-8", `; charset="UTF-8"`, "; charset=us-ascii"} {
		d.ask("POST", "/Users", person(fmt.Sprintf("u%d@acme.example", i), fmt.Sprint(i)), "Content-Type", "application/scim+json"+charset).want(http.StatusCreated)
	}
	for _, charset := range []string{"utf-16", "iso-8859-1", "utf-16le"} {
		a := d.ask("POST", "/Users", person("x@acme.example", "x"), "Content-Type", "application/json; charset="+charset).fails(http.StatusUnsupportedMediaType, "invalidSyntax")
		if detail := a.body["detail"].(string); !strings.Contains(detail, charset) {
			t.Errorf("the detail does not name %s: %s", charset, detail)
		}
	}
}

func TestMethodsAndBodies(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	id := d.create("ada@acme.example", "0a1b")
	for _, c := range []struct{ method, target, allow string }{
		{"PUT", "/Users", "GET, HEAD, POST"},
		{"DELETE", "/Users", "GET, HEAD, POST"},
		{"POST", "/Users/" + id, "GET, HEAD, PUT, PATCH, DELETE"},
		{"POST", "/Schemas", "GET, HEAD"},
		{"POST", "/ResourceTypes", "GET, HEAD"},
		{"POST", "/ServiceProviderConfig", "GET, HEAD"},
		{"OPTIONS", "/Users", "GET, HEAD, POST"},
	} {
		if a := d.ask(c.method, c.target, "{}").fails(http.StatusMethodNotAllowed, ""); a.header.Get("Allow") != c.allow {
			t.Errorf("%s %s: Allow is %q", c.method, c.target, a.header.Get("Allow"))
		}
	}
	d.ask("HEAD", "/Users/"+id, "").want(http.StatusOK)
	d.ask("HEAD", "/Users/nobody", "").want(http.StatusNotFound)
	for _, c := range []struct {
		name, body, contentType string
		status                  int
		kind                    string
	}{
		{"application/json", person("b@acme.example", "b"), "application/json", 201, ""},
		{"no type", person("c@acme.example", "c"), "", 201, ""},
		{"a form", "userName=x", "application/x-www-form-urlencoded", 415, "invalidSyntax"},
		{"not JSON", "{", "application/json", 400, "invalidSyntax"},
		{"a list", "[]", "application/json", 400, "invalidSyntax"},
		{"null", "null", "application/json", 400, "invalidSyntax"},
		{"two objects", "{}{}", "application/json", 400, "invalidSyntax"},
		{"not UTF-8", "{\"userName\":\"\xff\"}", "application/json", 400, "invalidSyntax"},
		{"too deep", strings.Repeat(`{"a":`, 50) + "1" + strings.Repeat("}", 50), "application/json", 400, "invalidSyntax"},
		{"no userName", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]}`, "application/json", 400, "invalidValue"},
		{"over 1 MiB", `{"userName":"` + strings.Repeat("x", 1<<20) + `"}`, "application/json", 413, ""},
		{"over 256 KiB stored", `{"userName":"z","title":"` + strings.Repeat("x", 300<<10) + `"}`, "application/json", 413, ""},
	} {
		a := d.ask("POST", "/Users", c.body, "Content-Type", c.contentType)
		if c.status == 201 {
			a.want(201)
		} else {
			a.fails(c.status, c.kind)
		}
	}
	d.ask("POST", "/Users", person("e@acme.example", "e"), "Content-Encoding", "gzip").fails(http.StatusUnsupportedMediaType, "invalidSyntax")
}

// req: E15
func TestDiscoveryTellsTheTruth(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	schemas := d.ask("GET", "/Schemas", "")
	if diff := cmp.Diff([]string{scim.UserSchema, scim.EnterpriseSchema, scim.GroupSchema}, schemas.found()); diff != "" {
		t.Error(diff)
	}
	for _, id := range schemas.found() {
		if got := d.ask("GET", "/Schemas/"+id, "").want(http.StatusOK).id(); got != id {
			t.Errorf("schema %s is %s", id, got)
		}
	}
	if strings.Contains(string(schemas.raw), "null") {
		t.Error("there is a null in /Schemas")
	}
	var check func(where string, attributes []any)
	check = func(where string, attributes []any) {
		for _, raw := range attributes {
			a := raw.(map[string]any)
			for _, key := range []string{"name", "type", "multiValued", "description", "required", "caseExact", "mutability", "returned", "uniqueness"} {
				if v, ok := a[key]; !ok || v == "" {
					t.Errorf("%s.%v has no %s", where, a["name"], key)
				}
			}
			subs, _ := a["subAttributes"].([]any)
			if (a["type"] == "complex") != (len(subs) > 0) {
				t.Errorf("%s.%v: type %v with %d sub-attributes", where, a["name"], a["type"], len(subs))
			}
			check(fmt.Sprint(where, ".", a["name"]), subs)
		}
	}
	for _, s := range schemas.body["Resources"].([]any) {
		check(s.(map[string]any)["name"].(string), s.(map[string]any)["attributes"].([]any))
	}
	if diff := cmp.Diff([]string{"User", "Group"}, d.ask("GET", "/ResourceTypes", "").found()); diff != "" {
		t.Error(diff)
	}
	d.ask("GET", "/ResourceTypes/User", "").want(http.StatusOK)
	d.ask("GET", "/ResourceTypes/Printer", "").fails(http.StatusNotFound, "")
	d.ask("GET", "/Schemas?filter=id+pr", "").fails(http.StatusForbidden, "")
	config := d.ask("GET", "/ServiceProviderConfig", "").want(http.StatusOK)
	for feature, supported := range map[string]bool{"patch": true, "bulk": true, "filter": true, "changePassword": false, "sort": true, "etag": true} {
		if got := config.body[feature].(map[string]any)["supported"]; got != supported {
			t.Errorf("%s: supported is %v", feature, got)
		}
	}
	for _, target := range []string{"/ServiceProviderConfig", "/ResourceTypes", "/ResourceTypes/User", "/Schemas", "/Schemas/" + scim.UserSchema} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			if a := d.ask(method, target, "{}").fails(http.StatusMethodNotAllowed, ""); a.header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: Allow is %q", method, target, a.header.Get("Allow"))
			}
		}
	}
}

// Entra asks for a group before there is one; a 404 there quarantines the job.
func TestTheGroupProbeGetsAnEmptyList(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	a := d.ask("GET", "/Groups?excludedAttributes=members&filter="+url.QueryEscape(`displayName eq "5f1c"`), "")
	if ids := a.found(); len(ids) != 0 {
		t.Errorf("found %v", ids)
	}
	d.ask("PATCH", "/Groups/x", patch(disable)).fails(http.StatusNotFound, "")
}

// A person who came by another way than SCIM, or was suspended by another way,
// is shown as they are.
func TestTheStoreIsTheTruthAboutAPerson(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	u := directory.User{ID: "jit-1", Directory: d.ws.Directory, UserName: "joan@acme.example", ExternalID: "j", State: directory.Suspended, Created: start, Modified: start, Doc: []byte(`{}`)}
	if err := d.store.InsertUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	if ids := d.ask("GET", filter(`userName eq "joan@acme.example" and active eq false and externalId eq "j"`), "").found(); !slices.Equal(ids, []string{"jit-1"}) {
		t.Errorf("found %v", ids)
	}
	a := d.ask("PATCH", "/Users/jit-1", patch(restore)).want(http.StatusOK)
	if a.body["active"] != true || a.body["userName"] != "joan@acme.example" {
		t.Errorf("restored: %s", a.raw)
	}
}
