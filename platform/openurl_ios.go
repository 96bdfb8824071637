package platform

import (
	"context"

	"github.com/lanyard-sso/lanyard/platform/internal/apple"
	"github.com/lanyard-sso/lanyard/problem"
)

// openURL leaves the app for the person's browser.
func openURL(ctx context.Context, u string) error {
	err := apple.Open(ctx, u)
	if err != nil && ctx.Err() == nil {
		return problem.Wrap(problem.NoBrowser, err)
	}
	return err
}
