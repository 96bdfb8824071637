package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const desktopText = "[Desktop Entry]\nType=Application\nName=Lanyard\nExec=lanyard\nIcon=Lanyard\nKeywords=sso;\n"

const makefileText = "install:\n\tinstall -D x\nuninstall:\n\t-rm x\n\nuser-install:\n\tinstall -D y\n\nuser-uninstall:\n\t-rm y\n"

// leaveTarball has Fyne's packager do as it does on Linux: it makes a tarball
// of what stands in the copy, and changes FyneApp.toml.
func leaveTarball(t *testing.T) func(command) error {
	return func(c command) error {
		text, err := os.ReadFile(filepath.Join(c.dir, "FyneApp.toml"))
		if err != nil {
			return err
		}
		put(t, filepath.Join(c.dir, "Lanyard.tar.xz"), string(linuxTarball(t, string(text), ours)))
		put(t, filepath.Join(c.dir, "FyneApp.toml"), "Build = 8")
		return nil
	}
}

// req: G5
func TestRun_itPackagesForLinuxAndLeavesTheModuleAlone(t *testing.T) {
	s, dir, out := stub(t, "linux"), module(t), t.TempDir()
	s.fyne = leaveTarball(t)
	before := tree(t, dir)
	var said, words bytes.Buffer
	code := run(t.Context(), []string{"linux", "--release", "--server", "https://sso.example.com", "--out", out}, dir, s.machine, &said, &words)
	if code != 0 {
		t.Fatalf("exit %d: %s%s", code, &said, &words)
	}
	unchanged(t, dir, before)
	want := filepath.Join(out, "Lanyard-1.2.3-linux-amd64.tar.xz")
	if !strings.HasSuffix(strings.TrimSpace(said.String()), want) || !strings.Contains(said.String(), "knows the server https://sso.example.com") {
		t.Errorf("printed %s", &said)
	}
	packed, err := os.ReadFile(want)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(packed, []byte("ada")) {
		t.Error("the tarball says who packaged it")
	}
	c := s.program(t, "fyne")
	if want := []string{"package", "--target", "linux", "--release"}; !slices.Equal(c.args, want) {
		t.Errorf("the packager was called with %q, want %q", c.args, want)
	}
	for _, name := range []string{"release.jks", "assets/leak.p12", ".env", ".git", "main_test.go", "testdata"} {
		if _, err := os.Stat(filepath.Join(c.dir, name)); err == nil {
			t.Errorf("%s was copied", name)
		}
	}
}

func TestRun_thePasswordReachesNobodyButTheSigner(t *testing.T) {
	s, dir := stub(t, "linux"), module(t)
	keystore := filepath.Join(t.TempDir(), "my.jks")
	put(t, keystore, "x")
	s.ids = idsText("")
	s.fyne = func(c command) error {
		manifest, err := os.ReadFile(filepath.Join(c.dir, "AndroidManifest.xml"))
		if err != nil || !strings.Contains(string(manifest), "made") {
			return errors.Join(err, errors.New("the manifest is not that of lanyardd"))
		}
		put(t, filepath.Join(c.dir, "Lanyard.apk"), string(apk(t, fyneAppText, ours, redirectSymbol)))
		return nil
	}
	before := tree(t, dir)
	var said, words bytes.Buffer
	code := run(t.Context(), []string{"android", "--release", "--keystore", keystore, "--key-alias", "lanyard", "--out", t.TempDir()}, dir, s.machine, &said, &words)
	if code != 0 {
		t.Fatalf("exit %d: %s%s", code, &said, &words)
	}
	unchanged(t, dir, before)
	for _, c := range s.ran {
		if slices.ContainsFunc(c.args, func(a string) bool { return strings.Contains(a, password) }) {
			t.Errorf("%s has the password as an argument", c.name)
		}
		name := filepath.Base(c.name)
		reads := name == "apksigner" || name == "lanyardd" && c.args[1] == "manifest"
		if has := slices.Contains(c.env, passwordVariable+"="+password); has != reads {
			t.Errorf("%s %q has the password in its environment: %v, want %v", name, c.args, has, reads)
		}
	}
	if c := s.program(t, "apksigner"); !slices.Contains(c.args, "env:"+passwordVariable) || !slices.Contains(c.args, "lanyard") {
		t.Errorf("apksigner was called with %q", c.args)
	}
	if strings.Contains(said.String()+words.String(), password) {
		t.Error("the password was printed")
	}
}

