package platform

import (
	"errors"

	"github.com/zalando/go-keyring"

	"github.com/lanyard-sso/lanyard/problem"
)

// systemKeychain is the Credential Manager of the person who is logged on.
type systemKeychain struct{}

func (systemKeychain) available() error { return nil }

func (systemKeychain) get(service, user string) (string, error) {
	s, err := keyring.Get(service, user)
	return s, credentialError(err)
}

func (systemKeychain) set(service, user, secret string) error {
	return credentialError(keyring.Set(service, user, secret))
}

func (systemKeychain) remove(service, user string) error {
	return credentialError(keyring.Delete(service, user))
}

// credentialError gives the library's errors a code. The Credential Manager is
// never locked while its owner is logged on.
func credentialError(err error) error {
	if errors.Is(err, keyring.ErrNotFound) {
		return errNoItem
	}
	return problem.Wrap(problem.NoKeychain, err)
}
