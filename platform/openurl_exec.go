//go:build !windows && !android && !ios

package platform

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

// startGrace is how long a program may take to fail. One that still runs then
// is taken to be the browser itself, or to have found one.
const startGrace = 3 * time.Second

// runFirst tries the commands in turn until one starts without failing.
func runFirst(ctx context.Context, commands [][]string) error {
	failed := []error{errors.New("no program to open a browser with")}
	for _, args := range commands {
		path, err := exec.LookPath(args[0])
		if err != nil {
			continue
		}
		if err = runDetached(ctx, path, args[1:]); err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failed = append(failed, fmt.Errorf("%s: %w", filepath.Base(path), err))
	}
	return problem.Wrap(problem.NoBrowser, errors.Join(failed...))
}

// runDetached starts a program in a session of its own, with nothing to read
// from or write to, so that it outlives this process and shares no terminal
// with it. It returns when the program ends or has run for a while.
func runDetached(ctx context.Context, path string, args []string) error {
	cmd := exec.Command(path, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	grace := time.NewTimer(startGrace)
	defer grace.Stop()
	select {
	case err := <-ended:
		return err
	case <-grace.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
