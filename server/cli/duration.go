package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
)

// parseDuration reads a duration as time.ParseDuration does, and also whole
// days (365d) and weeks (2w), which here are always 24 and 168 hours.
func parseDuration(flag, text string) (time.Duration, error) {
	bad := problem.Detailf(problem.BadUsage, "%s %q is not a length of time; write 90m, 8h, 30d or 52w.", flag, text)
	for unit, hours := range map[string]int64{"d": 24, "w": 168} {
		number, ok := strings.CutSuffix(text, unit)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(number, 10, 32)
		if err != nil || n < 0 || n > int64(maxDuration/time.Hour)/hours {
			return 0, bad
		}
		return time.Duration(n*hours) * time.Hour, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > maxDuration {
		return 0, bad
	}
	return d, nil
}

// maxDuration is a hundred years, far from where a Duration overflows.
const maxDuration = 100 * 365 * 24 * time.Hour

// formatDuration writes a duration as a person would type it.
func formatDuration(d time.Duration) string {
	day := 24 * time.Hour
	switch {
	case d == 0:
		return "0"
	case d%day == 0:
		return strconv.FormatInt(int64(d/day), 10) + "d"
	case d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + "h"
	case d%time.Minute == 0:
		return strconv.FormatInt(int64(d/time.Minute), 10) + "m"
	}
	return d.String()
}
