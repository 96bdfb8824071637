//go:build linux

package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// Name under which the lab's program is found on the PATH of the desk, and the
// variable that tells it where to bring the address. The program that uses the
// lab calls Opener first thing in its main.
const (
	openerName   = "xdg-open"
	openerSocket = "LANYARD_LAB_BROWSER"
)

// Opener is xdg-open at the desk: when the running program was called by that
// name it hands the address to the lab and ends the process. Otherwise it
// returns at once.
func Opener() {
	if filepath.Base(os.Args[0]) != openerName {
		return
	}
	if err := handOver(os.Getenv(openerSocket), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "xdg-open:", err)
		os.Exit(4) // "the action failed", as xdg-open has it
	}
	os.Exit(0)
}

func handOver(socket string, args []string) error {
	if len(args) != 1 {
		return errors.New("want one address")
	}
	c, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := fmt.Fprintln(c, args[0]); err != nil {
		return err
	}
	_, err = io.ReadAll(c) // until the browser has taken it
	return err
}

// Browser is the system browser at the desk: Chromium without a window. It
// starts with the first address it is asked to open, and keeps its cookies
// until the lab closes.
type Browser struct {
	lab     *Lab
	program string
	opened  chan string
	alloc   context.Context
	first   context.Context // the first tab, which keeps Chromium running
}

// Browser makes program, a Chromium, the system browser of the desk.
func (l *Lab) Browser(program string) (*Browser, error) {
	b := &Browser{lab: l, program: program, opened: make(chan string, 16)}
	bin := filepath.Join(l.dir, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if err := os.Symlink(self, filepath.Join(bin, openerName)); err != nil {
		return nil, err
	}
	socket := filepath.Join(l.dir, "run", "browser")
	ln, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	l.onClose(ln.Close)
	l.Set(openerSocket, socket)
	l.Set("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	go b.accept(ln)
	return b, nil
}

// accept takes addresses until the listener is closed.
func (b *Browser) accept(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		if line, err := bufio.NewReader(c).ReadString('\n'); err == nil {
			b.opened <- strings.TrimSpace(line)
		}
		_ = c.Close()
	}
}

// Opened waits until a program opens an address, and returns it.
func (b *Browser) Opened(ctx context.Context) (string, error) {
	select {
	case u := <-b.opened:
		return u, nil
	case <-ctx.Done():
		return "", fmt.Errorf("waiting for the browser to be opened: %w", context.Cause(ctx))
	}
}

// Untouched fails when a program opened an address that nobody waited for.
func (b *Browser) Untouched() error {
	select {
	case <-b.opened:
		return errors.New("a browser was opened although none was needed")
	default:
		return nil
	}
}

// Tab opens an address in a new tab, starting Chromium where it does not run
// yet. The tab lasts until close is called or ctx ends.
func (b *Browser) Tab(ctx context.Context, address string) (tab context.Context, closeTab context.CancelFunc, err error) {
	if b.first == nil {
		if err := b.launch(ctx); err != nil {
			return nil, nil, err
		}
	}
	tab, cancel := chromedp.NewContext(b.first)
	stop := context.AfterFunc(ctx, cancel)
	if err := chromedp.Do(tab, chromedp.EmulateViewport(1000, 720), chromedp.Navigate(address)); err != nil {
		stop()
		cancel()
		return nil, nil, fmt.Errorf("opening the page: %w", errors.Join(context.Cause(ctx), err))
	}
	return tab, func() { stop(); cancel() }, nil
}

// launch starts Chromium with a new profile. Names other than localhost do not
// resolve in it, so that nothing can reach the real Microsoft.
func (b *Browser) launch(ctx context.Context) error {
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(b.program),
		chromedp.UserDataDir(filepath.Join(b.lab.dir, "chromium")),
		chromedp.NoSandbox, // it visits nothing but pages of ours, and root has no sandbox
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
		chromedp.WSURLReadTimeout(time.Minute),
	)
	alloc, stopAlloc := chromedp.NewExecAllocator(context.WithoutCancel(ctx), opts...)
	first, stopFirst := chromedp.NewContext(alloc)
	b.lab.onClose(func() error {
		err := chromedp.Cancel(first) // asks Chromium to close, so that it leaves nothing behind
		stopFirst()
		stopAlloc()
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	})
	if err := chromedp.Do(first); err != nil {
		return fmt.Errorf("starting %s: %w", b.program, err)
	}
	b.alloc, b.first = alloc, first
	return nil
}
