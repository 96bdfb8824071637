package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree writes one test file below a new folder.
func tree(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "a", "testdata"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"a/a_test.go":            "package a\n\nimport \"testing\"\n\n" + source,
		"a/testdata/not_test.go": "this is no Go",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRun(t *testing.T) {
	const rows = "# a comment\nX1 done One thing.\nX2 begun Another.\n"
	cases := []struct {
		name, rows, source string
		code               int
		out, errOut        string
	}{
		{"it names the test of a row", rows, "// TestOne says more.\n// req: X1, X2\nfunc TestOne(t *testing.T) {}\n", 0, "TestOne  a/a_test.go:6", ""},
		{"it fails when a row that is done has no test", rows, "func TestOne(t *testing.T) {}\n", 1, "", "X1 is to be done and no test proves it: One thing."},
		{"it lets a row that is begun be", "X2 begun Another.\n", "func TestOne(t *testing.T) {}\n", 0, "0 of 1", ""},
		{"it fails on a mark that stands above no test", rows, "// req: X1\n\nfunc TestOne(t *testing.T) {}\n", 1, "", "stands above no test"},
		{"it fails on a mark above a function that never runs", rows, "// req: X1\nfunc testOne(t *testing.T) {}\n", 1, "", "stands above no test"},
		{"it fails on a row nobody knows", rows, "// req: X1 X9\nfunc TestOne(t *testing.T) {}\n", 1, "", "names X9, which rows.txt does not know"},
		{"it refuses a line it cannot read", "X1 soon One.\n", "", 2, "", "rows.txt:1"},
		{"it refuses a row that is there twice", "X1 done One.\nX1 done One.\n", "", 2, "", "rows.txt:2: X1 is there twice"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var out, errOut bytes.Buffer
			if code := run(c.rows, tree(t, c.source), &out, &errOut); code != c.code {
				t.Errorf("exit %d, want %d: %s", code, c.code, &errOut)
			}
			if !strings.Contains(out.String(), c.out) || !strings.Contains(errOut.String(), c.errOut) {
				t.Errorf("printed %q and %q, want %q and %q in them", &out, &errOut, c.out, c.errOut)
			}
		})
	}
}

func TestRows_theFileCanBeRead(t *testing.T) {
	rows, err := parse(rowsText)
	if err != nil || len(rows) < 12 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
}
