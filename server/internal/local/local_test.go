package local

import (
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

func TestAcceptable_itRefusesWhatIsTriedFirst(t *testing.T) {
	ws := directory.Workspace{ID: "acme", Name: "Acme Widgets"}
	u := directory.User{UserName: "ada@acme.example", Doc: []byte(`{"name":{"givenName":"Ada","familyName":"Lovelace"},"emails":[{"value":"ada.l@acme.example"}]}`)}
	for password, want := range map[string]bool{
		"seven green umbrellas": true, "Tr0ub4dor&3-xkcd": true, "パスワードは長いほど良いのです": true, "acme umbrella lake": true,
		"short": false, "elevenchars": false, "aaaaaaaaaaaaaaaa": false, "abababababababab": false, "abcdefghijklmnop": false, "qwertzuiopasdf": false,
		"098765432109876": false, "Password2026!!": false, "AdaLovelace1815": false, "AcmeWidgets2026": false, "ada@acme.example1": false, "Willkommen!123": false,
		"with a NUL \x00 inside": false, "not \xff text at all": false, strings.Repeat("long words ", 60): false,
	} {
		err := acceptable(password, ws, u)
		if code, _ := problem.Of(err); (err == nil) != want || err != nil && (code != problem.PasswordWeak || problem.DetailOf(err) == "") {
			t.Errorf("%q: %v", password, err)
		}
		if err != nil && len(password) > 5 && strings.Contains(err.Error(), password) {
			t.Errorf("the error holds the password: %v", err)
		}
	}
}

func TestWait_itGrowsAndEnds(t *testing.T) {
	last := time.Duration(0)
	for failures := range 100 {
		d := wait(failures)
		if d < last || d > longestWait || failures < freeTries && d != 0 {
			t.Fatalf("after %d failures %s", failures, d)
		}
		last = d
	}
	if last != longestWait {
		t.Errorf("it ends at %s", last)
	}
}
