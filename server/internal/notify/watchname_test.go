package notify_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// A mail of ours is trusted. What somebody is called in a directory, or what was
// refused of them, is no link in it, no markup, and turns no words round.
func TestWatch_aNameIsNoLinkInAMail(t *testing.T) {
	j := newJob(newDesk(t, lite(t)), told)
	const evil = "https://login.microsoft.evil.example/reset\u202e<img src=x onerror=alert(1)>\r\n\r\nhttp://evil.example"
	j.asked(3, http.MethodPost, http.StatusBadRequest, func(_ int, r *store.Request) {
		r.Name, r.Detail = evil, "userName "+evil+" has signs that it may not."
	})
	j.asked(3, http.MethodPatch, http.StatusNotFound, func(_ int, r *store.Request) {
		r.Name, r.ID, r.Detail = "", evil, "There is nobody of the id HTTPS://evil.example/"+evil+"."
	})
	j.pass(time.Hour)
	all := j.mail.Mails()
	if len(all) == 0 || !strings.Contains(all[0].Text, "evil.example") {
		t.Fatalf("no mail names them: %+v", all)
	}
	for _, m := range all {
		for _, part := range []string{m.Text, m.HTML} {
			if low := strings.ToLower(part); strings.Contains(low, "://evil") || strings.Contains(low, "://login") {
				t.Errorf("a name is a link:\n%s", part)
			}
			if strings.ContainsAny(part, "\u202e\x1b") || strings.Contains(part, "\n\nhttp:") {
				t.Errorf("a name steers what is said:\n%q", part)
			}
		}
		if strings.Contains(m.HTML, "<img") || !strings.Contains(m.HTML, `<a href="https://sso.example/admin/workspaces/acme/provisioning/sync">`) {
			t.Errorf("the HTML is\n%s", m.HTML)
		}
	}
}
