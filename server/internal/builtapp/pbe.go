package builtapp

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	_ "crypto/sha256" // for crypto.Hash
	_ "crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"unicode/utf16"

	"github.com/lanyard-sso/lanyard/problem"
)

// maxIterations bounds how long a password is worked on for all that a keystore
// encrypts: keytool writes 10,000 for each part and no program writes more than a
// million.
const maxIterations = 4_000_000

// derivation makes keys of a password.
type derivation struct {
	password string
	left     int // iterations
}

// spend takes from what is left for keys of that many blocks of a hash.
func (d *derivation) spend(iterations, length int, hash crypto.Hash) error {
	if iterations < 1 || iterations > d.left {
		return problem.Wrap(problem.KeystoreKind, errors.New("too many iterations"))
	}
	d.left -= iterations * ((length + hash.Size() - 1) / hash.Size())
	return nil
}

// Algorithms of PKCS #12 (RFC 7292 appendix C) and PKCS #5 (RFC 8018).
const (
	oid3DES3   = "1.2.840.113549.1.12.1.3"
	oid3DES2   = "1.2.840.113549.1.12.1.4"
	oidRC2128  = "1.2.840.113549.1.12.1.5"
	oidRC240   = "1.2.840.113549.1.12.1.6"
	oidPBKDF2  = "1.2.840.113549.1.5.12"
	oidPBES2   = "1.2.840.113549.1.5.13"
	oidPBMAC1  = "1.2.840.113549.1.5.14"
	oidDESEDE3 = "1.2.840.113549.3.7"
)

var (
	aesKeys = map[string]int{"2.16.840.1.101.3.4.1.2": 16, "2.16.840.1.101.3.4.1.22": 24, "2.16.840.1.101.3.4.1.42": 32}

	hmacOIDs = map[string]crypto.Hash{
		"1.2.840.113549.2.7":  crypto.SHA1,
		"1.2.840.113549.2.8":  crypto.SHA224,
		"1.2.840.113549.2.9":  crypto.SHA256,
		"1.2.840.113549.2.10": crypto.SHA384,
		"1.2.840.113549.2.11": crypto.SHA512,
	}
)

type (
	pbeParams struct {
		Salt       []byte
		Iterations int
	}
	pbes2Params struct { // of PBMAC1 too, with the MAC in place of the cipher
		KDF, Scheme pkix.AlgorithmIdentifier
	}
	pbkdf2Params struct {
		Salt       []byte
		Iterations int
		KeyLength  int                      `asn1:"optional"`
		PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
	}
)

// errPBE is for what a keystore is encrypted with when we don't know it.
func errPBE(oid asn1.ObjectIdentifier) error {
	return problem.Wrap(problem.KeystoreKind, fmt.Errorf("encrypted with %v", oid))
}

// decrypt decrypts one part of a keystore.
func (d *derivation) decrypt(alg pkix.AlgorithmIdentifier, encrypted []byte) ([]byte, error) {
	block, iv, err := d.cipher(alg)
	if err != nil {
		return nil, err
	}
	size := block.BlockSize()
	if len(encrypted) == 0 || len(encrypted)%size != 0 || len(iv) != size {
		return nil, problem.Wrap(problem.AppDamaged, errPKCS12)
	}
	plain := make([]byte, len(encrypted))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, encrypted)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > size || !bytes.HasSuffix(plain, bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, problem.New(problem.KeystorePassword)
	}
	return plain[:len(plain)-pad], nil
}

func (d *derivation) cipher(alg pkix.AlgorithmIdentifier) (cipher.Block, []byte, error) {
	oid := alg.Algorithm.String()
	if oid == oidPBES2 {
		return d.pbes2(alg)
	}
	length := map[string]int{oid3DES3: 24, oid3DES2: 16, oidRC2128: 16, oidRC240: 5}[oid]
	if length == 0 {
		return nil, nil, errPBE(alg.Algorithm)
	}
	var p pbeParams
	if _, err := asn1.Unmarshal(alg.Parameters.FullBytes, &p); err != nil {
		return nil, nil, problem.Wrap(problem.AppDamaged, errPKCS12)
	}
	key, err := d.key(crypto.SHA1, 1, p.Salt, p.Iterations, length)
	if err != nil {
		return nil, nil, err
	}
	iv, err := d.key(crypto.SHA1, 2, p.Salt, p.Iterations, 8)
	if err != nil {
		return nil, nil, err
	}
	switch oid {
	case oidRC240, oidRC2128:
		return newRC2(key), iv, nil
	case oid3DES2:
		key = append(key, key[:8]...)
	}
	block, err := des.NewTripleDESCipher(key)
	return block, iv, err
}

