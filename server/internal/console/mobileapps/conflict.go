package mobileapps

import (
	"errors"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/mobile"
)

// seenVersion is the version that a form began with; nil where it says none.
func seenVersion(s string) (*int64, error) {
	if s == "" {
		return nil, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return nil, console.Bad("version", "It is a number.")
	}
	return &n, nil
}

// conflict says of a change that somebody else was quicker with what is stored now
// and what would be stored: both versions.
func conflict(err error) error {
	var c *mobile.Conflict
	if !errors.As(err, &c) {
		return err
	}
	return problem.Detailf(problem.MobileChanged, "%s stored version %d: %s. Yours would be: %s.",
		c.Stored.By, c.Stored.Version, listed(c.Stored), listed(c.Wanted))
}

// listed names all apps in a few words.
func listed(m directory.Mobile) string {
	var all []string
	for _, a := range m.Apple {
		all = append(all, a.BundleID+" (iOS, macOS)")
	}
	for _, a := range m.Android {
		words := a.Package + " (Android, " + a.SignatureHash
		if a.MSAL != nil {
			words += ", with MSAL configuration"
		}
		all = append(all, words+")")
	}
	if m.Desktop {
		all = append(all, "desktops")
	}
	if len(all) == 0 {
		return "no app"
	}
	return strings.Join(all, ", ")
}
