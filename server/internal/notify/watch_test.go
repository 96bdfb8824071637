package notify_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/notify"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// job is somebody's provisioning, as it looks in the record.
type job struct {
	*desk
	watch notify.Watch
}

func newJob(d *desk, set notify.Watching) *job {
	j := &job{d, notify.Watch{
		Store: d.st, Post: d.post, Log: slog.New(slog.DiscardHandler), Now: d.Now,
		Page: func(ws string) string { return "https://sso.example/admin/workspaces/" + ws + "/provisioning/sync" },
	}}
	by := store.SettingChange{Version: store.AnyVersion, Who: "op", Now: d.Now()}
	_, _, err := store.ChangeSetting(d.t.Context(), d.st, "acme", notify.WatchSetting, by, func(w *notify.Watching) error { *w = set; return nil })
	d.must(err)
	j.look()
	d.add(2 * time.Minute)
	return j
}

// look has the watch look, and sends what it queued.
func (j *job) look() {
	j.t.Helper()
	j.must(j.watch.Look(j.t.Context()))
	j.must(j.send())
}

// pass lets time pass, looking every minute as Run does, or every five where it
// is long.
func (j *job) pass(d time.Duration) {
	j.t.Helper()
	step := time.Minute
	if d >= 30*time.Minute && d%(5*time.Minute) == 0 {
		step *= 5
	}
	for range d / step {
		j.add(step)
		j.must(j.watch.Look(j.t.Context()))
	}
	j.must(j.send())
}

// asked records requests as provisioning does.
func (j *job) asked(n int, method string, status int, change func(i int, r *store.Request)) {
	j.t.Helper()
	log := j.st.RequestLog()
	for i := range n {
		r := store.Request{At: j.Now(), Workspace: "acme", Credential: "t-1", Method: method, Type: "Users", Status: status, Name: fmt.Sprintf("p%d@acme.example", i)}
		if change != nil {
			change(i, &r)
		}
		log.Add(r)
	}
	j.must(log.Flush(j.t.Context()))
}

func taken(_ int, r *store.Request) {
	r.Detail = r.Name + " is taken by somebody else. Remove the other, or change the userName in Entra."
}

var told = notify.Watching{Recipients: []string{"it@acme.example", "boss@acme.example"}}

// req: D5
func TestWatch_manyFailuresAreOneDigestAndThenARecovery(t *testing.T) {
	each(t, func(d *desk) {
		t, j := d.t, newJob(d, told)
		j.asked(3, http.MethodPost, http.StatusCreated, nil)
		for range 4 { // a cycle that takes a while
			j.asked(25, http.MethodPost, http.StatusConflict, taken)
			j.pass(time.Minute)
		}
		j.asked(40, http.MethodPost, http.StatusCreated, nil)
		j.asked(80, http.MethodPatch, http.StatusOK, nil)
		if n := len(j.mail.Mails()); n != 0 {
			t.Fatalf("%d mails came while the cycle ran", n)
		}
		j.pass(10 * time.Minute)
		all := j.mail.Mails()
		if len(all) != 4 {
			for _, m := range all {
				t.Log(m.To, m.Subject)
			}
			t.Fatalf("%d mails came, want a digest and a warning for each of two", len(all))
		}
		digest := all[0]
		if digest.Subject != "Acme Ltd: 100 requests of provisioning failed" {
			t.Errorf("the subject is %q", digest.Subject)
		}
		for _, want := range []string{"- 100 × … is taken by somebody else. Remove the other", "such as p", "/admin/workspaces/acme/provisioning/sync", "Provision on demand", "Notification Email"} {
			if !strings.Contains(digest.Text, want) {
				t.Errorf("the digest lacks %q:\n%s", want, digest.Text)
			}
		}
		if all[2].Subject != "Acme Ltd: Entra may stop provisioning (quarantine)" || !strings.Contains(all[2].Text, "100 of 223 requests") {
			t.Errorf("the warning is %q:\n%s", all[2].Subject, all[2].Text)
		}
		j.pass(30 * time.Minute)
		j.asked(50, http.MethodGet, http.StatusOK, nil) // the next cycle goes through
		j.pass(30 * time.Minute)
		all = j.mail.Mails()[4:]
		if len(all) != 2 || all[0].Subject != "Acme Ltd: provisioning works again" || !strings.Contains(all[0].Text, "(100 requests)") {
			t.Fatalf("then came %d mails: %+v", len(all), all)
		}
		events, err := j.st.Events(t.Context(), 0, 10)
		j.must(err)
		if len(events) != 2 || events[0].Kind != directory.ProvisioningFailing || events[1].Kind != directory.ProvisioningRecovered || events[0].Directory != "acme" {
			t.Errorf("the events are %v", events)
		}
		j.pass(time.Hour)
		if n := len(j.mail.Mails()); n != 6 {
			t.Errorf("%d mails came in the end, want 6", n)
		}
	})
}

