package redirect

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

// Hash is what Microsoft Entra calls the signature hash of an Android app:
// the SHA-1 of the DER form of a signing certificate. SHA-1 is Microsoft's
// choice; nothing is trusted for matching it.
type Hash [sha1.Size]byte

// HashOf returns the hash of a certificate in DER.
func HashOf(der []byte) Hash { return sha1.Sum(der) }

// String returns the hash as Microsoft Entra's portal takes it: base64, not
// percent-encoded.
func (h Hash) String() string { return base64.StdEncoding.EncodeToString(h[:]) }

// Encoded returns the hash as it stands in a redirect URI: base64, in which +,
// / and = are percent-encoded with capitals.
func (h Hash) Encoded() string { return url.QueryEscape(h.String()) }

// Fingerprint returns the hash as keytool prints it: D7:02:2A:…
func (h Hash) Fingerprint() string {
	pairs := make([]string, len(h))
	for i, b := range h {
		pairs[i] = strings.ToUpper(hex.EncodeToString([]byte{b}))
	}
	return strings.Join(pairs, ":")
}

// fyneDebug is the hash of the key in Fyne's source, with which `fyne package`
// signs when it is given no other. The whole world has the private key.
var fyneDebug = mustHash("/mFs2Yzr6mRVUItgVUANroj4PyI=")

// FyneDebug returns the hash of the debug key that Fyne publishes.
func FyneDebug() Hash { return fyneDebug }

// Public reports whether everyone has the private key of this certificate, so
// that anyone can sign an app that would receive the sign-ins.
func (h Hash) Public() bool { return h == fyneDebug }

// Hashes of what people hash by mistake: nothing, and keytool's error messages
// (Microsoft Q&A and MSAL for Android's troubleshooting name them).
var (
	ofNothing = Hash(sha1.Sum(nil))
	ofErrors  = []Hash{mustHash("ga0RGNYHvNM5d0SLGQfpQWAPGJ8="), mustHash("3wr5amLUb4ptokTk79ewGAoaW3A=")}
)

func mustHash(s string) Hash {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return Hash(b)
}

// HashOptions is what a pasted hash is held against.
type HashOptions struct {
	// Known are the hashes of the app's certificates. None means any.
	Known []Hash
	// InsecureAllowDebugKey accepts the key that Fyne publishes. Only for
	// trying things out, in a tenant that holds nothing.
	InsecureAllowDebugKey bool
}

// right is the hash to show when another was pasted.
func (o HashOptions) right() (Hash, bool) {
	if len(o.Known) == 0 || (o.Known[0].Public() && !o.InsecureAllowDebugKey) {
		return Hash{}, false
	}
	return o.Known[0], true
}

// ParseHash reads a pasted signature hash: the 28 characters of base64 that
// the portal shows, with white space around them. An error unwraps to one of
// problem's Hash… codes.
func ParseHash(pasted string, o HashOptions) (Hash, error) {
	show := ""
	if h, ok := o.right(); ok {
		show = h.String()
	}
	h, code, meant := readHash(strings.TrimSpace(pasted))
	if code != "" {
		if meant != nil && o.isWorse(*meant) {
			code = o.judge(*meant)
		} else if meant != nil && show == "" {
			show = meant.String()
		}
		return Hash{}, wrong(code, show)
	}
	if code := o.judge(h); code != "" {
		return Hash{}, wrong(code, show)
	}
	return h, nil
}

// judge returns the code of a well-formed hash that should not be registered.
func (o HashOptions) judge(h Hash) problem.Code {
	switch {
	case h == ofNothing:
		return problem.HashOfNothing
	case slices.Contains(ofErrors, h):
		return problem.HashOfError
	case h.Public() && !o.InsecureAllowDebugKey:
		return problem.HashDebugKey
	case len(o.Known) == 0 || slices.Contains(o.Known, h):
		return ""
	}
	for _, k := range o.Known {
		if isHashOfText(h, k) {
			return problem.HashOfText
		}
		if strings.EqualFold(h.String(), k.String()) {
			return problem.HashCase
		}
	}
	return problem.HashUnknown
}

