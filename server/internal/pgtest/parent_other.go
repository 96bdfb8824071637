//go:build unix && !linux

package pgtest

import "syscall"

// endWithParent has no means here: a test binary that was killed leaves its
// server behind.
func endWithParent(who *syscall.SysProcAttr) *syscall.SysProcAttr { return who }
