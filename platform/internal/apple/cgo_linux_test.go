package apple

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Go's side of the calls, compiled as it is for a Mac but for Apple's
// frameworks, in front of the keychain in memory: whether what Go hands to C may
// be handed over is only found out when it runs.
//
// req: G5 G7
func TestCgo_itPassesGosRules(t *testing.T) {
	dir := t.TempDir()
	for from, to := range map[string]string{
		"failure.go": "failure.go", "calls.go": "calls.go", "keychain.go": "keychain.go", "session.go": "session.go",
		"secitem.h": "secitem.h", "bundle.h": "bundle.h", "webauth.h": "webauth.h",
		"secitem_darwin.c": "secitem.c", "bundle_darwin.c": "bundle.c",
		"testdata/keychain/fake.h": "fake.h", "testdata/keychain/cf.c": "cf.c", "testdata/keychain/security.c": "security.c",
		"testdata/keychain/sessions.c": "sessions.c", "testdata/keychain/go_test.txt": "go_test.go",
	} {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, to), strings.NewReplacer(
			"//go:build darwin && cgo\n", "", "#cgo CFLAGS: -fobjc-arc -Wno-unused-command-line-argument", "", "#cgo LDFLAGS: -framework", "// ",
		).Replace(string(text)))
	}
	if err := os.CopyFS(filepath.Join(dir, "sdk"), os.DirFS("testdata/sdk")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "go.mod"), "module apple\n\ngo 1.26\n")
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", ".")
	cmd.Dir = dir
	// cgocheck is what looks at each pointer that is handed over.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1", "CC=gcc", "CGO_CFLAGS=-g -D_GNU_SOURCE -I"+filepath.Join(dir, "sdk"), "GODEBUG=cgocheck=1", "GOWORK=off", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
