package platform

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/lanyard-sso/lanyard/platform/internal/apple"
	"github.com/lanyard-sso/lanyard/problem"
)

// statusProblem says what a result of the Security framework means. Whatever
// the person can mend by unlocking or allowing is a locked keychain.
func statusProblem(err error) error {
	var status apple.Status
	if !errors.As(err, &status) {
		return problem.Wrap(problem.NoKeychain, err)
	}
	switch status {
	case apple.ItemNotFound:
		return errNoItem
	case apple.InteractionNotAllowed, apple.InteractionRequired, apple.AuthFailed, apple.UserCanceled:
		return problem.Wrap(problem.KeychainLocked, err)
	}
	return problem.Wrap(problem.NoKeychain, err)
}

// How go-keyring writes a value, which it gives to security(1) on a command
// line of its own.
const (
	goKeyringBase64 = "go-keyring-base64:"
	goKeyringHex    = "go-keyring-encoded:"
)

// fromGoKeyring returns what an item means that may have been written by
// go-keyring, as builds without cgo and versions before 0.2 do. What is not
// theirs is returned as it is; what should be theirs and is damaged too, since
// then it is no key whoever reads it.
func fromGoKeyring(value string) string {
	value = strings.TrimSpace(value)
	if text, ok := strings.CutPrefix(value, goKeyringBase64); ok {
		if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
			return string(raw)
		}
	}
	if text, ok := strings.CutPrefix(value, goKeyringHex); ok {
		if raw, err := hex.DecodeString(text); err == nil {
			return string(raw)
		}
	}
	return value
}
