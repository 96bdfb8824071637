package admin

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"log/slog"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Secret is a text that is shown once, and hides itself from fmt and slog. Only
// its hash is stored.
type Secret string

// newSecret makes one of 256 random bits.
func newSecret() Secret {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return Secret(base64.RawURLEncoding.EncodeToString(b))
}

// Reveal returns the clear text, for the one time that it is shown.
func (s Secret) Reveal() string { return string(s) }

// Hash is what is stored.
func (s Secret) Hash() string { return directory.HashToken(string(s)) }

// String hides the secret.
func (Secret) String() string { return "…" }

// GoString hides it from %#v.
func (Secret) GoString() string { return "…" }

// LogValue hides it from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue("…") }

// TokenPrefix begins every token of the console's API, so that secret scanners
// know one when they see it.
const TokenPrefix = "lyadm_"

// newToken makes a token: the prefix, 43 characters of a secret, and the CRC-32 of
// both in hex, which tells a slip of the hand and protects nothing.
func newToken() Secret {
	body := TokenPrefix + newSecret().Reveal()
	return Secret(body + sumOf(body))
}

func sumOf(body string) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(body))) }

// wellFormed reports whether a text could be a token. It says nothing of whether
// it is one.
func wellFormed(token string) bool {
	body, sum := token, ""
	if cut := len(token) - 8; cut > 0 {
		body, sum = token[:cut], token[cut:]
	}
	return strings.HasPrefix(token, TokenPrefix) && len(body) == len(TokenPrefix)+43 && sum == sumOf(body)
}

// recoveryCodes is how many there are.
const recoveryCodes = 10

var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// newRecoveryCode makes a code of 80 random bits, such as 3f7k-9d2m-x0qr-h5wt. Its
// letters cannot be taken for digits.
func newRecoveryCode() string {
	b := make([]byte, 10)
	_, _ = rand.Read(b) // never fails
	s := crockford.EncodeToString(b)
	return s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:]
}

// recoveryHash is what is stored of an administrator's code, however it was typed;
// "" is no code.
func recoveryHash(admin, typed string) string {
	s := strings.NewReplacer("-", "", " ", "", "o", "0", "i", "1", "l", "1").Replace(strings.ToLower(typed))
	if len(s) != 16 || strings.Trim(s, "0123456789abcdefghjkmnpqrstvwxyz") != "" {
		return ""
	}
	return directory.HashToken(admin + "/" + s)
}
