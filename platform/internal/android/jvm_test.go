//go:build linux && !android && cgo

package android

import (
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// harness is the C code of this package with stand-ins for Android's classes,
// compiled for the JVM of this machine. See testdata/jvm.
type harness struct {
	java, classes, library string
}

// run returns what a program prints, or ends the test.
func run(t testing.TB, program string, args ...string) string {
	t.Helper()
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(program), err, out)
	}
	return string(out)
}

// jdk returns the folder of the JDK that javac is of.
func jdk(t testing.TB) string {
	t.Helper()
	javac, err := exec.LookPath("javac")
	if err != nil {
		t.Fatal("javac is not installed: ./test installs it (apt: default-jdk-headless)")
	}
	javac, err = filepath.EvalSymlinks(javac)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(filepath.Dir(javac))
}

// files lists what is below a folder with this ending.
func files(t testing.TB, dir, ending string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ending) {
			all = append(all, path)
		}
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("no %s files in %s: %v", ending, dir, err)
	}
	return all
}

// cFlags are the compiler's for the JVM's headers and our stand-in for Android's.
func cFlags(home string) []string {
	return []string{
		"-Itestdata/jvm/include", "-Itestdata/jvm", "-I.",
		"-I" + filepath.Join(home, "include"), "-I" + filepath.Join(home, "include", "linux"),
	}
}

// newHarness compiles the harness. Warnings are errors.
func newHarness(t testing.TB) harness {
	t.Helper()
	home, dir := jdk(t), t.TempDir()
	h := harness{java: filepath.Join(home, "bin", "java"), classes: filepath.Join(dir, "classes"), library: filepath.Join(dir, "libharness.so")}

	ours, err := filepath.Glob("*.c")
	if err != nil || len(ours) == 0 {
		t.Fatalf("no C code: %v", err)
	}
	flags := append(cFlags(home), "-c", "-fPIC", "-O1", "-Wall", "-Wextra", "-Wshadow", "-Werror")
	var objects []string
	compile := func(source string, more ...string) {
		object := filepath.Join(dir, filepath.Base(source)+".o")
		run(t, "gcc", slices.Concat(flags, more, []string{"-o", object, source})...)
		objects = append(objects, object)
	}
	for _, source := range ours {
		// Its memory is watched.
		compile(source, "-Dmalloc=watched_malloc", "-Dfree=watched_free")
	}
	for _, source := range files(t, "testdata/jvm", ".c") {
		compile(source)
	}
	run(t, "gcc", slices.Concat([]string{"-shared", "-o", h.library}, objects, []string{"-lpthread"})...)
	run(t, filepath.Join(home, "bin", "javac"), append([]string{"-d", h.classes}, files(t, "testdata/jvm/java", ".java")...)...)
	return h
}

// warned reports whether -Xcheck:jni found fault with something.
func warned(line string) bool {
	return strings.HasPrefix(line, "WARNING in native method") || strings.HasPrefix(line, "WARNING: JNI local refs") ||
		strings.HasPrefix(line, "FATAL ERROR in native method")
}

// check runs a class with the JVM watching every call of JNI's, and returns the
// lines it prints.
func (h harness) check(t *testing.T, class string, args ...string) []string {
	t.Helper()
	out := run(t, h.java, append([]string{
		"-Xcheck:jni", "-Xmx128m", "-XX:ErrorFile=/dev/null", "-cp", h.classes, class, h.library,
	}, args...)...)
	return strings.Split(strings.TrimRight(out, "\n"), "\n")
}

// said returns what stands behind a prefix, and fails for what the JVM or the
// harness finds fault with.
func said(t *testing.T, prefix string, lines []string) (all []string) {
	t.Helper()
	for _, line := range lines {
		if what, ok := strings.CutPrefix(line, prefix); ok {
			all = append(all, what)
		}
		if warned(line) || strings.HasPrefix(line, "FAIL") {
			t.Error(line)
		}
	}
	return all
}

// The C code runs under a JVM that checks every call, once for each call it
// makes with that one failing, and once for each method of Android's throwing.
// After each, no exception is pending, no local reference, frame or memory is
// left, and what memory held has been wiped.
//
// req: G5
func TestJava_itCallsAndroidCleanlyWhateverFails(t *testing.T) {
	h := newHarness(t)
	t.Run("it survives every failure", func(t *testing.T) { survives(t, h) })
	// What the harness would let pass proves nothing.
	t.Run("the harness notices every fault", func(t *testing.T) { notices(t, h) })
}

func survives(t *testing.T, h harness) {
	want := []string{
		"redirect: hands the address over and shows the window",
		"redirect: takes one after the other",
		"redirect: takes a link of the web only where the manifest does",
		"redirect: survives an activity without an address",
		"redirect: refuses what is too long, and passes on any character",
		"redirect: finishes when the window cannot be shown",
		"redirect: finishes whatever fails",
		"browser: opens a Custom Tab where there are any",
		"browser: opens a whole browser where there are none",
		"browser: opens a whole browser where a tab cannot be asked for",
		"browser: begins a task where the context has no window",
		"browser: says that there is none",
		"browser: opens none unnoticed whatever fails",
		"app: knows whether its manifest has the filter",
		"app: claims no filter whatever fails",
		"app: tells its certificates before Android 9",
		"app: tells its certificates since Android 9",
		"app: refuses certificates that cannot be",
		"app: tells no half of its certificates whatever fails",
		"key: wraps and unwraps",
		"key: leaves no secret in Java's memory",
		"key: unwraps nothing that was changed",
		"key: says that it is gone, void or not readable",
		"key: is removed, also when it is not there",
		"key: is not there before Android 6",
		"key: gives no half of a secret whatever fails",
	}
	got := said(t, "ok ", h.check(t, "harness.Harness"))
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("scenarios (-want +got):\n%s", d)
	}
}

// notices shows the harness each kind of fault.
func notices(t *testing.T, h harness) {
	var got []string
	warnings := 0
	for _, line := range h.check(t, "harness.Harness", "1234567") {
		switch {
		case warned(line):
			warnings++
		case len(line) > 1 && line[1] == ' ' && line[0] >= '1' && line[0] <= '7':
			got = append(got, strings.TrimSpace(line))
		}
	}
	want := []string{
		"1 local references are left",
		"2 an exception is left pending",
		"3 a frame is left pushed",
		"4 memory is left",
		"5 memory is freed that was not wiped",
		"6",
		"7 more references than a frame was made for",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("noticed (-want +got):\n%s", d)
	}
	if warnings == 0 {
		t.Error("-Xcheck:jni did not warn of the sixth, which only it sees")
	}
}