func (d *derivation) pbes2(alg pkix.AlgorithmIdentifier) (cipher.Block, []byte, error) {
	var p pbes2Params
	var iv []byte
	if _, err := asn1.Unmarshal(alg.Parameters.FullBytes, &p); err != nil {
		return nil, nil, problem.Wrap(problem.AppDamaged, errPKCS12)
	}
	if _, err := asn1.Unmarshal(p.Scheme.Parameters.FullBytes, &iv); err != nil {
		return nil, nil, errPBE(p.Scheme.Algorithm)
	}
	if length := aesKeys[p.Scheme.Algorithm.String()]; length > 0 {
		key, err := d.pbkdf2(p.KDF, length)
		if err != nil {
			return nil, nil, err
		}
		block, err := aes.NewCipher(key)
		return block, iv, err
	}
	if p.Scheme.Algorithm.String() != oidDESEDE3 {
		return nil, nil, errPBE(p.Scheme.Algorithm)
	}
	key, err := d.pbkdf2(p.KDF, 24)
	if err != nil {
		return nil, nil, err
	}
	block, err := des.NewTripleDESCipher(key)
	return block, iv, err
}

// pbkdf2 derives a key with PBKDF2 (RFC 8018 section 5.2). A length of 0
// means the one the file gives.
func (d *derivation) pbkdf2(alg pkix.AlgorithmIdentifier, length int) ([]byte, error) {
	if alg.Algorithm.String() != oidPBKDF2 {
		return nil, errPBE(alg.Algorithm)
	}
	var p pbkdf2Params
	if _, err := asn1.Unmarshal(alg.Parameters.FullBytes, &p); err != nil {
		return nil, problem.Wrap(problem.AppDamaged, errPKCS12)
	}
	hash := crypto.SHA1
	if len(p.PRF.Algorithm) > 0 {
		var known bool
		if hash, known = hmacOIDs[p.PRF.Algorithm.String()]; !known {
			return nil, errPBE(p.PRF.Algorithm)
		}
	}
	if length == 0 {
		length = p.KeyLength
	}
	if length < 16 || length > 64 {
		return nil, problem.New(problem.KeystoreKind)
	}
	if err := d.spend(p.Iterations, length, hash); err != nil {
		return nil, err
	}
	return pbkdf2.Key(hash.New, d.password, p.Salt, p.Iterations, length)
}

// key derives the key of a MAC.
func (m macData) key(d *derivation) (crypto.Hash, []byte, error) {
	alg := m.Digest.Algorithm
	if alg.Algorithm.String() == oidPBMAC1 {
		var p pbes2Params
		if _, err := asn1.Unmarshal(alg.Parameters.FullBytes, &p); err != nil {
			return 0, nil, problem.Wrap(problem.AppDamaged, errPKCS12)
		}
		hash, known := hmacOIDs[p.Scheme.Algorithm.String()]
		if !known {
			return 0, nil, errPBE(p.Scheme.Algorithm)
		}
		key, err := d.pbkdf2(p.KDF, 0)
		return hash, key, err
	}
	hash, known := digestOIDs[alg.Algorithm.String()]
	if !known {
		return 0, nil, errPBE(alg.Algorithm)
	}
	key, err := d.key(hash, 3, m.Salt, m.Iterations, hash.Size())
	return hash, key, err
}

// key is PKCS #12's own way from a password to a key, an IV or a MAC key
// (RFC 7292 appendix B.2), as id says.
func (d *derivation) key(hash crypto.Hash, id byte, salt []byte, iterations, length int) ([]byte, error) {
	if len(salt) > 1024 {
		return nil, problem.Wrap(problem.KeystoreKind, errors.New("too much salt"))
	}
	if err := d.spend(iterations, length, hash); err != nil {
		return nil, err
	}
	h := hash.New()
	v := h.BlockSize()
	about := bytes.Repeat([]byte{id}, v)
	i := append(filled(salt, v), filled(toBMP(d.password), v)...)
	var out []byte
	for len(out) < length {
		h.Reset()
		h.Write(about) // a hash never fails
		h.Write(i)
		a := h.Sum(nil)
		for range iterations - 1 {
			h.Reset()
			h.Write(a)
			a = h.Sum(a[:0])
		}
		out = append(out, a...)
		addEach(i, filled(a, v)[:v])
	}
	return out[:length], nil
}

// addEach adds b and one to every block of i, as big-endian numbers.
func addEach(i, b []byte) {
	for ; len(i) > 0; i = i[len(b):] {
		carry := 1
		for k := len(b) - 1; k >= 0; k-- {
			carry += int(i[k]) + int(b[k])
			i[k] = byte(carry)
			carry >>= 8
		}
	}
}

// filled repeats b up to a multiple of v bytes.
func filled(b []byte, v int) []byte {
	if len(b) == 0 {
		return nil
	}
	size := (len(b) + v - 1) / v * v
	return bytes.Repeat(b, size/len(b)+1)[:size]
}

// toBMP writes a password as PKCS #12 takes it: UTF-16 with a zero at the end.
func toBMP(password string) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(password)) {
		out = append(out, byte(unit>>8), byte(unit))
	}
	return append(out, 0, 0)
}
