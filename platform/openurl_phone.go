//go:build ios && !cgo

package platform

import (
	"context"
	"errors"

	"github.com/lanyard-sso/lanyard/problem"
)

// openURL cannot work without the window's help: iOS opens addresses by
// way of the running scene. The caller gives msal another opener.
func openURL(context.Context, string) error {
	return problem.Wrap(problem.NoBrowser, errors.New("only the app's window can open a browser here"))
}
