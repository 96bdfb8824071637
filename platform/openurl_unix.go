//go:build !windows && !darwin && !android && !ios && !lanyard_jvm

package platform

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

// openURL asks $BROWSER first (a list separated by colons, %s standing for the
// address), then the programs that know the desktop's default browser. Those
// fall back to a browser in the terminal when there is no display, which could
// not come back to us, so without a display they are not asked.
func openURL(ctx context.Context, u string) error {
	commands := fromBROWSER(os.Getenv("BROWSER"), u)
	if os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "" || os.Getenv("WSL_DISTRO_NAME") != "" {
		for _, name := range []string{"xdg-open", "x-www-browser", "www-browser", "wslview"} {
			commands = append(commands, []string{name, u})
		}
	}
	if len(commands) == 0 {
		return problem.Wrap(problem.NoBrowser, errors.New("no display and no $BROWSER"))
	}
	return runFirst(ctx, commands)
}

// fromBROWSER reads $BROWSER. Each entry is split at spaces and run without a
// shell.
func fromBROWSER(list, u string) (commands [][]string) {
	for entry := range strings.SplitSeq(list, ":") {
		args := strings.Fields(entry)
		if len(args) == 0 {
			continue
		}
		placed := false
		for i, a := range args[1:] {
			if strings.Contains(a, "%s") {
				args[i+1], placed = strings.ReplaceAll(a, "%s", u), true
			}
		}
		if !placed {
			args = append(args, u)
		}
		commands = append(commands, args)
	}
	return commands
}
