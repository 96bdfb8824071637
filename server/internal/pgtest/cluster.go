//go:build unix

package pgtest

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

const (
	// port only names the socket: nothing listens on the network.
	port = "5432"
	// startTime is how long a cluster may take to answer.
	startTime = 60 * time.Second
	// stopTime is how long it may take to end before it is killed.
	stopTime = 20 * time.Second
)

var errMissing = errors.New("no PostgreSQL server programs found")

// cluster is one PostgreSQL server that belongs to this process.
type cluster struct {
	dir   string // socket, data and log
	cmd   *exec.Cmd
	ended chan struct{} // closed when the server has ended
	err   error         // how, once it has
}

// room is the folder that clusters are made in: that of temporary files, unless the
// path of a Unix socket there, which has at most about 100 characters, would be too
// long, or the user who runs PostgreSQL instead of root could not get there.
func room() string {
	dir := filepath.Clean(os.TempDir())
	if len(dir) > 60 {
		return "/tmp"
	}
	for above := dir; os.Getuid() == 0 && above != "/"; above = filepath.Dir(above) {
		if info, err := os.Stat(above); err != nil || info.Mode().Perm()&1 == 0 {
			return "/tmp"
		}
	}
	return dir
}

// startCluster makes a cluster and waits until it answers.
func startCluster() (*cluster, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(room(), "pgtest-")
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: dir, ended: make(chan struct{})}
	if err := c.boot(bin); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

func (c *cluster) boot(bin string) error {
	who, err := owner(c.dir)
	if err != nil {
		return err
	}
	data := filepath.Join(c.dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "--pgdata", data, "--username", role,
		"--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = c.dir, who
	if out, err := initdb.CombinedOutput(); err != nil {
		close(c.ended)
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	log, err := os.Create(filepath.Join(c.dir, "log"))
	if err != nil {
		close(c.ended)
		return err
	}
	defer log.Close() // the server has its own handle
	c.cmd = exec.Command(filepath.Join(bin, "postgres"), append([]string{
		"-D", data, "-k", c.dir, "-p", port,
		"-c", "listen_addresses=", "-c", "shared_buffers=64MB", "-c", "max_connections=200",
		"-c", "unix_socket_permissions=0700", "-c", "logging_collector=off",
	}, durability()...)...)
	c.cmd.Dir, c.cmd.SysProcAttr = c.dir, endWithParent(who)
	c.cmd.Stdout, c.cmd.Stderr = log, log
	if err := c.run(); err != nil {
		return fmt.Errorf("starting postgres: %w", err)
	}
	return c.ready()
}

// durability is the usual one for benchmarks, which must not flatter, and none for
// tests, which end with the cluster.
func durability() []string {
	if bench := flag.Lookup("test.bench"); bench != nil && bench.Value.String() != "" {
		return nil
	}
	return []string{"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "wal_level=minimal", "-c", "max_wal_senders=0"}
}

// run starts the server from a thread that stays until it has ended: on
// Linux the server ends with the thread that started it, and so with a test
// binary that was killed.
func (c *cluster) run() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.cmd.Start()
		started <- err
		if err == nil {
			c.err = c.cmd.Wait()
		}
		close(c.ended)
	}()
	return <-started
}

// ready waits until the server answers.
func (c *cluster) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := c.admin(ctx, `select 1`)
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-c.ended:
			return fmt.Errorf("postgres ended: %w\n%s", c.err, c.log())
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w\n%s", err, c.log())
		}
	}
}

// stop ends the server, by its process, and removes its files.
func (c *cluster) stop() error {
	var failed error
	if c.cmd != nil && c.cmd.Process != nil {
		_ = c.cmd.Process.Signal(os.Interrupt) // a fast shutdown; an error means that it has ended
		late := time.NewTimer(stopTime)
		defer late.Stop()
		select {
		case <-c.ended:
		case <-late.C:
			failed = errors.New("postgres did not end in time and was killed")
			_ = c.cmd.Process.Kill()
			<-c.ended
		}
	}
	return errors.Join(failed, os.RemoveAll(c.dir))
}

// log is the end of what the server wrote.
func (c *cluster) log() []byte {
	b, err := os.ReadFile(filepath.Join(c.dir, "log"))
	if err != nil {
		return []byte(err.Error())
	}
	return bytes.TrimSpace(b[max(0, len(b)-2000):])
}

// programs finds the folder of initdb and postgres: Debian keeps one for each
// version outside PATH.
func programs() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		return filepath.Dir(slices.MaxFunc(found, byVersion)), nil
	}
	if p, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(p), nil
	}
	return "", errMissing
}

// byVersion compares /usr/lib/postgresql/9/… and /usr/lib/postgresql/15/… as
// numbers: more digits are more.
func byVersion(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return bytes.Compare([]byte(a), []byte(b))
}
