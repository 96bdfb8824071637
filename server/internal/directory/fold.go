package directory

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold returns the key under which a user name is unique and looked up:
// Unicode normalisation form C with simple case folding (Unicode 3.13,
// CaseFolding.txt classes C and S). It is computed here and stored, so that
// both databases compare alike; whoever changes what it returns computes the
// stored keys anew.
//
// userName is case-insensitive by RFC 7643, section 4.1.1. Letters are folded
// without their marks first, since a small letter with marks may be one
// character where the capital is several (ῒ). Folding is simple, not full: "ß"
// and "ss" stay apart, as do ᾳ and αι, and the Turkish dotless ı is never i, so
// that no two people become one. Width and compatibility forms stay apart too.
func Fold(userName string) string {
	for i := 0; i < len(userName); i++ {
		if userName[i] >= utf8.RuneSelf {
			bare := strings.Map(foldRune, norm.NFD.String(userName))
			return norm.NFC.String(strings.Map(foldRune, norm.NFC.String(bare)))
		}
	}
	return strings.ToLower(userName)
}

// iotaBelow is a mark that differs from the letter iota in case only. As a part
// of letters (ᾳ) it stays a mark.
const iotaBelow = '\u0345'

// foldRune returns the smallest rune that r is equal to without case, which
// is the same for all of them. ASCII goes to small letters, for people who
// read the table.
func foldRune(r rune) rune {
	if r == iotaBelow {
		return r
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		if f != iotaBelow {
			least = min(least, f)
		}
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