// req: D5
func TestWatch_fewFailuresWaitForTheThresholdAndMailsAreApart(t *testing.T) {
	set := told
	set.Recipients, set.Threshold, set.Digest = set.Recipients[:1], 5, 120
	j := newJob(newDesk(t, lite(t)), set)
	for i, want := range []int{0, 0, 1, 1, 1, 2} {
		j.asked(2, http.MethodPatch, http.StatusBadRequest, taken)
		j.asked(60, http.MethodPatch, http.StatusOK, nil)
		j.pass(40 * time.Minute)
		if n := len(j.mail.Mails()); n != want {
			t.Errorf("after cycle %d %d mails came, want %d", i+1, n, want)
		}
	}
	if m := j.mail.Mails()[1]; !strings.Contains(m.Subject, "6 requests") {
		t.Errorf("the second says %q", m.Subject)
	}
}

// req: D5
// req: D9
func TestWatch_saysWhenNothingIsHeardForTwoHoursAndWhenItIsAgain(t *testing.T) {
	set := told
	set.Recipients = set.Recipients[:1]
	j := newJob(newDesk(t, lite(t)), set)
	j.asked(1, http.MethodGet, http.StatusOK, nil)
	j.pass(3 * time.Hour) // a test, and never started
	if n := len(j.mail.Mails()); n != 0 {
		t.Fatalf("%d mails came before anything began", n)
	}
	j.asked(1, http.MethodPost, http.StatusCreated, nil)
	j.pass(119 * time.Minute)
	if n := len(j.mail.Mails()); n != 0 {
		t.Fatalf("%d mails came before two hours were over", n)
	}
	j.pass(5 * time.Hour)
	all := j.mail.Mails()
	if len(all) != 1 || !strings.Contains(all[0].Subject, "nothing heard of Microsoft Entra since 1 June 15:02 UTC") || !strings.Contains(all[0].Text, "Provisioning Status") {
		t.Fatalf("%d mails came: %+v", len(all), all)
	}
	j.asked(1, http.MethodGet, http.StatusOK, nil)
	j.pass(5 * time.Minute)
	if all = j.mail.Mails(); len(all) != 2 || all[1].Subject != "Acme Ltd: Microsoft Entra is heard again" {
		t.Fatalf("%d mails came: %+v", len(all), all)
	}
	j.asked(3, http.MethodGet, http.StatusUnauthorized, func(_ int, r *store.Request) { r.Credential, r.Name = "", "" })
	j.pass(30 * time.Minute)
	if all = j.mail.Mails(); len(all) != 2 {
		t.Fatalf("requests of strangers were told of before a cycle was missing: %+v", all[2:])
	}
	j.pass(20 * time.Minute)
	if all = j.mail.Mails(); len(all) != 3 || !strings.Contains(all[2].Text, "3 requests came with a token that is not accepted") {
		t.Errorf("%d mails came: %+v", len(all), all)
	}
}

