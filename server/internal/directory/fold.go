package directory

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Fold returns the key under which a user name is unique and looked up:
// Unicode normalisation form C with simple case folding (Unicode 3.13,
// CaseFolding.txt classes C and S). It is computed here and stored, so that
// both databases compare alike.
//
// userName is case-insensitive by RFC 7643, section 4.1.1. Folding is simple,
// not full: "ß" and "ss" stay apart, and the Turkish dotless ı is never i, so
// that no two people become one. Width and compatibility forms stay apart too.
func Fold(userName string) string {
	return norm.NFC.String(strings.Map(foldRune, norm.NFC.String(userName)))
}

// foldRune returns the smallest rune that r is equal to without case, which
// is the same for all of them. ASCII goes to small letters, for people who
// read the table.
func foldRune(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	if least >= 'A' && least <= 'Z' {
		return least + 'a' - 'A'
	}
	return least
}

// HashToken is how a bearer token is kept and looked up: SHA-256 in hex. Our
// tokens have at least 128 random bits, so a slow hash would add nothing.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
