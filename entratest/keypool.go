package entratest

import (
	"crypto/rand"
	"crypto/rsa"
	"sync"
)

// keyBits is how long keys are unless something else is asked for.
const keyBits = 2048

// spare are keys that nobody uses now. To make one takes a fifth of a second, and
// a process with hundreds of tests needs a thousand of them.
var spare struct {
	mu   sync.Mutex
	keys []*rsa.PrivateKey
}

// keyPool lends keys to one Entra: no two that run at the same time have one in
// common, and none has one twice.
type keyPool struct {
	mu   sync.Mutex
	lent []*rsa.PrivateKey
}

// key returns a key that is nobody else's until the pool is closed.
func (p *keyPool) key() (*rsa.PrivateKey, error) {
	k := takeSpare()
	if k == nil {
		var err error
		if k, err = rsa.GenerateKey(rand.Reader, keyBits); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lent = append(p.lent, k)
	return k, nil
}

func takeSpare() *rsa.PrivateKey {
	spare.mu.Lock()
	defer spare.mu.Unlock()
	n := len(spare.keys) - 1
	if n < 0 {
		return nil
	}
	k := spare.keys[n]
	spare.keys = spare.keys[:n]
	return k
}

// close gives the keys back.
func (p *keyPool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	spare.mu.Lock()
	defer spare.mu.Unlock()
	spare.keys = append(spare.keys, p.lent...)
	p.lent = nil
}
