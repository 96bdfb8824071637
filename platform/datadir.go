package platform

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

// DataDir is the folder where an app of this name keeps data on this device:
// $XDG_DATA_HOME or ~/.local/share on Linux, ~/Library/Application Support on
// macOS, %LocalAppData% on Windows (which does not roam, as the key does not).
// It does not make the folder.
func DataDir(app string) (string, error) {
	if app == "" || app != filepath.Base(app) || strings.HasPrefix(app, ".") {
		return "", errors.New("not a name for a folder")
	}
	base, err := dataHome()
	if err != nil {
		return "", problem.Wrap(problem.DiskWrite, err)
	}
	return filepath.Join(base, app), nil
}

// underHome is a folder below the home of the person.
func underHome(path ...string) (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	if !filepath.IsAbs(home) {
		return "", errors.New("the home folder is not an absolute path")
	}
	return filepath.Join(append([]string{home}, path...)...), nil
}
