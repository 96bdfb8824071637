package cli_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// req: A4
func TestAdmin_theOperatorSaysWhoAdministers(t *testing.T) {
	d := newDesk(t)
	first := d.ok("admin", "link", "--public-url", "https://id.acme.example")
	if !strings.HasPrefix(first, "https://id.acme.example/admin/join?token=") || strings.Count(first, "\n") != 1 {
		t.Errorf("the link is %q", first)
	}
	if again := d.ok("admin", "link", "--public-url", "https://id.acme.example"); again == first {
		t.Error("the same link twice")
	}
	own := d.ok("admin", "invite", "ada@acme.example", "--name", "Ada Lovelace", "--console-listen", "127.0.0.1:9999", "--console-url", "https://console.acme.example")
	if !strings.HasPrefix(own, "https://console.acme.example/admin/join?token=") {
		t.Errorf("the invitation is %q", own)
	}
	d.ok("admin", "invite", "bo@acme.example", "--workspace", "acme", "--role", "it-admin")
	d.no(1, "LY-ADMIN-009", "admin", "invite", "BO@acme.example", "--workspace", "acme")
	d.no(1, "LY-ADMIN-013", "admin", "invite", "nobody", "--workspace", "acme")
	d.no(1, "LY-WS-001", "admin", "invite", "cy@acme.example", "--workspace", "acmee")
	var all []struct {
		ID, Email, Name string
		ServerOwner     bool `json:"server_owner"`
		Roles           map[string]string
		Joined          bool
	}
	list := func(args ...string) {
		t.Helper()
		all = nil
		if err := json.Unmarshal([]byte(d.ok(append([]string{"admin", "list", "--json"}, args...)...)), &all); err != nil {
			t.Fatal(err)
		}
	}
	list()
	if len(all) != 2 || !all[0].ServerOwner || all[0].Name != "Ada Lovelace" || all[1].Roles["acme"] != "it-admin" || all[1].Joined {
		t.Fatalf("administrators: %+v", all)
	}
	list("--workspace", "beta")
	if len(all) != 1 || all[0].Email != "ada@acme.example" {
		t.Errorf("of beta: %+v", all)
	}
	d.ok("admin", "role", "bo@acme.example", "viewer", "--workspace", "beta")
	d.ok("admin", "role", "bo@acme.example", "none", "--workspace", "acme")
	list("--workspace", "beta")
	if len(all) != 2 || all[1].Roles["beta"] != "viewer" || all[1].Roles["acme"] != "" {
		t.Errorf("after changing roles: %+v", all)
	}
	if out := d.ok("admin", "list"); !strings.Contains(out, "owner of the server") || !strings.Contains(out, "viewer of beta") {
		t.Errorf("listed %s", out)
	}
	d.no(1, "LY-ADMIN-010", "admin", "role", "eve@acme.example", "admin", "--workspace", "acme")
	if out := d.ok("admin", "recover", "ada@acme.example"); !strings.Contains(out, "/admin/join?token=") {
		t.Errorf("recovered with %q", out)
	}
	if out := d.ok("admin", "sessions", "bo@acme.example", "--end", "all", "--json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("sessions: %s", out)
	}
	d.no(1, "LY-SSO-011", "admin", "ready", "acme")
	d.ok("admin", "remove", "bo@acme.example")
	d.no(1, "LY-ADMIN-010", "admin", "remove", "bo@acme.example")
	if out := d.ok("audit", "list", "--json"); !strings.Contains(out, "admin recover") || strings.Contains(out, "token=") {
		t.Errorf("the audit log: %s", out)
	}
}

// req: A4
func TestAdmin_theOperatorMakesAndEndsTokensAndSetupLinks(t *testing.T) {
	d := newDesk(t)
	token := strings.TrimSpace(d.ok("admin", "token", "create", "deploy", "--workspace", "acme", "--role", "viewer", "--ttl", "1d"))
	if !strings.HasPrefix(token, "lyadm_") {
		t.Errorf("the token is %q", token)
	}
	var tokens []struct{ ID, Name, Role string }
	if err := json.Unmarshal([]byte(d.ok("admin", "token", "list", "--workspace", "acme", "--json")), &tokens); err != nil || len(tokens) != 1 || tokens[0].Name != "deploy" {
		t.Fatalf("tokens: %+v, %v", tokens, err)
	}
	if out := d.ok("admin", "token", "list", "--workspace", "acme"); strings.Contains(out, token) || !strings.Contains(out, "valid") {
		t.Errorf("listed %s", out)
	}
	d.no(1, "LY-REQ-003", "admin", "token", "revoke", tokens[0].ID)
	d.ok("admin", "token", "revoke", tokens[0].ID, "--workspace", "acme")
	d.no(1, "LY-ADMIN-030", "admin", "token", "create", "long", "--ttl", "367d")

	link := d.ok("admin", "setup", "create", "acme", "saml", "--for", "Bo of IT")
	if !strings.Contains(link, "/admin/setup?token=") {
		t.Errorf("the link is %q", link)
	}
	var links []struct{ ID, Module, For string }
	if err := json.Unmarshal([]byte(d.ok("admin", "setup", "list", "acme", "--json")), &links); err != nil || len(links) != 1 || links[0].Module != "saml" || links[0].For != "Bo of IT" {
		t.Fatalf("links: %+v, %v", links, err)
	}
	d.no(1, "LY-REQ-003", "admin", "setup", "revoke", "beta", links[0].ID)
	d.ok("admin", "setup", "revoke", "acme", links[0].ID)
	if out := d.ok("admin", "setup", "list", "acme"); !strings.Contains(out, "ended") {
		t.Errorf("listed %s", out)
	}
	d.no(2, "LY-CLI-001", "admin", "setup", "create", "acme", "scimm")
}
