// Command requirements prints which test proves which requirement, and fails
// when one that should be done has none.
//
//	go run ./tools/requirements
//
// The requirements stand in rows.txt beside this file. A test names the ones
// it proves in its comment, on a line of their own:
//
//	// TestSilent_itStartsNoBrowser …
//	// req: H6
//	func TestSilent_itStartsNoBrowser(t *testing.T) {
//
// Whether a test proves what it says is for its readers to judge.
package main

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"strings"
)

//go:embed rows.txt
var rowsText string

func main() { os.Exit(run(rowsText, ".", os.Stdout, os.Stderr)) }

// run is main without the process: text is rows.txt, dir the module.
func run(text, dir string, out, errOut io.Writer) int {
	rows, err := parse(text)
	if err != nil {
		fmt.Fprintf(errOut, "requirements: %v\n", err)
		return 2
	}
	marks, err := scan(dir)
	if err != nil {
		fmt.Fprintf(errOut, "requirements: %v\n", err)
		return 2
	}
	tests := map[string][]string{}
	known := map[string]bool{}
	for _, r := range rows {
		known[r.name] = true
	}
	code := 0
	for _, m := range marks {
		switch {
		case m.test == "":
			fmt.Fprintf(errOut, "%s: \"req: %s\" stands above no test\n", m.where, m.row)
			code = 1
		case !known[m.row]:
			fmt.Fprintf(errOut, "%s: %s names %s, which rows.txt does not know\n", m.where, m.test, m.row)
			code = 1
		default:
			tests[m.row] = append(tests[m.row], m.test+"  "+m.where)
		}
	}
	done := 0
	for _, r := range rows {
		fmt.Fprintf(out, "%-4s %s\n", r.name, r.promise)
		for _, t := range tests[r.name] {
			fmt.Fprintf(out, "       %s\n", t)
		}
		switch {
		case len(tests[r.name]) > 0:
			done++
		case r.done:
			fmt.Fprintf(errOut, "%s is to be done and no test proves it: %s\n", r.name, r.promise)
			code = 1
		}
	}
	fmt.Fprintf(out, "%d of %d requirements have a test (%s)\n", done, len(rows), plural(len(marks), "mark"))
	return code
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// row is one requirement.
type row struct {
	name    string
	done    bool
	promise string
}

// parse reads rows.txt.
func parse(text string) ([]row, error) {
	var rows []row
	seen := map[string]bool{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		if len(f) < 3 || f[1] != "done" && f[1] != "begun" {
			return nil, fmt.Errorf("rows.txt:%d: want NAME, done or begun, and a sentence", i+1)
		}
		if seen[f[0]] {
			return nil, fmt.Errorf("rows.txt:%d: %s is there twice", i+1, f[0])
		}
		seen[f[0]] = true
		rows = append(rows, row{f[0], f[1] == "done", strings.Join(f[2:], " ")})
	}
	return rows, nil
}
