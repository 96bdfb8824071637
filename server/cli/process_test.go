//go:build unix

package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/pgtest"
)

// patience bounds every wait in these tests. Nothing waits for it to pass.
const patience = 60 * time.Second

// scratch is a folder for the program under test, removed at the end.
var scratch string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "lanyardd-test-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		scratch = dir
		return pgtest.Main(m)
	}())
}

// program builds lanyardd as it is shipped, once, and returns its file.
var program = sync.OnceValues(func() (string, error) {
	file := filepath.Join(scratch, "lanyardd")
	build := exec.Command("go", "build", "-o", file, "github.com/lanyard-sso/lanyard/cmd/lanyardd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return file, nil
})

// terminal is where a person types: a folder and an environment.
type terminal struct {
	t   *testing.T
	dir string
	env []string
}

func newTerminal(t *testing.T, env ...string) *terminal {
	t.Helper()
	dir := t.TempDir()
	clean := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "XDG_RUNTIME_DIR=" + dir, "TMPDIR=" + dir}
	return &terminal{t, dir, append(clean, env...)}
}

func (tm *terminal) command(args ...string) *exec.Cmd {
	tm.t.Helper()
	file, err := program()
	if err != nil {
		tm.t.Fatal(err)
	}
	cmd := exec.Command(file, args...)
	cmd.Dir, cmd.Env = tm.dir, tm.env
	return cmd
}

// run runs a command that ends by itself.
func (tm *terminal) run(args ...string) (out, errOut string, code int) {
	tm.t.Helper()
	cmd := tm.command(args...)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		tm.t.Fatal(err)
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

// must runs a command that must succeed, and returns its result.
func (tm *terminal) must(args ...string) string {
	tm.t.Helper()
	out, errOut, code := tm.run(args...)
	if code != 0 {
		tm.t.Fatalf("lanyardd %s ended with %d:\n%s", strings.Join(args, " "), code, errOut)
	}
	return out
}

// daemon is a lanyardd that keeps running.
type daemon struct {
	tm     *terminal
	cmd    *exec.Cmd
	out    *bufio.Reader
	errOut bytes.Buffer // complete once it has ended
	ended  chan struct{}
}

// start starts a command that keeps running. It is killed at the test's end,
// if it still runs then.
func (tm *terminal) start(args ...string) *daemon {
	tm.t.Helper()
	d := &daemon{tm: tm, cmd: tm.command(args...), ended: make(chan struct{})}
	r, w, err := os.Pipe()
	if err != nil {
		tm.t.Fatal(err)
	}
	d.out, d.cmd.Stdout, d.cmd.Stderr = bufio.NewReader(r), w, &d.errOut
	if err := d.cmd.Start(); err != nil {
		tm.t.Fatal(err)
	}
	_ = w.Close()
	go func() {
		_ = d.cmd.Wait()
		close(d.ended)
	}()
	tm.t.Cleanup(func() {
		_ = d.cmd.Process.Kill()
		<-d.ended
		_ = r.Close()
		if tm.t.Failed() {
			tm.t.Logf("lanyardd %s said:\n%s", strings.Join(args, " "), d.said())
		}
	})
	return d
}

// line reads the one line of JSON that a daemon prints once it is up.
func (d *daemon) line(into any) string {
	d.tm.t.Helper()
	text, err := d.out.ReadString('\n')
	if err != nil {
		<-d.ended
		d.tm.t.Fatalf("it ended (%d) before it was up", d.cmd.ProcessState.ExitCode())
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		d.tm.t.Fatalf("the line %q: %v", text, err)
	}
	return text
}

// stop asks it to end, and returns the exit code and what else it printed.
func (d *daemon) stop(sig syscall.Signal) (code int, rest string) {
	d.tm.t.Helper()
	if err := d.cmd.Process.Signal(sig); err != nil {
		d.tm.t.Fatal(err)
	}
	select {
	case <-d.ended:
	case <-time.After(patience):
		d.tm.t.Fatalf("it did not end within %v", patience)
	}
	var b strings.Builder
	_, _ = d.out.WriteTo(&b)
	return d.cmd.ProcessState.ExitCode(), b.String()
}

// said is all that it wrote on stderr, known once it has ended: what it writes
// arrives by another way than its line on stdout, and may be later.
func (d *daemon) said() string {
	<-d.ended
	return d.errOut.String()
}

// ready polls /readyz until it answers 200.
func ready(t *testing.T, server string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	last := ""
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
			last = resp.Status
		} else {
			last = err.Error()
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s/readyz: %s", server, last)
		case <-tick.C:
		}
	}
}
