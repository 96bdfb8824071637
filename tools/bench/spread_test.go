//go:build linux

package main

import (
	"testing"
	"time"
)

func TestAt_itReturnsAMeasuredValue(t *testing.T) {
	var hundred spread
	for i := 100; i >= 1; i-- {
		hundred = append(hundred, time.Duration(i))
	}
	for share, want := range map[float64]time.Duration{0: 1, 0.5: 50, 0.99: 99, 0.995: 100, 1: 100} {
		if got := hundred.at(share); got != want {
			t.Errorf("at(%v) is %d, want %d", share, got, want)
		}
	}
	if got := (spread{7}).at(0.5); got != 7 {
		t.Errorf("the median of one value is %d", got)
	}
	if got := spread(nil).at(0.5); got != 0 {
		t.Errorf("the median of nothing is %d", got)
	}
}
