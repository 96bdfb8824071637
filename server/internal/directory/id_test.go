package directory

import (
	"errors"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
)

func TestValidID_itTakesHostNameLabels(t *testing.T) {
	for _, id := range []string{"acme", "ab", "a1", "1a", "42", "a-b", "a--b", "acme-2", strings.Repeat("a", 63)} {
		if err := ValidID(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestValidID_itSaysWhatIsWrong(t *testing.T) {
	for id, detail := range map[string]string{
		"":                      "0 characters",
		"a":                     "1 characters",
		strings.Repeat("a", 64): "64 characters",
		"-acme":                 "hyphen",
		"acme-":                 "hyphen",
		"Acme":                  `'A'`,
		"ac me":                 `' '`,
		"acme.example":          `'.'`,
		"acme/..":               `'/'`,
		"acmé":                  `'é'`,
		"аcme":                  `'а'`, // a Cyrillic а
		"acme\n":                `'\n'`,
		"acme\x00":              `'\x00'`,
		"acme\xff":              "can't be used",
		"xn--acm-dma":           "xn--",
		"admin":                 "reserved",
		"scim":                  "reserved",
		"www":                   "reserved",
	} {
		err := ValidID(id)
		if !errors.As(err, new(*problem.Error)) {
			t.Errorf("%q: got %v", id, err)
			continue
		}
		if code, _ := problem.Of(err); code != problem.BadWorkspaceID {
			t.Errorf("%q: code %s", id, code)
		}
		if got := problem.DetailOf(err); !strings.Contains(got, detail) {
			t.Errorf("%q: it says %q, want something about %q", id, got, detail)
		}
	}
}

func TestReserved_theyWouldBeValidOtherwise(t *testing.T) {
	for _, id := range reserved {
		for _, r := range id {
			if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-", r) {
				t.Errorf("%q can't be typed anyway", id)
			}
		}
	}
}

// req: H2
func TestCleanID_itUnderstandsWhatPeopleType(t *testing.T) {
	for typed, want := range map[string]string{"acme": "acme", " ACME\t": "acme", "Acme-2 ": "acme-2", "": ""} {
		if got := CleanID(typed); got != want {
			t.Errorf("%q becomes %q, want %q", typed, got, want)
		}
	}
}

func FuzzValidID(f *testing.F) {
	for _, s := range []string{"acme", "a", "-a", "xn--a", "admin", "ACME", "é", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if ValidID(id) != nil {
			return
		}
		if id != CleanID(id) || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || len(id) > 63 {
			t.Errorf("%q passed", id)
		}
	})
}
