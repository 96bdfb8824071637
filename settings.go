package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/lanyard-sso/lanyard/app"
	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/platform"
	"github.com/lanyard-sso/lanyard/platform/sealed"
	"github.com/lanyard-sso/lanyard/problem"
)

// settings is what the command line and the environment say.
type settings struct {
	// Server is where a bare workspace name is looked up. It may be nil.
	Server    *url.URL
	Workspace string
	Storage   app.Storage
	DataDir   string
	Log       *slog.Logger

	server  string
	ownDir  bool // DataDir was named, so it has a key of its own
	keyFile string
}

//go:embed FyneApp.toml
var fyneApp string

// about is what the app says about itself, from FyneApp.toml.
type about struct{ ID, Name, Version, Server string }

// aboutThisApp reads the embedded file, which a test holds to be readable.
func aboutThisApp() about {
	var file struct {
		Details struct{ ID, Name, Version string }
		Release struct{ Server string }
	}
	if _, err := toml.Decode(fyneApp, &file); err != nil {
		panic("FyneApp.toml: " + err.Error())
	}
	return about{file.Details.ID, file.Details.Name, file.Details.Version, file.Release.Server}
}

// errVersion and flag.ErrHelp mean that everything has been said.
var errVersion = errors.New("version printed")

// exitCode is 0 for what was asked for, and 2 for what was not understood.
func exitCode(err error) int {
	if errors.Is(err, errVersion) || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	return 2
}

// readSettings reads the arguments; the environment stands in for a flag that
// is not given. What is wrong it has printed to errOut when it returns.
func readSettings(args []string, env func(string) string, a about, out, errOut io.Writer) (*settings, error) {
	s := &settings{}
	f := flag.NewFlagSet("lanyard", flag.ContinueOnError)
	f.SetOutput(errOut)
	f.StringVar(&s.server, "server", env("LANYARD_SERVER"), "`address` of the Lanyard server, such as https://sso.example.com (LANYARD_SERVER)")
	f.StringVar(&s.Workspace, "workspace", "", "`name` to put into the workspace field")
	f.StringVar(&s.keyFile, "key-file", env("LANYARD_KEY_FILE"), "seal the sign-in with the key in this `file` instead of the keychain's (LANYARD_KEY_FILE)")
	memory := f.Bool("memory-only", false, "save nothing: be signed out when the app is closed")
	f.StringVar(&s.DataDir, "data-dir", "", "`folder` for the sealed sign-in")
	level := f.String("log-level", "info", "debug, info, warn or error")
	version := f.Bool("version", false, "print the version")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if *version {
		fmt.Fprintln(out, strings.ToLower(a.Name), a.Version)
		return nil, errVersion
	}
	if f.NArg() == 1 && strings.Contains(f.Arg(0), "://") && s.Workspace == "" {
		// A link only fills in the field: whoever made it cannot begin a sign-in.
		s.Workspace = f.Arg(0)
	} else if f.NArg() > 0 {
		return nil, usage(f, "there is nothing to do with %q", f.Arg(0))
	}
	if *memory && s.keyFile != "" {
		return nil, usage(f, "--memory-only and --key-file exclude one another")
	}
	var l slog.Level
	if err := l.UnmarshalText([]byte(*level)); err != nil {
		return nil, usage(f, "--log-level is debug, info, warn or error, not %q", *level)
	}
	s.Log = slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: l}))
	if s.server == "" {
		s.server = a.Server
	}
	switch {
	case *memory:
		s.Storage.Keep = app.InMemory
	case s.keyFile != "":
		s.Storage = app.Storage{Keep: app.InKeyFile, KeyFile: s.keyFile}
	}
	return s, nil
}

func usage(f *flag.FlagSet, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	fmt.Fprintln(f.Output(), "lanyard:", err)
	f.Usage()
	return err
}

// complete fills in what only the started app knows: the server it was packaged
// for, and what the person chose last on this device.
func (s *settings) complete(packaged, keyFile, workspace string) error {
	if s.server == "" {
		s.server = packaged
	}
	if s.Workspace == "" {
		s.Workspace = workspace
	}
	if s.Storage.Keep == app.InKeychain && keyFile != "" {
		s.Storage = app.Storage{Keep: app.InKeyFile, KeyFile: keyFile}
	}
	if s.server != "" {
		u, err := url.Parse(s.server)
		if err != nil {
			return errors.New("--server: this is not an address")
		}
		if err := auth.CheckServer(u); err != nil {
			_, t := problem.Of(err)
			return fmt.Errorf("--server %s: %s %s", u.Redacted(), t.Sentence, t.Next)
		}
		s.Server = u
	}
	if s.DataDir != "" {
		s.ownDir = true
		var err error
		s.DataDir, err = filepath.Abs(s.DataDir)
		return err
	}
	var err error
	s.DataDir, err = platform.DataDir("lanyard")
	return err
}

// keys is where the key of a place comes from. A folder that was named has a
// key of its own in the keychain: two folders must not delete each other's.
func (s *settings) keys(ctx context.Context, at app.Storage) (sealed.KeyStore, error) {
	switch at.Keep {
	case app.InMemory:
		return platform.MemoryKey(), nil
	case app.InKeyFile:
		file, err := filepath.Abs(at.KeyFile)
		if err != nil {
			return nil, problem.Wrap(problem.KeyFileInvalid, err)
		}
		keys := platform.KeyFile(file)
		// An unusable file is found now, not after the browser step.
		if _, err := keys.Load(ctx); err != nil && !errors.Is(err, sealed.ErrNoKey) {
			return nil, err
		}
		return keys, nil
	}
	if err := platform.ProbeKeychain(ctx); err != nil {
		return nil, err
	}
	name := "lanyard"
	if s.ownDir {
		name += " " + s.DataDir
	}
	return platform.Keychain(name), nil
}

// offeredKeyFile is the file that a person may take or change.
func (s *settings) offeredKeyFile() string {
	if s.Storage.KeyFile != "" {
		return s.Storage.KeyFile
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, "lanyard.key")
}
