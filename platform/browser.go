package platform

import (
	"context"

	"github.com/lanyard-sso/lanyard/auth"
)

// Browser is how this system opens a browser for a sign-in, and how the
// browser comes back into the app.
type Browser struct {
	// OpenURL shows an address, as the function of that name does.
	OpenURL func(ctx context.Context, url string) error
	// Return prepares the way back for one sign-in. Where the app's own
	// redirect cannot be used it is [Loopback]'s.
	Return auth.ReturnFunc
	// Resume prepares the way back of a sign-in that an earlier process of the
	// app began, whose answer may already be here. Android ends processes that
	// are not seen, and one that waits for a browser is not. Nil means that a
	// sign-in ends with its process.
	Resume func(ctx context.Context, state, redirectURI string) (auth.Return, error)
}
