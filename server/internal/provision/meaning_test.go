package provision_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// set changes the settings of the desk's workspace.
func (d *desk) set(change func(*directory.Workspace)) {
	d.t.Helper()
	_, err := d.store.UpdateWorkspace(d.t.Context(), "acme", start, func(ws *directory.Workspace) error { change(ws); return nil })
	if err != nil {
		d.t.Fatal(err)
	}
}

// req: E9
func TestWhatIsRequiredIsNamedTogetherWithTheMappingToChange(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	early := d.ask("POST", "/Users", `{"userName":"early@acme.example"}`).want(http.StatusCreated).id()
	d.set(func(ws *directory.Workspace) { ws.SCIMRequired = directory.EntraRequired })
	parts := map[string]string{
		"userName":                     `"userName":"ada@acme.example"`,
		`emails[type eq "work"].value`: `"emails":[{"type":"other","value":"ada@acme.example"}]`,
		"name.givenName":               `"name":{"givenName":"Ada","familyName":"King"}`,
		"name.familyName":              `"name":{"givenName":"Ada","familyName":"King"}`,
	}
	full := []string{parts["userName"], parts[`emails[type eq "work"].value`], parts["name.givenName"]}
	d.ask("POST", "/Users", "{"+strings.Join(full, ",")+"}").want(http.StatusCreated)
	for _, c := range []struct{ body, missing string }{
		{`{}`, `userName (usually from userPrincipalName), emails[type eq "work"].value (usually from mail), name.givenName (usually from givenName), name.familyName (usually from surname)`},
		{`{` + full[1] + `,` + full[2] + `}`, `userName (usually from userPrincipalName)`},
		{`{"userName":"b",` + full[2] + `}`, `emails[type eq "work"].value (usually from mail)`},
		{`{"userName":"b",` + full[2] + `,"emails":[{"type":"work","value":" "}]}`, `emails[type eq "work"].value (usually from mail)`},
		{`{"userName":"b",` + full[1] + `,"name":{"familyName":"King","givenName":""}}`, `name.givenName (usually from givenName)`},
		{`{"userName":"b",` + full[1] + `}`, `name.givenName (usually from givenName), name.familyName (usually from surname)`},
	} {
		a := d.ask("POST", "/Users", c.body).fails(http.StatusBadRequest, "invalidValue")
		want := "A value is missing for: " + c.missing + ". In Entra, open Provisioning, Mappings, and map each of them to a source attribute that every person has."
		if a.body["detail"] != want {
			t.Errorf("%s\n got %v\nwant %s", c.body, a.body["detail"], want)
		}
	}
	id := d.ask("GET", filter(`userName eq "ada@acme.example"`), "").found()[0]
	for _, op := range []string{
		`{"op":"Replace","path":"name.givenName","value":""}`, `{"op":"Remove","path":"name"}`, `{"op":"Remove","path":"emails"}`,
		`{"op":"Remove","path":"emails[type eq \"other\"]"}`, `{"op":"Replace","path":"emails","value":null}`,
	} {
		if a := d.ask("PATCH", "/Users/"+id, patch(op)); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", op, a.status, a.raw)
		}
	}
	// Somebody who was here before that can still lose their access.
	d.ask("PATCH", "/Users/"+early, patch(disable)).want(http.StatusOK)
	schema := d.ask("GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", "").want(http.StatusOK)
	required := map[string]bool{}
	for _, raw := range schema.body["attributes"].([]any) {
		a := raw.(map[string]any)
		required[a["name"].(string)] = a["required"].(bool)
		subs, _ := a["subAttributes"].([]any)
		for _, sub := range subs {
			s := sub.(map[string]any)
			required[a["name"].(string)+"."+s["name"].(string)] = s["required"].(bool)
		}
	}
	for name, want := range map[string]bool{"userName": true, "emails": true, "name.givenName": true, "name.familyName": true, "title": false, "name.formatted": false} {
		if required[name] != want {
			t.Errorf("/Schemas says that %s is required: %v", name, required[name])
		}
	}
}

// req: E6
func TestDeletionHasThreeModes(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		for _, mode := range []directory.DeleteMode{"", directory.DeleteArchive, directory.DeletePurge, directory.DeleteReject} {
			d.set(func(ws *directory.Workspace) { ws.DeleteMode, ws.PurgeAfter = mode, 0 })
			id := d.create("ada@acme.example", "a")
			if mode == directory.DeleteReject {
				a := d.ask("DELETE", "/Users/"+id, "").fails(http.StatusMethodNotAllowed, "")
				if !strings.Contains(a.body["detail"].(string), "Mappings") {
					t.Errorf("the detail does not say what to change: %s", a.raw)
				}
				d.ask("GET", "/Users/"+id, "").want(http.StatusOK)
				d.ask("DELETE", "/Users/nobody", "").fails(http.StatusNotFound, "")
				config := d.ask("GET", "/ServiceProviderConfig", "")
				if !strings.Contains(string(config.raw), "refused") {
					t.Errorf("the configuration does not say that deletions are refused")
				}
				continue
			}
			d.ask("DELETE", "/Users/"+id, "").want(http.StatusNoContent)
			d.ask("DELETE", "/Users/"+id, "").fails(http.StatusNotFound, "")
			d.ask("GET", "/Users/"+id, "").fails(http.StatusNotFound, "")
			if u, err := d.store.User(t.Context(), d.ws.Directory, id); err != nil || u.State != directory.Archived {
				t.Errorf("%q: %+v, %v", mode, u, err)
			}
			d.clock.advance(1)
			if mode == directory.DeletePurge {
				if n, err := d.store.Purge(t.Context(), d.ws.Directory, start.AddDate(1, 0, 0)); err != nil || n == 0 {
					t.Errorf("purged %d, %v", n, err)
				}
			}
		}
	})
}

