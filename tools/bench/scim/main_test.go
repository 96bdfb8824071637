//go:build linux

package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

func TestRun_itMeasuresEveryLine(t *testing.T) {
	var out, errOut bytes.Buffer
	code := run(t.Context(), []string{"-sizes", "40", "-workspaces", "1,3", "-each", "30ms", "-conns", "2"}, &out, &errOut)
	if code != 0 {
		t.Fatalf("it ended with %d:\n%s", code, errOut.String())
	}
	lines := regexp.MustCompile(`(?m)^\| ([a-zA-Z].*?) \| ([\d.]+) \| \S+ \| \S+ \| \S+ \| (\d+) \|$`).FindAllStringSubmatch(out.String(), -1)
	if len(lines) != 2*16 {
		t.Fatalf("%d lines:\n%s", len(lines), out.String())
	}
	for _, l := range lines {
		if l[2] == "0.0" || l[3] != "0" {
			t.Errorf("%s\n%s", l[0], errOut.String())
		}
	}
	if !strings.Contains(out.String(), "40 people, 3 workspaces; server ") {
		t.Errorf("%s", out.String())
	}
}

func TestRun_itRefusesWhatIsNoNumber(t *testing.T) {
	for _, args := range [][]string{{"-sizes", "many"}, {"-sizes", "0"}, {"-workspaces", "1,,2"}, {"-nonsense"}} {
		var out, errOut bytes.Buffer
		if code := run(t.Context(), args, &out, &errOut); code != 2 || errOut.Len() == 0 {
			t.Errorf("%v ended with %d", args, code)
		}
	}
	var out, errOut bytes.Buffer
	if code := run(t.Context(), []string{"-bin", "/nonexistent", "-db", "mysql://x"}, &out, &errOut); code != 1 || !strings.Contains(errOut.String(), "mysql") {
		t.Errorf("it ended with %d: %s", code, errOut.String())
	}
}

func TestRun_itMeasuresWhatOthersNotice(t *testing.T) {
	var out, errOut bytes.Buffer
	code := run(t.Context(), []string{"-sizes", "60", "-worst", "-each", "30ms", "-conns", "2"}, &out, &errOut)
	if code != 0 {
		t.Fatalf("it ended with %d:\n%s", code, errOut.String())
	}
	lines := regexp.MustCompile(`(?m)^\| (.*?) \| (\d*) \| \S* \| \S+ \| \S+ \| \S+ \| \S+ \| \S+ \| \S+ \|$`).FindAllStringSubmatch(out.String(), -1)
	if len(lines) != 19 {
		t.Fatalf("%d lines:\n%s", len(lines), out.String())
	}
	for _, l := range lines {
		if l[1] != "nothing" && l[2] == "0" {
			t.Errorf("%s", l[0])
		}
	}
}