func TestRun_itPackagesForAppleOnAMac(t *testing.T) {
	s, dir := stub(t, "darwin"), module(t)
	s.ids = `[{"bundle_id":"com.example.lanyard","version":"1.2.3","build":"7","schemes":["lanyard"]}]`
	s.fyne = func(c command) error {
		app := filepath.Join(c.dir, "Lanyard.app", "Contents")
		put(t, filepath.Join(app, "Info.plist"), "<plist><dict>\n\t<key>LSApplicationCategoryType</key>\n\t<string>public.app-category.</string>\n</dict></plist>")
		put(t, filepath.Join(app, "MacOS", "lanyard"), string(machOf(fyneAppText)))
		put(t, filepath.Join(app, "Resources", "icon.icns"), string(icnsOf(pngOf(t, framed()))))
		put(t, filepath.Join(app, "_CodeSignature", "CodeResources"), "x")
		return nil
	}
	out := t.TempDir()
	var said, words bytes.Buffer
	if code := run(t.Context(), []string{"macos", "--release", "--certificate", "Developer ID", "--out", out}, dir, s.machine, &said, &words); code != 0 {
		t.Fatalf("exit %d: %s%s", code, &said, &words)
	}
	if err := unzip(filepath.Join(out, "Lanyard-1.2.3-macos-amd64.zip"), out); err != nil {
		t.Fatal(err)
	}
	plist, err := os.ReadFile(filepath.Join(out, "Info.plist"))
	if err != nil || !strings.Contains(string(plist), "<string>lanyard</string>") || !strings.Contains(string(plist), "public.app-category.business") {
		t.Errorf("Info.plist is %s, %v", plist, err)
	}
	if c := s.program(t, "codesign"); !slices.Contains(c.args, "Developer ID") {
		t.Errorf("codesign was called with %q", c.args)
	}
}

func TestRun_itPackagesForWindowsOnWindows(t *testing.T) {
	s, dir, out := stub(t, "windows"), module(t), t.TempDir()
	s.fyne = func(c command) error {
		put(t, filepath.Join(c.dir, "Lanyard.exe"), string(goodExe(t).bytes()))
		return nil
	}
	var said, words bytes.Buffer
	if code := run(t.Context(), []string{"windows", "--out", out}, dir, s.machine, &said, &words); code != 0 {
		t.Fatalf("exit %d: %s%s", code, &said, &words)
	}
	if err := unzip(filepath.Join(out, "Lanyard-1.2.3-windows-amd64-debug.zip"), out); err != nil {
		t.Fatal(err)
	}
	if script, err := os.ReadFile(filepath.Join(out, linksName)); err != nil || !strings.Contains(string(script), "\r\n") {
		t.Errorf("the script has no line ends of Windows: %v", err)
	}
	c := s.program(t, "fyne.exe")
	for _, want := range []string{"GOOS=windows", "GOARCH=amd64", "CC=gcc"} {
		if !slices.Contains(c.env, want) {
			t.Errorf("the packager is not told %s", want)
		}
	}
}

func TestRun_whatFailsLeavesNothing(t *testing.T) {
	stop, cancel := context.WithCancel(t.Context())
	cases := map[string]struct {
		ctx  context.Context
		fyne func(c command) error
		says string
	}{
		"the packager fails":           {t.Context(), func(command) error { return errors.New("no C compiler") }, "no C compiler"},
		"the packager leaves nothing":  {t.Context(), func(command) error { return nil }, "left 0 files"},
		"somebody interrupts it":       {stop, func(command) error { cancel(); return stop.Err() }, "stopped"},
		"the icon is another":          {t.Context(), leavesIcon(t), "not right in 1 of"},
		"a secret got into the result": {t.Context(), leavesSecret(t), "not right in 1 of"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s, dir, out := stub(t, "linux"), module(t), filepath.Join(t.TempDir(), "out")
			s.fyne = func(k command) error {
				put(t, filepath.Join(k.dir, "FyneApp.toml"), "half written")
				put(t, filepath.Join(k.dir, "fyne_metadata_init.go"), "package main")
				return c.fyne(k)
			}
			before := tree(t, dir)
			var said, words bytes.Buffer
			if code := run(c.ctx, []string{"linux", "--out", out}, dir, s.machine, &said, &words); code != 1 {
				t.Errorf("exit %d, want 1: %s", code, &said)
			}
			if !strings.Contains(words.String(), c.says) {
				t.Errorf("it says %q, want %q in it", &words, c.says)
			}
			unchanged(t, dir, before)
			if _, err := os.Stat(out); err == nil {
				t.Error("there is a result")
			}
			if strings.Contains(said.String()+words.String(), password) {
				t.Error("the secret was printed")
			}
		})
	}
}

