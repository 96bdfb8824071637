package local

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

// cost is what one password costs to try: argon2id (RFC 9106), by default with
// what OWASP's Password Storage Cheat Sheet asks for.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// usual is the cost of passwords that are set now. Those of another cost are
// hashed anew at the next sign-in.
var usual = cost{memory: 19 << 10, passes: 2, threads: 1}

const (
	saltBytes, keyBytes = 16, 32
	// What is read from the database may cost no more than this.
	mostMemory, mostPasses, mostThreads = 1 << 20, 32, 16
)

// hashed returns the PHC string of a password, such as
// $argon2id$v=19$m=19456,t=2,p=1$salt$key.
func (c cost) hashed(password string) string {
	var salt [saltBytes]byte
	rand.Read(salt[:]) // crypto/rand: never fails since Go 1.24
	return c.with(salt[:], password)
}

func (c cost) with(salt []byte, password string) string {
	key := argon2.IDKey([]byte(password), salt, c.passes, c.memory, c.threads, keyBytes)
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.passes, c.threads, b.EncodeToString(salt), b.EncodeToString(key))
}

var errHash = errors.New("what is kept of the password cannot be read")

// parsed takes a PHC string apart.
func parsed(phc string) (c cost, salt, key []byte, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errHash
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.threads); n != 3 || err != nil ||
		parts[3] != fmt.Sprintf("m=%d,t=%d,p=%d", c.memory, c.passes, c.threads) {
		return c, nil, nil, errHash
	}
	b := base64.RawStdEncoding.Strict()
	salt, serr := b.DecodeString(parts[4])
	key, kerr := b.DecodeString(parts[5])
	switch {
	case serr != nil, kerr != nil, len(salt) < 8, len(salt) > 64, len(key) < 16, len(key) > 64,
		c.memory < 8*uint32(c.threads), c.memory > mostMemory, c.passes < 1, c.passes > mostPasses, c.threads < 1, c.threads > mostThreads:
		return c, nil, nil, errHash
	}
	return c, salt, key, nil
}

// matches reports whether a password is the one of a PHC string, and whether that
// is of another cost than passwords have now.
func matches(phc, password string) (ok, old bool, err error) {
	c, salt, key, err := parsed(phc)
	if err != nil {
		return false, false, err
	}
	got := argon2.IDKey([]byte(password), salt, c.passes, c.memory, c.threads, uint32(len(key)))
	return subtle.ConstantTimeCompare(got, key) == 1, c != usual, nil
}

// nobodys is the password that whoever does not exist is compared with, so that
// they take as long as everybody else.
var nobodys = usual.with([]byte("nobody has this!"), "\x00")

// atOnce is how many passwords are hashed at the same time: each takes its memory.
const atOnce = 4

// slots bounds what hashing takes of the machine.
type slots chan struct{}

func newSlots() slots { return make(slots, atOnce) }

// do runs f when there is room, or gives up with ctx.
func (s slots) do(ctx context.Context, f func()) error {
	select {
	case s <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("waiting to look at a password: %w", ctx.Err())
	}
	defer func() { <-s }()
	f()
	return nil
}
