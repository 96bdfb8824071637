package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// passwordVariable holds the password of the keystore: an argument could be
// read by everybody on the machine.
const passwordVariable = "LANYARD_KEYSTORE_PASSWORD"

// machine is what this program has around it.
type machine struct {
	goos, goarch string
	env          []string
	words        io.Writer // what started programs say
	// start runs a program to its end and returns its standard output. A test
	// puts one in place that starts nothing.
	start func(ctx context.Context, c command, words io.Writer) ([]byte, error)
}

// command is a program to be started.
type command struct {
	dir  string
	env  []string // all of it
	name string
	args []string
}

// start starts a program, ends it when ctx ends, and says what it said.
func start(ctx context.Context, c command, words io.Writer) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.name, c.args...)
	cmd.Dir, cmd.Env, cmd.Stderr = c.dir, c.env, words
	endTogether(cmd)
	cmd.WaitDelay = 10 * time.Second
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(c.name), err)
	}
	return out.Bytes(), nil
}

// variable returns a variable of the environment, "" when it is not set.
func (m machine) variable(name string) string {
	for _, v := range slices.Backward(m.env) {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// builders is the environment of programs that build: without the keystore's
// password, which is none of their business, and with what is given on top.
func (m machine) builders(set ...string) []string {
	env := slices.DeleteFunc(slices.Clone(m.env), func(v string) bool {
		return strings.HasPrefix(v, passwordVariable+"=")
	})
	return append(env, set...)
}

// host is the environment for programs that run on this machine.
func (m machine) host() []string {
	return m.builders("GOOS="+m.goos, "GOARCH="+m.goarch, "CGO_ENABLED=0")
}

// exe is how programs of this machine end.
func (m machine) exe() string {
	if m.goos == "windows" {
		return ".exe"
	}
	return ""
}

// look finds a program on the machine's PATH.
func (m machine) look(name string) bool {
	if filepath.IsAbs(name) {
		_, err := os.Stat(name)
		return err == nil
	}
	for _, dir := range filepath.SplitList(m.variable("PATH")) {
		for _, suffix := range []string{"", ".exe", ".bat"} {
			if i, err := os.Stat(filepath.Join(dir, name+suffix)); err == nil && !i.IsDir() {
				return true
			}
		}
	}
	return false
}

// missing names what building for a target needs and is not here, each with
// where it comes from.
func (m machine) missing(o options) []string {
	var missing []string
	need := func(ok bool, sentence string) {
		if !ok {
			missing = append(missing, sentence)
		}
	}
	switch o.target {
	case "linux":
		need(m.goos == "linux", "the app for Linux is built on Linux: its C compiler and OpenGL are needed")
		need(m.look(m.compiler(o)), m.compiler(o)+" is missing: install gcc, libgl1-mesa-dev and xorg-dev")
		need(m.look("tar") && m.look("xz"), "tar and xz are missing: install tar and xz-utils")
	case "windows":
		need(m.look(m.compiler(o)), m.compiler(o)+" is missing: "+m.mingw(o))
	case "macos", "ios":
		need(m.goos == "darwin", "apps for "+o.target+" are built on a Mac with Xcode. Run the same command there; "+
			"what it built can then be checked here too with --check-only")
		need(m.goos != "darwin" || m.look("xcrun"), "xcrun is missing: install Xcode from the App Store, start it once, and run xcode-select --install")
	case "android":
		need(m.ndk() != "", "the Android NDK was not found: install it with Android Studio's SDK Manager, and set ANDROID_NDK_HOME to its folder")
		if o.keystore != "" {
			_, err := os.Stat(o.keystore)
			need(err == nil, "the keystore "+o.keystore+" cannot be read: make one with keytool -genkeypair -keystore FILE -keyalg RSA -keysize 3072 -validity 10000 -alias lanyard")
			need(m.variable(passwordVariable) != "", passwordVariable+" is not set: put the keystore's password there, not on the command line")
			need(m.look("zipalign") && m.look("apksigner"), "zipalign and apksigner are missing: they are in the build-tools of the Android SDK (put that folder on the PATH), and Debian packages of their names")
		}
	}
	return missing
}

// compiler is the C compiler for a target.
func (m machine) compiler(o options) string {
	if cc := m.variable("CC"); cc != "" {
		return strings.Fields(cc)[0]
	}
	switch {
	case o.target == "windows" && m.goos != "windows" && o.arch == "arm64":
		return "aarch64-w64-mingw32-gcc"
	case o.target == "windows" && m.goos != "windows":
		return "x86_64-w64-mingw32-gcc"
	}
	return "gcc"
}

// mingw says where the C compiler for Windows comes from.
func (m machine) mingw(o options) string {
	switch {
	case m.goos == "windows":
		return "install MSYS2 and its mingw-w64 gcc, and put that on the PATH"
	case o.arch == "arm64":
		return "install llvm-mingw, and put its bin folder on the PATH"
	}
	return "install gcc-mingw-w64-x86-64 (Debian, Ubuntu) or mingw-w64 (Homebrew)"
}

// ndk is the folder of the Android NDK where Fyne's packager looks for it.
func (m machine) ndk() string {
	places := []string{m.variable("ANDROID_NDK_HOME")}
	if home := m.variable("ANDROID_HOME"); home != "" {
		places = append(places, filepath.Join(home, "ndk-bundle"))
	}
	for _, p := range places {
		if i, err := os.Stat(p); p != "" && err == nil && i.IsDir() {
			return p
		}
	}
	return ""
}
