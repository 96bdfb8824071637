//go:build linux && !android && cgo

package android

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

	var got []string
	for _, line := range strings.Split(run(t, h.java, "-Xcheck:jni", "-Xmx128m", "-XX:ErrorFile=/dev/null", "-cp", h.classes, "harness.Bridge", h.library, t.TempDir()), "\n") {
		switch said, ok := strings.CutPrefix(line, "- "); {
		case ok:
			got = append(got, said)
		case warned(line):
			t.Error(line)
		}
	}
	want := []string{
		"open: <nil>", "page: https://login.example.com/?a=é",
		"no browser: android: startActivity: android.content.ActivityNotFoundException",
		"receives: false <nil>", "receives: true <nil>",
		"signers: io.example.app [c b a] <nil>",
		`get: "" android: no such item`, "set: <nil>", `get: "the data key" <nil>`,
		`void: "" android: no such item`, "set: <nil>", `get: "the data key" <nil>`, "remove: <nil>", "keys: {}",
		`delivered: ["msauth://x/y?code=\U0001f600"]`, "right: 400",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
