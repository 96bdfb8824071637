package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// password is the keystore's in these tests: a canary that must turn up
// nowhere but with the two programs that read the keystore.
const password = "canary-5up3r-s3cr3t"

// stubMachine is a machine on which no program is started.
type stubMachine struct {
	machine
	mu  sync.Mutex
	ran []command
	// fyne is Fyne's packager, called in the copy of the module.
	fyne func(c command) error
	// ids is what lanyardd mobile ids says.
	ids string
}

// stub makes a machine of a system with every program that there is.
func stub(t *testing.T, goos string) *stubMachine {
	t.Helper()
	bin := t.TempDir()
	for _, name := range []string{"gcc", "x86_64-w64-mingw32-gcc", "tar", "xz", "zipalign", "apksigner", "xcrun", "go"} {
		put(t, filepath.Join(bin, name), "")
	}
	ndk, tmp := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", tmp) // on Linux and macOS; what is left behind is found there
	s := &stubMachine{}
	s.machine = machine{
		goos: goos, goarch: "amd64", words: t.Output(), start: s.start,
		env: []string{"PATH=" + bin, "ANDROID_NDK_HOME=" + ndk, passwordVariable + "=" + password, "HOME=/home/ada"},
	}
	return s
}

func (s *stubMachine) start(ctx context.Context, c command, _ io.Writer) ([]byte, error) {
	s.mu.Lock()
	s.ran = append(s.ran, c)
	s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	last := ""
	if len(c.args) > 0 {
		last = c.args[len(c.args)-1]
	}
	switch name := strings.TrimSuffix(filepath.Base(c.name), ".exe"); {
	case name == "go" || name == "codesign":
		return nil, nil
	case name == "fyne":
		return nil, s.fyne(c)
	case name == "xz" && c.args[0] == "-dc":
		return os.ReadFile(last)
	case name == "xz":
		return nil, os.Rename(last, last+".xz")
	case name == "zipalign":
		return nil, copyFile(c.args[3], last)
	case name == "apksigner":
		return nil, copyFile(last, c.args[slices.Index(c.args, "--out")+1])
	case name == "lanyardd" && c.args[1] == "manifest":
		return []byte("<manifest>made</manifest>"), nil
	case name == "lanyardd" && c.args[1] == "ids":
		return []byte(s.ids), nil
	}
	return nil, errors.New("nobody has a program " + c.name)
}

// program returns the first run of a program.
func (s *stubMachine) program(t *testing.T, name string) command {
	t.Helper()
	i := slices.IndexFunc(s.ran, func(c command) bool { return filepath.Base(c.name) == name })
	if i < 0 {
		t.Fatalf("%s was not started", name)
	}
	return s.ran[i]
}

// fyneAppText is the FyneApp.toml of the module of these tests.
const fyneAppText = `# A comment that must stay.
Website = "https://example.com"

[Details]
  Icon = "assets/icon.png"
  Name = "Lanyard"
  ID = "com.example.lanyard"
  Version = "1.2.3"
  Build = 7

[Migrations]
  fyneDo = true
`

// module lays out a module as this one is, with things in it that must not get
// into a package.
func module(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"FyneApp.toml": fyneAppText, "go.mod": "module example.com/lanyard\n", "main.go": "package main\n",
		"main_test.go": "package main\n", "release.jks": "keystore", ".env": "PASSWORD=1", ".git/config": "x",
		"assets/icon.png": string(pngOf(t, ours())), "assets/leak.p12": "key", "testdata/x": "x",
	} {
		put(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	return dir
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}

// tree reads every file below a folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		files[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// unchanged fails when the module is not what it was, or anything was left in
// the folder for temporary files.
func unchanged(t *testing.T, dir string, before map[string]string) {
	t.Helper()
	if after := tree(t, dir); !maps.Equal(before, after) {
		t.Errorf("the module has changed: %q", slices.Sorted(maps.Keys(after)))
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if strings.HasPrefix(e.Name(), "lanyard-package-") {
			t.Errorf("%s was left behind", e.Name())
		}
	}
}
