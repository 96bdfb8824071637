//go:build android || lanyard_jvm

package platform

import (
	"errors"
	"path/filepath"

	"github.com/lanyard-sso/lanyard/platform/internal/android"
	"github.com/lanyard-sso/lanyard/problem"
)

// systemKeychain is the Android Keystore. It gives its keys to nobody and so
// cannot keep ours; it wraps ours, which lies in the app's private folder.
type systemKeychain struct{}

func (systemKeychain) available() error {
	if err := android.Ready(); err != nil {
		return problem.Wrap(problem.NoKeychain, err)
	}
	return nil
}

func (systemKeychain) get(service, user string) (string, error) {
	l, err := locker()
	if err != nil {
		return "", err
	}
	secret, err := l.Get(service, user)
	return secret, keystoreError(err)
}

func (systemKeychain) set(service, user, secret string) error {
	l, err := locker()
	if err != nil {
		return err
	}
	return keystoreError(l.Set(service, user, secret))
}

func (systemKeychain) remove(service, user string) error {
	l, err := locker()
	if err != nil {
		return err
	}
	return keystoreError(l.Remove(service, user))
}

// locker is that of the app's private folder.
func locker() (android.Locker, error) {
	home, err := dataHome()
	if err != nil {
		return android.Locker{}, problem.Wrap(problem.NoKeychain, err)
	}
	return android.Locker{Dir: filepath.Join(home, "keys"), Keys: android.Keys{}}, nil
}

// keystoreError gives errors a code. The Keystore is there from the first
// unlocking of the phone on.
func keystoreError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, android.ErrNoItem):
		return errNoItem
	}
	return problem.Wrap(problem.NoKeychain, err)
}
