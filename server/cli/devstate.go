package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gofrs/flock"

	"github.com/lanyard-sso/lanyard/problem"
)

// devRecord is the state file of a running dev: how a second terminal finds it.
// The token is a secret, so the file is readable by its owner alone.
type devRecord struct {
	Control   string    `json:"control"`
	Token     string    `json:"token"`
	Server    string    `json:"server"`
	Workspace string    `json:"workspace"`
	PID       int       `json:"pid"`
	Started   time.Time `json:"started"`
}

// devState is a state file in use and the control service it points to.
type devState struct {
	file   string
	record devRecord
	http   *http.Server
}

// stateVariable names the state file; without it the place is the same for
// every terminal of a person.
const stateVariable = "LANYARD_DEV_STATE"

// stateFile returns where the state file is, and whether the person said so.
func (c *command) stateFile() (name string, named bool, err error) {
	if v, ok := c.env(stateVariable); ok && v != "" {
		abs, err := filepath.Abs(v)
		return abs, true, err
	}
	base, ok := c.env("XDG_RUNTIME_DIR")
	if !ok || base == "" {
		if base, err = os.UserCacheDir(); err != nil {
			return "", false, err
		}
	}
	return filepath.Join(base, "lanyard", "dev.json"), false, nil
}

// statePlace returns where to write the state file. Without a runtime or cache
// folder that can be written, as in a bare container, it is beside the
// database; the second terminal is then told by the variable.
func (c *command) statePlace(dir string) (name string, named bool, err error) {
	name, named, err = c.stateFile()
	if err == nil {
		err = os.MkdirAll(filepath.Dir(name), 0o700)
	}
	if err != nil && named {
		return "", true, problem.Detailf(problem.BadUsage, "%s cannot be used: %v.", stateVariable, err)
	}
	if err != nil {
		return filepath.Join(dir, "dev.json"), false, nil
	}
	return name, named, nil
}

// openState starts the control service and writes the state file. Where
// another dev is running already, this one's file gets a number.
func (c *command) openState(env *devEnv) error {
	name, named, err := c.statePlace(env.dir)
	if err != nil {
		return err
	}
	lock := flock.New(name + ".lock")
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("locking %s: %w", name, err)
	}
	defer lock.Unlock()
	file := name
	for n := 2; c.aliveAt(file) != nil; n++ {
		if named {
			return problem.Detailf(problem.BadUsage, "Another lanyardd dev is running with %s=%s. End it, or name another file.", stateVariable, name)
		}
		file = numbered(name, n)
	}
	l, err := (&net.ListenConfig{}).Listen(c.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return problem.Wrap(problem.ListenFailed, err)
	}
	s := &devState{file: file, record: devRecord{
		Control: "http://" + l.Addr().String(), Token: rand.Text(), Server: env.public.String(),
		Workspace: env.ws.ID, PID: os.Getpid(), Started: c.opt.Now().UTC(),
	}}
	s.http = &http.Server{Handler: controlHandler(env.entra, s.record.Token), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.http.Serve(l) }() // ends with close
	env.state = s
	if err := s.write(); err != nil {
		s.close()
		return fmt.Errorf("writing the state file: %w", err)
	}
	return nil
}

func numbered(name string, n int) string {
	ext := filepath.Ext(name)
	return name[:len(name)-len(ext)] + "-" + strconv.Itoa(n) + ext
}

// write replaces the file in one step, so that a reader never sees half of it.
func (s *devState) write() error {
	b, err := json.Marshal(s.record)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(s.file), ".dev-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err = tmp.Write(append(b, '\n')); err == nil {
		err = tmp.Close()
	} else {
		_ = tmp.Close()
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), s.file)
}

// close ends the control service and removes the file, if it is still ours.
func (s *devState) close() {
	_ = s.http.Close()
	if r, err := readState(s.file); err == nil && r.Token == s.record.Token {
		_ = os.Remove(s.file)
	}
}

func readState(file string) (devRecord, error) {
	var r devRecord
	b, err := os.ReadFile(file)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil || r.Control == "" || r.Token == "" {
		return r, fmt.Errorf("%s is damaged", file)
	}
	return r, nil
}

// aliveAt returns a client for the dev whose state is in file, or nil if that
// dev is gone: it may have been killed before it could remove its file.
func (c *command) aliveAt(file string) *controlClient {
	r, err := readState(file)
	if err != nil {
		return nil
	}
	k := newControlClient(r)
	ctx, cancel := context.WithTimeout(c.ctx, 2*time.Second)
	defer cancel()
	if err := k.call(ctx, http.MethodGet, "/alive", nil, nil); err != nil {
		return nil
	}
	return k
}

// findDev finds the running dev. Files of those that are gone are passed over.
func (c *command) findDev() (*controlClient, error) {
	name, named, err := c.stateFile()
	if err != nil {
		return nil, problem.Wrap(problem.NoDevRunning, err)
	}
	if k := c.aliveAt(name); k != nil {
		return k, nil
	}
	if named {
		return nil, c.noDev(name)
	}
	var alive []*controlClient
	var files string
	others, _ := filepath.Glob(numbered(name, 0)[:len(numbered(name, 0))-len("0.json")] + "*.json")
	for _, f := range others {
		if k := c.aliveAt(f); k != nil {
			alive = append(alive, k)
			files += "\n    " + stateVariable + "=" + shellWord(f)
		}
	}
	switch len(alive) {
	case 0:
		return nil, c.noDev(name)
	case 1:
		return alive[0], nil
	}
	return nil, problem.Detailf(problem.BadUsage, "Several lanyardd dev are running; say which with one of%s", files)
}

// noDev says that none is running, and whether one was.
func (c *command) noDev(name string) error {
	_, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return problem.New(problem.NoDevRunning)
	}
	return problem.Detailf(problem.NoDevRunning, "%s is left over from one that has ended.", name)
}