// isWorse reports whether a hash must not be used however it is written, so
// that this is said before anything about its encoding.
func (o HashOptions) isWorse(h Hash) bool {
	switch o.judge(h) {
	case problem.HashOfNothing, problem.HashOfError, problem.HashDebugKey:
		return true
	}
	return false
}

// isHashOfText reports whether h came of hashing the letters of k's
// fingerprint, as `echo -n "<fingerprint>" | openssl sha1` does.
func isHashOfText(h, k Hash) bool {
	colons := k.Fingerprint()
	bare := strings.ReplaceAll(colons, ":", "")
	for _, text := range []string{colons, bare, strings.ToLower(colons), strings.ToLower(bare), k.String()} {
		for _, end := range []string{"", "\n", "\r\n"} {
			if h == sha1.Sum([]byte(text+end)) {
				return true
			}
		}
	}
	return false
}

// readHash reads the form of a hash. Where the form is wrong it returns the
// code and, if that can be told, what was meant.
func readHash(s string) (Hash, problem.Code, *Hash) {
	if s == "" {
		return Hash{}, problem.HashEmpty, nil
	}
	if code, meant := readHex(s); code != "" {
		return Hash{}, code, meant
	}
	if raw, err := base64.StdEncoding.Strict().DecodeString(s); err == nil && !strings.ContainsAny(s, "\r\n") {
		code, meant := ofLength(raw)
		if code != "" {
			return Hash{}, code, meant
		}
		return Hash(raw), "", nil
	}
	code, mended := mend(s)
	if code == "" {
		return Hash{}, problem.HashUnreadable, nil
	}
	h, deeper, meant := readHash(mended)
	if deeper != "" {
		return Hash{}, deeper, meant
	}
	return Hash{}, code, &h
}

// mend undoes one of the ways in which a hash is spoilt on its way, and returns
// its code. What it returns has one spoilt thing less, so readHash ends.
func mend(s string) (problem.Code, string) {
	if strings.Contains(s, "%") {
		if plain, err := url.PathUnescape(s); err == nil && len(plain) < len(s) {
			return problem.HashEncoded, plain
		}
		return "", ""
	}
	switch {
	case strings.Contains(s, " "):
		return problem.HashPlusLost, strings.ReplaceAll(s, " ", "+")
	case strings.ContainsAny(s, "-_"):
		return problem.HashURLSafe, strings.NewReplacer("-", "+", "_", "/").Replace(s)
	case len(s)%4 == 3 && !strings.HasSuffix(s, "="):
		return problem.HashPadding, s + "="
	}
	return "", ""
}

// ofLength tells the hashes apart that are not SHA-1, by how long they are.
func ofLength(raw []byte) (problem.Code, *Hash) {
	switch len(raw) {
	case sha1.Size:
		return "", nil
	case 32:
		return problem.HashSHA256, nil
	case 16:
		return problem.HashMD5, nil
	}
	text := strings.TrimSpace(string(raw))
	if code, meant := readHex(text); code == problem.HashHex {
		return problem.HashOfText, meant
	}
	return problem.HashUnreadable, nil
}

// readHex recognises a fingerprint in hexadecimal, with or without colons or
// spaces and the label that keytool prints before it.
func readHex(s string) (problem.Code, *Hash) {
	s = strings.TrimSpace(s)
	for _, label := range []string{"SHA-256:", "SHA256:", "SHA-1:", "SHA1:", "MD5:"} {
		if len(s) > len(label) && strings.EqualFold(s[:len(label)], label) {
			s = strings.TrimSpace(s[len(label):])
		}
	}
	digits := strings.NewReplacer(":", "", " ", "").Replace(s)
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return "", nil
	}
	switch len(raw) {
	case sha1.Size:
		h := Hash(bytes.Clone(raw))
		return problem.HashHex, &h
	case 32:
		return problem.HashSHA256, nil
	case 16:
		return problem.HashMD5, nil
	}
	return "", nil
}