// req: E8
func TestWhoReturnsIsNoAdminUntilSomebodySaysSo(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	role := func(id string) string {
		u, err := d.store.User(t.Context(), d.ws.Directory, id)
		if err != nil {
			t.Fatal(err)
		}
		return u.Role
	}
	grant := func(id, role string) {
		_, err := d.store.UpdateUser(t.Context(), d.ws.Directory, id, func(u directory.User) (directory.User, directory.Consequence, error) {
			after := u
			after.Role = role
			return after, directory.Change(u, after), nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	id := d.create("ada@acme.example", "a")
	for _, powerful := range []string{"admin", "owner", "Admin"} {
		grant(id, powerful)
		d.ask("PATCH", "/Users/"+id, patch(`{"op":"Add","path":"title","value":"`+powerful+`"}`)).want(http.StatusOK)
		if got := role(id); got != powerful {
			t.Fatalf("an update made the %s a %q", powerful, got)
		}
		d.ask("PATCH", "/Users/"+id, patch(disable)).want(http.StatusOK)
		d.ask("PATCH", "/Users/"+id, patch(restore)).want(http.StatusOK)
		if got := role(id); got != "Member" {
			t.Errorf("the %s came back as %q", powerful, got)
		}
	}
	// Being deleted and made anew is a way of returning.
	d.ask("DELETE", "/Users/"+id, "").want(http.StatusNoContent)
	again := d.ask("POST", "/Users", `{"userName":"ada@acme.example","externalId":"a","roles":[{"value":"admin"}]}`).want(http.StatusCreated).id()
	if got := role(again); got != "Member" {
		t.Errorf("made anew as %q", got)
	}
	fresh := d.ask("POST", "/Users", `{"userName":"new@acme.example","externalId":"n","roles":[{"value":"admin"}]}`).want(http.StatusCreated).id()
	if got := role(fresh); got != "admin" {
		t.Errorf("somebody new with the app role is %q", got)
	}
}

// A strict connection takes what the RFCs say and nothing of the dialects.
func TestAStrictConnectionTakesNoDialect(t *testing.T) {
	d := newDesk(t, "sqlite", nil)
	id := d.create("ada@acme.example", "a")
	g := d.group("G", id)
	core, enterprise := "urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	d.set(func(ws *directory.Workspace) { ws.SCIMStrict = true })
	for _, ops := range []string{
		disable, `{"op":"Replace","path":"active","value":false}`, `{"op":"replace","path":"active","value":"False"}`,
		`{"op":"replace","value":{"name.givenName":"G"}}`, `{"op":"replace","value":{"` + enterprise + `:department":"x"}}`, `{"op":"add","value":{"colour":"green"}}`,
		`{"op":"replace","path":"emails[type eq \"home\"].value","value":"x"}`, `{"op":"add","path":"manager","value":"x"}`,
		`{"op":"add","path":"` + enterprise + `:manager","value":"x"}`, `{"op":"add","path":"` + enterprise + `.department","value":"x"}`,
		`{"op":"remove","path":"emails","value":[{"value":"ada@acme.example"}]}`, `{"op":"add","path":"emails","value":{"value":"x"}}`,
		`{"op":"add","path":"urn:x:y:z","value":"x"}`,
	} {
		if a := d.ask("PATCH", "/Users/"+id, patch(ops)); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d", ops, a.status)
		}
	}
	d.ask("PATCH", "/Users/"+id, `{"Operations":[{"op":"replace","path":"active","value":false}]}`).fails(http.StatusBadRequest, "invalidSyntax")
	d.ask("PATCH", "/Groups/"+g, patch(`{"op":"remove","path":"members","value":[{"value":"`+id+`"}]}`)).fails(http.StatusBadRequest, "invalidSyntax")
	if got := d.members(g); len(got) != 1 {
		t.Errorf("members: %v", got)
	}
	d.ask("POST", "/Users", `{"userName":"x"}`).fails(http.StatusBadRequest, "invalidSyntax")
	d.ask("POST", "/Users", `{"schemas":["`+core+`"],"userName":"x","colour":"green"}`).fails(http.StatusBadRequest, "invalidSyntax")
	d.ask("POST", "/Users", `{"schemas":["`+core+`"],"userName":"x","emails":[{"type":"pigeon","value":"x"}]}`).fails(http.StatusBadRequest, "invalidValue")
	d.ask("POST", "/Users", `{"schemas":["`+core+`"],"userName":"x","profileUrl":"not an address"}`).fails(http.StatusBadRequest, "invalidValue")
	d.ask("POST", "/Users", `{"schemas":["`+core+`","`+enterprise+`"],"userName":"x","active":true,"`+enterprise+`":{"manager":{"value":"m"}}}`).want(http.StatusCreated)
	d.ask("PATCH", "/Users/"+id, patch(`{"op":"replace","path":"active","value":false},{"op":"add","path":"`+enterprise+`:manager.value","value":"m"}`)).want(http.StatusOK)
	d.ask("PATCH", "/Groups/"+g, patch(`{"op":"remove","path":"members[value eq \"`+id+`\"]"}`)).want(http.StatusNoContent)
}
