//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/tools/internal/lab"
)

// TestMain lets this program be xdg-open at the desk: wine hands addresses on
// to it as it would to the browser of the system.
func TestMain(m *testing.M) {
	lab.Opener()
	os.Exit(m.Run())
}

// long skips what takes minutes and needs a compiler for Windows, and wine.
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("LANYARD_TEST_LONG") != "1" {
		t.Skip("builds the app for minutes, with packages that ./test --long installs; run it with LANYARD_TEST_LONG=1")
	}
}

// tool builds or starts something of the test's own, and fails with its words.
func tool(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// packaged builds the app for a target as people get it.
func packaged(t *testing.T, target string, args ...string) string {
	t.Helper()
	out := t.TempDir()
	m := here(t)
	var said, words strings.Builder
	args = append([]string{target, "--release", "--out", out}, args...)
	if code := run(t.Context(), args, filepath.Join("..", ".."), m, &said, &words); code != 0 {
		t.Fatalf("exit %d\n%s\n%s", code, &said, &words)
	}
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	return lines[len(lines)-1]
}

// winDesk is a desk whose person uses Windows: wine, with the app unpacked into a
// folder of its own.
type winDesk struct {
	*lab.Lab
	screen  *lab.Screen
	browser *lab.Browser
	world   lab.World
	app     string // Lanyard.exe
	helper  string // testdata/windesk
}

// newWinDesk lays it out around a package for Windows.
func newWinDesk(ctx context.Context, t *testing.T, zipped string) *winDesk {
	t.Helper()
	l, err := lab.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	d := &winDesk{Lab: l, app: filepath.Join(l.Dir(), "Lanyard.exe"), helper: filepath.Join(l.Dir(), "windesk.exe")}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	d.screen, err = l.Screen(ctx, 1000, 800)
	must(err)
	chromium := os.Getenv("BROWSER_PROGRAM")
	if chromium == "" {
		chromium, err = exec.LookPath("chromium")
		must(err)
	}
	d.browser, err = l.Browser(chromium)
	must(err)
	server := filepath.Join(l.Dir(), "lanyardd")
	tool(t, []string{"CGO_ENABLED=0"}, "go", "build", "-o", server, "./cmd/lanyardd")
	tool(t, []string{"CGO_ENABLED=0", "GOOS=windows", "GOARCH=amd64"}, "go", "build", "-o", d.helper, "./tools/package/testdata/windesk")
	_, d.world, err = l.StartWorld(ctx, server)
	must(err)

	for name, value := range map[string]string{
		"WINEPREFIX": filepath.Join(l.Home(), "wine"), "WINEDEBUG": "-all",
		"WINEDLLOVERRIDES": "mscoree,mshtml=", // nothing of them is used, and wine would ask to fetch them
	} {
		l.Set(name, value)
	}
	_, err = l.Output(ctx, "wine", "wineboot", "--init")
	must(err)
	t.Cleanup(func() { // ends wine's own programs, of this folder alone
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		if _, err := l.Output(ctx, "wine", "wineboot", "--end-session", "--force", "--kill"); err != nil {
			t.Log(err)
		}
	})
	prng := filepath.Join(l.Home(), "wine", "drive_c", "windows", "system32", "bcryptprimitives.dll")
	if _, err := os.Stat(prng); err != nil { // wine 9 and later have it
		tool(t, nil, "x86_64-w64-mingw32-gcc", "-shared", "-O2", "-o", prng, "tools/package/testdata/prng/prng.c", "-ladvapi32")
	}
	must(d.desktop(ctx))
	must(unzip(zipped, l.Dir()))
	_, err = l.Output(ctx, "wine", d.helper, "trust", d.world.Environment["SSL_CERT_FILE"])
	must(err)
	return d
}

// desktop has wine's desktop there before the app asks for it.
func (d *winDesk) desktop(ctx context.Context) error {
	var p *lab.Process
	return lab.Until(ctx, "wine's desktop", func() (bool, error) {
		hold, _, err := os.Pipe() // the other end is closed with this program
		if err != nil {
			return false, err
		}
		if p, err = d.Start(nil, hold, "wine", d.helper, "stay"); err != nil {
			return false, err
		}
		_, err = p.Await(ctx, 0, "wine's desktop to be there", func(line string) bool { return strings.HasPrefix(line, "ready") })
		return err == nil, nil // one that ended is tried again
	})
}

// open starts the app and waits for its window.
func (d *winDesk) open(ctx context.Context, t *testing.T, args ...string) *lab.App {
	t.Helper()
	p, err := d.Start(d.world.Env(), nil, "wine", append([]string{d.app}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	w, err := d.Window(ctx, d.screen, p)
	if err != nil {
		t.Fatal(err)
	}
	return &lab.App{Process: p, Window: w}
}

// credentials are the sizes of the items in the Credential Manager, by name.
func (d *winDesk) credentials(ctx context.Context, t *testing.T) map[string]int {
	t.Helper()
	out, err := d.Output(ctx, "wine", d.helper, "credentials")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for line := range strings.Lines(out) {
		size, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		found[name], err = strconv.Atoi(size)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
	}
	return found
}

// TestWindows_itSignsInAndStaysSignedIn takes the packaged app for Windows
// through a sign-in under wine: with Chromium, lanyardd and a local Microsoft.
//
// req: G5 G6 G7
func TestWindows_itSignsInAndStaysSignedIn(t *testing.T) {
	long(t)
	zipped := packaged(t, "windows")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Minute, fmt.Errorf("ten minutes went by"))
	defer cancel()
	d := newWinDesk(ctx, t, zipped)
	if got := d.credentials(ctx, t); len(got) != 0 {
		t.Fatalf("the Credential Manager holds %v before anything was done", got)
	}

	app := d.open(ctx, t)
	if _, err := app.Phase(ctx, 0, "SignedOut"); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Settle(ctx); err != nil { // the welcome page
		t.Fatal(err)
	}
	if err := app.Submit(ctx, d.world.Workspace); err != nil {
		t.Fatal(err)
	}
	address, err := d.browser.Opened(ctx)
	if err != nil {
		t.Fatalf("%v; the app said:\n%s", err, app.Tail())
	}
	if _, err := app.Settle(ctx); err != nil { // the page that says to go there
		t.Fatal(err)
	}
	ada, err := d.world.Who("ada")
	if err != nil {
		t.Fatal(err)
	}
	if doc, _, err := d.browser.Enter(ctx, address, ada, nil); err != nil || doc.Kind != "" {
		t.Fatalf("the last page is %q (%s), %v", doc.Title, doc.Kind, err)
	}
	if _, err := app.Phase(ctx, 0, "SignedIn"); err != nil {
		t.Fatal(err)
	}
	home, err := app.Settle(ctx)
	if err != nil {
		t.Fatal(err)
	}
	picture(t, "windows-home.png", home)

	items := d.credentials(ctx, t)
	if len(items) == 0 {
		t.Error("nothing is in the Credential Manager")
	}
	for name, size := range items {
		if !strings.Contains(name, "lanyard") || size == 0 || size > 2560 {
			t.Errorf("the Credential Manager holds %q of %d bytes; CRED_MAX_CREDENTIAL_BLOB_SIZE is 2560", name, size)
		}
	}
	readable(t, d.Home(), "eyJ", "lyses_", "lyref_", "ada@acme.example", "Lovelace")

	if err := app.Stop(); err != nil {
		t.Fatal(err)
	}
	again := d.open(ctx, t)
	if _, err := again.Phase(ctx, 0, "SignedIn"); err != nil {
		t.Fatal(err)
	}
	if err := d.browser.Untouched(); err != nil {
		t.Error(err)
	}
	if err := again.Stop(); err != nil {
		t.Fatal(err)
	}
	d.links(ctx, t)
}

// links registers lanyard:// links and follows one.
func (d *winDesk) links(ctx context.Context, t *testing.T) {
	t.Helper()
	script := "Z:" + strings.ReplaceAll(filepath.Join(d.Dir(), linksName), "/", `\`)
	if _, err := d.Output(ctx, "wine", "cmd", "/c", script); err != nil {
		t.Fatal(err)
	}
	const key = `HKCU\Software\Classes\lanyard`
	got, err := d.Output(ctx, "wine", "reg", "query", key+`\shell\open\command`, "/ve")
	if want := filepath.Base(d.Dir()) + `\Lanyard.exe" "%1"`; err != nil || !strings.Contains(got, want) {
		t.Fatalf("the registry says %q, want %s in it; %v", got, want, err)
	}
	// wine 8 looks for links in what the computer has, and not in what the
	// account has, where the script rightly puts them.
	if _, err := d.Output(ctx, "wine", "reg", "copy", key, `HKLM\Software\Classes\lanyard`, "/s", "/f"); err != nil {
		t.Fatal(err)
	}
	p, err := d.Start(d.world.Env(), nil, "wine", "start", "lanyard://sso/"+d.world.Workspace)
	if err != nil {
		t.Fatal(err)
	}
	err = lab.Until(ctx, "the app to be opened by a link", func() (bool, error) {
		out, err := d.Output(ctx, "xdotool", "search", "--onlyvisible", "--name", "^Lanyard$")
		return err == nil && out != "", nil // xdotool's way to say "not yet" is an error
	})
	if err != nil {
		t.Fatalf("%v; wine said:\n%s", err, p.Tail())
	}
	if _, err := d.Output(ctx, "wine", "taskkill", "/f", "/im", "Lanyard.exe"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Output(ctx, "wine", "cmd", "/c", script, "/remove"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Output(ctx, "wine", "reg", "query", key); err == nil {
		t.Error("the registration is still there after it was removed")
	}
}
