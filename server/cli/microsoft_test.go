package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/sqlite"
)

// req: A15
func TestMicrosoft_commandsSetUpSignInOnTheWeb(t *testing.T) {
	const client, tenant = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", "11111111-2222-4333-8444-555555555555"
	d := newDesk(t)
	key := []string{"--workspace", "acme", "--public-url", "https://sso.example.com", "--server-key-file", filepath.Join(t.TempDir(), "key")}
	ms := func(args ...string) []string { return append(append([]string{"microsoft"}, args...), key...) }
	if out := d.ok(ms("show")...); !strings.Contains(out, "https://sso.example.com/w/acme/microsoft/callback") || !strings.Contains(out, "not set") {
		t.Errorf("show: %s", out)
	}
	d.no(1, "LY-MSWEB-010", ms("set", "--client-id", "nonsense")...)
	d.no(1, "stand for everybody", ms("set", "--tenant-id", "organizations")...)
	d.ok(ms("set", "--client-id", client, "--tenant-id", tenant)...)
	d.no(1, "LY-MSWEB-007", ms("test")...)
	d.no(1, "LY-MSWEB-007", ms("cert", "print")...)
	if out := d.ok(ms("cert", "new")...); !strings.HasPrefix(out, "-----BEGIN CERTIFICATE-----") || strings.Contains(out, "PRIVATE") {
		t.Errorf("cert new: %s", out)
	}
	d.no(1, "LY-MSWEB-009", ms("set", "--on")...)
	link := d.ok(ms("test")...)
	if !strings.HasPrefix(link, "https://sso.example.com/w/acme/microsoft/test?t=lytest_") {
		t.Errorf("test: %s", link)
	}
	d.no(1, "LY-MSWEB-011", ms("test", "--result", "unknown")...)
	var shown struct {
		Ready    bool
		Settings directory.MicrosoftWeb
	}
	if err := json.Unmarshal([]byte(d.ok(ms("show", "--json")...)), &shown); err != nil || !shown.Ready || shown.Settings.ClientID != client || shown.Settings.Enabled {
		t.Errorf("shown %+v, %v", shown, err)
	}
	d.ok(ms("set", "--on", "--untested")...)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("abcdefghijklmnopqrstuvwxyz0123456789\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := d.ok(ms("set", "--secret-file", secret, "--secret-expires", "2030-01-31")...); !strings.Contains(out, "expires 2030-01-31") || strings.Contains(out, "abcdefghij") {
		t.Errorf("secret: %s", out)
	}
	d.no(2, "--secret-file", ms("set", "--secret-expires", "2030-01-31")...)
	d.ok(ms("set", "--off")...)
}

func TestLocal_commandsManagePasswords(t *testing.T) {
	d := newDesk(t)
	st, err := sqlite.Open(t.Context(), d.file)
	if err != nil {
		t.Fatal(err)
	}
	u := directory.User{
		ID: "u-ada", Directory: "acme", UserName: "ada", State: directory.Active, Version: 1, Created: time.Now(), Modified: time.Now(),
		Doc: []byte(`{"userName":"ada","emails":[{"value":"ada@acme.example","type":"work"}]}`),
	}
	if err := st.InsertUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	if err := st.SetPassword(t.Context(), "acme", "u-ada", "$argon2id$", nil, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if out := d.ok("local", "show", "--workspace", "acme"); !strings.Contains(out, "nobody may") {
		t.Errorf("show: %s", out)
	}
	if out := d.ok("local", "list", "--workspace", "acme"); !strings.Contains(out, "ada@acme.example") || !strings.Contains(out, "LY-MOD-OFF") {
		t.Errorf("list: %s", out)
	}
	d.no(2, "Say --on", "local", "set", "--workspace", "acme")
	d.ok("local", "set", "--workspace", "acme", "--on")
	if out := d.ok("local", "list", "--workspace", "acme"); !strings.Contains(out, "yes") {
		t.Errorf("list: %s", out)
	}
	if out := d.ok("local", "link", "ada", "--workspace", "acme", "--public-url", "https://sso.example.com"); !strings.HasPrefix(out, "https://sso.example.com/w/acme/password/set?t=lypass_") {
		t.Errorf("link: %s", out)
	}
	d.ok("local", "remove", "ada", "--workspace", "acme")
	d.no(1, "LY-PW-007", "local", "remove", "ada", "--workspace", "acme")
}
