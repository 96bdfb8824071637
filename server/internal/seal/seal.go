// Package seal hides texts that the database must keep and a copy of it must not
// give away: passwords of mail servers, mails that wait, secrets of second
// factors.
//
// It decides how a text is sealed with the server's key, which is kept outside of
// the database. What is sealed, and where it is kept, is decided by its callers;
// each has a purpose of its own, so that what was sealed for one opens for no
// other.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lanyard-sso/lanyard/problem"
)

// MinKey is how many bytes a server's key has at least.
const MinKey = 32

// Box seals for one purpose. It is safe for concurrent use, and its key shows
// itself nowhere.
type Box struct {
	aead cipher.AEAD
}

// New returns the box of a purpose. The key is the server's; one that is too
// short is problem.WrongServerKey. It derives a key of its own by HKDF (RFC
// 5869).
func New(key []byte, purpose string) (Box, error) {
	if len(key) < MinKey {
		return Box{}, problem.Wrap(problem.WrongServerKey, errors.New("there is no server key"))
	}
	k, err := hkdf.Key(sha256.New, key, nil, "lanyard "+purpose, 32)
	if err != nil {
		return Box{}, fmt.Errorf("deriving a key: %w", err)
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return Box{}, fmt.Errorf("making a cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return Box{}, fmt.Errorf("making a cipher: %w", err)
	}
	return Box{aead}, nil
}

// Seal hides a value as text: its JSON under AES-256-GCM with a random nonce, in
// base64. It opens only with the same bound, such as the id of what it belongs
// to.
func (b Box) Seal(v any, bound string) (string, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("sealing: %w", err)
	}
	return base64.StdEncoding.EncodeToString(b.aead.Seal(nil, nil, plain, []byte(bound))), nil
}

// Open reads into v what Seal hid. What was sealed with another key, for another
// purpose or with another bound, or was changed since, is problem.WrongServerKey.
func (b Box) Open(sealed, bound string, v any) error {
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return problem.Wrap(problem.WrongServerKey, errors.New("a sealed text is not whole"))
	}
	plain, err := b.aead.Open(nil, nil, raw, []byte(bound))
	if err != nil {
		return problem.Wrap(problem.WrongServerKey, err)
	}
	if err := json.Unmarshal(plain, v); err != nil {
		return errors.New("a sealed text holds something else than was asked for")
	}
	return nil
}
