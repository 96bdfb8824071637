package entra

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/go-jose/go-jose/v4/json"
	"github.com/lanyard-sso/lanyard/problem"
)

// token is a token taken apart, with nothing verified yet.
type token struct {
	header  header
	claims  claims
	payload []byte
}

// header is the JOSE header (RFC 7515, section 4). A key or the address of one
// in the header is never looked at: keys come from the tenant's metadata.
type header struct {
	Algorithm string          `json:"alg"`
	KeyID     string          `json:"kid"`
	Type      string          `json:"typ"`
	Critical  json.RawMessage `json:"crit"`
	Base64    json.RawMessage `json:"b64"`
}

// parse takes raw apart and refuses what could never be one of Entra's access
// tokens. It uses go-jose's JSON, which minds the case of names and refuses a
// name that comes twice, so that no two readers see different tokens.
func parse(raw string) (token, error) {
	var t token
	switch {
	case raw == "":
		return t, refuse(problem.TokenMalformed, "empty")
	case len(raw) > MaxToken:
		return t, refuse(problem.TokenMalformed, "%d bytes, more than %d", len(raw), MaxToken)
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return t, refuse(problem.TokenMalformed, "%d parts where a signed token has 3", len(parts))
	}
	head, err := decode(parts[0])
	if err != nil || json.Unmarshal(head, &t.header) != nil || !isObject(head) {
		return t, refuse(problem.TokenMalformed, "the header cannot be read")
	}
	if err := t.header.judge(); err != nil {
		return t, err
	}
	// RS256 with the smallest key we take has 256 bytes.
	switch sig, err := decode(parts[2]); {
	case err != nil:
		return t, refuse(problem.TokenMalformed, "the signature cannot be read")
	case len(sig) < minModulus/8:
		return t, refuse(problem.TokenSignature, "the signature has %d bytes", len(sig))
	}
	t.payload, err = decode(parts[1])
	if err != nil || json.Unmarshal(t.payload, &t.claims) != nil || !isObject(t.payload) {
		return t, refuse(problem.TokenMalformed, "the claims cannot be read")
	}
	return t, nil
}

// judge refuses a header before anything else is read.
func (h header) judge() error {
	switch {
	case h.Algorithm != string(allowed[0]):
		return refuse(problem.TokenAlgorithm, "alg is %s", shown(h.Algorithm))
	case h.Critical != nil, h.Base64 != nil:
		// RFC 7515, 4.1.11: what we do not understand we must refuse, and
		// Entra uses no extension.
		return refuse(problem.TokenMalformed, "the header asks for an extension")
	case h.Type != "" && !strings.EqualFold(h.Type, "JWT") && !strings.EqualFold(h.Type, "at+jwt"):
		return refuse(problem.TokenMalformed, "typ is %s", shown(h.Type))
	case h.KeyID == "" || len(h.KeyID) > 256:
		return refuse(problem.TokenKey, "kid has %d bytes", len(h.KeyID))
	}
	return nil
}

// decode reads base64url without padding (RFC 7515, section 2), of which every
// value has exactly one form here. Go's decoder would skip line ends.
func decode(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, base64.CorruptInputError(0)
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}

func isObject(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n")
	return len(b) > 0 && b[0] == '{'
}
