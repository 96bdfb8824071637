package main

import (
	"errors"
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// tokenID finds the id in what scim token create says.
var tokenID = regexp.MustCompile(`The token \(([a-z0-9]+)\)`)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lanyardd": main, "az": azStandIn})
}

// exits runs a command that must end with an exit code:
//
//	exits 2 lanyardd serv
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		ts.Fatalf("%q is no exit code", args[0])
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var e *exec.ExitError
		if !errors.As(err, &e) {
			ts.Fatalf("%v", err)
		}
		got = e.ExitCode()
	}
	if got != want {
		ts.Fatalf("%q ended with %d, want %d", args[1:], got, want)
	}
}

// token runs scim token create and keeps what it prints in TOKEN and its id in
// TOKEN_ID.
func token(ts *testscript.TestScript, neg bool, args []string) {
	if err := ts.Exec("lanyardd", append([]string{"scim", "token", "create"}, args...)...); err != nil || neg {
		ts.Fatalf("making a token: %v", err)
	}
	out, words := ts.ReadFile("stdout"), ts.ReadFile("stderr")
	if len(out) < 2 || out[len(out)-1] != '\n' {
		ts.Fatalf("stdout is not one line: %q", out)
	}
	ts.Setenv("TOKEN", out[:len(out)-1])
	m := tokenID.FindStringSubmatch(words)
	if m == nil {
		ts.Fatalf("the words name no token id:\n%s", words)
	}
	ts.Setenv("TOKEN_ID", m[1])
}
