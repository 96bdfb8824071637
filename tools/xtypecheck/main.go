// Command xtypecheck type-checks the module for other systems on a machine
// that has no C compiler for them: cgo files are read with a pretended package
// C. It finds what a change breaks in the files of Android, iOS, macOS and
// Windows; that the result links and runs it cannot tell.
//
//	go run ./tools/xtypecheck android/arm64 ios/arm64 darwin/arm64 windows/amd64
//
// It prints one line for each system and exits 1 when one of them does not
// type-check, 2 when it was called wrongly.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

func main() { os.Exit(run(os.Args[1:], ".", os.Stdout, os.Stderr)) }

// run is main without the process: dir is the module, words go to errOut.
func run(args []string, dir string, out, errOut io.Writer) int {
	if len(args) == 0 {
		fmt.Fprintln(errOut, "usage: xtypecheck GOOS/GOARCH …")
		return 2
	}
	bad := 0
	for _, arg := range args {
		goos, goarch, ok := strings.Cut(arg, "/")
		if !ok || goos == "" || goarch == "" {
			fmt.Fprintf(errOut, "xtypecheck: %q is not GOOS/GOARCH, such as android/arm64\n", arg)
			return 2
		}
		began := time.Now()
		r, err := check(dir, goos, goarch)
		if err != nil {
			fmt.Fprintf(errOut, "xtypecheck: %s: %v\n", arg, err)
			return 2
		}
		for _, e := range r.errors {
			fmt.Fprintf(errOut, "%s: %v\n", arg, e)
		}
		fmt.Fprintf(out, "%-15s %3d packages of the module (%d with cgo) among %d, %d errors, %.1f s\n",
			arg, r.own, r.cgo, r.all, len(r.errors), time.Since(began).Seconds())
		bad += len(r.errors)
	}
	if bad > 0 {
		return 1
	}
	return 0
}
