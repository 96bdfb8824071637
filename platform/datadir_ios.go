package platform

import (
	"errors"

	"github.com/lanyard-sso/lanyard/platform/internal/apple"
)

// dataHome is Application Support in the app's container. It is made, for iOS
// makes none, and is kept out of backups, which without this device's keychain
// nobody could read.
func dataHome() (string, error) {
	if folder := apple.DataFolder(); folder != "" {
		return folder, nil
	}
	return "", errors.New("the app's container has no Application Support folder")
}
