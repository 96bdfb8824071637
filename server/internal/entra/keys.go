package entra

import (
	"context"
	"crypto/rsa"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"golang.org/x/time/rate"
)

// How keys are kept. Microsoft asks to look for new keys about once a day, and
// at once when a token names a key that is not known, but not more often than
// every five minutes ("Signing key rollover in the Microsoft identity platform").
const (
	unknownEvery = 5 * time.Minute // one refresh for an unknown kid, per tenant
	unknownBurst = 3               // and these at once
	retryStale   = time.Minute     // between tries to renew keys that are due
	retryNone    = 2 * time.Second // between tries while there are no keys at all
	minFresh     = 5 * time.Minute // whatever max-age says
	maxFresh     = 24 * time.Hour
	fetchTimeout = 10 * time.Second
	maxSets      = 512 // tenants kept in memory
)

// keySet is what is known of one tenant's keys. It is guarded by Verifier.mu.
type keySet struct {
	fetched
	dueAt   time.Time     // when the keys should be looked at again
	triedAt time.Time     // when that was tried last
	usedAt  time.Time     // for throwing out the least recently used
	unknown *rate.Limiter // refreshes for unknown kids
	lastErr error         // of the last try
	ended   int           // fetches that have ended
	flight  chan struct{} // closed when the fetch under way is over; nil when there is none
}

// key returns the tenant's key of that id. It fetches when there are no keys
// yet, when they are due, and, at a limited rate, when kid is unknown. Callers
// that meet share one fetch, which answers each of them; nobody who holds a
// usable key waits for another's. Keys that are due stay good while Microsoft
// cannot be reached.
func (v *Verifier) key(ctx context.Context, want Expect, kid string) (*rsa.PublicKey, error) {
	var seen *keySet // what the first look found (unless that was evicted), and
	// how many fetches had ended then
	var ended int
	for {
		v.mu.Lock()
		now := v.now()
		s := v.set(want.source(), now)
		if seen != s {
			seen, ended = s, s.ended
		}
		key, flight, err := v.look(want, s, kid, now, s.ended != ended)
		v.mu.Unlock()
		if flight == nil {
			return key, err
		}
		select {
		case <-flight:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for Microsoft's keys: %w", ctx.Err())
		}
	}
}

// look returns the key, or a fetch to wait for before looking again, or the
// refusal. It may begin a fetch, unless one has answered the caller already.
// It is called with v.mu held.
func (v *Verifier) look(want Expect, s *keySet, kid string, now time.Time, answered bool) (*rsa.PublicKey, <-chan struct{}, error) {
	key, known := s.keys[kid]
	switch {
	case known && (answered || now.Before(s.dueAt) || s.flight != nil || now.Before(s.triedAt.Add(retryStale))):
		return key, nil, nil
	case s.flight != nil && !answered:
		return nil, s.flight, nil
	case len(s.keys) == 0 && (answered || now.Before(s.triedAt.Add(retryNone))):
		return nil, nil, problem.Wrap(problem.NoEntra, fmt.Errorf("fetching keys: %w", s.lastErr))
	case answered && s.lastErr != nil:
		return nil, nil, problem.Wrap(problem.NoEntra, fmt.Errorf("looking for key %s: %w", shown(kid), s.lastErr))
	case !answered && (known || len(s.keys) == 0 || s.unknown.AllowN(now, 1)):
		v.begin(want, s, now)
		return nil, s.flight, nil
	}
	return nil, nil, refuse(problem.TokenKey, "the tenant has no key %s", shown(kid))
}

// set returns the issuer's set, making one, and room for it, when needed.
func (v *Verifier) set(issuer string, now time.Time) *keySet {
	s := v.sets[issuer]
	if s == nil {
		if v.sets == nil {
			v.sets = map[string]*keySet{}
		}
		if len(v.sets) >= maxSets {
			v.evict()
		}
		s = &keySet{unknown: rate.NewLimiter(rate.Every(unknownEvery), unknownBurst)}
		v.sets[issuer] = s
	}
	s.usedAt = now
	return s
}

// evict forgets the set that was used least recently.
func (v *Verifier) evict() {
	var oldest string
	for issuer, s := range v.sets {
		if oldest == "" || s.usedAt.Before(v.sets[oldest].usedAt) {
			oldest = issuer
		}
	}
	delete(v.sets, oldest)
}

// begin starts a fetch. It runs apart from the request that caused it: when
// that goes away, the others still get their answer. It ends by itself within
// fetchTimeout.
func (v *Verifier) begin(want Expect, s *keySet, now time.Time) {
	done := make(chan struct{})
	s.flight, s.triedAt = done, now
	before := s.fetched
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
		defer cancel()
		got, err := v.fetch(ctx, want, before)
		v.mu.Lock()
		defer v.mu.Unlock()
		defer close(done)
		s.flight, s.lastErr = nil, err
		s.ended++
		if err != nil {
			return
		}
		s.fetched = got
		s.dueAt = v.now().Add(got.maxAge)
	}()
}
