// Command saml measures how many SAML responses the core verifies in a second
// on one core, beside what the RSA verification in them costs alone. It prints
// a table in Markdown.
//
//	go run ./tools/bench/saml             two seconds for each line
//	go run ./tools/bench/saml -each 10s
//
// The core is internal to the server, so this runs its benchmark, BenchmarkShape,
// with go test, and reads what that prints. Everything from the form field's
// base64 to the Assertion is measured; HTTP and the database are not.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// core is the package whose benchmark is run.
const core = "github.com/lanyard-sso/lanyard/server/internal/saml"

func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	flags := flag.NewFlagSet("saml", flag.ContinueOnError)
	flags.SetOutput(errOut)
	each := flags.String("each", "2s", "how long each line is measured, or how often with an x behind (100x)")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	var text bytes.Buffer
	test := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkShape$", "-benchmem", "-cpu", "1", "-benchtime", *each, core)
	test.Stdout, test.Stderr = &text, errOut
	if err := test.Run(); err != nil {
		fmt.Fprintf(errOut, "saml: go test: %v\n%s", err, &text)
		return 1
	}
	lines, err := read(&text)
	if err != nil {
		fmt.Fprintln(errOut, "saml:", err)
		return 1
	}
	write(out, lines)
	return 0
}

// line is what the benchmark says of one kind of response.
type line struct {
	name    string
	figures map[string]float64 // by unit
}

var errNothing = errors.New("the benchmark printed no figures")

// read reads what go test prints for a benchmark: a name, how often it ran, and
// pairs of a figure and its unit.
func read(text io.Reader) ([]line, error) {
	var lines []line
	for s := bufio.NewScanner(text); s.Scan(); {
		fields := strings.Fields(s.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "BenchmarkShape/") {
			continue
		}
		l := line{strings.ReplaceAll(strings.TrimPrefix(fields[0], "BenchmarkShape/"), "_", " "), map[string]float64{}}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("reading %q: %w", s.Text(), err)
			}
			l.figures[fields[i+1]] = value
		}
		if l.figures["ns/op"] <= 0 {
			return nil, fmt.Errorf("reading %q: %w", s.Text(), errNothing)
		}
		lines = append(lines, l)
	}
	if len(lines) == 0 {
		return nil, errNothing
	}
	return lines, nil
}

func write(out io.Writer, lines []line) {
	fmt.Fprintf(out, "%s, one of %d cores, %s\n\n", time.Now().UTC().Format("2006-01-02"), runtime.NumCPU(), runtime.Version())
	fmt.Fprintf(out, "| response | bytes | a second and core | p50 | p99 | allocations | allocated |\n|---|---:|---:|---:|---:|---:|---:|\n")
	for _, l := range lines {
		size := "–"
		if n := l.figures["B/message"]; n > 0 {
			size = fmt.Sprintf("%.0f", n)
		}
		fmt.Fprintf(out, "| %s | %s | %.0f | %s | %s | %.0f | %.0f kB |\n", l.name, size, 1e9/l.figures["ns/op"],
			micro(l.figures["p50-ns"]), micro(l.figures["p99-ns"]), l.figures["allocs/op"], l.figures["B/op"]/1000)
	}
}

func micro(ns float64) string { return fmt.Sprintf("%.0f µs", ns/1000) }
