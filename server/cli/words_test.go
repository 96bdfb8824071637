package cli

import (
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

func TestDidYouMean_itProposesWhatIsNear(t *testing.T) {
	known := []string{"acme", "globex", "initech", "umbrella-corp"}
	for got, want := range map[string]string{
		"acmee": "acme", "amce": "acme", "glbex": "globex", "umbrela-crop": "umbrella-corp",
		"xyz": "", "": "", "hooli": "",
	} {
		if want != "" {
			want = ` Did you mean "` + want + `"?`
		}
		if said := didYouMean(got, known); said != want {
			t.Errorf("didYouMean(%q) = %q, want %q", got, said, want)
		}
	}
}

func TestParseDuration_itTakesDaysAndWeeks(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"365d": 365 * 24 * time.Hour, "2w": 14 * 24 * time.Hour, "8h": 8 * time.Hour, "90m": 90 * time.Minute, "0": 0,
	} {
		if got, err := parseDuration("--x", text); err != nil || got != want {
			t.Errorf("parseDuration(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "1", "-1d", "-8h", "1.5d", "200y", "99999999d", "36501d", "NaN", "1e9h"} {
		if got, err := parseDuration("--x", text); err == nil {
			t.Errorf("parseDuration(%q) = %v, want an error", text, got)
		} else if code, _ := problem.Of(err); code != problem.BadUsage {
			t.Errorf("parseDuration(%q): %v, want %s", text, err, problem.BadUsage)
		}
	}
}

// FuzzParseDuration: what is taken is neither negative nor too long, and is
// written so that it reads the same again.
func FuzzParseDuration(f *testing.F) {
	for _, seed := range []string{"365d", "2w", "8h", "1h30m", "0", "9223372036854775807d", "-1h"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseDuration("--x", text)
		if err != nil {
			return
		}
		if d < 0 || d > maxDuration {
			t.Fatalf("%q is %v", text, d)
		}
		again, err := parseDuration("--x", formatDuration(d))
		if err != nil || again != d {
			t.Fatalf("%q is %v, written %q, which is %v, %v", text, d, formatDuration(d), again, err)
		}
	})
}

func TestShellWord_itCanBeCopiedIntoAShell(t *testing.T) {
	for in, want := range map[string]string{
		"sqlite:a/b.db": "sqlite:a/b.db", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$(x)": "'$(x)'", "http://127.0.0.1:1": "http://127.0.0.1:1",
	} {
		if got := shellWord(in); got != want {
			t.Errorf("shellWord(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestPrintable_itLetsNoNameSteerTheTerminal(t *testing.T) {
	for in, want := range map[string]string{
		"Ada": "Ada", "": "-", "a\x1b[31mb": "a [31mb", "a\nb": "a b", "a\u202eb": "a b", "Zoë 漢": "Zoë 漢", "a\u009bb": "a b",
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) = %q, want %q", in, got, want)
		}
	}
}
