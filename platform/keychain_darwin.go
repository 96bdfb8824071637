//go:build darwin && !ios && !cgo

package platform

import (
	"errors"
	"os/exec"

	"github.com/zalando/go-keyring"

	"github.com/lanyard-sso/lanyard/problem"
)

// systemKeychain is the login keychain, by way of /usr/bin/security: the way for
// a build that cannot call the Security framework.
type systemKeychain struct{}

func (systemKeychain) available() error { return nil }

func (systemKeychain) get(service, user string) (string, error) {
	s, err := keyring.Get(service, user)
	return s, securityError(err)
}

func (systemKeychain) set(service, user, secret string) error {
	return securityError(keyring.Set(service, user, secret))
}

func (systemKeychain) remove(service, user string) error {
	return securityError(keyring.Delete(service, user))
}

// securityError reads the exit status of the security program, which is the
// low byte of the OSStatus: errSecInteractionNotAllowed (-25308),
// errSecAuthFailed (-25293) and userCanceledErr (-128) mean that the keychain
// stays locked.
func securityError(err error) error {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keyring.ErrNotFound):
		return errNoItem
	case errors.As(err, &exit):
		switch exit.ExitCode() {
		case 36, 51, 128:
			return problem.Wrap(problem.KeychainLocked, err)
		}
	}
	return problem.Wrap(problem.NoKeychain, err)
}
