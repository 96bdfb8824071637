//go:build linux && !android

package platform

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/problem"
)

// program writes a shell script and returns its path.
func program(t *testing.T, name, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenURL_itOpensNothingButWebAddresses(t *testing.T) {
	ran := filepath.Join(t.TempDir(), "ran")
	t.Setenv("BROWSER", program(t, "browser", `echo "$1" >> `+ran))
	for _, bad := range []string{
		"", "login.microsoftonline.com", "file:///etc/passwd", "javascript:alert(1)", "data:text/html,x",
		"http://login.microsoftonline.com/", "http://localhost.evil.example/", "http://10.0.0.1/",
		"https://user:pass@login.microsoftonline.com/", "https:///nohost", "-https://x", "https:opaque",
		"ms-settings:x", "https://h/" + strings.Repeat("a", maxURL), "https://h/\x7f",
	} {
		err := OpenURL(t.Context(), bad)
		if code, _ := problem.Of(err); code != problem.NoBrowser {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a browser was started")
	}
	for _, good := range []string{
		"https://login.microsoftonline.com/t/authorize?a=b&c=%20", "http://localhost:1234/x", "http://127.0.0.1/", "http://[::1]:1/",
	} {
		if err := OpenURL(t.Context(), good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
		raw, _ := os.ReadFile(ran)
		if !strings.HasSuffix(string(raw), good+"\n") {
			t.Errorf("the browser was given %q, not %q", raw, good)
		}
	}
}

// A browser that stays in the foreground, and writes, must neither block the
// sign-in nor write into our terminal nor die with our terminal.
func TestOpenURL_itDetachesABrowserThatStays(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	// It says where its output goes and which session it is in, then waits.
	t.Setenv("BROWSER", program(t, "browser",
		`readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2 >`+out+`; ps -o sid= -p $$ >>`+out+`; echo $$ >>`+out+`; mv `+out+` `+out+`.done; exec sleep 60`))
	began := time.Now()
	if err := OpenURL(t.Context(), "https://login.microsoftonline.com/"); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > startGrace+5*time.Second {
		t.Errorf("it waited %v", took)
	}
	raw, err := os.ReadFile(out + ".done")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(raw))
	if len(lines) != 5 || lines[0] != "/dev/null" || lines[1] == "" || lines[2] != "/dev/null" {
		t.Fatalf("it inherited %q", lines)
	}
	if lines[3] != lines[4] {
		t.Errorf("session %s, process %s: not a session of its own", lines[3], lines[4])
	}
	if p, err := findProcess(lines[4]); err == nil {
		_ = p.Kill()
	}
}

func TestOpenURL_itTriesTheNextProgramAndSaysWhenThereIsNone(t *testing.T) {
	ran := filepath.Join(t.TempDir(), "ran")
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	t.Setenv("WSL_DISTRO_NAME", "")
	const address = "https://login.microsoftonline.com/?secret=canary"

	t.Setenv("BROWSER", "")
	err := OpenURL(t.Context(), address)
	if code, _ := problem.Of(err); code != problem.NoBrowser {
		t.Errorf("no display: %v", err)
	}
	fails := program(t, "fails", "exit 3")
	t.Setenv("BROWSER", "no-such-program:"+fails)
	err = OpenURL(t.Context(), address)
	if code, _ := problem.Of(err); code != problem.NoBrowser || strings.Contains(err.Error(), "canary") {
		t.Errorf("all fail: %v", err)
	}
	t.Setenv("BROWSER", "no-such-program:"+fails+":"+program(t, "works", "echo works >"+ran))
	if err := OpenURL(t.Context(), address); err != nil {
		t.Errorf("the third works: %v", err)
	}
	if _, err := os.Stat(ran); err != nil {
		t.Error("the third was not run")
	}
	// With a display, the desktop's program is asked.
	t.Setenv("BROWSER", "")
	t.Setenv("DISPLAY", ":99")
	t.Setenv("PATH", filepath.Dir(program(t, "xdg-open", `echo "$1" >`+ran))+":"+os.Getenv("PATH"))
	if err := OpenURL(t.Context(), address); err != nil {
		t.Errorf("xdg-open: %v", err)
	}
	if raw, _ := os.ReadFile(ran); string(raw) != address+"\n" {
		t.Errorf("xdg-open was given %q", raw)
	}
}

func TestOpenURL_itEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := OpenURL(ctx, "https://login.microsoftonline.com/"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestFromBROWSER_itReadsTheListWithoutAShell(t *testing.T) {
	got := fromBROWSER(`firefox --new-window: :chromium --app=%s;rm x:`, "U")
	want := [][]string{{"firefox", "--new-window", "U"}, {"chromium", "--app=U;rm", "x"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
