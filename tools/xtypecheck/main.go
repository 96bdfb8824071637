// Command xtypecheck type-checks the module for other systems on a machine
// that has no C compiler for them: cgo files are read with a pretended package
// C. It finds what a change breaks in the files of Android, iOS, macOS and
// Windows; that the result links and runs it cannot tell.
//
//	go run ./tools/xtypecheck                     # every system there is an app for
//	go run ./tools/xtypecheck android/arm64 ios/arm64
//
// It prints one line for each system and exits 1 when one of them does not
// type-check, 2 when it was called wrongly.
package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// matrix is what an app is packaged for: the desktops and phones on both
// processors, which on iOS means devices and the simulator of an Intel Mac, and
// the two kinds of 32 bits that Fyne puts into an APK.
var matrix = []string{
	"android/arm64", "android/amd64", "android/arm", "android/386",
	"ios/arm64", "ios/amd64",
	"darwin/arm64", "darwin/amd64",
	"windows/amd64", "windows/arm64",
	"linux/amd64", "linux/arm64",
}

func main() {
	// The syntax trees stay until the end, so looking for garbage finds little.
	debug.SetGCPercent(400)
	os.Exit(run(os.Args[1:], ".", os.Stdout, os.Stderr))
}

// result is what came of one system.
type result struct {
	report
	err  error
	took time.Duration
}

// run is main without the process: dir is the module, words go to errOut.
func run(args []string, dir string, out, errOut io.Writer) int {
	if len(args) == 0 {
		args = matrix
	}
	for _, arg := range args {
		if goos, goarch, ok := strings.Cut(arg, "/"); !ok || goos == "" || goarch == "" {
			fmt.Fprintf(errOut, "usage: xtypecheck [GOOS/GOARCH …]\nxtypecheck: %q is not GOOS/GOARCH, such as android/arm64\n", arg)
			return 2
		}
	}
	code := 0
	for i, wait := range start(args, dir) {
		r := <-wait
		if r.err != nil {
			fmt.Fprintf(errOut, "xtypecheck: %s: %v\n", args[i], r.err)
			code = 2
			continue
		}
		for _, e := range r.errors {
			fmt.Fprintf(errOut, "%s: %v\n", args[i], e)
			code = max(code, 1)
		}
		fmt.Fprintf(out, "%-15s %3d packages of the module (%d with cgo) among %d, %d errors, %.1f s\n",
			args[i], r.own, r.cgo, r.all, len(r.errors), r.took.Seconds())
	}
	return code
}

// start checks the systems, as many at a time as there are processors. Each
// channel receives the result of the system in the same place.
func start(systems []string, dir string) []chan result {
	shared, slots := newSources(), make(chan struct{}, runtime.GOMAXPROCS(0))
	waits := make([]chan result, len(systems))
	for i := range waits {
		waits[i] = make(chan result, 1)
	}
	go func() {
		for i, system := range systems { // in order, so that the first lines come first
			slots <- struct{}{}
			go func() {
				defer func() { <-slots }()
				began := time.Now()
				goos, goarch, _ := strings.Cut(system, "/")
				r, err := check(dir, goos, goarch, shared)
				waits[i] <- result{r, err, time.Since(began)}
			}()
		}
	}()
	return waits
}
