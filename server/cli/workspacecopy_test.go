package cli_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// into decodes what a command printed with --json.
func into[T any](d *desk, args ...string) (v T) {
	d.Helper()
	if err := json.Unmarshal([]byte(d.ok(append(args, "--json")...)), &v); err != nil {
		d.Fatal(err)
	}
	return v
}

type compared struct {
	Differences []struct{ Name, From, To string } `json:"differences"`
}

func (c compared) names() (all []string) {
	for _, d := range c.Differences {
		all = append(all, d.Name)
	}
	return all
}

// req: A11
func TestWorkspaceClone_aCopyIsTriedAndWhatWorksIsTakenOver(t *testing.T) {
	d := newDesk(t)
	d.ok("workspace", "set", "acme", "--default-department", "Everyone", "--domain", "acme.example", "--client-id", "11111111-1111-4111-8111-111111111111",
		"--tenant-id", "22222222-2222-4222-8222-222222222222")
	d.ok("scim", "token", "create", "--workspace", "acme")
	if got := strings.TrimSpace(d.ok("workspace", "clone", "acme", "acme-sandbox", "--env", "sandbox")); got != "acme-sandbox" {
		t.Errorf("printed %q", got)
	}
	clone := into[struct {
		Name              string   `json:"name"`
		DefaultDepartment string   `json:"default_department"`
		Domains           []string `json:"domains"`
	}](d, "workspace", "show", "acme-sandbox")
	if clone.Name != "Acme (sandbox)" || clone.DefaultDepartment != "Everyone" || len(clone.Domains) != 0 {
		t.Errorf("the copy is %+v", clone)
	}
	if tokens := into[[]any](d, "scim", "token", "list", "--workspace", "acme-sandbox"); len(tokens) != 0 {
		t.Errorf("the copy has %d tokens", len(tokens))
	}
	if diff := into[compared](d, "workspace", "diff", "acme-sandbox", "acme"); len(diff.Differences) != 0 {
		t.Errorf("they differ in %v", diff.names())
	}
	d.no(1, "LY-WS-004", "workspace", "clone", "acme", "beta")
	d.no(2, "LY-WS-003", "workspace", "clone", "acme", "A B")
	d.no(2, "sandbox", "workspace", "clone", "acme", "acme-x", "--env", "moon")
	d.ok("workspace", "set", "acme-sandbox", "--default-role", "Project Manager", "--default-department", "Sales")
	want := []string{"workspace.default_role", "workspace.default_department"}
	if diff := into[compared](d, "workspace", "diff", "acme-sandbox", "acme"); !slices.Equal(diff.names(), want) {
		t.Errorf("they differ in %v, want %v", diff.names(), want)
	}
	d.no(2, "--part", "workspace", "promote", "acme-sandbox", "acme")
	d.no(1, "--confirm acme", "workspace", "promote", "acme-sandbox", "acme", "--all")
	d.no(1, "LY-ENV-005", "workspace", "promote", "acme-sandbox", "acme", "--part", "saml.keys", "--confirm", "acme")
	left := into[compared](d, "workspace", "promote", "acme-sandbox", "acme", "--part", "workspace.default_role", "--confirm", "acme")
	if !slices.Equal(left.names(), want[1:]) {
		t.Errorf("left are %v", left.names())
	}
	if out := d.ok("audit", "list", "--json"); !strings.Contains(out, "workspace promote") || !strings.Contains(out, "workspace clone") {
		t.Errorf("the audit log says nothing of it: %s", out)
	}
}

// req: A5 A9
func TestWorkspacePlan_isSetShownAndKeptToItsRules(t *testing.T) {
	d := newDesk(t)
	type plan struct {
		SSO         bool   `json:"sso"`
		M365        bool   `json:"m365"`
		OnDowngrade string `json:"on_downgrade"`
		License     string `json:"license"`
		Seats       struct{ Limit, Taken, Waiting int }
	}
	if got := into[plan](d, "workspace", "plan", "acme"); !got.SSO || !got.M365 || got.OnDowngrade != "keep" {
		t.Errorf("at first: %+v", got)
	}
	got := into[plan](d, "workspace", "plan", "acme", "--sso", "off", "--on-downgrade", "block", "--seats", "5", "--license", "E-1", "--contact", "Call us.")
	if got.SSO || !got.M365 || got.OnDowngrade != "block" || got.Seats.Limit != 5 || got.License != "E-1" {
		t.Errorf("set: %+v", got)
	}
	d.no(1, "LY-PLAN-004", "workspace", "plan", "acme", "--seats=-1")
	d.no(1, "LY-PLAN-004", "workspace", "plan", "acme", "--contact-url", "javascript:alert(1)")
	d.no(1, "Call us.", "do", "modules.switch.saml", "--workspace", "acme", "on=true")
	d.ok("workspace", "plan", "acme", "--sso", "on")
	d.ok("do", "modules.switch.saml", "--workspace", "acme", "on=true")

	dir := strings.TrimSpace(d.ok("directory", "create", "Acme people"))
	other := strings.TrimSpace(d.ok("directory", "create", "Others"))
	d.no(1, "LY-DIR-006", "directory", "create", " ")
	d.no(1, "LY-DIR-001", "workspace", "link", "acme", "dir_none")
	d.ok("workspace", "link", "acme", dir)
	d.no(1, "LY-DIR-002", "workspace", "link", "acme", other)
	d.ok("workspace", "plan", "beta", "--licensed", "off")
	d.no(1, "LY-DIR-003", "workspace", "link", "beta", dir)
	all := into[[]struct {
		ID    string
		Links []struct{ Workspace, License string }
	}](d, "directory", "list")
	i := slices.IndexFunc(all, func(one struct {
		ID    string
		Links []struct{ Workspace, License string }
	},
	) bool {
		return one.ID == dir
	})
	if i < 0 || len(all[i].Links) != 1 || all[i].Links[0].Workspace != "acme" || all[i].Links[0].License != "E-1" {
		t.Errorf("directories are %+v", all)
	}
	d.ok("workspace", "link", "acme", dir, "--unlink")
	d.no(1, "LY-DIR-007", "workspace", "link", "acme", dir, "--unlink")
}

// req: A12
func TestWorkspacePilot_isOfPeopleWhoAreThere(t *testing.T) {
	d := newDesk(t)
	d.no(1, "LY-PILOT-001", "workspace", "pilot", "acme", "on")
	d.no(1, "LY-PILOT-002", "workspace", "pilot", "acme", "on", "--add", "nobody@acme.example")
	type pilot struct {
		On     bool     `json:"on"`
		People []string `json:"people"`
	}
	if got := into[pilot](d, "workspace", "pilot", "acme"); got.On || len(got.People) != 0 {
		t.Errorf("the pilot is %+v", got)
	}
}
