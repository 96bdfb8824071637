package platform

import (
	"errors"
	"os"
	"path/filepath"
)

// dataHome is the app's private folder, which the toolkit passes on from
// Context.getFilesDir in $FILESDIR.
func dataHome() (string, error) {
	if dir := os.Getenv("FILESDIR"); filepath.IsAbs(dir) {
		return dir, nil
	}
	return "", errors.New("the app's private folder is not known")
}
