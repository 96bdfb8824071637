package apple

import (
	"encoding/json"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// target is a system as Go and as clang call it. The versions are the oldest
// that the toolkit's packager builds for, so that whatever is newer must ask
// whether it is there.
type target struct{ goos, goarch, clang string }

var targets = []target{
	{"darwin", "arm64", "arm64-apple-macos10.11"},
	{"darwin", "amd64", "x86_64-apple-macos10.11"},
	{"ios", "arm64", "arm64-apple-ios12.0"},
}

// files are those of this package that Go builds for a target.
type files struct {
	GoFiles, CgoFiles, CFiles, MFiles []string
	CgoCFLAGS, CgoLDFLAGS             []string
}

func (at target) files(t *testing.T) files {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=GoFiles,CgoFiles,CFiles,MFiles,CgoCFLAGS,CgoLDFLAGS", ".")
	cmd.Env = append(os.Environ(), "GOOS="+at.goos, "GOARCH="+at.goarch, "CGO_ENABLED=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var f files
	if err := json.Unmarshal(out, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// flags are those that make clang read for the target with the headers in
// testdata, and fail on every warning.
func (at target) flags(f files) []string {
	own := []string{
		"-target", at.clang, "-ffreestanding", "-isystem", "testdata/libc", "-isystem", "testdata/sdk", "-I", ".",
		"-Wall", "-Wextra", "-Wunguarded-availability", "-Wno-unused-parameter", "-Werror",
	}
	return append(own, f.CgoCFLAGS...)
}

// read has clang read one file and returns what it says.
func (at target) read(t *testing.T, f files, path string) (string, error) {
	t.Helper()
	language := "c"
	if filepath.Ext(path) == ".m" {
		language = "objective-c"
	}
	args := append(at.flags(f), "-fsyntax-only", "-x", language, path)
	out, err := exec.CommandContext(t.Context(), "clang", args...).CombinedOutput()
	return string(out), err
}

// needClang fails where clang is missing: tools/setup.sh installs it.
func needClang(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("clang"); err != nil {
		t.Fatal("this test reads Objective-C with clang, which tools/setup.sh installs: ", err)
	}
}

// req: G5 G7
func TestFiles_clangReadsThemForEverySystem(t *testing.T) {
	needClang(t)
	for _, at := range targets {
		t.Run(at.clang, func(t *testing.T) {
			t.Parallel()
			f := at.files(t)
			window := "window_macos.m"
			if at.goos == "ios" {
				window = "window_ios.m"
			}
			if want := []string{"webauth_darwin.m", window}; !contains(f.MFiles, want) {
				t.Fatalf("Go builds %v, without one of %v", f.MFiles, want)
			}
			if want := []string{"bundle_darwin.c", "secitem_darwin.c"}; !slices.Equal(f.CFiles, want) {
				t.Fatalf("Go builds %v, want %v", f.CFiles, want)
			}
			for _, path := range slices.Concat(f.MFiles, f.CFiles) {
				if said, err := at.read(t, f, path); err != nil {
					t.Errorf("%s: %v\n%s", path, err, said)
				}
			}
		})
	}
}

func contains(all, some []string) bool {
	for _, s := range some {
		if !slices.Contains(all, s) {
			return false
		}
	}
	return true
}

// A test that reads anything is no proof: these must not pass.
func TestFiles_clangRefusesWhatIsWrong(t *testing.T) {
	needClang(t)
	wrongs := []struct{ name, file, old, new, says string }{
		{"a class that an old system lacks", "webauth_darwin.m", "if (@available(macOS 10.15, iOS 13.0, *)) {", "if (1) {", "is only available on"},
		{"a keychain that an old system lacks", "secitem_darwin.c", "if (__builtin_available(macOS 10.15, *)) {\n\t\t\tCFD", "if (1) {\n\t\t\tCFD", "is only available on"},
		{"a method that does not exist", "webauth_darwin.m", "[session.web start]", "[session.web begin]", "no visible @interface"},
		{"a handler of another kind", "webauth_darwin.m", "^(NSURL *callback, NSError *error)", "^(NSError *error)", "incompatible block pointer"},
		{"a window of nothing", "webauth_darwin.m", "- (ASPresentationAnchor)presentationAnchorForWebAuthenticationSession:", "- (ASPresentationAnchor)anchorFor:", "in protocol"},
		{"a dictionary for a string", "secitem_darwin.c", "CFDictionarySetValue(q, kSecReturnData, kCFBooleanTrue)", "CFDictionarySetValue(kSecReturnData, q, kCFBooleanTrue)", "incompatible pointer types"},
	}
	at := targets[0]
	f := at.files(t)
	for _, w := range wrongs {
		t.Run("it refuses "+w.name, func(t *testing.T) {
			t.Parallel()
			source, err := os.ReadFile(w.file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(source), w.old) {
				t.Fatalf("%s has no %q any more", w.file, w.old)
			}
			path := filepath.Join(t.TempDir(), w.file)
			if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(source), w.old, w.new)), 0o600); err != nil {
				t.Fatal(err)
			}
			said, err := at.read(t, f, path)
			if err == nil || !strings.Contains(said, w.says) {
				t.Errorf("clang says %v %q, want %q", err, said, w.says)
			}
		})
	}
}

// cgo reads the headers with clang and writes Go with the C types in it, which
// is then type-checked, and a header of what Go exports, which clang holds
// against ours: what one side calls is what the other declares.
//
// req: G5 G7
func TestCgo_itFindsEveryCallAsDeclared(t *testing.T) {
	needClang(t)
	for _, at := range targets {
		if at.goarch != "arm64" { // the types are the same
			continue
		}
		t.Run(at.clang, func(t *testing.T) {
			f := at.files(t)
			dir := t.TempDir()
			args := append([]string{"tool", "cgo", "-objdir", dir, "-importpath", "apple", "--"}, at.flags(f)...)
			// cgo's probes are full of what a careful compiler warns about.
			args = append(slices.DeleteFunc(args, func(s string) bool { return s == "-Werror" || s == "-Wall" || s == "-Wextra" }), f.CgoFiles...)
			cmd := exec.CommandContext(t.Context(), "go", args...)
			cmd.Env = append(os.Environ(), "GOOS="+at.goos, "GOARCH="+at.goarch, "CGO_ENABLED=1", "CC=clang")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("cgo: %v\n%s", err, out)
			}
			exported := filepath.Join(dir, "_cgo_export.h")
			if said, err := exec.CommandContext(t.Context(), "clang", append(at.flags(f), "-fsyntax-only", "-x", "objective-c", "-include", exported, "webauth_darwin.m")...).CombinedOutput(); err != nil {
				t.Errorf("what Go exports is not what ended.h declares: %v\n%s", err, said)
			}
			at.checkTypes(t, f, dir)
		})
	}
}

