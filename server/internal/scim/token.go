package scim

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"log/slog"
	"math/big"
	"strings"
)

// TokenPrefix begins every SCIM bearer token, so that secret scanners know one
// when they see it in a repository or a chat.
const TokenPrefix = "lyscim_"

const (
	tokenBytes  = 32
	tokenDigits = 43 // base62 digits that hold 32 bytes
	sumDigits   = 6  // base62 digits that hold a CRC-32
	base62      = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// Token is a SCIM bearer token in clear text. It is shown once, when it is
// made, and hides itself from fmt and slog; only its [HashToken] is stored.
//
// Its form is lyscim_, 43 base62 digits of 256 random bits, and 6 base62 digits
// of the CRC-32 (IEEE) of what stands before them. The checksum tells a typing
// mistake or a look-alike from a token without asking anyone; it protects
// nothing.
type Token string

// NewToken makes a token from the operating system's randomness.
func NewToken() Token {
	var raw [tokenBytes]byte
	rand.Read(raw[:]) // never fails: it ends the program instead
	body := TokenPrefix + digits(new(big.Int).SetBytes(raw[:]), tokenDigits)
	return Token(body + checksum(body))
}

// Reveal returns the clear text, for the one time that it is shown.
func (t Token) Reveal() string { return string(t) }

// Hash returns what is stored of the token.
func (t Token) Hash() string { return HashToken(string(t)) }

// String hides the token.
func (t Token) String() string { return TokenPrefix + "…" }

// GoString hides the token from %#v.
func (t Token) GoString() string { return t.String() }

// LogValue hides the token from slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// HashToken returns the SHA-256 of a token's clear text, in hex. A token has
// 256 random bits, so a fast hash without a salt cannot be searched.
func HashToken(clear string) string {
	sum := sha256.Sum256([]byte(clear))
	return hex.EncodeToString(sum[:])
}

// WellFormed reports whether clear has the form and the checksum of a token. It
// says nothing about whether the token is, or ever was, valid.
func WellFormed(clear string) bool {
	if len(clear) != len(TokenPrefix)+tokenDigits+sumDigits || !strings.HasPrefix(clear, TokenPrefix) {
		return false
	}
	body, sum := clear[:len(clear)-sumDigits], clear[len(clear)-sumDigits:]
	return checksum(body) == sum
}

func checksum(body string) string {
	return digits(new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE([]byte(body)))), sumDigits)
}

// digits writes n in base62 with exactly width digits.
func digits(n *big.Int, width int) string {
	out := make([]byte, width)
	base, rest := big.NewInt(int64(len(base62))), new(big.Int)
	for i := width - 1; i >= 0; i-- {
		n.DivMod(n, base, rest)
		out[i] = base62[rest.Int64()]
	}
	return string(out)
}
