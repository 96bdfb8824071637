//go:build linux && !android && !lanyard_jvm

package platform

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/godbus/dbus/v5"
	"github.com/zalando/go-keyring"

	"github.com/lanyard-sso/lanyard/problem"
)

// systemKeychain is the Secret Service (freedesktop.org, API draft 0.2) on the
// session's D-Bus: GNOME Keyring, KWallet, KeePassXC.
type systemKeychain struct{}

// available looks for a session bus first: without one, the D-Bus library
// would start a bus of its own and leave it running.
func (systemKeychain) available() error {
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return nil
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		if _, err := os.Stat(filepath.Join(dir, "bus")); err == nil {
			return nil
		}
	}
	return problem.Wrap(problem.NoKeychain, errors.New("no D-Bus session"))
}

func (systemKeychain) get(service, user string) (string, error) {
	s, err := keyring.Get(service, user)
	return s, secretServiceError(err)
}

func (systemKeychain) set(service, user, secret string) error {
	return secretServiceError(keyring.Set(service, user, secret))
}

func (systemKeychain) remove(service, user string) error {
	return secretServiceError(keyring.Delete(service, user))
}

// secretServiceError gives the library's errors, most of them untyped, a code.
func secretServiceError(err error) error {
	var (
		bus  dbus.Error
		conn *net.OpError
		prog *exec.Error
	)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keyring.ErrNotFound):
		return errNoItem
	case errors.As(err, &bus):
		if strings.HasSuffix(bus.Name, ".IsLocked") {
			return problem.Wrap(problem.KeychainLocked, err)
		}
	case errors.As(err, &conn), errors.As(err, &prog):
	case strings.Contains(err.Error(), "failed to unlock"):
		return problem.Wrap(problem.KeychainLocked, err)
	}
	return problem.Wrap(problem.NoKeychain, err)
}
