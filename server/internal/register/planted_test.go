package register_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/register"
)

// doc is a registration or enterprise application as Microsoft Graph shows it.
type doc = map[string]any

func part(d doc, path ...string) doc {
	for _, p := range path {
		d = d[p].(map[string]any)
	}
	return d
}

func entry(d doc, list string, value string) doc {
	for _, e := range d[list].([]any) {
		if e.(map[string]any)["value"] == value {
			return e.(map[string]any)
		}
	}
	panic("there is no " + value)
}

// replaceURI puts other URIs, or none, in place of one that is registered.
func replaceURI(platform, old string, now ...any) func(a, _ doc) {
	return func(a, _ doc) {
		p := part(a, platform)
		list := slices.DeleteFunc(slices.Clone(p["redirectUris"].([]any)), func(u any) bool { return u == old })
		p["redirectUris"] = append(list, now...)
	}
}

func move(uri, from, to string) func(a, sp doc) {
	return func(a, sp doc) {
		replaceURI(from, uri)(a, sp)
		replaceURI(to, "", uri)(a, sp)
	}
}

const (
	androidURI = "msauth://com.acme.app/1wIqXSqBj7w%2Bh11ZifsnqwgyKrY%3D"
	appleURI   = "msauth.com.acme.app://auth"
)

