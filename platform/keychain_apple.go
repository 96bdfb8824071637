//go:build darwin && cgo

package platform

import "github.com/lanyard-sso/lanyard/platform/internal/apple"

// systemKeychain is the Keychain of iOS, or on a Mac the data protection
// keychain where the app is entitled to it and otherwise the login keychain. An
// item that an older version wrote to the login keychain by way of security(1)
// is found; the system asks the person once whether this app may read it.
type systemKeychain struct{}

func (systemKeychain) available() error { return nil }

func (systemKeychain) get(service, user string) (string, error) {
	value, err := apple.GetItem(service, user)
	if err != nil {
		return "", statusProblem(err)
	}
	defer clear(value)
	return fromGoKeyring(string(value)), nil
}

func (systemKeychain) set(service, user, secret string) error {
	value := []byte(secret)
	defer clear(value)
	if err := apple.SetItem(service, user, value); err != nil {
		return statusProblem(err)
	}
	return nil
}

func (systemKeychain) remove(service, user string) error {
	if err := apple.RemoveItem(service, user); err != nil {
		return statusProblem(err)
	}
	return nil
}
