//go:build !linux || android

package msal

import "errors"

// The keyring of the tests is GNOME's.
func keyringJob() error       { return errors.New("only on Linux") }
func lockedKeyringJob() error { return errors.New("only on Linux") }
