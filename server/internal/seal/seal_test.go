package seal_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/seal"
)

var key = bytes.Repeat([]byte{7}, seal.MinKey)

func box(t *testing.T, key []byte, purpose string) seal.Box {
	t.Helper()
	b, err := seal.New(key, purpose)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBox_opensOnlyWhatWasSealedWithThisKeyForThisPurposeAndThing(t *testing.T) {
	b := box(t, key, "mail")
	sealed, err := b.Seal("correct horse", "m-1")
	if err != nil {
		t.Fatal(err)
	}
	var got string
	if err := b.Open(sealed, "m-1", &got); err != nil || got != "correct horse" {
		t.Fatalf("opened %q, %v", got, err)
	}
	if again, _ := b.Seal("correct horse", "m-1"); again == sealed || strings.Contains(sealed, "horse") {
		t.Error("the same text looks the same twice, or shows itself")
	}
	damaged := []byte(sealed)
	damaged[20] ^= 1
	for name, open := range map[string]func(*string) error{
		"another key":     func(v *string) error { return box(t, bytes.Repeat([]byte{8}, 32), "mail").Open(sealed, "m-1", v) },
		"another purpose": func(v *string) error { return box(t, key, "totp").Open(sealed, "m-1", v) },
		"another thing":   func(v *string) error { return b.Open(sealed, "m-2", v) },
		"damaged":         func(v *string) error { return b.Open(string(damaged), "m-1", v) },
		"cut":             func(v *string) error { return b.Open(sealed[:8], "m-1", v) },
		"no base64":       func(v *string) error { return b.Open("%", "m-1", v) },
	} {
		var got string
		if err := open(&got); !errors.Is(err, problem.New(problem.WrongServerKey)) {
			if code, _ := problem.Of(err); code != problem.WrongServerKey {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got != "" {
			t.Errorf("%s: opened %q", name, got)
		}
	}
}

func TestNew_refusesAKeyThatIsTooShort(t *testing.T) {
	if _, err := seal.New(key[:31], "mail"); err == nil {
		t.Error("31 bytes were taken")
	}
}
