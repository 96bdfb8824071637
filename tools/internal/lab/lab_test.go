//go:build linux

package lab

import (
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func TestMain(m *testing.M) {
	Opener()
	os.Exit(m.Run())
}

// desk lays out a lab for one test.
func desk(t *testing.T) (context.Context, *Lab) {
	t.Helper()
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(l.Dir()); !os.IsNotExist(err) {
			t.Errorf("the folder is still there: %v", err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx, l
}

func TestKeyring_itIsUnlockedAndCounted(t *testing.T) {
	ctx, l := desk(t)
	if err := l.Bus(ctx); err != nil {
		t.Fatal(err)
	}
	if err := l.Keyring(ctx); err != nil {
		t.Fatal(err)
	}
	if n, err := l.Secrets(ctx); n != 0 || err != nil {
		t.Fatalf("a new keyring holds %d secrets, %v", n, err)
	}
	p, err := l.Start(nil, strings.NewReader("secret"), "secret-tool", "store", "--label=test", "service", "lab")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if n, err := l.Secrets(ctx); n != 1 || err != nil {
		t.Fatalf("the keyring holds %d secrets, want 1; %v", n, err)
	}
}

func TestBrowser_xdgOpenBringsAnAddressToChromium(t *testing.T) {
	program, err := exec.LookPath("chromium")
	if b := os.Getenv("BROWSER_PROGRAM"); b != "" {
		program, err = b, nil
	}
	if err != nil {
		t.Fatalf("no Chromium (./test installs it): %v", err)
	}
	ctx, l := desk(t)
	b, err := l.Browser(program)
	if err != nil {
		t.Fatal(err)
	}
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<title>hello " + r.URL.Query().Get("name") + "</title>"))
	}))
	defer page.Close()
	// As a program at the desk would: by the name xdg-open on its PATH.
	p, err := l.Start(nil, nil, "/bin/sh", "-c", `exec xdg-open "$0"`, page.URL+"/?name=ada&x=1")
	if err != nil {
		t.Fatal(err)
	}
	address, err := b.Opened(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	tab, closeTab, err := b.Tab(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer closeTab()
	if title, err := chromedp.Run(tab, chromedp.Title()); title != "hello ada" || err != nil {
		t.Errorf("title %q, %v", title, err)
	}
	if err := b.Untouched(); err != nil {
		t.Error(err)
	}
	if _, _, err := b.Tab(ctx, "http://elsewhere.example/"); err == nil {
		t.Error("a name outside this machine was reached")
	}
}

func TestProcess_awaitTellsWhyItFailed(t *testing.T) {
	ctx, l := desk(t)
	p, err := l.Start(nil, nil, "/bin/sh", "-c", "echo one; echo two >&2; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Await(ctx, 0, "two", func(line string) bool { return line == "two" }); err != nil {
		t.Errorf("a line that was said was not found: %v", err)
	}
	_, err = p.Await(ctx, 0, "three", func(line string) bool { return line == "three" })
	if err == nil || !strings.Contains(err.Error(), "ended before three") || !strings.Contains(err.Error(), "two") {
		t.Errorf("got %v, want that it ended, and what it said", err)
	}
}

func TestStop_itEndsAProgramThatIsDeafToRequests(t *testing.T) {
	ctx, l := desk(t)
	p, err := l.Start(nil, nil, "/bin/sh", "-c", "trap '' TERM; echo ready; while :; do read -r x < /dev/tty || :; done")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Await(ctx, 0, "ready", func(line string) bool { return line == "ready" }); err != nil {
		t.Fatal(err)
	}
	p.grace = time.Millisecond
	if err := p.Stop(); err == nil {
		t.Error("nothing was said of a program that had to be killed")
	}
	select {
	case <-p.Done():
	default:
		t.Error("the program still runs")
	}
}

func TestEnv_nothingOfThePersonsOwnGetsIn(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://proxy.example:1")
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
	_, l := desk(t)
	for _, v := range l.Env() {
		name, value, _ := strings.Cut(v, "=")
		if name == "HTTPS_PROXY" || name == "DBUS_SESSION_BUS_ADDRESS" && value != "disabled:" {
			t.Errorf("%s got in", v)
		}
		if name == "HOME" && value != filepath.Join(l.Dir(), "home") {
			t.Errorf("HOME is %s", value)
		}
	}
}

func TestScreen_itIsEmptyAtFirst(t *testing.T) {
	ctx, l := desk(t)
	s, err := l.Screen(ctx, 320, 200)
	if err != nil {
		t.Fatal(err)
	}
	whole := image.Rect(0, 0, 320, 200)
	if !Blank(s.Picture(whole)) {
		t.Error("an empty screen shows something")
	}
	if got := s.Picture(image.Rect(300, 190, 400, 300)).Bounds(); got != image.Rect(0, 0, 20, 10) {
		t.Errorf("a part that sticks out has the bounds %v", got)
	}
}

// The first to come must not be refused because somebody else leaves.
func TestScreen_itRefusesNobodyWhileItsLastClientLeaves(t *testing.T) {
	ctx, l := desk(t)
	if _, err := l.Screen(ctx, 320, 200); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for range 60 {
				if _, err := l.Output(ctx, "xdotool", "getmouselocation"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

func TestParseXWD_itReadsPixels(t *testing.T) {
	raw := make([]byte, 100+12+2*16)
	for i, v := range map[int]uint32{0: 100, 1: 7, 4: 3, 5: 2, 11: 32, 12: 16, 14: 0xff0000, 15: 0xff00, 16: 0xff, 19: 1} {
		binary.BigEndian.PutUint32(raw[4*i:], v)
	}
	copy(raw[112+16+4:], []byte{0x99, 0x66, 0x33, 0}) // the middle of the second line
	s, err := parseXWD(raw)
	if err != nil {
		t.Fatal(err)
	}
	img := s.Picture(image.Rect(0, 0, 3, 2))
	if got, want := img.NRGBAAt(1, 1), (color.NRGBA{0x33, 0x66, 0x99, 0xff}); got != want {
		t.Errorf("the pixel is %v, want %v", got, want)
	}
	if _, err := parseXWD(raw[:len(raw)-1]); err == nil {
		t.Error("a file that is a byte too short was taken")
	}
}

func TestParseXWD_itRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, n := range []int{0, 99, 100, 4000} {
		if _, err := parseXWD(make([]byte, n)); err == nil {
			t.Errorf("%d zero bytes were taken for a screen", n)
		}
	}
}
