//go:build !windows

package sealed

import "os"

func rename(from, to string) error { return os.Rename(from, to) }

// syncDir makes a rename last through a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