// Every difference is found, alone, with its code and what to do about it.
//
// req: A7
func TestCheck_itFindsEveryPlantedDifference(t *testing.T) {
	p := plan(t, withClient)
	app := copied(t, p.Merged(register.Application{AppID: clientID}))
	part(app, "spa")["redirectUris"] = []any{}
	sp := copied(t, doc{
		"id": "abababab-2222-3333-4444-555555555555", "appId": clientID, "accountEnabled": true, "appRoleAssignmentRequired": true,
		"preferredSingleSignOnMode": "saml", "loginUrl": "https://sso.example.com/w/acme/saml/login",
		"oauth2PermissionGrants": []any{
			doc{"consentType": "AllPrincipals", "resourceId": "abababab-2222-3333-4444-555555555555", "scope": "access_as_user"},
			doc{"consentType": "AllPrincipals", "resourceId": "cdcdcdcd-2222-3333-4444-555555555555", "scope": "openid profile"},
		},
	})
	if got := differences(t, p, app, sp); len(got) != 0 {
		t.Fatalf("where nothing is planted: %+v", got)
	}
	for _, c := range []struct {
		name, code string
		plant      func(a, sp doc)
		fix        string // a part of it
	}{
		{"it misses http://localhost", "LY-REG-010", replaceURI("publicClient", "http://localhost"), "Mobile and desktop applications"},
		{"it finds http://localhost under Web", "LY-REG-011", move("http://localhost", "publicClient", "web"), "Web: remove it there"},
		{"it finds a phone's URI under Single-page application", "LY-REG-011", move(appleURI, "publicClient", "spa"), "Single-page application"},
		{"it finds a slash at the end", "LY-REG-012", replaceURI("publicClient", "http://localhost", "http://localhost/"), "http://localhost"},
		{"it finds 127.0.0.1", "LY-REG-012", replaceURI("publicClient", "http://localhost", "http://127.0.0.1"), "http://localhost"},
		{"it finds capitals in a bundle ID", "LY-REG-012", replaceURI("publicClient", appleURI, "msauth.com.Acme.app://auth"), "Bundle ID com.acme.app"},
		{"it finds a hash that is not encoded", "LY-REG-012", replaceURI("publicClient", androidURI, "msauth://com.acme.app/1wIqXSqBj7w+h11ZifsnqwgyKrY="), "Signature hash 1wIqXSqBj7w+h11ZifsnqwgyKrY="},
		{"it finds a hash that is encoded twice", "LY-REG-012", replaceURI("publicClient", androidURI, "msauth://com.acme.app/1wIqXSqBj7w%252Bh11ZifsnqwgyKrY%253D"), "Android"},
		{"it misses an Android app's", "LY-REG-010", replaceURI("publicClient", androidURI), "Signature hash 1wIqXSqBj7w+h11ZifsnqwgyKrY="},
		{"it misses the broker's", "LY-REG-010", replaceURI("publicClient", "ms-appx-web://microsoft.aad.brokerplugin/"+clientID), "Mobile and desktop"},
		{"it finds the key that Fyne publishes", "LY-REG-013", replaceURI("publicClient", "", "msauth://com.acme.app/%2FmFs2Yzr6mRVUItgVUANroj4PyI%3D"), "a key of your own"},
		{"it finds public client flows off", "LY-REG-020", func(a, _ doc) { a["isFallbackPublicClient"] = false }, "Allow public client flows: Yes"},
		{"it finds public client flows not set", "LY-REG-020", func(a, _ doc) { a["isFallbackPublicClient"] = nil }, "Allow public client flows: Yes"},
		{"it finds other organisations let in", "LY-REG-021", func(a, _ doc) { a["signInAudience"] = "AzureADMultipleOrgs" }, "Supported account types"},
		{"it finds token version 1", "LY-REG-022", func(a, _ doc) { part(a, "api")["requestedAccessTokenVersion"] = 1 }, "Manifest"},
		{"it finds no token version", "LY-REG-022", func(a, _ doc) { part(a, "api")["requestedAccessTokenVersion"] = nil }, "Manifest"},
		{"it misses the Application ID URI", "LY-REG-023", func(a, _ doc) { a["identifierUris"] = a["identifierUris"].([]any)[1:] }, "Expose an API"},
		{"it misses the SAML Identifier", "LY-REG-023", func(a, _ doc) { a["identifierUris"] = a["identifierUris"].([]any)[:1] }, "Identifier (Entity ID)"},
		{"it misses the Reply URL", "LY-REG-010", replaceURI("web", "https://sso.example.com/w/acme/saml/acs"), "Reply URL"},
		{"it finds another Logout Url", "LY-REG-063", func(a, _ doc) { part(a, "web")["logoutUrl"] = "https://sso.example.com/logout" }, "Logout Url"},
		{"it finds the scope disabled", "LY-REG-031", func(a, _ doc) { entry(part(a, "api"), "oauth2PermissionScopes", "access_as_user")["isEnabled"] = false }, "State: Enabled"},
		{"it finds a scope twice", "LY-REG-032", func(a, _ doc) {
			api := part(a, "api")
			api["oauth2PermissionScopes"] = append(api["oauth2PermissionScopes"].([]any), doc{"id": "8a7ab5a4-9e5d-4f4a-9d5e-3d3b1a0c1111", "value": "access_as_user", "type": "User", "isEnabled": true})
		}, "delete all but one"},
		{"it misses its own permission", "LY-REG-035", func(a, _ doc) { a["requiredResourceAccess"] = a["requiredResourceAccess"].([]any)[1:] }, "My APIs"},
		{"it misses admin consent", "LY-REG-036", func(_, sp doc) { sp["oauth2PermissionGrants"] = sp["oauth2PermissionGrants"].([]any)[1:] }, "Grant admin consent"},
		{"it takes one person's consent for none", "LY-REG-036", func(_, sp doc) { sp["oauth2PermissionGrants"].([]any)[0].(map[string]any)["consentType"] = "Principal" }, "Grant admin consent"},
		{"it misses an app role", "LY-REG-040", func(a, _ doc) {
			a["appRoles"] = slices.DeleteFunc(slices.Clone(a["appRoles"].([]any)), func(r any) bool { return r.(map[string]any)["value"] == "admin" })
		}, "Create app role: Display name Workspace admin"},
		{"it finds an app role disabled", "LY-REG-041", func(a, _ doc) { entry(a, "appRoles", "member")["isEnabled"] = false }, "enable this app role"},
		{"it finds an app role in capitals", "LY-REG-044", func(a, _ doc) { entry(a, "appRoles", "member")["value"] = "Member" }, "Value: member"},
		{"it finds an app role for applications alone", "LY-REG-043", func(a, _ doc) { entry(a, "appRoles", "member")["allowedMemberTypes"] = []any{"Application"} }, "Users/Groups"},
		{"it finds an app role twice", "LY-REG-042", func(a, _ doc) {
			twin := doc{"id": "8a7ab5a4-9e5d-4f4a-9d5e-3d3b1a0c1111", "value": "member", "displayName": "M", "isEnabled": true, "allowedMemberTypes": []any{"User"}}
			a["appRoles"] = append(a["appRoles"].([]any), twin)
		}, "delete all but one"},
		{"it finds assignment not required", "LY-REG-060", func(_, sp doc) { sp["appRoleAssignmentRequired"] = false }, "Assignment required? Yes"},
		{"it finds sign-in switched off", "LY-REG-061", func(_, sp doc) { sp["accountEnabled"] = false }, "Enabled for users to sign-in? Yes"},
		{"it finds SAML not chosen", "LY-REG-062", func(_, sp doc) { sp["preferredSingleSignOnMode"] = nil }, "Single sign-on → SAML"},
		{"it finds another Sign on URL", "LY-REG-062", func(_, sp doc) { sp["loginUrl"] = "https://sso.example.com" }, "Sign on URL"},
		{"it finds another application", "LY-REG-004", func(a, _ doc) { a["appId"] = "99999999-2222-3333-4444-555555555555" }, "Application (client) ID"},
		{"it finds another enterprise application", "LY-REG-004", func(_, sp doc) { sp["appId"] = "99999999-2222-3333-4444-555555555555" }, "Properties → Application ID"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, s := copied(t, app), copied(t, sp)
			c.plant(a, s)
			got := differences(t, p, a, s)
			if len(got) != 1 || string(got[0].Code) != c.code || !strings.Contains(got[0].Fix, c.fix) || got[0].Field == "" || got[0].Want == "" || got[0].Got == "" {
				t.Errorf("%+v, want %s", got, c.code)
			}
		})
	}
}

// differences are those between a plan and what is registered, without notes.
func differences(t *testing.T, p register.Plan, app, sp doc) []register.Difference {
	t.Helper()
	text := func(d doc) []byte {
		raw, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	a, err := register.ParseApplication(text(app))
	if err != nil {
		t.Fatal(err)
	}
	s, err := register.ParseServicePrincipal(text(sp))
	if err != nil {
		t.Fatal(err)
	}
	all := p.Check(a)
	if len(all) > 0 && all[0].Code == problem.RegOtherApp {
		return all
	}
	return register.Needed(append(all, p.CheckPrincipal(a, s)...))
}

func copied(t *testing.T, d any) doc {
	t.Helper()
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var out doc
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
