package main

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
)

func TestRun_itMeasuresEveryLine(t *testing.T) {
	var out, errOut bytes.Buffer
	if code := run(t.Context(), []string{"-each", "20x"}, &out, &errOut); code != 0 {
		t.Fatalf("it ended with %d:\n%s", code, &errOut)
	}
	rows := regexp.MustCompile(`(?m)^\| ([^|]+) \| (\d+|–) \| [1-9]\d* \| \d+ µs \| \d+ µs \| [1-9]\d* \| \d+ kB \|$`).FindAllStringSubmatch(out.String(), -1)
	var names []string
	for _, r := range rows {
		names = append(names, r[1])
	}
	want := "RSA-2048 alone, assertion signed, response and assertion signed, encrypted, 150 groups"
	if got := strings.Join(names, ", "); got != want {
		t.Errorf("got the lines %s\nwant %s\n%s", got, want, &out)
	}
}

func TestRun_itRefusesWhatIsNoFlag(t *testing.T) {
	var out, errOut bytes.Buffer
	if code := run(t.Context(), []string{"-nonsense"}, &out, &errOut); code != 2 || errOut.Len() == 0 {
		t.Errorf("it ended with %d: %s", code, &errOut)
	}
}

func TestRead_itRefusesWhatIsNoResult(t *testing.T) {
	for _, text := range []string{"", "PASS\n", "BenchmarkShape/x 100 fast ns/op\n", "BenchmarkShape/x 100 0 ns/op\n"} {
		if lines, err := read(strings.NewReader(text)); err == nil || (text == "" && !errors.Is(err, errNothing)) {
			t.Errorf("%q: got %v, %v", text, lines, err)
		}
	}
}
