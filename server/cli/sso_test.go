package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/store"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// enforced enables single sign-on in acme, as an administrator of the console
// does, with what that needs: a tested connection, an owner who gets in without
// it, a verified domain, and a mail server.
func (d *desk) enforced(st *server.Store) {
	d.Helper()
	must := func(err error) {
		d.Helper()
		if err != nil {
			d.Fatal(err)
		}
	}
	now := time.Now()
	for _, a := range []directory.Administrator{
		{
			ID: "ada", Email: "ada@acme.example", Roles: map[string]string{"acme": directory.AdminOwner}, Proven: now, ProvenBy: directory.ByPasskey,
			Passkeys: []directory.AdminPasskey{{}}, Recovery: []string{"h"}, Created: now,
		},
		{ID: "vic", Email: "vic@acme.example", Roles: map[string]string{"acme": directory.AdminViewer}, Created: now},
		{ID: "bea", Email: "bea@beta.example", Roles: map[string]string{"beta": directory.AdminOwner}, Created: now},
	} {
		must(st.CreateAdmin(d.Context(), a, nil))
	}
	_, err := st.UpdateWorkspace(d.Context(), "acme", now, func(ws *directory.Workspace) error {
		ws.Domains = []string{"acme.example"}
		return nil
	})
	must(err)
	file := filepath.Join(d.TempDir(), "metadata.xml")
	must(os.WriteFile(file, []byte(metadataText(d.T)), 0o600))
	d.ok("saml", "set", "--workspace", "acme", "--metadata-file", file)
	_, err = st.UpdateSAML(d.Context(), "acme", now, func(c *directory.SAML) ([]directory.Kind, error) {
		c.Tested, c.TestedHash = now, c.ConfigHash()
		return nil, nil
	})
	must(err)
	_, _, err = store.ChangeSetting(d.Context(), st, "", notify.Setting, store.SettingChange{Who: "test", Now: now}, func(s *notify.SMTP) error {
		*s = notify.SMTP{Host: "127.0.0.1", Port: 25, From: "lanyard@acme.example"}
		return nil
	})
	must(err)
}