func leavesIcon(t *testing.T) func(command) error {
	return func(c command) error {
		put(t, filepath.Join(c.dir, "Lanyard.tar.xz"), string(linuxTarball(t, fyneAppText, foreign)))
		return nil
	}
}

func leavesSecret(t *testing.T) func(command) error {
	return func(c command) error {
		put(t, filepath.Join(c.dir, "Lanyard.tar.xz"), string(linuxTarball(t, fyneAppText+password, ours)))
		return nil
	}
}

func TestRun_itSaysWhatIsMissing(t *testing.T) {
	cases := map[string]struct {
		goos string
		args []string
		says []string
	}{
		"a Mac, for iOS":          {"linux", []string{"ios"}, []string{"on a Mac with Xcode", "--check-only"}},
		"a Mac, for macOS":        {"windows", []string{"macos"}, []string{"on a Mac with Xcode"}},
		"Xcode":                   {"darwin", []string{"ios"}, []string{"xcode-select --install"}},
		"the NDK":                 {"linux", []string{"android"}, []string{"ANDROID_NDK_HOME", "SDK Manager"}},
		"a compiler for Windows":  {"linux", []string{"windows"}, []string{"gcc-mingw-w64-x86-64"}},
		"one for its 64-bit ARM":  {"linux", []string{"windows", "--arch", "arm64"}, []string{"llvm-mingw"}},
		"Linux":                   {"darwin", []string{"linux"}, []string{"built on Linux"}},
		"keystore, password, SDK": {"linux", []string{"android", "--release", "--keystore", "none.jks"}, []string{"keytool -genkeypair", passwordVariable + " is not set", "zipalign"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m := machine{goos: c.goos, goarch: "amd64", env: []string{"PATH=" + t.TempDir()}, words: t.Output()}
			m.start = func(context.Context, command, io.Writer) ([]byte, error) {
				t.Error("a program was started")
				return nil, nil
			}
			var said, words bytes.Buffer
			if code := run(t.Context(), c.args, module(t), m, &said, &words); code != 1 {
				t.Errorf("exit %d, want 1", code)
			}
			for _, s := range c.says {
				if !strings.Contains(words.String(), s) {
					t.Errorf("it says %q, want %q in it", &words, s)
				}
			}
		})
	}
}

func TestRun_itSaysHowItIsCalled(t *testing.T) {
	cases := map[string][]string{
		"which system":               nil,
		"there is no target":         {"amiga"},
		"is the second":              {"linux", "windows"},
		"takes no target":            {"linux", "--check-only", "x.exe"},
		"--keystore is for android":  {"linux", "--keystore", "x"},
		"signed with your own key":   {"android", "--release"},
		"--profile is for ios":       {"macos", "--profile", "x"},
		"--certificate is for":       {"linux", "--certificate", "x"},
		"needs --certificate and":    {"ios", "--release"},
		"--arch mips is not one":     {"linux", "--arch", "mips"},
		"flag provided but not":      {"linux", "--fast"},
		"--arch 386 is not one that": {"ios", "--arch", "386"},
	}
	for says, args := range cases {
		var said, words bytes.Buffer
		if code := run(t.Context(), args, t.TempDir(), machine{}, &said, &words); code != 2 || !strings.Contains(words.String(), says) {
			t.Errorf("%q: exit %d with %q, want 2 and %q", args, code, &words, says)
		}
	}
}

func TestRun_itRefusesAServerThatTheAppWould(t *testing.T) {
	s := stub(t, "linux")
	var said, words bytes.Buffer
	if code := run(t.Context(), []string{"linux", "--server", "http://sso.example.com"}, module(t), s.machine, &said, &words); code != 1 || !strings.Contains(words.String(), "--server") {
		t.Errorf("exit %d with %q", code, &words)
	}
	if len(s.ran) > 0 {
		t.Errorf("%s was started", s.ran[0].name)
	}
}
