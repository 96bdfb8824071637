//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Lab is one desk. Close ends everything that was started at it.
type Lab struct {
	dir     string
	mu      sync.Mutex
	env     map[string]string // on top of the process's own environment
	closers []func() error
}

// inherited are the variables of the surrounding environment that a lab keeps:
// nothing that would lead a program to the person's own files, bus or proxy.
var inherited = []string{"PATH", "LANG", "LC_ALL", "LANGUAGE", "USER", "LOGNAME", "TZ"}

// New lays out a desk: a home of its own and nothing running.
func New() (*Lab, error) {
	dir, err := os.MkdirTemp("", "lanyard-lab-")
	if err != nil {
		return nil, err
	}
	l := &Lab{dir: dir, env: map[string]string{}}
	l.onClose(func() error { return os.RemoveAll(dir) })
	for name, folder := range map[string]string{
		"HOME": "home", "XDG_DATA_HOME": "home/.local/share", "XDG_CONFIG_HOME": "home/.config",
		"XDG_CACHE_HOME": "home/.cache", "XDG_STATE_HOME": "home/.local/state", "XDG_RUNTIME_DIR": "run", "TMPDIR": "tmp",
	} {
		path := filepath.Join(dir, folder)
		if err := os.MkdirAll(path, 0o700); err != nil {
			return nil, errors.Join(err, l.Close())
		}
		l.Set(name, path)
	}
	// Without a bus of the desk's own, none is started behind its back.
	l.Set("DBUS_SESSION_BUS_ADDRESS", "disabled:")
	return l, nil
}

// Dir is the temporary folder of everything at the desk.
func (l *Lab) Dir() string { return l.dir }

// Home is the home folder of the person at the desk.
func (l *Lab) Home() string { return filepath.Join(l.dir, "home") }

// Set sets a variable for the programs started from now on.
func (l *Lab) Set(name, value string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.env[name] = value
}

// Unset takes a variable away.
func (l *Lab) Unset(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.env, name)
}

// Env is the environment of the programs at the desk.
func (l *Lab) Env() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var env []string
	for _, name := range inherited {
		if v, ok := os.LookupEnv(name); ok && l.env[name] == "" {
			env = append(env, name+"="+v)
		}
	}
	for name, v := range l.env {
		env = append(env, name+"="+v)
	}
	slices.Sort(env)
	return env
}

// onClose adds something to end with the lab; the last is ended first.
func (l *Lab) onClose(f func() error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closers = append(l.closers, f)
}

// Close ends all programs and removes the folder. It may be called twice.
func (l *Lab) Close() error {
	var errs []error
	for {
		l.mu.Lock()
		n := len(l.closers)
		if n == 0 {
			l.mu.Unlock()
			return errors.Join(errs...)
		}
		f := l.closers[n-1]
		l.closers = l.closers[:n-1]
		l.mu.Unlock()
		errs = append(errs, f())
	}
}

// Bus starts a D-Bus session bus.
func (l *Lab) Bus(ctx context.Context) error {
	line, err := l.announced(ctx, "dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=3")
	if err != nil {
		return fmt.Errorf("starting a session bus: %w", err)
	}
	l.Set("DBUS_SESSION_BUS_ADDRESS", line)
	return nil
}

// announced starts a program that writes one line to descriptor 3 when ready.
func (l *Lab) announced(ctx context.Context, name string, args ...string) (string, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer r.Close()
	cmd := exec.Command(name, args...)
	cmd.Env = l.Env()
	cmd.ExtraFiles = []*os.File{w}
	p, err := l.start(cmd)
	_ = w.Close()
	if err != nil {
		return "", err
	}
	line, err := firstLine(ctx, r)
	if err != nil {
		return "", fmt.Errorf("%s: %w:\n%s", name, err, p.Tail())
	}
	return line, nil
}

// Keyring starts gnome-keyring with a new, unlocked keyring, as logging in to a
// desktop does. It needs a Bus.
func (l *Lab) Keyring(ctx context.Context) error {
	p, err := l.Start(nil, strings.NewReader("the demo's own password"), "gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
	if err != nil {
		return err
	}
	// NameHasOwner, unlike any other call, does not make the bus start a
	// second, locked keyring of its own.
	return Until(ctx, "the keyring to be unlocked", func() (bool, error) {
		out, err := l.Output(ctx, "dbus-send", "--session", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/", "org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets")
		select {
		case <-p.Done():
			return false, fmt.Errorf("gnome-keyring-daemon ended:\n%s", p.Tail())
		default:
		}
		if err != nil || !strings.Contains(out, "true") {
			return false, err
		}
		_, err = l.Secrets(ctx)
		return err == nil, nil
	})
}

// Secrets counts what the keyring holds, of any program.
func (l *Lab) Secrets(ctx context.Context) (int, error) {
	out, err := l.Output(ctx, "dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.secrets",
		"/org/freedesktop/secrets/collection/login", "org.freedesktop.DBus.Properties.Get",
		"string:org.freedesktop.Secret.Collection", "string:Items")
	if err != nil {
		return 0, fmt.Errorf("asking the keyring: %w", err)
	}
	return strings.Count(out, "object path"), nil
}

// Until asks again and again whether something that sends no event has come
// about, until it has or ctx ends.
func Until(ctx context.Context, what string, ask func() (bool, error)) error {
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := ask(); err != nil && ctx.Err() == nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		} else if ok {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, context.Cause(ctx))
		}
	}
}
