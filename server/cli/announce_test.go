package cli_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// req: C4
func TestAnnounce_isPreviewedSentOnceAndFollowed(t *testing.T) {
	o := newOffice(t)
	o.env = map[string]string{"LANYARD_SERVER_KEY_FILE": filepath.Join(t.TempDir(), "server.key"), "LANYARD_PUBLIC_URL": "https://sso.example.com"}
	if err := o.store.InsertUser(t.Context(), directory.User{
		ID: "u1", Directory: "acme", UserName: "ada", State: directory.Active, Version: 1, Created: o.now, Modified: o.now,
		Doc: []byte(`{"userName":"ada","emails":[{"type":"work","value":"ada@acme.example"}]}`),
	}); err != nil {
		t.Fatal(err)
	}
	run := func(want int, args ...string) (out, errOut string) {
		t.Helper()
		out, errOut, code := o.run(append([]string{"announce"}, append(args, "--workspace", "acme")...)...)
		if code != want {
			t.Fatalf("%v: exit %d: %s", args, code, errOut)
		}
		return out, errOut
	}
	out, errOut := run(0, "preview")
	if !strings.HasPrefix(out, "# Sign in to Acme") || !strings.Contains(out, "https://sso.example.com/w/acme/") || !strings.Contains(errOut, "everybody: 1 by e-mail") {
		t.Errorf("the preview:\n%s\n%s", out, errOut)
	}
	if _, errOut := run(1, "send"); !strings.Contains(errOut, "LY-MAIL-001") {
		t.Errorf("without a mail server: %s", errOut)
	}
	by := store.SettingChange{Version: store.AnyVersion, Who: "test", Now: o.now}
	if _, _, err := store.ChangeSetting(t.Context(), o.store, "", notify.Setting, by, func(s *notify.SMTP) error {
		*s = notify.SMTP{Host: "127.0.0.1", Port: 2525, Encryption: "none", From: "lanyard@acme.example"}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	mail, _ := run(0, "send")
	again, errOut := run(0, "send")
	if mail != again || !strings.Contains(errOut, "nothing was sent now") {
		t.Errorf("the second time: %q and %q: %s", mail, again, errOut)
	}
	once, _ := run(0, "send", "--again")
	if once == mail {
		t.Error("--again sent nothing")
	}
	if out, _ := run(0, "log"); strings.Count(out, "everybody") != 2 {
		t.Errorf("the log:\n%s", out)
	}
	if out, errOut := run(0, "log", strings.TrimSpace(mail)); !strings.Contains(out, "ada@acme.example") || !strings.Contains(errOut, "1 waiting") {
		t.Errorf("one of them:\n%s%s", out, errOut)
	}
	run(1, "log", "unknown")
	if _, errOut := run(1, "send", "--person", "nobody"); !strings.Contains(errOut, "LY-ANN-002") || !strings.Contains(errOut, "Not found: nobody") {
		t.Errorf("to nobody: %s", errOut)
	}
}
