package examples

import (
	"os"
	"strings"
	"testing"
)

func TestREADME_itsProgramsAreTheOnesThatRunHere(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var sources string
	for _, name := range []string{"app_test.go", "server_test.go"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources += string(b)
	}
	blocks := strings.Split(string(readme), "```go\n")[1:]
	if len(blocks) < 2 {
		t.Fatalf("the README shows %d programs, want the app's and the server's", len(blocks))
	}
	for _, b := range blocks {
		code, _, _ := strings.Cut(b, "```")
		for _, part := range strings.Split(strings.TrimSpace(code), "\n\nfunc ") {
			if !strings.Contains(sources, strings.TrimSpace(part)) {
				t.Errorf("the README shows this, and no example does:\n%s", part)
			}
		}
	}
}
