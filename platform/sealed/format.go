package sealed

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
)

// The header. A change of the format gets a new version.
const (
	magic      = "LANYARD\x00"
	version    = 2
	nonceSize  = 12
	headerSize = len(magic) + 1 + keyIDSize + nonceSize
	tagSize    = 16
)

// Why a file cannot be opened. None of them holds a byte of it.
var (
	errNotSealed  = errors.New("not a sealed file")
	errVersion    = errors.New("sealed by another version")
	errOtherKey   = errors.New("sealed under another key")
	errTampered   = errors.New("damaged or changed")
	errIncomplete = errors.New("cut short")
	errTooLarge   = errors.New("larger than any sealed file")
)

func headerOf(raw []byte) []byte {
	if len(raw) < headerSize {
		return nil
	}
	return bytes.Clone(raw[:headerSize])
}

func keyIDOf(head []byte) []byte {
	if len(head) < headerSize {
		return nil
	}
	return head[len(magic)+1 : len(magic)+1+keyIDSize]
}

func aead(k Key) cipher.AEAD {
	block, err := aes.NewCipher(k.secret[:])
	if err != nil {
		panic(err) // only for a wrong key length, which the type rules out
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

// bound is the additional data of a file: its header and its own name, so that
// a file put in another's place is noticed. The name of the folder is not part
// of it: folders are moved.
func bound(head []byte, name string) []byte { return append(bytes.Clone(head), name...) }

// seal encrypts plain for the file of that name. The nonce is random: with 96 bits, a key would have to
// seal four thousand million files before a collision became likely enough to
// worry about (NIST SP 800-38D, section 8.3).
func seal(k Key, name string, plain []byte) []byte {
	out := make([]byte, 0, headerSize+len(plain)+tagSize)
	out = append(out, magic...)
	out = append(out, version)
	id := k.id()
	out = append(out, id[:]...)
	out = out[:headerSize]
	nonce := out[headerSize-nonceSize:]
	_, _ = rand.Read(nonce)
	return aead(k).Seal(out, nonce, plain, bound(out[:headerSize], name))
}

// open checks and decrypts raw, the file of that name. It returns copies.
func open(k Key, name string, raw []byte) (head, plain []byte, err error) {
	switch {
	case len(raw) < len(magic) || string(raw[:len(magic)]) != magic:
		return nil, nil, errNotSealed
	case len(raw) < headerSize+tagSize:
		return nil, nil, errIncomplete
	case raw[len(magic)] != version:
		return nil, nil, errVersion
	}
	id := k.id()
	if !bytes.Equal(keyIDOf(raw), id[:]) {
		return nil, nil, errOtherKey
	}
	head = headerOf(raw)
	plain, err = aead(k).Open(nil, head[headerSize-nonceSize:], raw[headerSize:], bound(head, name))
	if err != nil {
		return nil, nil, errTampered
	}
	return head, plain, nil
}
