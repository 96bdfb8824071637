package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// want is what must be true of a finished file.
type want struct {
	app     fyneApp
	target  string // "" when only checking
	arch    string // "" when any will do
	release bool
	icon    image.Image
	// secrets are values of the environment that must be nowhere, by the name
	// of the variable.
	secrets map[string]string
}

// expect reads what must be true from the module and the flags.
func expect(dir string, o options, m machine) (want, error) {
	app, err := readFyneApp(dir)
	if err != nil {
		return want{}, err
	}
	if o.server != "" {
		if err := checkServer(o.server); err != nil {
			return want{}, err
		}
		app.Release.Server = o.server
	}
	icon, err := readPNG(filepath.Join(dir, filepath.FromSlash(app.Details.Icon)))
	if err != nil {
		return want{}, fmt.Errorf("the icon: %w", err)
	}
	w := want{app: app, target: o.target, arch: o.arch, release: o.release, icon: icon, secrets: secretsOf(m)}
	switch {
	case w.arch != "" || o.checkOnly != "":
	case o.target == "windows":
		w.arch = "amd64"
	case o.target == "linux" || o.target == "macos":
		w.arch = m.goarch
	}
	return w, nil
}

// secretName matches variables that hold what nobody else may read.
var secretName = regexp.MustCompile(`(?i)PASSWORD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|PRIVATE_KEY|API_?KEY|ACCESS_KEY`)

// secretsOf collects them. A short one would be found in any program.
func secretsOf(m machine) map[string]string {
	found := map[string]string{}
	for _, v := range m.env {
		name, value, _ := strings.Cut(v, "=")
		if len(value) >= 8 && (name == passwordVariable || secretName.MatchString(name)) {
			found[name] = value
		}
	}
	return found
}

// findings collects what was looked at, and what is wrong.
type findings struct {
	right []string
	wrong []string
}

// expect notes that something must hold; otherwise is what is the matter and
// what to do.
func (f *findings) expect(ok bool, what, otherwise string, args ...any) {
	if ok {
		f.right = append(f.right, what)
		return
	}
	f.wrong = append(f.wrong, what+": "+fmt.Sprintf(otherwise, args...))
}

// verdict takes a file apart, prints what was found, and fails when something
// is not as it must be.
func verdict(ctx context.Context, file string, w want, m machine, module string, out io.Writer) error {
	f := &findings{}
	if err := inspect(ctx, file, w, m, module, f); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	for _, s := range f.right {
		fmt.Fprintln(out, "✓", s)
	}
	for _, s := range f.wrong {
		fmt.Fprintln(out, "✗", s)
	}
	if len(f.wrong) > 0 {
		return fmt.Errorf("%s is not right in %d of %d points", filepath.Base(file), len(f.wrong), len(f.wrong)+len(f.right))
	}
	return nil
}

// inspect looks at a file as its name says what it is.
func inspect(ctx context.Context, file string, w want, m machine, module string, f *findings) error {
	name := strings.ToLower(filepath.Base(file))
	switch {
	case strings.HasSuffix(name, ".tar.xz"):
		packed, err := m.start(ctx, command{filepath.Dir(file), m.builders(), "xz", []string{"-dc", file}}, m.words)
		if err != nil {
			return err
		}
		return inspectTarball(packed, w, f)
	case strings.HasSuffix(name, ".exe"):
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		inspectExe(data, w, f)
		scan(filepath.Base(file), data, w, f)
		return nil
	case strings.HasSuffix(name, ".apk"), strings.HasSuffix(name, ".aab"), strings.HasSuffix(name, ".ipa"),
		strings.HasSuffix(name, ".zip"), strings.HasSuffix(name, ".app"):
		return inspectFiles(ctx, file, w, m, module, f)
	}
	return errors.New("what this is cannot be told: it should end in .tar.xz, .exe, .zip, .apk, .aab, .ipa or .app")
}

// The app's own FyneApp.toml is in every program of it, word for word: main.go
// embeds it. That is where its version and server are told from.
var (
	detailsAt   = []byte("[Details]")
	versionLine = regexp.MustCompile(`(?m)^[ \t]*Version[ \t]*=[ \t]*"([^"\n]*)"`)
	idLine      = regexp.MustCompile(`(?m)^[ \t]*ID[ \t]*=[ \t]*"([^"\n]*)"`)
	serverValue = regexp.MustCompile(`(?m)^[ \t]*Server[ \t]*=[ \t]*"([^"\n]*)"`)
)

// inspectProgram looks for that text in a program.
func inspectProgram(name string, program []byte, w want, f *findings) {
	first := func(re *regexp.Regexp, text []byte) string {
		if m := re.FindSubmatch(text); m != nil {
			return string(m[1])
		}
		return ""
	}
	for rest := program; ; {
		at := bytes.Index(rest, detailsAt)
		if at < 0 {
			f.expect(false, name+" is this app", "no FyneApp.toml is embedded in it; build it from this module")
			return
		}
		rest = rest[at:]
		text := rest[:min(len(rest), 2048)]
		if first(idLine, text) == "" {
			rest = rest[len(detailsAt):]
			continue
		}
		d := w.app.Details
		id, version, server := first(idLine, text), first(versionLine, text), first(serverValue, text)
		f.expect(id == d.ID, name+" is "+d.ID, "it is %s; build it from this module", id)
		f.expect(version == d.Version, name+" is of version "+d.Version, "it is of %s; build it again", version)
		want := "asks people for the server"
		if w.app.Release.Server != "" {
			want = "knows the server " + w.app.Release.Server
		}
		f.expect(server == w.app.Release.Server, name+" "+want, "its server is %q; build it again with --server", server)
		return
	}
}

// scan looks for what must be in no file of a package.
func scan(name string, data []byte, w want, f *findings) {
	if variable := secretIn(data, w.secrets); variable != "" {
		f.expect(false, name+" holds no secret", "the value of %s stands in it; find out how it got there before anybody gets this file", variable)
	}
	if privateKey.Match(data) {
		f.expect(false, name+" holds no secret", "it holds a private key; take that out of the module")
	}
	if holdsKeys(name) {
		f.expect(false, name+" holds no secret", "a file of that kind is for keys; take it out of assets")
	}
}

// privateKey matches one in PEM, not the words alone, which every program that
// reads keys has in it.
var privateKey = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----\r?\n(?:[A-Za-z-]+: .*\r?\n|\r?\n)*[A-Za-z0-9+/]{40}`)

// secretIn returns the name of a variable whose value is in the data, as it is
// or in the 16-bit letters of Windows.
func secretIn(data []byte, secrets map[string]string) string {
	for name, value := range secrets {
		var wide []byte
		for _, c := range []byte(value) {
			wide = append(wide, c, 0)
		}
		if bytes.Contains(data, []byte(value)) || bytes.Contains(data, wide) {
			return name
		}
	}
	return ""
}
