//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"
)

// spread is a set of measured times.
type spread []time.Duration

// at returns the time that a share of them does not exceed: the smallest value
// with at least that share at or below it, so never one that was not measured.
func (s spread) at(share float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	n := len(sorted)
	i := int(share*float64(n) + 0.999999)
	return sorted[min(max(i, 1), n)-1]
}

// String tells the median and the worst.
func (s spread) String() string {
	return fmt.Sprintf("p50 %s, max %s", short(s.at(0.5)), short(s.at(1)))
}

func short(d time.Duration) string {
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}
