//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// build builds lanyardd as it is shipped.
func build(ctx context.Context, file string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", file, "github.com/lanyard-sso/lanyard/cmd/lanyardd")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building lanyardd: %w: %s", err, out)
	}
	return nil
}

// server is a running lanyardd.
type server struct {
	cmd         *exec.Cmd
	addr, admin string
	out         *bufio.Reader
}

func (b *bench) env() []string {
	return append(os.Environ(), "LANYARD_DB="+b.db.address, "LANYARD_LOG_LEVEL=error")
}

// start starts lanyardd on a free port.
func (b *bench) start(ctx context.Context) error {
	cmd := exec.Command(b.bin, "serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--json")
	var said bytes.Buffer // for when it does not come up; read after it has ended
	cmd.Env, cmd.Stderr = b.env(), &said
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s := &server{cmd: cmd, out: bufio.NewReader(pipe)}
	b.server = s
	line, err := s.out.ReadBytes('\n')
	if err != nil {
		_ = cmd.Wait()
		b.server = nil
		return fmt.Errorf("lanyardd ended before it was up: %w: %s", err, said.String())
	}
	var up struct {
		Listen string `json:"listen"`
		Admin  string `json:"admin_listen"`
	}
	if err := json.Unmarshal(line, &up); err != nil {
		return err
	}
	s.addr, s.admin = up.Listen, up.Admin
	return ctx.Err()
}

// stop ends the server and waits for it.
func (b *bench) stop() {
	if b.server == nil {
		return
	}
	_ = b.server.cmd.Process.Signal(syscall.SIGTERM)
	_ = b.server.cmd.Wait()
	b.server = nil
}

// command runs a lanyardd command and returns what it prints.
func (b *bench) command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, b.bin, args...)
	cmd.Env = b.env()
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", fmt.Errorf("lanyardd %s: %s", strings.Join(args, " "), exit.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}

// memory reads a line of /proc/PID/status (proc(5)) in MB.
func (b *bench) memory(name string) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.server.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(text), "\n") {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kb, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			if err != nil {
				return 0
			}
			return kb / 1024
		}
	}
	return 0
}

// profile writes a CPU profile of the server, for as long as a figure is
// measured, into the folder of -profile. What it returns waits for it.
func (b *bench) profile(name string) (wait func() error) {
	if b.profiles == "" {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() {
		done <- func() error {
			res, err := http.Get(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", b.server.admin, max(1, int(b.each.Seconds()))))
			if err != nil {
				return err
			}
			defer res.Body.Close() //nolint:errcheck // read to its end
			raw, err := io.ReadAll(res.Body)
			if err != nil {
				return err
			}
			if res.StatusCode != http.StatusOK {
				return fmt.Errorf("the profile: %s", res.Status)
			}
			plain := strings.NewReplacer(" ", "-", ",", "").Replace(name)
			return os.WriteFile(filepath.Join(b.profiles, fmt.Sprintf("%s-%d-%s.pprof", b.db.kind, b.size, plain)), raw, 0o600)
		}()
	}()
	return func() error { return <-done }
}

// cpu is how much processor time the server has used (proc(5), stat), in steps
// of a hundredth of a second.
func (b *bench) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", b.server.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	// The name, in brackets, may have spaces.
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	var ticks int
	for _, f := range fields[11:13] { // utime, stime
		n, err := strconv.Atoi(f)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// workspace is one that is provisioned.
type workspace struct {
	name, token string
	from, to    int // whose numbers are in it
}

func (b *bench) path(w workspace, rest string) string { return "/scim/v2/" + w.name + rest }

// seed makes workspaces with their people, and leaves the server running.
func (b *bench) seed(ctx context.Context, spaces int) error {
	spaces = min(spaces, b.size)
	if b.worst {
		spaces = 2
	}
	if err := b.start(ctx); err != nil {
		return err
	}
	for i := range spaces {
		w := workspace{name: fmt.Sprintf("bench-%03d", i), from: i * b.size / spaces, to: (i + 1) * b.size / spaces}
		if quiet := b.size - min(1000, b.size/2); b.worst {
			w.from, w.to = []int{0, quiet}[i], []int{quiet, b.size}[i]
		}
		if _, err := b.command(ctx, "workspace", "create", w.name, "--name", "Bench"); err != nil {
			return err
		}
		var err error
		if w.token, err = b.command(ctx, "scim", "token", "create", "--workspace", w.name); err != nil {
			return err
		}
		b.spaces = append(b.spaces, w)
	}
	c, err := dial(b.server.addr)
	if err != nil {
		return err
	}
	ids := map[string]workspace{}
	for _, w := range b.spaces {
		doc, err := c.must(201, "POST", b.path(w, "/Users"), w.token, person(marker))
		if err != nil {
			return err
		}
		ids[fmt.Sprint(doc["id"])] = w
	}
	c.close()
	b.stop()
	if err := b.db.copies(ctx, ids); err != nil {
		return err
	}
	syscall.Sync() // else the first to commit pays for what was copied
	if err := b.start(ctx); err != nil {
		return err
	}
	return b.check()
}

// check makes sure that the copies are people like others: each way to find
// one does.
func (b *bench) check() error {
	c, err := dial(b.server.addr)
	if err != nil {
		return err
	}
	defer c.close()
	for _, w := range []workspace{b.spaces[0], b.spaces[len(b.spaces)-1]} {
		for _, n := range []int{w.from, (w.from + w.to) / 2, w.to - 1} {
			for _, filter := range filters {
				doc, err := c.must(200, "GET", b.path(w, "/Users?filter="+url.QueryEscape(filter.of(n))), w.token, nil)
				if err != nil {
					return err
				}
				if doc["totalResults"] != 1.0 {
					return fmt.Errorf("%s finds %v people among the copies", filter.of(n), doc["totalResults"])
				}
			}
			if _, err := c.must(200, "GET", b.path(w, "/Users/"+idOf(n)), w.token, nil); err != nil {
				return err
			}
		}
		doc, err := c.must(200, "GET", b.path(w, "/Users?count=1"), w.token, nil)
		if err != nil {
			return err
		}
		if doc["totalResults"] != float64(w.to-w.from) {
			return fmt.Errorf("%s has %v people, want %d", w.name, doc["totalResults"], w.to-w.from)
		}
	}
	return nil
}
