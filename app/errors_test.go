package app

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/problem"
)

// told is what the window tells a person about err, to be read aloud.
func told(name string, err error) string {
	p := pageFor(english(), auth.State{Phase: auth.SignedOut, Workspace: acme(), Err: err}, facts{Connected: true, Now: noon, Version: "0.1.0"})
	lines := []string{name}
	if p.Kind == entry {
		lines = append(lines, "below the field: "+p.Field.Problem)
	} else {
		lines = append(lines, p.Title, p.Text, p.Help.Who, p.Help.Detail, p.Help.Code, p.Help.Correlation, "["+labels(p)+"]")
	}
	return strings.Join(slices.DeleteFunc(lines, func(s string) bool { return s == "" }), "\n  ") + "\n"
}

func labels(p page) string {
	var all []string
	for _, b := range p.Buttons {
		all = append(all, b.Label)
	}
	return strings.Join(all, "] [")
}

// meets are the areas of codes that an employee's app can meet. The others are those of
// an administrator's commands and of the console.
var meets = []string{"NET", "REQ", "WS", "SIGN", "TOK", "SES", "JIT", "LINK", "KEY", "INT", "SAML", "NEW"}

// Every refusal of Microsoft's that is known, and every problem of ours that reaches the
// app: why, who can mend it, and by what they find it.
//
// req: H4
func TestErrorPages_whatPeopleAreToldIsWrittenDown(t *testing.T) {
	var got []string
	known := 0
	for _, a := range problem.AllAADSTS() {
		known++
		got = append(got, told(a.Name(), microsofts(a.Number)))
	}
	if known < 25 {
		t.Errorf("only %d codes of Microsoft's are known", known)
	}
	got = append(got, told("a code of Microsoft's that nobody knows", microsofts(99999)))
	for _, k := range slices.Sorted(slices.Values(problem.Codes())) {
		if area := strings.Split(string(k), "-")[1]; slices.Contains(meets, area) {
			got = append(got, told(string(k), servers(k)))
		}
	}
	const file = "testdata/errors.txt"
	all := strings.Join(got, "")
	if os.Getenv("LANYARD_UPDATE") == "1" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(all), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != all {
		t.Errorf("%s is not what the window says%s; write it anew with LANYARD_UPDATE=1", file, firstDifference(string(want), all))
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return fmt.Sprintf(" (line %d: %q, not %q)", i+1, g[i], w[i])
		}
	}
	return ""
}

// req: H4
func TestErrorPages_eachSaysWhyWhoAndByWhatItIsFound(t *testing.T) {
	check := func(name string, err error, id string) {
		s := auth.State{Phase: auth.SignedOut, Workspace: acme(), Err: err}
		p := pageFor(english(), s, facts{Connected: true, Now: noon, Version: "0.1.0"})
		if p.Kind == entry {
			if p.Field.Problem == "" {
				t.Errorf("%s: nothing is said", name)
			}
			return
		}
		k, txt := problem.Of(err)
		if p.Title != heading(txt.Sentence) || len(p.Text) < 10 {
			t.Errorf("%s: it says %q, %q", name, p.Title, p.Text)
		}
		whos := []problem.Who{problem.You, problem.Admin, problem.Operator}
		if !slices.ContainsFunc(whos, func(w problem.Who) bool { return strings.HasSuffix(p.Help.Who, string(w)) }) {
			t.Errorf("%s: nobody can help: %q", name, p.Help.Who)
		}
		if shown := p.Help.Code + " " + p.Help.Detail + " " + p.Help.Correlation; !strings.Contains(shown, string(k)) || !strings.Contains(shown, id) {
			t.Errorf("%s: code and id are not shown: %q", name, shown)
		}
		if !strings.Contains(p.Details, string(k)) || !strings.Contains(p.Details, id) || strings.Contains(p.Details, "planted") {
			t.Errorf("%s: what is copied is %q", name, p.Details)
		}
		if !strings.Contains(labels(p), "Copy details for IT") {
			t.Errorf("%s: the buttons are %q", name, labels(p))
		}
	}
	for _, k := range problem.Codes() {
		check(string(k), servers(k), "01JSX3M8Q2ZK6F0V7C9D4B5N1T")
	}
	for _, a := range problem.AllAADSTS() {
		err := microsofts(a.Number)
		check(a.Name(), err, a.Name()+", correlation ID 1f6a1d7c-2b0e-4f9d-8a55-0d2f3c4b5a69")
		if k, _ := problem.Of(err); k == problem.EntraRefused {
			p := pageFor(english(), auth.State{Phase: auth.SignedOut, Workspace: acme(), Err: err}, facts{Connected: true, Now: noon})
			if !strings.HasPrefix(p.Text, a.Cause) || !strings.HasSuffix(p.Help.Who, string(a.Who)) || strings.Contains(p.Help.Detail, a.Cause) {
				t.Errorf("%s: %q, %+v", a.Name(), p.Text, p.Help)
			}
		}
	}
}