// req: C5 C7
func TestSSO_onlyAnOperatorTurnsItOffAndEverybodyHears(t *testing.T) {
	d := newDesk(t)
	d.no(1, "LY-SSO-010", "sso", "enable", "--workspace", "acme", "--confirm", "acme")
	d.no(1, "LY-SSO-021", "sso", "disable", "--workspace", "acme", "--reason", "x", "--ticket", "y")
	st, err := sqlite.Open(t.Context(), d.file)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	d.enforced(st)
	if out := d.ok("sso", "show", "--workspace", "acme"); !strings.Contains(out, "is not enforced") || strings.Contains(out, "✖") {
		t.Errorf("before:\n%s", out)
	}
	d.no(1, "LY-SSO-014", "sso", "enable", "--workspace", "acme", "--confirm", "acne")
	d.ok("sso", "enable", "--workspace", "acme", "--confirm", "acme", "--operator", "root")
	if out := d.ok("sso", "show", "--workspace", "acme"); !strings.Contains(out, "enabled by operator root") {
		t.Errorf("after:\n%s", out)
	}
	// Nothing else takes it away.
	for _, args := range [][]string{
		{"saml", "off", "--workspace", "acme"},
		{"saml", "remove", "--workspace", "acme", "--yes"},
		{"do", "saml.off.confirm", "--workspace", "acme"},
		{"do", "saml.remove.confirm", "--workspace", "acme", "confirm=acme"},
	} {
		d.no(1, "LY-SSO-020", args...)
	}
	d.no(1, "LY-SSO-022", "sso", "disable", "--workspace", "acme", "--reason", "Entra is down")
	d.no(1, "LY-SSO-022", "sso", "disable", "--workspace", "acme", "--ticket", "OPS-1")

	out := d.ok("sso", "disable", "--workspace", "acme", "--reason", "Entra is down", "--ticket", "OPS-1", "--operator", "grace", "--json")
	var doc struct {
		Enforced bool                       `json:"enforced"`
		Told     *bool                      `json:"told"`
		Lifted   *directory.EnforcementLift `json:"lifted"`
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Enforced || doc.Told == nil || !*doc.Told || doc.Lifted == nil || doc.Lifted.By != "grace" || doc.Lifted.Ticket != "OPS-1" {
		t.Errorf("%s", out)
	}
	letters, err := st.MailDeliveries(t.Context(), store.MailQuery{Workspace: "acme", Limit: 20})
	if err != nil {
		t.Fatal(err)
	}
	var to []string
	for _, l := range letters {
		if l.Mail.Kind == "sso.lifted" {
			to = append(to, l.To)
		}
	}
	slices.Sort(to)
	if !slices.Equal(to, []string{"ada@acme.example", "vic@acme.example"}) {
		t.Errorf("told were %q", to)
	}
	entries, err := st.AuditLog(t.Context(), store.AuditQuery{Workspace: "acme", Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(entries, func(e store.AuditEntry) bool { return e.Act == "sso disable" })
	if i < 0 || entries[i].Detail["reason"] != "Entra is down" || entries[i].Detail["ticket"] != "OPS-1" || entries[i].Detail["operator"] != "grace" {
		t.Errorf("the audit log says %+v", entries)
	}
	// The module's page says who did it and why, and the log is whole.
	if out := d.ok("do", "saml.home", "--workspace", "acme"); !strings.Contains(out, `"by": "grace"`) || !strings.Contains(out, `"reason": "Entra is down"`) || !strings.Contains(out, `"ticket": "OPS-1"`) {
		t.Errorf("the page says %s", out)
	}
	d.ok("audit", "verify")
	d.ok("saml", "off", "--workspace", "acme") // now it may
}

// req: C5
func TestSSO_twoOperatorsWhereTheRuleSaysSo(t *testing.T) {
	d := newDesk(t)
	st, err := sqlite.Open(t.Context(), d.file)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	d.enforced(st)
	d.ok("sso", "enable", "--workspace", "acme", "--confirm", "acme")
	d.ok("sso", "rule", "--two-people", "on", "--operator", "root")
	disable := func(who string) []string {
		return []string{"sso", "disable", "--workspace", "acme", "--reason", "r", "--ticket", "t", "--operator", who}
	}
	d.no(1, "LY-SSO-023", disable("root")...)
	d.no(1, "LY-SSO-024", disable("root")...)
	if out := d.ok("sso", "show", "--workspace", "acme"); !strings.Contains(out, "is enforced") || !strings.Contains(out, "root asked to turn it off") {
		t.Errorf("meanwhile:\n%s", out)
	}
	d.ok(disable("grace")...)
	if out := d.ok("sso", "show", "--workspace", "acme"); !strings.Contains(out, "is not enforced") || !strings.Contains(out, "root and grace") {
		t.Errorf("after:\n%s", out)
	}
	d.no(1, "LY-SSO-023", "sso", "rule", "--two-people", "off", "--operator", "root")
	if out := d.ok("sso", "rule"); !strings.Contains(out, "Only two operators") {
		t.Errorf("the rule: %s", out)
	}
}

// Without a mail server it is done all the same, and said.
func TestSSO_withoutMailItIsSaid(t *testing.T) {
	d := newDesk(t)
	st, err := sqlite.Open(t.Context(), d.file)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	d.enforced(st)
	if err := st.DeleteSetting(t.Context(), "", notify.Setting); err != nil {
		t.Fatal(err)
	}
	out, errOut, code := d.run("sso", "enable", "--workspace", "acme", "--confirm", "acme", "--json")
	if code != 0 || !strings.Contains(out, `"told": false`) || !strings.Contains(errOut, "LY-SSO-025") {
		t.Errorf("%d\n%s%s", code, out, errOut)
	}
}
