//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/lanyard-sso/lanyard/tools/internal/lab"
)

// starts is how often each program is started; they take turns.
const starts = 9

// frames compares the app's first painted frame, and its memory, with those of
// the smallest Fyne window there is.
func (b *bench) frames(ctx context.Context) error {
	l, err := lab.New()
	if err != nil {
		return err
	}
	defer l.Close()
	hello := filepath.Join(l.Dir(), "hello")
	if out, err := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", hello, "./tools/bench/hello").CombinedOutput(); err != nil {
		return fmt.Errorf("building hello: %w: %s", err, out)
	}
	l.Set("LANG", "en_US.UTF-8")
	s, err := l.Screen(ctx, 1000, 800)
	if err != nil {
		return err
	}
	if err := l.Bus(ctx); err != nil {
		return err
	}
	if err := l.Keyring(ctx); err != nil {
		return err
	}
	times, memory := map[string]spread{}, map[string]int{}
	for range starts {
		for _, program := range []string{hello, filepath.Join(b.bin, "lanyard")} {
			took, rss, err := firstFrame(ctx, l, s, program)
			if err != nil {
				return err
			}
			name := filepath.Base(program)
			times[name] = append(times[name], took)
			memory[name] = max(memory[name], rss)
		}
	}
	for _, name := range []string{"hello", "lanyard"} {
		b.add("first painted frame of `"+name+"`", times[name].String(), "start of the program to pixels on an Xvfb screen (software OpenGL), %d starts, in turns", starts)
	}
	for _, name := range []string{"hello", "lanyard"} {
		b.add("memory of `"+name+"`", fmt.Sprintf("%d MB", memory[name]), "resident, with its window open, the largest of %d", starts)
	}
	return nil
}

// firstFrame starts a program on an empty screen, and tells how long it took
// to paint something and how many megabytes it then has.
func firstFrame(ctx context.Context, l *lab.Lab, s *lab.Screen, program string) (time.Duration, int, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := lab.Until(ctx, "an empty screen", func() (bool, error) { return !s.Drawn(), nil }); err != nil {
		return 0, 0, err
	}
	began := time.Now()
	p, err := l.Start(nil, nil, program)
	if err != nil {
		return 0, 0, err
	}
	defer p.Stop()
	for look := time.NewTicker(time.Millisecond); !s.Drawn(); {
		select {
		case <-look.C:
		case <-p.Done():
			return 0, 0, fmt.Errorf("%s ended:\n%s", p.Name, p.Tail())
		case <-ctx.Done():
			return 0, 0, context.Cause(ctx)
		}
	}
	took := time.Since(began)
	w, err := l.Window(ctx, s, p)
	if err != nil {
		return 0, 0, err
	}
	if _, err := w.Settle(ctx); err != nil {
		return 0, 0, err
	}
	rss, err := residentMB(p.PID())
	return took, rss, err
}

var rssLine = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)

// residentMB is the resident memory of a process (proc(5), VmRSS).
func residentMB(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	m := rssLine.FindSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("process %d tells no VmRSS", pid)
	}
	kb, err := strconv.Atoi(string(m[1]))
	return kb / 1024, err
}
