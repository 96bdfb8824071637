//go:build !(linux || darwin || windows)

package platform

import (
	"errors"

	"github.com/lanyard-sso/lanyard/problem"
)

// systemKeychain is none: this system's keychain is not reachable from here.
// The caller offers a key file or memory.
type systemKeychain struct{}

func (systemKeychain) available() error {
	return problem.Wrap(problem.NoKeychain, errors.New("no keychain that this build can use"))
}

func (k systemKeychain) get(string, string) (string, error) { return "", k.available() }
func (k systemKeychain) set(string, string, string) error   { return k.available() }
func (k systemKeychain) remove(string, string) error        { return k.available() }
