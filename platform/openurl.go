package platform

import (
	"context"
	"errors"
	"net"
	"net/url"

	"github.com/lanyard-sso/lanyard/problem"
)

// maxURL is longer than any sign-in address and shorter than any system's limit
// on arguments.
const maxURL = 16 << 10

// OpenURL shows rawURL in the person's own browser. It accepts https://
// addresses, and http:// ones on loopback, and returns once a browser was
// started, or problem.NoBrowser. It never waits for the browser to be closed
// and never shows the browser's own output. No error holds the address: its
// query is a secret of the sign-in.
func OpenURL(ctx context.Context, rawURL string) error {
	if err := checkURL(rawURL); err != nil {
		return problem.Wrap(problem.NoBrowser, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return openURL(ctx, rawURL)
}

// checkURL keeps everything that is not a web address away from programs that
// would open it: file:, javascript:, an option that begins with a dash.
func checkURL(rawURL string) error {
	u, err := url.Parse(rawURL)
	switch {
	case err != nil:
		return errors.New("not an address") // err repeats the address
	case len(rawURL) > maxURL:
		return errors.New("the address is too long")
	case u.Host == "" || u.User != nil || u.Opaque != "":
		return errors.New("not a web address")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return errors.New("neither https:// nor on loopback")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
