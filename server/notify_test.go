package server

import (
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/notify/notifytest"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// A server that runs watches provisioning and sends what there is to tell, with
// the address of the console's page.
//
// req: D5
func TestServer_itTellsOfProvisioningByMail(t *testing.T) {
	w := newWorld(t, "sqlite")
	mail, by := notifytest.New(t), store.SettingChange{Version: store.AnyVersion, Who: "op", Now: time.Now()}
	_, _, err := store.ChangeSetting(t.Context(), w.store, "acme", notify.WatchSetting, by, func(v *notify.Watching) error {
		v.Recipients = []string{"it@acme.example"}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// What was before the first look is no news: the first server has looked.
	key := []byte(strings.Repeat("k", 32))
	smtp := mail.SMTP()
	post := notify.New(notify.Config{Store: w.store, Key: key, SMTP: &smtp})
	first := notify.Watch{Store: w.store, Post: post, Now: time.Now, Page: func(string) string { return "" }}
	if err := first.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	ws, err := w.store.Workspace(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.UpdateAlarm(t.Context(), ws.Directory, func(a *directory.Alarm) error { a.Raised = time.Now(); return nil }); err != nil {
		t.Fatal(err)
	}
	w.serve(w.open(), func(c *Config) { c.ServerKey, c.Mail = key, &smtp })
	m := mail.Wait(t, 1)[0]
	if m.To != "it@acme.example" || !strings.Contains(m.Text, "/admin/workspaces/acme/provisioning/sync") || !strings.Contains(m.Subject, "unusually many people lose access") {
		t.Errorf("to %s: %s\n%s", m.To, m.Subject, m.Text)
	}
}
