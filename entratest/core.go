package entratest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	mrand "math/rand/v2"
	"strings"
	"sync"
	"time"
)

// core is the state of one local Entra. Handlers decide under mu and write
// their answers after letting go of it.
type core struct {
	opt        Options
	browserURL string // http://localhost:PORT, set before serving
	serverURL  string // https://localhost:PORT, likewise
	pool       *keyPool
	keys       *keyring
	pairwise   []byte // makes sub differ for each app, and for each start

	mu       sync.Mutex
	offset   time.Duration
	tenants  []*tenant
	sessions map[string]*session // by cookie
	flows    map[string]*flow
	codes    map[string]*code
	// assertions are the ids of client assertions that were shown.
	assertions map[string]bool
	// alter changes ID tokens before they are signed; nil does not.
	alter    func(Claims)
	families map[string]*family // by id
	refresh  map[string]refreshToken
	devices  map[string]*device // by device code
	parked   map[string]parked
	signOuts map[string]*signOut // by the ID of the request that waits
	failures []*planned
	requests []Request
	jobs     []*Provisioner
}

func newCore(opt Options) (*core, error) {
	pool := &keyPool{}
	keys, err := newKeyring(pool.key, opt.Now())
	if err != nil {
		return nil, err
	}
	return &core{
		opt: opt, pool: pool, keys: keys, pairwise: randomBytes(32),
		sessions: map[string]*session{}, flows: map[string]*flow{}, codes: map[string]*code{}, assertions: map[string]bool{},
		families: map[string]*family{}, refresh: map[string]refreshToken{}, devices: map[string]*device{},
		parked: map[string]parked{}, signOuts: map[string]*signOut{},
	}, nil
}

func (c *core) close() {
	c.mu.Lock()
	jobs := c.jobs
	c.jobs = nil
	c.mu.Unlock()
	for _, p := range jobs {
		p.stop()
	}
	c.pool.close()
}

func (c *core) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clock()
}

// clock is now for those who hold mu.
func (c *core) clock() time.Time { return c.opt.Now().Add(c.offset).UTC() }

func (c *core) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// lifetime is how long an access token lives: Entra chooses between 60 and 90 minutes.
func (c *core) lifetime() time.Duration {
	if c.opt.AccessTokenLifetime > 0 {
		return c.opt.AccessTokenLifetime
	}
	return 60*time.Minute + time.Duration(mrand.IntN(1800))*time.Second
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return b
}

// randomText is an opaque value of n random bytes.
func randomText(n int) string { return base64.RawURLEncoding.EncodeToString(randomBytes(n)) }

// newGUID is a random UUID (RFC 9562 version 4).
func newGUID() string {
	b := randomBytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return guid(b)
}

func guid(b []byte) string {
	s := hex.EncodeToString(b)
	return fmt.Sprintf("%s-%s-%s-%s-%s", s[:8], s[8:12], s[12:16], s[16:20], s[20:])
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, r := range s {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if r != '-' {
				return false
			}
		} else if !strings.ContainsRune("0123456789abcdefABCDEF", r) {
			return false
		}
	}
	return true
}
