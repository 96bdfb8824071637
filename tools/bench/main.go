//go:build linux

// Command bench measures what Lanyard promises to be: quick to start, quick to
// sign in, quicker to sign out, and small. It drives the real programs at a
// desk of tools/internal/lab and prints a table in Markdown.
//
//	go run ./tools/bench            everything, about five minutes
//	go run ./tools/bench -only e2e  one part: size, frame, e2e, session
//
// The programs are those that ./demo built, in .cache/bin. Everything runs on
// one machine and shares its cores, so compare ratios rather than times.
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
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/lanyard-sso/lanyard/tools/internal/lab"
)

func main() {
	lab.Opener()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// bench holds the settings of one run and collects its figures.
type bench struct {
	bin     string // folder of the programs
	browser string
	rounds  int
	errOut  io.Writer
	rows    []figure
}

// figure is one line of the table.
type figure struct{ what, value, how string }

func (b *bench) add(what, value, how string, args ...any) {
	b.rows = append(b.rows, figure{what, value, fmt.Sprintf(how, args...)})
	fmt.Fprintf(b.errOut, "%s: %s\n", what, value)
}

func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	b := &bench{errOut: errOut}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(errOut)
	only := flags.String("only", "", "one part: size, frame, e2e or session")
	flags.StringVar(&b.bin, "bin", ".cache/bin", "folder with lanyard and lanyardd, as ./demo builds them")
	flags.StringVar(&b.browser, "browser", "chromium", "a Chromium")
	flags.IntVar(&b.rounds, "rounds", 50, "how often a person is disabled")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	var err error
	if b.bin, err = filepath.Abs(b.bin); err != nil {
		fmt.Fprintln(errOut, "bench:", err)
		return 2
	}
	known := false
	for _, part := range []struct {
		name string
		do   func(context.Context) error
	}{{"size", b.sizes}, {"frame", b.frames}, {"e2e", b.endToEnd}, {"session", b.sessions}} {
		if *only != "" && *only != part.name {
			continue
		}
		known = true
		if err := part.do(ctx); err != nil {
			fmt.Fprintf(errOut, "bench: %s: %v\n", part.name, err)
			return 1
		}
	}
	if !known {
		fmt.Fprintf(errOut, "bench: there is no part %q\n", *only)
		return 2
	}
	fmt.Fprintf(out, "%s, %d cores, %s, %s\n\n| figure | value | how |\n|---|---|---|\n",
		time.Now().UTC().Format("2006-01-02"), runtime.NumCPU(), cpu(), runtime.Version())
	for _, r := range b.rows {
		fmt.Fprintf(out, "| %s | %s | %s |\n", r.what, r.value, r.how)
	}
	return 0
}

// cpu is the processor's own name for itself.
func cpu() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		if name, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// sizes are of the stripped programs.
func (b *bench) sizes(context.Context) error {
	for _, name := range []string{"lanyard", "lanyardd"} {
		info, err := os.Stat(filepath.Join(b.bin, name))
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%w: run ./demo first, which builds it", err)
		}
		if err != nil {
			return err
		}
		b.add("size of `"+name+"`", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6), "`-ldflags '-s -w'`, linux/%s", runtime.GOARCH)
	}
	return nil
}
