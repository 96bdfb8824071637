package builtapp

import (
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"

	"github.com/lanyard-sso/lanyard/problem"
)

// First four bytes of Java's own keystores, and the tags of their entries (JDK,
// sun.security.provider.JavaKeyStore and com.sun.crypto.provider.JceKeyStore).
const (
	magicJKS   = 0xfeedfeed
	magicJCEKS = 0xcececece
	tagKey     = 1
	tagTrusted = 2

	maxKeystore = 16 << 20
)

var errKeystore = errors.New("keystore is damaged")

// readJKS reads a keystore of Java's own kind. Its certificates are not
// encrypted, so a password is only asked to verify the digest at its end:
// without one nobody knows that the certificates are the ones put in.
func readJKS(b []byte, password string) (App, error) {
	if len(b) < 12+sha1.Size {
		return App{}, problem.Wrap(problem.AppDamaged, errKeystore)
	}
	body, sum := b[:len(b)-sha1.Size], b[len(b)-sha1.Size:]
	r := jksReader{b: body[8:], typed: binary.BigEndian.Uint32(body[4:]) == 2}
	keys, trusted, err := r.entries()
	if subtle.ConstantTimeCompare(digestJKS(body, password), sum) != 1 {
		if r.bad || err == nil && len(r.b) > 0 { // nobody is to look for another password
			return App{}, problem.Wrap(problem.AppDamaged, errKeystore)
		}
		return App{}, problem.New(problem.KeystorePassword)
	}
	if err != nil {
		return App{}, err
	}
	return keystoreOf(JKS, keys, trusted)
}

// keystoreOf makes an App of a keystore's certificates: those that belong to a
// key or, where there is none, all.
func keystoreOf(kind Kind, keys, others []Signer) (App, error) {
	a := App{Kind: kind, Signers: keys}
	if len(keys) == 0 {
		a.Signers = others
	}
	if len(a.Signers) == 0 {
		return App{}, problem.New(problem.KeystoreEmpty)
	}
	for _, s := range a.Signers {
		if _, err := readBare(s.DER); err != nil {
			return App{}, problem.Wrap(problem.AppDamaged, fmt.Errorf("entry %q: %w", s.Name, err))
		}
	}
	return a, nil
}

// digestJKS is the keystore's check: SHA-1 over the password in UTF-16, a
// phrase, and all that comes before.
func digestJKS(body []byte, password string) []byte {
	h := sha1.New()
	for _, unit := range utf16.Encode([]rune(password)) {
		h.Write([]byte{byte(unit >> 8), byte(unit)})
	}
	h.Write([]byte("Mighty Aphrodite")) // Java's own words
	h.Write(body)
	return h.Sum(nil)
}

// jksReader reads the big-endian pieces of a keystore.
type jksReader struct {
	b     []byte
	typed bool // version 2: certificates say their type
	bad   bool
}

func (r *jksReader) take(n int64) []byte {
	if r.bad || n > int64(len(r.b)) {
		r.bad = true
		return make([]byte, 4) // enough for a number
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *jksReader) uint32() int64 { return int64(binary.BigEndian.Uint32(r.take(4))) }

func (r *jksReader) text() string {
	n := int64(binary.BigEndian.Uint16(r.take(2)))
	return string(r.take(n))
}

func (r *jksReader) certificate() []byte {
	if r.typed {
		r.text() // X.509
	}
	return r.take(r.uint32())
}

func (r *jksReader) entries() (keys, trusted []Signer, err error) {
	count := r.uint32()
	if count > maxCertificates {
		return nil, nil, problem.New(problem.AppTooLarge)
	}
	for range count {
		tag, alias := r.uint32(), r.text()
		r.take(8) // when it was put in
		switch tag {
		case tagKey:
			r.take(r.uint32()) // the encrypted key
			chain := r.uint32()
			if chain > maxCertificates {
				return nil, nil, problem.New(problem.AppTooLarge)
			}
			for i := range chain {
				if der := r.certificate(); i == 0 { // the others are those who vouch for it
					keys = append(keys, Signer{Scheme: Entry, Name: alias, DER: der})
				}
			}
		case tagTrusted:
			trusted = append(trusted, Signer{Scheme: Entry, Name: alias, DER: r.certificate()})
		default: // a JCEKS secret key: a serialised Java object, which has no length
			return nil, nil, problem.New(problem.KeystoreKind)
		}
		if r.bad {
			return nil, nil, problem.Wrap(problem.AppDamaged, errKeystore)
		}
	}
	return keys, trusted, nil
}
