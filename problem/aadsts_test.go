package problem_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
)

// req: B9
// req: C2
// req: H4
func TestAADSTS_everyCodeSaysCauseNextStepAndWho(t *testing.T) {
	last := 0
	for _, a := range problem.AllAADSTS() {
		if a.Number <= last {
			t.Errorf("%s stands after AADSTS%d: the table is searched by halves", a.Name(), last)
		}
		last = a.Number
		for what, s := range map[string]string{"cause": a.Cause, "next step": a.Next} {
			if len(s) < 10 || len(s) > 350 || s != strings.TrimSpace(s) || !strings.HasSuffix(s, ".") || strings.Contains(s, "AADSTS") {
				t.Errorf("%s: the %s %q is no sentence", a.Name(), what, s)
			}
		}
		if !slices.Contains([]problem.Who{problem.You, problem.Admin, problem.Operator}, a.Who) {
			t.Errorf("%s: %q is nobody", a.Name(), a.Who)
		}
		if a.Who == problem.Admin && a.Blade == "" {
			t.Errorf("%s: an administrator is not told where", a.Name())
		}
		if a.Code != "" && !problem.Known(a.Code) {
			t.Errorf("%s: %s is unknown", a.Name(), a.Code)
		}
		if got, ok := problem.LookupAADSTS(a.Number); !ok || got != a {
			t.Errorf("%s is not found", a.Name())
		}
	}
	if _, ok := problem.LookupAADSTS(1); ok {
		t.Error("AADSTS1 is found")
	}
}

// Every code that Microsoft documents for SAML applications, and those of a
// sign-in with MSAL that an administrator or the person can mend.
func TestAADSTS_theCodesPeopleMeetAreThere(t *testing.T) {
	for _, n := range []int{
		16000, 50003, 50005, 50006, 50007, 50008, 50010, 50011, 50012, 50020, 50034, 50053, 50055, 50057, 50058,
		50061, 50068, 50070, 50071, 50072, 50074, 50076, 50079, 50097, 50105, 50126, 50129, 50131, 50144, 50146,
		500021, 500208, 500212, 500213, 501241, 53000, 53003, 530004, 530032, 65001, 65004, 650056, 70001, 700016,
		70008, 54005, 7000112, 7000218, 500011, 75001, 75003, 75005, 75006, 75008, 75011, 75016, 750054, 7500529, 76021,
		90002, 90011, 90015, 90019, 90072, 90094, 90095, 900236, 900971,
	} {
		if _, ok := problem.LookupAADSTS(n); !ok {
			t.Errorf("AADSTS%d is not in the table", n)
		}
	}
}

// What each code tells people, to be read aloud.
//
// req: H4
func TestAADSTS_whatPeopleAreToldIsWrittenDown(t *testing.T) {
	var b strings.Builder
	for _, a := range problem.AllAADSTS() {
		b.WriteString(a.Name() + "\n  " + a.Cause + "\n  " + string(a.Who) + ": " + a.Next + "\n")
		if a.Blade != "" {
			b.WriteString("  " + a.Blade + "\n")
		}
	}
	const file = "testdata/aadsts.txt"
	if os.Getenv("LANYARD_UPDATE") == "1" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != b.String() {
		t.Errorf("%s is not what the table says; write it anew with LANYARD_UPDATE=1", file)
	}
}
