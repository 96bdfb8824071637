package signin

import (
	"math/rand/v2"
	"time"
)

// refreshEvery is how often metadata is read, give or take a tenth (row B18).
const refreshEvery = 12 * time.Hour

// jittered spreads d, so that many connections are not refreshed at once.
func jittered(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5)
}
