//go:build linux

// Command demo shows what Lanyard does, from the employee's chair: somebody
// signs in to the workspace acme, closes and opens the app, and is signed out
// when Entra disables them. ./demo builds the programs and starts it.
//
// With a display a person does the walking, and this program starts and ends
// what they need (guide.go). Without one it walks itself (walk.go) at a desk of
// tools/internal/lab, saves a picture of each step, prints how long each took,
// and exits 1 with the reason when a step fails.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/lanyard-sso/lanyard/tools/internal/lab"
)

func main() {
	lab.Opener()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// options are the flags.
type options struct {
	headless bool
	app      string // the app's program
	lanyardd string // the server's program
	browser  string // a Chromium, for headless
	pictures string // folder for the pictures, for headless
	saml     bool   // the workspace signs in by SAML alone
}

// world are the flags of lanyardd dev.
func (o options) world() []string {
	if o.saml {
		return []string{"--sign-in", "saml"}
	}
	return nil
}

// button is what to press in the app.
func (o options) button() string {
	if o.saml {
		return `"Sign in with single sign-on"`
	}
	return `"Sign in with Microsoft"`
}

func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	var o options
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.BoolVar(&o.headless, "headless", false, "walk through it without a display")
	flags.StringVar(&o.app, "app", ".cache/bin/lanyard", "the app")
	flags.StringVar(&o.lanyardd, "lanyardd", ".cache/bin/lanyardd", "the server")
	flags.StringVar(&o.browser, "browser", "chromium", "a Chromium to be the system browser")
	flags.StringVar(&o.pictures, "pictures", "demo-pictures", "folder for the pictures")
	flags.BoolVar(&o.saml, "saml", false, "have the workspace sign in by SAML alone")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	for _, path := range []*string{&o.app, &o.lanyardd, &o.pictures} {
		abs, err := filepath.Abs(*path)
		if err != nil {
			fmt.Fprintln(errOut, "demo:", err)
			return 2
		}
		*path = abs
	}
	do := guide
	if o.headless {
		do = walk
	}
	err := do(ctx, o, in, out)
	switch {
	case ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)):
		fmt.Fprintln(errOut, "\nStopped; everything was ended.")
		return 130
	case err != nil:
		fmt.Fprintf(errOut, "\n✗ %v\n", err)
		return 1
	}
	return 0
}
