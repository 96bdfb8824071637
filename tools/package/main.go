// Command package builds the app for a system as people install it, and then
// takes what came out apart to see that it is right.
//
//	go run ./tools/package linux|windows|macos|android|ios [--release] [--server https://sso.example.com] [--out DIR]
//	go run ./tools/package --check-only FILE [--release]
//
// Fyne's own packager does the building. It changes FyneApp.toml and writes
// beside it, so it works in a copy of the module: the tree stays as it is,
// also when something fails or is interrupted. This program decides what is put
// into the copy (the manifest of Android, the server), what Fyne's templates
// lack (the lanyard:// links), how an APK is signed, and what must be true of the
// result. It decides nothing of what is registered in Entra: that is asked of
// lanyardd mobile.
//
// It exits 0 when everything was built and is right, 1 when not, and 2 when it
// was called wrongly.
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
	"runtime"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	m := machine{
		goos: runtime.GOOS, goarch: runtime.GOARCH,
		env: os.Environ(), words: os.Stderr, start: start,
	}
	os.Exit(run(ctx, os.Args[1:], ".", m, os.Stdout, os.Stderr))
}

// options are the flags.
type options struct {
	target      string
	arch        string
	release     bool
	server      string
	keystore    string
	alias       string
	certificate string
	profile     string
	out         string
	checkOnly   string
}

// targets are the systems, as the first argument names them.
var targets = []string{"linux", "windows", "macos", "android", "ios"}

const usage = `usage: go run ./tools/package linux|windows|macos|android|ios [flags]
       go run ./tools/package --check-only FILE [flags]
`

// run is main without the process: dir is the module. Results go to out, words
// for people to errOut.
func run(ctx context.Context, args []string, dir string, m machine, out, errOut io.Writer) int {
	o, err := parse(args, errOut)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(errOut, "package:", err)
		return 2
	}
	dir, err = filepath.Abs(dir)
	if err == nil {
		err = work(ctx, o, dir, m, out, errOut)
	}
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(errOut, "package: stopped; nothing was changed")
		return 1
	case err != nil:
		fmt.Fprintln(errOut, "package:", err)
		return 1
	}
	return 0
}

// parse reads the arguments; flags may stand before and after the target.
func parse(args []string, errOut io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("package", flag.ContinueOnError)
	f.SetOutput(errOut)
	f.BoolVar(&o.release, "release", false, "for people, not for trying: no debugging, no debug key")
	f.StringVar(&o.server, "server", "", "`address` of your Lanyard server, built into the app")
	f.StringVar(&o.arch, "arch", "", "processor: amd64 or arm64, on Android arm and 386 too (default: all of Android's, this machine's on Linux and macOS, amd64 on Windows)")
	f.StringVar(&o.keystore, "keystore", "", "Android: keystore `file` to sign with; its password is in "+passwordVariable)
	f.StringVar(&o.alias, "key-alias", "", "Android: `name` of the key, where the keystore has several")
	f.StringVar(&o.certificate, "certificate", "", "macOS, iOS: `name` of the certificate to sign with")
	f.StringVar(&o.profile, "profile", "", "iOS: `name` of the provisioning profile")
	f.StringVar(&o.out, "out", "dist", "`folder` for the result")
	f.StringVar(&o.checkOnly, "check-only", "", "build nothing; check this `file`")
	f.Usage = func() { fmt.Fprint(errOut, usage); f.PrintDefaults() }
	for rest := args; ; {
		if err := f.Parse(rest); err != nil {
			return o, err
		}
		if f.NArg() == 0 {
			return o, o.complete()
		}
		if o.target != "" {
			return o, fmt.Errorf("one target at a time; %q is the second", f.Arg(0))
		}
		o.target, rest = f.Arg(0), f.Args()[1:]
	}
}

// complete finds what does not go together.
func (o *options) complete() error {
	switch {
	case o.checkOnly != "" && o.target != "":
		return errors.New("--check-only builds nothing, so it takes no target")
	case o.checkOnly == "" && o.target == "":
		return errors.New("for which system? One of " + strings.Join(targets, ", "))
	case o.target != "" && !slices.Contains(targets, o.target):
		return fmt.Errorf("there is no target %q; there are %s", o.target, strings.Join(targets, ", "))
	case o.keystore != "" && o.target != "android":
		return errors.New("--keystore is for android")
	case o.target == "android" && o.release && o.keystore == "":
		return errors.New("a release for Android is signed with your own key: give --keystore FILE and put its password into " + passwordVariable)
	case o.profile != "" && o.target != "ios":
		return errors.New("--profile is for ios")
	case o.certificate != "" && o.target != "ios" && o.target != "macos":
		return errors.New("--certificate is for macos and ios")
	case o.target == "ios" && o.release && (o.certificate == "" || o.profile == ""):
		return errors.New("a release for iOS needs --certificate and --profile, by their names in Xcode")
	}
	known := map[string][]string{"android": {"", "arm64", "amd64", "arm", "386"}, "ios": {"", "arm64"}}[o.target]
	if known == nil {
		known = []string{"", "amd64", "arm64"}
	}
	if !slices.Contains(known, o.arch) {
		return fmt.Errorf("--arch %s is not one that there is for %s", o.arch, o.target)
	}
	return nil
}

// work builds and checks, or only checks.
func work(ctx context.Context, o options, dir string, m machine, out, errOut io.Writer) error {
	w, err := expect(dir, o, m)
	if err != nil {
		return err
	}
	if o.checkOnly != "" {
		return verdict(ctx, o.checkOnly, w, m, dir, out)
	}
	if missing := m.missing(o); len(missing) > 0 {
		return fmt.Errorf("this machine cannot build for %s:\n  - %s", o.target, strings.Join(missing, "\n  - "))
	}
	b, err := newBuild(dir, o, m, w)
	if err != nil {
		return err
	}
	defer b.close()
	file, err := b.make(ctx)
	if err != nil {
		return err
	}
	// What is not right is not left lying among what is.
	if err := verdict(ctx, file, w, m, dir, out); err != nil {
		return err
	}
	final, err := b.deliver(file)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, final)
	return nil
}
