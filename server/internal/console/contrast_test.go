package console

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"testing"
)

// themes reads the colours of the style sheet: those of the light theme, of the
// dark one that somebody chose, and of the dark one that their system asks for.
func themes(t *testing.T) map[string]map[string]string {
	t.Helper()
	text, err := static.ReadFile("static/console.css")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]string{}
	for name, begin := range map[string]string{
		"light": `:root, \[data-theme="light"\]`, "dark": `:root\[data-theme="dark"\], \[data-theme="dark"\]`, "system": `:root:not\(\[data-theme="light"\]\)`,
	} {
		m := regexp.MustCompile(begin + `\s*\{([^}]*)\}`).FindSubmatch(text)
		if m == nil {
			t.Fatalf("the style sheet has no %s theme", name)
		}
		all[name] = map[string]string{}
		for _, d := range regexp.MustCompile(`--([a-z-]+):\s*(#[0-9a-f]{6})`).FindAllSubmatch(m[1], -1) {
			all[name][string(d[1])] = string(d[2])
		}
	}
	return all
}

// luminance is the relative luminance of a colour (WCAG 2.2).
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(colour[1:], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	part := func(shift uint) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// Every text can be read on every ground that it stands on, and every field and
// focus ring be seen, in both themes: by numbers, not by eye.
func TestStyle_everyColourHasContrast(t *testing.T) {
	pairs := map[string]float64{}
	text := func(ink string, grounds ...string) {
		for _, g := range grounds {
			pairs[ink+" on "+g] = 4.5
		}
	}
	text("ink", "paper", "card", "tint", "good-tint", "info-tint", "warn-tint", "bad-tint", "off-tint", "accent-tint")
	text("soft", "paper", "card", "tint")
	text("accent", "paper", "card", "tint", "accent-tint")
	text("accent-ink", "accent")
	text("card", "bad")
	for _, state := range []string{"good", "info", "warn", "bad", "off"} {
		text(state, state+"-tint")
	}
	text("bad", "card", "paper", "tint")
	text("good", "card")
	for _, edge := range []string{"field", "focus"} {
		for _, g := range []string{"card", "paper"} {
			pairs[edge+" on "+g] = 3
		}
	}
	for name, colours := range themes(t) {
		for pair, least := range pairs {
			var a, b string
			if _, err := fmt.Sscanf(pair, "%s on %s", &a, &b); err != nil {
				t.Fatal(err)
			}
			if colours[a] == "" || colours[b] == "" {
				t.Errorf("%s: a colour of %q is not there", name, pair)
				continue
			}
			if got := contrast(t, colours[a], colours[b]); got < least {
				t.Errorf("%s: %s has a contrast of %.2f, less than %.1f", name, pair, got, least)
			}
		}
	}
	all := themes(t)
	for token, colour := range all["dark"] {
		if all["system"][token] != colour {
			t.Errorf("--%s is %s where dark was chosen, and %s where the system asks for it", token, colour, all["system"][token])
		}
	}
	if len(all["dark"]) < 20 || len(all["light"]) != len(all["dark"]) {
		t.Errorf("%d and %d colours", len(all["light"]), len(all["dark"]))
	}
}
