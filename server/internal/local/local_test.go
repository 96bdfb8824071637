package local

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

func TestHash_itMatchesItsPasswordAndNoOther(t *testing.T) {
	phc := usual.hashed("correct horse")
	if strings.Contains(phc, "horse") || !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") || phc == usual.hashed("correct horse") {
		t.Errorf("hashed to %s", phc)
	}
	for password, want := range map[string]bool{"correct horse": true, "correct hors": false, "": false, "Correct horse": false} {
		if ok, old, err := matches(phc, password); ok != want || old || err != nil {
			t.Errorf("%q: %v, %v, %v", password, ok, old, err)
		}
	}
	cheap := cost{memory: 64, passes: 1, threads: 1}.hashed("x")
	if ok, old, err := matches(cheap, "x"); !ok || !old || err != nil {
		t.Errorf("of another cost: %v, %v, %v", ok, old, err)
	}
	if ok, _, err := matches(nobodys, "anything"); ok || err != nil {
		t.Errorf("nobody's: %v, %v", ok, err)
	}
}

func TestHash_itReadsNothingThatWouldCostTooMuch(t *testing.T) {
	good := cost{memory: 64, passes: 1, threads: 1}.hashed("x")
	for _, bad := range []string{
		"", "x", "$argon2id$", strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=64", "m=99999999", 1), strings.Replace(good, "t=1", "t=0", 1), strings.Replace(good, "t=1", "t=4000", 1),
		strings.Replace(good, "p=1", "p=0", 1), strings.Replace(good, "m=64", "m=064", 1), good + "$", good + "=", good[:len(good)-30],
	} {
		if _, _, err := matches(bad, "x"); !errors.Is(err, errHash) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzParsed(f *testing.F) {
	f.Add(nobodys)
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg")
	f.Add("$argon2id$v=19$m=-1,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, phc string) {
		c, salt, key, err := parsed(phc)
		if err != nil {
			return
		}
		if c.memory > mostMemory || c.passes > mostPasses || c.threads > mostThreads || len(salt) < 8 || len(key) < 16 {
			t.Errorf("%q is read as %+v", phc, c)
		}
	})
}

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
