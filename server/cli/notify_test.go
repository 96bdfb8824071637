package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/notify/notifytest"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// req: D5
func TestNotify_theMailServerIsSetTestedAndShownWithoutItsPassword(t *testing.T) {
	o := newOffice(t)
	mail := notifytest.New(t)
	o.env = map[string]string{"LANYARD_SMTP_PASSWORD": "pass-canary"}
	at := mail.Plain()
	if _, says, code := o.run("notify", "test", "ada@acme.example"); code == 0 || !strings.Contains(says, "LY-MAIL-001") || !strings.Contains(says, "lanyardd notify set") {
		t.Errorf("without a mail server: %d %s", code, says)
	}
	for _, args := range [][]string{
		{"notify", "set", "--host", "smtp.acme.example", "--from", "l@acme.example", "--encryption", "none", "--user", "u"},
		{"notify", "set", "--host", "smtp.acme.example", "--user", "u"},
		{"notify", "set", "--host", "smtp.acme.example", "--from", "a@x.example,b@x.example", "--user", "u"},
	} {
		if _, says, code := o.run(args...); code == 0 || !strings.Contains(says, "LY-MAIL-") {
			t.Errorf("%v: %d %s", args, code, says)
		}
	}
	out, says, code := o.run("--json", "notify", "set", "--host", at.Host, "--port", fmt.Sprint(at.Port), "--encryption", "none", "--from", "Lanyard <l@acme.example>", "--user", "lanyard")
	if code != 0 || strings.Contains(out+says, "canary") {
		t.Fatalf("setting it: %d %s %s", code, out, says)
	}
	out, _, _ = o.run("--json", "notify", "show")
	var shown notify.SMTP
	if err := json.Unmarshal([]byte(out), &shown); err != nil || shown.Port != at.Port || shown.User != "lanyard" || strings.Contains(out, "canary") {
		t.Errorf("shown is %s, %v", out, err)
	}
	o.env = nil
	if _, says, code := o.run("notify", "set", "--user", ""); code != 0 {
		t.Fatalf("without a user: %s", says)
	}
	if _, says, code := o.run("notify", "test", "ada@acme.example"); code != 0 {
		t.Fatalf("testing it: %s", says)
	}
	mail.Wait(t, 1)
	mail.Refuse("bo@acme.example", notifytest.Never("nobody of that name"))
	if _, says, code := o.run("notify", "test", "bo@acme.example"); code == 0 || !strings.Contains(says, "nobody of that name") {
		t.Errorf("a refusal: %d %s", code, says)
	}
	for _, e := range entries(t, o.db) {
		if strings.Contains(e, "pass-canary") {
			t.Error("the password stands in the database")
		}
	}
}

// entries are the files of the office's database.
func entries(t *testing.T, db string) (all []string) {
	t.Helper()
	files, err := filepath.Glob(db + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(data))
	}
	return all
}

// req: D5
func TestNotify_recipientsAndTheLogOfMails(t *testing.T) {
	o := newOffice(t)
	out, says, _ := o.run("--json", "notify", "recipients", "--workspace", "acme", "--to", "it@acme.example", "--to", "boss@acme.example", "--threshold", "5")
	var w notify.Watching
	if err := json.Unmarshal([]byte(out), &w); err != nil || len(w.Recipients) != 2 || w.Threshold != 5 {
		t.Fatalf("recipients are %s %s, %v", out, says, err)
	}
	for _, args := range [][]string{{"--to", "x"}, {"--digest-minutes", "1"}, {"--threshold=-1"}} {
		if _, says, code := o.run(append([]string{"notify", "recipients", "--workspace", "acme"}, args...)...); code == 0 || !strings.Contains(says, "LY-MAIL-") {
			t.Errorf("%v: %d %s", args, code, says)
		}
	}
	if out, _, _ := o.run("notify", "recipients", "--workspace", "acme", "--paused", "on"); !strings.Contains(out, "boss@acme.example") || !strings.Contains(out, "on") {
		t.Errorf("paused: %s", out)
	}
	err := o.store.QueueMail(t.Context(), store.QueuedMail{ID: "m-1", Workspace: "acme", Kind: "alert", Subject: "About Acme", Created: o.now}, []string{"it@acme.example"})
	if err != nil {
		t.Fatal(err)
	}
	if out, _, _ := o.run("notify", "log", "--workspace", "acme"); !strings.Contains(out, "About Acme") || !strings.Contains(out, "waiting") {
		t.Errorf("the log says %s", out)
	}
	if _, says, code := o.run("notify", "recipients", "--workspace", "nobody"); code == 0 || !strings.Contains(says, "nobody") {
		t.Errorf("another workspace: %d %s", code, says)
	}
}
