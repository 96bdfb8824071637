//go:build linux && !android && cgo

package android

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/platform/redirect"
)

// The Go side runs in a JVM as on Android: in a library that Java loaded, with
// threads of Go's that are attached for each call.
//
// req: G5
func TestBridge_itTakesGoThroughJavaAndBack(t *testing.T) {
	long(t)
	h := newHarness(t)
	h.library = filepath.Join(t.TempDir(), "libbridge.so")
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	flags := cFlags(jdk(t))
	for i, f := range flags {
		if path, ok := strings.CutPrefix(f, "-I"); ok && !filepath.IsAbs(path) {
			flags[i] = "-I" + filepath.Join(here, path)
		}
	}
	inModule(t, []string{"CGO_CFLAGS=" + strings.Join(flags, " ")}, "go", "build", "-buildmode=c-shared", "-tags", "lanyard_jvm",
		"-o", h.library, "./platform/internal/android/testdata/bridge")

	t.Setenv("XDG_DATA_HOME", t.TempDir()) // stands for the app's private folder
	uri := redirect.Android{Package: "io.example.app", Hash: redirect.HashOf([]byte("b"))}.RedirectURI()
	got := said(t, "- ", h.check(t, "harness.Bridge", uri))
	want := []string{
		"no keystore: LY-KEY-001 LY-KEY-001: android: getInstance: java.security.KeyStoreException", "probe: ok",
		"open: ok", "page: https://login.example.com/authorize?state=abc",
		"open a file: LY-SIGN-003 LY-SIGN-003: not a web address",
		"no browser: LY-SIGN-003 LY-SIGN-003: android: startActivity: android.content.ActivityNotFoundException",
		"signers: io.example.app [c b a] <nil>",
		"begin: loopback", "begin: " + uri, `wait: "\U0001f600" ok`, "resume: " + uri, `wait: "first" ok`,
		"resume: LY-SIGN-004 LY-SIGN-004: the sign-in was to come back another way", "link: lanyard://sso/acme",
		"load: no key", "create: ok", "load: ok", "void: no key", "keys: {}", "create: ok",
		"no answer: LY-KEY-001 LY-KEY-001: android: getKey: java.security.ProviderException", "load: ok",
		"delete: ok", "delete: ok", "keys: {}", "right: 400",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
