//go:build linux

package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopGrace is how long a program may take to end after being asked to.
const stopGrace = 10 * time.Second

// Process is a running program whose output lines are kept, so that somebody
// can wait for one. Its methods may be called from several goroutines.
type Process struct {
	Name string
	cmd  *exec.Cmd
	// grace is how long it may take to end after being asked to.
	grace time.Duration
	done  chan struct{} // closed when the program ended and all its output was read

	mu    sync.Mutex
	lines []string
	grew  chan struct{} // closed and replaced whenever lines grew
	err   error         // what Wait returned, once done is closed
}

// Start starts a program with the lab's environment and env on top. It ends
// with the lab at the latest.
func (l *Lab) Start(env []string, stdin io.Reader, name string, args ...string) (*Process, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(l.Env(), env...)
	cmd.Dir = l.dir
	cmd.Stdin = stdin
	return l.start(cmd)
}

func (l *Lab) start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{Name: filepath.Base(cmd.Path), cmd: cmd, grace: stopGrace, done: make(chan struct{}), grew: make(chan struct{})}
	// A group of its own: a Ctrl-C at the terminal reaches the lab first, which
	// then ends everything in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.Name, err)
	}
	var readers sync.WaitGroup
	readers.Go(func() { p.read(stdout) })
	readers.Go(func() { p.read(stderr) })
	go func() {
		readers.Wait()
		err := cmd.Wait()
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
		close(p.done)
	}()
	l.onClose(p.Stop)
	return p, nil
}

// read keeps the lines of one stream.
func (p *Process) read(r io.Reader) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, 4<<20)
	for s.Scan() {
		p.mu.Lock()
		p.lines = append(p.lines, s.Text())
		close(p.grew)
		p.grew = make(chan struct{})
		p.mu.Unlock()
	}
	_, _ = io.Copy(io.Discard, r) // a line too long must not block the program
}

// PID is the program's process number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Mark is the number of lines so far, for Await.
func (p *Process) Mark() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.lines)
}

// Lines returns the lines from a mark on.
func (p *Process) Lines(from int) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.lines[min(from, len(p.lines)):]...)
}

// Await waits for the first line, from a mark on, that match accepts. It fails
// when the program ends before or ctx does, and then tells the last lines.
func (p *Process) Await(ctx context.Context, from int, what string, match func(line string) bool) (string, error) {
	for {
		p.mu.Lock()
		grew := p.grew
		for ; from < len(p.lines); from++ {
			if match(p.lines[from]) {
				line := p.lines[from]
				p.mu.Unlock()
				return line, nil
			}
		}
		p.mu.Unlock()
		select {
		case <-grew:
		case <-p.done:
			if p.Mark() == from {
				return "", fmt.Errorf("%s ended before %s:\n%s", p.Name, what, p.Tail())
			}
		case <-ctx.Done():
			return "", fmt.Errorf("waiting for %s, %s to say so: %w; it said last:\n%s", what, p.Name, context.Cause(ctx), p.Tail())
		}
	}
}

// Tail is how what the program said begins and ends.
func (p *Process) Tail() string {
	lines := p.Lines(0)
	if head := min(5, len(lines)); len(lines) > head+25 {
		lines = slices.Concat(lines[:head], []string{"…"}, lines[len(lines)-25:])
	}
	return "    " + strings.Join(lines, "\n    ")
}

// Stop asks the program to end, waits, and ends it if it does not. It may be
// called again.
func (p *Process) Stop() error {
	select {
	case <-p.done:
		return nil
	default:
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	t := time.NewTimer(p.grace)
	defer t.Stop()
	select {
	case <-p.done:
		return nil
	case <-t.C:
		_ = p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("%s did not end within %s and was killed", p.Name, p.grace)
	}
}

// Wait waits for the program to end by itself.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Output runs a short program to its end and returns what it printed.
func (l *Lab) Output(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = l.Env()
	cmd.Dir = l.dir
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return "", fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// firstLine reads one line that a program writes to a file descriptor of its
// own, as Xvfb and dbus-daemon do once they are ready.
func firstLine(ctx context.Context, r *os.File) (string, error) {
	type answer struct {
		line string
		err  error
	}
	ch := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(r).ReadString('\n')
		ch <- answer{strings.TrimSpace(line), err}
	}()
	select {
	case a := <-ch:
		return a.line, a.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