// req: D5
func TestWatch_tellsOfTheAlarmAndOfCredentialsThatEnd(t *testing.T) {
	set := told
	set.Recipients = set.Recipients[:1]
	d := newDesk(t, lite(t))
	d.must(d.st.CreateToken(t.Context(), store.Token{ID: "t-1", Workspace: "acme", Label: "Entra", Hash: "h", Created: start, Expires: start.AddDate(0, 0, 90)}))
	j := newJob(d, set)
	_, err := d.st.UpdateAlarm(t.Context(), "acme", func(a *directory.Alarm) error {
		a.Raised, a.Hold = d.Now(), true
		return nil
	})
	d.must(err)
	j.look()
	j.look()
	all := j.mail.Mails()
	if len(all) != 1 || all[0].Subject != "Acme Ltd: unusually many people lose access" || !strings.Contains(all[0].Text, "Further removals are held.") {
		t.Fatalf("%d mails came: %+v", len(all), all)
	}
	for i, days := range []int{29, 1, 31, 1, 22, 1, 10} { // at 61, 60, 29, 28, 6 and 5 days before the end, and after it
		j.add(time.Duration(days) * 24 * time.Hour)
		j.look()
		if n, want := len(j.mail.Mails())-1, []int{0, 1, 2, 2, 3, 3, 3}[i]; n != want {
			t.Errorf("on %s %d mails had come, want %d", j.Now(), n, want)
		}
	}
	if m := j.mail.Mails()[1]; !strings.Contains(m.Text, "- token Entra ends on 30 August 2026") {
		t.Errorf("it says:\n%s", m.Text)
	}
}

func TestWatching_isCheckedBeforeItIsStored(t *testing.T) {
	var many []string
	for i := range notify.MaxWatchers + 1 {
		many = append(many, fmt.Sprintf("p%d@x.example", i))
	}
	for name, c := range map[string]struct {
		w    notify.Watching
		want problem.Code
	}{
		"no address":      {notify.Watching{Recipients: []string{"eve"}}, problem.MailBadAddress},
		"a short digest":  {notify.Watching{Digest: 1}, problem.MailBadWatch},
		"a long digest":   {notify.Watching{Digest: 100_000}, problem.MailBadWatch},
		"fewer than one":  {notify.Watching{Threshold: -1}, problem.MailBadWatch},
		"nobody":          {notify.Watching{}, ""},
		"twice the same":  {notify.Watching{Recipients: []string{"a@x.example", "A@x.example"}, Digest: 5}, ""},
		"many recipients": {notify.Watching{Recipients: many}, problem.MailBadWatch},
	} {
		if got, err := c.w.Clean(); code(err) != c.want || err == nil && len(got.Recipients) > 1 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// A workspace without recipients has its events all the same, and what was before
// somebody asked to hear is not told afterwards.
func TestWatch_withoutRecipientsThereAreEventsAlone(t *testing.T) {
	j := newJob(newDesk(t, lite(t)), notify.Watching{})
	j.asked(3, http.MethodPost, http.StatusConflict, taken)
	j.pass(10 * time.Minute)
	events, err := j.st.Events(t.Context(), 0, 10)
	j.must(err)
	if len(events) != 1 || events[0].Kind != directory.ProvisioningFailing || len(j.mail.Mails()) != 0 {
		t.Errorf("events %v, %d mails", events, len(j.mail.Mails()))
	}
	by := store.SettingChange{Version: store.AnyVersion, Who: "op", Now: j.Now()}
	_, _, err = store.ChangeSetting(t.Context(), j.st, "acme", notify.WatchSetting, by, func(w *notify.Watching) error { *w = told; return nil })
	j.must(err)
	j.pass(10 * time.Minute)
	if n := len(j.mail.Mails()); n != 0 {
		t.Errorf("%d mails came about what was before", n)
	}
}
