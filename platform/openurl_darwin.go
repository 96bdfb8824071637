//go:build darwin && !ios

package platform

import "context"

// openURL uses open(1), which knows the default browser.
func openURL(ctx context.Context, u string) error {
	return runFirst(ctx, [][]string{{"/usr/bin/open", u}})
}
