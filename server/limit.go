package server

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"golang.org/x/time/rate"
)

// How often one address may ask, per second and at once. A whole office may
// stand behind one address at nine in the morning, so sign-ins are generous:
// what they protect is work, since a token cannot be guessed. Look-ups are
// slower, since names can.
const (
	lookUpRate, lookUpBurst = 2, 120
	signInRate, signInBurst = 20, 400
	samlRate, samlBurst     = 50, 3000 // a sign-in takes three requests
	// Passwords can be guessed; an office that comes in the morning has a hundred.
	passwordRate, passwordBurst = 0.5, 100
	maxAddresses                = 20_000
)

// limiter is a token bucket for each client address. It is safe for concurrent
// use, and its memory is bounded.
type limiter struct {
	now   func() time.Time
	every rate.Limit
	burst int

	mu      sync.Mutex
	buckets map[netip.Prefix]*rate.Limiter
}

func newLimiter(now func() time.Time, every rate.Limit, burst int) *limiter {
	return &limiter{now: now, every: every, burst: burst, buckets: map[netip.Prefix]*rate.Limiter{}}
}

// allow takes one from the bucket of an address. An IPv6 customer has a whole
// /64, so that is what is counted.
func (l *limiter) allow(ip netip.Addr) bool {
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	key, err := ip.Prefix(bits)
	if err != nil {
		key = netip.Prefix{} // addresses that cannot be read share one bucket
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[key]
	if b == nil {
		if len(l.buckets) >= maxAddresses {
			l.forget(now)
		}
		b = rate.NewLimiter(l.every, l.burst)
		l.buckets[key] = b
	}
	return b.AllowN(now, 1)
}

// forget drops the buckets that are full again, which are the same as none.
// Under a flood from very many addresses it drops all: better to forget than to
// lock out everybody new.
func (l *limiter) forget(now time.Time) {
	for key, b := range l.buckets {
		if b.TokensAt(now) >= float64(l.burst) {
			delete(l.buckets, key)
		}
	}
	if len(l.buckets) >= maxAddresses {
		clear(l.buckets)
	}
}

// limit returns a check for handlers. It is the caller's address that counts,
// as seen through trusted proxies.
func (c Config) limit(every rate.Limit, burst int) func(*http.Request) error {
	if c.InsecureNoRateLimits {
		return func(*http.Request) error { return nil }
	}
	l := newLimiter(c.Now, every, burst)
	return func(r *http.Request) error {
		if !l.allow(c.clientIP(r)) {
			return problem.Wrap(problem.TooMany, errors.New("too many requests from this address"))
		}
		return nil
	}
}

// clientIP is the address of whoever asks: the peer's, or, where that is a
// trusted proxy, the last address in X-Forwarded-For that is not one. What
// stands before that could have been written by the client. The zero Addr
// means that it cannot be told.
func (c Config) clientIP(r *http.Request) netip.Addr {
	ip := parseIP(r.RemoteAddr)
	if !c.trusted(ip) {
		return ip
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		next := parseIP(strings.TrimSpace(hop))
		if !next.IsValid() {
			return ip
		}
		ip = next
		if !c.trusted(ip) {
			return ip
		}
	}
	return ip
}

func (c Config) trusted(ip netip.Addr) bool {
	return slices.ContainsFunc(c.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// parseIP reads an address with or without a port.
func parseIP(s string) netip.Addr {
	if host, _, err := net.SplitHostPort(s); err == nil {
		s = host
	}
	ip, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return ip.Unmap().WithZone("")
}
