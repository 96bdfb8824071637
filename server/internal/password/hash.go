// Package password keeps passwords as argon2id hashes, and says which are too
// weak to be one.
//
// It decides what a password costs to try, how many are tried at the same time,
// and which guessers would try first. Whose a password is, how often it may be
// tried, and what it opens is decided by its callers.
//
// Sources: RFC 9106, OWASP's Password Storage Cheat Sheet, NIST SP 800-63B.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost is what one password costs to try.
type Cost struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// Usual is the cost of passwords that are set now.
var usual = Cost{Memory: 19 << 10, Passes: 2, Threads: 1}

const (
	saltBytes, keyBytes = 16, 32
	// What is read from a database may cost no more than this.
	mostMemory, mostPasses, mostThreads = 1 << 20, 32, 16
	// atOnce is how many passwords are hashed at the same time: each takes its
	// memory.
	atOnce = 4
)

// ErrHash says that what is kept of a password cannot be read.
var ErrHash = errors.New("password: what is kept cannot be read")

// Hasher hashes passwords, a few at a time. It is safe for concurrent use.
type Hasher struct {
	cost   Cost
	slots  chan struct{}
	nobody string
}

// NewHasher returns a Hasher. The zero Cost is the usual one.
func NewHasher(c Cost) *Hasher {
	if c == (Cost{}) {
		c = usual
	}
	var salt [saltBytes]byte
	var key [keyBytes]byte // of no password that anybody knows
	_, _ = rand.Read(salt[:])
	_, _ = rand.Read(key[:])
	return &Hasher{cost: c, slots: make(chan struct{}, atOnce), nobody: c.phc(salt[:], key[:])}
}

// Hash returns the PHC string of a password, such as
// $argon2id$v=19$m=19456,t=2,p=1$salt$key. It waits for its turn as long as ctx.
func (h *Hasher) Hash(ctx context.Context, password string) (phc string, err error) {
	var salt [saltBytes]byte
	_, _ = rand.Read(salt[:]) // never fails
	err = h.turn(ctx, func() { phc = h.cost.with(salt[:], password) })
	return phc, err
}

// Matches reports whether a password is that of a PHC string, and whether it
// should be hashed anew as its cost is not the one that passwords have now. The
// empty string is nobody's: it takes as long, and never matches.
func (h *Hasher) Matches(ctx context.Context, phc, password string) (ok, stale bool, err error) {
	known := phc != ""
	if !known {
		phc = h.nobody
	}
	c, salt, key, err := parse(phc)
	if err != nil {
		return false, false, err
	}
	err = h.turn(ctx, func() {
		got := argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, c.Threads, uint32(len(key)))
		ok = subtle.ConstantTimeCompare(got, key) == 1
	})
	return ok && known && err == nil, c != h.cost, err
}

// turn runs f when there is room, or gives up with ctx.
func (h *Hasher) turn(ctx context.Context, f func()) error {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("password: waiting for a turn: %w", ctx.Err())
	}
	defer func() { <-h.slots }()
	f()
	return nil
}

func (c Cost) with(salt []byte, password string) string {
	return c.phc(salt, argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, c.Threads, keyBytes))
}

// phc writes a hash as a PHC string.
func (c Cost) phc(salt, key []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$%s$%s$%s", argon2.Version, c, b.EncodeToString(salt), b.EncodeToString(key))
}

// String is the cost as a PHC string has it.
func (c Cost) String() string { return fmt.Sprintf("m=%d,t=%d,p=%d", c.Memory, c.Passes, c.Threads) }

// parse takes a PHC string apart. It has exactly one form for each value.
func parse(phc string) (c Cost, salt, key []byte, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0]+parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, ErrHash
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Passes, &c.Threads); n != 3 || err != nil || parts[3] != c.String() {
		return c, nil, nil, ErrHash
	}
	var bad [2]error
	salt, bad[0] = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	key, bad[1] = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	fits := c.Passes >= 1 && c.Passes <= mostPasses && c.Threads >= 1 && c.Threads <= mostThreads &&
		c.Memory >= 8*uint32(c.Threads) && c.Memory <= mostMemory
	if bad != [2]error{} || !fits || len(salt) < 8 || len(salt) > 64 || len(key) < 16 || len(key) > 64 {
		return c, nil, nil, ErrHash
	}
	return c, salt, key, nil
}
