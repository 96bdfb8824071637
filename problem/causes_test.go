package problem

import (
	"strings"
	"testing"
)

// req: C2
func TestCauses_eachIsASentenceOfACodeThatThereIs(t *testing.T) {
	for code, all := range causes {
		if !Known(code) || len(all) == 0 {
			t.Errorf("%s is no code, or has no cause", code)
		}
		for _, s := range all {
			if !strings.HasSuffix(s, ".") || s[:1] != strings.ToUpper(s[:1]) {
				t.Errorf("%s: no sentence: %q", code, s)
			}
		}
	}
	if got := Causes(SAMLIdPFailed); len(got) < 2 || !strings.Contains(got[0], "AADSTS50105") {
		t.Errorf("the likeliest cause of a refusal is not that nobody was assigned: %q", got)
	}
	if Causes(Internal) != nil {
		t.Error("a cause of nothing known")
	}
}