// checkTypes type-checks what cgo wrote.
func (at target) checkTypes(t *testing.T, f files, dir string) {
	t.Helper()
	wrote, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(wrote) < 2 {
		t.Fatalf("cgo wrote %v, %v", wrote, err)
	}
	fset := token.NewFileSet()
	var parsed []*ast.File
	for _, path := range slices.Concat(f.GoFiles, wrote) {
		one, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, one)
	}
	conf := types.Config{
		Importer: withCgo{importer.ForCompiler(fset, "gc", exported(t))},
		Sizes:    types.SizesFor("gc", at.goarch),
		Error:    func(err error) { t.Error(err) },
	}
	_, _ = conf.Check("apple", fset, parsed, nil)
}

// exported finds what this machine's compiler has written about the packages
// that the files import: they declare the same on every system.
func exported(t *testing.T) importer.Lookup {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", "context", "fmt", "strconv", "strings", "sync", "syscall")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		files[path] = file
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(files[path]) }
}

// withCgo stands in for runtime/cgo, of which only a name is used.
type withCgo struct{ types.Importer }

func (i withCgo) Import(path string) (*types.Package, error) {
	if path != "runtime/cgo" {
		return i.Importer.Import(path)
	}
	p := types.NewPackage(path, "cgo")
	incomplete := types.NewTypeName(token.NoPos, p, "Incomplete", nil)
	types.NewNamed(incomplete, types.NewStruct(nil, nil), nil)
	p.Scope().Insert(incomplete)
	p.MarkComplete()
	return p, nil
}
