package admin

import (
	"errors"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/lanyard-sso/lanyard/problem"
)

// How often may be tried: at once, and then one in so much time. A code has a
// million values of which three are good, so that whoever has a password needs
// half a year for an even chance.
const (
	accountBurst = 10
	accountEvery = time.Minute
	visitorBurst = 40
	visitorEvery = 3 * time.Second
	maxBuckets   = 20_000
)

// limiter counts tries, by account or by address. It is safe for concurrent use,
// and its memory is bounded.
type limiter struct {
	every time.Duration
	burst int

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

func newLimiter(every time.Duration, burst int) *limiter {
	return &limiter{every: every, burst: burst, buckets: map[string]*rate.Limiter{}}
}

func (l *limiter) allow(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[key]
	if b == nil {
		if len(l.buckets) >= maxBuckets {
			l.forget(now)
		}
		b = rate.NewLimiter(rate.Every(l.every), l.burst)
		l.buckets[key] = b
	}
	return b.AllowN(now, 1)
}

// forget drops buckets that are full again, and where there are none, all: to
// forget is better than to lock out whoever is new.
func (l *limiter) forget(now time.Time) {
	for key, b := range l.buckets {
		if b.TokensAt(now) >= float64(l.burst) {
			delete(l.buckets, key)
		}
	}
	if len(l.buckets) >= maxBuckets {
		clear(l.buckets)
	}
}

// knock counts a try of a visitor, and of an account where key names one.
func (a *Admin) knock(v Visitor, key string) error {
	if a.cfg.InsecureNoRateLimits {
		return nil
	}
	now := a.now()
	if !a.visitors.allow(network(v.IP), now) {
		return problem.Wrap(problem.TooMany, errors.New("too many tries from this address"))
	}
	if key != "" && !a.accounts.allow(key, now) {
		return problem.Wrap(problem.TooMany, errors.New("too many tries for this account"))
	}
	return nil
}

// network is what is counted of an address: an IPv6 customer has a whole /64.
func network(ip netip.Addr) string {
	bits := 32
	if ip = ip.Unmap(); ip.Is6() {
		bits = 64
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}
