package cli_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

func TestSCIMAlarm_itIsShownSetAndReleased(t *testing.T) {
	o := newOffice(t)
	type alarm struct {
		People, Percent int
		Hold, Holding   bool
		PassUntil       *time.Time `json:"pass_until"`
	}
	var a alarm
	o.must(&a, "scim", "alarm", "--workspace", "acme")
	if a.People == 0 || a.Hold {
		t.Errorf("without settings it is %+v", a)
	}
	o.must(&a, "scim", "alarm", "--workspace", "acme", "--people", "5", "--hold", "on")
	if a.People != 5 || a.Percent != directory.DefaultAlarm().Percent || !a.Hold || a.Holding {
		t.Errorf("set to %+v", a)
	}
	if _, err := o.store.UpdateAlarm(t.Context(), "acme", func(a *directory.Alarm) error { a.Raised = o.now; return nil }); err != nil {
		t.Fatal(err)
	}
	out, errOut, code := o.run("scim", "alarm", "--workspace", "acme")
	if code != 0 || !strings.Contains(out, "holding now") || !strings.Contains(errOut, "scim release --workspace acme") {
		t.Errorf("%d %s%s", code, out, errOut)
	}
	o.must(&a, "scim", "release", "--workspace", "acme", "--for", "2h")
	if a.Holding || a.PassUntil == nil || !a.PassUntil.Equal(o.now.Add(2*time.Hour)) {
		t.Errorf("released to %+v", a)
	}
	for _, args := range [][]string{{"scim", "alarm", "--percent", "101"}, {"scim", "alarm", "--people", "-1"}, {"scim", "release", "--for", "30d"}} {
		if _, _, code := o.run(append(args, "--workspace", "acme")...); code != 2 {
			t.Errorf("%v ended with %d", args, code)
		}
	}
}
