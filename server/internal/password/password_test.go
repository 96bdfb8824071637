package password

import (
	"context"
	"errors"
	"strings"
	"testing"
)

var cheap = Cost{Memory: 64, Passes: 1, Threads: 1}

func TestHasher_itKnowsAPasswordAgainAndNoOther(t *testing.T) {
	h := NewHasher(cheap)
	phc, err := h.Hash(t.Context(), "correct horse battery")
	if err != nil || !strings.HasPrefix(phc, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatalf("%q, %v", phc, err)
	}
	if again, _ := h.Hash(t.Context(), "correct horse battery"); again == phc {
		t.Error("two hashes of one password are the same")
	}
	if ok, stale, err := h.Matches(t.Context(), phc, "correct horse battery"); !ok || stale || err != nil {
		t.Errorf("the right one: %v %v %v", ok, stale, err)
	}
	if ok, _, err := h.Matches(t.Context(), phc, "correct horse batterz"); ok || err != nil {
		t.Errorf("a wrong one: %v %v", ok, err)
	}
	if ok, _, err := h.Matches(t.Context(), "", "\x00"); ok || err != nil {
		t.Errorf("nobody's: %v %v", ok, err)
	}
	if _, stale, err := NewHasher(Cost{}).Matches(t.Context(), phc, "x"); !stale || err != nil {
		t.Errorf("of another cost: %v %v", stale, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	full := NewHasher(cheap)
	for range atOnce {
		full.slots <- struct{}{}
	}
	if _, err := full.Hash(gone, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("with no room: %v", err)
	}
}

func TestHasher_theUsualCostIsWhatOWASPAsksFor(t *testing.T) {
	if usual.Memory < 19<<10 || usual.Passes < 2 {
		t.Errorf("%+v", usual)
	}
}

func TestHasher_itReadsNoHashThatIsNotWhole(t *testing.T) {
	h := NewHasher(cheap)
	good, err := h.Hash(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"x", "$argon2i$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=64", "m=99999999", 1), strings.Replace(good, "t=1", "t=0", 1), strings.Replace(good, "m=64", "m=064", 1),
		good + "$", good[:len(good)-30], good + "=",
	} {
		if ok, _, err := h.Matches(t.Context(), bad, "x"); ok || !errors.Is(err, ErrHash) {
			t.Errorf("%q: %v %v", bad, ok, err)
		}
	}
}

func TestWeakness_itNamesWhatGuessersTryFirst(t *testing.T) {
	for _, bad := range []string{
		"", "short", "aaaaaaaaaaaaaa", "abababababababab", "password1234!", "Passw0rd2026!!", "qwertyuiop123", "098765432100",
		"abcdefghijklm", "Lovelace!2026", "ada.lovelace1!", "admin-admin-1", "bad\x00password-here", "welcome123456", "ada.lovelace@acme.example1", "not \xff text at all", strings.Repeat("x1y2z", 200),
	} {
		if Weakness(bad, "acme", "Ada Lovelace", "ada.lovelace@acme.example") == "" {
			t.Errorf("%q was taken", bad)
		}
	}
	for _, good := range []string{"correct horse battery", "fünf kleine Affen", "Tr0ub4dor&3-and-more", "ei5haiNgoo4o", "日本語のパスワードを作る人"} {
		if s := Weakness(good, "Ada Lovelace", "ada@acme.example"); s != "" {
			t.Errorf("%q: %s", good, s)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=,t=,p=$$")
	f.Fuzz(func(t *testing.T, phc string) {
		c, salt, key, err := parse(phc)
		if err == nil && (c.Memory > mostMemory || len(salt) > 64 || len(key) > 64 || c.Threads == 0) {
			t.Errorf("%q became %v", phc, c)
		}
	})
}
