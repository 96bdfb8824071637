package mobileapp

import (
	"archive/zip"
	"bytes"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/platform/redirect"
	"github.com/lanyard-sso/lanyard/server/internal/builtapp"
)

// compilerSource calls the manifest compiler of `fyne package`. It is internal
// to Fyne's command, so it is built as a part of it, in a folder of its own.
const compilerSource = `package main

import (
	"fmt"
	"os"

	"fyne.io/fyne/v2/cmd/fyne/internal/mobile/binres"
)

func main() {
	manifest, err := binres.UnmarshalXML(os.Stdin, false, 29)
	if err == nil {
		var compiled []byte
		if compiled, err = manifest.MarshalBinary(); err == nil {
			_, err = os.Stdout.Write(compiled)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
`

// compiler is where Fyne's manifest compiler is, of the version in go.mod. It
// is built once, into a folder that TestMain takes away.
var (
	compilerDir string
	compiler    = sync.OnceValues(buildCompiler)
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "lanyard-manifest-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) // the system's folder for such
	compilerDir = dir
	return m.Run()
}

func buildCompiler() (string, error) {
	module, err := os.ReadFile("../../../go.mod")
	if err != nil {
		return "", err
	}
	sums, err := os.ReadFile("../../../go.sum")
	if err != nil {
		return "", err
	}
	for name, content := range map[string][]byte{
		"go.mod":  regexp.MustCompile(`(?m)^module .*$`).ReplaceAll(module, []byte("module fyne.io/fyne/v2/cmd/fyne/compile")),
		"go.sum":  sums,
		"main.go": []byte(compilerSource),
	} {
		if err := os.WriteFile(filepath.Join(compilerDir, name), content, 0o600); err != nil {
			return "", err
		}
	}
	program := filepath.Join(compilerDir, "compile.exe")
	build := exec.Command("go", "build", "-mod=mod", "-o", program, ".")
	build.Dir, build.Env = compilerDir, append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building Fyne's compiler: %w\n%s", err, out)
	}
	return program, nil
}

// compiled is a manifest as fyne package puts it into an app.
func compiled(t testing.TB, manifest string) []byte {
	t.Helper()
	program, err := compiler()
	if err != nil {
		t.Fatal(err)
	}
	compile := exec.Command(program)
	var words bytes.Buffer
	compile.Stdin, compile.Stderr = strings.NewReader(manifest), &words
	out, err := compile.Output()
	if err != nil {
		t.Fatalf("Fyne does not take the manifest: %v\n%s", err, &words)
	}
	return out
}

// certificate reads one of builtapp's fixtures, made by keytool.
func certificate(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "builtapp", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatalf("%s is no PEM", name)
	}
	return block.Bytes
}

// packaged is an .apk with that manifest, not signed.
func packaged(t testing.TB, manifest []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("AndroidManifest.xml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(manifest); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// readApp reads an app, or a keystore of these tests.
func readApp(t testing.TB, b []byte) builtapp.App {
	t.Helper()
	a, err := builtapp.Read(bytes.NewReader(b), int64(len(b)), builtapp.Options{Password: func() (string, error) { return "secret", nil }})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// today is within the validity of the fixtures' certificates.
var today = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

// TestManifest_fynesOwnCompilerTakesItAndOurReaderAgrees goes the way of a
// manifest: written here, compiled by what fyne package compiles with, read
// from an .apk, and held against the key.
// req: G5 G8
func TestManifest_fynesOwnCompilerTakesItAndOurReaderAgrees(t *testing.T) {
	der := certificate(t, "rsa.pem")
	i := acme(t)
	i.Hashes = append(i.Hashes, redirect.HashOf(der))
	text, err := Manifest(i)
	if err != nil {
		t.Fatal(err)
	}
	a := readApp(t, packaged(t, compiled(t, text)))
	if a.ID != i.Package || a.Name != i.Name || a.Version != i.Version || a.Build != "42" || a.MinSystem != "15" || a.Debuggable {
		t.Errorf("%+v", a)
	}
	if diff := cmp.Diff([]string{"https", "lanyard", "msauth"}, a.Schemes); diff != "" {
		t.Errorf("schemes (-want +got):\n%s", diff)
	}
	var paths []string
	for _, h := range i.Hashes {
		paths = append(paths, redirect.Android{Hash: h}.IntentPath())
	}
	if diff := cmp.Diff(paths, redirectPaths(a)); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
	a.Signers = []builtapp.Signer{{Scheme: builtapp.V2, DER: der}}
	if found := Check(a, today); len(found) != 0 {
		t.Errorf("our own manifest is found fault with: %+v", found)
	}
}
