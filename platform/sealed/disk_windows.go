package sealed

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// rename tries for a while: Windows refuses to replace a file that another
// process (a reader of ours, a virus scanner) has open at the moment.
func rename(from, to string) error {
	const (
		accessDenied     = syscall.Errno(5)
		sharingViolation = syscall.Errno(32)
	)
	var err error
	for wait := time.Millisecond; wait < 300*time.Millisecond; wait *= 2 {
		if err = os.Rename(from, to); !errors.Is(err, accessDenied) && !errors.Is(err, sharingViolation) {
			return err
		}
		time.Sleep(wait)
	}
	return err
}

// syncDir does nothing: Windows has no fsync for folders, NTFS journals the
// rename.
func syncDir(string) error { return nil }
