//go:build !windows

package platform

import "io/fs"

// openToOthers reports whether anyone but the owner has any right to the file.
func openToOthers(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }
