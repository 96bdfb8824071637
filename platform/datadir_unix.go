//go:build !windows && !darwin && !android && !ios

package platform

import (
	"os"
	"path/filepath"
)

// dataHome follows the XDG Base Directory Specification: a relative
// $XDG_DATA_HOME is to be ignored.
func dataHome() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	return underHome(".local", "share")
}
