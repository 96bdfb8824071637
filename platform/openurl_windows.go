package platform

import (
	"context"
	"errors"

	"github.com/pkg/browser"

	"github.com/lanyard-sso/lanyard/problem"
)

// openURL uses ShellExecute, which starts no program that would inherit
// anything of ours. It normally returns at once, but talks to the shell.
func openURL(ctx context.Context, u string) error {
	done := make(chan error, 1)
	go func() { done <- browser.OpenURL(u) }()
	select {
	case err := <-done:
		if err != nil {
			return problem.Wrap(problem.NoBrowser, errors.New("ShellExecute: "+err.Error()))
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
