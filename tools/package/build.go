package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// build is the packaging of the app for one target, in a copy of the module.
type build struct {
	m      machine
	o      options
	want   want
	module string // the module, which is only read
	dir    string // a temporary folder of its own
	source string // the copy, in which Fyne's packager works
}

// newBuild lays out the copy. It is to be closed.
func newBuild(module string, o options, m machine, w want) (*build, error) {
	dir, err := os.MkdirTemp("", "lanyard-package-")
	if err != nil {
		return nil, err
	}
	// Fyne names the program after the module, never after this folder.
	b := &build{m: m, o: o, want: w, module: module, dir: dir, source: filepath.Join(dir, "source")}
	err = os.Mkdir(b.source, 0o700)
	if err == nil {
		err = copyModule(module, b.source)
	}
	if err == nil && o.server != "" {
		err = putServer(b.source, o.server)
	}
	if err != nil {
		b.close()
		return nil, fmt.Errorf("copying the module: %w", err)
	}
	return b, nil
}

// close removes the copy and whatever was built in it.
func (b *build) close() {
	if err := os.RemoveAll(b.dir); err != nil {
		fmt.Fprintln(b.m.words, "package: left behind:", err)
	}
}

// make builds, and returns the finished file in the temporary folder.
func (b *build) make(ctx context.Context) (string, error) {
	switch b.o.target {
	case "linux":
		return b.linux(ctx)
	case "windows":
		return b.windows(ctx)
	case "android":
		return b.android(ctx)
	case "macos":
		return b.macos(ctx)
	case "ios":
		return b.ios(ctx)
	}
	return "", fmt.Errorf("no target %q", b.o.target)
}

// fyne runs Fyne's packager in the copy with set on top of the environment. The
// version that tools/fyne.mod pins is built for this machine first.
func (b *build) fyne(ctx context.Context, set []string, args ...string) error {
	program := filepath.Join(b.dir, "fyne"+b.m.exe())
	if _, err := b.m.start(ctx, command{
		b.module, b.m.host(), "go",
		[]string{"build", "-modfile=tools/fyne.mod", "-o", program, "fyne.io/fyne/v2/cmd/fyne"},
	}, b.m.words); err != nil {
		return fmt.Errorf("building Fyne's packager: %w", err)
	}
	if b.o.release {
		args = append(args, "--release")
	}
	if _, err := b.m.start(ctx, command{b.source, b.m.builders(set...), program, args}, b.m.words); err != nil {
		return fmt.Errorf("packaging (the lines above say why it failed): %w", err)
	}
	return nil
}

// lanyardd runs a command of lanyardd's in the module and returns its output.
func lanyardd(ctx context.Context, m machine, module, dir string, env []string, args ...string) ([]byte, error) {
	program := filepath.Join(dir, "lanyardd"+m.exe())
	if _, err := os.Stat(program); err != nil {
		if _, err := m.start(ctx, command{module, m.host(), "go", []string{"build", "-o", program, "./cmd/lanyardd"}}, m.words); err != nil {
			return nil, fmt.Errorf("building lanyardd: %w", err)
		}
	}
	return m.start(ctx, command{module, env, program, args}, m.words)
}

// one finds the single file of a pattern that the packager left in the copy.
func (b *build) one(pattern string) (string, error) {
	found, err := filepath.Glob(filepath.Join(b.source, pattern))
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", fmt.Errorf("the packager left %d files %s, not one", len(found), pattern)
	}
	return found[0], nil
}

// name is what the result is called: what it is, for whom, and of which build.
func (b *build) name(system, ending string) string {
	parts := []string{strings.ReplaceAll(b.want.app.Details.Name, " ", "-"), b.want.app.Details.Version, system}
	if b.want.arch != "" {
		parts = append(parts, b.want.arch)
	}
	if !b.o.release {
		parts = append(parts, "debug")
	}
	return strings.Join(parts, "-") + ending
}

// deliver puts a finished file into the folder for results, whole or not at all.
func (b *build) deliver(file string) (string, error) {
	out, err := filepath.Abs(b.o.out)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return "", err
	}
	final := filepath.Join(out, filepath.Base(file))
	part := final + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if err := copyFile(file, part); err != nil {
		return "", errors.Join(err, os.Remove(part))
	}
	return final, os.Rename(part, final)
}
