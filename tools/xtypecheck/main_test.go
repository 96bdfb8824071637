package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// write lays out a module whose iOS file is given.
func write(t *testing.T, ios string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":        "module example.com/m\n\ngo 1.26\n",
		"all.go":        "package m\n\nfunc Name() string { return name() }\n",
		"name_ios.go":   ios,
		"name_other.go": "//go:build !ios\n\npackage m\n\nfunc name() string { return \"other\" }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRun_itAcceptsCgoWithoutACompiler(t *testing.T) {
	dir := write(t, "package m\n\n// #include <UIKit/UIKit.h>\nimport \"C\"\n\nfunc name() string { return C.GoString(C.deviceName()) }\n")
	var out, errOut bytes.Buffer
	if code := run([]string{"ios/arm64", "linux/amd64"}, dir, &out, &errOut); code != 0 {
		t.Fatalf("exit %d: %s", code, &errOut)
	}
	if !strings.Contains(out.String(), "1 packages of the module (1 with cgo)") {
		t.Errorf("the cgo file was not looked at: %s", &out)
	}
}

func TestRun_itFindsAnErrorOfOneSystemOnly(t *testing.T) {
	dir := write(t, "package m\n\n// #include <UIKit/UIKit.h>\nimport \"C\"\n\nfunc name() string { return 7 }\n")
	var out, errOut bytes.Buffer
	if code := run([]string{"linux/amd64"}, dir, &out, &errOut); code != 0 {
		t.Fatalf("linux: exit %d: %s", code, &errOut)
	}
	if code := run([]string{"ios/arm64"}, dir, &out, &errOut); code != 1 {
		t.Fatalf("ios: exit %d, want 1", code)
	}
	if !strings.Contains(errOut.String(), "name_ios.go:6") {
		t.Errorf("the line is not named: %s", &errOut)
	}
}

func TestRun_itSaysHowItIsCalled(t *testing.T) {
	for _, args := range [][]string{{"ios"}, {"/arm64"}, {"linux/nonsense"}} {
		var out, errOut bytes.Buffer
		if code := run(args, t.TempDir(), &out, &errOut); code != 2 || errOut.Len() == 0 {
			t.Errorf("%q: exit %d with %q, want 2 and a sentence", args, code, &errOut)
		}
	}
}

func TestRun_withoutArgumentsItChecksEverySystem(t *testing.T) {
	dir := write(t, "package m\n\nfunc name() string { return 7 }\n")
	var out, errOut bytes.Buffer
	if code := run(nil, dir, &out, &errOut); code != 1 {
		t.Fatalf("exit %d, want 1: %s", code, &errOut)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(matrix) {
		t.Fatalf("%d lines for %d systems: %s", len(lines), len(matrix), &out)
	}
	for i, system := range matrix {
		want := "0 errors"
		if strings.HasPrefix(system, "ios/") {
			want = "1 errors"
		}
		if !strings.HasPrefix(lines[i], system+" ") || !strings.Contains(lines[i], want) {
			t.Errorf("line %d is %q, want %s of %s", i, lines[i], want, system)
		}
	}
}

func TestMatrix_itHasEverySystemOnBothProcessors(t *testing.T) {
	for _, goos := range []string{"android", "ios", "darwin", "windows", "linux"} {
		for _, goarch := range []string{"amd64", "arm64"} {
			if !slices.Contains(matrix, goos+"/"+goarch) {
				t.Errorf("%s/%s is not checked", goos, goarch)
			}
		}
	}
}

func TestRun_itFailsWhereThereIsNoModule(t *testing.T) {
	var out, errOut bytes.Buffer
	if code := run([]string{"linux/amd64"}, t.TempDir(), &out, &errOut); code == 0 || errOut.Len() == 0 {
		t.Errorf("exit %d with %q, want another and a sentence", code, &errOut)
	}
}
